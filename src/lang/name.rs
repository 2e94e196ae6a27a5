//! Names and paths: `a.b.c`, `items[0].price`, `@source`, `` `any name` ``.

use nom::Parser;
use nom::bytes::complete::take_while;
use nom::character::complete::satisfy;
use nom::combinator::recognize;
use nom::sequence::pair;

use super::MAX_DEPTH;
use super::ast::{Path, Segment, Span};
use super::diagnostic::Diagnostic;
use super::failure::{Failure, Parsed, SourceText, at, fail, skip, span_between, span_of};
use super::quoted::quoted;
use super::whitespace::{is_whitespace, skip_whitespace};

/// Keywords; a field with such a name is written in back quotes.
pub(super) const RESERVED: [&str; 7] = ["and", "or", "not", "in", "true", "false", "null"];

/// Words that begin a clause of a stage. They are not functions or left operands where they begin a clause, so that
/// `by -x`, `from /re/` and `where(a)` are read as the clauses that they look like.
pub(super) const CLAUSE_WORDS: [&str; 12] =
    ["as", "by", "from", "of", "on", "where", "then", "within", "over", "late", "to", "with"];

/// Aggregates that are values without parentheses: `100 * count / rate`.
pub const BARE_OPERANDS: [&str; 2] = ["count", "rate"];

/// A path as written.
pub(super) struct WrittenPath {
    /// Its segments; the first one is a name.
    pub path: Path,
    /// True if it consists of plain names only, as the name of a function must.
    pub is_plain: bool,
}

/// True if a name needs no back quotes at the start of a path.
pub(super) fn is_plain_name(name: &str) -> bool {
    is_plain_segment(name) && !name.starts_with(|c: char| c.is_ascii_digit()) && !RESERVED.contains(&name)
}

