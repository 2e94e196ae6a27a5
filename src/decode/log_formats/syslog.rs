//! `syslog`: RFC 3164, on the wire and as files have it, and RFC 5424.

use memchr::memchr;

use super::syslog5424;
use super::walk::{Cursor, Missing, WalkDecoder};
use super::{FieldDef, LogFormatDef, Sample, field, int, only_named, text};
use crate::data::{Entry, Example, TextSpan, time_prefix};
use crate::decode::typed::FieldType;

const FIELDS: &[FieldDef] = &[
    int("priority"),
    field("time", FieldType::Time),
    text("host"),
    text("app"),
    int("pid"),
    text("message"),
    only_named(text("msgid")),
    only_named(text("data")),
];

pub(super) const SYSLOG: LogFormatDef = LogFormatDef {
    entry: Entry {
        name: "syslog",
        usage: "parse syslog",
        summary: "System log as in /var/log: the forms of RFC 3164, and RFC 5424.",
        details: "\
Fields: priority:int time:time host app pid:int message; printed only if named: msgid data.\n\nThe time is that of \
RFC 3164, with or without a year and a fraction, or RFC 3339. Priority (8 × facility + severity) is there only in \
records from the wire. A record without a host has its tag after the time: `haproxy[38003]: …`. Without a tag, app \
and pid are null. A record of RFC 5424 is recognised by its version; msgid and data (its structured data) are null \
in all others, pid is null if it is not a number.",
        examples: &[
            Example {
                expr: "parse syslog | select time, app, message",
                input: "2015-05-17T10:05:03.25+02:00 web1 sshd[1291]: Server listening\n",
                output: "2015-05-17T08:05:03.25Z\tsshd\tServer listening\n",
            },
            Example {
                expr: "parse syslog | select host, app, pid, message",
                input: "<134>Jan 25 02:51:12 haproxy[38003]: started\n<34>1 2015-05-17T10:05:03Z web1 su 7 - - failed\n",
                output: "\thaproxy\t38003\tstarted\nweb1\tsu\t7\tfailed\n",
            },
        ],
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

fn walk(line: &[u8], places: &mut [TextSpan]) -> Result<(), Missing> {
    let mut cursor = Cursor::new(line);
    if cursor.skip(b"<") {
        places[0] = cursor.digits("a priority after '<'")?;
        cursor.expect(b">", "'>' after the priority")?;
        while cursor.skip(b" ") {}
    }
    if syslog5424::is_next(cursor.rest()) {
        return read_5424(cursor, places);
    }
    skip_sequence(&mut cursor);
    let length = time_len(cursor.rest()).ok_or(Missing("a time at the start"))?;
    places[1] = cursor.take(length, 0);
    cursor.skip(b":"); // Cisco's
    if !cursor.rest().is_empty() {
        cursor.expect(b" ", "' ' after the time")?;
        while cursor.skip(b" ") {}
    }
    if cursor.rest().is_empty() {
        return Err(Missing("a host after the time"));
    }
    let rest = cursor.rest();
    let mut tag = tag(rest).filter(|tag| tag.ends_word && !is_address(&rest[..tag.app]));
    if tag.is_none() {
        let word = &rest[..memchr(b' ', rest).unwrap_or(rest.len())];
        // Some devices write a colon after their address, or between it and the tag.
        let host = word.strip_suffix(b":").filter(|host| is_address(host));
        places[2] = cursor.take(host.unwrap_or(word).len(), 0);
        cursor.skip(b":");
        cursor.skip(b" ");
        cursor.skip(b": ");
        tag = self::tag(cursor.rest());
    }
    if let Some(tag) = tag {
        let start = cursor.at;
        places[3] = TextSpan::new(start, start + tag.app);
        if let Some((from, to)) = tag.pid {
            places[4] = TextSpan::new(start + from, start + to);
        }
        cursor.at += tag.length;
        cursor.skip(b" ");
    }
    places[5] = cursor.take_rest();
    Ok(())
}

/// Moves over the number of the message and the mark of an unsure clock, as Cisco writes them: `237: *Mar  1 …`.
fn skip_sequence(cursor: &mut Cursor<'_>) {
    let rest = cursor.rest();
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if digits > 0 && rest[digits..].starts_with(b": ") {
        cursor.at += digits + 2;
    }
    if !cursor.skip(b"*") {
        cursor.skip(b".");
    }
}

/// The fields of RFC 5424, from its version on.
fn read_5424(mut cursor: Cursor<'_>, places: &mut [TextSpan]) -> Result<(), Missing> {
    let line = cursor.text;
    let mut found = [TextSpan::NULL; 8];
    syslog5424::read_from_version(&mut cursor, &mut found)?;
    let [_, time, host, app, pid, msgid, data, message] = found;
    let is_number = pid.slice(line).iter().all(u8::is_ascii_digit);
    let pid = if is_number { pid } else { TextSpan::NULL };
    places[1..].copy_from_slice(&[time, host, app, pid, message, msgid, data]);
    Ok(())
}

/// How long the time is with which a text begins. A number is none: it is hardly seconds since 1970.
fn time_len(text: &[u8]) -> Option<usize> {
    // `May 17 10:05:03 web1`: the next word cannot belong to the time.
    if let Some([m, .., b' ', b'0'..=b'9' | b' ', b'0'..=b'9', b' ', _, _, b':', _, _, b':', _, _, b' ', next]) =
        text.first_chunk::<17>()
        && m.is_ascii_uppercase()
        && next.is_ascii_lowercase()
    {
        return Some(15);
    }
    let (year, rest) = match text {
        [y0, y1, y2, y3, b' ', rest @ ..] if [y0, y1, y2, y3].iter().all(|y| y.is_ascii_digit()) => (5, rest),
        _ => (0, text),
    };
    let length = match rest.first()? {
        b'A'..=b'Z' | b'a'..=b'z' => named_time_len(rest, year == 0)? + year,
        _ => time_prefix(text)?.1,
    };
    let is_end = |byte: &u8| matches!(byte, b' ' | b':');
    text.get(length).is_none_or(is_end).then_some(length)
}

/// The length of `May 17 10:05:03.250 UTC`, also with a year after the day or after the clock. Whether there is
/// such a day is known only when the year is, so the words are measured, not read.
fn named_time_len(text: &[u8], may_have_year: bool) -> Option<usize> {
    let mut words = Words { text, at: 0 };
    let is_month = |word: &[u8]| word.len() == 3 && word.iter().all(u8::is_ascii_alphabetic);
    let is_day = |word: &[u8]| matches!(word.len(), 1 | 2) && word.iter().all(u8::is_ascii_digit);
    let is_year = |word: &[u8]| word.len() == 4 && word.iter().all(u8::is_ascii_digit);
    if crate::data::is_weekday(text) {
        words.next()?;
    }
    if !is_month(words.next()?) || !is_day(words.next()?) {
        return None;
    }
    let mut has_year = !may_have_year;
    let mut clock = words.next()?;
    if !has_year && is_year(clock) {
        has_year = true;
        clock = words.next()?;
    }
    let clock_len = crate::data::clock_prefix(clock)?;
    if clock_len < clock.len() {
        return Some(words.at - clock.len() + clock_len);
    }
    let mut end = words.at;
    let mut next = words.next();
    if let Some(zone) = next.filter(|word| is_zone(word)) {
        end = words.at - usize::from(zone.ends_with(b":"));
        next = words.next();
    }
    let year = next.map(|word| word.strip_suffix(b":").unwrap_or(word));
    if let Some(year) = year.filter(|word| !has_year && is_year(word)) {
        end = words.at - (next.map_or(0, <[u8]>::len) - year.len());
    }
    Some(end)
}

/// Words between blanks.
struct Words<'t> {
    text: &'t [u8],
    at: usize,
}

impl<'t> Words<'t> {
    fn next(&mut self) -> Option<&'t [u8]> {
        let rest = &self.text[self.at..];
        let start = rest.iter().position(|byte| *byte != b' ')?;
        let end = memchr(b' ', &rest[start..]).map_or(rest.len(), |length| start + length);
        self.at += end;
        Some(&rest[start..end])
    }
}

