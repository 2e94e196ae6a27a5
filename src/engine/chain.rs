//! The coordinator's stages, one behind another.

use std::sync::Arc;

use crate::aggregate::{Aggregation, Executor, Merged, Partial};
use crate::data::Batch;
use crate::expr::Failures;
use crate::plan::{MergeStep, Step};
use crate::stage::Operator;

/// Fresh operators for one result.
pub(super) struct Chain<'p> {
    links: Vec<Link<'p>>,
    executor: &'p dyn Executor,
}

#[allow(clippy::large_enum_variant, reason = "there are as many as stages")]
enum Link<'p> {
    Rows(&'p Step),
    Operator(Box<dyn Operator>),
    Grouped(Partial, Merged),
}

impl<'p> Chain<'p> {
    /// The stages of a plan behind its exchange.
    pub(super) fn of(steps: &'p [MergeStep], executor: &'p dyn Executor) -> Self {
        let link = |step: &'p MergeStep| match step {
            MergeStep::Rows(step) => Link::Rows(step),
            MergeStep::Ordered(stage, live) => Link::Operator(stage.operator(live)),
            MergeStep::Grouped(aggregation) => {
                let of = |aggregation: &Arc<Aggregation>| Arc::clone(aggregation);
                Link::Grouped(Partial::new(of(aggregation)), Merged::new(of(aggregation)))
            }
        };
        Chain {
            links: steps.iter().map(link).collect(),
            executor,
        }
    }

    /// Takes the next batches in order; what comes out at once.
    pub(super) fn push(
        &mut self,
        batches: Vec<Batch<'static>>,
        failures: &mut Failures,
    ) -> Vec<Batch<'static>> {
        self.push_from(0, batches, failures)
    }

    /// Nothing more comes in: what comes out at last.
    pub(super) fn finish(&mut self, failures: &mut Failures) -> Vec<Batch<'static>> {
        let mut last = Vec::new();
        for index in 0..self.links.len() {
            let mut out = Vec::new();
            match &mut self.links[index] {
                Link::Rows(_) => {}
                Link::Operator(operator) => operator.finish(&mut out, failures),
                Link::Grouped(partial, merged) => {
                    merged.add(partial.take(), self.executor);
                    out = merged.finish(self.executor);
                }
            }
            last.extend(self.push_from(index + 1, out, failures));
        }
        last
    }

    /// Whether nothing that comes in can change what comes out.
    pub(super) fn is_done(&self) -> bool {
        self.links
            .iter()
            .any(|link| matches!(link, Link::Operator(operator) if operator.is_done()))
    }

    fn push_from(
        &mut self,
        first: usize,
        batches: Vec<Batch<'static>>,
        failures: &mut Failures,
    ) -> Vec<Batch<'static>> {
        let mut batches = batches;
        for link in &mut self.links[first..] {
            let mut out = Vec::with_capacity(batches.len());
            for mut batch in batches.into_iter().filter(|batch| batch.rows > 0) {
                match link {
                    Link::Rows(step) => {
                        step.stage.apply(&mut batch, &step.live, failures);
                        out.push(batch);
                    }
                    Link::Operator(operator) => operator.push(batch, &mut out, failures),
                    Link::Grouped(partial, _) => partial.update(&batch, failures),
                }
            }
            batches = out;
        }
        batches.retain(|batch| batch.rows > 0);
        batches
    }
}
