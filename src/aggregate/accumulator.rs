//! What every aggregate is: a vector of states, one a group, that can be updated by columns and merged.

use std::any::Any;
use std::ops::Range;

use crate::data::{
    Column, ColumnBuilder, Exact, Number, Position, Value, ValueRef, expected_summand, is_blank, parse_number,
};
use crate::expr::{FLOATS, Failures, Undecided, describe};

/// To which group each row belongs.
#[derive(Clone, Copy, Debug)]
pub enum RowGroups<'g> {
    /// All rows to group 0.
    One(usize),
    /// Each row to its own.
    Each(&'g [u32]),
}

impl RowGroups<'_> {
    /// How many rows.
    pub fn rows(self) -> usize {
        match self {
            RowGroups::One(rows) => rows,
            RowGroups::Each(groups) => groups.len(),
        }
    }

    /// The group of a row.
    #[inline]
    pub fn of(self, row: usize) -> usize {
        match self {
            RowGroups::One(_) => 0,
            RowGroups::Each(groups) => groups[row] as usize,
        }
    }
}

/// What is known before the first record.
#[derive(Clone, Debug, Default)]
pub struct AggregateSettings {
    /// The aggregate's name as it was typed, for messages.
    pub name: String,
    /// The name of its column, which no other aggregate of the stage has.
    pub column: String,
    /// The constant that it takes, if it takes one: `q`, `n`, `alpha`.
    pub constant: f64,
    /// How many expressions it takes from each record.
    pub arguments: usize,
    /// No sketches: exact at any size, whatever the memory (`--exact`).
    pub exact: bool,
}

/// What a result may depend on besides the records.
#[derive(Clone, Copy, Debug)]
pub struct Finish {
    /// The constant of the aggregate that asks: several percentiles share their states.
    pub constant: f64,
    /// How long the records took: the length of the window, or the time since the run began.
    pub seconds: f64,
}

/// The states of one aggregate for all groups.
///
/// A worker resizes and updates it batch by batch; at a batch's end it is gathered by partition and merged
/// into the coordinator's, in any order of workers: the result must not depend on it.
pub trait Accumulator: Send + Sync {
    /// Makes room for so many groups; never fewer than before. New states are of nothing.
    fn resize(&mut self, groups: usize);

    /// Adds a row to the group of each. The columns are the arguments, each with as many rows; there are none
    /// for `count`. Positions never go back within one accumulator. Values that do not fit are skipped and
    /// counted in `failures`.
    fn update(&mut self, groups: RowGroups<'_>, arguments: &[&Column<'_>], position: Position, failures: &mut Failures);

    /// Adds the states `from` of another accumulator of the same aggregate to the groups `to`, one each.
    fn merge(&mut self, other: &dyn Accumulator, from: Range<usize>, to: &[u32]);

    /// Whether [`Accumulator::subtract`] takes back exactly what `merge` has added: then windows that slide need
    /// not be merged anew.
    fn can_subtract(&self) -> bool {
        false
    }

    /// Takes back what `merge` has added.
    fn subtract(&mut self, other: &dyn Accumulator, from: Range<usize>, to: &[u32]) {
        let _ = (other, from, to);
    }

    /// Takes the states of these groups, in this order. No group is named twice, and none is used afterwards.
    fn take_groups(&mut self, order: &[u32]) -> Box<dyn Accumulator>;

    /// The results, one a group; several columns only for an aggregate whose row of the table names them.
    fn finish(&self, finish: &Finish) -> Vec<Column<'static>>;

    /// The result of one group: what `finish` has in each column for it.
    fn result(&self, group: usize, finish: &Finish) -> Vec<Value>;

    /// Whether a null result of this group is a number beyond the range of floats.
    fn is_beyond(&self, group: usize) -> bool {
        let _ = group;
        false
    }

    /// Adds row after row and gives the result of each row's group with it: what `running` prints. Rows that do not
    /// count only ask. All of them stand in one accumulator, in the order of the stream, so that nothing is merged.
    fn scan(
        &mut self,
        groups: &[u32],
        rows: &ScanRows<'_>,
        finish: &Finish,
        failures: &mut RowFailures,
    ) -> Vec<Column<'static>> {
        let mut builders: Vec<ColumnBuilder> = Vec::new();
        for (row, &group) in groups.iter().enumerate() {
            if rows.counts(row) {
                let values: Vec<Column<'_>> = rows.row(row);
                let values: Vec<&Column<'_>> = values.iter().collect();
                failures.at(row, |failures| {
                    self.update(RowGroups::Each(&[group]), &values, rows.position, failures);
                });
            }
            let results = self.result(group as usize, finish);
            if builders.is_empty() {
                builders.resize_with(results.len(), || ColumnBuilder::new(groups.len()));
            }
            for (builder, result) in builders.iter_mut().zip(results) {
                builder.push(result.borrow());
            }
        }
        builders.into_iter().map(ColumnBuilder::finish).collect()
    }

    /// For `merge`, which must see the other's own type.
    fn as_any(&self) -> &dyn Any;
}

