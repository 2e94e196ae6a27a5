//! Records and rejections do not depend on how a source is divided into reads and chunks, for any length limit.

use std::io::{self, Read};

use crossbeam::channel::unbounded;
use proptest::prelude::*;
use regex::bytes::Regex;

use super::{Reader, ReaderSetup};
use crate::data::{Framing, Prologue, RecordStart, Regroup, system_clock};
use crate::engine::Reading;
use crate::engine::chunk::{Piece, pieces};
use crate::engine::commit::StreamPosition;
use crate::engine::control::Control;
use crate::engine::message::{Content, SourceIndex};
use crate::engine::sources::Sources;
use crate::source::offset::SourceReader;

/// A record or a rejection that the reader produced.
#[derive(Clone, Debug, PartialEq, Eq)]
enum SeenRecord {
    Record(String),
    Overlong,
    Rejected(String, String),
}

/// Returns bytes in pieces of the given lengths, cyclically; every seventh read is interrupted.
struct Cut<'b> {
    bytes: &'b [u8],
    lengths: &'b [usize],
    turn: usize,
}

impl SourceReader for Cut<'_> {}

impl Read for Cut<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.turn += 1;
        if self.turn.is_multiple_of(7) {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let length = self.lengths[self.turn % self.lengths.len()].max(1);
        let length = length.min(self.bytes.len()).min(buffer.len());
        buffer[..length].copy_from_slice(&self.bytes[..length]);
        self.bytes = &self.bytes[length..];
        Ok(length)
    }
}

/// The settings for reading a source.
#[derive(Clone, Copy, Debug)]
struct How {
    framing: Framing,
    regroup: Option<Regroup>,
    limit_bytes: usize,
}

/// Reads bytes in pieces of these lengths, and dispatches records after every `every` reads.
fn read(how: How, bytes: &[u8], lengths: &[usize], every: usize) -> Vec<SeenRecord> {
    let (task_sender, tasks) = unbounded();
    let (message_sender, _messages) = unbounded();
    let (ticket_sender, tickets) = unbounded();
    (0..bytes.len() * 3 + 10).for_each(|_| ticket_sender.send(()).expect("there is room"));
    let mut reader = Reader::new(ReaderSetup {
        sources: Sources::new(&["source".into()], &[]),
        reading: Reading::default(),
        chunk_bytes: 1,
        max_line_bytes: how.limit_bytes,
        inputs: vec![(how.framing, Prologue::Nothing)],
        regroups: vec![how.regroup],
        message_fields: Vec::new(),
        finders: vec![None],
        batch: None,
        waits_for_more: false,
        marks: false,
        batch_chunks: u64::MAX,
        stamps: true,
        quiet: true,
        control: Control::new(system_clock()).expect("a pipe"),
        tasks: task_sender,
        tickets,
        buffers: unbounded().1,
        messages: message_sender,
        hand_overs: Vec::new(),
        idle: Default::default(),
        position: StreamPosition::START,
        stream: None,
        resume: None,
        suspends: false,
    });
    let mut source = Cut { bytes, lengths, turn: 0 };
    let mut buffer = reader.new_buffer(SourceIndex(0));
    let mut reads = 0;
    while reader.fill(&mut buffer, &mut source).expect("a readable source") {
        assert!(reader.find_records(&mut buffer).is_ok());
        reads += 1;
        if reads % every == 0 {
            reader.cut(&mut buffer).expect("the run goes on");
        }
    }
    assert!(reader.end_source(&mut buffer).is_ok());
    tasks.try_iter().flat_map(|task| seen(how, task.content)).collect()
}

fn seen(how: How, content: Content) -> Vec<SeenRecord> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    match content {
        Content::Buffer(bytes, len) => {
            let mut seen = Vec::new();
            for piece in pieces(&bytes[..len], how.framing, how.limit_bytes) {
                match piece {
                    Piece::Overlong => seen.push(SeenRecord::Overlong),
                    Piece::Records(bytes) => how.framing.each_record(bytes, |start, end| {
                        seen.push(SeenRecord::Record(text(how.framing.trim(&bytes[start..end]))));
                    }),
                }
            }
            seen
        }
        Content::Overlong => vec![SeenRecord::Overlong],
        Content::Rejected(rejected) => rejected
            .iter()
            .map(|rejected| SeenRecord::Rejected(text(&rejected.text), rejected.reason.clone()))
            .collect(),
        Content::Range(_) | Content::Messages(_) | Content::Punctuation(_) => panic!("unexpected content"),
    }
}

fn starts() -> &'static RecordStart {
    static START: std::sync::OnceLock<&RecordStart> = std::sync::OnceLock::new();
    START.get_or_init(|| RecordStart::of(Regex::new("^[0-9]").expect("a right expression")))
}

fn hows(limit_bytes: usize) -> Vec<How> {
    let framed = [Framing::Lines, Framing::Nul, Framing::Starts(starts()), Framing::Quoted { separator: b',' }];
    let regrouped = [Regroup::JsonIfValues, Regroup::Json, Regroup::Cri, Regroup::OctetCounted];
    let framed = framed.map(|framing| How { framing, regroup: None, limit_bytes });
    let regrouped = regrouped.map(|regroup| How { framing: regroup.framing(), regroup: Some(regroup), limit_bytes });
    framed.into_iter().chain(regrouped).collect()
}

