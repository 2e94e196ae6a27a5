//! Looking at a result before it is final: `until` ends the run as soon as it has what is waited for.

use crate::aggregate::Executor;
use crate::data::Batch;
use crate::plan::Plan;

use super::chain::{Chain, InputKind};
use super::results::Results;

impl<'p> Results<'p> {
    /// If the result so far has a row that satisfies the plan's `until`, what is to be printed of it: then this
    /// is the result. Otherwise nothing has changed. Only a result of the whole stream is looked at; windows are
    /// when they are final, and records as they come.
    pub(super) fn reached(&mut self, plan: &'p Plan) -> Option<Vec<Batch<'static>>> {
        let Results::Stream { merged, chain, executor, .. } = self else {
            return None;
        };
        let executor: &'p dyn Executor = *executor;
        let (rows, behind) = match merged {
            Some(merged) => (merged.snapshot(executor), &plan.merge[..]),
            None => {
                let (link, rows) = chain.peek_groups()?;
                (rows, &plan.merge[link + 1..])
            }
        };
        let mut looked = Chain::new(plan, behind, InputKind::Rows, executor);
        let mut out = looked.push(rows);
        out.extend(looked.finish());
        if !looked.account.checks.reached {
            return None;
        }
        *merged = None;
        chain.end_with(looked);
        Some(out)
    }
}
