//! Tree to plan: names are bound, only what something reads is decoded, and the stages are parted into what
//! workers do side by side and what the coordinator does with all of it. Pure: no threads, no I/O.

mod aggregates;
mod checks;
mod comparisons;
mod explain;
mod foreign_verbs;
mod lower;
mod refine;
mod running;
mod scan;
mod stages;
mod union;
mod window;

use std::sync::Arc;

pub use foreign_verbs::meaning;

use crate::aggregate::Aggregation;
use crate::data::{Framing, Prologue, Regroup, Scanner, Slot, SlotSet};
use crate::encode::OutputColumn;
use crate::expr::Met;
use crate::expr::scope::ReadFile;
use crate::lang::ast::Pipeline;
use crate::lang::suggest::did_you_mean;
use crate::lang::{self, Diagnostic, MAX_DIAGNOSTICS};
use crate::stage::{Check, FirstHeader, OrderedStage, OwnTime, RowStage, SideFile, WatchedField};

pub use explain::Explanation;
pub use window::{AssignedBy, Bounds, PlannedWindow, TimeDomain};

/// What the engine runs.
pub struct Plan {
    /// Where records come from: the sources of the command line, then those that have a name.
    pub inputs: Vec<PlannedInput>,
    /// What workers do with each batch, in this order; those of some inputs come in on the way.
    pub map: Vec<RowStep>,
    /// From this step on rows of some input are pieces of records that its own stages have cut up.
    pub exploded_from: Option<usize>,
    /// How the batches of all workers come together.
    pub exchange: Exchange,
    /// What the coordinator does behind the exchange, in this order.
    pub merge: Vec<MergeStep>,
    /// What holds the lines of late records where the coordinator finds them, if they are kept.
    pub late_line: Option<Slot>,
    /// Over which records blocking stages work, if not over the whole stream.
    pub window: Option<PlannedWindow>,
    /// If rejected lines are kept, and stages behind the exchange may reject records: how to keep them.
    pub late_rejects: Option<LateRejects>,
    /// What is printed.
    pub output: PlannedOutput,
    /// Every row of the result must satisfy these.
    pub asserts: Vec<Check>,
    /// The run ends as soon as a row of the result satisfies this.
    pub until: Option<Check>,
    /// Fields that only the data can have: those that never were there are named at the end.
    pub watched: Vec<WatchedField>,
    /// Comparisons as they are written: those that never met two values of comparable types are named at the end.
    comparisons: Vec<([String; 3], Met)>,
    /// The plan in words.
    pub explanation: Explanation,
}

/// Where records come from, and how they are read.
pub struct PlannedInput {
    /// As the expression names it; that of the command line has no name.
    pub name: String,
    /// Where records end. If not at every newline, the scanner gives a row for each record.
    pub framing: Framing,
    /// How records are found that no byte ends; `framing` then says how those that were found are split.
    pub regroup: Option<Regroup>,
    /// What stands in front of each source's records.
    pub prologue: Prologue,
    /// From bytes to the first batch.
    pub scanner: Box<dyn Scanner>,
    /// What the source must say of each record.
    pub metadata: Metadata,
    /// What workers do with each of its batches, before they come to those of others.
    pub map: Vec<RowStep>,
    /// It goes on with this step of the plan.
    pub joins_at: usize,
}

impl PlannedInput {
    /// Whether its own steps make several rows of a record.
    fn explodes(&self) -> bool {
        self.scanner.explodes() || self.map.iter().any(|step| step.stage.explodes())
    }
}

/// Where the fields `@source`, `@number` and `@time` go, for those that something reads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Metadata {
    /// The path or peer.
    pub source: Option<Slot>,
    /// The record's number within its source, from 1.
    pub number: Option<Slot>,
    /// When the record was read.
    pub time: Option<Slot>,
    /// The record of the source that names the fields.
    pub header: Option<Slot>,
}

