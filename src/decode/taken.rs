//! The texts of one wanted field, row by row.

use crate::data::{Bytes, Column, ColumnBuilder, TextColumn, TextSpan, Value, ValueRef};

/// Spans into the chunk, except for values that had to be made.
#[derive(Debug)]
pub(super) struct Taken {
    /// One for each row.
    spans: Vec<TextSpan>,
    /// Rows whose value differs from their span, in order.
    made: Vec<(usize, Value)>,
}

impl Taken {
    /// Reserves room for `rows` rows.
    pub(super) fn new(rows: usize) -> Self {
        Taken { spans: Vec::with_capacity(rows), made: Vec::new() }
    }

    /// Returns the number of rows.
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.spans.len()
    }

    /// Appends a row: a text, or null.
    #[inline]
    pub(super) fn push(&mut self, span: TextSpan) {
        self.spans.push(span);
    }

    /// Appends a row whose value is not a piece of its text.
    #[cold]
    pub(super) fn push_made(&mut self, value: Value) {
        self.made.push((self.spans.len(), value));
        self.spans.push(TextSpan::new(0, 0));
    }

    /// Removes the rows after the first `rows`.
    pub(super) fn truncate(&mut self, rows: usize) {
        self.spans.truncate(rows);
        while self.made.pop_if(|(row, _)| *row >= rows).is_some() {}
    }

    /// Returns the column; `bytes` are what the spans point into.
    pub(super) fn into_column<'a>(self, bytes: &Bytes<'a>) -> Column<'a> {
        if self.made.is_empty() {
            return Column::Text(TextColumn { bytes: bytes.clone(), spans: self.spans });
        }
        let mut builder = ColumnBuilder::new(self.spans.len());
        let mut made = self.made.into_iter().peekable();
        for (row, span) in self.spans.into_iter().enumerate() {
            match made.next_if(|(made, _)| *made == row) {
                Some((_, value)) => builder.push(value.borrow()),
                None if span.is_null() => builder.push(ValueRef::Null),
                None => builder.push(ValueRef::Text(span.slice(bytes))),
            }
        }
        builder.finish()
    }
}
