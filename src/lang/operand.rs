//! Operands: literals, fields, calls, and what stands in parentheses.

use super::MAX_DEPTH;
use super::ast::{Expr, ExprKind, Name, Segment};
use super::blank::blank;
use super::depth::too_deep;
use super::expression::{Place, build, expression};
use super::failure::{Failure, Input, Parsed, at, fail, skip, span_between, span_of};
use super::found::{expected_end, expected_operand};
use super::mistake::Mistake;
use super::name::{CLAUSE_WORDS, RESERVED, begins_name, begins_operand, more_segments, path};
use super::number::number;
use super::quoted::quoted;
use super::regex::regex;
use crate::data::Value;

/// One operand; the input begins with it. `brackets` are open around it.
pub(super) fn operand(input: Input<'_>, brackets: u16) -> Parsed<'_, Expr> {
    let mut chars = input.fragment().chars();
    match chars.next() {
        Some('(') => parenthesis(input, brackets),
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
        Some(c) if begins_name(c) => field_or_call(input, brackets),
        _ => Err(expected_operand(input)),
    }
}

/// A field, a call (its `(` directly behind its name), or `true`, `false`, `null`.
pub(super) fn field_or_call(input: Input<'_>, brackets: u16) -> Parsed<'_, Expr> {
    let (rest, written) = path(input)?;
    let name = &input.fragment()[..rest.location_offset() - input.location_offset()];
    let is_call = at(rest, '(');
    let reserved = match written.path.0.first() {
        Some(Segment::Name(first)) if !at(input, '`') => {
            RESERVED.iter().find(|word| *word == first)
        }
        _ => None,
    };
    match reserved {
        Some(&"true") if name == "true" && !is_call => {
            leaf(input, rest, ExprKind::Literal(Value::Bool(true)))
        }
        Some(&"false") if name == "false" && !is_call => {
            leaf(input, rest, ExprKind::Literal(Value::Bool(false)))
        }
        Some(&"null") if name == "null" && !is_call => {
            leaf(input, rest, ExprKind::Literal(Value::Null))
        }
        Some(word) => {
            let mistake = Mistake::new(
                span_of(input, word.len()),
                format!("expected a value or a field, found `{word}`"),
            )
            .help("it is a word of the language; a field of that name stands in back quotes");
            Err(fail(mistake, rest.location_offset()))
        }
        None if !is_call => leaf(input, rest, ExprKind::Field(written.path)),
        None if !written.is_plain || CLAUSE_WORDS.contains(&name) => {
            let mistake = Mistake::new(
                span_between(input, rest),
                "expected a function's name in front of `(`",
            )
            .help("a function is called by its plain name: len(x)");
            Err(fail(mistake, rest.location_offset()))
        }
        None => call(input, rest, brackets),
    }
}

/// `(a, b)`; fails at what is no list. The input begins with `(`.
pub(super) fn list(open: Input<'_>, brackets: u16) -> Parsed<'_, Vec<Expr>> {
    let brackets = deeper(open, brackets)?;
    let mut items = Vec::new();
    let mut here = blank(skip(open, 1));
    if at(here, ')') {
        return Ok((skip(here, 1), items));
    }
    loop {
        if here.fragment().is_empty() || at(here, '|') && !here.fragment().starts_with("||") {
            return Err(expected_end(open, here, "`)`"));
        }
        let (rest, item) = expression(here, Place::within(brackets))?;
        items.push(item);
        let behind = blank(rest);
        if at(behind, ')') {
            return Ok((skip(behind, 1), items));
        }
        if !at(behind, ',') {
            return Err(expected_end(open, rest, "`,` or `)`"));
        }
        here = blank(skip(behind, 1));
        if at(here, ')') {
            let mistake = Mistake::new(span_of(behind, 1), "unexpected `,` in front of `)`")
                .help("drop the comma");
            return Err(fail(mistake, behind.location_offset() + 1));
        }
    }
}

/// `name(a, b)` and the path behind it. `input` begins with the name, `open` with the `(`.
fn call<'a>(input: Input<'a>, open: Input<'a>, brackets: u16) -> Parsed<'a, Expr> {
    let span = span_between(input, open);
    let text = input.fragment()[..span.end - span.start].to_owned();
    let (rest, arguments) = list(open, brackets)?;
    let call = build(
        ExprKind::Call(Name { text, span }, arguments),
        span_between(input, rest),
    )?;
    access(input, rest, call)
}

/// `(a)`, and the path behind it.
fn parenthesis(open: Input<'_>, brackets: u16) -> Parsed<'_, Expr> {
    let brackets = deeper(open, brackets)?;
    let here = blank(skip(open, 1));
    if at(here, ')') {
        let mistake = Mistake::new(
            span_between(open, skip(here, 1)),
            "nothing stands between the parentheses",
        );
        return Err(fail(mistake, here.location_offset() + 1));
    }
    if here.fragment().is_empty() {
        return Err(expected_end(open, here, "`)`"));
    }
    let (rest, mut expr) = expression(here, Place::within(brackets))?;
    let end = blank(rest);
    if !at(end, ')') {
        return Err(expected_end(open, rest, "`)`"));
    }
    let rest = skip(end, 1);
    expr.span = span_between(open, rest);
    access(open, rest, expr)
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

/// A number, or a percentage if nothing follows that could be divided by.
fn number_or_percent(input: Input<'_>) -> Parsed<'_, Expr> {
    let (rest, literal) = number(input)?;
    if literal.is_plain && at(rest, '%') {
        let behind = skip(rest, 1);
        if !begins_operand(blank(behind)) {
            let percent = match literal.value {
                Value::Int(value) => value as f64,
                Value::Float(value) => value,
                _ => unreachable!("a number without a unit is an int or a float"),
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
