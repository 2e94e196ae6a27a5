//! Saved states: any bytes are a state that is saved as the same bytes and can be used, or they are rejected.

use std::sync::Arc;

use bourn::aggregate::{
    AGGREGATES, Accumulator, AggregateDef, AggregateSettings, Aggregation, ArgumentKind, BoundAggregate, Executor,
    FilledWindow, Finish, FirstColumn, GroupKey, Merged, Partial, Ranking, Recent, RowGroups, RunningAggregate,
    RunningAggregation, RunningStates, SeenKeys, SessionGroups, SliceRuns, SlicedPartial, WindowedGroups, find,
};
use bourn::data::persist::{Persist, StateError, StateReader, Stateful};
use bourn::data::{Batch, Column, ExactSum, Position, Slot, Value};
use bourn::expr::{BoundExpr, Failures};
use bourn::window::{Grid, Slice, Window, WindowKind};
use jiff::tz::TimeZone;

/// Takes a byte for the type, and the bytes of a state.
pub fn check(data: &[u8]) {
    let [kind, bytes @ ..] = data else {
        return;
    };
    let kind = usize::from(*kind);
    match kind {
        0 => check_value::<Value>(bytes),
        1 => check_value::<Batch<'static>>(bytes),
        2 => check_value::<Column<'static>>(bytes),
        3 => check_value::<ExactSum>(bytes),
        4 => check_value::<Failures>(bytes),
        5 => check_slices(bytes),
        6 => check_state(Merged::new(aggregation()), bytes, |merged| drop(merged.finish(&Here))),
        7 => check_state(windows(10), bytes, |_| {}),
        8 => check_state(windows(5), bytes, |_| {}),
        9 => check_state(SessionGroups::new(aggregation(), SECOND), bytes, |sessions| drop(sessions.snapshot())),
        10 => check_state(SeenKeys::new(aggregation(), Some(SECOND)), bytes, |keys| {
            drop(keys.complete(Vec::new(), WINDOW));
        }),
        11 => check_state(running(None), bytes, push),
        12 => check_state(running(Some(Recent::Rows(2))), bytes, push),
        _ => {
            if let Some(def) = AGGREGATES.get(kind - FIRST_AGGREGATE) {
                check_state(Alone::new(def), bytes, Alone::add);
            }
        }
    }
}

/// The number of the first aggregate's type; before it are those of `check`.
const FIRST_AGGREGATE: usize = 13;

/// A state of each type that an aggregation has.
#[allow(dead_code)] // libFuzzer takes them as files
pub fn seeds() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    let mut add = |kind: usize, save: &dyn Fn(&mut Vec<u8>)| {
        let mut seed = vec![kind as u8];
        save(&mut seed);
        seeds.push(seed);
    };
    add(0, &|out| Value::List(vec![Value::Int(1), Value::Text(b"a".to_vec())]).save(out));
    add(1, &|out| batch().save(out));
    add(2, &|out| batch().column(VALUE).save(out));
    let mut sum = ExactSum::default();
    sum.add(bourn::data::Number::Float(0.1));
    sum.add(bourn::data::Number::Int(7));
    add(3, &|out| sum.save(out));
    add(4, &|out| Failures { count: 1, first: Some("x".to_owned()), ..Failures::default() }.save(out));
    let slices = || {
        let mut partial = SlicedPartial::new(aggregation());
        let slice = |number| Slice { first: number, number };
        let slices: Vec<Slice> = (0..batch().rows as i64).map(|row| slice(row % 2)).collect();
        partial.update(&batch(), &slices, &mut Failures::default());
        partial.take()
    };
    add(5, &|out| slices().save(&aggregation(), out));
    let mut merged = Merged::new(aggregation());
    let mut partial = Partial::new(aggregation());
    partial.update(&batch(), &mut Failures::default());
    merged.add(partial.take(), &Here);
    add(6, &|out| merged.save_state(out));
    for (kind, slide) in [(7, 10), (8, 5)] {
        let mut windows = windows(slide);
        windows.add(slices(), &Here);
        add(kind, &|out| windows.save_state(out));
    }
    let mut sessions = SessionGroups::new(aggregation(), SECOND);
    sessions.update(&batch(), |row| (row as i64 * SECOND / 2, 0), &mut Failures::default());
    add(9, &|out| sessions.save_state(out));
    let mut keys = SeenKeys::new(aggregation(), Some(SECOND));
    keys.add(&merged.snapshot(&Here), WINDOW);
    add(10, &|out| keys.save_state(out));
    for (kind, over) in [(11, None), (12, Some(Recent::Rows(2)))] {
        let mut states = running(over);
        push(&mut states);
        add(kind, &|out| states.save_state(out));
    }
    for (index, def) in AGGREGATES.iter().enumerate() {
        let mut states = Alone::new(def);
        states.add();
        add(FIRST_AGGREGATE + index, &|out| states.save_state(out));
    }
    seeds
}

