//! A whole file as a table: CSV and TSV under their header, JSON objects one per line or as a list.
//!
//! Texts are spans into the file.

use std::collections::HashMap;

use super::csv::{CsvDecoder, Dialect};
use super::{Decoder, FieldSeen, Wanted};
use crate::data::{
    Bytes, Column, ColumnBuilder, Framing, TextColumn, TextSpan, Value, ValueRef, read_json, skip_white,
    trim_terminator,
};
use crate::lang::ast::{Path, Segment};

/// A table that was read.
#[derive(Debug)]
pub struct Table {
    /// The names of the columns, in order.
    pub names: Vec<String>,
    /// One for each name.
    pub columns: Vec<Column<'static>>,
    /// How many rows.
    pub rows: usize,
}

/// Why a table cannot be read: the line, from 1, and the reason.
#[derive(Debug, PartialEq, Eq)]
pub struct BadRow {
    /// The first line of the row.
    pub line: usize,
    /// The reason.
    pub reason: String,
}

/// The format of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum TableFormat {
    Rows(Dialect),
    Json,
}

/// The maximum size of a table, which spans can address.
const LIMIT_BYTES: usize = u32::MAX as usize;

impl TableFormat {
    /// Detects the format from the file's name, else from its content.
    fn of(path: &str, bytes: &[u8]) -> TableFormat {
        let mut name = path.to_ascii_lowercase();
        for compressed in [".gz", ".zst", ".bz2", ".xz", ".lz4"] {
            if let Some(inner) = name.strip_suffix(compressed) {
                name.truncate(inner.len());
                break;
            }
        }
        let csv = TableFormat::Rows(Dialect::Csv { separator: b',' });
        let header = bytes.split(|byte| *byte == b'\n').next();
        match name.rsplit_once('.').map(|(_, extension)| extension) {
            Some("csv") => csv,
            Some("tsv" | "tab") => TableFormat::Rows(Dialect::Tsv),
            Some("json" | "jsonl" | "ndjson") => TableFormat::Json,
            _ if matches!(bytes.get(skip_white(bytes, 0)), Some(b'{' | b'[')) => TableFormat::Json,
            _ if header.is_some_and(|header| header.contains(&b'\t')) => TableFormat::Rows(Dialect::Tsv),
            _ => csv,
        }
    }
}

/// Reads a table; the extension of `path` decides its format, if it is a known one.
pub fn read_table(path: &str, bytes: Vec<u8>) -> Result<Table, BadRow> {
    if bytes.len() > LIMIT_BYTES {
        let reason = "the file has more than 4 GiB".to_owned();
        return Err(BadRow { line: 1, reason });
    }
    match TableFormat::of(path, &bytes) {
        TableFormat::Rows(dialect) => read_rows(dialect, bytes),
        TableFormat::Json => read_objects(&bytes),
    }
}

/// Reads rows under a header; blank lines are skipped.
fn read_rows(dialect: Dialect, bytes: Vec<u8>) -> Result<Table, BadRow> {
    let framing = match dialect {
        Dialect::Csv { separator } => Framing::Quoted { separator },
        _ => Framing::Lines,
    };
    let mut spans = Vec::new();
    framing.each_record(&bytes, |start, end| {
        let text = trim_terminator(&bytes[start..end]);
        if !dialect.is_no_record(text) {
            spans.push(TextSpan::new(start, start + text.len()));
        }
    });
    if spans.is_empty() {
        let reason = "expected a header with the names of the columns, found nothing".to_owned();
        return Err(BadRow { line: 1, reason });
    }
    let header = spans.remove(0);
    let names = dialect.names(header.slice(&bytes));
    let names = names.map_err(|reason| bad_row(&bytes, header, reason))?;
    let names: Vec<String> = names.iter().map(|name| text_of(name)).collect();
    let wanted = names.iter().map(|name| {
        let path = Path(vec![Segment::Name(name.clone())]);
        Wanted::Field(path, FieldSeen::default())
    });
    let decoder = CsvDecoder::new(dialect, Some(&names), &wanted.collect::<Vec<_>>());
    let texts = TextColumn { bytes: Bytes::Shared(bytes.into()), spans };
    let decoded = decoder.decode(&texts);
    if let Some((row, reason)) = decoded.rejected.into_iter().next() {
        return Err(bad_row(&texts.bytes, texts.spans[row as usize], reason));
    }
    let columns = decoded.columns.into_iter().map(Column::into_owned);
    Ok(Table { names, columns: columns.collect(), rows: texts.spans.len() })
}

#[cold]
fn bad_row(bytes: &[u8], row: TextSpan, reason: String) -> BadRow {
    let before = &bytes[..row.start as usize];
    let line = memchr::memchr_iter(b'\n', before).count() + 1;
    BadRow { line, reason }
}

fn text_of(name: &[u8]) -> String {
    String::from_utf8_lossy(name).into_owned()
}

