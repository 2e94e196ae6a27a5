//! Converts spans of text to typed columns, for all decoders of text.
//!
//! A decoder records the span of each wanted field; this module converts one column at a time. A value of the wrong
//! type rejects its record.

use crate::data::{
    Bytes, Column, ColumnBuilder, Exact, ParsedTime, TextColumn, TextSpan, TimeReader, TimeSite, Validity, Value,
    ValueRef, expected_time, parse_duration, parse_exact, parse_moment, parse_month_and_day, parse_number, read_string,
};

use super::Decoded;

/// The type of a field that is read from text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldType {
    /// Any text.
    Text,
    /// Text without white space, at least one character.
    Word,
    /// A whole number.
    Int,
    /// Any number, as a float.
    Float,
    /// A time.
    Time,
    /// A time as klog writes it: `0517 10:05:03.123456`.
    MonthAndDay,
    /// A duration.
    Duration,
    /// Text in which a backslash quotes the next character; `\n` is a newline.
    Escaped,
    /// The inside of a JSON string.
    Json,
}

impl FieldType {
    /// Returns the expected text, for messages.
    pub fn expected(self) -> &'static str {
        match self {
            FieldType::Text | FieldType::Escaped | FieldType::Json => "text",
            FieldType::Word => "a word",
            FieldType::Int => "an int",
            FieldType::Float => "a float",
            FieldType::Time | FieldType::MonthAndDay => "a time",
            FieldType::Duration => "a duration",
        }
    }

    /// Returns what was expected instead of this text, for messages.
    pub fn expected_of(self, text: &[u8]) -> &'static str {
        match self {
            FieldType::Time => expected_time(ValueRef::Text(text)),
            _ => self.expected(),
        }
    }

    /// Returns the name of the type, for lists of fields.
    pub fn name(self) -> &'static str {
        match self {
            FieldType::Text | FieldType::Escaped | FieldType::Json => "text",
            FieldType::Word => "word",
            FieldType::Int => "int",
            FieldType::Float => "float",
            FieldType::Time | FieldType::MonthAndDay => "time",
            FieldType::Duration => "duration",
        }
    }
}

/// The spans of a wanted field while texts are decoded.
#[derive(Debug)]
pub(super) struct FieldColumn {
    pub(super) name: String,
    pub(super) kind: FieldType,
    /// One for each row that was not rejected; null if the field does not exist.
    pub(super) spans: Vec<TextSpan>,
    /// The site whose times take their year from the previous record; `None` if all times have one.
    pub(super) site: Option<TimeSite>,
}

impl FieldColumn {
    pub(super) fn new(name: &str, kind: FieldType, rows: usize) -> Self {
        FieldColumn { name: name.to_owned(), kind, spans: Vec::with_capacity(rows), site: None }
    }

    /// Sets the site where times without a year take it from the previous record.
    pub(super) fn at(self, site: TimeSite) -> Self {
        FieldColumn { site: Some(site), ..self }
    }
}

/// Converts the spans to columns. `rows` is the number of texts, `rejected` those without spans; `decoder` begins the
/// reasons.
pub(super) fn finish<'a>(
    decoder: &str,
    bytes: &Bytes<'a>,
    rows: usize,
    places: Vec<FieldColumn>,
    rejected: Vec<(u32, String)>,
) -> Decoded<'a> {
    let mut bad: Vec<(u32, String)> = Vec::new();
    let columns = places
        .into_iter()
        .map(|field| {
            let FieldColumn { name, kind, spans, site } = field;
            let mut reject = |index: usize, text: &[u8]| {
                let expected = kind.expected_of(text);
                let found = shown(text);
                bad.push((index as u32, format!("{decoder}: expected {expected} at {name}, found {found}")));
            };
            match kind {
                FieldType::Text | FieldType::Word => Column::Text(TextColumn { bytes: bytes.clone(), spans }),
                FieldType::Escaped => unescape(bytes, spans, &mut reject, |text| Some(plain(text))),
                FieldType::Json => {
                    unescape(bytes, spans, &mut reject, |text| read_string(&[b"\"", text, b"\""].concat()))
                }
                FieldType::Int => ints(bytes, &spans, &mut reject),
                FieldType::Float => convert(bytes, &spans, &mut reject, |text| {
                    parse_number(text).map(|number| ValueRef::Float(number.to_f64()))
                }),
                FieldType::Duration => convert(bytes, &spans, &mut reject, |text| {
                    let text = std::str::from_utf8(text).ok()?;
                    parse_duration(text).map(ValueRef::Duration)
                }),
                FieldType::Time => times(bytes, &spans, site, &mut reject, parse_moment),
                FieldType::MonthAndDay => times(bytes, &spans, site, &mut reject, parse_month_and_day),
            }
        })
        .collect();
    if bad.is_empty() {
        return Decoded { columns, rejected };
    }
    without(rows, columns, rejected, bad)
}

