//! `== != < <= > >=` on single values.
//!
//! Text compared with a number, bool, duration or time is converted to that type; a number compared with a time counts
//! from 1970. Text compared with text compares bytes, except that two RFC 3339 times with a zone compare as instants.
//! Lists and objects are equal if they would be one group: `[1]` and `[1.0]` are. Null makes every comparison false.

use std::cmp::Ordering;

use crate::data::{Exact, Instant, Ternary, ValueRef, encode_key};

use super::bound_expr::Comparison;
use super::convert::{MismatchedValue, duration, mismatch, time};

/// True if `left op right` holds.
pub(super) fn compare<'a>(
    op: Comparison,
    left: ValueRef<'a>,
    right: ValueRef<'a>,
) -> Result<bool, MismatchedValue<'a>> {
    Ok(match ordering(left, right)? {
        Compared::Order(order) => op.holds(order),
        Compared::Null => false,
        Compared::Different => op == Comparison::NotEqual,
    })
}

/// The result of comparing two values.
enum Compared {
    /// They have this order.
    Order(Ordering),
    /// One of them is null.
    Null,
    /// Their types are never equal.
    Different,
}

fn ordering<'a>(left: ValueRef<'a>, right: ValueRef<'a>) -> Result<Compared, MismatchedValue<'a>> {
    use ValueRef::{BigInt, Bool, Duration, Float, Int, List, Null, Object, Text, Time};
    Ok(match (left, right) {
        (Null, _) | (_, Null) => Compared::Null,
        (Text(left), Text(right)) => Compared::Order(compare_texts(left, right)),
        (Int(left), Int(right)) => Compared::Order(left.cmp(&right)),
        (Bool(left), Bool(right)) => Compared::Order(left.cmp(&right)),
        (Time(left), Time(right)) | (Duration(left), Duration(right)) => Compared::Order(left.cmp(&right)),
        (Bool(known), Text(_)) => converted(bool_of(right)?.map(|read| known.cmp(&read))),
        (Text(_), Bool(known)) => converted(bool_of(left)?.map(|read| read.cmp(&known))),
        (Duration(known), Text(_)) => converted(duration(right)?.map(|read| known.cmp(&read))),
        (Text(_), Duration(known)) => converted(duration(left)?.map(|read| read.cmp(&known))),
        (Time(known), Text(text)) if let Some(instant) = Instant::parse(text) => {
            Compared::Order(Instant::of_ns(known).cmp(&instant))
        }
        (Text(text), Time(known)) if let Some(instant) = Instant::parse(text) => {
            Compared::Order(instant.cmp(&Instant::of_ns(known)))
        }
        (Time(known), Text(_) | Int(_) | Float(_)) => converted(time(right)?.map(|read| known.cmp(&read))),
        (Text(_) | Int(_) | Float(_), Time(known)) => converted(time(left)?.map(|read| read.cmp(&known))),
        (Int(_) | BigInt(_) | Float(_) | Text(_), Int(_) | BigInt(_) | Float(_) | Text(_)) => {
            let pair = exact(left)?.zip(exact(right)?);
            converted(pair.map(|(left, right)| left.compare(right)))
        }
        (List(_), List(_)) | (Object(_), Object(_)) if is_one_group(left, right) => Compared::Order(Ordering::Equal),
        _ => Compared::Different,
    })
}

/// Compares text by its bytes, but two times with zones by instant.
#[inline]
pub(super) fn compare_texts(left: &[u8], right: &[u8]) -> Ordering {
    let instants = || Instant::parse(left).zip(Instant::parse(right));
    match instants() {
        Some((left, right)) => left.cmp(&right),
        None => left.cmp(right),
    }
}

/// Returns the value as an exact number; `None` for blank text.
#[inline]
fn exact(value: ValueRef<'_>) -> Result<Option<Exact<'_>>, MismatchedValue<'_>> {
    match value.as_exact() {
        Some(number) => Ok(Some(number)),
        None if value.is_blank() => Ok(None),
        None => mismatch(value, "a number"),
    }
}

