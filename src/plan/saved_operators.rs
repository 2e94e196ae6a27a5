//! Every operator of every stage, saved in the middle of a stream.
//!
//! The operators come from the plans of the manual's examples, so a new stage is tested as soon as it has one.

use std::fmt::Write;
use std::sync::OnceLock;

use proptest::prelude::*;

use super::*;
use crate::data::persist::{StateError, StateReader};
use crate::data::{Batch, Column, Position, Slot, SlotSet, ValueRef};
use crate::stage::{Operator, OrderedStage, OwnTime, RecordCounts, STAGES};
use crate::window::{Arrival, Punctuation, SourceInfo, WatermarkConfig};

const SECOND: i64 = 1_000_000_000;

/// Pipelines whose operators have states that no example has.
const MORE: &[&str] = &[
    "dedup line within 10s",
    "parse '{t:time} {word}' | dedup word within 10s on t",
    "sort line desc | limit 3",
    "limit 4 | tail 2",
    "count by line, len(line) as bytes approx 3",
    "count by line approx 2 | limit 1",
    "running fold n = 0 then n + len(line) by line",
    "fold a = 0 then a + 1, b = line then b by len(line)",
    "running sum(len(line)) over 3 rows by line",
    "parse \"{t:time} {ip}\" | running count over 3s on t, max(t) over 3s on t by ip",
    "running count over 2s by line",
    "running count, max(line), avg(len(line)) by len(line)",
    "--with hosts=hosts.csv 'split as ip | join (hosts | csv | select ip, site) on ip within 2s'",
    "--with hosts=hosts.csv 'parse \"{t:time} {ip}\" | join (hosts | parse \"{t:time} {ip} {site}\") on ip within 2s on t late 1s left'",
    "count by line | until count > 3",
    "count by line | let share = count / total(count)",
];

/// The text of a pipeline, a stage of it, and the slots read after the stage.
type Planned = (String, Arc<dyn OrderedStage>, SlotSet);

/// The stages with an operator, from all pipelines.
fn stages() -> &'static [Planned] {
    static PLANNED: OnceLock<Vec<Planned>> = OnceLock::new();
    PLANNED.get_or_init(planned)
}

fn planned() -> Vec<Planned> {
    let examples = STAGES.iter().flat_map(|def| def.entry.examples).map(|example| example.expr);
    let mut stages = Vec::new();
    for text in examples.chain(MORE.iter().copied()) {
        for forget_ns in [None, Some(2 * SECOND)] {
            let settings = Settings {
                forget_ns,
                keeps_late: true,
                inputs: vec!["hosts".to_owned()],
                ..Settings::from(OutputMode::AsItCame)
            };
            let plan = match Plan::read(without_options(text), settings) {
                Ok(plan) => plan,
                Err(_) if text.contains("lookup") => continue, // it reads a file and has no operator
                Err(found) => panic!("{text}: {found:?}"),
            };
            for step in plan.merge {
                if let MergeStep::Ordered(stage, live) = step {
                    stages.push((text.to_owned(), stage, live));
                }
            }
        }
    }
    stages
}

/// The expression of an example that is written as for a shell.
fn without_options(text: &str) -> &str {
    if !text.starts_with('-') {
        return text;
    }
    let quoted = text.split_once('\'').expect("an expression in quotes").1;
    quoted.strip_suffix('\'').expect("an expression in quotes")
}

/// The random part of a stream.
#[derive(Clone, Debug)]
struct TestStream {
    /// The values of each row.
    rows: Vec<[u8; 6]>,
    /// The type of each column.
    types: [u8; 6],
    /// Rows in a batch.
    batch_rows: usize,
    /// The state is saved before this batch.
    saved_before: usize,
}

fn streams() -> impl Strategy<Value = TestStream> {
    let rows = prop::collection::vec(any::<[u8; 6]>(), 1..30);
    (rows, any::<[u8; 6]>(), 1usize..6, 0usize..8).prop_map(|(rows, types, batch_rows, saved_before)| TestStream {
        rows,
        types,
        batch_rows,
        saved_before,
    })
}

