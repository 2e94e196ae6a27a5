//! A file that is there as a whole or not at all: written beside its place, then put there.

use std::ffi::{OsStr, OsString};
use std::fs::{File, OpenOptions, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::event::{Timespec, poll};
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use tempfile::{Builder, NamedTempFile};

use super::same_file::{is_same_file, split, target};
use crate::data::reason;

/// Where a file is to appear.
#[derive(Debug)]
pub struct AtomicFile {
    /// What messages call it.
    name: String,
    place: Place,
}

#[derive(Debug)]
enum Place {
    /// A file, or nothing yet: its path once all links are followed, and the permissions that it had.
    File(PathBuf, Option<Permissions>),
    /// A device or pipe, which stays what it is.
    Device(File),
}

/// How long a pipe with a name may have no reader at the start of a run.
const READER_WAIT: Duration = Duration::from_secs(1);

impl AtomicFile {
    /// Checks that a file can appear there, and removes the one that an earlier run left, so that it is never taken
    /// for the result of this one: `is_stale` tells it by its first bytes. `name` is what messages call it. A source is
    /// left alone.
    pub fn at(
        path: &OsStr,
        name: String,
        sources: &[OsString],
        is_stale: fn(&[u8]) -> bool,
    ) -> Result<AtomicFile, String> {
        if sources.iter().any(|source| is_same_file(path, source)) {
            return Err(format!("{name}: is read as a source"));
        }
        let because = |error: io::Error| format!("{name}: {}", reason(&error));
        let target = target(Path::new(path));
        let place = match std::fs::metadata(path) {
            Ok(found) if found.is_dir() => return Err(format!("{name}: is a directory")),
            Ok(found) if found.is_file() => {
                let mut file = OpenOptions::new().read(true).append(true).open(&target).map_err(because)?;
                let mut start = [0; 256];
                let length = file.read(&mut start).map_err(because)?;
                beside(&target).map_err(because)?; // gone again at once
                if is_stale(&start[..length]) {
                    std::fs::remove_file(&target).map_err(because)?;
                }
                Place::File(target, Some(found.permissions()))
            }
            Ok(_) => Place::Device(open_device(path).map_err(because)?),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                beside(&target).map_err(because)?; // gone again at once
                Place::File(target, None)
            }
            Err(error) => return Err(because(error)),
        };
        Ok(AtomicFile { name, place })
    }

    /// Makes the file appear; why it could not.
    pub fn write(self, bytes: &[u8]) -> Result<(), String> {
        let AtomicFile { name, place } = self;
        let write = || match place {
            Place::File(path, permissions) => {
                let mut file = beside(&path)?;
                file.write_all(bytes)?;
                if let Some(permissions) = permissions {
                    file.as_file().set_permissions(permissions)?;
                }
                file.persist(&path).map_err(|error| error.error)?;
                Ok(())
            }
            Place::Device(mut device) => device.write_all(bytes),
        };
        write().map_err(|error: io::Error| format!("{name}: {}", reason(&error)))
    }
}

/// Opens a device or pipe. A pipe that nobody reads would hold the run up for ever, so its reader must come soon.
fn open_device(path: &OsStr) -> io::Result<File> {
    let flags = OFlags::WRONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let start = Instant::now();
    loop {
        match rustix::fs::open(path, flags, Mode::empty()) {
            Ok(device) => {
                rustix::io::ioctl_fionbio(&device, false)?;
                return Ok(File::from(device));
            }
            Err(Errno::NXIO) if start.elapsed() < READER_WAIT => {
                let pause = Timespec { tv_sec: 0, tv_nsec: 5_000_000 };
                let _ = poll(&mut [], Some(&pause)); // if it ends early, the next try comes early
            }
            Err(Errno::NXIO) => return Err(io::Error::other("is a pipe that no process reads")),
            Err(error) => return Err(error.into()),
        }
    }
}

