//! `explode FIELD`: one record for each element of a list.

use super::replaced::replace;
use super::{BoundStage, RecordCounts, RowStage, StageDef, StageRole};
use crate::data::{Batch, ColumnBuilder, Entry, Example, Slot, SlotSet, ValueRef};
use crate::expr::{BoundExpr, Scope, bind_field};
use crate::lang::arguments::Arguments;
use crate::lang::clauses::alias;
use crate::lang::{Diagnostic, Diagnostics, ast};

pub(super) const EXPLODE: StageDef = StageDef {
    entry: Entry {
        name: "explode",
        usage: "explode FIELD [as NAME]",
        summary: "Make one record for each element of a list.",
        details: "The element replaces the list, in its position. Null and an empty list give no record; a single \
                  value (also an object) gives one. With `as`, the element is called NAME.",
        examples: &[
            Example {
                expr: "json | explode tags | select id, tags",
                input: "{\"id\":1,\"tags\":[\"a\",\"b\"]}\n{\"id\":2,\"tags\":\"c\"}\n{\"id\":3}\n",
                output: "1\ta\n1\tb\n2\tc\n",
            },
            Example {
                expr: "json | explode tags as tag | count by tag",
                input: "{\"tags\":[\"a\",\"b\"]}\n{\"tags\":[\"b\"]}\n",
                output: "b\t2\na\t1\n",
            },
        ],
    },
    chooses_columns: true,
    role: StageRole::Ordinary,
    bind,
};

fn bind(stage: &ast::Stage, scope: &mut Scope) -> Result<BoundStage, Diagnostics> {
    let mut arguments = Arguments::of(stage);
    let diagnostic = |diagnostic: Diagnostic| Diagnostics::from(diagnostic.usage(EXPLODE.entry.usage));
    let (path, span) = arguments.field("the field to explode").map_err(diagnostic)?;
    let name = alias(&mut arguments).map_err(diagnostic)?;
    arguments.finish(EXPLODE.entry.usage)?;
    let old = path.label();
    let of = bind_field(path, span, scope).map_err(Diagnostics::from)?;
    let name = name.as_ref().map_or(&old, |name| &name.text);
    let (slot, replaced) = replace(scope, (path, span), name);
    let explode = Box::new(Explode { of, slot }) as Box<_>;
    let stages = replaced.into_iter().chain([explode]);
    Ok(BoundStage::Rows(stages.collect()))
}

/// Replaces each row by the elements of a list.
struct Explode {
    of: BoundExpr,
    slot: Slot,
}

impl RowStage for Explode {
    fn reads(&self, slots: &mut SlotSet) {
        self.of.reads(slots);
    }

    fn makes(&self) -> Vec<Slot> {
        vec![self.slot]
    }

    fn explodes(&self) -> bool {
        true
    }

    fn apply(&self, batch: &mut Batch<'_>, live: &SlotSet, counts: &mut RecordCounts) {
        let lists = self.of.eval_all(batch, &mut counts.failures).into_owned();
        counts.explode(batch.rows);
        let mut elements = ColumnBuilder::new(batch.rows);
        let mut parents = Vec::with_capacity(batch.rows);
        for row in 0..batch.rows {
            match lists.get(row) {
                ValueRef::Null => {}
                ValueRef::List(list) => {
                    for element in list {
                        elements.push(element.borrow());
                        parents.push(row as u32);
                    }
                }
                single => {
                    elements.push(single);
                    parents.push(row as u32);
                }
            }
        }
        batch.retain(live);
        batch.keep_rows(&parents, live);
        batch.set(self.slot, elements.finish());
    }
}
