//! `running AGG, …` at run time: workers compute the inputs of the aggregates, the coordinator adds them up in order.

use std::sync::Arc;

use super::running::RUNNING;
use super::{Memory, Operator, OrderedStage, RecordCounts, RowStage};
use crate::aggregate::{Recent, RunningAggregate, RunningAggregation, RunningStates};
use crate::data::budget::HeldState;
use crate::data::persist::{StateError, StateReader, Stateful};
use crate::data::{Batch, Column, ColumnBuilder, HeapBytes, Slot, SlotSet, Stopwatch, Ternary, ValueRef};
use crate::expr::{BoundExpr, Rows, Scope};

/// Computes the inputs of an aggregate on the workers: its condition, and its arguments where the condition is true.
#[derive(Default)]
pub struct RunningInputs {
    condition: Option<(BoundExpr, Slot)>,
    values: Vec<(BoundExpr, Slot)>,
}

impl RunningInputs {
    /// Sets the condition and returns its slot.
    pub fn condition(&mut self, node: BoundExpr, scope: &Scope) -> Slot {
        let slot = scope.new_slot();
        self.condition = Some((node, slot));
        slot
    }

    /// Returns the slot of an expression's value: its field, or a new column of this step.
    pub fn value(&mut self, node: BoundExpr, scope: &Scope) -> Slot {
        match node {
            BoundExpr::Field(slot, _) => slot,
            node => {
                let slot = scope.new_slot();
                self.values.push((node, slot));
                slot
            }
        }
    }
}

impl RowStage for RunningInputs {
    fn reads(&self, slots: &mut SlotSet) {
        let condition = self.condition.iter();
        let nodes = condition.chain(&self.values);
        nodes.for_each(|(node, _)| node.reads(slots));
    }

    fn makes(&self) -> Vec<Slot> {
        let condition = self.condition.iter();
        condition.chain(&self.values).map(|(_, slot)| *slot).collect()
    }

    fn only_makes(&self) -> bool {
        true
    }

    fn apply(&self, batch: &mut Batch<'_>, live: &SlotSet, counts: &mut RecordCounts) {
        let mut made = Vec::new();
        let mut rows: Option<Vec<u32>> = None;
        if let Some((condition, slot)) = &self.condition {
            let truths = condition.truths(batch, Rows::All(batch.rows), &mut counts.failures);
            let is_true = |row: &u32| truths[*row as usize] == Ternary::True;
            rows = Some((0..batch.rows as u32).filter(is_true).collect());
            made.push((*slot, Column::Bool(truths)));
        }
        for (node, slot) in &self.values {
            let column = match &rows {
                None => node.eval_all(batch, &mut counts.failures).into_owned(),
                Some(rows) => {
                    let some = node.eval(batch, Rows::Some(rows), &mut counts.failures);
                    scattered(&some, rows, batch.rows)
                }
            };
            made.push((*slot, column));
        }
        batch.retain(live);
        made.into_iter().for_each(|(slot, column)| batch.set(slot, column));
    }
}

/// Spreads the values of some rows over all rows, with null elsewhere.
fn scattered<'a>(some: &Column<'a>, rows: &[u32], all: usize) -> Column<'a> {
    if rows.len() == all {
        return some.clone();
    }
    let mut builder = ColumnBuilder::new(all);
    let mut values = rows.iter().enumerate().peekable();
    for row in 0..all as u32 {
        let value = values.next_if(|(_, own)| **own == row);
        builder.push(value.map_or(ValueRef::Null, |(index, _)| some.get(index)));
    }
    builder.finish()
}

/// The stage of `running` aggregates.
pub struct RunningStage {
    aggregation: Arc<RunningAggregation>,
}

impl RunningStage {
    /// The stage of a bound `running`.
    pub fn new(aggregation: Arc<RunningAggregation>) -> RunningStage {
        RunningStage { aggregation }
    }
}

impl OrderedStage for RunningStage {
    fn reads(&self, slots: &mut SlotSet) {
        self.aggregation.reads(slots);
    }

    fn keys(&self) -> Vec<Slot> {
        self.aggregation.keys.clone()
    }

    fn makes(&self) -> Vec<Slot> {
        self.aggregation.makes()
    }

    fn is_blocking(&self) -> bool {
        false
    }

    fn is_immediate(&self) -> bool {
        true
    }

    fn is_stateful(&self) -> bool {
        true
    }

    fn remember(&mut self, memory: &Memory) {
        if let Some(aggregation) = Arc::get_mut(&mut self.aggregation) {
            aggregation.forget = memory.forget;
            aggregation.exact = memory.exact;
            aggregation.bounds = memory.bounds;
        }
    }

    fn memory(&self) -> String {
        let keys = match self.aggregation.keys.len() {
            0 => "one state",
            _ => "a state for each distinct key",
        };
        let is_interval = |aggregate: &RunningAggregate| matches!(aggregate.over, Some(Recent::Interval(_)));
        match self.aggregation.aggregates.iter().any(is_interval) {
            true => format!("{keys}, and the records of its last interval"),
            false => keys.to_owned(),
        }
    }

    fn reduce(&self, batch: &mut Batch<'_>, live: &SlotSet, _account: &mut RecordCounts) {
        let mut needed = live.clone();
        self.reads(&mut needed);
        batch.retain(&needed);
    }

    fn operator(&self, live: &SlotSet) -> Box<dyn Operator> {
        Box::new(RunningOperator { running: RunningStates::new(Arc::clone(&self.aggregation)), live: live.clone() })
    }
}

/// Adds the running results to each batch.
struct RunningOperator {
    running: RunningStates,
    live: SlotSet,
}

impl Operator for RunningOperator {
    fn held(&self) -> Option<HeldState> {
        Some(HeldState {
            stage: RUNNING.entry.name,
            contents: format!("{} keys", self.running.keys()),
            can_forget: true,
        })
    }

    fn start(&mut self, run: Stopwatch) {
        self.running.start(run);
    }

    fn push(&mut self, mut batch: Batch<'static>, out: &mut Vec<Batch<'static>>, counts: &mut RecordCounts) {
        let results = self.running.push(&batch, &mut counts.failures);
        batch.retain(&self.live);
        for (slot, column) in results {
            if self.live.contains(slot) {
                batch.set(slot, column);
            }
        }
        out.push(batch);
    }
}

impl Stateful for RunningOperator {
    fn save_state(&self, out: &mut Vec<u8>) {
        self.running.save_state(out);
    }

    fn load_state(&mut self, input: &mut StateReader<'_>) -> Result<(), StateError> {
        self.running.load_state(input)
    }
}

impl HeapBytes for RunningOperator {
    fn heap_bytes(&self) -> usize {
        self.running.heap_bytes()
    }
}
