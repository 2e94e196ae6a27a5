//! `drop A, B`: removes fields.

use super::{BoundStage, RecordCounts, RowStage, StageDef, StageRole};
use crate::data::{Batch, Column, Entry, Example, Slot, SlotSet};
use crate::expr::{FieldLocation, Scope, without};
use crate::lang::arguments::Arguments;
use crate::lang::ast::{Path, Span};
use crate::lang::{Diagnostic, Diagnostics, ast};

pub(super) const DROP: StageDef = StageDef {
    entry: Entry {
        name: "drop",
        usage: "drop A, B, …",
        summary: "Remove these fields.",
        details: "A field of json is removed with everything in it; `drop user.id` removes it from `user`, even if \
                  `user` was created by `let`, `select` or `explode`.",
        examples: &[
            Example { expr: "let n = len(line) | drop line", input: "abc\n", output: "3\n" },
            Example {
                expr: "json | drop user.id",
                input: "{\"user\":{\"id\":7,\"name\":\"ann\"},\"n\":1}\n",
                output: "{\"user\":{\"name\":\"ann\"},\"n\":1}\n",
            },
        ],
    },
    chooses_columns: true,
    role: StageRole::Ordinary,
    bind,
};

fn bind(stage: &ast::Stage, scope: &mut Scope) -> Result<BoundStage, Diagnostics> {
    let mut arguments = Arguments::of(stage);
    let mut diagnostics = Diagnostics::default();
    let mut stages: Vec<Box<dyn RowStage>> = Vec::new();
    loop {
        let (path, span) =
            arguments.field("the name of a field").map_err(|diagnostic| diagnostic.usage(DROP.entry.usage))?;
        match drop_field(path, span, scope) {
            Ok(steps) => stages.extend(steps),
            Err(_) if scope.poisoned => {}
            Err(diagnostic) => diagnostics.push(diagnostic),
        }
        if !arguments.comma() {
            break;
        }
    }
    if let Err(diagnostic) = arguments.finish(DROP.entry.usage) {
        diagnostics.push(diagnostic);
    }
    if diagnostics.is_empty() && scope.fields().is_empty() && scope.whole().is_none() && !scope.poisoned {
        diagnostics.push(Diagnostic::new(stage.span, "no field is left to print"));
    }
    diagnostics.into_result(BoundStage::Rows(stages))
}

/// Drops a field, or a part of its values. Returns the steps that do so.
pub(super) fn drop_field(path: &Path, span: Span, scope: &mut Scope) -> Result<Vec<Box<dyn RowStage>>, Diagnostic> {
    let located = scope.locate(path, span)?;
    if !located.inside.is_empty() {
        let steps = take_part(scope, path, &located);
        scope.remove_part(path);
        return Ok(steps);
    }
    let is_inside = path.0.len() > 1 && scope.nests();
    let whole = scope.whole().filter(|_| is_inside);
    scope.remove(path);
    Ok(whole.map(|whole| take_out(whole, whole, path.in_record())).into_iter().collect())
}

/// Removes a part of a field's values, and of the whole object if that prints the field.
pub(super) fn take_part(scope: &mut Scope, path: &Path, located: &FieldLocation<'_>) -> Vec<Box<dyn RowStage>> {
    let rest = scope.new_slot();
    let mut steps = vec![take_out(located.slot, rest, Path(located.inside.to_vec()))];
    if let Some(whole) = scope.whole().filter(|_| !scope.has_column(&located.name)) {
        steps.push(take_out(whole, whole, path.in_record()));
    }
    scope.set_remainder(&located.name, rest);
    steps
}

/// Removes the value at a path; `to` holds the remainder.
pub(super) fn take_out(from: Slot, to: Slot, path: Path) -> Box<dyn RowStage> {
    Box::new(TakeOut { from, to, path })
}

struct TakeOut {
    from: Slot,
    to: Slot,
    path: Path,
}

impl RowStage for TakeOut {
    fn reads(&self, slots: &mut SlotSet) {
        slots.insert(self.from);
    }

    fn makes(&self) -> Vec<Slot> {
        vec![self.to]
    }

    fn only_makes(&self) -> bool {
        true
    }

    fn apply(&self, batch: &mut Batch<'_>, live: &SlotSet, _account: &mut RecordCounts) {
        let objects = batch.column(self.from);
        let rest = |row| without(objects.get(row), &self.path.0);
        let rest = Column::Values((0..batch.rows).map(rest).collect());
        batch.retain(live);
        batch.set(self.to, rest);
    }
}
