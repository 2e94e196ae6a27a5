//! Combines the workers' output into one result for the stream, or one per window.

use std::time::Duration;

use crate::aggregate::Executor;
use crate::data::Batch;
use crate::data::persist::{StateError, StateReader, Stateful};
use crate::plan::{Exchange, Plan};
use crate::stage::{Checks, RecordCounts};
use crate::window::{Arrival, Punctuation, SourceInfo, WatermarkConfig};

use super::chain::Chain;
use super::fill::UnfilledGap;
use super::ledger::Ledger;
use super::levels::Levels;
use super::message::PartialResult;
use super::part_results::{PartResults, PartState};
use super::restored_state::{RestoreError, RestoredState};
use super::stream_groups::{FrozenGroups, StreamGroups};
use super::window_operator::{Emit, WindowOperator};
use super::window_store::MOST_OPEN;

/// The results of a run.
#[allow(clippy::large_enum_variant, reason = "there is one")]
pub(super) enum Results<'p> {
    /// One result for the whole stream.
    Stream { plan: &'p Plan, groups: Option<StreamGroups>, chain: Chain<'p>, executor: &'p dyn Executor },
    /// One result per window.
    WindowOperator(WindowOperator<'p>),
    /// One result per window, or for the whole stream, from the results of windows.
    Levels(Box<Results<'p>>, Levels<'p>),
    /// The state of a part of the stream.
    Part(PartResults<'p>),
}

impl<'p> Results<'p> {
    /// Empty results.
    pub(super) fn new(
        plan: &'p Plan,
        is_part: bool,
        limits: WatermarkConfig,
        written: &[SourceInfo],
        executor: &'p dyn Executor,
    ) -> Self {
        if is_part {
            return Results::Part(PartResults::new(plan, executor));
        }
        let first = Results::first(plan, limits, written, executor);
        match plan.levels.is_empty() {
            true => first,
            false => Results::Levels(Box::new(first), Levels::new(plan, executor)),
        }
    }

    /// The results of the first level.
    fn first(plan: &'p Plan, limits: WatermarkConfig, written: &[SourceInfo], executor: &'p dyn Executor) -> Self {
        if let Some(planned) = &plan.window {
            let mut windows = WindowOperator::new(plan, planned, limits, executor);
            windows.before.begin(limits, written);
            return Results::WindowOperator(windows);
        }
        let groups = match &plan.exchange {
            Exchange::Grouped(aggregation) => Some(StreamGroups::new(aggregation, executor)),
            Exchange::Rows | Exchange::Ordered(..) | Exchange::Gather(_) => None,
        };
        let mut chain = Chain::of(plan, executor);
        chain.begin(limits, written);
        Results::Stream { plan, groups, chain, executor }
    }

    /// Processes the next rows in stream order; emits rows that are final at once.
    pub(super) fn push(&mut self, batches: Vec<Batch<'static>>, arrival: Arrival, emit: Emit<'_>) {
        match self {
            Results::Stream { chain, .. } => {
                emit(chain.arrive(arrival, batches));
            }
            Results::WindowOperator(windows) => windows.push(batches, arrival, emit),
            Results::Levels(first, levels) => {
                first.push(batches, arrival, &mut |rows| levels.push(rows, emit));
                levels.advance(first.watermark(), emit);
            }
            Results::Part(part) => part.push(batches, arrival),
        }
    }

    /// Advances time without records.
    pub(super) fn mark(&mut self, mark: Punctuation, arrival: Arrival, emit: Emit<'_>) {
        match self {
            Results::Stream { chain, .. } => {
                emit(chain.mark(mark, arrival));
            }
            Results::WindowOperator(windows) => windows.mark(mark, arrival, emit),
            Results::Levels(first, levels) => {
                first.mark(mark, arrival, &mut |rows| levels.push(rows, emit));
                levels.advance(first.watermark(), emit);
            }
            Results::Part(part) => part.mark(mark, arrival),
        }
    }

    /// Merges the groups of a batch; `watermark` is the one after its chunks.
    pub(super) fn merge(&mut self, shares: Vec<PartialResult>, watermark: i64, emit: Emit<'_>) {
        match self {
            Results::Stream { groups: Some(groups), executor, .. } => {
                let whole = |share| match share {
                    PartialResult::Whole(runs) => runs,
                    PartialResult::Slices(_) => Vec::new(),
                };
                groups.add(shares.into_iter().flat_map(whole).collect(), *executor);
            }
            Results::Stream { .. } => {}
            Results::WindowOperator(windows) => windows.merge(shares, watermark, emit),
            Results::Levels(first, levels) => {
                first.merge(shares, watermark, &mut |rows| levels.push(rows, emit));
                levels.advance(first.watermark(), emit);
            }
            Results::Part(part) => part.merge(shares),
        }
    }

    /// Merges the state of the first stage for a later part.
    pub(super) fn merge_stage(&mut self, state: &[u8]) -> Result<(), StateError> {
        match self {
            Results::Stream { chain, .. } => chain.merge_first(state),
            Results::Levels(first, _) => first.merge_stage(state),
            Results::WindowOperator(_) => Err(StateError::Damaged), // parts of windows have the records
            Results::Part(part) => part.merge_stage(state),
        }
    }

    /// Ends the input; emits the remaining rows.
    pub(super) fn finish(&mut self, emit: Emit<'_>) {
        match self {
            Results::Stream { groups, chain, executor, .. } => {
                if let Some(groups) = groups {
                    let merged = groups.all(*executor);
                    let seconds = executor.stopwatch().time().as_secs_f64();
                    merged.finish_each(seconds, *executor, &mut |rows| emit(chain.push(rows)) && !chain.is_done());
                    chain.account.failures.append(merged.take_failures());
                }
                chain.finish_each(emit);
            }
            Results::WindowOperator(windows) => windows.finish(emit),
            Results::Levels(first, levels) => {
                first.finish(&mut |rows| levels.push(rows, emit));
                levels.finish(first.largest(), emit);
            }
            Results::Part(_) => {}
        }
    }

    /// No window of these that ends by this time will be emitted.
    fn watermark(&self) -> i64 {
        match self {
            Results::WindowOperator(windows) => windows.result_watermark(),
            Results::Stream { .. } | Results::Levels(..) | Results::Part(_) => i64::MIN,
        }
    }

    /// The largest time of rows from windows without future timestamps.
    fn largest(&self) -> i64 {
        match self {
            Results::WindowOperator(windows) => windows.largest(),
            Results::Stream { .. } | Results::Levels(..) | Results::Part(_) => i64::MAX,
        }
    }

    /// True if there is one result for the whole stream.
    pub(super) fn is_one(&self) -> bool {
        match self {
            Results::Stream { .. } => true,
            Results::Levels(_, levels) => levels.is_one(),
            Results::WindowOperator(_) | Results::Part(_) => false,
        }
    }

    /// Ends the input of a run that a later one continues: emits the result of what was read so far, if rows are printed
    /// at the end only. Open windows, and rows that wait for others, stay in the state that was saved before.
    pub(super) fn suspend(&mut self, emit: Emit<'_>) {
        match self {
            Results::Stream { plan, .. } if plan.is_blocking() => self.finish(emit),
            Results::Levels(_, levels) => levels.suspend(emit),
            Results::Stream { .. } | Results::WindowOperator(_) | Results::Part(_) => {}
        }
    }

    /// Freezes the groups of the stream, or of tumbling windows, for a thread that writes them while others are added.
    pub(super) fn freeze_groups(&mut self) -> Option<FrozenGroups> {
        match self {
            Results::Stream { groups: Some(groups), executor, .. } => Some(groups.freeze(*executor)),
            Results::WindowOperator(windows) => windows.freeze_groups(),
            Results::Levels(first, _) => first.freeze_groups(),
            Results::Stream { .. } | Results::Part(_) => None,
        }
    }

    /// Appends the state of the results, apart from the groups that [`Results::freeze_groups`] has frozen.
    pub(super) fn save_state(&mut self, out: &mut Vec<u8>) {
        match self {
            Results::Stream { chain, .. } => {
                chain.settle();
                chain.save_state(out);
            }
            Results::WindowOperator(windows) => {
                windows.settle();
                windows.save_state(out);
            }
            Results::Levels(first, levels) => {
                first.save_state(out);
                levels.save_state(out);
            }
            Results::Part(_) => unreachable!("a part has no checkpoint"),
        }
    }

    /// True if the state can be saved. It is gone if `until` was reached by a result that was not final.
    pub(super) fn has_state(&self) -> bool {
        match self {
            Results::Stream { chain, .. } => !chain.was_ended(),
            Results::Levels(first, _) => first.has_state(),
            Results::WindowOperator(_) | Results::Part(_) => true,
        }
    }

    /// Replaces the state of new results of the same plan.
    pub(super) fn load_state(
        &mut self,
        restored: &RestoredState,
        input: &mut StateReader<'_>,
    ) -> Result<(), RestoreError> {
        match self {
            Results::Stream { groups, chain, executor, .. } => {
                match groups {
                    Some(groups) => groups.load(restored, *executor)?,
                    None => restored.expect_no_groups()?,
                }
                chain.load_state(input)?;
            }
            Results::WindowOperator(windows) => {
                windows.load_state(input)?;
                windows.load_groups(restored)?;
            }
            Results::Levels(first, levels) => {
                first.load_state(restored, input)?;
                levels.load_state(input)?;
            }
            Results::Part(_) => unreachable!("a part has no checkpoint"),
        }
        Ok(())
    }

    /// Sets the largest time of the parts that is not too far ahead: gaps between windows are filled up to it.
    pub(super) fn fill_up_to(&mut self, largest: i64) {
        match self {
            Results::WindowOperator(windows) => windows.largest_of_parts = Some(largest),
            Results::Levels(first, _) => first.fill_up_to(largest),
            Results::Stream { .. } | Results::Part(_) => {}
        }
    }

    /// Ends the input of a part; returns its state. `None` if this is not a part.
    pub(super) fn finish_part(&mut self) -> Option<PartState> {
        match self {
            Results::Part(part) => Some(part.finish()),
            Results::Stream { .. } | Results::WindowOperator(_) | Results::Levels(..) => None,
        }
    }

    /// The number of records among these rows of a part that this side counts as passed, as the part has done.
    pub(super) fn counted_again(&self, rows: &[Batch<'static>]) -> u64 {
        let chain = match self {
            Results::Stream { chain, .. } => chain,
            Results::WindowOperator(windows) => &windows.before,
            Results::Levels(first, _) => return first.counted_again(rows),
            Results::Part(part) => &part.chain,
        };
        if chain.counts_records() { rows.iter().map(|batch| batch.rows as u64).sum() } else { 0 }
    }

    /// The provisional rows. State stays unchanged, and the rows depend on the merged records only.
    pub(super) fn snapshot(&mut self) -> Vec<Batch<'static>> {
        match self {
            Results::Stream { plan, groups: Some(groups), executor, .. } => {
                Chain::of(plan, *executor).all(groups.all(*executor).snapshot(*executor))
            }
            Results::Stream { chain, .. } => chain.snapshot(),
            Results::WindowOperator(windows) => windows.snapshot(),
            Results::Levels(first, levels) => levels.snapshot(first.snapshot(), first.largest()),
            Results::Part(_) => Vec::new(),
        }
    }

    /// The most windows that a snapshot shows, if there were more.
    pub(super) fn most_open(&self) -> Option<usize> {
        match self {
            Results::Stream { .. } | Results::Part(_) => None,
            Results::Levels(first, _) => first.most_open(),
            Results::WindowOperator(windows) => windows.has_more_open.then_some(MOST_OPEN),
        }
    }

    /// The time of day, in nanoseconds since 1970, minus the watermark, if records have times.
    pub(super) fn lag(&self, wall_ns: i64) -> Option<Duration> {
        match self {
            Results::Stream { .. } | Results::Part(_) => None,
            Results::Levels(first, _) => first.lag(wall_ns),
            Results::WindowOperator(windows) => windows.lag(wall_ns),
        }
    }

    /// True if further input cannot change the output.
    pub(super) fn is_done(&self) -> bool {
        match self {
            Results::Stream { chain, .. } => chain.is_done(),
            Results::WindowOperator(windows) => windows.before.is_done() || windows.is_reached(),
            Results::Levels(first, levels) => first.is_done() || levels.is_done(),
            Results::Part(part) => part.chain.is_done(),
        }
    }

    /// Takes the lines that stages on this side have rejected.
    pub(super) fn take_rejected_lines(&mut self) -> Vec<u8> {
        self.take_lines(|account| &mut account.rejected_lines)
    }

    /// Takes the late lines.
    pub(super) fn take_late_lines(&mut self) -> Vec<u8> {
        self.take_lines(|account| &mut account.late_lines)
    }

    fn take_lines(&mut self, of: impl Fn(&mut RecordCounts) -> &mut Vec<u8>) -> Vec<u8> {
        match self {
            Results::Stream { chain, .. } => std::mem::take(of(&mut chain.account)),
            Results::WindowOperator(windows) => {
                let mut lines = std::mem::take(of(&mut windows.before.account));
                lines.append(of(&mut windows.counts.account));
                lines
            }
            Results::Levels(first, _) => first.take_lines(of),
            Results::Part(part) => std::mem::take(of(&mut part.chain.account)),
        }
    }

    /// Takes the gaps that were not filled.
    pub(super) fn take_left_out(&mut self) -> Vec<UnfilledGap> {
        match self {
            Results::Stream { .. } | Results::Part(_) => Vec::new(),
            Results::WindowOperator(windows) => std::mem::take(&mut windows.counts.left_out),
            Results::Levels(first, levels) => {
                let mut left_out = first.take_left_out();
                left_out.extend(levels.take_left_out());
                left_out
            }
        }
    }

    /// Takes the record number of the first late record.
    pub(super) fn take_first_late(&mut self) -> Option<i64> {
        match self {
            Results::Stream { .. } | Results::Part(_) => None,
            Results::WindowOperator(windows) => windows.counts.first_late.take(),
            Results::Levels(first, _) => first.take_first_late(),
        }
    }

    /// The numbers that [`Results::settle`] adds to [`Ledger::troubles`], as they are now.
    pub(super) fn troubles(&self) -> [u64; 4] {
        let sum = |one: [u64; 4], other: [u64; 4]| std::array::from_fn(|index| one[index] + other[index]);
        match self {
            Results::Stream { chain, .. } | Results::Part(PartResults { chain, .. }) => chain.account.troubles(0),
            Results::WindowOperator(WindowOperator { before, counts, .. }) => {
                sum(before.account.troubles(0), counts.account.troubles(counts.entering.count))
            }
            Results::Levels(first, levels) => sum(first.troubles(), levels.troubles()),
        }
    }

    /// Adds the counts of this side to the ledger.
    pub(super) fn settle(self, ledger: &mut Ledger, checks: &mut Checks) {
        let (accounts, passed, retracted) = match self {
            Results::Levels(first, levels) => {
                first.settle(ledger, checks);
                levels.settle(ledger, checks);
                return;
            }
            Results::Stream { chain, .. } | Results::Part(PartResults { chain, .. }) => {
                (vec![chain.account], chain.passed, chain.retracted)
            }
            Results::WindowOperator(WindowOperator { before, counts, .. }) => {
                let retracted = before.retracted + counts.retracted + counts.account.late;
                let entering = RecordCounts { failures: counts.entering, ..RecordCounts::default() };
                (vec![before.account, entering, counts.account], before.passed, retracted)
            }
        };
        ledger.passed = (ledger.passed + passed).saturating_sub(retracted);
        for mut account in accounts {
            checks.append(std::mem::take(&mut account.checks));
            ledger.append(account);
        }
    }
}
