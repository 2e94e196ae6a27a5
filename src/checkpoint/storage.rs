//! The file operations of a checkpoint directory. All writes go through them, so that tests can simulate crashes.

use std::fmt::Debug;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::OFlags;

/// A directory of files.
///
/// Nothing is durable before it is synced: bytes by [`StoredFile::sync`], names (created, renamed, removed) by
/// [`Storage::sync_directory`]. A sync that has failed must not be retried: the kernel may have dropped what it could not
/// write, and the next sync then succeeds without it (known as fsyncgate, from PostgreSQL in 2018).
pub trait Storage: Debug + Send + Sync {
    /// The path of a file, for messages; that of the directory if `name` is empty.
    fn path(&self, name: &str) -> PathBuf;

    /// The names of all files.
    fn list(&self) -> io::Result<Vec<String>>;

    /// Opens an existing file to read it and to append to it.
    fn open(&self, name: &str) -> io::Result<Arc<dyn StoredFile>>;

    /// Creates an empty file to append to; an existing one is emptied.
    fn create(&self, name: &str) -> io::Result<Arc<dyn StoredFile>>;

    /// Renames a file. Another file of the new name is replaced, at no time is there none.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;

    /// Removes a file.
    fn remove(&self, name: &str) -> io::Result<()>;

    /// Makes the names durable.
    fn sync_directory(&self) -> io::Result<()>;
}

/// An open file.
pub trait StoredFile: Debug + Send + Sync {
    /// Appends all of `bytes`. After an error a part of them may have been appended.
    fn append(&self, bytes: &[u8]) -> io::Result<()>;

    /// Reads bytes at `offset`; returns their number, 0 at the end only.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize>;

    /// The length in bytes.
    fn length(&self) -> io::Result<u64>;

    /// Cuts the file to this length.
    fn truncate(&self, length: u64) -> io::Result<()>;

    /// Makes the bytes appended so far durable (fdatasync). May be called while another thread appends.
    fn sync(&self) -> io::Result<()>;
}

/// A directory on disk.
#[derive(Debug)]
pub struct DiskStorage {
    path: PathBuf,
}

impl DiskStorage {
    /// The existing directory at `path`.
    pub fn new(path: &Path) -> DiskStorage {
        DiskStorage { path: path.to_owned() }
    }
}

impl Storage for DiskStorage {
    fn path(&self, name: &str) -> PathBuf {
        if name.is_empty() { self.path.clone() } else { self.path.join(name) }
    }

    fn list(&self) -> io::Result<Vec<String>> {
        let names = std::fs::read_dir(&self.path)?.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
        names.collect()
    }

    fn open(&self, name: &str) -> io::Result<Arc<dyn StoredFile>> {
        let file = OpenOptions::new().read(true).append(true).open(self.path(name))?;
        Ok(Arc::new(DiskFile(file)))
    }

    fn create(&self, name: &str) -> io::Result<Arc<dyn StoredFile>> {
        // std allows `append` or `truncate`
        let truncate = OFlags::TRUNC.bits().cast_signed();
        let file =
            OpenOptions::new().read(true).append(true).create(true).custom_flags(truncate).open(self.path(name))?;
        Ok(Arc::new(DiskFile(file)))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        std::fs::rename(self.path(from), self.path(to))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        std::fs::remove_file(self.path(name))
    }

    fn sync_directory(&self) -> io::Result<()> {
        sync_directory_at(&self.path)
    }
}

/// Makes the names in a directory durable.
pub(super) fn sync_directory_at(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

#[derive(Debug)]
struct DiskFile(File);

impl StoredFile for DiskFile {
    fn append(&self, bytes: &[u8]) -> io::Result<()> {
        (&self.0).write_all(bytes)
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        loop {
            match self.0.read_at(buffer, offset) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => return read,
            }
        }
    }

    fn length(&self) -> io::Result<u64> {
        Ok(self.0.metadata()?.len())
    }

    fn truncate(&self, length: u64) -> io::Result<()> {
        self.0.set_len(length)
    }

    fn sync(&self) -> io::Result<()> {
        self.0.sync_data()?;
        // a file that was removed takes bytes and syncs without an error, and is gone after the run
        if self.0.metadata()?.nlink() == 0 {
            return Err(io::Error::new(io::ErrorKind::NotFound, "was removed during the run"));
        }
        Ok(())
    }
}

/// Reads a file from a position on.
#[derive(Debug)]
pub(super) struct FileReader {
    pub(super) file: Arc<dyn StoredFile>,
    pub(super) offset: u64,
}

impl Read for FileReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read_at(buffer, self.offset)?;
        self.offset += read as u64;
        Ok(read)
    }
}
