//! Runs with sinks that record what they receive.

mod clocked;
mod crashes;
mod frozen_groups;
mod full_disk;

use std::ffi::OsString;
use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::{Control, Encoding, Job, Outcome, TargetJob, TargetsJob, run};
use crate::data::budget::Budget;
use crate::data::{OutputColumns, write_text};
use crate::encode;
use crate::lang;
use crate::plan::{OutputMode, Plan};
use crate::sink::{BatchId, ByteSink, DeliveryError, RowSink, Silent, Sink, SinkBatch, SinkError, in_memory};

/// A call that a sink has received.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Event {
    Begin(BatchId),
    Text(String),
    Commit,
}

/// Records events. Rows become text: cells separated by commas.
#[derive(Clone, Default)]
struct Recorder {
    events: Arc<Mutex<Vec<Event>>>,
    /// Fails after this number of events.
    room: Option<usize>,
}

impl Recorder {
    fn record(&self, event: Event) -> Result<(), SinkError> {
        let mut events = self.events.lock().expect("no test panics while it holds the lock");
        if self.room.is_some_and(|room| events.len() >= room) {
            return Err(SinkError::Failed("the recorder is full".to_owned()));
        }
        events.push(event);
        Ok(())
    }

    fn take(&self) -> Vec<Event> {
        std::mem::take(&mut *self.events.lock().expect("the run is over"))
    }
}

impl ByteSink for Recorder {
    fn begin(&mut self, batch: BatchId) -> Result<(), SinkError> {
        self.record(Event::Begin(batch))
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), SinkError> {
        self.record(Event::Text(String::from_utf8_lossy(bytes).into_owned()))
    }

    fn commit(&mut self) -> Result<(), SinkError> {
        self.record(Event::Commit)
    }
}

/// Receives rows, and records them as a sink of bytes receives text.
#[derive(Clone, Default)]
struct RowRecorder {
    recorder: Recorder,
    columns: OutputColumns,
    takes_several: bool,
}

impl RowSink for RowRecorder {
    fn takes_several(&self) -> bool {
        self.takes_several
    }

    fn deliver(&mut self, batch: &SinkBatch) -> Result<(), DeliveryError> {
        let mut text = Vec::new();
        for rows in batch.results.iter().flat_map(|result| &result.rows) {
            for row in 0..rows.rows {
                for (index, slot) in self.columns.slots().enumerate() {
                    text.extend_from_slice(if index > 0 { b"," } else { b"" });
                    write_text(rows.column(slot).get(row), &mut text);
                }
                text.push(b'\n');
            }
        }
        let text = String::from_utf8_lossy(&text).into_owned();
        for event in [Event::Begin(batch.id.unwrap_or_default()), Event::Text(text), Event::Commit] {
            self.recorder.record(event).map_err(|_| DeliveryError::Failed("the recorder is full".to_owned()))?;
        }
        Ok(())
    }
}

/// How a run divides its input.
#[derive(Clone, Copy, Debug)]
struct Division {
    threads: usize,
    chunk_bytes: usize,
    batch: Option<Duration>,
}

/// Every chunk is a batch.
const fn chunks_of(chunk_bytes: usize) -> Division {
    Division { threads: 2, chunk_bytes, batch: Some(Duration::ZERO) }
}

const DIVISIONS: [Division; 4] = [
    Division { threads: 1, chunk_bytes: 1 << 20, batch: None },
    chunks_of(1),
    Division { threads: 3, chunk_bytes: 1, batch: None },
    Division { threads: 1, chunk_bytes: 16, batch: Some(Duration::ZERO) },
];

/// A job without options.
fn job(sources: Vec<OsString>, encoding: Encoding) -> Job {
    Job {
        inputs: vec![0; sources.len()],
        sources,
        reading: Default::default(),
        threads: 1,
        chunk_bytes: 1 << 20,
        batch: None,
        max_line_bytes: 1 << 20,
        encoding,
        look: Default::default(),
        every: None,
        changed: false,
        live: None,
        progress: None,
        rejects: None,
        late: None,
        max_jump_ns: i64::MAX,
        watches: false,
        quiet: true,
        targets: TargetsJob::default(),
        budget: Budget::unlimited(),
        part: None,
        checkpoint: None,
    }
}

fn deliver(expression: &str, input: &str, sink: &mut Sink, division: Division) -> Outcome {
    let encoding = Encoding::Format(encode::find("csv").expect("it is in the table"), false);
    run_with(expression, input, sink, division, |_, job| job.encoding = encoding)
}

fn deliver_rows(expression: &str, input: &str, recorder: &Recorder, division: Division) -> Outcome {
    deliver_to(expression, input, recorder, division, false)
}

/// The same to a sink that may take several batches at once.
fn deliver_to(expression: &str, input: &str, recorder: &Recorder, division: Division, takes_several: bool) -> Outcome {
    run_with(expression, input, &mut Silent, division, |plan, job| {
        let columns = plan.output.columns.clone();
        let sink = Box::new(RowRecorder { recorder: recorder.clone(), columns, takes_several });
        job.targets.targets.push(TargetJob { name: "recorder".to_owned(), sink });
    })
}

