//! Events from other threads: changed files and finished connection attempts.

use std::collections::HashSet;
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use notify::event::{EventKind, ModifyKind};
use notify::{RecommendedWatcher, RecursiveMode, Watcher};

/// Delivers events from any thread and wakes the reader.
pub(super) struct Waker {
    wakeup: Mutex<Events>,
    /// The reader polls the other end.
    waker: UnixStream,
}

/// The events since the last call of [`Waker::take`].
#[derive(Default)]
pub(super) struct Events {
    /// Names of changed files, without directories.
    pub(super) changed: HashSet<OsString>,
    /// True if files were created, removed or renamed.
    pub(super) is_listing_old: bool,
    /// Results of connection attempts, each with the token of its source.
    pub(super) dialed: Vec<(usize, io::Result<File>)>,
    /// The tokens of topics whose messages were fetched.
    pub(super) fetched: Vec<usize>,
}

impl Waker {
    /// Returns a waker, and the socket that becomes readable when it is used.
    pub(super) fn new() -> io::Result<(Arc<Waker>, UnixStream)> {
        let (waker, heard) = UnixStream::pair()?;
        waker.set_nonblocking(true)?;
        heard.set_nonblocking(true)?;
        let wakeup = Mutex::default();
        Ok((Arc::new(Waker { wakeup, waker }), heard))
    }

    /// Adds events and wakes the reader.
    pub(super) fn tell(&self, add: impl FnOnce(&mut Events)) {
        add(&mut self.wakeup.lock().unwrap_or_else(PoisonError::into_inner));
        let _ = (&self.waker).write(&[0]); // if the buffer is full, the reader wakes anyway
    }

    /// Takes all events.
    pub(super) fn take(&self, mut heard: &UnixStream) -> Events {
        let mut rung = [0; 256];
        while heard.read(&mut rung).is_ok_and(|read| read == rung.len()) {}
        std::mem::take(&mut self.wakeup.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Watches directories, if the system supports it.
pub(super) struct FileWatcher {
    watcher: Option<RecommendedWatcher>,
    watched: HashSet<PathBuf>,
}

impl FileWatcher {
    pub(super) fn new(bell: Arc<Waker>) -> FileWatcher {
        let tell = move |event: notify::Result<notify::Event>| {
            let Ok(event) = event else {
                return; // the change is found by polling
            };
            // Opening or reading a file changes nothing.
            let is_listing_old = match event.kind {
                EventKind::Access(_) => return,
                EventKind::Modify(ModifyKind::Name(_)) => true,
                EventKind::Modify(_) => false,
                _ => true,
            };
            bell.tell(|wakeup| {
                wakeup.is_listing_old |= is_listing_old;
                let names = event.paths.iter().filter_map(|path| path.file_name());
                for name in names {
                    if !wakeup.changed.contains(name) {
                        wakeup.changed.insert(name.to_owned());
                    }
                }
            });
        };
        FileWatcher { watcher: notify::recommended_watcher(tell).ok(), watched: HashSet::new() }
    }

    /// Stops watching a directory that was removed, so that a new one of this name can be watched.
    pub(super) fn forget(&mut self, directory: &Path) {
        if self.watched.remove(directory)
            && let Some(watcher) = &mut self.watcher
        {
            let _ = watcher.unwatch(directory); // fails if the system removed the watch already
        }
    }

    /// Watches the files of a directory; returns false if the system cannot.
    pub(super) fn watch(&mut self, directory: &Path) -> bool {
        if self.watched.contains(directory) {
            return true;
        }
        let watches =
            self.watcher.as_mut().is_some_and(|watcher| watcher.watch(directory, RecursiveMode::NonRecursive).is_ok());
        if watches {
            self.watched.insert(directory.to_owned());
        }
        watches
    }
}