/// True if two values are one group.
fn is_one_group(left: ValueRef<'_>, right: ValueRef<'_>) -> bool {
    let key = |value| {
        let mut bytes = Vec::new();
        (encode_key(value, &mut bytes), bytes)
    };
    key(left) == key(right)
}

/// Blank text becomes null in a conversion.
fn converted(order: Option<Ordering>) -> Compared {
    order.map_or(Compared::Null, Compared::Order)
}

fn bool_of(value: ValueRef<'_>) -> Result<Option<bool>, MismatchedValue<'_>> {
    match value.as_truth() {
        Some(Ternary::True) => Ok(Some(true)),
        Some(Ternary::False) => Ok(Some(false)),
        Some(Ternary::Unknown) => Ok(None),
        None => mismatch(value, "true or false"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ValueRef::{Bool, Duration, Float, Int, Null, Text, Time};

    #[test]
    fn numbers_by_value_and_text_by_bytes() {
        assert_eq!(compare(Comparison::Equal, Text(b"007"), Int(7)), Ok(true));
        assert_eq!(compare(Comparison::Less, Text(b"10"), Text(b"9")), Ok(true));
        assert_eq!(compare(Comparison::Less, Text(b"10"), Int(9)), Ok(false));
        assert_eq!(compare(Comparison::Equal, Int(1), Float(1.0)), Ok(true));
        let big = crate::data::BigInt::parse(b"18446744073709551617").expect("it is big");
        assert_eq!(compare(Comparison::Greater, ValueRef::BigInt(big), Float(18446744073709551616.0)), Ok(true));
        assert_eq!(compare(Comparison::GreaterEqual, Text(b"250ms"), Duration(100_000_000)), Ok(true));
        let second = Time(1_000_000_000);
        for written in [Text(b"1970-01-01T00:00:01Z"), Text(b"1"), Int(1), Float(1.0)] {
            assert_eq!(compare(Comparison::Equal, written, second), Ok(true));
            assert_eq!(compare(Comparison::Less, second, written), Ok(false));
        }
        assert!(compare(Comparison::Less, Text(b"later"), second).is_err());
    }

    #[test]
    fn lists_and_objects_are_equal_where_they_are_one_group() {
        use crate::data::Value;
        let list = |value| Value::List(vec![value, Value::Null]);
        let object = |name: &[u8], value| Value::Object(vec![(name.to_vec(), value)]);
        for (left, right, is_equal) in [
            (list(Value::Int(1)), list(Value::Float(1.0)), true),
            (list(Value::Int(1)), list(Value::Text(b"1".to_vec())), false),
            (list(Value::Int(1)), Value::List(vec![]), false),
            (object(b"a", list(Value::Int(1))), object(b"a", list(Value::Float(1.0))), true),
            (object(b"a", Value::Null), object(b"b", Value::Null), false),
            (object(b"a", Value::Null), list(Value::Null), false),
            (list(Value::Null), Value::Int(1), false),
        ] {
            let compared = |op| compare(op, left.borrow(), right.borrow());
            assert_eq!(compared(Comparison::Equal), Ok(is_equal), "{left:?}");
            assert_eq!(compared(Comparison::NotEqual), Ok(!is_equal), "{left:?}");
        }
    }

    #[test]
    fn null_is_never_equal_nor_different() {
        for op in [Comparison::Equal, Comparison::NotEqual, Comparison::Less] {
            assert_eq!(compare(op, Null, Int(1)), Ok(false));
            assert_eq!(compare(op, Text(b""), Int(1)), Ok(false));
        }
        assert!(compare(Comparison::Less, Text(b"abc"), Int(1)).is_err());
        assert_eq!(compare(Comparison::NotEqual, Bool(true), Int(1)), Ok(true));
    }
}
