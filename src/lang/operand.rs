//! Operands: literals, fields, calls, and what stands in parentheses.

use super::MAX_DEPTH;
use super::ast::{Expr, ExprKind, Name, Segment};
use super::depth::too_deep;
use super::diagnostic::Diagnostic;
use super::expression::{Context, build, expression};
use super::failure::{Failure, Input, Parsed, at, fail, skip, span_between, span_of};
use super::found::{expected_end, expected_operand};
use super::name::{CLAUSE_WORDS, RESERVED, begins_name, begins_operand, more_segments, path};
use super::number::number;
use super::quoted::quoted;
use super::regex::regex;
use super::whitespace::skip_whitespace;
use crate::data::Value;

/// One operand; the input begins with it. `brackets` are open around it.
pub(super) fn operand(input: Input<'_>, brackets: u16) -> Parsed<'_, Expr> {
    match input.fragment().chars().next() {
        Some('(') => parenthesis(input, brackets),
        Some(c) if begins_name(c) => field_or_call(input, brackets),
        _ => literal(input),
    }
}

/// A field, a call (its `(` directly behind its name), or `true`, `false`, `null`.
pub(super) fn field_or_call(input: Input<'_>, brackets: u16) -> Parsed<'_, Expr> {
    match named(input) {
        Ok((rest, Named::Complete(expr))) => Ok((rest, expr)),
        Ok((open, Named::Function)) => call(input, open, brackets),
        Err(error) => Err(error),
    }
}

/// `(a, b)`; fails at what is no list. The input begins with `(`.
pub(super) fn list(open: Input<'_>, brackets: u16) -> Parsed<'_, Vec<Expr>> {
    let mut items = Vec::new();
    let brackets = deeper(open, brackets)?;
    let mut here = skip_whitespace(skip(open, 1));
    if at(here, ')') {
        return Ok((skip(here, 1), items));
    }
    loop {
        let rest = match expression(here, Context::within(brackets)) {
            Ok((rest, item)) => {
                items.push(item);
                rest
            }
            Err(error) => return Err(unless_unclosed(error, open, here)),
        };
        match next_item(open, rest) {
            Ok(Some(next)) => here = next,
            Ok(None) => return Ok((skip(skip_whitespace(rest), 1), items)),
            Err(error) => return Err(unless_distinct(error, &items, skip_whitespace(rest))),
        }
    }
}

/// The mistake behind an item; of `count(distinct x)` as SQL has it, how that is written.
#[cold]
fn unless_distinct(error: nom::Err<Failure>, items: &[Expr], here: Input<'_>) -> nom::Err<Failure> {
    let is_distinct = items.last().and_then(Expr::as_word).is_some_and(|word| word.eq_ignore_ascii_case("distinct"));
    match error {
        nom::Err::Failure(mut failure) if is_distinct && begins_operand(here) => {
            failure.diagnostic.help = Some("write count_distinct(x)".to_owned());
            nom::Err::Failure(failure)
        }
        _ => error,
    }
}

/// What begins with a name. The functions of this file are many, because each bracket of an expression
/// takes the frames of those that wait for it: what they do before and after has frames of its own.
enum Named {
    /// A field or a literal.
    Complete(Expr),
    /// A function's name: a parenthesis follows.
    Function,
}

/// Tells what begins with a name.
fn named(input: Input<'_>) -> Parsed<'_, Named> {
    let (rest, written) = path(input)?;
    let name = &input.fragment()[..rest.location_offset() - input.location_offset()];
    let is_call = at(rest, '(');
    let reserved = match written.path.0.first() {
        Some(Segment::Name(first)) if !at(input, '`') => RESERVED.iter().find(|word| *word == first),
        _ => None,
    };
    let kind = match reserved {
        Some(&"true") if name == "true" && !is_call => ExprKind::Literal(Value::Bool(true)),
        Some(&"false") if name == "false" && !is_call => ExprKind::Literal(Value::Bool(false)),
        Some(&"null") if name == "null" && !is_call => ExprKind::Literal(Value::Null),
        Some(word) => {
            let diagnostic =
                Diagnostic::new(span_of(input, word.len()), format!("expected a value or a field, found `{word}`"))
                    .help("it is a keyword; put a field of that name in back quotes");
            return Err(fail(diagnostic, rest.location_offset()));
        }
        None if !is_call => ExprKind::Field(written.path),
        None if !written.is_plain || CLAUSE_WORDS.contains(&name) => {
            let diagnostic = Diagnostic::new(span_between(input, rest), "expected a function's name before `(`")
                .help("a function is called by its plain name: len(x)");
            return Err(fail(diagnostic, rest.location_offset()));
        }
        None => return Ok((rest, Named::Function)),
    };
    let (rest, expr) = leaf(input, rest, kind)?;
    Ok((rest, Named::Complete(expr)))
}

/// `name(a, b)` and the path behind it. `input` begins with the name, `open` with the `(`.
fn call<'a>(input: Input<'a>, open: Input<'a>, brackets: u16) -> Parsed<'a, Expr> {
    match list(open, brackets) {
        Ok((rest, arguments)) => called(input, open, rest, arguments),
        Err(error) => Err(error),
    }
}

/// The call that ends at `rest`, and the path behind it.
fn called<'a>(input: Input<'a>, open: Input<'a>, rest: Input<'a>, arguments: Vec<Expr>) -> Parsed<'a, Expr> {
    let span = span_between(input, open);
    let text = input.fragment()[..span.end - span.start].to_owned();
    let call = build(ExprKind::Call(Name { text, span }, arguments), span_between(input, rest))?;
    access(input, rest, call)
}

/// `(a)`, and the path behind it.
fn parenthesis(open: Input<'_>, brackets: u16) -> Parsed<'_, Expr> {
    let brackets = deeper(open, brackets)?;
    let here = skip_whitespace(skip(open, 1));
    if at(here, ')') {
        let span = span_between(open, skip(here, 1));
        let diagnostic = Diagnostic::new(span, "nothing between the parentheses");
        return Err(fail(diagnostic, here.location_offset() + 1));
    }
    match expression(here, Context::within(brackets)) {
        Ok((rest, expr)) => parenthesized(open, rest, expr),
        Err(error) => Err(unless_unclosed(error, open, here)),
    }
}

/// The expression between `open` and the `)` at `rest`, and the path behind it.
fn parenthesized<'a>(open: Input<'a>, rest: Input<'a>, mut expr: Expr) -> Parsed<'a, Expr> {
    let end = skip_whitespace(rest);
    if !at(end, ')') {
        return Err(expected_end(open, rest, "`)`"));
    }
    let rest = skip(end, 1);
    expr.span = span_between(open, rest);
    access(open, rest, expr)
}

/// The place of the item behind the one that ends at `rest`; nothing at the list's end.
fn next_item<'a>(open: Input<'a>, rest: Input<'a>) -> Result<Option<Input<'a>>, nom::Err<Failure>> {
    let behind = skip_whitespace(rest);
    if at(behind, ')') {
        return Ok(None);
    }
    if !at(behind, ',') {
        return Err(expected_end(open, rest, "`,` or `)`"));
    }
    let next = skip_whitespace(skip(behind, 1));
    if at(next, ')') {
        let diagnostic = Diagnostic::new(span_of(behind, 1), "unexpected `,` before `)`").help("drop the comma");
        return Err(fail(diagnostic, behind.location_offset() + 1));
    }
    Ok(Some(next))
}

/// The mistake of an expression at `here`; if nothing stands there, that of the bracket left open.
#[cold]
fn unless_unclosed(error: nom::Err<Failure>, open: Input<'_>, here: Input<'_>) -> nom::Err<Failure> {
    let is_end = here.fragment().is_empty() || at(here, '|') && !here.fragment().starts_with("||");
    if is_end { expected_end(open, here, "`)`") } else { error }
}

/// The operand that ends at `rest`, with the path that follows it.
fn access<'a>(input: Input<'a>, rest: Input<'a>, base: Expr) -> Parsed<'a, Expr> {
    let mut segments = Vec::new();
    let (behind, _) = more_segments(rest, &mut segments)?;
    if segments.is_empty() {
        return Ok((rest, base));
    }
    let kind = match base.kind {
        ExprKind::Field(mut path) => {
            path.0.append(&mut segments);
            ExprKind::Field(path)
        }
        ExprKind::Access(inner, mut outer) => {
            outer.append(&mut segments);
            ExprKind::Access(inner, outer)
        }
        _ => ExprKind::Access(Box::new(base), segments),
    };
    Ok((behind, build(kind, span_between(input, behind))?))
}

/// A text, regular expression or number; fails at what is none.
fn literal(input: Input<'_>) -> Parsed<'_, Expr> {
    let mut chars = input.fragment().chars();
    match chars.next() {
        Some('"' | '\'') => {
            let (rest, bytes) = quoted(input)?;
            leaf(input, rest, ExprKind::Literal(Value::Text(bytes)))
        }
        Some('/') => {
            let (rest, literal) = regex(input)?;
            leaf(input, rest, ExprKind::Regex(literal))
        }
        Some('.') if chars.next().is_some_and(|c| c.is_ascii_digit()) => number_or_percent(input),
        Some(c) if c.is_ascii_digit() => number_or_percent(input),
        _ => Err(expected_operand(input)),
    }
}

/// A number, or a percentage if nothing follows that could be divided by.
fn number_or_percent(input: Input<'_>) -> Parsed<'_, Expr> {
    let (rest, literal) = number(input)?;
    if literal.is_plain && at(rest, '%') {
        let behind = skip(rest, 1);
        if !begins_operand(skip_whitespace(behind)) {
            let percent = match literal.value {
                Value::Int(value) => value as f64,
                Value::Float(value) => value,
                _ => f64::MAX, // an int beyond 64 bits: no percentage is as large
            };
            return leaf(input, behind, ExprKind::Percent(percent));
        }
    }
    leaf(input, rest, ExprKind::Literal(literal.value))
}

/// An expression without parts, from `input` to `rest`.
fn leaf<'a>(input: Input<'a>, rest: Input<'a>, kind: ExprKind) -> Parsed<'a, Expr> {
    Ok((rest, build(kind, span_between(input, rest))?))
}

/// One bracket more, if there may be one.
fn deeper(open: Input<'_>, brackets: u16) -> Result<u16, nom::Err<Failure>> {
    if brackets >= MAX_DEPTH {
        return Err(fail(too_deep(span_of(open, 1)), open.location_offset() + 1));
    }
    Ok(brackets + 1)
}
