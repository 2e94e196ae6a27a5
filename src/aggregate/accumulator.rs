//! The interface of every aggregate: a vector of states, one per group, that is updated by columns and merged.

use std::any::Any;
use std::ops::Range;

use crate::data::persist::{StateError, StateReader};
use crate::data::{Column, ColumnBuilder, HeapBytes, Position, Value, ValueRef, buffer_bytes};
use crate::expr::{Failures, NullReason, Undecided, describe};

/// Maps each row to its group.
#[derive(Clone, Copy, Debug)]
pub enum RowGroups<'g> {
    /// All rows belong to group 0.
    One(usize),
    /// One group number per row.
    Each(&'g [u32]),
}

impl RowGroups<'_> {
    /// Number of rows.
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

/// Settings that are known before the first record.
#[derive(Clone, Debug, Default)]
pub struct AggregateSettings {
    /// The aggregate's name as the user typed it, for messages.
    pub name: String,
    /// The name of its column, unique within the stage.
    pub column: String,
    /// The constant argument, if it takes one: `q`, `n`, `alpha`.
    pub constant: f64,
    /// Number of expressions that it reads from each record.
    pub arguments: usize,
    /// Disables sketches: exact at any size, whatever the memory (`--exact`).
    pub exact: bool,
}

/// Parameters of a result besides the records.
#[derive(Clone, Copy, Debug)]
pub struct Finish {
    /// The constant of the requesting aggregate: several percentiles share their states.
    pub constant: f64,
    /// Duration of the records in seconds: the window length, or the time since the run began.
    pub seconds: f64,
    /// The requesting aggregate interpolates between two values.
    pub interpolates: bool,
}

/// The states of one aggregate for all groups.
///
/// A worker resizes and updates it batch by batch. When a batch interval ends, its groups are moved out by partition
/// and merged into the coordinator's accumulator, in any order of workers: the result must not depend on that order.
pub trait Accumulator: HeapBytes + Send + Sync {
    /// Grows to `groups` states (never shrinks); new states are empty.
    fn resize(&mut self, groups: usize);

    /// Adds each row to its group. There is one column per argument (none for `count`). Positions never decrease
    /// within one accumulator. Values of the wrong type are skipped and counted in `failures`.
    fn update(&mut self, groups: RowGroups<'_>, arguments: &[&Column<'_>], position: Position, failures: &mut Failures);

    /// Merges the states `from` of `other`, an accumulator of the same aggregate, into the groups `to`, one each.
    fn merge(&mut self, other: &dyn Accumulator, from: Range<usize>, to: &[u32]);

    /// True if [`Accumulator::subtract`] exactly undoes `merge`: sliding windows then need no re-merge.
    fn can_subtract(&self) -> bool {
        false
    }

    /// Undoes a `merge` of the same states.
    fn subtract(&mut self, other: &dyn Accumulator, from: Range<usize>, to: &[u32]) {
        let _ = (other, from, to);
    }

    /// Moves out the states of these groups, in this order. No group is named twice, and none is used afterwards.
    fn take_groups(&mut self, order: &[u32]) -> Box<dyn Accumulator>;

    /// Returns the results, one row per group; several columns only if the aggregate's table row names them.
    fn finish(&self, finish: &Finish) -> Vec<Column<'static>>;

    /// Returns the result of one group: its value in each column of `finish`.
    fn result(&self, group: usize, finish: &Finish) -> Vec<Value>;

    /// Returns why the result of this group is null if it has values.
    fn null_reason(&self, group: usize) -> Option<NullReason> {
        let _ = group;
        None
    }

    /// The number of values that the lists of all groups have no room for.
    fn left_out(&self) -> u64 {
        0
    }

    /// Adds the rows one by one and returns each group's result after its row, as `running` prints them. Rows that do
    /// not count only read the result. One accumulator sees all rows in stream order, so nothing is merged.
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

    /// Appends the states of these groups to a saved state, in this order. Equal states append equal bytes. The number
    /// of groups is known from their keys.
    fn save_groups(&self, groups: &[u32], out: &mut Vec<u8>);

    /// Replaces all states by those of `groups` groups that [`Accumulator::save_groups`] has appended. Never panics,
    /// whatever the bytes are. After an error the accumulator is not to be used.
    fn load_groups(&mut self, groups: usize, input: &mut StateReader<'_>) -> Result<(), StateError>;

    /// For `merge`, which downcasts the other accumulator.
    fn as_any(&self) -> &dyn Any;
}

/// Rows to be added one by one.
#[derive(Clone, Copy, Debug)]
pub struct ScanRows<'r> {
    /// As in [`Accumulator::update`].
    pub arguments: &'r [&'r Column<'r>],
    /// Which rows count; `None` if all do.
    pub condition: Option<&'r Column<'r>>,
    /// The position of all rows.
    pub position: Position,
}

impl ScanRows<'_> {
    /// True if the row counts.
    #[inline]
    pub fn counts(&self, row: usize) -> bool {
        self.condition.is_none_or(|condition| matches!(condition.get(row), ValueRef::Bool(true)))
    }

    /// Returns the arguments of one row.
    pub fn row(&self, row: usize) -> Vec<Column<'_>> {
        let row = [row as u32];
        self.arguments.iter().map(|column| column.take(&row)).collect()
    }
}

/// Failed conversions with the first failing row: several aggregates scan the same rows.
#[derive(Debug, Default)]
pub struct RowFailures {
    /// The counts.
    pub failures: Failures,
    /// The row of the first failure.
    pub row: Option<usize>,
}

