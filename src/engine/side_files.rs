//! Files beside a live stream, such as that of a `lookup`: they are read again when they have changed.
//!
//! No thread waits for that. Whoever has a chunk to process looks first, if nobody has looked for a while: where
//! nothing comes, nobody needs what is new.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, TryLockError};
use std::time::{Duration, Instant};

use super::say;
use crate::data::{escape_controls, reason};
use crate::plan::Plan;
use crate::source::file_version::FileVersion;
use crate::source::read_all;
use crate::stage::SideFile;

/// From look to look: so much costs less than a thousandth of a core.
const INTERVAL: Duration = Duration::from_millis(100);

/// A file that was changed so short a time ago may be changed once more without another stamp, or be half written.
/// Systems stamp files by clocks that tick each 10 ms, or more often.
const SETTLING: Duration = Duration::from_millis(50);

/// A file that was changed so short a time before the run may have been read before that: however large it is, it was
/// read within this time.
const STARTING: Duration = Duration::from_secs(60);

/// All of a plan.
pub(super) struct SideFiles {
    plan: Arc<Plan>,
    quiet: bool,
    began: Instant,
    /// When to look next, in milliseconds since then.
    next_ms: AtomicU64,
    /// What is known of each; nothing of what was no file at the start, such as a pipe: it is read once.
    seen: Mutex<Vec<Option<SeenVersion>>>,
}

/// What was found when somebody last looked.
struct SeenVersion {
    /// Or why there is nothing to read.
    found: Result<FileVersion, String>,
    /// Even if the same is found, it is looked at once more: it was about to change.
    is_open: bool,
}

impl SideFiles {
    /// Those of a plan, if it has any.
    pub(super) fn of(plan: &Arc<Plan>, quiet: bool) -> Option<Arc<SideFiles>> {
        let seen: Vec<Option<SeenVersion>> = plan.side_files().map(SeenVersion::of).collect();
        (!seen.is_empty()).then(|| {
            Arc::new(SideFiles {
                plan: Arc::clone(plan),
                quiet,
                began: Instant::now(),
                next_ms: AtomicU64::new(0),
                seen: Mutex::new(seen),
            })
        })
    }

    /// Reads again what has changed, if nobody has looked for a while.
    pub(super) fn refresh(&self) {
        let now_ms = || u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        if now_ms() < self.next_ms.load(Ordering::Relaxed) {
            return;
        }
        let mut seen = match self.seen.try_lock() {
            Ok(seen) => seen,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return, // another thread is looking
        };
        for (file, seen) in self.plan.side_files().zip(seen.iter_mut()) {
            let message = seen.as_mut().and_then(|seen| seen.look(file));
            if let Some(message) = message.filter(|_| !self.quiet) {
                say(format_args!("{message}; the rows before stay"));
            }
        }
        let next_ms = now_ms().saturating_add(INTERVAL.as_millis() as u64);
        self.next_ms.store(next_ms, Ordering::Relaxed);
    }
}

impl SeenVersion {
    /// What has just been read.
    fn of(file: &dyn SideFile) -> Option<SeenVersion> {
        let found = FileVersion::of(Path::new(file.path())).map_err(|error| reason(&error));
        let (found, is_open) = match found {
            Ok(file_version) => (Ok(file_version?), file_version?.is_within(STARTING)),
            Err(reason) => (Err(reason), true),
        };
        Some(SeenVersion { found, is_open })
    }

    /// Reads the file if it has changed. What to say if that fails, once for each change: while it is being changed,
    /// it is too early for that.
    fn look(&mut self, file: &dyn SideFile) -> Option<String> {
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
                self.is_open = file_version.is_within(SETTLING);
                let read = read_all(file.path().as_ref()).map_err(|reason| unread(&reason));
                let failed = read.and_then(|bytes| file.reload(bytes)).err();
                failed.filter(|_| !self.is_open)
            }
        }
    }
}
