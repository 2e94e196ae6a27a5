//! Values as 128 bits, so that a set of them is a vector of words.
//!
//! A value of at most 15 bytes is its own fingerprint: kind, length and bytes. A longer one is hashed to 120 bits;
//! among 100 million values two of them collide with a probability of 1 in 10^20. The hash is the folded
//! multiplication of wyhash, the same on every machine.

use std::hash::Hasher;

use crate::data::{KeyKind, ValueRef, encode_key};
use crate::group::{is_key, process_seed};

/// Maximum length of a value that is its own fingerprint.
const SHORT_BYTES: usize = 15;

/// Returns the fingerprint of a value; equal values have equal fingerprints. Never 0, which stands for an empty
/// entry.
#[inline]
pub(super) fn fingerprint(value: ValueRef<'_>) -> u128 {
    match value {
        ValueRef::Text(bytes) => of_bytes(KeyKind::Text, bytes),
        ValueRef::Int(value) => u128::from(value as u64) | tag(KeyKind::Int, 8),
        _ => {
            let mut bytes = Vec::with_capacity(16);
            let kind = encode_key(value, &mut bytes);
            of_bytes(kind, &bytes)
        }
    }
}

/// Returns the kind and bytes of a short value from its fingerprint; `window` is scratch space.
pub(super) fn value_of(fingerprint: u128, window: &mut [u8; 16]) -> Option<(KeyKind, &[u8])> {
    *window = fingerprint.to_le_bytes();
    let (kind, len) = (window[15] >> 4, window[15] & 15);
    (kind <= KeyKind::Tuple as u8).then(|| (KeyKind::from_u8(kind), &window[..usize::from(len)]))
}

/// True if a value has this fingerprint.
pub(super) fn is_fingerprint(fingerprint: u128) -> bool {
    let mut window = [0; 16];
    match value_of(fingerprint, &mut window) {
        Some((kind, bytes)) => fingerprint != 0 && is_key(kind, bytes) && of_bytes(kind, bytes) == fingerprint,
        None => fingerprint >> 120 == u128::from(LONG) << 4,
    }
}

#[inline]
fn of_bytes(kind: KeyKind, bytes: &[u8]) -> u128 {
    if bytes.len() > SHORT_BYTES {
        return of_long(kind, bytes);
    }
    let mut window = [0; 16];
    window[..bytes.len()].copy_from_slice(bytes);
    u128::from_le_bytes(window) | tag(kind, bytes.len())
}

/// Marks longer values in place of their kind; no kind has this number.
const LONG: u8 = 15;

/// The upper byte.
#[inline]
fn tag(kind: KeyKind, len: usize) -> u128 {
    u128::from((kind as u8) << 4 | len as u8) << 120
}

#[inline(never)]
fn of_long(kind: KeyKind, bytes: &[u8]) -> u128 {
    let mut left = FIRST ^ kind as u64;
    let mut right = SECOND ^ bytes.len() as u64;
    for chunk in bytes.chunks(16) {
        let mut window = [0; 16];
        window[..chunk.len()].copy_from_slice(chunk);
        let word = u128::from_le_bytes(window);
        let (low, high) = (word as u64, (word >> 64) as u64);
        left = fold(left ^ low, high ^ THIRD);
        right = fold(right ^ high, low.rotate_left(29) ^ FOURTH);
    }
    let (low, high) = (mix(left ^ right.rotate_left(32)), mix(right ^ SECOND));
    let hash = u128::from(low) | u128::from(high) << 64;
    hash >> 8 | u128::from(LONG) << 124
}

/// Hashes fingerprints for a map, seeded per process: input that collides cannot be prepared.
#[derive(Clone, Debug, Default)]
pub(super) struct FingerprintHasher(u64);

impl Hasher for FingerprintHasher {
    fn write_u128(&mut self, fingerprint: u128) {
        let (left, right) = process_seed();
        let (low, high) = (fingerprint as u64, (fingerprint >> 64) as u64);
        self.0 = mix(fold(low ^ left, high ^ right));
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 = of_long(KeyKind::Null, bytes) as u64;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// Reduces a fingerprint to 64 evenly distributed bits.
#[inline]
pub(super) fn hash(fingerprint: u128) -> u64 {
    let (low, high) = (fingerprint as u64, (fingerprint >> 64) as u64);
    mix(low ^ mix(high ^ FIRST))
}

#[inline]
fn fold(left: u64, right: u64) -> u64 {
    let product = u128::from(left) * u128::from(right);
    product as u64 ^ (product >> 64) as u64
}

/// A bijection that scatters 64 bits (the finalizer of MurmurHash3).
#[inline]
fn mix(mut word: u64) -> u64 {
    word = (word ^ word >> 33).wrapping_mul(0xff51_afd7_ed55_8ccd);
    word = (word ^ word >> 33).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    word ^ word >> 33
}

const FIRST: u64 = 0x9e37_79b9_7f4a_7c15;
const SECOND: u64 = 0xa076_1d64_78bd_642f;
const THIRD: u64 = 0xe703_7ed1_a0b4_28db;
const FOURTH: u64 = 0x8ebc_6af0_9c88_c6e3;

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn told_apart_by_type_and_value() {
        let fingerprints = |values: &[ValueRef<'_>]| {
            let set: HashSet<u128> = values.iter().map(|value| fingerprint(*value)).collect();
            set.len()
        };
        assert_eq!(fingerprints(&[ValueRef::Int(1), ValueRef::Float(1.0)]), 1);
        let long = vec![b'x'; 100];
        let all = [
            ValueRef::Int(1),
            ValueRef::Text(b"1"),
            ValueRef::Text(b""),
            ValueRef::Text(b"\0"),
            ValueRef::Bool(false),
            ValueRef::Bool(true),
            ValueRef::Float(1.5),
            ValueRef::Time(1),
            ValueRef::Duration(1),
            ValueRef::Text(&long),
            ValueRef::Text(&long[1..]),
        ];
        assert_eq!(fingerprints(&all), all.len());
        for value in all {
            let (print, mut bytes) = (fingerprint(value), Vec::new());
            let kind = encode_key(value, &mut bytes);
            let expected = (bytes.len() <= SHORT_BYTES).then_some((kind, &bytes[..]));
            assert_eq!(value_of(print, &mut [0; 16]), expected);
            assert_ne!(print, 0);
        }
    }

    #[test]
    fn long_texts_differ() {
        let texts: Vec<String> = (0..100_000).map(|i| format!("/a/rather/long/path/{i}/x")).collect();
        let set: HashSet<u128> = texts.iter().map(|text| fingerprint(ValueRef::Text(text.as_bytes()))).collect();
        assert_eq!(set.len(), texts.len());
    }
}
