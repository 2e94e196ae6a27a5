//! How a value is written for PostgreSQL: as text, which the server converts to the type of the column.

use std::fmt::Write;

use jiff::Timestamp;

use crate::data::{ValueRef, time_defaults, write_json, write_text};

/// Decides the text of a value: the kind of the type of its column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CellKind {
    /// As printed.
    Text,
    /// `json`, `jsonb`
    Json,
    /// `bytea`
    Bytes,
    /// Numbers of any type.
    Number,
    /// `interval`
    Interval,
    /// `date`: the day in the zone of `--tz`.
    Day,
    /// `time`: the time of day in the zone of `--tz`.
    Clock,
    /// Other times, with a zone or in UTC.
    Time,
    /// Any other type.
    Other,
}

impl CellKind {
    /// The kind of a type of the server, by its name and category.
    pub(super) fn of(name: &str, category: &str) -> CellKind {
        match (name, category) {
            ("json" | "jsonb", _) => CellKind::Json,
            ("bytea", _) => CellKind::Bytes,
            ("interval", _) => CellKind::Interval,
            ("date", _) => CellKind::Day,
            ("time", _) => CellKind::Clock,
            (_, "N") => CellKind::Number,
            (_, "D") => CellKind::Time,
            (_, "S") => CellKind::Text,
            _ => CellKind::Other,
        }
    }
}

/// Whether the text is all of the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Written {
    Null,
    Whole,
    /// Bytes that PostgreSQL cannot store were written as `\x00`.
    Escaped,
}

/// Appends the text of a value.
pub(super) fn write_value(value: ValueRef<'_>, kind: CellKind, out: &mut Vec<u8>) -> Written {
    match (kind, value) {
        (_, ValueRef::Null) => return Written::Null,
        (CellKind::Json, value) => return write_json_value(value, out),
        (CellKind::Bytes, ValueRef::Text(bytes)) => {
            out.extend_from_slice(b"\\x");
            for byte in bytes {
                out.extend([byte >> 4, byte & 15].map(|digit| b"0123456789abcdef"[usize::from(digit)]));
            }
        }
        (_, ValueRef::Text(text)) => return write_storable(text, out),
        (CellKind::Number, ValueRef::Bool(value)) => out.push(b'0' + u8::from(value)),
        (CellKind::Number, ValueRef::Duration(ns)) => write_seconds(ns, out),
        (CellKind::Interval, ValueRef::Duration(ns)) => {
            write_seconds(ns, out);
            out.extend_from_slice(b" seconds");
        }
        (CellKind::Text, ValueRef::Time(_)) => write_text(value, out),
        (CellKind::Day | CellKind::Clock, ValueRef::Time(ns)) => {
            match Timestamp::from_nanosecond(i128::from(ns)).map(|time| time.to_zoned(time_defaults().zone.clone())) {
                Ok(time) if kind == CellKind::Day => out.extend_from_slice(time.date().to_string().as_bytes()),
                Ok(time) => out.extend_from_slice(time.time().to_string().as_bytes()),
                Err(_) => write_text(value, out),
            }
        }
        (_, ValueRef::Time(ns)) => match Timestamp::from_nanosecond(i128::from(ns)) {
            Ok(time) => out.extend_from_slice(time.to_string().as_bytes()),
            Err(_) => write_text(value, out),
        },
        (_, ValueRef::List(_) | ValueRef::Object(_)) => return write_json_value(value, out),
        _ => write_text(value, out),
    }
    Written::Whole
}

/// Appends text; a zero byte and bytes that are not UTF-8 cannot be stored.
fn write_storable(text: &[u8], out: &mut Vec<u8>) -> Written {
    if str::from_utf8(text).is_ok() && !text.contains(&0) {
        out.extend_from_slice(text);
        return Written::Whole;
    }
    let escape = |byte: u8, out: &mut Vec<u8>| {
        let mut escaped = String::new();
        let _ = write!(escaped, "\\x{byte:02x}"); // writing to a String cannot fail
        out.extend_from_slice(escaped.as_bytes());
    };
    for chunk in text.utf8_chunks() {
        for piece in chunk.valid().split_inclusive('\0') {
            match piece.strip_suffix('\0') {
                Some(piece) => {
                    out.extend_from_slice(piece.as_bytes());
                    escape(0, out);
                }
                None => out.extend_from_slice(piece.as_bytes()),
            }
        }
        chunk.invalid().iter().for_each(|byte| escape(*byte, out));
    }
    Written::Escaped
}

