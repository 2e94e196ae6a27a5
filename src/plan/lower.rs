//! Lowers bound stages to a plan: prunes columns and unused stages, splits workers from coordinator, and chooses the
//! scanner.

use std::sync::Arc;

use crate::aggregate::Aggregation;
use crate::data::{Framing, Prologue, Scanner, Slot, SlotSet};
use crate::encode::OutputColumn;
use crate::expr::Field;
use crate::stage::{RequiredText, RowStage, WatchedField};
use crate::window;

use super::Records;
use super::explain::Explanation;
use super::scan::{CountScanner, LineScanner, SearchScanner};
use super::stages::{BoundPipeline, LogicalStage, SourceSlots, StageKind};
use super::union::{PlannedBranch, reading};
use super::window::{AssignedBy, BoundWindow, OpenWindow, PlannedWindow, TimeDomain};
use super::{
    Exchange, LateRejects, MergeStep, Metadata, OutputMode, Plan, PlannedInput, PlannedOutput, RowStep, Settings,
};

/// Lowers a bound pipeline to a plan.
pub(super) fn lower(mut bound: BoundPipeline, settings: Settings) -> Plan {
    if settings.fill.is_none() {
        push_limits(&mut bound.stages); // a filled window has a row for every key
    }
    let mut output = output(&bound, settings.printing);
    print_in_order(&mut output, &mut bound);
    let comparisons = bound.scope.comparisons();
    let mut live = SlotSet::default();
    output.slots().for_each(|slot| live.insert(slot));
    let texts: Vec<String> = bound.stages.iter().map(|stage| stage.text.clone()).collect();
    let records = settings.records;
    let main = reading(&[], &bound.stages, records, bound.source.line);
    let mut readings = Vec::new();
    for (index, stage) in bound.stages.iter().enumerate() {
        if let StageKind::Union(branch) = &stage.kind {
            let later = match branch.joins() {
                true => &[],
                false => &bound.stages[index..],
            };
            readings.push(reading(&branch.stages, later, records, bound.source.line));
        }
    }
    let mut entering: Vec<PlannedBranch> = Vec::new();
    let window = bound.window.take().and_then(|window| window.bound);
    let rejecting = match settings.keeps_rejects {
        true => rejecting_records(&bound.stages),
        false => 0..0,
    };
    let mut late_rejects: Option<LateRejects> = None;
    let by_workers = window.as_ref().is_some_and(|window| places_on_workers(window, &bound.stages));
    let mut late_line = None;
    let mut windowed = SlotSet::default(); // slots that are read from the window assignment on
    let (mut steps, mut watched) = (Vec::new(), Vec::new());
    let is_session =
        window.as_ref().is_some_and(|window| matches!(window.window.kind, window::WindowKind::Session { .. }));
    let mut is_ordered = is_session;
    let mut is_kept_by_workers = Vec::with_capacity(bound.stages.len());
    for stage in &bound.stages {
        is_kept_by_workers.push(!is_ordered);
        is_ordered |= stage.kind.is_ordered();
    }
    for (index, stage) in bound.stages.into_iter().enumerate().rev() {
        if let StageKind::Union(branch) = stage.kind {
            let reading = readings.pop().unwrap_or(main); // there is one per union
            let how = (reading, records.is_some_and(Records::are_foreign));
            let line = settings.keeps_late.then_some(bound.source.line);
            let source = (&bound.source, line);
            entering.push(branch.plan(index, how, source, &mut live, &mut steps, &mut watched));
            continue;
        }
        let stage = LogicalStage { kind: without_origin(stage.kind, is_kept_by_workers[index]), ..stage };
        let reads_time = window
            .as_ref()
            .is_some_and(|window| matches!(window.by, TimeDomain::Event(_)) && index + 1 == window.stage);
        let may_reject = rejecting.contains(&index) && (reads_time || matches!(stage.kind, StageKind::Extract(_)));
        if let (Some(window), StageKind::Ordered(ordered)) = (&window, &stage.kind)
            && window.stage == index
        {
            // The stage that assigns windows stays even if its columns are unused.
            ordered.makes().into_iter().for_each(|made| live.insert(made));
        }
        add_steps(index, stage.kind, &mut live, &mut steps, &mut watched);
        if let Some(window) = window.as_ref().filter(|window| window.stage == index) {
            live.remove(window.bounds.start);
            live.remove(window.bounds.end);
            if let TimeDomain::Processing(_) = window.by {
                live.insert(bound.source.time);
            }
            if let TimeDomain::Event(slot) = window.by {
                live.insert(slot);
                if !by_workers {
                    live.insert(bound.source.number); // identifies late records
                    late_line = settings.keeps_late.then_some(bound.source.line);
                    late_line.into_iter().for_each(|line| live.insert(line));
                }
            }
            windowed = live.clone();
        }
        if may_reject {
            live.insert(bound.source.line);
            late_rejects = Some(LateRejects { line: bound.source.line, row_by_row: late_rejects.is_some() });
        }
    }
    steps.reverse();
    entering.reverse();
    let branches: Vec<_> = entering.iter().map(PlannedBranch::explained).collect();
    watched.retain(|(name, _)| !entering.iter().any(|entering| entering.knows(name)));
    let of_all = steps.len();
    let mut inputs: Vec<PlannedInput> = entering.into_iter().map(|entering| entering.input(of_all)).collect();
    let metadata = metadata(&bound.source, &live);
    let parted = steps.iter().position(|(_, step)| !matches!(step, MergeStep::Rows(_))).unwrap_or(steps.len());
    let merge_side: Vec<(usize, MergeStep)> = steps.split_off(parted);
    let mut map: Vec<(usize, RowStep)> = steps
        .into_iter()
        .filter_map(|(index, step)| if let MergeStep::Rows(step) = step { Some((index, step)) } else { None })
        .collect();
    let shared = inputs.iter().map(|input| input.joins_at).min();
    let mut own = map.split_off(0);
    let mut shared = own.split_off(shared.unwrap_or(own.len()));
    let before = own.len();
    let (scanner, scanned, done) =
        scanner(&bound.source, main.framing, records.is_some_and(Records::are_foreign), metadata, &mut own, &live);
    for input in &mut inputs {
        input.joins_at -= before - own.len();
    }
    map.append(&mut own);
    map.append(&mut shared);
    inputs.insert(
        0,
        PlannedInput {
            name: String::new(),
            framing: main.framing,
            regroup: main.regroup,
            prologue: main.prologue,
            scanner,
            metadata,
            map: Vec::new(),
            joins_at: 0,
        },
    );
    let mut merge: Vec<(usize, MergeStep)> = merge_side;
    let place = window.as_ref().and_then(|window| {
        let at = merge.iter().position(|(index, _)| *index == window.stage)?;
        Some(if by_workers { AssignedBy::Workers } else { AssignedBy::Merge(at) })
    });
    let exchange = match merge.first() {
        None => Exchange::Rows,
        Some(_) if place == Some(AssignedBy::Merge(0)) => Exchange::Gather(windowed),
        Some((_, MergeStep::Ordered(stage, live))) => Exchange::Ordered(Arc::clone(stage), live.clone()),
        Some((_, MergeStep::Grouped(aggregation))) => Exchange::Grouped(Arc::clone(aggregation)),
        Some((_, MergeStep::Rows(_))) => {
            unreachable!("the workers' part ends before a stage that is not row by row")
        }
    };
    let window = window.zip(place).map(|(window, place)| PlannedWindow {
        window: window.window,
        by: window.by,
        arrival: bound.source.time,
        bounds: window.bounds,
        place,
        fill: settings.fill,
        text: window.text,
    });
    let explanation =
        Explanation::of(&texts, (main, scanned, metadata), (done, &map, &branches), &merge, window.as_ref(), &output);
    if matches!(exchange, Exchange::Grouped(_)) {
        merge.remove(0);
    }
    let map: Vec<RowStep> = map.into_iter().map(|(_, step)| step).collect();
    for input in &mut inputs {
        let mut steps = input.map.iter().chain(&map[input.joins_at..]);
        let takes_header = steps.any(|step| step.stage.takes_header().is_some());
        if input.prologue == Prologue::Header && !takes_header {
            input.prologue = Prologue::Mark; // the coordinator takes it from the records in order
        }
    }
    Plan {
        asserts: bound.asserts,
        until: bound.until,
        exploded_from: exploded_from(&inputs, &map),
        inputs,
        map,
        exchange,
        merge: merge.into_iter().map(|(_, step)| step).collect(),
        window,
        late_rejects,
        late_line,
        output,
        explanation,
        watched,
        comparisons,
    }
}

