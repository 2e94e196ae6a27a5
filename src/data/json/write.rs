//! Values as JSON text.

use std::io::Write;

use crate::data::print::write_text;
use crate::data::value::ValueRef;

/// Appends a value as JSON. Times and durations are strings; bytes that are not UTF-8 become U+FFFD.
pub fn write_json(value: ValueRef<'_>, out: &mut Vec<u8>) {
    match value {
        ValueRef::Null => out.extend_from_slice(b"null"),
        ValueRef::Text(text) => write_json_string(text, out),
        ValueRef::Time(_) | ValueRef::Duration(_) => {
            out.push(b'"');
            write_text(value, out);
            out.push(b'"');
        }
        ValueRef::Bool(_) | ValueRef::Int(_) | ValueRef::BigInt(_) | ValueRef::Float(_) => {
            write_text(value, out);
        }
        ValueRef::List(values) => {
            out.push(b'[');
            for (index, value) in values.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                write_json(value.borrow(), out);
            }
            out.push(b']');
        }
        ValueRef::Object(fields) => {
            write_json_object(fields.iter().map(|(name, value)| (&name[..], value.borrow())), out);
        }
    }
}

/// Appends an object with these fields, in their order.
pub fn write_json_object<'f>(fields: impl Iterator<Item = (&'f [u8], ValueRef<'f>)>, out: &mut Vec<u8>) {
    out.push(b'{');
    for (index, (name, value)) in fields.enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write_json_string(name, out);
        out.push(b':');
        write_json(value, out);
    }
    out.push(b'}');
}

/// Appends text as a JSON string.
pub fn write_json_string(text: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    let plain =
        text.iter().fold(true, |plain, &byte| plain & (0x20..0x80).contains(&byte) & (byte != b'"') & (byte != b'\\'));
    if plain {
        out.extend_from_slice(text);
    } else {
        write_escaped(text, out);
    }
    out.push(b'"');
}

/// The general case: escapes, and invalid UTF-8.
fn write_escaped(text: &[u8], out: &mut Vec<u8>) {
    for chunk in text.utf8_chunks() {
        let valid = chunk.valid().as_bytes();
        let mut copied = 0;
        for (index, &byte) in valid.iter().enumerate() {
            if byte >= 0x20 && byte != b'"' && byte != b'\\' {
                continue;
            }
            out.extend_from_slice(&valid[copied..index]);
            copied = index + 1;
            write_escape(byte, out);
        }
        out.extend_from_slice(&valid[copied..]);
        if !chunk.invalid().is_empty() {
            out.extend_from_slice("\u{fffd}".as_bytes());
        }
    }
}

fn write_escape(byte: u8, out: &mut Vec<u8>) {
    match byte {
        b'"' | b'\\' => out.extend_from_slice(&[b'\\', byte]),
        b'\n' => out.extend_from_slice(b"\\n"),
        b'\r' => out.extend_from_slice(b"\\r"),
        b'\t' => out.extend_from_slice(b"\\t"),
        0x08 => out.extend_from_slice(b"\\b"),
        0x0c => out.extend_from_slice(b"\\f"),
        _ => {
            let _ = write!(out, "\\u{byte:04x}"); // writing to a Vec cannot fail
        }
    }
}
