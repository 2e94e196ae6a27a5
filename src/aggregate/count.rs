//! `count`: the number of records.

use super::counts::RecordCount;
use super::{AggregateDef, ArgumentKind};
use crate::data::{Column, Entry, Example, Validity};

pub(super) const COUNT: AggregateDef = AggregateDef {
    entry: Entry {
        name: "count",
        usage: "count, count(COND)",
        summary: "The number of records, or of those for which the condition is true.",
        details: "0 if there are no records.",
        examples: &[
            Example { expr: "split | count by word", input: "b a\na\n", output: "a\t2\nb\t1\n" },
            Example { expr: "split | count, count(word > 1) as large", input: "1 2\n3\n", output: "3\t2\n" },
        ],
    },
    argument: ArgumentKind::OptionalCondition,
    accumulator: |_| RecordCount::boxed(|counts, _| Column::Int(counts.to_vec(), Validity::ALL)),
    ..AggregateDef::DEFAULT
};
