//! The text of `--explain`.

use std::fmt;

use crate::aggregate::Aggregation;
use crate::data::{Framing, Regroup};
use crate::expr::scope::OF_MESSAGE;
use crate::stage::{OrderedStage, OwnTime};
use crate::window::WindowKind;

use super::logical::InputFraming;
use super::scanner::Scanned;
use super::{AssignedBy, MergeStep, Metadata, PlannedLevel, PlannedOutput, PlannedWindow, RowStep, TimeDomain};

/// Describes what is decoded, what runs in parallel, what bounds memory, and when results appear.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Explanation {
    /// Who works, on what, and a note.
    rows: Vec<ExplainedRow>,
}

type ExplainedRow = (&'static str, String, String);

/// The parts of a plan that are explained.
pub(super) struct ExplainedPlan<'p> {
    /// The stages, to which the steps refer by index.
    pub(super) texts: &'p [String],
    pub(super) framing: InputFraming,
    /// True if a source has messages.
    pub(super) has_messages: bool,
    pub(super) scanned: Scanned,
    /// The stage that the scanner replaces.
    pub(super) scanned_stage: Option<usize>,
    pub(super) metadata: Metadata,
    pub(super) map: &'p [(usize, RowStep)],
    /// The other sources with their own stages.
    pub(super) branches: &'p [String],
    pub(super) merge: &'p [(usize, MergeStep)],
    pub(super) window: Option<&'p PlannedWindow>,
    pub(super) levels: &'p [PlannedLevel],
    pub(super) output: &'p PlannedOutput,
}

const STATELESS: &str = "row by row; stateless";

impl Explanation {
    /// Describes a plan.
    pub(super) fn of(plan: &ExplainedPlan<'_>) -> Explanation {
        let others = readers(plan.framing);
        let readers = match plan.has_messages {
            true => format!("messages by a thread that fetches them; other sources: {others}"),
            false => others.to_owned(),
        };
        let mut rows = vec![("read", plan.decoded(), readers)];
        let with = |branch: &String| ("with", branch.clone(), STATELESS.to_owned());
        rows.extend(plan.branches.iter().map(with));
        plan.explain_map(&mut rows);
        plan.explain_merge(&mut rows);
        rows.push(plan.printed());
        Explanation { rows }
    }

    /// Adds that everything is saved in a directory, and when.
    pub fn with_checkpoint(mut self, when: &str) -> Explanation {
        let saved = "positions in the sources, counts, all memory above".to_owned();
        self.rows.push(("commit", saved, when.to_owned()));
        self
    }

    /// Adds the targets of results, and how often each receives a result.
    pub fn with_targets(mut self, targets: impl IntoIterator<Item = (String, String)>) -> Explanation {
        self.rows.extend(targets.into_iter().map(|(target, promise)| ("deliver", target, promise)));
        self
    }
}

