//! `clf` and `combined`: the access logs of Apache, nginx and most other web servers.
//!
//! This decoder is optimized for speed. All quotes of a chunk are found in one pass, 64 bytes at a time; a record with
//! the right number of them, none after a backslash, is then checked by the bytes around them, and only the short parts
//! between are walked. Any other record is read from left to right, which handles escaped quotes and finds what is
//! missing. Both give the same [`layout::RecordLayout`] with the positions of all fields, so a field is read only if it is
//! wanted.

mod head;
mod layout;
mod regular;
#[cfg(test)]
mod tests;
mod walked;

use super::walk::Missing;
use super::{FieldDef, LogFormatDef, Sample, field, int, only_named, text};
use crate::data::{Entry, Example, TextColumn, each_of_two};
use crate::decode::typed::{self, FieldColumn, FieldType};
use crate::decode::{Decoded, Decoder};

use regular::regular;
use walked::walk;

const FIELDS: [FieldDef; 15] = [
    text("ip"),
    text("ident"),
    text("user"),
    field("time", FieldType::Time),
    text("method"),
    text("path"),
    text("protocol"),
    int("status"),
    int("bytes"),
    only_named(text("vhost")),
    only_named(int("port")),
    only_named(text("forwarded")),
    only_named(text("rest")),
    text("referrer"),
    text("agent"),
];

/// The number of them that `clf` has too.
const CLF_FIELDS: usize = 13;

pub(super) const COMBINED: LogFormatDef = LogFormatDef {
    entry: Entry {
        name: "combined",
        usage: "parse combined",
        summary: "Access log of Apache and nginx, with referrer and user agent.",
        details: "\
Fields: ip ident user time:time method path protocol status:int bytes:int referrer agent; printed only if named: \
vhost port:int forwarded rest.\n\nA `-` or `\"\"` is null in every field. A quote within a quoted part has a backslash \
before it. A request that is not `METHOD path PROTOCOL` (a TLS handshake, for example) is whole in path; method and \
protocol are null. Fields are separated by any number of blanks and tabs.\n\nA virtual host may come first, as in \
Debian's other_vhosts_access.log: `vhost` and `port` are its two parts. Of a list of addresses \
(`192.0.2.7, 10.0.0.1`, with or without parentheses), `ip` is the first and `forwarded` is the text of the others. \
`rest` is everything after the agent, such as the `rt=0.2` that a server is configured to append.",
        examples: &[
            Example {
                expr: "-o tsv 'parse combined | where status == 404 | select time, path | limit 1' access.log",
                input: "",
                output: "2015-05-19T03:05:58Z\t/articles/dy\n",
            },
            Example {
                expr: "parse combined | select vhost, port, ip, path, rest",
                input: "example.com:443 192.0.2.7 - - [17/May/2015:10:05:03 +0000] \"GET /a HTTP/1.1\" 200 12 \"-\" \"curl\" rt=0.2\n",
                output: "example.com\t443\t192.0.2.7\t/a\trt=0.2\n",
            },
        ],
    },
    fields: &FIELDS,
    sample: Sample {
        line: "192.0.2.7 - ann [17/May/2015:10:05:03 +0000] \"GET /a?b=1 HTTP/1.1\" 200 512 \"http://example.com/\" \"curl/8.5\"",
        fields: "ip=192.0.2.7 user=ann time=2015-05-17T10:05:03Z method=GET path=/a?b=1 protocol=HTTP/1.1 \
                 status=200 bytes=512 referrer=http://example.com/ agent=curl/8.5",
    },
    make: |format, wanted| Box::new(CombinedDecoder::<6> { format, wanted }),
    under_header: None,
};

pub(super) const CLF: LogFormatDef = LogFormatDef {
    entry: Entry {
        name: "clf",
        usage: "parse clf",
        summary: "Common Log Format: an access log without referrer and user agent.",
        details: "\
Fields: ip ident user time:time method path protocol status:int bytes:int; printed only if named: vhost port:int \
forwarded rest.\n\nAs `combined`, without referrer and agent: `rest` is everything after the bytes.",
        examples: &[Example {
            expr: "parse clf | select ip, status, path",
            input: "192.0.2.7 - - [17/May/2015:10:05:03 +0200] \"HEAD /a HTTP/1.0\" 304 -\n",
            output: "192.0.2.7\t304\t/a\n",
        }],
    },
    fields: FIELDS.split_at(CLF_FIELDS).0,
    sample: Sample {
        line: "192.0.2.7 - - [17/May/2015:10:05:03 +0200] \"HEAD / HTTP/1.0\" 304 -",
        fields: "ip=192.0.2.7 time=2015-05-17T08:05:03Z method=HEAD path=/ protocol=HTTP/1.0 status=304",
    },
    make: |format, wanted| Box::new(CombinedDecoder::<2> { format, wanted }),
    under_header: None,
};

/// Reads records with this number of quotes.
struct CombinedDecoder<const QUOTES: usize> {
    format: &'static LogFormatDef,
    /// The wanted fields by number.
    wanted: Vec<usize>,
}

/// Quotes are searched in all texts together if these are at least this part of the bytes.
const DENSE: usize = 4;

impl<const QUOTES: usize> Decoder for CombinedDecoder<QUOTES> {
    fn decode<'a>(&self, texts: &TextColumn<'a>) -> Decoded<'a> {
        let (bytes, rows): (&[u8], _) = (&texts.bytes, texts.spans.len());
        let mut columns: Vec<FieldColumn> = self
            .wanted
            .iter()
            .map(|&field| {
                let field = &self.format.fields[field];
                FieldColumn::new(field.name, field.kind, rows)
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
                let of_record = quotes[next_quote..].first_chunk::<6>()?;
                regular::<QUOTES>(bytes, start, end, of_record)
            });
            let layout = match regular {
                Some(layout) => {
                    next_quote += QUOTES;
                    layout
                }
                None if span.is_null() => {
                    rejected.push((row as u32, format!("{}: expected text", self.format.entry.name)));
                    continue;
                }
                None => match walk::<QUOTES>(&bytes[..end], start) {
                    Ok(layout) => layout,
                    Err(Missing(what)) => {
                        rejected.push((row as u32, format!("{}: expected {what}", self.format.entry.name)));
                        continue;
                    }
                },
            };
            for (column, &field) in columns.iter_mut().zip(&self.wanted) {
                column.spans.push(layout.place(field, bytes));
            }
        }
        typed::finish(self.format.entry.name, &texts.bytes, rows, columns, rejected)
    }
}

/// Returns the offsets of all quotes in consecutive texts, padded with offsets beyond all bytes; `None` if the texts
/// are out of order or sparse.
fn quotes<const QUOTES: usize>(texts: &TextColumn<'_>) -> Option<Vec<u32>> {
    let (first, last) = (texts.spans.first()?, texts.spans.last()?);
    if texts.spans.iter().any(|span| span.is_null())
        || texts.spans.windows(2).any(|pair| pair[0].start + pair[0].len > pair[1].start)
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
