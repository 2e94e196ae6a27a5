//! Errors of a checkpoint directory: which path, which problem, and how to go on.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use super::header::StoredKind;
use crate::data::{escape_controls, reason};

/// Why a checkpoint cannot be opened, read or written. Displayed as two lines: the path with the problem, and a help.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckpointError {
    /// The file or directory.
    pub path: PathBuf,
    /// The problem with it.
    pub problem: CheckpointProblem,
}

/// A problem with a file of a checkpoint, or with its directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CheckpointProblem {
    /// An operation on the file failed.
    Io(io::ErrorKind, String),
    /// It does not begin as a file of a checkpoint does.
    Foreign,
    /// Its format has a larger number than those that this program reads.
    Newer(u32),
    /// It is a file of a checkpoint of another kind than its name says.
    OtherKind {
        /// The kind that its header has.
        found: StoredKind,
        /// The kind that its name says.
        expected: StoredKind,
    },
    /// Its header has another batch number than its name.
    OtherBatch(u64),
    /// The bytes at this offset are not those that were written.
    Damaged(u64),
    /// It must exist, as other files show, and does not.
    Missing,
    /// Another run uses the directory; says which, if it has said so.
    InUse(Option<String>),
    /// It holds files, and none of them belongs to a checkpoint; the name of one of them.
    OtherDirectory(String),
    /// The path is not a directory.
    NotADirectory,
    /// A directory that was reset earlier has this name.
    ResetBefore,
}

impl CheckpointError {
    pub(super) fn new(path: impl Into<PathBuf>, problem: CheckpointProblem) -> CheckpointError {
        CheckpointError { path: path.into(), problem }
    }

    /// An operation on `path` failed.
    pub(super) fn io(path: impl Into<PathBuf>, error: &io::Error) -> CheckpointError {
        CheckpointError::new(path, CheckpointProblem::Io(error.kind(), reason(error)))
    }

    /// How to go on, as a phrase for a line `= help:`.
    pub fn help(&self) -> String {
        const AGAIN: &str = "then run the same command again: it continues after the last commit";
        const DIRECTORY: &str = "give --checkpoint a directory; it is created if needed";
        const RESET: &str = "--checkpoint-reset, which renames the directory to DIR.old and starts from an empty state";
        match &self.problem {
            CheckpointProblem::Io(kind, _) => match kind {
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
                    format!("free some space, {AGAIN}")
                }
                io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                    "make it readable and writable, or give --checkpoint another directory".to_owned()
                }
                io::ErrorKind::NotFound => "let the directory and its files be while a run uses them; \
                    the same command continues from the files that are left"
                    .to_owned(),
                io::ErrorKind::NotADirectory => DIRECTORY.to_owned(),
                io::ErrorKind::Unsupported => {
                    "give --checkpoint a directory on a file system that has locks and can sync files".to_owned()
                }
                io::ErrorKind::ResourceBusy | io::ErrorKind::CrossesDevices => {
                    "if it is a mount point, move the files in it to another directory".to_owned()
                }
                _ => format!("check the disk, {AGAIN}"),
            },
            CheckpointProblem::Foreign => {
                format!("give --checkpoint another directory, restore the file, or write {RESET}")
            }
            CheckpointProblem::Newer(_) => format!("run the version of bourn that wrote it, or write {RESET}"),
            CheckpointProblem::OtherKind { .. }
            | CheckpointProblem::OtherBatch(_)
            | CheckpointProblem::Damaged(_)
            | CheckpointProblem::Missing => format!("restore the directory from a copy, or write {RESET}"),
            CheckpointProblem::InUse(_) => {
                "wait until that run has ended, or give --checkpoint another directory".to_owned()
            }
            CheckpointProblem::OtherDirectory(_) => "give --checkpoint an empty directory, or a new one".to_owned(),
            CheckpointProblem::NotADirectory => DIRECTORY.to_owned(),
            CheckpointProblem::ResetBefore => "move or remove it, then write --checkpoint-reset again".to_owned(),
        }
    }
}

impl CheckpointProblem {
    /// True if the bytes of the file are wrong, so that an older file may be used in its place.
    pub(super) fn is_damage(&self) -> bool {
        matches!(self, CheckpointProblem::Foreign | CheckpointProblem::Damaged(_))
    }
}

impl fmt::Display for CheckpointProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CheckpointProblem::Io(_, reason) => f.write_str(reason),
            CheckpointProblem::Foreign => f.write_str("is not a file of a checkpoint"),
            CheckpointProblem::Newer(format) => write!(
                f,
                "was written by a newer version of bourn, in format {format}; this one reads format {}",
                super::header::FORMAT
            ),
            CheckpointProblem::OtherKind { found, expected } => write!(f, "is a {found}; expected a {expected}"),
            CheckpointProblem::OtherBatch(batch) => write!(f, "follows batch {batch}; expected the one in its name"),
            CheckpointProblem::Damaged(offset) => write!(f, "is damaged at byte {offset}"),
            CheckpointProblem::Missing => f.write_str("is missing"),
            CheckpointProblem::InUse(None) => f.write_str("is in use by another run"),
            CheckpointProblem::InUse(Some(holder)) => write!(f, "is in use by {holder}"),
            CheckpointProblem::OtherDirectory(name) => {
                write!(f, "is not a checkpoint directory: it contains `{}`", escape_controls(name))
            }
            CheckpointProblem::NotADirectory => f.write_str("is not a directory"),
            CheckpointProblem::ResetBefore => f.write_str("exists already, and a reset does not replace it"),
        }
    }
}

impl fmt::Display for CheckpointError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}\n  = help: {}", shown(&self.path), self.problem, self.help())
    }
}

impl std::error::Error for CheckpointError {}

/// The message, where errors of several kinds end a run.
impl From<CheckpointError> for String {
    fn from(error: CheckpointError) -> String {
        error.to_string()
    }
}

/// The path as text that cannot drive the terminal.
fn shown(path: &Path) -> String {
    escape_controls(&path.to_string_lossy()).into_owned()
}
