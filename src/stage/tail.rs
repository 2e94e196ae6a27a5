//! `tail N`: the last N records.

use std::collections::VecDeque;

use super::{Account, BoundStage, Operator, OrderedStage, StageDef, StageRole};
use crate::data::{Batch, Entry, Example, SlotSet};
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

    fn reduce(&self, batch: &mut Batch<'_>, live: &SlotSet, _account: &mut Account) {
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
    fn push(&mut self, batch: Batch<'static>, _out: &mut Vec<Batch<'static>>, _account: &mut Account) {
        self.held_rows += batch.rows;
        self.held.push_back(batch);
        while let Some(oldest) = self.held.front()
            && self.held_rows - oldest.rows >= self.rows
        {
            self.held_rows -= oldest.rows;
            self.held.pop_front();
        }
    }

    fn finish(&mut self, out: &mut Vec<Batch<'static>>, _account: &mut Account) {
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

fn keep_last(batch: &mut Batch<'_>, rows: usize, live: &SlotSet) {
    if rows < batch.rows {
        batch.keep_rows(&((batch.rows - rows) as u32..batch.rows as u32).collect::<Vec<_>>(), live);
    }
}
