//! The last time that each site has read of each source, carried from chunk to chunk in stream order: a time without a
//! year is resolved against it.
//!
//! Every chunk passes its times once, when it is done. Later chunks are processed meanwhile, and wait here only if they
//! need a time.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use crate::data::{LastTimes, TimeSite};

use super::message::SourceIndex;

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
    last: HashMap<(usize, TimeSite), i64>,
}

impl TimesBefore {
    fn lock(&self) -> MutexGuard<'_, TimesSoFar> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The last time of a site in the earlier chunks of a source. Waits until those have passed; chunks are dispatched
    /// in order, so they are being processed.
    pub(super) fn before(&self, sequence: u64, source: SourceIndex, site: TimeSite) -> Option<i64> {
        let mut state = self.lock();
        while state.next < sequence {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.last.get(&(source.0, site)).copied()
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
            let times = last.into_iter().map(|(site, ns)| ((source.0, site), ns));
            state.last.extend(times);
            state.next += 1;
        }
        drop(guard);
        self.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

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
