//! The log of a checkpoint: what was read since the last snapshot, one record for each chunk.
//!
//! A chunk is logged before it is dispatched, and the log is made durable before any of its results is delivered. After
//! a crash the same chunks are dispatched again, with the same arrival times and between the same ends of batches, so
//! they have the same results. A range of a file is read again; the bytes of other chunks are in the log.

use std::collections::{HashMap, HashSet};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::checkpoint::{Checkpoint, CheckpointError};
use crate::data::persist::{Persist, StateError, StateReader, load_text, save_text};
use crate::data::{MessageChunk, RejectedRecord};
use crate::source::offset::{FileIdentity, SourceOffset};
use crate::window::Punctuation;

use super::arrivals::Arrivals;
use super::commit_pace::{CommitPace, pause_after};
use super::message::{Content, FileRange, SourceIndex, Task};
use super::offsets::ChunkOffset;
use super::output_positions::OutputPositions;
use super::sources::Sources;

/// A record of the log.
#[derive(Debug)]
pub(super) enum LogRecord {
    /// The first record of a log, and of every run that appends to it: how long the outputs are.
    Outputs(OutputPositions),
    /// A connection, or a file of a directory, was added to the sources.
    Source {
        index: SourceIndex,
        name: Vec<u8>,
        by: SourceIndex,
    },
    Chunk(Box<LoggedChunk>),
    /// A batch has ended.
    BatchEnd,
}

/// A chunk as it is logged.
#[derive(Debug)]
pub(super) struct LoggedChunk {
    pub(super) sequence: u64,
    pub(super) batch: u64,
    pub(super) source: SourceIndex,
    pub(super) header: LoggedHeader,
    pub(super) read_ns: i64,
    pub(super) arrivals: Arrivals,
    pub(super) offset: ChunkOffset,
    pub(super) content: LoggedContent,
}

/// The header of a chunk's source.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum LoggedHeader {
    None,
    /// As in the last chunk of the source.
    Same,
    New(Vec<u8>),
}

/// The content of a logged chunk.
#[derive(Debug)]
pub(super) enum LoggedContent {
    /// A range of the source's file, which is read again. `file` is `None` if the system did not tell.
    Range {
        file: Option<FileIdentity>,
        first: u64,
        low: u64,
        high: u64,
        end: u64,
    },
    Buffer(Vec<u8>),
    /// Messages of a partition, which are read again: from the first offset up to the next one.
    Messages {
        first: u64,
        next: u64,
        records: u64,
    },
    Overlong,
    Rejected(Vec<RejectedRecord>),
    Punctuation(Punctuation),
    /// Bytes that were not kept because of `--journal off`.
    Lost(u64),
}

/// The numbers of the kinds of records and contents; they never change.
mod tag {
    pub(super) const OUTPUTS: u8 = 0;
    pub(super) const SOURCE: u8 = 1;
    pub(super) const CHUNK: u8 = 2;
    pub(super) const BATCH_END: u8 = 3;

    pub(super) const RANGE: u8 = 0;
    pub(super) const BUFFER: u8 = 1;
    pub(super) const OVERLONG: u8 = 2;
    pub(super) const REJECTED: u8 = 3;
    pub(super) const PUNCTUATION: u8 = 4;
    pub(super) const LOST: u8 = 5;
    pub(super) const MESSAGES: u8 = 6;

    pub(super) const NO_HEADER: u8 = 0;
    pub(super) const SAME_HEADER: u8 = 1;
    pub(super) const NEW_HEADER: u8 = 2;

    pub(super) const ENDED: u8 = 0;
    pub(super) const SILENT: u8 = 1;
    pub(super) const CLOCK: u8 = 2;
    pub(super) const PAUSED: u8 = 3;
    pub(super) const RESUMED: u8 = 4;
    pub(super) const LEFT: u8 = 5;
    pub(super) const DRAINED: u8 = 6;
}

/// Appends to the log of a checkpoint; used by the reader.
pub(super) struct InputLog {
    checkpoint: Arc<Checkpoint>,
    sources: Arc<Sources>,
    /// Keep bytes that cannot be read again.
    keeps_bytes: bool,
    /// How often a snapshot is taken, and when the next one is due.
    every: Duration,
    next: Instant,
    pace: Arc<CommitPace>,
    /// The last logged header of each source.
    headers: HashMap<SourceIndex, Arc<[u8]>>,
    /// The added sources that were logged.
    added: HashSet<SourceIndex>,
    /// The record of the outputs of this run, until it is logged.
    outputs: Option<Vec<u8>>,
    /// The encoded record; reused.
    record: Vec<u8>,
}

