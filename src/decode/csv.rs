//! Rows of separated fields: quoted (csv), with escapes (tsv), with separators of several characters, or in the W3C's
//! extended log format.
//!
//! The position of each column is known from the given names or from the header of the row's source. In each row the
//! separators are counted and the quotes checked; unused fields are skipped. Fields are spans into the chunk, unless a
//! doubled quote or an escape must be replaced.

use memchr::{memchr, memchr_iter};

use crate::data::{Column, Names, RecordColumn, TextColumn, TextSpan, Value, ValueRef, parse_time};

pub use super::dialect::Dialect;
use super::headed::by_header;
use super::separator::DelimitedField;
pub use super::separator::Separator;
use super::taken::Taken;
use super::typed;
use super::w3c;
use super::{Decoded, Decoder, Wanted};

/// Reads the wanted columns of rows.
#[derive(Debug)]
pub struct CsvDecoder {
    dialect: Dialect,
    wanted: Vec<Wanted>,
    /// The layout of columns that are named beforehand.
    layout: ColumnLayout,
}

/// The positions of the wanted columns in the rows under one header.
#[derive(Debug, Default)]
struct ColumnLayout {
    /// The maximum number of fields in a row.
    fields: usize,
    /// Wanted columns by field: `(field, column)`, in the order of fields. If the whole row is wanted, its columns
    /// follow the others, one for each name.
    takes: Vec<(usize, usize)>,
    /// All names, if the whole row is wanted.
    names: Option<Names>,
    /// In w3c, the fields of a date and a time, which form the column after all fields.
    clock: Option<(usize, usize)>,
}

/// The column that w3c makes from a date and a time.
const TIMESTAMP: &[u8] = b"timestamp";

impl ColumnLayout {
    fn of(dialect: Dialect, names: Vec<Vec<u8>>, wanted: &[Wanted]) -> ColumnLayout {
        let mut names = names;
        let mut layout = ColumnLayout { fields: names.len(), ..ColumnLayout::default() };
        if dialect == Dialect::W3c {
            layout.clock = clock(&names);
            if layout.clock.is_some() {
                names.push(TIMESTAMP.to_vec());
            }
        }
        let mut is_whole = false;
        for (column, wanted) in wanted.iter().enumerate() {
            match wanted {
                Wanted::Whole => is_whole = true,
                Wanted::Field(path, seen) => {
                    let label = path.label();
                    let place = names.iter().position(|name| name == label.as_bytes());
                    if let Some(field) = place {
                        layout.takes.push((field, column));
                        seen.set();
                    } else if dialect == Dialect::W3c && !names.is_empty() {
                        seen.set_others(&names);
                    }
                }
            }
        }
        if is_whole {
            let all = (0..names.len()).map(|field| (field, wanted.len() + field));
            layout.takes.extend(all);
            layout.names = Some(names.into());
        }
        layout.takes.sort_unstable();
        layout
    }
}

/// Returns the fields of a date and a time, if both exist and no field has the name of the combined column.
fn clock(names: &[Vec<u8>]) -> Option<(usize, usize)> {
    let place = |name: &[u8]| names.iter().position(|other| other == name);
    match place(TIMESTAMP) {
        Some(_) => None,
        None => place(b"date").zip(place(b"time")),
    }
}

impl CsvDecoder {
    /// Makes a decoder of these columns. `names` are those of all columns, unless each source's header names them.
    pub fn new(dialect: Dialect, names: Option<&[String]>, wanted: &[Wanted]) -> Self {
        let names = names.unwrap_or_default().iter();
        let names = names.map(|name| name.clone().into_bytes()).collect();
        CsvDecoder { dialect, wanted: wanted.to_vec(), layout: ColumnLayout::of(dialect, names, wanted) }
    }

    fn layout(&self, header: ValueRef<'_>) -> Result<ColumnLayout, String> {
        match header {
            ValueRef::Text(header) => {
                let names = self.dialect.names(header)?;
                Ok(ColumnLayout::of(self.dialect, names, &self.wanted))
            }
            _ if self.dialect == Dialect::W3c => Err("w3c: expected a line `#Fields: …` before this one".to_owned()),
            _ => Err(format!("{}: there is no header", self.dialect.name())),
        }
    }
}

/// Rows while they are read.
struct CsvRows<'d, 'a> {
    dialect: Dialect,
    texts: &'d TextColumn<'a>,
    /// No text has a quote or an escape.
    is_plain: bool,
    /// The wanted columns, then those of the whole row.
    taken: Vec<Taken>,
    /// The fields of a row, if all of them are located before any is read.
    fields: Vec<DelimitedField>,
    read: usize,
    rejected: Vec<(u32, String)>,
}

