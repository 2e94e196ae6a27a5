//! The windows of a pipeline: each may be written anywhere after its stages, and is bound before the first of them that
//! works over it.
//!
//! Several windows make *levels*. A level has the stages between the window before it and its own; those after the last
//! window belong to the last. The rows of a level are the input of the next one.

use crate::aggregate::{Aggregation, BoundAggregate, StateFields};
use crate::data::{Slot, SlotSet, TimeSite};
use crate::expr::{Scope, bind};
use crate::lang::arguments::Arguments;
use crate::lang::ast::{Expr, Span, Stage};
use crate::lang::clauses;
use crate::lang::{Diagnostic, Diagnostics};
use crate::stage::{
    self, RecordTime, RowStage, RunningInputs, StageRole, WindowClause, WindowTime, role_of, window_clause,
};
use crate::window::{Window, WindowKind};

use super::logical::{LogicalStage, StageKind};

/// The window of the first blocking stage of a level and all later ones.
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
    /// Filled windows have no row for a key that had no record for longer, in nanoseconds.
    pub forget_ns: Option<i64>,
    /// The fields whose changes end windows of states.
    pub state: Option<StateFields>,
    /// The stage as written.
    pub text: String,
}

/// A level whose rows come from the level before.
#[derive(Clone, Debug)]
pub struct PlannedLevel {
    /// The merge step that it begins with.
    pub from: usize,
    /// Its window; `None` is the whole stream.
    pub window: Option<PlannedWindow>,
}

/// The time domain of a window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TimeDomain {
    /// A time of the record, in nanoseconds since 1970.
    Event(Slot),
    /// The last instant of the window of the level before. Its watermark is that of the level before, too.
    Level(Slot),
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

/// The levels of a pipeline while its stages are bound.
#[derive(Default)]
pub(super) struct WindowLevels {
    /// One for each window, in order.
    levels: Vec<OpenLevel>,
    /// The level of the stage that is bound.
    current: usize,
}

/// A level while the stages are bound.
struct OpenLevel {
    clause: WindowClause,
    text: String,
    /// Index of its first stage that keeps state, if it was bound.
    first: Option<usize>,
    /// Its window, from that stage on; none for the whole stream.
    bound: Option<BoundWindow>,
}

/// A window whose first blocking stage is known.
#[derive(Clone)]
pub(super) struct BoundWindow {
    pub(super) window: Window,
    pub(super) by: TimeDomain,
    pub(super) bounds: Bounds,
    /// Index of the first blocking stage.
    pub(super) stage: usize,
    /// Prints windows without records.
    fill: bool,
    /// The fields whose changes end windows of states.
    state: Option<StateFields>,
    /// The window stage as written.
    pub(super) text: String,
    pub(super) span: Span,
}

/// A level whose stages are known.
pub(super) struct BoundLevel {
    /// Index of its first stage that keeps state.
    pub(super) first: usize,
    pub(super) window: Option<BoundWindow>,
}

impl BoundWindow {
    /// True if stage `index` reads the time of the records for this window.
    pub(super) fn reads_time_in(&self, index: usize) -> bool {
        matches!(self.by, TimeDomain::Event(_)) && index + 1 == self.stage
    }

    /// True if windows without records are printed: `always` for each window of time.
    pub(super) fn fills(&self, always: bool) -> bool {
        self.fill || always && matches!(self.window.kind, WindowKind::Time { .. })
    }

    /// Adds the slots that assign a record to windows, apart from its arrival.
    pub(super) fn reads(&self, slots: &mut SlotSet) {
        if let TimeDomain::Event(slot) | TimeDomain::Level(slot) = self.by {
            slots.insert(slot);
        }
        if let Some(StateFields { by, field }) = &self.state {
            by.iter().chain([field]).for_each(|slot| slots.insert(*slot));
        }
    }

    /// Completes the window. `arrival` is the slot of the arrival time.
    pub(super) fn planned(self, assigned_by: AssignedBy, arrival: Slot, fill: Option<u64>) -> PlannedWindow {
        let BoundWindow { window, by, bounds, state, text, .. } = self;
        PlannedWindow { window, by, arrival, bounds, assigned_by, fill, forget_ns: None, state, text }
    }
}

/// True for a window of sessions or states, which has no slices: records enter it in order.
pub(super) fn is_session(window: &BoundWindow) -> bool {
    matches!(window.window.kind, WindowKind::Session { .. } | WindowKind::State)
}

