//! `tail N`: the last N records.

use std::collections::VecDeque;

use super::saved_batches::{count_rows, load_batches, save_batches};
use super::{BoundStage, Operator, OrderedStage, RecordCounts, StageDef, StageRole};
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
        format!("{} records", self.rows)
    }

    fn reduce(&self, batch: &mut Batch<'_>, live: &SlotSet, _account: &mut RecordCounts) {
        keep_last(batch, self.rows, live);
    }

    fn operator(&self, live: &SlotSet) -> Box<dyn Operator> {
        Box::new(Held { rows: self.rows, live: live.clone(), held: VecDeque::new(), held_rows: 0 })
    }
}

/// The batches that hold the last rows.
struct Held {
    rows: usize,
    live: SlotSet,
    held: VecDeque<Batch<'static>>,
    held_rows: usize,
}

impl Operator for Held {
    fn push(&mut self, batch: Batch<'static>, _out: &mut Vec<Batch<'static>>, _account: &mut RecordCounts) {
        self.held_rows += batch.rows;
        self.held.push_back(batch);
        while let Some(oldest) = self.held.front()
            && self.held_rows - oldest.rows >= self.rows
        {
            self.held_rows -= oldest.rows;
            self.held.pop_front();
        }
    }

    fn finish(&mut self, out: &mut Vec<Batch<'static>>, _account: &mut RecordCounts) {
        let held = self.held.drain(..).collect();
        out.append(&mut self.last(held));
    }

    fn snapshot(&self) -> Vec<Batch<'static>> {
        self.last(self.held.iter().cloned().collect())
    }
}

impl Held {
    /// Returns the last rows of all that is held.
    fn last(&self, mut held: Vec<Batch<'static>>) -> Vec<Batch<'static>> {
        if let Some(oldest) = held.first_mut() {
            let others = self.held_rows - oldest.rows;
            keep_last(oldest, self.rows.saturating_sub(others), &self.live);
        }
        held
    }
}

impl Stateful for Held {
    fn save_state(&self, out: &mut Vec<u8>) {
        save_batches(self.held.iter(), out);
    }

    fn load_state(&mut self, input: &mut StateReader<'_>) -> Result<(), StateError> {
        let held = load_batches(&[], input)?;
        self.held_rows = count_rows(&held);
        if held.first().is_some_and(|oldest| self.held_rows - oldest.rows >= self.rows) {
            return Err(StateError::Damaged); // it is not among the last rows
        }
        self.held = held.into();
        Ok(())
    }
}

impl HeapBytes for Held {
    fn heap_bytes(&self) -> usize {
        self.held.heap_bytes()
    }
}

fn keep_last(batch: &mut Batch<'_>, rows: usize, live: &SlotSet) {
    if rows < batch.rows {
        batch.keep_rows(&((batch.rows - rows) as u32..batch.rows as u32).collect::<Vec<_>>(), live);
    }
}
