//! A file that is there as a whole or not at all: written beside its place, then put there.

use std::ffi::{OsStr, OsString};
use std::fs::{OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tempfile::{Builder, NamedTempFile};

use super::rejects::is_same_file;
use crate::data::reason;

/// Where a file is to appear.
#[derive(Debug)]
pub struct WholeFile {
    /// What messages call it.
    name: String,
    place: Place,
}

#[derive(Debug)]
enum Place {
    /// A file, or nothing yet: this is its path once all links are followed.
    File(PathBuf),
    /// A device or pipe, which stays what it is.
    Device(PathBuf),
}

impl WholeFile {
    /// Tries whether a file can appear there; nothing is left of that. `name` is what messages call it. A file
    /// that is about to be read is left alone.
    pub fn at(path: &OsStr, name: String, sources: &[OsString]) -> Result<WholeFile, String> {
        if sources.iter().any(|source| is_same_file(path, source)) {
            return Err(format!("{name}: is read as a source"));
        }
        let because = |error: io::Error| format!("{name}: {}", reason(&error));
        let place = match std::fs::metadata(path) {
            Ok(found) if found.is_dir() => return Err(format!("{name}: is a directory")),
            Ok(found) if found.is_file() => {
                let path = std::fs::canonicalize(path).map_err(because)?;
                OpenOptions::new()
                    .append(true)
                    .open(&path)
                    .map_err(because)?;
                Place::File(path)
            }
            Ok(_) => {
                OpenOptions::new().write(true).open(path).map_err(because)?;
                Place::Device(path.into())
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Place::File(path.into()),
            Err(error) => return Err(because(error)),
        };
        if let Place::File(path) = &place {
            beside(path).map_err(because)?; // gone again at once
        }
        Ok(WholeFile { name, place })
    }

    /// Makes the file appear; why it could not.
    pub fn write(self, bytes: &[u8]) -> Result<(), String> {
        let WholeFile { name, place } = self;
        let write = || match &place {
            Place::File(path) => {
                let mut file = beside(path)?;
                file.write_all(bytes)?;
                file.persist(path).map_err(|error| error.error)?;
                Ok(())
            }
            Place::Device(path) => OpenOptions::new().write(true).open(path)?.write_all(bytes),
        };
        write().map_err(|error: io::Error| format!("{name}: {}", reason(&error)))
    }
}

/// A new file in the directory of another, with the permissions that a new file has.
fn beside(path: &Path) -> io::Result<NamedTempFile> {
    let directory = match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    Builder::new()
        .prefix(".bourn-")
        .permissions(Permissions::from_mode(0o666)) // less what the user masks
        .tempfile_in(directory)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(path: &Path) -> Result<WholeFile, String> {
        WholeFile::at(path.as_os_str(), "it".to_owned(), &[])
    }

    fn names(directory: &Path) -> Vec<OsString> {
        let entries = std::fs::read_dir(directory).expect("a directory");
        entries
            .map(|entry| entry.expect("an entry").file_name())
            .collect()
    }

    #[test]
    fn a_file_appears_as_a_whole_and_nothing_else_does() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("report");
        let file = at(&path).expect("there is room");
        assert!(names(directory.path()).is_empty());
        file.write(b"one").expect("there is room");
        assert_eq!(std::fs::read(&path).expect("the file"), b"one");
        at(&path)
            .expect("it can be replaced")
            .write(b"2")
            .expect("there is room");
        assert_eq!(std::fs::read(&path).expect("the file"), b"2");
        assert_eq!(names(directory.path()), ["report"]);
        let mode = std::fs::metadata(&path)
            .expect("the file")
            .permissions()
            .mode();
        assert_eq!(mode & 0o600, 0o600);
    }

    #[test]
    fn links_and_devices_stay_what_they_are() {
        let directory = tempfile::tempdir().expect("a directory");
        let (path, link) = (directory.path().join("file"), directory.path().join("link"));
        std::fs::write(&path, "old").expect("there is room");
        std::os::unix::fs::symlink(&path, &link).expect("a link");
        at(&link)
            .expect("it can be replaced")
            .write(b"new")
            .expect("there is room");
        assert_eq!(std::fs::read(&path).expect("the file"), b"new");
        assert!(link.is_symlink());
        at(Path::new("/dev/null"))
            .expect("it takes all")
            .write(b"x")
            .expect("it takes all");
    }

    #[test]
    fn what_cannot_be_written_is_said_at_once() {
        let directory = tempfile::tempdir().expect("a directory");
        assert_eq!(
            at(directory.path()).expect_err("a directory"),
            "it: is a directory"
        );
        let missing = directory.path().join("none/report");
        assert_eq!(
            at(&missing).expect_err("no directory"),
            "it: no such file or directory"
        );
        let path = directory.path().join("source");
        std::fs::write(&path, "a\n").expect("there is room");
        let source = path.clone().into_os_string();
        let refused = WholeFile::at(path.as_os_str(), "it".to_owned(), &[source]);
        assert_eq!(refused.expect_err("it is read"), "it: is read as a source");
    }
}
