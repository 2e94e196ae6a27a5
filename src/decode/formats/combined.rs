//! `clf` and `combined`: the access logs of Apache, nginx and most other web servers.
//!
//! Speed is the point. All quotes of a chunk are found in one pass, 64 bytes at a time; a record with as many as
//! it should have, none of them behind a backslash, is then checked by looking at the bytes around them, and only
//! the short parts between are walked. Any other record is read from left to right: that takes the escaped quotes,
//! and finds what is missing. Both end in the same [`Layout`], which says where all fields stand, so a field is
//! looked for only if it is wanted.

use memchr::{memchr, memmem};

use super::walk::{Missing, request, unless_dash};
use super::{FieldDef, FormatDef, Sample, field, int, text};
use crate::data::{Span, TextColumn, each_of_two};
use crate::decode::typed::{self, Kind, Places};
use crate::decode::{Decoded, Decoder};

const FIELDS: [FieldDef; 11] = [
    text("ip"),
    text("ident"),
    text("user"),
    field("time", Kind::Time),
    text("method"),
    text("path"),
    text("protocol"),
    int("status"),
    int("bytes"),
    text("referrer"),
    text("agent"),
];

const DETAILS: &str = "A quote within a quoted part stands behind a backslash. A `-` for status or bytes is null. A request \
                       that is no `METHOD path PROTOCOL` (a `-`, a TLS handshake) stands whole in path; method and \
                       protocol are null.";

pub(super) const COMBINED: FormatDef = FormatDef {
    name: "combined",
    summary: "Access log of Apache and nginx, with referrer and user agent.",
    details: DETAILS,
    fields: &FIELDS,
    sample: Sample {
        line: "192.0.2.7 - ann [17/May/2015:10:05:03 +0000] \"GET /a?b=1 HTTP/1.1\" 200 512 \"http://example.com/\" \"curl/8.5\"",
        fields: "ip=192.0.2.7 ident=- user=ann time=2015-05-17T10:05:03Z method=GET path=/a?b=1 protocol=HTTP/1.1 \
                 status=200 bytes=512 referrer=http://example.com/ agent=curl/8.5",
    },
    make: |format, wanted| Box::new(CombinedDecoder::<6> { format, wanted }),
};

pub(super) const CLF: FormatDef = FormatDef {
    name: "clf",
    summary: "Common Log Format: the access log of a web server without referrer and user agent.",
    details: DETAILS,
    fields: FIELDS.split_at(9).0,
    sample: Sample {
        line: "192.0.2.7 - - [17/May/2015:10:05:03 +0200] \"HEAD / HTTP/1.0\" 304 -",
        fields: "ip=192.0.2.7 ident=- user=- time=2015-05-17T08:05:03Z method=HEAD path=/ protocol=HTTP/1.0 status=304",
    },
    make: |format, wanted| Box::new(CombinedDecoder::<2> { format, wanted }),
};

/// Reads records with so many quotes.
struct CombinedDecoder<const QUOTES: usize> {
    format: &'static FormatDef,
    /// Fields by number.
    wanted: Vec<usize>,
}

/// Where the parts of a record stand, from the start of the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Layout {
    start: usize,
    /// The `[` in front of the time.
    bracket: usize,
    /// The quotes around request, referrer and agent. Of the last two, only `combined` has any.
    quotes: [usize; 6],
    /// The blank behind the status.
    blank: usize,
    /// Behind the bytes.
    bytes_end: usize,
}

/// From the `[` of a time to the quote of the request: `[17/May/2015:10:05:03 +0000] "`.
const TIME_BYTES: usize = 29;

/// Texts are searched for quotes together if they are at least this part of the bytes that they stand in.
const DENSE: usize = 4;

