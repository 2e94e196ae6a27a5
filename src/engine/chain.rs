//! The coordinator's stages, one behind another.

use std::collections::HashMap;
use std::sync::Arc;

use crate::aggregate::{Aggregation, Executor, Merged, Partial};
use crate::data::{Batch, Column, LastTimes, Value, replace_last_times};
use crate::expr::Failures;
use crate::plan::{Bounds, Exchange, LateRejects, MergeStep, Plan, RowStep};
use crate::stage::{Account, Operator};
use crate::window::{Arrival, Punctuation, SourceInfo, WatermarkConfig};

/// Fresh operators for one result.
pub(super) struct Chain<'p> {
    plan: &'p Plan,
    steps: &'p [MergeStep],
    /// One for each step.
    links: Vec<ChainedOperator<'p>>,
    /// How to keep the line of a record that a link rejects, if it is kept.
    rejects: Option<LateRejects>,
    executor: &'p dyn Executor,
    /// The first link that needs all records, or makes several rows of one, or the number of links: in front
    /// of it, records have passed.
    records_end: usize,
    /// The first link whose rows are no records any more, but pieces or results of them, or the number of
    /// links: what is rejected in front of it is a record, even if it has passed before.
    rows_end: usize,
    /// Whether the link at `records_end` still says of each record that comes to it what becomes of it.
    judges: bool,
    /// Which links need all records.
    blocks: Vec<bool>,
    /// The window that the rows belong to, and where its start and end go.
    bounds: Option<(Bounds, Value, Value)>,
    /// The source of what comes in, and the last times that were read of each.
    source: usize,
    last_times: HashMap<usize, LastTimes>,
    /// Records that came so far.
    pub(super) passed: u64,
    /// Records that had passed when a link behind rejected them.
    pub(super) withdrawn: u64,
    pub(super) account: Account,
}

#[allow(clippy::large_enum_variant, reason = "there are as many as stages")]
enum ChainedOperator<'p> {
    Rows(&'p RowStep),
    Operator(Box<dyn Operator>),
    Grouped(Partial, Merged),
}

/// The workers have judged the records: nothing here counts them.
const NEVER: usize = usize::MAX;

/// Every row belongs to a window from start to end.
pub(super) fn set_bounds(batch: &mut Batch<'_>, bounds: Bounds, start: &Value, end: &Value) {
    batch.set(bounds.start, Column::Constant(start.clone(), batch.rows));
    batch.set(bounds.end, Column::Constant(end.clone(), batch.rows));
}

/// What comes into a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum InputKind {
    /// Records that the workers have not counted as passed yet.
    Records,
    /// Records that have passed: what rejects one takes it back.
    Passed,
    /// Rows of a result, or pieces of records.
    Rows,
}

impl<'p> Chain<'p> {
    /// The stages of a plan behind its exchange, for a result of the whole stream.
    pub(super) fn of(plan: &'p Plan, executor: &'p dyn Executor) -> Self {
        let incoming = match &plan.exchange {
            _ if plan.explodes_early() => InputKind::Rows,
            Exchange::Ordered(stage, _) if !stage.is_blocking() => InputKind::Records,
            Exchange::Rows | Exchange::Ordered(..) | Exchange::Gather(_) => InputKind::Passed,
            Exchange::Grouped(_) => InputKind::Rows,
        };
        Chain::new(plan, &plan.merge, incoming, executor)
    }

