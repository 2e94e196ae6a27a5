//! Runs a plan: the only module that starts threads.
//!
//! The concepts, in the order of the data, each with its type:
//!
//! - *reader* (`Reader`): cuts the sources into numbered chunks and sends them over a bounded channel.
//! - *chunk* (`Task`): whole records of one source, in memory or as a range of a file.
//! - *worker* (`Worker`): decodes a chunk into batches and applies the row-by-row stages; then it encodes the
//!   rows, passes them on or aggregates them.
//! - *partial* (`PartialResult`): the groups that one worker has aggregated of one batch of chunks.
//! - *coordinator* (`Coordinator`): puts the chunk reports into stream order and merges the partials, on
//!   the calling thread.
//! - *window* (`WindowOperator`): assigns rows to windows and fires those that the watermark has
//!   passed.
//! - *level* (`Levels`): the windows after the first one, whose records are the rows of the level before.
//! - *result* (`Results`): the rows of the whole stream, or of one window, after all stages.
//! - *sink* (`Output`): encodes result rows and delivers them, batch by batch, to a `Sink`.
//!
//! Every chunk holds a *ticket* that returns to the reader once the coordinator has handled the chunk. The number of
//! tickets bounds the chunks in flight, so memory stays flat and a slow consumer slows the reader.

mod arrival_clock;
mod arrivals;
mod chain;
mod checks;
mod chunk;
mod commit;
mod commit_pace;
mod control;
mod coordinator;
mod cut_off;
mod delivery;
mod executor;
mod fill;
mod in_order;
mod input_log;
mod last_times;
mod ledger;
mod ledger_builder;
mod levels;
mod live_table;
mod merge;
mod message;
mod offsets;
mod output;
mod output_positions;
mod part;
mod part_results;
mod reader;
mod record_numbers;
mod restored_state;
mod results;
mod run_start;
mod saved_maps;
mod say;
mod shared_state;
mod side_files;
mod sources;
mod stream_groups;
mod targets;
#[cfg(test)]
mod tests;
mod thread_group;
mod triggers;
mod window_assigner;
mod window_operator;
mod window_store;
mod worker;

use std::ffi::OsString;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use crossbeam::channel::{Receiver, Sender, bounded, unbounded};

use crate::checkpoint::Checkpoint;
use crate::data::budget::Budget;
use crate::data::reason;
use crate::encode::{EncoderDef, Look};
use crate::plan::Plan;
use crate::sink::{Display, LineFile, Progress, Sink, SinkError};
use crate::source::{self, Boundedness};
use crate::stage::Checks;
use crate::window::{SourceInfo, WatermarkConfig};

use commit::StreamPosition;
use run_start::RunStart;
use say::say;
use shared_state::SharedState;
use side_files::SideFiles;
use thread_group::{IdleThreads, ThreadGroup, UnstartedThread};

pub use commit::CheckpointJob;
pub use control::Control;
pub use ledger::Ledger;
pub use merge::merge;
pub use part::{Part, PartHeader};
pub use targets::{Delivered, TargetJob, TargetsJob};

/// The sources of a run, and its options.
pub struct Job {
    /// Paths and addresses as the user wrote them; `-` is standard input. At least one. Files are read in this order.
    pub sources: Vec<OsString>,
    /// The plan's input that each source belongs to.
    pub inputs: Vec<usize>,
    /// How sources are read.
    pub reading: Reading,
    /// Worker threads, at least 1.
    pub threads: usize,
    /// Chunk size in bytes, at least 1.
    pub chunk_bytes: usize,
    /// How often the workers' partial results are merged; `None` merges once, at the end.
    pub batch: Option<Duration>,
    /// Longer records are rejected.
    pub max_line_bytes: usize,
    /// How rows are printed.
    pub encoding: Encoding,
    /// Terminal width, colors and the like of the place that rows are printed to.
    pub look: Look,
    /// How often to print rows that are not final; `None` prints final rows only.
    pub every: Option<Duration>,
    /// Print only those rows that are not final and differ from the previous snapshot.
    pub changed: bool,
    /// Table drawn on a terminal until the result is final.
    pub live: Option<LiveTableOptions>,
    /// Progress bar shown while files are read.
    pub progress: Option<Progress>,
    /// File for rejected lines.
    pub rejects: Option<LineFile>,
    /// File for late lines.
    pub late: Option<LineFile>,
    /// A time further ahead of both the clock and the other records than this advances no window.
    pub max_jump_ns: i64,
    /// Evaluate `until` on provisional results, because the input may never end.
    pub watches: bool,
    /// Print no messages to stderr.
    pub quiet: bool,
    /// Where results are delivered besides standard output.
    pub targets: TargetsJob,
    /// The memory that state may use.
    pub budget: Arc<Budget>,
    /// Write the state of this part of a stream instead of its result.
    pub part: Option<PartHeader>,
    /// Go on where an earlier run has ended, and let a later one go on.
    pub checkpoint: Option<CheckpointJob>,
}

