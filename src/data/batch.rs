//! A batch: the columns of some consecutive records. Stages take and return batches.

use super::column::{Column, ColumnBuilder};
use super::heap_bytes::{HeapBytes, buffer_bytes};
use super::position::Position;
use super::record::{Names, RecordColumn};
use super::value::ValueRef;

/// The number of a column in a batch: the plan gives every field that a stage makes a slot of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Slot(pub u32);

/// A set of slots, usually those that a later stage still reads.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SlotSet(Vec<bool>);

impl SlotSet {
    /// Adds a slot.
    pub fn insert(&mut self, slot: Slot) {
        let index = slot.0 as usize;
        if self.0.len() <= index {
            self.0.resize(index + 1, false);
        }
        self.0[index] = true;
    }

    /// Removes a slot.
    pub fn remove(&mut self, slot: Slot) {
        if let Some(live) = self.0.get_mut(slot.0 as usize) {
            *live = false;
        }
    }

    /// True if the set contains the slot.
    pub fn contains(&self, slot: Slot) -> bool {
        self.0.get(slot.0 as usize).copied().unwrap_or(false)
    }

    /// Returns the slots in ascending order.
    pub fn iter(&self) -> impl Iterator<Item = Slot> {
        self.0.iter().enumerate().filter(|(_, live)| **live).map(|(index, _)| Slot(index as u32))
    }
}

impl FromIterator<Slot> for SlotSet {
    fn from_iter<I: IntoIterator<Item = Slot>>(slots: I) -> SlotSet {
        let mut set = SlotSet::default();
        slots.into_iter().for_each(|slot| set.insert(slot));
        set
    }
}

/// Room for slots grows in steps of this size: most pipelines need one.
const SLOTS: usize = 32;

/// Some consecutive records as columns. All columns have `rows` rows.
#[derive(Clone, Debug, Default)]
pub struct Batch<'a> {
    /// How many records.
    pub rows: usize,
    /// The position in the stream; grows from batch to batch of one worker.
    pub position: Position,
    columns: Vec<Option<Column<'a>>>,
}

/// Text that several columns share counts once.
impl HeapBytes for Batch<'_> {
    fn heap_bytes(&self) -> usize {
        let mut counted = Vec::new();
        let columns = self.columns.iter().flatten().map(|column| column.heap_bytes_besides(&mut counted));
        columns.sum::<usize>() + buffer_bytes(&self.columns)
    }
}

impl<'a> Batch<'a> {
    /// Makes a batch without columns.
    pub fn new(rows: usize, position: Position) -> Self {
        Batch { rows, position, columns: Vec::new() }
    }

    /// Adds or replaces a column.
    pub fn set(&mut self, slot: Slot, column: Column<'a>) {
        debug_assert_eq!(column.len(), self.rows, "a column has as many rows as its batch");
        let index = slot.0 as usize;
        if self.columns.len() <= index {
            let room = (index + 1).next_multiple_of(SLOTS);
            self.columns.reserve_exact(room - self.columns.len());
            self.columns.resize_with(index + 1, || None);
        }
        self.columns[index] = Some(column);
    }

