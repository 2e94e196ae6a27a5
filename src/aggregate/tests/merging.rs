//! Merged and windowed groups, compared with a computation over plain lists of records.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::tz::TimeZone;
use proptest::prelude::*;

use crate::aggregate::{
    Aggregation, Executor, Merged, Partial, SessionGroups, SessionRows, SlicedPartial, WindowedGroups,
};
use crate::data::{Batch, Position, Slot, write_text};
use crate::expr::Failures;
use crate::plan::{Exchange, OutputMode, Plan};
use crate::stage::RecordCounts;
use crate::window::{Grid, Slice, Window, WindowKind};

/// Runs tasks one after another, the last one first.
struct Backwards;

impl Executor for Backwards {
    fn run(&self, tasks: usize, task: &(dyn Fn(usize) + Sync)) {
        (0..tasks).rev().for_each(task);
    }
}

/// A record: its group, its value and its place in time.
#[derive(Clone, Copy, Debug)]
struct Event {
    key: i64,
    value: i64,
    at: i64,
}

/// The aggregates of an expression, and the computation of the same row from the values of a group.
struct Question {
    expression: &'static str,
    naive: fn(&[i64]) -> Vec<i64>,
}

/// Aggregates that can subtract: sliding windows keep one sum.
const SUBTRACTED: Question = Question {
    expression: "csv as k, n | count, sum(n) as s by k",
    naive: |values| vec![values.len() as i64, values.iter().sum()],
};

/// Aggregates that cannot subtract: sliding windows keep a tree of slices.
const MERGED: Question = Question {
    expression: "csv as k, n | min(n) as a, max(n) as b, count_distinct(n) as d, mode(n) as m, p50(n) as h by k",
    naive: |values| {
        let mut sorted = values.to_vec();
        sorted.sort_unstable();
        let count = |value: i64| values.iter().filter(|other| **other == value).count();
        let mode = sorted.iter().rev().max_by_key(|value| count(**value));
        vec![
            sorted[0],
            sorted[sorted.len() - 1],
            sorted.iter().collect::<BTreeSet<_>>().len() as i64,
            *mode.expect("a group has records"),
            sorted[(sorted.len() - 1) / 2],
        ]
    },
};

/// Aggregates that depend on the order of the stream.
const ORDERED: Question = Question {
    expression: "csv as k, n | first(n) as f, last(n) as l by k",
    naive: |values| vec![values[0], values[values.len() - 1]],
};

const QUESTIONS: [Question; 3] = [SUBTRACTED, MERGED, ORDERED];

/// A planned question.
struct Planned {
    plan: Plan,
    aggregation: Arc<Aggregation>,
}

impl Planned {
    fn new(question: &Question) -> Planned {
        let plan = Plan::read(question.expression, OutputMode::AsItCame).expect("the test's own text");
        let Exchange::Grouped(aggregation) = &plan.exchange else { panic!("the workers do not aggregate") };
        let aggregation = Arc::clone(aggregation);
        Planned { plan, aggregation }
    }

