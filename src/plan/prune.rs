//! Pass 3: prunes columns. Walks the stages from last to first, keeps for each step only the slots that later ones
//! read, and leaves out stages whose columns are unused.

use std::ops::Range;
use std::sync::Arc;

use crate::aggregate::Aggregation;
use crate::data::{Slot, SlotSet};
use crate::stage::{RowStage, WatchedField};

use super::logical::{LogicalStage, PlannedBranch, SourceSlots, StageKind};
use super::window::{BoundWindow, TimeDomain, is_session};
use super::{LateRejects, MergeStep, Records, RowStep, Settings};

/// The input of pruning besides the stages.
pub(super) struct PruneContext<'c> {
    pub(super) source: SourceSlots,
    pub(super) settings: &'c Settings,
    /// The window that records enter.
    pub(super) window: Option<&'c BoundWindow>,
    /// The windows of later levels.
    pub(super) later: &'c [&'c BoundWindow],
    /// True if the workers assign windows.
    pub(super) by_workers: bool,
}

/// The steps of a pipeline with the slots that each needs.
#[derive(Default)]
pub(super) struct Pruned {
    /// The steps in order, each with the index of its stage.
    pub(super) steps: Vec<(usize, MergeStep)>,
    /// The slots that the first step needs.
    pub(super) live: SlotSet,
    /// The other sources, in order.
    pub(super) branches: Vec<PlannedBranch>,
    /// The slots that are read from the window assignment on.
    pub(super) windowed: SlotSet,
    pub(super) late_line: Option<Slot>,
    pub(super) late_rejects: Option<LateRejects>,
    pub(super) watched: Vec<WatchedField>,
}

/// The steps of a pipeline, built from the last to the first.
#[derive(Default)]
pub(super) struct ReverseSteps {
    /// The slots that the steps so far need.
    pub(super) live: SlotSet,
    /// Each with the index of its stage, the last one first.
    pub(super) steps: Vec<(usize, MergeStep)>,
}

/// Prunes the stages of a pipeline; `printed` are the slots of its output.
pub(super) fn prune_columns(
    stages: Vec<LogicalStage>,
    printed: impl Iterator<Item = Slot>,
    context: &PruneContext<'_>,
) -> Pruned {
    let line = context.source.line;
    let rejecting = match context.settings.keeps_rejects {
        true => rejecting_records(&stages),
        false => 0..0,
    };
    let keeps_origin = needs_origin(&stages, context.window);
    let mut pruned = Pruned::default();
    let mut back = ReverseSteps::default();
    printed.for_each(|slot| back.live.insert(slot));
    for ((index, stage), keeps_origin) in stages.into_iter().enumerate().zip(keeps_origin).rev() {
        let kind = match stage.kind {
            StageKind::Union(branch) => {
                let is_foreign = context.settings.records.is_some_and(Records::are_foreign);
                let late_line = context.settings.keeps_late.then_some(line);
                let source = (&context.source, late_line);
                pruned.branches.push(branch.plan(index, is_foreign, source, &mut back, &mut pruned.watched));
                continue;
            }
            StageKind::Grouped(aggregation) if !keeps_origin || !aggregation.may_fail() => {
                StageKind::Grouped(Aggregation { origin: None, ..aggregation })
            }
            kind => kind,
        };
        let reads_time = context.window.is_some_and(|window| window.reads_time_in(index));
        let may_reject = rejecting.contains(&index) && (reads_time || matches!(kind, StageKind::Extract(_)));
        let window = context.window.filter(|window| window.stage == index);
        let later = context.later.iter().find(|window| window.stage == index);
        if let (Some(_), StageKind::Ordered(ordered)) = (window.or(later.copied()), &kind) {
            // The stage that assigns windows stays even if its columns are unused.
            ordered.makes().into_iter().for_each(|made| back.live.insert(made));
        }
        back.add(index, kind, &mut pruned.watched);
        if let Some(window) = window {
            pruned.late_line = assign_window(window, context, &mut back.live);
            pruned.windowed = back.live.clone();
        }
        if let Some(later) = later {
            enter_later(later, &mut back.live);
        }
        if may_reject {
            back.live.insert(line);
            pruned.late_rejects = Some(LateRejects { line, row_by_row: pruned.late_rejects.is_some() });
        }
    }
    back.steps.reverse();
    pruned.branches.reverse();
    let branches = &pruned.branches;
    pruned.watched.retain(|(name, _)| !branches.iter().any(|branch| branch.knows(name)));
    Pruned { steps: back.steps, live: back.live, ..pruned }
}