/// A new file in the directory of another, with the permissions that a new file has.
fn beside(path: &Path) -> io::Result<NamedTempFile> {
    let folder = split(path).map_or_else(|| PathBuf::from("."), |(folder, _)| folder);
    Builder::new()
        .prefix(".bourn-")
        .permissions(Permissions::from_mode(0o666)) // less what the user masks
        .tempfile_in(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(path: &Path) -> Result<AtomicFile, String> {
        AtomicFile::at(path.as_os_str(), "it".to_owned(), &[], |start| start.starts_with(b"old"))
    }

    fn names(directory: &Path) -> Vec<OsString> {
        let entries = std::fs::read_dir(directory).expect("a directory");
        entries.map(|entry| entry.expect("an entry").file_name()).collect()
    }

    #[test]
    fn a_file_appears_as_a_whole_and_nothing_else_does() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("report");
        let file = at(&path).expect("there is room");
        assert!(names(directory.path()).is_empty());
        file.write(b"one").expect("there is room");
        assert_eq!(std::fs::read(&path).expect("the file"), b"one");
        at(&path).expect("it can be replaced").write(b"2").expect("there is room");
        assert_eq!(std::fs::read(&path).expect("the file"), b"2");
        assert_eq!(names(directory.path()), ["report"]);
        let mode = std::fs::metadata(&path).expect("the file").permissions().mode();
        assert_eq!(mode & 0o600, 0o600);
    }

    #[test]
    fn links_and_devices_stay_what_they_are() {
        let directory = tempfile::tempdir().expect("a directory");
        let (path, link) = (directory.path().join("file"), directory.path().join("link"));
        std::fs::write(&path, "old").expect("there is room");
        std::os::unix::fs::symlink(&path, &link).expect("a link");
        std::fs::set_permissions(&path, Permissions::from_mode(0o604)).expect("it is ours");
        let file = at(&link).expect("it can be replaced");
        assert!(!path.exists(), "what an earlier run left is gone");
        file.write(b"new").expect("there is room");
        assert_eq!(std::fs::read(&path).expect("the file"), b"new");
        assert!(link.is_symlink());
        let mode = std::fs::metadata(&path).expect("the file").permissions().mode();
        assert_eq!(mode & 0o777, 0o604);
        let _ = at(&link).expect("it can be replaced");
        assert!(path.exists(), "only what an earlier run left is removed");
        let dangling = directory.path().join("dangling");
        std::os::unix::fs::symlink("nothing", &dangling).expect("a link");
        at(&dangling).expect("it can be made").write(b"x").expect("there is room");
        assert!(dangling.is_symlink() && directory.path().join("nothing").exists());
        at(Path::new("/dev/null")).expect("it takes all").write(b"x").expect("it takes all");
    }

    #[test]
    fn a_pipe_without_a_reader_holds_nothing_up() {
        let directory = tempfile::tempdir().expect("a directory");
        let pipe = directory.path().join("pipe");
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, Mode::from_raw_mode(0o600), 0)
            .expect("a pipe");
        assert_eq!(at(&pipe).expect_err("no reader"), "it: is a pipe that no process reads");
        let path = pipe.clone();
        let reader = std::thread::spawn(move || std::fs::read(path).expect("the pipe"));
        at(&pipe).expect("a reader").write(b"text").expect("there is room");
        assert_eq!(reader.join().expect("it reads"), b"text");
    }

    #[test]
    fn what_cannot_be_written_is_said_at_once() {
        let directory = tempfile::tempdir().expect("a directory");
        assert_eq!(at(directory.path()).expect_err("a directory"), "it: is a directory");
        let missing = directory.path().join("none/report");
        assert_eq!(at(&missing).expect_err("no directory"), "it: no such file or directory");
        let path = directory.path().join("source");
        std::fs::write(&path, "a\n").expect("there is room");
        let source = path.clone().into_os_string();
        let refused = AtomicFile::at(path.as_os_str(), "it".to_owned(), &[source], |_| true);
        assert_eq!(refused.expect_err("it is read"), "it: is read as a source");
    }
}
