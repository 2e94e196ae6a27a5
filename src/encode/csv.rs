//! `-o csv`: columns separated by commas (RFC 4180).

use super::{Controls, Encoder, EncoderDef, OutputColumn, has_any, write_names, write_rows};
use crate::data::{Batch, Entry, Example};

pub(super) const CSV: EncoderDef = EncoderDef {
    entry: Entry {
        name: "csv",
        usage: "-o csv",
        summary: "Columns separated by commas, for spreadsheets and databases.",
        details: "RFC 4180, except that lines end in a newline only: text that contains a comma, a quote or a line end is quoted, and no other text. Null is empty, as is the empty text. A row with a single empty field is written as `\"\"`, because readers skip blank lines, and a single field of white space is quoted. If only the data knows the fields, the columns are those of the first record, or of all rows after a stage that waits for all of them, such as sort; omitted fields are reported on stderr at the end. With a header, even if there are no rows, unless `--no-header` is given.",
        examples: &[
            Example { expr: "-o csv 'split | count by word'", input: "a b a\n", output: "word,count\na,2\nb,1\n" },
            Example {
                expr: "-o csv --no-header 'select line, len(line)'",
                input: "say \"hi\", please\n",
                output: "\"say \"\"hi\"\", please\",16\n",
            },
        ],
    },
    header: true,
    row_by_row: true,
    for_people: false,
    encoder: |columns, look| Box::new(Csv { columns: columns.to_vec(), separator: look.separator.unwrap_or(b',') }),
    open_row: None,
    controls: Controls::Text,
    picture: None,
};

/// A row that would otherwise be a blank line, which readers skip.
const BLANK: &[u8] = b"\"\"";

struct Csv {
    columns: Vec<OutputColumn>,
    separator: u8,
}

impl Encoder for Csv {
    fn header(&mut self, out: &mut Vec<u8>) {
        let separator = self.separator;
        write_names(&self.columns, separator, |text, out| write_quoted(text, separator, out), out);
    }

    fn encode(&mut self, batch: &Batch<'_>, out: &mut Vec<u8>) {
        let separator = self.separator;
        let alone = |text: &[u8], out: &mut Vec<u8>| write_alone(text, separator, out);
        let quoted = |text: &[u8], out: &mut Vec<u8>| write_quoted(text, separator, out);
        match self.columns.len() {
            1 => write_rows(&self.columns, batch, separator, alone, BLANK, out),
            _ => write_rows(&self.columns, batch, separator, quoted, BLANK, out),
        }
    }
}

/// Quotes only where needed.
#[inline]
fn write_quoted(text: &[u8], separator: u8, out: &mut Vec<u8>) {
    if has_any(text, [separator, b'"', b'\r', b'\n']) {
        write_in_quotes(text, out);
    } else {
        out.extend_from_slice(text);
    }
}

/// Writes the only field of a row: white space alone would be a blank line.
#[inline]
fn write_alone(text: &[u8], separator: u8, out: &mut Vec<u8>) {
    let is_blank = |text: &[u8]| text.iter().all(|byte| matches!(byte, b' ' | b'\t'..=b'\r'));
    if text.first().is_none_or(|first| *first <= b' ' && is_blank(text)) {
        write_in_quotes(text, out);
    } else {
        write_quoted(text, separator, out);
    }
}

#[cold]
fn write_in_quotes(text: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    for &byte in text {
        if byte == b'"' {
            out.push(b'"');
        }
        out.push(byte);
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::super::testing::{print, text};
    use super::*;
    use crate::data::Value;

    #[test]
    fn quotes_only_where_needed() {
        assert_eq!(
            print(
                &CSV,
                &["a", "count(x, y)"],
                &[
                    vec![text("plain 'text'"), text("a,b"), text(" spaces "), text("1\n2")],
                    vec![text("\""), Value::Null, text(""), Value::Float(1e21)],
                ]
            ),
            "a,\"count(x, y)\"\nplain 'text',\"\"\"\"\n\"a,b\",\n spaces ,\n\"1\n2\",1e+21\n"
        );
    }

    #[test]
    fn one_column() {
        assert_eq!(
            print(&CSV, &["a"], &[vec![text("x"), Value::Null, text("\r"), text(" \t")]]),
            "a\nx\n\"\"\n\"\r\"\n\" \t\"\n"
        );
        assert_eq!(print(&CSV, &["a"], &[vec![Value::Int(1), Value::Null, text("")]]), "a\n1\n\"\"\n\"\"\n");
    }
}
