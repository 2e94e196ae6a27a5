//! The order of values: what `sort`, `min`, `max` and the ties of groups go by.
//!
//! Numbers (and text that is a number) come by value, then text by bytes, then bools, durations and times;
//! nulls come last.

use std::cmp::Ordering;

use super::number::Number;
use super::value::{Value, ValueRef};

/// The order of `sort`: `"007"` and `7` are equal.
pub fn order(left: ValueRef<'_>, right: ValueRef<'_>) -> Ordering {
    Rank::of(left).cmp(&Rank::of(right))
}

/// [`order`], with ties broken by type and bytes, so that only equal values are equal.
pub fn total_order(left: ValueRef<'_>, right: ValueRef<'_>) -> Ordering {
    order(left, right).then_with(|| match (left, right) {
        (ValueRef::Text(left), ValueRef::Text(right)) => left.cmp(right),
        (ValueRef::Text(_), _) => Ordering::Greater,
        (_, ValueRef::Text(_)) => Ordering::Less,
        (ValueRef::Float(_), ValueRef::Int(_) | ValueRef::BigInt(_)) => Ordering::Greater,
        (ValueRef::Int(_) | ValueRef::BigInt(_), ValueRef::Float(_)) => Ordering::Less,
        _ => Ordering::Equal,
    })
}

/// Compares two numbers exactly, whatever their kinds.
pub fn compare_numbers(left: Number, right: Number) -> Ordering {
    match (left, right) {
        (Number::Int(left), Number::Int(right)) => left.cmp(&right),
        (Number::Float(left), Number::Float(right)) => {
            left.partial_cmp(&right).unwrap_or(Ordering::Equal)
        } // floats are finite
        (Number::Int(left), Number::Float(right)) => compare_int_float(i128::from(left), right),
        (Number::Float(left), Number::Int(right)) => {
            compare_int_float(i128::from(right), left).reverse()
        }
    }
}

/// Compares an integer with a finite float without rounding the integer.
pub(crate) fn compare_int_float(int: i128, float: f64) -> Ordering {
    if float >= 1e38 {
        return Ordering::Less;
    }
    if float <= -1e38 {
        return Ordering::Greater;
    }
    let floor = float.floor();
    int.cmp(&(floor as i128)).then(if float > floor {
        Ordering::Less
    } else {
        Ordering::Equal
    })
}

/// A value's place among all values, worked out once so that sorting need not parse again and again.
#[derive(Clone, Copy, Debug)]
pub enum Rank<'a> {
    /// An integer, or text that is one.
    Int(i128),
    /// A float, or text that is one.
    Float(f64),
    /// Any other text.
    Text(&'a [u8]),
    /// A bool.
    Bool(bool),
    /// A duration in nanoseconds.
    Duration(i64),
    /// A time in nanoseconds.
    Time(i64),
    /// A list, by its elements.
    List(&'a [Value]),
    /// An object, by its fields in their order.
    Object(&'a [(Vec<u8>, Value)]),
    /// Null: behind everything.
    Null,
}

impl<'a> Rank<'a> {
    /// The rank of a value.
    pub fn of(value: ValueRef<'a>) -> Rank<'a> {
        match value {
            ValueRef::Null => Rank::Null,
            ValueRef::Bool(value) => Rank::Bool(value),
            ValueRef::Int(value) => Rank::Int(i128::from(value)),
            ValueRef::BigInt(value) => Rank::Int(*value),
            ValueRef::Float(value) => Rank::Float(value),
            ValueRef::Duration(ns) => Rank::Duration(ns),
            ValueRef::Time(ns) => Rank::Time(ns),
            ValueRef::List(values) => Rank::List(values),
            ValueRef::Object(fields) => Rank::Object(fields),
            ValueRef::Text(bytes) => match super::number::parse_number(bytes) {
                Some(Number::Int(value)) => Rank::Int(i128::from(value)),
                Some(Number::Float(value)) => Rank::Float(value),
                None => Rank::Text(bytes),
            },
        }
    }

    /// Which kind comes first.
    fn class(&self) -> u8 {
        match self {
            Rank::Int(_) | Rank::Float(_) => 0,
            Rank::Text(_) => 1,
            Rank::Bool(_) => 2,
            Rank::Duration(_) => 3,
            Rank::Time(_) => 4,
            Rank::List(_) => 5,
            Rank::Object(_) => 6,
            Rank::Null => 7,
        }
    }
}

impl Ord for Rank<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Rank::Int(left), Rank::Int(right)) => left.cmp(right),
            (Rank::Float(left), Rank::Float(right)) => {
                compare_numbers(Number::Float(*left), Number::Float(*right))
            }
            (Rank::Int(left), Rank::Float(right)) => compare_int_float(*left, *right),
            (Rank::Float(left), Rank::Int(right)) => compare_int_float(*right, *left).reverse(),
            (Rank::Text(left), Rank::Text(right)) => left.cmp(right),
            (Rank::Bool(left), Rank::Bool(right)) => left.cmp(right),
            (Rank::Duration(left), Rank::Duration(right))
            | (Rank::Time(left), Rank::Time(right)) => left.cmp(right),
            (Rank::List(left), Rank::List(right)) => {
                let ranks = left.iter().map(|value| Rank::of(value.borrow()));
                ranks.cmp(right.iter().map(|value| Rank::of(value.borrow())))
            }
            (Rank::Object(left), Rank::Object(right)) => {
                let ranks = left
                    .iter()
                    .map(|(name, value)| (name, Rank::of(value.borrow())));
                ranks.cmp(
                    right
                        .iter()
                        .map(|(name, value)| (name, Rank::of(value.borrow()))),
                )
            }
            _ => self.class().cmp(&other.class()),
        }
    }
}

impl PartialOrd for Rank<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Rank<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Rank<'_> {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_by_value_then_text_then_null() {
        let sorted = [
            ValueRef::Text(b"-3"),
            ValueRef::Float(0.5),
            ValueRef::Text(b"007"),
            ValueRef::Int(10),
            ValueRef::Text(b"100"),
            ValueRef::Text(b""),
            ValueRef::Text(b"10x"),
            ValueRef::Text(b"a"),
            ValueRef::Null,
        ];
        for (i, left) in sorted.iter().enumerate() {
            for (j, right) in sorted.iter().enumerate() {
                assert_eq!(order(*left, *right), i.cmp(&j), "{left:?} {right:?}");
            }
        }
        assert_eq!(
            order(ValueRef::Text(b"007"), ValueRef::Int(7)),
            Ordering::Equal
        );
        assert_eq!(
            total_order(ValueRef::Text(b"007"), ValueRef::Int(7)),
            Ordering::Greater
        );
    }

    #[test]
    fn large_ints_compare_with_floats_exactly() {
        let big = (1i64 << 53) + 1;
        assert_eq!(
            compare_numbers(Number::Int(big), Number::Float(9007199254740992.0)),
            Ordering::Greater
        );
        assert_eq!(
            compare_numbers(Number::Float(-0.5), Number::Int(0)),
            Ordering::Less
        );
        assert_eq!(
            compare_numbers(Number::Float(1e300), Number::Int(i64::MAX)),
            Ordering::Greater
        );
    }
}
