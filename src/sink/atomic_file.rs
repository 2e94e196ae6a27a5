//! Writes a file atomically: to a temporary file in the same directory, then renamed into place.

use std::ffi::OsStr;
use std::fs::{File, OpenOptions, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use rustix::event::{Timespec, poll};
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use tempfile::{Builder, NamedTempFile};

use super::same_file::{is_file, split, target};
use crate::data::{FileId, reason};

/// The path at which a file will appear.
#[derive(Debug)]
pub struct AtomicFile {
    /// Its name in messages.
    name: String,
    place: Destination,
}

#[derive(Debug)]
enum Destination {
    /// A file that exists or not yet: its path with all links followed, and its permissions if it exists.
    File(PathBuf, Option<Permissions>),
    /// A device or pipe, which is written directly.
    Device(File),
}

/// How often opening a named pipe is tried again while it has no reader: for a second.
const RETRIES: u32 = 200;

/// The pause before each retry.
const PAUSE: Timespec = Timespec { tv_sec: 0, tv_nsec: 5_000_000 };

impl AtomicFile {
    /// Checks that a file can be created there, and removes the file of an earlier run so that it cannot be mistaken
    /// for this run's result: `is_stale` recognizes one by its first bytes. `name` is used in messages. A file that is
    /// also a source is left alone.
    pub fn at(
        path: &OsStr,
        name: String,
        sources: &[FileId],
        is_stale: fn(&[u8]) -> bool,
    ) -> Result<AtomicFile, String> {
        if sources.iter().any(|source| is_file(path, *source)) {
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
                beside(&target).map_err(because)?; // removed again at once
                if is_stale(&start[..length]) {
                    std::fs::remove_file(&target).map_err(because)?;
                }
                Destination::File(target, Some(found.permissions()))
            }
            Ok(_) => Destination::Device(open_device(path).map_err(because)?),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                beside(&target).map_err(because)?; // removed again at once
                Destination::File(target, None)
            }
            Err(error) => return Err(because(error)),
        };
        Ok(AtomicFile { name, place })
    }

    /// Makes the file appear; an error says why that failed.
    pub fn write(self, bytes: &[u8]) -> Result<(), String> {
        let AtomicFile { name, place } = self;
        let write = || match place {
            Destination::File(path, permissions) => {
                let mut file = beside(&path)?;
                file.write_all(bytes)?;
                if let Some(permissions) = permissions {
                    file.as_file().set_permissions(permissions)?;
                }
                file.persist(&path).map_err(|error| error.error)?;
                Ok(())
            }
            Destination::Device(mut device) => device.write_all(bytes),
        };
        write().map_err(|error: io::Error| format!("{name}: {}", reason(&error)))
    }
}

/// Opens a device or pipe. Opening a pipe without a reader would block forever, so a reader must come soon.
pub(super) fn open_device(path: &OsStr) -> io::Result<File> {
    let flags = OFlags::WRONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let mut retries = 0;
    loop {
        match rustix::fs::open(path, flags, Mode::empty()) {
            Ok(device) => {
                rustix::io::ioctl_fionbio(&device, false)?;
                return Ok(File::from(device));
            }
            Err(Errno::NXIO) if retries < RETRIES => {
                retries += 1;
                let _ = poll(&mut [], Some(&PAUSE)); // an early wake-up only makes the next try earlier
            }
            Err(Errno::NXIO) => return Err(io::Error::other("is a pipe that no process reads")),
            Err(error) => return Err(error.into()),
        }
    }
}

/// Creates a temporary file in the directory of `path`, with the permissions of any new file.
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
    use std::ffi::OsString;

    use crate::data::regular_file_id;

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
        let source = std::fs::metadata(&path).ok().and_then(|metadata| regular_file_id(&metadata));
        let refused = AtomicFile::at(path.as_os_str(), "it".to_owned(), &[source.expect("it is regular")], |_| true);
        assert_eq!(refused.expect_err("it is read"), "it: is read as a source");
    }
}
