//! The reader: cuts sources into numbered chunks and keeps the clock of batches.
//!
//! Bounded files and pipes are read one after another, files by ranges. If any source is live (a socket, or a followed
//! file or directory), all sources are read concurrently by the event loop ([`EventLoop`]).

mod buffer;
mod candidate;
mod connect;
mod copies;
#[cfg(test)]
mod cut_tests;
mod datagrams;
mod directory;
mod dispatch;
mod event_loop;
mod files;
mod followed;
mod half_line;
mod intake;
mod limits;
mod listing;
#[cfg(feature = "kafka")]
mod messages_again;
#[cfg(test)]
mod offset_tests;
mod onward;
mod opened_file;
mod poller;
mod position;
mod prologue;
mod record_selection;
mod replay;
mod resume;
mod saved_files;
mod siblings;
mod source_state;
mod streams;
mod suspend;
#[cfg(test)]
mod tests;
mod timers;
#[cfg(feature = "kafka")]
mod topics;
mod wakeup;

use std::collections::HashSet;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use crossbeam::channel::{Receiver, Sender};

use crate::data::{Framing, MessageFieldsWanted, Prologue, Regroup, reason};
use crate::source::{self, Input};
use crate::window::Punctuation;

use super::Reading;
use super::commit::StreamPosition;
use super::control::Control;
use super::input_log::InputLog;
use super::message::{Flush, Message, SourceIndex, Task};
use super::offsets::Offsets;
use super::sources::Sources;
use super::thread_group::IdleThreads;

use dispatch::Dispatch;
use event_loop::EventLoop;
use files::FileSpan;
pub(super) use prologue::HeaderFinder;
use replay::EarlierRuns;
pub(super) use replay::LoggedRecords;
pub(super) use resume::Resume;

/// The parameters of a reader.
pub(super) struct ReaderSetup {
    pub(super) sources: Arc<Sources>,
    pub(super) reading: Reading,
    pub(super) chunk_bytes: usize,
    pub(super) max_line_bytes: usize,
    /// The framing and the prologue of each input of the plan.
    pub(super) inputs: Vec<(Framing, Prologue)>,
    /// How each input regroups records that no delimiter ends; `None` if records are framed.
    pub(super) regroups: Vec<Option<Regroup>>,
    /// The fields of messages that each input reads.
    pub(super) message_fields: Vec<MessageFieldsWanted>,
    /// The header finder of each input; `None` if its sources have no header.
    pub(super) finders: Vec<Option<Arc<HeaderFinder>>>,
    pub(super) batch: Option<Duration>,
    /// True if no output is due before the end of the input: a chunk may be filled although the input pauses.
    pub(super) waits_for_more: bool,
    /// True if events that advance the watermark are sent: see [`Punctuation`].
    pub(super) marks: bool,
    /// The most chunks in a batch.
    pub(super) batch_chunks: u64,
    /// True if the plan uses the arrival time of records.
    pub(super) stamps: bool,
    /// True if no messages are printed.
    pub(super) quiet: bool,
    pub(super) control: Arc<Control>,
    pub(super) tasks: Sender<Task>,
    pub(super) tickets: Receiver<()>,
    /// Buffers returned by the workers.
    pub(super) buffers: Receiver<Vec<u8>>,
    pub(super) messages: Sender<Message>,
    pub(super) hand_overs: Vec<Sender<Flush>>,
    /// Workers that are started with the second chunk.
    pub(super) idle: IdleThreads,
    /// Where the run begins: after the chunks of earlier runs of the same stream.
    pub(super) position: StreamPosition,
    /// Set with a checkpoint.
    pub(super) stream: Option<StreamSetup>,
    /// The positions up to which earlier runs have read the sources; `None` if every source begins at its start.
    pub(super) resume: Option<Resume>,
    /// True if a later run goes on with the files where this one ends: the last record of a file is not read before it
    /// is complete.
    pub(super) suspends: bool,
}

/// The stream that several runs with a checkpoint read one after another.
pub(super) struct StreamSetup {
    /// The log of this run, and the signal that a barrier was passed.
    pub(super) log: (InputLog, Receiver<()>),
    /// The records that earlier runs have logged after their last snapshot.
    pub(super) logged: LoggedRecords,
    /// The positions in the sources at that snapshot.
    pub(super) offsets: Offsets,
    /// Sources of the command line that only earlier runs had.
    pub(super) absent: HashSet<SourceIndex>,
    /// True if the state of earlier runs was loaded.
    pub(super) is_resumed: bool,
}

