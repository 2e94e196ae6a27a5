//! Runs that are stopped after any chunk and go on later find the records of one run.

mod rotated;

use std::ffi::OsString;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crossbeam::channel::{Receiver, Sender, unbounded};
use proptest::prelude::*;
use proptest::sample::Index;
use regex::bytes::Regex;

use super::super::{HeaderFinder, Reader, ReaderSetup, Resume};
use crate::data::persist::{Persist, StateReader};
use crate::data::{Framing, Prologue, RecordStart, Regroup, system_clock};
use crate::engine::Reading;
use crate::engine::chunk::{Piece, load, pieces};
use crate::engine::commit::StreamPosition;
use crate::engine::control::Control;
use crate::engine::message::{Content, Message, SourceIndex, Task};
use crate::engine::offsets::{ChunkOffset, Offsets};
use crate::engine::sources::Sources;
use crate::plan::{OutputMode, Plan};

/// How sources are read.
#[derive(Clone, Copy, Debug)]
struct ReadMode {
    framing: Framing,
    prologue: Prologue,
    regroup: Option<Regroup>,
    /// The expression of which the first stage takes a header.
    expression: Option<&'static str>,
    form: Form,
    limit_bytes: usize,
    chunk_bytes: usize,
}

/// The form of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Plain,
    Utf16,
    Gzip,
    Zstd,
}

impl Form {
    /// Returns a part of a file.
    fn part(self, text: &str, is_first: bool) -> Vec<u8> {
        match self {
            Form::Plain => text.as_bytes().to_vec(),
            Form::Utf16 => {
                let mark = if is_first { "\u{feff}" } else { "" };
                format!("{mark}{text}").encode_utf16().flat_map(u16::to_le_bytes).collect()
            }
            Form::Gzip => gzip(text.as_bytes()),
            Form::Zstd => zstd::encode_all(text.as_bytes(), 1).expect("memory takes all"),
        }
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).expect("it takes all");
    encoder.finish().expect("it takes all")
}

/// A record or a rejection, with the header that it has.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Seen {
    Record(Option<String>, String),
    Overlong,
    Rejected(String, String),
}

/// The output of a reader.
#[derive(Default)]
struct Run {
    /// The source of each chunk, its records, and the position after it.
    chunks: Vec<(SourceIndex, Vec<Seen>, ChunkOffset)>,
    failed: Vec<String>,
    sources: Option<Arc<Sources>>,
}

impl Run {
    /// Returns the records of the first chunks.
    fn first(&self, chunks: usize) -> Vec<Seen> {
        self.chunks[..chunks].iter().flat_map(|(_, seen, _)| seen.clone()).collect()
    }

    fn all(&self) -> Vec<Seen> {
        self.first(self.chunks.len())
    }

    /// The positions after the first chunks, as a later run loads them.
    fn offsets(&self, chunks: usize, mut before: Offsets) -> Offsets {
        let sources = self.sources.as_ref().expect("it has run");
        for (source, _, offset) in &self.chunks[..chunks] {
            before.pass(*source, *offset, sources);
        }
        let mut bytes = Vec::new();
        before.save(&mut bytes);
        Offsets::load(&mut StateReader::new(&bytes)).expect("a state")
    }
}

/// The end of a run.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    /// At the end of the files; a later run goes on.
    Suspended,
    /// At the end of the files, for good.
    Finished,
    /// Files are followed until there are this many records.
    FollowedTo(usize),
}

/// A reader, and the ends of its channels.
struct Opened {
    reader: Reader,
    sources: Arc<Sources>,
    control: Arc<Control>,
    tasks: Receiver<Task>,
    messages: Receiver<Message>,
    _tickets: Sender<()>,
}

