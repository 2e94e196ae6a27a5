//! What the threads say to each other.

use std::fs::File;
use std::sync::Arc;

use crate::aggregate::{GroupRun, SliceRuns};
use crate::data::{Batch, RejectedRecord};
use crate::expr::Failures;
use crate::stage::{Checks, Header};
use crate::window::Punctuation;

use super::arrivals::Arrivals;
use super::triggers::ReadPosition;

/// Which source: those of the command line by their places, then connections as they come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct SourceIndex(pub(super) usize);

/// From the reader to a worker: some whole records.
#[derive(Debug)]
pub(super) struct Task {
    /// Numbers all chunks of the run in the order of the input.
    pub(super) sequence: u64,
    /// The batch that the chunk belongs to.
    pub(super) batch: u64,
    pub(super) source: SourceIndex,
    /// The record of the source that names the fields, if the plan asks for one.
    pub(super) header: Option<Arc<[u8]>>,
    /// When the last of it was read, in nanoseconds since 1970; never goes back.
    pub(super) read_ns: i64,
    /// When which of its records were read, if something depends on it.
    pub(super) arrivals: Arrivals,
    pub(super) content: Content,
}

/// Where the records are.
#[derive(Debug)]
pub(super) enum Content {
    /// All records that begin in a range of a file.
    Range(FileRange),
    /// The first so many bytes of a buffer, which goes back to the reader.
    Buffer(Vec<u8>, usize),
    /// One record that is longer than a record may be; its bytes are gone.
    Overlong,
    /// Records that the reader has rejected.
    Rejected(Vec<RejectedRecord>),
    /// No record: what there is to know of the source's time.
    Punctuation(Punctuation),
}

/// A part of a file that is read by ranges.
#[derive(Debug)]
pub(super) struct FileRange {
    pub(super) file: Arc<File>,
    /// Where the first record of the file begins.
    pub(super) first: u64,
    /// The range.
    pub(super) low: u64,
    pub(super) high: u64,
    /// Where the file ends.
    pub(super) end: u64,
}

/// From the reader to every worker: hand over what belongs to this batch and those before.
#[derive(Clone, Copy, Debug)]
pub(super) struct Flush {
    pub(super) batch: u64,
}

/// To the coordinator.
#[derive(Debug)]
pub(super) enum Message {
    /// From a worker: a chunk is processed.
    Done(Box<Done>),
    /// From a worker: the groups of some chunks of a batch.
    Partial { batch: u64, chunks: u64, share: PartialResult },
    /// From the reader: a batch has so many chunks.
    BatchEnd { batch: u64, chunks: u64 },
    /// From the reader: somebody wants to look at the result of what was handed out so far; the batch has ended.
    SnapshotRequested(ReadPosition),
    /// From the reader: the first source that has one has this header.
    Header(Header),
    /// From the reader: a source cannot be read, or no further.
    SourceFailed(SourceIndex, String),
    /// From the reader: there are so many chunks in all.
    End { chunks: u64 },
}

/// The groups of a worker.
#[derive(Debug)]
pub(super) enum PartialResult {
    /// Of the whole stream.
    Whole(Vec<GroupRun>),
    /// Of each slice of time.
    Slices(SliceRuns),
}

/// What became of a chunk.
#[derive(Debug)]
pub(super) struct Done {
    pub(super) sequence: u64,
    pub(super) batch: u64,
    pub(super) source: SourceIndex,
    /// When it was read, in nanoseconds since 1970.
    pub(super) read_ns: i64,
    /// What it says of time, if it has no records.
    pub(super) mark: Option<Punctuation>,
    /// Where the watermark stands behind it, if workers put records into windows.
    pub(super) watermark: i64,
    /// Whether the header of the source, which has a number as records have, came before these records.
    pub(super) has_header: bool,
    pub(super) bytes: u64,
    pub(super) records: u64,
    /// Those of them that turned out to be none, such as blank lines.
    pub(super) no_records: u64,
    /// Records that a filter dropped.
    pub(super) filtered: u64,
    /// Records that came through all stages; those that the coordinator's stages judge are not among them.
    pub(super) passed: u64,
    pub(super) rejected: u64,
    /// Records all of whose windows were final.
    pub(super) late: u64,
    /// The first late record's place in the chunk, from 0.
    pub(super) first_late: Option<u64>,
    /// The late lines, each with a newline, if they are kept.
    pub(super) late_lines: Vec<u8>,
    /// Records whose time was so far ahead that it moved no window.
    pub(super) jumps: u64,
    /// The rejected lines, each with a newline, if they are kept.
    pub(super) rejected_lines: Vec<u8>,
    /// The first rejected record's place in the chunk, from 0, and why.
    pub(super) first_rejected: Option<(u64, String)>,
    pub(super) failures: Failures,
    /// What checks have seen of its rows.
    pub(super) checks: Checks,
    /// The place in the chunk of the record with the first failure, from 0.
    pub(super) first_failure: Option<u64>,
    /// Fields that were not printed, because the first row of the run did not have them.
    pub(super) left_out: Vec<String>,
    /// The run was interrupted before all of its records were processed.
    pub(super) is_unfinished: bool,
    /// Why the source could not be read to the end of the chunk.
    pub(super) error: Option<String>,
    pub(super) payload: Payload,
}

/// What a chunk has become.
#[derive(Debug)]
pub(super) enum Payload {
    /// Its groups are in a partial, or nothing is left of it.
    Nothing,
    /// Encoded rows.
    Bytes(Vec<u8>),
    /// Rows for the coordinator's stages.
    Batches(Vec<Batch<'static>>),
}