impl Job {
    fn limits(&self) -> WatermarkConfig {
        WatermarkConfig {
            sources: self.sources.len(),
            max_jump_ns: self.max_jump_ns,
            idle_ns: i64::try_from(self.reading.idle.as_nanos()).unwrap_or(i64::MAX),
        }
    }

    /// The command-line sources, by number.
    fn written(&self) -> Vec<SourceInfo> {
        let written = |(source, input): (&OsString, &usize)| SourceInfo {
            input: *input,
            ends: !self.reading.follow && source::boundedness(source) != Boundedness::Unbounded,
        };
        self.sources.iter().zip(&self.inputs).map(written).collect()
    }
}

/// How sources are read that may grow or never end.
#[derive(Clone, Debug)]
pub struct Reading {
    /// Keep reading files as they grow, and reconnect closed connections.
    pub follow: bool,
    /// Start this many records before the end of each file.
    pub tail: Option<u64>,
    /// A live source without input for this long is idle.
    pub idle: Duration,
    /// End the input after this time.
    pub time: Option<Duration>,
    /// Files that the run writes besides its results; a followed directory skips them.
    pub written: Vec<OsString>,
}

impl Default for Reading {
    fn default() -> Reading {
        Reading { follow: false, tail: None, idle: Duration::from_secs(10), time: None, written: Vec::new() }
    }
}

/// A table that is redrawn in place.
#[derive(Debug)]
pub struct LiveTableOptions {
    /// The terminal.
    pub display: Display,
    /// The shortest time between two frames.
    pub every: Duration,
    /// How rows are drawn.
    pub encoding: Encoding,
    /// Colors and the like of the terminal, without its size.
    pub look: Look,
}

/// How rows are printed.
#[derive(Clone, Copy, Debug)]
pub enum Encoding {
    /// The lines unchanged, from the plan's line slot; the flag adds the source's header.
    Lines(bool),
    /// An output format; the flag adds a header.
    Format(&'static EncoderDef, bool),
    /// Not encoded: the sink takes rows.
    Rows,
}

impl Encoding {
    /// True if column names precede the rows.
    fn has_header(self) -> bool {
        matches!(self, Encoding::Format(_, true))
    }

    /// True if one picture of all results is drawn at the end.
    fn is_picture(self) -> bool {
        matches!(self, Encoding::Format(format, _) if format.picture.is_some())
    }

