//! From syntax tree to plan: binds names, decodes only the fields that are used, and splits the stages between the
//! workers and the coordinator. No threads and no I/O: files that an expression names are read before.

mod aggregates;
mod approx;
mod checks;
mod comparisons;
mod elsewhere;
mod explain;
mod foreign_verbs;
mod items;
mod limits;
mod logical;
mod lower;
mod observations;
mod output;
mod parts;
mod prune;
mod refine;
mod running;
#[cfg(test)]
mod saved_operators;
mod scanner;
mod stages;
mod stamp;
mod state_shape;
mod table_stages;
#[cfg(test)]
mod tests;
mod union;
mod window;

use std::sync::Arc;

pub use foreign_verbs::meaning;

use crate::aggregate::Aggregation;
use crate::data::{Framing, MessageFieldsWanted, OutputColumns, Prologue, Regroup, Scanner, Slot, SlotSet};
use crate::decode::scanners::LineScanner;
use crate::expr::{FileContents, Met};
use crate::lang::ast::{Argument, Pipeline, Stage};
use crate::lang::suggest::did_you_mean;
use crate::lang::{self, Diagnostics, MAX_DIAGNOSTICS};
use crate::stage::{self, Check, FirstHeader, OrderedStage, OwnTime, RowStage, SideFile, WatchedField};

pub use explain::Explanation;
pub use state_shape::StateShape;
pub use window::{AssignedBy, Bounds, PlannedLevel, PlannedWindow, TimeDomain};

/// An executable plan.
pub struct Plan {
    /// The inputs: the sources of the command line, then the named ones.
    pub inputs: Vec<PlannedInput>,
    /// The workers' steps, in order; named inputs join them midway.
    pub map: Vec<RowStep>,
    /// First step at which rows may be fragments of records (after an exploding stage).
    pub exploded_from: Option<usize>,
    /// How the workers' batches reach the coordinator.
    pub exchange: Exchange,
    /// The coordinator's steps after the exchange, in order.
    pub merge: Vec<MergeStep>,
    /// The slot of late records' lines on the merge side, if they are kept.
    pub late_line: Option<Slot>,
    /// The window of the first level's blocking stages; `None` is the whole stream.
    pub window: Option<PlannedWindow>,
    /// The levels after the first.
    pub levels: Vec<PlannedLevel>,
    /// A stage before an aggregate whose state restarts in each window of time.
    pub restarting: Option<String>,
    /// How merge-side stages keep rejected lines (only with --rejects).
    pub late_rejects: Option<LateRejects>,
    /// The printed columns or lines.
    pub output: PlannedOutput,
    /// Conditions that every row of the result must satisfy.
    pub asserts: Vec<Check>,
    /// The condition that ends the run.
    pub until: Option<Check>,
    /// Fields known only from the data; those that never appear are reported at the end.
    pub watched: Vec<WatchedField>,
    /// The comparisons as written; those that never met comparable types are reported at the end.
    comparisons: Vec<([String; 3], Met)>,
    /// How the stages keep their state, if later ones may be others when the stream goes on.
    pub state_shape: Option<StateShape>,
    /// The text of `--explain`.
    pub explanation: Explanation,
}

/// An input and how its records are read.
pub struct PlannedInput {
    /// Its name in the expression; empty for the command line's sources.
    pub name: String,
    /// Where records end. If not at every newline, the scanner returns one row per record.
    pub framing: Framing,
    /// How to find records that no terminator ends; `framing` then splits the regrouped ones.
    pub regroup: Option<Regroup>,
    /// The header or mark before each source's records.
    pub prologue: Prologue,
    /// Turns bytes into the first batch.
    pub scanner: Box<dyn Scanner>,
    /// How the messages of a broker become batches, if the input has any.
    pub messages: Option<MessageScan>,
    /// The metadata that the source must supply for each record.
    pub metadata: Metadata,
    /// The workers' steps for its batches alone, before they join the shared ones.
    pub map: Vec<RowStep>,
    /// The step of the plan at which its batches join.
    pub joins_at: usize,
}

impl PlannedInput {
    /// True if its own steps turn a record into several rows.
    fn explodes(&self) -> bool {
        self.scanner.explodes() || self.map.iter().any(|step| step.stage.explodes())
    }
}

/// How the messages of a broker become batches, whatever the other sources of the input are: each message is a record,
/// also one with newlines.
pub struct MessageScan {
    /// Returns one row per message.
    pub scanner: LineScanner,
    /// The step that the scanner of other sources does by itself.
    pub first: Option<RowStep>,
}

