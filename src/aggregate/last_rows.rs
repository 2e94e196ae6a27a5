//! `running AGG over N rows`: the aggregate of the last N records of each key.
//!
//! The row that leaves is subtracted where that is exact (sums, counts); other aggregates are recomputed from the
//! remaining rows.

use std::collections::VecDeque;

use crate::data::persist::{Persist, StateError, StateReader};
use crate::data::{Column, HeapBytes, Position, Value};
use crate::expr::Failures;

use super::accumulator::{Accumulator, AggregateSettings, Finish, RowFailures, RowGroups, ScanRows};

/// The values of a row for the arguments of an aggregate; `None` for rows that do not count.
pub(super) type RowValues = Option<Vec<Value>>;

/// The states of the rows held per key, from which rows may leave.
pub(super) struct MovingState {
    /// The aggregate's name as the user typed it, for messages.
    name: String,
    /// The states of the rows held, if rows can be subtracted.
    all: Box<dyn Accumulator>,
    fresh: Box<dyn Fn() -> Box<dyn Accumulator> + Send>,
}

impl MovingState {
    /// No rows yet.
    pub(super) fn new(
        accumulator: fn(&AggregateSettings) -> Box<dyn Accumulator>,
        settings: AggregateSettings,
    ) -> MovingState {
        let (name, all) = (settings.name.clone(), accumulator(&settings));
        MovingState { name, all, fresh: Box::new(move || accumulator(&settings)) }
    }

    /// Makes room for as many keys.
    pub(super) fn resize(&mut self, states: usize) {
        self.all.resize(states);
    }

    /// True if rows can be subtracted; otherwise results are recomputed.
    pub(super) fn can_subtract(&self) -> bool {
        self.all.can_subtract()
    }

    /// Adds a row to the state of a key.
    pub(super) fn enter(&mut self, group: u32, values: &Vec<Value>, position: Position, failures: &mut Failures) {
        add(self.all.as_mut(), RowGroups::Each(&[group]), &[values], position, failures);
    }

    /// Subtracts a row that was added before.
    pub(super) fn leave(&mut self, group: u32, values: &Vec<Value>, position: Position) {
        let mut leaving = (self.fresh)();
        leaving.resize(1);
        add(leaving.as_mut(), RowGroups::One(1), &[values], position, &mut Failures::default());
        self.all.subtract(leaving.as_ref(), 0..1, &[group]);
    }

    /// The result of the rows of a key.
    pub(super) fn result(&self, group: u32, finish: &Finish, failures: &mut Failures) -> Vec<Value> {
        let result = self.all.result(group as usize, finish);
        if result.contains(&Value::Null)
            && let Some(reason) = self.all.null_reason(group as usize)
        {
            failures.add_null(&self.name, reason);
        }
        result
    }

    /// The result of these rows; `newest` is the one among them that just arrived.
    pub(super) fn recompute(
        &self,
        newest: Option<&Vec<Value>>,
        rows: &[&Vec<Value>],
        position: Position,
        finish: &Finish,
        failures: &mut Failures,
    ) -> Vec<Value> {
        let mut recomputed = (self.fresh)();
        recomputed.resize(1);
        if let Some(values) = newest {
            // A value of the wrong type is counted once, when it arrives.
            let mut probe = (self.fresh)();
            probe.resize(1);
            add(probe.as_mut(), RowGroups::One(1), &[values], position, failures);
        }
        add(recomputed.as_mut(), RowGroups::One(rows.len()), rows, position, &mut Failures::default());
        let result = recomputed.result(0, finish);
        failures.left_out += u64::from(newest.is_some() && recomputed.left_out() > 0);
        if result.contains(&Value::Null)
            && let Some(reason) = recomputed.null_reason(0)
        {
            failures.add_null(&self.name, reason);
        }
        result
    }

    /// Appends these states.
    pub(super) fn save(&self, states: &[u32], out: &mut Vec<u8>) {
        self.all.save_groups(states, out);
    }

    /// Reads as many states.
    pub(super) fn load(&mut self, states: usize, input: &mut StateReader<'_>) -> Result<(), StateError> {
        self.all.load_groups(states, input)
    }

    /// Keeps only these states, renumbered in this order.
    pub(super) fn keep(&mut self, order: &[u32]) {
        self.all = self.all.take_groups(order);
    }
}

impl HeapBytes for MovingState {
    fn heap_bytes(&self) -> usize {
        self.all.heap_bytes() + self.name.heap_bytes()
    }
}

/// The values of a row.
pub(super) fn row_values(rows: &ScanRows<'_>, row: usize) -> RowValues {
    let value = |column: &&Column<'_>| column.get(row).to_value();
    rows.counts(row).then(|| rows.arguments.iter().map(value).collect())
}

