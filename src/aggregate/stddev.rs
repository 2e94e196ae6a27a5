//! `stddev(x)`: the standard deviation of a sample.

use super::accumulator::PerGroup;
use super::variance::{Spread, SpreadResult};
use super::{AggregateDef, ArgumentKind};
use crate::data::{Entry, Example};

pub(super) const STDDEV: AggregateDef = AggregateDef {
    entry: Entry {
        name: "stddev",
        usage: "stddev(x)",
        summary: "The sample standard deviation of numbers.",
        details: "The square root of `variance(x)`; a duration for durations. Null for fewer than two values.",
        examples: &[Example { expr: "split | stddev(word)", input: "1 5 9\n", output: "4\n" }],
    },
    argument: ArgumentKind::Number,
    accumulator: |settings| PerGroup::<Spread>::boxed(settings, SpreadResult::Deviation),
    ..AggregateDef::DEFAULT
};
