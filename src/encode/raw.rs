//! `-o raw`: the text of the columns without escaping.

use super::{Controls, Encoder, EncoderDef, OutputColumn, write_names, write_rows};
use crate::data::{Batch, Entry, Example};

pub(super) const RAW: EncoderDef = EncoderDef {
    entry: Entry {
        name: "raw",
        usage: "-o raw",
        summary: "The columns separated by tabs, with nothing quoted or escaped.",
        details: "For text that another program reads unchanged. Tabs and newlines in text cannot be distinguished from those between columns and rows; `-o tsv` escapes them. Null is empty.",
        examples: &[Example {
            expr: "-o raw 'select concat(line, \"\\n\", line)'",
            input: "a\\b\n",
            output: "a\\b\na\\b\n",
        }],
    },
    header: false,
    row_by_row: true,
    for_people: false,
    encoder: |columns, _| Box::new(Raw { columns: columns.to_vec() }),
    open_row: None,
    controls: Controls::Text,
    picture: None,
};

struct Raw {
    columns: Vec<OutputColumn>,
}

impl Encoder for Raw {
    fn header(&mut self, out: &mut Vec<u8>) {
        write_names(&self.columns, b'\t', write_as_it_is, out);
    }

    fn encode(&mut self, batch: &Batch<'_>, out: &mut Vec<u8>) {
        write_rows(&self.columns, batch, b'\t', write_as_it_is, b"", out);
    }
}

#[inline]
fn write_as_it_is(text: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(text);
}

#[cfg(test)]
mod tests {
    use super::super::testing::{print, text};
    use super::*;
    use crate::data::Value;

    #[test]
    fn nothing_escaped() {
        assert_eq!(
            print(&RAW, &["a", "b"], &[vec![text("\t\\\"\n"), Value::Null], vec![Value::Bool(false), Value::Int(3)],]),
            "a\tb\n\t\\\"\n\tfalse\n\t3\n"
        );
    }
}
