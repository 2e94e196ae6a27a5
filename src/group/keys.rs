//! Keys as bytes: of one value or several, from columns to groups and back to values.

use std::cmp::Ordering;

use super::table::GroupTable;
use crate::data::{BigInt, Column, KeyKind, ValueRef, descending, encode_key, order, read_json, total_order};

/// Finds the group of each row by its values in these columns; without columns all rows are one group. New groups are
/// added. `key` is a scratch buffer for one key.
pub(crate) fn groups_of(
    columns: &[&Column<'_>],
    rows: usize,
    table: &mut GroupTable,
    key: &mut Vec<u8>,
    groups: &mut Vec<u32>,
) {
    if columns.is_empty() {
        let only = table.group_of(KeyKind::Tuple, &[]);
        groups.resize(groups.len() + rows, only);
        return;
    }
    if let [column] = columns {
        if let Column::Text(texts) = column {
            table.groups_of_texts(texts, groups);
            return;
        }
        if let Column::Int(values, valid) = column
            && valid.is_all()
        {
            table.groups_of_ints(values, groups);
            return;
        }
        for row in 0..rows {
            key.clear();
            let kind = encode_key(column.get(row), key);
            groups.push(table.group_of(kind, key));
        }
        return;
    }
    for row in 0..rows {
        key.clear();
        for column in columns {
            encode_part(column.get(row), key);
        }
        groups.push(table.group_of(KeyKind::Tuple, key));
    }
}

/// Appends one of several key values: its kind, for text its length, and its bytes.
pub(crate) fn encode_part(value: ValueRef<'_>, key: &mut Vec<u8>) {
    let start = key.len();
    key.push(0);
    let has_length = matches!(value, ValueRef::Text(_) | ValueRef::BigInt(_) | ValueRef::List(_) | ValueRef::Object(_));
    if has_length {
        key.extend_from_slice(&[0; 4]);
    }
    let bytes = key.len();
    let kind = encode_key(value, key);
    key[start] = kind as u8;
    if has_length {
        let length = (key.len() - bytes) as u32;
        key[start + 1..bytes].copy_from_slice(&length.to_le_bytes());
    }
}

/// The parts of a key of several values, as [`encode_part`] wrote them.
pub(crate) fn parts(mut bytes: &[u8]) -> impl Iterator<Item = (KeyKind, &[u8])> {
    std::iter::from_fn(move || {
        let (&kind, rest) = bytes.split_first()?;
        let kind = KeyKind::from_u8(kind);
        let (len, rest) = match kind {
            KeyKind::Text | KeyKind::BigInt | KeyKind::List | KeyKind::Object => {
                let (len, rest) = rest.split_first_chunk::<4>()?;
                (u32::from_le_bytes(*len) as usize, rest)
            }
            KeyKind::Null | KeyKind::False | KeyKind::True | KeyKind::Tuple => (0, rest),
            KeyKind::Int | KeyKind::Float | KeyKind::Time | KeyKind::Duration => (8, rest),
        };
        let (part, rest) = rest.split_at(len);
        bytes = rest;
        Some((kind, part))
    })
}

/// True if these are the kind and bytes of a key. JSON of lists and objects is not checked.
pub(crate) fn is_key(kind: KeyKind, bytes: &[u8]) -> bool {
    match kind {
        KeyKind::Tuple => tuple_parts(bytes).is_some_and(|parts| parts != 1), // one value is no tuple
        kind => is_value(kind, bytes),
    }
}

/// The number of columns of a key for which [`is_key`] is true.
pub(crate) fn key_columns(kind: KeyKind, bytes: &[u8]) -> usize {
    if kind == KeyKind::Tuple { tuple_parts(bytes).unwrap_or(0) } else { 1 }
}

fn is_value(kind: KeyKind, bytes: &[u8]) -> bool {
    match kind {
        KeyKind::Null | KeyKind::False | KeyKind::True => bytes.is_empty(),
        KeyKind::Int | KeyKind::Time | KeyKind::Duration => bytes.len() == 8,
        KeyKind::Float => match bytes.try_into().map(f64::from_le_bytes) {
            // a float that is an int has the key of the int
            Ok(value) => value.is_finite() && encode_key(ValueRef::Float(value), &mut Vec::new()) == KeyKind::Float,
            Err(_) => false,
        },
        KeyKind::BigInt => BigInt::parse(bytes).is_some_and(|value| {
            let mut written = Vec::with_capacity(bytes.len());
            value.write(&mut written);
            written == bytes
        }),
        KeyKind::List => bytes.starts_with(b"["),
        KeyKind::Object => bytes.starts_with(b"{"),
        KeyKind::Text => true,
        KeyKind::Tuple => false,
    }
}

/// The number of parts of a key of several values, or `None` if [`encode_part`] did not write it.
fn tuple_parts(mut bytes: &[u8]) -> Option<usize> {
    let mut count = 0;
    while let Some((&kind, rest)) = bytes.split_first() {
        let kind = (kind < KeyKind::Tuple as u8).then(|| KeyKind::from_u8(kind))?;
        let (length, rest) = match kind {
            KeyKind::Text | KeyKind::BigInt | KeyKind::List | KeyKind::Object => {
                let (length, rest) = rest.split_first_chunk::<4>()?;
                (u32::from_le_bytes(*length) as usize, rest)
            }
            KeyKind::Null | KeyKind::False | KeyKind::True | KeyKind::Tuple => (0, rest),
            KeyKind::Int | KeyKind::Float | KeyKind::Time | KeyKind::Duration => (8, rest),
        };
        let (part, rest) = rest.split_at_checked(length)?;
        if !is_value(kind, part) {
            return None;
        }
        bytes = rest;
        count += 1;
    }
    Some(count)
}

/// The order of `sort … desc`: each kind descending, nulls last.
pub(crate) fn largest_first(left: ValueRef<'_>, right: ValueRef<'_>) -> Ordering {
    descending(left, right)
}

/// Compares part by part in the order of `sort`; equal values by type and bytes.
pub(crate) fn compare_keys(left: (KeyKind, &[u8]), right: (KeyKind, &[u8])) -> Ordering {
    if left.0 != KeyKind::Tuple {
        return with_values(left, right, total_order);
    }
    let pairs = || parts(left.1).zip(parts(right.1));
    let by_order = pairs().map(|(left, right)| with_values(left, right, order)).find(|order| order.is_ne());
    by_order
        .or_else(|| pairs().map(|(left, right)| with_values(left, right, total_order)).find(|order| order.is_ne()))
        .unwrap_or(Ordering::Equal)
}

fn with_values(
    left: (KeyKind, &[u8]),
    right: (KeyKind, &[u8]),
    compare: fn(ValueRef<'_>, ValueRef<'_>) -> Ordering,
) -> Ordering {
    with_value(left.0, left.1, |left| with_value(right.0, right.1, |right| compare(left, right)))
}

/// Calls `see` with each value of a key and the index of its part.
pub(crate) fn with_key_values<P>(
    kind: KeyKind,
    bytes: &[u8],
    places: &mut [P],
    mut see: impl FnMut(&mut P, ValueRef<'_>),
) {
    match places {
        [] => {}
        [place] => with_value(kind, bytes, |value| see(place, value)),
        places => {
            for (place, (kind, bytes)) in places.iter_mut().zip(parts(bytes)) {
                with_value(kind, bytes, |value| see(place, value));
            }
        }
    }
}

/// Calls `see` with the value of a key.
pub(crate) fn with_value<R>(kind: KeyKind, bytes: &[u8], see: impl FnOnce(ValueRef<'_>) -> R) -> R {
    let int = || i64::from_le_bytes(*bytes.first_chunk().expect("keys of this kind have 8 bytes"));
    match kind {
        KeyKind::Null | KeyKind::Tuple => see(ValueRef::Null),
        KeyKind::False => see(ValueRef::Bool(false)),
        KeyKind::True => see(ValueRef::Bool(true)),
        KeyKind::Int => see(ValueRef::Int(int())),
        KeyKind::Float => see(ValueRef::Float(f64::from_bits(int() as u64))),
        KeyKind::Time => see(ValueRef::Time(int())),
        KeyKind::Duration => see(ValueRef::Duration(int())),
        KeyKind::Text => see(ValueRef::Text(bytes)),
        KeyKind::List | KeyKind::Object => see(read_json(bytes).unwrap_or_default().borrow()),
        KeyKind::BigInt => see(ValueRef::BigInt(BigInt::written(bytes))),
    }
}