fn open(mode: &ReadMode, paths: &[&Path], resume: &Offsets, end: End) -> Opened {
    let written: Vec<OsString> = paths.iter().map(|path| path.into()).collect();
    let sources = Sources::new(&written, &[]);
    let (task_sender, tasks) = unbounded();
    let (message_sender, messages) = unbounded();
    let (ticket_sender, tickets) = unbounded();
    let bytes = |path: &&Path| std::fs::metadata(path).map_or(0, |metadata| metadata.len());
    let chunks = paths.iter().map(bytes).sum::<u64>() * 10 + 1000;
    (0..chunks).for_each(|_| ticket_sender.send(()).expect("there is room"));
    let control = Control::new(system_clock()).expect("a pipe");
    let finder = mode.expression.and_then(|expression| HeaderFinder::of(&plan(expression), 0)).map(Arc::new);
    let reader = Reader::new(ReaderSetup {
        sources: Arc::clone(&sources),
        reading: Reading { follow: matches!(end, End::FollowedTo(_)), ..Reading::default() },
        chunk_bytes: mode.chunk_bytes,
        max_line_bytes: mode.limit_bytes,
        inputs: vec![(mode.framing, mode.prologue)],
        regroups: vec![mode.regroup],
        message_fields: Vec::new(),
        finders: vec![finder],
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
        resume: Some(Resume::of(resume, i64::MIN)),
        suspends: end != End::Finished,
    });
    Opened { reader, sources, control, tasks, messages, _tickets: ticket_sender }
}

fn read(mode: &ReadMode, paths: &[&Path], resume: &Offsets, end: End) -> Run {
    let Opened { reader, sources, control, tasks, messages, _tickets } = open(mode, paths, resume, end);
    let mut run = Run { sources: Some(sources), ..Run::default() };
    let mut seen = 0;
    if end == End::FollowedTo(0) {
        control.stop();
    }
    let running = std::thread::spawn(move || reader.run());
    while let Ok(task) = tasks.recv_timeout(Duration::from_secs(60)) {
        let source = task.source;
        let (found, offset) = contents(mode, task);
        seen += found.len();
        run.chunks.push((source, found, offset));
        if matches!(end, End::FollowedTo(records) if seen >= records) {
            control.stop();
        }
    }
    control.stop();
    running.join().expect("it ends");
    run.failed = messages.try_iter().filter_map(failure).collect();
    run
}

fn failure(message: Message) -> Option<String> {
    match message {
        Message::SourceFailed(_, reason) => Some(reason),
        _ => None,
    }
}

fn contents(mode: &ReadMode, task: Task) -> (Vec<Seen>, ChunkOffset) {
    let header = task.header.map(|header| String::from_utf8_lossy(&header).into_owned());
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let records = |bytes: &[u8]| {
        let mut seen = Vec::new();
        for piece in pieces(bytes, mode.framing, mode.limit_bytes) {
            match piece {
                Piece::Overlong => seen.push(Seen::Overlong),
                Piece::Records(bytes) => mode.framing.each_record(bytes, |start, end| {
                    seen.push(Seen::Record(header.clone(), text(mode.framing.trim(&bytes[start..end]))));
                }),
            }
        }
        seen
    };
    match task.content {
        Content::Buffer(bytes, len) => (records(&bytes[..len]), task.offset),
        Content::Range(range) => {
            let mut buffer = Vec::new();
            let loaded = load(&range, mode.limit_bytes, &mut buffer);
            assert_eq!(loaded.error, None);
            let mut seen = records(&buffer[loaded.start..loaded.end]);
            if loaded.overlong {
                seen.push(Seen::Overlong);
            }
            (seen, loaded.offset)
        }
        Content::Overlong => (vec![Seen::Overlong], task.offset),
        Content::Rejected(rejected) => {
            let seen = rejected.iter().map(|rejected| Seen::Rejected(text(&rejected.text), rejected.reason.clone()));
            (seen.collect(), task.offset)
        }
        Content::Messages(_) => panic!("a file has no messages"),
        Content::Punctuation(_) => (Vec::new(), task.offset),
    }
}

