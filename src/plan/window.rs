//! The window of a pipeline: found wherever it stands, bound in front of the first blocking stage.

use crate::aggregate::{Aggregation, BoundAggregate};
use crate::data::{Slot, TimeSite};
use crate::expr::{Scope, bind};
use crate::lang::Diagnostic;
use crate::lang::ast::{Pipeline, Stage};
use crate::stage::{self, BoundStage, RecordTime, WindowClause};
use crate::window::Window;

/// Over which records the first blocking stage works, and all behind it.
#[derive(Clone, Debug)]
pub struct PlannedWindow {
    /// Which windows.
    pub window: Window,
    /// What says where a record belongs.
    pub by: TimeDomain,
    /// Where records hold the time at which they were read, if windows go by it.
    pub arrival: Slot,
    /// Where the rows of a result hold the bounds of their window.
    pub bounds: Bounds,
    /// Who puts records into windows.
    pub place: AssignedBy,
    /// If windows without records are printed as well: those of one gap have at most so many rows.
    pub fill: Option<u64>,
    /// The stage as it is written.
    pub text: String,
}

/// What says where a record belongs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TimeDomain {
    /// A time that it has, in nanoseconds since 1970.
    Event(Slot),
    /// When it was read. If the records have a field that looks like their time: its name.
    Processing(Option<String>),
    /// Its number among those that enter the first blocking stage.
    RowCount,
}

/// Who puts records into windows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AssignedBy {
    /// The workers, which then keep groups by slice.
    Workers,
    /// The coordinator, in front of this step of its own.
    Merge(usize),
}

impl AssignedBy {
    /// The step behind the workers' own that the windows stand in front of.
    pub(super) fn step(self) -> usize {
        match self {
            AssignedBy::Workers => 0,
            AssignedBy::Merge(step) => step,
        }
    }
}

/// Where the bounds of a window go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// `window_start`
    pub start: Slot,
    /// `window_end`
    pub end: Slot,
}

impl Bounds {
    const NAMES: [&str; 2] = ["window_start", "window_end"];

    /// The first of the names of bounds that a field has.
    pub(super) fn taken(scope: &Scope) -> Option<&'static str> {
        let is_taken = |name: &&str| scope.fields().iter().any(|field| field.name == *name);
        Self::NAMES.into_iter().find(is_taken)
    }

    /// The bounds stand in front of all other fields. Behind aggregates they do so again, behind other stages
    /// only where no stage has dropped or replaced them.
    pub(super) fn show(&self, scope: &mut Scope) {
        let [start, end] = Self::NAMES;
        scope.set_time(self.start);
        scope.set_time(self.end);
        scope.insert_front(end, self.end);
        scope.insert_front(start, self.start);
    }
}

/// A window while the stages are bound.
pub(super) struct OpenWindow {
    clause: WindowClause,
    text: String,
    pub(super) bound: Option<BoundWindow>,
}

/// A window whose first blocking stage is known.
pub(super) struct BoundWindow {
    pub(super) window: Window,
    pub(super) by: TimeDomain,
    pub(super) bounds: Bounds,
    /// The number of the first blocking stage.
    pub(super) stage: usize,
    /// The window stage as it is written.
    pub(super) text: String,
}

/// Finds the window stage; there is at most one.
pub(super) fn find(pipeline: &Pipeline) -> Result<Option<OpenWindow>, Vec<Diagnostic>> {
    let mut found: Option<OpenWindow> = None;
    for stage in &pipeline.stages {
        let def = stage.head.as_word().and_then(stage::find);
        let Some(def) = def.filter(|def| def.entry.name == "window") else {
            continue;
        };
        if found.is_some() {
            let diagnostic = Diagnostic::new(stage.span, "a pipeline has one window");
            let text = "the first one says over which records all its blocking stages work";
            return Err(vec![diagnostic.help(text)]);
        }
        if let BoundStage::Window(clause) = (def.bind)(stage, &mut Scope::new())? {
            found = Some(OpenWindow { clause, text: stage.to_string(), bound: None });
        }
    }
    Ok(found)
}

impl OpenWindow {
    /// Whether no blocking stage came so far.
    pub(super) fn is_pending(&self) -> bool {
        self.bound.is_none()
    }

    /// Where the bounds go, once the first blocking stage is known.
    pub(super) fn bounds(&self) -> Option<Bounds> {
        self.bound.as_ref().map(|bound| bound.bounds)
    }

    /// Binds the time in front of the first blocking stage, which is to be number `stage` once the step that
    /// reads the time, if one is given back, stands before it.
    pub(super) fn bind(&mut self, scope: &mut Scope, stage: usize) -> Result<Option<RecordTime>, Vec<Diagnostic>> {
        let bounds = Bounds { start: scope.new_slot(), end: scope.new_slot() };
        let (by, step) = match &self.clause.on {
            Some(on) => {
                let node = bind(on, scope)?;
                let slot = scope.new_slot();
                (TimeDomain::Event(slot), Some(RecordTime { site: TimeSite::new(), node, slot, stage: "window" }))
            }
            None if self.clause.window.is_of_rows() => (TimeDomain::RowCount, None),
            None => (TimeDomain::Processing(scope.likely_time()), None),
        };
        self.bound = Some(BoundWindow {
            window: self.clause.window,
            by,
            bounds,
            stage: stage + usize::from(step.is_some()),
            text: self.text.clone(),
        });
        Ok(step)
    }

    /// The mistake of aggregates that cannot work over this window.
    pub(super) fn misfit(&self, stage: &Stage, aggregation: &Aggregation) -> Option<Diagnostic> {
        let is_rate = |aggregate: &BoundAggregate| aggregate.def.entry.name == "rate";
        if !self.clause.window.is_of_rows() || !aggregation.aggregates.iter().any(is_rate) {
            return None;
        }
        let text = "`rate` is records per second: a window of rows has no length in time";
        Some(Diagnostic::new(stage.span, text).help("write window 30s for a window of time"))
    }

    /// The mistake of a window that no stage asks for.
    pub(super) fn unused(&self) -> Diagnostic {
        Diagnostic::new(
            self.clause.span,
            "no stage here works over a window: row-by-row stages see one record at a time",
        )
        .help("a window is for stages that need many records, such as count by FIELD, sort, tail or dedup")
    }
}