/// The stages without windows, each with the number of windows before it.
pub(super) fn without_windows(stages: &[Stage]) -> Vec<(usize, &Stage)> {
    let mut level = 0;
    let mut others = Vec::with_capacity(stages.len());
    for stage in stages {
        match role_of(stage) {
            StageRole::Window => level += 1,
            _ => others.push((level, stage)),
        }
    }
    others
}

impl WindowLevels {
    /// Reads the window stages.
    pub(super) fn find(stages: &[Stage]) -> Result<WindowLevels, Diagnostics> {
        let mut diagnostics = Diagnostics::default();
        let mut levels = Vec::new();
        for stage in stages.iter().filter(|stage| role_of(stage) == StageRole::Window) {
            match window_clause(stage) {
                Ok(clause) => levels.push(OpenLevel { clause, text: stage.to_string(), first: None, bound: None }),
                Err(found) => diagnostics.extend(found),
            }
        }
        diagnostics.into_result(WindowLevels { levels, current: 0 })
    }

    /// True if there is no window.
    pub(super) fn is_empty(&self) -> bool {
        self.levels.is_empty()
    }

    /// Continues with a stage after this many windows. The rows of a window of time have its last instant as their
    /// time from there on.
    pub(super) fn move_to(&mut self, windows_before: usize, scope: &mut Scope) {
        let level = windows_before.min(self.levels.len().saturating_sub(1));
        while self.current < level {
            if let Some(end) = self.bound().and_then(BoundWindow::end_of_time) {
                scope.set_arrival(end);
            }
            self.current += 1;
        }
    }

    /// The window of the current level, if it has one and a stage that works over it was bound.
    fn bound(&self) -> Option<&BoundWindow> {
        self.levels.get(self.current)?.bound.as_ref()
    }

    /// True if no stage of the current level that keeps state was bound.
    pub(super) fn is_pending(&self) -> bool {
        self.levels.get(self.current).is_some_and(|level| level.first.is_none())
    }

    /// True if the next stage that keeps state is the first one of a window of sessions or states.
    pub(super) fn begins_sessions(&self) -> bool {
        let is_session =
            |level: &OpenLevel| matches!(level.kind(), Some(WindowKind::Session { .. } | WindowKind::State));
        self.is_pending() && self.levels.get(self.current).is_some_and(is_session)
    }

    /// The slots of the bounds of the current window, once its first blocking stage is known.
    pub(super) fn bounds(&self) -> Option<Bounds> {
        self.bound().map(|bound| bound.bounds)
    }

    /// The slot of the current window's end, if it is a time.
    pub(super) fn end_of_time(&self) -> Option<Slot> {
        self.bound().and_then(BoundWindow::end_of_time)
    }

    /// True if a slot is a bound of any window.
    pub(super) fn is_bound(&self, slot: Slot) -> bool {
        self.windows().any(|window| [window.bounds.start, window.bounds.end].contains(&slot))
    }

    /// The windows of the levels before the current one.
    fn before(&self) -> impl Iterator<Item = &BoundWindow> {
        self.levels[..self.current].iter().filter_map(|level| level.bound.as_ref())
    }

    /// Removes the bounds of earlier levels from the fields: those of the current one replace them.
    pub(super) fn hide_earlier_bounds(&self, scope: &mut Scope) {
        for Bounds { start, end } in self.before().map(|window| window.bounds) {
            scope.remove_slot(start);
            scope.remove_slot(end);
        }
    }

    /// The windows whose first blocking stage is known, in order.
    pub(super) fn windows(&self) -> impl Iterator<Item = &BoundWindow> {
        self.levels.iter().filter_map(|level| level.bound.as_ref())
    }

    /// The first stages of windows that rows are assigned to by their order, or at their place in it.
    pub(super) fn by_order(&self) -> Vec<usize> {
        let is_ordered = |window: &&BoundWindow| {
            let is_of_states = matches!(window.window.kind, WindowKind::State);
            is_of_states || !matches!(window.by, TimeDomain::Level(_))
        };
        self.windows().filter(is_ordered).map(|window| window.stage).collect()
    }

