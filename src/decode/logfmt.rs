//! Lines of `key=value key="va lue" key`.
//!
//! Keys are walked and compared with what is wanted; a value that nothing asks for is passed over, but its quotes
//! are checked. Values stay where they are unless they have escapes.

use std::collections::HashMap;

use memchr::memchr2;

use crate::data::{Column, Span, TextColumn, Value};

use super::taken::Taken;
use super::{Decoded, Decoder, Seen, Wanted};

/// Reads wanted fields of lines.
#[derive(Debug)]
pub struct LogfmtDecoder {
    keys: Vec<WantedKey>,
    fields: usize,
    /// The column that takes all fields.
    whole: Option<usize>,
}

#[derive(Debug)]
struct WantedKey {
    key: Vec<u8>,
    /// Which column.
    column: usize,
    seen: Seen,
}

/// What a key has, by its place in the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Found {
    /// The key stands alone.
    True,
    /// As it is written.
    Plain(usize, usize),
    /// Between quotes, with a backslash in it.
    Escaped(usize, usize),
}

impl LogfmtDecoder {
    /// A decoder of these fields; column by column in this order. A path is the key that looks like it.
    pub fn new(wanted: &[Wanted]) -> Self {
        let mut decoder = LogfmtDecoder {
            keys: Vec::new(),
            fields: wanted.len(),
            whole: None,
        };
        for (column, wanted) in wanted.iter().enumerate() {
            match wanted {
                Wanted::Whole => decoder.whole = Some(column),
                Wanted::Field(path, seen) => decoder.keys.push(WantedKey {
                    key: path.label().into_bytes(),
                    column,
                    seen: seen.clone(),
                }),
            }
        }
        decoder
    }

    /// The fields of a line as an object, in the order in which their keys came first.
    fn object(&self, text: &[u8]) -> Value {
        let mut fields: Vec<(Vec<u8>, Value)> = Vec::new();
        let mut places: HashMap<&[u8], usize> = HashMap::new();
        let _ = walk(text, |key, found| {
            let value = found.value(text);
            let next = fields.len();
            let place = *places.entry(key).or_insert(next);
            match fields.get_mut(place) {
                Some(field) => field.1 = value,
                None => fields.push((key.to_vec(), value)),
            }
        }); // it was walked before
        Value::Object(fields)
    }
}

impl Decoder for LogfmtDecoder {
    fn decode<'a>(&self, texts: &TextColumn<'a>) -> Decoded<'a> {
        let rows = texts.spans.len();
        let mut taken: Vec<Taken> = (0..self.fields).map(|_| Taken::new(rows)).collect();
        let (mut wholes, mut rejected) = (Vec::new(), Vec::new());
        let mut row_found: Vec<Option<Found>> = vec![None; self.fields];
        for (row, span) in texts.spans.iter().enumerate() {
            row_found.fill(None);
            let text = span.slice(&texts.bytes);
            let walked = walk(text, |key, found| {
                for wanted in self.keys.iter().filter(|wanted| wanted.key == key) {
                    row_found[wanted.column] = Some(found);
                }
            });
            if let Err(reason) = walked {
                rejected.push((row as u32, reason));
                continue;
            }
            let base = span.start as usize;
            for wanted in &self.keys {
                let taken = &mut taken[wanted.column];
                match row_found[wanted.column] {
                    None => taken.push(Span::NULL),
                    Some(found) => {
                        wanted.seen.set();
                        match found {
                            Found::Plain(start, end) => {
                                taken.push(Span::new(base + start, base + end))
                            }
                            Found::True | Found::Escaped(..) => taken.push_made(found.value(text)),
                        }
                    }
                }
            }
            if self.whole.is_some() {
                wholes.push(self.object(text));
            }
        }
        let column = |taken: Taken| taken.into_column(&texts.bytes);
        let mut columns: Vec<Column<'a>> = taken.into_iter().map(column).collect();
        if let Some(whole) = self.whole {
            columns[whole] = Column::Values(wholes);
        }
        Decoded { columns, rejected }
    }
}