/// Updates `live` to the slots needed before windows are assigned; returns the slot of late lines, if they are kept.
fn assign_window(window: &BoundWindow, context: &PruneContext<'_>, live: &mut SlotSet) -> Option<Slot> {
    live.remove(window.bounds.start);
    live.remove(window.bounds.end);
    window.reads(live);
    if let TimeDomain::Processing(_) = window.by {
        live.insert(context.source.arrival);
    }
    if context.by_workers || !matches!(window.by, TimeDomain::Event(_)) {
        return None;
    }
    live.insert(context.source.number); // identifies late records
    let late_line = context.settings.keeps_late.then_some(context.source.line);
    late_line.into_iter().for_each(|line| live.insert(line));
    late_line
}

/// Updates `live` to the slots needed before the rows of a level are assigned to windows.
fn enter_later(window: &BoundWindow, live: &mut SlotSet) {
    live.remove(window.bounds.start);
    live.remove(window.bounds.end);
    window.reads(live);
}

/// For each stage, true if its failures must be located by the record's origin. Workers locate a failed conversion by
/// decoding the chunk again, so the groups that they keep need no origin.
fn needs_origin(stages: &[LogicalStage], window: Option<&BoundWindow>) -> Vec<bool> {
    let mut is_ordered = window.is_some_and(is_session);
    let is_merged = |stage: &LogicalStage| {
        let before = is_ordered;
        is_ordered |= stage.kind.is_ordered();
        before
    };
    stages.iter().map(is_merged).collect()
}

/// The range of merge-side stages that still see records, up to the first that turns them into other rows. Workers
/// find rejected lines in the bytes of the chunk; these stages have only the columns kept for them.
fn rejecting_records(stages: &[LogicalStage]) -> Range<usize> {
    let ends_records = |stage: &LogicalStage| match &stage.kind {
        StageKind::Grouped(_) => true,
        StageKind::Ordered(ordered) => !ordered.gives_records(),
        StageKind::Union(branch) if branch.joins() => true,
        kind => kind.explodes(),
    };
    let first = |is: &dyn Fn(&LogicalStage) -> bool| stages.iter().position(is).unwrap_or(stages.len());
    let start = first(&|stage| stage.kind.is_ordered());
    start..first(&ends_records).max(start)
}

impl ReverseSteps {
    /// Adds the steps of a stage before the others. A stage whose only effect is unused columns is left out.
    pub(super) fn add(&mut self, index: usize, kind: StageKind, watched: &mut Vec<WatchedField>) {
        let is_unused = |made: &[Slot], live: &SlotSet| !made.iter().any(|slot| live.contains(*slot));
        match kind {
            StageKind::Rows(stages) => {
                for stage in stages.into_iter().rev() {
                    if !(stage.only_makes() && is_unused(&stage.makes(), &self.live)) {
                        self.add_rows(index, stage);
                    }
                }
            }
            StageKind::Extract(extraction) => {
                let stage = extraction.build(&self.live, watched);
                self.add_rows(index, stage);
            }
            StageKind::Ordered(stage) => {
                let made = stage.makes();
                if !made.is_empty() && stage.gives_records() && is_unused(&made, &self.live) {
                    return;
                }
                let after = self.live.clone();
                if !stage.gives_records() {
                    self.live = SlotSet::default();
                }
                made.into_iter().for_each(|made| self.live.remove(made));
                stage.reads(&mut self.live);
                self.steps.push((index, MergeStep::Ordered(Arc::from(stage), after)));
            }
            StageKind::Grouped(aggregation) => {
                self.live = SlotSet::default();
                aggregation.reads(&mut self.live);
                self.steps.push((index, MergeStep::Grouped(Arc::new(aggregation))));
            }
            StageKind::Union(_) => {} // planned by `Branch::plan`
        }
    }

    /// Adds a row-by-row step before the others.
    pub(super) fn add_rows(&mut self, index: usize, stage: Box<dyn RowStage>) {
        let after = self.live.clone();
        stage.makes().into_iter().for_each(|made| self.live.remove(made));
        stage.reads(&mut self.live);
        self.steps.push((index, MergeStep::Rows(RowStep { stage, live: after })));
    }
}
