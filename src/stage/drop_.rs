//! `drop A, B`: all fields but these.

use super::{Account, BoundStage, RowStage, StageDef};
use crate::data::{Batch, Column, Entry, Example, LiveSlots, Slot};
use crate::expr::{Scope, without};
use crate::lang::arguments::Arguments;
use crate::lang::ast::Path;
use crate::lang::{Mistake, ast};

pub(super) const DROP: StageDef = StageDef {
    entry: Entry {
        name: "drop",
        usage: "drop A, B, …",
        summary: "Keep all fields but these.",
        details: "A field of json goes with all that is in it; `drop user.id` takes it out of `user`.",
        examples: &[
            Example {
                expr: "let n = len(line) | drop line",
                input: "abc\n",
                output: "3\n",
            },
            Example {
                expr: "json | drop user.id",
                input: "{\"user\":{\"id\":7,\"name\":\"ann\"},\"n\":1}\n",
                output: "{\"user\":{\"name\":\"ann\"},\"n\":1}\n",
            },
        ],
    },
    chooses_columns: true,
    bind,
};

fn bind(stage: &ast::Stage, scope: &mut Scope) -> Result<BoundStage, Vec<Mistake>> {
    let mut arguments = Arguments::of(stage);
    let mut mistakes = Vec::new();
    let mut stages: Vec<Box<dyn RowStage>> = Vec::new();
    loop {
        let (path, span) = arguments
            .field("the name of a field")
            .map_err(|mistake| vec![mistake.usage(DROP.entry.usage)])?;
        match scope.resolve(path, span) {
            Ok(_) => {
                stages.extend(drop_field(path, scope));
            }
            Err(_) if scope.unknown => {}
            Err(mistake) => mistakes.push(mistake),
        }
        if !arguments.comma() {
            break;
        }
    }
    if let Err(mistake) = arguments.finish(DROP.entry.usage) {
        mistakes.push(mistake);
    }
    if mistakes.is_empty() && scope.fields().is_empty() && scope.whole().is_none() && !scope.unknown
    {
        mistakes.push(Mistake::new(stage.span, "no field is left to print"));
    }
    if mistakes.is_empty() {
        Ok(BoundStage::Rows(stages))
    } else {
        Err(mistakes)
    }
}

/// Drops a field that is there; what is to be done with the records for it, if it is in another.
pub(super) fn drop_field(path: &Path, scope: &mut Scope) -> Option<Box<dyn RowStage>> {
    let is_inside = path.0.len() > 1 && scope.nests();
    let whole = scope.whole().filter(|_| is_inside);
    scope.remove(path);
    whole.map(|whole| take_out(whole, path.clone()))
}

/// Takes what is in a field out of the whole object, where that is printed.
pub(super) fn take_out(whole: Slot, path: Path) -> Box<dyn RowStage> {
    Box::new(TakeOut { whole, path })
}

struct TakeOut {
    whole: Slot,
    path: Path,
}

impl RowStage for TakeOut {
    fn reads(&self, slots: &mut LiveSlots) {
        slots.insert(self.whole);
    }

    fn makes(&self) -> Vec<Slot> {
        vec![self.whole]
    }

    fn only_makes(&self) -> bool {
        true
    }

    fn apply(&self, batch: &mut Batch<'_>, live: &LiveSlots, _account: &mut Account) {
        let objects = batch.column(self.whole);
        let rest = |row| without(objects.get(row), &self.path.0);
        let rest = Column::Values((0..batch.rows).map(rest).collect());
        batch.retain(live);
        batch.set(self.whole, rest);
    }
}
