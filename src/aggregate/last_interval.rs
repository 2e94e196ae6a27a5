//! `running AGG over 5m`: the aggregate of the records of each key in (t − 5m, t], where t is the time of the record.
//!
//! Only records that came before it in the stream count. The rows of a key are held in the order of their times, and the
//! state covers a range of them; the next record moves both ends of the range. Where subtracting is exact, that costs
//! the rows that enter and leave; other aggregates are recomputed from the range in stream order.
//!
//! A row is dropped when a record of its key is later by the interval, or by twice the interval if times may go back:
//! then the result is exact for records that come at most an interval after a later one.

use std::collections::VecDeque;
use std::ops::Range;

use crate::data::persist::{Persist, StateError, StateReader};
use crate::data::{Column, HeapBytes, Position, Value};
use crate::expr::Failures;

use super::accumulator::{Finish, RowFailures, ScanRows};
use super::last_rows::{MovingState, ResultColumns, RowValues, row_values};
use super::running::RecentInterval;

/// The rows held of each key, with their states.
pub(super) struct LastInterval {
    interval: RecentInterval,
    state: MovingState,
    held: Vec<TimedRows>,
}

/// The rows of a key.
#[derive(Debug, Default)]
struct TimedRows {
    /// In the order of their times, and of arrival if these are equal.
    rows: VecDeque<TimedRow>,
    /// The rows that the state covers.
    covered: Range<usize>,
    /// The number of rows so far.
    arrived: u64,
}

#[derive(Debug)]
struct TimedRow {
    /// Nanoseconds since 1970.
    time: i64,
    /// The number of rows of the key before it.
    number: u64,
    values: RowValues,
}

impl TimedRows {
    /// The values of the rows in a range that count.
    fn values(&self, range: Range<usize>) -> impl Iterator<Item = &Vec<Value>> {
        self.rows.range(range.start..range.end.max(range.start)).filter_map(|row| row.values.as_ref())
    }

    /// The values of the covered rows in stream order.
    fn in_stream_order(&self) -> Vec<&Vec<Value>> {
        let mut rows: Vec<&TimedRow> = self.rows.range(self.covered.clone()).collect();
        rows.sort_by_key(|row| row.number); // linear if no time went back
        rows.into_iter().filter_map(|row| row.values.as_ref()).collect()
    }

    /// The rows at times in (`after`, `until`].
    fn between(&self, after: i64, until: i64) -> Range<usize> {
        let end = self.rows.partition_point(|row| row.time <= until);
        self.rows.partition_point(|row| row.time <= after).min(end)..end
    }

    /// Drops the rows at or before a time, none of which is covered.
    fn drop_until(&mut self, time: i64) {
        while self.covered.start > 0 && self.rows.front().is_some_and(|row| row.time <= time) {
            self.rows.pop_front();
            self.covered.start -= 1;
            self.covered.end -= 1;
        }
    }
}

impl LastInterval {
    /// Without any key.
    pub(super) fn new(interval: RecentInterval, state: MovingState) -> LastInterval {
        LastInterval { interval, state, held: Vec::new() }
    }

    /// Adds rows at their times; returns the result columns.
    pub(super) fn scan(
        &mut self,
        states: usize,
        groups: &[u32],
        rows: &ScanRows<'_>,
        time: impl Fn(usize) -> i64,
        finish: &Finish,
        failures: &mut RowFailures,
    ) -> Vec<Column<'static>> {
        self.state.resize(states);
        self.held.resize_with(states, TimedRows::default);
        let mut results = ResultColumns::default();
        for (row, &group) in groups.iter().enumerate() {
            let (time, values) = (time(row), row_values(rows, row));
            self.move_to(group, time, rows.position);
            let result = failures.at(row, |failures| self.arrive(group, time, values, rows.position, finish, failures));
            results.push(result);
        }
        results.finish()
    }

    /// Lets the state of a key cover the interval up to a time.
    fn move_to(&mut self, group: u32, time: i64, position: Position) {
        let held = &mut self.held[group as usize];
        let (old, new) = (held.covered.clone(), held.between(time.saturating_sub(self.interval.ns), time));
        if self.state.can_subtract() {
            let leaving = [old.start..old.end.min(new.start), old.start.max(new.end)..old.end];
            for values in leaving.into_iter().flat_map(|range| held.values(range)) {
                self.state.leave(group, values, position);
            }
            let entering = [new.start..new.end.min(old.start), new.start.max(old.end)..new.end];
            for values in entering.into_iter().flat_map(|range| held.values(range)) {
                self.state.enter(group, values, position, &mut Failures::default()); // counted when they arrived
            }
        }
        held.covered = new;
        held.drop_until(time.saturating_sub(self.interval.held_ns()));
    }

    /// Adds a row at the end of the interval; returns the result.
    fn arrive(
        &mut self,
        group: u32,
        time: i64,
        values: RowValues,
        position: Position,
        finish: &Finish,
        failures: &mut Failures,
    ) -> Vec<Value> {
        let held = &mut self.held[group as usize];
        let at = held.covered.end;
        held.rows.insert(at, TimedRow { time, number: held.arrived, values });
        held.arrived += 1;
        held.covered.end += 1;
        let newest = held.rows[at].values.as_ref();
        if !self.state.can_subtract() {
            return self.state.recompute(newest, &held.in_stream_order(), position, finish, failures);
        }
        if let Some(values) = newest {
            self.state.enter(group, values, position, failures);
        }
        self.state.result(group, finish, failures)
    }

    /// Appends these states, which are all.
    pub(super) fn save(&self, states: &[u32], out: &mut Vec<u8>) {
        self.state.save(states, out);
        for held in &self.held {
            held.arrived.save(out);
            (held.covered.start as u64).save(out);
            (held.covered.end as u64).save(out);
            (held.rows.len() as u64).save(out);
            for row in &held.rows {
                row.time.save(out);
                row.number.save(out);
                row.values.save(out);
            }
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
            self.held.push(TimedRows::load(arguments, input)?);
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

impl TimedRows {
    fn load(arguments: usize, input: &mut StateReader<'_>) -> Result<TimedRows, StateError> {
        let arrived = input.count()?;
        let [start, end] = [u64::load(input)?, u64::load(input)?].map(|index| usize::try_from(index).ok());
        let length = input.length(size_of::<i64>() + size_of::<u64>())?;
        let mut rows: VecDeque<TimedRow> = VecDeque::new();
        for _ in 0..length {
            let row = TimedRow { time: i64::load(input)?, number: u64::load(input)?, values: RowValues::load(input)? };
            let is_next = rows.back().is_none_or(|last| (last.time, last.number) < (row.time, row.number));
            let is_whole = row.values.as_ref().is_none_or(|values| values.len() == arguments);
            if !is_next || !is_whole || row.number >= arrived {
                return Err(StateError::Damaged);
            }
            rows.push_back(row);
        }
        match (start, end) {
            (Some(start), Some(end)) if start <= end && end <= rows.len() => {
                Ok(TimedRows { rows, covered: start..end, arrived })
            }
            _ => Err(StateError::Damaged),
        }
    }
}

impl HeapBytes for TimedRow {
    fn heap_bytes(&self) -> usize {
        self.values.heap_bytes()
    }
}

impl HeapBytes for TimedRows {
    fn heap_bytes(&self) -> usize {
        self.rows.heap_bytes()
    }
}

impl HeapBytes for LastInterval {
    fn heap_bytes(&self) -> usize {
        self.state.heap_bytes() + self.held.heap_bytes()
    }
}