/// The default batch interval if windows need batches.
const BATCH: Duration = Duration::from_secs(1);

/// Reads the sources, and dispatches their records in numbered chunks.
pub(super) struct Reader {
    sources: Arc<Sources>,
    reading: Reading,
    chunk_bytes: usize,
    max_line_bytes: usize,
    inputs: Vec<(Framing, Prologue)>,
    regroups: Vec<Option<Regroup>>,
    #[cfg_attr(not(feature = "kafka"), expect(dead_code))]
    message_fields: Vec<MessageFieldsWanted>,
    finders: Vec<Option<Arc<HeaderFinder>>>,
    waits_for_more: bool,
    marks: bool,
    stamps: bool,
    control: Arc<Control>,
    buffers: Receiver<Vec<u8>>,
    messages: Sender<Message>,
    dispatch: Dispatch,
    /// Bytes before conversion; reused.
    raw: Vec<u8>,
    /// True if a header was sent to the coordinator.
    has_header: bool,
    /// True if no messages are printed.
    quiet: bool,
    /// The state that earlier runs of the stream have left.
    earlier: Option<EarlierRuns>,
    /// True if a later run goes on where this one ends.
    suspends: bool,
    /// Sources of the command line that only earlier runs had.
    absent: HashSet<SourceIndex>,
    /// Where the sources are read on.
    resume: Option<Resume>,
}

/// The maximum number of chunks in a batch if there are windows: limits the state kept for windows about to be final.
pub(super) const WINDOWED_CHUNKS: u64 = 8;

/// The same if the rows of each batch are delivered to targets: limits the rows that wait.
pub(super) const DELIVERED_CHUNKS: u64 = 32;

/// The run is over: the workers take no more chunks.
#[derive(Debug)]
struct RunOver;

/// The reason for leaving a source before its end.
#[derive(Debug)]
enum Stopped {
    RunOver,
    Failed(io::Error),
}

impl From<RunOver> for Stopped {
    fn from(_: RunOver) -> Self {
        Stopped::RunOver
    }
}

impl From<io::Error> for Stopped {
    fn from(error: io::Error) -> Self {
        Stopped::Failed(error)
    }
}

impl Reader {
    pub(super) fn new(mut setup: ReaderSetup) -> Self {
        if let Some(resume) = &mut setup.resume {
            resume.look_at_sources(&setup.sources);
        }
        let batch = setup.batch.or(setup.marks.then_some(BATCH));
        let (mut log, mut earlier, mut absent) = (None, None, HashSet::new());
        if let Some(stream) = setup.stream {
            let StreamSetup { log: own, logged, offsets, absent: gone, is_resumed } = stream;
            (log, absent) = (Some(own), gone);
            earlier = Some(EarlierRuns { logged, offsets, is_resumed });
        }
        Reader {
            sources: setup.sources,
            reading: setup.reading,
            chunk_bytes: setup.chunk_bytes,
            max_line_bytes: setup.max_line_bytes,
            inputs: setup.inputs,
            regroups: setup.regroups,
            message_fields: setup.message_fields,
            finders: setup.finders,
            waits_for_more: setup.waits_for_more,
            marks: setup.marks,
            stamps: setup.stamps,
            control: Arc::clone(&setup.control),
            buffers: setup.buffers,
            messages: setup.messages.clone(),
            dispatch: Dispatch::new(dispatch::DispatchSetup {
                batch,
                batch_chunks: setup.batch_chunks,
                tasks: setup.tasks,
                tickets: setup.tickets,
                messages: setup.messages,
                hand_overs: setup.hand_overs,
                idle: setup.idle,
                control: Arc::clone(&setup.control),
                notes_steps: (setup.stamps || setup.marks) && !setup.quiet,
                position: setup.position,
                log,
            }),
            raw: Vec::new(),
            has_header: false,
            quiet: setup.quiet,
            earlier,
            suspends: setup.suspends,
            absent,
            resume: setup.resume,
        }
    }

    /// Reads all sources, then sends the number of chunks.
    pub(super) fn run(mut self) {
        if self.go_on().is_ok() {
            self.read_sources();
        }
        self.dispatch.end_batch();
        let _ = self.messages.send(Message::End(self.dispatch.position())); // fails only when the run is over
    }

