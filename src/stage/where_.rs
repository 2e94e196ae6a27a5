//! `where COND`: keeps the records for which a condition is true.
//!
//! As the first stage it searches the raw bytes for a text that its condition requires.

use super::{BoundStage, RecordCounts, RequiredText, RowStage, StageDef, StageRole};
use crate::data::{Batch, Entry, Example, Slot, SlotSet};
use crate::expr::{BoundExpr, Scope, bind_condition};
use crate::lang::arguments::Arguments;
use crate::lang::{Diagnostic, Diagnostics, ast};

pub(super) const WHERE: StageDef = StageDef {
    entry: Entry {
        name: "where",
        usage: "where COND",
        summary: "Keep the records for which the condition is true.",
        details: "Null is not true; text is true only if it is `true`. Conditions are combined with `and`, `or`, \
                  `not`; `==` compares, `~` tests a /regex/, `in` tests whether a value is one of several.",
        examples: &[
            Example { expr: "where len(line) > 2", input: "ab\nabc\n", output: "abc\n" },
            Example { expr: "split | count by word | where count > 1", input: "a b a\n", output: "a\t2\n" },
        ],
    },
    chooses_columns: false,
    role: StageRole::Ordinary,
    bind,
};

fn bind(stage: &ast::Stage, scope: &mut Scope) -> Result<BoundStage, Diagnostics> {
    let mut arguments = Arguments::of(stage);
    let condition = arguments.expression("a condition").map_err(|diagnostic| diagnostic.usage(WHERE.entry.usage))?;
    let here = arguments.span_here();
    if arguments.equals_sign() {
        return Err(Diagnostics::from(
            Diagnostic::new(here, "`=` assigns; use `==` to compare").help(format!("write where {condition} == …")),
        ));
    }
    arguments.finish(WHERE.entry.usage)?;
    let condition = bind_condition(condition, scope)?;
    Ok(BoundStage::Rows(vec![Box::new(Where { condition })]))
}

/// Keeps rows.
struct Where {
    condition: BoundExpr,
}

impl RowStage for Where {
    fn reads(&self, slots: &mut SlotSet) {
        self.condition.reads(slots);
    }

    fn apply(&self, batch: &mut Batch<'_>, live: &SlotSet, counts: &mut RecordCounts) {
        let rows = self.condition.true_rows(batch, &mut counts.failures);
        counts.filter(batch.rows - rows.len());
        if rows.len() < batch.rows {
            batch.keep_rows(&rows, live);
        }
    }

    fn required(&self, line: Slot) -> Option<RequiredText<'_>> {
        Some(RequiredText { text: self.condition.required_text(line)?, is_all: false })
    }
}