/// True if a name needs no back quotes after a dot.
pub(super) fn is_plain_segment(name: &str) -> bool {
    let letters = name.strip_prefix('@').unwrap_or(name);
    !letters.is_empty() && letters.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// True if a name can begin with this character.
pub(super) fn begins_name(c: char) -> bool {
    c.is_alphabetic() || c == '_' || c == '@' || c == '`'
}

/// True if a name can contain this character.
pub(super) fn continues_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// A word without back quotes.
pub(super) fn word(input: SourceText<'_>) -> Parsed<'_, &str> {
    let first = satisfy(|c| c.is_alphabetic() || c == '_' || c == '@');
    let (rest, word) = recognize(pair(first, take_while(continues_name))).parse(input)?;
    Ok((rest, *word.fragment()))
}

/// The bare word at the start of the input, if it is not the start of a path, call or longer name.
pub(super) fn bare_word(input: SourceText<'_>) -> Option<(SourceText<'_>, &str)> {
    let (rest, word) = word(input).ok()?;
    (!rest.fragment().starts_with(['.', '['])).then_some((rest, word))
}

/// The clause word at the start of the input, if it would otherwise be read as an operand: before a parenthesis, or
/// before a space and `-x` or `/re/`.
pub(super) fn clause_word(input: SourceText<'_>) -> Option<(SourceText<'_>, &str)> {
    let (rest, word) = bare_word(input).filter(|(_, word)| CLAUSE_WORDS.contains(word))?;
    let after = skip_whitespace(rest);
    let text = *after.fragment();
    let next = text.chars().nth(1).filter(|c| !is_whitespace(*c));
    let begins_operand = match text.chars().next() {
        Some('-') => next.is_some() && after != rest,
        Some('/') => {
            let line = text.lines().next().unwrap_or("");
            after != rest && next.is_some_and(|c| c != '/') && line[1..].contains('/')
        }
        _ => at(rest, '('),
    };
    begins_operand.then_some((rest, word))
}

/// Fails at a keyword that is used as a name: `let and = 5`.
pub(super) fn reject_keyword(input: SourceText<'_>, after: SourceText<'_>) -> Result<(), nom::Err<Failure>> {
    let Some((_, word)) = bare_word(input).filter(|(_, word)| RESERVED.contains(word)) else {
        return Ok(());
    };
    let next = *skip_whitespace(after).fragment();
    let is_name = next.is_empty() || next.starts_with([',', '|']) || next.starts_with('=') && !next.starts_with("==");
    if !is_name {
        return Ok(());
    }
    let message = format!("expected a name, `{word}` is a keyword");
    let diagnostic =
        Diagnostic::new(span_of(input, word.len()), message).help(format!("in back quotes it is a name: `{word}`"));
    Err(fail(diagnostic, after.location_offset()))
}

/// True if the input begins like a right operand; a clause word does not.
pub(super) fn begins_operand(input: SourceText<'_>) -> bool {
    if let Some((_, word)) = bare_word(input) {
        let is_operator = matches!(word, "and" | "or" | "in" | "not");
        return !is_operator && !CLAUSE_WORDS.contains(&word);
    }
    let mut chars = input.fragment().chars();
    match chars.next() {
        Some('.') => chars.next().is_some_and(|c| c.is_ascii_digit()),
        Some(c) => c.is_ascii_digit() || begins_name(c) || matches!(c, '(' | '-' | '"' | '\''),
        None => false,
    }
}

/// Parses a path; the input begins with a letter, `_`, `@` or a back quote.
pub(super) fn path(input: SourceText<'_>) -> Parsed<'_, WrittenPath> {
    let mut segments = Vec::new();
    let (rest, first_is_plain) = name_segment(input, &mut segments)?;
    let (rest, others_are_plain) = more_segments(rest, &mut segments)?;
    Ok((rest, WrittenPath { path: Path(segments), is_plain: first_is_plain && others_are_plain }))
}

/// Parses any number of `.name` and `[0]`; returns true if all of them are plain names.
pub(super) fn more_segments<'a>(mut input: SourceText<'a>, segments: &mut Vec<Segment>) -> Parsed<'a, bool> {
    let mut are_plain = true;
    loop {
        let (rest, is_plain) = match input.fragment().chars().next() {
            Some('.') => segment_behind_dot(input, segments)?,
            Some('[') => (index(input, segments)?.0, false),
            _ => return Ok((input, are_plain)),
        };
        if segments.len() > usize::from(MAX_DEPTH) {
            let diagnostic =
                Diagnostic::new(span_between(input, rest), format!("a path of more than {MAX_DEPTH} steps"));
            return Err(fail(diagnostic, rest.location_offset()));
        }
        are_plain &= is_plain;
        input = rest;
    }
}

/// Parses a name in back quotes, or a word; returns true for a word.
fn name_segment<'a>(input: SourceText<'a>, segments: &mut Vec<Segment>) -> Parsed<'a, bool> {
    let is_word = !at(input, '`');
    let (rest, name) = if is_word {
        let (rest, word) = word(input)?;
        (rest, word.to_owned())
    } else {
        quoted_name(input)?
    };
    // Back quotes matter only here: without them `@source` and the like are metadata from the source.
    let is_own = !is_word && segments.is_empty() && name.starts_with('@') && is_plain_name(&name);
    segments.push(match is_own {
        true => Segment::QuotedName(name),
        false => Segment::Name(name),
    });
    Ok((rest, is_word))
}

/// Parses `.name`; the name may begin with a digit.
fn segment_behind_dot<'a>(input: SourceText<'a>, segments: &mut Vec<Segment>) -> Parsed<'a, bool> {
    let behind_dot = skip(input, 1);
    match behind_dot.fragment().chars().next() {
        Some(c) if c.is_alphanumeric() => {
            let (rest, name) = take_while(continues_name).parse(behind_dot)?;
            segments.push(Segment::Name((*name.fragment()).to_owned()));
            Ok((rest, true))
        }
        Some(c) if begins_name(c) => name_segment(behind_dot, segments),
        _ => {
            let diagnostic = Diagnostic::new(span_of(input, 1), "expected a name after the dot")
                .help("a path is written `user.id`, a name with other letters in back quotes: user.`the id`");
            Err(fail(diagnostic, behind_dot.location_offset()))
        }
    }
}

