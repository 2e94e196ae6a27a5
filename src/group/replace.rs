//! Replaces the keys of groups, for a table whose number of groups is fixed.

use super::probe::SHORT_BYTES;
use super::table::{GroupTable, Keys};
use crate::data::KeyKind;

impl GroupTable {
    /// Replaces the key of a group with one that no group has.
    pub(crate) fn replace(&mut self, group: u32, kind: KeyKind, bytes: &[u8]) {
        self.remove_from_directory(group);
        self.keys.set(group as usize, kind, bytes);
        let mask = self.directory.len() - 1;
        let mut index = self.home(group);
        while self.directory[index] != 0 {
            index = (index + 1) & mask;
        }
        self.directory[index] = group + 1;
    }

    /// The slot at which the search for a group's key begins.
    fn home(&self, group: u32) -> usize {
        (self.keys.hash(group as usize, self.hasher) >> self.shift) as usize & (self.directory.len() - 1)
    }

    /// Empties the slot of a group and moves later groups into it, so that no search ends before its key (D. Knuth, The
    /// Art of Computer Programming 3, 6.4, algorithm R).
    fn remove_from_directory(&mut self, group: u32) {
        let mask = self.directory.len() - 1;
        let mut empty = self.home(group);
        while self.directory[empty] != group + 1 {
            empty = (empty + 1) & mask;
        }
        let mut index = empty;
        loop {
            index = (index + 1) & mask;
            let slot = self.directory[index];
            if slot == 0 {
                break;
            }
            let from_home = index.wrapping_sub(self.home(slot - 1)) & mask;
            if from_home >= index.wrapping_sub(empty) & mask {
                self.directory[empty] = slot;
                empty = index;
            }
        }
        self.directory[empty] = 0;
    }
}

impl Keys {
    fn set(&mut self, group: usize, kind: KeyKind, bytes: &[u8]) {
        self.add(kind, bytes);
        self.keys.swap_remove(group);
    }

    /// The bytes of long keys, including those of replaced keys.
    pub(super) fn long_bytes(&self) -> usize {
        self.arena.len()
    }

    /// Frees the bytes of replaced keys.
    pub(super) fn tidy(&mut self) {
        let used = self.keys.iter().filter(|key| key.len as usize > SHORT_BYTES).map(|key| key.len as usize);
        let mut arena = Vec::with_capacity(used.sum());
        for key in self.keys.iter_mut().filter(|key| key.len as usize > SHORT_BYTES) {
            let start = arena.len() as u64;
            arena.extend_from_slice(&self.arena[key.high as usize..][..key.len as usize]);
            key.high = start;
        }
        self.arena = arena;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::group::table::NO_GROUP;
    use proptest::prelude::*;
    use std::collections::HashMap;

    proptest! {
        #[test]
        fn every_key_is_found_after_replacements(
            groups in 1u32..40,
            replaced in prop::collection::vec((any::<prop::sample::Index>(), 0usize..30), 0..300),
        ) {
            let mut table = GroupTable::with_capacity(0);
            let mut keys: Vec<String> = (0..groups).map(|group| format!("first {group}")).collect();
            for (group, key) in keys.iter().enumerate() {
                prop_assert_eq!(table.group_of(KeyKind::Text, key.as_bytes()), group as u32);
            }
            for (number, (group, length)) in replaced.iter().enumerate() {
                let group = group.index(keys.len());
                let new = format!("{number}{}", "x".repeat(*length));
                table.replace(group as u32, KeyKind::Text, new.as_bytes());
                let old = std::mem::replace(&mut keys[group], new);
                prop_assert_eq!(table.find(KeyKind::Text, old.as_bytes()), NO_GROUP);
                if number % 7 == 0 {
                    table.keys.tidy();
                }
            }
            table.keys.tidy();
            let long: usize = keys.iter().map(String::len).filter(|len| *len > SHORT_BYTES).sum();
            prop_assert_eq!(table.keys.long_bytes(), long);
            let numbered: HashMap<&String, u32> = keys.iter().zip(0..).collect();
            for (key, group) in numbered {
                prop_assert_eq!(table.find(KeyKind::Text, key.as_bytes()), group);
                prop_assert_eq!(table.group_of(KeyKind::Text, key.as_bytes()), group);
            }
        }
    }
}