/// Rows that are added one by one.
#[derive(Clone, Copy, Debug)]
pub struct ScanRows<'r> {
    /// As in [`Accumulator::update`].
    pub arguments: &'r [&'r Column<'r>],
    /// Which rows count, if not all.
    pub condition: Option<&'r Column<'r>>,
    /// Of all of them.
    pub position: Position,
}

impl ScanRows<'_> {
    /// Whether a row counts.
    #[inline]
    pub fn counts(&self, row: usize) -> bool {
        self.condition.is_none_or(|condition| matches!(condition.get(row), ValueRef::Bool(true)))
    }

    /// One row alone.
    pub fn row(&self, row: usize) -> Vec<Column<'_>> {
        let row = [row as u32];
        self.arguments.iter().map(|column| column.gather(&row)).collect()
    }
}

/// Values that did not fit, and in which row the first of them was: several aggregates go over the same rows.
#[derive(Debug, Default)]
pub struct RowFailures {
    /// What was counted.
    pub failures: Failures,
    /// Where the first of them stood.
    pub row: Option<usize>,
}

impl RowFailures {
    /// Does something with a row that may fail.
    pub fn at<R>(&mut self, row: usize, work: impl FnOnce(&mut Failures) -> R) -> R {
        let before = self.failures.count;
        let result = work(&mut self.failures);
        if self.failures.count > before {
            self.row.get_or_insert(row);
        }
        result
    }
}

/// The other accumulator, which `merge` knows to be of the same aggregate.
pub(super) fn same<A: 'static>(other: &dyn Accumulator) -> &A {
    other.as_any().downcast_ref().expect("accumulators of one aggregate have one type")
}

/// The state of one group, for aggregates that look at one value at a time.
pub(super) trait GroupState: Clone + Default + Send + Sync + 'static {
    /// What is the same for all groups.
    type Shared: Clone + Send + Sync + 'static;

    /// Adds a value, which is not null. An error says what was expected instead.
    fn update(&mut self, shared: &Self::Shared, value: ValueRef<'_>, position: Position) -> Result<(), &'static str>;

    /// Whether a value that [`GroupState::update`] does not expect is a failure only if others of the run are what it
    /// expects: it is part of the state all the same.
    const DECIDES_LATER: bool = false;

    /// Adds what another state has seen.
    fn merge(&mut self, shared: &Self::Shared, other: &Self);

    /// Whether [`GroupState::subtract`] takes back exactly what `merge` has added.
    const SUBTRACTS: bool = false;

    /// Takes back what `merge` has added.
    fn subtract(&mut self, other: &Self) {
        let _ = other;
    }

    /// The result.
    fn finish(&self, shared: &Self::Shared, finish: &Finish) -> Value;

    /// Whether a null result is a number beyond the range of floats.
    fn is_beyond(&self) -> bool {
        false
    }

    /// Adds the next value of a state that is never merged; the result with it. Null only asks. If the value is not
    /// what was expected, what that is stands beside the result.
    fn scan(
        &mut self,
        shared: &Self::Shared,
        value: ValueRef<'_>,
        position: Position,
        finish: &Finish,
    ) -> (Value, Result<(), &'static str>) {
        let updated = match value {
            ValueRef::Null => Ok(()),
            value => self.update(shared, value, position),
        };
        (self.finish(shared, finish), updated)
    }
}

/// One state a group.
#[derive(Debug)]
pub(super) struct PerGroup<S: GroupState> {
    states: Vec<S>,
    shared: S::Shared,
    name: String,
    column: String,
    /// What this batch has left open.
    open: Undecided,
}

impl<S: GroupState> PerGroup<S> {
    /// No group yet.
    pub(super) fn boxed(settings: &AggregateSettings, shared: S::Shared) -> Box<dyn Accumulator> {
        Box::new(PerGroup {
            states: Vec::<S>::new(),
            shared,
            name: settings.name.clone(),
            column: settings.column.clone(),
            open: Undecided::default(),
        })
    }

    #[inline(always)]
    fn add(&mut self, group: usize, value: ValueRef<'_>, position: Position, failures: &mut Failures) {
        let updated = self.states[group].update(&self.shared, value, position);
        if S::DECIDES_LATER {
            self.note(value, updated);
        } else if let Err(expected) = updated {
            failures.add(&self.name, expected, value);
        }
    }

    /// Notes whether a value was as expected, which does not say yet whether it is a failure.
    #[inline(always)]
    fn note(&mut self, value: ValueRef<'_>, updated: Result<(), &'static str>) {
        match updated {
            Ok(()) => self.open.has_number |= !value.is_blank(),
            Err(expected) => {
                self.open.count += 1;
                if self.open.first.is_none() {
                    self.open.first = Some(describe(&self.name, expected, value));
                }
            }
        }
    }

    /// Hands over what was noted.
    fn leave_open(&mut self, failures: &mut Failures) {
        if S::DECIDES_LATER && (self.open.count > 0 || self.open.has_number) {
            let place = self.column.clone();
            let noted = std::mem::take(&mut self.open);
            failures.leave_open(Undecided { place, ..noted });
        }
    }
}

impl<S: GroupState> Accumulator for PerGroup<S> {
    fn resize(&mut self, groups: usize) {
        self.states.resize_with(groups, S::default);
    }

