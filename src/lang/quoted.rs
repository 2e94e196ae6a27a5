//! Quoted tokens: `"text"`, `'text'`, `` `name` ``, with the same escapes in all three.

use super::ast::Span;
use super::diagnostic::Diagnostic;
use super::failure::{Failure, Parsed, SourceText, at, fail, skip, span_of};
use super::recover;
use super::whitespace::skip_whitespace;

/// Escapes of a backslash and a letter, and the byte each stands for.
const ESCAPES: [(char, u8); 8] =
    [('n', b'\n'), ('t', b'\t'), ('r', b'\r'), ('0', 0), ('\\', b'\\'), ('"', b'"'), ('\'', b'\''), ('`', b'`')];

/// The bytes between the quote at the start of the input and the next such quote.
pub(super) fn quoted(input: SourceText<'_>) -> Parsed<'_, Vec<u8>> {
    let text = *input.fragment();
    let Some(quote) = text.chars().next() else {
        return Err(unterminated(input));
    };
    let mut bytes = Vec::new();
    let mut at = quote.len_utf8();
    loop {
        let rest = &text[at..];
        let Some(plain) = rest.find([quote, '\\']) else {
            return Err(unterminated(input));
        };
        bytes.extend_from_slice(&rest.as_bytes()[..plain]);
        at += plain;
        if text[at..].starts_with(quote) {
            return Ok((skip(input, at + quote.len_utf8()), bytes));
        }
        at += escape(input, at, &mut bytes)?;
    }
}

/// The places of the bytes of a quoted text in the expression `text`, and that of the closing quote. The literal is at
/// `span`, perhaps in parentheses; `None` if there is none.
pub(super) fn literal_offsets(text: &str, span: Span) -> Option<Vec<usize>> {
    let mut input = SourceText::new(text.get(..span.end)?);
    input = skip(input, span.start);
    while at(input, '(') {
        input = skip_whitespace(skip(input, 1));
    }
    let literal = *input.fragment();
    let quote = literal.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
    let (mut offsets, mut bytes) = (Vec::new(), Vec::new());
    let mut place = quote.len_utf8();
    loop {
        let next = literal.get(place..)?.chars().next()?;
        let start = input.location_offset() + place;
        if next == quote {
            offsets.push(start);
            return Some(offsets);
        }
        let before = bytes.len();
        let length = match next {
            '\\' => escape(input, place, &mut bytes).ok()?,
            next => {
                bytes.extend_from_slice(next.encode_utf8(&mut [0; 4]).as_bytes());
                next.len_utf8()
            }
        };
        offsets.extend((before..bytes.len()).map(|_| start));
        place += length;
    }
}

/// Appends the bytes that the escape at `at` stands for; returns the length of the escape.
fn escape(input: SourceText<'_>, at: usize, bytes: &mut Vec<u8>) -> Result<usize, nom::Err<Failure>> {
    let text = &input.fragment()[at..];
    let mut chars = text.chars();
    chars.next(); // the backslash
    let Some(letter) = chars.next() else {
        return Err(unterminated(input));
    };
    if let Some((_, byte)) = ESCAPES.iter().find(|(escape, _)| *escape == letter) {
        bytes.push(*byte);
        return Ok(2);
    }
    match letter {
        'x' => match text.get(2..4).and_then(hexadecimal) {
            Some(byte) => {
                bytes.push(byte as u8); // two digits
                Ok(4)
            }
            None => Err(bad_escape(input, at, 2, "`\\x` needs two hexadecimal digits", "write `\\x1b`")),
        },
        'u' => {
            let digits = text[2..].strip_prefix('{').and_then(|digits| digits.split_once('}'));
            let number = digits.and_then(|(digits, _)| hexadecimal(digits).map(|number| (digits, number)));
            match number.and_then(|(digits, number)| Some((digits, char::from_u32(number)?))) {
                Some((digits, c)) => {
                    bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                    Ok(digits.len() + 4)
                }
                None => Err(bad_escape(input, at, 2, "`\\u` needs a character's number", "write `\\u{e9}`")),
            }
        }
        _ => {
            let length = 1 + letter.len_utf8();
            let message =
                format!("unknown escape `{}`", text[..length].escape_debug().to_string().replace("\\\\", "\\"));
            let help = "a backslash is written `\\\\`; a regular expression is written between slashes: /\\d+/";
            Err(bad_escape(input, at, length, &message, help))
        }
    }
}

/// Parses a text that consists only of hexadecimal digits.
fn hexadecimal(digits: &str) -> Option<u32> {
    let are_digits = (1..=8).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    u32::from_str_radix(digits, 16).ok().filter(|_| are_digits)
}

#[cold]
fn unterminated(input: SourceText<'_>) -> nom::Err<Failure> {
    let kind = if at(input, '`') { "name" } else { "string" };
    let diagnostic = Diagnostic::new(span_of(input, 1), format!("unterminated {kind}"))
        .help("close it with the same quote; escape that quote with a backslash");
    fail(diagnostic, input.location_offset() + input.fragment().len())
}

#[cold]
fn bad_escape(input: SourceText<'_>, at: usize, length: usize, message: &str, help: &str) -> nom::Err<Failure> {
    let start = input.location_offset() + at;
    let diagnostic = Diagnostic::new(Span { start, end: start + length }, message).help(help);
    let has_end = recover::quoted_length(input.fragment()).is_some();
    let after = if has_end { 0 } else { input.fragment().len() };
    fail(diagnostic, input.location_offset() + after)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<u8>, (String, usize)> {
        match quoted(SourceText::new(text)) {
            Ok((_, bytes)) => Ok(bytes),
            Err(nom::Err::Failure(failure)) => Err((failure.diagnostic.message, failure.diagnostic.span.start)),
            Err(_) => Err((String::new(), 0)),
        }
    }

    #[test]
    fn reads_escapes() {
        for (text, bytes) in [
            (r#""a b" c"#, &b"a b"[..]),
            (r#"'it\'s' "#, b"it's"),
            (r#""\n\t\r\0\\\"\'""#, b"\n\t\r\0\\\"'"),
            (r#""\x41\xff\u{e9}\u{1F600}""#, b"A\xff\xc3\xa9\xf0\x9f\x98\x80"),
            ("\"two\nlines\"", b"two\nlines"),
            ("\"\"", b""),
        ] {
            assert_eq!(read(text), Ok(bytes.to_vec()), "{text}");
        }
    }

    #[test]
    fn refuses_what_is_no_escape() {
        for (text, message, start) in [
            ("\"abc", "unterminated string", 0),
            ("\"abc\\", "unterminated string", 0),
            ("'a\"", "unterminated string", 0),
            ("`a", "unterminated name", 0),
            ("`a\\", "unterminated name", 0),
            (r#""a\d""#, "unknown escape `\\d`", 2),
            (r#""\x4""#, "`\\x` needs two hexadecimal digits", 1),
            (r#""\xé9""#, "`\\x` needs two hexadecimal digits", 1),
            (r#""\u{d800}""#, "`\\u` needs a character's number", 1),
            (r#""\u00e9""#, "`\\u` needs a character's number", 1),
            (r#""\u{+1}""#, "`\\u` needs a character's number", 1),
        ] {
            assert_eq!(read(text), Err((message.to_owned(), start)), "{text}");
        }
    }
}
