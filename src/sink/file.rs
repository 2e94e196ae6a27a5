//! `PATH.csv`, `PATH.json` and the like: the whole result in a file.
//!
//! A result over everything read replaces the file at once. Rows and windows, each of which is final, are appended batch
//! by batch.

mod existing_header;

use std::ffi::OsStr;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::atomic_file::{AtomicFile, open_device};
use super::encoded::{EncodedRows, RowFormat, without_column};
use super::same_file::is_same_place;
use super::{
    DeliveryError, Encodes, OpenSink, Promise, ResultKind, RowSink, SinkBatch, SinkDef, SinkResult, SinkSettings,
    SourceHeader, file_length,
};
use crate::data::{Entry, Example, FileId, reason};
use crate::encode;
use crate::lang::Diagnostic;
use crate::lang::ast::Span;

pub(super) const FILE: SinkDef = SinkDef {
    entry: Entry {
        name: "file",
        usage: "PATH.csv|.json|.tsv|.txt",
        summary: "A file that holds the whole result, in the format of its name.",
        details: "A result over everything read appears at once, when it is complete, and replaces the file; with \
                  `--every`, each result so far does, too. Its permissions stay, and links are followed. Rows and \
                  windows, which are final when they come, are appended as they come, and `--every` changes nothing; the \
                  file is emptied first, unless `--checkpoint` goes on with it. A result without rows leaves an empty \
                  file, or its header. A `.txt` file has the format of `-o`, or that of standard output in a pipe.",
        examples: &[Example { expr: "--to counts.csv 'split | count by word'", input: "a b\na\n", output: "" }],
    },
    promise: Promise::ExactlyOnce("the file is cut to the last commit, or replaced as a whole"),
    encodes: |target| if extension(target) == Some("txt") { Encodes::AsInAPipe } else { Encodes::Nothing },
    accepts: |target| extension(target).is_some(),
    check: |target| match target.to_str().and_then(|target| target.strip_prefix("file:")) {
        Some(path) => {
            let path = path.strip_prefix("//").unwrap_or(path);
            let whole = Span { start: 0, end: "file:".len() };
            Err(Diagnostic::new(whole, "a file is written without a scheme").help(format!("write --to {path}")))
        }
        None => Ok(()),
    },
    path: |target| Some(target.to_owned()),
    is_same: is_same_place,
    fits: |target, settings| FileSink::fits(format_of(target, settings), settings),
    open: OpenSink::Rows(|target, settings| Ok(Box::new(FileSink::open(target, settings)?))),
};

/// The extension of a path, if it is one that a file of results has.
fn extension(target: &OsStr) -> Option<&str> {
    let extension = Path::new(target).extension()?.to_str()?;
    let is_address = target.to_string_lossy().contains("://");
    (!is_address && ["csv", "json", "tsv", "txt"].contains(&extension)).then_some(extension)
}

/// The format of a file with this name.
pub(super) fn format_of(path: &OsStr, settings: &SinkSettings) -> RowFormat {
    match extension(path).and_then(encode::find) {
        Some(format) => RowFormat::of(format, settings),
        None => RowFormat::of_option(settings),
    }
}

/// A failure to write to a file. Some pass: the disk may get room, or the server of a network file system come back.
pub(super) fn failed(error: &io::Error) -> DeliveryError {
    use io::ErrorKind::*;
    match error.kind() {
        PermissionDenied | NotFound | NotADirectory | IsADirectory | ReadOnlyFilesystem | FileTooLarge | BrokenPipe
        | InvalidFilename | InvalidInput | AlreadyExists => DeliveryError::Failed(reason(error)),
        _ => DeliveryError::Retry(reason(error)),
    }
}

enum FileSink {
    Whole(WholeFile),
    Growing(GrowingFile),
}

/// A file that each result replaces.
struct WholeFile {
    file: AtomicFile,
    format: RowFormat,
    settings: SinkSettings,
    source: Option<SourceHeader>,
    /// A final result was written.
    is_final: bool,
}

/// A file that rows are appended to.
struct GrowingFile {
    file: File,
    /// The bytes of an earlier run are not part of the result: the file is emptied before the first row.
    is_stale: bool,
    encoded: EncodedRows,
    /// The bytes of a batch that could not be written.
    unwritten: Option<Vec<u8>>,
}

impl FileSink {
    fn fits(format: RowFormat, settings: &SinkSettings) -> Result<(), String> {
        if settings.is_streamed && settings.stream.is_some() && format.fixes_columns(settings) && !format.has_header() {
            return Err("the data define its columns, which a later run finds in a header only\n  \
                 = help: write --header, or name the columns with select"
                .to_owned());
        }
        if settings.changed && !settings.is_streamed {
            return Err(
                "holds the whole result, not only the rows that have changed\n  = help: leave --changed out".to_owned()
            );
        }
        Ok(())
    }

    fn open(target: &OsStr, settings: &SinkSettings) -> Result<FileSink, String> {
        let format = format_of(target, settings);
        FileSink::fits(format, settings)?;
        if settings.is_streamed {
            return GrowingFile::open(target, format, settings).map(FileSink::Growing);
        }
        let file = AtomicFile::open(target).map_err(|error| reason(&error))?;
        let settings = settings.clone();
        Ok(FileSink::Whole(WholeFile { file, format, settings, source: None, is_final: false }))
    }
}