    /// Calls `see` with a batch of the records.
    fn batch(&self, events: &[Event], position: Position, see: impl FnOnce(&Batch<'_>)) {
        let text: String = events.iter().map(|event| format!("{},{}\n", event.key, event.value)).collect();
        let mut batch = self.plan.inputs[0].scanner.scan(text.as_bytes(), position);
        let steps = self.plan.inputs[0].map.iter().chain(&self.plan.map);
        steps.for_each(|step| step.stage.apply(&mut batch, &step.live, &mut RecordCounts::default()));
        see(&batch);
    }

    /// The rows by key, without the order in which groups are printed.
    fn rows(&self, batches: &[Batch<'_>]) -> Rows {
        let all = batches.iter().flat_map(|batch| self.cells(batch));
        all.map(|cells| (cells[0], cells[1..].to_vec())).collect()
    }

    /// The rows of a batch: the key, then the aggregates.
    fn cells(&self, batch: &Batch<'_>) -> Vec<Vec<i64>> {
        let slots: Vec<Slot> = self.plan.output.columns.named.iter().map(|column| column.slot).collect();
        let cell = |slot: Slot, row: usize| {
            let mut text = Vec::new();
            write_text(batch.column(slot).get(row), &mut text);
            String::from_utf8_lossy(&text).parse().expect("all cells are whole numbers")
        };
        (0..batch.rows).map(|row| slots.iter().map(|slot| cell(*slot, row)).collect()).collect()
    }
}

/// The aggregates of each key.
type Rows = BTreeMap<i64, Vec<i64>>;

fn naive<'e>(question: &Question, events: impl Iterator<Item = &'e Event>) -> Rows {
    let mut groups: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
    events.for_each(|event| groups.entry(event.key).or_default().push(event.value));
    groups.into_iter().map(|(key, values)| (key, (question.naive)(&values))).collect()
}

/// A session: its end, its start, its key, then its aggregates.
type NaiveSession = (i64, i64, Vec<i64>);

/// The sessions of each key, in the order in which they are printed: records less than `gap` apart are in one.
fn naive_sessions(question: &Question, events: &[Event], gap: i64) -> Vec<NaiveSession> {
    let mut sorted: Vec<(usize, &Event)> = events.iter().enumerate().collect();
    sorted.sort_by_key(|(_, event)| (event.key, event.at));
    let is_one =
        |left: &(usize, &Event), right: &(usize, &Event)| left.1.key == right.1.key && right.1.at - left.1.at < gap;
    let session = |events: &[(usize, &Event)]| {
        let (start, end) = (events[0].1.at, events[events.len() - 1].1.at + gap);
        let mut arrived = events.to_vec();
        arrived.sort_by_key(|(number, _)| *number);
        let values: Vec<i64> = arrived.iter().map(|(_, event)| event.value).collect();
        (end, start, std::iter::once(events[0].1.key).chain((question.naive)(&values)).collect())
    };
    let mut sessions: Vec<NaiveSession> = sorted.chunk_by(is_one).map(session).collect();
    sessions.sort();
    sessions
}

/// Records whose times grow with some disorder.
fn events() -> impl Strategy<Value = Vec<Event>> {
    prop::collection::vec((0i64..4, 0i64..6, 0i64..7), 1..70).prop_map(|events| {
        let event = |(index, (key, value, early)): (i64, (i64, i64, i64))| Event { key, value, at: index - early };
        (0..).zip(events).map(event).collect()
    })
}

/// The number of records in each batch, and the worker that has it.
fn deal() -> impl Strategy<Value = Vec<(usize, usize)>> {
    prop::collection::vec((1usize..9, 0usize..3), 1..12)
}

/// The batches of a stream: records, worker.
fn dealt<'e>(events: &'e [Event], deal: &'e [(usize, usize)]) -> impl Iterator<Item = (&'e [Event], usize)> {
    let mut rest = events;
    deal.iter().cycle().map_while(move |(size, worker)| {
        let (batch, after) = rest.split_at((*size).min(rest.len()));
        rest = after;
        (!batch.is_empty()).then_some((batch, *worker))
    })
}