/// Whether a word is a zone that every reader of times knows.
fn is_zone(word: &[u8]) -> bool {
    const ZONES: [&[u8]; 12] =
        [b"Z", b"UTC", b"UT", b"GMT", b"EST", b"EDT", b"CST", b"CDT", b"MST", b"MDT", b"PST", b"PDT"];
    let word = word.strip_suffix(b":").unwrap_or(word);
    match word {
        [b'+' | b'-', offset @ ..] => {
            offset.len() > 3 && offset.iter().all(|byte| byte.is_ascii_digit() || *byte == b':')
        }
        _ => ZONES.contains(&word),
    }
}

/// A tag at the start of a text: `sshd[1291]:`, `kernel:`, `app(unit)[1]:`, `launchd[1] (com.apple.x):`.
#[derive(Debug, PartialEq, Eq)]
struct Tag {
    /// The length of its name.
    app: usize,
    /// The range of its pid.
    pid: Option<(usize, usize)>,
    /// The length of all of it.
    length: usize,
    /// Whether a blank or the end comes after it.
    ends_word: bool,
}

fn is_address(word: &[u8]) -> bool {
    let word = std::str::from_utf8(word).unwrap_or_default();
    word.starts_with(|c: char| c.is_ascii_digit()) && word.parse::<std::net::IpAddr>().is_ok()
}

