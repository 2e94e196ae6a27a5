//! The targets of `--to`: each has a thread that delivers batches to its sink, in order, and tries again after failures.
//!
//! The coordinator collects the results of a batch and sends them all to every target. A target that is busy makes it
//! wait, so memory stays flat and a slow target slows the reader.

mod retries;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crossbeam::channel::{Receiver, RecvTimeoutError, SendTimeoutError, Sender, bounded};

use crate::checkpoint::Checkpoint;
use crate::data::{Batch, FileId, OutputColumns};
use crate::plan::Plan;
use crate::sink::{BatchId, ResultKind, RowSink, SinkBatch, SinkResult, SourceHeader, is_same_window, window_of};

use super::control::Control;
use super::message::Message;
use super::say::say;
use super::thread_group::UnstartedThread;
use retries::Retries;

/// A target that takes longer after a signal is named.
const PATIENCE: Duration = Duration::from_secs(1);

/// The batches that wait for each target.
const WAITING_BATCHES: usize = 2;

/// Batches are delivered as one up to this number of rows.
const JOINED_ROWS: usize = 1000;

/// A target of results.
pub struct TargetJob {
    /// Its name in messages, without secrets.
    pub name: String,
    /// Its sink.
    pub sink: Box<dyn RowSink>,
}

/// How the results of a run are delivered.
#[derive(Default)]
pub struct TargetsJob {
    /// The targets; may be none.
    pub targets: Vec<TargetJob>,
    /// How often a delivery is tried again.
    pub retries: u32,
}

/// The batches and rows that a target has received in a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivered {
    /// The target.
    pub name: String,
    /// Batches, their rows, and how often a delivery was tried again.
    pub batches: u64,
    /// See `batches`.
    pub rows: u64,
    /// See `batches`.
    pub retries: u64,
}

/// The coordinator's side of all targets.
pub(super) struct Targets {
    columns: OutputColumns,
    /// True if the rows of a result are single rows of a stream.
    has_single_rows: bool,
    /// The results of the open batch.
    results: Vec<SinkResult>,
    /// The last snapshot that was delivered had rows, or may have had some.
    has_snapshot: bool,
    links: Vec<TargetLink>,
    positions: Vec<(FileId, u64)>,
    /// The targets know the header of the source.
    knows_header: bool,
    control: Arc<Control>,
    quiet: bool,
    /// Why a target has ended early.
    failure: FirstFailure,
}

/// The first failure of a target.
type FirstFailure = Arc<Mutex<Option<String>>>;

/// The connection to the thread of a target.
struct TargetLink {
    counts: Arc<Counts>,
    work: Option<Sender<Work>>,
    position: Receiver<Option<(FileId, u64)>>,
}

#[derive(Debug)]
struct Counts {
    name: String,
    batches: AtomicU64,
    rows: AtomicU64,
    retries: AtomicU64,
}

/// A request to the thread of a target.
enum Work {
    Know(SourceHeader),
    Deliver(Arc<SinkBatch>),
    /// Answers with the position after everything was delivered.
    Settle,
    Finish,
}

/// The thread of a target.
struct TargetThread {
    sink: Box<dyn RowSink>,
    counts: Arc<Counts>,
    work: Receiver<Work>,
    /// Was received, and comes next.
    next: Option<Work>,
    position: Sender<Option<(FileId, u64)>>,
    retries: Retries,
    /// With a checkpoint: what was read is made durable before a result of it is delivered.
    log: Option<Arc<Checkpoint>>,
    /// The last batch that earlier runs have delivered.
    last: Option<BatchId>,
    /// The rows of the batch that is being delivered.
    delivering: usize,
    failure: FirstFailure,
    messages: Sender<Message>,
    quiet: bool,
}

