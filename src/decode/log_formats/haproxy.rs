//! `haproxy`: the HTTP log of HAProxy.

use super::walk::{Cursor, Missing, WalkDecoder, request, unless_dash};
use super::{LogFormatDef, Sample, field, int, text};
use crate::data::{Entry, Example, TextSpan};
use crate::decode::typed::FieldType;

pub(super) const HAPROXY: LogFormatDef = LogFormatDef {
    entry: Entry {
        name: "haproxy",
        usage: "parse haproxy",
        summary: "HAProxy's httplog, httpslog and tcplog, also after syslog's header.",
        details: "\
Fields: client_ip client_port:int time:time frontend backend server request_ms:int queue_ms:int connect_ms:int \
response_ms:int total_ms:int status:int bytes:int request_cookie response_cookie state active:int \
frontend_active:int backend_active:int server_active:int retries:int server_queue:int backend_queue:int \
request_headers response_headers method path protocol.\n\nThe five timers are in milliseconds, -1 for one that was \
not reached: request (TR), queue (Tw), connect (Tc), response (Tr), total (Ta). A `-` is null. A request that is not \
`METHOD path PROTOCOL` is whole in path. In a record of tcplog, only queue, connect and total are timed, and status, \
cookies, headers and request are null.",
        examples: &[Example {
            expr: "parse haproxy | select server, total_ms, status, path",
            input: "10.0.1.2:33317 [06/Feb/2009:12:14:14.655] http-in static/srv1 10/0/30/69/109 200 2750 - - ---- 1/1/1/1/0 0/0 \"GET /a HTTP/1.1\"\n",
            output: "srv1\t109\t200\t/a\n",
        }],
    },
    fields: &[
        text("client_ip"),
        int("client_port"),
        field("time", FieldType::Time),
        text("frontend"),
        text("backend"),
        text("server"),
        int("request_ms"),
        int("queue_ms"),
        int("connect_ms"),
        int("response_ms"),
        int("total_ms"),
        int("status"),
        int("bytes"),
        text("request_cookie"),
        text("response_cookie"),
        text("state"),
        int("active"),
        int("frontend_active"),
        int("backend_active"),
        int("server_active"),
        int("retries"),
        int("server_queue"),
        int("backend_queue"),
        text("request_headers"),
        text("response_headers"),
        text("method"),
        text("path"),
        text("protocol"),
    ],
    sample: Sample {
        line: "Feb  6 12:14:14 localhost haproxy[14389]: 10.0.1.2:33317 [06/Feb/2009:12:14:14.655] http-in \
               static/srv1 10/0/30/69/+109 200 +2750 - - ---- 1/1/1/1/0 0/0 {1wt.eu} {} \"GET /index.html HTTP/1.1\"",
        fields: "client_ip=10.0.1.2 client_port=33317 time=2009-02-06T12:14:14.655Z frontend=http-in backend=static \
                 server=srv1 request_ms=10 queue_ms=0 connect_ms=30 response_ms=69 total_ms=109 status=200 bytes=2750 \
                 state=---- active=1 frontend_active=1 backend_active=1 server_active=1 retries=0 server_queue=0 \
                 backend_queue=0 request_headers=1wt.eu response_headers= method=GET path=/index.html \
                 protocol=HTTP/1.1",
    },
    make: |format, wanted| WalkDecoder::boxed(format, wanted, walk),
    under_header: None,
};

fn walk(line: &[u8], places: &mut [TextSpan]) -> Result<(), Missing> {
    let mut cursor = Cursor::new(line);
    let before_time = cursor.until_text(b" [", "' [' after the client")?;
    let before_time = cursor.slice(before_time);
    let client = memchr::memrchr(b' ', before_time).map_or(0, |blank| blank + 1);
    let colon = memchr::memrchr(b':', before_time)
        .filter(|colon| *colon > client)
        .ok_or(Missing("an address and a port before '['"))?;
    places[0] = TextSpan::new(client, colon);
    places[1] = TextSpan::new(colon + 1, before_time.len());
    places[2] = cursor.until_text(b"] ", "'] ' after the time")?;
    places[3] = cursor.word("a frontend after the time")?;
    places[4] = cursor.until(b'/', "a backend and '/' after the frontend")?;
    places[5] = cursor.word("a server after the backend")?;
    let timers = cursor.word("timers after the server")?;
    if memchr::memchr_iter(b'/', timers.slice(line)).count() == 2 {
        return tcp(line, cursor, timers, places);
    }
    slashed(line, timers, &mut places[6..11], "five timers after the server")?;
    places[11] = unless_dash(line, cursor.word("a status after the timers")?);
    places[12] = unless_dash(line, cursor.word("bytes after the status")?);
    places[13] = unless_dash(line, cursor.word("a request cookie after the bytes")?);
    places[14] = unless_dash(line, cursor.word("a response cookie after the request cookie")?);
    places[15] = cursor.word("a state after the cookies")?;
    let connections = cursor.word("connections after the state")?;
    slashed(line, connections, &mut places[16..21], "five counts of connections after the state")?;
    let queues = cursor.word("queues after the connections")?;
    slashed(line, queues, &mut places[21..23], "two queues after the connections")?;
    if cursor.skip(b"{") {
        places[23] = cursor.until_text(b"} ", "'} ' after the queues")?;
    }
    if cursor.skip(b"{") {
        places[24] = cursor.until_text(b"} ", "'} ' after the request headers")?;
    }
    cursor.expect(b"\"", "'\"' before the request")?;
    // A long request is truncated with its quote; httpslog appends words about TLS.
    let start = cursor.at;
    let end = match memchr::memrchr(b'"', cursor.rest()).map(|quote| start + quote) {
        Some(quote) if matches!(line.get(quote + 1), None | Some(b' ')) => quote,
        _ => line.len(),
    };
    match request(line, start, end) {
        Some((first, last)) => {
            places[25] = TextSpan::new(start, first);
            places[26] = TextSpan::new(first + 1, last);
            places[27] = TextSpan::new(last + 1, end);
        }
        None => places[26] = TextSpan::new(start, end),
    }
    Ok(())
}

/// Reads the rest of a record of tcplog: three timers, bytes, state, connections and queues.
fn tcp(line: &[u8], mut cursor: Cursor<'_>, timers: TextSpan, places: &mut [TextSpan]) -> Result<(), Missing> {
    let mut three = [TextSpan::NULL; 3];
    slashed(line, timers, &mut three, "three timers after the server")?;
    [places[7], places[8], places[10]] = three;
    places[12] = unless_dash(line, cursor.word("bytes after the timers")?);
    places[15] = cursor.word("a state after the bytes")?;
    let connections = cursor.word("connections after the state")?;
    slashed(line, connections, &mut places[16..21], "five counts of connections after the state")?;
    let length = memchr::memchr(b' ', cursor.rest()).unwrap_or(cursor.rest().len());
    let queues = cursor.take(length, 0);
    slashed(line, queues, &mut places[21..23], "two queues after the connections")
}

/// Splits `1/2/3` into `places`.
fn slashed(line: &[u8], place: TextSpan, places: &mut [TextSpan], missing: &'static str) -> Result<(), Missing> {
    let last = places.len() - 1;
    let mut start = place.start as usize;
    let end = start + place.len as usize;
    for (index, part) in places.iter_mut().enumerate() {
        let slash = memchr::memchr(b'/', &line[start..end]);
        let part_end = match slash {
            Some(slash) if index < last => start + slash,
            None if index == last => end,
            _ => return Err(Missing(missing)),
        };
        *part = TextSpan::new(start, part_end);
        start = part_end + 1;
    }
    Ok(())
}