impl<'d, 'a> CsvRows<'d, 'a> {
    fn new(decoder: &CsvDecoder, layout: &ColumnLayout, texts: &'d TextColumn<'a>) -> Self {
        let columns = decoder.wanted.len() + layout.names.as_ref().map_or(0, |names| names.len());
        let taken = |_| Taken::new(texts.spans.len());
        CsvRows {
            dialect: decoder.dialect,
            texts,
            is_plain: memchr(decoder.dialect.mark(), &texts.bytes).is_none(),
            taken: (0..columns).map(taken).collect(),
            fields: Vec::new(),
            read: 0,
            rejected: Vec::new(),
        }
    }

    /// Reads the next row of the texts.
    #[inline]
    fn read(&mut self, row: usize, layout: &ColumnLayout) {
        let span = self.texts.spans[row];
        let text = span.slice(&self.texts.bytes);
        let base = span.start as usize;
        let read = if span.is_null() {
            Err("there is no text".to_owned())
        } else if let Dialect::Separated(_) | Dialect::W3c = self.dialect {
            self.read_fields(text, base, layout)
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
                        taken.push(TextSpan::NULL); // the row, or its header, is too short
                    }
                }
            }
            Err(reason) => self.reject(row, reason),
        }
    }

    #[cold]
    fn reject(&mut self, row: usize, reason: String) {
        for taken in &mut self.taken {
            taken.truncate(self.read);
        }
        let reason = format!("{}: {reason}", self.dialect.name());
        self.rejected.push((row as u32, reason));
    }

    /// Reads a row without quotes and escapes: fields are located up to the last wanted one, the rest is counted.
    #[inline]
    fn read_plain(&mut self, text: &[u8], base: usize, layout: &ColumnLayout) -> Result<(), String> {
        let separator = self.dialect.separator().unwrap_or(b',');
        let mut separators = memchr_iter(separator, text);
        let mut separator = separators.next();
        let (mut start, mut field) = (0, 0);
        for &(wanted, column) in &layout.takes {
            while field < wanted {
                match separator {
                    Some(at) => start = at + 1,
                    None => return Ok(()), // the row ends early
                }
                separator = separators.next();
                field += 1;
            }
            let end = separator.unwrap_or(text.len());
            self.taken[column].push(TextSpan::new(base + start, base + end));
        }
        check_count(field + 1 + usize::from(separator.is_some()) + separators.count(), layout)
    }

    /// Reads a row field by field.
    fn read_marked(&mut self, text: &[u8], base: usize, layout: &ColumnLayout) -> Result<(), String> {
        let mut takes = layout.takes.iter().peekable();
        let (mut at, mut number) = (0, 0);
        while at <= text.len() {
            let (field, end) = self.dialect.field(text, at)?;
            while let Some(&(_, column)) = takes.next_if(|(wanted, _)| *wanted == number) {
                if field.is_changed {
                    let changed = self.dialect.text(text, field);
                    self.taken[column].push_made(Value::Text(changed));
                } else {
                    let span = TextSpan::new(base + field.start, base + field.end);
                    self.taken[column].push(span);
                }
            }
            at = end + 1;
            number += 1;
        }
        check_count(number, layout)
    }

    /// Reads a row after locating all of its fields.
    fn read_fields(&mut self, text: &[u8], base: usize, layout: &ColumnLayout) -> Result<(), String> {
        let dialect = self.dialect;
        dialect.fields(text, layout.fields, &mut self.fields)?;
        let found = self.fields.len();
        match dialect {
            Dialect::W3c if found != layout.fields => return Err(too_long(found, layout)),
            _ => check_count(found, layout)?,
        }
        for &(number, column) in &layout.takes {
            let taken = &mut self.taken[column];
            match self.fields.get(number) {
                Some(field) if dialect == Dialect::W3c && is_nothing(text, *field) => {
                    taken.push(TextSpan::NULL);
                }
                Some(field) if field.is_changed => {
                    taken.push_made(Value::Text(dialect.text(text, *field)));
                }
                Some(field) => taken.push(TextSpan::new(base + field.start, base + field.end)),
                None => match layout.clock {
                    Some((date, time)) => {
                        let texts = [date, time].map(|place| {
                            let field = self.fields[place];
                            &text[field.start..field.end]
                        });
                        let is_there = |place: usize| !is_nothing(text, self.fields[place]);
                        match timestamp(texts) {
                            Some(ns) => taken.push_made(Value::Time(ns)),
                            None if is_there(date) && is_there(time) => return Err(no_timestamp(texts)),
                            None => taken.push(TextSpan::NULL),
                        }
                    }
                    None => break, // the row is too short
                },
            }
        }
        Ok(())
    }

    fn finish(mut self, layout: &ColumnLayout, whole: Option<usize>) -> Decoded<'a> {
        let bytes = &self.texts.bytes;
        let column = |taken: Taken| taken.into_column(bytes);
        let mut fields = Vec::new();
        if let Some(names) = &layout.names {
            let taken = self.taken.split_off(self.taken.len() - names.len());
            fields = taken.into_iter().map(column).collect();
        }
        let mut columns: Vec<Column<'a>> = self.taken.into_iter().map(column).collect();
        if let (Some(whole), Some(names)) = (whole, &layout.names) {
            let record = RecordColumn::new(Names::clone(names), fields, self.read);
            columns[whole] = Column::Record(record);
        }
        Decoded { columns, rejected: self.rejected }
    }
}