impl MessageScan {
    fn new(line: Slot, first: Option<RowStep>) -> MessageScan {
        MessageScan { scanner: LineScanner { line, framing: Framing::Counted }, first }
    }
}

/// The slots of `@source`, `@number` and `@time`, and of the fields of messages, if they are used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Metadata {
    /// The path or peer.
    pub source: Option<Slot>,
    /// The record's number within its source, from 1.
    pub number: Option<Slot>,
    /// When the record was read, or the time of the message.
    pub time: Option<Slot>,
    /// When the record was read, if `time` is that of messages.
    pub arrival: Option<Slot>,
    /// The header record, which names the fields.
    pub header: Option<Slot>,
    /// Key, partition, offset, topic and headers of a message.
    pub message: [Option<Slot>; 5],
}

impl Metadata {
    /// True if the arrival time of records is read.
    fn reads_arrival(&self) -> bool {
        self.time.is_some() || self.arrival.is_some()
    }

    /// The fields of messages that are read.
    fn of_messages(&self) -> MessageFieldsWanted {
        let any = self.time.is_some() || self.message.iter().any(Option::is_some);
        MessageFieldsWanted { any, headers: self.message[4].is_some() }
    }
}

/// How to keep the lines of records that are rejected after their chunk is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LateRejects {
    /// The slot of the line.
    pub line: Slot,
    /// True if several stages may reject a record: then each row passes through all of them in turn, or the order of
    /// the lines would depend on the batch size.
    pub row_by_row: bool,
}

/// A row-by-row stage with the slots that are read after it.
pub struct RowStep {
    /// The stage.
    pub stage: Box<dyn RowStage>,
    /// The slots read after it.
    pub live: SlotSet,
}

/// How the workers' batches reach the coordinator.
pub enum Exchange {
    /// No stage depends on other records: workers encode their rows, which are written in order.
    Rows,
    /// Batches go to the coordinator in order, after the worker dropped rows that cannot matter.
    Ordered(Arc<dyn OrderedStage>, SlotSet),
    /// Batches go to the coordinator in order with these slots, and it assigns them to windows.
    Gather(SlotSet),
    /// Each worker keeps its own groups, which are merged when a batch interval ends.
    Grouped(Arc<Aggregation>),
}

/// A step of the coordinator. The stage of the exchange is the first one.
pub enum MergeStep {
    /// A row-by-row stage.
    Rows(RowStep),
    /// A stage that needs order, or all rows.
    Ordered(Arc<dyn OrderedStage>, SlotSet),
    /// Aggregates. The first step of a grouped exchange is not repeated here.
    Grouped(Arc<Aggregation>),
}

impl MergeStep {
    /// True if it emits nothing before all records are in.
    pub fn is_blocking(&self) -> bool {
        match self {
            MergeStep::Rows(_) => false,
            MergeStep::Ordered(stage, _) => stage.is_blocking(),
            MergeStep::Grouped(_) => true,
        }
    }

    /// True if it passes on or drops each row when it receives it.
    pub fn is_immediate(&self) -> bool {
        match self {
            MergeStep::Rows(_) => true,
            MergeStep::Ordered(stage, _) => stage.is_immediate(),
            MergeStep::Grouped(_) => false,
        }
    }

    /// True if each row that it emits is a record that it received.
    pub fn gives_records(&self) -> bool {
        match self {
            MergeStep::Rows(step) => !step.stage.explodes(),
            MergeStep::Ordered(stage, _) => stage.gives_records(),
            MergeStep::Grouped(_) => false,
        }
    }

    /// The maximum number of rows that it emits, if known.
    pub fn limit(&self) -> Option<usize> {
        match self {
            MergeStep::Ordered(stage, _) => stage.limit(),
            MergeStep::Rows(_) | MergeStep::Grouped(_) => None,
        }
    }
}

/// The output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedOutput {
    /// The columns.
    pub columns: OutputColumns,
    /// True if stages create or select columns; if not, they are all fields, or the lines.
    pub is_chosen: bool,
    /// The slot of the lines, if no stage creates or selects columns and no format was chosen.
    pub lines: Option<Slot>,
    /// Receives the first header found among ordered records; it is printed before the lines.
    pub first_line: Option<FirstHeader>,
    /// The column for the time of a result that is not final.
    pub stamp: Option<Slot>,
}

/// The default output if no stage creates or selects columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutputMode {
    /// The lines, unchanged.
    AsItCame,
    /// The fields, because a format was chosen.
    Fields,
}

