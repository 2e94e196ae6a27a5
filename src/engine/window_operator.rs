//! The window operator on the coordinator: takes slices from the workers, or records in stream order, and runs each
//! final window through the stages after it.

use std::sync::Arc;
use std::time::Duration;

use crate::aggregate::{Executor, SessionRows};
use crate::data::budget::{HeldState, Watch};
use crate::data::persist::{Persist, StateError, StateReader, Stateful};
use crate::data::{Batch, Column, Number, Value, ValueRef};
use crate::expr::Failures;
use crate::plan::{AssignedBy, Exchange, MergeStep, Plan, PlannedWindow, TimeDomain};
use crate::stage::{OwnTime, RecordCounts};
use crate::window::{Arrival, Punctuation, WatermarkConfig, WindowKind};

use super::chain::{Chain, InputKind, set_bounds};
use super::fill::UnfilledGap;
use super::message::PartialResult;
use super::restored_state::{RestoreError, RestoredState};
use super::stream_groups::FrozenGroups;
use super::window_assigner::WindowAssigner;
use super::window_store::{FiringContext, MOST_OPEN, Pane, WindowContents, WindowStore, window_store};

/// The groups of a batch are measured as if they had this many records.
const MERGED_ROWS: usize = 1 << 16;

/// All windows of a run.
pub(super) struct WindowOperator<'p> {
    plan: &'p Plan,
    planned: &'p PlannedWindow,
    executor: &'p dyn Executor,
    store: Box<dyn WindowStore>,
    /// The steps that each window runs through.
    later: &'p [MergeStep],
    incoming: InputKind,
    /// The steps before the windows on this side.
    pub(super) before: Chain<'p>,
    /// Assigns the records that pass here, and its number of steps. Workers that assign windows share another one.
    assigner: WindowAssigner,
    steps: u64,
    /// The watermark of the assigner, here or on the workers.
    watermark: i64,
    limits: WatermarkConfig,
    /// True after a join: its output has one watermark, not one per source.
    is_joined: bool,
    /// The last chunk or punctuation, and when rows last reached the windows.
    last: Arrival,
    last_record_ns: i64,
    /// The largest time that is not too far ahead, if the records of parts were assigned to windows by other runs.
    pub(super) largest_of_parts: Option<i64>,
    /// True if there were more open windows than a snapshot shows.
    pub(super) has_more_open: bool,
    pub(super) counts: WindowCounts,
    /// The state that cannot be written to files.
    watch: Watch,
}

/// Counts of the records in windows.
#[derive(Default)]
pub(super) struct WindowCounts {
    /// Conversions that failed while records were added to windows. They are reported before those of later stages,
    /// whose progress depends on the chunking.
    pub(super) entering: Failures,
    /// Counts of late records and future timestamps, and those of the later stages.
    pub(super) account: RecordCounts,
    /// Records that a later stage rejected after they were counted as passed.
    pub(super) retracted: u64,
    /// Record number of the first late record in its source.
    pub(super) first_late: Option<i64>,
    /// Gaps that were not filled.
    pub(super) left_out: Vec<UnfilledGap>,
}

