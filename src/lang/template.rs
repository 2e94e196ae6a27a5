//! Templates: text with expressions in braces, `"{ip} sent {bytes:,} bytes"`, and the places of their parts in the
//! expression around them.

use std::ops::Range;

use super::ast::{Expr, Span};
use super::diagnostic::Diagnostic;
use super::expression::{Context, expression};
use super::failure::{SourceText, at, skip};
use super::quoted::literal_offsets;
use super::whitespace::skip_whitespace;

/// A part of a template.
#[derive(Clone, Debug)]
pub enum TemplatePart {
    /// Text that is printed unchanged.
    Text(Vec<u8>),
    /// `{expr:specification}`
    Hole {
        /// The expression, whose spans are ranges of the template's text after `offset`.
        expr: Expr,
        /// The place after the `{`.
        offset: usize,
        /// The text after the `:`, empty without one.
        specification: String,
        /// The place of the specification in the template's text.
        place: Range<usize>,
    },
}

/// Splits a template; the spans of errors are ranges of its text.
pub fn parse_template(text: &[u8]) -> Result<Vec<TemplatePart>, Diagnostic> {
    let (mut parts, mut plain) = (Vec::new(), Vec::new());
    let mut here = 0;
    while here < text.len() {
        match &text[here..] {
            [b'{', b'{', ..] | [b'}', b'}', ..] => {
                plain.push(text[here]);
                here += 2;
            }
            [b'}', ..] => {
                let span = Span { start: here, end: here + 1 };
                return Err(Diagnostic::new(span, "`}` closes no `{`").help("a brace as text is }}"));
            }
            [b'{', ..] => {
                if !plain.is_empty() {
                    parts.push(TemplatePart::Text(std::mem::take(&mut plain)));
                }
                let (hole, end) = hole(text, here)?;
                parts.push(hole);
                here = end;
            }
            [byte, ..] => {
                plain.push(*byte);
                here += 1;
            }
            [] => break,
        }
    }
    if !plain.is_empty() {
        parts.push(TemplatePart::Text(plain));
    }
    Ok(parts)
}

/// Parses the hole whose `{` is at `open`; returns the position after its `}`.
fn hole(text: &[u8], open: usize) -> Result<(TemplatePart, usize), Diagnostic> {
    let start = open + 1;
    let inside = text[start..].utf8_chunks().next().map_or("", |chunk| chunk.valid());
    let moved = |span: Span| Span { start: start + span.start, end: start + span.end };
    let unclosed = || {
        let span = Span { start: open, end: start };
        Diagnostic::new(span, "unclosed `{`").help("close it with `}`; a brace as text is {{")
    };
    let input = skip_whitespace(SourceText::new(inside));
    if input.fragment().is_empty() {
        return Err(unclosed());
    }
    if input.fragment().starts_with(['}', ':']) {
        let span = Span { start: open, end: start + input.location_offset() + 1 };
        let missing = Diagnostic::new(span, "expected a field or an expression between `{` and `}`");
        return Err(missing.help("as in {path} or {bytes:>10,}; a brace as text is {{"));
    }
    let context = Context { ends_at_colon: true, ..Context::within(1) };
    let (rest, expr) = match expression(input, context) {
        Ok((rest, expr)) => (skip_whitespace(rest), expr),
        Err(nom::Err::Failure(failure) | nom::Err::Error(failure)) => {
            let mut diagnostic = *failure.diagnostic;
            if diagnostic.span.start >= inside.trim_end().len() {
                return Err(unclosed());
            }
            diagnostic.span = moved(diagnostic.span);
            return Err(diagnostic);
        }
        Err(nom::Err::Incomplete(_)) => unreachable!("only streaming parsers ask for more"),
    };
    let end = rest.location_offset();
    if at(rest, '}') {
        let place = start + end..start + end;
        return Ok((TemplatePart::Hole { expr, offset: start, specification: String::new(), place }, start + end + 1));
    }
    if rest.fragment().is_empty() {
        return Err(unclosed());
    }
    if !at(rest, ':') {
        let (found, span) = super::found::found(rest);
        let message = format!("expected `:` or `}}` after the expression, found {found}");
        return Err(Diagnostic::new(moved(span), message).help("as in {bytes:>10,}; a brace as text is {{"));
    }
    let rest = skip(rest, 1);
    let Some(length) = rest.fragment().find(['{', '}']) else {
        return Err(unclosed());
    };
    let place = start + rest.location_offset()..start + rest.location_offset() + length;
    if at(skip(rest, length), '{') {
        let span = Span { start: place.end, end: place.end + 1 };
        return Err(
            Diagnostic::new(span, "a format specification has no braces").help("a width is a number, as in {name:>10}")
        );
    }
    let specification = rest.fragment()[..length].to_owned();
    let after = place.end + 1;
    Ok((TemplatePart::Hole { expr, offset: start, specification, place }, after))
}

