//! Keys without records for longer than a limit are forgotten.
//!
//! Whether a key is forgotten is decided for each record, from the largest time of the records so far. Memory is freed
//! later, and when that happens does not affect results.

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

#[cfg(test)]
mod tests {
    use super::*;

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
