//! `select EXPR [as NAME], …`: only these fields, in this order.

use super::let_::Assign;
use super::{BoundStage, RowStage, StageDef, StageRole};
use crate::data::{Entry, Example};
use crate::expr::{BoundExpr, Scope, bind as bind_expr, set_kind};
use crate::lang::arguments::Arguments;
use crate::lang::clauses::{KeyClause, alias};
use crate::lang::{Diagnostic, Diagnostics, ast};

pub(super) const SELECT: StageDef = StageDef {
    entry: Entry {
        name: "select",
        usage: "select [*,] EXPR [as NAME], …",
        summary: "Keep only these fields, in this order; * keeps all fields.",
        details: "A field keeps its name; any other expression is named by its text, unless `as` names it. After `*` \
                  come the fields that are added; one with the name of another replaces it in its position.",
        examples: &[
            Example { expr: "split as a | let b = len(a) | select b, upper(a) as a", input: "xy\n", output: "2\tXY\n" },
            Example {
                expr: "csv as a, b | select *, a + b as sum, num(b) / 2 as b",
                input: "1,2\n",
                output: "1\t1\t3\n",
            },
        ],
    },
    chooses_columns: true,
    role: StageRole::Ordinary,
    bind,
};

fn bind(stage: &ast::Stage, scope: &mut Scope) -> Result<BoundStage, Diagnostics> {
    let mut arguments = Arguments::of(stage);
    let mut stages: Vec<Box<dyn RowStage>> = Vec::new();
    let mut chosen: Vec<(String, crate::data::Slot)> = Vec::new();
    let mut diagnostics = Diagnostics::default();
    let keeps_all = arguments.star();
    let mut goes_on = !keeps_all || arguments.comma();
    while goes_on {
        let expr = arguments.expression("a field").map_err(|diagnostic| diagnostic.usage(SELECT.entry.usage))?;
        let (name, is_own) = match alias(&mut arguments) {
            Ok(alias) => (KeyClause { expr, alias: alias.clone() }.column_name(), alias.is_some()),
            Err(diagnostic) => {
                diagnostics.push(diagnostic);
                break;
            }
        };
        match bind_expr(expr, scope) {
            Ok(node) => {
                let name = match (&node, &expr.kind) {
                    (BoundExpr::Field(_, column), kind) if !is_own && !matches!(kind, ast::ExprKind::Field(_)) => {
                        column.clone() // a column whose text is repeated
                    }
                    _ => name,
                };
                if chosen.iter().any(|(other, _)| *other == name) {
                    diagnostics.push(
                        Diagnostic::new(expr.span, format!("two fields are named `{name}`"))
                            .help(format!("name one of them: {expr} as other")),
                    );
                }
                let slot = if let BoundExpr::Field(slot, _) = node {
                    slot
                } else {
                    let slot = scope.new_slot();
                    set_kind(scope, slot, &node);
                    stages.push(Box::new(Assign { node, slot }));
                    slot
                };
                chosen.push((name, slot));
            }
            Err(found) => diagnostics.extend(found),
        }
        goes_on = arguments.comma();
    }
    if diagnostics.is_empty() {
        arguments.finish(SELECT.entry.usage)?;
    }
    if !keeps_all {
        scope.clear_fields();
    }
    chosen.iter().for_each(|(name, slot)| scope.set_slot(name, *slot));
    diagnostics.into_result(BoundStage::Rows(stages))
}
