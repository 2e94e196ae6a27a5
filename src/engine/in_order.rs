//! Steps that run in stream order on whichever worker has the chunk: each waits for the steps of the chunks before.

use std::sync::{Condvar, Mutex, PoisonError};

/// State that is passed from chunk to chunk.
#[derive(Debug)]
pub(super) struct InOrder<S> {
    state: Mutex<(u64, S)>,
    changed: Condvar,
}

impl<S> InOrder<S> {
    pub(super) fn new(state: S) -> Self {
        InOrder { state: Mutex::new((0, state)), changed: Condvar::new() }
    }

    /// Runs the chunk's step after those of all chunks before it. Every chunk must run one step; chunks are dispatched
    /// in order, so the earlier ones are being processed.
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

    /// Reads the state between two steps.
    pub(super) fn look<R>(&self, read: impl FnOnce(&S) -> R) -> R {
        read(&self.state.lock().unwrap_or_else(PoisonError::into_inner).1)
    }

    /// Sets the number of the first step, before any: a run that goes on where another one ended numbers its chunks on.
    pub(super) fn begin_at(&mut self, sequence: u64) {
        self.state.get_mut().unwrap_or_else(PoisonError::into_inner).0 = sequence;
    }

    /// The state before the first step.
    pub(super) fn get_mut(&mut self) -> &mut S {
        &mut self.state.get_mut().unwrap_or_else(PoisonError::into_inner).1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_run_in_the_order_of_the_chunks_on_any_thread() {
        let steps = InOrder::new(Vec::new());
        // Each thread has every third chunk and begins with its own first one.
        std::thread::scope(|scope| {
            for first in [2, 1, 0] {
                let steps = &steps;
                scope.spawn(move || {
                    for sequence in (first..30).step_by(3) {
                        let before = steps.take(sequence, |seen: &mut Vec<u64>| {
                            seen.push(sequence);
                            seen.len() as u64 - 1
                        });
                        assert_eq!(before, sequence, "the step returns its own result");
                        assert!(steps.look(Vec::len) > sequence as usize);
                    }
                });
            }
        });
        assert_eq!(steps.look(Vec::clone), (0..30).collect::<Vec<u64>>());
    }
}
