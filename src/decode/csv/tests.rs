use super::*;
use crate::data::{Bytes, Span, Value};
use crate::decode::Seen;
use crate::lang::ast::{Path, Segment};
use proptest::prelude::*;

const CSV: Dialect = Dialect::Csv { separator: b',' };

fn wanted(names: &[&str]) -> Vec<Wanted> {
    let path = |name: &&str| Path(vec![Segment::Name((*name).to_owned())]);
    let field = |name| Wanted::Field(path(name), Seen::default());
    names.iter().map(field).collect()
}

/// The wanted columns of some rows, and why others are rejected.
fn decode(
    dialect: Dialect,
    header: &str,
    rows: &[&[u8]],
    names: &[&str],
) -> (Vec<Vec<Value>>, Vec<(u32, String)>) {
    let bytes = rows.concat();
    let mut start = 0;
    let span = |row: &&[u8]| {
        start += row.len();
        Span::new(start - row.len(), start)
    };
    let texts = TextColumn {
        spans: rows.iter().map(span).collect(),
        bytes: Bytes::Borrowed(&bytes),
    };
    let headers = Column::Constant(Value::Text(header.into()), rows.len());
    let decoder = CsvDecoder::new(dialect, None, &wanted(names));
    let decoded = decoder.decode_under(&headers, &texts);
    let column = |column: &Column<'_>| {
        (0..column.len())
            .map(|row| column.get(row).to_value())
            .collect()
    };
    (
        decoded.columns.iter().map(column).collect(),
        decoded.rejected,
    )
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
    assert_eq!(
        rejected,
        [(3, "csv: expected 3 fields, found 4".to_owned())]
    );
}

#[test]
fn a_rejected_row_leaves_nothing_behind() {
    let rows: [&[u8]; 3] = [b"\"a\"\"\",\"b", b"\"c\"\"\",d", b"\"e\"f,g"];
    let (columns, rejected) = decode(CSV, "x,y", &rows, &["x", "y"]);
    assert_eq!(columns, [[text("c\"")], [text("d")]]);
    assert_eq!(
        rejected.iter().map(|(row, _)| *row).collect::<Vec<_>>(),
        [0, 2]
    );
}

#[test]
fn names_are_told_apart() {
    let names = |header: &str| {
        let names = CSV.names(header.as_bytes()).expect("a good header");
        let names = names
            .into_iter()
            .map(|name| String::from_utf8(name).expect("text"));
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