impl<const QUOTES: usize> Decoder for CombinedDecoder<QUOTES> {
    fn decode<'a>(&self, texts: &TextColumn<'a>) -> Decoded<'a> {
        let (bytes, rows): (&[u8], _) = (&texts.bytes, texts.spans.len());
        let mut columns: Vec<Places> = self
            .wanted
            .iter()
            .map(|&field| {
                let field = &self.format.fields[field];
                Places::new(field.name, field.kind, rows)
            })
            .collect();
        let mut rejected = Vec::new();
        let quotes = quotes::<QUOTES>(texts);
        let mut next_quote = 0;
        for (row, span) in texts.spans.iter().enumerate() {
            let (start, end) = (span.start as usize, span.start as usize + span.len as usize);
            let regular = quotes.as_ref().and_then(|quotes| {
                while (quotes[next_quote] as usize) < start {
                    next_quote += 1;
                }
                let of_record = quotes[next_quote..].first_chunk::<7>()?;
                regular::<QUOTES>(bytes, start, end, of_record)
            });
            let layout = match regular {
                Some(layout) => layout,
                None if span.is_null() => {
                    rejected.push((row as u32, format!("{}: expected text", self.format.name)));
                    continue;
                }
                None => match walk::<QUOTES>(&bytes[..end], start) {
                    Ok(layout) => layout,
                    Err(Missing(what)) => {
                        rejected
                            .push((row as u32, format!("{}: expected {what}", self.format.name)));
                        continue;
                    }
                },
            };
            for (column, &field) in columns.iter_mut().zip(&self.wanted) {
                column.spans.push(layout.place(field, bytes));
            }
        }
        typed::finish(self.format.name, &texts.bytes, rows, columns, rejected)
    }
}

/// Where all quotes stand in texts that follow each other, with some beyond all bytes behind them; nothing if the
/// texts are in another order or far between.
fn quotes<const QUOTES: usize>(texts: &TextColumn<'_>) -> Option<Vec<u32>> {
    let (first, last) = (texts.spans.first()?, texts.spans.last()?);
    if texts.spans.iter().any(|span| span.is_null())
        || texts
            .spans
            .windows(2)
            .any(|pair| pair[0].start + pair[0].len > pair[1].start)
    {
        return None;
    }
    let (low, high) = (first.start as usize, (last.start + last.len) as usize);
    let length: usize = texts.spans.iter().map(|span| span.len as usize).sum();
    if length < (high - low) / DENSE {
        return None;
    }
    let mut quotes = Vec::with_capacity(texts.spans.len() * (QUOTES + 1) + 8);
    each_of_two(&texts.bytes[low..high], b'"', b'"', |at| {
        quotes.push((low + at) as u32);
    });
    quotes.extend([u32::MAX; 8]);
    Some(quotes)
}

/// The layout of a record that has nothing out of the ordinary. `quotes` are the first from its start on.
#[inline(always)]
fn regular<const QUOTES: usize>(
    bytes: &[u8],
    start: usize,
    end: usize,
    quotes: &[u32; 7],
) -> Option<Layout> {
    let quotes: [usize; 7] = quotes.map(|quote| quote as usize);
    let [open, close, referrer, referrer_end, agent, agent_end, _] = quotes;
    let record = &bytes[..end];
    let is_closed = |quote: usize| record[quote - 1] != b'\\';
    let middle_end = if QUOTES == 6 {
        let is_framed = agent_end + 1 == end
            && agent == referrer_end + 2
            && record[referrer_end + 1] == b' '
            && is_closed(referrer_end)
            && is_closed(agent_end)
            && record[referrer - 1] == b' ';
        if !is_framed {
            return None;
        }
        referrer - 1
    } else {
        if close >= end || referrer < end {
            return None;
        }
        end
    };
    // ` 200 512`, and nothing but one blank behind the status
    let middle = record.get(close + 1..middle_end)?;
    let &[b' ', a, b, c, b' ', ref size @ ..] = middle else {
        return None;
    };
    let has_blank = a == b' ' || b == b' ' || c == b' ' || has_blank(size, &record[..middle_end]);
    if has_blank || size.is_empty() || !is_closed(close) {
        return None;
    }
    // `… - - [17/May/2015:10:05:03 +0000] "`
    let bracket = open
        .checked_sub(TIME_BYTES)
        .filter(|bracket| *bracket > start + 5)?;
    if record[open - 2..open] != *b"] "
        || record[bracket - 1..bracket + 1] != *b" ["
        || record[start] == b' '
    {
        return None;
    }
    if record[bracket - 5..bracket] != *b" - - " {
        let first = start + memchr(b' ', &record[start..bracket - 1])?;
        memchr(b' ', &record[first + 1..bracket - 1])?;
    }
    Some(Layout {
        start,
        bracket,
        quotes: [open, close, referrer, referrer_end, agent, agent_end],
        blank: close + 5,
        bytes_end: middle_end,
    })
}

