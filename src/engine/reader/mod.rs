//! The reader: cuts sources into numbered chunks and keeps the clock of batches.
//!
//! Files and pipes are read one after another, files by ranges. As soon as one source is live, a socket or
//! something that is followed, all are read side by side ([`live`]).

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
mod onward;
mod opened_file;
mod poller;
mod prologue;
mod record_selection;
mod siblings;
mod source_state;
mod streams;
#[cfg(test)]
mod tests;
mod timers;
mod wakeup;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use crossbeam::channel::{Receiver, Sender};

use crate::data::{Framing, Prologue, Regroup, reason};
use crate::source::compression::Compression;
use crate::source::{self, Boundedness, Input};
use crate::window::Punctuation;

use super::Reading;
use super::clock::Clock;
use super::control::Control;
use super::message::{Flush, Message, SourceIndex, Task};
use super::sources::Sources;

use dispatch::Dispatch;
use event_loop::EventLoop;
use files::{Section, compression_at};
pub(super) use prologue::HeaderFinder;

/// What a reader is made of.
pub(super) struct ReaderSetup {
    pub(super) sources: Arc<Sources>,
    pub(super) reading: Reading,
    pub(super) chunk_bytes: usize,
    pub(super) max_line_bytes: usize,
    /// Of each input of the plan, where its records end and what stands in front of them.
    pub(super) inputs: Vec<(Framing, Prologue)>,
    /// Of each input, how records are found that no byte ends.
    pub(super) regroups: Vec<Option<Regroup>>,
    /// Of each input, how the header of a source is found, if it has one.
    pub(super) finders: Vec<Option<Arc<HeaderFinder>>>,
    pub(super) batch: Option<Duration>,
    /// Nothing is printed before the input ends: a chunk may be filled although the input pauses.
    pub(super) waits_for_more: bool,
    /// Windows hear of the time that no record says: see [`Punctuation`].
    pub(super) marks: bool,
    /// Something depends on when each record was read.
    pub(super) stamps: bool,
    pub(super) clock: Arc<dyn Clock>,
    /// Nothing is said on stderr.
    pub(super) quiet: bool,
    pub(super) control: Arc<Control>,
    pub(super) tasks: Sender<Task>,
    pub(super) tickets: Receiver<()>,
    /// Buffers that come back from the workers.
    pub(super) buffers: Receiver<Vec<u8>>,
    pub(super) messages: Sender<Message>,
    pub(super) hand_overs: Vec<Sender<Flush>>,
    /// Workers that are started once there is more than one chunk.
    pub(super) idle: Vec<super::UnstartedThread>,
}

/// How often a batch ends where windows need it and nobody has said.
const BATCH: Duration = Duration::from_secs(1);

/// Numbers chunks and hands them out.
pub(super) struct Reader {
    sources: Arc<Sources>,
    reading: Reading,
    chunk_bytes: usize,
    max_line_bytes: usize,
    inputs: Vec<(Framing, Prologue)>,
    regroups: Vec<Option<Regroup>>,
    finders: Vec<Option<Arc<HeaderFinder>>>,
    waits_for_more: bool,
    marks: bool,
    stamps: bool,
    control: Arc<Control>,
    buffers: Receiver<Vec<u8>>,
    messages: Sender<Message>,
    dispatch: Dispatch,
    /// Room for bytes that are no records yet.
    raw: Vec<u8>,
    /// A header was seen.
    has_header: bool,
    /// Whether nothing is said on stderr.
    quiet: bool,
}

/// A batch of at most so many chunks: what is kept of windows that could be final stays small.
pub(super) const WINDOWED_CHUNKS: u64 = 8;

/// The run is over: nobody takes chunks any more.
#[derive(Debug)]
struct RunOver;