/// How lines are kept of records that are rejected when their chunk is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LateRejects {
    /// What holds the line.
    pub line: Slot,
    /// Several stages may reject a record: row after row has to go through all of them, or the order of the
    /// lines would depend on how large batches are.
    pub row_by_row: bool,
}

/// A row-by-row stage with the slots that are read behind it.
pub struct RowStep {
    /// The stage.
    pub stage: Box<dyn RowStage>,
    /// What is still read behind it.
    pub live: SlotSet,
}

/// How the batches of all workers come together.
pub enum Exchange {
    /// Nothing depends on other records: workers encode their rows, which are written in order.
    Rows,
    /// Batches go to the coordinator in order, each reduced by the worker to what can matter.
    Ordered(Arc<dyn OrderedStage>, SlotSet),
    /// Batches go to the coordinator in order, with these slots: it puts them into windows.
    Gather(SlotSet),
    /// Each worker keeps groups of its own, which are merged when a batch ends.
    Grouped(Arc<Aggregation>),
}

/// A step of the coordinator. The stage of the exchange is the first.
pub enum MergeStep {
    /// A row-by-row stage.
    Rows(RowStep),
    /// A stage that needs order, or all rows.
    Ordered(Arc<dyn OrderedStage>, SlotSet),
    /// Aggregates. The first step of a grouped exchange is not repeated here.
    Grouped(Arc<Aggregation>),
}

/// What is printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedOutput {
    /// The columns in their order.
    pub columns: Vec<OutputColumn>,
    /// No stage made or chose columns, and no format was asked for: the lines in this slot are printed as they
    /// came.
    pub lines: Option<Slot>,
    /// Takes the first header, if it is found among the records in order: it comes before lines.
    pub first_line: Option<FirstHeader>,
    /// All fields of an object come first, in their order: then `columns` are those that stages made.
    pub whole: Option<Slot>,
    /// So many of `columns` stand before the object's fields: the bounds of a window, and what was there before.
    pub front: usize,
    /// Fields of the object that are not printed.
    pub dropped: Vec<String>,
}

impl PlannedOutput {
    /// Everything that is read for printing.
    pub fn slots(&self) -> impl Iterator<Item = Slot> {
        self.columns.iter().map(|column| column.slot).chain(self.whole)
    }
}

/// What the user wants to see where no stage makes or chooses columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutputMode {
    /// The lines as they came.
    AsItCame,
    /// The fields: a format was asked for.
    Fields,
}

/// What a record is, if the user says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Records {
    /// A byte or a line tells where it ends.
    Framed(Framing),
    /// What it is itself tells.
    Regrouped(Regroup),
}

impl Records {
    /// Whether no stage can find them in the bytes that workers get: they are not lines.
    fn are_foreign(self) -> bool {
        !matches!(self, Records::Regrouped(regroup) if regroup.framing() == Framing::Lines)
    }
}

/// What the user wants of a plan beside its expression.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What is printed.
    pub printing: OutputMode,
    /// No sketches: percentiles and distinct counts are exact at any size.
    pub exact: bool,
    /// Where records end, if the user says so; otherwise the first stage does.
    pub records: Option<Records>,
    /// What a random choice is made from: another number, another sample.
    pub seed: u64,
    /// Rejected records are kept as they came: their lines must be there wherever a record can be rejected.
    pub keeps_rejects: bool,
    /// Late lines are kept.
    pub keeps_late: bool,
    /// If windows without records are printed as well: those of one gap have at most so many rows.
    pub fill: Option<u64>,
    /// Keys that stages remember are forgotten when they have been silent for longer, in nanoseconds.
    pub forget_ns: Option<i64>,
    /// How files are read that belong to the expression.
    pub read_file: Option<ReadFile>,
    /// Such files are read again when they change: the input is live.
    pub reloads: bool,
    /// The names of other sources.
    pub inputs: Vec<String>,
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
            fill: None,
            forget_ns: None,
            read_file: None,
            reloads: false,
            inputs: Vec::new(),
        }
    }
}

