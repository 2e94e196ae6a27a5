//! Binds `count by KEY, … approx N`.

use crate::data::Slot;
use crate::expr::{BoundExpr, Scope, bind, set_kind};
use crate::lang::arguments::Arguments;
use crate::lang::ast::{BinaryOp, Expr, ExprKind, Span, Stage};
use crate::lang::clauses::{self, AggregateList, KeyClause};
use crate::lang::suggest::did_you_mean;
use crate::lang::{Diagnostic, Diagnostics};
use crate::stage::{ApproxCount, RowStage, RunningInputs, duplicate_columns};

use super::logical::StageKind;
use super::stages::BoundPipeline;
use super::window::BoundWindow;

const USAGE: &str = "count [as NAME] by KEY, … approx N";

/// The word of the clause.
const WORD: &str = "approx";

/// A bound stage with the step that computes its keys.
pub(super) struct BoundApprox {
    pub(super) inputs: Box<dyn RowStage>,
    pub(super) stage: ApproxCount,
    /// The span of the clause.
    pub(super) clause: Span,
}

/// Aggregates and the clause after them.
pub(super) struct ApproxClause<'a> {
    list: AggregateList<'a>,
    /// The arguments after the aggregates and keys.
    rest: Arguments<'a>,
    span: Span,
}

/// Finds the clause in a list of aggregates. A list that is wrong otherwise has none.
pub(super) fn find(stage: &Stage) -> Option<ApproxClause<'_>> {
    let mut rest = Arguments::of_aggregates(stage);
    let list = clauses::aggregates(&mut rest).ok()?;
    let is_clause = |expr: &Expr| match &expr.kind {
        ExprKind::Binary(BinaryOp::Subtract, word, _) => word.as_word() == Some(WORD), // `approx -5`
        ExprKind::Call(name, _) => name.text == WORD,
        _ => expr.as_word() == Some(WORD),
    };
    let span = rest.span_here();
    match rest.peek_expression() {
        Some(expr) if is_clause(expr) => Some(ApproxClause { list, rest, span }),
        Some(Expr { kind: ExprKind::Literal(_), .. }) => {
            let last = list.keys.last().filter(|key| key.alias.is_none())?.expr; // `by approx 5`
            let span = last.span;
            (last.as_word() == Some(WORD)).then_some(ApproxClause { list, rest, span })
        }
        _ => None,
    }
}

/// The error of `count approx 5`, and of `count by line aprox 5`.
pub(super) fn misplaced(stage: &Stage) -> Option<Diagnostic> {
    let mut arguments = Arguments::of(stage);
    let span = arguments.span_here();
    if stage.head.as_word().is_some() && arguments.keyword(WORD) {
        return Some(without_keys(span));
    }
    let mut rest = Arguments::of_aggregates(stage);
    clauses::aggregates(&mut rest).ok()?;
    let (span, word) = (rest.span_here(), rest.peek_word()?);
    let is_meant = matches!(word, "approximate" | "approximately") || did_you_mean(word, &[WORD]).is_some();
    is_meant.then(|| Diagnostic::unexpected(span, &rest.found()).did_you_mean(WORD))
}

fn without_keys(span: Span) -> Diagnostic {
    Diagnostic::new(span, "expected keys before `approx`").help("write count by KEY approx 1000").usage(USAGE)
}

/// Binds the stage; the scope after it has the keys, the count and its error.
pub(super) fn bind_approx(clause: ApproxClause<'_>, scope: &mut Scope) -> Result<BoundApprox, Diagnostics> {
    let ApproxClause { list, mut rest, span } = clause;
    if list.keys.last().is_none_or(|last| last.expr.span == span) {
        return Err(Diagnostics::from(without_keys(span)));
    }
    let mut diagnostics = Diagnostics::default();
    let counters = counters(&mut rest);
    let number = counters.as_ref().copied().unwrap_or(1000);
    diagnostics.extend(other_aggregates(&list, number));
    let counters = counters.unwrap_or_else(|diagnostic| {
        diagnostics.push(diagnostic);
        number
    });
    let mut inputs = RunningInputs::default();
    let mut keys: Vec<(String, BoundExpr, Slot)> = Vec::new();
    for key in &list.keys {
        match bind(key.expr, scope) {
            Ok(node) => keys.push((key.column_name(), node.clone(), inputs.value(node, scope))),
            Err(found) => diagnostics.extend(found),
        }
    }
    let [item, ..] = list.items.as_slice() else {
        unreachable!("a list has at least one aggregate");
    };
    let count = item.column_name();
    let named: Vec<(String, Span)> = list.keys.iter().map(|key| (key.column_name(), key.expr.span)).collect();
    let columns = named.iter().map(|(name, span)| (name.as_str(), *span));
    let columns = columns.chain([(count.as_str(), item.span), ("error", span)]);
    if diagnostics.is_empty() {
        diagnostics.extend(duplicate_columns(columns, Some("name the other one: … as other")));
    }
    if !diagnostics.is_empty() {
        return Err(diagnostics);
    }
    scope.clear();
    let (mut slots, mut key_slots) = (Vec::new(), Vec::new());
    for (name, node, slot) in &keys {
        let key_slot = scope.set(name);
        set_kind(scope, key_slot, node);
        slots.push(*slot);
        key_slots.push(key_slot);
    }
    let (count, error) = (scope.set(&count), scope.set("error"));
    let stage = ApproxCount { keys: slots, key_slots, count, error, counters, limit: None };
    Ok(BoundApprox { inputs: Box::new(inputs), stage, clause: span })
}

