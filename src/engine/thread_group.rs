//! The threads of a run: all are joined before it returns.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};

/// The name and the work of a thread that has not been started.
pub(super) type UnstartedThread = (String, Box<dyn FnOnce() + Send>);

/// Threads that run, or have ended.
#[derive(Debug, Default)]
pub(super) struct ThreadGroup {
    started: Mutex<Vec<JoinHandle<()>>>,
}

impl ThreadGroup {
    /// Starts threads. Stops at the first that the system has no room for.
    pub(super) fn start(&self, threads: Vec<UnstartedThread>) -> io::Result<()> {
        for (name, work) in threads {
            let thread = Builder::new().name(name).spawn(work)?;
            self.started.lock().unwrap_or_else(PoisonError::into_inner).push(thread);
        }
        Ok(())
    }

    /// Waits until all threads have ended, also those that are started by others of the group.
    pub(super) fn join(&self) {
        loop {
            let thread = self.started.lock().unwrap_or_else(PoisonError::into_inner).pop();
            match thread {
                Some(thread) => {
                    let _ = thread.join(); // a panic has printed its message
                }
                None => break,
            }
        }
    }
}

/// Threads of a group that are started later, or never.
#[derive(Default)]
pub(super) struct IdleThreads {
    pub(super) group: Arc<ThreadGroup>,
    pub(super) threads: Vec<UnstartedThread>,
}

impl IdleThreads {
    /// Starts them, unless they were started before.
    pub(super) fn start(&mut self) {
        // If the system cannot start more threads, the running ones do all the work.
        let _ = self.group.start(std::mem::take(&mut self.threads));
    }
}

/// Starts a thread that may block where nothing can wake it, so it is not joined: an attempt to connect looks up a name
/// and may wait for the network. It only sends its result to a channel or waker that it owns a part of.
pub(super) fn start_detached(name: &str, work: impl FnOnce() + Send + 'static) -> io::Result<()> {
    Builder::new().name(name.to_owned()).spawn(work).map(drop)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn threads_that_start_others_are_joined_with_them() {
        let group = Arc::new(ThreadGroup::default());
        let ended = Arc::new(AtomicUsize::new(0));
        let count = |ended: &Arc<AtomicUsize>| {
            let ended = Arc::clone(ended);
            move || {
                std::thread::yield_now();
                ended.fetch_add(1, Ordering::SeqCst);
            }
        };
        let later: Vec<UnstartedThread> =
            (0..3).map(|n| (format!("later {n}"), Box::new(count(&ended)) as _)).collect();
        let mut idle = IdleThreads { group: Arc::clone(&group), threads: later };
        let first = count(&ended);
        let starts_others = move || {
            first();
            idle.start();
            idle.start();
        };
        group.start(vec![("first".to_owned(), Box::new(starts_others))]).expect("there is room");
        group.join();
        assert_eq!(ended.load(Ordering::SeqCst), 4);
        group.join();
    }
}
