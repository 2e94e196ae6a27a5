//! Live runs with a fake clock: the test writes the input and advances the time.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, PipeReader, PipeWriter, Write};
use std::os::fd::{AsFd, AsRawFd};
use std::path::PathBuf;
use std::thread::{JoinHandle, ThreadId};
use std::time::Instant;

use console::strip_ansi_codes;
use crossbeam::channel::{Receiver, Sender, unbounded};

use super::*;
use crate::data::Clock;
use crate::data::fake::FakeClock;
use crate::engine::{LiveTableOptions, Reading};
use crate::plan::Settings;
use crate::sink::{Display, Size};

/// A run that takes longer to answer is stuck.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long a test waits to see that nothing is printed.
const GLANCE: Duration = Duration::from_millis(3);

const SECOND: Duration = Duration::from_secs(1);

/// 2026-03-01T10:00:30Z
const START_NS: i64 = 1_772_359_230_000_000_000;

/// Sends the text of each batch when it is committed.
struct Announcing {
    batch: BatchId,
    text: Vec<u8>,
    batches: Sender<(BatchId, String)>,
}

impl ByteSink for Announcing {
    fn begin(&mut self, batch: BatchId) -> Result<(), SinkError> {
        self.batch = batch;
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), SinkError> {
        self.text.extend_from_slice(bytes);
        Ok(())
    }

    fn commit(&mut self) -> Result<(), SinkError> {
        let text = String::from_utf8(std::mem::take(&mut self.text)).expect("text");
        let _ = self.batches.send((self.batch, text)); // fails if the test has ended
        Ok(())
    }
}

/// The writing end of a source, and a reading end that shows whether everything was read.
struct Pipe {
    reader: PipeReader,
    writer: PipeWriter,
}

impl Pipe {
    fn new() -> Pipe {
        let (reader, writer) = io::pipe().expect("a pipe");
        Pipe { reader, writer }
    }

    fn path(&self) -> OsString {
        format!("/dev/fd/{}", self.reader.as_raw_fd()).into()
    }

    fn is_read(&self) -> bool {
        rustix::io::ioctl_fionread(self.reader.as_fd()).expect("a pipe") == 0
    }
}

/// A fake clock that counts how often each thread has begun to wait for a deadline.
#[derive(Debug)]
struct CountingClock {
    fake: Arc<FakeClock>,
    waits: Mutex<HashMap<ThreadId, u64>>,
}

impl CountingClock {
    fn waits(&self, thread: ThreadId) -> u64 {
        let waits = self.waits.lock().expect("no test panics while it holds the lock");
        waits.get(&thread).copied().unwrap_or_default()
    }
}

impl Clock for CountingClock {
    fn wall_ns(&self) -> i64 {
        self.fake.wall_ns()
    }

    fn now(&self) -> Instant {
        self.fake.now()
    }

    fn limit_wait(&self, left: Duration) -> Duration {
        let mut waits = self.waits.lock().expect("no test panics while it holds the lock");
        *waits.entry(std::thread::current().id()).or_default() += 1;
        self.fake.limit_wait(left)
    }
}

/// A run on its own thread.
struct Live {
    clock: Arc<CountingClock>,
    control: Arc<Control>,
    batches: Receiver<(BatchId, String)>,
    run: JoinHandle<Outcome>,
}

impl Live {
    /// Starts a run whose sources stay open. Options are set by `change`.
    fn start(expression: &str, sources: Vec<OsString>, change: impl FnOnce(&mut Job)) -> Live {
        Live::with(OutputMode::Fields.into(), expression, sources, change)
    }

    fn with(settings: Settings, expression: &str, sources: Vec<OsString>, change: impl FnOnce(&mut Job)) -> Live {
        let pipeline = lang::parse(expression).expect("a valid expression");
        let plan = Plan::of(&pipeline, settings).expect("a valid expression");
        let mut job = job(sources, csv());
        job.reading = Reading { follow: true, ..Reading::default() };
        change(&mut job);
        let clock = Arc::new(CountingClock { fake: FakeClock::at(START_NS), waits: Mutex::default() });
        let control = Control::new(clock.clone()).expect("a pipe");
        let (sender, batches) = unbounded();
        let run = {
            let control = Arc::clone(&control);
            move || {
                let sink = Announcing { batch: BatchId::default(), text: Vec::new(), batches: sender };
                run(Arc::new(plan), job, &mut { sink }, &control)
            }
        };
        let live = Live { clock, control, batches, run: std::thread::spawn(run) };
        live.wait_until(|| live.control.is_waiting());
        live
    }

