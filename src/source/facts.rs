//! Facts about a source that are known without opening it, determined once per run.

use std::borrow::Cow;
use std::ffi::{OsStr, OsString};
use std::fs::Metadata;

use super::{Boundedness, boundedness, display, is_path, metadata};
use crate::data::is_stdin;

/// Facts about a source before it is opened.
#[derive(Clone, Debug)]
pub struct Facts {
    /// The source as written.
    pub path: OsString,
    /// True for standard input.
    pub is_stdin: bool,
    /// True if `--follow` reads it by name.
    pub is_path: bool,
    /// When this kind of source ends.
    pub boundedness: Boundedness,
    /// The kind of file that it is.
    pub file: FileKind,
}

/// The kind of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// A regular file, with its size in bytes.
    Regular(u64),
    /// A directory.
    Directory,
    /// A pipe, device or socket.
    Other,
    /// There is no file, or it cannot be examined.
    Unknown,
}

impl Facts {
    /// Determines the facts about a source.
    pub fn of(path: &OsStr) -> Facts {
        Facts {
            path: path.to_owned(),
            is_stdin: is_stdin(path),
            is_path: is_path(path),
            boundedness: boundedness(path),
            file: metadata(path).map_or(FileKind::Unknown, |metadata| file_kind(&metadata)),
        }
    }

    /// True for a regular file.
    pub fn is_regular(&self) -> bool {
        matches!(self.file, FileKind::Regular(_))
    }

    /// True for a regular file with a name.
    pub fn is_named_file(&self) -> bool {
        self.is_regular() && self.is_path
    }

    /// The size of a regular file with a name.
    pub fn file_bytes(&self) -> Option<u64> {
        match self.file {
            FileKind::Regular(bytes) if self.is_path => Some(bytes),
            _ => None,
        }
    }

    /// True if it never ends by itself; `follows` is true for a run with `--follow`.
    pub fn is_endless(&self, follows: bool) -> bool {
        match self.boundedness {
            Boundedness::Unbounded => true,
            Boundedness::UntilClosed | Boundedness::Topic => follows,
            Boundedness::Bounded => follows && self.is_path,
        }
    }

    /// True if its last records can be found from its end. A missing file counts: it is reported when it is opened.
    pub fn has_end(&self, follows: bool) -> bool {
        match (self.boundedness, self.file) {
            (Boundedness::UntilClosed | Boundedness::Unbounded, _) => false,
            (Boundedness::Topic, _) | (Boundedness::Bounded, FileKind::Regular(_)) => true,
            (Boundedness::Bounded, FileKind::Directory | FileKind::Unknown) => self.is_path,
            (Boundedness::Bounded, FileKind::Other) => follows && self.is_path,
        }
    }

    /// The name of the source in messages of the command line.
    pub fn name(&self) -> Cow<'_, str> {
        if self.is_stdin { "standard input".into() } else { display(&self.path) }
    }
}

fn file_kind(metadata: &Metadata) -> FileKind {
    if metadata.is_file() {
        FileKind::Regular(metadata.len())
    } else if metadata.is_dir() {
        FileKind::Directory
    } else {
        FileKind::Other
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(path: &str) -> Facts {
        Facts::of(OsStr::new(path))
    }

    #[test]
    fn files_have_an_end_unless_they_are_followed() {
        let file = facts("Cargo.toml");
        assert!(file.is_named_file() && file.file_bytes().is_some_and(|bytes| bytes > 0));
        assert!(file.has_end(false) && !file.is_endless(false) && file.is_endless(true));
        let (directory, missing) = (facts("src"), facts("no/such/file"));
        assert_eq!((directory.file, missing.file), (FileKind::Directory, FileKind::Unknown));
        assert!(directory.has_end(false) && missing.has_end(false));
        assert!(!facts("/dev/null").has_end(false) && facts("/dev/null").has_end(true));
    }

    #[test]
    fn connections_have_no_end_to_read_from() {
        let (connection, listener) = (facts("tcp://localhost:9"), facts("tcp-listen://:9"));
        assert!(!connection.has_end(true) && !listener.has_end(true));
        assert!(!connection.is_endless(false) && connection.is_endless(true) && listener.is_endless(false));
        assert!(connection.file_bytes().is_none());
    }

    #[test]
    fn standard_input_ends_with_its_writer() {
        let stdin = facts("-");
        assert!(stdin.is_stdin && !stdin.is_endless(true) && !stdin.is_named_file());
        assert_eq!(stdin.name(), "standard input");
    }
}
