//! `cri`: the log files of containers under Kubernetes, as containerd and CRI-O write them.

use super::walk::{Cursor, Missing, WalkDecoder};
use super::{LogFormatDef, Sample, field, text};
use crate::data::{Entry, Example};
use crate::decode::typed::FieldType;

pub(super) const CRI: LogFormatDef = LogFormatDef {
    entry: Entry {
        name: "cri",
        usage: "parse cri",
        summary: "Log of a container under Kubernetes, by containerd or CRI-O.",
        details: "Fields: time:time stream tag log.\n\nStream is stdout or stderr. A tag `P` marks a part of a long line, `F` its last part. `parse cri | json from log` reads the output of a container that writes JSON.",
        examples: &[Example {
            expr: "parse cri | select stream, tag, log",
            input: "2016-10-06T00:17:09.669794202Z stdout F GET / 200\n",
            output: "stdout\tF\tGET / 200\n",
        }],
    },
    fields: &[field("time", FieldType::Time), text("stream"), text("tag"), text("log")],
    sample: Sample {
        line: "2016-10-06T00:17:09.669794202Z stderr P log content 2",
        fields: "time=2016-10-06T00:17:09.669794202Z stream=stderr tag=P log=log content 2",
    },
    make: |format, wanted| WalkDecoder::boxed(format, wanted, walk),
    under_header: None,
};

fn walk(line: &[u8], places: &mut [crate::data::TextSpan]) -> Result<(), Missing> {
    let mut cursor = Cursor::new(line);
    if !line.first().is_some_and(u8::is_ascii_digit) {
        return Err(Missing("a time at the start"));
    }
    places[0] = cursor.word("a time and ' ' at the start")?;
    places[1] = cursor.word("stdout or stderr after the time")?;
    if !matches!(cursor.slice(places[1]), b"stdout" | b"stderr") {
        return Err(Missing("stdout or stderr after the time"));
    }
    // Tags are separated by colons; only the first has a meaning so far.
    places[2] = cursor.last_word("a tag, P or F, after the stream")?;
    if !matches!(cursor.slice(places[2]), [b'P' | b'F'] | [b'P' | b'F', b':', ..]) {
        return Err(Missing("a tag, P or F, after the stream"));
    }
    places[3] = cursor.take_rest();
    Ok(())
}