/// Workers locate a failed conversion by decoding the chunk again, so their groups need no origin.
fn without_origin(kind: StageKind, is_kept_by_workers: bool) -> StageKind {
    match kind {
        StageKind::Grouped(aggregation) if is_kept_by_workers || !aggregation.may_fail() => {
            StageKind::Grouped(Aggregation { origin: None, ..aggregation })
        }
        kind => kind,
    }
}

/// Prints lines of sources with different headers in the column order of the first header.
fn print_in_order(output: &mut PlannedOutput, bound: &mut BoundPipeline) {
    let is_union = |stage: &LogicalStage| matches!(stage.kind, StageKind::Union(_));
    let Some(line) = output.lines else {
        return;
    };
    if bound.stages.iter().any(is_union) {
        return; // the records of the other source have no such column
    }
    let mut is_ordered = false;
    for stage in &mut bound.stages {
        is_ordered |= stage.kind.is_ordered();
        if let StageKind::Extract(extraction) = &mut stage.kind
            && let Some(printed) = extraction.print_lines(line, || bound.scope.new_slot())
        {
            output.lines = Some(printed);
            output.columns[0].slot = printed;
            output.first_line = is_ordered.then(|| extraction.first_header());
            return;
        }
    }
}

/// True if workers can assign windows: they keep groups by slice, which sessions lack, and no earlier stage needs the
/// records in order.
fn places_on_workers(window: &BoundWindow, stages: &[LogicalStage]) -> bool {
    let (before, from) = stages.split_at(window.stage);
    let is_session = matches!(window.window.kind, window::WindowKind::Session { .. });
    !is_session
        && matches!(from.first().map(|stage| &stage.kind), Some(StageKind::Grouped(_)))
        && !before.iter().any(|stage| stage.kind.is_ordered())
}

