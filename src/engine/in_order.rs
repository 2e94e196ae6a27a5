//! Work that must be done in the order of the stream, by whoever reads it: chunk after chunk, each worker does
//! its own when those before are done.

use std::sync::{Condvar, Mutex, PoisonError};

/// What is carried from chunk to chunk.
#[derive(Debug)]
pub(super) struct InOrder<S> {
    state: Mutex<(u64, S)>,
    changed: Condvar,
}

impl<S> InOrder<S> {
    pub(super) fn new(state: S) -> Self {
        InOrder { state: Mutex::new((0, state)), changed: Condvar::new() }
    }

    /// Waits until all chunks before this one have had their turn, then takes it. Every chunk takes its turn
    /// once; chunks are handed out in order, so those before are under way.
    pub(super) fn take<R>(&self, sequence: u64, turn: impl FnOnce(&mut S) -> R) -> R {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        while state.0 < sequence {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        let result = turn(&mut state.1);
        state.0 = sequence + 1;
        drop(state);
        self.changed.notify_all();
        result
    }
}
