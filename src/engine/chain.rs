//! The stages that run on the coordinator, in their order.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::aggregate::{Aggregation, EmitRows, Executor, Merged, Partial};
use crate::data::budget::Watch;
use crate::data::persist::{Persist, StateError, StateReader, Stateful};
use crate::data::{Batch, Column, LastTimes, Value, replace_last_times};
use crate::plan::{Bounds, Exchange, LateRejects, MergeStep, Plan, RowStep};
use crate::stage::{Operator, RecordCounts};
use crate::window::{Arrival, Punctuation, SourceInfo, WatermarkConfig};

/// The operators of one result.
pub(super) struct Chain<'p> {
    plan: &'p Plan,
    steps: &'p [MergeStep],
    /// One operator per step.
    operators: Vec<ChainedOperator<'p>>,
    /// How to keep the lines of rejected records, with `--rejects`.
    rejects: Option<LateRejects>,
    executor: &'p dyn Executor,
    /// Index of the first operator that blocks or makes several rows of one, or the number of operators. Records that
    /// reach it have passed.
    records_end: usize,
    /// Index of the first operator whose output is not records but fragments or results, or the number of operators. A
    /// row rejected before it is a record, even if it was counted as passed.
    rows_end: usize,
    /// True if the operator at `records_end` decides for each record whether it passes.
    counts_rejections: bool,
    /// The state of each operator that cannot be written to files.
    watches: Vec<Option<Watch>>,
    /// True for each operator that blocks.
    blocks: Vec<bool>,
    /// True if its rows are the groups of the workers, which come at the end only.
    follows_groups: bool,
    /// The window of the rows, and the slots for its start and end.
    bounds: Option<(Bounds, Value, Value)>,
    /// The source of the current rows, and the last times read of each source.
    source: usize,
    last_times: BTreeMap<usize, LastTimes>,
    /// Records that passed.
    pub(super) passed: u64,
    /// Records that a later operator rejected after they were counted as passed.
    pub(super) retracted: u64,
    pub(super) account: RecordCounts,
}

#[allow(clippy::large_enum_variant, reason = "there are as many as stages")]
enum ChainedOperator<'p> {
    Rows(&'p RowStep),
    Operator(Box<dyn Operator>),
    Grouped(Partial, Merged),
    /// It is emitting its last rows.
    Ended,
}

/// Index for chains that count no records, because the workers have counted them.
const NEVER: usize = usize::MAX;

/// Sets the window's start and end in every row.
pub(super) fn set_bounds(batch: &mut Batch<'_>, bounds: Bounds, start: &Value, end: &Value) {
    batch.set(bounds.start, Column::Constant(start.clone(), batch.rows));
    batch.set(bounds.end, Column::Constant(end.clone(), batch.rows));
}

/// The kind of rows that enter a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum InputKind {
    /// Records that the workers have not counted as passed.
    Records,
    /// Records that were counted as passed; a rejection takes that back.
    Passed,
    /// Rows of a result, or fragments of records.
    Rows,
}

impl<'p> Chain<'p> {
    /// The stages of the plan's first level after the exchange, for the result of the whole stream.
    pub(super) fn of(plan: &'p Plan, executor: &'p dyn Executor) -> Self {
        Chain::first(plan, plan.first_level().len(), executor)
    }

    /// The first `steps` of these stages.
    pub(super) fn first(plan: &'p Plan, steps: usize, executor: &'p dyn Executor) -> Self {
        let incoming = match &plan.exchange {
            _ if plan.explodes_early() => InputKind::Rows,
            Exchange::Ordered(stage, _) if !stage.is_blocking() => InputKind::Records,
            Exchange::Rows | Exchange::Ordered(..) | Exchange::Gather(_) => InputKind::Passed,
            Exchange::Grouped(_) => InputKind::Rows,
        };
        let follows_groups = matches!(plan.exchange, Exchange::Grouped(_));
        Chain { follows_groups, ..Chain::new(plan, &plan.merge[..steps], incoming, executor) }
    }