    /// Returns a column that the plan guarantees.
    pub fn column(&self, slot: Slot) -> &Column<'a> {
        self.get(slot).expect("the plan keeps every column until its last reader")
    }

    /// Returns a column, if it exists.
    pub fn get(&self, slot: Slot) -> Option<&Column<'a>> {
        self.columns.get(slot.0 as usize).and_then(Option::as_ref)
    }

    /// True if any existing column stays live.
    pub fn has_any(&self, live: &SlotSet) -> bool {
        live.iter().any(|slot| self.get(slot).is_some())
    }

    /// Keeps the named rows (in that order, repeated if named twice) of the live columns and drops all others.
    pub fn keep_rows(&mut self, rows: &[u32], live: &SlotSet) {
        for (index, column) in self.columns.iter_mut().enumerate() {
            if live.contains(Slot(index as u32)) {
                if let Some(column) = column {
                    *column = column.take(rows);
                }
            } else {
                *column = None;
            }
        }
        self.rows = rows.len();
    }

    /// Returns the slots of all columns.
    pub fn slots(&self) -> SlotSet {
        SlotSet(self.columns.iter().map(Option::is_some).collect())
    }

    /// Returns the named rows of the live columns as a new batch.
    pub fn select(&self, rows: &[u32], live: &SlotSet) -> Batch<'a> {
        let select = |(index, column): (usize, &Option<Column<'a>>)| {
            let column = column.as_ref().filter(|_| live.contains(Slot(index as u32)));
            column.map(|column| column.take(rows))
        };
        Batch {
            rows: rows.len(),
            position: self.position,
            columns: self.columns.iter().enumerate().map(select).collect(),
        }
    }

    /// Splits the batch into batches of one row.
    pub fn into_rows(self) -> Vec<Batch<'a>> {
        if self.rows < 2 {
            return vec![self];
        }
        let row = |row: usize| Batch {
            rows: 1,
            position: self.position,
            columns: self
                .columns
                .iter()
                .map(|column| column.as_ref().map(|column| column.take(&[row as u32])))
                .collect(),
        };
        (0..self.rows).map(row).collect()
    }

    /// Drops all columns and sets the number of rows.
    pub fn clear(&mut self, rows: usize) {
        self.columns.clear();
        self.rows = rows;
    }

    /// Drops the columns that are not live.
    pub fn retain(&mut self, live: &SlotSet) {
        for (index, column) in self.columns.iter_mut().enumerate() {
            if !live.contains(Slot(index as u32)) {
                *column = None;
            }
        }
    }

    /// Keeps the first rows only.
    pub fn truncate(&mut self, rows: usize, live: &SlotSet) {
        if rows < self.rows {
            self.keep_rows(&(0..rows as u32).collect::<Vec<_>>(), live);
        }
    }

    /// Copies borrowed bytes, so that the batch may outlive its chunk.
    pub fn into_owned(self) -> Batch<'static> {
        Batch {
            rows: self.rows,
            position: self.position,
            columns: self.columns.into_iter().map(|column| column.map(Column::into_owned)).collect(),
        }
    }
}

/// The number of rows in a batch that [`take_across`] makes.
const GATHERED_ROWS: usize = 1 << 14;

/// Takes rows, named by batch and row, into new batches with the live columns, in the order named.
pub fn take_across(batches: &[Batch<'static>], rows: &[(u32, u32)], live: &SlotSet) -> Vec<Batch<'static>> {
    rows.chunks(GATHERED_ROWS)
        .enumerate()
        .map(|(index, rows)| {
            let mut gathered = Batch::new(rows.len(), Position(index as u64));
            for slot in live.iter() {
                let columns: Vec<Option<&Column<'static>>> = batches.iter().map(|batch| batch.get(slot)).collect();
                if columns.iter().all(Option::is_none) {
                    continue;
                }
                gathered.set(slot, take_column(&columns, rows));
            }
            gathered
        })
        .collect()
}

/// Takes the values of one column, by batch and row.
pub fn take_column(columns: &[Option<&Column<'static>>], rows: &[(u32, u32)]) -> Column<'static> {
    if let Some(names) = common_names(columns) {
        let field = |index: usize| {
            let columns: Vec<Option<&Column<'static>>> = columns
                .iter()
                .map(|column| match column {
                    Some(Column::Record(record)) => record.columns().get(index),
                    _ => None,
                })
                .collect();
            take_column(&columns, rows)
        };
        let fields = (0..names.len()).map(field).collect();
        return Column::Record(RecordColumn::new(names, fields, rows.len()));
    }
    let mut builder = ColumnBuilder::new(rows.len());
    for &(batch, row) in rows {
        let column = columns[batch as usize];
        builder.push(column.map_or(ValueRef::Null, |column| column.get(row as usize)));
    }
    builder.finish()
}

/// Returns the names of the fields, if all of the columns hold objects with the same names.
fn common_names(columns: &[Option<&Column<'static>>]) -> Option<Names> {
    let names = |column: &Option<&Column<'static>>| match column {
        Some(Column::Record(record)) => Some(Names::clone(record.names())),
        _ => None,
    };
    let first = names(columns.first()?)?;
    let mut rest = columns[1..].iter();
    rest.all(|column| names(column).is_some_and(|names| names == first)).then_some(first)
}
