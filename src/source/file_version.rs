//! File versions: detect whether a file has changed since it was read.

use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::follow::FileId;

/// The identity, size and change time of a file. It differs after the file is written to or replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileVersion {
    id: FileId,
    bytes: u64,
    /// The time of the last change to content or metadata: seconds since 1970, and nanoseconds. Unlike the modification
    /// time, it cannot be set.
    changed: (i64, i64),
}

impl FileVersion {
    /// Returns the version of the regular file at a path; `None` if it is not a regular file.
    pub fn of(path: &Path) -> io::Result<Option<FileVersion>> {
        let metadata = std::fs::metadata(path)?;
        Ok(metadata.is_file().then(|| FileVersion {
            id: (metadata.dev(), metadata.ino()),
            bytes: metadata.len(),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }))
    }

    /// True if the file changed less than `time` before `now`, so that another change may have the same version.
    pub fn is_within(&self, time: Duration, now: SystemTime) -> bool {
        let since_1970 = Duration::new(
            u64::try_from(self.changed.0).unwrap_or_default(),
            u32::try_from(self.changed.1).unwrap_or_default(),
        );
        // If our clock is earlier than that of the file system, the age is unknown.
        let age = now.duration_since(UNIX_EPOCH + since_1970);
        age.is_ok_and(|age| age < time)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stamp(path: &Path) -> Option<FileVersion> {
        FileVersion::of(path).expect("it can be looked at")
    }

    #[test]
    fn what_is_written_or_replaced_has_another_stamp() {
        let directory = tempfile::tempdir().expect("a directory");
        let (path, other) = (directory.path().join("a"), directory.path().join("b"));
        std::fs::write(&path, "1").expect("room");
        let first = stamp(&path);
        assert_eq!(stamp(&path), first, "nothing has changed");
        std::fs::write(&path, "12").expect("room");
        let second = stamp(&path);
        assert_ne!(second, first);
        std::fs::write(&other, "12").expect("room");
        std::fs::rename(&other, &path).expect("it is renamed");
        assert_ne!(stamp(&path), second, "as long, but another file");
    }

    #[test]
    fn only_files_have_stamps() {
        let directory = tempfile::tempdir().expect("a directory");
        assert_eq!(stamp(directory.path()), None);
        assert!(FileVersion::of(&directory.path().join("none")).is_err());
    }

    #[test]
    fn a_file_is_new_for_a_while() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        let stamp = stamp(file.path()).expect("a stamp");
        let (seconds, ns) = stamp.changed;
        let changed = UNIX_EPOCH + Duration::new(seconds as u64, ns as u32);
        let second = Duration::from_secs(1);
        assert!(stamp.is_within(second, changed) && stamp.is_within(second, changed + second / 2));
        assert!(!stamp.is_within(second, changed + second));
        assert!(!stamp.is_within(second, changed - second), "the file system's clock is ahead");
    }
}
