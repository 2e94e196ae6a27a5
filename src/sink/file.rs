//! `PATH.csv`, `PATH.json` and the like: the whole result in a file.
//!
//! A result over everything read replaces the file at once. Rows and windows, each of which is final, are appended batch
//! by batch.

use std::ffi::{OsStr, OsString};
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::path::Path;

use super::atomic_file::AtomicFile;
use super::encoded::EncodedRows;
use super::{
    DeliveryError, OpenSink, Promise, ResultKind, RowSink, SinkBatch, SinkDef, SinkSettings, file_length, shown,
};
use crate::data::{Entry, Example, FileId, reason};
use crate::encode::{self, EncoderDef};

pub(super) const FILE: SinkDef = SinkDef {
    entry: Entry {
        name: "file",
        usage: "PATH.csv|.json|.tsv|.txt",
        summary: "A file that holds the whole result, in the format of its name.",
        details: "A result over everything read appears at once, when it is complete, and replaces the file; with \
                  `--every`, each result so far does, too. Rows and windows, which are final when they come, are appended \
                  as they come; the file is emptied first, unless `--checkpoint` goes on with it. A `.txt` file has the \
                  format of `-o`, or that of standard output in a pipe.",
        examples: &[Example { expr: "--to counts.csv 'split | count by word'", input: "a b\na\n", output: "" }],
    },
    promise: Promise::ExactlyOnce("the file is cut to the last commit, or replaced as a whole"),
    encodes: |target| extension(target) == Some("txt"),
    accepts: |target| extension(target).is_some(),
    check: |_| Ok(()),
    open: OpenSink::Rows(|target, settings| Ok(Box::new(FileSink::open(target, settings)?))),
};

/// The extension of a path, if it is one that a file of results has.
fn extension(target: &OsStr) -> Option<&str> {
    let extension = Path::new(target).extension()?.to_str()?;
    ["csv", "json", "tsv", "txt"].contains(&extension).then_some(extension)
}

struct FileSink {
    settings: SinkSettings,
    format: &'static EncoderDef,
    place: Place,
}

enum Place {
    /// Replaced at once.
    Whole(OsString),
    /// Appended to; the encoder has begun with a header if there is one.
    Growing(File, EncodedRows),
}

impl FileSink {
    fn open(target: &OsStr, settings: &SinkSettings) -> Result<FileSink, String> {
        let format = extension(target).and_then(encode::find).or(settings.format);
        let format = format.unwrap_or(match settings.columns.whole {
            Some(_) => encode::FOR_OPEN_COLUMNS,
            None => encode::FOR_PROGRAMS,
        });
        let place = if settings.is_streamed {
            let mut options = OpenOptions::new();
            options.create(true).append(true);
            let file = options.open(target).map_err(|error| reason(&error))?;
            if settings.stream.is_none() {
                file.set_len(0).map_err(|error| reason(&error))?;
            }
            let is_empty = file_length::position(file.as_fd()).is_none_or(|(_, length)| length == 0);
            Place::Growing(file, EncodedRows::new(format, settings, is_empty))
        } else {
            Place::Whole(target.to_owned())
        };
        Ok(FileSink { settings: settings.clone(), format, place })
    }
}

impl RowSink for FileSink {
    fn deliver(&mut self, batch: &SinkBatch) -> Result<(), DeliveryError> {
        match &mut self.place {
            Place::Whole(path) => {
                let Some(last) = batch.results.last() else {
                    return Ok(());
                };
                let mut bytes = Vec::new();
                EncodedRows::new(self.format, &self.settings, true).append(last, &mut bytes);
                let name = shown(path);
                AtomicFile::at(path, name, &[], |_| false)
                    .and_then(|file| file.write(&bytes))
                    .map_err(DeliveryError::Retry)
            }
            Place::Growing(file, encoded) => {
                let mut bytes = Vec::new();
                for result in batch.results.iter().filter(|result| result.kind != ResultKind::Snapshot) {
                    encoded.append(result, &mut bytes);
                }
                let before = file_length::position(file.as_fd());
                file.write_all(&bytes).map_err(|error| {
                    if let Some((_, length)) = before {
                        let _ = file_length::cut(file.as_fd(), length); // the next attempt writes all of it
                    }
                    failed(&error)
                })
            }
        }
    }

    fn take_notes(&mut self) -> Vec<String> {
        match &mut self.place {
            Place::Growing(_, encoded) => encoded.take_left_out().iter().map(|name| without_column(name)).collect(),
            Place::Whole(_) => Vec::new(), // all rows decide the columns
        }
    }

    fn position(&mut self) -> Option<(FileId, u64)> {
        match &self.place {
            Place::Growing(file, _) => {
                let _ = file.sync_data(); // an error comes again with the next write
                file_length::position(file.as_fd())
            }
            Place::Whole(_) => None,
        }
    }

    fn cut(&mut self, length: u64) -> Result<(), String> {
        match &self.place {
            Place::Growing(file, _) => file_length::cut(file.as_fd(), length).map_err(|error| reason(&error)),
            Place::Whole(_) => Ok(()),
        }
    }
}

fn without_column(name: &str) -> String {
    format!("the first result has no field `{name}`, so the file has no such column")
}

fn failed(error: &io::Error) -> DeliveryError {
    DeliveryError::Retry(reason(error))
}
