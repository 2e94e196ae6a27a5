//! `vpc_flow`: flow logs of an AWS VPC. The files that AWS writes to S3 begin with a header, which may name other
//! columns in another order; records from CloudWatch have none.

use super::walk::{Missing, WalkDecoder};
use super::{FieldDef, LogFormatDef, Sample, field, int, text};
use crate::data::{Column, Entry, Example, Names, RecordColumn, TextColumn, TextSpan, ValueRef};
use crate::decode::headed::by_header;
use crate::decode::typed::{self, FieldColumn, FieldType};
use crate::decode::{Decoded, Decoder, Wanted};

/// The columns of a record without a header: version 2 of AWS.
const FIELDS: [FieldDef; 14] = [
    int("version"),
    text("account_id"),
    text("interface_id"),
    text("srcaddr"),
    text("dstaddr"),
    int("srcport"),
    int("dstport"),
    int("protocol"),
    int("packets"),
    int("bytes"),
    field("start", FieldType::Time),
    field("end", FieldType::Time),
    text("action"),
    text("log_status"),
];

pub(super) const VPC_FLOW: LogFormatDef = LogFormatDef {
    entry: Entry {
        name: "vpc_flow",
        usage: "parse vpc_flow",
        summary: "Flow log of an AWS VPC, with or without a header.",
        details: "Fields: version:int account_id interface_id srcaddr dstaddr srcport:int dstport:int protocol:int packets:int bytes:int start:time end:time action log_status.\n\nA header as the first record of a source names other columns, with `_` instead of `-`: `vpc-id` is the field `vpc_id`. It is not a record, and neither is the same header later in the source, as in concatenated files. A `-` is null. Without a header the columns are those above. `parse vpc_flow from FIELD` does not support headers.",
        examples: &[
            Example {
                expr: "parse vpc_flow | where action == 'REJECT' | select srcaddr, dstport, start",
                input: "2 123456789010 eni-1 172.31.9.69 172.31.9.12 49761 3389 6 20 4249 1418530010 1418530070 REJECT OK\n",
                output: "172.31.9.69\t3389\t2014-12-14T04:06:50Z\n",
            },
            Example {
                expr: "parse vpc_flow | sum(bytes) by vpc_id",
                input: "vpc-id srcaddr bytes\nvpc-1 10.0.0.5 840\nvpc-1 10.0.0.6 160\n",
                output: "vpc-1\t1000\n",
            },
        ],
    },
    fields: &FIELDS,
    sample: Sample {
        line: "2 123456789010 eni-1235b8ca123456789 172.31.16.139 172.31.16.21 20641 22 6 20 4249 1418530010 \
               1418530070 ACCEPT OK",
        fields: "version=2 account_id=123456789010 interface_id=eni-1235b8ca123456789 srcaddr=172.31.16.139 \
                 dstaddr=172.31.16.21 srcport=20641 dstport=22 protocol=6 packets=20 bytes=4249 \
                 start=2014-12-14T04:06:50Z end=2014-12-14T04:07:50Z action=ACCEPT log_status=OK",
    },
    make: |format, wanted| WalkDecoder::boxed(format, wanted, walk),
    under_header: Some(|wanted| Box::new(HeadedDecoder { wanted: wanted.to_vec() })),
};

/// Other columns of AWS that are ints.
const OTHER_INTS: [&[u8]; 2] = [b"tcp_flags", b"traffic_path"];

/// The first names of headers; no record begins with one.
const FIRST_NAMES: &str = "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start \
                           end action log-status vpc-id subnet-id instance-id tcp-flags type pkt-srcaddr pkt-dstaddr \
                           region az-id sublocation-type sublocation-id pkt-src-aws-service pkt-dst-aws-service \
                           flow-direction traffic-path ecs-cluster-arn ecs-cluster-name ecs-container-instance-arn \
                           ecs-container-instance-id ecs-container-id ecs-second-container-id ecs-service-name \
                           ecs-task-definition-arn ecs-task-arn ecs-task-id reject-reason resource-id \
                           encryption-status";

fn walk(line: &[u8], places: &mut [TextSpan]) -> Result<(), Missing> {
    let found = split(line, places);
    if found == places.len() { Ok(()) } else { Err(Missing("14 fields, or a header as the first record")) }
}

