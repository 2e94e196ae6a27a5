//! `docker`: the output of Docker's json-file driver.

use super::walk::{Missing, WalkDecoder};
use super::{FieldDef, LogFormatDef, Sample, field};
use crate::data::{Entry, Example, JsonError, TextSpan, skip_json, skip_string, skip_white};
use crate::decode::typed::FieldType;

const FIELDS: [FieldDef; 3] =
    [field("log", FieldType::Json), field("stream", FieldType::Json), field("time", FieldType::Time)];

pub(super) const DOCKER: LogFormatDef = LogFormatDef {
    entry: Entry {
        name: "docker",
        usage: "parse docker",
        summary: "Log of a container written by Docker's json-file driver.",
        details: "Fields: log stream time:time.\n\nThe newline at the end of log is dropped. `parse docker | json from log` reads the JSON output of a container.",
        examples: &[Example {
            expr: "parse docker | select stream, log",
            input: "{\"log\":\"GET / 200\\n\",\"stream\":\"stdout\",\"time\":\"2015-05-17T10:05:03Z\"}\n",
            output: "stdout\tGET / 200\n",
        }],
    },
    fields: &FIELDS,
    sample: Sample {
        line: r#"{"log":"GET \"/\" 200\n","stream":"stdout","attrs":{"a":"b"},"time":"2015-05-17T10:05:03.000000001Z"}"#,
        fields: "log=GET \"/\" 200 stream=stdout time=2015-05-17T10:05:03.000000001Z",
    },
    make: |format, wanted| WalkDecoder::boxed(format, wanted, walk),
    under_header: None,
};

impl From<JsonError> for Missing {
    fn from(error: JsonError) -> Missing {
        Missing(error.expected)
    }
}

fn walk(line: &[u8], places: &mut [TextSpan]) -> Result<(), Missing> {
    let mut at = after(line, skip_white(line, 0), b'{', "'{' at the start of an object")?;
    loop {
        if line.get(at) != Some(&b'"') {
            return Err(Missing("'\"' at the start of a name"));
        }
        let name_end = skip_string(line, at)?;
        let name = &line[at + 1..name_end - 1];
        let start = after(line, skip_white(line, name_end), b':', "':' after a name")?;
        let end = skip_json(line, start)?;
        let field = FIELDS.iter().position(|field| field.name.as_bytes() == name);
        if let Some(field) = field {
            if line[start] != b'"' {
                return Err(Missing("text in log, stream and time"));
            }
            places[field] = TextSpan::new(start + 1, end - 1);
        }
        at = skip_white(line, end);
        match line.get(at) {
            Some(b',') => at = skip_white(line, at + 1),
            Some(b'}') if skip_white(line, at + 1) == line.len() => break,
            Some(b'}') => return Err(Missing("nothing after the object")),
            _ => return Err(Missing("',' or '}'")),
        }
    }
    if places[0].is_null() {
        return Err(Missing("a log"));
    }
    places[0].len -= newline_len(places[0].slice(line));
    Ok(())
}

/// Returns the offset after an expected byte and the white space that follows it.
fn after(line: &[u8], at: usize, byte: u8, missing: &'static str) -> Result<usize, Missing> {
    if line.get(at) == Some(&byte) { Ok(skip_white(line, at + 1)) } else { Err(Missing(missing)) }
}

/// Returns the length of the escaped `\n` at the end of a text.
fn newline_len(text: &[u8]) -> u32 {
    let Some(before) = text.strip_suffix(b"n") else {
        return 0;
    };
    let backslashes = before.iter().rev().take_while(|byte| **byte == b'\\').count();
    if backslashes % 2 == 1 { 2 } else { 0 }
}
