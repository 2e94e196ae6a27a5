//! Numbers chunks, dispatches them as capacity allows, and ends batches on time.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam::channel::{Receiver, Sender};

use super::RunOver;
use crate::data::format_duration;
use crate::engine;
use crate::engine::arrival_clock::ArrivalClock;
use crate::engine::arrivals::Arrivals;
use crate::engine::control::Control;
use crate::engine::message::{Content, Flush, Message, SourceIndex, Task};
use crate::engine::offsets::ChunkOffset;
use crate::engine::thread_group::IdleThreads;
use crate::engine::triggers::ReadPosition;
use crate::window::Punctuation;

/// The parameters of a dispatcher.
pub(super) struct DispatchSetup {
    pub(super) batch: Option<Duration>,
    /// The maximum number of chunks in a batch.
    pub(super) batch_chunks: u64,
    pub(super) tasks: Sender<Task>,
    pub(super) tickets: Receiver<()>,
    pub(super) messages: Sender<Message>,
    pub(super) hand_overs: Vec<Sender<Flush>>,
    pub(super) idle: IdleThreads,
    pub(super) control: Arc<Control>,
    /// True if the user is told when the clock is set back.
    pub(super) notes_steps: bool,
}

/// The reader's connection to the workers.
pub(super) struct Dispatch {
    setup: DispatchSetup,
    sequence: u64,
    batch: u64,
    /// The number of chunks in the current batch.
    chunks: u64,
    batch_began: Instant,
    clock: ArrivalClock,
    /// The arrival time of the last dispatched chunk, in nanoseconds since 1970.
    read_ns: i64,
    /// True if the caller ends batches itself, after emitting idle marks.
    pub(super) ends_by_hand: bool,
}

impl Dispatch {
    pub(super) fn new(setup: DispatchSetup) -> Dispatch {
        Dispatch {
            clock: ArrivalClock::new(Arc::clone(setup.control.clock())),
            batch_began: setup.control.now(),
            setup,
            sequence: 0,
            batch: 0,
            chunks: 0,
            read_ns: i64::MIN,
            ends_by_hand: false,
        }
    }

    /// Dispatches a chunk; blocks until there is capacity for it.
    pub(super) fn hand_out(
        &mut self,
        source: SourceIndex,
        header: Option<&Arc<[u8]>>,
        content: Content,
    ) -> Result<(), RunOver> {
        self.hand_out_read(source, header, content, Arrivals::default(), ChunkOffset::Same)
    }

    /// Dispatches a chunk with the arrival times of its records, and the position in the source after it.
    pub(super) fn hand_out_read(
        &mut self,
        source: SourceIndex,
        header: Option<&Arc<[u8]>>,
        content: Content,
        mut arrivals: Arrivals,
        offset: ChunkOffset,
    ) -> Result<(), RunOver> {
        self.setup.tickets.recv().map_err(|_| RunOver)?;
        if self.sequence > 0 {
            self.setup.idle.start();
        }
        let read_ns = arrivals.last_ns().unwrap_or_else(|| self.clock.now_ns());
        arrivals.raise(self.read_ns); // a source that was read before another may be dispatched after it
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
            offset,
            content,
        };
        self.setup.tasks.send(task).map_err(|_| RunOver)?;
        self.sequence += 1;
        self.chunks += 1;
        if self.setup.control.is_asked() {
            self.answer();
        } else if self.chunks >= self.setup.batch_chunks {
            self.hand_over(); // the timer keeps running: a batch that is full early does not delay time-based output
        } else if !self.ends_by_hand {
            self.end_batch_in_time();
        }
        Ok(())
    }

    /// Dispatches an event that may advance the watermark.
    pub(super) fn mark(&mut self, source: SourceIndex, mark: Punctuation) -> Result<(), RunOver> {
        self.hand_out(source, None, Content::Punctuation(mark))
    }

    /// Returns the arrival time for bytes read now.
    pub(super) fn now_ns(&mut self) -> i64 {
        self.clock.now_ns()
    }

    /// Returns the number of chunks dispatched in the run.
    pub(super) fn chunks_in_all(&self) -> u64 {
        self.sequence
    }

    /// True if the current batch has chunks.
    pub(super) fn has_chunks(&self) -> bool {
        self.chunks > 0
    }

    /// Starts the timer of a batch when its first bytes are read.
    pub(super) fn begin_batch(&mut self) {
        if self.chunks == 0 && !self.ends_by_hand {
            self.batch_began = self.setup.control.now();
        }
    }

    /// Returns the time left in the batch; `None` if batches are not timed.
    pub(super) fn left(&self) -> Option<Duration> {
        let batch = self.setup.batch?;
        let elapsed = self.setup.control.now().saturating_duration_since(self.batch_began);
        Some(batch.saturating_sub(elapsed))
    }

    /// Answers a snapshot request: ends the batch, so that the snapshot covers every chunk dispatched so far.
    pub(super) fn answer(&mut self) {
        if self.setup.control.take_asked() {
            self.end_batch();
            let place = ReadPosition { chunks: self.sequence, batches: self.batch };
            let _ = self.setup.messages.send(Message::SnapshotRequested(place)); // fails only when the run is over
        }
    }

    /// True if the batch has reached its time limit.
    pub(super) fn is_time(&self) -> bool {
        self.left() == Some(Duration::ZERO)
    }

    pub(super) fn end_batch_in_time(&mut self) {
        if self.chunks > 0 && self.is_time() {
            self.end_batch();
        }
    }

    /// Ends the batch and starts the timer of the next one.
    pub(super) fn end_batch(&mut self) {
        self.hand_over();
        self.batch_began = self.setup.control.now();
    }

    /// Ends the batch, if it has chunks: tells the workers to send their partial results.
    fn hand_over(&mut self) {
        if self.chunks > 0 {
            let message = Message::BatchEnd { batch: self.batch, chunks: self.chunks };
            let _ = self.setup.messages.send(message); // fails only when the run is over
            for worker in &self.setup.hand_overs {
                let _ = worker.send(Flush { batch: self.batch }); // fails only if the worker has ended
            }
            self.batch += 1;
            self.chunks = 0;
        }
    }
}

/// Reports that the system clock was set back.
fn note_step_back(step_ns: i64) {
    let mut step = String::new();
    format_duration(step_ns / 1_000_000_000 * 1_000_000_000, &mut step);
    engine::say(format_args!(
        "note: the system's clock was set back by {step}; arrival times continue from the last one"
    ));
}
