//! The coordinator: merges what workers send, in stream order, and writes the results.

mod commits;
mod open_batch;
mod snapshots;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Instant;

use crossbeam::channel::{Receiver, RecvTimeoutError, Sender};

use crate::data::Stopwatch;
use crate::plan::{Exchange, Plan};
use crate::sink::{BatchId, Progress, SinkError};
use crate::stage::Header;
use crate::window::{Arrival, Punctuation, SourceInfo, WatermarkConfig};

use super::commit::{Barrier, StreamPosition};
use super::control::Control;
use super::executor::Threads;
use super::ledger_builder::{LedgerBuilder, SideOutputs};
use super::live_table::LiveTable;
use super::message::{ChunkReport, Message, Payload};
use super::offsets::Offsets;
use super::output::Output;
use super::part::{self, Part, PartContents};
use super::results::Results;
use super::run_start::Commits;
use super::shared_state::SharedState;
use super::side_files::SideFiles;
use super::sources::Sources;
use super::triggers::{Changes, MergeEffect, Triggers};
use super::worker::PIECES_BITS;
use super::{Job, LiveTableOptions, Outcome, PartHeader};
use commits::fail;
use open_batch::OpenBatch;

/// Runs on the calling thread until the result is written.
pub(super) struct Coordinator<'r> {
    plan: &'r Plan,
    sources: &'r Sources,
    executor: Threads,
    control: &'r Control,
    /// When to end the input; `None` without a time limit, and after it.
    ends_at: Option<Instant>,
    tickets: Sender<()>,
    /// Workers aggregate, so results arrive batch by batch.
    is_grouped: bool,
    limits: WatermarkConfig,
    written: Vec<SourceInfo>,
    /// Evaluate `until` on provisional results; `is_fresh` if rows arrived since the last evaluation.
    watches: bool,
    is_fresh: bool,
    /// Earliest time of the next evaluation.
    next_look: Instant,
    /// The first batch that is not merged; batches are merged in order.
    open_batch: u64,
    /// Batches that are not complete.
    batches: HashMap<u64, OpenBatch>,
    /// The next chunk of the stream; `early` holds later chunks that arrived before it.
    next: u64,
    early: BTreeMap<u64, Box<ChunkReport>>,
    /// The end of the stream in this run, once the reader has sent it.
    end: Option<StreamPosition>,
    /// Chunks of merged batches.
    merged_chunks: u64,
    /// Records of the merged chunks; snapshots cover these.
    merged_records: u64,
    /// Chunks of merged batches since the last one with records.
    quiet_chunks: u64,
    /// The position in each source after its last chunk.
    offsets: Offsets,
    entries: LedgerBuilder,
    triggers: Triggers,
    /// Side files used by stages on this side; reloaded when they change.
    side_files: Option<Arc<SideFiles>>,
    /// Set if snapshots omit unchanged rows.
    changes: Option<Changes>,
    /// Set if the state is written instead of the result.
    part: Option<PartHeader>,
    /// The header of the first source that has one, for a part.
    source_header: Option<Header>,
    /// The state that workers share, and what a checkpoint needs besides.
    shared: SharedState,
    commits: Option<Commits>,
    /// The numbers of troubles that earlier runs have reported, if the last one has ended in order.
    reported: Option<[u64; 4]>,
    /// The reader waits here until the state is committed.
    barrier: Option<Barrier>,
}

/// The connections of a coordinator to the other parts of a run.
pub(super) struct Links<'r> {
    pub(super) sources: &'r Sources,
    pub(super) control: &'r Control,
    pub(super) tickets: Sender<()>,
    /// Side files used by stages on this side; reloaded when they change.
    pub(super) side_files: Option<Arc<SideFiles>>,
    pub(super) shared: SharedState,
    pub(super) commits: Option<Commits>,
}

/// The displays that are updated while results are not final.
pub(super) struct Shown {
    pub(super) progress: Option<Progress>,
    pub(super) live: Option<LiveTableOptions>,
}

