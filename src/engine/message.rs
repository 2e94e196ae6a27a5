//! The messages between threads.

use std::fs::File;
use std::sync::Arc;

use crate::aggregate::{SliceRuns, TakenRun};
use crate::data::persist::{Persist, StateError, StateReader};
use crate::data::{Batch, HeapBytes, MessageChunk, RejectedRecord};
use crate::source::offset::FileIdentity;
use crate::stage::{Header, RecordCounts};
use crate::window::Punctuation;

use super::arrivals::Arrivals;
use super::commit::{Barrier, StreamPosition};
use super::offsets::ChunkOffset;
use super::triggers::ReadPosition;

/// Number of a source: its position on the command line; connections and files of directories get the next free
/// numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct SourceIndex(pub(super) usize);

impl Persist for SourceIndex {
    fn save(&self, out: &mut Vec<u8>) {
        (self.0 as u64).save(out);
    }

    fn load(input: &mut StateReader<'_>) -> Result<Self, StateError> {
        usize::try_from(u64::load(input)?).map(SourceIndex).map_err(|_| StateError::Damaged)
    }
}

impl HeapBytes for SourceIndex {
    fn heap_bytes(&self) -> usize {
        0
    }
}

/// A chunk: whole records of one source, sent from the reader to a worker.
#[derive(Debug)]
pub(super) struct Task {
    /// Position of the chunk in the stream.
    pub(super) sequence: u64,
    /// The batch of the chunk.
    pub(super) batch: u64,
    pub(super) source: SourceIndex,
    /// The source's header record, if the plan uses one.
    pub(super) header: Option<Arc<[u8]>>,
    /// When its last byte was read, in nanoseconds since 1970; never decreases.
    pub(super) read_ns: i64,
    /// When each record was read, if the plan depends on it.
    pub(super) arrivals: Arrivals,
    /// The position in the source after the chunk; that of a range is known when it was read.
    pub(super) offset: ChunkOffset,
    pub(super) content: Content,
}

/// The records of a chunk.
#[derive(Debug)]
pub(super) enum Content {
    /// All records that begin in a range of a file.
    Range(FileRange),
    /// A buffer and the length of its records; the buffer returns to the reader.
    Buffer(Vec<u8>, usize),
    /// Messages of a partition.
    Messages(Box<MessageChunk>),
    /// One record that exceeds the maximum length; its bytes were discarded.
    Overlong,
    /// Records that the reader has rejected.
    Rejected(Vec<RejectedRecord>),
    /// No records, only progress of the source's time.
    Punctuation(Punctuation),
}

/// A range of a file.
#[derive(Debug)]
pub(super) struct FileRange {
    pub(super) file: Arc<File>,
    /// `None` if the system does not tell.
    pub(super) identity: Option<FileIdentity>,
    /// Offset of the first record of the file.
    pub(super) first: u64,
    /// Bounds of the range.
    pub(super) low: u64,
    pub(super) high: u64,
    /// The end of the file.
    pub(super) end: u64,
}

/// From the reader to every worker: send the groups up to this batch.
#[derive(Clone, Copy, Debug)]
pub(super) struct Flush {
    pub(super) batch: u64,
}

/// Messages to the coordinator.
#[derive(Debug)]
pub(super) enum Message {
    /// Worker: a chunk is processed.
    ChunkDone(Box<ChunkReport>),
    /// Worker: the groups of `chunks` chunks of a batch.
    Partial { batch: u64, chunks: u64, share: PartialResult },
    /// Reader: the batch has ended with this many chunks.
    BatchEnd { batch: u64, chunks: u64 },
    /// Reader: snapshot requested; covers every chunk dispatched so far (the batch was closed).
    SnapshotRequested(ReadPosition),
    /// Reader: the header of the first source that has one.
    Header(Header),
    /// Reader: a source cannot be read, or not to its end.
    SourceFailed(SourceIndex, String),
    /// Reader: it waits until the state after all chunks so far is committed.
    Barrier(Barrier),
    /// Reader: what was read cannot be logged, or not read again after a crash. Target: results cannot be delivered.
    Failed(String),
    /// Reader: the input has ended at this position.
    End(StreamPosition),
}

/// The groups of one worker.
#[derive(Debug)]
pub(super) enum PartialResult {
    /// Groups of the whole stream.
    Whole(Vec<TakenRun>),
    /// Groups by slice.
    Slices(SliceRuns),
}

/// The report of a processed chunk.
#[derive(Debug)]
pub(super) struct ChunkReport {
    pub(super) sequence: u64,
    pub(super) batch: u64,
    pub(super) source: SourceIndex,
    /// When the chunk was read, in nanoseconds since 1970.
    pub(super) read_ns: i64,
    /// The position in the source after the chunk.
    pub(super) offset: ChunkOffset,
    /// The punctuation, for a chunk without records.
    pub(super) mark: Option<Punctuation>,
    /// The watermark after the chunk, if workers assign windows.
    pub(super) watermark: i64,
    /// True if the source's header, which has a record number, came before these records.
    pub(super) has_header: bool,
    pub(super) bytes: u64,
    pub(super) records: u64,
    /// Records that passed all stages, without those that the coordinator counts.
    pub(super) passed: u64,
    /// The fate of the other records, and what the stages reported.
    pub(super) counts: RecordCounts,
    /// Index of the first rejected record in the chunk.
    pub(super) first_rejected: Option<u64>,
    /// Index of the first late record.
    pub(super) first_late: Option<u64>,
    /// Index of the record with the first failed conversion.
    pub(super) first_failure: Option<u64>,
    /// Fields that were not printed because the first row of the run lacks them.
    pub(super) left_out: Vec<String>,
    /// The run was interrupted before all of its records were processed.
    pub(super) is_unfinished: bool,
    /// Why the source could not be read to the end of the chunk.
    pub(super) error: Option<String>,
    pub(super) payload: Payload,
}

impl ChunkReport {
    /// The report of a chunk before it is processed.
    pub(super) fn of(task: &Task) -> ChunkReport {
        ChunkReport {
            sequence: task.sequence,
            batch: task.batch,
            source: task.source,
            read_ns: task.read_ns,
            offset: task.offset,
            mark: None,
            watermark: i64::MIN,
            has_header: false,
            bytes: 0,
            records: 0,
            passed: 0,
            counts: RecordCounts::default(),
            first_rejected: None,
            first_late: None,
            first_failure: None,
            left_out: Vec::new(),
            is_unfinished: false,
            error: None,
            payload: Payload::Nothing,
        }
    }
}

/// The output of a chunk.
#[derive(Debug)]
pub(super) enum Payload {
    /// The groups are in a partial, or no row is left.
    Nothing,
    /// Encoded rows.
    Bytes(Vec<u8>),
    /// Rows for the coordinator's stages.
    Batches(Vec<Batch<'static>>),
}
