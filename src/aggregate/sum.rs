//! `sum(x)`: adds up numbers.
//!
//! Ints add exactly and floats without loss, so any split of the input gives the same sum.

use super::accumulator::PerGroup;
use super::added::Added;
use super::{AggregateDef, ArgumentKind};
use crate::data::{Entry, Example};

pub(super) const SUM: AggregateDef = AggregateDef {
    entry: Entry {
        name: "sum",
        usage: "sum(x)",
        summary: "Add up numbers.",
        details: "Ints are added exactly, at any size; floats are rounded once, at the end, so the order of the \
                  records does not matter. Null if there are no values.",
        examples: &[Example { expr: "split | sum(word)", input: "1 2\n3\n", output: "6\n" }],
    },
    argument: ArgumentKind::Number,
    accumulator: |settings| PerGroup::<Added>::boxed(settings, |sum, _, _| sum.value()),
    ..AggregateDef::DEFAULT
};
