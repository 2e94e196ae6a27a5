//! Lines of `key=value key="va lue"`.
//!
//! Keys are compared with the wanted ones; unused values are skipped. Values are spans into the chunk unless they have
//! escapes.

use std::collections::HashMap;

use memchr::{memchr2, memmem};

use crate::data::{Column, TextColumn, TextSpan, Value};

use super::taken::Taken;
use super::{Decoded, Decoder, FieldSeen, Wanted, blank_texts};

/// Reads the wanted fields of lines.
#[derive(Debug)]
pub struct LogfmtDecoder {
    separator: PairSeparator,
    keys: Vec<WantedKey>,
    fields: usize,
    /// The column that takes all fields.
    whole: Option<usize>,
}

#[derive(Debug)]
struct WantedKey {
    key: Vec<u8>,
    /// The column of the field.
    column: usize,
    seen: FieldSeen,
}

/// The text between two pairs.
#[derive(Clone, Debug)]
pub enum PairSeparator {
    /// A run of white space and control characters.
    White,
    /// This text; white space around keys and values is dropped.
    Text(Box<memmem::Finder<'static>>),
}

/// The range of a key's value in the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum PairValue {
    /// Without escapes.
    Plain(usize, usize),
    /// In quotes, with a backslash.
    Escaped(usize, usize),
}

impl LogfmtDecoder {
    /// Makes a decoder of these fields, with columns in this order. A path means the key with its text.
    pub fn new(separator: PairSeparator, wanted: &[Wanted]) -> Self {
        let mut decoder = LogfmtDecoder { separator, keys: Vec::new(), fields: wanted.len(), whole: None };
        for (column, wanted) in wanted.iter().enumerate() {
            match wanted {
                Wanted::Whole => decoder.whole = Some(column),
                Wanted::Field(path, seen) => {
                    decoder.keys.push(WantedKey { key: path.label().into_bytes(), column, seen: seen.clone() })
                }
            }
        }
        decoder
    }

    /// Returns the fields of a line as an object, in the order of their first appearance.
    fn object(&self, text: &[u8]) -> Value {
        let mut fields: Vec<(Vec<u8>, Value)> = Vec::new();
        let mut places: HashMap<&[u8], usize> = HashMap::new();
        let _ = walk(text, &self.separator, |key, found| {
            let value = found.value(text);
            let next = fields.len();
            let place = *places.entry(key).or_insert(next);
            match fields.get_mut(place) {
                Some(field) => field.1 = value,
                None => fields.push((key.to_vec(), value)),
            }
        }); // the line was checked before
        Value::Object(fields)
    }
}

impl Decoder for LogfmtDecoder {
    /// Blank lines: as for json and csv, they are no records.
    fn no_records(&self, texts: &TextColumn<'_>) -> Vec<u32> {
        blank_texts(texts)
    }

