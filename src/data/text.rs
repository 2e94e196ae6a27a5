//! A column of text: spans into bytes, usually the chunk that was read, so that text is not copied.

use std::sync::Arc;

use super::column::Column;
use super::print::write_text;
use super::value::ValueRef;

/// A range of bytes, or null.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TextSpan {
    /// The first byte.
    pub start: u32,
    /// How many bytes.
    pub len: u32,
}

impl TextSpan {
    /// Null, which differs from the empty text.
    pub const NULL: TextSpan = TextSpan { start: u32::MAX, len: 0 };

    /// Makes a span from `start` up to `end`.
    #[inline]
    pub fn new(start: usize, end: usize) -> TextSpan {
        TextSpan { start: start as u32, len: (end - start) as u32 }
    }

    /// True if this is null.
    #[inline]
    pub fn is_null(self) -> bool {
        self.start == u32::MAX
    }

    /// Returns the bytes of the span; empty for null.
    #[inline]
    pub fn slice(self, bytes: &[u8]) -> &[u8] {
        if self.is_null() { &[] } else { &bytes[self.start as usize..][..self.len as usize] }
    }
}

/// The bytes that the spans of a column point into.
#[derive(Clone, Debug)]
pub enum Bytes<'a> {
    /// The chunk, which the worker keeps while its batches are processed.
    Borrowed(&'a [u8]),
    /// Bytes that a stage made.
    Shared(Arc<Vec<u8>>),
}

impl std::ops::Deref for Bytes<'_> {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        match self {
            Bytes::Borrowed(bytes) => bytes,
            Bytes::Shared(bytes) => bytes,
        }
    }
}

/// A column of text or null. At most 4 GiB of bytes.
#[derive(Clone, Debug)]
pub struct TextColumn<'a> {
    /// The bytes that the spans point into.
    pub bytes: Bytes<'a>,
    /// One span for each row.
    pub spans: Vec<TextSpan>,
}

impl<'a> TextColumn<'a> {
    /// Converts the values of any column to text.
    pub fn of(column: Column<'a>) -> TextColumn<'a> {
        let column = match column {
            Column::Text(texts) => return texts,
            column => column,
        };
        let (mut bytes, mut spans) = (Vec::new(), Vec::with_capacity(column.len()));
        for row in 0..column.len() {
            let start = bytes.len();
            spans.push(match column.get(row) {
                ValueRef::Null => TextSpan::NULL,
                value => {
                    write_text(value, &mut bytes);
                    TextSpan::new(start, bytes.len())
                }
            });
        }
        TextColumn { bytes: Bytes::Shared(bytes.into()), spans }
    }

    /// Returns the text of a row; `None` for null.
    #[inline]
    pub fn get(&self, row: usize) -> Option<&[u8]> {
        let span = self.spans[row];
        if span.is_null() { None } else { Some(&self.bytes[span.start as usize..][..span.len as usize]) }
    }

    /// Copies the texts, but only the bytes that spans use.
    pub fn into_owned(&self) -> TextColumn<'static> {
        if let Bytes::Shared(bytes) = &self.bytes {
            return TextColumn { bytes: Bytes::Shared(Arc::clone(bytes)), spans: self.spans.clone() };
        }
        let mut bytes = Vec::with_capacity(self.spans.iter().map(|span| span.len as usize).sum());
        let mut spans = Vec::with_capacity(self.spans.len());
        for &span in &self.spans {
            if span.is_null() {
                spans.push(span);
                continue;
            }
            let start = bytes.len();
            bytes.extend_from_slice(span.slice(&self.bytes));
            spans.push(TextSpan::new(start, bytes.len()));
        }
        TextColumn { bytes: Bytes::Shared(Arc::new(bytes)), spans }
    }
}
