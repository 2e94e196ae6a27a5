//! Rejects options that would have no effect with the expression.

use super::arguments::Request;
use crate::plan::{Plan, PlannedWindow, TimeDomain};
use crate::stage::OwnTime;
use crate::window::WindowKind;

/// The error for the first such option.
pub(super) fn unused(request: &Request, plan: &Plan) -> Option<String> {
    let is_csv = request.output.is_some_and(|format| format.entry.name == "csv")
        || request.to.iter().any(|target| target.to_string_lossy().contains(".csv"));
    if request.separator.is_some() && !is_csv {
        let message = "--separator: it has no effect without -o csv";
        return Some(format!("{message}\n  = help: write -o csv as well, or leave --separator out"));
    }
    let is_of_time = |window: &PlannedWindow| matches!(window.window.kind, WindowKind::Time { .. });
    let is_timed = |window: &PlannedWindow| matches!(window.by, TimeDomain::Event(_));
    let has_times = plan.window.as_ref().is_some_and(is_timed) || plan.join_time() == OwnTime::Event;
    let (option, missing, help) = if request.fill && !plan.windows().any(is_of_time) {
        let missing = "no time window that could be empty";
        ("--fill", missing, "write '… | window 1m on FIELD'")
    } else if request.fill_limit.is_some() && !plan.windows().any(|window| window.fill.is_some()) {
        let message = "--fill-limit: it has no effect without --fill";
        return Some(format!("{message}\n  = help: write --fill as well, or leave --fill-limit out"));
    } else if request.late.is_some() && !has_times {
        let missing = "no window or join on the records' time";
        ("--late", missing, "write '… | window 1m on FIELD late 10s'")
    } else if request.max_jump.is_some() && !has_times {
        let missing = "no window or join on the records' time";
        ("--max-jump", missing, "write '… | window 1m on FIELD'")
    } else {
        return None;
    };
    Some(format!("{option}: the expression has {missing}\n  = help: {help}, or leave {option} out"))
}
