//! Texts decoded in several ways, which must give the same rows.

use bourn::data::{
    Bytes, Number, TextColumn, TextSpan, Value, parse_duration, parse_number, parse_time, read_json, write_json,
    write_text,
};
use bourn::decode::{Decoded, Decoder};

/// The wanted fields of a record, or why it was rejected.
pub type Row = Result<Vec<Value>, String>;

/// Lines without their ends, as the stages get them.
pub fn lines(bytes: &[u8]) -> TextColumn<'_> {
    let mut start = 0;
    let mut spans = Vec::new();
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        let length = bourn::data::trim_terminator(line).len();
        spans.push(TextSpan::new(start, start + length));
        start += line.len();
    }
    TextColumn { bytes: Bytes::Borrowed(bytes), spans }
}

/// What a decoder makes of some texts, which is the same for all of them together, for each alone, backwards, and
/// with nulls between them.
pub fn decode(decoder: &dyn Decoder, texts: &TextColumn<'_>) -> Vec<Row> {
    let together = rows(decoder.decode(texts), texts.spans.len());
    for (row, span) in texts.spans.iter().enumerate() {
        let text = span.slice(&texts.bytes);
        let alone = TextColumn { bytes: Bytes::Borrowed(text), spans: vec![TextSpan::new(0, text.len())] };
        assert_eq!(rows(decoder.decode(&alone), 1)[0], together[row], "a text alone");
    }
    let mut spans = texts.spans.clone();
    spans.reverse();
    spans.push(TextSpan::NULL);
    let backwards = TextColumn { bytes: texts.bytes.clone(), spans };
    let mut again = rows(decoder.decode(&backwards), backwards.spans.len());
    assert!(again.pop().is_some_and(|null| null.is_err()), "null is rejected");
    again.reverse();
    assert_eq!(again, together, "in another order");
    for value in together.iter().flatten().flatten() {
        assert_reads_back(value);
    }
    together
}

/// What was decoded, text by text: every one is a row or rejected.
pub fn rows(decoded: Decoded<'_>, texts: usize) -> Vec<Row> {
    let passed = texts - decoded.rejected.len();
    for column in &decoded.columns {
        assert_eq!(column.len(), passed, "rejected + passed = records");
    }
    let is_ordered = decoded.rejected.is_sorted_by(|a, b| a.0 < b.0);
    assert!(is_ordered, "{:?}", decoded.rejected);
    let mut rejected = decoded.rejected.into_iter().peekable();
    let mut passed = 0;
    let row = |text| {
        if let Some((_, reason)) = rejected.next_if(|(row, _)| *row as usize == text) {
            assert!(!reason.is_empty());
            return Err(reason);
        }
        let values = decoded.columns.iter();
        let values = values.map(|column| without_year(column.get(passed).to_value())).collect();
        passed += 1;
        Ok(values)
    };
    let rows = (0..texts).map(row).collect();
    assert!(rejected.next().is_none(), "a row is rejected that was none");
    rows
}

/// A time in the leap year 2000: a time without a year takes it from the record before, which is another one when
/// texts are decoded in another order.
fn without_year(value: Value) -> Value {
    let ns = match value {
        Value::Time(ns) => ns,
        Value::Object(fields) => {
            let fields = fields.into_iter().map(|(name, value)| (name, without_year(value)));
            return Value::Object(fields.collect());
        }
        other => return other,
    };
    let time = jiff::Timestamp::from_nanosecond(i128::from(ns)).expect("within the calendar");
    let time = time.to_zoned(jiff::tz::TimeZone::UTC);
    let other = time.with().year(2000).build().expect("a day of a leap year");
    Value::Time(other.timestamp().as_nanosecond() as i64)
}

/// A value prints as a text that is read as the same value.
pub fn assert_reads_back(value: &Value) {
    let mut printed = Vec::new();
    write_text(value.borrow(), &mut printed);
    let shown = printed.escape_ascii().to_string();
    match value {
        Value::Int(int) => assert_eq!(parse_number(&printed), Some(Number::Int(*int)), "{shown}"),
        Value::Float(float) => {
            let number = parse_number(&printed).map(Number::to_f64);
            assert_eq!(number, Some(*float), "{shown}");
        }
        Value::Time(ns) => assert_eq!(parse_time(&printed), Some(*ns), "{shown}"),
        Value::Duration(ns) => {
            let text = std::str::from_utf8(&printed).expect("units are text");
            assert_eq!(parse_duration(text), Some(*ns), "{shown}");
        }
        // what is no UTF-8 prints as U+FFFD
        Value::List(_) | Value::Object(_) if !shown.contains("\\xef\\xbf\\xbd") => {
            let read = read_json(&printed).expect("what is printed is JSON");
            let mut again = Vec::new();
            write_json(read.borrow(), &mut again);
            assert_eq!(again.escape_ascii().to_string(), shown);
        }
        _ => {}
    }
}