    /// Some steps of a plan.
    pub(super) fn new(plan: &'p Plan, steps: &'p [MergeStep], incoming: InputKind, executor: &'p dyn Executor) -> Self {
        let link = |step: &'p MergeStep| match step {
            MergeStep::Rows(step) => ChainedOperator::Rows(step),
            MergeStep::Ordered(stage, live) => ChainedOperator::Operator(stage.operator(live)),
            MergeStep::Grouped(aggregation) => {
                let of = |aggregation: &Arc<Aggregation>| Arc::clone(aggregation);
                ChainedOperator::Grouped(Partial::new(of(aggregation)), Merged::new(of(aggregation)))
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
        Chain {
            plan,
            steps,
            links: steps.iter().map(link).collect(),
            rejects: plan.late_rejects,
            executor,
            records_end,
            rows_end,
            judges: matches!(steps.get(records_end), Some(MergeStep::Ordered(stage, _)) if !stage.is_blocking()),
            blocks: steps.iter().map(MergeStep::is_blocking).collect(),
            bounds: None,
            source: 0,
            last_times: HashMap::new(),
            passed: 0,
            withdrawn: 0,
            account: Account::default(),
        }
    }

    /// The same, for the result of a window: what comes out of each blocking stage has its bounds.
    pub(super) fn within(mut self, bounds: Bounds, start: Value, end: Value) -> Self {
        self.bounds = Some((bounds, start, end));
        self
    }

    /// Tells the stages that go by time what is known of it before the first batch.
    pub(super) fn begin(&mut self, limits: WatermarkConfig, written: &[SourceInfo]) {
        for link in &mut self.links {
            if let ChainedOperator::Operator(operator) = link {
                operator.begin(limits, written);
            }
        }
    }

    /// As [`Chain::push`], of batches that have come together.
    pub(super) fn arrive(&mut self, arrival: Arrival, batches: Vec<Batch<'static>>) -> Vec<Batch<'static>> {
        self.source = arrival.source;
        for link in &mut self.links {
            if let ChainedOperator::Operator(operator) = link {
                operator.arrive(arrival);
            }
        }
        self.push(batches)
    }

    /// Time has moved without records: what comes out for that.
    pub(super) fn mark(&mut self, mark: Punctuation, arrival: Arrival) -> Vec<Batch<'static>> {
        let mut moved = Vec::new();
        for index in 0..self.links.len() {
            let (mut out, mut account) = (Vec::new(), Account::default());
            if let ChainedOperator::Operator(operator) = &mut self.links[index] {
                operator.mark(mark, arrival, &mut out, &mut account);
            }
            self.enter(index + 1, &mut account, &[]);
            moved.extend(self.push_from(index + 1, out));
        }
        moved
    }

    /// Takes the next batches in order; what comes out at once.
    pub(super) fn push(&mut self, batches: Vec<Batch<'static>>) -> Vec<Batch<'static>> {
        self.push_from(0, batches)
    }

    /// Nothing more comes in: what comes out at last.
    pub(super) fn finish(&mut self) -> Vec<Batch<'static>> {
        let mut last = Vec::new();
        for index in 0..self.links.len() {
            let (mut out, mut account) = (Vec::new(), Account::default());
            match &mut self.links[index] {
                ChainedOperator::Rows(_) => {}
                ChainedOperator::Operator(operator) => operator.finish(&mut out, &mut account),
                ChainedOperator::Grouped(partial, merged) => {
                    merged.add(partial.take(), self.executor);
                    out = match &self.bounds {
                        Some((_, Value::Time(start), Value::Time(end))) => {
                            let seconds = end.saturating_sub(*start) as f64 / 1e9;
                            merged.finish_after(seconds, self.executor)
                        }
                        _ => merged.finish(self.executor),
                    };
                    account.failures.append(merged.take_failures());
                }
            }
            if let Some((bounds, start, end)) = &self.bounds {
                out.iter_mut().for_each(|batch| set_bounds(batch, *bounds, start, end));
            }
            self.enter(index + 1, &mut account, &[]);
            last.extend(self.push_from(index + 1, out));
        }
        last
    }

    /// The first link that needs all records, if it makes one row of many, and what it would give if there were no
    /// more.
    pub(super) fn peek_groups(&mut self) -> Option<(usize, Vec<Batch<'static>>)> {
        let index = self.blocks.iter().position(|blocks| *blocks)?;
        let gives_records = matches!(&self.steps[index], MergeStep::Ordered(stage, _) if stage.gives_records());
        let rows = match &mut self.links[index] {
            ChainedOperator::Grouped(partial, merged) => {
                merged.add(partial.take(), self.executor);
                merged.snapshot(self.executor)
            }
            ChainedOperator::Operator(operator) if !gives_records => operator.snapshot(),
            ChainedOperator::Operator(_) | ChainedOperator::Rows(_) => return None,
        };
        Some((index, rows))
    }

    /// Nothing more comes in or out: the result is that of another chain, which was made for its last links.
    pub(super) fn end_with(&mut self, other: Chain<'p>) {
        self.links.clear();
        self.account.failures.append(other.account.failures);
        self.account.checks.append(other.account.checks);
    }

    /// What [`Chain::finish`] would give if nothing more came in; everything stays, and nobody is told of what
    /// does not fit. Nothing if no link needs all records: what there was to say has come out.
    pub(super) fn peek(&mut self) -> Vec<Batch<'static>> {
        let Some(first) = self.steps.iter().position(MergeStep::is_blocking) else {
            return Vec::new();
        };
        let mut rows = match &mut self.links[first] {
            ChainedOperator::Rows(_) => Vec::new(),
            ChainedOperator::Operator(operator) => operator.snapshot(),
            ChainedOperator::Grouped(partial, merged) => {
                merged.add(partial.take(), self.executor);
                merged.snapshot(self.executor)
            }
        };
        let behind = &self.steps[first + 1..];
        let mut rest = Chain::new(self.plan, behind, InputKind::Rows, self.executor);
        if let Some((bounds, start, end)) = &self.bounds {
            rows.iter_mut().for_each(|batch| set_bounds(batch, *bounds, start, end));
            rest = rest.within(*bounds, start.clone(), end.clone());
        }
        rest.all(rows)
    }