/// Finds records that are lines, or that start at certain lines, by the simplest method.
fn simply(how: How, bytes: &[u8]) -> Vec<SeenRecord> {
    let mut records: Vec<Vec<u8>> = Vec::new();
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        let limit = how.limit_bytes;
        let text = line.strip_suffix(b"\n").unwrap_or(line);
        let text = match line.len() > text.len() {
            true => text.strip_suffix(b"\r").unwrap_or(text),
            false => text,
        };
        let begins = match how.framing {
            Framing::Starts(_) => text[..text.len().min(limit)].first().is_some_and(u8::is_ascii_digit),
            _ => true,
        };
        match records.last_mut() {
            Some(record) if !begins => record.extend_from_slice(line),
            _ => records.push(line.to_vec()),
        }
    }
    let seen = |record: Vec<u8>| {
        let text = how.framing.trim(&record);
        match text.len() > how.limit_bytes {
            true => SeenRecord::Overlong,
            false => SeenRecord::Record(String::from_utf8_lossy(text).into_owned()),
        }
    };
    records.into_iter().map(seen).collect()
}

fn content() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        6 => "[1 ab]{0,12}\n",
        3 => "[1 ab]{0,12}\r\n",
        2 => "[1 ab,\"]{0,20}[\n\0]",
        2 => Just("{\"a\": [1, {}]}\n".to_owned()),
        2 => "\\{\"a\":1\\}?\\}?",
        1 => Just("[\n {\"a\":1},\n {\"b\":,},\n {}]\n".to_owned()),
        2 => Just("1 stdout P ab\n".to_owned()),
        2 => Just("2 stdout F cd\n".to_owned()),
        2 => Just("5 <1>ab".to_owned()),
        1 => "[a\n]{30,60}",
    ];
    prop::collection::vec(part, 0..25).prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn cuts_change_nothing(
        content in content(),
        mark in any::<bool>(),
        lengths in prop::collection::vec(1usize..30, 1..5),
        every in 1usize..5,
        limit_bytes in prop_oneof![1usize..40, Just(1usize << 20)],
    ) {
        let mark = if mark { "\u{feff}" } else { "" };
        let bytes = format!("{mark}{content}");
        let wide: Vec<u8> = format!("\u{feff}{content}").encode_utf16().flat_map(u16::to_le_bytes).collect();
        for how in hows(limit_bytes) {
            let at_once = read(how, bytes.as_bytes(), &[bytes.len() + 1], usize::MAX);
            prop_assert_eq!(&read(how, bytes.as_bytes(), &lengths, every), &at_once, "{:?}", how);
            prop_assert_eq!(&read(how, bytes.as_bytes(), &[1], 1), &at_once, "{:?}", how);
            prop_assert_eq!(&read(how, &wide, &lengths, every), &at_once, "{:?} in UTF-16", how);
            if matches!(how.framing, Framing::Lines | Framing::Starts(_)) && how.regroup.is_none() {
                prop_assert_eq!(&simply(how, content.as_bytes()), &at_once, "{:?}", how);
            }
        }
    }
}

/// Tests records of every length around the limit, with every cut.
#[test]
fn lengths_around_the_longest_record() {
    for limit_bytes in [4, 7] {
        for how in hows(limit_bytes) {
            for length in 0..2 * limit_bytes + 4 {
                let long = "x".repeat(length);
                for bytes in [
                    format!("1\n{long}\n2\n"),
                    format!("1\r\n{long}\r\n2 b\r\n3"),
                    format!("1\n {long}\n{long}\n2 {long}\n{long}"),
                    format!("1\0{long}\02\0"),
                    format!("1,\"{long}\n\"\n2\n\"{long}\"\n3"),
                    format!("{{}}{{\"{long}\": 1}}\n[\"{long}\"]{{}}"),
                    format!("1 stdout P {long}\n2 stdout F {long}\n3\n"),
                    format!("{} {long}1 a", long.len()),
                ] {
                    let bytes = bytes.as_bytes();
                    let at_once = read(how, bytes, &[bytes.len() + 1], usize::MAX);
                    for cut in 1..bytes.len() {
                        let cut_once = read(how, bytes, &[bytes.len(), cut, bytes.len()], 1);
                        assert_eq!(cut_once, at_once, "{how:?} {cut}");
                    }
                }
            }
        }
    }
}

#[test]
fn a_source_that_ends_within_a_character_loses_one_record() {
    let how = hows(100)[0];
    let bytes = b"\xff\xfea\0\n\0b\0\x3d\xd8";
    for length in 1..bytes.len() {
        let reason = "the source ends in the middle of a UTF-16 character".to_owned();
        assert_eq!(
            read(how, bytes, &[length], 1),
            [SeenRecord::Record("a".to_owned()), SeenRecord::Rejected("b".to_owned(), reason)]
        );
    }
}
