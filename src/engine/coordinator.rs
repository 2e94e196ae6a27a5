//! The coordinator: what workers send, in the order of the stream, merged and written.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crossbeam::channel::{Receiver, Sender};

use crate::aggregate::{Merged, Run};
use crate::format::Look;
use crate::plan::{Exchange, Plan};
use crate::sink::{Progress, Rejects, Sink};
use crate::stage::Account;

use super::chain::Chain;
use super::control::Control;
use super::executor::Threads;
use super::ledger::Ledger;
use super::message::{Done, Message, Payload, SourceIndex};
use super::output::Output;
use super::sources::Sources;
use super::{Encoding, Job, Outcome, say};

/// Runs on the calling thread until the result is written.
pub(super) struct Coordinator<'r> {
    plan: &'r Plan,
    sources: &'r Sources,
    encoding: Encoding,
    look: Look,
    executor: Threads,
    control: &'r Control,
    tickets: Sender<()>,
    merged: Option<Merged>,
    /// Batches whose end or whose partials are still on their way.
    batches: HashMap<u64, OpenBatch>,
    /// Chunks in the order of the stream: the next one, and those that came early.
    next: u64,
    early: BTreeMap<u64, Box<Done>>,
    /// How many chunks there are, once the reader knows.
    chunks: Option<u64>,
    /// Chunks whose groups were merged.
    merged_chunks: u64,
    entries: Entries,
}

/// A batch of which not everything has come.
#[derive(Default)]
struct OpenBatch {
    /// How many chunks it has, once it has ended.
    expected: Option<u64>,
    arrived: u64,
    runs: Vec<Run>,
}

/// The ledger, and where in its source the next chunk of each begins.
#[derive(Default)]
struct Entries {
    ledger: Ledger,
    records_before: HashMap<SourceIndex, u64>,
    bytes: u64,
    failed_sources: Vec<String>,
}

impl<'r> Coordinator<'r> {
    pub(super) fn new(
        plan: &'r Plan,
        job: &Job,
        sources: &'r Sources,
        control: &'r Control,
        tickets: Sender<()>,
    ) -> Self {
        let merged = match &plan.exchange {
            Exchange::Grouped(aggregation) => Some(Merged::new(Arc::clone(aggregation))),
            Exchange::Rows | Exchange::Ordered(..) => None,
        };
        Coordinator {
            plan,
            sources,
            encoding: job.encoding,
            look: job.look,
            executor: Threads(job.threads),
            control,
            tickets,
            merged,
            batches: HashMap::new(),
            next: 0,
            early: BTreeMap::new(),
            chunks: None,
            merged_chunks: 0,
            entries: Entries::default(),
        }
    }

