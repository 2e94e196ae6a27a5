//! `nginx_error`: the error log of nginx.

use memchr::memmem;

use super::walk::{Cursor, Missing, WalkDecoder};
use super::{LogFormatDef, Sample, field, int, text};
use crate::data::{Entry, Example, TextSpan};
use crate::decode::typed::FieldType;

pub(super) const NGINX_ERROR: LogFormatDef = LogFormatDef {
    entry: Entry {
        name: "nginx_error",
        usage: "parse nginx_error",
        summary: "Error log of nginx.",
        details: "Fields: time:time level pid:int thread:int connection:int message client server request subrequest upstream host referrer.\n\nThe fields from `client` on follow the message only if nginx serves a client; otherwise they are null. A syslog header may come first.",
        examples: &[Example {
            expr: "parse nginx_error | select level, client, message",
            input: "2015/05/17 10:05:03 [error] 12#34: *56 timed out, client: 192.0.2.7\n",
            output: "error\t192.0.2.7\ttimed out\n",
        }],
    },
    fields: &[
        field("time", FieldType::Time),
        text("level"),
        int("pid"),
        int("thread"),
        int("connection"),
        text("message"),
        text("client"),
        text("server"),
        text("request"),
        text("subrequest"),
        text("upstream"),
        text("host"),
        text("referrer"),
    ],
    sample: Sample {
        line: "2015/05/17 10:05:03 [error] 12#34: *56 open() \"/www/a\" failed (2: No such file or directory), \
               client: 192.0.2.7, server: example.com, request: \"GET /a HTTP/1.1\", host: \"example.com\"",
        fields: "time=2015-05-17T10:05:03Z level=error pid=12 thread=34 connection=56 \
                 message=open() \"/www/a\" failed (2: No such file or directory) client=192.0.2.7 server=example.com \
                 request=GET /a HTTP/1.1 host=example.com",
    },
    make: |format, wanted| WalkDecoder::boxed(format, wanted, walk),
    under_header: None,
};

/// `2015/05/17 10:05:03`
const TIME_BYTES: usize = 19;

/// The keys after the message, in the order in which nginx writes them, and the field of each.
const DETAILS: [(&[u8], usize); 7] = [
    (b", client: ", 6),
    (b", server: ", 7),
    (b", request: ", 8),
    (b", subrequest: ", 9),
    (b", upstream: ", 10),
    (b", host: ", 11),
    (b", referrer: ", 12),
];

fn walk(line: &[u8], places: &mut [TextSpan]) -> Result<(), Missing> {
    let mut cursor = Cursor::new(line);
    cursor.at = start(line).ok_or(Missing("a time and ' [' at the start"))?;
    places[0] = cursor.take(TIME_BYTES, 2);
    places[1] = cursor.until_text(b"] ", "'] ' after the level")?;
    places[2] = cursor.digits("a pid after the level")?;
    cursor.expect(b"#", "'#' after the pid")?;
    places[3] = cursor.digits("a thread after the pid")?;
    cursor.expect(b":", "': ' after the thread")?;
    while cursor.skip(b" ") {}
    if cursor.skip(b"*") {
        places[4] = cursor.digits("a connection after '*'")?;
        cursor.expect(b" ", "' ' after the connection")?;
    }
    let message = cursor.at;
    // The other keys have a meaning only after `client`; the message itself may hold any text.
    let Some(client) = find_client(cursor.rest()) else {
        places[5] = cursor.take_rest();
        return Ok(());
    };
    places[5] = TextSpan::new(message, message + client);
    let mut at = message + client;
    let mut open: Option<usize> = None;
    for (key, place) in DETAILS {
        let Some(found) = find_key(&line[at..], key) else {
            continue;
        };
        if let Some(open) = open {
            close(line, places, open, at + found);
        }
        at += found + key.len();
        (places[place].start, open) = (at as u32, Some(place));
    }
    if let Some(open) = open {
        close(line, places, open, line.len());
    }
    Ok(())
}

/// Returns the offset of the time: at the start, or after a syslog header.
fn start(line: &[u8]) -> Option<usize> {
    let is_time = |at: usize| {
        line.get(at).is_some_and(u8::is_ascii_digit)
            && line.get(at + 4) == Some(&b'/')
            && line.get(at + TIME_BYTES..at + TIME_BYTES + 2) == Some(b" [")
    };
    if is_time(0) {
        return Some(0);
    }
    let mut headers = memmem::find_iter(line, b": ").map(|at| at + 2);
    headers.find(|at| is_time(*at))
}

/// Returns the offset of the client, whose address has no blanks and no quotes: output of a program on stderr is part
/// of the message, and may contain `, client: ` too.
fn find_client(text: &[u8]) -> Option<usize> {
    let key = DETAILS[0].0;
    let mut keys = memmem::find_iter(text, key);
    keys.find(|at| {
        let value = &text[at + key.len()..];
        let length = memmem::find(value, b", ").unwrap_or(value.len());
        !value[..length].iter().any(|byte| matches!(byte, b' ' | b'"'))
    })
}

/// Returns the offset of the next key. A quoted value may contain the text of a key, so it is skipped up to its quote.
fn find_key(text: &[u8], key: &[u8]) -> Option<usize> {
    if text.first() != Some(&b'"') {
        return memmem::find(text, key);
    }
    let mut keys = memmem::find_iter(text, key);
    keys.find(|at| text[at - 1] == b'"')
}

/// Ends an open value, without quotes around it and the text after them.
fn close(line: &[u8], places: &mut [TextSpan], open: usize, end: usize) {
    let start = places[open].start as usize;
    places[open] = match &line[start..end] {
        [b'"', .., b'"'] => TextSpan::new(start + 1, end - 1),
        [b'"', value @ ..] => {
            let length = memmem::find(value, b"\", ").unwrap_or(value.len());
            TextSpan::new(start + 1, start + 1 + length)
        }
        _ => TextSpan::new(start, end),
    };
}
