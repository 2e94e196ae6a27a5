//! `max(x)`: the largest value.

use std::cmp::Ordering;

use super::accumulator::PerGroup;
use super::min::Extreme;
use super::{AggregateDef, ArgumentKind};
use crate::data::{Entry, Example};

pub(super) const MAX: AggregateDef = AggregateDef {
    entry: Entry {
        name: "max",
        usage: "max(x)",
        summary: "The largest value, in the order of `sort`.",
        details: "Numbers, and text that is a number, by value. If any value is a number, the result is one: other text counts \
                  as a failed conversion, but not empty text and `-`. Without numbers the order is that of `sort`. Null \
                  if there are no values.",
        examples: &[Example { expr: "split | max(word)", input: "10 9\n100 -\n", output: "100\n" }],
    },
    argument: ArgumentKind::Value,
    accumulator: |settings| PerGroup::<Extreme>::boxed(settings, Ordering::Greater),
    ..AggregateDef::DEFAULT
};
