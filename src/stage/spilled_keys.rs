//! Keys that were seen, in temporary files: for `dedup` over the memory budget.
//!
//! A run of keys is sorted by hash and written in blocks. A filter in memory rejects most keys that are not in the run;
//! for the others the block with their hash is read. The filter is a Bloom filter whose bits for one key are in one
//! word: F. Putze, P. Sanders, J. Singler, *Cache-, Hash- and Space-Efficient Bloom Filters*, WEA 2007.

use std::sync::Arc;

use crate::data::budget::{Block, Budget, Held, SpillFile};
use crate::data::persist::{Persist, StateReader};
use crate::data::{HeapBytes, buffer_bytes};
use crate::group::{GroupTable, Keys, hasher, save_keys};

/// Keys of a block: reading one takes about as long as reading a page.
const BLOCK_KEYS: usize = 128;

/// Bits of the filter for each key, and how many of them are set.
const FILTER_BITS: usize = 12;
const SET_BITS: u32 = 5;

/// Runs of keys in files.
#[derive(Debug)]
pub(super) struct SpilledKeys {
    stage: &'static str,
    runs: Vec<KeyRun>,
    /// The bytes of the filters and of the places of the blocks.
    held: Held,
}

/// Keys in the order of their hashes.
#[derive(Debug)]
struct KeyRun {
    file: Arc<SpillFile>,
    filter: Vec<u64>,
    /// The blocks, each with the hash of its first key.
    blocks: Vec<(u64, Block)>,
}

impl SpilledKeys {
    /// No keys.
    pub(super) fn new(stage: &'static str, budget: &Arc<Budget>) -> SpilledKeys {
        SpilledKeys { stage, runs: Vec::new(), held: budget.hold() }
    }

    /// True if there are no keys.
    pub(super) fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }

    /// The budget.
    pub(super) fn budget(&self) -> &Arc<Budget> {
        self.held.budget()
    }

    /// Bytes that stay in memory.
    pub(super) fn held_bytes(&self) -> usize {
        self.held.bytes()
    }

    /// Writes keys as a run; false if that fails.
    pub(super) fn write(&mut self, keys: &Keys) -> bool {
        let Some(file) = self.held.budget().file(self.stage) else {
            return false;
        };
        let hasher = hasher();
        let mut order: Vec<(u64, u32)> =
            (0..keys.len()).map(|group| (keys.hash(group, hasher), group as u32)).collect();
        order.sort_unstable();
        let words = (keys.len() * FILTER_BITS).div_ceil(64).max(1);
        let mut filter = vec![0; words];
        order.iter().for_each(|(hash, _)| filter[word_of(*hash, words)] |= bits_of(*hash));
        let (mut blocks, mut bytes) = (Vec::new(), Vec::new());
        for some in order.chunks(BLOCK_KEYS) {
            bytes.clear();
            save_keys(some.iter().map(|(_, group)| (keys, *group as usize)), &mut bytes);
            match file.append(&bytes) {
                Some(block) => blocks.push((some[0].0, block)),
                None => return false,
            }
        }
        self.runs.push(KeyRun { file, filter, blocks });
        self.held.set(self.runs.iter().map(|run| buffer_bytes(&run.filter) + buffer_bytes(&run.blocks)).sum());
        true
    }

    /// Returns those of the groups that are in no run, in their order. `keys` are their keys.
    pub(super) fn without_known(&self, keys: &Keys, groups: &[u32]) -> Vec<bool> {
        let hasher = hasher();
        let mut is_new = vec![true; groups.len()];
        let mut wanted: Vec<(u64, usize)> = Vec::new();
        for run in self.runs.iter().rev() {
            wanted.clear();
            let places = (0..groups.len()).filter(|place| is_new[*place]);
            let hashed = places.map(|place| (keys.hash(groups[place] as usize, hasher), place));
            wanted.extend(hashed.filter(|(hash, _)| run.may_have(*hash)));
            wanted.sort_unstable();
            run.find(&wanted, keys, groups, &mut is_new);
        }
        is_new
    }

    /// Adds all keys to a table.
    pub(super) fn add_to(&self, table: &mut GroupTable) {
        let mut buffer = Vec::new();
        for run in &self.runs {
            for (_, block) in &run.blocks {
                if let Some(keys) = run.load(*block, &mut buffer) {
                    for group in 0..keys.len() {
                        table.group_of_stored(&keys, group);
                    }
                }
            }
        }
    }
}