/// Removes rows whose values have the wrong type. `bad` are indexes among the rows that were not rejected.
#[cold]
fn without<'a>(
    rows: usize,
    columns: Vec<Column<'a>>,
    mut rejected: Vec<(u32, String)>,
    mut bad: Vec<(u32, String)>,
) -> Decoded<'a> {
    bad.sort_by_key(|(index, _)| *index); // stable: keeps the reason of the first field of a row
    bad.dedup_by_key(|(index, _)| *index);
    let mut refused = rejected.iter().map(|(row, _)| *row).peekable();
    let read: Vec<u32> = (0..rows as u32).filter(|row| refused.next_if_eq(row).is_none()).collect();
    let mut dropped = bad.iter().map(|(index, _)| *index).peekable();
    let kept: Vec<u32> = (0..read.len() as u32).filter(|index| dropped.next_if_eq(index).is_none()).collect();
    rejected.extend(bad.into_iter().map(|(index, reason)| (read[index as usize], reason)));
    rejected.sort_by_key(|(row, _)| *row);
    Decoded { columns: columns.iter().map(|column| column.take(&kept)).collect(), rejected }
}

/// Formats data for a reason.
pub(super) fn shown(text: &[u8]) -> String {
    const MOST: usize = 40;
    let shown: String = String::from_utf8_lossy(&text[..text.len().min(4 * MOST)]).chars().take(MOST).collect();
    let more = if shown.len() < text.len() { "…" } else { "" };
    format!("\"{}{more}\"", shown.escape_debug())
}

/// Converts to ints; null where a span is null.
fn ints(bytes: &[u8], spans: &[TextSpan], reject: &mut impl FnMut(usize, &[u8])) -> Column<'static> {
    let mut values = Vec::with_capacity(spans.len());
    let mut nulls: Vec<u32> = Vec::new();
    let mut has_beyond = false;
    for (index, span) in spans.iter().enumerate() {
        let text = span.slice(bytes);
        values.push(match parse_exact(text) {
            Some(Exact::Int(value)) => value,
            Some(Exact::Big(_)) => {
                has_beyond = true;
                0
            }
            _ => {
                if span.is_null() {
                    nulls.push(index as u32);
                } else {
                    reject(index, text);
                }
                0
            }
        });
    }
    if has_beyond {
        let read = |span: &TextSpan| {
            let number = parse_exact(span.slice(bytes));
            number.map_or(ValueRef::Null, Exact::to_value_ref)
        };
        return spans.iter().map(read).collect();
    }
    if nulls.is_empty() {
        return Column::Int(values, Validity::ALL);
    }
    let mut valid = vec![true; values.len()];
    nulls.iter().for_each(|&row| valid[row as usize] = false);
    Column::Int(values, Validity::of(valid))
}

/// True if text that is a number has neither fraction nor exponent.
pub(super) fn is_whole(text: &[u8]) -> bool {
    let digits = match text {
        [b'+' | b'-', digits @ ..] => digits,
        _ => text,
    };
    !digits.is_empty() && digits.iter().all(u8::is_ascii_digit)
}

