//! `count`: the number of records.

use super::counts::RecordCount;
use super::{AggregateDef, ArgumentKind};
use crate::data::{Column, Entry, Example, Validity};

pub(super) const COUNT: AggregateDef = AggregateDef {
    entry: Entry {
        name: "count",
        usage: "count, count(COND)",
        summary: "The number of records, or of those for which the condition is true.",
        details: "0 if there are no records.\n\nWith `approx N` after the keys, as in `count by ip approx 1000`, the most \
                  frequent keys are counted in N counters (Space-Saving, Metwally et al. 2005), so memory is bounded \
                  by N. Such a stage has no other aggregate and no condition. The result has at most N rows and, after \
                  the count, a column `error`: the true count is at least `count - error` and at most `count`. No \
                  error is more than the number of records divided by N, and every key with more records than that \
                  is in the result. With at most N distinct keys, all errors are 0 and the counts are exact. A key \
                  without a counter replaces the key with the smallest count; of several, the one that reached it \
                  first. The result depends on the order of the records, not on threads or chunks.\n\nEach window \
                  has N counters; a sliding window adds up those of its slices. --merge adds up the counters of \
                  parts: the bounds hold for all records, but with more than N keys the counts may differ from those \
                  of one run. A part with a window holds the keys of all its records. --exact counts exactly, in as many counters as there are keys.",
        examples: &[
            Example { expr: "split | count by word", input: "b a\na\n", output: "a\t2\nb\t1\n" },
            Example { expr: "split | count, count(word > 1) as large", input: "1 2\n3\n", output: "3\t2\n" },
            Example {
                expr: "--header 'split | count by word approx 2 | limit 1'",
                input: "a b a c a b\n",
                output: "word\tcount\terror\na\t3\t0\n",
            },
        ],
    },
    argument: ArgumentKind::OptionalCondition,
    accumulator: |_| RecordCount::boxed(|counts, _| Column::Int(counts.to_vec(), Validity::ALL)),
    ..AggregateDef::DEFAULT
};
