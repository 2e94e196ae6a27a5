//! The window of a pipeline: may be written anywhere, and is bound before the first blocking stage.

use crate::aggregate::{Aggregation, BoundAggregate};
use crate::data::{Slot, TimeSite};
use crate::expr::{Scope, bind};
use crate::lang::ast::{Pipeline, Span, Stage};
use crate::lang::{Diagnostic, Diagnostics};
use crate::stage::{self, RecordTime, StageRole, WindowClause, window_clause};
use crate::window::{Window, WindowKind};

/// The window of the first blocking stage and all later ones.
#[derive(Clone, Debug)]
pub struct PlannedWindow {
    /// The kind of window.
    pub window: Window,
    /// The time that assigns a record to windows.
    pub by: TimeDomain,
    /// The slot of the arrival time, for windows over processing time.
    pub arrival: Slot,
    /// The slots of the window bounds in result rows.
    pub bounds: Bounds,
    /// Who assigns records to windows.
    pub assigned_by: AssignedBy,
    /// Prints windows without records, at most this many rows per gap.
    pub fill: Option<u64>,
    /// The stage as written.
    pub text: String,
}

/// The time domain of a window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TimeDomain {
    /// A time of the record, in nanoseconds since 1970.
    Event(Slot),
    /// Its arrival. If a field looks like an event time, its name.
    Processing(Option<String>),
    /// Its number among those that reach the first blocking stage.
    RowCount,
}

/// Who assigns records to windows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AssignedBy {
    /// The workers, which keep groups by slice.
    Workers,
    /// The coordinator, before this merge step.
    Merge(usize),
}

impl AssignedBy {
    /// The merge step before which windows are assigned.
    pub(super) fn step(self) -> usize {
        match self {
            AssignedBy::Workers => 0,
            AssignedBy::Merge(step) => step,
        }
    }
}

/// The slots of a window's bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// `window_start`
    pub start: Slot,
    /// `window_end`
    pub end: Slot,
}

impl Bounds {
    const NAMES: [&str; 2] = ["window_start", "window_end"];

    /// Returns the first bound name that a field already has.
    pub(super) fn taken(scope: &Scope) -> Option<&'static str> {
        let is_taken = |name: &&str| scope.fields().iter().any(|field| field.name == *name);
        Self::NAMES.into_iter().find(is_taken)
    }

    /// Makes the bounds the first fields. Aggregates show them again; other stages only if no stage has dropped or
    /// replaced them.
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
    /// The name of the stage, for messages.
    name: &'static str,
    clause: WindowClause,
    text: String,
    pub(super) bound: Option<BoundWindow>,
}

/// A window whose first blocking stage is known.
pub(super) struct BoundWindow {
    pub(super) window: Window,
    pub(super) by: TimeDomain,
    pub(super) bounds: Bounds,
    /// Index of the first blocking stage.
    pub(super) stage: usize,
    /// The window stage as written.
    pub(super) text: String,
    pub(super) span: Span,
}

impl BoundWindow {
    /// True if stage `index` reads the time of the records for this window.
    pub(super) fn reads_time_in(&self, index: usize) -> bool {
        matches!(self.by, TimeDomain::Event(_)) && index + 1 == self.stage
    }

    /// Completes the window. `arrival` is the slot of the arrival time.
    pub(super) fn planned(self, assigned_by: AssignedBy, arrival: Slot, fill: Option<u64>) -> PlannedWindow {
        let BoundWindow { window, by, bounds, text, .. } = self;
        PlannedWindow { window, by, arrival, bounds, assigned_by, fill, text }
    }
}

/// True for a session window.
pub(super) fn is_session(window: &BoundWindow) -> bool {
    matches!(window.window.kind, WindowKind::Session { .. })
}

/// Finds the window stage; there is at most one.
pub(super) fn find(pipeline: &Pipeline) -> Result<Option<OpenWindow>, Diagnostics> {
    let mut found: Option<OpenWindow> = None;
    for stage in &pipeline.stages {
        let def = stage.head.as_word().and_then(stage::find);
        let Some(def) = def.filter(|def| def.role == StageRole::Window) else {
            continue;
        };
        if found.is_some() {
            let diagnostic = Diagnostic::new(stage.span, "a pipeline has one window");
            let text = "the first window applies to every blocking stage";
            return Err(Diagnostics::from(diagnostic.help(text)));
        }
        let clause = window_clause(stage)?;
        found = Some(OpenWindow { name: def.entry.name, clause, text: stage.to_string(), bound: None });
    }
    Ok(found)
}

impl OpenWindow {
    /// True if no blocking stage was bound yet.
    pub(super) fn is_pending(&self) -> bool {
        self.bound.is_none()
    }

    /// True for a session window.
    pub(super) fn is_of_sessions(&self) -> bool {
        matches!(self.clause.window.kind, WindowKind::Session { .. })
    }

    /// The slots of the bounds, once the first blocking stage is known.
    pub(super) fn bounds(&self) -> Option<Bounds> {
        self.bound.as_ref().map(|bound| bound.bounds)
    }

    /// Binds the time before the first blocking stage, which becomes stage `stage`, or the next one if this returns a
    /// step that reads the time.
    pub(super) fn bind(&mut self, scope: &mut Scope, stage: usize) -> Result<Option<RecordTime>, Diagnostics> {
        let bounds = Bounds { start: scope.new_slot(), end: scope.new_slot() };
        let (by, step) = match &self.clause.on {
            Some(on) => {
                let node = bind(on, scope)?;
                let slot = scope.new_slot();
                (TimeDomain::Event(slot), Some(RecordTime { site: TimeSite::new(), node, slot, stage: self.name }))
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
            span: self.clause.span,
        });
        Ok(step)
    }

    /// The error of aggregates that cannot work over this window.
    pub(super) fn misfit(&self, stage: &Stage, aggregation: &Aggregation) -> Option<Diagnostic> {
        let needs_duration = |aggregate: &&BoundAggregate| aggregate.def.needs_duration;
        let found = aggregation.aggregates.iter().find(needs_duration);
        let name = found.filter(|_| self.clause.window.is_of_rows())?.def.entry.name;

        let text = format!("`{name}` is records per second: a window of rows has no length in time");
        Some(Diagnostic::new(stage.span, text).help("write window 30s for a window of time"))
    }

    /// The error of a window that no stage uses.
    pub(super) fn unused(&self) -> Diagnostic {
        Diagnostic::new(
            self.clause.span,
            "no stage here works over a window: row-by-row stages see one record at a time",
        )
        .help("a window is for stages that need many records, such as count by FIELD, sort, tail or dedup")
    }
}
