//! `-o tsv`: columns separated by tabs.

use super::{Controls, Encoder, EncoderDef, OutputColumn, has_any, write_names, write_rows};
use crate::data::{Batch, Entry, Example};

pub(super) const TSV: EncoderDef = EncoderDef {
    entry: Entry {
        name: "tsv",
        usage: "-o tsv",
        summary: "Columns separated by tabs, for cut, sort, join and awk.",
        details: "In text, a tab is `\\t`, a newline `\\n`, a carriage return `\\r` and a backslash `\\\\`. \
                  Null is empty. Without a header, unless `--header` is given.",
        examples: &[
            Example { expr: "-o tsv 'split | count by word'", input: "a b a\n", output: "a\t2\nb\t1\n" },
            Example {
                expr: "-o tsv --header 'split | count by word'",
                input: "C:\\temp\n",
                output: "word\tcount\nC:\\\\temp\t1\n",
            },
        ],
    },
    header: false,
    row_by_row: true,
    for_people: false,
    encoder: |columns, _| Box::new(Tsv { columns: columns.to_vec() }),
    open_row: None,
    controls: Controls::Text,
    picture: None,
};

struct Tsv {
    columns: Vec<OutputColumn>,
}

impl Encoder for Tsv {
    fn header(&mut self, out: &mut Vec<u8>) {
        write_names(&self.columns, b'\t', write_escaped, out);
    }

    fn encode(&mut self, batch: &Batch<'_>, out: &mut Vec<u8>) {
        write_rows(&self.columns, batch, b'\t', write_escaped, b"", out);
    }
}

#[inline]
fn write_escaped(text: &[u8], out: &mut Vec<u8>) {
    if has_any(text, *b"\t\n\r\\") {
        write_with_escapes(text, out);
    } else {
        out.extend_from_slice(text);
    }
}

#[cold]
fn write_with_escapes(text: &[u8], out: &mut Vec<u8>) {
    for &byte in text {
        match byte {
            b'\t' => out.extend_from_slice(b"\\t"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\\' => out.extend_from_slice(b"\\\\"),
            _ => out.push(byte),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{batch, encoder, print, text};
    use super::*;
    use crate::data::Value;

    #[test]
    fn escapes_names_and_text() {
        assert_eq!(
            print(
                &TSV,
                &["a\tb", "n"],
                &[
                    vec![text("x\ty\\z\r\n"), Value::Null, text("")],
                    vec![Value::Int(-1), Value::Float(0.5), Value::Bool(true)],
                ]
            ),
            "a\\tb\tn\nx\\ty\\\\z\\r\\n\t-1\n\t0.5\n\ttrue\n"
        );
    }

    #[test]
    fn one_column_of_any_kind() {
        for (values, printed) in [
            (vec![text("a"), Value::Null, text("b\\")], "a\n\nb\\\\\n"),
            (vec![Value::Int(1), Value::Null], "1\n\n"),
            (vec![Value::Null, Value::Null], "\n\n"),
            (vec![Value::Int(1), text("\t")], "1\n\\t\n"),
        ] {
            assert_eq!(print(&TSV, &["a"], &[values]), format!("a\n{printed}"));
        }
    }

    #[test]
    fn bytes_that_are_no_text_stay() {
        let mut out = Vec::new();
        let values = vec![Value::Text(b"\xff\0\x1b".to_vec())];
        encoder(&TSV, &["a"]).encode(&batch(&[values]), &mut out);
        assert_eq!(out, b"\xff\0\x1b\n");
    }
}
