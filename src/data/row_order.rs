//! The order of rows by some columns, with a short key for each row that decides most comparisons.

use std::cmp::Ordering;

use super::batch::{Batch, Slot};
use super::heap_bytes::HeapBytes;
use super::order::{Rank, total_order};
use super::value::ValueRef;

/// The order of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// As [`super::order`].
    Ascending,
    /// Each kind reversed: as [`super::descending`].
    Descending,
    /// Ascending, and values that differ are never equal: as [`super::total_order`].
    Total,
}

/// Sorts rows by several columns; the first one that differs decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowOrder {
    /// At least one.
    pub columns: Vec<(Slot, Direction)>,
}

/// The first column of a row as a word, and either more of it, if it is text, or the second column; the words sort as far
/// as they differ.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RowKey {
    first: u64,
    second: u64,
    /// The words are all of the first column: if they are equal, so is the column.
    is_exact: bool,
    /// Rows with equal keys are equal.
    is_complete: bool,
}

impl HeapBytes for RowKey {
    fn heap_bytes(&self) -> usize {
        0
    }
}

impl RowOrder {
    /// Returns the keys of all rows.
    pub fn keys(&self, batch: &Batch<'_>) -> Vec<RowKey> {
        let mut keys = Vec::with_capacity(batch.rows);
        self.add_keys(batch, |key| keys.push(key));
        keys
    }

    /// Passes the key of each row to `add`.
    pub fn add_keys(&self, batch: &Batch<'_>, mut add: impl FnMut(RowKey)) {
        let (slot, direction) = self.columns[0];
        let first = batch.column(slot);
        let second = self.columns.get(1).map(|(slot, direction)| (batch.column(*slot), *direction));
        for row in 0..batch.rows {
            let rank = Rank::of(first.get(row));
            let (word, is_exact) = word(&rank, direction);
            if let Rank::Text(text) = rank {
                let is_exact = text.len() < CONTINUED_BYTES;
                let (second, is_complete) = (text_word(text, direction), is_exact && second.is_none());
                add(RowKey { first: word, second, is_exact, is_complete });
                continue;
            }
            let (second, is_complete) = match second {
                Some((column, direction)) if is_exact => {
                    let (word, is_exact) = self::word(&Rank::of(column.get(row)), direction);
                    (word, is_exact && self.columns.len() == 2)
                }
                Some(_) => (0, false),
                None => (0, is_exact),
            };
            add(RowKey { first: word, second, is_exact, is_complete });
        }
    }

    /// Compares two rows, each with its batch and key.
    #[inline]
    pub fn compare(&self, left: (&Batch<'_>, usize, RowKey), right: (&Batch<'_>, usize, RowKey)) -> Ordering {
        if let Some(order) = left.2.decide(right.2) {
            return order;
        }
        let by_first = self.compare_first(left, right);
        by_first.then_with(|| {
            let rest = self.columns[1..].iter().map(|(slot, direction)| {
                direction.compare(left.0.column(*slot).get(left.1), right.0.column(*slot).get(right.1))
            });
            rest.into_iter().find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
        })
    }

    /// Compares the first column of rows whose keys do not decide.
    pub fn compare_first(&self, left: (&Batch<'_>, usize, RowKey), right: (&Batch<'_>, usize, RowKey)) -> Ordering {
        let (slot, direction) = self.columns[0];
        let key = left.2;
        if key.is_exact && right.2.is_exact {
            return Ordering::Equal;
        }
        match (left.0.column(slot).get(left.1), right.0.column(slot).get(right.1)) {
            // Text that is neither a number nor a time need not be parsed again.
            (ValueRef::Text(left), ValueRef::Text(right)) if key.is_text() => match direction {
                Direction::Descending => right.cmp(left),
                Direction::Ascending | Direction::Total => left.cmp(right),
            },
            (left, right) => direction.compare(left, right),
        }
    }
}

impl Direction {
    /// Compares two values.
    pub fn compare(self, left: ValueRef<'_>, right: ValueRef<'_>) -> Ordering {
        match self {
            Direction::Ascending => Rank::of(left).cmp(&Rank::of(right)),
            Direction::Descending => Rank::of(left).descending(&Rank::of(right)),
            Direction::Total => total_order(left, right),
        }
    }

    /// Compares two ranks: in a total order only as far as they go.
    pub fn compare_ranks(self, left: &Rank<'_>, right: &Rank<'_>) -> Ordering {
        match self {
            Direction::Descending => left.descending(right),
            Direction::Ascending | Direction::Total => left.cmp(right),
        }
    }
}

impl RowKey {
    /// Returns the order of two rows, or `None` if their keys do not decide.
    #[inline]
    pub fn decide(self, other: RowKey) -> Option<Ordering> {
        let by_first = self.first.cmp(&other.first);
        if by_first.is_ne() {
            return Some(by_first);
        }
        let is_comparable = self.is_exact && other.is_exact || self.is_text();
        let by_second = if is_comparable { self.second.cmp(&other.second) } else { Ordering::Equal };
        (by_second.is_ne() || self.is_complete && other.is_complete).then_some(by_second)
    }