/// Why a source was left.
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
    pub(super) fn new(setup: ReaderSetup) -> Self {
        let batch = setup.batch.or(setup.marks.then_some(BATCH));
        Reader {
            sources: setup.sources,
            reading: setup.reading,
            chunk_bytes: setup.chunk_bytes,
            max_line_bytes: setup.max_line_bytes,
            inputs: setup.inputs,
            regroups: setup.regroups,
            finders: setup.finders,
            waits_for_more: setup.waits_for_more,
            marks: setup.marks,
            stamps: setup.stamps,
            control: Arc::clone(&setup.control),
            buffers: setup.buffers,
            messages: setup.messages.clone(),
            dispatch: Dispatch::new(dispatch::DispatchSetup {
                batch,
                batch_chunks: if setup.marks { WINDOWED_CHUNKS } else { u64::MAX },
                tasks: setup.tasks,
                tickets: setup.tickets,
                messages: setup.messages,
                hand_overs: setup.hand_overs,
                idle: setup.idle,
                control: Arc::clone(&setup.control),
                clock: setup.clock,
                notes_steps: (setup.stamps || setup.marks) && !setup.quiet,
            }),
            raw: Vec::new(),
            has_header: false,
            quiet: setup.quiet,
        }
    }

    /// Reads all sources, then says how many chunks there were.
    pub(super) fn run(mut self) {
        let written = (0..self.sources.written()).map(SourceIndex);
        let is_live = self.reading.follow
            || written.clone().any(|index| source::boundedness(&self.sources.name(index)) != Boundedness::Bounded);
        if is_live {
            let _ = self.read_live(written.collect()); // the run is over already
        } else {
            for index in written {
                if self.control.is_stopped() || self.read_source(index).is_err() {
                    break;
                }
            }
        }
        self.dispatch.end_batch();
        let chunks = self.dispatch.chunks_in_all();
        let _ = self.messages.send(Message::End { chunks }); // the run is over already
    }

    /// Says something on stderr, unless the run is quiet.
    fn say(&self, message: impl std::fmt::Display) {
        if !self.quiet {
            crate::engine::say(message);
        }
    }

    /// Where the records of a source end.
    fn framing(&self, source: SourceIndex) -> Framing {
        let input = self.inputs.get(self.sources.input(source));
        input.map_or(Framing::Lines, |(framing, _)| *framing)
    }

    /// What stands in front of them.
    fn prologue(&self, source: SourceIndex) -> Prologue {
        let input = self.inputs.get(self.sources.input(source));
        input.map_or(Prologue::Nothing, |(_, prologue)| *prologue)
    }

    /// How its records are found, if no byte ends them.
    fn regroup(&self, source: SourceIndex) -> Option<Regroup> {
        let regroup = self.regroups.get(self.sources.input(source));
        regroup.copied().flatten()
    }

    /// How many bytes are read of a source before others have their turn, and signals.
    fn bytes_a_turn(&self) -> u64 {
        self.chunk_bytes.max(streams::PIPE_BYTES) as u64
    }

    /// Reads all sources side by side.
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

    /// Reads a source on its own.
    fn read_source(&mut self, source: SourceIndex) -> Result<(), RunOver> {
        let result = match source::open(&self.sources.name(source)) {
            Ok(Input::Ranges { file, start, end }) => match compression_at(&file, start) {
                Ok(None) => self.read_file(source, file, start, end),
                Ok(Some(compression)) => {
                    let section = Section::of(file, start, u64::MAX);
                    self.read_compressed(source, compression, Box::new(section))
                }
                Err(error) => Err(Stopped::Failed(error)),
            },
            Ok(input) => match EventLoop::new(self) {
                Ok(mut live) => live.add(source, input).and_then(|()| live.run()).map_err(Stopped::from),
                Err(error) => Err(Stopped::Failed(error)),
            },
            Err(reason) => {
                self.fail(source, reason);
                Ok(())
            }
        };
        match result {
            Err(Stopped::RunOver) => return Err(RunOver),
            Err(Stopped::Failed(error)) if !self.control.is_stopped() => {
                self.fail(source, reason(&error));
            }
            _ => {}
        }
        self.mark_ended(source)
    }

    fn read_compressed(
        &mut self,
        source: SourceIndex,
        compression: Compression,
        bytes: Box<dyn io::Read + Send>,
    ) -> Result<(), Stopped> {
        // A decompressor cannot be asked whether it has more at once: it is read as fast as it goes.
        let mut reader = compression.reader(bytes)?;
        let buffer = self.new_buffer(source);
        self.read_all(buffer, &mut reader)
    }

    /// Says that nothing more comes from a source of the command line, where somebody wants to know.
    fn mark_ended(&mut self, source: SourceIndex) -> Result<(), RunOver> {
        if self.marks {
            self.dispatch.mark(source, Punctuation::Ended)?;
        }
        Ok(())
    }

    fn fail(&self, source: SourceIndex, reason: String) {
        let message = Message::SourceFailed(source, reason);
        let _ = self.messages.send(message); // the run is over already
    }
}
