//! The last time that each site has read of each source, carried from chunk to chunk in stream order: a time without a
//! year is resolved against it.
//!
//! Every chunk passes its times once, when it is done. Later chunks are processed meanwhile, and wait here only if they
//! need a time.

use std::collections::BTreeMap;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use crate::data::persist::{StateError, StateReader, Stateful};
use crate::data::{HeapBytes, LastTimes, TimeSite};

use super::message::SourceIndex;
use super::saved_maps::{load_map, save_map};

/// Shared by the workers.
#[derive(Debug, Default)]
pub(super) struct TimesBefore {
    state: Mutex<TimesSoFar>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct TimesSoFar {
    /// All chunks before this one have passed.
    next: u64,
    /// Chunks that have passed before an earlier one.
    ahead: BTreeMap<u64, (SourceIndex, LastTimes)>,
    last: BTreeMap<(SourceIndex, TimeSite), i64>,
}

impl TimesBefore {
    fn lock(&self) -> MutexGuard<'_, TimesSoFar> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets the number of the first chunk.
    pub(super) fn begin_at(&self, sequence: u64) {
        self.lock().next = sequence;
    }

    /// The last time of a site in the earlier chunks of a source. Waits until those have passed; chunks are dispatched
    /// in order, so they are being processed.
    pub(super) fn before(&self, sequence: u64, source: SourceIndex, site: TimeSite) -> Option<i64> {
        let mut state = self.lock();
        while state.next < sequence {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.last.get(&(source, site)).copied()
    }

    /// Passes the last times of a finished chunk.
    pub(super) fn pass(&self, sequence: u64, source: SourceIndex, last: LastTimes) {
        let mut guard = self.lock();
        let state = &mut *guard;
        state.ahead.insert(sequence, (source, last));
        while let Some(entry) = state.ahead.first_entry() {
            if *entry.key() != state.next {
                break;
            }
            let (source, last) = entry.remove();
            let times = last.into_iter().map(|(site, ns)| ((source, site), ns));
            state.last.extend(times);
            state.next += 1;
        }
        drop(guard);
        self.changed.notify_all();
    }
}

/// Saved when all chunks have passed. The number of the first chunk is set by [`TimesBefore::begin_at`], and not saved.
impl Stateful for TimesBefore {
    fn save_state(&self, out: &mut Vec<u8>) {
        save_map(&self.lock().last, out);
    }

    fn load_state(&mut self, input: &mut StateReader<'_>) -> Result<(), StateError> {
        self.lock().last = load_map(input)?;
        Ok(())
    }
}

impl HeapBytes for TimesBefore {
    fn heap_bytes(&self) -> usize {
        self.lock().last.heap_bytes()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::window::check_state::check_state;

    #[test]
    fn loaded_times_go_on_as_the_saved_ones() {
        let saved = TimesBefore::default();
        let (sites, sources) = ([TimeSite::new(), TimeSite::new()], [SourceIndex(0), SourceIndex(9)]);
        saved.pass(0, sources[1], vec![(sites[1], 5), (sites[0], 6)]);
        saved.pass(1, sources[0], vec![(sites[0], 7)]);
        let loaded = check_state(&saved, TimesBefore::default, 0x10, |_| {});
        for (source, site) in sources.into_iter().flat_map(|source| sites.map(|site| (source, site))) {
            assert_eq!(loaded.before(0, source, site), saved.before(2, source, site));
        }
        assert_eq!(loaded.heap_bytes(), saved.heap_bytes());
    }

    #[test]
    fn chunks_pass_in_any_order() {
        let times = Arc::new(TimesBefore::default());
        let (site, source) = (TimeSite::new(), SourceIndex(0));
        let asked = {
            let times = Arc::clone(&times);
            std::thread::spawn(move || times.before(3, source, site))
        };
        times.pass(1, source, vec![(site, 1)]);
        times.pass(2, SourceIndex(1), vec![(site, 2)]);
        times.pass(0, source, vec![(site, 0)]);
        assert_eq!(asked.join().expect("it ends"), Some(1));
        times.pass(3, source, Vec::new());
        assert_eq!(times.before(4, SourceIndex(1), site), Some(2));
        assert_eq!(times.before(4, SourceIndex(2), site), None);
    }
}