impl ExplainedPlan<'_> {
    /// The input of the scanner.
    fn decoded(&self) -> String {
        let mut decoded = match &self.scanned {
            Scanned::Counted => "records are only counted".to_owned(),
            Scanned::Lines => "line".to_owned(),
            Scanned::Searched(text) => format!("lines with {text:?}: the raw bytes are searched for it"),
            Scanned::Raw => "raw bytes: the first stage reads them without splitting lines".to_owned(),
        };
        let Metadata { source, number, time, arrival, header: _, message } = self.metadata;
        let of_source = [(source, "@source"), (number, "@number"), (time, "@time"), (arrival, "arrival")];
        for (slot, name) in of_source.into_iter().chain(message.into_iter().zip(OF_MESSAGE)) {
            if slot.is_some() {
                decoded.push_str(", ");
                decoded.push_str(name);
            }
        }
        decoded
    }

    /// The workers' stages.
    fn explain_map(&self, rows: &mut Vec<ExplainedRow>) {
        let mut stages: Vec<usize> =
            self.scanned_stage.into_iter().chain(self.map.iter().map(|(index, _)| *index)).collect();
        stages.dedup();
        for index in stages {
            let mut steps = self.map.iter().filter(|(of, _)| *of == index);
            let reading = steps.find_map(|(_, step)| step.stage.reading());
            rows.push(("each thread", self.texts[index].clone(), reading.unwrap_or_else(|| STATELESS.to_owned())));
        }
    }

    /// The coordinator's stages, and the window before the first of them that it applies to.
    fn explain_merge(&self, rows: &mut Vec<ExplainedRow>) {
        let mut is_blocked = false; // an earlier stage emits nothing until the input or a window ends
        for (place, (index, step)) in self.merge.iter().enumerate() {
            let entered = self.entered(place);
            if let Some(window) = entered {
                rows.push(assigning(window, step));
            }
            if self.levels.iter().any(|level| level.from == place && level.window.is_none()) {
                let note = "the rows of all windows before it, in order";
                rows.push(("together", "window all".to_owned(), note.to_owned()));
            }
            let by_worker = match step {
                MergeStep::Rows(_) => None,
                MergeStep::Grouped(_) => Some("partial groups, one set per thread"),
                MergeStep::Ordered(stage, _) if stage.own_time() != OwnTime::None => None,
                MergeStep::Ordered(stage, _) if stage.merges_states() => Some("passes on the keys"),
                MergeStep::Ordered(..) => Some("drops rows that cannot be in the result"),
            };
            let is_gathered = self.window.is_some_and(|window| window.assigned_by == AssignedBy::Merge(0));
            if let (0, Some(work), false) = (place, by_worker, is_gathered) {
                rows.push(("each thread", self.texts[*index].clone(), work.to_owned()));
            }
            let is_within = self.is_within(place);
            let mut note = match step {
                MergeStep::Rows(_) => Note { text: STATELESS.to_owned(), has_state: false },
                MergeStep::Grouped(aggregation) => grouped(aggregation, entered.map(|window| window.window.kind)),
                MergeStep::Ordered(stage, _) => ordered(stage.as_ref(), is_blocked),
            };
            if is_within && note.has_state {
                note.text.push_str(", for one window at a time");
            }
            rows.push(("together", self.texts[*index].clone(), note.text));
            is_blocked |= step.is_blocking();
        }
    }

    /// The window that begins before this merge step.
    fn entered(&self, place: usize) -> Option<&PlannedWindow> {
        let later = self.levels.iter().filter_map(|level| level.window.as_ref());
        self.window.into_iter().chain(later).find(|window| window.assigned_by.step() == place)
    }

    /// True if this merge step works over windows.
    fn is_within(&self, place: usize) -> bool {
        match self.levels.iter().rfind(|level| level.from <= place) {
            Some(level) => level.window.is_some(),
            None => self.window.is_some_and(|window| window.assigned_by.step() <= place),
        }
    }

    /// The window of the last level.
    fn last_window(&self) -> Option<&PlannedWindow> {
        self.levels.last().map_or(self.window, |level| level.window.as_ref())
    }

    /// The printed columns, and the time of printing.
    fn printed(&self) -> ExplainedRow {
        let printed = match self.output.lines {
            Some(_) if self.output.is_chosen => "lines".to_owned(),
            Some(_) => "lines, unchanged".to_owned(),
            None => self.output.columns.named.iter().map(|column| column.name.as_str()).collect::<Vec<_>>().join(", "),
        };
        let last = self.levels.last().map_or(0, |level| level.from);
        let is_blocked = self.merge[last..].iter().any(|(_, step)| step.is_blocking());
        let when = match (is_blocked, self.last_window()) {
            (true, Some(window)) => when_final(window),
            (true, None) => "once, at the end of input",
            (false, _) => "as rows arrive, in order",
        };
        ("print", printed, when.to_owned())
    }
}

/// A note about a stage of the coordinator.
struct Note {
    text: String,
    /// True if it is about the stage's memory, which a window bounds.
    has_state: bool,
}

