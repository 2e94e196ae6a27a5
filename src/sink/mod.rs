//! SINKS: destinations of results. One file for each kind of sink, one row in the table. Also the other outputs of a run:
//! files of lines, a progress bar, and a table that is redrawn in place.

mod atomic_file;
mod display;
mod file_length;
mod line_file;
mod progress;
mod same_file;
mod stdout;
mod workflow_commands;

use std::ffi::OsStr;
use std::fs::File;
use std::sync::{Arc, Mutex, PoisonError};

use crate::data::{Batch, Entry, FileId, OutputColumn, Slot};

pub use atomic_file::AtomicFile;
pub use display::{Display, Size};
pub use line_file::LineFile;
pub use progress::Progress;
pub use same_file::{is_file, is_same_place, standard_error_id, standard_output_id};
pub use stdout::{STDOUT_NAME, Stdout};
pub use workflow_commands::NoCommands;

/// All kinds of sinks; the first that accepts a target opens it.
pub const SINKS: &[&SinkDef] = &[&stdout::STDOUT];

/// A kind of sink and its manual entry.
#[derive(Debug)]
pub struct SinkDef {
    /// Name, usage (as a target is written), summary, examples.
    pub entry: Entry,
    /// True if a target belongs to this kind.
    pub accepts: fn(&OsStr) -> bool,
    /// Opens it; determines whether it takes bytes or rows.
    pub open: OpenSink,
}

/// Opens a target. An error is a sentence that names the target.
#[derive(Clone, Copy, Debug)]
pub enum OpenSink {
    /// A sink of encoded rows.
    Bytes(fn(&OsStr) -> Result<Box<dyn ByteSink>, String>),
    /// A sink of columns.
    Rows(fn(&OsStr) -> Result<Box<dyn RowSink>, String>),
}

/// An opened sink.
pub enum Sink {
    /// The engine encodes the rows.
    Bytes(Box<dyn ByteSink>),
    /// The sink reads the columns, as a database does.
    Rows(Box<dyn RowSink>),
}

/// The number of a batch of results. A sink sees growing numbers, each at most once. Between two of them there may be
/// batches without results.
///
/// The engine numbers the batches that it merges. A result that is printed between two batches, such as a snapshot, has
/// a number of its own; a run that prints none has the same numbers whenever its batches have the same bounds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct BatchId(pub u64);

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

/// Receives rows as columns, in order. Every method is called by the coordinator only; after an error none is called
/// again.
pub trait RowSink: Send {
    /// Begins a batch; the following rows belong to it. A batch that is not committed before the sink is dropped was not
    /// delivered.
    fn begin(&mut self, batch: BatchId) -> Result<(), SinkError>;

    /// Takes rows. The columns are the same in every call of a run.
    fn write(&mut self, columns: RowColumns<'_>, rows: &Batch<'_>) -> Result<(), SinkError>;

    /// Ends the batch: all of its rows are delivered when this returns.
    fn commit(&mut self) -> Result<(), SinkError>;
}

/// The columns of rows that a sink takes.
#[derive(Clone, Copy, Debug)]
pub struct RowColumns<'p> {
    /// The columns whose names the plan knows, in order.
    pub named: &'p [OutputColumn],
    /// The slot of an object whose fields are columns, too, after the first `front` of the others. A named column
    /// replaces its field of the same name.
    pub whole: Option<Slot>,
    /// The number of named columns before the object's fields.
    pub front: usize,
    /// Fields of the object that are no columns.
    pub dropped: &'p [String],
}

/// Why writing ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SinkError {
    /// The reader has closed the pipe, which is not a failure.
    Closed,
    /// Any other failure, as a sentence.
    Failed(String),
}

/// Opens a target.
pub fn open(target: &OsStr) -> Result<Sink, String> {
    let mut kinds = SINKS.iter().filter(|def| (def.accepts)(target));
    match kinds.next().map(|def| def.open) {
        Some(OpenSink::Bytes(open)) => open(target).map(Sink::Bytes),
        Some(OpenSink::Rows(open)) => open(target).map(Sink::Rows),
        None => Err(format!("{}: no kind of sink is written like this", target.display())),
    }
}

impl Sink {
    /// Begins a batch.
    pub fn begin(&mut self, batch: BatchId) -> Result<(), SinkError> {
        match self {
            Sink::Bytes(sink) => sink.begin(batch),
            Sink::Rows(sink) => sink.begin(batch),
        }
    }

    /// Ends the batch.
    pub fn commit(&mut self) -> Result<(), SinkError> {
        match self {
            Sink::Bytes(sink) => sink.commit(),
            Sink::Rows(sink) => sink.commit(),
        }
    }
}

impl ByteSink for Vec<u8> {
    fn write(&mut self, bytes: &[u8]) -> Result<(), SinkError> {
        self.extend_from_slice(bytes);
        Ok(())
    }
}

/// Returns a sink that keeps its bytes in memory, and these bytes.
pub fn in_memory() -> (Sink, Arc<Mutex<Vec<u8>>>) {
    let bytes = Arc::new(Mutex::new(Vec::new()));
    (Sink::Bytes(Box::new(Arc::clone(&bytes))), bytes)
}

impl ByteSink for Arc<Mutex<Vec<u8>>> {
    fn write(&mut self, bytes: &[u8]) -> Result<(), SinkError> {
        let mut to = self.lock().unwrap_or_else(PoisonError::into_inner);
        ByteSink::write(&mut *to, bytes)
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
    fn an_unknown_target_is_an_error() {
        let refused = open(OsStr::new("carrier-pigeon:")).err();
        assert_eq!(refused.as_deref(), Some("carrier-pigeon:: no kind of sink is written like this"));
    }
}
