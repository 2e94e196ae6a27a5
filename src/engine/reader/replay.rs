//! Goes on with a stream that earlier runs with the same checkpoint have read: dispatches again what they logged after
//! their last snapshot, with the same arrival times and ends of batches.

use std::collections::HashMap;
use std::fs::File;
use std::os::fd::AsFd;
use std::path::Path;
use std::sync::Arc;

use super::{Reader, Resume, RunOver};
use crate::engine::chunk::load;
use crate::engine::input_log::{LogRecord, LoggedChunk, LoggedContent, LoggedHeader, os_name};
use crate::engine::message::{Content, FileRange, SourceIndex, Task};
use crate::engine::offsets::{ChunkOffset, Offsets};
use crate::source::offset::FileIdentity;
use crate::source::{self, follow};
use crate::window::Punctuation;

/// The records of a log, or why one cannot be read.
pub(in crate::engine) type LoggedRecords = Box<dyn Iterator<Item = Result<Vec<u8>, String>> + Send>;

/// The state that earlier runs have left to the reader.
pub(super) struct EarlierRuns {
    pub(super) logged: LoggedRecords,
    /// The positions in the sources at their last snapshot.
    pub(super) offsets: Offsets,
    /// True if there was a snapshot.
    pub(super) is_resumed: bool,
}

/// The state that is kept from chunk to chunk.
#[derive(Default)]
struct ReplayState {
    headers: HashMap<SourceIndex, Arc<[u8]>>,
    /// The open file of each source.
    files: HashMap<SourceIndex, (FileIdentity, Arc<File>)>,
    /// The ranges of each source after its last position: a worker finds the position after a range.
    ranges: HashMap<SourceIndex, Vec<FileRange>>,
    has_records: bool,
    /// The brokers of logged messages.
    #[cfg(feature = "kafka")]
    clusters: super::messages_again::Clusters,
}

impl Reader {
    /// Dispatches what earlier runs have logged, and prepares to read on.
    pub(super) fn go_on(&mut self) -> Result<(), RunOver> {
        let Some(EarlierRuns { logged, mut offsets, is_resumed }) = self.earlier.take() else {
            return Ok(());
        };
        let mut replay = ReplayState::default();
        for record in logged {
            let record = record.map_err(|reason| self.dispatch.fail(reason))?;
            let record = LogRecord::read(&record);
            let record = record.map_err(|error| self.dispatch.fail(format!("the log of the checkpoint {error}")))?;
            match record {
                LogRecord::Outputs(_) => {}
                LogRecord::Source { index, name, by } => self.sources.add_again(os_name(&name), by, index),
                LogRecord::BatchEnd => self.dispatch.end_batch_again(),
                LogRecord::Chunk(chunk) => self.replay(*chunk, &mut replay, &mut offsets)?,
            }
        }
        let mut buffer = Vec::new();
        for (source, ranges) in std::mem::take(&mut replay.ranges) {
            // No record may begin in the last ones.
            let positions = ranges.iter().rev().map(|range| load(range, self.max_line_bytes, &mut buffer).offset);
            let last = positions.into_iter().find(|offset| *offset != ChunkOffset::Same);
            offsets.pass(source, last.unwrap_or_default(), &self.sources);
        }
        if replay.has_records {
            self.dispatch.end_batch();
            self.dispatch.commit();
        }
        if is_resumed || replay.has_records {
            self.resume_marks()?;
        }
        let mut resume = Resume::of(&offsets, self.dispatch.position().read_ns);
        resume.look_at_sources(&self.sources);
        self.resume = Some(resume);
        Ok(())
    }

