//! Lowers bound stages to a plan, in passes: push limits ([`limits`](super::limits)), place the window, prune columns
//! ([`prune`](super::prune)), split the workers' steps from the coordinator's, choose the scanner
//! ([`scanner`](super::scanner)), explain.

use std::sync::Arc;

use crate::data::{Prologue, Scanner, Slot, SlotSet};

use super::explain::{ExplainedPlan, Explanation};
use super::limits::push_limits;
use super::logical::{InputFraming, LogicalStage, PlannedBranch, StageKind};
use super::output::plan_output;
use super::prune::{PruneContext, prune_columns};
use super::scanner::{choose_scanner, metadata};
use super::stages::BoundPipeline;
use super::union::frame_inputs;
use super::window::{AssignedBy, BoundLevel, BoundWindow, PlannedLevel, PlannedWindow, is_session};
use super::{Exchange, MergeStep, MessageScan, Metadata, Plan, PlannedInput, Records, RowStep, Settings, StateShape};

/// Lowers a bound pipeline to a plan.
pub(super) fn lower(mut bound: BoundPipeline, settings: Settings) -> Plan {
    if !bound.levels.windows().any(|window| window.fills(settings.fill.is_some())) {
        push_limits(&mut bound.stages, &bound.levels.by_order()); // a filled window has a row for every key
    }
    let output = plan_output(&mut bound, &settings);
    let comparisons = bound.scope.comparisons();
    let texts: Vec<String> = bound.stages.iter().map(|stage| stage.text.clone()).collect();
    let ends: Vec<usize> = bound.stages.iter().map(|stage| stage.span.end).collect();
    let framing = frame_inputs(&mut bound.stages, settings.records, bound.source.line);
    let restarting = bound.levels.restarting(&bound.stages);
    let (window, levels) = std::mem::take(&mut bound.levels).split(&bound.stages);
    let later: Vec<&BoundWindow> = levels.iter().filter_map(|level| level.window.as_ref()).collect();
    let by_workers = window.as_ref().is_some_and(|window| places_on_workers(window, &bound.stages));
    let context =
        PruneContext { source: bound.source, settings: &settings, window: window.as_ref(), later: &later, by_workers };
    let pruned = prune_columns(bound.stages, output.columns.slots(), &context);
    let branches: Vec<String> = pruned.branches.iter().map(PlannedBranch::explained).collect();
    let count = pruned.steps.len();
    let state_shape = StateShape::of(&ends, &pruned.steps, &pruned.windowed);
    let mut inputs: Vec<PlannedInput> = pruned.branches.into_iter().map(|branch| branch.input(count)).collect();
    let (mut map, mut merge) = split_map_merge(pruned.steps);
    let metadata = metadata(&bound.source, &pruned.live);
    let is_foreign = settings.records.is_some_and(Records::are_foreign);
    let is_own = |_: &&(usize, RowStep)| inputs.iter().all(|input| input.joins_at > 0);
    let first = map.first().filter(is_own).map(|(_, step)| step);
    let chosen = choose_scanner(&bound.source, framing.framing, is_foreign, metadata, first, &pruned.live);
    let (scanned_stage, scanned_step) = chosen.replaces_first.then(|| map.remove(0)).unzip();
    inputs.iter_mut().for_each(|input| input.joins_at -= usize::from(chosen.replaces_first));
    let messages = settings.messages.then(|| MessageScan::new(bound.source.line, scanned_step));
    let main = main_input(framing, chosen.scanner, messages, metadata);
    inputs.insert(0, main);
    let window = window.and_then(|window| place_window(window, &merge, by_workers, bound.source.arrival, &settings));
    let assigned_by = window.as_ref().map(|window| window.assigned_by);
    let mut levels = place_levels(levels, &merge, bound.source.arrival, window.is_some(), &settings);
    let exchange = match merge.first() {
        None if settings.parts => Exchange::Gather(output.columns.slots().collect()),
        _ => choose_exchange(&merge, assigned_by, pruned.windowed),
    };
    let explanation = Explanation::of(&ExplainedPlan {
        texts: &texts,
        framing,
        has_messages: settings.messages,
        scanned: chosen.scanned,
        scanned_stage,
        metadata,
        map: &map,
        branches: &branches,
        merge: &merge,
        window: window.as_ref(),
        levels: &levels,
        output: &output,
    });
    if matches!(exchange, Exchange::Grouped(_)) {
        merge.remove(0);
        levels.iter_mut().for_each(|level| level.from -= 1); // an earlier level has at least that step
    }
    let map: Vec<RowStep> = map.into_iter().map(|(_, step)| step).collect();
    inputs.iter_mut().for_each(|input| leave_header(input, &map));
    Plan {
        asserts: bound.asserts,
        until: bound.until,
        exploded_from: exploded_from(&inputs, &map),
        inputs,
        map,
        exchange,
        merge: merge.into_iter().map(|(_, step)| step).collect(),
        window,
        levels,
        restarting,
        late_rejects: pruned.late_rejects,
        late_line: pruned.late_line,
        output,
        state_shape,
        explanation,
        watched: pruned.watched,
        comparisons,
    }
}

/// The input of the command line's sources.
fn main_input(
    framing: InputFraming,
    scanner: Box<dyn Scanner>,
    messages: Option<MessageScan>,
    metadata: Metadata,
) -> PlannedInput {
    PlannedInput {
        name: String::new(),
        framing: framing.framing,
        regroup: framing.regroup,
        prologue: framing.prologue,
        scanner,
        messages,
        metadata,
        map: Vec::new(),
        joins_at: 0,
    }
}