    /// The first stage before an aggregate whose state restarts in each window of time.
    pub(super) fn restarting(&self, stages: &[LogicalStage]) -> Option<String> {
        const STATEFUL: [&str; 3] = ["dedup", "fold", "running"];
        let firsts: Vec<usize> = self.levels.iter().filter_map(|level| level.first).collect();
        let is_timed = |window: &&BoundWindow| matches!(window.window.kind, WindowKind::Time { .. });
        self.windows().filter(is_timed).find_map(|window| {
            let next = firsts.iter().find(|first| **first > window.stage);
            let of_window = &stages[window.stage..next.map_or(stages.len(), |next| *next)];
            let last = of_window.iter().rposition(|stage| matches!(stage.kind, StageKind::Grouped(_)))?;
            let keeps_state = |stage: &&LogicalStage| {
                let name = stage.text.split(' ').next().unwrap_or_default();
                matches!(stage.kind, StageKind::Ordered(_)) && STATEFUL.contains(&name)
            };
            of_window[..last].iter().find(keeps_state).map(|stage| stage.text.clone())
        })
    }

    /// The window that stage `index` works over.
    pub(super) fn window_of(&self, index: usize) -> Option<&BoundWindow> {
        let mut begun = self.levels.iter().filter(|level| level.first.is_some_and(|first| first <= index));
        begun.next_back()?.bound.as_ref()
    }

    /// The slot of the time of the rows that stage `index` receives from an earlier level.
    pub(super) fn time_before(&self, index: usize) -> Option<Slot> {
        let begun = self.levels.iter().filter(|level| level.first.is_some_and(|first| first <= index));
        let begun: Vec<&OpenLevel> = begun.collect();
        let (_, earlier) = begun.split_last()?;
        earlier.iter().rev().find_map(|level| level.bound.as_ref()?.end_of_time())
    }

    /// The index of the level whose window records enter: before it are only stages that pass records on.
    pub(super) fn of_records(&self, stages: &[LogicalStage]) -> Option<usize> {
        let level = self.levels.iter().position(|level| level.bound.is_some())?;
        let stage = self.levels[level].bound.as_ref()?.stage;
        let gives_records = |stage: &LogicalStage| match &stage.kind {
            StageKind::Grouped(_) => false,
            StageKind::Ordered(ordered) => ordered.gives_records(),
            StageKind::Rows(_) | StageKind::Extract(_) | StageKind::Union(_) => true,
        };
        stages[..stage].iter().all(gives_records).then_some(level)
    }

    /// The window that records enter.
    pub(super) fn window_of_records(&self, stages: &[LogicalStage]) -> Option<&BoundWindow> {
        self.levels[self.of_records(stages)?].bound.as_ref()
    }

    /// The window that records enter, and the levels after it, or after the first stages that work over the whole
    /// stream.
    pub(super) fn split(self, stages: &[LogicalStage]) -> (Option<BoundWindow>, Vec<BoundLevel>) {
        let of_records = self.of_records(stages);
        let mut levels = self.levels.into_iter();
        let first = levels.nth(of_records.unwrap_or(0)).and_then(|level| level.bound);
        let bound = |level: OpenLevel| Some(BoundLevel { first: level.first?, window: level.bound });
        (first.filter(|_| of_records.is_some()), levels.filter_map(bound).collect())
    }

    /// Binds the time of the current window before its first blocking stage `first`, which becomes stage `stage`, or the
    /// next one if this returns steps that compute the time and the state.
    pub(super) fn bind(
        &mut self,
        scope: &mut Scope,
        first: &Stage,
        stage: usize,
    ) -> Result<Vec<Box<dyn RowStage>>, Diagnostics> {
        let ends: Vec<Slot> = self.before().filter_map(BoundWindow::end_of_time).collect();
        let has_earlier = self.before().next().is_some();
        let is_first = self.current == 0;
        let level = &mut self.levels[self.current];
        let Some(window) = level.clause.window else {
            level.first = Some(stage);
            return Ok(Vec::new());
        };
        let bounds = Bounds { start: scope.new_slot(), end: scope.new_slot() };
        let (by, step): (_, Option<Box<dyn RowStage>>) = match (&level.clause.on, scope.arrival()) {
            (Some(on), _) => {
                let node = bind(on, scope)?;
                let slot = scope.new_slot();
                let step = RecordTime { site: TimeSite::new(), node, slot, stage: "window" };
                (TimeDomain::Event(slot), Some(Box::new(step)))
            }
            (None, _) if window.is_of_rows() => (TimeDomain::RowCount, None),
            (None, Some(end)) if ends.contains(&end) => {
                let slot = scope.new_slot();
                (TimeDomain::Level(slot), Some(Box::new(WindowTime { end, slot })))
            }
            (None, arrival) if is_first || arrival.is_some() && !has_earlier || scope.poisoned => {
                (TimeDomain::Processing(scope.likely_time()), None)
            }
            (None, _) => return Err(Diagnostics::from(level.without_time(scope))),
        };
        let mut steps: Vec<Box<dyn RowStage>> = step.into_iter().collect();
        let mut state = None;
        if let Some(field) = &level.clause.state {
            let (inputs, fields) = state_fields(field, level.clause.span, first, scope)?;
            steps.push(Box::new(inputs));
            state = Some(fields);
        }
        let stage = stage + usize::from(!steps.is_empty());
        let OpenLevel { clause, text, .. } = level;
        let (fill, span) = (clause.fill, clause.span);
        (level.first, level.bound) =
            (Some(stage), Some(BoundWindow { window, by, bounds, stage, fill, state, text: text.clone(), span }));
        Ok(steps)
    }

