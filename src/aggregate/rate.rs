//! `rate`: records per second, or the sum of their values per second.

use super::accumulator::{Finish, PerGroup};
use super::added::{Added, AddedResult, per_second};
use super::counts::RecordCount;
use super::{AggregateDef, ArgumentKind};
use crate::data::{Entry, Example, ValueRef};

pub(super) const RATE: AggregateDef = AggregateDef {
    entry: Entry {
        name: "rate",
        usage: "rate, rate(x)",
        summary: "Records per second of the window, or the sum of x per second.",
        details: "The seconds are those of the window. Without a window they are those since the run began, which \
                  measures how fast records arrived; this is the only result that may differ between two runs over \
                  the same input. `rate where COND` is the rate of the records for which the condition is true. Null \
                  if there are no records or values.",
        examples: &[
            Example {
                expr: "split | rate | let running = rate > 0 | select running",
                input: "a b c\n",
                output: "true\n",
            },
            Example {
                expr: "parse \"{t:time} {bytes:int}\" | rate, rate(bytes) | window 10s on t | select rate, rate_bytes",
                input: "2026-03-01T10:00:00Z 50\n2026-03-01T10:00:07Z 30\n",
                output: "0.2\t8\n",
            },
        ],
    },
    argument: ArgumentKind::OptionalNumber,
    needs_duration: true,
    accumulator: |settings| match settings.arguments {
        0 => RecordCount::boxed(|counts, finish| counts.iter().map(|count| records(*count, finish)).collect()),
        _ => PerGroup::<Added>::boxed(settings, AddedResult::Rate),
    },
    ..AggregateDef::DEFAULT
};

/// Null if there are no records.
fn records(count: i64, finish: &Finish) -> ValueRef<'static> {
    match count {
        0 => ValueRef::Null,
        _ => ValueRef::Float(per_second(count as f64, finish)),
    }
}
