//! Rows of columns: a column read alone is the same as in the whole row, whether the names are given or are in the
//! header, and rows that are printed are read as the same.

use bourn::data::{
    Batch, Bytes, Column, Framing, OutputColumn, OutputColumns, Position, Slot, TextColumn, TextSpan, Value,
    trim_terminator,
};
use std::sync::LazyLock;

use bourn::decode::csv::{CsvDecoder, Dialect, Separator};
use bourn::decode::{Decoder, FieldSeen, Wanted};
use bourn::encode::{self, Look};
use bourn::lang::ast::{Path, Segment};
use regex::bytes::Regex;

use super::rows::{self, Row};

static BARS: LazyLock<Separator> = LazyLock::new(|| Separator::text(b"||"));
static BLANKS: LazyLock<Separator> = LazyLock::new(|| {
    let blanks = Regex::new(" +");
    Separator::regex(blanks.expect("a pattern"))
});

/// The dialect that the first byte chooses.
fn dialect(choice: u8) -> Dialect {
    match choice % 7 {
        0 => Dialect::Csv { separator: b',' },
        1 => Dialect::Csv { separator: b';' },
        2 => Dialect::Tsv,
        3 => Dialect::Csv { separator: b' ' },
        4 => Dialect::Separated(&BARS),
        5 => Dialect::Separated(&BLANKS),
        _ => Dialect::W3c,
    }
}

/// Takes a byte for the dialect, a header and rows.
pub fn check(data: &[u8]) {
    let Some((choice, bytes)) = data.split_first() else {
        return;
    };
    let dialect = dialect(*choice);
    let mut texts = records(dialect, bytes);
    if texts.spans.is_empty() {
        return;
    }
    let header = texts.spans.remove(0).slice(bytes);
    let under_header = |wanted: &[Wanted]| {
        let header = Column::Constant(Value::Text(header.to_vec()), texts.spans.len());
        let decoded = CsvDecoder::new(dialect, None, wanted).decode_under(&header, &texts);
        rows::rows(decoded, texts.spans.len())
    };
    let wholes = under_header(&[Wanted::Whole]);
    let Some(names) = wholes.iter().flatten().next().map(|whole| names(&whole[0])) else {
        return;
    };
    let Some(names) = names else {
        return; // only text can be asked for
    };
    let field = |name: &String| {
        let path = Path(vec![Segment::Name(name.clone())]);
        Wanted::Field(path, FieldSeen::default())
    };
    let wanted: Vec<Wanted> = names.iter().map(field).collect();
    let fields = under_header(&wanted);
    if dialect == Dialect::W3c {
        assert_whole(&wholes, &fields); // its last column may be made of two others
        return;
    }
    let named = rows::decode(&CsvDecoder::new(dialect, Some(&names), &wanted), &texts);
    assert_eq!(fields, named, "names given or in the header");
    assert_whole(&wholes, &fields);
    for (index, wanted) in wanted.iter().enumerate() {
        let decoder = CsvDecoder::new(dialect, Some(&names), std::slice::from_ref(wanted));
        let alone = rows::rows(decoder.decode(&texts), texts.spans.len());
        for (alone, fields) in alone.iter().zip(&fields) {
            if let Ok(fields) = fields {
                assert_eq!(alone.as_ref(), Ok(&vec![fields[index].clone()]));
            }
        }
    }
    if matches!(dialect, Dialect::Csv { separator: b',' } | Dialect::Tsv) {
        let passed: Vec<&Vec<Value>> = fields.iter().flatten().collect();
        assert_prints(dialect, &names, &passed);
    }
}

/// A row as an object has the values that its fields have, each read alone.
fn assert_whole(wholes: &[Row], fields: &[Row]) {
    for (whole, fields) in wholes.iter().zip(fields) {
        match (whole, fields) {
            (Ok(whole), Ok(fields)) => {
                let Value::Object(whole) = &whole[0] else {
                    panic!("a row is an object, not {whole:?}");
                };
                assert!(whole.iter().map(|(_, value)| value).eq(fields));
            }
            (whole, fields) => assert_eq!(whole.as_ref().err(), fields.as_ref().err()),
        }
    }
}

/// Records without their ends.
fn records(dialect: Dialect, bytes: &[u8]) -> TextColumn<'_> {
    let framing = match dialect {
        Dialect::Csv { separator } => Framing::Quoted { separator },
        _ => Framing::Lines,
    };
    let mut spans = Vec::new();
    framing.each_record(bytes, |start, end| {
        let length = trim_terminator(&bytes[start..end]).len();
        spans.push(TextSpan::new(start, start + length));
    });
    TextColumn { bytes: Bytes::Borrowed(bytes), spans }
}

/// The names of the columns, if all are text.
fn names(whole: &Value) -> Option<Vec<String>> {
    let Value::Object(fields) = whole else {
        panic!("a row is an object, not {whole:?}");
    };
    let name = |(name, _): &(Vec<u8>, Value)| String::from_utf8(name.clone()).ok();
    fields.iter().map(name).collect()
}

/// Rows that are printed are read as the same; null as the empty text.
fn assert_prints(dialect: Dialect, names: &[String], passed: &[&Vec<Value>]) {
    let format = match dialect {
        Dialect::Csv { .. } => "csv",
        _ => "tsv",
    };
    let format = encode::find(format).expect("a format of this name");
    let mut batch = Batch::new(passed.len(), Position(0));
    let mut columns = Vec::new();
    for (index, name) in names.iter().enumerate() {
        let slot = Slot(index as u32);
        let values = passed.iter().map(|row| row[index].clone()).collect();
        batch.set(slot, Column::Values(values));
        columns.push(OutputColumn { name: name.clone(), slot, is_key: false, is_bound: false });
    }
    let mut encoder =
        encode::make(format, &OutputColumns { named: columns, ..OutputColumns::default() }, None, Look::default());
    let mut printed = Vec::new();
    encoder.encode(&batch, &mut printed);
    encoder.finish(&mut printed);
    let field = |name: &String| {
        let path = Path(vec![Segment::Name(name.clone())]);
        Wanted::Field(path, FieldSeen::default())
    };
    let wanted: Vec<Wanted> = names.iter().map(field).collect();
    let decoder = CsvDecoder::new(dialect, Some(names), &wanted);
    let texts = records(dialect, &printed);
    if dialect != Dialect::Tsv || names.len() > 1 {
        assert_eq!(decoder.no_records(&texts), [], "no row is a blank line");
    }
    let again = rows::decode(&decoder, &texts);
    let text = |value: &Value| match value {
        Value::Null => Value::Text(Vec::new()),
        value => value.clone(),
    };
    let expected: Vec<Row> = passed.iter().map(|row| Ok(row.iter().map(text).collect())).collect();
    assert_eq!(again, expected, "{}", printed.escape_ascii());
}
