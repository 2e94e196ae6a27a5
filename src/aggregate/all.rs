//! `all(c)`: whether the condition is true for all records.

use super::accumulator::PerGroup;
use super::any::TruthOfMany;
use super::{AggregateDef, ArgumentKind};
use crate::data::{Entry, Example};

pub(super) const ALL: AggregateDef = AggregateDef {
    entry: Entry {
        name: "all",
        usage: "all(COND)",
        summary: "True if the condition is true for every record.",
        details: "Records for which it is null do not count; null if there are no others.",
        examples: &[Example { expr: "split | all(word > 3)", input: "1 5\n", output: "false\n" }],
    },
    argument: ArgumentKind::Condition,
    accumulator: |settings| PerGroup::<TruthOfMany>::boxed(settings, false),
    ..AggregateDef::DEFAULT
};
