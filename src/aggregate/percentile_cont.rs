//! `percentile_cont(x, q)`: like `percentile(x, q)`, interpolated.

use super::quantile::{Q, STATES, accumulator};
use super::{AggregateDef, ArgumentKind};
use crate::data::{Entry, Example};

pub(super) const PERCENTILE_CONT: AggregateDef = AggregateDef {
    entry: Entry {
        name: "percentile_cont",
        usage: "percentile_cont(x, q)",
        summary: "A percentile of numbers, interpolated; q is from 0 to 100.",
        details: "The value at (n − 1) q / 100 of the n values in order, counted from 0; between two values, the \
                  share of each is linear, as in SQL's `percentile_cont`, R and NumPy. Exact and bounded as `p50`.",
        examples: &[Example {
            expr: "split | percentile_cont(word, 25) as low, percentile_cont(word, 90) as high",
            input: "1 2 3 4\n",
            output: "1.75\t3.7\n",
        }],
    },
    argument: ArgumentKind::NumberAnd(Q),
    shares_states: Some(STATES),
    interpolates: true,
    accumulator,
    ..AggregateDef::DEFAULT
};