    pub(super) fn run(
        mut self,
        messages: &Receiver<Message>,
        sink: &mut dyn Sink,
        progress: Option<Progress>,
        mut rejects: Option<Rejects>,
    ) -> Outcome {
        let executor = self.executor;
        let plan = self.plan;
        let mut output = Output::new(plan, self.encoding, self.look, sink, progress);
        let mut chain = Chain::of(plan, &executor);
        while !self.is_complete() && !chain.is_done() && output.error.is_none() {
            let Ok(message) = messages.recv() else { break };
            match message {
                Message::Done(done) => {
                    self.early.insert(done.sequence, done);
                    while let Some(done) = self.early.remove(&self.next) {
                        self.next += 1;
                        self.entries.add(&done, self.sources);
                        if let Some(rejects) = &mut rejects {
                            rejects.write(&done.rejected_lines);
                        }
                        if let Some(progress) = &mut output.progress {
                            progress.advance(done.bytes);
                        }
                        match done.payload {
                            Payload::Nothing => {}
                            Payload::Bytes(bytes) => output.bytes(&bytes),
                            Payload::Batches(batches) => output.rows(&chain.push(batches)),
                        }
                        let _ = self.tickets.try_send(()); // the reader has ended
                        if chain.is_done() || output.error.is_some() {
                            break;
                        }
                    }
                }
                Message::Partial {
                    batch,
                    chunks,
                    runs,
                } => {
                    let open = self.batches.entry(batch).or_default();
                    open.arrived += chunks;
                    open.runs.extend(runs);
                    self.close(batch);
                }
                Message::BatchEnd { batch, chunks } => {
                    self.batches.entry(batch).or_default().expected = Some(chunks);
                    self.close(batch);
                }
                Message::Header(header) => output.source_header(&header),
                Message::SourceFailed(source, reason) => {
                    self.entries.fail(&self.sources.display(source), &reason)
                }
                Message::End { chunks } => self.chunks = Some(chunks),
            }
        }
        self.control.stop();
        if output.error.is_none() {
            if let Some(merged) = &mut self.merged {
                let rows = merged.finish(&executor);
                output.rows(&chain.push(rows));
            }
            output.rows(&chain.finish());
            output.finish();
        }
        let mut ledger = self.entries.ledger;
        let Account {
            filtered,
            rejected,
            first_rejected,
            failures,
            ..
        } = chain.account;
        ledger.passed = (ledger.passed + chain.passed).saturating_sub(chain.withdrawn);
        ledger.filtered += filtered;
        ledger.rejected += rejected;
        ledger.first_rejected = ledger.first_rejected.or(first_rejected);
        ledger.failed += failures.count;
        ledger.first_failed = ledger.first_failed.or(failures.first);
        Outcome {
            ledger,
            failed_sources: self.entries.failed_sources,
            left_out: output.left_out(),
            never_seen: plan
                .watched
                .iter()
                .filter(|(_, seen)| !seen.get())
                .map(|(name, _)| name.clone())
                .collect(),
            bytes: self.entries.bytes,
            rejects: rejects.and_then(Rejects::finish),
            sink: output.error.take(),
            signal: self.control.signal(),
        }
    }

    /// Whether everything that was read has come back.
    fn is_complete(&self) -> bool {
        self.chunks.is_some_and(|chunks| {
            self.next == chunks && (self.merged.is_none() || self.merged_chunks == chunks)
        })
    }

    /// A batch is merged as a whole, once all its chunks have come.
    fn close(&mut self, batch: u64) {
        let is_whole = self
            .batches
            .get(&batch)
            .is_some_and(|open| open.expected == Some(open.arrived));
        if let (true, Some(merged)) = (is_whole, &mut self.merged)
            && let Some(open) = self.batches.remove(&batch)
        {
            self.merged_chunks += open.arrived;
            merged.add(open.runs, &self.executor);
        }
    }
}

impl Entries {
    /// Enters the next chunk of the stream.
    fn add(&mut self, done: &Done, sources: &Sources) {
        let before = self
            .records_before
            .entry(done.source)
            .or_insert(u64::from(done.has_header));
        let records_before = *before;
        *before += done.records;
        let place = |record: u64| {
            let source = sources.display(done.source);
            format!("{source}:{}", records_before + record + 1)
        };
        if let (None, Some((record, reason))) = (&self.ledger.first_rejected, &done.first_rejected)
        {
            self.ledger.first_rejected = Some(format!("{}: {reason}", place(*record)));
        }
        if let (None, Some(reason)) = (&self.ledger.first_failed, &done.failures.first) {
            let place = done.first_failure.map(place);
            self.ledger.first_failed =
                Some(place.map_or_else(|| reason.clone(), |place| format!("{place}: {reason}")));
        }
        self.ledger.read += done.records;
        self.ledger.passed += done.passed;
        self.ledger.filtered += done.filtered;
        self.ledger.rejected += done.rejected;
        self.ledger.failed += done.failures.count;
        self.bytes += done.bytes;
        if let Some(error) = &done.error {
            self.fail(&sources.display(done.source), error);
        }
        if done.ended {
            self.records_before.remove(&done.source);
            sources.forget(done.source);
        }
    }

    /// Names a source that cannot be read, once.
    fn fail(&mut self, source: &str, reason: &str) {
        let failed = format!("{source}: {reason}");
        if !self.failed_sources.contains(&failed) {
            say(&failed);
            self.failed_sources.push(failed);
        }
    }
}
