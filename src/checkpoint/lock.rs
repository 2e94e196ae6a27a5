//! One run at a time uses a directory.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::event::Timespec;

use super::error::{CheckpointError, CheckpointProblem};
use super::header;
use super::names::{LOCK, StoredName};
use super::storage::sync_directory_at;
use crate::data::{ValueRef, escape_controls, write_text};

/// The first line of a lock file.
const TITLE: &str = "bourn checkpoint";

/// The file that file systems put into their root.
const LOST_AND_FOUND: &str = "lost+found";

/// How often a directory that is in use is tried again: a run that was killed holds its files until the system has ended
/// it, a moment after the signal, and the run that takes its place may begin earlier.
const ATTEMPTS: usize = 50;

/// The time between two attempts.
const PAUSE: Timespec = Timespec { tv_sec: 0, tv_nsec: 10_000_000 };

/// The run that uses a directory, as it is described to another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// The process.
    pub process: u32,
    /// The time at which it began, in nanoseconds since 1970.
    pub began_ns: i64,
    /// Its expression.
    pub expression: String,
}

/// A directory that no other run uses until this is dropped.
#[derive(Debug)]
pub struct Lock {
    directory: PathBuf,
    file: File,
}

impl Lock {
    /// Creates the directory if needed and locks it, or says who uses it. A directory of other files is refused.
    pub fn acquire(directory: &Path, holder: &Holder) -> Result<Lock, CheckpointError> {
        create_directory(directory)?;
        check_names(directory)?;
        let lock = Lock::take(directory)?;
        lock.write(holder).map_err(|error| CheckpointError::io(directory.join(LOCK), &error))?;
        Ok(lock)
    }

    /// Locks an existing directory.
    pub(super) fn take(directory: &Path) -> Result<Lock, CheckpointError> {
        let path = directory.join(LOCK);
        let failed = |error: &io::Error| CheckpointError::io(&path, error);
        let mut attempts = ATTEMPTS;
        loop {
            let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path);
            let mut file = file.map_err(|error| failed(&error))?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) if attempts > 1 => {
                    attempts -= 1;
                    let _ = rustix::event::poll(&mut [], Some(&PAUSE)); // a shorter pause will do, too
                    continue;
                }
                Err(TryLockError::WouldBlock) => {
                    let problem = CheckpointProblem::InUse(read_holder(&mut file));
                    return Err(CheckpointError::new(directory, problem));
                }
                Err(TryLockError::Error(error)) => return Err(failed(&error)),
            }
            // between opening and locking another run may have renamed the directory, with this file
            let locked = file.metadata().map_err(|error| failed(&error))?;
            let is_current =
                std::fs::metadata(&path).is_ok_and(|now| (now.dev(), now.ino()) == (locked.dev(), locked.ino()));
            if is_current {
                return Ok(Lock { directory: directory.to_owned(), file });
            }
        }
    }

    /// The directory.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    fn write(&self, holder: &Holder) -> io::Result<()> {
        let mut began = Vec::new();
        write_text(ValueRef::Time(holder.began_ns), &mut began);
        let began = String::from_utf8_lossy(&began);
        let expression = escape_controls(&holder.expression);
        let text = format!("{TITLE}\nprocess {}\nsince {began}\nrunning {expression}\n", holder.process);
        self.file.set_len(0)?;
        (&self.file).rewind()?;
        (&self.file).write_all(text.as_bytes())
    }
}

/// The holder, as a phrase, if it has written who it is.
fn read_holder(file: &mut File) -> Option<String> {
    let mut text = Vec::new();
    file.take(1 << 16).read_to_end(&mut text).ok()?;
    let text = String::from_utf8(text).ok()?;
    let mut lines = text.strip_suffix('\n')?.strip_prefix(TITLE)?.strip_prefix('\n')?.splitn(3, '\n');
    let process = lines.next()?.strip_prefix("process ")?;
    let since = lines.next()?.strip_prefix("since ")?;
    let expression = lines.next()?.strip_prefix("running ")?;
    Some(escape_controls(&format!("process {process} since {since}, which runs `{expression}`")).into_owned())
}

/// Creates a directory and its parents, all of them durable.
fn create_directory(directory: &Path) -> Result<(), CheckpointError> {
    let failed = |error: &io::Error| CheckpointError::io(directory, error);
    match std::fs::metadata(directory) {
        Ok(metadata) if metadata.is_dir() => return Ok(()),
        Ok(_) => return Err(CheckpointError::new(directory, CheckpointProblem::NotADirectory)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(failed(&error)),
    }
    let parent = directory.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    create_directory(parent)?;
    match std::fs::create_dir(directory) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(failed(&error)),
        _ => sync_directory_at(parent).map_err(|error| CheckpointError::io(parent, &error)),
    }
}

/// Refuses a directory that has files but no manifest, unless all are such as a first run leaves if it is interrupted.
pub(super) fn check_names(directory: &Path) -> Result<(), CheckpointError> {
    let failed = |error: io::Error| CheckpointError::io(directory, &error);
    let mut foreign = None;
    for entry in std::fs::read_dir(directory).map_err(failed)? {
        let name = entry.map_err(failed)?.file_name().to_string_lossy().into_owned();
        let is_own = match StoredName::parse(&name) {
            Some(StoredName::Manifest) if is_stored(&directory.join(&name)) => return Ok(()),
            Some(StoredName::Lock) => is_lock(&directory.join(&name)),
            Some(_) => true,
            None => name == LOST_AND_FOUND,
        };
        if !is_own {
            foreign = foreign.max(Some(name));
        }
    }
    match foreign {
        Some(name) => Err(CheckpointError::new(directory, CheckpointProblem::OtherDirectory(name))),
        None => Ok(()),
    }
}

/// True if a file begins as files of checkpoints do.
fn is_stored(path: &Path) -> bool {
    begins_with(path, header::MAGIC)
}

/// True for a file that a run has locked, or was about to.
fn is_lock(path: &Path) -> bool {
    path.metadata().is_ok_and(|metadata| metadata.len() == 0) || begins_with(path, TITLE.as_bytes())
}

fn begins_with(path: &Path, expected: &[u8]) -> bool {
    let mut start = vec![0; expected.len()];
    File::open(path).and_then(|mut file| file.read_exact(&mut start)).is_ok_and(|()| start == expected)
}
