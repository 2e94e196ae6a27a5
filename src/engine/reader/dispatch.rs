//! Numbers chunks, hands them out as there is room for them, and keeps the clock of batches.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam::channel::{Receiver, Sender};

use super::RunOver;
use crate::data::format_duration;
use crate::engine;
use crate::engine::arrivals::Arrivals;
use crate::engine::clock::{ArrivalClock, Clock};
use crate::engine::control::Control;
use crate::engine::message::{Content, Flush, Message, SourceIndex, Task};
use crate::engine::triggers::ReadPosition;
use crate::window::Punctuation;

/// What it is made of.
pub(super) struct DispatchSetup {
    pub(super) batch: Option<Duration>,
    /// How many chunks a batch has at most.
    pub(super) batch_chunks: u64,
    pub(super) tasks: Sender<Task>,
    pub(super) tickets: Receiver<()>,
    pub(super) messages: Sender<Message>,
    pub(super) hand_overs: Vec<Sender<Flush>>,
    pub(super) idle: Vec<engine::UnstartedThread>,
    pub(super) control: Arc<Control>,
    pub(super) clock: Arc<dyn Clock>,
    /// The user is told if the clock is set back.
    pub(super) notes_steps: bool,
}

/// The end of the reader at which the workers are.
pub(super) struct Dispatch {
    setup: DispatchSetup,
    sequence: u64,
    batch: u64,
    /// Chunks of the current batch.
    chunks: u64,
    batch_began: Instant,
    clock: ArrivalClock,
    /// When the last chunk was handed out, in nanoseconds since 1970.
    read_ns: i64,
    /// Who reads ends batches when their time is over: what is to be said then comes before.
    pub(super) ends_by_hand: bool,
}

impl Dispatch {
    pub(super) fn new(setup: DispatchSetup) -> Dispatch {
        Dispatch {
            clock: ArrivalClock::new(Arc::clone(&setup.clock)),
            setup,
            sequence: 0,
            batch: 0,
            chunks: 0,
            batch_began: Instant::now(),
            read_ns: i64::MIN,
            ends_by_hand: false,
        }
    }

    /// Hands out a chunk, as soon as there is room for one.
    pub(super) fn hand_out(
        &mut self,
        source: SourceIndex,
        header: Option<&Arc<[u8]>>,
        content: Content,
    ) -> Result<(), RunOver> {
        self.hand_out_read(source, header, content, Arrivals::default())
    }

    /// Hands out a chunk of which is known when its records were read.
    pub(super) fn hand_out_read(
        &mut self,
        source: SourceIndex,
        header: Option<&Arc<[u8]>>,
        content: Content,
        mut arrivals: Arrivals,
    ) -> Result<(), RunOver> {
        self.setup.tickets.recv().map_err(|_| RunOver)?;
        if self.sequence > 0 {
            // Where the system has no room for more threads, those that run do all the work.
            let _ = engine::start(std::mem::take(&mut self.setup.idle));
        }
        let read_ns = arrivals.last_ns().unwrap_or_else(|| self.clock.now_ns());
        arrivals.raise(self.read_ns); // of a source that was read before another, and handed out after it
        self.read_ns = self.read_ns.max(read_ns);
        if let Some(step_ns) = self.clock.take_step_back()
            && self.setup.notes_steps
        {
            note_step_back(step_ns);
        }
        let task = Task {
            sequence: self.sequence,
            batch: self.batch,
            source,
            header: header.cloned(),
            read_ns: self.read_ns,
            arrivals,
            content,
        };
        self.setup.tasks.send(task).map_err(|_| RunOver)?;
        self.sequence += 1;
        self.chunks += 1;
        if self.setup.control.is_asked() {
            self.answer();
        } else if self.chunks >= self.setup.batch_chunks {
            self.hand_over(); // the time goes on: what is to be said when it is over does not wait
        } else if !self.ends_by_hand {
            self.end_batch_in_time();
        }
        Ok(())
    }

    /// Hands out what there is to know of a source's time.
    pub(super) fn mark(&mut self, source: SourceIndex, mark: Punctuation) -> Result<(), RunOver> {
        self.hand_out(source, None, Content::Punctuation(mark))
    }

    /// The time of arrival of what is read now.
    pub(super) fn now_ns(&mut self) -> i64 {
        self.clock.now_ns()
    }

    /// Chunks of the whole run so far.
    pub(super) fn chunks_in_all(&self) -> u64 {
        self.sequence
    }

    /// Whether the current batch has a chunk.
    pub(super) fn has_chunks(&self) -> bool {
        self.chunks > 0
    }

    /// The first bytes of a batch have come: its time begins.
    pub(super) fn begin_batch(&mut self) {
        if self.chunks == 0 && !self.ends_by_hand {
            self.batch_began = Instant::now();
        }
    }

    /// How long the batch still takes, if batches end.
    pub(super) fn left(&self) -> Option<Duration> {
        let batch = self.setup.batch?;
        Some(batch.saturating_sub(self.batch_began.elapsed()))
    }

    /// Somebody wants to look at what was handed out so far: the batch ends.
    pub(super) fn answer(&mut self) {
        if self.setup.control.take_asked() {
            self.end_batch();
            let place = ReadPosition { chunks: self.sequence, batches: self.batch };
            let _ = self.setup.messages.send(Message::SnapshotRequested(place)); // the run is over already
        }
    }

    /// Whether the time of the batch is over.
    pub(super) fn is_time(&self) -> bool {
        self.left() == Some(Duration::ZERO)
    }

    pub(super) fn end_batch_in_time(&mut self) {
        if self.chunks > 0 && self.is_time() {
            self.end_batch();
        }
    }

    /// The chunks handed out since the last batch are a batch; the time of the next one begins.
    pub(super) fn end_batch(&mut self) {
        self.hand_over();
        self.batch_began = Instant::now();
    }

    /// The chunks handed out since the last batch are a batch: the workers hand over what came of them.
    fn hand_over(&mut self) {
        if self.chunks > 0 {
            let message = Message::BatchEnd { batch: self.batch, chunks: self.chunks };
            let _ = self.setup.messages.send(message); // the run is over already
            for worker in &self.setup.hand_overs {
                let _ = worker.send(Flush { batch: self.batch }); // the worker has ended
            }
            self.batch += 1;
            self.chunks = 0;
        }
    }
}

/// Says that the clock of the system was set back while the run goes by it.
fn note_step_back(step_ns: i64) {
    let mut step = String::new();
    format_duration(step_ns / 1_000_000_000 * 1_000_000_000, &mut step);
    engine::say(format_args!(
        "note: the system's clock was set back by {step}; arrival times go on from where they were"
    ));
}