impl<'r> Coordinator<'r> {
    pub(super) fn new(plan: &'r Plan, job: &Job, links: Links<'r>, position: StreamPosition) -> Self {
        let Links { sources, control, tickets, side_files, shared, mut commits } = links;
        let offsets = commits.as_mut().map(|commits| std::mem::take(&mut commits.offsets)).unwrap_or_default();
        Coordinator {
            plan,
            sources,
            executor: Threads {
                count: job.threads,
                run: Stopwatch::start(control.clock()),
                budget: Arc::clone(&job.budget),
            },
            control,
            // A time beyond the clock's range never comes.
            ends_at: job.reading.time.and_then(|time| control.now().checked_add(time)),
            tickets,
            is_grouped: matches!(plan.exchange, Exchange::Grouped(_)),
            limits: job.limits(),
            written: job.written(),
            watches: job.watches && plan.until.is_some(),
            is_fresh: false,
            next_look: control.now(),
            open_batch: position.batch,
            batches: HashMap::new(),
            next: position.sequence,
            early: BTreeMap::new(),
            end: None,
            merged_chunks: position.sequence,
            merged_records: 0,
            quiet_chunks: 0,
            offsets,
            entries: LedgerBuilder::new(job.quiet, sources.written()),
            side_files,
            triggers: Triggers::new(job.every, job.live.as_ref().map(|live| live.every), control.now()),
            changes: job.changed.then(|| Changes::new(plan.output.columns.slots())),
            part: job.part.clone(),
            source_header: None,
            shared,
            commits,
            reported: None,
            barrier: None,
        }
    }

    pub(super) fn run(
        mut self,
        messages: &Receiver<Message>,
        mut output: Output<'r>,
        shown: Shown,
        mut kept: SideOutputs,
    ) -> Outcome {
        let executor = self.executor.clone();
        let plan = self.plan;
        output.progress = shown.progress;
        let mut results = Results::new(plan, self.part.is_some(), self.limits, &self.written, &executor);
        self.restore(&mut results, &mut output);
        let live = shown.live;
        output.live = live.map(|table| LiveTable::new(table, plan, self.control, results.snapshot()));
        while !self.is_complete() && !results.is_done() && output.error.is_none() {
            self.end_in_time();
            self.refresh();
            self.show(&mut results, &mut output);
            output.show_held();
            if messages.is_empty() {
                output.flush_in_time(); // the next output may be far off
                kept.flush();
                if output.error.is_some() {
                    break; // the next message may be far off, too
                }
            }
            let message = match self.receive(messages, &output) {
                Ok(message) => message,
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => {
                    if self.looks_at().is_some_and(|at| at <= self.control.now()) {
                        self.look(&mut results, &mut output);
                    }
                    continue;
                }
            };
            self.handle(message, &mut results, &mut output, &mut kept);
            self.commit_at_barrier(&mut results, &mut output, &mut kept);
        }
        self.finish(results, output, kept)
    }

    /// Handles a message of the reader or of a worker.
    fn handle(&mut self, message: Message, results: &mut Results<'_>, output: &mut Output<'_>, kept: &mut SideOutputs) {
        match message {
            Message::ChunkDone(done) => {
                self.early.insert(done.sequence, done);
                while let Some(done) = self.early.remove(&self.next) {
                    self.next += 1;
                    self.take(*done, results, output, kept);
                    self.close(results, output);
                    let _ = self.tickets.try_send(()); // fails if the reader has ended
                    if results.is_done() || output.error.is_some() {
                        break;
                    }
                }
            }
            Message::Partial { batch, chunks, share } => {
                let open = self.batches.entry(batch).or_default();
                open.arrived += chunks;
                open.shares.push(share);
                self.close(results, output);
            }
            Message::BatchEnd { batch, chunks } => {
                self.batches.entry(batch).or_default().expected = Some(chunks);
                self.close(results, output);
            }
            Message::Header(header) if self.part.is_some() => self.source_header = Some(header),
            Message::Header(header) => output.source_header(header),
            Message::SnapshotRequested(place) => self.triggers.ask(place),
            Message::SourceFailed(source, reason) => {
                output.flush();
                output.clear();
                self.entries.fail(&self.sources.display(source), &reason)
            }
            Message::Barrier(barrier) => self.barrier = Some(barrier),
            Message::Failed(reason) => fail(output, reason),
            Message::End(position) => self.end = Some(position),
        }
    }