/// Pass 2: returns true if workers can assign windows. They keep groups by slice, which sessions lack, and no earlier
/// stage may need the records in order.
fn places_on_workers(window: &BoundWindow, stages: &[LogicalStage]) -> bool {
    let (before, from) = stages.split_at(window.stage);
    !is_session(window)
        && matches!(from.first().map(|stage| &stage.kind), Some(StageKind::Grouped(_)))
        && !before.iter().any(|stage| stage.kind.is_ordered())
}

/// Pass 2: the window before its merge step. `arrival` is the slot of the arrival time.
fn place_window(
    window: BoundWindow,
    merge: &[(usize, MergeStep)],
    by_workers: bool,
    arrival: Slot,
    settings: &Settings,
) -> Option<PlannedWindow> {
    let step = merge.iter().position(|(index, _)| *index == window.stage)?;
    let assigned_by = if by_workers { AssignedBy::Workers } else { AssignedBy::Merge(step) };
    let fill = filled(&window, settings);
    let mut planned = window.planned(assigned_by, arrival, fill);
    planned.forget_ns = settings.forget_ns;
    if settings.parts || is_blocking(&merge[..step]) {
        planned.window.late_ns = i64::MAX; // the records of other parts are merged later
    }
    Some(planned)
}

/// How many rows may fill a gap between windows, if gaps are filled.
fn filled(window: &BoundWindow, settings: &Settings) -> Option<u64> {
    window.fills(settings.fill.is_some()).then(|| settings.fill.unwrap_or(settings.fill_limit))
}

/// Pass 2: the levels after the first, each from its first merge step on. `has_first` if the first one has a window.
fn place_levels(
    levels: Vec<BoundLevel>,
    merge: &[(usize, MergeStep)],
    arrival: Slot,
    has_first: bool,
    settings: &Settings,
) -> Vec<PlannedLevel> {
    let mut whole = (!has_first).then_some(0); // the step where the level before began, if it has no window
    let planned = |BoundLevel { first, window }: BoundLevel| {
        let from = merge.iter().position(|(index, _)| *index >= first).unwrap_or(merge.len());
        let is_at_end = whole.is_some_and(|before| is_blocking(&merge[before..from]));
        whole = window.is_none().then_some(from);
        let planned = |window: BoundWindow| {
            let fill = filled(&window, settings);
            let mut planned = window.planned(AssignedBy::Merge(from), arrival, fill);
            planned.forget_ns = settings.forget_ns;
            if is_at_end {
                planned.window.late_ns = i64::MAX; // all rows come at the end, in the order of a result
            }
            planned
        };
        PlannedLevel { from, window: window.map(planned) }
    };
    levels.into_iter().map(planned).collect()
}

/// True if one of these steps emits nothing before the end.
fn is_blocking(steps: &[(usize, MergeStep)]) -> bool {
    steps.iter().any(|(_, step)| step.is_blocking())
}

/// Steps, each with the index of its stage.
type Indexed<S> = Vec<(usize, S)>;

/// Pass 4: the workers run the leading row-by-row steps, the coordinator the rest.
fn split_map_merge(steps: Indexed<MergeStep>) -> (Indexed<RowStep>, Indexed<MergeStep>) {
    let (mut map, mut merge) = (Vec::new(), Vec::new());
    for (index, step) in steps {
        match step {
            MergeStep::Rows(step) if merge.is_empty() => map.push((index, step)),
            step => merge.push((index, step)),
        }
    }
    (map, merge)
}

/// Chooses how batches reach the coordinator; `windowed` are the slots that it needs if it assigns windows first.
fn choose_exchange(merge: &[(usize, MergeStep)], assigned_by: Option<AssignedBy>, windowed: SlotSet) -> Exchange {
    match merge.first() {
        None => Exchange::Rows,
        Some(_) if assigned_by == Some(AssignedBy::Merge(0)) => Exchange::Gather(windowed),
        Some((_, MergeStep::Ordered(stage, live))) => Exchange::Ordered(Arc::clone(stage), live.clone()),
        Some((_, MergeStep::Grouped(aggregation))) => Exchange::Grouped(Arc::clone(aggregation)),
        Some((_, MergeStep::Rows(_))) => unreachable!("row-by-row steps before any other belong to the workers"),
    }
}

/// Leaves the header of an input among its records if no step of the workers takes it: the coordinator takes it from
/// the records in order.
fn leave_header(input: &mut PlannedInput, map: &[RowStep]) {
    let mut steps = input.map.iter().chain(&map[input.joins_at..]);
    let takes_header = steps.any(|step| step.stage.takes_header().is_some());
    if input.prologue == Prologue::Header && !takes_header {
        input.prologue = Prologue::Mark;
    }
}

/// Returns the first step at which whole records of one input meet fragments of those of another.
fn exploded_from(inputs: &[PlannedInput], map: &[RowStep]) -> Option<usize> {
    let (main, others) = inputs.split_first()?;
    let explodes = |input: &&PlannedInput| {
        let mut steps = map[..input.joins_at].iter();
        main.scanner.explodes() || input.explodes() || steps.any(|step| step.stage.explodes())
    };
    others.iter().filter(explodes).map(|input| input.joins_at).min()
}
