//! A file of lines: rejected lines, or late ones.

use std::ffi::OsStr;
use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::FileTypeExt;

use super::atomic_file::open_device;
use super::{file_length, is_file};
use crate::data::{FileId, reason};

/// Writes lines in the order of the stream. Used by the coordinator only.
#[derive(Debug)]
pub struct LineFile {
    name: String,
    writer: BufWriter<File>,
    error: Option<String>,
}

impl LineFile {
    /// Creates or empties the file; `name` is used in messages. A file that is also a source is refused.
    pub fn create(path: &OsStr, name: String, sources: &[FileId]) -> Result<LineFile, String> {
        if sources.iter().any(|source| is_file(path, *source)) {
            return Err(format!("{name}: is read as a source"));
        }
        match open(path) {
            Ok(file) => Ok(LineFile { name, writer: BufWriter::new(file), error: None }),
            Err(error) => Err(format!("{name}: {}", reason(&error))),
        }
    }

    /// As [`LineFile::create`], but the lines follow those that the file has.
    pub fn append(path: &OsStr, name: String, sources: &[FileId]) -> Result<LineFile, String> {
        if sources.iter().any(|source| is_file(path, *source)) {
            return Err(format!("{name}: is read as a source"));
        }
        let is_pipe = std::fs::metadata(path).is_ok_and(|metadata| metadata.file_type().is_fifo());
        let opened = if is_pipe { open_device(path) } else { OpenOptions::new().append(true).create(true).open(path) };
        match opened {
            Ok(file) => Ok(LineFile { name, writer: BufWriter::new(file), error: None }),
            Err(error) => Err(format!("{name}: {}", reason(&error))),
        }
    }

    /// Returns the identity of the file and its length after the lines written so far; `None` if it is not a regular
    /// file.
    pub fn position(&mut self) -> Option<(FileId, u64)> {
        self.flush();
        file_length::position(self.writer.get_ref().as_fd())
    }

    /// Cuts off the lines from this length on, before any line is written.
    pub fn cut(&mut self, length: u64) {
        let cut = file_length::cut(self.writer.get_ref().as_fd(), length);
        self.keep(cut);
    }

    /// Returns when all lines written so far are durable, or writing has failed.
    pub fn sync(&mut self) {
        self.flush();
        if self.error.is_none() && self.position().is_some() {
            let synced = self.writer.get_ref().sync_data();
            self.keep(synced);
        }
    }

    /// Writes lines, each with its terminator. After an error, nothing more is written.
    pub fn write(&mut self, lines: &[u8]) {
        if self.error.is_none() && !lines.is_empty() {
            let written = self.writer.write_all(lines);
            self.keep(written);
        }
    }

    /// Makes the lines written so far visible to readers of the file.
    pub fn flush(&mut self) {
        if self.error.is_none() && !self.writer.buffer().is_empty() {
            let flushed = self.writer.flush();
            self.keep(flushed);
        }
    }

    /// Flushes the file; returns the reason if any write failed.
    pub fn finish(mut self) -> Option<String> {
        self.flush();
        self.error
    }

    fn keep(&mut self, written: std::io::Result<()>) {
        if let Err(error) = written {
            self.error = Some(format!("{}: {}", self.name, reason(&error)));
        }
    }
}

/// Creates or empties a file, or opens a named pipe that has a reader.
fn open(path: &OsStr) -> io::Result<File> {
    let is_pipe = std::fs::metadata(path).is_ok_and(|metadata| metadata.file_type().is_fifo());
    if is_pipe { open_device(path) } else { File::create(path) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::regular_file_id;

    #[test]
    fn a_source_is_not_emptied() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), "a\n").expect("room for a line");
        let path = file.path().as_os_str();
        let id = regular_file_id(&file.as_file().metadata().expect("it is open")).expect("it is regular");
        let refused = LineFile::create(path, "it".to_owned(), &[id]).expect_err("it is a source");
        assert_eq!(refused, "it: is read as a source");
        assert_eq!(std::fs::read(path).expect("the file"), b"a\n");
    }

    #[test]
    fn a_pipe_without_a_reader_is_refused() {
        let directory = tempfile::tempdir().expect("a directory");
        let pipe = directory.path().join("pipe");
        rustix::fs::mknodat(
            rustix::fs::CWD,
            &pipe,
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::from_raw_mode(0o600),
            0,
        )
        .expect("a pipe");
        let create = || LineFile::create(pipe.as_os_str(), "it".to_owned(), &[]);
        assert_eq!(create().expect_err("no reader"), "it: is a pipe that no process reads");
        let path = pipe.clone();
        let reader = std::thread::spawn(move || std::fs::read(path).expect("the pipe"));
        let mut file = create().expect("a reader");
        file.write(b"a\n");
        assert_eq!(file.finish(), None);
        assert_eq!(reader.join().expect("it reads"), b"a\n");
    }

    #[test]
    fn what_cannot_be_written_is_said_once() {
        let Ok(mut rejects) = LineFile::create(OsStr::new("/dev/full"), "it".to_owned(), &[]) else {
            return; // this system has no such device
        };
        rejects.write(&[b'x'; 100_000]);
        rejects.write(b"y\n");
        let error = rejects.finish().expect("the device is full");
        assert_eq!(error, "it: no space left on device");
    }
}
