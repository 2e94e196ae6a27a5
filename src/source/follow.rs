//! Following files: the kind of a path, the offset of the last N records, the files of a directory. The reader decides
//! when to look.

use std::ffi::OsStr;
use std::fs::{File, Metadata};
use std::io;
use std::os::fd::BorrowedFd;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};

use memchr::memrchr;
use rustix::fs::FileType;

pub use crate::data::FileId;
use crate::data::Framing;

/// The block size for reading backwards from the end.
const STEP_BYTES: u64 = 64 << 10;

/// The kind of file at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PathKind {
    /// A regular file of this many bytes.
    File(FileId, u64),
    /// A directory.
    Directory,
    /// A pipe or device, which has no length.
    Other,
    /// The path does not exist.
    Missing,
}

/// Returns the kind of file at a path.
pub fn look(path: &Path) -> io::Result<PathKind> {
    match std::fs::metadata(path) {
        Ok(metadata) => Ok(named(&metadata)),
        Err(error) => match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Ok(PathKind::Missing),
            _ => Err(error),
        },
    }
}

/// Opens a file for reading, without blocking if it has become a named pipe.
pub fn open(path: &Path) -> io::Result<File> {
    super::file::open(path.as_os_str())
}

/// Returns the identity of a descriptor if it is a regular file.
pub fn regular_id(descriptor: BorrowedFd<'_>) -> Option<FileId> {
    let stat = rustix::fs::fstat(descriptor).ok()?;
    let is_regular = FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile;
    is_regular.then_some((stat.st_dev, stat.st_ino))
}

/// Returns the kind of an open file.
pub fn look_at(file: &File) -> io::Result<PathKind> {
    file.metadata().map(|metadata| named(&metadata))
}

/// Returns the kind that metadata describe.
pub fn named(metadata: &Metadata) -> PathKind {
    if metadata.is_dir() {
        PathKind::Directory
    } else if metadata.is_file() {
        PathKind::File((metadata.dev(), metadata.ino()), metadata.len())
    } else {
        PathKind::Other
    }
}

/// Lists the regular files of a directory by name, without subdirectories and hidden files.
pub fn list(directory: &Path) -> io::Result<Vec<(PathBuf, FileId)>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(directory)? {
        let path = entry?.path();
        let is_hidden = path.file_name().is_none_or(|name| name.as_encoded_bytes().starts_with(b"."));
        // A file that has disappeared meanwhile is skipped.
        if let (false, Ok(PathKind::File(id, _))) = (is_hidden, look(&path)) {
            files.push((path, id));
        }
    }
    files.sort();
    Ok(files)
}

/// Returns the offset of the last `records` records of a file, at or after `start`. Only these records are read, and
/// memory use is constant. That may take long: once `is_stopped` returns true, the result is the end of the file.
pub fn tail(file: &File, start: u64, records: u64, framing: Framing, is_stopped: &dyn Fn() -> bool) -> io::Result<u64> {
    let end = file.metadata()?.len();
    let mut walk = Backwards::new(file, start, end, framing.terminator(), is_stopped);
    let mut left = records;
    let mut from = end;
    while left > 0 {
        let Some(line) = walk.next_start()? else {
            break;
        };
        let begins = match framing {
            Framing::Starts(_) if is_stopped() => return Ok(end),
            Framing::Starts(first) => first.begins(&first_bytes(file, line, from)?),
            Framing::Lines | Framing::Quoted { .. } | Framing::Nul | Framing::Counted => true,
        };
        if begins {
            from = line;
            left -= 1;
        }
    }
    if walk.is_given_up {
        return Ok(end);
    }
    // Lines before the first one that begins a record are a record too.
    Ok(if left > 0 { start.min(end) } else { from })
}

/// Returns the end of the last terminated record of a file between two offsets; `start` if there is none.
pub fn last_end(file: &File, start: u64, end: u64, terminator: u8) -> io::Result<u64> {
    let mut high = end;
    let mut bytes = Vec::new();
    while high > start {
        let low = high.saturating_sub(STEP_BYTES).max(start);
        bytes.resize((high - low) as usize, 0);
        file.read_exact_at(&mut bytes, low)?;
        if let Some(found) = memrchr(terminator, &bytes) {
            return Ok(low + found as u64 + 1);
        }
        high = low;
    }
    Ok(start)
}

/// Reads a line, or as much of it as is needed to see how it begins.
fn first_bytes(file: &File, start: u64, end: u64) -> io::Result<Vec<u8>> {
    let mut line = vec![0; usize::try_from(end - start).unwrap_or(usize::MAX).min(64 << 10)];
    let mut filled = 0;
    while filled < line.len() {
        match file.read_at(&mut line[filled..], start + filled as u64)? {
            0 => break,
            read => filled += read,
        }
    }
    line.truncate(filled);
    if let Some(newline) = memchr::memchr(b'\n', &line) {
        line.truncate(newline);
    }
    Ok(line)
}

/// Finds the starts of lines, backwards from the end of a file.
struct Backwards<'f> {
    file: &'f File,
    start: u64,
    terminator: u8,
    /// The bytes from `low` up to the beginning of the line found last.
    bytes: Vec<u8>,
    low: u64,
    is_stopped: &'f dyn Fn() -> bool,
    /// It was stopped before the start of the file.
    is_given_up: bool,
}