fn convert<'v>(
    bytes: &'v [u8],
    spans: &[TextSpan],
    reject: &mut impl FnMut(usize, &[u8]),
    read: impl Fn(&'v [u8]) -> Option<ValueRef<'v>>,
) -> Column<'static> {
    let mut builder = ColumnBuilder::new(spans.len());
    for (index, span) in spans.iter().enumerate() {
        let text = span.slice(bytes);
        builder.push(if span.is_null() {
            ValueRef::Null
        } else {
            read(text).unwrap_or_else(|| {
                reject(index, text);
                ValueRef::Null
            })
        });
    }
    builder.finish()
}

/// Converts to times. Records often repeat the time of the previous one, so that is tried first.
fn times(
    bytes: &[u8],
    spans: &[TextSpan],
    site: Option<TimeSite>,
    reject: &mut impl FnMut(usize, &[u8]),
    read: impl Fn(&[u8]) -> Option<ParsedTime>,
) -> Column<'static> {
    let mut reader = site.map_or_else(TimeReader::detached, TimeSite::reader);
    let mut before: (&[u8], i64) = (b"", 0);
    let mut values = Vec::with_capacity(spans.len());
    for (index, span) in spans.iter().enumerate() {
        let text = span.slice(bytes);
        values.push(if span.is_null() {
            Value::Null
        } else if text == before.0 && !text.is_empty() {
            Value::Time(before.1)
        } else if let Some(ns) = read(text).and_then(|moment| reader.take(moment)) {
            before = (text, ns);
            Value::Time(ns)
        } else {
            reject(index, text);
            Value::Null
        });
    }
    Column::Values(values)
}

/// Replaces escapes; the text is copied only if there are any.
fn unescape<'a>(
    bytes: &Bytes<'a>,
    spans: Vec<TextSpan>,
    reject: &mut impl FnMut(usize, &[u8]),
    read: impl Fn(&[u8]) -> Option<Vec<u8>>,
) -> Column<'a> {
    let has_backslash = |text: &[u8]| memchr::memchr(b'\\', text).is_some();
    if !spans.iter().any(|span| has_backslash(span.slice(bytes))) {
        return Column::Text(TextColumn { bytes: bytes.clone(), spans });
    }
    let mut builder = ColumnBuilder::new(spans.len());
    for (index, span) in spans.iter().enumerate() {
        let text = span.slice(bytes);
        if span.is_null() {
            builder.push(ValueRef::Null);
        } else if !has_backslash(text) {
            builder.push(ValueRef::Text(text));
        } else if let Some(read) = read(text) {
            builder.push(ValueRef::Text(&read));
        } else {
            reject(index, text);
            builder.push(ValueRef::Null);
        }
    }
    builder.finish()
}

/// Resolves backslash escapes: the next character is taken literally.
fn plain(text: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(text.len());
    let mut bytes = text.iter();
    while let Some(&byte) = bytes.next() {
        plain.push(match byte {
            b'\\' => match bytes.next() {
                Some(b'n') => b'\n',
                Some(b'r') => b'\r',
                Some(&escaped) => escaped,
                None => b'\\',
            },
            _ => byte,
        });
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_whose_values_do_not_fit_are_rejected() {
        let bytes = Bytes::Borrowed(b"1x2".as_slice());
        let spans = vec![TextSpan::new(0, 1), TextSpan::new(1, 2), TextSpan::NULL, TextSpan::new(2, 3)];
        let places = vec![
            FieldColumn { spans: spans.clone(), ..FieldColumn::new("n", FieldType::Int, 0) },
            FieldColumn { spans, ..FieldColumn::new("t", FieldType::Text, 0) },
        ];
        let decoded = finish("d", &bytes, 5, places, vec![(0, "no".to_owned())]);
        assert_eq!(decoded.rejected, [(0, "no".to_owned()), (2, "d: expected an int at n, found \"x\"".to_owned())]);
        let values =
            |column: &Column<'_>| -> Vec<Value> { (0..column.len()).map(|row| column.get(row).to_value()).collect() };
        assert_eq!(values(&decoded.columns[0]), [Value::Int(1), Value::Null, Value::Int(2)]);
        assert_eq!(decoded.columns[1].len(), 3);
    }
}
