//! The memory budget of a run (`--memory`): what grows with the input is counted, and over the budget it is written to
//! temporary files.
//!
//! Holders measure their state from time to time ([`Held::set`]), never per row. A holder that finds the budget exceeded
//! writes its own state to a file if it can, and otherwise ends the input with [`Budget::fail`]: the results so far are
//! printed, with an error.

mod batch_queue;
mod limits;
mod sorted_runs;
mod spill_file;
mod stored_batch;

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, Weak};

pub use batch_queue::BatchQueue;
pub use limits::available_memory;
pub use sorted_runs::{Merge, SortedRun, SortedRuns};
pub use spill_file::{Block, SpillFile};
pub use stored_batch::StoredBatch;

/// The part of the budget that state may use; the rest is for buffers, and for memory that the allocator cannot reuse.
const STATE_SHARE: f64 = 0.7;

/// A larger file is not continued, unless there would be more than this many.
const FILE_BYTES: u64 = 256 << 20;
const MOST_FILES: u64 = 64;

/// State that cannot be written to files may use this much, even if the budget is smaller.
const LEAST_BYTES: usize = 1 << 20;

/// The memory budget of a run, shared by everything that holds state.
#[derive(Debug)]
pub struct Budget {
    /// The size as the user knows it.
    size: usize,
    /// State may use this many bytes; [`usize::MAX`] without a limit.
    limit: usize,
    /// The number of threads, each of which holds state.
    threads: usize,
    used: AtomicUsize,
    /// Where temporary files are created.
    directory: PathBuf,
    /// Bytes that may still be written, for tests of a full disk.
    room: AtomicU64,
    /// Bytes written, by the name of the stage.
    spilled: Mutex<BTreeMap<&'static str, u64>>,
    /// The file that each stage writes to, while anything in it is needed.
    files: Mutex<BTreeMap<&'static str, Weak<SpillFile>>>,
    failure: OnceLock<String>,
}

impl Budget {
    /// A budget of `size` bytes for this number of threads; files are created in `directory`.
    pub fn new(size: usize, threads: usize, directory: impl Into<PathBuf>) -> Arc<Budget> {
        Arc::new(Budget {
            size,
            limit: (size as f64 * STATE_SHARE) as usize,
            threads: threads.max(1),
            used: AtomicUsize::new(0),
            directory: directory.into(),
            room: AtomicU64::new(u64::MAX),
            spilled: Mutex::default(),
            files: Mutex::default(),
            failure: OnceLock::new(),
        })
    }

    /// A budget without a limit.
    pub fn unlimited() -> Arc<Budget> {
        let mut budget = Budget::new(0, 1, "");
        if let Some(budget) = Arc::get_mut(&mut budget) {
            budget.limit = usize::MAX;
        }
        budget
    }

    /// A budget whose directory is full after `room` bytes.
    #[cfg(test)]
    pub(crate) fn with_room(size: usize, room: u64) -> Arc<Budget> {
        let mut budget = Budget::new(size, 2, std::env::temp_dir());
        if let Some(budget) = Arc::get_mut(&mut budget) {
            budget.room = AtomicU64::new(room);
        }
        budget
    }

    /// Bytes that state may use.
    pub fn limit(&self) -> usize {
        self.limit
    }

    /// Bytes that a thread may use while all threads work on tasks of their own.
    pub fn limit_per_thread(&self) -> usize {
        self.limit / self.threads
    }

    /// True if there is no limit.
    pub fn is_unlimited(&self) -> bool {
        self.limit == usize::MAX
    }

    /// True if more is used than allowed.
    pub fn is_exceeded(&self) -> bool {
        self.used.load(Ordering::Relaxed) > self.limit
    }

    /// True if the budget is exceeded and a holder of this many bytes should write them to a file: others hold more than
    /// a holder of a small part.
    pub fn must_spill(&self, held: usize) -> bool {
        self.is_exceeded() && held > 0 && held >= self.limit / (8 * self.threads)
    }

    /// True if the budget is exceeded and a holder of this many bytes that cannot be written to a file must end the input.
    pub fn must_end(&self, held: usize) -> bool {
        self.is_exceeded() && held >= LEAST_BYTES.max(self.limit / (2 * self.threads))
    }