impl<'f> Backwards<'f> {
    fn new(file: &'f File, start: u64, end: u64, terminator: u8, is_stopped: &'f dyn Fn() -> bool) -> Self {
        let bytes = Vec::new();
        Backwards { file, start: start.min(end), terminator, bytes, low: end, is_stopped, is_given_up: false }
    }

    /// Returns the start of the line before the one found last; `None` at the start of the file.
    fn next_start(&mut self) -> io::Result<Option<u64>> {
        if self.bytes.is_empty() && !self.step()? {
            return Ok(None);
        }
        // The last byte is the terminator of the wanted line.
        self.bytes.pop();
        loop {
            if let Some(at) = memrchr(self.terminator, &self.bytes) {
                self.bytes.truncate(at + 1);
                return Ok(Some(self.low + at as u64 + 1));
            }
            self.bytes.clear();
            if !self.step()? {
                return Ok((!self.is_given_up).then_some(self.start));
            }
        }
    }

    /// Reads the block before the one read last; returns whether there is one.
    fn step(&mut self) -> io::Result<bool> {
        self.is_given_up |= self.low > self.start && (self.is_stopped)();
        if self.is_given_up {
            return Ok(false);
        }
        let low = self.low.saturating_sub(STEP_BYTES).max(self.start);
        self.bytes.resize((self.low - low) as usize, 0);
        self.file.read_exact_at(&mut self.bytes, low)?;
        self.low = low;
        Ok(!self.bytes.is_empty())
    }
}

/// Splits a path into its directory and file name.
pub fn parent(path: &Path) -> (PathBuf, Option<&OsStr>) {
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    };
    (directory, path.file_name())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    use proptest::prelude::*;

    use crate::data::RecordStart;

    fn last(content: &[u8], start: u64, records: u64, framing: Framing) -> Vec<u8> {
        let mut file = tempfile::tempfile().expect("a file");
        file.write_all(content).expect("it takes all");
        let from = tail(&file, start, records, framing, &|| false).expect("a regular file");
        content[from as usize..].to_vec()
    }

    #[test]
    fn the_walk_ends_when_the_run_is_stopped() {
        let mut file = tempfile::tempfile().expect("a file");
        file.write_all(&b"a line\n".repeat(100_000)).expect("it takes all");
        let end = 700_000;
        let starts = RecordStart::of(regex::bytes::Regex::new("^a").expect("a right expression"));
        for framing in [Framing::Lines, Framing::Starts(starts)] {
            let looks = std::cell::Cell::new(0);
            let is_stopped = || {
                looks.set(looks.get() + 1);
                looks.get() > 3
            };
            assert_eq!(tail(&file, 0, u64::MAX, framing, &is_stopped).expect("a regular file"), end);
            assert_eq!(looks.get(), 4, "{framing:?}");
            assert_eq!(tail(&file, 0, u64::MAX, framing, &|| false).expect("a regular file"), 0);
        }
    }

    proptest! {
        #[test]
        fn the_last_lines_are_those_that_all_lines_end_with(content in "[ab\n]{0,40}", records in 0usize..12) {
            let lines: Vec<&str> = content.split_inclusive('\n').collect();
            let expected = lines[lines.len().saturating_sub(records)..].concat();
            let found = last(content.as_bytes(), 0, records as u64, Framing::Lines);
            prop_assert_eq!(String::from_utf8(found).expect("the test's own text"), expected);
        }
    }

    #[test]
    fn lines_that_are_longer_than_a_step() {
        let content = [vec![b'a'; 200_000], vec![b'\n'], vec![b'b'; 70_000]].concat();
        assert_eq!(last(&content, 0, 1, Framing::Lines).len(), 70_000);
        assert_eq!(last(&content, 0, 2, Framing::Lines).len(), content.len());
        assert_eq!(last(&content, 5, 2, Framing::Lines).len(), content.len() - 5);
    }

    #[test]
    fn the_last_records_of_other_framings() {
        assert_eq!(last(b"a\nb\0c\0", 0, 1, Framing::Nul), b"c\0");
        let starts = RecordStart::of(regex::bytes::Regex::new("^[0-9]").expect("a right expression"));
        let trace = b" x\n1 a\n  b\n2 c\n  d\n";
        for (records, expected) in [(0, &b""[..]), (1, b"2 c\n  d\n"), (2, b"1 a\n  b\n2 c\n  d\n"), (3, trace)] {
            assert_eq!(last(trace, 0, records, Framing::Starts(starts)), expected);
        }
    }

    #[test]
    fn a_directory_is_its_files() {
        let directory = tempfile::tempdir().expect("a directory");
        for name in ["b.log", "a.log", ".hidden"] {
            std::fs::write(directory.path().join(name), name).expect("room for a file");
        }
        std::fs::create_dir(directory.path().join("below")).expect("a directory");
        let files = list(directory.path()).expect("it can be read");
        let names: Vec<_> = files.iter().filter_map(|(path, _)| path.file_name()).collect();
        assert_eq!(names, ["a.log", "b.log"]);
        assert_eq!(look(&directory.path().join("c")).expect("it can be looked at"), PathKind::Missing);
        assert_eq!(look(directory.path()).expect("it can be looked at"), PathKind::Directory);
    }
}
