//! The coordinator's stages, one behind another.

use std::sync::Arc;

use crate::aggregate::{Aggregation, Executor, Merged, Partial};
use crate::data::Batch;
use crate::plan::{Exchange, MergeStep, Step};
use crate::stage::{Account, Operator};

/// Fresh operators for one result.
pub(super) struct Chain<'p> {
    links: Vec<Link<'p>>,
    executor: &'p dyn Executor,
    /// The first link that sees results of many records, or the number of links: behind it nothing
    /// counts records.
    records_end: usize,
    /// Records that came so far.
    pub(super) passed: u64,
    pub(super) account: Account,
}

#[allow(clippy::large_enum_variant, reason = "there are as many as stages")]
enum Link<'p> {
    Rows(&'p Step),
    Operator(Box<dyn Operator>),
    Grouped(Partial, Merged),
}

/// The workers have judged the records: nothing here counts them.
const NEVER: usize = usize::MAX;

impl<'p> Chain<'p> {
    /// The stages of a plan behind its exchange.
    pub(super) fn of(
        exchange: &Exchange,
        steps: &'p [MergeStep],
        executor: &'p dyn Executor,
    ) -> Self {
        let link = |step: &'p MergeStep| match step {
            MergeStep::Rows(step) => Link::Rows(step),
            MergeStep::Ordered(stage, live) => Link::Operator(stage.operator(live)),
            MergeStep::Grouped(aggregation) => {
                let of = |aggregation: &Arc<Aggregation>| Arc::clone(aggregation);
                Link::Grouped(Partial::new(of(aggregation)), Merged::new(of(aggregation)))
            }
        };
        let blocks = |step: &MergeStep| match step {
            MergeStep::Rows(_) => false,
            MergeStep::Ordered(stage, _) => stage.is_blocking(),
            MergeStep::Grouped(_) => true,
        };
        let records_end = match exchange {
            Exchange::Ordered(stage, _) if !stage.is_blocking() => {
                steps.iter().position(blocks).unwrap_or(steps.len())
            }
            _ => NEVER,
        };
        let links = steps.iter().map(link).collect();
        Chain {
            links,
            executor,
            records_end,
            passed: 0,
            account: Account::default(),
        }
    }

    /// Takes the next batches in order; what comes out at once.
    pub(super) fn push(&mut self, batches: Vec<Batch<'static>>) -> Vec<Batch<'static>> {
        self.push_from(0, batches)
    }

    /// Nothing more comes in: what comes out at last.
    pub(super) fn finish(&mut self) -> Vec<Batch<'static>> {
        let mut last = Vec::new();
        for index in 0..self.links.len() {
            let mut out = Vec::new();
            match &mut self.links[index] {
                Link::Rows(_) => {}
                Link::Operator(operator) => operator.finish(&mut out, &mut self.account),
                Link::Grouped(partial, merged) => {
                    merged.add(partial.take(), self.executor);
                    out = merged.finish(self.executor);
                }
            }
            last.extend(self.push_from(index + 1, out));
        }
        last
    }

    /// Whether nothing that comes in can change what comes out.
    pub(super) fn is_done(&self) -> bool {
        self.links
            .iter()
            .any(|link| matches!(link, Link::Operator(operator) if operator.is_done()))
    }

    fn push_from(&mut self, first: usize, batches: Vec<Batch<'static>>) -> Vec<Batch<'static>> {
        let mut batches = batches;
        // What stands behind a result is no record any more: of it, only troubles are counted.
        let mut account = Account::default();
        for index in first..self.links.len() {
            if index == self.records_end {
                self.enter(std::mem::take(&mut account), &batches);
            }
            let mut out = Vec::with_capacity(batches.len());
            for mut batch in batches.into_iter().filter(|batch| batch.rows > 0) {
                match &mut self.links[index] {
                    Link::Rows(step) => {
                        step.stage.apply(&mut batch, &step.live, &mut account);
                        out.push(batch);
                    }
                    Link::Operator(operator) => operator.push(batch, &mut out, &mut account),
                    Link::Grouped(partial, _) => partial.update(&batch, &mut account.failures),
                }
            }
            batches = out;
        }
        batches.retain(|batch| batch.rows > 0);
        if self.records_end == self.links.len() {
            self.enter(account, &batches);
        } else {
            self.account.rejected += account.rejected;
            self.account.first_rejected = self
                .account
                .first_rejected
                .take()
                .or(account.first_rejected);
            self.account.failures.append(account.failures);
        }
        batches
    }

    /// Enters records that have come through the stages that see records.
    fn enter(&mut self, account: Account, batches: &[Batch<'static>]) {
        let rows: usize = batches.iter().map(|batch| batch.rows).sum();
        self.passed += account.exploded.unwrap_or(rows as u64);
        self.account.filtered += account.filtered;
        self.account.rejected += account.rejected;
        self.account.first_rejected = self
            .account
            .first_rejected
            .take()
            .or(account.first_rejected);
        self.account.failures.append(account.failures);
    }
}