    fn read_sources(&mut self) {
        let absent = std::mem::take(&mut self.absent);
        let written = (0..self.sources.written()).map(SourceIndex).filter(|source| !absent.contains(source));
        let is_live =
            self.reading.follow || written.clone().any(|index| !source::is_bounded(&self.sources.name(index)));
        if is_live {
            let _ = self.read_live(written.collect()); // fails only when the run is over
        } else {
            for index in written {
                if self.control.is_stopped() || self.read_source(index).is_err() {
                    break;
                }
            }
        }
    }

    /// Prints a message to stderr, unless the run is quiet.
    fn say(&self, message: impl std::fmt::Display) {
        if !self.quiet {
            crate::engine::say(message);
        }
    }

    /// Returns the framing of a source.
    fn framing(&self, source: SourceIndex) -> Framing {
        let input = self.inputs.get(self.sources.input(source));
        input.map_or(Framing::Lines, |(framing, _)| *framing)
    }

    /// Returns the kind of prologue that a source has.
    fn prologue(&self, source: SourceIndex) -> Prologue {
        let input = self.inputs.get(self.sources.input(source));
        input.map_or(Prologue::Nothing, |(_, prologue)| *prologue)
    }

    /// Returns the fields of a source's messages that are read.
    #[cfg(feature = "kafka")]
    fn message_fields(&self, source: SourceIndex) -> MessageFieldsWanted {
        let wanted = self.message_fields.get(self.sources.input(source));
        wanted.copied().unwrap_or_default()
    }

    /// Returns how a source is regrouped; `None` if its records are framed.
    fn regroup(&self, source: SourceIndex) -> Option<Regroup> {
        let regroup = self.regroups.get(self.sources.input(source));
        regroup.copied().flatten()
    }

    /// Returns the maximum number of bytes to read from a source before other sources and signals are served.
    fn bytes_a_turn(&self) -> u64 {
        self.chunk_bytes.max(streams::PIPE_BYTES) as u64
    }

    /// Reads all sources concurrently.
    fn read_live(&mut self, sources: Vec<SourceIndex>) -> Result<(), RunOver> {
        limits::raise_open_files();
        let mut live = match EventLoop::new(self) {
            Ok(live) => live,
            Err(error) => {
                for source in sources {
                    self.fail(source, reason(&error));
                }
                return Ok(());
            }
        };
        for source in sources {
            live.open(source)?;
        }
        live.run()
    }

    /// Reads one source to its end.
    fn read_source(&mut self, source: SourceIndex) -> Result<(), RunOver> {
        match self.read_opened(source) {
            Err(Stopped::RunOver) => return Err(RunOver),
            Err(Stopped::Failed(error)) if !self.control.is_stopped() => {
                self.fail(source, reason(&error));
            }
            _ => {}
        }
        self.mark_ended(source)
    }

    fn read_opened(&mut self, source: SourceIndex) -> Result<(), Stopped> {
        match self.open(source) {
            Ok(Input::Ranges { file, start, end }) => {
                let resumes_at = self.read_rests(source, Some(&file))?;
                let span = FileSpan { start, end, resumes_at, suspends: self.suspends };
                self.read_file(source, file.into(), span)
            }
            Ok(input) => {
                let mut live = EventLoop::new(self)?;
                Ok(live.add(source, input).and_then(|()| live.run())?)
            }
            Err(reason) => {
                self.read_rests(source, None)?;
                self.fail(source, reason);
                Ok(())
            }
        }
    }

    /// Reports that a source of the command line has ended, if windows need to know.
    fn mark_ended(&mut self, source: SourceIndex) -> Result<(), RunOver> {
        match (self.marks, self.suspends) {
            (false, _) => Ok(()),
            (true, false) => self.dispatch.mark(source, Punctuation::Ended),
            (true, true) => self.dispatch.mark(source, Punctuation::Paused),
        }
    }

    /// Reports that a source of the command line has no records of its own: a listener or a directory.
    fn mark_without_records(&mut self, source: SourceIndex) -> Result<(), RunOver> {
        if self.marks { self.dispatch.mark(source, Punctuation::Ended) } else { Ok(()) }
    }

    fn fail(&self, source: SourceIndex, reason: String) {
        let message = Message::SourceFailed(source, reason);
        let _ = self.messages.send(message); // fails only when the run is over
    }
}
