//! Side files of a live stream, such as that of a `lookup`: reloaded when they change.
//!
//! No thread waits for changes. A worker checks before it processes a chunk, unless another has checked just now:
//! without input no worker needs the new content.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, TryLockError};
use std::time::{Duration, SystemTime};

use super::say;
use crate::data::{Clock, Stopwatch, escape_controls, reason};
use crate::plan::Plan;
use crate::source::file_version::FileVersion;
use crate::source::read_all;
use crate::stage::SideFile;

/// Interval of the checks, which costs less than a thousandth of a core.
const INTERVAL: Duration = Duration::from_millis(100);

/// A file changed this recently may change again without a new time stamp, or be half written. File systems use clocks
/// that tick every 10 ms, or more often.
const SETTLING: Duration = Duration::from_millis(50);

/// A file changed this shortly before the run may have been read before the change: reading takes less than this,
/// however large the file.
const STARTING: Duration = Duration::from_secs(60);

/// The side files of a plan.
pub(super) struct SideFiles {
    plan: Arc<Plan>,
    quiet: bool,
    clock: Arc<dyn Clock>,
    since_start: Stopwatch,
    /// Time of the next check, in milliseconds since the start.
    next_ms: AtomicU64,
    /// The last known version of each; `None` for what was no regular file at the start, such as a pipe: it is read
    /// once.
    seen: Mutex<Vec<Option<SeenVersion>>>,
}

/// The result of the last check.
struct SeenVersion {
    /// The version, or why the file cannot be read.
    found: Result<FileVersion, String>,
    /// Check again even if the version is the same: it may have been about to change.
    is_open: bool,
}

impl SideFiles {
    /// The side files of a plan, or `None`.
    pub(super) fn of(plan: &Arc<Plan>, quiet: bool, clock: &Arc<dyn Clock>) -> Option<Arc<SideFiles>> {
        let seen = plan.side_files().map(|file| SeenVersion::of(file, clock.wall()));
        let seen: Vec<Option<SeenVersion>> = seen.collect();
        (!seen.is_empty()).then(|| {
            Arc::new(SideFiles {
                plan: Arc::clone(plan),
                quiet,
                clock: Arc::clone(clock),
                since_start: Stopwatch::start(clock),
                next_ms: AtomicU64::new(0),
                seen: Mutex::new(seen),
            })
        })
    }

    /// Reloads changed files, unless they were checked just now.
    pub(super) fn refresh(&self) {
        let now_ms = || u64::try_from(self.since_start.time().as_millis()).unwrap_or(u64::MAX);
        if now_ms() < self.next_ms.load(Ordering::Relaxed) {
            return;
        }
        let mut seen = match self.seen.try_lock() {
            Ok(seen) => seen,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return, // another thread is checking
        };
        for (file, seen) in self.plan.side_files().zip(seen.iter_mut()) {
            let message = seen.as_mut().and_then(|seen| seen.look(file, self.clock.wall()));
            if let Some(message) = message.filter(|_| !self.quiet) {
                say(format_args!("{message}; the rows before stay"));
            }
        }
        let next_ms = now_ms().saturating_add(INTERVAL.as_millis() as u64);
        self.next_ms.store(next_ms, Ordering::Relaxed);
    }
}

impl SeenVersion {
    /// The version that has just been read.
    fn of(file: &dyn SideFile, now: SystemTime) -> Option<SeenVersion> {
        let found = FileVersion::of(Path::new(file.path())).map_err(|error| reason(&error));
        let (found, is_open) = match found {
            Ok(file_version) => (Ok(file_version?), file_version?.is_within(STARTING, now)),
            Err(reason) => (Err(reason), true),
        };
        Some(SeenVersion { found, is_open })
    }

    /// Reloads the file if it has changed. Returns a message if that fails, once per change; a file that is being
    /// changed gives none.
    fn look(&mut self, file: &dyn SideFile, now: SystemTime) -> Option<String> {
        let found = match FileVersion::of(Path::new(file.path())) {
            Ok(Some(file_version)) => Ok(file_version),
            Ok(None) => Err("it is no file".to_owned()),
            Err(error) => Err(reason(&error)),
        };
        let is_same = found == self.found;
        if is_same && !self.is_open {
            return None;
        }
        self.found = found;
        let unread = |reason: &str| {
            let name = escape_controls(file.path());
            format!("{name} cannot be read: {reason}")
        };
        match &self.found {
            Err(reason) => {
                self.is_open = !is_same;
                is_same.then(|| unread(reason))
            }
            Ok(file_version) => {
                self.is_open = file_version.is_within(SETTLING, now);
                let read = read_all(file.path().as_ref()).map_err(|reason| unread(&reason));
                let failed = read.and_then(|bytes| file.reload(bytes)).err();
                failed.filter(|_| !self.is_open)
            }
        }
    }
}
