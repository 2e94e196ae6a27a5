//! Windows on the coordinator's side: what workers hand over by slices, or records in their order, put into
//! windows, each of which goes through the stages behind by itself once it is final.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::aggregate::{Executor, SessionRows};
use crate::data::{Batch, Column, Number, SlotSet, Value, ValueRef};
use crate::expr::Failures;
use crate::plan::{AssignedBy, Exchange, MergeStep, Plan, PlannedWindow, TimeDomain};
use crate::stage::{Account, OwnTime};
use crate::window::{Arrival, ChunkTimes, Punctuation, Watermark, WatermarkConfig};

use super::chain::{Chain, InputKind, set_bounds};
use super::fill::LeftOut;
use super::message::PartialResult;
use super::window_assigner::{times, watermark};
use super::window_state::{FiringContext, MOST_OPEN, Pane, TimedRows, WindowState};

/// All windows of a run.
pub(super) struct WindowOperator<'p> {
    plan: &'p Plan,
    planned: &'p PlannedWindow,
    executor: &'p dyn Executor,
    keeper: WindowState,
    /// What each window goes through.
    behind: &'p [MergeStep],
    incoming: InputKind,
    /// What stands in front of the windows on this side.
    pub(super) before: Chain<'p>,
    /// Moved by the records that come by; workers that put records into windows have their own.
    watermark: Watermark,
    limits: WatermarkConfig,
    /// Whether rows come from a stage that makes them of the records of several sources: then they have one time, which
    /// no source has by itself.
    is_joined: bool,
    /// The last chunk or mark, and when there were rows for windows the last time.
    last: Arrival,
    spoke_ns: i64,
    /// Where the workers' watermark stands behind what was merged.
    reached: i64,
    /// Whether there were more open windows than a snapshot shows.
    pub(super) has_more_open: bool,
    pub(super) tally: WindowCounts,
}

/// What became of records in windows.
#[derive(Default)]
pub(super) struct WindowCounts {
    /// What did not fit while records were put into windows. It comes before all that the stages behind say: how
    /// far they have come by then depends on how the stream is parted.
    pub(super) entering: Failures,
    /// All that the stages behind have said.
    pub(super) account: Account,
    /// Records that had passed when a stage behind rejected them.
    pub(super) withdrawn: u64,
    pub(super) late: u64,
    /// The number of the first late record in its source.
    pub(super) first_late: Option<i64>,
    /// The late lines, if they are kept.
    pub(super) late_lines: Vec<u8>,
    pub(super) jumps: u64,
    /// Gaps that were not filled.
    pub(super) left_out: Vec<LeftOut>,
}

impl<'p> WindowOperator<'p> {
    pub(super) fn new(
        plan: &'p Plan,
        planned: &'p PlannedWindow,
        limits: WatermarkConfig,
        executor: &'p dyn Executor,
    ) -> Self {
        let (before, behind) = match planned.assigned_by {
            AssignedBy::Workers => plan.merge.split_at(0),
            AssignedBy::Merge(at) => plan.merge.split_at(at),
        };
        // SlicedPartial groups are the first step themselves: what is behind begins with the next one.
        let first = match (&plan.exchange, planned.assigned_by) {
            (Exchange::Grouped(aggregation), AssignedBy::Workers) => Some(Arc::clone(aggregation)),
            _ => match behind.first() {
                Some(MergeStep::Grouped(aggregation)) => Some(Arc::clone(aggregation)),
                _ => None,
            },
        };
        let is_sliced = matches!(planned.assigned_by, AssignedBy::Workers);
        let is_joined = plan.join_time() != OwnTime::None;
        let explodes = plan.explodes_early();
        let (behind, incoming) = match &first {
            Some(_) if is_sliced => (behind, InputKind::Rows),
            Some(_) => (&behind[1..], InputKind::Rows),
            None if explodes || is_joined => (behind, InputKind::Rows),
            None => (behind, InputKind::Passed),
        };
        let (mut live, mut keys) = (SlotSet::default(), Vec::new());
        if let Some(MergeStep::Ordered(stage, after)) = behind.first() {
            (live, keys) = (after.clone(), stage.keys());
            stage.reads(&mut live);
        }
        let keeper = WindowState::new(planned, first, keys, live);
        let front = match &plan.exchange {
            Exchange::Ordered(stage, _) if !stage.is_blocking() && !explodes => InputKind::Records,
            _ if explodes => InputKind::Rows,
            _ => InputKind::Passed,
        };
        WindowOperator {
            plan,
            planned,
            executor,
            keeper,
            behind,
            incoming,
            before: Chain::new(plan, before, front, executor),
            watermark: match is_joined {
                true => watermark(planned, WatermarkConfig { sources: 1, ..limits }),
                false => watermark(planned, limits),
            },
            limits,
            is_joined,
            last: Arrival { source: 0, input: 0, read_ns: i64::MIN },
            spoke_ns: i64::MIN,
            reached: i64::MIN,
            has_more_open: false,
            tally: WindowCounts::default(),
        }
    }