impl<'p> WindowOperator<'p> {
    pub(super) fn new(
        plan: &'p Plan,
        planned: &'p PlannedWindow,
        limits: WatermarkConfig,
        executor: &'p dyn Executor,
    ) -> Self {
        let (before, later) = match planned.assigned_by {
            AssignedBy::Workers => plan.first_level().split_at(0),
            AssignedBy::Merge(at) => plan.first_level().split_at(at),
        };
        let is_sliced = matches!(planned.assigned_by, AssignedBy::Workers);
        let contents = match &plan.exchange {
            Exchange::Grouped(aggregation) if is_sliced => WindowContents::Groups(Arc::clone(aggregation)),
            _ => WindowContents::of(later),
        };
        let is_joined = plan.join_time() != OwnTime::None;
        let explodes = plan.explodes_early();
        // Groups and states are the output of the first step, so the later steps begin with the next one. The groups of
        // the workers are those of a step before `later`.
        let (later, incoming) = match &contents {
            WindowContents::Groups(_) if is_sliced => (later, InputKind::Rows),
            WindowContents::Groups(_) | WindowContents::States(..) => (&later[1..], InputKind::Rows),
            WindowContents::Records { .. } if explodes || is_joined => (later, InputKind::Rows),
            WindowContents::Records { .. } => (later, InputKind::Passed),
        };
        let mut store = window_store(planned, contents);
        store.limit(&executor.budget());
        let front = match &plan.exchange {
            Exchange::Ordered(stage, _) if !stage.is_blocking() && !explodes => InputKind::Records,
            _ if explodes => InputKind::Rows,
            _ => InputKind::Passed,
        };
        WindowOperator {
            plan,
            planned,
            executor,
            store,
            later,
            incoming,
            before: Chain::new(plan, before, front, executor),
            assigner: match is_joined {
                true => WindowAssigner::new(planned, WatermarkConfig { sources: 1, ..limits }),
                false => WindowAssigner::new(planned, limits),
            },
            steps: 0,
            watermark: i64::MIN,
            limits,
            is_joined,
            last: Arrival { source: 0, input: 0, read_ns: i64::MIN },
            last_record_ns: i64::MIN,
            largest_of_parts: None,
            has_more_open: false,
            counts: WindowCounts::default(),
            watch: Watch::new(&executor.budget()),
        }
    }

    /// The windows of a later level with these steps: their records are the rows of the level before.
    pub(super) fn of_rows(
        plan: &'p Plan,
        planned: &'p PlannedWindow,
        steps: &'p [MergeStep],
        executor: &'p dyn Executor,
    ) -> Self {
        let contents = WindowContents::of(steps);
        let later = match &contents {
            WindowContents::Groups(_) | WindowContents::States(..) => &steps[1..],
            WindowContents::Records { .. } => steps,
        };
        let mut store = window_store(planned, contents);
        store.limit(&executor.budget());
        let limits = WatermarkConfig { sources: 1, max_jump_ns: i64::MAX, idle_ns: i64::MAX };
        WindowOperator {
            plan,
            planned,
            executor,
            store,
            later,
            incoming: InputKind::Rows,
            before: Chain::new(plan, &[], InputKind::Rows, executor),
            assigner: WindowAssigner::new(planned, limits),
            steps: 0,
            watermark: i64::MIN,
            limits,
            is_joined: false,
            last: Arrival { source: 0, input: 0, read_ns: i64::MIN },
            last_record_ns: i64::MIN,
            largest_of_parts: None,
            has_more_open: false,
            counts: WindowCounts::default(),
            watch: Watch::new(&executor.budget()),
        }
    }

    /// Adds rows of the level before.
    pub(super) fn add_rows(&mut self, batches: Vec<Batch<'static>>) {
        for batch in batches.iter().filter(|batch| batch.rows > 0) {
            let mut chunk = self.assigner.chunk(self.steps, std::iter::once(batch), self.last);
            self.steps += 1;
            let late = self.store.add(batch, &mut chunk, &mut self.counts.entering);
            self.watermark = chunk.watermark;
            self.counts.late_rows(late.len(), &self.planned.text);
            self.watch_store(batch.rows);
        }
    }

    /// Emits the windows that are final once all windows of the level before that end by `watermark` are.
    pub(super) fn advance(&mut self, watermark: i64, emit: Emit<'_>) {
        if let TimeDomain::Level(_) = self.planned.by {
            let reached = Arrival { read_ns: watermark, ..self.last };
            self.watermark = self.assigner.mark(self.steps, Punctuation::Clock, reached);
            self.steps += 1;
        }
        self.fire(Some(self.watermark), emit);
    }

    /// No window that ends by this time will be emitted, if windows end in the order of time.
    pub(super) fn result_watermark(&self) -> i64 {
        match self.planned.window.is_of_rows() {
            true => i64::MIN,
            false => self.store.filled_until().unwrap_or(self.watermark),
        }
    }