/// True if a field of w3c has no value. In quotes, a hyphen or the empty text is a string.
fn is_nothing(text: &[u8], field: DelimitedField) -> bool {
    let is_quoted = field.start > 0 && text[field.start - 1] == b'"';
    let written = &text[field.start..field.end];
    !is_quoted && (written == w3c::NOTHING || written.is_empty())
}

/// Combines a date and a time, both in GMT.
fn timestamp([date, time]: [&[u8]; 2]) -> Option<i64> {
    let mut text = Vec::with_capacity(32);
    for part in [date, b"T", time, b"Z"] {
        text.extend_from_slice(part);
    }
    parse_time(&text)
}

#[cold]
fn no_timestamp([date, time]: [&[u8]; 2]) -> String {
    let found = typed::shown(&[date, b" ", time].concat());
    format!("expected a date and a time for timestamp, found {found}")
}

#[inline]
fn check_count(found: usize, layout: &ColumnLayout) -> Result<(), String> {
    if found <= layout.fields { Ok(()) } else { Err(too_long(found, layout)) }
}

#[cold]
fn too_long(found: usize, layout: &ColumnLayout) -> String {
    let plural = if layout.fields == 1 { "" } else { "s" };
    format!("expected {} field{plural}, found {found}", layout.fields)
}

impl CsvDecoder {
    fn whole(&self) -> Option<usize> {
        self.wanted.iter().position(|wanted| matches!(wanted, Wanted::Whole))
    }
}

impl CsvDecoder {
    /// Reads texts that have the same header.
    fn decode_with<'a>(&self, layout: &ColumnLayout, texts: &TextColumn<'a>) -> Decoded<'a> {
        let mut rows = CsvRows::new(self, layout, texts);
        for row in 0..texts.spans.len() {
            rows.read(row, layout);
        }
        rows.finish(layout, self.whole())
    }

    fn decode_under_one<'a>(&self, header: ValueRef<'_>, texts: &TextColumn<'a>) -> Decoded<'a> {
        match self.layout(header) {
            Ok(layout) => self.decode_with(&layout, texts),
            Err(reason) => {
                let nothing = |_: &Wanted| Column::Constant(Value::Null, 0);
                let rows = 0..texts.spans.len() as u32;
                Decoded {
                    columns: self.wanted.iter().map(nothing).collect(),
                    rejected: rows.map(|row| (row, reason.clone())).collect(),
                }
            }
        }
    }
}

impl Decoder for CsvDecoder {
    fn no_records(&self, texts: &TextColumn<'_>) -> Vec<u32> {
        // The first byte decides for most rows; this is checked for every row.
        let limit = if self.dialect == Dialect::W3c { b'#' } else { b' ' };
        let bytes: &[u8] = &texts.bytes;
        let mut rows = Vec::new();
        for (row, span) in (0..).zip(&texts.spans) {
            let first = bytes.get(span.start as usize).filter(|_| span.len > 0);
            if first.is_none_or(|first| *first <= limit)
                && !span.is_null()
                && self.dialect.is_no_record(span.slice(bytes))
            {
                rows.push(row);
            }
        }
        rows
    }

    fn names(&self, header: &[u8]) -> Option<Names> {
        let names = self.dialect.names(header).ok()?;
        Some(names.into())
    }

    fn in_order(&self, line: &[u8], header: &[u8], first: &[u8]) -> Option<Vec<u8>> {
        let (own, wanted) = (self.dialect.names(header).ok()?, self.dialect.names(first).ok()?);
        let mut fields = Vec::new();
        self.dialect.fields(line, own.len(), &mut fields).ok()?;
        let mut moved = Vec::with_capacity(line.len());
        for (index, name) in wanted.iter().enumerate() {
            if index > 0 {
                self.dialect.write_separator(&mut moved);
            }
            let place = own.iter().position(|other| other == name);
            let field = place.and_then(|place| fields.get(place));
            if let Some(field) = field {
                moved.extend_from_slice(self.dialect.written(line, *field));
            }
        }
        Some(moved)
    }

