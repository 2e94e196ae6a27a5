//! Tests of the reader's output as the workers see it: chunks, batches, arrival times and punctuation.

mod resume;

use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::Duration;

use crossbeam::channel::{Receiver, Sender, unbounded};

use super::{Reader, ReaderSetup};
use crate::data::fake::FakeClock;
use crate::data::{Batch, Clock, Framing, Position, Prologue, Stopwatch, Value, count_records, system_clock};
use crate::engine::Reading;
use crate::engine::arrivals::ChunkArrivals;
use crate::engine::commit::StreamPosition;
use crate::engine::control::Control;
use crate::engine::message::{Content, Message, SourceIndex, Task};
use crate::engine::sources::Sources;
use crate::source::offset::SourceReader;
use crate::window::Punctuation;

/// A reader that takes longer is stuck.
const PATIENCE: Duration = Duration::from_secs(60);

const BATCH: Duration = Duration::from_millis(20);

const IDLE: Duration = Duration::from_millis(100);

/// A reader that runs on its own thread.
struct Running {
    tasks: Receiver<Task>,
    messages: Receiver<Message>,
    control: Arc<Control>,
    /// Kept open, so that the reader never waits for a ticket.
    _tickets: Sender<()>,
}

impl Running {
    fn start(sources: Vec<OsString>) -> Running {
        let (running, reader) = Running::of(sources, system_clock());
        std::thread::spawn(move || reader.run());
        running
    }

    /// Returns a reader and the receivers of its output.
    fn of(sources: Vec<OsString>, clock: Arc<dyn Clock>) -> (Running, Reader) {
        let (task_sender, tasks) = unbounded();
        let (message_sender, messages) = unbounded();
        let (ticket_sender, tickets) = unbounded();
        (0..10_000).for_each(|_| ticket_sender.send(()).expect("there is room"));
        let control = Control::new(clock).expect("a pipe");
        let reader = Reader::new(ReaderSetup {
            stamps: true,
            quiet: true,
            sources: Sources::new(&sources, &[]),
            reading: Reading { idle: IDLE, ..Reading::default() },
            chunk_bytes: 1 << 10,
            max_line_bytes: 1 << 10,
            inputs: vec![(Framing::Lines, Prologue::Nothing)],
            regroups: vec![None],
            message_fields: Vec::new(),
            finders: vec![None],
            batch: Some(BATCH),
            waits_for_more: true,
            marks: true,
            batch_chunks: super::WINDOWED_CHUNKS,
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
        let running = Running { tasks, messages, control, _tickets: ticket_sender };
        (running, reader)
    }

    fn task(&self) -> Task {
        self.tasks.recv_timeout(PATIENCE).expect("a task comes")
    }

    /// Returns the next event other than a clock tick; `None` for records.
    fn mark(&self) -> (SourceIndex, Option<Punctuation>) {
        loop {
            let task = self.task();
            match task.content {
                Content::Punctuation(Punctuation::Clock) => {}
                Content::Punctuation(mark) => return (task.source, Some(mark)),
                _ => return (task.source, None),
            }
        }
    }

    /// Returns the number of chunks in each batch.
    fn batches(&self) -> Vec<u64> {
        let mut batches = Vec::new();
        loop {
            match self.messages.recv_timeout(PATIENCE).expect("the reader ends") {
                Message::BatchEnd { chunks, .. } => batches.push(chunks),
                Message::End(StreamPosition { sequence: chunks, .. }) => {
                    assert_eq!(batches.iter().sum::<u64>(), chunks);
                    return batches;
                }
                other => panic!("{other:?}"),
            }
        }
    }
}

#[test]
fn a_pipe_sends_clock_silence_and_end() {
    let (reader, mut writer) = std::io::pipe().expect("a pipe");
    let running = Running::start(vec![format!("/proc/self/fd/{}", reader.as_raw_fd()).into()]);
    let clock = running.task();
    assert!(matches!(clock.content, Content::Punctuation(Punctuation::Clock)));
    writer.write_all(b"a\n").expect("a writable file");
    let since_writing = Stopwatch::start(&system_clock());
    let mut silent = 0;
    while silent < 3 {
        match running.task().content {
            Content::Punctuation(Punctuation::Silent(ns)) => {
                assert!(Duration::from_nanos(ns as u64) >= IDLE);
                silent += 1;
            }
            Content::Punctuation(Punctuation::Clock) => assert_eq!(silent, 0, "no clock tick after a silence"),
            Content::Buffer(bytes, len) => assert_eq!(&bytes[..len], b"a\n"),
            other => panic!("{other:?}"),
        }
    }
    assert!(since_writing.time() >= IDLE);
    writer.write_all(b"b\n").expect("a writable file");
    while !matches!(running.mark(), (SourceIndex(0), None)) {}
    drop(writer);
    while !matches!(running.mark(), (SourceIndex(0), Some(Punctuation::Ended))) {}
    assert!(running.batches().len() > 3);
}

#[test]
fn a_listener_ends_at_once_and_its_connections_on_close() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("socket");
    let running = Running::start(vec![format!("unix-listen://{}", path.display()).into()]);
    assert_eq!(running.mark(), (SourceIndex(0), Some(Punctuation::Ended)));
    let mut stream = UnixStream::connect(&path).expect("a listener");
    stream.write_all(b"a\n").expect("a writable file");
    assert_eq!(running.mark(), (SourceIndex(1), None));
    let (source, mark) = running.mark();
    assert!(source == SourceIndex(1) && matches!(mark, Some(Punctuation::Silent(_))));
    drop(stream);
    while running.mark() != (SourceIndex(1), Some(Punctuation::Ended)) {}
    let clock = running.task();
    assert!(matches!(clock.content, Content::Punctuation(Punctuation::Clock)));
    running.control.stop();
    running.batches();
}

#[test]
fn a_file_ends_before_the_next_one_begins() {
    let directory = tempfile::tempdir().expect("a directory");
    let paths = ["a", "b"].map(|name| {
        let path = directory.path().join(name);
        std::fs::write(&path, "x\n").expect("room for a file");
        path.into_os_string()
    });
    let running = Running::start(paths.to_vec());
    for index in [0, 1] {
        assert_eq!(running.mark(), (SourceIndex(index), None));
        let ended = (SourceIndex(index), Some(Punctuation::Ended));
        assert_eq!(running.mark(), ended);
    }
    running.batches();
}

/// Returns one piece per read, after advancing the clock.
struct Trickle<'t> {
    pieces: std::slice::Iter<'t, (u64, &'t str)>,
    clock: Arc<FakeClock>,
}

