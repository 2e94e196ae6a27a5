//! Runs tasks in parallel, and measures the run: merging uses all cores once the workers have finished a batch.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::aggregate::Executor;
use crate::data::Stopwatch;
use crate::data::budget::Budget;

/// Threads that are started for the duration of the tasks.
#[derive(Clone, Debug)]
pub(super) struct Threads {
    pub(super) count: usize,
    /// The time since the run began.
    pub(super) run: Stopwatch,
    pub(super) budget: Arc<Budget>,
}

impl Executor for Threads {
    fn run(&self, tasks: usize, task: &(dyn Fn(usize) + Sync)) {
        let next = AtomicUsize::new(0);
        let work = || {
            loop {
                let index = next.fetch_add(1, Ordering::Relaxed);
                if index >= tasks {
                    break;
                }
                task(index);
            }
        };
        std::thread::scope(|scope| {
            for _ in 1..self.count.min(tasks) {
                // If the system has no room for more threads, this one does all the work.
                let _ = std::thread::Builder::new().spawn_scoped(scope, work);
            }
            work();
        });
    }

    fn stopwatch(&self) -> Stopwatch {
        self.run.clone()
    }

    fn budget(&self) -> Arc<Budget> {
        Arc::clone(&self.budget)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Runs tasks one after another.
    pub(in crate::engine) struct Serial;

    impl Executor for Serial {
        fn run(&self, tasks: usize, task: &(dyn Fn(usize) + Sync)) {
            (0..tasks).for_each(task);
        }
    }
}
