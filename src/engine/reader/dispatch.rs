//! Numbers chunks, dispatches them as capacity allows, and ends batches on time.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam::channel::{Receiver, Sender};

use super::RunOver;
use crate::data::format_duration;
use crate::engine;
use crate::engine::arrival_clock::ArrivalClock;
use crate::engine::arrivals::Arrivals;
use crate::engine::commit::{Barrier, StreamPosition};
use crate::engine::control::Control;
use crate::engine::input_log::InputLog;
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
    /// Where the run begins: after the chunks of earlier runs of the same stream.
    pub(super) position: StreamPosition,
    /// Set with a checkpoint: the log, and the signal that a barrier was passed.
    pub(super) log: Option<(InputLog, Receiver<()>)>,
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
            sequence: setup.position.sequence,
            batch: setup.position.batch,
            chunks: 0,
            read_ns: setup.position.read_ns,
            setup,
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
        if let Some((log, _)) = &mut self.setup.log
            && let Err(error) = log.chunk(&task)
        {
            return Err(self.fail(error.into()));
        }
        self.send(task)?;
        if self.setup.control.is_asked() {
            self.answer();
        } else if self.is_commit_due() {
            self.end_batch();
        } else if self.chunks >= self.setup.batch_chunks {
            self.hand_over(); // the timer keeps running: a batch that is full early does not delay time-based output
        } else if !self.ends_by_hand {
            self.end_batch_in_time();
        }
        Ok(())
    }

    /// Dispatches a chunk that an earlier run has logged, as it was.
    pub(super) fn hand_out_again(&mut self, task: Task) -> Result<(), RunOver> {
        self.setup.tickets.recv().map_err(|_| RunOver)?;
        if self.sequence > 0 {
            self.setup.idle.start();
        }
        (self.sequence, self.batch) = (task.sequence, task.batch);
        self.read_ns = self.read_ns.max(task.read_ns);
        self.send(task)
    }

    fn send(&mut self, task: Task) -> Result<(), RunOver> {
        self.setup.tasks.send(task).map_err(|_| RunOver)?;
        self.sequence += 1;
        self.chunks += 1;
        Ok(())
    }

    /// Ends the batch where an earlier run has ended it.
    pub(super) fn end_batch_again(&mut self) {
        self.send_batch_end();
    }

    /// Reports that the checkpoint cannot be written or read; the run ends.
    pub(super) fn fail(&self, reason: String) -> RunOver {
        let _ = self.setup.messages.send(Message::Failed(reason)); // fails only when the run is over
        RunOver
    }

    fn is_commit_due(&self) -> bool {
        self.setup.log.as_ref().is_some_and(|(log, _)| log.is_due(self.setup.control.now()))
    }

    /// Waits until the state after all chunks so far is committed.
    pub(super) fn commit(&mut self) {
        let barrier = Barrier(self.position());
        let began = self.setup.control.now();
        let Some((log, go_on)) = &mut self.setup.log else {
            return;
        };
        let _ = self.setup.messages.send(Message::Barrier(barrier)); // fails only when the run is over
        let _ = go_on.recv(); // the same
        log.begin_again(began, self.setup.control.now());
    }

    /// The position after the chunks dispatched so far. A batch that has not ended is not part of it.
    pub(super) fn position(&self) -> StreamPosition {
        StreamPosition { sequence: self.sequence, batch: self.batch, read_ns: self.read_ns }
    }

    /// Dispatches an event that may advance the watermark.
    pub(super) fn mark(&mut self, source: SourceIndex, mark: Punctuation) -> Result<(), RunOver> {
        self.hand_out(source, None, Content::Punctuation(mark))
    }

    /// Returns the arrival time for bytes read now.
    pub(super) fn now_ns(&mut self) -> i64 {
        self.clock.now_ns()
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
        if self.chunks == 0 {
            return;
        }
        self.send_batch_end();
        if let Some((log, _)) = &mut self.setup.log
            && let Err(error) = log.batch_end()
        {
            let RunOver = self.fail(error.into()); // the next chunk fails, too
        } else if self.is_commit_due() {
            self.commit();
        }
    }

    fn send_batch_end(&mut self) {
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
