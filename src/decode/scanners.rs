//! Scanners that belong to no decoder: lines as a column, lines that contain a text, and counting records.

use memchr::{memchr, memmem, memrchr};

use crate::data::{
    Batch, Bytes, Column, Framing, Position, Scanner, Slot, TextColumn, TextSpan, count_records, each_of_two,
    trim_terminator,
};

/// Returns one row per record, without columns.
pub struct CountScanner;

impl Scanner for CountScanner {
    fn scan<'a>(&self, bytes: &'a [u8], position: Position) -> Batch<'a> {
        Batch::new(count_records(bytes), position)
    }

    fn keeps_all(&self) -> bool {
        true
    }
}

/// Returns a column of lines, or of records if newlines may be quoted.
pub struct LineScanner {
    /// The slot for the lines.
    pub line: Slot,
    /// Where records end.
    pub framing: Framing,
}

impl Scanner for LineScanner {
    fn scan<'a>(&self, bytes: &'a [u8], position: Position) -> Batch<'a> {
        let mut spans: Vec<TextSpan> = Vec::with_capacity(bytes.len() / 16);
        if self.framing.is_plain(bytes) {
            let mut start = 0;
            each_of_two(bytes, b'\n', b'\n', |end| {
                // Checking the byte before each newline is cheaper than searching for carriage returns.
                let before = bytes.get(end.wrapping_sub(1));
                spans.push(TextSpan::new(start, end - usize::from(before == Some(&b'\r'))));
                start = end + 1;
            });
            if start < bytes.len() {
                spans.push(TextSpan::new(start, bytes.len()));
            }
        } else {
            self.framing.each_record(bytes, |start, end| {
                let record = &bytes[start..end];
                let start = start + self.framing.count_bytes(record);
                spans.push(TextSpan::new(start, start + self.framing.trim(record).len()));
            });
        }
        let mut batch = Batch::new(spans.len(), position);
        batch.set(self.line, Column::Text(TextColumn { bytes: Bytes::Borrowed(bytes), spans }));
        batch
    }

    fn keeps_all(&self) -> bool {
        true
    }

    fn texts(&self) -> Option<Slot> {
        Some(self.line)
    }
}

/// Returns the lines that contain a text. It searches the raw bytes and looks for line ends only around hits: where
/// these are rare, it is as fast as the search alone.
pub struct SearchScanner {
    finder: memmem::Finder<'static>,
    /// The slot for the lines, if they are read.
    line: Option<Slot>,
    /// True if lines without the text may be returned, because a stage checks again.
    is_hint: bool,
}

impl SearchScanner {
    /// Returns `None` for a text that cannot be searched: the empty one is in every line, and one with a part of a
    /// line end is found in the bytes but never in a line.
    pub fn new(text: &[u8], line: Option<Slot>, is_hint: bool) -> Option<SearchScanner> {
        let within_lines = !text.is_empty() && !text.iter().any(|byte| b"\r\n".contains(byte));
        within_lines.then(|| SearchScanner { finder: memmem::Finder::new(text).into_owned(), line, is_hint })
    }

    /// True if more than half of the first lines seem to contain the text: then finding all line ends is cheaper than
    /// going from hit to hit.
    fn is_common(&self, bytes: &[u8]) -> bool {
        let sample = &bytes[..bytes.len().min(4096)];
        self.finder.find_iter(sample).count() * 2 > count_records(sample)
    }
}

impl Scanner for SearchScanner {
    fn scan<'a>(&self, bytes: &'a [u8], position: Position) -> Batch<'a> {
        if let (Some(line), true) = (self.line, self.is_hint && self.is_common(bytes)) {
            let framing = Framing::Lines;
            return LineScanner { line, framing }.scan(bytes, position);
        }
        let mut spans = Vec::new();
        let mut from = 0;
        while let Some(hit) = self.finder.find(&bytes[from..]) {
            let hit = from + hit;
            let start = memrchr(b'\n', &bytes[..hit]).map_or(0, |newline| newline + 1);
            let end = memchr(b'\n', &bytes[hit..]).map_or(bytes.len(), |newline| hit + newline + 1);
            spans.push(TextSpan::new(start, start + trim_terminator(&bytes[start..end]).len()));
            from = end;
        }
        let mut batch = Batch::new(spans.len(), position);
        if let Some(line) = self.line {
            batch.set(line, Column::Text(TextColumn { bytes: Bytes::Borrowed(bytes), spans }));
        }
        batch
    }

    fn texts(&self) -> Option<Slot> {
        self.line
    }
}