    fn update(
        &mut self,
        groups: RowGroups<'_>,
        arguments: &[&Column<'_>],
        position: Position,
        failures: &mut Failures,
    ) {
        let [column] = arguments else { return };
        // The type of a column is known before its rows: in each loop the compiler drops what cannot happen.
        match column {
            Column::Text(texts) => {
                for (row, span) in texts.spans.iter().enumerate() {
                    if !span.is_null() {
                        let text = ValueRef::Text(span.slice(&texts.bytes));
                        self.add(groups.of(row), text, position, failures);
                    }
                }
            }
            Column::Int(values, valid) => {
                for (row, &value) in values.iter().enumerate() {
                    if valid.is_valid(row) {
                        self.add(groups.of(row), ValueRef::Int(value), position, failures);
                    }
                }
            }
            Column::Float(values, valid) => {
                for (row, &value) in values.iter().enumerate() {
                    if valid.is_valid(row) {
                        self.add(groups.of(row), ValueRef::Float(value), position, failures);
                    }
                }
            }
            _ => {
                for row in 0..groups.rows() {
                    let value = column.get(row);
                    if !value.is_null() {
                        self.add(groups.of(row), value, position, failures);
                    }
                }
            }
        }
        self.leave_open(failures);
    }

    fn merge(&mut self, other: &dyn Accumulator, from: Range<usize>, to: &[u32]) {
        let other: &Self = same(other);
        for (state, &group) in other.states[from].iter().zip(to) {
            self.states[group as usize].merge(&self.shared, state);
        }
    }

    fn can_subtract(&self) -> bool {
        S::SUBTRACTS
    }

    fn subtract(&mut self, other: &dyn Accumulator, from: Range<usize>, to: &[u32]) {
        let other: &Self = same(other);
        for (state, &group) in other.states[from].iter().zip(to) {
            self.states[group as usize].subtract(state);
        }
    }

    fn take_groups(&mut self, order: &[u32]) -> Box<dyn Accumulator> {
        Box::new(PerGroup {
            states: take_states(&mut self.states, order),
            shared: self.shared.clone(),
            name: self.name.clone(),
            column: self.column.clone(),
            open: Undecided::default(),
        })
    }

    fn finish(&self, finish: &Finish) -> Vec<Column<'static>> {
        let mut builder = ColumnBuilder::new(self.states.len());
        for state in &self.states {
            builder.push(state.finish(&self.shared, finish).borrow());
        }
        vec![builder.finish()]
    }

    fn result(&self, group: usize, finish: &Finish) -> Vec<Value> {
        vec![self.states[group].finish(&self.shared, finish)]
    }

    fn is_beyond(&self, group: usize) -> bool {
        self.states[group].is_beyond()
    }

    fn scan(
        &mut self,
        groups: &[u32],
        rows: &ScanRows<'_>,
        finish: &Finish,
        failures: &mut RowFailures,
    ) -> Vec<Column<'static>> {
        let mut builder = ColumnBuilder::new(groups.len());
        let [column] = rows.arguments else {
            return vec![Column::Constant(Value::Null, groups.len())];
        };
        for (row, &group) in groups.iter().enumerate() {
            let value = match rows.counts(row) {
                true => column.get(row),
                false => ValueRef::Null,
            };
            let state = &mut self.states[group as usize];
            let (result, updated) = state.scan(&self.shared, value, rows.position, finish);
            if S::DECIDES_LATER {
                if !value.is_null() {
                    self.note(value, updated);
                }
            } else if let Err(expected) = updated {
                failures.at(row, |failures| failures.add(&self.name, expected, value));
            }
            if result == Value::Null && !value.is_blank() && self.states[group as usize].is_beyond() {
                failures.at(row, |failures| failures.add_beyond(&self.name, FLOATS));
            }
            builder.push(result.borrow());
        }
        self.leave_open(&mut failures.failures);
        vec![builder.finish()]
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// The states of these groups, moved out.
pub(super) fn take_states<S: Default>(states: &mut [S], order: &[u32]) -> Vec<S> {
    order.iter().map(|&group| std::mem::take(&mut states[group as usize])).collect()
}

/// A number that is to be added to something; nothing for blank text, which is skipped without a word.
#[inline(always)]
pub(super) fn number(value: ValueRef<'_>) -> Result<Option<Number>, &'static str> {
    let number = match value {
        ValueRef::Int(value) => Some(Number::Int(value)),
        ValueRef::Float(value) => Some(Number::Float(value)),
        ValueRef::Text(text) if is_blank(text) => return Ok(None),
        ValueRef::Text(text) => parse_number(text),
        _ => value.as_number(),
    };
    number.map(Some).ok_or_else(|| expected_summand(value))
}

/// As [`number`], with all digits of an int beyond 64 bits.
#[inline(always)]
pub(super) fn exact(value: ValueRef<'_>) -> Result<Option<Exact<'_>>, &'static str> {
    let number = match value {
        ValueRef::Text(text) if is_blank(text) => return Ok(None),
        value => value.as_exact(),
    };
    number.map(Some).ok_or_else(|| expected_summand(value))
}
