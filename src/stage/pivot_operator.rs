//! The table that `pivot` makes, at run time.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::pivot::PIVOT;
use super::{Operator, RecordCounts};
use crate::data::budget::{Budget, HeldState};
use crate::data::persist::{Persist, StateError, StateReader, Stateful};
use crate::data::{
    Batch, Column, ColumnBuilder, HeapBytes, Names, Position, RecordColumn, Slot, SlotSet, Value, ValueRef,
    total_order, write_text,
};
use crate::group::{KeyedState, with_key_values};

/// The columns of a pivot.
#[derive(Debug)]
pub(super) struct PivotPlan {
    /// The field whose values become columns.
    pub(super) key: Slot,
    /// The names and slots of the fields that the columns hold.
    pub(super) values: Vec<(Vec<u8>, Slot)>,
    /// The names and slots of the other columns, which rows are grouped by.
    pub(super) names: Vec<Vec<u8>>,
    pub(super) others: Vec<Slot>,
    /// The slot of the other fields that only the data knows.
    pub(super) rest: Option<Slot>,
    /// The slot of the objects with the new columns.
    pub(super) made: Slot,
    /// The error if there are too many columns.
    pub(super) refusal: String,
}

impl PivotPlan {
    /// The largest number of values of the key.
    pub(super) const MOST_COLUMNS: usize = 1000;

    pub(super) fn reads(&self, slots: &mut SlotSet) {
        self.grouped().for_each(|slot| slots.insert(slot));
        slots.insert(self.key);
        self.values.iter().for_each(|(_, slot)| slots.insert(*slot));
    }

    /// The slots that rows are grouped by.
    fn grouped(&self) -> impl Iterator<Item = Slot> {
        self.others.iter().copied().chain(self.rest)
    }
}

/// The cells of a row: the number of each and its value, in the order of the numbers.
type Cells = Vec<(u32, Value)>;

/// The rows and columns so far.
pub(super) struct PivotOperator {
    plan: Arc<PivotPlan>,
    rows: KeyedState<Vec<Cells>>,
    /// The number of each value of the key, by its text.
    columns: HashMap<Vec<u8>, u32>,
    /// The first value of each number.
    keys: Vec<Value>,
    budget: Arc<Budget>,
    is_refused: bool,
}

impl PivotOperator {
    pub(super) fn new(plan: Arc<PivotPlan>) -> PivotOperator {
        PivotOperator {
            rows: KeyedState::new(plan.grouped().count(), Vec::new(), None),
            plan,
            columns: HashMap::new(),
            keys: Vec::new(),
            budget: Budget::unlimited(),
            is_refused: false,
        }
    }

    /// The number of the column of a key; `None` if there are too many.
    fn column(&mut self, key: ValueRef<'_>, name: &mut Vec<u8>) -> Option<u32> {
        name.clear();
        match key {
            ValueRef::Null => name.extend_from_slice(b"null"),
            key => write_text(key, name),
        }
        if let Some(column) = self.columns.get(name.as_slice()) {
            return Some(*column);
        }
        if self.keys.len() == PivotPlan::MOST_COLUMNS {
            return None;
        }
        let column = self.keys.len() as u32;
        self.columns.insert(name.clone(), column);
        self.keys.push(key.to_value());
        Some(column)
    }

    /// The names of the other fields, where only the data knows them.
    fn rest_names(&self) -> HashSet<Vec<u8>> {
        let mut names = HashSet::new();
        let mut short = [0; 16];
        for group in 0..self.plan.rest.map_or(0, |_| self.rows.len()) {
            let (kind, bytes) = self.rows.table.keys.get(group, &mut short);
            let mut builders: Vec<ColumnBuilder> = self.plan.grouped().map(|_| ColumnBuilder::new(1)).collect();
            with_key_values(kind, bytes, &mut builders, |builder, value| builder.push(value));
            let rest = builders.pop().map(ColumnBuilder::finish);
            if let Some(ValueRef::Object(fields)) = rest.as_ref().map(|rest| rest.get(0)) {
                names.extend(fields.iter().map(|(name, _)| name.clone()));
            }
        }
        names
    }

    /// The order of the columns, and their names.
    fn header(&self) -> (Vec<u32>, Vec<Vec<u8>>) {
        let taken = self.rest_names();
        let mut order: Vec<u32> = (0..self.keys.len() as u32).collect();
        let key = |column: &u32| self.keys[*column as usize].borrow();
        order.sort_by(|left, right| total_order(key(left), key(right)));
        let mut texts = vec![Vec::new(); self.keys.len()];
        for (text, column) in &self.columns {
            texts[*column as usize].clone_from(text);
        }
        let mut cells = Vec::new();
        let mut names: Vec<Vec<u8>> = Vec::new();
        let values = self.plan.values.len();
        for (value, (field, _)) in self.plan.values.iter().enumerate() {
            for column in &order {
                cells.push(*column * values as u32 + value as u32);
                let text = &texts[*column as usize];
                let mut name = match values {
                    1 => text.clone(),
                    _ => [field.as_slice(), b"_", text].concat(),
                };
                while self.plan.names.contains(&name) || taken.contains(&name) || names.contains(&name) {
                    name.push(b'_');
                }
                names.push(name);
            }
        }
        (cells, names)
    }

