//! `syslog5424`: RFC 5424.

use super::walk::{Cursor, Missing, WalkDecoder, unless_dash};
use super::{LogFormatDef, Sample, field, int, text};
use crate::data::{Entry, Example, TextSpan};
use crate::decode::typed::FieldType;

pub(super) const SYSLOG5424: LogFormatDef = LogFormatDef {
    entry: Entry {
        name: "syslog5424",
        usage: "parse syslog5424",
        summary: "System log in the form of RFC 5424.",
        details: "Fields: priority:int time:time host app pid msgid data message.\n\nPriority is 8 × facility + severity. A `-` is null. `data` is the unparsed structured data. Heroku's records, which have only one `-` between pid and message, are read too.",
        examples: &[Example {
            expr: "parse syslog5424 | select time, host, message",
            input: "<34>1 2003-10-11T22:14:15.003Z web1 su - ID47 - login failed\n",
            output: "2003-10-11T22:14:15.003Z\tweb1\tlogin failed\n",
        }],
    },
    fields: &[
        int("priority"),
        field("time", FieldType::Time),
        text("host"),
        text("app"),
        text("pid"),
        text("msgid"),
        text("data"),
        text("message"),
    ],
    sample: Sample {
        line: "<34>1 2003-10-11T22:14:15.003Z web1 su - ID47 [ex@32473 iut=\"3\" a=\"\\]\"] 'su root' failed",
        fields: "priority=34 time=2003-10-11T22:14:15.003Z host=web1 app=su msgid=ID47 \
                 data=[ex@32473 iut=\"3\" a=\"\\]\"] message='su root' failed",
    },
    make: |format, wanted| WalkDecoder::boxed(format, wanted, walk),
    under_header: None,
};

const WORDS: [&str; 5] = [
    "a time after the version",
    "a host after the time",
    "an app after the host",
    "a pid after the app",
    "a msgid after the pid",
];

fn walk(line: &[u8], places: &mut [TextSpan]) -> Result<(), Missing> {
    let mut cursor = Cursor::new(line);
    cursor.expect(b"<", "'<' at the start")?;
    places[0] = cursor.digits("a priority after '<'")?;
    cursor.expect(b">", "'>' after the priority")?;
    read_from_version(&mut cursor, places)
}

/// True if a text begins with the version and the start of a time or `-`.
pub(super) fn is_next(text: &[u8]) -> bool {
    match text {
        [b'1', b' ', b'-', b' ', ..] => true,
        [b'1', b' ', year @ ..] => year.len() > 4 && year[..4].iter().all(u8::is_ascii_digit) && year[4] == b'-',
        _ => false,
    }
}

/// Reads the record from the version, into fields 1 to 7.
pub(super) fn read_from_version(cursor: &mut Cursor<'_>, places: &mut [TextSpan]) -> Result<(), Missing> {
    let line = cursor.text;
    cursor.expect(b"1 ", "version 1 after the priority")?;
    for (place, missing) in places[1..6].iter_mut().zip(WORDS) {
        *place = unless_dash(line, cursor.word(missing)?);
    }
    if !matches!(cursor.rest(), [b'-', b' ', ..] | b"-" | [b'[', ..]) && places[5].is_null() {
        // Heroku leaves out the structured data, so the `-` before the message was that of the msgid.
        places[7] = cursor.take_rest();
        return Ok(());
    }
    if !cursor.skip(b"-") {
        let start = cursor.at;
        while cursor.skip(b"[") {
            element(cursor)?;
        }
        if cursor.at == start {
            return Err(Missing("'-' or '[' after the msgid"));
        }
        places[6] = TextSpan::new(start, cursor.at);
    }
    if cursor.rest().is_empty() {
        return Ok(());
    }
    cursor.expect(b" ", "' ' after the data")?;
    cursor.skip(b"\xef\xbb\xbf"); // the mark of UTF-8, which the RFC asks for
    places[7] = cursor.take_rest();
    Ok(())
}

/// Reads the rest of `[id name="value"]`: a bracket within a value does not close it, nor does an escaped quote.
fn element(cursor: &mut Cursor<'_>) -> Result<(), Missing> {
    let mut is_quoted = false;
    let mut bytes = cursor.rest().iter().enumerate();
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'\\' if is_quoted => drop(bytes.next()),
            b'"' => is_quoted = !is_quoted,
            b']' if !is_quoted => {
                cursor.at += at + 1;
                return Ok(());
            }
            _ => {}
        }
    }
    Err(Missing("']' after the msgid"))
}
