//! `median(x)`: the 50th percentile.

use super::quantile::{Q, STATES, accumulator};
use super::{AggregateDef, ArgumentKind};
use crate::data::{Entry, Example};

pub(super) const MEDIAN: AggregateDef = AggregateDef {
    entry: Entry {
        name: "median",
        usage: "median(x)",
        summary: "The median of the values.",
        details: "The same as `p50(x)`, the value of nearest rank: for an even number of values, the lower of the two \
                  in the middle.",
        examples: &[Example { expr: "split | median(word)", input: "9 1 5\n", output: "5\n" }],
    },
    argument: ArgumentKind::NumberNamed(Q, |name| (name == "median").then_some(50.0)),
    shares_states: Some(STATES),
    accumulator,
    ..AggregateDef::DEFAULT
};