impl Targets {
    /// Makes the coordinator's side, and the threads. `messages` wakes the coordinator after a failure.
    pub(super) fn new(
        job: TargetsJob,
        plan: &Plan,
        log: Option<&Arc<Checkpoint>>,
        control: &Arc<Control>,
        messages: &Sender<Message>,
        quiet: bool,
    ) -> (Targets, Vec<UnstartedThread>) {
        let failure = FirstFailure::default();
        let mut threads: Vec<UnstartedThread> = Vec::new();
        let mut links = Vec::new();
        for (number, TargetJob { name, sink }) in job.targets.into_iter().enumerate() {
            let counts = Arc::new(Counts { name, batches: 0.into(), rows: 0.into(), retries: 0.into() });
            let (work_sender, work) = bounded(WAITING_BATCHES);
            let (position_sender, position) = bounded(1);
            links.push(TargetLink { counts: Arc::clone(&counts), work: Some(work_sender), position });
            let target = TargetThread {
                sink,
                counts,
                work,
                next: None,
                position: position_sender,
                retries: Retries::new(job.retries, Arc::clone(control)),
                log: log.cloned(),
                last: None,
                delivering: 0,
                failure: Arc::clone(&failure),
                messages: messages.clone(),
                quiet,
            };
            threads.push((format!("target {number}"), Box::new(move || target.run())));
        }
        let targets = Targets {
            columns: plan.output.columns.clone(),
            has_single_rows: plan.last_window().is_none() && !plan.is_blocking(),
            results: Vec::new(),
            has_snapshot: log.is_some(), // an earlier run may have delivered one
            links,
            positions: Vec::new(),
            knows_header: false,
            control: Arc::clone(control),
            quiet,
            failure,
        };
        (targets, threads)
    }

    /// True if there are no targets.
    pub(super) fn is_empty(&self) -> bool {
        self.links.is_empty()
    }

    /// Passes the header of the source to all targets, the first time that it is called.
    pub(super) fn know(&mut self, header: &SourceHeader) {
        if std::mem::replace(&mut self.knows_header, true) {
            return;
        }
        for work in self.links.iter().filter_map(|link| link.work.as_ref()) {
            let _ = work.send(Work::Know(header.clone())); // fails if the target has failed, which the next batch reports
        }
    }

