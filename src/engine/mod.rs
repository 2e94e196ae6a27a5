//! Plan to results: the only place that has threads.
//!
//! A *reader* numbers chunks of the input and hands them out over a bounded channel; *workers* turn each into
//! batches, apply the row-by-row stages and either encode rows, pass rows on or keep groups; the
//! *coordinator*, on the calling thread, puts what they send in the order of the chunks, merges, and writes.
//! A *ticket* goes with every chunk and comes back when the coordinator is through with it, so however slow
//! the slowest is, only so many chunks are on their way: memory stays flat and the producer waits.

mod arrivals;
mod chain;
mod checks;
mod chunk;
mod clock;
mod control;
mod coordinator;
mod executor;
mod fill;
mod in_order;
mod last_times;
mod ledger;
mod ledger_builder;
mod live_table;
mod message;
mod output;
mod reader;
mod record_numbers;
mod results;
mod session_records;
mod side_files;
mod sources;
mod triggers;
mod window_assigner;
mod window_operator;
mod window_state;
mod worker;

use std::ffi::OsString;
use std::fmt;
use std::io::{self, Write};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use crossbeam::channel::{bounded, unbounded};

use crate::data::{reason, time_defaults};
use crate::encode::{EncoderDef, Look};
use crate::plan::{AssignedBy, Plan, PlannedInput};
use crate::sink::{Display, LineFile, Progress, Sink, SinkError};
use crate::source::{self, Boundedness};
use crate::stage::Checks;
use crate::window::{Grid, SourceInfo, WatermarkConfig};

use side_files::SideFiles;
use sources::Sources;

pub use control::Control;
pub use ledger::Ledger;

/// What to run the plan on, and how.
pub struct Job {
    /// As written; `-` is standard input. At least one. Files are read in this order.
    pub sources: Vec<OsString>,
    /// To which input of the plan each of them belongs.
    pub inputs: Vec<usize>,
    /// How they are read.
    pub reading: Reading,
    /// Worker threads, at least 1.
    pub threads: usize,
    /// How many bytes are handed out at once, at least 1.
    pub chunk_bytes: usize,
    /// How often the workers' partial results are merged; nothing to merge once, at the end.
    pub batch: Option<Duration>,
    /// A longer record is rejected.
    pub max_line_bytes: usize,
    /// How rows are printed.
    pub encoding: Encoding,
    /// What is known of the place where rows go.
    pub look: Look,
    /// How often rows that are not final are printed as well, if they are.
    pub every: Option<Duration>,
    /// Of these, only those that were not among the last ones.
    pub changed: bool,
    /// Drawn on a terminal as long as the result is not final.
    pub live: Option<LiveTableOptions>,
    /// Shown while files are read.
    pub progress: Option<Progress>,
    /// Where rejected lines go, if they are kept.
    pub rejects: Option<LineFile>,
    /// Where late lines go, if they are kept.
    pub late: Option<LineFile>,
    /// A time ahead of the clock and of the other records by more nanoseconds than this moves no window.
    pub max_jump_ns: i64,
    /// Results are looked at before they are final, if the plan waits for something: the input may never end.
    pub watches: bool,
    /// Nothing is said on stderr.
    pub quiet: bool,
}

impl Job {
    fn limits(&self) -> WatermarkConfig {
        WatermarkConfig {
            sources: self.sources.len(),
            max_jump_ns: self.max_jump_ns,
            idle_ns: i64::try_from(self.reading.idle.as_nanos()).unwrap_or(i64::MAX),
        }
    }

    /// The sources, by number.
    fn written(&self) -> Vec<SourceInfo> {
        let written = |(source, input): (&OsString, &usize)| SourceInfo {
            input: *input,
            ends: !self.reading.follow && source::boundedness(source) != Boundedness::Unbounded,
        };
        self.sources.iter().zip(&self.inputs).map(written).collect()
    }
}

