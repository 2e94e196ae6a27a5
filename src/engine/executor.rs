//! Tasks side by side: how merging uses the cores when the workers are done with a batch.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::aggregate::Executor;

/// So many threads, for as long as the tasks take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Threads(pub(super) usize);

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
            for _ in 1..self.0.min(tasks) {
                // Where the system has no room for more threads, this one does all the work.
                let _ = std::thread::Builder::new().spawn_scoped(scope, work);
            }
            work();
        });
    }
}
