//! Operands: literals, fields, calls, and expressions in parentheses.

use super::MAX_DEPTH;
use super::ast::{Expr, ExprKind, Name, Segment};
use super::depth::too_deep;
use super::diagnostic::Diagnostic;
use super::expression::{Context, build, expression};
use super::failure::{Failure, Parsed, SourceText, at, fail, skip, span_between, span_of};
use super::foreign::begins_object;
use super::found::{closing, expected_end, expected_operand, found};
use super::name::{CLAUSE_WORDS, RESERVED, begins_name, begins_operand, continues_name, more_segments, path};
use super::number::number;
use super::quoted::quoted;
use super::regex::regex;
use super::whitespace::skip_whitespace;
use crate::data::Value;

/// Parses one operand; the input begins with it. `brackets` is the number of open brackets around it.
pub(super) fn operand(input: SourceText<'_>, brackets: u16) -> Parsed<'_, Expr> {
    match input.fragment().chars().next() {
        Some('(') => parenthesis(input, brackets),
        Some('[') => list_literal(input, brackets),
        Some('{') if begins_object(input) => object_literal(input, brackets),
        Some(c) if begins_name(c) => field_or_call(input, brackets),
        _ => literal(input),
    }
}

/// Parses a field, a call (its `(` follows its name without a space), or `true`, `false`, `null`.
pub(super) fn field_or_call(input: SourceText<'_>, brackets: u16) -> Parsed<'_, Expr> {
    match named(input) {
        Ok((rest, Named::Complete(expr))) => Ok((rest, expr)),
        Ok((open, Named::Function)) => call(input, open, brackets),
        Err(error) => Err(error),
    }
}

/// Parses `(a, b)` or `[a, b]`; the input begins with the bracket.
pub(super) fn list(open: SourceText<'_>, brackets: u16) -> Parsed<'_, Vec<Expr>> {
    let mut items = Vec::new();
    let brackets = deeper(open, brackets)?;
    let mut here = skip_whitespace(skip(open, 1));
    if at(here, closing(open)) {
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

/// Replaces the help of the error after an item if it is SQL's `count(distinct x)`.
#[cold]
fn unless_distinct(error: nom::Err<Failure>, items: &[Expr], here: SourceText<'_>) -> nom::Err<Failure> {
    let is_distinct = items.last().and_then(Expr::as_word).is_some_and(|word| word.eq_ignore_ascii_case("distinct"));
    match error {
        nom::Err::Failure(mut failure) if is_distinct && begins_operand(here) => {
            failure.diagnostic.help = Some("write count_distinct(x)".to_owned());
            nom::Err::Failure(failure)
        }
        _ => error,
    }
}

/// The start of an operand that begins with a name. Parsing is split into many functions because every open bracket
/// keeps the stack frames of its callers: work before and after the recursion is in functions of its own.
enum Named {
    /// A field or a literal.
    Complete(Expr),
    /// A function's name: a parenthesis follows.
    Function,
}

/// Parses an operand that begins with a name, up to the `(` of a call.
fn named(input: SourceText<'_>) -> Parsed<'_, Named> {
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

/// Parses `name(a, b)` and the path after it. `input` begins with the name, `open` with the `(`.
fn call<'a>(input: SourceText<'a>, open: SourceText<'a>, brackets: u16) -> Parsed<'a, Expr> {
    match list(open, brackets) {
        Ok((rest, arguments)) => called(input, open, rest, arguments),
        Err(error) => Err(error),
    }
}

/// Makes the call that ends at `rest`, with the path after it.
fn called<'a>(
    input: SourceText<'a>,
    open: SourceText<'a>,
    rest: SourceText<'a>,
    arguments: Vec<Expr>,
) -> Parsed<'a, Expr> {
    let span = span_between(input, open);
    let text = input.fragment()[..span.end - span.start].to_owned();
    let call = build(ExprKind::Call(Name { text, span }, arguments), span_between(input, rest))?;
    access(input, rest, call)
}

/// Parses `[a, b]` and the path after it.
fn list_literal(open: SourceText<'_>, brackets: u16) -> Parsed<'_, Expr> {
    match list(open, brackets) {
        Ok((rest, items)) => literal_of(open, rest, ExprKind::List(items)),
        Err(error) => Err(error),
    }
}

/// Makes the list or object from `open` to `rest`, with the path after it.
fn literal_of<'a>(open: SourceText<'a>, rest: SourceText<'a>, kind: ExprKind) -> Parsed<'a, Expr> {
    let literal = build(kind, span_between(open, rest))?;
    access(open, rest, literal)
}

/// Parses `{a: x, b: y}` and the path after it.
fn object_literal(open: SourceText<'_>, brackets: u16) -> Parsed<'_, Expr> {
    let mut fields: Vec<(Name, Expr)> = Vec::new();
    let brackets = deeper(open, brackets)?;
    let mut here = skip_whitespace(skip(open, 1));
    if at(here, '}') {
        return literal_of(open, skip(here, 1), ExprKind::Object(fields));
    }
    loop {
        let (value, name) = field_name(open, here)?;
        reject_twice(&fields, &name, value)?;
        let rest = match expression(value, Context::within(brackets)) {
            Ok((rest, expr)) => {
                fields.push((name, expr));
                rest
            }
            Err(error) => return Err(unless_unclosed(error, open, value)),
        };
        match next_item(open, rest)? {
            Some(next) => here = next,
            None => {
                let end = skip(skip_whitespace(rest), 1);
                return literal_of(open, end, ExprKind::Object(fields));
            }
        }
    }
}

/// Parses `name:` of an object; returns the start of the value.
fn field_name<'a>(open: SourceText<'a>, here: SourceText<'a>) -> Parsed<'a, Name> {
    let (rest, text) = match here.fragment().chars().next() {
        Some('"' | '\'' | '`') => {
            let (rest, bytes) = quoted(here)?;
            (rest, String::from_utf8(bytes).ok())
        }
        _ => {
            let text = *here.fragment();
            let is_part = |c: char| continues_name(c) || c == '@';
            let length = text.find(|c| !is_part(c)).unwrap_or(text.len());
            (skip(here, length), Some(text[..length].to_owned()).filter(|name| !name.is_empty()))
        }
    };
    let Some(text) = text else {
        let (found, span) = found(here);
        let diagnostic = Diagnostic::new(span, format!("expected the name of a field, found {found}"));
        return Err(fail(diagnostic.help("an object is written {a: 1, b: 2}"), here.location_offset()));
    };
    let span = span_between(here, rest);
    let colon = skip_whitespace(rest);
    if !at(colon, ':') {
        return Err(expected_end(open, rest, "`:` after the name"));
    }
    Ok((skip_whitespace(skip(colon, 1)), Name { text, span }))
}

/// Fails if an object has a field of this name already.
fn reject_twice(fields: &[(Name, Expr)], name: &Name, rest: SourceText<'_>) -> Result<(), nom::Err<Failure>> {
    if fields.iter().all(|(other, _)| other.text != name.text) {
        return Ok(());
    }
    let message = format!("two fields are named `{}`", name.text);
    Err(fail(Diagnostic::new(name.span, message), rest.location_offset()))
}

/// Parses `(a)` and the path after it.
fn parenthesis(open: SourceText<'_>, brackets: u16) -> Parsed<'_, Expr> {
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

/// Makes the expression between `open` and the `)` at `rest`, with the path after it.
fn parenthesized<'a>(open: SourceText<'a>, rest: SourceText<'a>, mut expr: Expr) -> Parsed<'a, Expr> {
    let end = skip_whitespace(rest);
    if !at(end, ')') {
        return Err(expected_end(open, rest, "`)`"));
    }
    let rest = skip(end, 1);
    expr.span = span_between(open, rest);
    access(open, rest, expr)
}

/// The start of the item after the one that ends at `rest`; `None` at the end of the list.
fn next_item<'a>(open: SourceText<'a>, rest: SourceText<'a>) -> Result<Option<SourceText<'a>>, nom::Err<Failure>> {
    let after = skip_whitespace(rest);
    let close = closing(open);
    if at(after, close) {
        return Ok(None);
    }
    if !at(after, ',') {
        return Err(expected_end(open, rest, &format!("`,` or `{close}`")));
    }
    let next = skip_whitespace(skip(after, 1));
    if at(next, close) {
        let message = format!("unexpected `,` before `{close}`");
        let diagnostic = Diagnostic::new(span_of(after, 1), message).help("drop the comma");
        return Err(fail(diagnostic, after.location_offset() + 1));
    }
    Ok(Some(next))
}

/// The error of an expression at `here`; if the stage ends there, the error of the unclosed bracket.
#[cold]
fn unless_unclosed(error: nom::Err<Failure>, open: SourceText<'_>, here: SourceText<'_>) -> nom::Err<Failure> {
    let is_end = here.fragment().is_empty() || at(here, '|') && !here.fragment().starts_with("||");
    if is_end { expected_end(open, here, &format!("`{}`", closing(open))) } else { error }
}

/// Adds the path at `rest` to an operand.
fn access<'a>(input: SourceText<'a>, rest: SourceText<'a>, base: Expr) -> Parsed<'a, Expr> {
    let mut segments = Vec::new();
    let (after, _) = more_segments(rest, &mut segments)?;
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
    Ok((after, build(kind, span_between(input, after))?))
}

/// Parses a string, regular expression or number.
fn literal(input: SourceText<'_>) -> Parsed<'_, Expr> {
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

/// Parses a number, or a percentage if no right operand follows the `%`.
fn number_or_percent(input: SourceText<'_>) -> Parsed<'_, Expr> {
    let (rest, literal) = number(input)?;
    if literal.is_plain && at(rest, '%') {
        let after = skip(rest, 1);
        if !begins_operand(skip_whitespace(after)) {
            let percent = match literal.value {
                Value::Int(value) => value as f64,
                Value::Float(value) => value,
                _ => f64::MAX, // an int beyond 64 bits, larger than any percentage
            };
            return leaf(input, after, ExprKind::Percent(percent));
        }
    }
    leaf(input, rest, ExprKind::Literal(literal.value))
}

/// Makes an expression without operands, from `input` to `rest`.
fn leaf<'a>(input: SourceText<'a>, rest: SourceText<'a>, kind: ExprKind) -> Parsed<'a, Expr> {
    Ok((rest, build(kind, span_between(input, rest))?))
}

/// Counts one more bracket; fails if there are too many.
fn deeper(open: SourceText<'_>, brackets: u16) -> Result<u16, nom::Err<Failure>> {
    if brackets >= MAX_DEPTH {
        return Err(fail(too_deep(span_of(open, 1)), open.location_offset() + 1));
    }
    Ok(brackets + 1)
}