/// The tag of a text; none if a blank comes before the colon, or if there is no colon.
fn tag(text: &[u8]) -> Option<Tag> {
    let app = text.iter().position(|byte| matches!(byte, b' ' | b'[' | b':')).filter(|end| *end > 0)?;
    let ends_word = |length: usize| text.get(length).is_none_or(|byte| *byte == b' ');
    match text[app] {
        b':' => Some(Tag { app, pid: None, length: app + 1, ends_word: ends_word(app + 1) }),
        b'[' => {
            let close = app + memchr(b']', &text[app..])?;
            let pid = &text[app + 1..close];
            let is_number = !pid.is_empty() && pid.iter().all(u8::is_ascii_digit);
            let length = match text.get(close + 1) {
                Some(b':') => close + 2,
                None | Some(b' ') if is_number => close + 1,
                _ => return None,
            };
            Some(Tag {
                app,
                pid: is_number.then_some((app + 1, close)),
                length,
                ends_word: text[close + 1..].first() == Some(&b':') || ends_word(length),
            })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_measured() {
        for time in [
            "May 17 10:05:03",
            "May  7 10:05:03",
            "May 7 10:05:03",
            "May 17 10:05:03.250",
            "May 17 2015 10:05:03",
            "May 17 10:05:03 2015",
            "2015 May 17 10:05:03",
            "2015 May 17 10:05:03.5 UTC",
            "May 17 10:05:03 UTC 2015",
            "Sun May 17 10:05:03 2015",
            "Feb 29 10:05:03",
            "2015-05-17T10:05:03.25+02:00",
            "2015-05-17 10:05:03,250",
            "2015/05/17 10:05:03",
        ] {
            for after in ["", " web1 app: x", " Web1 app: x", ": %SYS-5-CONFIG_I: x"] {
                let text = format!("{time}{after}");
                assert_eq!(time_len(text.as_bytes()), Some(time.len()), "{text}");
            }
        }
    }

    #[test]
    fn other_text_is_no_time() {
        for text in [
            "",
            "1",
            "12345",
            "1431857103 web1",
            "134 x",
            "May",
            "May 17",
            "May 17 web1",
            "10:05:03 web1",
            "2015 web1",
            "Mayday 17 10:05:03",
            "May 17 10:05:03x",
            "[12.345] usb",
        ] {
            assert_eq!(time_len(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn tags() {
        let tag = |text: &str| tag(text.as_bytes());
        let named = |app, pid, length, ends_word| Some(Tag { app, pid, length, ends_word });
        assert_eq!(tag("kernel: x"), named(6, None, 7, true));
        assert_eq!(tag("sshd[12]: x"), named(4, Some((5, 7)), 9, true));
        assert_eq!(tag("su(pam)[1]:x"), named(7, Some((8, 9)), 11, true));
        assert_eq!(tag("launchd[1] (a): x"), named(7, Some((8, 9)), 10, true));
        assert_eq!(tag("fe80::1 app: x"), named(4, None, 5, false));
        assert_eq!(tag("a[b]: x"), named(1, None, 5, true));
        for none in ["last message repeated", "", ":", "a[b] c", "a[1", "-- root[1]:"] {
            assert_eq!(tag(none), None, "{none}");
        }
    }
}
