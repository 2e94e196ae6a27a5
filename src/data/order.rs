//! The order of values, used by `sort`, `min`, `max` and for ties of groups.
//!
//! False and true come first, then numbers (and text that is a number) by value, durations, times (and text that is an
//! RFC 3339 time with a zone) by the instant, other text by bytes, lists and objects; nulls come last. In descending
//! order, each kind is reversed, but not the order of the kinds: numbers still come before text.

use std::cmp::Ordering;

use super::big_int::BigInt;
use super::number::{Exact, parse_exact};
use super::time::Instant;
use super::value::{Value, ValueRef};

/// Compares as `sort` does: `"007"` and `7` are equal.
pub fn order(left: ValueRef<'_>, right: ValueRef<'_>) -> Ordering {
    Rank::of(left).cmp(&Rank::of(right))
}

/// Compares as `sort … desc` does.
pub fn descending(left: ValueRef<'_>, right: ValueRef<'_>) -> Ordering {
    Rank::of(left).descending(&Rank::of(right))
}

/// [`order`], with ties broken by type and bytes, so that only equal values are equal.
pub fn total_order(left: ValueRef<'_>, right: ValueRef<'_>) -> Ordering {
    order(left, right).then_with(|| by_type(left, right))
}

/// [`descending`], with ties broken as in [`total_order`].
pub fn total_descending(left: ValueRef<'_>, right: ValueRef<'_>) -> Ordering {
    descending(left, right).then_with(|| by_type(right, left))
}

/// Compares candidates for the smallest (`Less`) or largest (`Greater`) of some values: `Greater` if `left` is better.
/// Numbers are better than anything else, and blank text is never larger than anything else.
pub fn compare_extremes(left: ValueRef<'_>, right: ValueRef<'_>, wanted: Ordering) -> Ordering {
    let ranks = (Rank::of(left), Rank::of(right));
    let is_number = |rank: &Rank<'_>| rank.number().is_some();
    let by_number = is_number(&ranks.0).cmp(&is_number(&ranks.1));
    let by_order = || match wanted {
        Ordering::Less => ranks.1.cmp(&ranks.0),
        _ => {
            let by_blank = right.is_blank().cmp(&left.is_blank());
            by_blank.then_with(|| ranks.0.cmp(&ranks.1))
        }
    };
    by_number.then_with(by_order)
}