    /// The error of aggregates that cannot work over the current window.
    pub(super) fn misfit(&self, stage: &Stage, aggregation: &Aggregation) -> Option<Diagnostic> {
        let window = &self.bound()?.window;
        let needs_duration = |aggregate: &&BoundAggregate| aggregate.def.needs_duration;
        let found = aggregation.aggregates.iter().find(needs_duration);
        let name = found.filter(|_| window.is_of_rows())?.def.entry.name;
        let text = format!("`{name}` is records per second: a window of rows has no length in time");
        Some(Diagnostic::new(stage.span, text).help("write window 30s for a window of time"))
    }

    /// The errors of windows that no stage uses.
    pub(super) fn unused(&self) -> Diagnostics {
        let is_only = self.levels.len() == 1;
        let mut diagnostics = Diagnostics::default();
        for level in self.levels.iter().filter(|level| level.first.is_none()) {
            diagnostics.push(level.unused(is_only));
        }
        diagnostics
    }
}

impl BoundWindow {
    /// The slot of the window's end, if it is a time.
    fn end_of_time(&self) -> Option<Slot> {
        (!self.window.is_of_rows()).then_some(self.bounds.end)
    }
}

/// Binds what ends windows of states: the field, for each value of the other keys of the first stage.
fn state_fields(
    field: &Expr,
    window: Span,
    first: &Stage,
    scope: &mut Scope,
) -> Result<(RunningInputs, StateFields), Diagnostics> {
    if first.head.as_word().is_some_and(|name| stage::find(name).is_some()) {
        let message = format!("`{first}` is no aggregate: windows of a state are for aggregates");
        let help = format!("write count by {field} | window state {field}");
        return Err(Diagnostics::from(Diagnostic::new(window, message).help(help)));
    }
    let mut inputs = RunningInputs::default();
    let node = bind(field, scope)?;
    let mut fields = StateFields { by: Vec::new(), field: inputs.value(node, scope) };
    // A list that is wrong is an error of the stage itself.
    if let Ok(list) = clauses::aggregates(&mut Arguments::of_aggregates(first)) {
        for key in list.keys.iter().filter(|key| key.expr.to_string() != field.to_string()) {
            if let Ok(node) = bind(key.expr, scope) {
                fields.by.push(inputs.value(node, scope));
            }
        }
    }
    Ok((inputs, fields))
}

impl OpenLevel {
    fn kind(&self) -> Option<WindowKind> {
        self.clause.window.map(|window| window.kind)
    }

    /// The error of a window that no stage uses.
    fn unused(&self, is_only: bool) -> Diagnostic {
        if is_only {
            let message = "no stage here works over a window: row-by-row stages see one record at a time";
            let help = "a window is for stages that need many records, such as count by FIELD, sort, tail or dedup";
            return Diagnostic::new(self.clause.span, message).help(help);
        }
        let message = "no stage works over this window: each window needs one between the window before it and itself";
        let help = "a window is for stages that need many rows, such as count by FIELD, sort, tail or dedup; \
                    stages after the last window belong to it";
        Diagnostic::new(self.clause.span, message).help(help)
    }

    /// The error of a window over rows that have no time.
    fn without_time(&self, scope: &Scope) -> Diagnostic {
        let message = "the rows that enter this window have no time: they are results without a window of time";
        let diagnostic = Diagnostic::new(self.clause.span, message);
        match scope.likely_time() {
            Some(field) => diagnostic.help(format!("write {} on {field}", self.text)),
            None => diagnostic.help("name the field that holds their time: window 1m on FIELD"),
        }
    }
}
