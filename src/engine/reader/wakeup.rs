//! What other threads tell the reader: files that have changed, connections that were made.

use std::collections::HashSet;
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use notify::event::{EventKind, ModifyKind};
use notify::{RecommendedWatcher, RecursiveMode, Watcher};

/// Takes news on any thread.
pub(super) struct Waker {
    wakeup: Mutex<Events>,
    /// The reader waits at its other end.
    waker: UnixStream,
}

/// What has happened since the reader last asked.
#[derive(Default)]
pub(super) struct Events {
    /// Names of files that have changed, without their directories.
    pub(super) changed: HashSet<OsString>,
    /// Files have come, gone or been renamed.
    pub(super) is_listing_old: bool,
    /// Connections that were made, or not, each for whom.
    pub(super) dialed: Vec<(usize, io::Result<File>)>,
}

impl Waker {
    /// A bell and where it is heard.
    pub(super) fn new() -> io::Result<(Arc<Waker>, UnixStream)> {
        let (waker, heard) = UnixStream::pair()?;
        waker.set_nonblocking(true)?;
        heard.set_nonblocking(true)?;
        let wakeup = Mutex::default();
        Ok((Arc::new(Waker { wakeup, waker }), heard))
    }

    /// Adds to the news.
    pub(super) fn tell(&self, add: impl FnOnce(&mut Events)) {
        add(&mut self.wakeup.lock().unwrap_or_else(PoisonError::into_inner));
        let _ = (&self.waker).write(&[0]); // a full pipe wakes as well
    }

    /// Takes all news.
    pub(super) fn take(&self, mut heard: &UnixStream) -> Events {
        let mut rung = [0; 256];
        while heard.read(&mut rung).is_ok_and(|read| read == rung.len()) {}
        std::mem::take(&mut self.wakeup.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Watches directories, where the system can do that.
pub(super) struct FileWatcher {
    watcher: Option<RecommendedWatcher>,
    watched: HashSet<PathBuf>,
}

impl FileWatcher {
    pub(super) fn new(bell: Arc<Waker>) -> FileWatcher {
        let tell = move |event: notify::Result<notify::Event>| {
            let Ok(event) = event else {
                return; // whatever it was, it will be looked at in a while
            };
            // That a file was opened, or read, says nothing.
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

    /// A directory is not there any more: one that comes in its place is not watched yet.
    pub(super) fn forget(&mut self, directory: &Path) {
        if self.watched.remove(directory)
            && let Some(watcher) = &mut self.watcher
        {
            let _ = watcher.unwatch(directory); // the system has forgotten it already
        }
    }

    /// Watches what is in a directory; whether the system does.
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
