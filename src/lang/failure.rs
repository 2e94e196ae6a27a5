//! The input, result and error types of the parsers.

use nom::error::{ErrorKind, ParseError};
use nom::{IResult, Input as _};
use nom_locate::LocatedSpan;

use super::ast::Span;
use super::diagnostic::Diagnostic;

/// The rest of the expression's text.
pub(super) type SourceText<'a> = LocatedSpan<&'a str>;

/// The result of a parser: the rest of the text, and the parsed value.
pub(super) type Parsed<'a, T> = IResult<SourceText<'a>, T, Failure>;

/// A diagnostic, and where to look for the next stage.
#[derive(Debug)]
pub(super) struct Failure {
    /// Boxed, because it is part of the size of every [`Parsed`].
    pub diagnostic: Box<Diagnostic>,
    /// A byte between two tokens; the search for the next `|` starts here.
    pub resume: usize,
}

impl<'a> ParseError<SourceText<'a>> for Failure {
    fn from_error_kind(input: SourceText<'a>, _: ErrorKind) -> Self {
        let diagnostic = Diagnostic::new(span_of(input, 0), "unexpected text");
        Failure { diagnostic: Box::new(diagnostic), resume: input.location_offset() }
    }

    fn append(_: SourceText<'a>, _: ErrorKind, other: Self) -> Self {
        other
    }
}

/// Fails the stage; the search for the next stage starts at `resume`.
#[cold]
pub(super) fn fail(diagnostic: Diagnostic, resume: usize) -> nom::Err<Failure> {
    nom::Err::Failure(Failure { diagnostic: Box::new(diagnostic), resume })
}

/// The first `length` bytes of the input.
pub(super) fn span_of(input: SourceText<'_>, length: usize) -> Span {
    let start = input.location_offset();
    Span { start, end: start + length }
}

/// From the start of one input to the start of a later one.
pub(super) fn span_between(from: SourceText<'_>, to: SourceText<'_>) -> Span {
    Span { start: from.location_offset(), end: to.location_offset() }
}

/// The input after its first `length` bytes.
pub(super) fn skip(input: SourceText<'_>, length: usize) -> SourceText<'_> {
    input.take_from(length)
}

/// True if the input begins with this character.
pub(super) fn at(input: SourceText<'_>, expected: char) -> bool {
    input.fragment().starts_with(expected)
}