    /// The number of rows after which a holder of this many bytes measures them again. Measuring takes time in
    /// proportion to the bytes.
    pub fn rows_until_measured(&self, held: usize) -> usize {
        match self.is_unlimited() {
            true => usize::MAX,
            false => (self.limit / 512).clamp(1, 1 << 16).max(held / 128),
        }
    }

    /// Starts counting the bytes of a holder.
    pub fn hold(self: &Arc<Self>) -> Held {
        Held { budget: Arc::clone(self), bytes: 0 }
    }

    /// Returns the temporary file to write to; `None` if none can be created. All holders of a stage write to one file
    /// until it is large: its room is free again once nothing in it is needed. `stage` is the name under which its bytes
    /// are counted.
    pub fn file(self: &Arc<Self>, stage: &'static str) -> Option<Arc<SpillFile>> {
        let mut files = self.files.lock().ok()?;
        let written = self.spilled.lock().ok()?.get(stage).copied().unwrap_or(0);
        let last = files.get(stage).and_then(Weak::upgrade);
        if let Some(last) = last.filter(|file| file.len() < FILE_BYTES.max(written / MOST_FILES)) {
            return Some(last);
        }
        match tempfile::tempfile_in(&self.directory) {
            Ok(file) => {
                let file = Arc::new(SpillFile::new(file, stage, Arc::clone(self)));
                files.insert(stage, Arc::downgrade(&file));
                Some(file)
            }
            Err(error) => {
                self.fail_io("a temporary file cannot be created", &error);
                None
            }
        }
    }

    /// Takes room for bytes on a disk that is full in tests.
    fn take_room(&self, bytes: u64) -> io::Result<()> {
        let left = self.room.load(Ordering::Relaxed);
        if left == u64::MAX {
            return Ok(());
        }
        self.room.store(left.saturating_sub(bytes), Ordering::Relaxed);
        if left < bytes { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
    }

    fn count_spilled(&self, stage: &'static str, bytes: u64) {
        if let Ok(mut spilled) = self.spilled.lock() {
            *spilled.entry(stage).or_default() += bytes;
        }
    }

    /// Bytes written to files, by the name of the stage.
    pub fn spilled(&self) -> Vec<(&'static str, u64)> {
        self.spilled
            .lock()
            .map(|spilled| spilled.iter().map(|(stage, bytes)| (*stage, *bytes)).collect())
            .unwrap_or_default()
    }

    /// Ends the input with this error. Only the first call counts.
    pub fn fail(&self, reason: impl FnOnce() -> String) {
        self.failure.get_or_init(reason);
    }

    /// Ends the input because a stage holds too much that cannot be written to files.
    pub fn fail_held(&self, state: &HeldState) {
        let HeldState { stage, contents, can_forget } = state;
        let forget = if *can_forget { ", or forget idle keys with --forget DURATION" } else { "" };
        self.fail(|| {
            format!(
                "{stage}: {contents} exceed the memory budget of {} and cannot be written to files; the result covers the records so far\n  = help: name a larger budget with --memory SIZE{forget}",
                written_size(self.size)
            )
        });
    }

    fn fail_io(&self, what: &str, error: &io::Error) {
        self.fail(|| {
            format!(
                "{}: {what}: {}; the result covers the records so far\n  = help: name a directory with more room with --temp DIR, or a larger budget than {} with --memory SIZE",
                self.directory.as_os_str().display(),
                super::reason(error),
                written_size(self.size)
            )
        });
    }

    /// Ends the input because spilled state cannot be read back: the result lacks it.
    pub fn fail_lost(&self, error: &io::Error) {
        self.fail(|| {
            let directory = self.directory.as_os_str().display();
            format!("{directory}: a temporary file cannot be read: {}; the result is incomplete", super::reason(error))
        });
    }

    /// Why the input was ended.
    pub fn failure(&self) -> Option<&str> {
        self.failure.get().map(String::as_str)
    }
}

/// The bytes of one holder; released when it is dropped.
#[derive(Debug)]
pub struct Held {
    budget: Arc<Budget>,
    bytes: usize,
}

impl Held {
    /// Sets the bytes of the holder.
    pub fn set(&mut self, bytes: usize) {
        match bytes.checked_sub(self.bytes) {
            Some(more) => self.budget.used.fetch_add(more, Ordering::Relaxed),
            None => self.budget.used.fetch_sub(self.bytes - bytes, Ordering::Relaxed),
        };
        self.bytes = bytes;
    }

