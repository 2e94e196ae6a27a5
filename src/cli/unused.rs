//! Options that the expression leaves nothing to do: taken without a word, they would promise what does not happen.

use super::arguments::Request;
use crate::plan::{Plan, PlannedWindow, TimeDomain};
use crate::stage::OwnTime;
use crate::window::WindowKind;

/// The mistake of the first such option.
pub(super) fn unused(request: &Request, plan: &Plan) -> Option<String> {
    let kind = plan.window.as_ref().map(|window| window.window.kind);
    let is_timed = |window: &PlannedWindow| matches!(window.by, TimeDomain::Event(_));
    let has_times = plan.window.as_ref().is_some_and(is_timed) || plan.join_time() == OwnTime::Event;
    let (option, missing, help) = if request.fill && !matches!(kind, Some(WindowKind::Time { .. })) {
        let missing = "no window of time, which could be without records";
        ("--fill", missing, "write '… | window 1m on FIELD'")
    } else if request.fill_limit.is_some() && !request.fill {
        let message = "--fill-limit: no gaps are filled in without --fill";
        return Some(format!("{message}\n  = help: write --fill as well, or leave --fill-limit out"));
    } else if request.late.is_some() && !has_times {
        let missing = "no time in the records, by which one could be late";
        ("--late", missing, "write '… | window 1m on FIELD late 10s'")
    } else if request.max_jump.is_some() && !has_times {
        let missing = "no time in the records, which could jump ahead";
        ("--max-jump", missing, "write '… | window 1m on FIELD'")
    } else {
        return None;
    };
    Some(format!("{option}: the expression has {missing}\n  = help: {help}, or leave {option} out"))
}
