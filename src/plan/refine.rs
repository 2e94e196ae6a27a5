//! Better errors where the names of stages and functions help: a missing `|`, and a function with a space before its
//! parenthesis.

use crate::aggregate;
use crate::expr::functions;
use crate::lang::ast::{Argument, BinaryOp, Expr, ExprKind, Span, Stage, UnaryOp};
use crate::lang::{self, Diagnostic, DiagnosticKind, Diagnostics};
use crate::stage;

use super::foreign_verbs;

/// True for a `sort` without keys, as the shell writes it before `uniq`.
pub(super) fn is_bare_sort(stage: &Stage) -> bool {
    stage.head.as_word() == Some("sort") && stage.arguments.is_empty()
}

/// True for the shell's `uniq`.
pub(super) fn is_uniq(stage: &Stage) -> bool {
    stage.head.as_word() == Some("uniq")
}

/// Improves the error about an unexpected argument of a stage.
pub(super) fn refine(stage: &Stage, mut diagnostics: Diagnostics) -> Diagnostics {
    let Some((index, place)) =
        diagnostics.iter().enumerate().find_map(|(index, diagnostic)| Some((index, unexpected(stage, diagnostic)?)))
    else {
        return diagnostics;
    };
    if let Some((diagnostic, name)) = apart(stage, place) {
        diagnostics.retain(|diagnostic| diagnostic.span != name); // the name was taken for a field
        diagnostics.retain(|diagnostic| unexpected(stage, diagnostic) != Some(place));
        diagnostics.push(diagnostic);
    } else if let Some(diagnostic) = missing_by(stage, place).or_else(|| missing_pipe(stage, place)) {
        diagnostics[index] = diagnostic;
    }
    diagnostics
}

/// Index of the argument that an "unexpected …" error points at.
fn unexpected(stage: &Stage, diagnostic: &Diagnostic) -> Option<usize> {
    let is_it = |argument: &Argument| matches!(argument, Argument::Expr(expr) if expr.span == diagnostic.span);
    (diagnostic.kind == DiagnosticKind::Unexpected).then(|| stage.arguments.iter().position(is_it)).flatten()
}

/// Handles `len (line)`: returns the error and the span of the function's name.
fn apart(stage: &Stage, place: usize) -> Option<(Diagnostic, Span)> {
    let argument = |place: usize| match stage.arguments.get(place) {
        Some(Argument::Expr(expr)) => Some(expr),
        _ => None,
    };
    let name = argument(place.checked_sub(1)?)?;
    let def = name.as_word().and_then(functions::find)?;
    let span = name.span.to(argument(place)?.span);
    Some((apart_from(def.entry.name, span), name.span))
}

/// The error of a space between a function and its parenthesis.
pub(super) fn apart_from(name: &str, span: Span) -> Diagnostic {
    let message = format!("`{name}` is a function: call it as {name}(...), with no space before `(`");
    let usage = functions::find(name).map_or(name, |def| def.entry.usage);
    Diagnostic::new(span, message).help(format!("write {usage}"))
}

/// Handles `count group by line`: what follows `by` is a key of the aggregate.
fn missing_by(stage: &Stage, place: usize) -> Option<Diagnostic> {
    let meant = stage_from(stage, place)?;
    let name = meant.head.as_word()?;
    let here = foreign_verbs::written_here(&meant)?;
    let keys = keys_of_count(&here)?;
    let front = Stage { head: stage.head.clone(), arguments: stage.arguments[..place].to_vec(), span: stage.span };
    let has_keys = |argument: &Argument| matches!(argument, Argument::Expr(expr) if expr.as_word() == Some("by"));
    let joint = match front.arguments.iter().any(has_keys) {
        true => ", ",
        false => " by ",
    };
    let message = format!("unexpected `{name}`: write `by`, without `{name}`");
    Some(Diagnostic::new(meant.head.span, message).help(format!("write {front}{joint}{keys}")))
}

/// The text of the keys if an expression is a single `count by …`.
fn keys_of_count(expression: &str) -> Option<&str> {
    let pipeline = lang::parse(expression).ok()?;
    let [Stage { head, arguments, .. }] = pipeline.stages.as_slice() else {
        return None;
    };
    match (head.as_word(), arguments.as_slice()) {
        (Some("count"), [Argument::Expr(by), Argument::Expr(first), ..]) if by.as_word() == Some("by") => {
            Some(&expression[first.span.start..])
        }
        _ => None,
    }
}

/// Handles `count by line limit 5`: the arguments from `place` on are a stage.
fn missing_pipe(stage: &Stage, place: usize) -> Option<Diagnostic> {
    let meant = stage_from(stage, place)?;
    let name = meant.head.as_word().filter(|name| *name != "distinct")?;
    let is_known = stage::find(name).is_some() || aggregate::find(name).is_some();
    let here = if is_known { meant.to_string() } else { foreign_verbs::written_here(&meant)? };
    let is_filter = here.starts_with("where ") && name != "having";
    let is_aggregate = |name| aggregate::find(name).is_some();
    if is_filter && place == 0 && stage.head.as_word().is_none_or(is_aggregate) {
        let message = format!("unexpected `{name}`: an aggregate takes a condition after `where`");
        let help = format!("write {} {here}", stage.head);
        return Some(Diagnostic::new(meant.head.span, message).help(help));
    }
    let column = stage.head.to_string();
    let column = column.split('(').next().unwrap_or_default();
    let mut results = names_after_as(&stage.arguments[..place]).chain([column]);
    let reads_result =
        results.any(|name| here.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == name));
    if is_filter && aggregate::find(column).is_some() && !reads_result {
        let front = Stage { head: stage.head.clone(), arguments: stage.arguments[..place].to_vec(), span: stage.span };
        let message = format!("unexpected `{name}`: filter records before grouping them");
        let help = format!("write {here} | {front}");
        return Some(Diagnostic::new(meant.head.span, message).help(help));
    }
    let message = format!("missing `|` before `{name}`");
    Some(Diagnostic::new(meant.head.span, message).help(format!("write … | {here}")))
}

/// The names that follow `as` in the arguments of a stage.
fn names_after_as(arguments: &[Argument]) -> impl Iterator<Item = &str> {
    arguments.windows(2).filter_map(|pair| match pair {
        [Argument::Expr(word), Argument::Expr(name)] if word.as_word() == Some("as") => name.as_word(),
        _ => None,
    })
}

/// Reads the arguments from `place` on as a stage.
fn stage_from(stage: &Stage, place: usize) -> Option<Stage> {
    let Some(Argument::Expr(first)) = stage.arguments.get(place) else {
        return None;
    };
    let (head, mut arguments) = match &first.kind {
        ExprKind::Binary(BinaryOp::Subtract, left, right) => {
            let negated = ExprKind::Unary(UnaryOp::Negate, right.clone());
            let negated = Expr::new(negated, first.span).ok()?; // `sort -count`
            (left.as_ref().clone(), vec![Argument::Expr(negated)])
        }
        _ => (first.clone(), Vec::new()),
    };
    arguments.extend_from_slice(&stage.arguments[place + 1..]);
    Some(Stage { span: head.span, head, arguments })
}