    /// Takes the next records in order; the rows of windows that became final go to `emit`.
    pub(super) fn push(&mut self, batches: Vec<Batch<'static>>, arrival: Arrival, emit: Emit<'_>) {
        let rows = self.before.arrive(arrival, batches);
        self.enter_all(rows, arrival);
        self.fire(Some(self.watermark.now()), emit);
    }

    /// Moves time without records.
    pub(super) fn mark(&mut self, mark: Punctuation, arrival: Arrival, emit: Emit<'_>) {
        let rows = self.before.mark(mark, arrival);
        self.enter_all(rows, arrival);
        let silent = arrival.read_ns.saturating_sub(self.spoke_ns);
        let mark = match (self.is_joined, silent >= self.limits.idle_ns) {
            (false, _) => mark,
            (true, false) => Punctuation::Clock,
            (true, true) => Punctuation::Silent(silent),
        };
        let source = self.source_of(arrival);
        self.watermark.mark(mark, Arrival { source, ..arrival });
        self.fire(Some(self.watermark.now()), emit);
    }

    /// Adds groups that workers have put into slices; the watermark stands here behind them.
    pub(super) fn merge(&mut self, shares: Vec<PartialResult>, watermark: i64, emit: Emit<'_>) {
        for share in shares {
            if let PartialResult::Slices(share) = share {
                self.keeper.add(share, self.executor);
            }
        }
        self.reached = self.reached.max(watermark);
        self.fire(Some(self.reached), emit);
    }

    /// The input has ended: the rows of all windows.
    pub(super) fn finish(&mut self, emit: Emit<'_>) {
        let rows = self.before.finish();
        self.enter_all(rows, self.last);
        self.fire(None, emit);
    }

    /// The number by which the watermark knows the source of rows.
    fn source_of(&self, arrival: Arrival) -> usize {
        match self.is_joined {
            true => 0,
            false => arrival.source,
        }
    }

    /// Puts the records of several batches into windows.
    fn enter_all(&mut self, batches: Vec<Batch<'static>>, arrival: Arrival) {
        self.last = arrival;
        if !batches.is_empty() {
            self.spoke_ns = arrival.read_ns;
        }
        for batch in batches {
            self.enter(batch, arrival);
        }
    }

    /// Puts records into windows.
    fn enter(&mut self, batch: Batch<'static>, arrival: Arrival) {
        let times = times(self.planned, &batch, &self.watermark, arrival.read_ns);
        let limit = arrival.read_ns.saturating_add(self.limits.max_jump_ns);
        let mut reach = ChunkTimes::new(limit);
        reach.add(&times);
        let clock = self.watermark.pass(self.source_of(arrival), &reach);
        let moment = TimedRows { times: &times, clock, limit };
        let failures = &mut self.tally.entering;
        let late = self.keeper.enter(&batch, moment, &mut self.tally.jumps, failures);
        self.tally.enter(&batch, &late, self.plan);
    }

    /// Prints the windows that are final; without a watermark, all.
    fn fire(&mut self, watermark: Option<i64>, emit: Emit<'_>) {
        let standing = self.standing(watermark);
        self.keeper.settle(self.executor);
        while !self.is_reached()
            && let Some(result) = self.keeper.next(standing, self.executor)
        {
            self.tally.account.failures.append(self.keeper.take_failures());
            let rows = self.rows_of(result);
            if !emit(rows) {
                break;
            }
        }
    }

