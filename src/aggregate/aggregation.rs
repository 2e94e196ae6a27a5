//! What `count, sum(x) where c by y` was bound to.

use std::any::Any;
use std::ops::Range;
use std::sync::Arc;

use crate::data::{Batch, Column, Position, Slot, SlotSet, Value};
use crate::expr::{BoundExpr, FLOATS, Failures, Origin};

use super::accumulator::{Accumulator, AggregateSettings, Finish, RowGroups};
use super::partial::Partial;
use super::ranking::Ranking;
use super::{AggregateDef, ArgumentKind};

/// A list of aggregates with the keys they are grouped by.
#[derive(Debug)]
pub struct Aggregation {
    /// Empty without `by`: then there is one group, which is there even if no record is.
    pub keys: Vec<GroupKey>,
    /// At least one.
    pub aggregates: Vec<BoundAggregate>,
    /// In which order the groups come.
    pub ranking: Ranking,
    /// No sketches: exact at any size (`--exact`).
    pub exact: bool,
    /// Where the batches say which record a row is, if nothing else can tell whose value did not fit.
    pub origin: Option<Origin>,
}

/// One key.
#[derive(Debug)]
pub struct GroupKey {
    /// Its value.
    pub node: BoundExpr,
    /// Where the result holds it.
    pub slot: Slot,
}

/// One aggregate.
#[derive(Debug)]
pub struct BoundAggregate {
    /// The row of the table.
    pub def: &'static AggregateDef,
    /// What is aggregated; nothing for `count`.
    pub arguments: Vec<BoundExpr>,
    /// Which records count.
    pub condition: Option<BoundExpr>,
    /// Its name and constant.
    pub settings: AggregateSettings,
    /// The number of an aggregate before it that keeps the same states: `p50(x), p99(x)` keep the values once.
    pub shares: Option<usize>,
    /// Where the result holds it: one column, but for aggregates that have several.
    pub slots: Vec<Slot>,
}

impl Aggregation {
    /// Adds every slot that is read.
    pub fn reads(&self, slots: &mut SlotSet) {
        self.keys.iter().for_each(|key| key.node.reads(slots));
        for aggregate in &self.aggregates {
            aggregate.arguments.iter().chain(&aggregate.condition).for_each(|node| node.reads(slots));
        }
        if let Some(origin) = self.origin {
            origin.reads(slots);
        }
    }

    /// Whether a value of a record may not fit.
    pub fn may_fail(&self) -> bool {
        let has_values = |aggregate: &BoundAggregate| !aggregate.arguments.is_empty() || aggregate.condition.is_some();
        let is_computed = |key: &GroupKey| !matches!(key.node, BoundExpr::Field(..));
        self.aggregates.iter().any(has_values) || self.keys.iter().any(is_computed)
    }

    /// Adds a batch, and names the record of the first value that does not fit unless that one is in `known`.
    pub fn add_named<R>(
        self: &Arc<Self>,
        batch: &Batch<'_>,
        known: &Failures,
        failures: &mut Failures,
        add: impl FnOnce(&mut Failures) -> R,
    ) -> R {
        let Some(origin) = self.origin else {
            return add(failures);
        };
        let mut own = Failures::default();
        let result = add(&mut own);
        if own.has_new_first(known) && own.has_new_first(failures) {
            own.name_first(origin, batch, |row| {
                let mut found = Failures::default();
                let one = batch.pick(&[row as u32], &batch.slots());
                Partial::new(Arc::clone(self)).update(&one, &mut found);
                found
            });
        }
        failures.append(own);
        result
    }

    /// Whether the order of the records matters to the result.
    pub fn is_ordered(&self) -> bool {
        self.aggregates.iter().any(|aggregate| aggregate.def.ordered)
    }

    /// An accumulator for each aggregate.
    pub(super) fn accumulators(&self) -> Vec<Box<dyn Accumulator>> {
        let accumulator = |aggregate: &BoundAggregate| {
            if aggregate.shares.is_some() {
                return Box::new(SharedStates) as Box<dyn Accumulator>;
            }
            (aggregate.def.accumulator)(&AggregateSettings { exact: self.exact, ..aggregate.settings.clone() })
        };
        self.aggregates.iter().map(accumulator).collect()
    }

    /// The results of all aggregates: for each its columns.
    pub(super) fn finish(&self, accumulators: &[Box<dyn Accumulator>], seconds: f64) -> Vec<Vec<Column<'static>>> {
        let finish = |(index, aggregate): (usize, &BoundAggregate)| {
            accumulators[aggregate.shares.unwrap_or(index)]
                .finish(&Finish { constant: aggregate.settings.constant, seconds })
        };
        self.aggregates.iter().enumerate().map(finish).collect()
    }

    /// The results that are null because they are beyond the range of floats: `columns` are those of
    /// [`Aggregation::finish`].
    pub(super) fn beyond(&self, accumulators: &[Box<dyn Accumulator>], columns: &[Vec<Column<'static>>]) -> Failures {
        let mut failures = Failures::default();
        for ((aggregate, accumulator), columns) in self.aggregates.iter().zip(accumulators).zip(columns) {
            let (ArgumentKind::Number, Some(results)) = (aggregate.def.argument, columns.first()) else {
                continue;
            };
            for group in 0..results.len() {
                if results.get(group).is_null() && accumulator.is_beyond(group) {
                    failures.add_beyond(&aggregate.settings.name, FLOATS);
                }
            }
        }
        failures
    }
}

/// Stands where an aggregate has no states of its own.
struct SharedStates;

impl Accumulator for SharedStates {
    fn resize(&mut self, _groups: usize) {}

    fn update(
        &mut self,
        _groups: RowGroups<'_>,
        _arguments: &[&Column<'_>],
        _position: Position,
        _failures: &mut Failures,
    ) {
    }

    fn merge(&mut self, _other: &dyn Accumulator, _from: Range<usize>, _to: &[u32]) {}

    fn take_groups(&mut self, _order: &[u32]) -> Box<dyn Accumulator> {
        Box::new(SharedStates)
    }

    fn finish(&self, _finish: &Finish) -> Vec<Column<'static>> {
        Vec::new()
    }

    fn result(&self, _group: usize, _finish: &Finish) -> Vec<Value> {
        Vec::new()
    }

    fn can_subtract(&self) -> bool {
        true
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
