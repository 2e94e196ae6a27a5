//! Parts of a stream: which pipelines can run over each part on its own, so that the states are merged later.

use crate::aggregate::BoundAggregate;
use crate::lang::Diagnostic;

use super::logical::{LogicalStage, StageKind};
use super::stages::BoundPipeline;
use super::window::{BoundWindow, TimeDomain};

/// The error of a pipeline whose parts cannot be merged: its result needs the order of records across all parts, or
/// when they were read.
pub(super) fn unmergeable(bound: &BoundPipeline) -> Option<Diagnostic> {
    let error = |stage: &LogicalStage, reason: &str, help: &str| {
        let message = format!("`{}` cannot run over parts: {reason}", stage.text);
        Some(Diagnostic::new(stage.span, message).help(help))
    };
    if let (Some(_), Some(last)) = (&bound.until, bound.stages.last()) {
        return error(last, "it ends the run at a row of the whole result", "leave `until` out");
    }
    let (index, first) = bound.stages.iter().enumerate().find(|(_, stage)| stage.kind.needs_others())?;
    let window = bound.levels.window_of_records(&bound.stages);
    let enters = window.filter(|window| window.stage == index);
    match &first.kind {
        StageKind::Grouped(aggregation) if window.is_none() => {
            let is_rate = |aggregate: &&BoundAggregate| aggregate.def.needs_duration;
            let name = aggregation.aggregates.iter().find(is_rate)?.def.entry.name;
            let reason = format!("`{name}` counts the seconds since a run began, and each part has its own");
            error(first, &reason, "write a window of time, such as window 1m on FIELD")
        }
        StageKind::Ordered(ordered) if enters.is_none() && !ordered.merges_parts() && !ordered.merges_states() => {
            error(first, "it needs the records of all parts in order", "run it over all sources at once")
        }
        StageKind::Union(_) => {
            error(first, "it needs the records of all parts in order", "run it over all sources at once")
        }
        _ => unmergeable_window(window?, first),
    }
}

/// The error of a window that depends on when or in which order all records were read.
fn unmergeable_window(window: &BoundWindow, first: &LogicalStage) -> Option<Diagnostic> {
    let (reason, help) = match window.by {
        TimeDomain::Event(_) | TimeDomain::Level(_) => return None,
        TimeDomain::Processing(_) => ("the records of each part arrive at another time", "write window 1m on FIELD"),
        TimeDomain::RowCount => {
            ("its records are counted over all parts", "write a window of time: window 1m on FIELD")
        }
    };
    let message = format!("`{}` cannot run over parts: {reason}", window.text);
    Some(Diagnostic::new(window.span, message).help(help)).filter(|_| first.kind.needs_others())
}
