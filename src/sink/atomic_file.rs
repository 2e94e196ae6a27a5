//! Writes a file atomically: to a temporary file in the same directory, then renamed into place.

use std::ffi::OsStr;
use std::fs::{File, OpenOptions, Permissions, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
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

/// The names of temporary files: this, and random letters and digits.
const PREFIX: &str = ".bourn-";
const RANDOM_BYTES: usize = 6;

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
        match Destination::open(path, is_stale) {
            Ok(place) => Ok(AtomicFile { name, place }),
            Err(error) => Err(format!("{name}: {}", reason(&error))),
        }
    }

    /// Checks that a file can be created there.
    pub(super) fn open(path: &OsStr) -> io::Result<AtomicFile> {
        Ok(AtomicFile { name: String::new(), place: Destination::open(path, |_| false)? })
    }

    /// The same without a check: the first write finds out.
    pub(super) fn unchecked(path: &Path) -> AtomicFile {
        let target = target(path);
        let permissions = std::fs::metadata(&target).ok().map(|found| found.permissions());
        AtomicFile { name: String::new(), place: Destination::File(target, permissions) }
    }

    /// Makes the file appear; an error says why that failed.
    pub fn write(self, bytes: &[u8]) -> Result<(), String> {
        let written = self.place.replace(false, &mut |out| out.write_all(bytes));
        written.map_err(|error| format!("{}: {}", self.name, reason(&error)))
    }

    /// Makes the file appear, or replaces it, with the bytes that `write` writes. They are on disk when this returns.
    pub(super) fn replace(&self, write: &mut dyn FnMut(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
        self.place.replace(true, write)
    }

    /// True if what is written there replaces nothing: a device or pipe.
    pub(super) fn is_device(&self) -> bool {
        matches!(self.place, Destination::Device(_))
    }
}

impl Destination {
    fn open(path: &OsStr, is_stale: fn(&[u8]) -> bool) -> io::Result<Destination> {
        let target = target(Path::new(path));
        remove_abandoned(&folder_of(&target));
        match std::fs::metadata(path) {
            Ok(found) if found.is_dir() => Err(io::Error::other("is a directory")),
            Ok(found) if found.is_file() => {
                let mut file = OpenOptions::new().read(true).append(true).open(&target)?;
                let mut start = [0; 256];
                let length = file.read(&mut start)?;
                beside(&target)?; // removed again at once
                if is_stale(&start[..length]) {
                    std::fs::remove_file(&target)?;
                }
                Ok(Destination::File(target, Some(found.permissions())))
            }
            Ok(_) => Ok(Destination::Device(open_device(path)?)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                beside(&target)?; // removed again at once
                Ok(Destination::File(target, None))
            }
            Err(error) => Err(error),
        }
    }

    fn replace(&self, is_durable: bool, write: &mut dyn FnMut(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
        let (path, permissions) = match self {
            Destination::File(path, permissions) => (path, permissions),
            Destination::Device(device) => return write(&mut &*device),
        };
        let mut file = beside(path)?;
        write(&mut file)?;
        if let Some(permissions) = permissions {
            file.as_file().set_permissions(permissions.clone())?;
        }
        if let Ok(old) = std::fs::metadata(path) {
            // Only root may keep the owner of another user's file.
            let _ = std::os::unix::fs::fchown(file.as_file(), Some(old.uid()), Some(old.gid()));
        }
        if is_durable {
            file.as_file().sync_all()?;
        }
        file.persist(path).map_err(|error| error.error)?;
        if is_durable && let Ok(folder) = File::open(folder_of(path)) {
            let _ = folder.sync_all(); // some file systems cannot do that
        }
        Ok(())
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

/// Creates a temporary file in the directory of `path`, with the permissions of any new file. Its lock says that a process
/// uses it.
fn beside(path: &Path) -> io::Result<NamedTempFile> {
    loop {
        let file = Builder::new()
            .prefix(PREFIX)
            .rand_bytes(RANDOM_BYTES)
            .permissions(Permissions::from_mode(0o666)) // less what the user masks
            .tempfile_in(folder_of(path))?;
        // Another run may have taken it for an abandoned one before it was locked. Some file systems have no locks.
        let is_taken = matches!(file.as_file().try_lock(), Err(TryLockError::WouldBlock));
        if !is_taken && file.as_file().metadata()?.nlink() > 0 {
            return Ok(file);
        }
    }
}

/// Removes the temporary files in a directory that runs have left which were killed.
pub(super) fn remove_abandoned(folder: &Path) {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return; // it may not be readable, or not exist yet
    };
    let is_temporary = |name: &OsStr| {
        let random = name.as_encoded_bytes().strip_prefix(PREFIX.as_bytes());
        random.is_some_and(|random| random.len() == RANDOM_BYTES && random.iter().all(u8::is_ascii_alphanumeric))
    };
    for entry in entries.flatten().filter(|entry| is_temporary(&entry.file_name())) {
        let is_file = entry.file_type().is_ok_and(|kind| kind.is_file());
        let is_unused = |path: &Path| File::open(path).is_ok_and(|file| file.try_lock().is_ok());
        if is_file && is_unused(&entry.path()) {
            let _ = std::fs::remove_file(entry.path()); // it may be gone already
        }
    }
}

fn folder_of(path: &Path) -> PathBuf {
    split(path).map_or_else(|| PathBuf::from("."), |(folder, _)| folder)
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
    fn files_of_killed_runs_are_removed() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = |name: &str| directory.path().join(name);
        for name in [".bourn-aB3xYz", ".bourn-mine", ".bourn-notes1.txt"] {
            std::fs::write(path(name), "x").expect("there is room");
        }
        let used = beside(&path("report")).expect("there is room");
        remove_abandoned(directory.path());
        let mut expected = vec![OsString::from(".bourn-mine"), ".bourn-notes1.txt".into()];
        expected.extend(used.path().file_name().map(OsStr::to_owned));
        let mut found = names(directory.path());
        found.sort();
        expected.sort();
        assert_eq!(found, expected);
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
