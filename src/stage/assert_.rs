//! `assert COND ["message"]`: every row of the result must satisfy a condition, or the run fails.

use super::checks::{Check, condition};
use super::{BoundStage, RecordCounts, RowStage, StageDef, StageRole};
use crate::data::{Batch, Entry, Example, Slot, SlotSet};
use crate::expr::{BoundExpr, Scope};
use crate::lang::arguments::Arguments;
use crate::lang::{Diagnostic, Diagnostics, ast};

pub(super) const ASSERT: StageDef = StageDef {
    entry: Entry {
        name: "assert",
        usage: "assert COND [\"message\"]",
        summary: "Fail unless every row of the result satisfies the condition.",
        details: "It is the last stage, except for other checks. If a row violates it, the exit status is 1; all rows \
                  are still printed, and all input is read. Rows for which the condition is false or null are shown \
                  on stderr at the end, the first ten with their values. After aggregates and other stages that need \
                  all records, it checks the rows of the result (of each window, if there is one); otherwise it \
                  checks the records. A result without rows passes. To stop reading at the first bad record, put \
                  `limit` first: `match \"FATAL\" | limit 1 | count | assert count == 0`.",
        examples: &[
            Example {
                expr: "match 'FATAL' | count | assert count == 0 'the build is broken'",
                input: "ok\nfine\n",
                output: "0\n",
            },
            Example {
                expr: "json | assert status < 500",
                input: "{\"status\":200}\n{\"status\":404}\n",
                output: "{\"status\":200}\n{\"status\":404}\n",
            },
            Example {
                expr: "split | count by word | assert count < 3 | assert len(word) < 9 'a long word'",
                input: "a b a\n",
                output: "a\t2\nb\t1\n",
            },
        ],
    },
    chooses_columns: false,
    role: StageRole::Assert,
    bind,
};

fn bind(stage: &ast::Stage, scope: &mut Scope) -> Result<BoundStage, Diagnostics> {
    let one = |diagnostic: Diagnostic| Diagnostics::from(diagnostic);
    let mut arguments = Arguments::of(stage);
    let (text, condition) = condition(&mut arguments, scope, &ASSERT.entry)?;
    let message = if arguments.peek_expression().is_some() {
        let (bytes, _) =
            arguments.text("a message in quotes").map_err(|diagnostic| one(diagnostic.usage(ASSERT.entry.usage)))?;
        Some(String::from_utf8_lossy(bytes).into_owned())
    } else {
        None
    };
    arguments.finish(ASSERT.entry.usage).map_err(one)?;
    let place = scope.find("@source").zip(scope.find("@number"));
    Ok(BoundStage::deferred(move |binder| {
        let number = binder.add_assert(Check { text, message, place });
        binder.add(BoundStage::Rows(vec![Box::new(Assert { condition, number, place })]))
    }))
}

/// Passes all rows and counts those that violate the condition.
struct Assert {
    condition: BoundExpr,
    /// Its index among the plan's asserts.
    number: usize,
    /// The slots of the record's source and number.
    place: Option<(Slot, Slot)>,
}

impl Assert {
    fn place(&self) -> impl Iterator<Item = Slot> {
        let (source, number) = self.place.unzip();
        source.into_iter().chain(number)
    }
}

impl RowStage for Assert {
    fn reads(&self, slots: &mut SlotSet) {
        self.condition.reads(slots);
        self.place().for_each(|slot| slots.insert(slot));
    }

    fn apply(&self, batch: &mut Batch<'_>, live: &SlotSet, counts: &mut RecordCounts) {
        let satisfied = self.condition.true_rows(batch, &mut counts.failures);
        let mut broken = Vec::with_capacity(batch.rows - satisfied.len());
        let mut satisfied = satisfied.into_iter().peekable();
        for row in 0..batch.rows as u32 {
            if satisfied.next_if_eq(&row).is_none() {
                broken.push(row);
            }
        }
        let mut live = live.clone();
        self.place().for_each(|slot| live.insert(slot));
        counts.checks.see(self.number, batch, &broken, &live);
    }
}