impl KeyRun {
    /// False if no key of the run has this hash.
    fn may_have(&self, hash: u64) -> bool {
        let bits = bits_of(hash);
        self.filter[word_of(hash, self.filter.len())] & bits == bits
    }

    /// Notes which of the wanted keys are in the run: hashes in order, each with its place in `groups`.
    fn find(&self, wanted: &[(u64, usize)], keys: &Keys, groups: &[u32], is_new: &mut [bool]) {
        let (mut buffer, mut open): (Vec<u8>, Option<(usize, Keys)>) = (Vec::new(), None);
        for &(hash, place) in wanted {
            // Keys of one hash may begin at the end of the block before.
            let first = self.blocks.partition_point(|(start, _)| *start < hash).saturating_sub(1);
            let end = self.blocks.partition_point(|(start, _)| *start <= hash);
            for index in first..end {
                if open.as_ref().is_none_or(|(other, _)| *other != index) {
                    open = self.load(self.blocks[index].1, &mut buffer).map(|keys| (index, keys));
                }
                let Some((_, known)) = &open else {
                    continue;
                };
                let (mut one, mut other) = ([0; 16], [0; 16]);
                let key = keys.get(groups[place] as usize, &mut one);
                if (0..known.len()).any(|group| known.get(group, &mut other) == key) {
                    is_new[place] = false;
                    break;
                }
            }
        }
    }

    fn load(&self, block: Block, buffer: &mut Vec<u8>) -> Option<Keys> {
        let keys = Keys::load(&mut StateReader::new(self.file.read(block, buffer)?));
        Some(keys.expect("the checksum shows that these are the bytes that were written"))
    }
}

/// The word of the filter that has the bits of a hash.
fn word_of(hash: u64, words: usize) -> usize {
    ((u128::from(hash) * words as u128) >> 64) as usize
}

/// The bits of a hash in its word; its low bits, because the high ones name the word.
fn bits_of(hash: u64) -> u64 {
    (0..SET_BITS).fold(0, |bits, index| bits | 1 << (hash >> (6 * index) & 63))
}

impl HeapBytes for SpilledKeys {
    fn heap_bytes(&self) -> usize {
        self.held.bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::KeyKind;
    use proptest::prelude::*;

    fn table(numbers: impl Iterator<Item = u32>) -> GroupTable {
        let mut table = GroupTable::with_capacity(0);
        for number in numbers {
            table.group_of(KeyKind::Text, format!("{number:>020}").as_bytes());
        }
        table
    }

    proptest! {
        #[test]
        fn a_key_is_known_if_it_is_in_any_run(
            runs in prop::collection::vec(prop::collection::btree_set(0u32..3000, 0..700), 0..4),
            asked in prop::collection::btree_set(0u32..3000, 0..200),
        ) {
            let mut spilled = SpilledKeys::new("dedup", &Budget::new(1, 1, std::env::temp_dir()));
            for run in &runs {
                prop_assert!(spilled.write(&table(run.iter().copied()).keys));
            }
            let own = table(asked.iter().copied());
            let groups: Vec<u32> = (0..own.len() as u32).collect();
            let expected: Vec<bool> = asked.iter().map(|key| !runs.iter().any(|run| run.contains(key))).collect();
            prop_assert_eq!(spilled.without_known(&own.keys, &groups), expected);
            let mut all = GroupTable::with_capacity(0);
            spilled.add_to(&mut all);
            let distinct: std::collections::BTreeSet<&u32> = runs.iter().flatten().collect();
            prop_assert_eq!(all.len(), distinct.len());
        }
    }
}
