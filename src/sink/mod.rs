//! SINKS: destinations of results. One file for each kind of sink, one row in the table. Also the other outputs of a run:
//! files of lines, a progress bar, and a table that is redrawn in place.

mod atomic_file;
mod batch;
mod display;
mod document;
mod encoded;
mod exec;
mod file;
mod file_length;
mod file_name;
mod files;
#[cfg(feature = "http")]
mod http;
#[cfg(feature = "kafka")]
mod kafka;
mod line_file;
mod named_fields;
#[cfg(feature = "postgres")]
mod postgres;
mod progress;
mod result_name;
mod same_file;
mod shown;
mod silent;
#[cfg(feature = "sqlite")]
mod sqlite;
mod stdout;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
mod table;
mod template;
mod workflow_commands;

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::data::{Entry, FileId, Names, OutputColumns, Slot};
use crate::encode::EncoderDef;
use crate::lang::Diagnostic;

pub use atomic_file::AtomicFile;
pub use batch::{BatchId, ResultKind, SinkBatch, SinkResult, is_same_window, window_of};
pub use display::{Display, Size};
pub use exec::{EndingSignal, ending_signal};
pub use line_file::LineFile;
pub use progress::Progress;
pub use same_file::{is_file, is_same_place, standard_error_id, standard_output_id};
pub use shown::shown;
pub use silent::Silent;
pub use stdout::{STDOUT_NAME, Stdout};
pub use workflow_commands::NoCommands;

/// All kinds of sinks; the first that accepts a target opens it.
pub const SINKS: &[&SinkDef] = &[
    &stdout::STDOUT,
    &exec::EXEC,
    &files::FILES,
    #[cfg(feature = "http")]
    &http::HTTP,
    #[cfg(feature = "kafka")]
    &kafka::KAFKA,
    #[cfg(feature = "postgres")]
    &postgres::POSTGRES,
    #[cfg(feature = "sqlite")]
    &sqlite::SQLITE,
    &file::FILE, // after those whose targets may end like the name of a file
];

/// A kind of sink and its manual entry.
#[derive(Debug)]
pub struct SinkDef {
    /// Name, usage (as a target is written), summary, examples.
    pub entry: Entry,
    /// How often it receives each result, and why.
    pub promise: Promise,
    /// Whether a target takes rows in the format of `-o`.
    pub encodes: fn(&OsStr) -> Encodes,
    /// True if a target belongs to this kind.
    pub accepts: fn(&OsStr) -> bool,
    /// Checks how a target is written, without opening it.
    pub check: fn(&OsStr) -> Result<(), Diagnostic>,
    /// The file or directory that a target writes to, if it does: the run reads nothing there, and no other output of the
    /// run goes there.
    pub path: fn(&OsStr) -> Option<OsString>,
    /// True if two targets of this kind, or a target and a source, are one place, however they are written.
    pub is_same: fn(&OsStr, &OsStr) -> bool,
    /// Checks, before anything is read or written, whether the target has room for the columns of the result. An error is
    /// a sentence without the target's name.
    pub fits: fn(&OsStr, &SinkSettings) -> Result<(), String>,
    /// Opens it; determines whether it takes bytes or rows.
    pub open: OpenSink,
}

/// Whether a target takes encoded rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encodes {
    /// It has a form of its own.
    Nothing,
    /// It takes rows in the format of `-o`.
    Rows,
    /// It takes what a pipe would: without `-o`, lines may be unchanged.
    AsInAPipe,
}

