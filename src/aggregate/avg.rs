//! `avg(x)`: the mean of numbers or durations.

use super::accumulator::PerGroup;
use super::added::{Added, AddedResult};
use super::{AggregateDef, ArgumentKind};
use crate::data::{Entry, Example};

pub(super) const AVG: AggregateDef = AggregateDef {
    entry: Entry {
        name: "avg",
        usage: "avg(x)",
        summary: "The mean of the values.",
        details: "The exact sum divided by the number of values; a duration if they are durations. Null if there are no values.",
        examples: &[Example { expr: "split | avg(word)", input: "1 2\n3 4\n", output: "2.5\n" }],
    },
    argument: ArgumentKind::Number,
    accumulator: |settings| PerGroup::<Added>::boxed(settings, AddedResult::Mean),
    ..AggregateDef::DEFAULT
};