impl Plan {
    /// Reads an expression and binds it. Mistakes of who is used to another language are answered with the same thing
    /// written here.
    pub fn read(text: &str, settings: impl Into<Settings>) -> Result<Plan, Vec<Diagnostic>> {
        lang::parse(text)
            .and_then(|pipeline| Plan::of(&pipeline, settings))
            .map_err(|diagnostics| foreign_verbs::improve(text, diagnostics))
    }

    /// Binds a pipeline. All mistakes are found at once; as many are said as somebody reads.
    pub fn of(pipeline: &Pipeline, settings: impl Into<Settings>) -> Result<Plan, Vec<Diagnostic>> {
        let settings = settings.into();
        match stages::bind(pipeline, &settings, stages::Refine::Yes) {
            Ok(mut bound) => {
                bound.remember(settings.exact, settings.forget_ns);
                Ok(lower::lower(bound, settings))
            }
            Err(mut diagnostics) => {
                diagnostics.truncate(MAX_DIAGNOSTICS);
                Err(diagnostics)
            }
        }
    }

    /// Fields that were looked for and that no record had: each once, and none that another decoder has found.
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

    /// The fields that were probably meant by those that were never seen: `sc-status` by `sc` and `status`, which a
    /// minus separates in an expression.
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

    /// Whether a record can be kept waiting for more: nothing is printed, and no `limit` ends the run, before
    /// all are in.
    pub fn waits_for_all(&self) -> bool {
        let ends_early = |step: &MergeStep| matches!(step, MergeStep::Ordered(stage, _) if !stage.is_blocking() && stage.limit().is_some());
        let waits = |step: &MergeStep| match step {
            MergeStep::Ordered(stage, _) => stage.is_blocking(),
            MergeStep::Grouped(_) => true,
            MergeStep::Rows(_) => false,
        };
        let decisive = self.merge.iter().find(|step| ends_early(step) || waits(step));
        matches!(self.exchange, Exchange::Grouped(_)) || decisive.is_some_and(waits)
    }

    /// The files beside the stream that are read again when they change.
    pub fn side_files(&self) -> impl Iterator<Item = &dyn SideFile> {
        let own = self.inputs.iter().flat_map(|input| &input.map);
        let merged = self.merge.iter().filter_map(|step| match step {
            MergeStep::Rows(step) => Some(step),
            MergeStep::Ordered(..) | MergeStep::Grouped(_) => None,
        });
        own.chain(&self.map).chain(merged).filter_map(|step| step.stage.side_file())
    }

    /// Whether windows or stages must hear of time what records do not say: that a source has ended or is silent,
    /// and that the clock has moved on.
    pub fn tracks_time(&self) -> bool {
        self.window.is_some() || self.join_time() != OwnTime::None
    }

    /// Whether anything depends on when each record was read.
    pub fn reads_arrival(&self) -> bool {
        let mut inputs = self.inputs.iter();
        inputs.any(|input| input.metadata.time.is_some())
    }

    /// By which time the stage goes that records come to first, if it goes by one of its own.
    pub fn join_time(&self) -> OwnTime {
        match &self.exchange {
            Exchange::Ordered(stage, _) => stage.own_time(),
            _ => OwnTime::None,
        }
    }

    /// Whether workers make several rows of a record.
    pub fn explodes_early(&self) -> bool {
        self.inputs.iter().any(PlannedInput::explodes) || self.map.iter().any(|step| step.stage.explodes())
    }

    /// Whether nothing is printed before all records are in.
    pub fn is_blocking(&self) -> bool {
        if self.window.is_some() {
            return false;
        }
        matches!(self.exchange, Exchange::Grouped(_))
            || self.merge.iter().any(|step| match step {
                MergeStep::Ordered(stage, _) => stage.is_blocking(),
                MergeStep::Grouped(_) => true,
                MergeStep::Rows(_) => false,
            })
    }
}