/// Calls `see` with every key of a line and what it has; otherwise the reason why the line cannot be read.
#[inline]
fn walk<'t>(text: &'t [u8], mut see: impl FnMut(&'t [u8], Found)) -> Result<(), String> {
    let mut has_pair = false;
    let mut at = 0;
    loop {
        at += length(&text[at..], |byte| byte <= b' ');
        if at == text.len() {
            break;
        }
        let key_length = length(&text[at..], |byte| {
            byte > b' ' && byte != b'=' && byte != b'"'
        });
        let key = &text[at..at + key_length];
        at += key_length;
        match text.get(at) {
            Some(b'=') if key_length > 0 => at += 1,
            Some(b'=' | b'"') => return Err(no_key(at)),
            _ => {
                see(key, Found::True);
                continue;
            }
        }
        has_pair = true;
        let start = at;
        if text.get(start) == Some(&b'"') {
            let (end, has_escapes) = closing_quote(text, start)?;
            at = end + 1;
            if text.get(at).is_some_and(|byte| *byte > b' ') {
                return Err(not_alone(at));
            }
            let found = if has_escapes {
                Found::Escaped(start + 1, end)
            } else {
                Found::Plain(start + 1, end)
            };
            see(key, found);
        } else {
            at += length(&text[at..], |byte| byte > b' ');
            see(key, Found::Plain(start, at));
        }
    }
    if has_pair {
        Ok(())
    } else {
        Err("logfmt: expected key=value".to_owned())
    }
}

/// How many of the first bytes are such.
#[inline(always)]
fn length(bytes: &[u8], is_such: impl Fn(u8) -> bool) -> usize {
    let end = bytes.iter().position(|byte| !is_such(*byte));
    end.unwrap_or(bytes.len())
}

/// The quote that closes the one at `open`, and whether a backslash stands between them.
#[inline]
fn closing_quote(text: &[u8], open: usize) -> Result<(usize, bool), String> {
    let mut at = open + 1;
    let mut has_escapes = false;
    while let Some(found) = memchr2(b'"', b'\\', text.get(at..).unwrap_or_default()) {
        at += found;
        if text[at] == b'"' {
            return Ok((at, has_escapes));
        }
        has_escapes = true;
        at += 2;
    }
    Err(format!(
        "logfmt: the quote at byte {} is not closed",
        open + 1
    ))
}

#[cold]
fn no_key(at: usize) -> String {
    format!("logfmt: expected key=value at byte {}", at + 1)
}

#[cold]
fn not_alone(at: usize) -> String {
    format!("logfmt: expected white space behind the closing quote at byte {at}")
}

impl Found {
    fn value(self, text: &[u8]) -> Value {
        match self {
            Found::True => Value::Bool(true),
            Found::Plain(start, end) => Value::Text(text[start..end].to_vec()),
            Found::Escaped(start, end) => Value::Text(without_escapes(&text[start..end])),
        }
    }
}

/// The text that is meant: the escapes of Go and of JSON. A backslash in front of anything else stays.
fn without_escapes(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&first, behind)) = rest.split_first() {
        let (meant, read) = if first == b'\\' {
            escape(behind)
        } else {
            (Escape::Byte(first), 0)
        };
        match meant {
            Escape::Byte(byte) => out.push(byte),
            Escape::Char(letter) => {
                out.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
            }
        }
        rest = &behind[read..];
    }
    out
}

/// What an escape stands for.
enum Escape {
    Byte(u8),
    Char(char),
}