/// Records the positions of the words of a line, as many as there are places; returns the number of words.
fn split(line: &[u8], places: &mut [TextSpan]) -> usize {
    let mut found = 0;
    let mut at = 0;
    loop {
        let blanks = line[at..].iter().take_while(|byte| is_blank(**byte));
        let start = at + blanks.count();
        if start == line.len() {
            return found;
        }
        let word = line[start..].iter().take_while(|byte| !is_blank(**byte));
        at = start + word.count();
        if let Some(place) = places.get_mut(found) {
            let is_null = line[start..at] == *b"-";
            *place = if is_null { TextSpan::NULL } else { TextSpan::new(start, at) };
        }
        found += 1;
    }
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// Reads records whose source may have a header.
struct HeadedDecoder {
    wanted: Vec<Wanted>,
}

/// Returns the fields that a header names, or the default ones if it is empty.
fn names(header: &[u8]) -> Vec<Vec<u8>> {
    let words = header.split(|byte| is_blank(*byte));
    let words = words.filter(|word| !word.is_empty());
    let name = |word: &[u8]| {
        let letters = word.iter().map(|byte| if *byte == b'-' { b'_' } else { *byte });
        letters.collect::<Vec<u8>>()
    };
    let named: Vec<Vec<u8>> = words.map(name).collect();
    if named.is_empty() {
        return FIELDS.map(|field| field.name.as_bytes().to_vec()).to_vec();
    }
    named
}

fn kind(name: &[u8]) -> FieldType {
    match FIELDS.iter().find(|field| field.name.as_bytes() == name) {
        Some(field) => field.kind,
        None if OTHER_INTS.contains(&name) => FieldType::Int,
        None => FieldType::Text,
    }
}

fn is_header(line: &[u8]) -> bool {
    let mut words = line.split(|byte| is_blank(*byte)).filter(|word| !word.is_empty());
    let first = words.next();
    let mut known = FIRST_NAMES.split_ascii_whitespace();
    first.is_some_and(|first| known.any(|name| name.as_bytes() == first))
}

impl HeadedDecoder {
    fn decode_with<'a>(&self, header: ValueRef<'_>, texts: &TextColumn<'a>) -> Decoded<'a> {
        let header = match header {
            ValueRef::Text(header) => header,
            _ => b"",
        };
        let names = names(header);
        let rows = texts.spans.len();
        // The wanted fields, followed by all fields if the whole record is wanted.
        let (mut columns, mut fields): (Vec<FieldColumn>, Vec<Option<usize>>) = (Vec::new(), Vec::new());
        let mut whole = None;
        for (column, wanted) in self.wanted.iter().enumerate() {
            let place = match wanted {
                Wanted::Field(path, seen) => {
                    let label = path.label();
                    let place = names.iter().position(|name| name == label.as_bytes());
                    place.inspect(|_| seen.set());
                    columns.push(FieldColumn::new(&label, kind(label.as_bytes()), rows));
                    place
                }
                Wanted::Whole => {
                    whole = Some(column);
                    columns.push(FieldColumn::new("", FieldType::Text, rows));
                    None
                }
            };
            fields.push(place);
        }
        if whole.is_some() {
            for (place, name) in names.iter().enumerate() {
                columns.push(FieldColumn::new(&String::from_utf8_lossy(name), kind(name), rows));
                fields.push(Some(place));
            }
        }
        let mut rejected = Vec::new();
        let mut places = vec![TextSpan::NULL; names.len()];
        for (row, span) in texts.spans.iter().enumerate() {
            let line = span.slice(&texts.bytes);
            let found = split(line, &mut places);
            if found != names.len() || is_header(line) {
                rejected.push((row as u32, reason(line, found, names.len())));
                continue;
            }
            for (column, field) in columns.iter_mut().zip(&fields) {
                let mut place = field.map_or(TextSpan::NULL, |field| places[field]);
                if !place.is_null() {
                    place.start += span.start;
                }
                column.spans.push(place);
            }
        }
        let mut decoded = typed::finish("vpc_flow", &texts.bytes, rows, columns, rejected);
        if let Some(whole) = whole {
            let fields = decoded.columns.split_off(self.wanted.len());
            let kept = rows - decoded.rejected.len();
            let record = RecordColumn::new(names.into(), fields, kept);
            decoded.columns[whole] = Column::Record(record);
        }
        decoded
    }
}

#[cold]
fn reason(line: &[u8], found: usize, expected: usize) -> String {
    if is_header(line) {
        return "vpc_flow: expected the header of the source, found another; read such files as sources of their own"
            .to_owned();
    }
    format!("vpc_flow: expected {expected} fields, found {found}")
}

impl Decoder for HeadedDecoder {
    fn decode<'a>(&self, texts: &TextColumn<'a>) -> Decoded<'a> {
        self.decode_with(ValueRef::Null, texts)
    }

    fn decode_under<'a>(&self, headers: &Column<'_>, texts: &TextColumn<'a>) -> Decoded<'a> {
        by_header(self.wanted.len(), headers, texts, |header, texts| self.decode_with(header, texts))
    }

    fn no_records_under(&self, headers: &Column<'_>, texts: &TextColumn<'_>) -> Vec<u32> {
        let is_header = |row: &u32| {
            let line = texts.spans[*row as usize].slice(&texts.bytes);
            !line.is_empty() && headers.get(*row as usize) == ValueRef::Text(line)
        };
        (0..texts.spans.len() as u32).filter(is_header).collect()
    }

    fn names(&self, header: &[u8]) -> Option<Names> {
        Some(names(header).into())
    }

    fn is_header(&self, line: &[u8]) -> bool {
        is_header(line)
    }
}
