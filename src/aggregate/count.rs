//! `count`: how many records.

use std::any::Any;
use std::ops::Range;

use super::accumulator::{Accumulator, Finish, Groups, RowFailures, RunRows, same, take_states};
use super::{AggregateDef, ArgumentKind};
use crate::data::{Column, Entry, Example, Position, Validity, Value};
use crate::expr::Failures;

pub(super) const COUNT: AggregateDef = AggregateDef {
    entry: Entry {
        name: "count",
        usage: "count, count(COND)",
        summary: "The number of records, or of those for which the condition is true.",
        details: "Of no records the count is 0.",
        examples: &[
            Example {
                expr: "split | count by word",
                input: "b a\na\n",
                output: "a\t2\nb\t1\n",
            },
            Example {
                expr: "split | count, count(word > 1) as large",
                input: "1 2\n3\n",
                output: "3\t2\n",
            },
        ],
    },
    argument: ArgumentKind::OptionalCondition,
    ordered: false,
    columns: None,
    shares_states: None,
    only_runs: false,
    accumulator: |_| Box::new(Count(Vec::new())),
};

/// Records by group.
#[derive(Debug)]
struct Count(Vec<i64>);

impl Accumulator for Count {
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
        match groups {
            Groups::One(rows) => self.0[0] += rows as i64,
            Groups::Each(groups) => {
                for &group in groups {
                    self.0[group as usize] += 1;
                }
            }
        }
    }

    fn merge(&mut self, other: &dyn Accumulator, from: Range<usize>, to: &[u32]) {
        let other: &Count = same(other);
        for (count, &group) in other.0[from].iter().zip(to) {
            self.0[group as usize] += count;
        }
    }

    fn can_subtract(&self) -> bool {
        true
    }

    fn subtract(&mut self, other: &dyn Accumulator, from: Range<usize>, to: &[u32]) {
        let other: &Count = same(other);
        for (count, &group) in other.0[from].iter().zip(to) {
            self.0[group as usize] -= count;
        }
    }

    fn gather(&mut self, order: &[u32]) -> Box<dyn Accumulator> {
        Box::new(Count(take_states(&mut self.0, order)))
    }

    fn finish(&self, _finish: &Finish) -> Vec<Column<'static>> {
        vec![Column::Int(self.0.clone(), Validity::ALL)]
    }

    fn result(&self, group: usize, _finish: &Finish) -> Vec<Value> {
        vec![Value::Int(self.0[group])]
    }

    fn run(
        &mut self,
        groups: &[u32],
        rows: &RunRows<'_>,
        _finish: &Finish,
        _failures: &mut RowFailures,
    ) -> Vec<Column<'static>> {
        let count = |(row, &group): (usize, &u32)| {
            let count = &mut self.0[group as usize];
            *count += i64::from(rows.counts(row));
            *count
        };
        let counts = groups.iter().enumerate().map(count).collect();
        vec![Column::Int(counts, Validity::ALL)]
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