/// Turns the results of rows into columns.
#[derive(Default)]
pub(super) struct ResultColumns(Vec<Vec<Value>>);

impl ResultColumns {
    /// Adds the results of the next row.
    pub(super) fn push(&mut self, result: Vec<Value>) {
        self.0.resize_with(result.len(), Vec::new);
        for (column, value) in self.0.iter_mut().zip(result) {
            column.push(value);
        }
    }

    /// The columns.
    pub(super) fn finish(self) -> Vec<Column<'static>> {
        let column = |values: Vec<Value>| values.iter().map(Value::borrow).collect();
        self.0.into_iter().map(column).collect()
    }
}

/// The last rows of each key, with their states.
pub(super) struct LastRows {
    rows: usize,
    state: MovingState,
    /// The values of each row per key.
    held: Vec<VecDeque<RowValues>>,
}

impl LastRows {
    /// Without any key.
    pub(super) fn new(rows: usize, state: MovingState) -> LastRows {
        LastRows { rows, state, held: Vec::new() }
    }

    /// Adds rows; returns the result columns.
    pub(super) fn scan(
        &mut self,
        states: usize,
        groups: &[u32],
        rows: &ScanRows<'_>,
        finish: &Finish,
        failures: &mut RowFailures,
    ) -> Vec<Column<'static>> {
        self.state.resize(states);
        self.held.resize_with(states, VecDeque::new);
        let mut results = ResultColumns::default();
        for (row, &group) in groups.iter().enumerate() {
            let held = &mut self.held[group as usize];
            held.push_back(row_values(rows, row));
            let left = match held.len() > self.rows {
                true => held.pop_front().flatten(),
                false => None,
            };
            results
                .push(failures.at(row, |failures| self.move_on(group, left.as_ref(), rows.position, finish, failures)));
        }
        results.finish()
    }

    /// Returns the result of a key after its newest row was added and its oldest one, `left`, was dropped.
    fn move_on(
        &mut self,
        group: u32,
        left: Option<&Vec<Value>>,
        position: Position,
        finish: &Finish,
        failures: &mut Failures,
    ) -> Vec<Value> {
        let held = &self.held[group as usize];
        let newest = held.back().and_then(Option::as_ref);
        if !self.state.can_subtract() {
            let counting: Vec<&Vec<Value>> = held.iter().flatten().collect();
            return self.state.recompute(newest, &counting, position, finish, failures);
        }
        if let Some(values) = newest {
            self.state.enter(group, values, position, failures);
        }
        if let Some(values) = left {
            self.state.leave(group, values, position);
        }
        self.state.result(group, finish, failures)
    }

    /// Appends these states, which are all.
    pub(super) fn save(&self, states: &[u32], out: &mut Vec<u8>) {
        self.state.save(states, out);
        for held in &self.held {
            (held.len() as u64).save(out);
            held.iter().for_each(|row| row.save(out));
        }
    }

    /// Reads as many states, whose rows have a value for each argument.
    pub(super) fn load(
        &mut self,
        states: usize,
        arguments: usize,
        input: &mut StateReader<'_>,
    ) -> Result<(), StateError> {
        self.state.load(states, input)?;
        self.held.clear();
        for _ in 0..states {
            let rows: Vec<RowValues> = Vec::load(input)?;
            let are_whole = rows.iter().flatten().all(|values| values.len() == arguments);
            if rows.len() > self.rows || !are_whole {
                return Err(StateError::Damaged);
            }
            self.held.push(rows.into());
        }
        Ok(())
    }

    /// Keeps only these states, renumbered in this order.
    pub(super) fn keep(&mut self, order: &[u32]) {
        self.state.keep(order);
        let taken = |state: &u32| std::mem::take(&mut self.held[*state as usize]);
        self.held = order.iter().map(taken).collect();
    }
}

impl HeapBytes for LastRows {
    fn heap_bytes(&self) -> usize {
        self.state.heap_bytes() + self.held.heap_bytes()
    }
}

/// Adds rows given as lists of values.
pub(super) fn add(
    accumulator: &mut dyn Accumulator,
    groups: RowGroups<'_>,
    rows: &[&Vec<Value>],
    position: Position,
    failures: &mut Failures,
) {
    let arguments = rows.first().map_or(0, |values| values.len());
    let column = |index: usize| rows.iter().map(|values| values[index].borrow()).collect();
    let columns: Vec<Column<'static>> = (0..arguments).map(column).collect();
    let columns: Vec<&Column<'_>> = columns.iter().collect();
    accumulator.update(groups, &columns, position, failures);
}
