//! Reads a JSON value.
//!
//! If a name is repeated, the last value wins. Ints beyond 64 bits keep their digits; another number beyond the range
//! of floats is rejected. A lone surrogate becomes U+FFFD. The caller has checked the structure with
//! [`super::skip_json`], or does not need the position of an error.

use crate::data::number::{is_number, parse_exact};
use crate::data::object::ObjectBuilder;
use crate::data::value::Value;

use super::skip::{skip_json, skip_string, skip_white};

/// Parses a value with white space around it; `None` if the bytes are not JSON.
pub fn read_json(bytes: &[u8]) -> Option<Value> {
    let start = skip_white(bytes, 0);
    let end = skip_json(bytes, start).ok()?;
    if skip_white(bytes, end) != bytes.len() {
        return None;
    }
    read(&bytes[start..end])
}

/// Reads a value of sound structure; the check has limited its depth, so that recursion is safe.
fn read(bytes: &[u8]) -> Option<Value> {
    match bytes.first()? {
        b'"' => Some(Value::Text(read_string(bytes)?)),
        b'[' => read_list(bytes),
        b'{' => read_object(bytes),
        _ => read_scalar(bytes),
    }
}

/// Parses `true`, `false`, `null` or a number as JSON writes it.
pub fn read_scalar(bytes: &[u8]) -> Option<Value> {
    match bytes {
        b"true" => Some(Value::Bool(true)),
        b"false" => Some(Value::Bool(false)),
        b"null" => Some(Value::Null),
        _ => begins_json_number(bytes)
            .then(|| parse_exact(bytes))
            .flatten()
            .map(|number| number.to_value_ref().to_value()),
    }
}

/// True if the bytes are `true`, `false`, `null` or a JSON number of any size.
pub fn is_json_scalar(bytes: &[u8]) -> bool {
    matches!(bytes, b"true" | b"false" | b"null") || begins_json_number(bytes) && is_number(bytes)
}

/// True if a number begins as JSON allows: with a digit, or `-` and a digit, and without leading zeros.
pub(super) fn begins_json_number(bytes: &[u8]) -> bool {
    match bytes.strip_prefix(b"-").unwrap_or(bytes) {
        [b'0', next, ..] => !next.is_ascii_digit(),
        [first, ..] => first.is_ascii_digit(),
        [] => false,
    }
}

/// Returns the text of a quoted string; `None` if an escape is invalid.
pub fn read_string(quoted: &[u8]) -> Option<Vec<u8>> {
    let inside = quoted.get(1..quoted.len().checked_sub(1)?)?;
    if memchr::memchr(b'\\', inside).is_none() {
        return Some(inside.to_vec());
    }
    let mut text = Vec::with_capacity(inside.len());
    let mut rest = inside;
    while let Some(backslash) = memchr::memchr(b'\\', rest) {
        text.extend_from_slice(&rest[..backslash]);
        let escape = *rest.get(backslash + 1)?;
        rest = &rest[backslash + 2..];
        match escape {
            b'"' | b'\\' | b'/' => text.push(escape),
            b'n' => text.push(b'\n'),
            b't' => text.push(b'\t'),
            b'r' => text.push(b'\r'),
            b'b' => text.push(8),
            b'f' => text.push(12),
            b'u' => rest = read_unicode(rest, &mut text)?,
            _ => return None,
        }
    }
    text.extend_from_slice(rest);
    Some(text)
}

/// Decodes the character after `\u`, which may be a pair of escapes; returns the rest.
fn read_unicode<'b>(bytes: &'b [u8], text: &mut Vec<u8>) -> Option<&'b [u8]> {
    let (first, rest) = read_hex(bytes)?;
    let (code, rest) = match (first, rest) {
        (0xd800..0xdc00, [b'\\', b'u', low @ ..]) => match read_hex(low)? {
            (second @ 0xdc00..0xe000, rest) => (0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00), rest),
            _ => (first, rest), // a lone surrogate: the next escape is decoded separately
        },
        _ => (first, rest),
    };
    let character = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
    text.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
    Some(rest)
}

fn read_hex(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let (digits, rest) = bytes.split_first_chunk::<4>()?;
    let mut code = 0;
    for digit in digits {
        code = code << 4 | char::from(*digit).to_digit(16)?;
    }
    Some((code, rest))
}

fn read_list(bytes: &[u8]) -> Option<Value> {
    let mut values = Vec::new();
    let mut at = skip_white(bytes, 1);
    while bytes.get(at) != Some(&b']') {
        let end = skip_json(bytes, at).ok()?;
        values.push(read(&bytes[at..end])?);
        at = skip_white(bytes, end);
        if bytes.get(at) == Some(&b',') {
            at = skip_white(bytes, at + 1);
        }
    }
    Some(Value::List(values))
}

fn read_object(bytes: &[u8]) -> Option<Value> {
    let mut object = ObjectBuilder::default();
    let mut at = skip_white(bytes, 1);
    while bytes.get(at) != Some(&b'}') {
        let name_end = skip_string(bytes, at).ok()?;
        let name = read_string(&bytes[at..name_end])?;
        let start = skip_white(bytes, skip_white(bytes, name_end) + 1);
        let end = skip_json(bytes, start).ok()?;
        object.set(name, read(&bytes[start..end])?);
        at = skip_white(bytes, end);
        if bytes.get(at) == Some(&b',') {
            at = skip_white(bytes, at + 1);
        }
    }
    Some(object.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Value {
        Value::Text(text.as_bytes().to_vec())
    }

    #[test]
    fn reads_values() {
        assert_eq!(
            read_json(b" [1, 2.5, \"a\\u00e9\\ud83d\\ude00\\n\", null, true] "),
            Some(Value::List(vec![Value::Int(1), Value::Float(2.5), text("aé😀\n"), Value::Null, Value::Bool(true),]))
        );
        assert_eq!(
            read_json(b"{\"a\":1,\"b\":{\"c\":[]},\"a\":2}"),
            Some(Value::Object(vec![
                (b"a".to_vec(), Value::Int(2)),
                (b"b".to_vec(), Value::Object(vec![(b"c".to_vec(), Value::List(vec![]))]))
            ])),
        );
        assert_eq!(read_json(b"12345678901234567890"), Some(Value::int(12345678901234567890)));
        assert_eq!(read_json(b"\"\\ud800x\""), Some(text("\u{fffd}x")));
    }

    #[test]
    fn refuses_what_is_no_json() {
        for wrong in ["", "NaN", "01", "1.", "+1", ".5", "tru", "\"\\x\"", "\"\\u12\"", "1 2", "[1,]", "1e999"] {
            assert_eq!(read_json(wrong.as_bytes()), None, "{wrong}");
        }
    }
}
