//! `until COND`: ends the run as soon as a row of the result satisfies a condition.

use super::checks::{Check, condition};
use super::saved_batches::{load_batches, save_batches};
use super::{BoundStage, Operator, OrderedStage, RecordCounts, RowStage, StageDef, StageRole};
use crate::data::persist::{Persist, StateError, StateReader, Stateful};
use crate::data::{Batch, Column, Entry, Example, HeapBytes, Slot, SlotSet, Ternary, ValueRef};
use crate::expr::{BoundExpr, Scope};
use crate::lang::arguments::Arguments;
use crate::lang::{Diagnostics, ast};

pub(super) const UNTIL: StageDef = StageDef {
    entry: Entry {
        name: "until",
        usage: "until COND",
        summary: "Stop at the first row of the result that satisfies the condition.",
        details: "It is the last stage, except for other checks. Without a stage that needs all records, the records \
                  up to and including the one that satisfies it are printed. After aggregates only the row that \
                  satisfies it is printed: of a window, once that is final; without a window, the result so far is \
                  checked at the end of each batch (default 100ms), so that it can wait on an endless stream: `docker \
                  logs -f app | bourn 'match \"ready\" | count | until count > 0'`. The result over files is checked \
                  once they are read. If the input ends first, the result is printed as usual and the exit status is \
                  1.",
        examples: &[
            Example { expr: "until line == 'ready'", input: "starting\nready\nserving\n", output: "starting\nready\n" },
            Example { expr: "match 'ready' | count | until count > 0", input: "starting\nready\n", output: "1\n" },
            Example {
                expr: "split | count by word | window 2 rows | until count > 1",
                input: "a b c c a a\n",
                output: "1\t2\ta\t1\n1\t2\tb\t1\n3\t4\tc\t2\n",
            },
        ],
    },
    chooses_columns: false,
    role: StageRole::Until,
    bind,
};

fn bind(stage: &ast::Stage, scope: &mut Scope) -> Result<BoundStage, Diagnostics> {
    let mut arguments = Arguments::of(stage);
    let (text, condition) = condition(&mut arguments, scope, &UNTIL.entry)?;
    arguments.finish(UNTIL.entry.usage)?;
    // Workers judge each row once, so failed conversions are also counted once.
    let truth = scope.new_slot();
    let judge = Box::new(Judge { condition, truth });
    let printed = match scope.is_result {
        true => UntilRows::Satisfying,
        false => UntilRows::UpTo,
    };
    let until = Box::new(Until { truth, printed });
    Ok(BoundStage::deferred(move |binder| {
        binder.set_until(Check { text, message: None, place: None });
        binder.add(BoundStage::Ordered(vec![judge], until))
    }))
}

/// The rows printed of a result in which a row satisfies the condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum UntilRows {
    /// All rows up to that one.
    UpTo,
    /// Only that row.
    Satisfying,
}

/// Judges whether each row satisfies the condition.
struct Judge {
    condition: BoundExpr,
    truth: Slot,
}

impl RowStage for Judge {
    fn reads(&self, slots: &mut SlotSet) {
        self.condition.reads(slots);
    }

    fn makes(&self) -> Vec<Slot> {
        vec![self.truth]
    }

    fn only_makes(&self) -> bool {
        true
    }

    fn apply(&self, batch: &mut Batch<'_>, _live: &SlotSet, counts: &mut RecordCounts) {
        let mut truths = vec![Ternary::False; batch.rows];
        for row in self.condition.true_rows(batch, &mut counts.failures) {
            truths[row as usize] = Ternary::True;
        }
        batch.set(self.truth, Column::Bool(truths));
    }
}

/// Passes rows until one satisfies the condition.
#[derive(Debug)]
struct Until {
    truth: Slot,
    printed: UntilRows,
}

/// Returns the first row that satisfies the condition.
fn first_true(batch: &Batch<'_>, truth: Slot) -> Option<usize> {
    let truths = batch.column(truth);
    (0..batch.rows).find(|row| matches!(truths.get(*row), ValueRef::Bool(true)))
}

impl OrderedStage for Until {
    fn reads(&self, slots: &mut SlotSet) {
        slots.insert(self.truth);
    }

    fn is_blocking(&self) -> bool {
        false
    }

    fn memory(&self) -> String {
        match self.printed {
            UntilRows::UpTo => "none; ends the run when the condition is true".to_owned(),
            UntilRows::Satisfying => "rows of one result; ends the run when the condition is true".to_owned(),
        }
    }

    fn reduce(&self, batch: &mut Batch<'_>, live: &SlotSet, counts: &mut RecordCounts) {
        if let Some(row) = first_true(batch, self.truth) {
            let mut live = live.clone();
            self.reads(&mut live);
            counts.filter(batch.rows - row - 1);
            batch.truncate(row + 1, &live);
        }
    }

    fn operator(&self, live: &SlotSet) -> Box<dyn Operator> {
        Box::new(UntilOperator {
            truth: self.truth,
            printed: self.printed,
            live: live.clone(),
            is_reached: false,
            held: Vec::new(),
        })
    }
}

/// The state of `until`.
struct UntilOperator {
    truth: Slot,
    printed: UntilRows,
    live: SlotSet,
    is_reached: bool,
    /// Rows of a result, printed if none satisfies the condition.
    held: Vec<Batch<'static>>,
}

impl Operator for UntilOperator {
    fn push(&mut self, mut batch: Batch<'static>, out: &mut Vec<Batch<'static>>, counts: &mut RecordCounts) {
        if self.is_reached {
            counts.filter(batch.rows);
            return;
        }
        counts.judge(batch.rows);
        let found = first_true(&batch, self.truth);
        match (found, self.printed) {
            (None, UntilRows::UpTo) => out.push(batch),
            (None, UntilRows::Satisfying) => self.held.push(batch),
            (Some(row), UntilRows::UpTo) => {
                counts.filter(batch.rows - row - 1);
                batch.truncate(row + 1, &self.live);
                out.push(batch);
            }
            (Some(row), UntilRows::Satisfying) => {
                self.held.clear();
                out.push(batch.select(&[row as u32], &self.live));
            }
        }
        if found.is_some() {
            self.is_reached = true;
            counts.reach();
        }
    }

    fn finish(&mut self, out: &mut Vec<Batch<'static>>, _account: &mut RecordCounts) {
        out.append(&mut self.held);
    }

    fn is_done(&self) -> bool {
        self.is_reached
    }
}

impl Stateful for UntilOperator {
    fn save_state(&self, out: &mut Vec<u8>) {
        self.is_reached.save(out);
        save_batches(self.held.iter(), out);
    }

    fn load_state(&mut self, input: &mut StateReader<'_>) -> Result<(), StateError> {
        self.is_reached = bool::load(input)?;
        self.held = load_batches(&[], input)?;
        let may_hold = self.printed == UntilRows::Satisfying && !self.is_reached;
        if self.held.is_empty() || may_hold { Ok(()) } else { Err(StateError::Damaged) }
    }
}

impl HeapBytes for UntilOperator {
    fn heap_bytes(&self) -> usize {
        self.held.heap_bytes()
    }
}
