//! `top N KEY, …`: the N most frequent keys.

use super::{BoundStage, StageDef, StageRole};
use crate::data::{Entry, Example, Value};
use crate::expr::Scope;
use crate::lang::arguments::Arguments;
use crate::lang::ast::{Argument, Expr, ExprKind, Path, Segment};
use crate::lang::{Diagnostic, Diagnostics, ast};

pub(super) const TOP: StageDef = StageDef {
    entry: Entry {
        name: "top",
        usage: "top N KEY [as NAME], …",
        summary: "Print the N most frequent keys with their counts.",
        details: "The same as `count by KEY | limit N`.",
        examples: &[Example { expr: "split | top 1 word", input: "a b a\n", output: "a\t2\n" }],
    },
    chooses_columns: true,
    role: StageRole::Ordinary,
    bind,
};

fn bind(stage: &ast::Stage, _scope: &mut Scope) -> Result<BoundStage, Diagnostics> {
    let mut arguments = Arguments::of(stage);
    let (rows, span) = arguments.integer("a number N").map_err(|diagnostic| diagnostic.usage(TOP.entry.usage))?;
    if arguments.is_done() {
        return Err(Diagnostics::from(
            Diagnostic::new(arguments.span_here(), "expected a field to count by, found the end")
                .usage(TOP.entry.usage),
        ));
    }
    let word = |text: &str| Expr {
        kind: ExprKind::Field(Path(vec![Segment::Name(text.to_owned())])),
        span: stage.span,
        depth: 1,
    };
    let mut keys = vec![Argument::Expr(word("by"))];
    keys.extend_from_slice(&stage.arguments[1..]);
    let limit = Expr { kind: ExprKind::Literal(Value::Int(rows.min(i64::MAX as u64) as i64)), span, depth: 1 };
    let stages = [
        ast::Stage { head: word("count"), arguments: keys, span: stage.span },
        ast::Stage { head: word("limit"), arguments: vec![Argument::Expr(limit)], span: stage.span },
    ];
    Ok(BoundStage::deferred(move |binder| stages.iter().try_for_each(|stage| binder.rewrite(stage))))
}
