//! The position of each chunk is that of the rest: reading a file from there gives exactly the later chunks.

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use crossbeam::channel::unbounded;
use proptest::prelude::*;
use regex::bytes::Regex;

use super::{Reader, ReaderSetup};
use crate::data::{Framing, Prologue, RecordStart, Regroup, system_clock};
use crate::engine::Reading;
use crate::engine::chunk::load;
use crate::engine::commit::StreamPosition;
use crate::engine::control::Control;
use crate::engine::message::{Content, SourceIndex, Task};
use crate::engine::offsets::{ChunkOffset, Offsets};
use crate::engine::sources::Sources;
use crate::source::offset::{FileHead, Place};

/// How a file is read.
#[derive(Clone, Copy, Debug)]
struct ReadMode {
    framing: Framing,
    prologue: Prologue,
    regroup: Option<Regroup>,
    follow: bool,
    limit_bytes: usize,
    chunk_bytes: usize,
}

/// The records of each chunk in stream order, and the position after it. `None`: they are not in the chunk.
type Chunks = Vec<(Option<Vec<u8>>, ChunkOffset)>;

/// Reads a file until it has given `end_bytes` bytes, or to its end if it is not followed.
fn read(mode: ReadMode, content: &[u8], end_bytes: usize) -> Chunks {
    let mut file = tempfile::NamedTempFile::new().expect("a file");
    file.write_all(content).expect("room");
    let (task_sender, tasks) = unbounded();
    let (message_sender, _messages) = unbounded();
    let (ticket_sender, tickets) = unbounded();
    (0..content.len() * 3 + 10).for_each(|_| ticket_sender.send(()).expect("there is room"));
    let control = Control::new(system_clock()).expect("a pipe");
    let reader = Reader::new(ReaderSetup {
        sources: Sources::new(&[file.path().into()], &[]),
        reading: Reading { follow: mode.follow, ..Reading::default() },
        chunk_bytes: mode.chunk_bytes,
        max_line_bytes: mode.limit_bytes,
        inputs: vec![(mode.framing, mode.prologue)],
        regroups: vec![mode.regroup],
        message_fields: Vec::new(),
        finders: vec![None],
        batch: None,
        waits_for_more: false,
        marks: false,
        batch_chunks: u64::MAX,
        stamps: false,
        quiet: true,
        control: Arc::clone(&control),
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
    let running = std::thread::spawn(move || reader.run());
    let mut chunks = Vec::new();
    let mut seen_bytes = 0;
    while let Ok(task) = tasks.recv_timeout(Duration::from_secs(60)) {
        let (records, offset) = records(task, mode);
        seen_bytes += records.as_ref().map_or(0, Vec::len);
        chunks.push((records, offset));
        if mode.follow && seen_bytes >= end_bytes {
            control.stop();
        }
    }
    running.join().expect("it ends");
    chunks
}

fn records(task: Task, mode: ReadMode) -> (Option<Vec<u8>>, ChunkOffset) {
    match task.content {
        Content::Buffer(bytes, len) => (Some(bytes[..len].to_vec()), task.offset),
        Content::Range(range) => {
            let mut buffer = Vec::new();
            let loaded = load(&range, mode.limit_bytes, &mut buffer);
            let records = buffer[loaded.start..loaded.end].to_vec();
            ((!loaded.overlong).then_some(records), loaded.offset)
        }
        Content::Overlong | Content::Rejected(_) => (None, task.offset),
        Content::Messages(_) => panic!("a file has no messages"),
        Content::Punctuation(_) => (Some(Vec::new()), task.offset),
    }
}

/// Checks the position after each chunk from which all later records are in chunks; returns how many it has checked.
fn check(content: &[u8], chunks: &Chunks) -> usize {
    let sources = Sources::new(&["file".into()], &[]);
    let mut offsets = Offsets::default();
    let mut checked = 0;
    for (index, (_, offset)) in chunks.iter().enumerate() {
        offsets.pass(SourceIndex(0), *offset, &sources);
        let rest: Option<Vec<&[u8]>> = chunks[index + 1..].iter().map(|(records, _)| records.as_deref()).collect();
        if let (ChunkOffset::At(at), Some(rest)) = (*offset, rest)
            && at.place == Place::Record
        {
            let (_, known) = offsets.iter().next().expect("it was just passed");
            assert_eq!(known, [at]);
            let (before, after) = content.split_at(at.byte as usize);
            assert_eq!(after, rest.concat(), "after chunk {index}");
            assert!(at.tail.ends(before), "after chunk {index}");
            let head = at.file.head;
            assert_eq!(head, FileHead::of(&content[..head.bytes()]), "after chunk {index}");
            let covers = head.bytes() as u64 >= at.byte.min(1 << 10);
            assert!(covers, "{head:?} does not cover byte {}", at.byte);
            checked += 1;
        }
    }
    checked
}

fn starts() -> &'static RecordStart {
    static START: std::sync::OnceLock<&RecordStart> = std::sync::OnceLock::new();
    START.get_or_init(|| RecordStart::of(Regex::new("^[0-9]").expect("a right expression")))
}

fn modes(chunk_bytes: usize) -> Vec<ReadMode> {
    let framings = [Framing::Lines, Framing::Nul, Framing::Starts(starts()), Framing::Quoted { separator: b',' }];
    let mode = |framing, follow| ReadMode {
        framing,
        prologue: Prologue::Nothing,
        regroup: None,
        follow,
        limit_bytes: 1 << 20,
        chunk_bytes,
    };
    let mut modes: Vec<ReadMode> = framings.into_iter().map(|framing| mode(framing, false)).collect();
    // Every line of a followed file is complete, so the test knows when all are read.
    modes.push(mode(Framing::Lines, true));
    modes.push(ReadMode { prologue: Prologue::Directives, ..mode(Framing::Lines, false) });
    modes.push(ReadMode { prologue: Prologue::Directives, ..mode(Framing::Lines, true) });
    modes
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn the_rest_begins_at_the_position(
        lines in prop::collection::vec("([1 ab,\0]{0,40}|1,\"a\nb\"|#Fields: a b)\n", 1..60),
        chunk_bytes in prop_oneof![1usize..50, Just(1usize << 12)],
    ) {
        let content = lines.concat();
        for mode in modes(chunk_bytes) {
            let chunks = read(mode, content.as_bytes(), content.len());
            prop_assert!(check(content.as_bytes(), &chunks) >= chunks.len().min(1), "{:?}", mode);
            let mode = ReadMode { limit_bytes: 30, follow: false, ..mode };
            check(content.as_bytes(), &read(mode, content.as_bytes(), content.len()));
        }
    }
}

#[test]
fn a_mark_at_the_start_is_counted() {
    let content = "\u{feff}a\nb\nc\n".as_bytes();
    for mode in modes(1) {
        let chunks = read(mode, content, 6);
        assert!(check(content, &chunks) > 0, "{mode:?}");
    }
}
