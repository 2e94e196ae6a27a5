//! `stage | stage | …`: stages and their arguments. All errors are reported at once.

use std::sync::Arc;

use crate::data::Value;

use super::ast::{Argument, Expr, ExprKind, Pipeline, Span, Stage};
use super::diagnostic::Diagnostic;
use super::diagnostics::Diagnostics;
use super::expression::{Context, expression};
use super::failure::{Failure, Parsed, SourceText, at, fail, skip, span_between, span_of};
use super::foreign::reject_foreign_sign;
use super::found::{expected_end, found, in_back_quotes};
use super::name::{BARE_OPERANDS, CLAUSE_WORDS, bare_word, begins_name, clause_word, reject_keyword};
use super::operand::field_or_call;
use super::operator::{Infix, infix};
use super::recover::{next_pipe, parenthesized};
use super::whitespace::skip_whitespace;
use super::{MAX_DIAGNOSTICS, MAX_LENGTH_BYTES, MAX_NESTED_PIPELINES};

/// Parses an expression; if it is wrong, returns all diagnostics in order, at most one per stage.
pub fn parse(text: &str) -> Result<Pipeline, Diagnostics> {
    if text.len() > MAX_LENGTH_BYTES {
        let kib = text.len().div_ceil(1024);
        let message = format!("the expression is {kib} KiB long; at most {} KiB", MAX_LENGTH_BYTES / 1024);
        return Err(Diagnostics::from(
            Diagnostic::new(Span::default(), message).help("read large tables from a file with `lookup`"),
        ));
    }
    let start = SourceText::new(text);
    let mut stages = Vec::new();
    let mut diagnostics = Diagnostics::default();
    let mut pipe = None;
    let mut input = skip_whitespace(start);
    loop {
        match stage(input, pipe, 0) {
            Ok((rest, stage)) => {
                stages.push(stage);
                input = skip_whitespace(rest);
            }
            Err(error) => {
                let (nom::Err::Failure(failure) | nom::Err::Error(failure)) = error else {
                    unreachable!("only streaming parsers ask for more");
                };
                diagnostics.push(*failure.diagnostic);
                let next = next_pipe(text, failure.resume).unwrap_or(text.len());
                input = skip(start, next);
            }
        }
        if !at(input, '|') || diagnostics.len() == MAX_DIAGNOSTICS {
            break;
        }
        pipe = Some(span_of(input, 1));
        input = skip_whitespace(skip(input, 1));
    }
    if diagnostics.is_empty() { Ok(Pipeline { stages, text: text.into() }) } else { Err(diagnostics) }
}