    /// Ends the input, and writes the rest of the result.
    fn finish(mut self, mut results: Results<'r>, mut output: Output<'r>, mut kept: SideOutputs) -> Outcome {
        let is_cut = !self.is_complete() || results.is_done() || self.executor.budget.failure().is_some();
        self.control.stop();
        if self.control.is_output_gone() {
            output.error.get_or_insert(SinkError::Closed);
        }
        output.clear();
        output.begin_line();
        let mut state = None;
        let commit = self.begin_commit_at_end(&mut results, &output);
        if output.error.is_none() {
            self.refresh();
            state = results.finish_part();
            match &self.commits {
                Some(commits) if !commits.committer.is_finishing => output.emit_all(&mut results, Results::suspend),
                _ => output.emit_all(&mut results, Results::finish),
            }
            self.note_left_out(&mut results, &mut output);
            kept.rejects(&results.take_rejected_lines());
            kept.late(&results.take_late_lines());
            if state.is_none() {
                output.finish();
                output.deliver_last(BatchId::at_end(self.merged_records));
            }
        }
        if let Some(commit) = commit {
            self.commit_at_end(commit, &mut output, &mut kept);
        }
        self.end_commits(&mut output);
        self.entries.note_cut(output.is_cut);
        let empty_sources = self.entries.empty_sources(self.sources);
        let (bytes, records) = self.entries.own();
        let mut ledger = self.entries.ledger;
        let mut checks = self.entries.checks;
        results.settle(&mut ledger, &mut checks);
        if let (Some(header), Some(state)) = (&self.part, state) {
            let over_budget = self.executor.budget.failure().map(str::to_owned);
            let interrupted = self.control.signal().map(|_| part::INTERRUPTED.to_owned()).or(over_budget);
            let contents = PartContents {
                ledger: ledger.clone(),
                checks: checks.clone(),
                bytes: self.entries.bytes,
                positions: self.next << PIECES_BITS,
                failed: self.entries.failed_sources.iter().cloned().chain(interrupted).collect(),
                source_header: self.source_header,
                state,
            };
            output.raw(&Part::to_bytes(header, &contents));
        }
        ledger.decide();
        let is_reported = self.reported.is_some_and(|reported| reported == ledger.troubles());
        let never_seen = self.plan.never_seen();
        Outcome {
            meant: self.plan.meant(&never_seen),
            ledger,
            checks,
            empty_sources: match is_cut {
                true => Vec::new(), // sources that were not read to the end may have records
                false => empty_sources,
            },
            failed_sources: self.entries.failed_sources,
            left_out: std::mem::take(&mut output.left_out),
            notes: std::mem::take(&mut output.notes),
            never_seen,
            bytes,
            records,
            unwritten: kept.finish(),
            sink: output.error.take(),
            is_reported,
            delivered: output.targets.delivered(),
            signal: self.control.signal(),
            ..Outcome::default()
        }
    }

    /// Ends the input when its time is over, or the memory budget is used up.
    fn end_in_time(&mut self) {
        let is_over = self.ends_at.take_if(|at| *at <= self.control.now()).is_some();
        if is_over || self.executor.budget.failure().is_some() {
            self.control.stop();
        }
    }

    fn refresh(&self) {
        if let Some(side_files) = &self.side_files {
            side_files.refresh();
        }
    }

    /// Waits for the next message or the next deadline.
    fn receive(&self, messages: &Receiver<Message>, output: &Output<'_>) -> Result<Message, RecvTimeoutError> {
        let deadlines =
            [self.triggers.deadline(), output.held_until(), output.waits_until(), self.looks_at(), self.ends_at];
        match deadlines.into_iter().flatten().min() {
            Some(deadline) => {
                let left = deadline.saturating_duration_since(self.control.now());
                messages.recv_timeout(self.control.clock().limit_wait(left))
            }
            None => messages.recv().map_err(|_| RecvTimeoutError::Disconnected),
        }
    }