    /// The rows of a result behind all stages.
    fn rows_of(&mut self, result: Pane) -> Vec<Batch<'static>> {
        match result {
            Pane::Window(start, end, rows) => self.through(rows, start, end),
            Pane::Sessions(rows) => self.sessions(rows),
            Pane::LeftOut(left_out) => {
                self.tally.left_out.push(left_out);
                Vec::new()
            }
        }
    }

    /// How far the stream has come.
    fn standing(&self, watermark: Option<i64>) -> FiringContext {
        let rows_read = match self.planned.by {
            TimeDomain::RowCount => {
                let by_workers = self.reached.saturating_sub(1);
                Some((self.watermark.rows() as i64).max(by_workers))
            }
            _ => None,
        };
        let reached = self.reached.max(self.watermark.now());
        FiringContext { watermark, rows_read, largest: reached.saturating_add(self.planned.window.late_ns) }
    }

    /// The rows of all windows that are open, as they are so far; everything stays.
    pub(super) fn picture(&mut self) -> Vec<Batch<'static>> {
        let tally = std::mem::take(&mut self.tally); // what a picture cannot convert is no news
        let standing = self.standing(None);
        self.keeper.settle(self.executor);
        let mut rows = Vec::new();
        let open = self.keeper.open(standing, self.executor);
        self.has_more_open |= open.len() >= MOST_OPEN;
        for result in open {
            rows.extend(self.rows_of(result));
        }
        self.tally = tally;
        rows
    }

    /// How far the watermark is behind the clock, where windows go by a time that records have.
    pub(super) fn lag(&self) -> Option<Duration> {
        let reached = self.reached.max(self.watermark.now());
        let is_timed = matches!(self.planned.by, TimeDomain::Event(_)) && reached > i64::MIN;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).ok()?;
        let reached = Duration::from_nanos(u64::try_from(reached).ok()?);
        is_timed.then(|| now.saturating_sub(reached))
    }

    /// The rows of a window through the stages behind.
    fn through(&mut self, mut rows: Vec<Batch<'static>>, start: Value, end: Value) -> Vec<Batch<'static>> {
        let bounds = self.planned.bounds;
        for batch in &mut rows {
            set_bounds(batch, bounds, &start, &end);
        }
        if self.behind.is_empty() {
            return rows;
        }
        let chain = Chain::new(self.plan, self.behind, self.incoming, self.executor);
        let mut chain = chain.within(bounds, start, end);
        let mut out = chain.push(rows);
        out.extend(chain.finish());
        self.tally.add(chain);
        out
    }

    /// The rows of sessions through the stages behind: each session by itself, unless every stage is row by
    /// row.
    fn sessions(&mut self, sessions: SessionRows) -> Vec<Batch<'static>> {
        let SessionRows { mut rows, starts, ends } = sessions;
        let is_row_by_row = |step: &MergeStep| matches!(step, MergeStep::Rows(_));
        if self.behind.iter().all(is_row_by_row) {
            let times = |times: Vec<i64>| Column::Values(times.into_iter().map(Value::Time).collect());
            rows.set(self.planned.bounds.start, times(starts));
            rows.set(self.planned.bounds.end, times(ends));
            let mut chain = Chain::new(self.plan, self.behind, self.incoming, self.executor);
            let out = chain.push(vec![rows]);
            self.tally.add(chain);
            return out;
        }
        let mut out = Vec::new();
        for (row, (start, end)) in rows.into_rows().into_iter().zip(starts.into_iter().zip(ends)) {
            out.extend(self.through(vec![row], Value::Time(start), Value::Time(end)));
            if self.is_reached() {
                break;
            }
        }
        out
    }

    /// Whether a window had the row that was waited for: no further one is looked at.
    pub(super) fn is_reached(&self) -> bool {
        self.tally.account.checks.reached
    }
}

/// Takes the rows of windows as they become final; whether more are wanted. There can be a billion of them, so every
/// window is given even if it has no rows.
pub(super) type Emit<'e> = &'e mut dyn FnMut(Vec<Batch<'static>>) -> bool;

impl WindowCounts {
    /// Adds what the stages behind a window have said.
    fn add(&mut self, chain: Chain<'_>) {
        let Account { rejected, first_rejected, failures, rejected_lines, checks, .. } = chain.account;
        self.withdrawn += chain.withdrawn;
        self.account.rejected += rejected;
        self.account.first_rejected = self.account.first_rejected.take().or(first_rejected);
        self.account.rejected_lines.extend(rejected_lines);
        self.account.failures.append(failures);
        self.account.checks.append(checks);
    }

    /// Enters the rows of a batch that were late.
    fn enter(&mut self, batch: &Batch<'_>, late: &[u32], plan: &Plan) {
        let (line, number) = (plan.late_line, plan.inputs[0].metadata.number);
        let mut last = None; // pieces of one record are one late record
        for row in late.iter().map(|row| *row as usize) {
            let number = number.map(|slot| batch.column(slot).get(row).as_number());
            let is_rejected = number == Some(None);
            if is_rejected || number.is_some() && number == last {
                continue;
            }
            last = number;
            self.late += 1;
            if let (None, Some(Some(Number::Int(number)))) = (self.first_late, number) {
                self.first_late = Some(number);
            }
            if let Some(ValueRef::Text(line)) = line.map(|slot| batch.column(slot).get(row)) {
                self.late_lines.extend_from_slice(line);
                self.late_lines.push(b'\n');
            }
        }
    }
}
