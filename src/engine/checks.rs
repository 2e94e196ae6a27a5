//! Evaluates `until` on the provisional result so that the run can stop early.

use crate::aggregate::Executor;
use crate::data::Batch;
use crate::plan::Plan;

use super::chain::{Chain, InputKind};
use super::results::Results;

impl<'p> Results<'p> {
    /// Returns the rows to print if the provisional result has a row that satisfies the plan's `until`; it is then the
    /// final result. Otherwise state stays unchanged. Applies to results of the whole stream; windows are checked when
    /// they are final, and records as they arrive.
    pub(super) fn reached(&mut self, plan: &'p Plan) -> Option<Vec<Batch<'static>>> {
        let Results::Stream { groups, chain, executor, .. } = self else {
            return None;
        };
        let executor: &'p dyn Executor = *executor;
        let (rows, later) = match groups {
            Some(groups) => (groups.all(executor).snapshot(executor), plan.first_level()),
            None => {
                let (link, rows) = chain.snapshot_groups()?;
                (rows, &plan.first_level()[link + 1..])
            }
        };
        let mut looked = Chain::new(plan, later, InputKind::Rows, executor);
        let mut out = looked.push(rows);
        out.extend(looked.finish());
        if !looked.account.checks.reached {
            return None;
        }
        *groups = None;
        chain.end_with(looked);
        Some(out)
    }
}