    /// Dispatches a logged chunk again.
    fn replay(&mut self, chunk: LoggedChunk, replay: &mut ReplayState, offsets: &mut Offsets) -> Result<(), RunOver> {
        let LoggedChunk { sequence, batch, source, header, read_ns, arrivals, offset, content } = chunk;
        replay.has_records = true;
        let header = match header {
            LoggedHeader::None => None,
            LoggedHeader::Same => replay.headers.get(&source).cloned(),
            LoggedHeader::New(header) => {
                let header: Arc<[u8]> = Arc::from(header);
                replay.headers.insert(source, Arc::clone(&header));
                Some(header)
            }
        };
        if let LoggedContent::Lost(bytes) = content {
            self.say(format_args!(
                "note: {bytes} bytes of {} were read before the last run crashed and are lost: --journal off keeps none",
                self.sources.display(source)
            ));
        }
        let content = match content {
            #[cfg(feature = "kafka")]
            LoggedContent::Messages { first, next, records } => self
                .messages_again(source, &mut replay.clusters, (first, next, records))
                .map(|messages| Content::Messages(Box::new(messages))),
            content => content.into_content(
                |file| match file {
                    Some(file) => self.file_again(source, file, replay),
                    None => Err(format!("{}: cannot be read again", self.sources.display(source))),
                },
                |_| Err(format!("{}: this program was built without Kafka", self.sources.display(source))),
            ),
        };
        let content = content.map_err(|reason| self.dispatch.fail(reason))?;
        if let Content::Range(range) = &content {
            let FileRange { file, identity, first, low, high, end } = range;
            let range = FileRange {
                file: Arc::clone(file),
                identity: *identity,
                first: *first,
                low: *low,
                high: *high,
                end: *end,
            };
            replay.ranges.entry(source).or_default().push(range);
        } else if offset != ChunkOffset::Same {
            replay.ranges.remove(&source);
        }
        offsets.pass(source, offset, &self.sources);
        self.dispatch.hand_out_again(Task { sequence, batch, source, header, read_ns, arrivals, offset, content })
    }

    /// Returns the file that a logged range was read from.
    fn file_again(
        &self,
        source: SourceIndex,
        identity: FileIdentity,
        replay: &mut ReplayState,
    ) -> Result<Arc<File>, String> {
        if let Some((known, file)) = replay.files.get(&source)
            && known.id == identity.id
        {
            return Ok(Arc::clone(file));
        }
        let name = self.sources.name(source);
        let is_meant = |file: &File| {
            follow::regular_id(file.as_fd()) == Some(identity.id) && identity.head.begins(file).unwrap_or(false)
        };
        let own = source::open_regular(&name).filter(is_meant);
        let file = own.or_else(|| neighbor(Path::new(&*name), is_meant)).map(Arc::new).ok_or_else(|| {
            format!(
                "{}: a part of it was read before the last run crashed, and that file is gone\n  \
                 = help: restore it, or begin again with --checkpoint-reset",
                self.sources.display(source)
            )
        })?;
        replay.files.insert(source, (identity, Arc::clone(&file)));
        Ok(file)
    }

    /// Reports which sources of earlier runs are read again, and which have ended.
    fn resume_marks(&mut self) -> Result<(), RunOver> {
        for source in self.sources.added() {
            if !self.goes_on(source) {
                self.dispatch.mark(source, Punctuation::Left)?;
            }
        }
        if self.marks {
            for source in (0..self.sources.written()).map(SourceIndex) {
                let mark = if self.absent.contains(&source) { Punctuation::Paused } else { Punctuation::Resumed };
                self.dispatch.mark(source, mark)?;
            }
        }
        Ok(())
    }
}

impl Reader {
    /// True if an added source of an earlier run keeps its number: a partition of topics that this run reads, too.
    fn goes_on(&self, source: SourceIndex) -> bool {
        let root = self.sources.root(source).map(SourceIndex);
        root.is_some_and(|root| !self.absent.contains(&root) && source::has_messages(&self.sources.name(root)))
    }
}

/// Finds a renamed file in the directory of its old name.
fn neighbor(path: &Path, is_meant: impl Fn(&File) -> bool) -> Option<File> {
    let folder = path.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new("."));
    let entries = std::fs::read_dir(folder).ok()?;
    let mut files = entries.filter_map(|entry| follow::open(&entry.ok()?.path()).ok());
    files.find(is_meant)
}