    /// The result rows of these groups.
    fn result(&self, groups: std::ops::Range<usize>, index: usize, cells: &[u32], names: &Names) -> Batch<'static> {
        let rows = groups.len();
        let mut batch = Batch::new(rows, Position(index as u64));
        let mut builders: Vec<ColumnBuilder> = self.plan.grouped().map(|_| ColumnBuilder::new(rows)).collect();
        let mut short = [0; 16];
        for group in groups.clone() {
            let (kind, bytes) = self.rows.table.keys.get(group, &mut short);
            with_key_values(kind, bytes, &mut builders, |builder, value| builder.push(value));
        }
        let mut grouped: Vec<Column<'static>> = builders.into_iter().map(ColumnBuilder::finish).collect();
        let rest = self.plan.rest.and_then(|_| grouped.pop());
        for (slot, column) in self.plan.others.iter().zip(grouped) {
            batch.set(*slot, column);
        }
        let column = |cell: &u32| {
            let value = |group: usize| {
                let row = &self.rows.states[group];
                let place = row.binary_search_by_key(cell, |(number, _)| *number);
                place.map_or(ValueRef::Null, |place| row[place].1.borrow())
            };
            groups.clone().map(value).collect()
        };
        let columns: Vec<Column<'static>> = cells.iter().map(column).collect();
        batch.set(
            self.plan.made,
            match rest {
                None => Column::Record(RecordColumn::new(Names::clone(names), columns, rows)),
                Some(rest) => {
                    Column::Values((0..rows).map(|row| object(rest.get(row), names, &columns, row)).collect())
                }
            },
        );
        batch
    }
}

/// An object with more fields.
fn object(rest: ValueRef<'_>, names: &Names, columns: &[Column<'_>], row: usize) -> Value {
    let mut fields = match rest {
        ValueRef::Object(fields) => fields.to_vec(),
        _ => Vec::new(),
    };
    let cells = names.iter().zip(columns);
    fields.extend(cells.map(|(name, column)| (name.clone(), column.get(row).to_value())));
    Value::Object(fields)
}

/// Maximum rows per batch of the result, which may have many columns.
const BATCH_ROWS: usize = 1 << 10;

impl Operator for PivotOperator {
    fn limit(&mut self, budget: &Arc<Budget>) {
        self.budget = Arc::clone(budget);
    }

    fn held(&self) -> Option<HeldState> {
        let contents = format!("{} rows of {} columns", self.rows.len(), self.keys.len());
        Some(HeldState { stage: PIVOT.entry.name, contents, can_forget: false })
    }

    fn push(&mut self, batch: Batch<'static>, _out: &mut Vec<Batch<'static>>, _counts: &mut RecordCounts) {
        if self.is_refused {
            return;
        }
        let plan = Arc::clone(&self.plan);
        let grouped: Vec<&Column<'_>> = plan.grouped().map(|slot| batch.column(slot)).collect();
        let values: Vec<&Column<'_>> = plan.values.iter().map(|(_, slot)| batch.column(*slot)).collect();
        self.rows.find(&grouped, batch.rows);
        let groups = std::mem::take(&mut self.rows.groups);
        let keys = batch.column(plan.key);
        let mut name = Vec::new();
        for (row, group) in groups.iter().enumerate() {
            let Some(column) = self.column(keys.get(row), &mut name) else {
                self.is_refused = true;
                self.budget.fail(|| plan.refusal.clone());
                break;
            };
            let cells = &mut self.rows.states[*group as usize];
            for (index, value) in values.iter().enumerate() {
                let number = column * values.len() as u32 + index as u32;
                let value = value.get(row).to_value();
                match cells.binary_search_by_key(&number, |(number, _)| *number) {
                    Ok(place) => cells[place].1 = value,
                    Err(place) => cells.insert(place, (number, value)),
                }
            }
        }
        self.rows.groups = groups; // the buffer is used again
    }

    fn finish(&mut self, out: &mut Vec<Batch<'static>>, _counts: &mut RecordCounts) {
        out.extend(self.snapshot());
    }

    fn snapshot(&self) -> Vec<Batch<'static>> {
        if self.is_refused {
            return Vec::new();
        }
        let (cells, names) = self.header();
        let names = Names::from(names);
        let starts = (0..self.rows.len()).step_by(BATCH_ROWS).enumerate();
        let batch = |(index, start): (usize, usize)| {
            let end = (start + BATCH_ROWS).min(self.rows.len());
            self.result(start..end, index, &cells, &names)
        };
        starts.map(batch).collect()
    }
}

impl Stateful for PivotOperator {
    fn save_state(&self, out: &mut Vec<u8>) {
        self.rows.save_state(out);
        self.keys.save(out);
        self.is_refused.save(out);
    }

    fn load_state(&mut self, input: &mut StateReader<'_>) -> Result<(), StateError> {
        self.rows.load_state(input)?;
        let keys: Vec<Value> = Vec::load(input)?;
        self.is_refused = bool::load(input)?;
        self.columns.clear();
        self.keys.clear();
        let mut name = Vec::new();
        for (index, key) in keys.iter().enumerate() {
            if self.column(key.borrow(), &mut name) != Some(index as u32) {
                return Err(StateError::Damaged);
            }
        }
        let most = (self.keys.len() * self.plan.values.len()) as u32;
        let is_row = |row: &Cells| row.is_sorted_by(|a, b| a.0 < b.0) && row.last().is_none_or(|cell| cell.0 < most);
        if self.rows.states.iter().all(is_row) { Ok(()) } else { Err(StateError::Damaged) }
    }
}

impl HeapBytes for PivotOperator {
    fn heap_bytes(&self) -> usize {
        self.rows.heap_bytes() + self.columns.heap_bytes() + self.keys.heap_bytes()
    }
}