/// How the user defines records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Records {
    /// They end at a byte or line.
    Framed(Framing),
    /// They end where their content ends.
    Regrouped(Regroup),
}

impl Records {
    /// True if records are not lines, so that no stage can find them in a worker's bytes.
    fn are_foreign(self) -> bool {
        !matches!(self, Records::Regrouped(regroup) if regroup.framing() == Framing::Lines)
    }
}

/// The default of `--fill-limit`: a larger gap probably means that a record has a wrong time.
pub const FILL_LIMIT: u64 = 1_000_000;

/// The settings of a plan besides its expression.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The default output if no stage creates or selects columns.
    pub printing: OutputMode,
    /// Disables sketches: percentiles and distinct counts are exact at any size.
    pub exact: bool,
    /// Where records end, if the user says so; otherwise the first stage decides.
    pub records: Option<Records>,
    /// The seed of random choices.
    pub seed: u64,
    /// Keeps rejected records: their lines must be available wherever a record can be rejected.
    pub keeps_rejects: bool,
    /// Keeps late lines.
    pub keeps_late: bool,
    /// Drops terminal escapes from all input.
    pub strips_ansi: bool,
    /// Adds a column with the time of results that are not final.
    pub stamps: bool,
    /// Prints windows without records, at most this many rows per gap.
    pub fill: Option<u64>,
    /// The same limit for windows that are written with `fill`.
    pub fill_limit: u64,
    /// Stages forget keys that have been idle for longer, in nanoseconds.
    pub forget_ns: Option<i64>,
    /// The files that the expression names, see [`side_files`].
    pub side_files: FileContents,
    /// Reloads such files when they change, because the input is live.
    pub reloads: bool,
    /// The names of the other sources.
    pub inputs: Vec<String>,
    /// True if a source has messages, with fields of their own.
    pub messages: bool,
    /// The run makes or merges parts of a stream: the coordinator receives rows instead of workers encoding them, and
    /// no record is late.
    pub parts: bool,
}

impl From<OutputMode> for Settings {
    fn from(printing: OutputMode) -> Settings {
        Settings {
            printing,
            exact: false,
            records: None,
            seed: 0,
            keeps_rejects: false,
            keeps_late: false,
            strips_ansi: false,
            stamps: false,
            fill: None,
            fill_limit: FILL_LIMIT,
            forget_ns: None,
            side_files: FileContents::default(),
            reloads: false,
            inputs: Vec::new(),
            messages: false,
            parts: false,
        }
    }
}

/// The paths of the files that a pipeline names, in order. They are read before it is bound.
pub fn side_files(pipeline: &Pipeline) -> Vec<String> {
    let inner = |stage: &Stage| {
        let pipelines = stage.arguments.iter().filter_map(|argument| match argument {
            Argument::Pipeline(pipeline, _) => Some(side_files(pipeline)),
            _ => None,
        });
        stage::side_file(stage).into_iter().chain(pipelines.flatten()).collect::<Vec<_>>()
    };
    pipeline.stages.iter().flat_map(inner).collect()
}

impl Plan {
    /// Parses an expression and binds it. Errors from another tool's syntax get the equivalent as a suggestion.
    pub fn read(text: &str, settings: impl Into<Settings>) -> Result<Plan, Diagnostics> {
        lang::parse(text)
            .and_then(|pipeline| Plan::of(&pipeline, settings))
            .map_err(|diagnostics| foreign_verbs::improve(text, diagnostics))
    }

    /// Binds a pipeline. Reports all errors at once, up to a limit.
    pub fn of(pipeline: &Pipeline, settings: impl Into<Settings>) -> Result<Plan, Diagnostics> {
        let settings = settings.into();
        match stages::bind(pipeline, &settings, stages::Refine::Yes) {
            Ok(bound)
                if settings.parts
                    && let Some(diagnostic) = parts::unmergeable(&bound) =>
            {
                Err(Diagnostics::from(diagnostic))
            }
            Ok(bound) if let Some(diagnostic) = approx::unfillable(&bound, settings.fill.is_some()) => {
                Err(Diagnostics::from(diagnostic))
            }
            Ok(mut bound) => {
                bound.remember(settings.exact, settings.forget_ns);
                if settings.stamps {
                    stamp::add_stamp(&mut bound)?;
                }
                Ok(lower::lower(bound, settings))
            }
            Err(mut diagnostics) => {
                diagnostics.truncate(MAX_DIAGNOSTICS);
                Err(diagnostics)
            }
        }
    }

