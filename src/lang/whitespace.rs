//! White space, newlines and comments, which are allowed between any two tokens.

use nom::Parser;
use nom::branch::alt;
use nom::bytes::complete::{take_while, take_while1};
use nom::character::complete::char;
use nom::combinator::recognize;
use nom::multi::many0_count;
use nom::sequence::preceded;

use super::failure::{Failure, SourceText};

/// The input after white space and comments (`#` to the end of the line).
pub(super) fn skip_whitespace(input: SourceText<'_>) -> SourceText<'_> {
    let comment = preceded(char('#'), take_while(|c| c != '\n'));
    let mut blanks = many0_count(alt((take_while1(is_whitespace), recognize(comment))));
    let read: Result<_, nom::Err<Failure>> = blanks.parse(input);
    read.map_or(input, |(rest, _)| rest)
}

/// True for white space in any script, and for the byte order mark that some editors write at the start of a file.
pub(super) fn is_whitespace(c: char) -> bool {
    c.is_whitespace() || c == '\u{feff}'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn skips_space_newlines_and_comments() {
        for (text, rest) in [
            ("", ""),
            ("a", "a"),
            (" \t\r\n a", "a"),
            ("# all of it", ""),
            ("# one\n  # two\n\u{a0}b # c", "b # c"),
            ("\u{feff}json", "json"),
        ] {
            assert_eq!(*skip_whitespace(SourceText::new(text)).fragment(), rest, "{text:?}");
        }
    }
}