impl TestStream {
    /// The batches, with a column for each slot.
    fn batches(&self, slots: &SlotSet, has_time: bool) -> Vec<Batch<'static>> {
        let batch = |(number, rows): (usize, &[[u8; 6]])| {
            let mut batch = Batch::new(rows.len(), Position(number as u64));
            for (index, slot) in slots.iter().enumerate() {
                let kind = if has_time { 0 } else { self.types[index % 6] % 4 };
                let cells = rows.iter().map(|row| row[index % 6].wrapping_add(index as u8));
                batch.set(slot, cells.map(|cell| value(kind, cell)).collect());
            }
            batch
        };
        self.rows.chunks(self.batch_rows).enumerate().map(batch).collect()
    }
}

const TEXTS: &[&str] = &["", "a", "b", "7", "-2.5", "a text of more than sixteen bytes", "2026-03-01T10:00:00Z"];

fn value(kind: u8, cell: u8) -> ValueRef<'static> {
    let text = TEXTS[usize::from(cell) % TEXTS.len()].as_bytes();
    match (kind, cell % 5) {
        (0, _) => ValueRef::Int(i64::from(cell % 8) * SECOND),
        (1, _) => ValueRef::Text(text),
        (2, _) => ValueRef::Bool(cell.is_multiple_of(3)),
        (_, 0) => ValueRef::Null,
        (_, 1) => ValueRef::Float(f64::from(cell) / 4.0),
        (_, 2) => ValueRef::Time(i64::from(cell) * SECOND),
        (_, 3) => ValueRef::Text(text),
        _ => ValueRef::Int(i64::from(cell % 4)),
    }
}

/// An operator and its output.
struct OperatorRun {
    operator: Box<dyn Operator>,
    out: Vec<Batch<'static>>,
    account: RecordCounts,
}

impl OperatorRun {
    /// Begins a stream of two sources.
    fn new(stage: &dyn OrderedStage, live: &SlotSet) -> OperatorRun {
        let mut operator = stage.operator(live);
        let limits = WatermarkConfig { sources: 2, max_jump_ns: i64::MAX / 4, idle_ns: i64::MAX };
        operator.begin(limits, &[0, 1].map(|input| SourceInfo { input, ends: true }));
        OperatorRun { operator, out: Vec::new(), account: RecordCounts::default() }
    }

    fn load(stage: &dyn OrderedStage, live: &SlotSet, bytes: &[u8]) -> Result<OperatorRun, StateError> {
        let mut run = OperatorRun::new(stage, live);
        let mut input = StateReader::new(bytes);
        run.operator.load_state(&mut input)?;
        if input.is_empty() { Ok(run) } else { Err(StateError::Damaged) }
    }

    fn bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.operator.save_state(&mut out);
        out
    }

    fn push(&mut self, number: usize, batch: &Batch<'static>) {
        let input = usize::from(number % 3 == 1);
        let arrival = Arrival { source: input, input, read_ns: number as i64 * SECOND };
        self.operator.arrive(arrival);
        self.operator.push(batch.clone(), &mut self.out, &mut self.account);
        if number == 4 {
            self.operator.mark(Punctuation::Ended, arrival, &mut self.out, &mut self.account);
        }
    }

    /// Everything that can be seen of the run.
    fn seen(&self) -> String {
        let mut seen = String::new();
        let snapshot = self.operator.snapshot();
        for batch in self.out.iter().chain(&snapshot) {
            for row in 0..batch.rows {
                let value = |slot: Slot| format!("{}={:?}", slot.0, batch.column(slot).get(row));
                let values: Vec<String> = batch.slots().iter().map(value).collect();
                let _ = writeln!(seen, "{}: {}", batch.position.0, values.join(" "));
            }
        }
        let RecordCounts { filtered, no_records, late, late_lines, jumps, rejected, failures, checks, .. } =
            &self.account;
        let counts = [filtered, no_records, late, jumps, rejected, &checks.until_rows];
        let _ = writeln!(seen, "{counts:?} {late_lines:?} {failures:?} {}", checks.reached);
        let _ = writeln!(seen, "done: {}", self.operator.is_done());
        seen
    }

    fn finish(mut self) -> String {
        self.operator.finish(&mut self.out, &mut self.account);
        let mut seen = String::new();
        for batch in &self.out {
            let columns = batch.slots().iter().map(|slot| column_text(batch.column(slot))).collect::<Vec<_>>();
            let _ = writeln!(seen, "{}", columns.join(" | "));
        }
        let _ = write!(seen, "{} {} {:?}", self.account.filtered, self.account.late, self.account.failures);
        seen
    }
}

