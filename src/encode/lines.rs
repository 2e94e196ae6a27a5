//! Prints lines unchanged, if no stage made or chose columns.

use super::Encoder;
use crate::data::{Batch, Column, Slot, TextColumn, ValueRef, write_text};

/// Prints the text of one column, each followed by a newline. Adjacent lines of the input are copied in one piece, so
/// that a filter that keeps most lines runs at memory speed.
#[derive(Debug)]
pub struct LinesEncoder {
    slot: Slot,
}

impl LinesEncoder {
    /// Makes an encoder of the column in this slot.
    pub fn new(slot: Slot) -> Self {
        LinesEncoder { slot }
    }
}

impl Encoder for LinesEncoder {
    /// Lines have no columns to name.
    fn header(&mut self, _out: &mut Vec<u8>) {}

    fn encode(&mut self, batch: &Batch<'_>, out: &mut Vec<u8>) {
        match batch.column(self.slot) {
            Column::Text(column) => write_lines(column, out),
            column => {
                for row in 0..batch.rows {
                    match column.get(row) {
                        ValueRef::Text(text) => out.extend_from_slice(text),
                        value => write_text(value, out),
                    }
                    out.push(b'\n');
                }
            }
        }
    }
}

fn write_lines(column: &TextColumn<'_>, out: &mut Vec<u8>) {
    let bytes: &[u8] = &column.bytes;
    let mut run = 0..0; // not copied yet
    let mut begun = false;
    for &span in &column.spans {
        if span.is_null() {
            write_run(&bytes[run.clone()], begun, out);
            begun = false;
            out.push(b'\n');
            continue;
        }
        let (start, end) = (span.start as usize, span.start as usize + span.len as usize);
        if begun && start == run.end + 1 && bytes[run.end] == b'\n' {
            run.end = end;
        } else {
            write_run(&bytes[run.clone()], begun, out);
            run = start..end;
            begun = true;
        }
    }
    write_run(&bytes[run], begun, out);
}

fn write_run(run: &[u8], begun: bool, out: &mut Vec<u8>) {
    if begun {
        out.extend_from_slice(run);
        out.push(b'\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Bytes, Position, TextSpan, Value};

    fn print(bytes: &[u8], spans: &[TextSpan]) -> Vec<u8> {
        let mut batch = Batch::new(spans.len(), Position::default());
        let column = TextColumn { bytes: Bytes::Borrowed(bytes), spans: spans.to_vec() };
        batch.set(Slot(3), Column::Text(column));
        let mut out = Vec::new();
        LinesEncoder::new(Slot(3)).encode(&batch, &mut out);
        out
    }

    #[test]
    fn neighbours_in_one_piece() {
        let bytes = b"one\ntwo\n\nlast";
        let [one, two, empty, last] =
            [TextSpan::new(0, 3), TextSpan::new(4, 7), TextSpan::new(8, 8), TextSpan::new(9, 13)];
        assert_eq!(print(bytes, &[one, two, empty, last]), b"one\ntwo\n\nlast\n");
        assert_eq!(print(bytes, &[one, last]), b"one\nlast\n");
        assert_eq!(print(bytes, &[last, one, one]), b"last\none\none\n");
        assert_eq!(print(bytes, &[empty]), b"\n");
        assert_eq!(print(bytes, &[one, TextSpan::NULL, two]), b"one\n\ntwo\n");
        assert_eq!(print(bytes, &[]), b"");
    }

    #[test]
    fn what_lies_between_must_be_a_newline() {
        let crlf = b"a\r\nb\r\n";
        assert_eq!(print(crlf, &[TextSpan::new(0, 1), TextSpan::new(3, 4)]), b"a\nb\n");
        let words = b"a b";
        assert_eq!(print(words, &[TextSpan::new(0, 1), TextSpan::new(2, 3)]), b"a\nb\n");
        let nul = b"a\0b\0";
        assert_eq!(print(nul, &[TextSpan::new(0, 1), TextSpan::new(2, 3)]), b"a\nb\n");
    }

    #[test]
    fn columns_of_other_kinds() {
        let mut batch = Batch::new(2, Position::default());
        batch.set(Slot(0), Column::Constant(Value::Int(7), 2));
        let mut out = Vec::new();
        LinesEncoder::new(Slot(0)).encode(&batch, &mut out);
        assert_eq!(out, b"7\n7\n");
    }
}