    /// A chain of these steps.
    pub(super) fn new(plan: &'p Plan, steps: &'p [MergeStep], incoming: InputKind, executor: &'p dyn Executor) -> Self {
        let link = |step: &'p MergeStep| match step {
            MergeStep::Rows(step) => ChainedOperator::Rows(step),
            MergeStep::Ordered(stage, live) => {
                let mut operator = stage.operator(live);
                operator.start(executor.stopwatch());
                operator.limit(&executor.budget());
                ChainedOperator::Operator(operator)
            }
            MergeStep::Grouped(aggregation) => {
                let of = |aggregation: &Arc<Aggregation>| Arc::clone(aggregation);
                let budget = executor.budget();
                let partial = Partial::within(of(aggregation), &budget);
                ChainedOperator::Grouped(partial, Merged::within(of(aggregation), &budget))
            }
        };
        let ends_rows = |step: &MergeStep| !step.gives_records();
        let ends_records = |step: &MergeStep| step.is_blocking() || !step.gives_records();
        let first = |ends: &dyn Fn(&MergeStep) -> bool| steps.iter().position(ends).unwrap_or(steps.len());
        let (records_end, rows_end) = match incoming {
            InputKind::Records => (first(&ends_records), first(&ends_rows)),
            InputKind::Passed => (NEVER, first(&ends_rows)),
            InputKind::Rows => (NEVER, 0),
        };
        let operators: Vec<ChainedOperator<'p>> = steps.iter().map(link).collect();
        let watch = |link: &ChainedOperator<'p>| match link {
            ChainedOperator::Operator(operator) => operator.held().map(|_| Watch::new(&executor.budget())),
            _ => None,
        };
        Chain {
            plan,
            steps,
            watches: operators.iter().map(watch).collect(),
            operators,
            rejects: plan.late_rejects,
            executor,
            records_end,
            rows_end,
            counts_rejections: matches!(steps.get(records_end), Some(MergeStep::Ordered(stage, _)) if !stage.is_blocking()),
            blocks: steps.iter().map(MergeStep::is_blocking).collect(),
            follows_groups: false,
            bounds: None,
            source: 0,
            last_times: BTreeMap::new(),
            passed: 0,
            retracted: 0,
            account: RecordCounts::default(),
        }
    }

    /// The same chain for the result of a window: blocking stages set its bounds in their rows.
    pub(super) fn within(mut self, bounds: Bounds, start: Value, end: Value) -> Self {
        self.bounds = Some((bounds, start, end));
        self
    }

    /// Passes the watermark settings to the operators that use event time, before the first batch.
    pub(super) fn begin(&mut self, limits: WatermarkConfig, written: &[SourceInfo]) {
        for link in &mut self.operators {
            if let ChainedOperator::Operator(operator) = link {
                operator.begin(limits, written);
            }
        }
    }

    /// As [`Chain::push`], for batches that arrived together.
    pub(super) fn arrive(&mut self, arrival: Arrival, batches: Vec<Batch<'static>>) -> Vec<Batch<'static>> {
        self.source = arrival.source;
        for link in &mut self.operators {
            if let ChainedOperator::Operator(operator) = link {
                operator.arrive(arrival);
            }
        }
        self.push(batches)
    }

    /// Advances event time without records; returns rows that became final.
    pub(super) fn mark(&mut self, mark: Punctuation, arrival: Arrival) -> Vec<Batch<'static>> {
        let mut moved = Vec::new();
        for index in 0..self.operators.len() {
            let (mut out, mut account) = (Vec::new(), RecordCounts::default());
            if let ChainedOperator::Operator(operator) = &mut self.operators[index] {
                operator.mark(mark, arrival, &mut out, &mut account);
            }
            self.enter(index + 1, &mut account, &[]);
            moved.extend(self.push_from(index + 1, out));
        }
        moved
    }

    /// Merges what was added, before the state is saved.
    pub(super) fn settle(&mut self) {
        for link in &mut self.operators {
            if let ChainedOperator::Grouped(partial, merged) = link {
                merged.add(partial.take(), self.executor);
            }
        }
    }

    /// Processes the next batches; returns rows that are final at once.
    pub(super) fn push(&mut self, batches: Vec<Batch<'static>>) -> Vec<Batch<'static>> {
        self.push_from(0, batches)
    }

    /// Ends the input; returns the remaining rows.
    pub(super) fn finish(&mut self) -> Vec<Batch<'static>> {
        let mut last = Vec::new();
        self.finish_each(&mut |rows| {
            last.extend(rows);
            true
        });
        last
    }

    /// Like [`Chain::finish`], but passes on the rows in pieces: rows in files need not be in memory at once.
    pub(super) fn finish_each(&mut self, emit: EmitRows<'_>) {
        for index in 0..self.operators.len() {
            let mut is_wanted = true;
            let mut operator = std::mem::replace(&mut self.operators[index], ChainedOperator::Ended);
            let mut account = RecordCounts::default();
            match &mut operator {
                ChainedOperator::Rows(_) | ChainedOperator::Ended => {}
                ChainedOperator::Operator(operator) => {
                    let mut has_more = true;
                    while has_more && is_wanted {
                        let mut out = Vec::new();
                        operator.finish(&mut out, &mut account);
                        has_more = operator.has_more();
                        is_wanted = self.pass_on(index, out, &mut account, emit) || !has_more;
                    }
                }
                ChainedOperator::Grouped(partial, merged) => {
                    merged.add(partial.take(), self.executor);
                    let seconds = match &self.bounds {
                        Some((_, Value::Time(start), Value::Time(end))) => end.saturating_sub(*start) as f64 / 1e9,
                        _ => self.executor.stopwatch().time().as_secs_f64(),
                    };
                    let executor = self.executor;
                    merged.finish_each(seconds, executor, &mut |out| self.pass_on(index, out, &mut account, emit));
                    account.failures.append(merged.take_failures());
                    self.enter(index + 1, &mut account, &[]);
                }
            }
            self.operators[index] = operator;
        }
    }

    /// Passes rows that the operator at `index` emits at the end through the later ones. Returns false if no more are
    /// wanted.
    fn pass_on(
        &mut self,
        index: usize,
        mut out: Vec<Batch<'static>>,
        account: &mut RecordCounts,
        emit: EmitRows<'_>,
    ) -> bool {
        if let Some((bounds, start, end)) = &self.bounds {
            out.iter_mut().for_each(|batch| set_bounds(batch, *bounds, start, end));
        }
        self.enter(index + 1, account, &[]);
        let rows = self.push_from(index + 1, out);
        emit(rows) && !self.is_done_after(index)
    }

    /// The provisional rows of the first blocking operator and its index, if that operator makes one row of many.
    pub(super) fn snapshot_groups(&mut self) -> Option<(usize, Vec<Batch<'static>>)> {
        let index = self.blocks.iter().position(|blocks| *blocks)?;
        let gives_records = matches!(&self.steps[index], MergeStep::Ordered(stage, _) if stage.gives_records());
        let rows = match &mut self.operators[index] {
            ChainedOperator::Grouped(partial, merged) => {
                merged.add(partial.take(), self.executor);
                merged.snapshot(self.executor)
            }
            ChainedOperator::Operator(operator) if !gives_records => operator.snapshot(),
            ChainedOperator::Operator(_) | ChainedOperator::Rows(_) | ChainedOperator::Ended => return None,
        };
        Some((index, rows))
    }

    /// The saved state of the first operator.
    pub(super) fn first_state(&self) -> Vec<u8> {
        let mut state = Vec::new();
        if let Some(ChainedOperator::Operator(operator)) = self.operators.first() {
            operator.save_state(&mut state);
        }
        state
    }

    /// Merges the state of the first operator for a later part of the stream.
    pub(super) fn merge_first(&mut self, state: &[u8]) -> Result<(), StateError> {
        match self.operators.first_mut() {
            Some(ChainedOperator::Operator(operator)) => operator.merge_state(&mut StateReader::new(state)),
            _ => Err(StateError::Damaged),
        }
    }

    /// Ends this chain and adopts the counts of `other`, which ran its remaining operators.
    pub(super) fn end_with(&mut self, other: Chain<'p>) {
        self.operators.clear();
        self.account.append(other.account);
    }

    /// True after [`Chain::end_with`]: the operators, and their state, are gone.
    pub(super) fn was_ended(&self) -> bool {
        self.operators.len() < self.steps.len()
    }

    /// The rows [`Chain::finish`] would return if the input ended now. State and counts stay unchanged. Empty if no
    /// operator blocks, since all rows are out.
    pub(super) fn snapshot(&mut self) -> Vec<Batch<'static>> {
        let Some(first) = self.steps.iter().position(MergeStep::is_blocking) else {
            return Vec::new();
        };
        let mut rows = match &mut self.operators[first] {
            ChainedOperator::Rows(_) | ChainedOperator::Ended => Vec::new(),
            ChainedOperator::Operator(operator) => operator.snapshot(),
            ChainedOperator::Grouped(partial, merged) => {
                merged.add(partial.take(), self.executor);
                merged.snapshot(self.executor)
            }
        };
        let later = &self.steps[first + 1..];
        let mut rest = Chain::new(self.plan, later, InputKind::Rows, self.executor);
        if let Some((bounds, start, end)) = &self.bounds {
            rows.iter_mut().for_each(|batch| set_bounds(batch, *bounds, start, end));
            rest = rest.within(*bounds, start.clone(), end.clone());
        }
        rest.all(rows)
    }

    /// Processes `batches` as the whole input.
    pub(super) fn all(&mut self, batches: Vec<Batch<'static>>) -> Vec<Batch<'static>> {
        let mut out = self.push(batches);
        out.extend(self.finish());
        out
    }

    /// True if it counts the records that pass; otherwise the workers have counted them.
    pub(super) fn counts_records(&self) -> bool {
        self.records_end != NEVER
    }

    /// True if further input cannot change the output.
    pub(super) fn is_done(&self) -> bool {
        let mut operators = self.operators.iter();
        self.account.checks.reached
            || operators.any(|link| matches!(link, ChainedOperator::Operator(operator) if operator.is_done()))
    }

    /// True if the operators after this one need no more rows.
    fn is_done_after(&self, index: usize) -> bool {
        let mut later = self.operators[index + 1..].iter();
        later.any(|link| matches!(link, ChainedOperator::Operator(operator) if operator.is_done()))
    }

    fn push_from(&mut self, first: usize, batches: Vec<Batch<'static>>) -> Vec<Batch<'static>> {
        let own = self.last_times.remove(&self.source).unwrap_or_default();
        let others = replace_last_times(own);
        let out = self.push_each_from(first, batches);
        self.last_times.insert(self.source, replace_last_times(others));
        out
    }

    fn push_each_from(&mut self, first: usize, batches: Vec<Batch<'static>>) -> Vec<Batch<'static>> {
        if first < self.rows_end && self.rejects.is_some_and(|rejects| rejects.row_by_row) {
            let rows = batches.into_iter().flat_map(Batch::into_rows);
            return rows.flat_map(|row| self.push_all_from(first, vec![row])).collect();
        }
        self.push_all_from(first, batches)
    }

    fn push_all_from(&mut self, first: usize, batches: Vec<Batch<'static>>) -> Vec<Batch<'static>> {
        let mut batches = batches;
        let mut account = RecordCounts::default();
        for index in first..self.operators.len() {
            self.enter(index, &mut account, &batches);
            let mut out = Vec::with_capacity(batches.len());
            for mut batch in batches.into_iter().filter(|batch| batch.rows > 0) {
                match &mut self.operators[index] {
                    ChainedOperator::Rows(step) => {
                        step.stage.apply(&mut batch, &step.live, &mut account);
                        out.push(batch);
                    }
                    ChainedOperator::Operator(operator) => {
                        let rows = batch.rows;
                        operator.push(batch, &mut out, &mut account);
                        if let Some(watch) = &mut self.watches[index] {
                            let describe = || operator.held().unwrap_or_default();
                            watch.after(rows, || operator.heap_bytes(), describe);
                        }
                    }
                    ChainedOperator::Grouped(partial, _) => {
                        partial.update_named(&batch, &self.account.failures, &mut account.failures)
                    }
                    ChainedOperator::Ended => unreachable!("rows only move on to later operators"),
                }
            }
            batches = out;
        }
        batches.retain(|batch| batch.rows > 0);
        self.enter(self.operators.len(), &mut account, &batches);
        batches
    }

    /// Adds the counts of the operators before `index`; `batches` is their output.
    fn enter(&mut self, index: usize, account: &mut RecordCounts, batches: &[Batch<'static>]) {
        let rejects = self.rejects.filter(|_| index < self.rows_end);
        let line = rejects.map(|rejects| rejects.line);
        let mut account = std::mem::replace(account, RecordCounts::keeping(line));
        let counts_records = self.records_end != NEVER && index <= self.records_end;
        if index == self.records_end {
            let rows: usize = batches.iter().map(|batch| batch.rows).sum();
            self.passed += rows as u64;
        }
        if self.counts_rejections && index == self.records_end + 1 {
            self.passed -= account.filtered + account.late;
        } else {
            account.late = 0; // such rows are no records, or were counted as passed
            account.filtered = if counts_records { account.filtered } else { 0 };
        }
        if index > self.rows_end {
            account.rejections_as_failures();
        } else if !counts_records {
            self.retracted += account.rejected + account.no_records;
        }
        self.account.append(account);
    }
}

impl Chain<'_> {
    /// The number of operators that have a state. Those after the last blocking one, or after the groups of the workers,
    /// see rows at the end only.
    fn with_state(&self) -> usize {
        match self.blocks.iter().rposition(|blocks| *blocks) {
            Some(last) => last + 1,
            None if self.follows_groups => 0,
            None => self.operators.len(),
        }
    }
}

/// Saved after [`Chain::settle`], and loaded after [`Chain::begin`]. The steps, and the window of the rows, are settings.
impl Stateful for Chain<'_> {
    fn save_state(&self, out: &mut Vec<u8>) {
        for link in &self.operators[..self.with_state()] {
            match link {
                ChainedOperator::Rows(_) | ChainedOperator::Ended => {}
                ChainedOperator::Operator(operator) => operator.save_state(out),
                ChainedOperator::Grouped(_, merged) => merged.save_state(out),
            }
        }
        let last_times = self.last_times.iter().map(|(source, times)| (*source as u64, times.clone()));
        last_times.collect::<Vec<_>>().save(out);
        self.passed.save(out);
        self.retracted.save(out);
        self.account.save(out);
    }

    fn load_state(&mut self, input: &mut StateReader<'_>) -> Result<(), StateError> {
        let with_state = self.with_state();
        for link in &mut self.operators[..with_state] {
            match link {
                ChainedOperator::Rows(_) | ChainedOperator::Ended => {}
                ChainedOperator::Operator(operator) => operator.load_state(input)?,
                ChainedOperator::Grouped(_, merged) => merged.load_state(input)?,
            }
        }
        for (source, times) in Vec::<(u64, LastTimes)>::load(input)? {
            self.last_times.insert(usize::try_from(source).map_err(|_| StateError::Damaged)?, times);
        }
        self.passed = input.count()?;
        self.retracted = input.count()?;
        self.account = RecordCounts { line: self.account.line, ..RecordCounts::load(input)? };
        Ok(())
    }
}

#[cfg(test)]
mod tests;
