//! The stores, with records in chunks of any size, saved and loaded in between.

use proptest::prelude::*;

use super::*;
use crate::data::persist::{StateError, StateReader};
use crate::data::{Column, Position, Validity};
use crate::engine::executor::tests::Serial;
use crate::engine::window_assigner::WindowAssigner;
use crate::plan::{Exchange, MergeStep, OutputMode, Plan, TimeDomain};
use crate::window::check_state::check_state;
use crate::window::{Arrival, WatermarkConfig};

static SERIAL: Serial = Serial;

/// A store with the assigner of its records.
struct Windows {
    store: Box<dyn WindowStore>,
    assigner: WindowAssigner,
    steps: u64,
    watermark: i64,
    /// The slot of the time, and all slots that are read.
    slots: (Slot, SlotSet),
    late: u64,
}

/// A record: its source, time, and the value of all other fields.
type TestRecord = (usize, i64, i64);

fn windows(expression: &str, fill: Option<u64>) -> Windows {
    let pipeline = crate::lang::parse(expression).expect("an expression");
    let plan = Plan::of(&pipeline, OutputMode::AsItCame).expect("a plan");
    let planned = PlannedWindow { fill, ..plan.window.clone().expect("a window") };
    let TimeDomain::Event(time) = planned.by else {
        panic!("{expression}: windows over event time");
    };
    let mut reads = SlotSet::default();
    reads.insert(time);
    let contents = match (&plan.exchange, plan.merge.first()) {
        (Exchange::Grouped(aggregation), _) | (_, Some(MergeStep::Grouped(aggregation))) => {
            aggregation.reads(&mut reads);
            WindowContents::Groups(Arc::clone(aggregation))
        }
        (_, Some(MergeStep::Ordered(stage, after))) if stage.merges_states() => {
            stage.reads(&mut reads);
            WindowContents::States(Arc::clone(stage), after.clone())
        }
        (_, Some(MergeStep::Ordered(stage, after))) => {
            let mut live = after.clone();
            stage.reads(&mut live);
            live.iter().for_each(|slot| reads.insert(slot));
            WindowContents::Records { keys: stage.keys(), live }
        }
        _ => panic!("{expression}: a blocking stage"),
    };
    let limits = WatermarkConfig { sources: 2, max_jump_ns: 60 * SECOND, idle_ns: i64::MAX };
    Windows {
        store: window_store(&planned, contents),
        assigner: WindowAssigner::new(&planned, limits),
        steps: 0,
        watermark: i64::MIN,
        slots: (time, reads),
        late: 0,
    }
}

const SECOND: i64 = 1_000_000_000;

impl Windows {
    /// Adds records of one source that arrive together, and returns the windows that they make final.
    fn add(&mut self, records: &[TestRecord]) -> Vec<String> {
        let mut batch = Batch::new(records.len(), Position(0));
        for slot in self.slots.1.iter() {
            let value = |record: &TestRecord| if slot == self.slots.0 { record.1 * SECOND } else { record.2 };
            batch.set(slot, Column::Int(records.iter().map(value).collect(), Validity::ALL));
        }
        let arrival = Arrival { source: records[0].0, input: 0, read_ns: 100 * SECOND };
        let mut chunk = self.assigner.chunk(self.steps, std::iter::once(&batch), arrival);
        self.steps += 1;
        let late = self.store.add(&batch, &mut chunk, &mut Failures::default());
        self.late += late.len() as u64;
        self.watermark = chunk.watermark;
        self.take(Some(self.watermark))
    }

    /// The windows that are final at this watermark.
    fn take(&mut self, watermark: Option<i64>) -> Vec<String> {
        let progress = FiringContext { watermark, rows_read: None, largest: self.watermark };
        let mut taken = Vec::new();
        while let Some(pane) = self.store.take_final(progress, &SERIAL) {
            taken.extend(lines(pane));
        }
        taken
    }

    fn open(&mut self) -> Vec<String> {
        let progress = FiringContext { watermark: None, rows_read: None, largest: self.watermark };
        self.store.open(progress, &SERIAL).into_iter().flat_map(lines).collect()
    }

    /// Adds records, cut into chunks of at most `most`; returns all windows and the number of late records.
    fn run(&mut self, records: &[TestRecord], most: usize) -> (Vec<String>, u64) {
        let chunks = records.chunk_by(|left, right| left.0 == right.0).flat_map(|same| same.chunks(most));
        let taken = chunks.flat_map(|chunk| self.add(chunk)).collect();
        (taken, self.late)
    }
}