fn column_text(column: &Column<'_>) -> String {
    let values: Vec<String> = (0..column.len()).map(|row| format!("{:?}", column.get(row))).collect();
    values.join(",")
}

/// The slots that a stage reads, and those that later stages read from its records.
fn slots_of(stage: &dyn OrderedStage, live: &SlotSet) -> SlotSet {
    let mut slots = live.clone();
    stage.makes().into_iter().for_each(|slot| slots.remove(slot));
    stage.reads(&mut slots);
    slots
}

#[test]
fn every_stateful_stage_has_an_operator_here() {
    let stages = stages();
    let of = |word: &str| stages.iter().any(|(text, ..)| text.contains(word));
    for word in ["sort", "limit", "tail", "dedup", "fold", "running", "join", "until", "total(", "top", "approx"] {
        assert!(of(word), "no operator of `{word}`");
    }
    assert!(stages.len() > 40, "{} operators", stages.len());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_loaded_operator_goes_on_as_the_saved_one(stream in streams()) {
        for (text, stage, live) in stages() {
            let stage = stage.as_ref();
            let batches = stream.batches(&slots_of(stage, live), stage.own_time() != OwnTime::None);
            let saved_before = stream.saved_before.min(batches.len());
            let mut whole = OperatorRun::new(stage, live);
            let push = |run: &mut OperatorRun, number: usize, batch: &Batch<'static>| {
                if !run.operator.is_done() {
                    run.push(number, batch);
                }
            };
            for (number, batch) in batches.iter().enumerate().take(saved_before) {
                push(&mut whole, number, batch);
            }
            whole.out.clear();
            whole.account = RecordCounts::default();
            let bytes = whole.bytes();
            let mut again = match OperatorRun::load(stage, live, &bytes) {
                Ok(again) => again,
                Err(error) => panic!("{text}: {error}"),
            };
            prop_assert_eq!(again.bytes(), bytes, "{}", text);
            for (number, batch) in batches.iter().enumerate().skip(saved_before) {
                push(&mut whole, number, batch);
                push(&mut again, number, batch);
                prop_assert_eq!(again.seen(), whole.seen(), "{}", text);
            }
            prop_assert_eq!(again.bytes(), whole.bytes(), "{}", text);
            prop_assert_eq!(again.finish(), whole.finish(), "{}", text);
        }
    }

    #[test]
    fn damage_is_rejected_or_harmless(stream in streams(), damage in prop::collection::vec((any::<u32>(), 1u8..), 8)) {
        for (text, stage, live) in stages() {
            let stage = stage.as_ref();
            let mut run = OperatorRun::new(stage, live);
            let batches = stream.batches(&slots_of(stage, live), stage.own_time() != OwnTime::None);
            for (number, batch) in batches.iter().enumerate().take(saved(&stream)) {
                run.push(number, batch);
            }
            let bytes = run.bytes();
            for (at, change) in &damage {
                let at = *at as usize % bytes.len().max(1);
                prop_assert!(bytes.is_empty() || OperatorRun::load(stage, live, &bytes[..at]).is_err(), "{}", text);
                let mut damaged = bytes.clone();
                damaged.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= change);
                drop(OperatorRun::load(stage, live, &damaged));
            }
        }
    }
}

fn saved(stream: &TestStream) -> usize {
    stream.saved_before + 1
}

#[test]
fn truncated_states_are_rejected() {
    let rows = (0..12u8).map(|row| [row, row + 1, row / 2, 7, row % 3, 1]).collect();
    let stream = TestStream { rows, types: [3, 1, 0, 3, 2, 1], batch_rows: 4, saved_before: 0 };
    for (text, stage, live) in stages() {
        let stage = stage.as_ref();
        let mut run = OperatorRun::new(stage, live);
        let batches = stream.batches(&slots_of(stage, live), stage.own_time() != OwnTime::None);
        batches.iter().enumerate().for_each(|(number, batch)| run.push(number, batch));
        let bytes = run.bytes();
        for end in 0..bytes.len() {
            assert!(OperatorRun::load(stage, live, &bytes[..end]).is_err(), "{text}: {end} of {} bytes", bytes.len());
        }
    }
}