    /// Writes lines, and waits until the reader has read them and waits for more.
    fn write(&self, pipe: &mut Pipe, text: &str) {
        pipe.writer.write_all(text.as_bytes()).expect("room");
        self.wait_until(|| pipe.is_read());
        self.wait_until(|| self.control.is_waiting());
    }

    fn wait_until(&self, is_so: impl Fn() -> bool) {
        while !is_so() {
            assert!(!self.run.is_finished(), "the run has ended");
            std::thread::yield_now();
        }
    }

    fn pass(&self, time: Duration) {
        self.clock.fake.pass(time);
    }

    /// The next batch.
    fn batch(&self) -> (BatchId, String) {
        self.batches.recv_timeout(PATIENCE).expect("a batch")
    }

    /// The text of the next batch.
    fn text(&self) -> String {
        self.batch().1
    }

    /// Checks that nothing is printed for now.
    fn prints_nothing(&self) {
        assert_eq!(self.batches.recv_timeout(GLANCE).ok(), None);
    }

    /// Waits for the end of the run; returns what was printed since the last batch that was taken.
    fn end(self) -> (Outcome, String) {
        let outcome = self.run.join().expect("the run ends");
        (outcome, self.batches.into_iter().map(|(_, text)| text).collect())
    }
}

fn csv() -> Encoding {
    Encoding::Format(encode::find("csv").expect("it is in the table"), false)
}

#[test]
fn the_input_ends_when_its_time_is_over() {
    let mut pipe = Pipe::new();
    let live = Live::start("parse '{n}' | count", vec![pipe.path()], |job| {
        job.reading.time = Some(60 * SECOND);
    });
    live.write(&mut pipe, "1\n2\n");
    live.pass(59 * SECOND);
    live.write(&mut pipe, "3\n");
    assert!(!live.run.is_finished());
    live.pass(SECOND);
    let (outcome, printed) = live.end();
    assert_eq!((outcome.ledger.read, printed.as_str()), (3, "3\n"));
}

#[test]
fn an_idle_source_lets_windows_end_until_it_wakes_up() {
    let (mut first, mut second) = (Pipe::new(), Pipe::new());
    let expression = "parse '{t} {n}' | count, sum(n) | window 10s on t | select count, sum_n";
    let live = Live::start(expression, vec![first.path(), second.path()], |job| job.reading.idle = 5 * SECOND);
    let record = |second: u32, n: u32| format!("2026-03-01T10:00:{second:02}Z {n}\n");
    live.write(&mut first, &(record(0, 1) + &record(25, 2)));
    live.pass(4 * SECOND);
    live.write(&mut first, &record(26, 4));
    live.prints_nothing(); // the second source may still send older records
    live.pass(SECOND);
    assert_eq!(live.text(), "1,1\n");
    // The first record is late by now; with the next one, the source holds windows open again.
    live.write(&mut second, &(record(5, 100) + &record(22, 8)));
    live.write(&mut first, &record(45, 16));
    live.pass(2 * SECOND);
    live.prints_nothing();
    live.write(&mut second, &record(31, 32));
    live.pass(SECOND);
    assert_eq!(live.text(), "3,14\n");
    drop((first, second));
    let (outcome, printed) = live.end();
    assert_eq!((printed.as_str(), outcome.ledger.late), ("1,32\n1,16\n", 1));
}

#[test]
fn windows_of_arrival_end_with_the_clock() {
    let mut pipe = Pipe::new();
    let live = Live::start("parse '{n}' | count | window 10s | select count", vec![pipe.path()], |_| {});
    live.write(&mut pipe, "1\n2\n");
    live.pass(9 * SECOND);
    live.write(&mut pipe, "3\n");
    live.prints_nothing();
    live.pass(SECOND);
    assert_eq!(live.text(), "3\n");
    live.write(&mut pipe, "4\n");
    drop(pipe);
    assert_eq!(live.end().1, "1\n");
}

#[test]
fn until_ends_the_run_at_a_provisional_result() {
    let mut pipe = Pipe::new();
    let live = Live::start("parse '{n}' | count | until count >= 3", vec![pipe.path()], |job| {
        (job.watches, job.batch) = (true, Some(SECOND));
    });
    live.write(&mut pipe, "1\n2\n");
    live.pass(SECOND);
    live.prints_nothing();
    live.write(&mut pipe, "3\n");
    // The next look is later if time passes during one.
    let mut looks = 0..PATIENCE.as_millis() / GLANCE.as_millis();
    let printed = looks.find_map(|_| {
        live.pass(SECOND);
        live.batches.recv_timeout(GLANCE).ok()
    });
    assert_eq!(printed.map(|(_, text)| text).as_deref(), Some("3\n"));
    assert!(live.end().0.checks.reached);
}

