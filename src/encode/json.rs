//! `-o json`: one object a line.

use super::{Controls, Encoder, EncoderDef, Look, OutputColumn, printed};
use crate::data::{Batch, Entry, Example, ValueRef, write_json, write_json_object, write_json_string};

pub(super) const JSON: EncoderDef = EncoderDef {
    entry: Entry {
        name: "json",
        usage: "-o json",
        summary: "One JSON object per line, for jq and programs.",
        details: "Numbers, booleans and null are JSON values; times and durations are strings. Invalid UTF-8 bytes become U+FFFD.",
        examples: &[
            Example {
                expr: "-o json 'split | count by word'",
                input: "a \"b\" a\n",
                output: "{\"word\":\"a\",\"count\":2}\n{\"word\":\"\\\"b\\\"\",\"count\":1}\n",
            },
            Example {
                expr: "-o json 'select num(line) as n, line'",
                input: "1.50\n\n",
                output: "{\"n\":1.5,\"line\":\"1.50\"}\n{\"n\":null,\"line\":\"\"}\n",
            },
        ],
    },
    header: false,
    row_by_row: true,
    for_people: false,
    encoder,
    open_row: Some(write_row),
    controls: Controls::Json,
    picture: None,
};

fn write_row(fields: &[(&[u8], ValueRef<'_>)], out: &mut Vec<u8>) {
    write_json_object(fields.iter().copied(), out);
    out.push(b'\n');
}

struct Json {
    columns: Vec<OutputColumn>,
    /// The text before the value of each column: `{"a":`, then `,"b":`.
    prefixes: Vec<Vec<u8>>,
}

fn encoder(columns: &[OutputColumn], _look: Look) -> Box<dyn Encoder> {
    let prefixes = columns
        .iter()
        .enumerate()
        .map(|(index, column)| {
            let mut prefix = vec![if index == 0 { b'{' } else { b',' }];
            write_json_string(column.name.as_bytes(), &mut prefix);
            prefix.push(b':');
            prefix
        })
        .collect();
    Box::new(Json { columns: columns.to_vec(), prefixes })
}

impl Encoder for Json {
    /// Every object names its columns.
    fn header(&mut self, _out: &mut Vec<u8>) {}

    fn encode(&mut self, batch: &Batch<'_>, out: &mut Vec<u8>) {
        let columns = printed(&self.columns, batch);
        for row in 0..batch.rows {
            for (column, prefix) in columns.iter().zip(&self.prefixes) {
                out.extend_from_slice(prefix);
                write_json(column.get(row), out);
            }
            if columns.is_empty() {
                out.push(b'{');
            }
            out.extend_from_slice(b"}\n");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{batch, encoder, print, text};
    use super::*;
    use crate::data::Value;

    #[test]
    fn every_type() {
        assert_eq!(
            print(
                &JSON,
                &["a", "b\"c"],
                &[
                    vec![Value::Int(-1), Value::Float(2.0), Value::Float(1e21), Value::Bool(true), Value::Null,],
                    vec![text("x"), Value::Time(0), Value::Duration(1_500_000_000), Value::int(1 << 64), text(""),],
                ]
            ),
            concat!(
                "{\"a\":-1,\"b\\\"c\":\"x\"}\n",
                "{\"a\":2,\"b\\\"c\":\"1970-01-01T00:00:00Z\"}\n",
                "{\"a\":1e+21,\"b\\\"c\":\"1.5s\"}\n",
                "{\"a\":true,\"b\\\"c\":18446744073709551616}\n",
                "{\"a\":null,\"b\\\"c\":\"\"}\n",
            )
        );
    }

    #[test]
    fn strings_are_escaped_and_always_unicode() {
        for (bytes, printed) in [
            (&b"a\"b\\c"[..], r#""a\"b\\c""#),
            (b"\n\r\t\x08\x0c", r#""\n\r\t\b\f""#),
            (b"\0\x1b\x1f\x7f", "\"\\u0000\\u001b\\u001f\x7f\""),
            ("née \u{1f600}".as_bytes(), "\"née \u{1f600}\""),
            (b"a\xffb\xe2\x82", "\"a\u{fffd}b\u{fffd}\""),
            (b"</script>", "\"</script>\""),
        ] {
            let mut out = Vec::new();
            write_json_string(bytes, &mut out);
            assert_eq!(String::from_utf8(out).expect("the test's own text"), printed);
        }
    }

    #[test]
    fn no_columns_are_empty_objects() {
        let mut out = Vec::new();
        let mut rows = batch(&[]);
        rows.rows = 2;
        encoder(&JSON, &[]).encode(&rows, &mut out);
        assert_eq!(out, b"{}\n{}\n");
    }
}
