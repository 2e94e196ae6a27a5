//! Rows while they are read.

use memchr::{memchr, memchr_iter};

use super::CsvDecoder;
use super::dialect::Dialect;
use super::layout::{Layout, check_count};
use crate::data::{Column, Span, TextColumn, Value};
use crate::decode::Decoded;
use crate::decode::taken::Taken;

/// Rows while they are read.
pub(super) struct Rows<'d, 'a> {
    dialect: Dialect,
    texts: &'d TextColumn<'a>,
    /// No text has a quote or an escape.
    is_plain: bool,
    taken: Vec<Taken>,
    wholes: Vec<Value>,
    read: usize,
    pub(super) rejected: Vec<(u32, String)>,
}

impl<'d, 'a> Rows<'d, 'a> {
    pub(super) fn new(decoder: &CsvDecoder, texts: &'d TextColumn<'a>) -> Self {
        let taken = |_| Taken::new(texts.spans.len());
        Rows {
            dialect: decoder.dialect,
            texts,
            is_plain: memchr(decoder.dialect.mark(), &texts.bytes).is_none(),
            taken: decoder.wanted.iter().map(taken).collect(),
            wholes: Vec::new(),
            read: 0,
            rejected: Vec::new(),
        }
    }

    /// Reads the next row of the texts.
    #[inline]
    pub(super) fn read(&mut self, row: usize, layout: &Layout) {
        let span = self.texts.spans[row];
        let text = span.slice(&self.texts.bytes);
        let base = span.start as usize;
        let read = if span.is_null() {
            Err("there is no text".to_owned())
        } else if layout.whole.is_some() {
            self.read_whole(text, base, layout)
        } else if self.is_plain || memchr(self.dialect.mark(), text).is_none() {
            self.read_plain(text, base, layout)
        } else {
            self.read_marked(text, base, layout)
        };
        match read {
            Ok(()) => {
                self.read += 1;
                for taken in &mut self.taken {
                    if taken.len() < self.read {
                        taken.push(Span::NULL); // the row, or its header, is too short
                    }
                }
            }
            Err(reason) => self.reject(row, reason),
        }
    }

    #[cold]
    pub(super) fn reject(&mut self, row: usize, reason: String) {
        for taken in &mut self.taken {
            taken.truncate(self.read);
        }
        let reason = format!("{}: {reason}", self.dialect.name());
        self.rejected.push((row as u32, reason));
    }

    /// A row without quotes and escapes: fields are looked for up to the last one wanted, the rest is counted.
    #[inline]
    fn read_plain(&mut self, text: &[u8], base: usize, layout: &Layout) -> Result<(), String> {
        let mut separators = memchr_iter(self.dialect.separator(), text);
        let mut separator = separators.next();
        let (mut start, mut field) = (0, 0);
        for &(wanted, column) in &layout.takes {
            while field < wanted {
                match separator {
                    Some(at) => start = at + 1,
                    None => return Ok(()), // the rest is missing
                }
                separator = separators.next();
                field += 1;
            }
            let end = separator.unwrap_or(text.len());
            self.taken[column].push(Span::new(base + start, base + end));
        }
        check_count(
            field + 1 + usize::from(separator.is_some()) + separators.count(),
            layout,
        )
    }

    /// A row in which every field is looked at.
    fn read_marked(&mut self, text: &[u8], base: usize, layout: &Layout) -> Result<(), String> {
        let mut takes = layout.takes.iter().peekable();
        let (mut at, mut number) = (0, 0);
        while at <= text.len() {
            let (field, end) = self.dialect.field(text, at)?;
            while let Some(&(_, column)) = takes.next_if(|(wanted, _)| *wanted == number) {
                if field.is_changed {
                    let changed = self.dialect.text(text, field);
                    self.taken[column].push_made(Value::Text(changed));
                } else {
                    let span = Span::new(base + field.start, base + field.end);
                    self.taken[column].push(span);
                }
            }
            at = end + 1;
            number += 1;
        }
        check_count(number, layout)
    }

    /// A row as an object, and its wanted fields.
    fn read_whole(&mut self, text: &[u8], base: usize, layout: &Layout) -> Result<(), String> {
        let Some((names, _)) = &layout.whole else {
            return Ok(());
        };
        self.read_marked(text, base, layout)?;
        let mut at = 0;
        let mut object = Vec::with_capacity(names.len());
        for name in names {
            let value = if at <= text.len() {
                let (field, end) = self.dialect.field(text, at)?;
                at = end + 1;
                Value::Text(self.dialect.text(text, field))
            } else {
                Value::Null
            };
            object.push((name.clone(), value));
        }
        self.wholes.push(Value::Object(object));
        Ok(())
    }

    pub(super) fn finish(self, whole: Option<usize>) -> Decoded<'a> {
        let bytes = &self.texts.bytes;
        let column = |taken: Taken| taken.into_column(bytes);
        let mut columns: Vec<Column<'a>> = self.taken.into_iter().map(column).collect();
        if let Some(whole) = whole {
            columns[whole] = Column::Values(self.wholes);
        }
        Decoded {
            columns,
            rejected: self.rejected,
        }
    }
}