/// How often a sink receives each result of a run with `--checkpoint`, whatever crashes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Promise {
    /// Once, for this reason.
    ExactlyOnce(&'static str),
    /// Once or, after a crash, more often, for this reason.
    AtLeastOnce(&'static str),
}

impl Promise {
    /// Returns the promise of a run, with a checkpoint or without.
    pub fn sentence(self, has_checkpoint: bool) -> String {
        match self {
            _ if !has_checkpoint => "at least once while the run lives; --checkpoint goes on after a crash".to_owned(),
            Promise::ExactlyOnce(reason) => format!("exactly once: {reason}"),
            Promise::AtLeastOnce(reason) => format!("at least once: {reason}"),
        }
    }
}

/// Opens a target. An error is a sentence without the target's name.
#[derive(Clone, Copy, Debug)]
pub enum OpenSink {
    /// Standard output: the engine encodes the rows for it.
    Stdout,
    /// A sink of rows.
    Rows(OpenRowSink),
}

/// Opens a sink of rows.
pub type OpenRowSink = fn(&OsStr, &SinkSettings) -> Result<Box<dyn RowSink>, String>;

/// The settings of the sinks of a run.
#[derive(Clone, Debug)]
pub struct SinkSettings {
    /// The columns of the rows.
    pub columns: OutputColumns,
    /// The format that the user has chosen.
    pub format: Option<&'static EncoderDef>,
    /// `--header` or `--no-header`.
    pub header: Option<bool>,
    /// The separator of csv; `None` for the comma.
    pub separator: Option<u8>,
    /// The slot of lines that are printed unchanged, unless the user has chosen a format.
    pub lines: Option<Slot>,
    /// True if each result follows the earlier ones, as those of windows and single rows do; false if the result of
    /// everything read replaces them.
    pub is_streamed: bool,
    /// True if each result is a table of its own in a format that aligns columns, as those of windows are.
    pub has_tables: bool,
    /// `--changed`: of a result so far, the sink receives only the rows that have changed.
    pub changed: bool,
    /// With a checkpoint: identifies the stream that all its runs read. Letters and digits.
    pub stream: Option<String>,
    /// True if the run goes on after an earlier one of the stream, whose results the target has.
    pub resumes: bool,
    /// True if a later run goes on with the stream: results so far remain at the end of this one.
    pub suspends: bool,
}

/// The header of a source, for results that begin with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceHeader {
    /// The columns of the rows, if only the source knows them.
    pub names: Option<Names>,
    /// The line; empty if there is none.
    pub line: Vec<u8>,
}

/// Receives results as rows, batch by batch, in order. Every method is called by one thread only.
pub trait RowSink: Send {
    /// Prepares the sink, as by connecting. With a checkpoint, returns the last batch that it has received from earlier
    /// runs of the same stream, if it knows: this batch and those before it are not delivered again.
    fn begin(&mut self) -> Result<Option<BatchId>, DeliveryError> {
        Ok(None)
    }

    /// Passes the header of the source. Called at most once, before the rows under it, or before the end if there are none.
    fn know(&mut self, header: &SourceHeader) {
        let _ = header;
    }

    /// Delivers a batch: all of it is delivered when this returns without an error. After [`DeliveryError::Retry`] it is
    /// called again with the same batch.
    fn deliver(&mut self, batch: &SinkBatch) -> Result<(), DeliveryError>;

    /// True if batches that wait may be delivered as one, with the number of the last of them: a transaction costs as much
    /// as hundreds of rows.
    fn takes_several(&self) -> bool {
        false
    }

    /// The rows of a batch whose delivery has failed that were delivered nevertheless.
    fn delivered_rows(&self) -> usize {
        0
    }

    /// Ends the delivery, after the last batch of the run.
    fn finish(&mut self) -> Result<(), DeliveryError> {
        Ok(())
    }

    /// Returns the identity of the regular file that rows are appended to, and its length; `None` if there is none.
    fn position(&mut self) -> Option<(FileId, u64)> {
        None
    }

    /// Cuts off the bytes from this length on, before anything is delivered: a run that crashed has written them after
    /// its last commit. Called only if there is a [`RowSink::position`].
    fn cut(&mut self, length: u64) -> Result<(), String> {
        let _ = length;
        Ok(())
    }

    /// Takes notes for the user, such as fields that the target has no column for.
    fn take_notes(&mut self) -> Vec<String> {
        Vec::new()
    }
}

/// Why a batch was not delivered, as a sentence without the target's name and without secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeliveryError {
    /// It may succeed later: the peer is down, a table is locked, the disk is full.
    Retry(String),
    /// It may succeed after this time.
    RetryAfter(String, Duration),
    /// It never will.
    Failed(String),
}

/// Receives encoded rows, in order. Every method is called by the coordinator only; after an error none is called again.
pub trait ByteSink: Send {
    /// Begins a batch; the following bytes belong to it. A batch that is not committed before the sink is dropped was
    /// not delivered.
    fn begin(&mut self, batch: BatchId) -> Result<(), SinkError> {
        let _ = batch;
        Ok(())
    }

    /// Writes and flushes all of `bytes`.
    fn write(&mut self, bytes: &[u8]) -> Result<(), SinkError>;

    /// Ends the batch: all of its bytes are delivered when this returns.
    fn commit(&mut self) -> Result<(), SinkError> {
        Ok(())
    }

    /// Returns the width of the terminal, or `None` if this is not a terminal.
    fn columns(&self) -> Option<usize> {
        None
    }

    /// Returns the number of lines of the terminal, or `None` if this is not a terminal.
    fn rows(&self) -> Option<usize> {
        None
    }

    /// Returns the identity of the regular file that the bytes go to, and its length after them; `None` if they go to
    /// anything else.
    fn position(&self) -> Option<(FileId, u64)> {
        None
    }