    /// The bytes of the holder.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// The budget.
    pub fn budget(&self) -> &Arc<Budget> {
        &self.budget
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.set(0);
    }
}

/// Measures state that cannot be written to files, and ends the input if it exceeds the budget.
#[derive(Debug)]
pub struct Watch {
    held: Held,
    /// Rows until the state is measured again.
    left: usize,
}

impl Watch {
    /// Watches a state that is empty.
    pub fn new(budget: &Arc<Budget>) -> Watch {
        Watch { held: budget.hold(), left: budget.rows_until_measured(0) }
    }

    /// Notes that the state has received some rows. `bytes` measures it; `describe` names its stage, its contents and
    /// the remedy.
    pub fn after(&mut self, rows: usize, bytes: impl FnOnce() -> usize, describe: impl FnOnce() -> HeldState) {
        match self.left.checked_sub(rows) {
            Some(left) => self.left = left,
            None => self.measure(bytes(), describe),
        }
    }

    #[cold]
    fn measure(&mut self, bytes: usize, describe: impl FnOnce() -> HeldState) {
        self.held.set(bytes);
        let budget = Arc::clone(self.held.budget());
        self.left = budget.rows_until_measured(bytes);
        if budget.must_end(bytes) {
            budget.fail_held(&describe());
        }
    }
}

/// State that cannot be written to files, for messages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HeldState {
    /// The stage.
    pub stage: &'static str,
    /// Its contents with their number: `1000 keys`.
    pub contents: String,
    /// True if `--forget` bounds it.
    pub can_forget: bool,
}

/// A size as the option takes it: `64KiB`, `1.5GiB`.
fn written_size(bytes: usize) -> String {
    let units = [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    match units.into_iter().find(|(unit, _)| bytes >= *unit) {
        Some((unit, name)) if bytes.is_multiple_of(unit) => format!("{}{name}", bytes / unit),
        Some((unit, name)) => format!("{:.1}{name}", bytes as f64 / unit as f64),
        None => format!("{bytes}B"),
    }
}

/// The directory of temporary files without `--temp`.
pub fn default_directory(variable: Option<&OsStr>) -> PathBuf {
    variable.filter(|path| !path.is_empty()).unwrap_or(OsStr::new("/tmp")).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_written_as_the_option_takes_them() {
        let written = [64 << 10, 1 << 30, 3 << 29, 10, 1000].map(written_size);
        assert_eq!(written, ["64KiB", "1GiB", "1.5GiB", "10B", "1000B"]);
    }

    #[test]
    fn what_is_held_is_counted_until_it_is_dropped() {
        let budget = Budget::new(1000, 1, "/tmp");
        let (mut one, mut two) = (budget.hold(), budget.hold());
        one.set(600);
        assert!(!budget.is_exceeded());
        two.set(200);
        assert!(budget.is_exceeded() && budget.must_spill(600) && !budget.must_spill(10));
        one.set(300);
        assert!(!budget.is_exceeded());
        two.set(900);
        drop(two);
        assert!(!budget.is_exceeded());
        assert!(!budget.must_end(300), "the least that a state may use");
    }

    #[test]
    fn without_a_limit_nothing_is_measured_or_exceeded() {
        let budget = Budget::unlimited();
        budget.hold().set(usize::MAX / 2);
        assert!(!budget.is_exceeded() && budget.is_unlimited());
        assert_eq!(budget.rows_until_measured(1 << 40), usize::MAX);
    }

    #[test]
    fn a_missing_directory_is_named() {
        let budget = Budget::new(1 << 20, 1, "/nonexistent");
        assert!(budget.file("sort").is_none());
        let failure = budget.failure().expect("a failure");
        assert!(failure.starts_with("/nonexistent: a temporary file cannot be created: "), "{failure}");
        assert!(failure.contains("than 1MiB with --memory"), "{failure}");
    }
}