    /// What comes out if these batches are all.
    pub(super) fn all(&mut self, batches: Vec<Batch<'static>>) -> Vec<Batch<'static>> {
        let mut out = self.push(batches);
        out.extend(self.finish());
        out
    }

    /// Whether nothing that comes in can change what comes out.
    pub(super) fn is_done(&self) -> bool {
        let mut links = self.links.iter();
        self.account.checks.reached
            || links.any(|link| matches!(link, ChainedOperator::Operator(operator) if operator.is_done()))
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
        let mut account = Account::default();
        for index in first..self.links.len() {
            self.enter(index, &mut account, &batches);
            let mut out = Vec::with_capacity(batches.len());
            for mut batch in batches.into_iter().filter(|batch| batch.rows > 0) {
                match &mut self.links[index] {
                    ChainedOperator::Rows(step) => {
                        step.stage.apply(&mut batch, &step.live, &mut account);
                        out.push(batch);
                    }
                    ChainedOperator::Operator(operator) => operator.push(batch, &mut out, &mut account),
                    ChainedOperator::Grouped(partial, _) => {
                        partial.update_named(&batch, &self.account.failures, &mut account.failures)
                    }
                }
            }
            batches = out;
        }
        batches.retain(|batch| batch.rows > 0);
        self.enter(self.links.len(), &mut account, &batches);
        batches
    }

    /// Enters what the links up to this one say of the batches in front of it.
    fn enter(&mut self, index: usize, account: &mut Account, batches: &[Batch<'static>]) {
        let rejects = self.rejects.filter(|_| index < self.rows_end);
        let line = rejects.map(|rejects| rejects.line);
        let account = std::mem::replace(account, Account::keeping(line));
        let counts_records = self.records_end != NEVER && index <= self.records_end;
        if counts_records {
            self.account.filtered += account.filtered;
        }
        if index == self.records_end {
            let rows: usize = batches.iter().map(|batch| batch.rows).sum();
            self.passed += rows as u64;
        }
        if self.judges && index == self.records_end + 1 {
            self.account.filtered += account.filtered;
            self.account.late += account.late;
            self.passed -= account.filtered + account.late;
        }
        self.account.late_lines.extend(account.late_lines);
        self.account.jumps += account.jumps;
        if index <= self.rows_end {
            self.account.no_records += account.no_records;
            self.account.rejected += account.rejected;
            self.withdrawn += match counts_records {
                true => 0,
                false => account.rejected + account.no_records,
            };
            self.account.rejected_lines.extend(account.rejected_lines);
            self.account.first_rejected = self.account.first_rejected.take().or(account.first_rejected);
        } else {
            // The record that it was made of has passed: this is a value that is not what it should be.
            self.account.failures.append(Failures {
                count: account.rejected,
                first: account.first_rejected,
                ..Failures::default()
            });
        }
        self.account.failures.append(account.failures);
        self.account.checks.append(account.checks);
    }
}