proptest! {
    #[test]
    fn partials_merged_in_any_division_equal_one_list(events in events(), deal in deal(), rounds in 1usize..4) {
        for question in &QUESTIONS {
            let planned = Planned::new(question);
            let mut merged = Merged::new(Arc::clone(&planned.aggregation));
            let mut workers: Vec<Partial> = (0..3).map(|_| Partial::new(Arc::clone(&planned.aggregation))).collect();
            let mut seen = 0;
            for (number, (batch, worker)) in dealt(&events, &deal).enumerate() {
                planned.batch(batch, Position(number as u64), |batch| {
                    workers[worker].update(batch, &mut Failures::default());
                });
                seen += batch.len();
                if number % rounds == 0 {
                    // The last worker hands over first.
                    workers.iter_mut().rev().for_each(|worker| merged.add(worker.take(), &Backwards));
                    let snapshot = planned.rows(&merged.snapshot(&Backwards));
                    prop_assert_eq!(snapshot, naive(question, events[..seen].iter()), "{}", question.expression);
                }
            }
            workers.iter_mut().for_each(|worker| merged.add(worker.take(), &Backwards));
            let rows = planned.rows(&merged.finish(&Backwards));
            prop_assert_eq!(rows, naive(question, events.iter()), "{}", question.expression);
        }
    }

    #[test]
    fn windows_have_the_records_between_their_bounds(
        events in events(),
        deal in deal(),
        length in 1i64..12,
        slide in 1i64..12,
        merges_every in 1usize..4,
    ) {
        let kind = WindowKind::Time { length: length.max(slide), slide };
        let grid = Grid::of(&Window { kind, late_ns: 0, offset_ns: 0 }, &TimeZone::UTC).expect("windows of time have slices");
        for question in &QUESTIONS {
            let planned = Planned::new(question);
            let mut windows = WindowedGroups::new(Arc::clone(&planned.aggregation), grid.clone());
            let worker = || SlicedPartial::new(Arc::clone(&planned.aggregation));
            let mut workers: Vec<SlicedPartial> = (0..3).map(|_| worker()).collect();
            // The records that are in time, each with the first window that takes it.
            let mut taken: Vec<(i64, Event)> = Vec::new();
            let (mut position, mut watermark, mut next) = (0, i64::MIN, i64::MIN);
            let expected = |taken: &[(i64, Event)], window: i64| {
                let (start, end) = (grid.start(window), grid.end(window));
                let is_in = |(first, event): &&(i64, Event)| *first <= window && (start..end).contains(&event.at);
                naive(question, taken.iter().filter(is_in).map(|(_, event)| event))
            };
            let mut finished: Vec<i64> = Vec::new();
            let mut finish = |windows: &mut WindowedGroups, taken: &[(i64, Event)], watermark: i64| {
                while let Some(window) = windows.first().filter(|window| grid.is_final(*window, watermark)) {
                    assert!(window >= next, "windows are final in order");
                    let rows = planned.rows(&windows.finish(window, &Backwards));
                    assert_eq!(rows, expected(taken, window), "window {window} of {}", question.expression);
                    next = window + 1;
                    finished.push(window);
                }
            };
            for (number, (batch, worker)) in dealt(&events, &deal).enumerate() {
                let mut in_time = Vec::new();
                let mut slices = Vec::new();
                for event in batch {
                    let slice = grid.slice_of(event.at);
                    let (first, last) = grid.windows(slice);
                    let first = match watermark {
                        i64::MIN => first,
                        watermark => first.max(grid.first_open(grid.slice_of(watermark))),
                    };
                    if first <= last {
                        in_time.push(*event);
                        slices.push(Slice { first, number: slice });
                        taken.push((first, *event));
                    }
                }
                planned.batch(&in_time, Position(position), |batch| {
                    position += workers[worker].update(batch, &slices, &mut Failures::default());
                });
                if number % merges_every == 0 {
                    workers.iter_mut().rev().for_each(|worker| windows.add(worker.take(), &Backwards));
                    watermark = taken.iter().map(|(_, event)| event.at - 3).max().unwrap_or(i64::MIN);
                    finish(&mut windows, &taken, watermark);
                    for window in windows.open(3) {
                        let rows = planned.rows(&windows.snapshot(window, &Backwards));
                        prop_assert_eq!(rows, expected(&taken, window), "open {} of {}", window, question.expression);
                    }
                }
            }
            workers.iter_mut().for_each(|worker| windows.add(worker.take(), &Backwards));
            finish(&mut windows, &taken, i64::MAX);
            let in_windows = |(first, event): &(i64, Event)| *first..=grid.windows(grid.slice_of(event.at)).1;
            let all: BTreeSet<i64> = taken.iter().flat_map(in_windows).collect();
            prop_assert_eq!(finished, all.into_iter().collect::<Vec<_>>(), "every window with records, once");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn sessions_have_the_records_that_no_gap_separates(events in events(), deal in deal(), gap in 1i64..6) {
        for question in &QUESTIONS {
            let planned = Planned::new(question);
            let mut sessions = SessionGroups::new(Arc::clone(&planned.aggregation), gap);
            let cells = |found: &SessionRows| -> Vec<NaiveSession> {
                let bounds = found.ends.iter().copied().zip(found.starts.iter().copied());
                bounds.zip(planned.cells(&found.rows)).map(|((end, start), cells)| (end, start, cells)).collect()
            };
            let mut seen = 0;
            for (number, (batch, _)) in dealt(&events, &deal).enumerate() {
                planned.batch(batch, Position(number as u64), |rows| {
                    let late = sessions.update(rows, |row| (batch[row].at, i64::MIN), &mut Failures::default());
                    assert_eq!(late, []);
                });
                seen += batch.len();
                let snapshot = sessions.snapshot().as_ref().map(cells).unwrap_or_default();
                prop_assert_eq!(snapshot, naive_sessions(question, &events[..seen], gap), "{}", question.expression);
            }
            let mut found = Vec::new();
            while let Some(rows) = sessions.take(None) {
                found.extend(cells(&rows));
            }
            prop_assert_eq!(found, naive_sessions(question, &events, gap), "{}", question.expression);
        }
    }
}