impl WholeFile {
    fn write(&self, result: Option<&SinkResult>) -> Result<(), DeliveryError> {
        let settings = SinkSettings { stream: None, ..self.settings.clone() };
        let written = self.file.replace(&mut |out| {
            let mut encoded = EncodedRows::new(self.format, &settings, true, None, self.source.clone());
            result.map_or(Ok(()), |result| encoded.write(result, out))?;
            encoded.end(out)
        });
        written.map_err(|error| match self.file.is_device() {
            true => DeliveryError::Failed(reason(&error)), // it has part of the result
            false => failed(&error),
        })
    }
}

impl GrowingFile {
    fn open(target: &OsStr, format: RowFormat, settings: &SinkSettings) -> Result<GrowingFile, String> {
        let because = |error: io::Error| reason(&error);
        let is_special = std::fs::metadata(target).is_ok_and(|found| !found.is_file() && !found.is_dir());
        let file = match is_special {
            true => open_device(target),
            false => OpenOptions::new().create(true).append(true).open(target),
        };
        let file = file.map_err(because)?;
        if !is_special && matches!(file.try_lock(), Err(TryLockError::WouldBlock)) {
            return Err("another run of bourn writes to it".to_owned());
        }
        let is_stale = !settings.resumes;
        let length = file_length::position(file.as_fd()).map_or(0, |(_, length)| length);
        let has_rows = !is_stale && length > 0;
        let names = match has_rows && format.fixes_columns(settings) {
            true => Some(existing_header::names(target, format, settings.separator).map_err(because)?),
            false => None,
        };
        let encoded = EncodedRows::new(format, settings, !has_rows, names, None);
        Ok(GrowingFile { file, is_stale, encoded, unwritten: None })
    }

    fn empty(&mut self) -> Result<(), DeliveryError> {
        if self.is_stale && file_length::position(self.file.as_fd()).is_some() {
            file_length::cut(self.file.as_fd(), 0).map_err(|error| failed(&error))?;
        }
        self.is_stale = false;
        Ok(())
    }

    /// Appends the bytes that `encode` makes; after an error, the next call appends the same bytes.
    fn append(&mut self, encode: &mut dyn FnMut(&mut EncodedRows, &mut Vec<u8>)) -> Result<(), DeliveryError> {
        let bytes = self.unwritten.take().unwrap_or_else(|| {
            let mut bytes = Vec::new();
            encode(&mut self.encoded, &mut bytes);
            bytes
        });
        if !bytes.is_empty() && self.file.metadata().is_ok_and(|file| file.is_file() && file.nlink() == 0) {
            self.unwritten = Some(bytes);
            return Err(DeliveryError::Failed("was removed while rows were appended to it".to_owned()));
        }
        let before = file_length::position(self.file.as_fd());
        let Err(error) = self.file.write_all(&bytes) else {
            return Ok(());
        };
        self.unwritten = Some(bytes);
        match before {
            Some((_, length)) => {
                let _ = file_length::cut(self.file.as_fd(), length); // the next attempt writes all of it
                Err(failed(&error))
            }
            None => Err(DeliveryError::Failed(reason(&error))), // a device or pipe has part of it
        }
    }
}

impl RowSink for FileSink {
    fn begin(&mut self) -> Result<Option<super::BatchId>, DeliveryError> {
        if let FileSink::Growing(growing) = self {
            growing.empty()?;
        }
        Ok(None)
    }

    fn know(&mut self, header: &SourceHeader) {
        match self {
            FileSink::Whole(whole) => whole.source = Some(header.clone()),
            FileSink::Growing(growing) => growing.encoded.know(header),
        }
    }

    fn deliver(&mut self, batch: &SinkBatch) -> Result<(), DeliveryError> {
        match self {
            FileSink::Whole(whole) => {
                let last = batch.results.last();
                whole.write(last)?;
                whole.is_final |= last.is_some_and(|last| last.kind == ResultKind::Final);
                Ok(())
            }
            FileSink::Growing(growing) => growing.append(&mut |encoded, bytes| {
                for result in batch.results.iter().filter(|result| result.kind != ResultKind::Snapshot) {
                    encoded.write(result, bytes).expect("memory takes all bytes");
                }
            }),
        }
    }

    fn finish(&mut self) -> Result<(), DeliveryError> {
        match self {
            FileSink::Whole(whole) if whole.is_final => Ok(()),
            FileSink::Whole(whole) => whole.write(None), // the result has no rows
            FileSink::Growing(growing) => {
                growing.append(&mut |encoded, bytes| encoded.end(bytes).expect("memory takes all bytes"))
            }
        }
    }

    fn take_notes(&mut self) -> Vec<String> {
        match self {
            FileSink::Growing(growing) => {
                growing.encoded.take_left_out().iter().map(|name| without_column(name)).collect()
            }
            FileSink::Whole(_) => Vec::new(), // all rows decide the columns
        }
    }

    fn position(&mut self) -> Option<(FileId, u64)> {
        match self {
            FileSink::Growing(growing) => {
                let _ = growing.file.sync_data(); // an error comes again with the next write
                let (id, length) = file_length::position(growing.file.as_fd())?;
                Some((id, if growing.is_stale { 0 } else { length }))
            }
            FileSink::Whole(_) => None,
        }
    }

    fn cut(&mut self, length: u64) -> Result<(), String> {
        match self {
            FileSink::Growing(growing) => {
                file_length::cut(growing.file.as_fd(), length).map_err(|error| reason(&error))
            }
            FileSink::Whole(_) => Ok(()),
        }
    }
}