/// `[0]` or `[-1]`.
fn index<'a>(input: SourceText<'a>, segments: &mut Vec<Segment>) -> Parsed<'a, ()> {
    let text = *input.fragment();
    let length = text.find(']').filter(|end| !text[..*end].contains('\n'));
    let number = length.and_then(|end| text[1..end].parse::<i64>().ok());
    match (number, length) {
        (Some(number), Some(end)) if !text[1..].starts_with('+') => {
            segments.push(Segment::Index(number));
            Ok((skip(input, end + 1), ()))
        }
        _ => {
            let message = "expected a whole number between `[` and `]`";
            let diagnostic = Diagnostic::new(span_of(input, length.map_or(1, |end| end + 1)), message)
                .help("an element is `a[0]`, the last one `a[-1]`, a member a.name or a.`the name`");
            Err(fail(diagnostic, input.location_offset() + 1))
        }
    }
}

/// Parses `` `any name` ``; a back quote in it is escaped: `` \` ``.
fn quoted_name(input: SourceText<'_>) -> Parsed<'_, String> {
    let (rest, bytes) = quoted(input)?;
    match String::from_utf8(bytes) {
        Ok(name) => Ok((rest, name)),
        Err(_) => {
            let span: Span = span_between(input, rest);
            Err(fail(Diagnostic::new(span, "a name must be UTF-8"), rest.location_offset()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<(String, String), String> {
        match path(SourceText::new(text)) {
            Ok((rest, written)) => Ok((written.path.to_string(), (*rest.fragment()).to_owned())),
            Err(nom::Err::Failure(failure)) => Err(failure.diagnostic.message),
            Err(_) => Err("no path".to_owned()),
        }
    }

    #[test]
    fn reads_paths() {
        for (text, path, rest) in [
            ("a", "a", ""),
            ("a.b.c d", "a.b.c", " d"),
            ("a[0].b[-1]", "a[0].b[-1]", ""),
            ("a.1xx", "a.1xx", ""),
            ("a.`b c`.d", "a.`b c`.d", ""),
            ("`any name, dots. and all`", "`any name, dots. and all`", ""),
            ("`plain`", "plain", ""),
            ("@source", "@source", ""),
            ("`@source`", "`@source`", ""),
            ("`@the time`", "`@the time`", ""),
            ("`@source`.`@a`", "`@source`.@a", ""),
            ("log.@timestamp", "log.@timestamp", ""),
            ("größe", "`größe`", ""),
            ("`a\\`b`", "`a\\`b`", ""),
            ("a -b", "a", " -b"),
        ] {
            assert_eq!(read(text), Ok((path.to_owned(), rest.to_owned())), "{text}");
        }
    }

    #[test]
    fn says_what_is_wrong_with_a_path() {
        assert_eq!(read("a."), Err("expected a name after the dot".to_owned()));
        assert_eq!(read("a..b"), Err("expected a name after the dot".to_owned()));
        for text in ["a[x]", "a[]", "a[", "a[99999999999999999999]", "a[+1]", "a[\"k\"]"] {
            assert_eq!(read(text), Err("expected a whole number between `[` and `]`".to_owned()), "{text}");
        }
        let long = format!("a{}", ".a".repeat(30_000));
        assert_eq!(read(&long), Err("a path of more than 200 steps".to_owned()));
    }

    #[test]
    fn ends_at_a_clause_word() {
        for text in ["by -x", "from /re/", "where(a)", "then -1*x", "by\n-x"] {
            assert!(clause_word(SourceText::new(text)).is_some(), "{text}");
        }
        for text in ["by - x", "by-x", "to / 5 > x / 2", "to /5", "by (a)", "by x", "by.a -x", "bye -x", "on // x/"] {
            assert!(clause_word(SourceText::new(text)).is_none(), "{text}");
        }
    }
}