    /// Adds final rows to the open batch.
    pub(super) fn rows(&mut self, rows: &[Batch<'_>]) {
        if self.is_empty() {
            return;
        }
        let kind = if self.has_single_rows { ResultKind::Rows } else { ResultKind::Final };
        add(&mut self.results, kind, &self.columns, rows);
    }

    /// Delivers a result that is not final.
    pub(super) fn snapshot(&mut self, rows: &[Batch<'_>]) -> Result<(), String> {
        if self.is_empty() {
            return Ok(());
        }
        let mut results = Vec::new();
        add(&mut results, ResultKind::Snapshot, &self.columns, rows);
        let has_rows = !results.is_empty();
        if !std::mem::replace(&mut self.has_snapshot, has_rows) && !has_rows {
            return Ok(());
        }
        if !has_rows {
            // all groups have left: the rows of the last snapshot must go
            results.push(SinkResult { kind: ResultKind::Snapshot, window: None, rows: Vec::new() });
        }
        self.send(SinkBatch { id: None, results })
    }

    /// Delivers the results of the batch, if there are any.
    pub(super) fn end_batch(&mut self, id: BatchId) -> Result<(), String> {
        let results = std::mem::take(&mut self.results);
        if results.is_empty() { Ok(()) } else { self.send(SinkBatch { id: Some(id), results }) }
    }

    fn send(&self, batch: SinkBatch) -> Result<(), String> {
        let batch = Arc::new(batch);
        for link in &self.links {
            let Some(work) = &link.work else {
                return Err(self.failure());
            };
            let mut waiting = Work::Deliver(Arc::clone(&batch));
            let mut has_said = false;
            while let Err(error) = work.send_timeout(waiting, self.patience()) {
                match error {
                    SendTimeoutError::Timeout(work) => waiting = work,
                    SendTimeoutError::Disconnected(_) => return Err(self.failure()),
                }
                self.say_waiting(link, &mut has_said);
            }
        }
        Ok(())
    }

    /// How long to wait for a target until the user may need to know.
    fn patience(&self) -> Duration {
        self.control.clock().limit_wait(PATIENCE)
    }

    /// Says, after a signal, that the run waits for a target.
    fn say_waiting(&self, link: &TargetLink, has_said: &mut bool) {
        if !self.quiet && self.control.signal().is_some() && !std::mem::replace(has_said, true) {
            say(format_args!("waiting for {}; interrupt again to end without it", link.counts.name));
        }
    }

    /// Waits until everything is delivered.
    pub(super) fn settle(&mut self) -> Result<(), String> {
        for link in &self.links {
            let sent = link.work.as_ref().map(|work| work.send(Work::Settle));
            if !matches!(sent, Some(Ok(()))) {
                return Err(self.failure());
            }
        }
        self.receive_positions()
    }

    /// Ends the delivery, and waits for it.
    pub(super) fn finish(&mut self) -> Result<(), String> {
        for link in &mut self.links {
            if let Some(work) = link.work.take() {
                let _ = work.send(Work::Finish); // fails if the target has failed
            }
        }
        self.receive_positions()
    }

    fn receive_positions(&mut self) -> Result<(), String> {
        let receive = |link: &TargetLink| {
            let mut has_said = false;
            loop {
                match link.position.recv_timeout(self.patience()) {
                    Ok(position) => return Ok(position),
                    Err(RecvTimeoutError::Timeout) => self.say_waiting(link, &mut has_said),
                    Err(RecvTimeoutError::Disconnected) => return Err(()),
                }
            }
        };
        let positions: Result<Vec<_>, ()> = self.links.iter().map(receive).collect();
        match (positions, self.failed()) {
            (Ok(positions), None) => {
                self.positions = positions.into_iter().flatten().collect();
                Ok(())
            }
            _ => Err(self.failure()),
        }
    }

    /// The lengths of the files that rows are appended to, after the last [`Targets::settle`] or [`Targets::finish`].
    pub(super) fn positions(&self) -> &[(FileId, u64)] {
        &self.positions
    }

    /// Returns the batches and rows that each target has received.
    pub(super) fn delivered(&self) -> Vec<Delivered> {
        let of = |link: &TargetLink| Delivered {
            name: link.counts.name.clone(),
            batches: link.counts.batches.load(Ordering::Relaxed),
            rows: link.counts.rows.load(Ordering::Relaxed),
            retries: link.counts.retries.load(Ordering::Relaxed),
        };
        self.links.iter().map(of).collect()
    }

    fn failed(&self) -> Option<String> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn failure(&self) -> String {
        self.failed().unwrap_or_else(|| "a target has ended early".to_owned()) // a panic has printed its message
    }
}

/// Adds rows to results. Consecutive rows of one window, or without a window, are one result.
fn add(results: &mut Vec<SinkResult>, kind: ResultKind, columns: &OutputColumns, rows: &[Batch<'_>]) {
    for batch in rows.iter().filter(|batch| batch.rows > 0) {
        let window = window_of(columns, batch);
        let owned = batch.clone().into_owned();
        match results.last_mut() {
            Some(last) if last.kind == kind && follows(columns, last, &owned) => {
                last.window = last.window.filter(|_| last.window == window);
                last.rows.push(owned);
            }
            _ => results.push(SinkResult { kind, window, rows: vec![owned] }),
        }
    }
}

/// True if rows belong to the same window as the last rows of a result.
fn follows(columns: &OutputColumns, result: &SinkResult, rows: &Batch<'_>) -> bool {
    result.rows.last().is_none_or(|last| is_same_window(columns, last, rows))
}

impl TargetThread {
    fn run(mut self) {
        if let Err(reason) = self.serve() {
            let waiting = self.next.take().into_iter().chain(self.work.try_iter());
            let rows: usize = waiting.map(|work| if let Work::Deliver(batch) = work { batch.rows() } else { 0 }).sum();
            let reason = undelivered(&reason, self.delivering + rows, self.log.is_some());
            let reason = format!("{}: {reason}", self.counts.name);
            let mut failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
            let reason = failure.get_or_insert(reason).clone();
            drop(failure);
            let _ = self.messages.send(Message::Failed(reason)); // fails if the coordinator has ended
        }
    }

    fn serve(&mut self) -> Result<(), String> {
        self.last = self.begin()?;
        while let Some(work) = self.next.take().or_else(|| self.work.recv().ok()) {
            match work {
                Work::Know(header) => self.sink.know(&header),
                Work::Deliver(batch) if self.has(&batch) => {}
                Work::Deliver(batch) => {
                    let waiting = self.waiting(&batch);
                    match waiting.as_slice() {
                        [] => self.deliver(&batch, 1)?,
                        waiting => self.deliver(&joined(&batch, waiting), 1 + waiting.len() as u64)?,
                    }
                }
                Work::Settle => {
                    let _ = self.position.send(self.sink.position()); // fails if the coordinator has ended
                }
                Work::Finish => return self.finish(),
            }
        }
        Ok(()) // the run has failed elsewhere
    }

    fn begin(&mut self) -> Result<Option<BatchId>, String> {
        let TargetThread { sink, retries, counts, quiet, .. } = self;
        retries.run(&counts.name, *quiet, &counts.retries, &mut || sink.begin())
    }

    fn finish(&mut self) -> Result<(), String> {
        let TargetThread { sink, retries, counts, quiet, .. } = self;
        retries.run(&counts.name, *quiet, &counts.retries, &mut || sink.finish())?;
        self.say_notes();
        let _ = self.position.send(self.sink.position()); // fails if the coordinator has ended
        Ok(())
    }

    /// True if an earlier run has delivered the batch before it crashed.
    fn has(&self, batch: &SinkBatch) -> bool {
        batch.id.is_some_and(|id| self.last.is_some_and(|last| id <= last))
    }

    /// Takes the batches that wait and may be delivered together with this one.
    fn waiting(&mut self, batch: &SinkBatch) -> Vec<Arc<SinkBatch>> {
        let mut waiting = Vec::new();
        let mut rows = batch.rows();
        while batch.id.is_some() && self.sink.takes_several() && rows < JOINED_ROWS {
            match self.work.try_recv() {
                Ok(Work::Deliver(next)) if next.id.is_some() && rows + next.rows() <= JOINED_ROWS => {
                    rows += next.rows();
                    waiting.push(next);
                }
                Ok(other) => {
                    self.next = Some(other);
                    break;
                }
                Err(_) => break, // no other batch waits
            }
        }
        waiting
    }

    /// Delivers a batch, which is made of as many as `batches`.
    fn deliver(&mut self, batch: &SinkBatch, batches: u64) -> Result<(), String> {
        if let Some(log) = &self.log {
            log.sync().map_err(|error| error.to_string())?;
        }
        self.delivering = batch.rows();
        let TargetThread { sink, retries, counts, quiet, .. } = self;
        let delivered = retries.run(&counts.name, *quiet, &counts.retries, &mut || sink.deliver(batch));
        if delivered.is_err() {
            self.delivering -= sink.delivered_rows().min(self.delivering);
        }
        delivered?;
        let rows = std::mem::take(&mut self.delivering);
        self.counts.batches.fetch_add(batches, Ordering::Relaxed);
        self.counts.rows.fetch_add(rows as u64, Ordering::Relaxed);
        self.say_notes();
        Ok(())
    }

    fn say_notes(&mut self) {
        for note in self.sink.take_notes() {
            if !self.quiet {
                say(format_args!("note: {}: {note}", self.counts.name));
            }
        }
    }
}

/// One batch of several, with the number of the last.
fn joined(first: &SinkBatch, others: &[Arc<SinkBatch>]) -> SinkBatch {
    let id = others.last().map_or(first.id, |last| last.id);
    let results = others.iter().fold(first.results.clone(), |mut results, other| {
        results.extend(other.results.iter().cloned());
        results
    });
    SinkBatch { id, results }
}

/// The message about a failure: its sentence, the rows that it has cost, and what to do. There may be more such rows, which
/// are not in a batch yet.
fn undelivered(reason: &str, rows: usize, is_logged: bool) -> String {
    let (sentence, help) = reason.split_at(reason.find('\n').unwrap_or(reason.len()));
    let lost = match rows {
        0 => return reason.to_owned(),
        1 => "at least 1 row was not delivered".to_owned(),
        rows => format!("at least {rows} rows were not delivered"),
    };
    let next = if is_logged { "\n  = help: the next run with the same checkpoint delivers them" } else { "" };
    format!("{sentence}; {lost}{help}{next}")
}