    /// Cuts off the bytes from this length on, before anything is written: a run that crashed has written them after its
    /// last commit. Called only if there is a [`ByteSink::position`].
    fn cut(&mut self, length: u64) -> Result<(), SinkError> {
        let _ = length;
        Ok(())
    }

    /// Opens the regular file that the bytes go to, to read it; `None` if they go to anything else, or it may not be read.
    fn written(&self) -> Option<File> {
        None
    }

    /// Returns when all bytes that were written are durable.
    fn sync(&mut self) -> Result<(), SinkError> {
        Ok(())
    }
}

/// Standard output, or what a test has in its place.
pub type Sink = dyn ByteSink;

/// Why writing ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SinkError {
    /// The reader has closed the pipe, which is not a failure.
    Closed,
    /// Any other failure, as a sentence.
    Failed(String),
}

/// The kind of sink that a target is written for.
pub fn def(target: &OsStr) -> Option<&'static SinkDef> {
    SINKS.iter().copied().find(|def| (def.accepts)(target))
}

/// True if two targets, or a target and a source, are one place.
pub fn is_same(one: &OsStr, other: &OsStr) -> bool {
    match (def(one), def(other)) {
        (Some(def), Some(same)) if std::ptr::eq(def, same) => (def.is_same)(one, other),
        _ => false,
    }
}

impl ByteSink for Vec<u8> {
    fn write(&mut self, bytes: &[u8]) -> Result<(), SinkError> {
        self.extend_from_slice(bytes);
        Ok(())
    }
}

/// Bytes that a test reads after a run.
pub type SharedBytes = Arc<Mutex<Vec<u8>>>;

/// Returns a sink that keeps its bytes in memory, and these bytes.
pub fn in_memory() -> (SharedBytes, SharedBytes) {
    let bytes = Arc::default();
    (Arc::clone(&bytes), bytes)
}

impl ByteSink for Arc<Mutex<Vec<u8>>> {
    fn write(&mut self, bytes: &[u8]) -> Result<(), SinkError> {
        let mut to = self.lock().unwrap_or_else(PoisonError::into_inner);
        ByteSink::write(&mut *to, bytes)
    }
}

/// Columns, rows and settings for the tests of sinks.
#[cfg(test)]
mod testing {
    use super::*;
    use crate::data::{Batch, Column, OutputColumn, Position, Value};

    pub(super) fn text(text: &str) -> Value {
        Value::Text(text.as_bytes().to_vec())
    }

    pub(super) fn int(value: i64) -> Value {
        Value::Int(value)
    }

    pub(super) fn time(ns: i64) -> Value {
        Value::Time(ns)
    }

    /// Columns of these names; `*` marks the bounds of a window, and `+` another key.
    pub(super) fn columns(names: &[&str]) -> OutputColumns {
        let column = |(name, slot): (&&str, u32)| OutputColumn {
            name: name.trim_start_matches(['*', '+']).to_owned(),
            slot: Slot(slot),
            is_key: name.starts_with(['*', '+']),
            is_bound: name.starts_with('*'),
        };
        OutputColumns { named: names.iter().zip(0..).map(column).collect(), ..OutputColumns::default() }
    }

    pub(super) fn batch(columns: &[Vec<Value>]) -> Batch<'static> {
        let mut batch = Batch::new(columns.first().map_or(0, Vec::len), Position::default());
        for (values, slot) in columns.iter().zip(0..) {
            let column: Column<'static> = values.iter().map(Value::borrow).collect();
            batch.set(Slot(slot), column);
        }
        batch
    }

    /// A result of everything read; no checkpoint.
    pub(super) fn settings(columns: OutputColumns) -> SinkSettings {
        SinkSettings {
            columns,
            format: None,
            header: None,
            separator: None,
            lines: None,
            is_streamed: false,
            has_tables: false,
            changed: false,
            stream: None,
            resumes: false,
            suspends: false,
        }
    }

    /// A batch of this number with one result.
    pub(super) fn of(number: u64, kind: ResultKind, rows: Vec<Batch<'static>>) -> SinkBatch {
        let id = (kind != ResultKind::Snapshot).then_some(BatchId(number));
        SinkBatch { id, results: vec![SinkResult { kind, window: None, rows }] }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_documented_and_found_by_its_usage() {
        for def in SINKS {
            let entry = def.entry;
            assert!(entry.summary.ends_with('.'), "{}", entry.name);
            assert!(!entry.examples.is_empty(), "{}", entry.name);
            let found = SINKS.iter().find(|def| (def.accepts)(OsStr::new(entry.usage)));
            assert_eq!(found.map(|found| found.entry.name), Some(entry.name));
        }
    }

    #[test]
    fn an_unknown_target_has_no_kind() {
        assert!(def(OsStr::new("carrier-pigeon:")).is_none());
    }
}