fn starts() -> &'static RecordStart {
    static START: std::sync::OnceLock<&RecordStart> = std::sync::OnceLock::new();
    START.get_or_init(|| RecordStart::of(Regex::new("^[0-9]").expect("a right expression")))
}

fn plan(expression: &str) -> Arc<Plan> {
    Arc::new(Plan::read(expression, OutputMode::Fields).expect("a valid expression"))
}

fn modes(limit_bytes: usize, chunk_bytes: usize) -> Vec<ReadMode> {
    let mode = |framing, prologue, regroup| ReadMode {
        framing,
        prologue,
        regroup,
        expression: None,
        form: Form::Plain,
        limit_bytes,
        chunk_bytes,
    };
    let framings = [Framing::Lines, Framing::Nul, Framing::Starts(starts()), Framing::Quoted { separator: b',' }];
    let mut modes: Vec<ReadMode> = framings.map(|framing| mode(framing, Prologue::Nothing, None)).into();
    modes.push(mode(Framing::Lines, Prologue::Mark, None));
    modes.push(mode(Framing::Lines, Prologue::Directives, None));
    for regroup in [Regroup::JsonIfValues, Regroup::Json, Regroup::Cri, Regroup::OctetCounted] {
        modes.push(mode(regroup.framing(), Prologue::Nothing, Some(regroup)));
    }
    for expression in ["csv", "match \"1\" | csv"] {
        let input = &plan(expression).inputs[0];
        assert_eq!(input.prologue, Prologue::Header, "{expression}");
        let mode = mode(input.framing, input.prologue, input.regroup);
        modes.push(ReadMode { expression: Some(expression), ..mode });
    }
    modes
}

/// Any mode, for files of any form.
fn mode() -> impl Strategy<Value = ReadMode> {
    let limit_bytes = prop_oneof![1usize..40, Just(1usize << 20)];
    let chunk_bytes = prop_oneof![1usize..50, Just(1usize << 12)];
    let form =
        prop_oneof![4 => Just(Form::Plain), 2 => Just(Form::Utf16), 1 => Just(Form::Gzip), 1 => Just(Form::Zstd)];
    (any::<Index>(), limit_bytes, chunk_bytes, form).prop_map(|(index, limit_bytes, chunk_bytes, form)| {
        let mode = *index.get(&modes(limit_bytes, chunk_bytes));
        let limit_bytes = match mode.prologue {
            Prologue::Header => 1 << 20, // a header that is too long is an error
            // A directive that is too long is one only if all of it is read at once.
            Prologue::Directives => limit_bytes.max(20),
            Prologue::Nothing | Prologue::Mark => limit_bytes,
        };
        ReadMode { form, limit_bytes, ..mode }
    })
}

/// Text of records of all kinds.
fn text() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        6 => "[1 ab]{0,12}\n",
        3 => "[1 ab]{0,12}\r\n",
        2 => "[1 ab,\"]{0,20}[\n\0]",
        2 => "1,\"[ab\n]{0,9}\"\n",
        2 => Just("#Fields: a b\n".to_owned()),
        2 => Just("{\"a\": [1, {}]}\n".to_owned()),
        2 => "\\{\"a\":1\\}?\\}?",
        1 => Just("[\n {\"a\":1},\n {\"b\":,},\n {}]\n".to_owned()),
        1 => Just("12 13".to_owned()),
        2 => Just("1 stdout P ab\n".to_owned()),
        2 => Just("2 stderr P ab\n".to_owned()),
        2 => Just("2 stdout F cd\n".to_owned()),
        2 => Just("5 <1>ab".to_owned()),
        1 => Just("\u{e9}\u{1f600}\n".to_owned()),
        1 => "[a\n]{30,60}",
        1 => "[ab]{1500,1600}\n",
    ];
    prop::collection::vec(part, 0..25).prop_map(|parts| parts.concat())
}

/// Returns the nearest end of a character at or before a byte.
fn boundary(text: &str, byte: usize) -> usize {
    (0..=byte).rev().find(|byte| text.is_char_boundary(*byte)).unwrap_or(0)
}

