//! `between /A/ and /B/`: keeps the records from one that matches A to the next that matches B.

use super::match_::bind_patterns;
use super::neighbours::{Neighbours, SearchedText, WantedRecords};
use super::{BoundStage, StageDef, StageRole};
use crate::data::{Entry, Example};
use crate::expr::{Scope, bind as bind_expr};
use crate::lang::arguments::Arguments;
use crate::lang::ast::{BinaryOp, Expr, ExprKind};
use crate::lang::{Diagnostic, Diagnostics, ast};

pub(super) const BETWEEN: StageDef = StageDef {
    entry: Entry {
        name: "between",
        usage: "between PATTERN and PATTERN [in FIELD]",
        summary: "Keep the records from one match to the next match of another.",
        details: "Both are kept, and so are later blocks. As in awk's /A/,/B/, the second pattern may match the same \
                  record as the first one; a block that is still open ends with its source.",
        examples: &[Example {
            expr: "between /^BEGIN/ and /^END/",
            input: "a\nBEGIN\nb\nEND\nc\nBEGIN\nd\n",
            output: "BEGIN\nb\nEND\nBEGIN\nd\n",
        }],
    },
    chooses_columns: false,
    role: StageRole::Ordinary,
    bind,
};

fn bind(stage: &ast::Stage, scope: &mut Scope) -> Result<BoundStage, Diagnostics> {
    let usage = BETWEEN.entry.usage;
    let mut arguments = Arguments::of(stage);
    let expr = arguments.expression("a \"text\" or a /regex/").map_err(|diagnostic| diagnostic.usage(usage))?;
    arguments.finish(usage)?;
    let ExprKind::Binary(BinaryOp::And, first, second) = &expr.kind else {
        let message = format!("expected two patterns with `and` between them, found `{expr}`");
        return Err(Diagnostics::from(Diagnostic::new(expr.span, message).help("write between /^BEGIN/ and /^END/")));
    };
    let (second, field): (&Expr, Option<&Expr>) = match &second.kind {
        ExprKind::In(pattern, field) => (pattern, Some(field)),
        _ => (second, None),
    };
    let patterns = bind_patterns(&[first, second], usage)?;
    let of = match field {
        Some(field) => bind_expr(field, scope)?,
        None => super::line(scope, stage, &BETWEEN.entry, "in")?,
    };
    let marks = scope.new_slot();
    let searched = SearchedText { of, patterns, marks };
    let stage = Neighbours::new(BETWEEN.entry.name, marks, WantedRecords::Block, scope);
    Ok(BoundStage::Ordered(vec![Box::new(searched)], Box::new(stage)))
}
