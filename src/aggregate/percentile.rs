//! `percentile(x, q)`: like `p50(x)`, with the percentage as an argument.

use super::quantile::{Q, STATES, accumulator};
use super::{AggregateDef, ArgumentKind};
use crate::data::{Entry, Example};

pub(super) const PERCENTILE: AggregateDef = AggregateDef {
    entry: Entry {
        name: "percentile",
        usage: "percentile(x, q)",
        summary: "A percentile of numbers; q is a constant from 0 to 100.",
        details: "`percentile(x, 99)` is `p99(x)`.",
        examples: &[Example {
            expr: "split | percentile(word, 90) as p",
            input: "1 2 3 4 5 6 7 8 9 10\n",
            output: "9\n",
        }],
    },
    argument: ArgumentKind::NumberAnd(Q),
    shares_states: Some(STATES),
    accumulator,
    ..AggregateDef::DEFAULT
};