/// How sources are read that do not simply end.
#[derive(Clone, Debug)]
pub struct Reading {
    /// Files are read on as they grow, and connections made again.
    pub follow: bool,
    /// Files are read from their last so many records on.
    pub tail: Option<u64>,
    /// A live source that has nothing for so long is silent.
    pub idle: Duration,
    /// The input ends after so long.
    pub time: Option<Duration>,
    /// Files that the run writes to, beside its results: they are not read in a followed directory.
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
    /// Where it is drawn.
    pub display: Display,
    /// The least time from frame to frame.
    pub every: Duration,
    /// How its rows are drawn.
    pub encoding: Encoding,
    /// What is known of the terminal, but for its size.
    pub look: Look,
}

/// How rows are printed.
#[derive(Clone, Copy, Debug)]
pub enum Encoding {
    /// The lines as they came, from the plan's slot of lines; behind a header of the source or without it.
    Lines(bool),
    /// In a format, with a header or without.
    Format(&'static EncoderDef, bool),
}

/// How a run ended.
#[derive(Debug, Default)]
pub struct Outcome {
    /// What became of the records.
    pub ledger: Ledger,
    /// What checks have seen.
    pub checks: Checks,
    /// Sources of the command line that were read to their end and had no record.
    pub empty_sources: Vec<String>,
    /// Sources that failed, as `PATH: reason`; printed already, unless the run is quiet.
    pub failed_sources: Vec<String>,
    /// Fields that were not printed, because the first row did not have them.
    pub left_out: Vec<String>,
    /// Fields that were asked for and that no record had.
    pub never_seen: Vec<String>,
    /// Those that were probably meant.
    pub meant: Vec<String>,
    /// Bytes of the chunks that were processed, decompressed.
    pub bytes: u64,
    /// How many datagrams the system dropped before they were read, by source.
    pub dropped: Vec<(String, u64)>,
    /// Why rejected or late lines could not all be written, if so.
    pub unwritten: Vec<String>,
    /// Why writing ended early, if it did.
    pub sink: Option<SinkError>,
    /// The signal that ended the input early, if one did.
    pub signal: Option<i32>,
}

/// Runs a plan to its end: the end of the input, enough rows, or a signal.
pub fn run(plan: Arc<Plan>, job: Job, sink: &mut dyn Sink, control: &Arc<Control>) -> Outcome {
    let (task_sender, tasks) = bounded(job.threads * 2);
    let (message_sender, messages) = unbounded();
    // While the coordinator prints the windows of one batch, workers are busy with the next.
    let ahead = match plan.window {
        Some(_) => 2 * reader::WINDOWED_CHUNKS as usize,
        None => 0,
    };
    let tickets_at_once = job.threads * 4 + 2 + ahead;
    let (ticket_sender, tickets) = bounded(tickets_at_once);
    let (buffer_sender, buffers) = bounded(tickets_at_once);
    for _ in 0..tickets_at_once {
        let _ = ticket_sender.send(()); // there is room for all of them
    }
    let numbers = |input: &PlannedInput| input.metadata.number.is_some();
    let numbered = plan.inputs.iter().any(numbers);
    let board = numbered.then(|| Arc::new(record_numbers::RecordNumbers::default()));
    let windowing = windowing(&plan, &job);
    let sources = Sources::new(&job.sources, &job.inputs);
    let columns = Arc::new(OnceLock::new());
    let side_files = SideFiles::of(&plan, job.quiet);
    let (mut hand_overs, mut workers): (Vec<_>, Vec<UnstartedThread>) = (Vec::new(), Vec::new());
    let times = Arc::new(last_times::TimesBefore::default());
    for index in 0..job.threads {
        let (sender, receiver) = unbounded();
        hand_overs.push(sender);
        let worker = worker::Worker::new(worker::WorkerSetup {
            plan: Arc::clone(&plan),
            sources: Arc::clone(&sources),
            encoding: job.encoding,
            look: job.look,
            max_line_bytes: job.max_line_bytes,
            keep_rejects: job.rejects.is_some(),
            keep_late: job.late.is_some(),
            windowing: windowing.clone(),
            board: board.clone(),
            times: Arc::clone(&times),
            columns: Arc::clone(&columns),
            side_files: side_files.clone(),
            messages: message_sender.clone(),
            buffers: buffer_sender.clone(),
            control: Arc::clone(control),
        });
        let tasks = tasks.clone();
        let work = move || worker.run(&tasks, &receiver);
        workers.push((format!("worker {index}"), Box::new(work)));
    }
    // Most runs in a shell loop have one small chunk: threads that get nothing to do are not even started.
    let idle = workers.split_off(1);
    if let Err(error) = start(workers) {
        return without_threads(&error, job.quiet);
    }
    drop(tasks);
    let reader = reader::Reader::new(reader::ReaderSetup {
        sources: Arc::clone(&sources),
        reading: job.reading.clone(),
        chunk_bytes: job.chunk_bytes,
        max_line_bytes: job.max_line_bytes,
        inputs: plan.inputs.iter().map(|input| (input.framing, input.prologue)).collect(),
        regroups: plan.inputs.iter().map(|input| input.regroup).collect(),
        finders: (0..plan.inputs.len()).map(|input| reader::HeaderFinder::of(&plan, input).map(Arc::new)).collect(),
        batch: job.batch,
        waits_for_more: plan.waits_for_all(),
        marks: plan.tracks_time(),
        stamps: plan.reads_arrival(),
        clock: Arc::new(clock::SystemClock),
        quiet: job.quiet,
        control: Arc::clone(control),
        tasks: task_sender,
        tickets,
        buffers,
        messages: message_sender,
        hand_overs,
        idle,
    });
    let mut readers: Vec<UnstartedThread> = vec![("reader".to_owned(), Box::new(move || reader.run()))];
    if let Some(time) = job.reading.time {
        let control = Arc::clone(control);
        let end_input = move || {
            std::thread::sleep(time);
            control.stop();
        };
        readers.push(("time".to_owned(), Box::new(end_input)));
    }
    if let Err(error) = start(readers) {
        return without_threads(&error, job.quiet);
    }
    let coordinator = coordinator::Coordinator::new(&plan, &job, &sources, control, ticket_sender, side_files);
    let output = output::Output::new(&plan, &job, columns, control, sink);
    let shown = coordinator::Shown { progress: job.progress, live: job.live };
    let kept = ledger_builder::SideOutputs { rejects: job.rejects, late: job.late };
    let outcome = coordinator.run(&messages, output, shown, kept);
    Outcome { dropped: sources.dropped(), ..outcome }
}

/// What workers share if they put records into windows.
fn windowing(plan: &Plan, job: &Job) -> Option<window_assigner::AssignerRules> {
    let planned = plan.window.as_ref()?;
    let grid = Grid::of(&planned.window, &time_defaults().zone)?;
    (planned.assigned_by == AssignedBy::Workers)
        .then(|| window_assigner::AssignerRules::new(planned, grid, job.limits()))
}

/// A thread that is not started yet: its name and what it does.
type UnstartedThread = (String, Box<dyn FnOnce() + Send>);

/// Starts threads that are never waited for: they end when their channels close. Fails at the first that the
/// system has no room for; those behind it are not started.
fn start(threads: Vec<UnstartedThread>) -> io::Result<()> {
    for (name, work) in threads {
        std::thread::Builder::new().name(name).spawn(work)?;
    }
    Ok(())
}

/// A message on stderr while the run goes on. If nobody can be told, the results are still to come.
fn say(message: impl fmt::Display) {
    let _ = writeln!(io::stderr(), "bourn: {message}");
}

/// The outcome of a run whose threads cannot be started: nothing was read.
fn without_threads(error: &io::Error, quiet: bool) -> Outcome {
    let failed = format!("threads cannot be started: {}", reason(error));
    if !quiet {
        say(&failed);
    }
    Outcome { failed_sources: vec![failed], ..Outcome::default() }
}
