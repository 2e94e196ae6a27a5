//! Short keys: loaded as two words, hashed, and looked up a block at a time.

use super::hasher::{ShortSeed, hash_short};
use crate::data::{KeyKind, TextSpan};

/// Bytes of a key that are stored in place.
pub(super) const SHORT_BYTES: usize = 16;

/// Rows that are looked up together.
pub(super) const PROBES: usize = 128;

/// The length of a key that is null, longer than a short one, or too near to the end of the bytes.
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
    /// The probe of a text, or a placeholder if it is not a short key.
    pub(super) fn of(span: TextSpan, bytes: &[u8], seed: ShortSeed) -> Probe {
        let len = span.len as usize;
        // A load of 16 bytes, of which the mask keeps the text: only near the end of the bytes is there no room.
        match bytes.get(span.start as usize..).and_then(|rest| rest.first_chunk::<SHORT_BYTES>()) {
            Some(window) if len <= SHORT_BYTES => {
                let word = u128::from_le_bytes(*window) & MASKS[len];
                let (low, high) = (word as u64, (word >> 64) as u64);
                Probe {
                    low,
                    high,
                    hash: hash_short(seed, low, high, span.len, KeyKind::Text),
                    len: span.len,
                    candidate: 0,
                }
            }
            _ => Probe { len: LONG, ..Probe::default() },
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