/// What a backslash and the bytes behind it stand for, and how many of these it takes.
fn escape(behind: &[u8]) -> (Escape, usize) {
    let stays = (Escape::Byte(b'\\'), 0);
    let byte = |byte| (Escape::Byte(byte), 1);
    match behind.first() {
        Some(&plain @ (b'"' | b'\\' | b'/')) => byte(plain),
        Some(b'n') => byte(b'\n'),
        Some(b'r') => byte(b'\r'),
        Some(b't') => byte(b'\t'),
        Some(b'b') => byte(8),
        Some(b'f') => byte(12),
        Some(b'x') => hex(behind, 2).map_or(stays, |code| (Escape::Byte(code as u8), 3)),
        Some(b'u') => match hex(behind, 4) {
            Some(high @ 0xD800..0xDC00) => {
                let low = behind.get(5..).filter(|rest| rest.starts_with(b"\\u"));
                match low.and_then(|rest| hex(&rest[1..], 4)) {
                    Some(low @ 0xDC00..0xE000) => {
                        let code = 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00);
                        char::from_u32(code).map_or(stays, |letter| (Escape::Char(letter), 11))
                    }
                    _ => stays,
                }
            }
            Some(code) => char::from_u32(code).map_or(stays, |letter| (Escape::Char(letter), 5)),
            None => stays,
        },
        _ => stays,
    }
}

/// The number of so many hexadecimal digits behind a letter.
fn hex(behind: &[u8], digits: usize) -> Option<u32> {
    let digits = behind.get(1..1 + digits)?;
    let digits = std::str::from_utf8(digits).ok()?;
    let are_digits = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    are_digits.then(|| u32::from_str_radix(digits, 16).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn pairs(text: &str) -> Result<Vec<(String, Value)>, String> {
        let mut pairs = Vec::new();
        walk(text.as_bytes(), |key, found| {
            let key = String::from_utf8_lossy(key).into_owned();
            pairs.push((key, found.value(text.as_bytes())));
        })?;
        Ok(pairs)
    }

    #[test]
    fn reads_pairs() {
        let pair = |key: &str, value: &str| (key.to_owned(), Value::Text(value.into()));
        assert_eq!(
            pairs("a=1  b=\"x \\\"y\\\"\"\tc= d=\"\" e"),
            Ok(vec![
                pair("a", "1"),
                pair("b", "x \"y\""),
                pair("c", ""),
                pair("d", ""),
                ("e".to_owned(), Value::Bool(true)),
            ])
        );
        assert_eq!(pairs("é=ü"), Ok(vec![pair("é", "ü")]));
    }

    #[test]
    fn says_what_is_wrong() {
        for (text, reason) in [
            ("", "logfmt: expected key=value"),
            ("a b", "logfmt: expected key=value"),
            ("a=1 =2", "logfmt: expected key=value at byte 5"),
            ("a=1 \"b\"=2", "logfmt: expected key=value at byte 5"),
            ("a=\"1", "logfmt: the quote at byte 3 is not closed"),
            ("a=\"1\\", "logfmt: the quote at byte 3 is not closed"),
            (
                "a=\"1\"b",
                "logfmt: expected white space behind the closing quote at byte 5",
            ),
        ] {
            assert_eq!(pairs(text), Err(reason.to_owned()), "{text}");
        }
    }

    #[test]
    fn escapes_stand_for_what_they_say() {
        for (written, meant) in [
            ("\\\"\\\\\\/", "\"\\/"),
            ("\\n\\r\\t\\b\\f", "\n\r\t\u{8}\u{c}"),
            ("\\u00e9\\ud83d\\ude00", "é😀"),
            ("\\x41\\xC3\\xa9", "Aé"),
            (
                "\\ud83d\\u0041 \\u12 \\x4 \\q \\",
                "\\ud83dA \\u12 \\x4 \\q \\",
            ),
        ] {
            assert_eq!(
                String::from_utf8_lossy(&without_escapes(written.as_bytes())),
                meant
            );
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_rejected(text in prop_oneof!["[a=\" \\\\ux0d8]{0,30}", ".{0,20}"]) {
            let _ = pairs(&text);
        }
    }
}