/// `window` is the one whose records are aggregated, if the stage is the first after it.
fn grouped(aggregation: &Aggregation, window: Option<WindowKind>) -> Note {
    let share_records = match window {
        Some(WindowKind::Time { length, slide } | WindowKind::Rows { length, slide }) => slide < length,
        Some(WindowKind::Session { .. } | WindowKind::State) => true,
        None => false,
    };
    let memory = match (aggregation.keys.len(), share_records) {
        (0, _) => "memory: one row",
        (_, true) => "memory: one row per distinct key",
        (_, false) => "memory: one row per distinct key, in files over --memory",
    };
    let text = match aggregation.ranking.limit {
        Some(limit) => format!("{memory}; the first {limit} are sorted"),
        None if aggregation.ranking.unordered => format!("{memory}; not sorted"),
        None => memory.to_owned(),
    };
    Note { text, has_state: true }
}

fn ordered(stage: &dyn OrderedStage, is_blocked: bool) -> Note {
    match (stage.is_blocking(), stage.limit()) {
        (false, Some(_)) if !is_blocked => {
            Note { text: "in order; ends the run when it has enough".to_owned(), has_state: false }
        }
        (false, Some(limit)) => Note { text: format!("in order; passes {limit} rows"), has_state: false },
        _ => Note { text: format!("in order; memory: {}", stage.memory()), has_state: true },
    }
}

/// Who finds the records of the sources.
fn readers(framing: InputFraming) -> &'static str {
    match (framing.regroup, framing.framing) {
        (Some(Regroup::JsonIfValues), _) => {
            "files by ranges, on every thread, if they have one JSON value per line; else by one reader"
        }
        (Some(Regroup::Json), _) => "by one reader, which looks for the ends of JSON values",
        (Some(Regroup::Cri), _) => "by one reader, which joins the parts of lines",
        (Some(Regroup::OctetCounted), _) => "by one reader, which uses the counts",
        (None, Framing::Lines | Framing::Counted) => "files by ranges, on every thread; pipes by one reader",
        (None, Framing::Quoted { .. }) => "by one reader, which looks for quotes with newlines in them",
        (None, Framing::Nul) => "by one reader, which looks for NUL",
        (None, Framing::Starts(_)) => "by one reader, which looks for the lines that begin a record",
    }
}

/// Describes who assigns records to windows, and the memory of open windows; `step` is the first step that works over
/// them.
fn assigning(window: &PlannedWindow, step: &MergeStep) -> (&'static str, String, String) {
    let who = match window.assigned_by {
        AssignedBy::Workers => "each thread",
        AssignedBy::Merge(_) => "together",
    };
    let note = match (window.window.kind, step) {
        (WindowKind::State, _) => "records by state, in order; memory: one row per open window",
        (WindowKind::Session { .. }, MergeStep::Grouped(_)) => {
            "records into sessions, in order; memory: one row per open session"
        }
        (WindowKind::Session { .. }, _) => "records into sessions, in order; memory: the records of open sessions",
        (_, MergeStep::Grouped(_)) => "a record goes into one slice; memory: the groups of each slice of open windows",
        (_, MergeStep::Ordered(stage, _)) if stage.merges_states() => {
            "a record goes into one slice, in order; memory: the counters of each slice of open windows"
        }
        _ => "records into windows, in order; memory: the records of open windows, in files over --memory",
    };
    (who, window.text.clone(), note.to_owned())
}

/// Describes when the result of a window is printed.
fn when_final(window: &PlannedWindow) -> &'static str {
    match (&window.by, window.window.kind) {
        (_, WindowKind::State) => "each window when a record ends it",
        (_, WindowKind::Session { .. }) => {
            "each session when it is final: its key has been idle, and no earlier session is open"
        }
        (TimeDomain::Level(_), _) => "each window when it is final: the windows before it have reached its end",
        (TimeDomain::Event(_), _) => {
            "each window when it is final: the largest time so far, less `late`, has reached its end"
        }
        (TimeDomain::Processing(_), _) => "each window when it is final: the clock has reached its end",
        (TimeDomain::RowCount, _) => "each window when it is final: its last record has arrived",
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let widest = |lengths: &mut dyn Iterator<Item = usize>| lengths.filter(|width| *width < 50).max().unwrap_or(0);
        let who = widest(&mut self.rows.iter().map(|row| row.0.len()));
        let what = widest(&mut self.rows.iter().map(|row| row.1.chars().count()));
        for row in &self.rows {
            writeln!(formatter, "{:who$}  {:what$}  {}", row.0, row.1, row.2)?;
        }
        Ok(())
    }
}