/// Reads objects, one per line or as a list.
fn read_objects(bytes: &[u8]) -> Result<Table, BadRow> {
    let mut objects = Objects::default();
    if bytes.get(skip_white(bytes, 0)) == Some(&b'[') {
        let list = read_json(bytes).ok_or_else(|| expected_object(1, "a list of them"))?;
        let Value::List(members) = list else {
            return Err(expected_object(1, "a list of them"));
        };
        for (index, member) in members.into_iter().enumerate() {
            let place = format!("number {} in the list", index + 1);
            objects.add(member).ok_or_else(|| expected_object(1, &place))?;
        }
    } else {
        for (index, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
            if skip_white(line, 0) == line.len() {
                continue;
            }
            let object = read_json(line).and_then(|value| objects.add(value));
            object.ok_or_else(|| expected_object(index + 1, "one a line"))?;
        }
    }
    Ok(objects.into_table())
}

#[cold]
fn expected_object(line: usize, place: &str) -> BadRow {
    let reason = format!("expected JSON objects, {place}");
    BadRow { line, reason }
}

/// A table of rows with named values; `names` are those of the first columns.
pub fn table_of(names: Vec<String>, rows: impl Iterator<Item = Vec<(Vec<u8>, Value)>>) -> Table {
    let mut objects = Objects::default();
    for name in names {
        objects.places.insert(name.clone().into_bytes(), objects.columns.len());
        objects.columns.push((ColumnBuilder::new(0), 0));
        objects.names.push(name);
    }
    for row in rows {
        objects.add_fields(row);
    }
    objects.into_table()
}

/// Objects while they become columns.
#[derive(Default)]
struct Objects {
    places: HashMap<Vec<u8>, usize>,
    names: Vec<String>,
    columns: Vec<(ColumnBuilder, usize)>,
    rows: usize,
}

impl Objects {
    /// Adds an object; `None` if the value is not one.
    fn add(&mut self, value: Value) -> Option<()> {
        let Value::Object(fields) = value else {
            return None;
        };
        self.add_fields(fields);
        Some(())
    }

    fn add_fields(&mut self, fields: Vec<(Vec<u8>, Value)>) {
        for (name, value) in fields {
            let place = match self.places.get(&name) {
                Some(place) => *place,
                None => {
                    self.names.push(text_of(&name));
                    self.columns.push((ColumnBuilder::new(self.rows), 0));
                    self.places.insert(name, self.columns.len() - 1);
                    self.columns.len() - 1
                }
            };
            let (builder, rows) = &mut self.columns[place];
            (*rows..self.rows).for_each(|_| builder.push(ValueRef::Null));
            builder.push(value.borrow());
            *rows = self.rows + 1;
        }
        self.rows += 1;
    }

    fn into_table(self) -> Table {
        let all = self.rows;
        let column = |(mut builder, rows): (ColumnBuilder, usize)| {
            (rows..all).for_each(|_| builder.push(ValueRef::Null));
            builder.finish()
        };
        Table { names: self.names, columns: self.columns.into_iter().map(column).collect(), rows: all }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(path: &str, text: &str) -> Result<Vec<Vec<Value>>, BadRow> {
        let table = read_table(path, text.as_bytes().to_vec())?;
        let row = |row| {
            let columns = table.columns.iter();
            columns.map(|column| column.get(row).to_value()).collect()
        };
        Ok((0..table.rows).map(row).collect())
    }

    fn text(text: &str) -> Value {
        Value::Text(text.as_bytes().to_vec())
    }

    #[test]
    fn the_name_or_the_content_says_how_it_is_written() {
        let csv = TableFormat::Rows(Dialect::Csv { separator: b',' });
        for (path, content, kind) in [
            ("a.csv", "a\tb", csv),
            ("a.CSV.gz", "{", csv),
            ("a.tsv.zst", "a,b", TableFormat::Rows(Dialect::Tsv)),
            ("a.jsonl", "a,b", TableFormat::Json),
            ("a", " {\"a\":1}", TableFormat::Json),
            ("a.txt", "a\tb\n", TableFormat::Rows(Dialect::Tsv)),
            ("/dev/fd/3", "a,b\tc", TableFormat::Rows(Dialect::Tsv)),
            ("a", "a,b", csv),
            ("a", "", csv),
        ] {
            assert_eq!(TableFormat::of(path, content.as_bytes()), kind, "{path} {content}");
        }
    }

    #[test]
    fn rows_have_the_lines_of_the_file() {
        let rows = cells("t.csv", "\u{feff}a,b\r\n1,\"x\n\"\"y\"\"\"\r\n\n2\n");
        assert_eq!(rows, Ok(vec![vec![text("1"), text("x\n\"y\"")], vec![text("2"), Value::Null]]));
        let bad = cells("t.csv", "a,b\n1,\"x\ny\"\n1,2,3\n").map_err(|bad| bad.line);
        assert_eq!(bad, Err(4));
        assert_eq!(cells("t.csv", "").map_err(|bad| bad.line), Err(1));
    }

    #[test]
    fn objects_need_not_have_the_same_fields() {
        let expected = Ok(vec![vec![Value::Int(1), Value::Null], vec![Value::Null, text("x")]]);
        assert_eq!(cells("t.json", "{\"a\":1}\n\n{\"b\":\"x\"}\n"), expected);
        assert_eq!(cells("t.json", "[{\"a\":1},\n{\"b\":\"x\"}]\n"), expected);
        assert_eq!(cells("t.json", "{\"a\":1}\n[]\n").map_err(|bad| bad.line), Err(2));
        assert_eq!(cells("t.json", "[1]").map_err(|bad| bad.line), Err(1));
    }
}
