//! The "found …" part of messages, and the diagnostics for a missing operand or bracket.

use super::ast::Span;
use super::diagnostic::{Diagnostic, DiagnosticKind};
use super::failure::{Failure, SourceText, fail, skip, span_of};
use super::foreign::reject_foreign_sign;
use super::name::{bare_word, begins_name, continues_name};
use super::recover::quoted_length;
use super::whitespace::skip_whitespace;

/// The maximal number of characters of a text in a message.
const MAX_SHOWN: usize = 40;

/// The next token in back quotes, or `the end of the expression`; and its span.
pub(super) fn found(input: SourceText<'_>) -> (String, Span) {
    let length = token_length(input.fragment());
    if length == 0 {
        return ("the end of the expression".to_owned(), span_of(input, 0));
    }
    let text = &input.fragment()[..length];
    let inner = text.strip_prefix('`').and_then(|text| text.strip_suffix('`'));
    (in_back_quotes(inner.unwrap_or(text)), span_of(input, length))
}

/// A piece of the expression as a message shows it: one line, no control characters, not too long.
pub fn in_back_quotes(text: &str) -> String {
    let mut shown = String::from("`");
    for (place, c) in text.chars().enumerate() {
        if place == MAX_SHOWN {
            shown.push('…');
            break;
        }
        match c {
            c if c.is_control() => shown.extend(c.escape_default()),
            c => shown.push(c),
        }
    }
    shown.push('`');
    shown
}

/// Fails because there is no value or field at `input`.
#[cold]
pub(super) fn expected_operand(input: SourceText<'_>) -> nom::Err<Failure> {
    if let Err(foreign) = reject_foreign_sign(input) {
        return foreign;
    }
    let (found, span) = found(input);
    let diagnostic =
        Diagnostic::new(span, format!("expected a value or a field, found {found}")).kind(DiagnosticKind::Missing);
    let mut chars = input.fragment().chars();
    let help = match (chars.next(), chars.next()) {
        (Some('.'), Some(c)) if begins_name(c) => {
            let word = bare_word(skip(input, 1)).map_or("status", |(_, word)| word);
            Some(format!("a field has no dot before its name: `{word}`"))
        }
        (Some('*'), _) => {
            Some("`count` alone counts records, and every field is kept unless `select` chooses".to_owned())
        }
        (Some('='), Some('=')) => Some("comparisons go in `where`: where status == 500".to_owned()),
        (Some(')'), _) => Some("there is no open `(` here".to_owned()),
        _ => None,
    };
    let resume = input.location_offset() + token_length(input.fragment());
    fail(Diagnostic { help, ..diagnostic }, resume)
}

/// The bracket that closes the one at the start of the input.
pub(super) fn closing(open: SourceText<'_>) -> char {
    match open.fragment().chars().next() {
        Some('[') => ']',
        Some('{') => '}',
        _ => ')',
    }
}

/// Fails because the bracket at `open` is not closed at `here`: at the end of a stage the bracket is marked, otherwise
/// the unexpected token.
#[cold]
pub(super) fn expected_end(open: SourceText<'_>, here: SourceText<'_>, expected: &str) -> nom::Err<Failure> {
    let here = skip_whitespace(here);
    if here.fragment().is_empty() || here.fragment().starts_with('|') {
        let bracket = open.fragment().chars().next().unwrap_or('(');
        let diagnostic = Diagnostic::new(span_of(open, 1), format!("unclosed `{bracket}`"))
            .help(format!("close it with `{}`", closing(open)));
        return fail(diagnostic, here.location_offset());
    }
    let (found, span) = found(here);
    let help = match here.fragment().chars().next() {
        Some(',') if closing(open) == ')' => Some(
            "a list can follow `in`, arguments follow a function's name without a space: f(a, b); keys have no parentheses: count by a, b",
        ),
        Some('=') if closing(open) == '}' => {
            Some("the name and the value of a field are separated by `:`, as in {a: 1}")
        }
        Some('=') => Some("`=` assigns; a comparison is `==`"),
        _ => None,
    };
    let diagnostic = Diagnostic {
        help: help.map(str::to_owned),
        ..Diagnostic::new(span, format!("expected {expected}, found {found}"))
    };
    fail(diagnostic, here.location_offset())
}

/// The approximate length of the first token: a word, a number, or one operator. Used only in messages.
fn token_length(text: &str) -> usize {
    let Some(first) = text.chars().next() else {
        return 0;
    };
    if matches!(first, '"' | '\'' | '`') {
        return quoted_length(text).unwrap_or(1);
    }
    if continues_name(first) || first == '@' {
        let length = text[first.len_utf8()..].find(|c| !continues_name(c));
        return length.map_or(text.len(), |length| length + first.len_utf8());
    }
    if ["==", "!=", "<=", ">=", "!~", "??", "//"].iter().any(|sign| text.starts_with(sign)) {
        return 2;
    }
    first.len_utf8()
}
