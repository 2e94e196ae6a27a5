//! The step before a stage with `total(x)`: it holds the rows of a result until their sum is known.

use std::sync::Arc;

use super::saved_batches::{load_batches, save_batches};
use super::{Operator, OrderedStage, RecordCounts};
use crate::data::budget::{BatchQueue, Budget};
use crate::data::persist::{Persist, StateError, StateReader, Stateful};
use crate::data::{Batch, Column, ExactSum, HeapBytes, Slot, SlotSet, Value, ValueRef, expected_summand};
use crate::expr::{FLOATS, Scope, Total};

/// Returns the steps for the totals requested since the last call, in the order needed.
pub fn totals(scope: &Scope) -> Vec<Box<dyn OrderedStage>> {
    let step = |total| Box::new(TotalStage { total }) as Box<dyn OrderedStage>;
    scope.take_totals().into_iter().map(step).collect()
}

/// Adds a column with the sum to all rows.
#[derive(Debug)]
struct TotalStage {
    total: Total,
}

impl OrderedStage for TotalStage {
    fn reads(&self, slots: &mut SlotSet) {
        self.total.node.reads(slots);
    }

    fn makes(&self) -> Vec<Slot> {
        vec![self.total.slot]
    }

    fn is_blocking(&self) -> bool {
        true
    }

    fn memory(&self) -> String {
        "all rows of the result, in files over --memory".to_owned()
    }

    fn reduce(&self, _batch: &mut Batch<'_>, _live: &SlotSet, _account: &mut RecordCounts) {}

    fn operator(&self, live: &SlotSet) -> Box<dyn Operator> {
        let held = BatchQueue::new(SPILLED, &Budget::unlimited());
        let (total, live) = (self.total.clone(), live.clone());
        Box::new(TotalOperator { total, live, sum: None, held, is_ending: false })
    }
}

/// The rows so far and their sum; `None` without numbers.
struct TotalOperator {
    total: Total,
    live: SlotSet,
    sum: Option<ExactSum>,
    held: BatchQueue,
    /// The sum is final.
    is_ending: bool,
}

/// The name under which spilled rows are counted.
const SPILLED: &str = "total";

impl TotalOperator {
    fn sum(&self) -> Value {
        self.sum.as_ref().map_or(Value::Null, ExactSum::value)
    }

    fn add(&mut self, value: ValueRef<'_>, counts: &mut RecordCounts) {
        match value.as_exact() {
            _ if value.is_blank() => {}
            Some(number) => self.sum.get_or_insert_default().add_exact(number),
            None => {
                let expected = expected_summand(value);
                counts.failures.add(&self.total.text, expected, value);
            }
        }
    }
}

impl Operator for TotalOperator {
    fn limit(&mut self, budget: &Arc<Budget>) {
        self.held.limit(budget);
    }

    fn push(&mut self, mut batch: Batch<'static>, _out: &mut Vec<Batch<'static>>, counts: &mut RecordCounts) {
        let column = self.total.node.eval_all(&batch, &mut counts.failures).into_owned();
        for row in 0..batch.rows {
            self.add(column.get(row), counts);
        }
        batch.retain(&self.live);
        self.held.push(batch);
    }

    fn finish(&mut self, out: &mut Vec<Batch<'static>>, counts: &mut RecordCounts) {
        let sum = self.sum();
        let is_first = !std::mem::replace(&mut self.is_ending, true);
        if is_first && self.sum.is_some() && sum == Value::Null {
            counts.failures.add_beyond(&self.total.text, FLOATS);
        }
        if let Some(mut batch) = self.held.pop() {
            batch.set(self.total.slot, Column::Constant(sum, batch.rows));
            out.push(batch);
        }
    }

    fn has_more(&self) -> bool {
        !self.held.is_empty()
    }

    fn snapshot(&self) -> Vec<Batch<'static>> {
        let sum = self.sum();
        let held = self.held.iter();
        let with_sum = |mut batch: Batch<'static>| {
            batch.set(self.total.slot, Column::Constant(sum.clone(), batch.rows));
            batch
        };
        held.map(with_sum).collect()
    }
}

impl Stateful for TotalOperator {
    fn save_state(&self, out: &mut Vec<u8>) {
        self.sum.save(out);
        save_batches(self.held.iter().collect::<Vec<_>>().iter(), out);
    }

    fn load_state(&mut self, input: &mut StateReader<'_>) -> Result<(), StateError> {
        self.sum = Option::load(input)?;
        load_batches(&[], input)?.into_iter().for_each(|batch| self.held.push(batch));
        Ok(())
    }
}

impl HeapBytes for TotalOperator {
    fn heap_bytes(&self) -> usize {
        self.sum.heap_bytes() + self.held.heap_bytes()
    }
}
