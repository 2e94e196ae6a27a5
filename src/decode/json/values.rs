//! Collects the values of one field into a column.

use crate::data::{
    Bytes, Column, ColumnBuilder, TextColumn, TextSpan, Validity, Value, ValueRef, parse_number, read_json,
    read_scalar, read_string,
};

/// The kind of a value, as its column needs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum JsonContent {
    Null,
    /// A string without escapes.
    Plain,
    Int(i64),
    Other,
}

impl JsonContent {
    /// Inspects a value of sound structure; `None` if it is not JSON: an invalid number, word or escape.
    #[inline]
    pub(super) fn of(value: &[u8]) -> Option<JsonContent> {
        let is_plain_int = value.len() < 19
            && value.iter().all(u8::is_ascii_digit)
            && (value.len() == 1 || value.first() != Some(&b'0'));
        if is_plain_int && let Some(crate::data::Number::Int(int)) = parse_number(value) {
            return Some(JsonContent::Int(int));
        }
        match value.first() {
            Some(b'"') if memchr::memchr(b'\\', value).is_none() => Some(JsonContent::Plain),
            Some(b'"') => read_string(value).map(|_| JsonContent::Other),
            Some(b'{' | b'[') => read_json(value).map(|_| JsonContent::Other),
            _ => match read_scalar(value)? {
                Value::Int(int) => Some(JsonContent::Int(int)),
                _ => Some(JsonContent::Other),
            },
        }
    }
}

/// The values of one field.
pub(super) struct Values {
    spans: Vec<TextSpan>,
    /// One for each span, while all values are ints.
    ints: Vec<i64>,
    /// All values so far are null or strings without escapes.
    is_text: bool,
}

impl Values {
    pub(super) fn with_capacity(rows: usize) -> Values {
        Values { spans: Vec::with_capacity(rows), ints: Vec::new(), is_text: true }
    }

    /// Appends the value in a range.
    #[inline]
    pub(super) fn push(&mut self, span: TextSpan, content: JsonContent) {
        match content {
            JsonContent::Int(int) if self.ints.len() == self.spans.len() => {
                self.ints.push(int);
                self.is_text = false;
            }
            JsonContent::Null | JsonContent::Plain => {}
            JsonContent::Int(_) | JsonContent::Other => self.is_text = false,
        }
        self.spans.push(span);
    }

    /// Returns the column: spans if all values are strings without escapes, ints if all are.
    pub(super) fn finish<'a>(self, bytes: &Bytes<'a>) -> Column<'a> {
        let mut spans = self.spans;
        if self.is_text {
            for span in spans.iter_mut().filter(|span| !span.is_null()) {
                (span.start, span.len) = (span.start + 1, span.len - 2);
            }
            return Column::Text(TextColumn { bytes: bytes.clone(), spans });
        }
        if self.ints.len() == spans.len() {
            return Column::Int(self.ints, Validity::ALL);
        }
        let mut builder = ColumnBuilder::new(spans.len());
        for span in spans {
            let value = span.slice(bytes);
            match value {
                [] => builder.push(ValueRef::Null),
                [b'"', inside @ .., b'"'] if memchr::memchr(b'\\', inside).is_none() => {
                    builder.push(ValueRef::Text(inside))
                }
                _ => builder.push(read_json(value).unwrap_or_default().borrow()),
            }
        }
        builder.finish()
    }
}
