//! `klog`: the logs of Kubernetes and of Google's C++ programs (glog).

use super::walk::{Cursor, Missing, WalkDecoder};
use super::{LogFormatDef, Sample, field, int, text};
use crate::data::{Entry, Example, TextSpan};
use crate::decode::typed::FieldType;

pub(super) const KLOG: LogFormatDef = LogFormatDef {
    entry: Entry {
        name: "klog",
        usage: "parse klog",
        summary: "Log of Kubernetes components, and glog.",
        details: "\
Fields: level time:time thread:int caller message.\n\nThe level is a letter: I, W, E or F. Caller is file:line. A \
time without a year, as klog writes it, takes its year as syslog's does; glog can write the year too \
(`I20150517 10:05:03.123456`).",
        examples: &[Example {
            expr: "parse klog | select level, caller, message",
            input: "I0517 10:05:03.123456 12345 server.go:42] Starting \"kubelet\"\n",
            output: "I\tserver.go:42\tStarting \"kubelet\"\n",
        }],
    },
    fields: &[text("level"), field("time", FieldType::MonthAndDay), int("thread"), text("caller"), text("message")],
    sample: Sample {
        line: "I0517 10:05:03.123456   12345 server.go:42] Starting \"kubelet\"",
        fields: "level=I thread=12345 caller=server.go:42 message=Starting \"kubelet\"",
    },
    make: |format, wanted| WalkDecoder::boxed(format, wanted, walk),
    under_header: None,
};

fn walk(line: &[u8], places: &mut [TextSpan]) -> Result<(), Missing> {
    let mut cursor = Cursor::new(line);
    if !matches!(line.first(), Some(b'I' | b'W' | b'E' | b'F')) {
        return Err(Missing("a level (I, W, E or F) at the start"));
    }
    places[0] = cursor.take(1, 0);
    let date = cursor.digits("a date after the level")?;
    if !matches!(date.len, 4 | 8) {
        return Err(Missing("month and day after the level"));
    }
    cursor.expect(b" ", "' ' after the date")?;
    let time = cursor.word("a time after the date")?;
    places[1] = TextSpan::new(date.start as usize, (time.start + time.len) as usize);
    while cursor.skip(b" ") {}
    places[2] = cursor.digits("a thread after the time")?;
    cursor.expect(b" ", "' ' after the thread")?;
    while cursor.skip(b" ") {}
    places[3] = cursor.until(b']', "']' after the caller")?;
    if !cursor.rest().is_empty() {
        cursor.expect(b" ", "' ' after the caller")?;
    }
    places[4] = cursor.take_rest();
    Ok(())
}