#[test]
fn snapshots_come_at_their_interval_if_there_are_new_records() {
    let mut pipe = Pipe::new();
    let live = Live::start("parse '{n}' | count", vec![pipe.path()], |job| {
        (job.every, job.batch) = (Some(10 * SECOND), Some(SECOND));
    });
    live.write(&mut pipe, "1\n2\n");
    live.pass(9 * SECOND);
    live.prints_nothing();
    live.pass(SECOND);
    assert_eq!(live.text(), "2\n");
    live.write(&mut pipe, "3\n");
    live.pass(9 * SECOND);
    live.prints_nothing();
    live.pass(SECOND);
    assert_eq!(live.text(), "3\n");
    live.pass(30 * SECOND);
    live.prints_nothing();
    drop(pipe);
    assert_eq!(live.end().1, "3\n", "the final result");
}

#[test]
fn changed_rows_alone_are_printed_with_each_snapshot() {
    let mut pipe = Pipe::new();
    let live = Live::start("parse '{n}' | count by n | sort n", vec![pipe.path()], |job| {
        (job.every, job.batch, job.changed) = (Some(SECOND), Some(SECOND), true);
    });
    live.write(&mut pipe, "1\n2\n");
    live.pass(SECOND);
    assert_eq!(live.text(), "1,1\n2,1\n");
    live.write(&mut pipe, "2\n3\n");
    live.pass(SECOND);
    assert_eq!(live.text(), "2,2\n3,1\n");
    live.control.stop();
    assert_eq!(live.end().1, "1,1\n2,2\n3,1\n");
}

#[test]
fn stamped_snapshots_have_the_time_of_the_clock() {
    let mut pipe = Pipe::new();
    let settings = Settings { stamps: true, ..Settings::from(OutputMode::Fields) };
    let live = Live::with(settings, "parse '{n}' | count by n", vec![pipe.path()], |job| {
        (job.every, job.batch) = (Some(SECOND), Some(SECOND));
    });
    live.write(&mut pipe, "1\n1\n");
    live.pass(SECOND);
    assert_eq!(live.text(), "2026-03-01T10:00:31Z,1,2\n");
    drop(pipe);
    assert_eq!(live.end().1, ",1,2\n", "the final result");
}

#[test]
fn a_batch_ends_when_its_time_is_over() {
    let mut pipe = Pipe::new();
    let live = Live::start("parse '{n}' | where n > 0", vec![pipe.path()], |job| job.batch = Some(SECOND));
    live.write(&mut pipe, "1\n");
    live.write(&mut pipe, "2\n");
    live.pass(SECOND - Duration::from_nanos(1));
    live.prints_nothing();
    live.pass(Duration::from_nanos(1));
    assert_eq!(live.batch(), (BatchId(0), "1\n2\n".to_owned()));
    live.pass(5 * SECOND);
    live.write(&mut pipe, "3\n"); // the time of a batch begins with its first record
    live.prints_nothing();
    live.pass(SECOND);
    assert_eq!(live.batch(), (BatchId(1), "3\n".to_owned()));
    drop(pipe);
    assert_eq!(live.end().1, "");
}

/// Sends each frame of a live table.
struct Terminal(Sender<Vec<u8>>);

