//! Short keys: loaded as two words, hashed, and looked up a block at a time.

use crate::data::{KeyKind, Span};

/// Bytes of a key that are stored in place.
pub(super) const SHORT_BYTES: usize = 16;

/// Rows that are looked up together.
pub(super) const PROBES: usize = 128;

/// Stands for the length of a key that is null, longer than a short one, or too near to the end of the bytes.
pub(super) const LONG: u32 = u32::MAX;

/// A row on its way through the table.
#[derive(Clone, Copy, Default)]
pub(super) struct Probe {
    pub(super) low: u64,
    pub(super) high: u64,
    pub(super) hash: u64,
    pub(super) len: u32,
    /// The group whose key is to be compared; then the group, or `u32::MAX`.
    pub(super) candidate: u32,
}

impl Probe {
    #[inline(always)]
    /// A text, or what stands for one that is no short key.
    pub(super) fn of(span: Span, bytes: &[u8]) -> Probe {
        let len = span.len as usize;
        // A load of 16 bytes, of which the mask keeps the text: only near the end of the bytes is there no room.
        match bytes
            .get(span.start as usize..)
            .and_then(|rest| rest.first_chunk::<SHORT_BYTES>())
        {
            Some(window) if len <= SHORT_BYTES => {
                let word = u128::from_le_bytes(*window) & MASKS[len];
                let (low, high) = (word as u64, (word >> 64) as u64);
                Probe {
                    low,
                    high,
                    hash: hash_short(low, high, span.len, KeyKind::Text),
                    len: span.len,
                    candidate: 0,
                }
            }
            _ => Probe {
                len: LONG,
                ..Probe::default()
            },
        }
    }
}

/// Keeps the first `len` of 16 bytes.
const MASKS: [u128; SHORT_BYTES + 1] = {
    let mut masks = [0; SHORT_BYTES + 1];
    let mut len = 1;
    while len <= SHORT_BYTES {
        masks[len] = u128::MAX >> (8 * (SHORT_BYTES - len));
        len += 1;
    }
    masks
};

/// The hash of a short key: two words folded by one multiplication.
#[inline(always)]
pub(super) fn hash_short(low: u64, high: u64, len: u32, kind: KeyKind) -> u64 {
    let left = low ^ 0x9e37_79b9_7f4a_7c15;
    let right = high
        ^ (u64::from(len) << 8 | kind as u64).wrapping_mul(0xd6e8_feb8_6659_fd93)
        ^ 0xa076_1d64_78bd_642f;
    let product = u128::from(left) * u128::from(right);
    let folded = (product as u64) ^ (product >> 64) as u64;
    folded.wrapping_mul(0x9fb2_1c65_1e98_df25)
}
