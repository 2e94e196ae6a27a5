//! `limit N`: keeps the first N records, then stops reading.

use super::{BoundStage, Operator, OrderedStage, RecordCounts, StageDef, StageRole};
use crate::data::persist::{Persist, StateError, StateReader, Stateful};
use crate::data::{Batch, Entry, Example, HeapBytes, SlotSet};
use crate::expr::Scope;
use crate::lang::{Diagnostics, ast};

pub(super) const LIMIT: StageDef = StageDef {
    entry: Entry {
        name: "limit",
        usage: "limit N",
        summary: "Keep the first N records, then stop reading.",
        details: "After a stage that needs all records (aggregates, `sort`, `tail`), keep the first N rows of its \
                  result. Otherwise the run stops early: the ledger counts all records that were read by then, also \
                  those after the last one that passed. Their number depends on --chunk, and rejected ones count for \
                  --max-rejects and checks.",
        examples: &[
            Example { expr: "limit 2", input: "a\nb\nc\n", output: "a\nb\n" },
            Example { expr: "split | count by word | limit 1", input: "a b b\n", output: "b\t2\n" },
        ],
    },
    chooses_columns: false,
    role: StageRole::Ordinary,
    bind,
};

fn bind(stage: &ast::Stage, _scope: &mut Scope) -> Result<BoundStage, Diagnostics> {
    let rows = super::only_number(stage, &LIMIT.entry, "a number of records")?;
    Ok(BoundStage::Ordered(Vec::new(), Box::new(Limit { rows })))
}

/// Passes the first rows.
#[derive(Debug)]
struct Limit {
    rows: usize,
}

impl OrderedStage for Limit {
    fn reads(&self, _slots: &mut SlotSet) {}

    fn is_blocking(&self) -> bool {
        false
    }

    fn is_immediate(&self) -> bool {
        true
    }

    fn merges_parts(&self) -> bool {
        true
    }

    fn memory(&self) -> String {
        "none".to_owned()
    }

    fn limit(&self) -> Option<usize> {
        Some(self.rows)
    }

    fn reduce(&self, batch: &mut Batch<'_>, live: &SlotSet, counts: &mut RecordCounts) {
        counts.filter(batch.rows.saturating_sub(self.rows));
        batch.truncate(self.rows, live);
    }

    fn operator(&self, live: &SlotSet) -> Box<dyn Operator> {
        Box::new(LimitOperator { left: self.rows, live: live.clone() })
    }
}

/// Number of rows that may still pass.
struct LimitOperator {
    left: usize,
    live: SlotSet,
}

impl Operator for LimitOperator {
    fn push(&mut self, mut batch: Batch<'static>, out: &mut Vec<Batch<'static>>, counts: &mut RecordCounts) {
        let passing = batch.rows.min(self.left);
        counts.filter(batch.rows - passing);
        if passing > 0 {
            batch.truncate(passing, &self.live);
            self.left -= passing;
            out.push(batch);
        }
    }

    fn is_done(&self) -> bool {
        self.left == 0
    }
}

impl Stateful for LimitOperator {
    fn save_state(&self, out: &mut Vec<u8>) {
        (self.left as u64).save(out);
    }

    fn load_state(&mut self, input: &mut StateReader<'_>) -> Result<(), StateError> {
        let left = usize::try_from(u64::load(input)?).ok().filter(|left| *left <= self.left);
        self.left = left.ok_or(StateError::Damaged)?;
        Ok(())
    }
}

impl HeapBytes for LimitOperator {
    fn heap_bytes(&self) -> usize {
        0
    }
}
