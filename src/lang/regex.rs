//! Parses `/pattern/flags`; the stage or function that uses it compiles it.

use nom::Parser;
use nom::bytes::complete::take_while;

use super::ast::{RegexLiteral, Span};
use super::diagnostic::Diagnostic;
use super::failure::{Parsed, SourceText, fail, skip, span_of};

/// The flags after the second slash.
const FLAGS: &str = "imsxU";

/// Parses a text that is only a regular expression, such as the value of an option.
pub fn parse_regex(text: &str) -> Result<RegexLiteral, Diagnostic> {
    let whole = Span { start: 0, end: text.len() };
    if !text.starts_with('/') {
        return Err(Diagnostic::new(whole, "expected a /regex/").help("write '/^[0-9]{4}-/'"));
    }
    match regex(SourceText::new(text)) {
        Ok((rest, literal)) if rest.fragment().is_empty() => Ok(literal),
        Ok((rest, _)) => {
            let after = Span { start: rest.location_offset(), end: text.len() };
            Err(Diagnostic::new(after, "unexpected text after the regular expression"))
        }
        Err(nom::Err::Error(failure) | nom::Err::Failure(failure)) => Err(*failure.diagnostic),
        Err(nom::Err::Incomplete(_)) => Err(Diagnostic::new(whole, "expected a /regex/")),
    }
}

/// Parses a regular expression; the input begins with its slash.
pub(super) fn regex(input: SourceText<'_>) -> Parsed<'_, RegexLiteral> {
    let Some((pattern, length)) = pattern(&input.fragment()[1..]) else {
        let diagnostic = Diagnostic::new(span_of(input, 1), "unterminated /regex/")
            .help("close it with `/` on the same line; a slash in it is `\\/`");
        return Err(fail(diagnostic, input.location_offset() + 1));
    };
    let after = skip(input, length + 1);
    if pattern.is_empty() {
        let diagnostic = Diagnostic::new(span_of(input, length + 1), "empty regular expression")
            .help("write /pattern/; a division that floors has something on its left: a // b");
        return Err(fail(diagnostic, after.location_offset()));
    }
    if has_open_class(&pattern) {
        let diagnostic = Diagnostic::new(span_of(input, length + 1), "the `[` of this regular expression has no `]`")
            .help("a `/` inside is written `\\/`, also between `[` and `]`; a literal `[` is `\\[`");
        return Err(fail(diagnostic, after.location_offset()));
    }
    let (rest, flags) = take_while(|c: char| c.is_alphanumeric() || c == '_').parse(after)?;
    if let Some((place, flag)) = flags.fragment().char_indices().find(|(_, flag)| !FLAGS.contains(*flag)) {
        let start = flags.location_offset() + place;
        let span = Span { start, end: start + flag.len_utf8() };
        let help = match flag {
            _ if rest.fragment().starts_with('/') => "a `/` inside a regular expression is written `\\/`".to_owned(),
            'g' => "drop it: a record matches or not, and `regex_replace` replaces every match".to_owned(),
            _ => "the flags are i (any case), m (^ and $ at each line), s (. matches newlines), x (spaces ignored), U (swap greed)".to_owned(),
        };
        let diagnostic = Diagnostic::new(span, format!("unknown regex flag `{flag}`")).help(help);
        return Err(fail(diagnostic, rest.location_offset()));
    }
    let flags = (*flags.fragment()).to_owned();
    Ok((rest, RegexLiteral { pattern, flags }))
}

/// The pattern up to the closing slash, and its length with the slash.
fn pattern(text: &str) -> Option<(String, usize)> {
    let mut pattern = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '/' => return Some((pattern, at + 1)),
            '\n' => return None,
            '\\' => match chars.next()?.1 {
                '/' => pattern.push('/'),
                '\n' => return None,
                escaped => pattern.extend(['\\', escaped]),
            },
            _ => pattern.push(c),
        }
    }
    None
}

/// True if a pattern has a `[` without `]`. Comments in the pattern are skipped.
pub(super) fn has_open_class(pattern: &str) -> bool {
    let mut is_open = false;
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => drop(chars.next()),
            '[' if !is_open => {
                is_open = true;
                let rest = chars.as_str();
                let rest = rest.strip_prefix('^').unwrap_or(rest);
                let rest = rest.strip_prefix(']').unwrap_or(rest); // a `]` right after `[` is literal
                chars = rest.chars();
            }
            ']' => is_open = false,
            _ => {}
        }
    }
    is_open && !pattern.contains('#')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<(String, String), String> {
        match regex(SourceText::new(text)) {
            Ok((_, literal)) => Ok((literal.pattern, literal.flags)),
            Err(nom::Err::Failure(failure)) => Err(failure.diagnostic.message),
            Err(_) => Err("no regex".to_owned()),
        }
    }

    #[test]
    fn a_class_that_is_open_at_the_slash_is_refused() {
        for text in ["/[/", "/a[^]/", "/[\\]/", "/[]/", "/x[é/"] {
            let message = "the `[` of this regular expression has no `]`";
            assert_eq!(read(text), Err(message.to_owned()), "{text}");
        }
        for text in ["/[]]/", "/[^]]/", "/\\[/", "/[[:alpha:]]/", "/[a[b]]/", "/[\\é]/", "/[\\]]/", "/a # [/x"] {
            assert!(read(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn reads_patterns_and_flags() {
        for (text, pattern, flags) in
            [("/a b/", "a b", ""), ("/a|b/im", "a|b", "im"), (r"/\d+\/\\/ x", r"\d+/\\", ""), ("/é/U", "é", "U")]
        {
            assert_eq!(read(text), Ok((pattern.to_owned(), flags.to_owned())), "{text}");
        }
    }

    #[test]
    fn refuses_the_rest() {
        for (text, message) in [
            ("/a", "unterminated /regex/"),
            ("/a\\/", "unterminated /regex/"),
            ("/a\n/", "unterminated /regex/"),
            ("/a\\", "unterminated /regex/"),
            ("//", "empty regular expression"),
            ("/a/g", "unknown regex flag `g`"),
            ("/a/ié", "unknown regex flag `é`"),
        ] {
            assert_eq!(read(text), Err(message.to_owned()), "{text}");
        }
    }
}
