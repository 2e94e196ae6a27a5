//! The push API of Loki: streams with labels, and lines with times.
//!
//! <https://grafana.com/docs/loki/latest/reference/loki-http-api/#ingest-logs>

use super::{Role, RowField, time_of};
use crate::data::{ValueRef, write_json_object, write_json_string, write_text};

/// The label that every stream has, because one is needed.
const JOB: (&[u8], &[u8]) = (b"job", b"bourn");

/// Appends a stream with one line. Keys are labels; a row with one other column of text is that text, any other a JSON
/// object. `now` is the time of a row without a time.
pub(super) fn append(fields: &[RowField<'_>], now: i64, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"stream\":{");
    let mut labels: Vec<(Vec<u8>, Vec<u8>)> = Vec::new();
    for field in fields.iter().filter(|field| field.role == Role::Key && field.value != ValueRef::Null) {
        let mut text = Vec::new();
        write_text(field.value, &mut text);
        labels.push((label(field.name), text));
    }
    if !labels.iter().any(|(name, _)| name == JOB.0) {
        labels.push((JOB.0.to_vec(), JOB.1.to_vec()));
    }
    for (index, (name, value)) in labels.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write_json_string(name, out);
        out.push(b':');
        write_json_string(value, out);
    }
    let (name, ns) = time_of(fields).map_or((None, now), |(name, ns)| (Some(name), ns));
    out.extend_from_slice(format!("}},\"values\":[[\"{ns}\",").as_bytes());
    let is_content = |field: &&RowField<'_>| field.role == Role::Value && Some(field.name) != name;
    let content: Vec<&RowField<'_>> = fields.iter().filter(is_content).collect();
    match content.as_slice() {
        [RowField { value: ValueRef::Text(text), .. }] => write_json_string(text, out),
        content => {
            let mut json = Vec::new();
            write_json_object(content.iter().map(|field| (field.name, field.value)), &mut json);
            write_json_string(&json, out);
        }
    }
    out.extend_from_slice(b"]]}");
}

/// A name as a label can have it: letters, digits and `_`.
fn label(name: &[u8]) -> Vec<u8> {
    let mut label: Vec<u8> = name.iter().map(|byte| if byte.is_ascii_alphanumeric() { *byte } else { b'_' }).collect();
    if !label.first().is_some_and(|first| first.is_ascii_alphabetic() || *first == b'_') {
        label.insert(0, b'_');
    }
    label
}

#[cfg(test)]
mod tests {
    use super::super::BodyFormat;
    use super::super::testing::bodies;
    use crate::data::Value;
    use crate::sink::ResultKind;
    use crate::sink::testing::{int, text, time};

    #[test]
    fn keys_are_labels() {
        let sent = bodies(
            BodyFormat::Loki,
            &["*start", "*end", "+http.path", "+7", "count"],
            ResultKind::Final,
            &[
                vec![time(60), time(60)],
                vec![time(90), time(90)],
                vec![text("/\"a"), Value::Null],
                vec![int(7), int(8)],
                vec![int(2), int(3)],
            ],
        );
        let first = r#"{"stream":{"http_path":"/\"a","_7":"7","job":"bourn"},"values":[["60","{\"count\":2}"]]}"#;
        let second = r#"{"stream":{"_7":"8","job":"bourn"},"values":[["60","{\"count\":3}"]]}"#;
        assert_eq!(sent, format!("{{\"streams\":[{first},{second}]}}|"));
    }

    #[test]
    fn a_line_is_sent_as_it_is() {
        let sent = bodies(BodyFormat::Loki, &["line"], ResultKind::Rows, &[vec![text("error: \"x\"")]]);
        let stream = r#"{"stream":{"job":"bourn"},"values":[["5000000000","error: \"x\""]]}"#;
        assert_eq!(sent, format!("{{\"streams\":[{stream}]}}|"));
    }
}
