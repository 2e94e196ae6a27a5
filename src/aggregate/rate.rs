//! `rate`: records per second.

use std::any::Any;
use std::ops::Range;

use super::accumulator::{Accumulator, Finish, Groups, same, take_states};
use super::{AggregateDef, ArgumentKind};
use crate::data::{Column, Entry, Example, Position, Value, ValueRef};
use crate::expr::Failures;

pub(super) const RATE: AggregateDef = AggregateDef {
    entry: Entry {
        name: "rate",
        usage: "rate",
        summary: "Records per second of the window, or since the run began.",
        details: "Without a window it says how fast records came in: that is the one result that two runs over \
                  the same input need not share. `rate where COND` is the rate of the records for which the condition \
                  is true. Of no records the rate is null.",
        examples: &[Example {
            expr: "split | rate | let running = rate > 0 | select running",
            input: "a b c\n",
            output: "true\n",
        }],
    },
    argument: ArgumentKind::Nothing,
    ordered: false,
    columns: None,
    shares_states: None,
    only_runs: false,
    accumulator: |_| Box::new(Rate(Vec::new())),
};

/// Records by group.
#[derive(Debug)]
struct Rate(Vec<u64>);

impl Accumulator for Rate {
    fn resize(&mut self, groups: usize) {
        self.0.resize(groups, 0);
    }

    fn update(
        &mut self,
        groups: Groups<'_>,
        _arguments: &[&Column<'_>],
        _position: Position,
        _failures: &mut Failures,
    ) {
        for row in 0..groups.rows() {
            self.0[groups.of(row)] += 1;
        }
    }

    fn merge(&mut self, other: &dyn Accumulator, from: Range<usize>, to: &[u32]) {
        let other: &Rate = same(other);
        for (count, &group) in other.0[from].iter().zip(to) {
            self.0[group as usize] += count;
        }
    }

    fn can_subtract(&self) -> bool {
        true
    }

    fn subtract(&mut self, other: &dyn Accumulator, from: Range<usize>, to: &[u32]) {
        let other: &Rate = same(other);
        for (count, &group) in other.0[from].iter().zip(to) {
            self.0[group as usize] -= count;
        }
    }

    fn gather(&mut self, order: &[u32]) -> Box<dyn Accumulator> {
        Box::new(Rate(take_states(&mut self.0, order)))
    }

    fn finish(&self, finish: &Finish) -> Vec<Column<'static>> {
        vec![
            self.0
                .iter()
                .map(|count| per_second(*count, finish))
                .collect(),
        ]
    }

    fn result(&self, group: usize, finish: &Finish) -> Vec<Value> {
        vec![per_second(self.0[group], finish).to_value()]
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// Null for no records.
fn per_second(count: u64, finish: &Finish) -> ValueRef<'static> {
    match count {
        0 => ValueRef::Null,
        // A clock that has not moved yet makes no rate infinite.
        _ => ValueRef::Float(count as f64 / finish.seconds.max(1e-9)),
    }
}