    /// The largest time of rows from windows without future timestamps.
    pub(super) fn largest(&self) -> i64 {
        let largest = self.progress(None).largest;
        match self.planned.window.kind {
            WindowKind::Time { length, .. } => largest.saturating_add(length),
            WindowKind::Session { gap } => largest.saturating_add(gap),
            WindowKind::State => largest,
            WindowKind::Rows { .. } => i64::MAX,
        }
    }

    /// Ends the input of a later level, as [`WindowOperator::finish`] does. Gaps are filled up to `largest`.
    pub(super) fn finish_rows(&mut self, largest: i64, emit: Emit<'_>) {
        if let TimeDomain::Level(_) = self.planned.by {
            self.watermark = self.watermark.max(largest);
        }
        self.fire(None, emit);
    }

    /// Merges what was added, before the state is saved.
    pub(super) fn settle(&mut self) {
        self.before.settle();
        self.store.settle(self.executor);
    }

    /// Freezes the groups of tumbling windows, for a thread that writes them.
    pub(super) fn freeze_groups(&mut self) -> Option<FrozenGroups> {
        self.settle();
        self.store.freeze_groups(self.executor)
    }

    /// Loads the groups that were frozen, after the rest of the state.
    pub(super) fn load_groups(&mut self, restored: &RestoredState) -> Result<(), RestoreError> {
        self.store.load_groups(restored, self.executor)
    }

    /// Adds the next records in stream order; emits the windows that became final.
    pub(super) fn push(&mut self, batches: Vec<Batch<'static>>, arrival: Arrival, emit: Emit<'_>) {
        let rows = self.before.arrive(arrival, batches);
        self.enter_all(rows, arrival);
        self.fire(Some(self.watermark), emit);
    }

    /// Advances time without records.
    pub(super) fn mark(&mut self, mark: Punctuation, arrival: Arrival, emit: Emit<'_>) {
        let rows = self.before.mark(mark, arrival);
        self.enter_all(rows, arrival);
        let silent = arrival.read_ns.saturating_sub(self.last_record_ns);
        let mark = match (self.is_joined, silent >= self.limits.idle_ns) {
            (false, _) => mark,
            (true, false) => Punctuation::Clock,
            (true, true) => Punctuation::Silent(silent),
        };
        self.watermark = self.assigner.mark(self.steps, mark, self.joined(arrival));
        self.steps += 1;
        self.fire(Some(self.watermark), emit);
    }

    /// Merges the workers' slices and advances to their watermark.
    pub(super) fn merge(&mut self, shares: Vec<PartialResult>, watermark: i64, emit: Emit<'_>) {
        for share in shares {
            if let PartialResult::Slices(share) = share {
                self.store.merge(share, self.executor);
            }
        }
        self.watch_store(MERGED_ROWS);
        self.watermark = self.watermark.max(watermark);
        self.fire(Some(self.watermark), emit);
    }

    /// Ends the input: emits all windows.
    pub(super) fn finish(&mut self, emit: Emit<'_>) {
        let rows = self.before.finish();
        self.enter_all(rows, self.last);
        self.fire(None, emit);
    }

    /// The arrival as the watermark sees it: after a join, all rows are of one source.
    fn joined(&self, arrival: Arrival) -> Arrival {
        match self.is_joined {
            true => Arrival { source: 0, ..arrival },
            false => arrival,
        }
    }

    /// Adds the records of several batches to windows.
    fn enter_all(&mut self, batches: Vec<Batch<'static>>, arrival: Arrival) {
        self.last = arrival;
        if !batches.is_empty() {
            self.last_record_ns = arrival.read_ns;
        }
        for batch in batches {
            self.enter(batch, arrival);
        }
    }

    /// Adds records to windows.
    fn enter(&mut self, batch: Batch<'static>, arrival: Arrival) {
        let mut chunk = self.assigner.chunk(self.steps, std::iter::once(&batch), self.joined(arrival));
        self.steps += 1;
        let late = self.store.add(&batch, &mut chunk, &mut self.counts.entering);
        self.counts.account.jumps += chunk.jumps();
        self.watermark = chunk.watermark;
        self.counts.enter(&batch, &late, self.plan);
        self.watch_store(batch.rows);
    }