/// Returns the first step at which whole records of one input meet fragments of those of another.
fn exploded_from(inputs: &[PlannedInput], map: &[RowStep]) -> Option<usize> {
    let (main, others) = inputs.split_first()?;
    let cut_up = |input: &&PlannedInput| {
        let steps = map[..input.joins_at].iter();
        main.scanner.explodes() || input.explodes() || { steps }.any(|step| step.stage.explodes())
    };
    let places = others.iter().filter(cut_up).map(|input| input.joins_at);
    places.min()
}

/// How the scanner reads records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Scanned {
    /// Records are only counted.
    Counted,
    /// Every line.
    Lines,
    /// Only lines that contain this text.
    Searched(String),
    /// The first stage reads raw bytes.
    Raw,
}

/// Appends the steps of a stage, last first, and updates `live` to the slots needed before it.
pub(super) fn add_steps(
    index: usize,
    kind: StageKind,
    live: &mut SlotSet,
    steps: &mut Vec<(usize, MergeStep)>,
    watched: &mut Vec<WatchedField>,
) {
    match kind {
        StageKind::Rows(stages) => {
            for stage in stages.into_iter().rev() {
                if stage.only_makes() && !stage.makes().iter().any(|slot| live.contains(*slot)) {
                    continue;
                }
                steps.push((index, row_step(stage, live)));
            }
        }
        StageKind::Extract(extraction) => {
            let stage = extraction.build(live, watched);
            steps.push((index, row_step(stage, live)));
        }
        StageKind::Ordered(stage) => {
            let made = stage.makes();
            let only_adds = !made.is_empty() && stage.gives_records();
            if only_adds && !made.iter().any(|slot| live.contains(*slot)) {
                return;
            }
            let after = live.clone();
            if !stage.gives_records() {
                *live = SlotSet::default();
            }
            made.into_iter().for_each(|made| live.remove(made));
            stage.reads(live);
            steps.push((index, MergeStep::Ordered(Arc::from(stage), after)));
        }
        StageKind::Grouped(aggregation) => {
            *live = SlotSet::default();
            aggregation.reads(live);
            steps.push((index, MergeStep::Grouped(Arc::new(aggregation))));
        }
        StageKind::Union(_) => {} // planned by `Branch::plan`
    }
}

/// Creates a row-by-row step and updates `live` to the slots needed before it.
pub(super) fn row_step(stage: Box<dyn RowStage>, live: &mut SlotSet) -> MergeStep {
    let after = live.clone();
    stage.makes().into_iter().for_each(|made| live.remove(made));
    stage.reads(live);
    MergeStep::Rows(RowStep { stage, live: after })
}