    /// True if no row is held back for others.
    fn is_row_by_row(self) -> bool {
        match self {
            Encoding::Format(format, _) => format.row_by_row,
            Encoding::Lines(_) | Encoding::Rows => true,
        }
    }
}

/// How a run ended.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Counts of records.
    pub ledger: Ledger,
    /// True if earlier runs with the same checkpoint have reported all that is wrong.
    pub is_reported: bool,
    /// Results of the checks.
    pub checks: Checks,
    /// Command-line sources that were read to the end without a record.
    pub empty_sources: Vec<String>,
    /// Sources that failed, as `PATH: reason`; already printed, unless the run is quiet.
    pub failed_sources: Vec<String>,
    /// Fields that were not printed because the first row lacks them.
    pub left_out: Vec<String>,
    /// Messages about rows and columns that the picture of the results does not show.
    pub notes: Vec<String>,
    /// Fields that the expression uses and no record had.
    pub never_seen: Vec<String>,
    /// Suggestions for the fields that no record had.
    pub meant: Vec<String>,
    /// Decompressed bytes of the chunks that this run has processed, and their records.
    pub bytes: u64,
    /// See `bytes`. The ledger counts those of earlier runs with the same checkpoint, too.
    pub records: u64,
    /// Datagrams that the system dropped before they were read, by source.
    pub dropped: Vec<(String, u64)>,
    /// Bytes written to temporary files, by stage.
    pub spilled: Vec<(&'static str, u64)>,
    /// Why the memory budget ended the input.
    pub over_budget: Option<String>,
    /// Why rejected or late lines could not be written.
    pub unwritten: Vec<String>,
    /// Why writing ended early.
    pub sink: Option<SinkError>,
    /// The signal that ended the input early.
    pub signal: Option<i32>,
    /// The batches and rows that each target has received.
    pub delivered: Vec<Delivered>,
}

/// Runs a plan until the input ends, enough rows were printed, or a signal comes. When it returns, its threads have
/// ended.
pub fn run(plan: Arc<Plan>, job: Job, sink: &mut Sink, control: &Arc<Control>) -> Outcome {
    let mut job = job;
    let suspends = job.checkpoint.as_ref().is_some_and(|checkpoint| !checkpoint.finish);
    let RunStart { sources, shared, position, reading, commits } = match RunStart::begin(&plan, &mut job, sink, control)
    {
        Ok(start) => start,
        Err(reason) => return Outcome { sink: Some(SinkError::Failed(reason)), ..Outcome::default() },
    };
    let checkpoint = commits.as_ref().map(|commits| commits.committer.log());
    let quiet = job.quiet;
    let threads = Arc::new(ThreadGroup::default());
    let side_files = SideFiles::of(&plan, job.quiet, control.clock());
    let (task_sender, tasks) = bounded(job.threads * 2);
    let (message_sender, messages) = unbounded();
    let (ticket_sender, tickets) = tickets(&plan, &job);
    let (buffer_sender, buffers) = bounded(tickets.len());
    let setup = RunSetup { plan: &plan, job: &job, control, sources: &sources, messages: &message_sender, suspends };
    let (mut first, hand_overs) =
        workers(job.threads, setup.worker(shared.clone(), side_files.clone(), buffer_sender), tasks);
    // Most runs in a shell loop have one small chunk, so the other workers start with the second chunk.
    let idle = IdleThreads { group: Arc::clone(&threads), threads: first.split_off(1) };
    let links = ReaderLinks { tasks: task_sender, tickets, buffers, hand_overs, idle };
    let reader = reader::Reader::new(setup.reader(links, position, reading));
    first.push(("reader".to_owned(), Box::new(move || reader.run())));
    let taken = std::mem::take(&mut job.targets);
    let (targets, target_threads) =
        targets::Targets::new(taken, &plan, checkpoint.as_ref(), control, &message_sender, quiet);
    first.extend(target_threads);
    // The intervals of `--every` and `--for` begin before anything is read.
    let budget = Arc::clone(&job.budget);
    let links = coordinator::Links { sources: &sources, control, tickets: ticket_sender, side_files, shared, commits };
    let columns = Arc::clone(&links.shared.columns);
    let coordinator = coordinator::Coordinator::new(&plan, &job, links, position);
    let outcome = match threads.start(first) {
        Ok(()) => {
            let output = output::Output::new(&plan, &job, columns, control, sink, targets);
            let shown = coordinator::Shown { progress: job.progress, live: job.live };
            let kept = ledger_builder::SideOutputs { rejects: job.rejects, late: job.late };
            coordinator.run(&messages, output, shown, kept)
        }
        Err(error) => without_threads(&error, job.quiet),
    };
    // The reader waits for input only together with the control's wake-up. One case is left: if another process takes
    // the input of a shared pipe or terminal just before it is read, the read returns with the next input.
    control.end();
    threads.join();
    if let Some(checkpoint) = checkpoint.filter(|_| outcome.sink.is_none()) {
        settle_cut_off(&checkpoint, sink, quiet);
    }
    let over_budget = budget.failure().map(str::to_owned);
    Outcome { dropped: sources.dropped(), spilled: budget.spilled(), over_budget, ..outcome }
}

/// The parts that the threads of a run are made from.
struct RunSetup<'r> {
    plan: &'r Arc<Plan>,
    job: &'r Job,
    control: &'r Arc<Control>,
    sources: &'r Arc<sources::Sources>,
    messages: &'r Sender<message::Message>,
    /// True if a later run goes on with the stream.
    suspends: bool,
}

/// The reader's ends of the channels to the workers, and the workers that it starts.
struct ReaderLinks {
    tasks: Sender<message::Task>,
    tickets: Receiver<()>,
    buffers: Receiver<Vec<u8>>,
    hand_overs: Vec<Sender<message::Flush>>,
    idle: IdleThreads,
}

