//! `median(x)`: the 50th percentile, interpolated.

use super::quantile::{Q, STATES, accumulator};
use super::{AggregateDef, ArgumentKind};
use crate::data::{Entry, Example};

pub(super) const MEDIAN: AggregateDef = AggregateDef {
    entry: Entry {
        name: "median",
        usage: "median(x)",
        summary: "The median of the values.",
        details: "The same as `percentile_cont(x, 50)`: for an even number of values, the mean of the two in the \
                  middle. `p50(x)` is the lower of these.",
        examples: &[
            Example { expr: "split | median(word)", input: "9 1 5\n", output: "5\n" },
            Example { expr: "split | median(word), p50(word)", input: "1 2 3 4\n", output: "2.5\t2\n" },
        ],
    },
    argument: ArgumentKind::NumberNamed(Q, |name| (name == "median").then_some(50.0)),
    shares_states: Some(STATES),
    interpolates: true,
    accumulator,
    ..AggregateDef::DEFAULT
};