impl SourceReader for Trickle<'_> {}

impl Read for Trickle<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Some((ns, piece)) = self.pieces.next() else {
            return Ok(0);
        };
        self.clock.pass(Duration::from_nanos(*ns));
        buffer[..piece.len()].copy_from_slice(piece.as_bytes());
        Ok(piece.len())
    }
}

/// Returns the lines of a chunk, each with its arrival time.
fn arrivals(task: Task) -> Vec<(String, i64)> {
    let Content::Buffer(bytes, len) = task.content else {
        panic!("no records: {:?}", task.content);
    };
    let bytes = &bytes[..len];
    let chunk = ChunkArrivals::new(task.read_ns, task.arrivals, bytes);
    let column = chunk.column(bytes, &Batch::new(count_records(bytes), Position(0)), None);
    let lines = std::str::from_utf8(bytes).expect("the test's own text").lines();
    let time = |row| match column.get(row).to_value() {
        Value::Time(ns) => ns,
        other => panic!("{other:?}"),
    };
    lines.map(str::to_owned).zip((0..).map(time)).collect()
}

#[test]
fn a_record_arrives_when_its_end_is_read() {
    let clock = FakeClock::at(1000);
    let (running, mut reader) = Running::of(vec!["-".into()], clock.clone());
    let pieces = [(1, "a\nb\nc"), (10, "c\n"), (100, "d"), (5, "d\ne\nf\ng"), (7, "")];
    let mut trickle = Trickle { pieces: pieces.iter(), clock: clock.clone() };
    let mut buffer = reader.new_buffer(SourceIndex(0));
    while reader.fill(&mut buffer, &mut trickle).expect("a readable source") {
        reader.find_records(&mut buffer).expect("lines");
    }
    clock.pass(Duration::from_millis(1));
    reader.cut(&mut buffer).expect("the channel is open");
    let expected = [("a", 1001), ("b", 1001), ("cc", 1011), ("dd", 1116), ("e", 1116), ("f", 1116)];
    let expected = expected.map(|(line, ns)| (line.to_owned(), ns));
    assert_eq!(arrivals(running.task()), expected);
    clock.set(3); // arrival times never go back
    reader.end_source(&mut buffer).expect("the channel is open");
    assert_eq!(arrivals(running.task()), [("g".to_owned(), 1116)]);
    reader.dispatch.mark(SourceIndex(0), Punctuation::Clock).expect("the channel is open");
    assert_eq!(running.task().read_ns, 1_001_123);
}

#[test]
fn arrival_times_do_not_precede_the_clock() {
    let clock = FakeClock::at(1000);
    let (running, mut reader) = Running::of(vec!["-".into()], clock.clone());
    let mut buffer = reader.new_buffer(SourceIndex(0));
    let mut trickle = Trickle { pieces: [(1, "a\n"), (1, "b\n")].iter(), clock: clock.clone() };
    while reader.fill(&mut buffer, &mut trickle).expect("a readable source") {
        reader.find_records(&mut buffer).expect("lines");
        clock.pass(Duration::from_nanos(5));
    }
    reader.dispatch.mark(SourceIndex(1), Punctuation::Ended).expect("the channel is open");
    assert_eq!(running.task().read_ns, 1012);
    reader.cut(&mut buffer).expect("the channel is open");
    let expected = [("a".to_owned(), 1012), ("b".to_owned(), 1012)];
    assert_eq!(arrivals(running.task()), expected);
}