    /// Ends the input if the open windows exceed the memory budget and cannot be written to files.
    fn watch_store(&mut self, rows: usize) {
        let describe = || HeldState { stage: "window", contents: self.store.held().1.to_owned(), can_forget: false };
        self.watch.after(rows, || self.store.held().0, describe);
    }

    /// Emits the windows that are final; all of them without a watermark.
    fn fire(&mut self, watermark: Option<i64>, emit: Emit<'_>) {
        let progress = self.progress(watermark);
        while !self.is_reached()
            && let Some(result) = self.store.take_final(progress, self.executor)
        {
            self.counts.account.failures.append(self.store.take_failures());
            let rows = self.rows_of(result);
            if !emit(rows) {
                break;
            }
        }
    }

    /// Runs a pane through the later stages.
    fn rows_of(&mut self, result: Pane) -> Vec<Batch<'static>> {
        match result {
            Pane::Window(start, end, rows) => self.run_window(rows, start, end),
            Pane::Sessions(rows) => self.sessions(rows),
            Pane::UnfilledGap(left_out) => {
                self.counts.left_out.push(left_out);
                Vec::new()
            }
        }
    }

    /// The progress of the stream at this watermark.
    fn progress(&self, watermark: Option<i64>) -> FiringContext {
        let is_of_rows = matches!(self.planned.by, TimeDomain::RowCount);
        let largest = self.watermark.saturating_add(self.planned.window.late_ns);
        FiringContext {
            watermark,
            rows_read: is_of_rows.then(|| self.watermark.saturating_sub(1).max(0)),
            largest: self.largest_of_parts.unwrap_or(largest),
        }
    }

    /// The provisional rows of all open windows; state and counts stay unchanged.
    pub(super) fn snapshot(&mut self) -> Vec<Batch<'static>> {
        let counts = std::mem::take(&mut self.counts); // a snapshot reports no failed conversions
        let progress = self.progress(None);
        let mut rows = Vec::new();
        let open = self.store.open(progress, self.executor);
        self.has_more_open |= open.len() >= MOST_OPEN;
        for result in open {
            rows.extend(self.rows_of(result));
        }
        self.counts = counts;
        rows
    }

    /// The time of day, in nanoseconds since 1970, minus the watermark, for windows over event time.
    pub(super) fn lag(&self, wall_ns: i64) -> Option<Duration> {
        let is_timed = matches!(self.planned.by, TimeDomain::Event(_)) && self.watermark > i64::MIN;
        let now = Duration::from_nanos(u64::try_from(wall_ns).ok()?);
        let reached = Duration::from_nanos(u64::try_from(self.watermark).ok()?);
        is_timed.then(|| now.saturating_sub(reached))
    }

    /// Runs the rows of a window through the later stages.
    fn run_window(&mut self, mut rows: Vec<Batch<'static>>, start: Value, end: Value) -> Vec<Batch<'static>> {
        let bounds = self.planned.bounds;
        for batch in &mut rows {
            set_bounds(batch, bounds, &start, &end);
        }
        if self.later.is_empty() {
            return rows;
        }
        let chain = Chain::new(self.plan, self.later, self.incoming, self.executor);
        let mut chain = chain.within(bounds, start, end);
        let mut out = chain.push(rows);
        out.extend(chain.finish());
        self.counts.add(chain);
        out
    }

    /// Runs sessions through the later stages: together if every stage is row by row, else one by one.
    fn sessions(&mut self, sessions: SessionRows) -> Vec<Batch<'static>> {
        let SessionRows { mut rows, starts, ends } = sessions;
        let is_row_by_row = |step: &MergeStep| matches!(step, MergeStep::Rows(_));
        if self.later.iter().all(is_row_by_row) {
            let times = |times: Vec<i64>| Column::Values(times.into_iter().map(Value::Time).collect());
            rows.set(self.planned.bounds.start, times(starts));
            rows.set(self.planned.bounds.end, times(ends));
            let mut chain = Chain::new(self.plan, self.later, self.incoming, self.executor);
            let out = chain.push(vec![rows]);
            self.counts.add(chain);
            return out;
        }
        let mut out = Vec::new();
        for (row, (start, end)) in rows.into_rows().into_iter().zip(starts.into_iter().zip(ends)) {
            out.extend(self.run_window(vec![row], Value::Time(start), Value::Time(end)));
            if self.is_reached() {
                break;
            }
        }
        out
    }

    /// True if a window had a row that satisfies `until`; no further window is emitted.
    pub(super) fn is_reached(&self) -> bool {
        self.counts.account.checks.reached
    }
}

