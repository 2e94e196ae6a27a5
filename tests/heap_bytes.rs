//! What states say about their memory, against a counting allocator. One test: no other may allocate meanwhile.

use std::alloc::System;
use std::sync::Arc;

use bourn::aggregate::{
    AGGREGATES, Accumulator, AggregateDef, AggregateSettings, Aggregation, ArgumentKind, BoundAggregate, Executor,
    FirstColumn, GroupKey, Merged, Partial, Ranking, Recent, RowGroups, RunningAggregate, RunningAggregation,
    RunningStates, SessionGroups, find,
};
use bourn::data::{Batch, Column, HeapBytes, Position, Slot, Value};
use bourn::expr::{BoundExpr, Failures};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static GLOBAL: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const GROUPS: usize = 20_000;
const CHUNKS: usize = 3;
const KEY: Slot = Slot(0);
const VALUE: Slot = Slot(1);

/// Makes a state and compares what it says with what was allocated for it and not freed.
fn check<S: HeapBytes>(name: &str, make: impl FnOnce() -> S) {
    let region = Region::new(GLOBAL);
    let state = make();
    let change = region.change();
    let allocated = (change.bytes_allocated - change.bytes_deallocated) as f64;
    let counted = state.heap_bytes() as f64;
    assert!((counted / allocated - 1.0).abs() <= 0.2, "{name}: counted {counted} of {allocated} bytes");
}

fn settings(def: &AggregateDef) -> AggregateSettings {
    let constant = match def.argument {
        ArgumentKind::ValueAnd(constant) | ArgumentKind::NumberAnd(constant) => Some(constant),
        ArgumentKind::NumberNamed(constant, _) => Some(constant),
        _ => None,
    };
    let constant = constant.map_or(0.0, |constant| if (constant.fits)(3.0) { 3.0 } else { 0.3 });
    AggregateSettings { constant, arguments: def.argument.values().0, ..AggregateSettings::default() }
}

/// A value of one group in one chunk.
fn number(chunk: usize, group: usize) -> Value {
    match group % 3 {
        0 => Value::Int((group * 7 + chunk) as i64),
        1 => Value::Float(group as f64 * 0.1 + chunk as f64 * 1e-9),
        _ => Value::Text(format!("{}.5", group + chunk).into_bytes()),
    }
}

fn chunk(chunk: usize) -> Batch<'static> {
    let mut batch = Batch::new(GROUPS, Position(chunk as u64));
    let key = |group: usize| {
        Value::Text("k".repeat(group % 40).into_bytes().into_iter().chain(group.to_le_bytes()).collect())
    };
    let keys: Vec<Value> = (0..GROUPS).map(key).collect();
    let numbers: Vec<Value> = (0..GROUPS).map(|group| number(chunk, group)).collect();
    batch.set(KEY, keys.iter().map(Value::borrow).collect());
    batch.set(VALUE, numbers.iter().map(Value::borrow).collect());
    batch
}

fn accumulated(
    def: &'static AggregateDef,
    settings: &AggregateSettings,
    columns: &[Column<'static>],
) -> Box<dyn Accumulator> {
    let groups: Vec<u32> = (0..GROUPS as u32).collect();
    let mut states = (def.accumulator)(settings);
    states.resize(GROUPS);
    for (position, column) in (0..).zip(columns) {
        let arguments = vec![column; settings.arguments];
        states.update(RowGroups::Each(&groups), &arguments, Position(position), &mut Failures::default());
    }
    states
}

fn aggregation(names: &[&str]) -> Arc<Aggregation> {
    let aggregate = |(index, name): (usize, &&str)| {
        let def = find(name).expect("an aggregate");
        let settings = settings(def);
        let arguments = (0..settings.arguments).map(|_| BoundExpr::Field(VALUE, "x".to_owned())).collect();
        let slots = vec![Slot(10 + index as u32)];
        BoundAggregate { def, arguments, condition: None, settings, shares: None, slots, is_operand: false }
    };
    Arc::new(Aggregation {
        keys: vec![GroupKey { node: BoundExpr::Field(KEY, "k".to_owned()), slot: Slot(9) }],
        aggregates: names.iter().enumerate().map(aggregate).collect(),
        computed: Vec::new(),
        first: FirstColumn::Aggregate,
        ranking: Ranking::default(),
        exact: false,
        origin: None,
    })
}

/// Runs tasks one by one.
struct Here;

impl Executor for Here {
    fn run(&self, tasks: usize, task: &(dyn Fn(usize) + Sync)) {
        (0..tasks).for_each(task);
    }
}

#[test]
fn states_count_their_memory() {
    let batches: Vec<Batch<'static>> = (0..CHUNKS).map(chunk).collect();
    check("batch", || chunk(0));

    let columns: Vec<Column<'static>> = batches.iter().map(|batch| batch.column(VALUE).clone()).collect();
    for def in AGGREGATES {
        let settings = settings(def);
        check(def.entry.name, || accumulated(def, &settings, &columns));
    }
    let (sketched, number) = (find("p50").expect("an aggregate"), |row: i64| Value::Int(row * row));
    let many: Column<'static> = (0..9000).map(number).collect::<Vec<_>>().iter().map(Value::borrow).collect();
    for def in [sketched, find("count_distinct").expect("an aggregate"), find("histogram").expect("an aggregate")] {
        let settings = settings(def);
        check("a sketch", || {
            let mut states = (def.accumulator)(&settings);
            states.resize(1);
            states.update(RowGroups::One(9000), &[&many], Position(0), &mut Failures::default());
            states
        });
    }

    for names in [&["count"][..], &["count", "sum", "p50", "max"]] {
        let aggregation = aggregation(names);
        check("a worker's groups", || {
            let mut partial = Partial::new(Arc::clone(&aggregation));
            batches.iter().for_each(|batch| partial.update(batch, &mut Failures::default()));
            partial
        });
        check("merged groups", || {
            let mut merged = Merged::new(Arc::clone(&aggregation));
            for batch in &batches {
                let mut partial = Partial::new(Arc::clone(&aggregation));
                partial.update(batch, &mut Failures::default());
                merged.add(partial.take(), &Here);
                merged.snapshot(&Here);
            }
            merged
        });
        check("sessions", || {
            let mut sessions = SessionGroups::new(Arc::clone(&aggregation), 1000);
            for batch in &batches {
                sessions.update(batch, |_| (5000, 0), &mut Failures::default());
            }
            sessions
        });
    }

    for over in [None, Some(Recent::Rows(2))] {
        let def = find("sum").expect("an aggregate");
        let settings = settings(def);
        let aggregate =
            RunningAggregate { def, arguments: vec![VALUE], condition: None, settings, over, slots: vec![Slot(9)] };
        let aggregates = vec![aggregate];
        let running =
            RunningAggregation { keys: vec![KEY], aggregates, forget: None, bounds: None, exact: false, origin: None };
        let running = Arc::new(running);
        check("running", || {
            let mut states = RunningStates::new(Arc::clone(&running));
            for batch in &batches {
                states.push(batch, &mut Failures::default());
            }
            states
        });
    }
}