    /// True if the first column is text that is neither a number nor a time.
    fn is_text(self) -> bool {
        self.first >> CLASS_SHIFT == 4
    }
}

/// The kind of a value is in the highest three bits of its word.
const CLASS_SHIFT: u32 = 61;
const PAYLOAD: u64 = (1 << CLASS_SHIFT) - 1;

/// The bytes of text in its first word that count fully, and the length from which its words are not all of it.
const FIRST_BYTES: usize = 7;
const CONTINUED_BYTES: usize = FIRST_BYTES + 8;

/// The word after the first one of text: seven bytes, and the length, which decides between texts that differ in zeros at
/// their end.
fn text_word(text: &[u8], direction: Direction) -> u64 {
    let mut window = [0; 8];
    let rest = text.get(FIRST_BYTES..).unwrap_or_default();
    let len = rest.len().min(7);
    window[..len].copy_from_slice(&rest[..len]);
    window[7] = text.len().min(CONTINUED_BYTES) as u8;
    let word = u64::from_be_bytes(window);
    if direction == Direction::Descending { !word } else { word }
}

/// A word that sorts as the value does, as far as it goes, and whether values with this word are equal.
fn word(rank: &Rank<'_>, direction: Direction) -> (u64, bool) {
    let (payload, is_exact) = match *rank {
        Rank::Bool(value) => (u64::from(value), true),
        Rank::Int(value) => {
            let (word, is_exact) = number_word(value as f64);
            (word, is_exact && value.unsigned_abs() < 1 << 53)
        }
        Rank::Big(value) => (number_word(value.to_f64()).0, false),
        Rank::Float(value) => number_word(value),
        Rank::Duration(ns) => ((ns as u64 ^ 1 << 63) >> 3, false),
        Rank::Time(instant) => instant.word(),
        Rank::Text(text) => {
            let mut window = [0; 8];
            let len = text.len().min(8);
            window[..len].copy_from_slice(&text[..len]);
            (u64::from_be_bytes(window) >> 3, false)
        }
        Rank::List(_) | Rank::Object(_) => (0, false),
        Rank::Null => (0, true),
    };
    let payload = if direction == Direction::Descending { PAYLOAD - payload } else { payload };
    // Text and numbers of one value differ in a total order.
    (u64::from(rank.class()) << CLASS_SHIFT | payload, is_exact && direction != Direction::Total)
}

/// A float's bits rearranged to sort as floats do; the three lowest are dropped.
fn number_word(value: f64) -> (u64, bool) {
    let bits = (value + 0.0).to_bits(); // -0 becomes 0
    let ordered = if bits >> 63 == 1 { !bits } else { bits | 1 << 63 };
    (ordered >> 3, bits & 7 == 0 && value.abs() < (1u64 << 53) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Position, Value};
    use proptest::prelude::*;

    fn value() -> impl Strategy<Value = Value> {
        prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::Bool),
            any::<i64>().prop_map(Value::Int),
            (-3i64..3).prop_map(Value::Int),
            "-?[1-9][0-9]{19,22}".prop_map(|digits| Value::BigInt(digits.into_bytes().into())),
            prop_oneof![any::<f64>(), -3.0..3.0].prop_map(Value::float),
            any::<i64>().prop_map(Value::Time),
            any::<i64>().prop_map(Value::Duration),
            prop_oneof![
                "[a-c]{0,10}",
                "[ab]{6,9}[\\x00b]{0,12}",
                "-?[0-9]{1,20}(\\.[0-9])?",
                "20[0-9]{2}-0[1-9]-1[0-9]T10:00:0[0-9](\\.[0-9]{1,9})?Z"
            ]
            .prop_map(|text| Value::Text(text.into_bytes())),
            prop::collection::vec((0i64..3).prop_map(Value::Int), 0..3).prop_map(Value::List),
        ]
    }

    fn direction() -> impl Strategy<Value = Direction> {
        prop_oneof![Just(Direction::Ascending), Just(Direction::Descending), Just(Direction::Total)]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn keys_agree_with_the_values(
            rows in prop::collection::vec((value(), value()), 2..6), first in direction(), second in direction(),
        ) {
            let mut batch = Batch::new(rows.len(), Position(0));
            batch.set(Slot(0), rows.iter().map(|row| row.0.borrow()).collect());
            batch.set(Slot(1), rows.iter().map(|row| row.1.borrow()).collect());
            let order = RowOrder { columns: vec![(Slot(0), first), (Slot(1), second)] };
            let keys = order.keys(&batch);
            for (left, one) in rows.iter().enumerate() {
                for (right, other) in rows.iter().enumerate() {
                    let by_first = first.compare(one.0.borrow(), other.0.borrow());
                    let expected = by_first.then_with(|| second.compare(one.1.borrow(), other.1.borrow()));
                    let found = order.compare((&batch, left, keys[left]), (&batch, right, keys[right]));
                    prop_assert_eq!(found, expected, "{:?} {:?}", one, other);
                }
            }
        }
    }
}
