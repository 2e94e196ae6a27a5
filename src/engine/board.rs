//! How many records came before a chunk: for `@number`, which counts through all of a source.

use std::collections::BTreeMap;
use std::sync::{Condvar, Mutex, PoisonError};

use super::message::SourceIndex;

/// Counts in the order of chunks, whoever reads them.
#[derive(Debug, Default)]
pub(super) struct Board {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// The first chunk whose count is not known.
    next: u64,
    /// Records of the source of chunk `next - 1` before chunk `next`.
    before: u64,
    source: Option<SourceIndex>,
    /// Counts of chunks behind `next`.
    early: BTreeMap<u64, (SourceIndex, u64)>,
    /// What stood before chunks that are known but not asked for yet.
    known: BTreeMap<u64, u64>,
}

impl Board {
    /// Says how many records a chunk has, and waits until those before it are known: the number of records
    /// of its source that came before. Chunks are handed out in order, so the ones before are being counted.
    pub(super) fn records_before(&self, sequence: u64, source: SourceIndex, records: u64) -> u64 {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.early.insert(sequence, (source, records));
        while let Some((source, records)) = {
            let next = state.next;
            state.early.remove(&next)
        } {
            if state.source != Some(source) {
                (state.source, state.before) = (Some(source), 0);
            }
            let (next, before) = (state.next, state.before);
            state.known.insert(next, before);
            state.before += records;
            state.next += 1;
        }
        self.changed.notify_all();
        loop {
            if let Some(before) = state.known.remove(&sequence) {
                return before;
            }
            state = self
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }
}