    /// Handles the report of the next chunk in stream order.
    fn take(
        &mut self,
        mut done: ChunkReport,
        results: &mut Results<'_>,
        output: &mut Output<'_>,
        kept: &mut SideOutputs,
    ) {
        if done.error.is_some() {
            output.flush();
            output.clear();
        }
        let arrival = Arrival { source: done.source.0, input: self.sources.input(done.source), read_ns: done.read_ns };
        self.offsets.pass(done.source, done.offset, self.sources);
        // A run with --finish ends all sources before its last commit, and may be killed between.
        let is_finishing = self.commits.as_ref().is_some_and(|commits| commits.committer.is_finishing);
        if done.mark == Some(Punctuation::Ended) && done.source.0 >= self.sources.written() && !is_finishing {
            self.offsets.forget(done.source, self.sources);
        }
        kept.rejects(&done.counts.rejected_lines);
        kept.late(&done.counts.late_lines);
        self.entries.add(&mut done, self.sources);
        output.read = self.entries.ledger.read;
        let news = match done.mark {
            Some(_) => MergeEffect::Time,
            None => MergeEffect::Records,
        };
        if self.is_grouped {
            let open = self.batches.entry(done.batch).or_default();
            open.watermark = open.watermark.max(done.watermark);
            open.records += done.records;
            if news == MergeEffect::Records {
                open.news = news;
            }
        } else {
            let open = self.batches.entry(done.batch).or_default();
            open.arrived += 1;
            open.records += done.records;
            self.merged_records += done.records;
            self.triggers.merged(news);
        }
        if let Some(progress) = &mut output.progress {
            progress.advance(done.bytes, self.executor.run.time());
        }
        output.leave_out(done.left_out);
        match (done.payload, done.mark) {
            (Payload::Bytes(bytes), _) => output.bytes(&bytes),
            (Payload::Batches(batches), _) => {
                self.is_fresh = true;
                results.push(batches, arrival, &mut |rows| output.emit(&rows));
            }
            (Payload::Nothing, Some(mark)) if !self.is_grouped => {
                results.mark(mark, arrival, &mut |rows| output.emit(&rows));
            }
            (Payload::Nothing, _) => {}
        }
        self.note_left_out(results, output);
        if let Some(number) = results.take_first_late() {
            self.entries.first_late(done.source, number, self.sources);
        }
        kept.rejects(&results.take_rejected_lines());
        kept.late(&results.take_late_lines());
    }

    /// When to evaluate `until` on the provisional result; `None` without `until` or new rows.
    fn looks_at(&self) -> Option<Instant> {
        (self.watches && self.is_fresh).then_some(self.next_look)
    }

    /// Evaluates `until` on the provisional result. If a row satisfies it, this result is printed.
    fn look<'p>(&mut self, results: &mut Results<'p>, output: &mut Output<'_>)
    where
        'r: 'p,
    {
        let began = self.control.now();
        self.is_fresh = false;
        if let Some(rows) = results.reached(self.plan) {
            output.rows(&rows);
        }
        // Evaluation takes at most a fifth of the time, however many groups there are.
        let now = self.control.now();
        self.next_look = now + now.saturating_duration_since(began) * 4;
    }

    /// True if every chunk was handled and merged.
    fn is_complete(&self) -> bool {
        let is_merged = |chunks| !self.is_grouped || self.merged_chunks == chunks;
        self.end.is_some_and(|end| self.next == end.sequence && is_merged(end.sequence))
    }

    /// Prints a note about gaps that were not filled.
    fn note_left_out(&mut self, results: &mut Results<'_>, output: &mut Output<'_>) {
        for left_out in results.take_left_out() {
            output.flush();
            output.clear();
            self.entries.left_out(&left_out);
        }
    }

    /// Merges and delivers complete batches in order. Workers send the partial after the chunk reports, so the batch's
    /// watermark is known here. Rows that are not aggregated have been printed with their chunks.
    fn close(&mut self, results: &mut Results<'_>, output: &mut Output<'_>) {
        let is_whole = |open: &OpenBatch| open.expected == Some(open.arrived);
        while self.batches.get(&self.open_batch).is_some_and(is_whole) {
            let Some(open) = self.batches.remove(&self.open_batch) else {
                return;
            };
            self.open_batch += 1;
            self.merged_chunks += open.arrived;
            if self.is_grouped {
                self.is_fresh = true;
                self.merged_records += open.records;
                self.triggers.merged(open.news);
                results.merge(open.shares, open.watermark, &mut |rows| output.emit(&rows));
                self.note_left_out(results, output);
            }
            output.end_batch();
            self.quiet_chunks = if open.records == 0 { self.quiet_chunks + open.arrived } else { 0 };
            output.deliver(BatchId::after(self.merged_records, self.quiet_chunks));
        }
    }
}
