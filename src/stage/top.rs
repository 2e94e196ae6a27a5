//! `top N KEY, …`: the N most frequent keys.

use super::{ApproxCount, BoundStage, StageDef, StageRole};
use crate::data::{Entry, Example, Value};
use crate::expr::Scope;
use crate::lang::arguments::Arguments;
use crate::lang::ast::{Argument, Expr, ExprKind, Path, Segment};
use crate::lang::{Diagnostic, Diagnostics, ast, clauses};

pub(super) const TOP: StageDef = StageDef {
    entry: Entry {
        name: "top",
        usage: "top N KEY [as NAME], … [approx [M]]",
        summary: "Print the N most frequent keys with their counts.",
        details: "The same as `count by KEY | limit N`. With `approx`, the keys are counted in M counters (default 1000, \
                  or 10 times N if that is more), which bounds memory: the same as `count by KEY approx M | limit N`; \
                  see `count`.",
        examples: &[
            Example { expr: "split | top 1 word", input: "a b a\n", output: "a\t2\n" },
            Example { expr: "split | top 1 word approx", input: "a b a\n", output: "a\t2\t0\n" },
        ],
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
    let integer = |number: u64| {
        let number = number.min(i64::MAX as u64) as i64;
        Argument::Expr(Expr { kind: ExprKind::Literal(Value::Int(number)), span, depth: 1 })
    };
    let mut count = ast::Stage { head: word("count"), arguments: keys, span: stage.span };
    if let Some(counters) = default_counters(&count, rows)? {
        count.arguments.push(integer(counters));
    }
    let limit = ast::Stage { head: word("limit"), arguments: vec![integer(rows)], span: stage.span };
    let stages = [count, limit];
    Ok(BoundStage::deferred(move |binder| stages.iter().try_for_each(|stage| binder.rewrite(stage))))
}

/// The number of counters for `count by KEY approx`, if the number is missing. Fails if it is less than the number of
/// rows. Other errors are found when the stage is bound.
fn default_counters(count: &ast::Stage, rows: u64) -> Result<Option<u64>, Diagnostic> {
    const COUNTERS: u64 = 1000;
    let default = rows.saturating_mul(10).clamp(COUNTERS, ApproxCount::MOST_COUNTERS as u64);
    let mut rest = Arguments::of_aggregates(count);
    if clauses::aggregates(&mut rest).is_err() || !rest.keyword("approx") {
        return Ok(None);
    }
    if rest.is_done() {
        return Ok(Some(default));
    }
    match rest.integer("the number of counters") {
        Ok((counters, span)) if 0 < counters && counters < rows => {
            let message = format!("{counters} counters are too few for {rows} rows");
            Err(Diagnostic::new(span, message).help(format!("write approx {default}")))
        }
        _ => Ok(None),
    }
}