/// Parses a stage; `pipe` is the `|` before it, if any, and `around` the number of parentheses around its pipeline.
fn stage(input: SourceText<'_>, pipe: Option<Span>, around: u16) -> Parsed<'_, Stage> {
    let is_end = around > 0 && at(input, ')');
    if input.fragment().is_empty() || at(input, '|') || is_end {
        return Err(fail(missing_stage(input, pipe), input.location_offset()));
    }
    let (rest, head) = head(input)?;
    reject_condition(input, rest, &head)?;
    let (rest, arguments) = arguments(rest, around)?;
    Ok((rest, Stage { head, arguments, span: span_between(input, rest) }))
}

/// The stage's name, or the expression that begins its aggregates.
fn head(input: SourceText<'_>) -> Parsed<'_, Expr> {
    let begins_with_name = input.fragment().starts_with(begins_name) && !at(input, '`');
    if !begins_with_name {
        reject_foreign_sign(input)?;
        return calculation(input);
    }
    if let Some((rest, _)) = clause_word(input) {
        // a word such as `where` is no function: `where(x)` is the stage and a parenthesis
        let here = Context { may_begin_clause: true, ..Context::within(0) };
        let (_, head) = expression(input, here)?;
        return Ok((rest, head));
    }
    if let Some((_, "not" | "true" | "false" | "null" | "and" | "or" | "in")) = bare_word(input) {
        return calculation(input);
    }
    let (rest, head) = field_or_call(input, 0)?;
    let is_bare = head.as_word().is_some_and(|word| BARE_OPERANDS.contains(&word));
    match head.kind {
        ExprKind::Call(..) => with_operators(input, rest, head),
        ExprKind::Access(..) => calculation(input),
        _ if is_bare => with_operators(input, rest, head),
        _ if head.as_word().is_some() => Ok((rest, head)),
        _ => Err(no_stage(input)),
    }
}

/// The expression that begins with a call or an aggregate, which may be all of it.
fn with_operators<'a>(input: SourceText<'a>, rest: SourceText<'a>, head: Expr) -> Parsed<'a, Expr> {
    let here = skip_whitespace(rest);
    if at(here, '=') && !here.fragment().starts_with("==") {
        return Ok((rest, head)); // an assignment, which is rejected
    }
    let name = &input.fragment()[..head.span.end - head.span.start];
    match infix(here, name)? {
        Some(_) => expression(input, Context::within(0)),
        None => Ok((rest, head)),
    }
}

/// An expression that computes with aggregates; the plan knows which of its calls are aggregates.
fn calculation(input: SourceText<'_>) -> Parsed<'_, Expr> {
    match expression(input, Context::within(0)) {
        Ok((rest, head)) if may_aggregate(&head) && head.as_word().is_none() => Ok((rest, head)),
        _ => Err(no_stage(input)),
    }
}

/// True if an expression has an operand that may be an aggregate.
fn may_aggregate(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Call(..) => true,
        ExprKind::Field(_) => expr.as_word().is_some_and(|word| BARE_OPERANDS.contains(&word)),
        ExprKind::Literal(_) | ExprKind::Regex(_) | ExprKind::Percent(_) => false,
        ExprKind::Access(of, _) | ExprKind::Unary(_, of) => may_aggregate(of),
        ExprKind::Binary(_, left, right) | ExprKind::In(left, right) => may_aggregate(left) || may_aggregate(right),
        ExprKind::InList(of, items) => may_aggregate(of) || items.iter().any(may_aggregate),
        ExprKind::List(items) => items.iter().any(may_aggregate),
        ExprKind::Object(fields) => fields.iter().any(|(_, value)| may_aggregate(value)),
    }
}

/// Parses the arguments, up to the next `|` or the end, which within parentheses is the `)`.
fn arguments(mut input: SourceText<'_>, around: u16) -> Parsed<'_, Vec<Argument>> {
    let mut arguments = Vec::new();
    let mut may_begin_clause = true;
    loop {
        let here = skip_whitespace(input);
        if here.fragment().is_empty() || at(here, '|') && !here.fragment().starts_with("||") {
            return Ok((input, arguments));
        }
        if around > 0 && at(here, ')') {
            return Ok((input, arguments));
        }
        reject_foreign_sign(here)?;
        let is_equals = at(here, '=') && !here.fragment().starts_with("==");
        may_begin_clause = if is_star(here, around) {
            input = skip(here, 1);
            arguments.push(Argument::Star(span_of(here, 1)));
            true
        } else if at(here, ',') || is_equals {
            input = skip(here, 1);
            let span = span_of(here, 1);
            arguments.push(if is_equals { Argument::Equals(span) } else { Argument::Comma(span) });
            false
        } else if here.fragment().starts_with([')', ']', '}']) {
            let (found, span) = found(here);
            let diagnostic = Diagnostic::new(span, format!("unexpected {found}"))
                .help("there is no open bracket that it could close");
            return Err(fail(diagnostic, span.end));
        } else {
            let place = Context { may_begin_clause, ..Context::within(0) };
            let (rest, argument) = match expression(here, place) {
                Ok((rest, expr)) => (rest, Argument::Expr(expr)),
                // An expression has no `|` in its parentheses, so this may be a pipeline.
                Err(diagnostic) if at(here, '(') => match nested(here, around) {
                    Some(nested) => {
                        let (rest, pipeline) = nested?;
                        (rest, Argument::Pipeline(pipeline, span_between(here, rest)))
                    }
                    None => return Err(diagnostic),
                },
                Err(diagnostic) => return Err(diagnostic),
            };
            input = rest;
            arguments.push(argument);
            true
        };
    }
}

/// True at a `*` that is no operator: nothing follows it in the argument.
fn is_star(here: SourceText<'_>, around: u16) -> bool {
    let after = skip_whitespace(skip(here, if at(here, '*') { 1 } else { 0 }));
    let is_end = after.fragment().is_empty() || at(after, ',') || at(after, '|') || around > 0 && at(after, ')');
    at(here, '*') && is_end
}

/// Parses `(stage | stage)`; `None` if there is no stage with a `|` after the `(`. An error in it ends the enclosing
/// stage.
fn nested(open: SourceText<'_>, around: u16) -> Option<Parsed<'_, Pipeline>> {
    if around > MAX_NESTED_PIPELINES {
        return None; // the enclosing pipeline is rejected
    }
    let inner = skip_whitespace(skip(open, 1));
    let (rest, first) = file(inner).or_else(|| stage(inner, None, around + 1).ok())?;
    let pipe = skip_whitespace(rest);
    if !at(pipe, '|') || pipe.fragment().starts_with("||") {
        return None;
    }
    match nested_rest(open, pipe, first, around) {
        Ok(nested) => Some(Ok(nested)),
        Err(error) => {
            let end = parenthesized(open.fragment()).map(|length| open.location_offset() + length);
            let is_within = end.is_none_or(|end| pipe.location_offset() < end);
            is_within.then(|| Err(resume_after(open, error))) // otherwise what looked like a regex was a division
        }
    }
}

/// Parses the name of a file in quotes, which the stages after it read.
fn file(here: SourceText<'_>) -> Option<(SourceText<'_>, Stage)> {
    if !at(here, '"') && !at(here, '\'') {
        return None;
    }
    let (rest, head) = expression(here, Context::within(0)).ok()?;
    let span = span_between(here, rest);
    let is_text = matches!(head.kind, ExprKind::Literal(Value::Text(_)));
    is_text.then_some((rest, Stage { head, arguments: Vec::new(), span }))
}

/// Parses the stages after the first one of a pipeline in parentheses.
fn nested_rest<'a>(open: SourceText<'a>, pipe: SourceText<'a>, first: Stage, around: u16) -> Parsed<'a, Pipeline> {
    if around >= MAX_NESTED_PIPELINES {
        let message = format!("pipelines are nested more than {MAX_NESTED_PIPELINES} deep in parentheses");
        return Err(fail(Diagnostic::new(span_of(open, 1), message), open.location_offset()));
    }
    let mut stages = vec![first];
    let mut here = pipe;
    while at(here, '|') {
        let after = skip_whitespace(skip(here, 1));
        let (rest, stage) = stage(after, Some(span_of(here, 1)), around + 1)?;
        stages.push(stage);
        here = skip_whitespace(rest);
    }
    match at(here, ')') {
        true => Ok((skip(here, 1), Pipeline { stages, text: Arc::default() })),
        false => Err(expected_end(open, here, "`)`")),
    }
}

/// Resumes the search for the next stage after the parentheses that begin at `open`.
#[cold]
fn resume_after(open: SourceText<'_>, error: nom::Err<Failure>) -> nom::Err<Failure> {
    let (nom::Err::Failure(failure) | nom::Err::Error(failure)) = error else {
        return error;
    };
    let end = parenthesized(open.fragment()).map(|length| open.location_offset() + length);
    nom::Err::Failure(Failure { resume: end.unwrap_or(failure.resume).max(failure.resume), ..failure })
}

/// The diagnostic for a missing stage.
#[cold]
fn missing_stage(input: SourceText<'_>, pipe: Option<Span>) -> Diagnostic {
    let example = "for example: split | count by word";
    match (pipe, at(input, '|')) {
        (None, false) => Diagnostic::new(span_of(input, 0), "the expression is empty").help(example),
        (None, true) => {
            Diagnostic::new(span_of(input, 1), "missing stage before `|`").help("drop the `|`: input is implicit")
        }
        (Some(pipe), true) => {
            Diagnostic::new(pipe.to(span_of(input, 1)), "missing stage between `|` and `|`").help("drop one of them")
        }
        (Some(pipe), false) => {
            Diagnostic::new(pipe, "missing stage after `|`").help("drop the `|`, or add a stage after it")
        }
    }
}

/// Fails because a stage does not begin with a name.
#[cold]
fn no_stage(input: SourceText<'_>) -> nom::Err<Failure> {
    let (found, span) = found(input);
    let text = stage_text(input);
    let resume = input.location_offset();
    let diagnostic = Diagnostic::new(span, format!("expected a stage, found {found}"));
    let help = match text.chars().next() {
        Some('"' | '\'' | '/') => format!("write `match {text}`"),
        Some('`') => "a stage's name is written without back quotes".to_owned(),
        Some(c) if c.is_ascii_digit() => "a stage begins with its name, as in `limit 10`".to_owned(),
        Some(c) if c.is_alphabetic() || matches!(c, '_' | '@' | '(' | '-') => {
            format!("a condition is written `where {text}`")
        }
        _ => "a stage begins with its name, as in `match \"ERROR\"`".to_owned(),
    };
    fail(diagnostic.help(help), resume)
}

/// Fails if an operator follows the head: a condition or a calculation without a stage.
fn reject_condition(input: SourceText<'_>, rest: SourceText<'_>, head: &Expr) -> Result<(), nom::Err<Failure>> {
    let here = skip_whitespace(rest);
    let text = stage_text(input);
    let name = &input.fragment()[..head.span.end - head.span.start];
    if at(here, '=') && !here.fragment().starts_with("==") {
        reject_foreign_sign(here)?;
        if name == "let" {
            let diagnostic = Diagnostic::new(span_of(here, 1), "expected a name after `let`, found `=`");
            return Err(fail(diagnostic.help("write `let x = 5`"), here.location_offset()));
        }
        let diagnostic =
            Diagnostic::new(head.span, format!("expected a stage, found an assignment to {}", in_back_quotes(name)))
                .help(format!("write `let {text}`"));
        return Err(fail(diagnostic, here.location_offset()));
    }
    if is_star(here, 1) {
        return Ok(()); // `select *`
    }
    let begins_operand = at(here, '-') || at(here, '/'); // `tail -5`, `match /re/`
    if CLAUSE_WORDS.contains(&name) || begins_operand || head.as_word().is_none() {
        return Ok(());
    }
    let Some((after, infix)) = infix(here, name)? else {
        return Ok(());
    };
    reject_keyword(here, after)?;
    let calculates = matches!(infix, Infix::Binary(op) if op.calculates());
    let help = match calculates {
        false => format!("a condition is written `where {text}`"),
        true => format!("a calculation is written `let x = {text}`"),
    };
    let message = format!("unexpected {} after {}", found(here).0, in_back_quotes(name));
    Err(fail(Diagnostic::new(span_between(here, after), message).help(help), here.location_offset()))
}

/// The text of a stage for a message, or `…` if it is long.
fn stage_text(input: SourceText<'_>) -> &str {
    const MAX_SHOWN_BYTES: usize = 60;
    let text = *input.fragment();
    let end = next_pipe(text, 0).unwrap_or(text.len());
    let text = text[..end].trim_end();
    if text.len() > MAX_SHOWN_BYTES || text.contains(char::is_control) { "…" } else { text }
}