/// Whether there is a blank in the last bytes of a text, which stand behind a blank. Eight bytes are looked at in
/// one word, without a loop whose length would be guessed wrong for every other record.
#[inline(always)]
fn has_blank(last: &[u8], text: &[u8]) -> bool {
    const LOW: u64 = 0x7f7f_7f7f_7f7f_7f7f;
    match text.last_chunk::<8>() {
        Some(word) if last.len() < word.len() => {
            let word = u64::from_le_bytes(*word) ^ u64::from_le_bytes([b' '; 8]);
            let blanks = !(((word & LOW) + LOW) | word | LOW); // the highest bit of each
            blanks.leading_zeros() as usize / 8 < last.len()
        }
        _ => last.contains(&b' '),
    }
}

/// The layout of any record, which ends where the bytes do, or what it lacks: what is said to stand `after` a
/// field was to follow the last field that is whole.
#[inline(never)]
fn walk<const QUOTES: usize>(bytes: &[u8], start: usize) -> Result<Layout, Missing> {
    let find = |byte: u8, from: usize| memchr(byte, &bytes[from..]).map(|at| from + at);
    let is = |at: usize, byte: u8| bytes.get(at) == Some(&byte);
    let ip_end = find(b' ', start)
        .filter(|end| *end > start)
        .ok_or(Missing("an address and ' ' at the start"))?;
    let ident_end = find(b' ', ip_end + 1).ok_or(Missing("' ' after the ident"))?;
    let user = ident_end + 1;
    let open = match find(b'"', user) {
        Some(open) => open,
        None if find(b'[', user).is_none() => return Err(Missing("'[' after the user")),
        None if memmem::find(&bytes[user..], b"] ").is_none() => {
            return Err(Missing("']' after the user"));
        }
        None => return Err(Missing("'\"' after the time")),
    };
    let head = &bytes[user..open];
    let Some(head) = head.strip_suffix(b"] ") else {
        return Err(Missing(if memchr(b'[', head).is_none() {
            "'[' after the user"
        } else {
            "']' after the user"
        }));
    };
    let usual = head.len().checked_sub(TIME_BYTES - 2);
    let bracket = match usual {
        Some(bracket) if bracket > 0 && head[bracket - 1..bracket + 1] == *b" [" => bracket,
        _ => memmem::rfind(head, b" [").ok_or(Missing("'[' after the user"))? + 1,
    };
    let close = closing(bytes, open).ok_or(Missing("'\"' after the time"))?;
    if !is(close + 1, b' ') {
        return Err(Missing("' ' after the request"));
    }
    let status = close + 2;
    let blank = find(b' ', status)
        .filter(|blank| *blank > status)
        .ok_or(Missing("' ' after the status"))?;
    let size = blank + 1;
    let size_end = find(b' ', size).unwrap_or(bytes.len());
    if size_end == size {
        return Err(Missing("a number or '-' after the status"));
    }
    let mut layout = Layout {
        start,
        bracket: user + bracket,
        quotes: [open, close, 0, 0, 0, 0],
        blank,
        bytes_end: size_end,
    };
    let mut end = size_end;
    if QUOTES == 6 {
        if size_end == bytes.len() {
            return Err(Missing("' ' after the bytes"));
        }
        if !is(size_end + 1, b'"') {
            return Err(Missing("'\"' after the bytes"));
        }
        let referrer = size_end + 1;
        let referrer_end = closing(bytes, referrer).ok_or(Missing("'\"' after the bytes"))?;
        if !is(referrer_end + 1, b' ') {
            return Err(Missing("' ' after the referrer"));
        }
        let agent = referrer_end + 2;
        let agent_end = Some(agent)
            .filter(|agent| is(*agent, b'"'))
            .and_then(|agent| closing(bytes, agent))
            .ok_or(Missing("'\"' after the referrer"))?;
        layout.quotes = [open, close, referrer, referrer_end, agent, agent_end];
        end = agent_end + 1;
    }
    if end < bytes.len() {
        return Err(Missing(if QUOTES == 6 {
            "the end of the line after the agent"
        } else {
            "the end of the line after the bytes"
        }));
    }
    Ok(layout)
}