    fn decode<'a>(&self, texts: &TextColumn<'a>) -> Decoded<'a> {
        self.decode_with(&self.layout, texts)
    }

    fn decode_under<'a>(&self, headers: &Column<'_>, texts: &TextColumn<'a>) -> Decoded<'a> {
        by_header(self.wanted.len(), headers, texts, |header, texts| self.decode_under_one(header, texts))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Bytes;
    use crate::decode::FieldSeen;
    use crate::lang::ast::{Path, Segment};
    use proptest::prelude::*;

    const CSV: Dialect = Dialect::Csv { separator: b',' };

    fn wanted(names: &[&str]) -> Vec<Wanted> {
        let path = |name: &&str| Path(vec![Segment::Name((*name).to_owned())]);
        let field = |name| Wanted::Field(path(name), FieldSeen::default());
        names.iter().map(field).collect()
    }

    /// Returns the wanted columns of some rows, and the reasons for rejecting others.
    fn decode(dialect: Dialect, header: &str, rows: &[&[u8]], names: &[&str]) -> (Vec<Vec<Value>>, Vec<(u32, String)>) {
        let bytes = rows.concat();
        let mut start = 0;
        let span = |row: &&[u8]| {
            start += row.len();
            TextSpan::new(start - row.len(), start)
        };
        let texts = TextColumn { spans: rows.iter().map(span).collect(), bytes: Bytes::Borrowed(&bytes) };
        let headers = Column::Constant(Value::Text(header.into()), rows.len());
        let decoder = CsvDecoder::new(dialect, None, &wanted(names));
        let decoded = decoder.decode_under(&headers, &texts);
        let column = |column: &Column<'_>| (0..column.len()).map(|row| column.get(row).to_value()).collect();
        (decoded.columns.iter().map(column).collect(), decoded.rejected)
    }

    fn text(text: &str) -> Value {
        Value::Text(text.into())
    }

    #[test]
    fn takes_what_is_wanted_in_any_order() {
        let rows: [&[u8]; 4] = [b"1,2,3", b"4,\"5,\"\"5\"", b"", b"1,2,3,4"];
        let (columns, rejected) = decode(CSV, "a,b,c", &rows, &["c", "a", "b", "x"]);
        assert_eq!(columns[0], [text("3"), Value::Null, Value::Null]);
        assert_eq!(columns[1], [text("1"), text("4"), text("")]);
        assert_eq!(columns[2], [text("2"), text("5,\"5"), Value::Null]);
        assert_eq!(columns[3], [Value::Null, Value::Null, Value::Null]);
        assert_eq!(rejected, [(3, "csv: expected 3 fields, found 4".to_owned())]);
    }

    #[test]
    fn a_rejected_row_leaves_nothing_behind() {
        let rows: [&[u8]; 3] = [b"\"a\"\"\",\"b", b"\"c\"\"\",d", b"\"e\"f,g"];
        let (columns, rejected) = decode(CSV, "x,y", &rows, &["x", "y"]);
        assert_eq!(columns, [[text("c\"")], [text("d")]]);
        assert_eq!(rejected.iter().map(|(row, _)| *row).collect::<Vec<_>>(), [0, 2]);
    }

    #[test]
    fn names_are_told_apart() {
        let names = |header: &str| {
            let names = CSV.names(header.as_bytes()).expect("a good header");
            let names = names.into_iter().map(|name| String::from_utf8(name).expect("text"));
            names.collect::<Vec<_>>()
        };
        assert_eq!(names("a,a,a_2,a"), ["a", "a_3", "a_2", "a_4"]);
        assert_eq!(names(",2,"), ["1", "2", "3"]);
        assert_eq!(names("2,"), ["2", "2_2"]);
        assert_eq!(names("\u{feff}\"a \"\"b\"\"\",c"), ["a \"b\"", "c"]);
    }

    #[test]
    fn escapes_of_tsv() {
        let rows: [&[u8]; 2] = [b"a\\tb\t\\\\n", b"\\x\\\t\""];
        let (columns, rejected) = decode(Dialect::Tsv, "x\ty", &rows, &["x", "y"]);
        assert_eq!(columns[0], [text("a\tb"), text("\\x\\")]);
        assert_eq!(columns[1], [text("\\n"), text("\"")]);
        assert_eq!(rejected, []);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_rejected(rows in prop::collection::vec("[a,\"\\\\\t\n]{0,12}", 0..6), header in "[ab,\"\\\\]{0,9}") {
            let rows: Vec<&[u8]> = rows.iter().map(String::as_bytes).collect();
            for dialect in [CSV, Dialect::Tsv, Dialect::Csv { separator: b'a' }] {
                let (columns, rejected) = decode(dialect, &header, &rows, &["a", "b"]);
                for column in columns {
                    prop_assert_eq!(column.len() + rejected.len(), rows.len());
                }
            }
        }
    }
}