fn run_with(
    expression: &str,
    input: &str,
    sink: &mut Sink,
    division: Division,
    change: impl FnOnce(&Plan, &mut Job),
) -> Outcome {
    let mut file = tempfile::NamedTempFile::new().expect("a temporary file");
    file.write_all(input.as_bytes()).expect("room for the input");
    let pipeline = lang::parse(expression).expect("a valid expression");
    let plan = Plan::of(&pipeline, OutputMode::Fields).expect("a valid expression");
    let mut job = Job {
        threads: division.threads,
        chunk_bytes: division.chunk_bytes,
        batch: division.batch,
        ..job(vec![file.path().into()], Encoding::Rows)
    };
    change(&plan, &mut job);
    run(Arc::new(plan), job, sink, &Control::new(crate::data::system_clock()).expect("a pipe"))
}

/// Checks that every text is part of one batch and that numbers grow; returns the text of each batch.
fn batches(events: &[Event]) -> Vec<(BatchId, String)> {
    let mut found: Vec<(BatchId, String)> = Vec::new();
    let mut is_open = false;
    for event in events {
        match event {
            Event::Begin(batch) => {
                assert!(!is_open, "a batch begins in another: {events:?}");
                assert!(found.last().is_none_or(|(last, _)| last < batch), "numbers do not grow: {events:?}");
                found.push((*batch, String::new()));
                is_open = true;
            }
            Event::Text(text) => {
                assert!(is_open, "rows outside of a batch: {events:?}");
                found.last_mut().expect("it is open").1.push_str(text);
            }
            Event::Commit => assert!(std::mem::take(&mut is_open), "a commit outside of a batch: {events:?}"),
        }
    }
    assert!(!is_open, "a batch was not committed: {events:?}");
    found
}

/// Expressions of each kind of plan: rows from the workers, stages of the coordinator, groups, windows.
const EXPRESSIONS: [&str; 6] = [
    "parse '{t} {n}' | where n > 2",
    "parse '{t} {n}' | sort n",
    "parse '{t} {n}' | running sum(n)",
    "parse '{t} {n}' | count, sum(n) by n % 3",
    "parse '{t} {n}' | count, sum(n) | window 2s on t",
    "parse '{t} {n}' | sort n | window 2s on t",
];

fn input() -> String {
    (0..40).map(|n| format!("2026-03-01T10:00:{n:02}Z {}\n", n * 7 % 11)).collect()
}

#[test]
fn every_row_is_part_of_one_batch_and_numbers_grow() {
    for expression in EXPRESSIONS {
        let (mut sink, printed) = in_memory();
        deliver(expression, &input(), &mut sink, DIVISIONS[0]);
        let printed = String::from_utf8(printed.lock().expect("the run is over").clone()).expect("text");
        assert!(printed.lines().count() > 1, "{expression} prints {printed:?}");
        for division in DIVISIONS {
            let recorder = Recorder::default();
            deliver(expression, &input(), &mut recorder.clone(), division);
            let text: String = batches(&recorder.take()).into_iter().map(|(_, text)| text).collect();
            assert_eq!(text, printed, "{expression}, {division:?}");
            deliver_rows(expression, &input(), &recorder, division);
            let rows: String = batches(&recorder.take()).into_iter().map(|(_, text)| text).collect();
            assert_eq!(rows, printed, "rows of {expression}, {division:?}");
            deliver_to(expression, &input(), &recorder, division, true);
            let rows: String = batches(&recorder.take()).into_iter().map(|(_, text)| text).collect();
            assert_eq!(rows, printed, "rows of {expression} in batches that were joined, {division:?}");
        }
    }
}

#[test]
fn the_number_is_that_of_the_merged_batch() {
    // Each record is a chunk and a batch. The third batch is the first without a row.
    let recorder = Recorder::default();
    deliver("parse '{n}' | where n != 3", "1\n2\n3\n4\n", &mut recorder.clone(), chunks_of(2));
    let rows = [(0, "1\n"), (1, "2\n"), (3, "4\n")].map(|(batch, text)| (BatchId(batch), text.to_owned()));
    assert_eq!(batches(&recorder.take()), rows);
    // The result of all records comes after the last batch.
    deliver("parse '{n}' | sum(n)", "1\n2\n3\n4\n", &mut recorder.clone(), chunks_of(2));
    assert_eq!(batches(&recorder.take()), [(BatchId(4), "10\n".to_owned())]);
}

#[test]
fn a_window_belongs_to_the_batch_that_makes_it_final() {
    let recorder = Recorder::default();
    let input = "2026-03-01T10:00:00Z\n2026-03-01T10:00:01Z\n2026-03-01T10:00:05Z\n";
    let expression = "parse '{t}' | count | window 2s on t | select count";
    deliver_rows(expression, input, &recorder, chunks_of(21));
    // The third record ends the first window; the end of the source, which is a chunk without records, ends the other.
    let rows = [(BatchId::after(3, 0), "2\n".to_owned()), (BatchId::after(3, 1), "1\n".to_owned())];
    assert_eq!(batches(&recorder.take()), rows);
}

#[test]
fn after_an_error_the_sink_is_not_called_again() {
    for room in 0..6 {
        let recorder = Recorder { room: Some(room), ..Recorder::default() };
        let mut sink = recorder.clone();
        let outcome = deliver("parse '{n}' | where n > 0", "1\n2\n3\n4\n", &mut sink, chunks_of(2));
        assert_eq!(outcome.sink, Some(SinkError::Failed("the recorder is full".to_owned())));
        assert_eq!(recorder.take().len(), room, "all events up to the error");
    }
}