impl RunSetup<'_> {
    /// True if the results are delivered to targets.
    fn delivers(&self) -> bool {
        !self.job.targets.targets.is_empty()
    }

    fn worker(
        &self,
        shared: SharedState,
        side_files: Option<Arc<SideFiles>>,
        buffers: Sender<Vec<u8>>,
    ) -> worker::WorkerSetup {
        worker::WorkerSetup {
            plan: Arc::clone(self.plan),
            sources: Arc::clone(self.sources),
            encoding: if self.delivers() { Encoding::Rows } else { self.job.encoding },
            look: self.job.look,
            max_line_bytes: self.job.max_line_bytes,
            keep_rejects: self.job.rejects.is_some(),
            keep_late: self.job.late.is_some(),
            shared,
            side_files,
            budget: Arc::clone(&self.job.budget),
            messages: self.messages.clone(),
            buffers,
            control: Arc::clone(self.control),
        }
    }

    fn reader(
        &self,
        links: ReaderLinks,
        position: StreamPosition,
        stream: Option<reader::StreamSetup>,
    ) -> reader::ReaderSetup {
        let (plan, job) = (self.plan, self.job);
        let ReaderLinks { tasks, tickets, buffers, hand_overs, idle } = links;
        reader::ReaderSetup {
            sources: Arc::clone(self.sources),
            reading: job.reading.clone(),
            chunk_bytes: job.chunk_bytes,
            max_line_bytes: job.max_line_bytes,
            inputs: plan.inputs.iter().map(|input| (input.framing, input.prologue)).collect(),
            regroups: plan.inputs.iter().map(|input| input.regroup).collect(),
            message_fields: (0..plan.inputs.len()).map(|input| plan.message_fields(input)).collect(),
            finders: (0..plan.inputs.len()).map(|input| reader::HeaderFinder::of(plan, input).map(Arc::new)).collect(),
            batch: job.batch,
            waits_for_more: plan.waits_for_all(),
            marks: plan.tracks_time(),
            batch_chunks: match plan.tracks_time() {
                true => reader::WINDOWED_CHUNKS,
                false if self.delivers() && !plan.is_blocking() => reader::DELIVERED_CHUNKS,
                false => u64::MAX,
            },
            stamps: plan.reads_arrival(),
            quiet: job.quiet,
            control: Arc::clone(self.control),
            tasks,
            tickets,
            buffers,
            messages: self.messages.clone(),
            hand_overs,
            idle,
            position,
            stream,
            resume: None,
            suspends: self.suspends,
        }
    }
}

/// Keeps the lines of other programs that were cut off the results, and says so.
fn settle_cut_off(checkpoint: &Checkpoint, sink: &Sink, quiet: bool) {
    match cut_off::settle(checkpoint, sink) {
        Ok(Some((lines, path))) if !quiet => say(format_args!(
            "note: standard output had lines after the last commit that were not printed again, perhaps of another \
             program ({lines}): they are in {}",
            path.display()
        )),
        Err(error) => say(format_args!("{}: {}", checkpoint.path("").display(), reason(&error))),
        _ => {}
    }
}

/// The channel of tickets, with all tickets in it.
fn tickets(plan: &Plan, job: &Job) -> (Sender<()>, Receiver<()>) {
    // Workers process the next batch while the coordinator prints the windows of this one.
    let ahead = match plan.window {
        Some(_) => 2 * reader::WINDOWED_CHUNKS as usize,
        None => 0,
    };
    let count = job.threads * 4 + 2 + ahead;
    let (sender, receiver) = bounded(count);
    for _ in 0..count {
        let _ = sender.send(()); // the channel has room for all tickets
    }
    (sender, receiver)
}

/// The threads of the workers, and the sender that makes each hand over its partial result.
fn workers(
    count: usize,
    setup: worker::WorkerSetup,
    tasks: Receiver<message::Task>,
) -> (Vec<UnstartedThread>, Vec<Sender<message::Flush>>) {
    let worker = |index: usize| {
        let (hand_over, flushes) = unbounded();
        let (worker, tasks) = (worker::Worker::new(setup.clone()), tasks.clone());
        let work = move || worker.run(&tasks, &flushes);
        let thread: UnstartedThread = (format!("worker {index}"), Box::new(work));
        (thread, hand_over)
    };
    (0..count).map(worker).unzip()
}

/// The outcome when threads cannot be started: no input was read.
fn without_threads(error: &io::Error, quiet: bool) -> Outcome {
    let failed = format!("threads cannot be started: {}", reason(error));
    if !quiet {
        say(&failed);
    }
    Outcome { failed_sources: vec![failed], ..Outcome::default() }
}
