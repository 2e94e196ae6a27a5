//! A bound `count, sum(x) where c by y`.

use std::any::Any;
use std::ops::Range;
use std::sync::Arc;

use crate::data::persist::{StateError, StateReader};
use crate::data::{Batch, Column, ColumnBuilder, HeapBytes, Position, Slot, SlotSet, Value};
use crate::expr::{BoundExpr, Failures, Origin};
use crate::group::{Keys, with_key_values};

use super::AggregateDef;
use super::accumulator::{Accumulator, AggregateSettings, Finish, RowGroups};
use super::partial::Partial;
use super::ranking::Ranking;

/// A list of aggregates with the keys they are grouped by.
#[derive(Debug)]
pub struct Aggregation {
    /// Empty without `by`: then there is exactly one group, even if there are no records.
    pub keys: Vec<GroupKey>,
    /// At least one; those that are items by themselves come first.
    pub aggregates: Vec<BoundAggregate>,
    /// Columns computed from the keys and results of each group.
    pub computed: Vec<ComputedColumn>,
    /// The column that orders the groups.
    pub first: FirstColumn,
    /// Order of the groups.
    pub ranking: Ranking,
    /// Disables sketches: exact at any size (`--exact`).
    pub exact: bool,
    /// Slots that identify the record of a row, if failures cannot be located otherwise.
    pub origin: Option<Origin>,
}

/// A grouping key.
#[derive(Debug)]
pub struct GroupKey {
    /// Its expression.
    pub node: BoundExpr,
    /// The slot of its result column.
    pub slot: Slot,
}

/// A bound aggregate.
#[derive(Debug)]
pub struct BoundAggregate {
    /// Its table row.
    pub def: &'static AggregateDef,
    /// Its arguments; empty for `count`.
    pub arguments: Vec<BoundExpr>,
    /// Filter: only records for which it is true count.
    pub condition: Option<BoundExpr>,
    /// Its name and constant.
    pub settings: AggregateSettings,
    /// Index of an earlier aggregate with the same states: `p50(x), p99(x)` keep the values once.
    pub shares: Option<usize>,
    /// The slots of its result columns; usually one.
    pub slots: Vec<Slot>,
    /// True if only computed columns read its result.
    pub is_operand: bool,
}

/// A column computed from the keys and results of each group.
#[derive(Debug)]
pub struct ComputedColumn {
    /// Its expression; it reads the slots of keys and aggregates.
    pub node: BoundExpr,
    /// The slot of the column.
    pub slot: Slot,
}

/// The column that orders the groups: that of the first item.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FirstColumn {
    /// The first aggregate.
    #[default]
    Aggregate,
    /// The first computed column.
    Computed,
}

impl Aggregation {
    /// Adds every slot that the keys and aggregates read.
    pub fn reads(&self, slots: &mut SlotSet) {
        self.keys.iter().for_each(|key| key.node.reads(slots));
        for aggregate in &self.aggregates {
            aggregate.arguments.iter().chain(&aggregate.condition).for_each(|node| node.reads(slots));
        }
        if let Some(origin) = self.origin {
            origin.reads(slots);
        }
    }

    /// True if a value of a record may have the wrong type.
    pub fn may_fail(&self) -> bool {
        let has_values = |aggregate: &BoundAggregate| !aggregate.arguments.is_empty() || aggregate.condition.is_some();
        let is_computed = |key: &GroupKey| !matches!(key.node, BoundExpr::Field(..));
        self.aggregates.iter().any(has_values) || self.keys.iter().any(is_computed)
    }