    /// Returns fields that were looked for and that no record had, each once.
    pub fn never_seen(&self) -> Vec<String> {
        let is_seen = |name: &String| {
            let mut watched = self.watched.iter();
            watched.any(|(other, seen)| other == name && seen.get())
        };
        let mut names: Vec<String> = Vec::new();
        for (name, seen) in &self.watched {
            if seen.was_looked_for() && !is_seen(name) && !names.contains(name) {
                names.push(name.clone());
            }
        }
        names
    }

    /// Guesses the intended fields among those never seen: `sc-status` for `sc` and `status`, which a minus separates
    /// in an expression.
    pub fn meant(&self, never_seen: &[String]) -> Vec<String> {
        let mut meant: Vec<String> = Vec::new();
        for (name, seen) in &self.watched {
            let Some(others) = seen.others().filter(|_| never_seen.contains(name)) else {
                continue;
            };
            let others: Vec<&str> = others.iter().filter_map(|other| std::str::from_utf8(other).ok()).collect();
            let is_part = |part: &str| never_seen.iter().any(|unseen| unseen == part);
            let has_name = |other: &&&str| {
                other.contains('-') && other.split('-').any(|part| part == name) && other.split('-').all(is_part)
            };
            let found = others.iter().find(has_name).copied();
            if let Some(other) = found.or_else(|| did_you_mean(name, &others))
                && !meant.iter().any(|known| known == other)
            {
                meant.push(other.to_owned());
            }
        }
        meant
    }

    /// True if a record can be held back: nothing is printed, and no `limit` ends the run, before the input ends.
    pub fn waits_for_all(&self) -> bool {
        let decisive = self.merge.iter().find(|step| step.is_blocking() || step.limit().is_some());
        matches!(self.exchange, Exchange::Grouped(_)) || decisive.is_some_and(MergeStep::is_blocking)
    }

    /// The side files that are reloaded when they change.
    pub fn side_files(&self) -> impl Iterator<Item = &dyn SideFile> {
        let own = self.inputs.iter().flat_map(|input| &input.map);
        let merged = self.merge.iter().filter_map(|step| match step {
            MergeStep::Rows(step) => Some(step),
            MergeStep::Ordered(..) | MergeStep::Grouped(_) => None,
        });
        own.chain(&self.map).chain(merged).filter_map(|step| step.stage.side_file())
    }

    /// True if windows or stages need punctuation: that a source ended or is idle, or that the clock advanced.
    pub fn tracks_time(&self) -> bool {
        self.window.is_some() || self.join_time() != OwnTime::None
    }

    /// True if anything depends on the arrival time of records.
    pub fn reads_arrival(&self) -> bool {
        let mut inputs = self.inputs.iter();
        inputs.any(|input| input.metadata.reads_arrival())
    }

    /// The fields of messages that an input reads.
    pub fn message_fields(&self, input: usize) -> MessageFieldsWanted {
        self.inputs.get(input).map(|input| input.metadata.of_messages()).unwrap_or_default()
    }

    /// The time domain of the first merge stage, if it has its own.
    pub fn join_time(&self) -> OwnTime {
        match &self.exchange {
            Exchange::Ordered(stage, _) => stage.own_time(),
            _ => OwnTime::None,
        }
    }

    /// True if workers turn a record into several rows.
    pub fn explodes_early(&self) -> bool {
        self.inputs.iter().any(PlannedInput::explodes) || self.map.iter().any(|step| step.stage.explodes())
    }

    /// True if nothing is printed before the input ends.
    pub fn is_blocking(&self) -> bool {
        if self.last_window().is_some() {
            return false;
        }
        match self.levels.last() {
            Some(last) => self.merge[last.from..].iter().any(MergeStep::is_blocking),
            None => matches!(self.exchange, Exchange::Grouped(_)) || self.merge.iter().any(MergeStep::is_blocking),
        }
    }

    /// The merge steps of the first level.
    pub fn first_level(&self) -> &[MergeStep] {
        let end = self.levels.first().map_or(self.merge.len(), |level| level.from);
        &self.merge[..end]
    }

    /// The window of the last level, whose results are printed.
    pub fn last_window(&self) -> Option<&PlannedWindow> {
        self.levels.last().map_or(self.window.as_ref(), |level| level.window.as_ref())
    }

    /// The windows of all levels, in order.
    pub fn windows(&self) -> impl Iterator<Item = &PlannedWindow> {
        self.window.iter().chain(self.levels.iter().filter_map(|level| level.window.as_ref()))
    }
}