/// The places of the bytes of a quoted text in the expression.
#[derive(Clone, Debug)]
pub struct LiteralPlaces {
    /// The place of each byte, and that of the closing quote; `None` if they are not known.
    offsets: Option<Vec<usize>>,
    whole: Span,
}

impl LiteralPlaces {
    /// The places in the literal at `span` of the expression `text`, whose value has `length` bytes.
    pub fn of(text: &str, span: Span, length: usize) -> LiteralPlaces {
        let offsets = literal_offsets(text, span).filter(|offsets| offsets.len() == length + 1);
        LiteralPlaces { offsets, whole: span }
    }

    /// The span of a range of the literal's bytes.
    pub fn span(&self, range: Span) -> Span {
        let Some(offsets) = &self.offsets else {
            return self.whole;
        };
        let at = |place: usize| offsets.get(place).or(offsets.last()).copied().unwrap_or(self.whole.start);
        Span { start: at(range.start), end: at(range.end).max(at(range.start)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(text: &str) -> String {
        let parts = parse_template(text.as_bytes()).expect("a valid template");
        let part = |part: &TemplatePart| match part {
            TemplatePart::Text(text) => String::from_utf8_lossy(text).into_owned(),
            TemplatePart::Hole { expr, specification, .. } => format!("<{expr}|{specification}>"),
        };
        parts.iter().map(part).collect()
    }

    #[test]
    fn holes_hold_expressions_and_specifications() {
        for (text, expected) in [
            ("", ""),
            ("a", "a"),
            ("{a}", "<a|>"),
            ("{{a}}", "{a}"),
            ("{{{a}}}", "{<a|>}"),
            ("x{ a }y{b:>10,}z", "x<a|>y<b|>10,>z"),
            ("{a::>5}", "<a|:>5>"),
            ("{'}:' :5}", "<\"}:\"|5>"),
            ("{if(a > 1, 'x', \"y\"):s}", "<if(a > 1, \"x\", \"y\")|s>"),
            ("{ {a: 1}.a }", "<({a: 1}).a|>"),
            ("{[1, 2][0]:d}", "<([1, 2])[0]|d>"),
            ("{t:%H:%M}", "<t|%H:%M>"),
            ("{50%:s}", "<50%|s>"),
        ] {
            assert_eq!(printed(text), expected, "{text}");
        }
    }

    #[test]
    fn errors_have_their_place() {
        for (text, message, start, end) in [
            ("a{b", "unclosed `{`", 1, 2),
            ("a{b:5", "unclosed `{`", 1, 2),
            ("a{", "unclosed `{`", 1, 2),
            ("a{b + ", "unclosed `{`", 1, 2),
            ("ab}c", "`}` closes no `{`", 2, 3),
            ("{}", "expected a field or an expression between `{` and `}`", 0, 2),
            ("x{:5}", "expected a field or an expression between `{` and `}`", 1, 3),
            ("x{a b}", "expected `:` or `}` after the expression, found `b`", 4, 5),
            ("x{a && b}", "unknown operator `&&`", 4, 6),
            ("{a:{w}}", "a format specification has no braces", 3, 4),
        ] {
            let diagnostic = parse_template(text.as_bytes()).expect_err(text);
            let found = (diagnostic.message.as_str(), diagnostic.span.start, diagnostic.span.end);
            assert_eq!(found, (message, start, end), "{text}");
        }
    }

    #[test]
    fn bytes_of_a_literal_have_places() {
        let text = r#"print "\t{a}\u{e9}{b}""#;
        let places = LiteralPlaces::of(text, Span { start: 6, end: text.len() }, "\t{a}é{b}".len());
        let marked = |start: usize, end: usize| {
            let span = places.span(Span { start, end });
            &text[span.start..span.end]
        };
        assert_eq!(marked(0, 1), "\\t");
        assert_eq!(marked(1, 4), "{a}");
        assert_eq!(marked(4, 6), "\\u{e9}");
        assert_eq!(marked(6, 9), "{b}");
        let parenthesized = "f(( # c\n 'a'))";
        let places = LiteralPlaces::of(parenthesized, Span { start: 2, end: 13 }, 1);
        assert_eq!(places.span(Span { start: 0, end: 1 }), Span { start: 10, end: 11 });
    }
}