impl Write for Terminal {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let _ = self.0.send(bytes.to_vec()); // fails if the test has ended
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Starts a run with a live table that is drawn each second; also returns its frames.
fn drawn(expression: &str, pipe: &Pipe) -> (Live, Receiver<Vec<u8>>) {
    let (sender, frames) = unbounded();
    let size = || Some(Size { columns: 100, rows: 10 });
    let display = Display::new(Box::new(Terminal(sender)), Box::new(size));
    let live = Live::start(expression, vec![pipe.path()], |job| {
        job.batch = Some(SECOND);
        job.live = Some(LiveTableOptions { display, every: SECOND, encoding: csv(), look: Default::default() });
    });
    rest(&live);
    (live, frames)
}

/// Waits until the coordinator waits for messages again.
fn rest(live: &Live) {
    let coordinator = live.run.thread().id();
    let waits = live.clock.waits(coordinator);
    live.wait_until(|| live.clock.waits(coordinator) > waits);
}

/// The lines of the next frame. No time may pass while it is drawn, or a long pause follows.
fn frame(live: &Live, frames: &Receiver<Vec<u8>>) -> Vec<String> {
    let lines = lines(&frames.recv_timeout(PATIENCE).expect("a frame"));
    rest(live);
    lines
}

fn lines(frame: &[u8]) -> Vec<String> {
    let text = std::str::from_utf8(frame).expect("text");
    strip_ansi_codes(text).trim_matches(['\r', '\n']).lines().map(str::to_owned).collect()
}

#[test]
fn a_live_table_shows_how_far_windows_lag_behind_the_clock() {
    let mut pipe = Pipe::new();
    let expression = "parse '{t} {n}' | count | window 10s on t | select count";
    let (live, frames) = drawn(expression, &pipe);
    live.pass(Duration::from_millis(50));
    assert_eq!(frame(&live, &frames), ["0 records/s, 0 records, 0 s"]);
    live.write(&mut pipe, "2026-03-01T10:00:20Z 1\n");
    live.pass(Duration::from_millis(950));
    let open = "open windows, not final yet:";
    let seconds = |seconds: u32| format!("{seconds} s");
    // The record's time is ten seconds before the start of the run.
    let status = |rate: &str, time| format!("{rate}, 1 record, {} behind, {}", seconds(time + 10), seconds(time));
    assert_eq!(frame(&live, &frames), [open, "1", &status("1 record/s", 1)]);
    live.pass(SECOND);
    assert_eq!(frame(&live, &frames), [open, "1", &status("0 records/s", 2)]);
    drop(pipe);
    assert_eq!(live.end().1, "1\n");
}

#[test]
fn a_live_table_is_drawn_again_without_new_records() {
    let mut pipe = Pipe::new();
    let (live, frames) = drawn("parse '{n}' | count", &pipe);
    live.pass(Duration::from_millis(50));
    assert_eq!(frame(&live, &frames), ["0", "0 records/s, 0 records, 0 s"]);
    live.write(&mut pipe, "1\n2\n");
    live.pass(Duration::from_millis(1000));
    assert_eq!(frame(&live, &frames), ["2", "2 records/s, 2 records, 1 s"]);
    live.pass(Duration::from_millis(1249));
    assert_eq!(frames.recv_timeout(GLANCE).ok(), None);
    live.pass(Duration::from_millis(1));
    assert_eq!(frame(&live, &frames), ["2", "0 records/s, 2 records, 2 s"]);
    drop(pipe);
    assert_eq!(live.end().1, "2\n");
    let erased = frames.recv_timeout(PATIENCE).expect("a frame");
    assert_eq!(lines(&erased), [""; 0]);
}

/// Every chunk is a batch, so rows are printed when they are read.
fn at_once(job: &mut Job) {
    job.batch = Some(Duration::ZERO);
}

#[test]
fn a_followed_file_is_polled_each_second() {
    // A file without a name, whose changes are not reported.
    let mut file = tempfile::tempfile().expect("a file");
    file.write_all(b"1\n").expect("room");
    let path = format!("/dev/fd/{}", file.as_raw_fd());
    let live = Live::start("parse '{n}'", vec![path.into()], at_once);
    assert_eq!(live.text(), "1\n");
    live.wait_until(|| live.control.is_waiting());
    file.write_all(b"2\n").expect("room");
    live.pass(SECOND - Duration::from_nanos(1));
    live.prints_nothing();
    live.pass(Duration::from_nanos(1));
    assert_eq!(live.text(), "2\n");
    live.control.stop();
    assert_eq!(live.end().0.ledger.read, 2);
}

#[test]
fn a_file_in_a_missing_directory_is_polled_more_often() {
    let directory = tempfile::tempdir().expect("a directory");
    let path: PathBuf = directory.path().join("later/log");
    let live = Live::start("parse '{n}'", vec![path.clone().into()], at_once);
    std::fs::create_dir(directory.path().join("later")).expect("room");
    std::fs::rename(written(&directory, "1\n"), &path).expect("it is renamed");
    live.pass(Duration::from_millis(99));
    live.prints_nothing();
    live.pass(Duration::from_millis(1));
    assert_eq!(live.text(), "1\n");
    live.control.stop();
    assert_eq!(live.end().0.ledger.read, 1);
}

/// Returns the path of a file with this content.
fn written(directory: &tempfile::TempDir, content: &str) -> PathBuf {
    let path = directory.path().join("written");
    File::create(&path).and_then(|mut file| file.write_all(content.as_bytes())).expect("room");
    path
}