impl RowFailures {
    /// Runs `work` on a row and records the row if it fails.
    pub fn at<R>(&mut self, row: usize, work: impl FnOnce(&mut Failures) -> R) -> R {
        let before = self.failures.count;
        let result = work(&mut self.failures);
        if self.failures.count > before {
            self.row.get_or_insert(row);
        }
        result
    }
}

/// Downcasts the other accumulator of a `merge`, which is of the same aggregate.
pub(super) fn same<A: 'static>(other: &dyn Accumulator) -> &A {
    other.as_any().downcast_ref().expect("accumulators of one aggregate have one type")
}

/// The state of one group, for aggregates that read one value per record.
pub(super) trait AccumulatorState: HeapBytes + Clone + Default + Send + Sync + 'static {
    /// Settings shared by all groups.
    type Shared: Clone + Send + Sync + 'static;

    /// Adds a value, which is not null. An error names the expected type.
    fn update(&mut self, shared: &Self::Shared, value: ValueRef<'_>, position: Position) -> Result<(), &'static str>;

    /// True if an unexpected value is a failure only when other values of the run are of the expected type; it is
    /// part of the state either way.
    const DECIDES_LATER: bool = false;

    /// Merges another state into this one.
    fn merge(&mut self, shared: &Self::Shared, other: &Self);

    /// True if [`AccumulatorState::subtract`] exactly undoes `merge`.
    const SUBTRACTS: bool = false;

    /// Undoes a `merge` of the same state.
    fn subtract(&mut self, other: &Self) {
        let _ = other;
    }

    /// Returns the result.
    fn finish(&self, shared: &Self::Shared, finish: &Finish) -> Value;

    /// Returns why a result is null if there are values.
    fn null_reason(&self) -> Option<NullReason> {
        None
    }

    /// The number of values that a list has no room for.
    #[inline]
    fn left_out(&self, shared: &Self::Shared) -> u64 {
        let _ = shared;
        0
    }

    /// Like [`AccumulatorState::left_out`], for each row of a stream; may stop to count if that is slow.
    #[inline]
    fn left_out_so_far(&self, shared: &Self::Shared) -> u64 {
        let _ = shared;
        0
    }

    /// Appends the state. States with equal results from here on append equal bytes, in whatever order the values came.
    fn save(&self, shared: &Self::Shared, out: &mut Vec<u8>);

    /// Reads the state that [`AccumulatorState::save`] has appended. Never panics, whatever the bytes are.
    fn load(shared: &Self::Shared, input: &mut StateReader<'_>) -> Result<Self, StateError>;

    /// Adds the next value to a state that is never merged, and returns the result after it. Null only reads the
    /// result. The second element is an error if the value has the wrong type.
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

/// An accumulator with one state per group.
#[derive(Debug)]
pub(super) struct PerGroup<S: AccumulatorState> {
    states: Vec<S>,
    shared: S::Shared,
    name: String,
    column: String,
    /// Failures of this batch that only the whole run can decide.
    open: Undecided,
}

impl<S: AccumulatorState> PerGroup<S> {
    /// Creates an accumulator without groups.
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

    /// Records whether a value had the expected type, without deciding whether it is a failure.
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

    /// Passes the undecided failures on.
    fn leave_open(&mut self, failures: &mut Failures) {
        if S::DECIDES_LATER && (self.open.count > 0 || self.open.has_number) {
            let place = self.column.clone();
            let noted = std::mem::take(&mut self.open);
            failures.leave_open(Undecided { place, ..noted });
        }
    }
}

impl<S: AccumulatorState> Accumulator for PerGroup<S> {
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
        // Matching the column type outside the loop lets the compiler specialize each loop.
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

    fn null_reason(&self, group: usize) -> Option<NullReason> {
        self.states[group].null_reason()
    }

    fn left_out(&self) -> u64 {
        self.states.iter().map(|state| state.left_out(&self.shared)).sum()
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
            let left_out = state.left_out_so_far(&self.shared);
            let (result, updated) = state.scan(&self.shared, value, rows.position, finish);
            failures.failures.left_out += state.left_out_so_far(&self.shared) - left_out;
            if S::DECIDES_LATER {
                if !value.is_null() {
                    self.note(value, updated);
                }
            } else if let Err(expected) = updated {
                failures.at(row, |failures| failures.add(&self.name, expected, value));
            }
            if result == Value::Null
                && !value.is_blank()
                && let Some(reason) = self.states[group as usize].null_reason()
            {
                failures.at(row, |failures| failures.add_null(&self.name, reason));
            }
            builder.push(result.borrow());
        }
        self.leave_open(&mut failures.failures);
        vec![builder.finish()]
    }

    fn save_groups(&self, groups: &[u32], out: &mut Vec<u8>) {
        for &group in groups {
            self.states[group as usize].save(&self.shared, out);
        }
    }

    fn load_groups(&mut self, groups: usize, input: &mut StateReader<'_>) -> Result<(), StateError> {
        self.states.clear();
        for _ in 0..groups {
            self.states.push(S::load(&self.shared, input)?);
        }
        Ok(())
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

impl<S: AccumulatorState> HeapBytes for PerGroup<S> {
    fn heap_bytes(&self) -> usize {
        let names = self.name.heap_bytes() + self.column.heap_bytes();
        buffer_bytes(&self.states) + self.states.iter().map(HeapBytes::heap_bytes).sum::<usize>() + names
    }
}

/// Moves out the states of these groups.
pub(super) fn take_states<S: Default>(states: &mut [S], order: &[u32]) -> Vec<S> {
    order.iter().map(|&group| std::mem::take(&mut states[group as usize])).collect()
}
