//! The line protocol of InfluxDB: measurement, tags, fields, time.
//!
//! <https://docs.influxdata.com/influxdb/v2/reference/syntax/line-protocol/>

use super::{Role, RowField, time_of};
use crate::data::{ValueRef, write_json, write_text};

/// Appends a line; false if no column has a value besides the keys and the time. A row without a time has that of `now`;
/// times are multiples of `precision`, in nanoseconds.
pub(super) fn append(
    fields: &[RowField<'_>],
    measurement: &[u8],
    (now, precision): (i64, i64),
    out: &mut Vec<u8>,
) -> bool {
    let start = out.len();
    escape(measurement, out);
    let time = time_of(fields);
    for field in fields.iter().filter(|field| field.role == Role::Key) {
        let mut text = Vec::new();
        write_text(field.value, &mut text);
        if !text.is_empty() {
            out.push(b',');
            escape(field.name, out);
            out.push(b'=');
            escape(&text, out);
        }
    }
    let mut separator = b' ';
    for field in fields.iter().filter(|field| field.role == Role::Value) {
        let is_time = time.is_some_and(|(name, _)| name == field.name);
        let mut value = Vec::new();
        if !is_time && write_value(field.value, &mut value) {
            out.push(separator);
            separator = b',';
            escape(field.name, out);
            out.push(b'=');
            out.append(&mut value);
        }
    }
    if separator == b' ' {
        out.truncate(start);
        return false;
    }
    let ns = time.map_or(now, |(_, ns)| ns);
    out.extend_from_slice(format!(" {}\n", ns.div_euclid(precision)).as_bytes());
    true
}

/// Appends the value of a field; false for null.
fn write_value(value: ValueRef<'_>, out: &mut Vec<u8>) -> bool {
    match value {
        ValueRef::Null => return false,
        ValueRef::Duration(ns) => write_text(ValueRef::Float(ns as f64 / 1e9), out),
        // Without `i` a number is a float: a field has one type, and a column may be 2 in one row and 0.5 in the next.
        ValueRef::Bool(_) | ValueRef::Int(_) | ValueRef::BigInt(_) | ValueRef::Float(_) => write_text(value, out),
        ValueRef::Text(text) => quote(text, out),
        ValueRef::Time(_) => {
            let mut text = Vec::new();
            write_text(value, &mut text);
            quote(&text, out);
        }
        ValueRef::List(_) | ValueRef::Object(_) => {
            let mut text = Vec::new();
            write_json(value, &mut text);
            quote(&text, out);
        }
    }
    true
}

/// Writes a text value.
fn quote(text: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    for byte in text {
        if matches!(byte, b'"' | b'\\') {
            out.push(b'\\');
        }
        out.push(*byte);
    }
    out.push(b'"');
}

/// Writes the name of a field, or the name or value of a tag. It cannot have a line end, and not end in a backslash.
fn escape(text: &[u8], out: &mut Vec<u8>) {
    for byte in text {
        match byte {
            b',' | b'=' | b' ' => out.extend_from_slice(&[b'\\', *byte]),
            b'\n' => out.extend_from_slice(b"\\\\n"),
            b'\r' => out.extend_from_slice(b"\\\\r"),
            b'\t' => out.extend_from_slice(b"\\\\t"),
            b'\\' => out.extend_from_slice(b"\\\\"),
            byte => out.push(*byte),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::BodyFormat;
    use super::super::testing::bodies;
    use crate::data::Value;
    use crate::sink::ResultKind;
    use crate::sink::testing::{int, text, time};

    #[test]
    fn keys_are_tags_and_the_window_is_the_time() {
        let names = ["*window_start", "*window_end", "+path", "+host", "count", "mean", "note", "took"];
        let rows = [
            vec![time(60_000_000_000)],
            vec![time(120_000_000_000)],
            vec![text("/a b,c=d")],
            vec![Value::Null],
            vec![int(3)],
            vec![Value::Float(0.5)],
            vec![text("say \"hi\" \\")],
            vec![Value::Duration(1_500_000_000)],
        ];
        let line = r#"bourn,path=/a\ b\,c\=d count=3,mean=0.5,note="say \"hi\" \\",took=1.5 "#;
        let sent = |precision| bodies(BodyFormat::Influx(precision), &names, ResultKind::Final, &rows);
        assert_eq!(sent(1), format!("{line}60000000000\n|"));
        assert_eq!(sent(1_000_000_000), format!("{line}60\n|"));
    }

    #[test]
    fn a_column_of_times_is_the_time() {
        let sent = bodies(
            BodyFormat::Influx(1_000_000),
            &["ms", "ts", "seen"],
            ResultKind::Rows,
            &[vec![int(1)], vec![time(-1)], vec![time(0)]],
        );
        assert_eq!(sent, "bourn ms=1,seen=\"1970-01-01T00:00:00Z\" -1\n|");
    }

    #[test]
    fn a_row_without_values_has_no_line() {
        let rows = [vec![text("a"), text("b\n")], vec![Value::Null, int(1)]];
        assert_eq!(
            bodies(BodyFormat::Influx(1), &["+k", "n"], ResultKind::Final, &rows),
            "bourn,k=b\\\\n n=1 5000000001\n|"
        );
        assert_eq!(bodies(BodyFormat::Influx(1), &["n"], ResultKind::Final, &[vec![Value::Null]]), "");
    }
}
