//! `syslog`: RFC 3164, on the wire and as `/var/log` has it.

use super::walk::{Cursor, Missing, WalkDecoder};
use super::{FieldDef, FormatDef, Sample, field, int, text};
use crate::data::{Entry, Example, Span};
use crate::decode::typed::Kind;

const FIELDS: &[FieldDef] = &[
    int("priority"),
    field("time", Kind::Time),
    text("host"),
    text("app"),
    int("pid"),
    text("message"),
];

pub(super) const SYSLOG: FormatDef = FormatDef {
    entry: Entry {
        name: "syslog",
        usage: "parse syslog",
        summary: "System log as /var/log has it, and RFC 3164.",
        details: "\
Fields: priority:int time:time host app pid:int message.\n\nThe time is that of RFC 3164, without a year: it is the \
current one; or RFC 3339, as newer systems write it. Priority (8 × facility + severity) stands only in what comes \
over the wire. Without a tag, app and pid are null.",
        examples: &[Example {
            expr: "parse syslog | select time, app, message",
            input: "2015-05-17T10:05:03.25+02:00 web1 sshd[1291]: Server listening\n",
            output: "2015-05-17T08:05:03.25Z\tsshd\tServer listening\n",
        }],
    },
    fields: FIELDS,
    sample: Sample {
        line: "<38>2015-05-17T10:05:03.25+02:00 web1 sshd[1291]: Server listening on :: port 22.",
        fields: "priority=38 time=2015-05-17T08:05:03.25Z host=web1 app=sshd pid=1291 \
                 message=Server listening on :: port 22.",
    },
    make: |format, wanted| WalkDecoder::boxed(format, wanted, walk),
    under_header: None,
};

/// `May 17 10:05:03`
const TIME_BYTES: usize = 15;

fn walk(line: &[u8], places: &mut [Span]) -> Result<(), Missing> {
    let mut cursor = Cursor::new(line);
    if cursor.skip(b"<") {
        places[0] = cursor.digits("a priority after '<'")?;
        cursor.expect(b">", "'>' after the priority")?;
    }
    head(&mut cursor, places)?;
    let tag = tag_len(cursor.rest());
    if let Some((app, pid, behind)) = tag {
        let start = cursor.at;
        places[3] = Span::new(start, start + app);
        if let Some((from, to)) = pid {
            places[4] = Span::new(start + from, start + to);
        }
        cursor.at += behind;
        cursor.skip(b" ");
    }
    places[5] = cursor.take_rest();
    Ok(())
}

/// The time and the host, in places 1 and 2.
pub(super) fn head(cursor: &mut Cursor<'_>, places: &mut [Span]) -> Result<(), Missing> {
    let first = cursor.rest().first().copied().unwrap_or_default();
    if first.is_ascii_digit() {
        places[1] = cursor.word("a time at the start")?;
    } else {
        let rest = cursor.rest();
        let is_time = first.is_ascii_alphabetic()
            && rest.get(TIME_BYTES) == Some(&b' ')
            && rest[9] == b':'
            && rest[12] == b':';
        if !is_time {
            return Err(Missing("a time at the start"));
        }
        places[1] = cursor.take(TIME_BYTES, 1);
    }
    places[2] = cursor.word("a host after the time")?;
    Ok(())
}

/// A tag: the length of its name, where its pid stands, and where it ends.
type Tag = (usize, Option<(usize, usize)>, usize);

/// `sshd[1291]:`, `kernel:`, `app(unit)[1]:`; nothing if a blank comes before the colon, or no colon.
fn tag_len(text: &[u8]) -> Option<Tag> {
    let end = text
        .iter()
        .position(|byte| b" [:".contains(byte))
        .filter(|end| *end > 0)?;
    match text[end] {
        b':' => Some((end, None, end + 1)),
        b'[' => {
            let close = end + memchr::memchr(b']', &text[end..])?;
            if text.get(close + 1) != Some(&b':') {
                return None;
            }
            let pid = &text[end + 1..close];
            let is_number = !pid.is_empty() && pid.iter().all(u8::is_ascii_digit);
            Some((end, is_number.then_some((end + 1, close)), close + 2))
        }
        _ => None,
    }
}