impl InputLog {
    pub(super) fn new(
        checkpoint: Arc<Checkpoint>,
        sources: Arc<Sources>,
        keeps_bytes: bool,
        outputs: Vec<u8>,
        (every, now): (Duration, Instant),
    ) -> InputLog {
        InputLog {
            checkpoint,
            sources,
            keeps_bytes,
            every,
            next: now + every,
            pace: Arc::default(),
            headers: HashMap::new(),
            added: HashSet::new(),
            outputs: Some(outputs),
            record: Vec::new(),
        }
    }

    /// The pace that the threads which write snapshots report to.
    pub(super) fn pace(&self) -> Arc<CommitPace> {
        Arc::clone(&self.pace)
    }

    /// Logs a chunk before it is dispatched.
    pub(super) fn chunk(&mut self, task: &Task) -> Result<(), CheckpointError> {
        // A run that reads nothing logs nothing, so the directory stays as it was.
        if let Some(outputs) = self.outputs.take() {
            self.checkpoint.append(&[&outputs])?;
        }
        if task.source.0 >= self.sources.written() && self.added.insert(task.source) {
            self.source(task.source)?;
        }
        let record = &mut self.record;
        record.clear();
        record.push(tag::CHUNK);
        task.sequence.save(record);
        task.batch.save(record);
        task.source.save(record);
        match &task.header {
            None => record.push(tag::NO_HEADER),
            Some(header) if self.headers.get(&task.source).is_some_and(|logged| Arc::ptr_eq(logged, header)) => {
                record.push(tag::SAME_HEADER);
            }
            Some(header) => {
                record.push(tag::NEW_HEADER);
                save_text(header, record);
                self.headers.insert(task.source, Arc::clone(header));
            }
        }
        task.read_ns.save(record);
        task.arrivals.save(record);
        task.offset.save(record);
        let bytes: &[u8] = match &task.content {
            Content::Range(range) => {
                record.push(tag::RANGE);
                range.identity.map(|file| SourceOffset::at(file, 0)).save(record);
                [range.first, range.low, range.high, range.end].iter().for_each(|byte| byte.save(record));
                &[]
            }
            Content::Buffer(bytes, length) if self.keeps_bytes => {
                record.push(tag::BUFFER);
                &bytes[..*length]
            }
            Content::Buffer(_, length) => {
                record.push(tag::LOST);
                (*length as u64).save(record);
                &[]
            }
            Content::Messages(messages) => {
                record.push(tag::MESSAGES);
                [messages.first, messages.next, messages.records].iter().for_each(|number| number.save(record));
                &[]
            }
            Content::Overlong => {
                record.push(tag::OVERLONG);
                &[]
            }
            Content::Rejected(rejected) => {
                record.push(tag::REJECTED);
                (rejected.len() as u64).save(record);
                for RejectedRecord { text, reason } in rejected {
                    save_text(text, record);
                    save_text(reason.as_bytes(), record);
                }
                &[]
            }
            Content::Punctuation(mark) => {
                record.push(tag::PUNCTUATION);
                save_mark(*mark, record);
                &[]
            }
        };
        self.checkpoint.append(&[&self.record, bytes])
    }

    fn source(&mut self, source: SourceIndex) -> Result<(), CheckpointError> {
        let (name, by) = (self.sources.name(source), self.sources.root(source));
        self.record.clear();
        self.record.push(tag::SOURCE);
        source.save(&mut self.record);
        save_text(name.as_bytes(), &mut self.record);
        by.map_or(source, SourceIndex).save(&mut self.record);
        self.checkpoint.append(&[&self.record])
    }

    /// Logs the end of a batch.
    pub(super) fn batch_end(&mut self) -> Result<(), CheckpointError> {
        self.checkpoint.append(&[&[tag::BATCH_END]])
    }

    /// True if a snapshot is due.
    pub(super) fn is_due(&self, now: Instant) -> bool {
        now >= self.next && self.pace.allows(now)
    }

    /// The state was committed, and another log has begun. The reader has waited for it since `began`.
    pub(super) fn begin_again(&mut self, began: Instant, now: Instant) {
        self.next = now + self.every.max(pause_after(now.saturating_duration_since(began)));
        self.outputs = None;
        self.headers.clear();
        self.added.clear();
    }
}

/// Returns the record of the lengths of the outputs.
pub(super) fn outputs_record(positions: &OutputPositions) -> Vec<u8> {
    let mut record = vec![tag::OUTPUTS];
    positions.save(&mut record);
    record
}

impl LogRecord {
    /// Reads a record.
    pub(super) fn read(bytes: &[u8]) -> Result<LogRecord, StateError> {
        let mut input = StateReader::new(bytes);
        let record = match u8::load(&mut input)? {
            tag::OUTPUTS => LogRecord::Outputs(OutputPositions::load(&mut input)?),
            tag::SOURCE => LogRecord::Source {
                index: SourceIndex::load(&mut input)?,
                name: load_text(&mut input)?.to_vec(),
                by: SourceIndex::load(&mut input)?,
            },
            tag::CHUNK => LogRecord::Chunk(Box::new(LoggedChunk::load(&mut input)?)),
            tag::BATCH_END => LogRecord::BatchEnd,
            _ => return Err(StateError::Damaged),
        };
        if input.is_empty() { Ok(record) } else { Err(StateError::Damaged) }
    }
}

