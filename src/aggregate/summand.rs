//! Numbers and durations that aggregates add up.

use crate::data::{Exact, Number, Value, ValueRef, expected_summand, is_blank, parse_number};
use crate::expr::{FLOATS, NANOSECONDS, NullReason};

/// Reads a number to add; `None` for blank text, which is skipped silently.
#[inline(always)]
pub(super) fn number(value: ValueRef<'_>) -> Result<Option<Number>, &'static str> {
    let number = match value {
        ValueRef::Int(value) => Some(Number::Int(value)),
        ValueRef::Float(value) => Some(Number::Float(value)),
        ValueRef::Text(text) if is_blank(text) => return Ok(None),
        ValueRef::Text(text) => parse_number(text),
        _ => value.as_number(),
    };
    number.map(Some).ok_or_else(|| expected_summand(value))
}

/// Like [`number`], but reads a duration as its nanoseconds, and tells whether it is one.
#[inline(always)]
pub(super) fn number_or_duration(value: ValueRef<'_>) -> Result<Option<(Number, bool)>, &'static str> {
    match value {
        ValueRef::Duration(ns) => Ok(Some((Number::Int(ns), true))),
        value => Ok(number(value)?.map(|number| (number, false))),
    }
}

/// A duration of `ns` nanoseconds; null if it does not fit.
pub(super) fn duration(ns: i128) -> Value {
    i64::try_from(ns).map_or(Value::Null, Value::Duration)
}

/// Returns why a result is null, if `durations` of `count` values are durations.
pub(super) fn null_reason(count: u64, durations: u64) -> NullReason {
    match durations {
        0 => NullReason::Beyond(FLOATS),
        durations if durations < count => NullReason::Mixed,
        _ => NullReason::Beyond(NANOSECONDS),
    }
}

/// Like [`number`], but keeps all digits of an int beyond 64 bits.
#[inline(always)]
pub(super) fn exact(value: ValueRef<'_>) -> Result<Option<Exact<'_>>, &'static str> {
    let number = match value {
        ValueRef::Text(text) if is_blank(text) => return Ok(None),
        value => value.as_exact(),
    };
    number.map(Some).ok_or_else(|| expected_summand(value))
}