/// Returns the records that one run reads of a file.
fn at_once(mode: &ReadMode, text: &str) -> Vec<Seen> {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("whole");
    std::fs::write(&path, mode.form.part(text, true)).expect("room");
    let run = read(mode, &[&path], &Offsets::default(), End::Finished);
    assert!(run.failed.is_empty(), "{:?}", run.failed);
    run.all()
}

/// Appends to a file.
fn append(path: &Path, bytes: &[u8]) {
    let mut file = std::fs::File::options().append(true).create(true).open(path).expect("a file");
    file.write_all(bytes).expect("room");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn stopped_runs_read_what_one_run_reads(
        text in text(),
        cuts in prop::collection::vec((any::<Index>(), any::<Index>()), 1..4),
        mode in mode(),
    ) {
        let expected = at_once(&mode, &text);
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("log");
        let mut places: Vec<_> =
            cuts.iter().map(|(place, chunk)| (boundary(&text, place.index(text.len() + 1)), chunk)).collect();
        places.sort_by_key(|(place, _)| *place);
        let (mut start, mut found, mut offsets) = (0, Vec::new(), Offsets::default());
        for (place, chunk) in places {
            append(&path, &mode.form.part(&text[start..place], !path.exists()));
            start = place;
            let run = read(&mode, &[&path], &offsets, End::Suspended);
            prop_assert_eq!(&run.failed, &Vec::<String>::new());
            let chunks = chunk.index(run.chunks.len() + 1);
            found.extend(run.first(chunks));
            offsets = run.offsets(chunks, offsets);
        }
        append(&path, &mode.form.part(&text[start..], !path.exists()));
        found.extend(read(&mode, &[&path], &offsets, End::Finished).all());
        prop_assert_eq!(&found, &expected);
    }

    #[test]
    fn a_source_that_has_not_grown_has_no_records(text in text(), mode in mode()) {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("log");
        append(&path, &mode.form.part(&text, true));
        let run = read(&mode, &[&path], &Offsets::default(), End::Suspended);
        let offsets = run.offsets(run.chunks.len(), Offsets::default());
        let again = read(&mode, &[&path], &offsets, End::Suspended);
        prop_assert_eq!((again.all(), again.failed), (Vec::new(), Vec::new()));
    }
}

/// Reads sources one after another in runs that are stopped after any chunk.
fn read_in_turns(mode: &ReadMode, paths: &[&Path], stops: &[Index]) -> Vec<Seen> {
    let (mut found, mut offsets) = (Vec::new(), Offsets::default());
    for stop in stops {
        let run = read(mode, paths, &offsets, End::Suspended);
        let chunks = stop.index(run.chunks.len() + 1);
        found.extend(run.first(chunks));
        offsets = run.offsets(chunks, offsets);
    }
    found.extend(read(mode, paths, &offsets, End::Finished).all());
    found
}

proptest! {
    #[test]
    fn several_files_are_each_read_once(
        texts in prop::collection::vec(text(), 1..5),
        stops in prop::collection::vec(any::<Index>(), 1..4),
        mode in mode(),
    ) {
        let directory = tempfile::tempdir().expect("a directory");
        let paths: Vec<_> = (0..texts.len()).map(|index| directory.path().join(index.to_string())).collect();
        for (path, text) in paths.iter().zip(&texts) {
            append(path, &mode.form.part(text, true));
        }
        let mut paths: Vec<&Path> = paths.iter().map(|path| path.as_path()).collect();
        // Each of two sources that are the same file reads all of it.
        paths.push(paths[0]);
        let mut expected: Vec<Seen> = texts.iter().chain([&texts[0]]).flat_map(|text| at_once(&mode, text)).collect();
        let mut found = read_in_turns(&mode, &paths, &stops);
        expected.sort();
        found.sort();
        prop_assert_eq!(found, expected);
    }
}