impl LoggedChunk {
    /// Reads a chunk, which ends the record.
    fn load(input: &mut StateReader<'_>) -> Result<LoggedChunk, StateError> {
        Ok(LoggedChunk {
            sequence: u64::load(input)?,
            batch: u64::load(input)?,
            source: SourceIndex::load(input)?,
            header: match u8::load(input)? {
                tag::NO_HEADER => LoggedHeader::None,
                tag::SAME_HEADER => LoggedHeader::Same,
                tag::NEW_HEADER => LoggedHeader::New(load_text(input)?.to_vec()),
                _ => return Err(StateError::Damaged),
            },
            read_ns: i64::load(input)?,
            arrivals: Arrivals::load(input)?,
            offset: ChunkOffset::load(input)?,
            content: LoggedContent::load(input)?,
        })
    }
}

impl LoggedContent {
    fn load(input: &mut StateReader<'_>) -> Result<LoggedContent, StateError> {
        Ok(match u8::load(input)? {
            tag::RANGE => LoggedContent::Range {
                file: Option::<SourceOffset>::load(input)?.map(|offset| offset.file),
                first: u64::load(input)?,
                low: u64::load(input)?,
                high: u64::load(input)?,
                end: u64::load(input)?,
            },
            tag::BUFFER => LoggedContent::Buffer(input.take(input.left())?.to_vec()),
            tag::MESSAGES => LoggedContent::Messages {
                first: u64::load(input)?,
                next: u64::load(input)?,
                records: u64::load(input)?,
            },
            tag::OVERLONG => LoggedContent::Overlong,
            tag::REJECTED => {
                let mut rejected = Vec::new();
                for _ in 0..input.length(16)? {
                    rejected.push(RejectedRecord { text: load_text(input)?.to_vec(), reason: String::load(input)? });
                }
                LoggedContent::Rejected(rejected)
            }
            tag::PUNCTUATION => LoggedContent::Punctuation(load_mark(input)?),
            tag::LOST => LoggedContent::Lost(u64::load(input)?),
            _ => return Err(StateError::Damaged),
        })
    }

    /// The content of the chunk to dispatch again. `open` opens the file of a range, and `fetch` reads messages from one
    /// offset up to another, of which there were as many as the last number.
    pub(super) fn into_content<E>(
        self,
        open: impl FnOnce(Option<FileIdentity>) -> Result<Arc<std::fs::File>, E>,
        fetch: impl FnOnce((u64, u64, u64)) -> Result<MessageChunk, E>,
    ) -> Result<Content, E> {
        Ok(match self {
            LoggedContent::Range { file, first, low, high, end } => {
                Content::Range(FileRange { file: open(file)?, identity: file, first, low, high, end })
            }
            LoggedContent::Buffer(bytes) => {
                let length = bytes.len();
                Content::Buffer(bytes, length)
            }
            LoggedContent::Messages { first, next, records } => {
                Content::Messages(Box::new(fetch((first, next, records))?))
            }
            LoggedContent::Overlong => Content::Overlong,
            LoggedContent::Rejected(rejected) => Content::Rejected(rejected),
            LoggedContent::Punctuation(mark) => Content::Punctuation(mark),
            LoggedContent::Lost(_) => Content::Buffer(Vec::new(), 0),
        })
    }
}

/// The name of a logged source.
pub(super) fn os_name(name: &[u8]) -> &OsStr {
    OsStr::from_bytes(name)
}

fn save_mark(mark: Punctuation, out: &mut Vec<u8>) {
    match mark {
        Punctuation::Ended => out.push(tag::ENDED),
        Punctuation::Silent(ns) => {
            out.push(tag::SILENT);
            ns.save(out);
        }
        Punctuation::Clock => out.push(tag::CLOCK),
        Punctuation::Paused => out.push(tag::PAUSED),
        Punctuation::Resumed => out.push(tag::RESUMED),
        Punctuation::Left => out.push(tag::LEFT),
        Punctuation::Drained => out.push(tag::DRAINED),
    }
}

fn load_mark(input: &mut StateReader<'_>) -> Result<Punctuation, StateError> {
    Ok(match u8::load(input)? {
        tag::ENDED => Punctuation::Ended,
        tag::SILENT => Punctuation::Silent(i64::load(input)?),
        tag::CLOCK => Punctuation::Clock,
        tag::PAUSED => Punctuation::Paused,
        tag::RESUMED => Punctuation::Resumed,
        tag::LEFT => Punctuation::Left,
        tag::DRAINED => Punctuation::Drained,
        _ => return Err(StateError::Damaged),
    })
}

#[cfg(test)]
mod tests;
