//! The order of groups: largest first by the first aggregate, ties by key ascending, nulls last.

use std::cmp::Ordering;

use crate::data::{Column, KeyKind, Rank, ValueRef};
use crate::group::{Keys, compare_keys, largest_first, parts, with_value};

/// The order of a result's groups, and the number of them that are needed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ranking {
    /// Only the first `limit` rows are read.
    pub limit: Option<usize>,
    /// True if no later stage depends on the order.
    pub unordered: bool,
}

/// A group with as much of its sort key as fits into two words.
#[derive(Clone, Copy, Debug)]
pub(super) struct RankedGroup {
    /// Sorts ascending: the first aggregate, inverted.
    rank: u64,
    /// Sorts ascending: the prefix of the first key.
    tie: u64,
    pub(super) set: u32,
    pub(super) group: u32,
}

/// The groups of one partition with the results of their first aggregate, for comparison.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ranked<'r> {
    pub(super) keys: &'r Keys,
    pub(super) first: &'r Column<'static>,
}

impl Ranked<'_> {
    /// Returns the ranked form of a group.
    pub(super) fn candidate(&self, set: u32, group: u32) -> RankedGroup {
        let rank = match self.first.get(group as usize) {
            ValueRef::Int(value) => !(value as u64 ^ 1 << 63),
            _ => 0, // the full comparison decides
        };
        let (kind, bytes) = (&mut [0; 16], group as usize);
        let (kind, bytes) = self.keys.get(bytes, kind);
        let (kind, bytes) =
            if kind == KeyKind::Tuple { parts(bytes).next().unwrap_or((kind, bytes)) } else { (kind, bytes) };
        RankedGroup { rank, tie: tie(kind, bytes), set, group }
    }
}

/// Compares two groups, each from its set.
pub(super) fn compare(left: &RankedGroup, right: &RankedGroup, sets: &[Ranked<'_>]) -> Ordering {
    let (left_set, right_set) = (&sets[left.set as usize], &sets[right.set as usize]);
    let is_exact = |column: &Column<'_>| matches!(column, Column::Int(_, valid) if valid.is_all());
    let by_rank = if is_exact(left_set.first) && is_exact(right_set.first) {
        left.rank.cmp(&right.rank)
    } else {
        largest_first(left_set.first.get(left.group as usize), right_set.first.get(right.group as usize))
    };
    by_rank.then(left.tie.cmp(&right.tie)).then_with(|| {
        let (mut left_short, mut right_short) = ([0; 16], [0; 16]);
        let left = left_set.keys.get(left.group as usize, &mut left_short);
        let right = right_set.keys.get(right.group as usize, &mut right_short);
        compare_keys(left, right)
    })
}

/// Returns a word that sorts like a prefix of the key; equal words decide nothing.
fn tie(kind: KeyKind, bytes: &[u8]) -> u64 {
    with_value(kind, bytes, |value| match Rank::of(value) {
        Rank::Bool(_) => 0,
        Rank::Int(value) => number_word(value as f64),
        Rank::Big(value) => number_word(value.to_f64()),
        Rank::Float(value) => number_word(value),
        Rank::Duration(_) | Rank::Time(_) => 1 << 62,
        Rank::Text(text) => {
            let mut window = [0; 8];
            let len = text.len().min(8);
            window[..len].copy_from_slice(&text[..len]);
            2 << 62 | u64::from_be_bytes(window) >> 2
        }
        Rank::Null => u64::MAX,
        Rank::List(_) | Rank::Object(_) => 3 << 62,
    })
}

/// Returns a float's bits rearranged to sort as floats do; the two lowest are dropped.
fn number_word(value: f64) -> u64 {
    let bits = (value + 0.0).to_bits(); // -0 becomes 0
    let ordered = if bits >> 63 == 1 { !bits } else { bits | 1 << 63 };
    ordered >> 2
}