/// Saved after [`WindowOperator::settle`], and loaded after [`Chain::begin`]. Gaps that were not filled have been told.
impl Stateful for WindowOperator<'_> {
    fn save_state(&self, out: &mut Vec<u8>) {
        self.before.save_state(out);
        self.store.save_state(out);
        self.assigner.save_state(out);
        self.watermark.save(out);
        (self.last.source as u64).save(out);
        (self.last.input as u64).save(out);
        self.last.read_ns.save(out);
        self.last_record_ns.save(out);
        let WindowCounts { entering, account, retracted, first_late: _, left_out: _ } = &self.counts;
        entering.save(out);
        account.save(out);
        retracted.save(out);
    }

    fn load_state(&mut self, input: &mut StateReader<'_>) -> Result<(), StateError> {
        let number = |input: &mut StateReader<'_>| usize::try_from(u64::load(input)?).map_err(|_| StateError::Damaged);
        self.before.load_state(input)?;
        self.store.load_state(input)?;
        self.assigner.load_state(input)?;
        self.watermark = i64::load(input)?;
        self.last = Arrival { source: number(input)?, input: number(input)?, read_ns: i64::load(input)? };
        self.last_record_ns = i64::load(input)?;
        self.counts.entering = Failures::load(input)?;
        self.counts.account = RecordCounts::load(input)?;
        self.counts.retracted = input.count()?;
        Ok(())
    }
}

/// Takes the rows of one final window; returns false to stop. Called for windows without rows, too: there can be a
/// billion of them, and the callee decides when to stop.
pub(super) type Emit<'e> = &'e mut dyn FnMut(Vec<Batch<'static>>) -> bool;

impl WindowCounts {
    /// Adds the counts of the stages that one window ran through.
    fn add(&mut self, chain: Chain<'_>) {
        self.retracted += chain.retracted;
        self.account.append(chain.account);
    }

    /// Counts late rows that are no records as failures.
    fn late_rows(&mut self, rows: usize, window: &str) {
        if rows > 0 {
            let reason = || format!("{window}: a row is late: its windows are final");
            let first = Some(reason()).filter(|_| self.account.failures.first.is_none());
            self.account.failures.append(Failures { count: rows as u64, first, ..Failures::default() });
        }
    }

    /// Counts the late rows of a batch.
    fn enter(&mut self, batch: &Batch<'_>, late: &[u32], plan: &Plan) {
        let (line, number) = (plan.late_line, plan.inputs[0].metadata.number);
        let mut last = None; // fragments of one record are one late record
        for row in late.iter().map(|row| *row as usize) {
            let number = number.map(|slot| batch.column(slot).get(row).as_number());
            let is_rejected = number == Some(None);
            if is_rejected || number.is_some() && number == last {
                continue;
            }
            last = number;
            self.account.late += 1;
            if let (None, Some(Some(Number::Int(number)))) = (self.first_late, number) {
                self.first_late = Some(number);
            }
            if let Some(ValueRef::Text(line)) = line.map(|slot| batch.column(slot).get(row)) {
                self.account.late_lines.extend_from_slice(line);
                self.account.late_lines.push(b'\n');
            }
        }
    }
}
