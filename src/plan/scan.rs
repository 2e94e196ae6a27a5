//! The two scanners that belong to no stage: lines as a column, and records that are only counted.

use crate::data::{
    Batch, Bytes, Column, Framing, Position, Scanner, Slot, Span, TextColumn, count_records,
    each_of_two,
};

/// One row a record, without columns: nothing reads them.
pub(super) struct CountScanner;

impl Scanner for CountScanner {
    fn scan<'a>(&self, bytes: &'a [u8], position: Position) -> Batch<'a> {
        Batch::new(count_records(bytes), position)
    }

    fn keeps_all(&self) -> bool {
        true
    }
}

/// A column of lines; where newlines may stand in quotes, of records.
pub(super) struct LineScanner {
    pub(super) line: Slot,
    pub(super) framing: Framing,
}

impl Scanner for LineScanner {
    fn scan<'a>(&self, bytes: &'a [u8], position: Position) -> Batch<'a> {
        let mut spans: Vec<Span> = Vec::with_capacity(bytes.len() / 16);
        if self.framing.is_plain(bytes) {
            let mut start = 0;
            each_of_two(bytes, b'\n', b'\n', |end| {
                // Looking at the byte before each newline costs less than a search for carriage returns.
                let before = bytes.get(end.wrapping_sub(1));
                spans.push(Span::new(start, end - usize::from(before == Some(&b'\r'))));
                start = end + 1;
            });
            if start < bytes.len() {
                spans.push(Span::new(start, bytes.len()));
            }
        } else {
            self.framing.each_record(bytes, |start, end| {
                let record = self.framing.trim(&bytes[start..end]);
                spans.push(Span::new(start, start + record.len()));
            });
        }
        let mut batch = Batch::new(spans.len(), position);
        batch.set(
            self.line,
            Column::Text(TextColumn {
                bytes: Bytes::Borrowed(bytes),
                spans,
            }),
        );
        batch
    }

    fn keeps_all(&self) -> bool {
        true
    }
}
