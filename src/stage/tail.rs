//! `tail N`: the last N records.

use std::sync::Arc;

use super::saved_batches::{count_rows, load_batches, save_batches};
use super::{BoundStage, Operator, OrderedStage, RecordCounts, StageDef, StageRole};
use crate::data::budget::{BatchQueue, Budget};
use crate::data::persist::{StateError, StateReader, Stateful};
use crate::data::{Batch, Entry, Example, HeapBytes, SlotSet};
use crate::expr::Scope;
use crate::lang::{Diagnostics, ast};

pub(super) const TAIL: StageDef = StageDef {
    entry: Entry {
        name: "tail",
        usage: "tail N",
        summary: "Keep the last N records.",
        details: "",
        examples: &[Example { expr: "tail 2", input: "a\nb\nc\n", output: "b\nc\n" }],
    },
    chooses_columns: false,
    role: StageRole::Ordinary,
    bind,
};

fn bind(stage: &ast::Stage, _scope: &mut Scope) -> Result<BoundStage, Diagnostics> {
    let rows = super::only_number(stage, &TAIL.entry, "a number of records")?;
    Ok(BoundStage::Ordered(Vec::new(), Box::new(Tail { rows })))
}

/// Keeps the last rows.
#[derive(Debug)]
struct Tail {
    rows: usize,
}

impl OrderedStage for Tail {
    fn reads(&self, _slots: &mut SlotSet) {}

    fn is_blocking(&self) -> bool {
        true
    }

    fn merges_parts(&self) -> bool {
        true
    }

    fn memory(&self) -> String {
        format!("{} records, in files over --memory", self.rows)
    }

    fn reduce(&self, batch: &mut Batch<'_>, live: &SlotSet, _account: &mut RecordCounts) {
        keep_last(batch, self.rows, live);
    }

    fn operator(&self, live: &SlotSet) -> Box<dyn Operator> {
        let queue = BatchQueue::new(TAIL.entry.name, &Budget::unlimited());
        Box::new(TailOperator { rows: self.rows, live: live.clone(), held: queue, is_ending: false })
    }
}

/// The batches that hold the last rows.
struct TailOperator {
    rows: usize,
    live: SlotSet,
    held: BatchQueue,
    /// The rows before the last ones were dropped.
    is_ending: bool,
}

impl Operator for TailOperator {
    fn limit(&mut self, budget: &Arc<Budget>) {
        self.held.limit(budget);
    }

    fn push(&mut self, batch: Batch<'static>, _out: &mut Vec<Batch<'static>>, _account: &mut RecordCounts) {
        self.held.push(batch);
        while let Some(oldest) = self.held.first_rows()
            && self.held.rows() - oldest >= self.rows
        {
            self.held.drop_first();
        }
    }

    fn finish(&mut self, out: &mut Vec<Batch<'static>>, _account: &mut RecordCounts) {
        let surplus = if self.is_ending { 0 } else { self.surplus() };
        self.is_ending = true;
        if let Some(mut oldest) = self.held.pop() {
            let rows = oldest.rows.saturating_sub(surplus);
            keep_last(&mut oldest, rows, &self.live);
            out.push(oldest);
        }
    }

    fn has_more(&self) -> bool {
        !self.held.is_empty()
    }

    fn snapshot(&self) -> Vec<Batch<'static>> {
        let mut held: Vec<Batch<'static>> = self.held.iter().collect();
        if let Some(oldest) = held.first_mut() {
            let rows = oldest.rows.saturating_sub(self.surplus());
            keep_last(oldest, rows, &self.live);
        }
        held
    }
}

impl TailOperator {
    /// The number of rows of the oldest batch that are not among the last ones.
    fn surplus(&self) -> usize {
        self.held.rows().saturating_sub(self.rows)
    }
}

impl Stateful for TailOperator {
    fn save_state(&self, out: &mut Vec<u8>) {
        save_batches(self.held.iter().collect::<Vec<_>>().iter(), out);
    }

    fn load_state(&mut self, input: &mut StateReader<'_>) -> Result<(), StateError> {
        let held = load_batches(&[], input)?;
        let rows = count_rows(&held);
        if held.first().is_some_and(|oldest| rows - oldest.rows >= self.rows) {
            return Err(StateError::Damaged); // it is not among the last rows
        }
        held.into_iter().for_each(|batch| self.held.push(batch));
        Ok(())
    }
}

impl HeapBytes for TailOperator {
    fn heap_bytes(&self) -> usize {
        self.held.heap_bytes()
    }
}

fn keep_last(batch: &mut Batch<'_>, rows: usize, live: &SlotSet) {
    if rows < batch.rows {
        batch.keep_rows(&((batch.rows - rows) as u32..batch.rows as u32).collect::<Vec<_>>(), live);
    }
}
