//! `rate`: records per second.

use super::accumulator::Finish;
use super::counts::RecordCount;
use super::{AggregateDef, ArgumentKind};
use crate::data::{Entry, Example, ValueRef};

pub(super) const RATE: AggregateDef = AggregateDef {
    entry: Entry {
        name: "rate",
        usage: "rate",
        summary: "Records per second of the window, or since the run began.",
        details: "Without a window it measures how fast records arrived; this is the only result that may differ \
                  between two runs over the same input. `rate where COND` is the rate of the records for which the \
                  condition is true. Null if there are no records.",
        examples: &[Example {
            expr: "split | rate | let running = rate > 0 | select running",
            input: "a b c\n",
            output: "true\n",
        }],
    },
    argument: ArgumentKind::Nothing,
    needs_duration: true,
    accumulator: |_| {
        RecordCount::boxed(|counts, finish| counts.iter().map(|count| per_second(*count, finish)).collect())
    },
    ..AggregateDef::DEFAULT
};

/// Null if there are no records.
fn per_second(count: i64, finish: &Finish) -> ValueRef<'static> {
    match count {
        0 => ValueRef::Null,
        // Keeps the rate finite while no time has passed.
        _ => ValueRef::Float(count as f64 / finish.seconds.max(1e-9)),
    }
}
