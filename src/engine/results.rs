//! What becomes of everything that workers send: one result of the whole stream, or one for each window.

use std::sync::Arc;
use std::time::Duration;

use crate::aggregate::{Executor, Merged};
use crate::data::Batch;
use crate::plan::{Exchange, Plan};
use crate::stage::{Account, Checks};
use crate::window::{Arrival, Punctuation, SourceInfo, WatermarkConfig};

use super::chain::Chain;
use super::fill::LeftOut;
use super::ledger::Ledger;
use super::message::PartialResult;
use super::window_operator::{Emit, WindowOperator};
use super::window_state::MOST_OPEN;

/// All results of a run.
#[allow(clippy::large_enum_variant, reason = "there is one")]
pub(super) enum Results<'p> {
    /// One, of the whole stream.
    Stream { plan: &'p Plan, merged: Option<Merged>, chain: Chain<'p>, executor: &'p dyn Executor },
    /// One for each window.
    WindowOperator(WindowOperator<'p>),
}

impl<'p> Results<'p> {
    /// Nothing yet.
    pub(super) fn new(
        plan: &'p Plan,
        limits: WatermarkConfig,
        written: &[SourceInfo],
        executor: &'p dyn Executor,
    ) -> Self {
        if let Some(planned) = &plan.window {
            let mut windows = WindowOperator::new(plan, planned, limits, executor);
            windows.before.begin(limits, written);
            return Results::WindowOperator(windows);
        }
        let merged = match &plan.exchange {
            Exchange::Grouped(aggregation) => Some(Merged::new(Arc::clone(aggregation))),
            Exchange::Rows | Exchange::Ordered(..) | Exchange::Gather(_) => None,
        };
        let mut chain = Chain::of(plan, executor);
        chain.begin(limits, written);
        Results::Stream { plan, merged, chain, executor }
    }

    /// Takes the next rows in order; what can be said at once goes to `emit`.
    pub(super) fn push(&mut self, batches: Vec<Batch<'static>>, arrival: Arrival, emit: Emit<'_>) {
        match self {
            Results::Stream { chain, .. } => {
                emit(chain.arrive(arrival, batches));
            }
            Results::WindowOperator(windows) => windows.push(batches, arrival, emit),
        }
    }

    /// Moves time without records.
    pub(super) fn mark(&mut self, mark: Punctuation, arrival: Arrival, emit: Emit<'_>) {
        match self {
            Results::Stream { chain, .. } => {
                emit(chain.mark(mark, arrival));
            }
            Results::WindowOperator(windows) => windows.mark(mark, arrival, emit),
        }
    }

    /// Merges the groups of a batch, behind which the watermark stands here.
    pub(super) fn merge(&mut self, shares: Vec<PartialResult>, watermark: i64, emit: Emit<'_>) {
        match self {
            Results::Stream { merged: Some(merged), executor, .. } => {
                let whole = |share| match share {
                    PartialResult::Whole(runs) => runs,
                    PartialResult::Slices(_) => Vec::new(),
                };
                merged.add(shares.into_iter().flat_map(whole).collect(), *executor);
            }
            Results::Stream { .. } => {}
            Results::WindowOperator(windows) => windows.merge(shares, watermark, emit),
        }
    }

    /// The input has ended: what is left goes to `emit`.
    pub(super) fn finish(&mut self, emit: Emit<'_>) {
        match self {
            Results::Stream { merged, chain, executor, .. } => {
                if let Some(merged) = merged {
                    let rows = merged.finish(*executor);
                    chain.account.failures.append(merged.take_failures());
                    emit(chain.push(rows));
                }
                emit(chain.finish());
            }
            Results::WindowOperator(windows) => windows.finish(emit),
        }
    }

    /// The rows so far that are not final; everything stays, and no result changes. The same for the same records
    /// merged, however often it is asked for.
    pub(super) fn picture(&mut self) -> Vec<Batch<'static>> {
        match self {
            Results::Stream { plan, merged: Some(merged), executor, .. } => {
                Chain::of(plan, *executor).all(merged.snapshot(*executor))
            }
            Results::Stream { chain, .. } => chain.peek(),
            Results::WindowOperator(windows) => windows.picture(),
        }
    }

    /// How many windows a snapshot shows at most, if there were as many.
    pub(super) fn most_open(&self) -> Option<usize> {
        match self {
            Results::Stream { .. } => None,
            Results::WindowOperator(windows) => windows.has_more_open.then_some(MOST_OPEN),
        }
    }

    /// How far the time of the records is behind the clock, if they have one.
    pub(super) fn lag(&self) -> Option<Duration> {
        match self {
            Results::Stream { .. } => None,
            Results::WindowOperator(windows) => windows.lag(),
        }
    }

    /// Whether nothing that comes in can change what comes out.
    pub(super) fn is_done(&self) -> bool {
        match self {
            Results::Stream { chain, .. } => chain.is_done(),
            Results::WindowOperator(windows) => windows.before.is_done() || windows.is_reached(),
        }
    }

    /// The lines that stages on this side have rejected since they were last asked for.
    pub(super) fn take_rejected_lines(&mut self) -> Vec<u8> {
        match self {
            Results::Stream { chain, .. } => std::mem::take(&mut chain.account.rejected_lines),
            Results::WindowOperator(windows) => {
                let mut lines = std::mem::take(&mut windows.before.account.rejected_lines);
                lines.append(&mut windows.tally.account.rejected_lines);
                lines
            }
        }
    }

    /// The late lines since they were last asked for.
    pub(super) fn take_late_lines(&mut self) -> Vec<u8> {
        match self {
            Results::Stream { chain, .. } => std::mem::take(&mut chain.account.late_lines),
            Results::WindowOperator(windows) => {
                let mut lines = std::mem::take(&mut windows.before.account.late_lines);
                lines.append(&mut windows.tally.late_lines);
                lines
            }
        }
    }

    /// The gaps that were left out since they were last asked for.
    pub(super) fn take_left_out(&mut self) -> Vec<LeftOut> {
        match self {
            Results::Stream { .. } => Vec::new(),
            Results::WindowOperator(windows) => std::mem::take(&mut windows.tally.left_out),
        }
    }

    /// Where the first late record was that came since this was last asked: its number in its source.
    pub(super) fn take_first_late(&mut self) -> Option<i64> {
        match self {
            Results::Stream { .. } => None,
            Results::WindowOperator(windows) => windows.tally.first_late.take(),
        }
    }

    /// Enters what the stages on this side have said.
    pub(super) fn settle(self, ledger: &mut Ledger, checks: &mut Checks) {
        match self {
            Results::Stream { chain, .. } => {
                let (passed, withdrawn) = (chain.passed, chain.withdrawn);
                enter(chain.account, passed, withdrawn, ledger, checks);
            }
            Results::WindowOperator(WindowOperator { before, tally, .. }) => {
                let (passed, withdrawn) = (before.passed, before.withdrawn + tally.withdrawn);
                let withdrawn = withdrawn + tally.late;
                enter(before.account, passed, withdrawn, ledger, checks);
                let entering = Account { failures: tally.entering, ..Account::default() };
                enter(entering, 0, 0, ledger, checks);
                enter(tally.account, 0, 0, ledger, checks);
                ledger.late += tally.late;
                ledger.jumps += tally.jumps;
            }
        }
    }
}

fn enter(account: Account, passed: u64, withdrawn: u64, ledger: &mut Ledger, checks: &mut Checks) {
    checks.append(account.checks);
    ledger.passed = (ledger.passed + passed).saturating_sub(withdrawn);
    ledger.read = ledger.read.saturating_sub(account.no_records);
    ledger.filtered += account.filtered;
    ledger.rejected += account.rejected;
    ledger.late += account.late;
    ledger.jumps += account.jumps;
    ledger.first_rejected = ledger.first_rejected.take().or(account.first_rejected);
    ledger.add_failures(account.failures);
}
