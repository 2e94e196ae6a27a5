//! The two scanners that belong to no stage: lines as a column, and records that are only counted.

use crate::data::{
    Batch, Bytes, Column, Framing, Position, Scanner, Slot, Span, TextColumn, count_records,
    each_of_two, trim_terminator,
};

/// One row a record, without columns: nothing reads them.
pub(super) struct CountScanner;

impl Scanner for CountScanner {
    fn scan<'a>(&self, bytes: &'a [u8], position: Position) -> Batch<'a> {
        Batch::new(count_records(bytes), position)
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
                spans.push(Span::new(start, end));
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
        if self.framing.is_plain(bytes) && memchr::memchr(b'\r', bytes).is_some() {
            for span in &mut spans {
                let end = (span.start + span.len) as usize;
                let whole = &bytes[span.start as usize..(end + 1).min(bytes.len())];
                span.len = trim_terminator(whole).len() as u32;
            }
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
}
