//! `-o logfmt`: `key=value` pairs.

use std::io::Write;

use super::{Controls, Encoder, EncoderDef, Look, OutputColumn, printed};
use crate::data::{Batch, Entry, Example, ValueRef, write_json, write_text};

pub(super) const LOGFMT: EncoderDef = EncoderDef {
    entry: Entry {
        name: "logfmt",
        usage: "-o logfmt",
        summary: "`key=value` pairs, for people and log collectors.",
        details: "A value with a space, a quote, `=` or a control character, and the empty text, is quoted, with the escapes of JSON. Null is omitted. In keys, white space, quotes, `=` and control characters become `_`.",
        examples: &[Example {
            expr: "-o logfmt 'let n = num(line)'",
            input: "7\n\na b\n",
            output: "line=7 n=7\nline=\"\"\nline=\"a b\"\n",
        }],
    },
    header: false,
    row_by_row: true,
    for_people: false,
    encoder,
    open_row: Some(write_row),
    controls: Controls::Text,
    picture: None,
};

struct Logfmt {
    columns: Vec<OutputColumn>,
    /// `key=` for each column.
    prefixes: Vec<Vec<u8>>,
}

fn encoder(columns: &[OutputColumn], _look: Look) -> Box<dyn Encoder> {
    Box::new(Logfmt {
        columns: columns.to_vec(),
        prefixes: columns.iter().map(|column| prefix(&column.name)).collect(),
    })
}

fn prefix(name: &str) -> Vec<u8> {
    let key: String = name
        .chars()
        .map(|character| {
            let odd = character.is_whitespace()
                || character.is_control()
                || matches!(character, '=' | '"' | '\'' | '`' | '\\');
            if odd { '_' } else { character }
        })
        .collect();
    let key = if key.is_empty() { "_".to_owned() } else { key };
    format!("{key}=").into_bytes()
}

impl Encoder for Logfmt {
    /// Every row names its columns.
    fn header(&mut self, _out: &mut Vec<u8>) {}

    fn encode(&mut self, batch: &Batch<'_>, out: &mut Vec<u8>) {
        let columns = printed(&self.columns, batch);
        for row in 0..batch.rows {
            let mut first = true;
            for (column, prefix) in columns.iter().zip(&self.prefixes) {
                let value = column.get(row);
                if value.is_null() {
                    continue;
                }
                if !first {
                    out.push(b' ');
                }
                first = false;
                out.extend_from_slice(prefix);
                write_any(value, out);
            }
            out.push(b'\n');
        }
    }
}

fn write_row(fields: &[(&[u8], ValueRef<'_>)], out: &mut Vec<u8>) {
    let mut first = true;
    for (name, value) in fields.iter().filter(|(_, value)| !value.is_null()) {
        if !first {
            out.push(b' ');
        }
        first = false;
        out.extend_from_slice(&prefix(&String::from_utf8_lossy(name)));
        write_any(*value, out);
    }
    out.push(b'\n');
}

/// Writes text, and values with quotes of their own, quoted if needed.
fn write_any(value: ValueRef<'_>, out: &mut Vec<u8>) {
    match value {
        ValueRef::Text(text) => write_value(text, out),
        ValueRef::List(_) | ValueRef::Object(_) => {
            let mut json = Vec::new();
            write_json(value, &mut json);
            write_value(&json, out);
        }
        value => write_text(value, out),
    }
}

/// Quotes only where needed.
fn write_value(text: &[u8], out: &mut Vec<u8>) {
    let quoted = text.iter().fold(text.is_empty(), |quoted, &byte| {
        quoted | (byte <= b' ') | (byte == b'"') | (byte == b'=') | (byte == 0x7f)
    });
    if quoted {
        write_quoted(text, out);
    } else {
        out.extend_from_slice(text);
    }
}

fn write_quoted(text: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    for &byte in text {
        match byte {
            b'"' | b'\\' => out.extend_from_slice(&[b'\\', byte]),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            0..0x20 | 0x7f => {
                let _ = write!(out, "\\u{byte:04x}"); // writing to a Vec cannot fail
            }
            _ => out.push(byte),
        }
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::super::testing::{print, text};
    use super::*;
    use crate::data::Value;

    #[test]
    fn nulls_are_left_out() {
        assert_eq!(
            print(
                &LOGFMT,
                &["a", "b"],
                &[vec![text("x"), Value::Null, Value::Null], vec![Value::Int(1), Value::Float(0.5), Value::Null],]
            ),
            "a=x b=1\nb=0.5\n\n"
        );
    }

    #[test]
    fn values_are_quoted_where_needed() {
        for (value, printed) in [
            ("plain/text\\", "plain/text\\"),
            ("née", "née"),
            ("", "\"\""),
            ("a b", "\"a b\""),
            ("a=b", "\"a=b\""),
            ("say \"hi\" \\", "\"say \\\"hi\\\" \\\\\""),
            ("\t\n\r\u{1b}\u{7f}", "\"\\t\\n\\r\\u001b\\u007f\""),
        ] {
            assert_eq!(print(&LOGFMT, &["k"], &[vec![text(value)]]), format!("k={printed}\n"));
        }
    }

    #[test]
    fn keys_have_no_odd_characters() {
        for (name, key) in [
            ("user.id", "user.id"),
            ("count(status >= 500)", "count(status_>__500)"),
            ("a\"b\n", "a_b_"),
            ("", "_"),
            ("@source", "@source"),
        ] {
            assert_eq!(prefix(name), format!("{key}=").into_bytes());
        }
    }
}
