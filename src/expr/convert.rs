//! Converts values to the types of parameters: text that is a number becomes one, text that is a time becomes a time.

use crate::data::{EXPECTED_CONDITION, Number, Ternary, ValueRef, expected_time, parse_duration, time_of};

use super::functions::{ParameterKind, TypeMismatch};

/// The value that has the wrong type, and the expected type.
pub(super) type MismatchedValue<'a> = (ValueRef<'a>, TypeMismatch);

/// True if a parameter takes the text of a value that is not text.
#[inline]
pub(super) fn takes_text(kind: ParameterKind) -> bool {
    matches!(kind, ParameterKind::Text | ParameterKind::Pattern)
}

/// Returns the value as the parameter takes it; `text` is the value's text if the value is not text. Blank text becomes
/// null if the parameter does not take text.
#[inline]
pub(super) fn convert<'v>(
    kind: ParameterKind,
    value: ValueRef<'v>,
    text: &'v [u8],
) -> Result<ValueRef<'v>, MismatchedValue<'v>> {
    Ok(match kind {
        ParameterKind::Any => value,
        ParameterKind::Text | ParameterKind::Pattern if value.is_null() || matches!(value, ValueRef::Text(_)) => value,
        ParameterKind::Text | ParameterKind::Pattern => ValueRef::Text(text),
        ParameterKind::Number => match value.as_exact() {
            Some(number) => number.to_value_ref(),
            None if value.is_blank() => ValueRef::Null,
            None => return mismatch(value, "a number"),
        },
        ParameterKind::Int => match number(value)? {
            None => ValueRef::Null,
            Some(Number::Int(value)) => ValueRef::Int(value),
            Some(Number::Float(whole)) if whole.fract() == 0.0 && whole.abs() < 9.2e18 => ValueRef::Int(whole as i64),
            Some(Number::Float(_)) => return mismatch(value, "a whole number"),
        },
        ParameterKind::Bool => match value.as_truth() {
            Some(Ternary::True) => ValueRef::Bool(true),
            Some(Ternary::False) => ValueRef::Bool(false),
            Some(Ternary::Unknown) => ValueRef::Null,
            None => return mismatch(value, EXPECTED_CONDITION),
        },
        ParameterKind::Time => time(value)?.map_or(ValueRef::Null, ValueRef::Time),
        ParameterKind::Duration => duration(value)?.map_or(ValueRef::Null, ValueRef::Duration),
        ParameterKind::List => match value {
            ValueRef::List(_) => value,
            _ if value.is_blank() => ValueRef::Null,
            _ => return mismatch(value, "a list"),
        },
    })
}

/// Converts the value to a time; `None` for null and for blank text.
#[inline]
pub(super) fn time(value: ValueRef<'_>) -> Result<Option<i64>, MismatchedValue<'_>> {
    match value {
        _ if value.is_blank() => Ok(None),
        _ => match time_of(value) {
            Some(ns) => Ok(Some(ns)),
            None => mismatch(value, expected_time(value)),
        },
    }
}

/// Converts the value to a duration; `None` for null and for blank text.
pub(super) fn duration(value: ValueRef<'_>) -> Result<Option<i64>, MismatchedValue<'_>> {
    match value {
        _ if value.is_blank() => Ok(None),
        ValueRef::Duration(ns) => Ok(Some(ns)),
        ValueRef::Text(text) => match duration_of(text) {
            Some(ns) => Ok(Some(ns)),
            None => mismatch(value, "a duration"),
        },
        _ => mismatch(value, "a duration"),
    }
}

/// Parses `1h30m`, `01:30:00`, also with a sign.
pub(super) fn duration_of(text: &[u8]) -> Option<i64> {
    let text = str::from_utf8(text).ok()?;
    match text.as_bytes().first()? {
        b'-' => parse_duration(&text[1..])?.checked_neg(),
        b'+' => parse_duration(&text[1..]),
        _ => parse_duration(text),
    }
}

/// Converts the value to a number; `None` for null and for blank text.
pub(super) fn number(value: ValueRef<'_>) -> Result<Option<Number>, MismatchedValue<'_>> {
    match value {
        _ if value.is_blank() => Ok(None),
        _ => match value.as_number() {
            Some(number) => Ok(Some(number)),
            None => mismatch(value, "a number"),
        },
    }
}

/// The error of a value that has the wrong type.
#[cold]
pub(super) fn mismatch<'a, T>(value: ValueRef<'a>, expected: &'static str) -> Result<T, MismatchedValue<'a>> {
    Err((value, TypeMismatch { expected }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ValueRef::{Duration, Int, Null, Text, Time};

    #[test]
    fn times_and_durations_are_read_from_text() {
        for (kind, value, expected) in [
            (ParameterKind::Time, Text(b"1970-01-01T00:00:01Z"), Some(Time(1_000_000_000))),
            (ParameterKind::Time, Int(1), Some(Time(1_000_000_000))),
            (ParameterKind::Time, Text(b""), Some(Null)),
            (ParameterKind::Time, Text(b"soon"), None),
            (ParameterKind::Duration, Text(b"1.5s"), Some(Duration(1_500_000_000))),
            (ParameterKind::Duration, Text(b"-2ms"), Some(Duration(-2_000_000))),
            (ParameterKind::Duration, Text(b"+00:00:02"), Some(Duration(2_000_000_000))),
            (ParameterKind::Duration, Text(b"+-2s"), None),
            (ParameterKind::Duration, Int(5), None),
            (ParameterKind::List, Int(5), None),
            (ParameterKind::Int, Text(b"7.0"), Some(Int(7))),
        ] {
            assert_eq!(convert(kind, value, b"").ok(), expected, "{kind:?} {value:?}");
        }
    }
}