    fn decode<'a>(&self, texts: &TextColumn<'a>) -> Decoded<'a> {
        let rows = texts.spans.len();
        let mut taken: Vec<Taken> = (0..self.fields).map(|_| Taken::new(rows)).collect();
        let (mut wholes, mut rejected) = (Vec::new(), Vec::new());
        let mut row_found: Vec<Option<PairValue>> = vec![None; self.fields];
        for (row, span) in texts.spans.iter().enumerate() {
            row_found.fill(None);
            let text = span.slice(&texts.bytes);
            let walked = walk(text, &self.separator, |key, found| {
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
                    None => taken.push(TextSpan::NULL),
                    Some(found) => {
                        wanted.seen.set();
                        match found {
                            PairValue::Plain(start, end) => taken.push(TextSpan::new(base + start, base + end)),
                            PairValue::Escaped(..) => taken.push_made(found.value(text)),
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

/// Calls `see` with each key of a line and its value. Words that are not pairs are skipped; a line without any pair is
/// an error.
#[inline]
fn walk<'t>(text: &'t [u8], separator: &PairSeparator, see: impl FnMut(&'t [u8], PairValue)) -> Result<(), String> {
    let has_pair = match separator {
        PairSeparator::White => walk_words(text, see),
        PairSeparator::Text(separator) => walk_parts(text, separator, see),
    };
    match has_pair {
        true => Ok(()),
        false => Err("logfmt: expected key=value".to_owned()),
    }
}

/// Does the same with white space as separator; returns whether there is a pair.
#[inline]
fn walk_words<'t>(text: &'t [u8], mut see: impl FnMut(&'t [u8], PairValue)) -> bool {
    let ends = |at: usize| text.get(at).is_none_or(|byte| *byte <= b' ');
    let mut has_pair = false;
    let mut at = 0;
    loop {
        at += length(&text[at..], |byte| byte <= b' ');
        if at == text.len() {
            return has_pair;
        }
        let key_length = length(&text[at..], |byte| byte > b' ' && byte != b'=' && byte != b'"');
        let key = &text[at..at + key_length];
        if key.is_empty() || text.get(at + key_length) != Some(&b'=') {
            let quoted = closing_quote(text, at).filter(|(end, _)| ends(end + 1));
            at = match quoted {
                Some((end, _)) => end + 1,
                None => at + length(&text[at..], |byte| byte > b' '),
            };
            continue;
        }
        has_pair = true;
        at += key_length + 1;
        let start = at;
        if let Some((end, has_escapes)) = closing_quote(text, start)
            && ends(end + 1)
        {
            at = end + 1;
            see(key, PairValue::quoted(start + 1, end, has_escapes));
        } else {
            at += length(&text[at..], |byte| byte > b' ');
            see(key, PairValue::Plain(start, at));
        }
    }
}

/// Does the same with a text as separator; white space around keys and values is dropped.
fn walk_parts<'t>(text: &'t [u8], separator: &memmem::Finder<'_>, mut see: impl FnMut(&'t [u8], PairValue)) -> bool {
    let find = |at: usize| {
        let found = separator.find(&text[at..]);
        found.map_or(text.len(), |found| at + found)
    };
    let skip_white = |at: usize, end: usize| at + length(&text[at..end], |byte| byte <= b' ');
    let ends = |at: usize| {
        let rest = text[at..].trim_ascii_start();
        rest.is_empty() || rest.starts_with(separator.needle()) || text[at..].starts_with(separator.needle())
    };
    let mut has_pair = false;
    let mut at = 0;
    loop {
        at = skip_white(at, text.len());
        if at == text.len() {
            return has_pair;
        }
        if text[at..].starts_with(separator.needle()) {
            at += separator.needle().len();
            continue;
        }
        let part = &text[at..find(at)];
        let key_length = length(part, |byte| byte != b'=' && byte != b'"');
        let key = match part.get(key_length) {
            Some(b'=') => part[..key_length].trim_ascii(),
            _ => &[],
        };
        let start = match key {
            [] => at,
            _ => skip_white(at + key_length + 1, at + part.len()),
        };
        let quoted = closing_quote(text, start).filter(|(end, _)| ends(end + 1));
        let (found, end) = match quoted {
            Some((end, has_escapes)) => (PairValue::quoted(start + 1, end, has_escapes), end + 1),
            None => {
                let end = at + part.len();
                let value = text[start..end].trim_ascii_end();
                (PairValue::Plain(start, start + value.len()), end)
            }
        };
        if !key.is_empty() {
            has_pair = true;
            see(key, found);
        }
        at = end;
    }
}

impl PairSeparator {
    /// Makes a separator of this text; blank text means white space.
    pub fn of(text: &[u8]) -> PairSeparator {
        match text.trim_ascii() {
            [] => PairSeparator::White,
            _ => PairSeparator::Text(Box::new(memmem::Finder::new(text).into_owned())),
        }
    }
}

/// Returns how many of the first bytes satisfy the condition.
#[inline(always)]
fn length(bytes: &[u8], is_such: impl Fn(u8) -> bool) -> usize {
    let end = bytes.iter().position(|byte| !is_such(*byte));
    end.unwrap_or(bytes.len())
}

/// Returns the quote that closes the one at `open`, if both exist, and whether there is a backslash between them.
#[inline]
fn closing_quote(text: &[u8], open: usize) -> Option<(usize, bool)> {
    if text.get(open) != Some(&b'"') {
        return None;
    }
    let mut at = open + 1;
    let mut has_escapes = false;
    while let Some(found) = memchr2(b'"', b'\\', text.get(at..).unwrap_or_default()) {
        at += found;
        if text[at] == b'"' {
            return Some((at, has_escapes));
        }
        has_escapes = true;
        at += 2;
    }
    None
}

impl PairValue {
    fn quoted(start: usize, end: usize, has_escapes: bool) -> PairValue {
        match has_escapes {
            true => PairValue::Escaped(start, end),
            false => PairValue::Plain(start, end),
        }
    }

    fn value(self, text: &[u8]) -> Value {
        match self {
            PairValue::Plain(start, end) => Value::Text(text[start..end].to_vec()),
            PairValue::Escaped(start, end) => Value::Text(without_escapes(&text[start..end])),
        }
    }
}

/// Replaces the escapes of Go and JSON. A backslash before any other character is kept.
fn without_escapes(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&first, after)) = rest.split_first() {
        let (meant, read) = if first == b'\\' { escape(after) } else { (Escape::Byte(first), 0) };
        match meant {
            Escape::Byte(byte) => out.push(byte),
            Escape::Char(letter) => {
                out.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
            }
        }
        rest = &after[read..];
    }
    out
}

/// The meaning of an escape.
enum Escape {
    Byte(u8),
    Char(char),
}

/// Decodes the escape after a backslash; returns the number of bytes used.
fn escape(after: &[u8]) -> (Escape, usize) {
    let stays = (Escape::Byte(b'\\'), 0);
    let byte = |byte| (Escape::Byte(byte), 1);
    match after.first() {
        Some(&plain @ (b'"' | b'\\' | b'/')) => byte(plain),
        Some(b'n') => byte(b'\n'),
        Some(b'r') => byte(b'\r'),
        Some(b't') => byte(b'\t'),
        Some(b'b') => byte(8),
        Some(b'f') => byte(12),
        Some(b'x') => hex(after, 2).map_or(stays, |code| (Escape::Byte(code as u8), 3)),
        Some(b'u') => match hex(after, 4) {
            Some(high @ 0xD800..0xDC00) => {
                let low = after.get(5..).filter(|rest| rest.starts_with(b"\\u"));
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

/// Decodes `digits` hexadecimal digits after a letter.
fn hex(after: &[u8], digits: usize) -> Option<u32> {
    let digits = after.get(1..1 + digits)?;
    let digits = std::str::from_utf8(digits).ok()?;
    let are_digits = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    are_digits.then(|| u32::from_str_radix(digits, 16).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn pairs_by(separator: &str, text: &str) -> Result<Vec<(String, String)>, String> {
        let mut pairs = Vec::new();
        let separator = PairSeparator::of(separator.as_bytes());
        walk(text.as_bytes(), &separator, |key, found| {
            let Value::Text(value) = found.value(text.as_bytes()) else {
                unreachable!("values are texts");
            };
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            pairs.push((text(key), text(&value)));
        })?;
        Ok(pairs)
    }

    fn pairs(text: &str) -> Result<Vec<(String, String)>, String> {
        pairs_by("", text)
    }

    fn expected(pairs: &[(&str, &str)]) -> Result<Vec<(String, String)>, String> {
        let pair = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
        Ok(pairs.iter().map(pair).collect())
    }

    #[test]
    fn reads_pairs() {
        assert_eq!(
            pairs("a=1  b=\"x \\\"y\\\"\"\tc= d=\"\" e"),
            expected(&[("a", "1"), ("b", "x \"y\""), ("c", ""), ("d", "")])
        );
        assert_eq!(pairs("é=ü"), expected(&[("é", "ü")]));
        assert_eq!(pairs("a==b= c='"), expected(&[("a", "=b="), ("c", "'")]));
    }

    #[test]
    fn one_odd_value_never_costs_the_line() {
        for (text, found) in [
            ("r='\"GET /m HTTP/1.1\"' b=2", [("r", "'\"GET"), ("b", "2")]),
            ("a=\"1 b=2", [("a", "\"1"), ("b", "2")]),
            ("a=\"1\"x b=2", [("a", "\"1\"x"), ("b", "2")]),
            ("a=x\"y b=2\"", [("a", "x\"y"), ("b", "2\"")]),
            ("a=1 =3 \"c\"=4 \"d e=5\" x\"y=6 b=2", [("a", "1"), ("b", "2")]),
            ("a=1 b=\"2\\", [("a", "1"), ("b", "\"2\\")]),
        ] {
            assert_eq!(pairs(text), expected(&found), "{text}");
        }
        for text in ["", "a b", "=", "\"a=1\"", "\""] {
            let reason = "logfmt: expected key=value".to_owned();
            assert_eq!(pairs(text), Err(reason), "{text}");
        }
    }

    #[test]
    fn other_separators() {
        assert_eq!(
            pairs_by(",", "a=1, b=two words ,c=\"x, y\" ,,d , e= , f=\"1\"2, g = 3"),
            expected(&[("a", "1"), ("b", "two words"), ("c", "x, y"), ("e", ""), ("f", "\"1\"2"), ("g", "3")])
        );
        assert_eq!(pairs_by("||", "a=1||b=2|3"), expected(&[("a", "1"), ("b", "2|3")]));
        assert_eq!(pairs_by(" ", "a=1  b=2"), expected(&[("a", "1"), ("b", "2")]));
        assert_eq!(pairs_by("; ", "a=1;x; b=2"), expected(&[("a", "1;x"), ("b", "2")]));
    }

    #[test]
    fn escapes_stand_for_what_they_say() {
        for (written, meant) in [
            ("\\\"\\\\\\/", "\"\\/"),
            ("\\n\\r\\t\\b\\f", "\n\r\t\u{8}\u{c}"),
            ("\\u00e9\\ud83d\\ude00", "é😀"),
            ("\\x41\\xC3\\xa9", "Aé"),
            ("\\ud83d\\u0041 \\u12 \\x4 \\q \\", "\\ud83dA \\u12 \\x4 \\q \\"),
        ] {
            assert_eq!(String::from_utf8_lossy(&without_escapes(written.as_bytes())), meant);
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_rejected(text in prop_oneof!["[a=\" \\\\ux0d8,]{0,30}", ".{0,20}"]) {
            let _ = pairs(&text);
            let _ = pairs_by(",", &text);
            let _ = pairs_by(", ", &text);
        }
    }
}
