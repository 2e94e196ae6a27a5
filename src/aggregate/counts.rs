//! The accumulator of `count` and `rate`.

use std::any::Any;
use std::ops::Range;

use super::accumulator::{Accumulator, Finish, RowFailures, RowGroups, ScanRows, same, take_states};
use crate::data::persist::{StateError, StateReader, checked_count};
use crate::data::{Column, HeapBytes, Position, Value};
use crate::expr::Failures;

/// Computes the result column from the counts.
type CountResult = fn(&[i64], &Finish) -> Column<'static>;

/// The number of records per group.
#[derive(Debug)]
pub(super) struct RecordCount {
    counts: Vec<i64>,
    results: CountResult,
}

impl RecordCount {
    /// Creates an accumulator without groups.
    pub(super) fn boxed(results: CountResult) -> Box<dyn Accumulator> {
        Box::new(RecordCount { counts: Vec::new(), results })
    }
}

impl Accumulator for RecordCount {
    fn resize(&mut self, groups: usize) {
        self.counts.resize(groups, 0);
    }

    fn update(
        &mut self,
        groups: RowGroups<'_>,
        _arguments: &[&Column<'_>],
        _position: Position,
        _failures: &mut Failures,
    ) {
        match groups {
            RowGroups::One(rows) => self.counts[0] += rows as i64,
            RowGroups::Each(groups) => {
                for &group in groups {
                    self.counts[group as usize] += 1;
                }
            }
        }
    }

    fn merge(&mut self, other: &dyn Accumulator, from: Range<usize>, to: &[u32]) {
        let other: &RecordCount = same(other);
        for (count, &group) in other.counts[from].iter().zip(to) {
            self.counts[group as usize] += count;
        }
    }

    fn can_subtract(&self) -> bool {
        true
    }

    fn subtract(&mut self, other: &dyn Accumulator, from: Range<usize>, to: &[u32]) {
        let other: &RecordCount = same(other);
        for (count, &group) in other.counts[from].iter().zip(to) {
            self.counts[group as usize] -= count;
        }
    }

    fn take_groups(&mut self, order: &[u32]) -> Box<dyn Accumulator> {
        Box::new(RecordCount { counts: take_states(&mut self.counts, order), results: self.results })
    }

    fn finish(&self, finish: &Finish) -> Vec<Column<'static>> {
        vec![(self.results)(&self.counts, finish)]
    }

    fn result(&self, group: usize, finish: &Finish) -> Vec<Value> {
        let results = (self.results)(&self.counts[group..=group], finish);
        vec![results.get(0).to_value()]
    }

    fn scan(
        &mut self,
        groups: &[u32],
        rows: &ScanRows<'_>,
        finish: &Finish,
        _failures: &mut RowFailures,
    ) -> Vec<Column<'static>> {
        let count = |(row, &group): (usize, &u32)| {
            let count = &mut self.counts[group as usize];
            *count += i64::from(rows.counts(row));
            *count
        };
        let counts: Vec<i64> = groups.iter().enumerate().map(count).collect();
        vec![(self.results)(&counts, finish)]
    }

    fn save_groups(&self, groups: &[u32], out: &mut Vec<u8>) {
        let start = out.len();
        out.resize(start + size_of::<i64>() * groups.len(), 0);
        for (place, &group) in out[start..].as_chunks_mut().0.iter_mut().zip(groups) {
            *place = self.counts[group as usize].to_le_bytes();
        }
    }

    fn load_groups(&mut self, groups: usize, input: &mut StateReader<'_>) -> Result<(), StateError> {
        self.counts = input.block(groups, i64::from_le_bytes)?;
        self.counts.iter().try_for_each(|count| checked_count(*count as u64).map(drop))
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

impl HeapBytes for RecordCount {
    fn heap_bytes(&self) -> usize {
        self.counts.heap_bytes()
    }
}