    /// Runs `add` on a batch and names the record of the first failure, unless that failure is already in `known`.
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
                let one = batch.select(&[row as u32], &batch.slots());
                Partial::new(Arc::clone(self)).update(&one, &mut found);
                found
            });
        }
        failures.append(own);
        result
    }

    /// True if the result depends on the order of the records.
    pub fn is_ordered(&self) -> bool {
        self.aggregates.iter().any(|aggregate| aggregate.def.ordered)
    }

    /// Creates one accumulator per aggregate.
    pub(super) fn accumulators(&self) -> Vec<Box<dyn Accumulator>> {
        let accumulator = |aggregate: &BoundAggregate| {
            if aggregate.shares.is_some() {
                return Box::new(SharedStates) as Box<dyn Accumulator>;
            }
            (aggregate.def.accumulator)(&AggregateSettings { exact: self.exact, ..aggregate.settings.clone() })
        };
        self.aggregates.iter().map(accumulator).collect()
    }

    /// Returns the result columns of each aggregate, then the computed ones.
    pub(super) fn finish(
        &self,
        accumulators: &[Box<dyn Accumulator>],
        keys: &Keys,
        seconds: f64,
        failures: &mut Failures,
    ) -> Vec<Vec<Column<'static>>> {
        let mut columns = self.results(accumulators, seconds);
        failures.append(self.beyond(accumulators, &columns));
        self.compute(&mut columns, keys, failures);
        columns
    }

    /// Like [`Aggregation::finish`], for results that are not final: failures are not counted.
    pub(super) fn snapshot(
        &self,
        accumulators: &[Box<dyn Accumulator>],
        keys: &Keys,
        seconds: f64,
    ) -> Vec<Vec<Column<'static>>> {
        let mut columns = self.results(accumulators, seconds);
        self.compute(&mut columns, keys, &mut Failures::default());
        columns
    }

    /// Returns the result columns of each aggregate.
    pub(super) fn results(&self, accumulators: &[Box<dyn Accumulator>], seconds: f64) -> Vec<Vec<Column<'static>>> {
        let finish = |(index, aggregate): (usize, &BoundAggregate)| {
            let BoundAggregate { def, settings, shares, .. } = aggregate;
            let finish = Finish { constant: settings.constant, seconds, interpolates: def.interpolates };
            accumulators[shares.unwrap_or(index)].finish(&finish)
        };
        self.aggregates.iter().enumerate().map(finish).collect()
    }

    /// Adds the computed columns to those of the aggregates.
    fn compute(&self, columns: &mut Vec<Vec<Column<'static>>>, keys: &Keys, failures: &mut Failures) {
        if self.computed.is_empty() {
            return;
        }
        let mut read = SlotSet::default();
        self.computed.iter().for_each(|computed| computed.node.reads(&mut read));
        let mut batch = Batch::new(keys.len(), Position(0));
        for (aggregate, columns) in self.aggregates.iter().zip(&*columns) {
            for (slot, column) in aggregate.slots.iter().zip(columns).filter(|(slot, _)| read.contains(**slot)) {
                batch.set(*slot, column.clone());
            }
        }
        if self.keys.iter().any(|key| read.contains(key.slot)) {
            let mut builders: Vec<ColumnBuilder> = self.keys.iter().map(|_| ColumnBuilder::new(keys.len())).collect();
            let mut short = [0; 16];
            for group in 0..keys.len() {
                let (kind, bytes) = keys.get(group, &mut short);
                with_key_values(kind, bytes, &mut builders, |builder, value| builder.push(value));
            }
            for (key, builder) in self.keys.iter().zip(builders) {
                batch.set(key.slot, builder.finish());
            }
        }
        columns.extend(self.compute_from(&batch, failures).into_iter().map(|column| vec![column]));
    }

    /// Returns the computed columns of some groups; `batch` has the columns of their keys and aggregates.
    pub(super) fn compute_from(&self, batch: &Batch<'static>, failures: &mut Failures) -> Vec<Column<'static>> {
        let computed = self.computed.iter();
        computed.map(|computed| computed.node.eval_all(batch, failures).into_owned()).collect()
    }

    /// The column that orders the groups, among those of [`Aggregation::finish`].
    pub(super) fn first_of<'c>(&self, columns: &'c [Vec<Column<'static>>]) -> &'c Column<'static> {
        match self.first {
            FirstColumn::Aggregate => &columns[0][0],
            FirstColumn::Computed => &columns[self.aggregates.len()][0],
        }
    }

    /// The slot of the column that orders the groups.
    pub(super) fn first_slot(&self) -> Slot {
        match self.first {
            FirstColumn::Aggregate => self.aggregates[0].slots[0],
            FirstColumn::Computed => self.computed[0].slot,
        }
    }

    /// The columns of the result besides the keys: each with its slot, and its place among those of
    /// [`Aggregation::finish`].
    pub(super) fn result_columns(&self) -> impl Iterator<Item = (Slot, (usize, usize))> {
        let aggregates = self.aggregates.iter().enumerate().filter(|(_, aggregate)| !aggregate.is_operand);
        let aggregates = aggregates.flat_map(|(index, aggregate)| {
            aggregate.slots.iter().enumerate().map(move |(column, slot)| (*slot, (index, column)))
        });
        let computed = self.computed.iter().enumerate();
        aggregates.chain(computed.map(|(index, computed)| (computed.slot, (self.aggregates.len() + index, 0))))
    }

    /// Counts results that are null although there are values, and values that lists have no room for; `columns` come from
    /// [`Aggregation::results`].
    pub(super) fn beyond(&self, accumulators: &[Box<dyn Accumulator>], columns: &[Vec<Column<'static>>]) -> Failures {
        let mut failures = Failures::default();
        for (index, (aggregate, columns)) in self.aggregates.iter().zip(columns).enumerate() {
            let accumulator = &accumulators[aggregate.shares.unwrap_or(index)];
            failures.left_out += accumulator.left_out();
            let Some(results) = columns.first().filter(|_| aggregate.def.argument.is_numeric()) else {
                continue;
            };
            for group in 0..results.len() {
                if results.get(group).is_null()
                    && let Some(reason) = accumulator.null_reason(group)
                {
                    failures.add_null(&aggregate.settings.name, reason);
                }
            }
        }
        failures
    }
}

/// Placeholder accumulator of an aggregate that shares the states of another.
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

    fn save_groups(&self, _groups: &[u32], _out: &mut Vec<u8>) {}

    fn load_groups(&mut self, _groups: usize, _input: &mut StateReader<'_>) -> Result<(), StateError> {
        Ok(())
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

impl HeapBytes for SharedStates {
    fn heap_bytes(&self) -> usize {
        0
    }
}
