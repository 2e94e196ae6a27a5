//! `let A = EXPR, B = EXPR`: adds or replaces fields.

use super::{BoundStage, OrderedStage, RecordCounts, RowStage, RowStages, StageDef, StageRole, totals};
use crate::data::{Batch, Entry, Example, Slot, SlotSet};
use crate::expr::scope::OF_SOURCE;
use crate::expr::{BoundExpr, Scope, bind as bind_expr, set_kind};
use crate::lang::arguments::Arguments;
use crate::lang::{Diagnostic, Diagnostics, ast};

pub(super) const LET: StageDef = StageDef {
    entry: Entry {
        name: "let",
        usage: "let A = EXPR, B = EXPR, …",
        summary: "Add or replace fields, one after another: B may use A.",
        details: "A replaced field keeps its position.",
        examples: &[
            Example { expr: "split as n | let twice = n * 2, half = n / 2", input: "3\n", output: "3\t6\t1.5\n" },
            Example { expr: "split | let word = upper(word)", input: "a b\n", output: "A\nB\n" },
        ],
    },
    chooses_columns: true,
    role: StageRole::Ordinary,
    bind,
};

fn bind(stage: &ast::Stage, scope: &mut Scope) -> Result<BoundStage, Diagnostics> {
    let mut arguments = Arguments::of(stage);
    let mut stages = RowStages::new();
    // Totals, after the rows before them.
    let mut parts: Vec<(RowStages, Vec<Box<dyn OrderedStage>>)> = Vec::new();
    let mut diagnostics = Diagnostics::default();
    loop {
        let (name, value) = match assignment(&mut arguments, scope) {
            Ok(assignment) => assignment,
            Err(diagnostic) => {
                diagnostics.push(diagnostic.usage(LET.entry.usage));
                return Err(diagnostics);
            }
        };
        let node = bind_expr(value, scope);
        let totals = totals(scope);
        if !totals.is_empty() {
            // Totals may read the fields defined before.
            parts.push((std::mem::take(&mut stages), totals));
        }
        let slot = scope.set(&name.text);
        match node {
            Ok(node) => {
                set_kind(scope, slot, &node);
                stages.push(Box::new(Assign { node, slot }));
            }
            Err(found) => diagnostics.extend(found),
        }
        if !arguments.comma() {
            break;
        }
    }
    if let Err(diagnostic) = arguments.finish(LET.entry.usage) {
        diagnostics.push(diagnostic);
    }
    if diagnostics.is_empty() {
        Ok(BoundStage::deferred(move |binder| {
            for (rows, totals) in parts {
                binder.add(BoundStage::Rows(rows))?;
                binder.add_totals(totals);
            }
            binder.add(BoundStage::Rows(stages))
        }))
    } else {
        Err(diagnostics)
    }
}

fn assignment<'a>(arguments: &mut Arguments<'a>, scope: &Scope) -> Result<(ast::Name, &'a ast::Expr), Diagnostic> {
    let is_own = is_own(arguments);
    let name = arguments.name("the name of a field")?;
    if !is_own && (OF_SOURCE.contains(&name.text.as_str()) || scope.is_of_message(&name.text)) {
        let message = format!("`{}` belongs to the source and cannot be replaced", name.text);
        return Err(Diagnostic::new(name.span, message).help("put the record's own field of this name in back quotes"));
    }
    arguments.equals("`=` and its value")?;
    Ok((name, arguments.expression("a value")?))
}

/// True if the next name is in back quotes and would mean something else without them.
fn is_own(arguments: &Arguments<'_>) -> bool {
    let kind = arguments.peek_expression().map(|expr| &expr.kind);
    matches!(kind, Some(ast::ExprKind::Field(path)) if matches!(path.0.first(), Some(ast::Segment::QuotedName(_))))
}

/// The step that computes one column.
pub fn assign(node: BoundExpr, slot: Slot) -> Box<dyn RowStage> {
    Box::new(Assign { node, slot })
}

/// Computes one column.
pub(super) struct Assign {
    pub(super) node: BoundExpr,
    pub(super) slot: Slot,
}

impl RowStage for Assign {
    fn reads(&self, slots: &mut SlotSet) {
        self.node.reads(slots);
    }

    fn makes(&self) -> Vec<Slot> {
        vec![self.slot]
    }

    fn only_makes(&self) -> bool {
        true
    }

    fn apply(&self, batch: &mut Batch<'_>, live: &SlotSet, counts: &mut RecordCounts) {
        let column = self.node.eval_all(batch, &mut counts.failures).into_owned();
        batch.retain(live);
        batch.set(self.slot, column);
    }
}
