//! `sum(x)`: adds up numbers or durations.
//!
//! Ints add exactly and floats without loss, so any split of the input gives the same sum.

use super::accumulator::PerGroup;
use super::added::{Added, AddedResult};
use super::{AggregateDef, ArgumentKind};
use crate::data::{Entry, Example};

pub(super) const SUM: AggregateDef = AggregateDef {
    entry: Entry {
        name: "sum",
        usage: "sum(x)",
        summary: "Add up numbers, or durations.",
        details: "Ints are added exactly, at any size; floats are rounded once, at the end, so the order of the \
                  records does not matter. The sum of durations is a duration. Null if there are no values.",
        examples: &[
            Example { expr: "split | sum(word)", input: "1 2\n3\n", output: "6\n" },
            Example { expr: "split | sum(duration(word)) as all", input: "1m30s 500ms\n", output: "1m30.5s\n" },
        ],
    },
    argument: ArgumentKind::Number,
    accumulator: |settings| PerGroup::<Added>::boxed(settings, AddedResult::Sum),
    ..AggregateDef::DEFAULT
};
