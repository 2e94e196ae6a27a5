//! Keys without records for longer than a limit are forgotten.
//!
//! Whether a key is forgotten is decided for each record, from the largest time of the records so far. Memory is freed
//! later, and when that happens does not affect results.

use crate::data::HeapBytes;
use crate::data::persist::{Persist, StateError, StateReader, Stateful};

/// Sweeping starts at this number of keys, and at twice the number it left the last time.
const SWEEP_GROUPS: usize = 1 << 14;

/// The time of the last record of each key.
#[derive(Debug)]
pub(crate) struct IdleKeys {
    after_ns: i64,
    /// The largest time so far.
    now: i64,
    /// By group.
    seen: Vec<i64>,
    sweep_at: usize,
}

impl IdleKeys {
    /// No key yet; a key is forgotten after this long without records.
    pub(crate) fn new(after_ns: i64) -> Self {
        IdleKeys { after_ns, now: i64::MIN, seen: Vec::new(), sweep_at: SWEEP_GROUPS }
    }

    /// Notes a record of a group at a time in nanoseconds since 1970. Groups are numbered in the order of their first
    /// records. Returns true if the group is new or was forgotten.
    pub(crate) fn visit(&mut self, group: u32, time: i64) -> bool {
        self.now = self.now.max(time);
        match self.seen.get_mut(group as usize) {
            Some(seen) => {
                let is_forgotten = self.now.saturating_sub(*seen) > self.after_ns;
                *seen = self.now;
                is_forgotten
            }
            None => {
                self.seen.push(self.now);
                true
            }
        }
    }

    /// True if a group is not forgotten.
    pub(crate) fn is_known(&self, group: u32) -> bool {
        self.now.saturating_sub(self.seen[group as usize]) <= self.after_ns
    }

    /// The number of groups.
    pub(crate) fn len(&self) -> usize {
        self.seen.len()
    }

    /// Frees forgotten groups if it is time to. Returns the groups that stay, which are renumbered in this order.
    pub(crate) fn sweep(&mut self) -> Option<Vec<u32>> {
        if self.seen.len() < self.sweep_at {
            return None;
        }
        let kept: Vec<u32> = (0..self.seen.len() as u32).filter(|group| self.is_known(*group)).collect();
        self.seen = kept.iter().map(|group| self.seen[*group as usize]).collect();
        self.sweep_at = SWEEP_GROUPS.max(kept.len() * 2);
        Some(kept)
    }
}

impl Stateful for IdleKeys {
    fn save_state(&self, out: &mut Vec<u8>) {
        self.now.save(out);
        (self.sweep_at as u64).save(out);
        self.seen.save(out);
    }

    fn load_state(&mut self, input: &mut StateReader<'_>) -> Result<(), StateError> {
        self.now = i64::load(input)?;
        self.sweep_at = usize::try_from(u64::load(input)?).map_err(|_| StateError::Damaged)?;
        let groups = input.length(size_of::<i64>())?;
        self.seen = input.block(groups, i64::from_le_bytes)?;
        let is_past = self.seen.iter().all(|seen| *seen <= self.now);
        if is_past && self.sweep_at >= SWEEP_GROUPS { Ok(()) } else { Err(StateError::Damaged) }
    }
}

impl HeapBytes for IdleKeys {
    fn heap_bytes(&self) -> usize {
        self.seen.heap_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn bytes(keys: &IdleKeys) -> Vec<u8> {
        let mut out = Vec::new();
        keys.save_state(&mut out);
        out
    }

    proptest! {
        #[test]
        fn loaded_keys_go_on_as_the_saved_ones(visits in prop::collection::vec((0u32..6, 0i64..50), 0..60), cut in 0usize..60) {
            let mut groups = 0;
            let visits: Vec<(u32, i64)> = visits.into_iter().map(|(group, time)| {
                let group = group.min(groups);
                groups = groups.max(group + 1);
                (group, time)
            }).collect();
            let (before, after) = visits.split_at(cut.min(visits.len()));
            let mut keys = IdleKeys::new(10);
            before.iter().for_each(|(group, time)| { keys.visit(*group, *time); });
            let saved = bytes(&keys);
            let mut again = IdleKeys::new(10);
            prop_assert_eq!(again.load_state(&mut StateReader::new(&saved)), Ok(()));
            prop_assert_eq!(again.len(), keys.len());
            prop_assert_eq!(bytes(&again), saved.clone());
            for (group, time) in after {
                prop_assert_eq!(again.visit(*group, *time), keys.visit(*group, *time));
            }
            prop_assert_eq!(bytes(&again), bytes(&keys));
            for end in 0..saved.len() {
                prop_assert!(IdleKeys::new(10).load_state(&mut StateReader::new(&saved[..end])).is_err());
            }
        }
    }

    #[test]
    fn a_silent_key_begins_anew() {
        let mut keys = IdleKeys::new(10);
        assert!(keys.visit(0, 100));
        assert!(!keys.visit(0, 110));
        assert!(keys.visit(1, 105), "a key that is new");
        assert!(!keys.visit(1, 90), "time does not go back");
        assert!(keys.visit(0, 121));
        assert!(!keys.is_known(1));
    }

    #[test]
    fn what_is_swept_was_forgotten() {
        let mut keys = IdleKeys::new(10);
        for group in 0..SWEEP_GROUPS as u32 {
            assert!(keys.visit(group, i64::from(group)));
        }
        let last = SWEEP_GROUPS as u32 - 1;
        assert_eq!(keys.sweep(), Some((last - 10..=last).collect()));
        assert_eq!(keys.sweep(), None);
        assert!(!keys.visit(0, i64::from(last)), "the first one that stayed");
    }
}