fn check_value<T: Persist>(bytes: &[u8]) {
    let mut input = StateReader::new(bytes);
    if let Ok(value) = T::load(&mut input) {
        let mut again = Vec::new();
        value.save(&mut again);
        assert_eq!(again, bytes[..bytes.len() - input.left()]);
    }
}

fn check_state<S: Stateful>(mut state: S, bytes: &[u8], go_on: impl FnOnce(&mut S)) {
    let mut input = StateReader::new(bytes);
    if state.load_state(&mut input).is_ok() {
        let mut again = Vec::new();
        state.save_state(&mut again);
        assert_eq!(again, bytes[..bytes.len() - input.left()]);
        go_on(&mut state);
    }
}

fn check_slices(bytes: &[u8]) {
    let mut input = StateReader::new(bytes);
    if let Ok(runs) = SliceRuns::load(&aggregation(), &mut input) {
        let mut again = Vec::new();
        runs.save(&aggregation(), &mut again);
        assert_eq!(again, bytes[..bytes.len() - input.left()]);
    }
}

const SECOND: i64 = 1_000_000_000;

const WINDOW: FilledWindow = FilledWindow { end_ns: 10 * SECOND, seconds: 10.0 };
const KEY: Slot = Slot(0);
const VALUE: Slot = Slot(1);

fn batch() -> Batch<'static> {
    let keys = [Value::Text(b"a".to_vec()), Value::Text(b"a key of more than 16 bytes".to_vec()), Value::Int(3)];
    let numbers = [Value::Int(2), Value::Float(0.5), Value::Text(b"x".to_vec()), Value::Int(-9), Value::Bool(true)];
    let rows = 9;
    let mut batch = Batch::new(rows, Position(1));
    batch.set(KEY, (0..rows).map(|row| keys[row % keys.len()].borrow()).collect());
    batch.set(VALUE, (0..rows).map(|row| numbers[row % numbers.len()].borrow()).collect());
    batch
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

fn aggregation() -> Arc<Aggregation> {
    let aggregate = |(index, name): (usize, &&str)| {
        let def = find(name).expect("an aggregate");
        let settings = settings(def);
        let arguments = (0..settings.arguments).map(|_| BoundExpr::Field(VALUE, "x".to_owned())).collect();
        let slots = vec![Slot(10 + index as u32)];
        BoundAggregate { def, arguments, condition: None, settings, shares: None, slots, is_operand: false }
    };
    Arc::new(Aggregation {
        keys: vec![GroupKey { node: BoundExpr::Field(KEY, "k".to_owned()), slot: Slot(9) }],
        aggregates: ["count", "sum", "max"].iter().enumerate().map(aggregate).collect(),
        computed: Vec::new(),
        first: FirstColumn::Aggregate,
        ranking: Ranking::default(),
        exact: false,
        origin: None,
    })
}

fn windows(slide: i64) -> WindowedGroups {
    let kind = WindowKind::Time { length: 10 * SECOND, slide: slide * SECOND };
    let grid =
        Grid::of(&Window { kind, late_ns: 0, offset_ns: 0 }, &TimeZone::UTC).expect("windows of time have a grid");
    WindowedGroups::new(aggregation(), grid)
}

fn running(over: Option<Recent>) -> RunningStates {
    let def = find("sum").expect("an aggregate");
    let settings = settings(def);
    let aggregate =
        RunningAggregate { def, arguments: vec![VALUE], condition: None, settings, over, slots: vec![Slot(9)] };
    let (keys, aggregates) = (vec![KEY], vec![aggregate]);
    let running = RunningAggregation { keys, aggregates, forget: None, bounds: None, exact: false, origin: None };
    RunningStates::new(Arc::new(running))
}

fn push(states: &mut RunningStates) {
    states.push(&batch(), &mut Failures::default());
}

/// Runs tasks one by one.
struct Here;

impl Executor for Here {
    fn run(&self, tasks: usize, task: &(dyn Fn(usize) + Sync)) {
        (0..tasks).for_each(task);
    }
}

/// Two groups of an aggregate.
struct Alone {
    settings: AggregateSettings,
    states: Box<dyn Accumulator>,
}

impl Alone {
    fn new(def: &AggregateDef) -> Alone {
        let settings = settings(def);
        let mut states = (def.accumulator)(&settings);
        states.resize(2);
        Alone { settings, states }
    }

    fn add(&mut self) {
        let batch = batch();
        let groups: Vec<u32> = (0..batch.rows as u32).map(|row| row % 2).collect();
        let arguments = vec![batch.column(VALUE); self.settings.arguments];
        self.states.update(RowGroups::Each(&groups), &arguments, Position(1), &mut Failures::default());
        self.states.finish(&Finish { constant: self.settings.constant, seconds: 1.0, interpolates: false });
    }
}

impl Stateful for Alone {
    fn save_state(&self, out: &mut Vec<u8>) {
        self.states.save_groups(&[0, 1], out);
    }

    fn load_state(&mut self, input: &mut StateReader<'_>) -> Result<(), StateError> {
        self.states.load_groups(2, input)
    }
}