/// A line for each window or session, with its rows.
fn lines(pane: Pane) -> Vec<String> {
    let rows = |batch: &Batch<'static>| {
        let slots: Vec<Slot> = batch.slots().iter().collect();
        let values = |row| slots.iter().map(|slot| format!("{:?}", batch.column(*slot).get(row))).collect::<Vec<_>>();
        (0..batch.rows).map(|row| values(row).join(" ")).collect::<Vec<_>>()
    };
    match pane {
        Pane::UnfilledGap(gap) => vec![format!("{gap:?}")],
        Pane::Window(start, end, batches) => {
            let rows: Vec<String> = batches.iter().flat_map(rows).collect();
            vec![format!("{start:?} {end:?} {rows:?}")]
        }
        Pane::Sessions(SessionRows { rows: batch, starts, ends }) => {
            let bounds = starts.iter().zip(&ends);
            rows(&batch).iter().zip(bounds).map(|(row, bounds)| format!("{bounds:?} {row}")).collect()
        }
    }
}

/// The store and its assigner are saved together.
impl Stateful for Windows {
    fn save_state(&self, out: &mut Vec<u8>) {
        self.store.save_state(out);
        self.assigner.save_state(out);
    }

    fn load_state(&mut self, input: &mut StateReader<'_>) -> Result<(), StateError> {
        self.store.load_state(input)?;
        self.assigner.load_state(input)
    }
}

const STORES: [(&str, Option<u64>); 9] = [
    ("json | count, sum(a) by k | window 6s on t late 4s", None),
    ("json | count, max(a) by k | window 6s/2s on t late 4s", Some(50)),
    ("json | sort a | window 6s on t late 4s", Some(50)),
    ("json | tail 3 | window 6s/2s on t late 4s", None),
    ("json | count by k approx 2 | window 6s on t late 4s", None),
    ("json | count by k, a approx 1 | window 6s/2s on t late 4s", None),
    ("json | count by k approx 100 | window 20s/1s on t late 4s", None),
    ("json | count, sum(a), last(a) by k | window session 5s on t late 4s", None),
    ("json | sort a | window session 5s on t late 4s", None),
];

fn records() -> impl Strategy<Value = Vec<TestRecord>> {
    proptest::collection::vec((0usize..2, 0i64..40, 0i64..3), 0..16)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    #[test]
    fn chunks_of_any_size_give_the_same_windows(records in records(), most in 2usize..10) {
        for (expression, fill) in STORES {
            let result = |most| {
                let mut windows = windows(expression, fill);
                let (mut taken, late) = windows.run(&records, most);
                taken.extend(windows.take(None));
                (taken, late)
            };
            prop_assert_eq!(result(most), result(1), "{}", expression);
        }
    }

    #[test]
    fn a_loaded_store_goes_on_as_the_saved_one(
        records in records(),
        at in any::<prop::sample::Index>(),
        most in 1usize..6,
        change in 1u8..,
    ) {
        let at = at.index(records.len() + 1);
        for (expression, fill) in STORES {
            let mut saved = windows(expression, fill);
            saved.run(&records[..at], most);
            let rest = |windows: &mut Windows| {
                windows.late = 0;
                let open = windows.open();
                let (mut taken, late) = windows.run(&records[at..], most);
                taken.extend(windows.take(None));
                (open, taken, late)
            };
            let watermark = saved.watermark;
            let mut loaded = check_state(&saved, || windows(expression, fill), change, |_| {});
            loaded.watermark = watermark;
            prop_assert_eq!(rest(&mut loaded), rest(&mut saved), "{}", expression);
        }
    }
}

#[test]
fn records_take_memory_until_their_windows_are_final() {
    for (expression, fill) in STORES {
        let mut windows = windows(expression, fill);
        let empty = windows.store.heap_bytes();
        for number in 0..2000 {
            windows.add(&[(0, 40, number), (0, 41, number)]);
        }
        let full = windows.store.heap_bytes();
        if expression.contains("approx") {
            assert!(full > empty && full < empty + 50_000, "{expression}: {empty} to {full}");
            continue; // counters do not grow with the records
        }
        assert!(full > empty + 10_000, "{expression}: {empty} to {full}");
        if expression.contains("session") {
            continue; // cells are freed when many of them are unused
        }
        windows.add(&[(0, 75, 1)]);
        windows.add(&[(1, 75, 1)]);
        let after = windows.store.heap_bytes();
        assert!(after < full / 2, "{expression}: {full} to {after}");
    }
}
