//! The output of a plan: columns, or lines if no stage creates or selects columns.

use crate::data::{OutputColumn, OutputColumns, Slot};
use crate::expr::Field;

use super::logical::{LogicalStage, StageKind};
use super::stages::BoundPipeline;
use super::{OutputMode, PlannedOutput, Settings};

/// Determines the output of a bound pipeline.
pub(super) fn plan_output(bound: &mut BoundPipeline, settings: &Settings) -> PlannedOutput {
    let mut output = output(bound, settings.printing);
    print_in_order(&mut output, bound, settings.parts);
    output
}

/// Determines the output: columns, or lines if no stage creates or selects columns.
fn output(bound: &BoundPipeline, printing: OutputMode) -> PlannedOutput {
    let scope = &bound.scope;
    let unchanged = Some(bound.source.line).filter(|_| !bound.chooses_columns);
    let lines = bound.printed_lines.or(unchanged);
    if let Some(slot) = lines.filter(|_| printing == OutputMode::AsItCame) {
        let line = OutputColumn { name: "line".to_owned(), slot, is_key: false, is_bound: false };
        let columns = OutputColumns { named: vec![line], ..OutputColumns::default() };
        let lines = Some(slot);
        return PlannedOutput { columns, is_chosen: bound.chooses_columns, lines, first_line: None, stamp: None };
    }
    let is_bound = |slot: Slot| bound.levels.is_bound(slot);
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
    let named = fields.zip(scope.printed()).map(column).collect();
    let is_in_front = |field: &&Field| is_bound(field.slot) || field.is_in_front;
    let front = scope.fields().iter().take_while(is_in_front).count();
    let columns = OutputColumns { named, whole: scope.whole(), front, dropped: scope.dropped() };
    PlannedOutput { columns, is_chosen: bound.chooses_columns, lines: None, first_line: None, stamp: bound.stamp }
}

/// Prints lines of sources with different headers in the column order of the first header, which is known only when
/// all parts are merged.
fn print_in_order(output: &mut PlannedOutput, bound: &mut BoundPipeline, is_part: bool) {
    let is_union = |stage: &LogicalStage| matches!(stage.kind, StageKind::Union(_));
    let Some(line) = output.lines.filter(|line| *line == bound.source.line) else {
        return;
    };
    if bound.stages.iter().any(is_union) {
        return; // the records of the other source have no such column
    }
    let mut is_ordered = false;
    for stage in &mut bound.stages {
        is_ordered |= stage.kind.is_ordered();
        if let StageKind::Extract(extraction) = &mut stage.kind
            && let Some(printed) = extraction.print_lines(line, is_part && !is_ordered, || bound.scope.new_slot())
        {
            output.lines = Some(printed);
            output.columns.named[0].slot = printed;
            output.first_line = is_ordered.then(|| extraction.first_header());
            return;
        }
    }
}