/// Compares values of one rank.
fn by_type(left: ValueRef<'_>, right: ValueRef<'_>) -> Ordering {
    match (left, right) {
        (ValueRef::Text(left), ValueRef::Text(right)) => left.cmp(right),
        (ValueRef::Text(_), _) => Ordering::Greater,
        (_, ValueRef::Text(_)) => Ordering::Less,
        (ValueRef::Float(_), ValueRef::Int(_) | ValueRef::BigInt(_)) => Ordering::Greater,
        (ValueRef::Int(_) | ValueRef::BigInt(_), ValueRef::Float(_)) => Ordering::Less,
        _ => Ordering::Equal,
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
    int.cmp(&(floor as i128)).then(if float > floor { Ordering::Less } else { Ordering::Equal })
}

/// A value prepared for comparisons, so that sorting need not parse again and again.
#[derive(Clone, Copy, Debug)]
pub enum Rank<'a> {
    /// A bool.
    Bool(bool),
    /// An integer, or text that is one.
    Int(i64),
    /// An integer beyond 64 bits, or text that is one.
    Big(BigInt<'a>),
    /// A float, or text that is one.
    Float(f64),
    /// A duration in nanoseconds.
    Duration(i64),
    /// A time, or text that is one.
    Time(Instant),
    /// Any other text.
    Text(&'a [u8]),
    /// A list, ordered by its elements.
    List(&'a [Value]),
    /// An object, ordered by its fields in their order.
    Object(&'a [(Vec<u8>, Value)]),
    /// Null: after everything else.
    Null,
}

impl<'a> Rank<'a> {
    /// Ranks a value.
    pub fn of(value: ValueRef<'a>) -> Rank<'a> {
        match value {
            ValueRef::Null => Rank::Null,
            ValueRef::Bool(value) => Rank::Bool(value),
            ValueRef::Int(value) => Rank::Int(value),
            ValueRef::BigInt(value) => Rank::Big(value),
            ValueRef::Float(value) => Rank::Float(value),
            ValueRef::Duration(ns) => Rank::Duration(ns),
            ValueRef::Time(ns) => Rank::Time(Instant::of_ns(ns)),
            ValueRef::List(values) => Rank::List(values),
            ValueRef::Object(fields) => Rank::Object(fields),
            ValueRef::Text(bytes) => match parse_exact(bytes) {
                Some(number) => Rank::of(number.to_value_ref()),
                None => Instant::parse(bytes).map_or(Rank::Text(bytes), Rank::Time),
            },
        }
    }

    /// Returns the number, if it is one.
    pub fn number(&self) -> Option<Exact<'a>> {
        match *self {
            Rank::Int(value) => Some(Exact::Int(value)),
            Rank::Big(value) => Some(Exact::Big(value)),
            Rank::Float(value) => Some(Exact::Float(value)),
            _ => None,
        }
    }

    /// Reverses each kind, but not the order of the kinds: nulls are last in both directions.
    pub fn descending(&self, other: &Self) -> Ordering {
        let by_class = self.class().cmp(&other.class());
        by_class.then_with(|| other.cmp(self))
    }

    /// Returns the order of the kinds, below 8.
    pub(super) fn class(&self) -> u8 {
        match self {
            Rank::Bool(_) => 0,
            Rank::Int(_) | Rank::Big(_) | Rank::Float(_) => 1,
            Rank::Duration(_) => 2,
            Rank::Time(_) => 3,
            Rank::Text(_) => 4,
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
            (Rank::Text(left), Rank::Text(right)) => left.cmp(right),
            (Rank::Bool(left), Rank::Bool(right)) => left.cmp(right),
            (Rank::Duration(left), Rank::Duration(right)) => left.cmp(right),
            (Rank::Time(left), Rank::Time(right)) => left.cmp(right),
            (Rank::List(left), Rank::List(right)) => {
                let ranks = left.iter().map(|value| Rank::of(value.borrow()));
                ranks.cmp(right.iter().map(|value| Rank::of(value.borrow())))
            }
            (Rank::Object(left), Rank::Object(right)) => {
                let ranks = left.iter().map(|(name, value)| (name, Rank::of(value.borrow())));
                ranks.cmp(right.iter().map(|(name, value)| (name, Rank::of(value.borrow()))))
            }
            _ => match (self.number(), other.number()) {
                (Some(left), Some(right)) => left.compare(right),
                _ => self.class().cmp(&other.class()),
            },
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

    /// Every kind, in order.
    const SORTED: [ValueRef<'static>; 21] = [
        ValueRef::Bool(false),
        ValueRef::Bool(true),
        ValueRef::Text(b"-100000000000000000000"),
        ValueRef::Text(b"-3"),
        ValueRef::Float(0.5),
        ValueRef::Text(b"007"),
        ValueRef::Int(10),
        ValueRef::Text(b"100"),
        ValueRef::Text(b"9223372036854775808"),
        ValueRef::Float(1e19),
        ValueRef::Text(b"10000000000000000001"),
        ValueRef::Duration(5),
        ValueRef::Text(b"2026-03-01T11:00:00+02:00"),
        ValueRef::Time(1_772_359_200_000_000_000),
        ValueRef::Text(b"2026-03-01T10:00:00.5Z"),
        ValueRef::Text(b""),
        ValueRef::Text(b"-"),
        ValueRef::Text(b"10x"),
        ValueRef::Text(b"2026-03-01T09:00:00"),
        ValueRef::Text(b"a"),
        ValueRef::Null,
    ];

    #[test]
    fn kinds_and_then_values() {
        for (i, left) in SORTED.iter().enumerate() {
            for (j, right) in SORTED.iter().enumerate() {
                assert_eq!(order(*left, *right), i.cmp(&j), "{left:?} {right:?}");
                assert_eq!(total_order(*left, *right), i.cmp(&j), "{left:?} {right:?}");
            }
        }
        assert_eq!(order(ValueRef::Text(b"007"), ValueRef::Int(7)), Ordering::Equal);
        assert_eq!(total_order(ValueRef::Text(b"007"), ValueRef::Int(7)), Ordering::Greater);
    }

    #[test]
    fn descending_reverses_each_kind() {
        let mut values = SORTED;
        values.sort_by(|left, right| descending(*left, *right));
        let mut expected = SORTED;
        for kind in [0..2, 2..11, 11..12, 12..15, 15..20, 20..21] {
            expected[kind].reverse();
        }
        assert_eq!(values, expected);
    }

    #[test]
    fn a_rank_is_three_words() {
        assert_eq!(size_of::<Rank<'_>>(), 24);
        assert_eq!(size_of::<ValueRef<'_>>(), 24);
    }

    #[test]
    fn large_ints_compare_with_floats_exactly() {
        let big = (1i64 << 53) + 1;
        let compare = |left: Exact<'_>, right: Exact<'_>| left.compare(right);
        assert!(compare(Exact::Int(big), Exact::Float(9007199254740992.0)).is_gt());
        assert!(compare(Exact::Float(-0.5), Exact::Int(0)).is_lt());
        assert!(compare(Exact::Float(1e300), Exact::Int(i64::MAX)).is_gt());
    }
}