/// The error of filled windows of approximate counts, which do not keep all keys. `always` is `--fill`.
pub(super) fn unfillable(bound: &BoundPipeline, always: bool) -> Option<Diagnostic> {
    let is_approximate = |window: &&BoundWindow| match &bound.stages[window.stage].kind {
        StageKind::Ordered(ordered) => window.fills(always) && ordered.merges_states(),
        _ => false,
    };
    let window = bound.levels.windows().find(is_approximate)?;
    let option = if always { "--fill" } else { "`fill`" };
    let message = format!("{option} prints a row for each key of earlier windows, and `approx` does not keep all keys");
    let diagnostic = Diagnostic::new(bound.stages[window.stage].span, message);
    Some(diagnostic.help(format!("leave out `approx` or {option}")))
}

/// Reads `approx N`, which is the last clause.
fn counters(rest: &mut Arguments<'_>) -> Result<usize, Diagnostic> {
    const WHAT: &str = "the number of counters after `approx`";
    if let Some(Expr { kind: ExprKind::Binary(_, _, right), .. }) = rest.peek_expression() {
        let message = format!("expected {WHAT}, found `-{right}`");
        return Err(Diagnostic::new(rest.span_here(), message).help("write approx 1000"));
    }
    if !rest.keyword(WORD) {
        let message = "`approx` is followed by a number without parentheses";
        return Err(Diagnostic::new(rest.span_here(), message).help("write approx 1000"));
    }
    let is_whole = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let is_large = rest.peek_expression().is_some_and(|expr| is_whole(&expr.to_string()));
    let found = rest.found();
    let place = rest.span_here();
    let number = match rest.integer(WHAT) {
        Ok((number, _)) => usize::try_from(number).unwrap_or(usize::MAX),
        Err(_) if is_large => {
            rest.expression(WHAT)?;
            usize::MAX
        }
        Err(diagnostic) => return Err(diagnostic.help("write approx 1000")),
    };
    rest.finish(USAGE)?;
    match number {
        0 => Err(Diagnostic::new(place, "`approx 0` has no counters").help("write approx 1000")),
        1..=ApproxCount::MOST_COUNTERS => Ok(number),
        _ => {
            let message = format!("expected at most {} counters, found {found}", ApproxCount::MOST_COUNTERS);
            Err(Diagnostic::new(place, message).help("leave `approx` out for exact counts"))
        }
    }
}

/// The errors of aggregates other than `count`, and of its condition.
fn other_aggregates(list: &AggregateList<'_>, counters: usize) -> Diagnostics {
    let mut diagnostics = Diagnostics::default();
    let keys: Vec<String> = list.keys.iter().map(written).collect();
    let exact = format!("count by {} {WORD} {counters}", keys.join(", "));
    let mut counts = 0;
    for item in &list.items {
        let call = item.call();
        let is_count = call.as_ref().is_some_and(|call| call.name.text == "count");
        let argument = call.as_ref().and_then(|call| call.arguments.first());
        counts += usize::from(is_count);
        if let Some(condition) = item.condition.or(argument).filter(|_| is_count) {
            let diagnostic = Diagnostic::new(condition.span, "`approx` counts all records: filter them before");
            diagnostics.push(diagnostic.help(format!("write where {condition} | {exact}")));
        } else if !is_count || counts > 1 {
            let name = call.map_or_else(|| item.expr.to_string(), |call| call.name.text);
            let message = match counts {
                0 | 1 => format!("`{name}` cannot be computed with `approx`, which keeps counts only"),
                _ => "a second `count` with `approx`".to_owned(),
            };
            diagnostics.push(Diagnostic::new(item.span, message).help(format!("write {exact}")));
        }
    }
    diagnostics
}

/// A key with its alias, as written.
fn written(key: &KeyClause<'_>) -> String {
    match &key.alias {
        Some(alias) => format!("{} as {alias}", key.expr),
        None => key.expr.to_string(),
    }
}