/// The quote that closes the one at `open`: the next that has no backslash of its own.
fn closing(bytes: &[u8], open: usize) -> Option<usize> {
    let mut from = open + 1;
    loop {
        let quote = from + memchr(b'"', &bytes[from..])?;
        let backslashes = bytes[open + 1..quote]
            .iter()
            .rev()
            .take_while(|byte| **byte == b'\\')
            .count();
        if backslashes % 2 == 0 {
            return Some(quote);
        }
        from = quote + 1;
    }
}

impl Layout {
    /// Where a field stands.
    #[inline(always)]
    fn place(&self, field: usize, bytes: &[u8]) -> Span {
        let [open, close, referrer, referrer_end, agent, agent_end] = self.quotes;
        match field {
            0..=2 => {
                let names = &bytes[self.start..self.bracket - 1];
                let blank = |from: usize| {
                    names[from..]
                        .iter()
                        .position(|byte| *byte == b' ')
                        .map_or(names.len(), |at| from + at)
                };
                let ip_end = blank(0);
                if field == 0 {
                    return Span::new(self.start, self.start + ip_end);
                }
                let ident_end = blank(ip_end + 1);
                if field == 1 {
                    return Span::new(self.start + ip_end + 1, self.start + ident_end);
                }
                Span::new(self.start + ident_end + 1, self.bracket - 1)
            }
            3 => Span::new(self.bracket + 1, open - 2),
            4..=6 => match (field, request(bytes, open + 1, close)) {
                (4, Some((blank, _))) => Span::new(open + 1, blank),
                (5, Some((first, last))) => Span::new(first + 1, last),
                (6, Some((_, blank))) => Span::new(blank + 1, close),
                (5, None) => Span::new(open + 1, close),
                _ => Span::NULL,
            },
            7 => unless_dash(bytes, Span::new(close + 2, self.blank)),
            8 => unless_dash(bytes, Span::new(self.blank + 1, self.bytes_end)),
            9 => Span::new(referrer + 1, referrer_end),
            _ => Span::new(agent + 1, agent_end),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::data::{Bytes, Value};

    /// Fields of all lines, and why some were rejected.
    fn decode(
        format: &'static FormatDef,
        names: &[&str],
        lines: &[&[u8]],
    ) -> (Vec<Vec<Value>>, Vec<(u32, String)>) {
        let bytes = lines.join(&b'\n');
        let mut at = 0;
        let spans = lines
            .iter()
            .map(|line| {
                at += line.len() + 1;
                Span::new(at - 1 - line.len(), at - 1)
            })
            .collect();
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let decoded = format.decoder(&names).decode(&TextColumn {
            bytes: Bytes::Borrowed(&bytes),
            spans,
        });
        let rows = lines.len() - decoded.rejected.len();
        let row = |row| {
            let value = |column: &crate::data::Column<'_>| column.get(row).to_value();
            decoded.columns.iter().map(value).collect()
        };
        ((0..rows).map(row).collect(), decoded.rejected)
    }

    fn text(text: &str) -> Value {
        Value::Text(text.as_bytes().to_vec())
    }

    #[test]
    fn requests_of_all_kinds() {
        let of = |request: &str| {
            let line =
                format!("1 - - [17/May/2015:10:05:03 +0000] \"{request}\" 400 - \"-\" \"-\"");
            let (mut rows, rejected) = decode(
                &COMBINED,
                &["method", "path", "protocol", "bytes"],
                &[line.as_bytes()],
            );
            assert_eq!(rejected, []);
            rows.remove(0)
        };
        let whole = |path: &str| vec![Value::Null, text(path), Value::Null, Value::Null];
        assert_eq!(
            of("GET / HTTP/1.1"),
            [text("GET"), text("/"), text("HTTP/1.1"), Value::Null]
        );
        assert_eq!(
            of("GET /a b HTTP/2"),
            [text("GET"), text("/a b"), text("HTTP/2"), Value::Null]
        );
        assert_eq!(
            of("OPTIONS sip:x SIP/2.0"),
            [text("OPTIONS"), text("sip:x"), text("SIP/2.0"), Value::Null]
        );
        assert_eq!(
            of(r#"GET /\"a\" HTTP/1.1"#),
            [
                text("GET"),
                text(r#"/\"a\""#),
                text("HTTP/1.1"),
                Value::Null
            ]
        );
        for request in [
            "-",
            "",
            "\\x16\\x03\\x01",
            "GET /",
            "a b c d",
            " HTTP/1.1",
            "  HTTP/1.1",
        ] {
            assert_eq!(of(request), whole(request), "{request}");
        }
    }

    #[test]
    fn blanks_are_found_wherever_they_stand() {
        for text in [
            " 512",
            "x 200 5 2",
            "x 200 12345678",
            "x 200 1234 678",
            "a !",
            " \u{a0}5",
        ] {
            let text = text.as_bytes();
            for at in (0..text.len()).filter(|at| text[*at] == b' ') {
                let last = &text[at + 1..];
                assert_eq!(has_blank(last, text), last.contains(&b' '), "{text:?} {at}");
            }
        }
    }

    #[test]
    fn reasons() {
        let good = "1 - - [17/May/2015:10:05:03 +0000] \"GET / HTTP/1.1\" 200 5 \"-\" \"x\"";
        for (line, reason) in [
            ("", "an address and ' ' at the start"),
            ("x", "an address and ' ' at the start"),
            ("x -", "' ' after the ident"),
            ("1 - -", "'[' after the user"),
            ("1 - - [17/May", "']' after the user"),
            ("1 - - [17/May] GET", "'\"' after the time"),
            ("1 - - [17/May] \"GET", "'\"' after the time"),
            ("1 - - \"GET\" 200", "'[' after the user"),
            ("1 - - [17/May \"GET\" 200", "']' after the user"),
            (&good[..51], "' ' after the request"),
            (&good[..55], "' ' after the status"),
            (&good[..56], "a number or '-' after the status"),
            (&good[..57], "' ' after the bytes"),
            (&good[..58], "'\"' after the bytes"),
            (&good[..60], "'\"' after the bytes"),
            (&good[..61], "' ' after the referrer"),
            (&good[..64], "'\"' after the referrer"),
            (&format!("{good} "), "the end of the line after the agent"),
        ] {
            let (rows, rejected) =
                decode(&COMBINED, &["status"], &[line.as_bytes(), good.as_bytes()]);
            assert_eq!(
                rejected,
                [(0, format!("combined: expected {reason}"))],
                "{line}"
            );
            assert_eq!(rows, [[Value::Int(200)]]);
        }
        let (_, rejected) = decode(&CLF, &["status"], &[good.as_bytes()]);
        assert_eq!(
            rejected,
            [(
                0,
                "clf: expected the end of the line after the bytes".to_owned()
            )]
        );
    }

    /// A line of a web server, often damaged.
    fn line() -> impl Strategy<Value = Vec<u8>> {
        let user =
            prop_oneof![3 => Just("-"), 1 => Just("ann b"), 1 => Just(""), 1 => Just("a [b")];
        let time = prop_oneof![4 => Just("17/May/2015:10:05:03 +0000"), 1 => Just("2015-05-17"), 1 => Just("x")];
        let quoted = prop_oneof![
            4 => Just("GET / HTTP/1.1"), 1 => Just("-"), 1 => Just(""), 1 => Just(r#"a\"b"#), 1 => Just(r"a\\"),
            1 => Just(r"a\"), 1 => Just("a\"b"), 1 => Just("\" \"")
        ];
        let number =
            prop_oneof![4 => Just("200"), 1 => Just("-"), 1 => Just("20 0"), 1 => Just("1234567")];
        let damage = proptest::option::weighted(
            0.5,
            (any::<proptest::sample::Index>(), "[ \\[\\]\"\\\\x]?"),
        );
        (user, time, [quoted.clone(), quoted.clone(), quoted], [number.clone(), number], damage).prop_map(
            |(user, time, [request, referrer, agent], [status, size], damage)| {
                let mut line = format!("::1 - {user} [{time}] \"{request}\" {status} {size} \"{referrer}\" \"{agent}\"");
                if let Some((at, with)) = damage {
                    let at = at.index(line.len());
                    line.replace_range(at..=at, &with);
                }
                line.into_bytes()
            },
        )
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        /// Whatever the quick look accepts, the walk reads the same way.
        #[test]
        fn both_ways_agree(lines in proptest::collection::vec(line(), 1..5)) {
            fn check<const QUOTES: usize>(lines: &[Vec<u8>]) -> Result<(), TestCaseError> {
                let bytes = lines.join(&b'\n');
                let mut start = 0;
                for line in lines {
                    let end = start + line.len();
                    let mut quotes: Vec<u32> = (start..bytes.len())
                        .filter(|at| bytes[*at] == b'"')
                        .map(|at| at as u32)
                        .collect();
                    quotes.extend([u32::MAX; 8]);
                    let quick = regular::<QUOTES>(&bytes, start, end, quotes.first_chunk().unwrap());
                    if let Some(quick) = quick {
                        let walked = walk::<QUOTES>(&bytes[..end], start).ok();
                        prop_assert!(walked.is_some(), "{}", String::from_utf8_lossy(line));
                        for field in 0..if QUOTES == 6 { 11 } else { 9 } {
                            prop_assert_eq!(
                                quick.place(field, &bytes),
                                walked.unwrap().place(field, &bytes),
                                "{} {}", field, String::from_utf8_lossy(line)
                            );
                        }
                    }
                    start = end + 1;
                }
                Ok(())
            }
            check::<6>(&lines)?;
            let short: Vec<Vec<u8>> = lines
                .iter()
                .map(|line| line[..line.len() * 2 / 3].to_vec())
                .collect();
            check::<2>(&short)?;
        }
    }

    #[test]
    fn lines_far_between_or_in_any_order_are_read_too() {
        let line = COMBINED.sample.line;
        let bytes = format!("{line}\n{}\n{line}", "x".repeat(10_000));
        let last = bytes.len() - line.len();
        let texts = |spans| TextColumn {
            bytes: Bytes::Borrowed(bytes.as_bytes()),
            spans,
        };
        for spans in [
            vec![Span::new(0, line.len()), Span::new(last, bytes.len())],
            vec![
                Span::new(last, bytes.len()),
                Span::NULL,
                Span::new(0, line.len()),
            ],
        ] {
            let nulls = spans.iter().filter(|span| span.is_null()).count();
            let decoded = COMBINED
                .decoder(&["agent".to_owned()])
                .decode(&texts(spans));
            assert_eq!(decoded.rejected.len(), nulls);
            assert_eq!(decoded.columns[0].get(1).to_value(), text("curl/8.5"));
        }
    }
}