/// Determines the output: columns, or lines if no stage creates or selects columns.
fn output(bound: &BoundPipeline, printing: OutputMode) -> PlannedOutput {
    let scope = &bound.scope;
    if printing == OutputMode::AsItCame && !bound.chooses_columns {
        let line = OutputColumn { name: "line".to_owned(), slot: bound.source.line, is_key: false, is_bound: false };
        return PlannedOutput {
            columns: vec![line],
            lines: Some(bound.source.line),
            first_line: None,
            whole: None,
            front: 0,
            dropped: Vec::new(),
        };
    }
    let bounds = bound.window.as_ref().and_then(OpenWindow::bounds);
    let is_bound = |slot: Slot| bounds.is_some_and(|bounds| [bounds.start, bounds.end].contains(&slot));
    let is_key = |slot: Slot| {
        bound.stages.iter().any(|stage| match &stage.kind {
            StageKind::Grouped(aggregation) => aggregation.keys.iter().any(|key| key.slot == slot),
            _ => false,
        })
    };
    let column = |(field, printed): (&Field, Field)| OutputColumn {
        name: printed.name,
        slot: printed.slot,
        is_key: is_bound(field.slot) || is_key(field.slot),
        is_bound: is_bound(field.slot),
    };
    let fields = scope.fields().iter();
    let columns: Vec<OutputColumn> = fields.zip(scope.printed()).map(column).collect();
    let is_in_front = |field: &&Field| is_bound(field.slot) || field.is_in_front;
    let front = scope.fields().iter().take_while(is_in_front).count();
    PlannedOutput { columns, lines: None, first_line: None, whole: scope.whole(), front, dropped: scope.dropped() }
}

/// The range of merge-side stages that still see records, up to the first that turns them into other rows. Workers
/// find rejected lines in the bytes of the chunk; these stages have only the columns kept for them.
fn rejecting_records(stages: &[LogicalStage]) -> std::ops::Range<usize> {
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

/// The metadata slots that are read.
pub(super) fn metadata(source: &SourceSlots, live: &SlotSet) -> Metadata {
    let wanted = |slot| live.contains(slot).then_some(slot);
    Metadata {
        source: wanted(source.source),
        number: wanted(source.number),
        time: wanted(source.time),
        header: wanted(source.header),
    }
}

/// Chooses the scanner that does the most work: the first stage's own, a search for a text that it requires, lines,
/// or only a count. Also returns the stage that the scanner replaces. Records that are framed in a way no stage asked
/// for (`is_foreign`) must be found first.
pub(super) fn scanner(
    source: &SourceSlots,
    framing: Framing,
    is_foreign: bool,
    metadata: Metadata,
    map: &mut Vec<(usize, RowStep)>,
    live: &SlotSet,
) -> (Box<dyn Scanner>, Scanned, Option<usize>) {
    // Any scanner can set the arrival time.
    let only_time = Metadata { time: metadata.time, ..Metadata::default() };
    if metadata == only_time
        && !is_foreign
        && let Some((_, step)) = map.first()
    {
        if let Some(RequiredText { text, is_all }) = step.stage.required(source.line) {
            let read = if is_all { &step.live } else { live };
            let reads_line = read.contains(source.line) || metadata.time.is_some();
            let line = reads_line.then_some(source.line);
            if let Some(scanner) = SearchScanner::new(&text, line, !is_all) {
                let scanned = Scanned::Searched(String::from_utf8_lossy(&text).into_owned());
                let done = is_all.then(|| map.remove(0).0);
                return (Box::new(scanner), scanned, done);
            }
        }
        let mut live = step.live.clone();
        live.remove(source.time);
        if let Some(scanner) = step.stage.scanner(source.line, &live) {
            return (scanner, Scanned::Raw, Some(map.remove(0).0));
        }
    }
    if is_foreign || live.contains(source.line) {
        (Box::new(LineScanner { line: source.line, framing }), Scanned::Lines, None)
    } else {
        (Box::new(CountScanner), Scanned::Counted, None)
    }
}

/// Passes limits to the sorts and aggregates before them, and tells aggregates if their order is not needed.
fn push_limits(stages: &mut [LogicalStage]) {
    for index in 0..stages.len() {
        let (before, rest) = stages.split_at_mut(index + 1);
        let stage = &mut before[index].kind;
        let next = rest.iter().find(|next| !matches!(&next.kind, StageKind::Rows(_) | StageKind::Extract(_)));
        let keeps_rows =
            |kind: &StageKind| matches!(kind, StageKind::Rows(rows) if rows.iter().all(|row| row.only_makes()));
        let limit = match rest.iter().find(|next| !keeps_rows(&next.kind)).map(|next| &next.kind) {
            Some(StageKind::Ordered(next)) => next.limit(),
            _ => None,
        };
        match stage {
            StageKind::Grouped(aggregation) => {
                aggregation.ranking.limit = limit;
                aggregation.ranking.unordered =
                    next.is_some_and(|next| matches!(&next.kind, StageKind::Grouped(next) if !next.is_ordered()));
            }
            StageKind::Ordered(stage) => {
                if let Some(limit) = limit {
                    stage.take_limit(limit);
                }
            }
            StageKind::Rows(_) | StageKind::Extract(_) | StageKind::Union(_) => {}
        }
    }
}