/// Appends JSON; `jsonb` cannot store the character `\u0000`.
fn write_json_value(value: ValueRef<'_>, out: &mut Vec<u8>) -> Written {
    const ZERO: &[u8] = b"\\u0000";
    let start = out.len();
    write_json(value, out);
    if memchr::memmem::find(&out[start..], ZERO).is_none() {
        return Written::Whole;
    }
    let json = out.split_off(start);
    let mut rest = json.as_slice();
    let mut result = Written::Whole;
    while let Some((&byte, after)) = rest.split_first() {
        if rest.starts_with(ZERO) {
            out.extend_from_slice(b"\\\\x00");
            rest = &rest[ZERO.len()..];
            result = Written::Escaped;
        } else if byte == b'\\' && !after.is_empty() {
            out.extend_from_slice(&rest[..2]); // an escaped backslash is no start of an escape
            rest = &rest[2..];
        } else {
            out.push(byte);
            rest = after;
        }
    }
    result
}

/// Appends `-1.5`, with all digits.
fn write_seconds(ns: i64, out: &mut Vec<u8>) {
    const SECOND_NS: u64 = 1_000_000_000;
    let sign = if ns < 0 { "-" } else { "" };
    let (whole, fraction) = (ns.unsigned_abs() / SECOND_NS, ns.unsigned_abs() % SECOND_NS);
    let text = match fraction {
        0 => format!("{sign}{whole}"),
        fraction => format!("{sign}{whole}.{fraction:09}"),
    };
    out.extend_from_slice(text.as_bytes());
}

/// Appends a value in the text format of COPY.
pub(super) fn write_copy_cell(text: &[u8], out: &mut Vec<u8>) {
    let mut rest = text;
    while let Some(at) = rest.iter().position(|byte| matches!(byte, b'\\' | b'\n' | b'\r' | b'\t')) {
        out.extend_from_slice(&rest[..at]);
        out.push(b'\\');
        out.push(match rest[at] {
            b'\n' => b'n',
            b'\r' => b'r',
            b'\t' => b't',
            other => other,
        });
        rest = &rest[at + 1..];
    }
    out.extend_from_slice(rest);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Value;

    #[test]
    fn every_kind_of_column() {
        let list = [Value::Int(1), Value::Text(b"a\0b\\u0000".to_vec())];
        for (kind, value, expected) in [
            (CellKind::Number, ValueRef::Int(-5), "-5"),
            (CellKind::Number, ValueRef::Bool(true), "1"),
            (CellKind::Number, ValueRef::Duration(-1_500_000_000), "-1.500000000"),
            (CellKind::Interval, ValueRef::Duration(90_000_000_000), "90 seconds"),
            (CellKind::Text, ValueRef::Duration(90_000_000_000), "1m30s"),
            (CellKind::Time, ValueRef::Time(1_500_000_000), "1970-01-01T00:00:01.5Z"),
            (CellKind::Text, ValueRef::Time(0), "1970-01-01T00:00:00Z"),
            (CellKind::Other, ValueRef::Bool(false), "false"),
            (CellKind::Json, ValueRef::Text(b"a\"b"), "\"a\\\"b\""),
            (CellKind::Json, ValueRef::Int(5), "5"),
            (CellKind::Bytes, ValueRef::Text(b"a\xff"), "\\x61ff"),
            (CellKind::Text, ValueRef::Text(b"a\0b\xffc"), "a\\x00b\\xffc"),
            (CellKind::Text, ValueRef::Text(b"\0\0"), "\\x00\\x00"),
            (CellKind::Json, ValueRef::List(&list), "[1,\"a\\\\x00b\\\\u0000\"]"),
        ] {
            let mut out = Vec::new();
            assert_ne!(write_value(value, kind, &mut out), Written::Null);
            assert_eq!(String::from_utf8_lossy(&out), expected, "{kind:?}");
        }
        assert_eq!(write_value(ValueRef::Text(b"\0"), CellKind::Text, &mut Vec::new()), Written::Escaped);
        assert_eq!(write_value(ValueRef::Text(b"\0"), CellKind::Bytes, &mut Vec::new()), Written::Whole);
        assert_eq!(write_value(ValueRef::Null, CellKind::Json, &mut Vec::new()), Written::Null);
    }

    #[test]
    fn copied_text_is_escaped() {
        let mut out = Vec::new();
        write_copy_cell(b"a\tb\\c\nd\re", &mut out);
        assert_eq!(out, b"a\\tb\\\\c\\nd\\re");
    }
}
