//! Hashing of keys with a random seed per process, so that no input can be made of keys that all collide. All tables
//! of a process use the same seed, so that their partitions agree. Results are ordered by keys and values and never
//! depend on a hash.

use std::hash::BuildHasher;
use std::sync::OnceLock;

use ahash::RandomState;

use crate::data::KeyKind;

/// The hash functions of keys.
#[derive(Clone, Debug)]
pub(crate) struct KeyHasher {
    pub(super) short: ShortSeed,
    pub(crate) long: RandomState,
}

/// The seed of short keys.
#[derive(Clone, Copy, Debug)]
pub(super) struct ShortSeed {
    low: u64,
    high: u64,
}

/// The hash functions of this process.
pub(crate) fn hasher() -> &'static KeyHasher {
    static HASHER: OnceLock<KeyHasher> = OnceLock::new();
    HASHER.get_or_init(|| {
        // The standard library asks the system for random numbers.
        let random = std::collections::hash_map::RandomState::new();
        KeyHasher::seeded(|number| random.hash_one(number))
    })
}

/// Two random words of this process, for maps with a hash function of their own.
pub(crate) fn process_seed() -> (u64, u64) {
    static SEED: OnceLock<(u64, u64)> = OnceLock::new();
    *SEED.get_or_init(|| {
        let random = std::collections::hash_map::RandomState::new();
        (random.hash_one(0u64), random.hash_one(1u64))
    })
}

impl KeyHasher {
    /// With six seeds.
    pub(super) fn seeded(seed: impl Fn(u64) -> u64) -> KeyHasher {
        KeyHasher {
            short: ShortSeed { low: seed(0), high: seed(1) },
            long: RandomState::with_seeds(seed(2), seed(3), seed(4), seed(5)),
        }
    }
}

/// The hash of a short key: two words folded by one multiplication, as in wyhash.
#[inline(always)]
pub(super) fn hash_short(seed: ShortSeed, low: u64, high: u64, len: u32, kind: KeyKind) -> u64 {
    let left = low ^ seed.low;
    let right = high ^ (u64::from(len) << 8 | kind as u64).wrapping_mul(0xd6e8_feb8_6659_fd93) ^ seed.high;
    let product = u128::from(left) * u128::from(right);
    let folded = (product as u64) ^ (product >> 64) as u64;
    folded.wrapping_mul(0x9fb2_1c65_1e98_df25)
}
