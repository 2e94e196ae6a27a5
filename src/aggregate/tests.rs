//! The aggregates as a whole: all of them alone, and the objects that hold groups.

use std::sync::Arc;

use proptest::prelude::*;

use super::accumulator::{RowFailures, ScanRows};
use super::*;
use crate::data::persist::{StateReader, Stateful};
use crate::data::{Batch, Column, Position, Slot, Value};
use crate::expr::{BoundExpr, Failures};

mod merging;
mod reference;
mod running_rows;
mod saved;
mod sketches;

#[test]
fn the_table_is_in_order_and_every_row_is_found() {
    assert!(AGGREGATES.is_sorted_by(|left, right| left.entry.name < right.entry.name));
    for def in AGGREGATES {
        let found = find(def.entry.name).map(|def| def.entry.name);
        assert_eq!(found, Some(def.entry.name));
        assert!(def.entry.summary.ends_with('.'), "{}", def.entry.name);
        assert!(!def.entry.examples.is_empty(), "{}", def.entry.name);
    }
    assert_eq!(find("p99.9").map(|def| def.entry.name), Some("p50"));
    assert!(find("p").is_none() && find("p9x").is_none() && find("p9.").is_none());
}

const GROUPS: u32 = 4;

/// The settings of an aggregate with some constant that it accepts.
fn settings(def: &AggregateDef, exact: bool) -> AggregateSettings {
    let constant = match def.argument {
        ArgumentKind::ValueAnd(constant) | ArgumentKind::NumberAnd(constant) => Some(constant),
        ArgumentKind::NumberNamed(constant, _) => Some(constant),
        _ => None,
    };
    let constant = constant.map_or(0.0, |constant| {
        *[3.0, 0.3].iter().find(|number| (constant.fits)(**number)).expect("a constant that fits")
    });
    let name = def.entry.name.to_owned();
    AggregateSettings { column: name.clone(), name, constant, arguments: def.argument.values().0, exact }
}

/// An accumulator with its settings, and the number of values that it could not read.
struct Alone {
    def: &'static AggregateDef,
    exact: bool,
    states: Box<dyn Accumulator>,
    failed: u64,
}

impl Alone {
    fn new(def: &'static AggregateDef, exact: bool) -> Alone {
        let mut states = (def.accumulator)(&settings(def, exact));
        states.resize(GROUPS as usize);
        Alone { def, exact, states, failed: 0 }
    }

    fn of(def: &'static AggregateDef, chunks: &[Chunk]) -> Alone {
        let mut new = Alone::new(def, false);
        chunks.iter().for_each(|chunk| new.add(chunk));
        new
    }

    fn finish(&self) -> Finish {
        Finish { constant: settings(self.def, self.exact).constant, seconds: 2.0, interpolates: self.def.interpolates }
    }

    fn add(&mut self, chunk: &Chunk) {
        let columns = chunk.columns(self.def);
        let groups: Vec<u32> = chunk.rows.iter().map(|(group, _)| *group).collect();
        let mut failures = Failures::default();
        let arguments = columns.iter().collect::<Vec<_>>();
        self.states.update(RowGroups::Each(&groups), &arguments, Position(chunk.position), &mut failures);
        self.failed += failures.count;
    }

    fn scan(&mut self, chunk: &Chunk) -> Vec<Vec<Value>> {
        let columns = chunk.columns(self.def);
        let groups: Vec<u32> = chunk.rows.iter().map(|(group, _)| *group).collect();
        let arguments = columns.iter().collect::<Vec<_>>();
        let rows = ScanRows { arguments: &arguments, condition: None, position: Position(chunk.position) };
        let finish = self.finish();
        values(&self.states.scan(&groups, &rows, &finish, &mut RowFailures::default()))
    }

    fn results(&self) -> Vec<Vec<Value>> {
        values(&self.states.finish(&self.finish()))
    }
}

impl Stateful for Alone {
    fn save_state(&self, out: &mut Vec<u8>) {
        self.states.save_groups(&(0..GROUPS).collect::<Vec<u32>>(), out);
    }

    fn load_state(&mut self, input: &mut StateReader<'_>) -> Result<(), crate::data::persist::StateError> {
        self.states.load_groups(GROUPS as usize, input)
    }
}

fn values(columns: &[Column<'_>]) -> Vec<Vec<Value>> {
    let of = |column: &Column<'_>| (0..column.len()).map(|row| column.get(row).to_value()).collect();
    columns.iter().map(of).collect()
}

fn bytes(state: &impl Stateful) -> Vec<u8> {
    let mut out = Vec::new();
    state.save_state(&mut out);
    out
}

/// Rows of one position with their groups.
#[derive(Clone, Debug)]
struct Chunk {
    position: u64,
    rows: Vec<(u32, Value)>,
}

impl Chunk {
    /// The arguments of a row: its value, then those of the rows after it, with the first rows after the last.
    fn arguments(&self, row: usize, count: usize) -> impl Iterator<Item = &Value> {
        (0..count).map(move |argument| &self.rows[(row + argument) % self.rows.len()].1)
    }

    fn columns(&self, def: &AggregateDef) -> Vec<Column<'static>> {
        let column = |argument: usize| {
            let values = (0..self.rows.len()).filter_map(|row| self.arguments(row, argument + 1).last());
            values.map(Value::borrow).collect()
        };
        (0..def.argument.values().0).map(column).collect()
    }
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        4 => (-50i64..50).prop_map(Value::Int),
        4 => (-50f64..50.0).prop_map(Value::float),
        1 => any::<i64>().prop_map(Value::Int),
        1 => any::<f64>().prop_map(Value::float),
        1 => Just(Value::Float(-0.0)),
        1 => Just(Value::Null),
        1 => any::<bool>().prop_map(Value::Bool),
        1 => (-9i64..9).prop_map(Value::Time),
        1 => "-?[1-9][0-9]{19,25}".prop_map(|digits| Value::BigInt(digits.into_bytes().into())),
        2 => prop::collection::vec(prop_oneof![Just(b'1'), Just(b'x'), Just(b'-')], 0..22).prop_map(Value::Text),
    ]
}

fn chunks(most: usize) -> impl Strategy<Value = Vec<Chunk>> {
    chunks_of(value(), most)
}

fn chunks_of(value: impl Strategy<Value = Value>, most: usize) -> impl Strategy<Value = Vec<Chunk>> {
    let rows = prop::collection::vec((0..GROUPS, value), 0..8);
    prop::collection::vec(rows, 0..most)
        .prop_map(|chunks| (0..).zip(chunks).map(|(position, rows)| Chunk { position, rows }).collect())
}

fn def() -> impl Strategy<Value = &'static AggregateDef> {
    (0..AGGREGATES.len()).prop_map(|index| AGGREGATES[index])
}

/// The key, the value, and the time of each record.
const SLOTS: [Slot; 3] = [Slot(0), Slot(1), Slot(2)];

/// Some aggregates of the value by the key, and without a key.
fn aggregation(names: &[&str], has_key: bool) -> Arc<Aggregation> {
    let aggregate = |(index, name): (usize, &&str)| {
        let def = find(name).expect("an aggregate");
        let settings = settings(def, false);
        let arguments = (0..settings.arguments).map(|_| BoundExpr::Field(SLOTS[1], "x".to_owned())).collect();
        let slots = vec![Slot(10 + index as u32)];
        BoundAggregate { def, arguments, condition: None, settings, shares: None, slots, is_operand: false }
    };
    let key = || GroupKey { node: BoundExpr::Field(SLOTS[0], "k".to_owned()), slot: Slot(9) };
    Arc::new(Aggregation {
        keys: if has_key { vec![key()] } else { Vec::new() },
        aggregates: names.iter().enumerate().map(aggregate).collect(),
        computed: Vec::new(),
        first: FirstColumn::default(),
        ranking: Ranking::default(),
        exact: false,
        origin: None,
    })
}

/// A record: key, value, time in seconds.
type Record = (Value, Value, i64);

fn records(most: usize) -> impl Strategy<Value = Vec<Record>> {
    records_of(value(), most)
}

fn records_of(value: impl Strategy<Value = Value>, most: usize) -> impl Strategy<Value = Vec<Record>> {
    let key = prop_oneof![
        "[ab]{0,1}".prop_map(|key| Value::Text(key.into_bytes())),
        "[ab]{17}".prop_map(|key| Value::Text(key.into_bytes())),
        (0i64..3).prop_map(Value::Int),
        Just(Value::Null),
    ];
    prop::collection::vec((key, value, 0i64..60), 0..most)
}

fn batch(records: &[Record], position: u64) -> Batch<'static> {
    let mut batch = Batch::new(records.len(), Position(position));
    batch.set(SLOTS[0], records.iter().map(|(key, _, _)| key.borrow()).collect());
    batch.set(SLOTS[1], records.iter().map(|(_, value, _)| value.borrow()).collect());
    let times: Vec<Value> = records.iter().map(|(_, _, seconds)| Value::Time(seconds * 1_000_000_000)).collect();
    batch.set(SLOTS[2], times.iter().map(Value::borrow).collect());
    batch
}

/// A running aggregate of the value; its results have the slots from 9 on.
fn running_aggregate(def: &'static AggregateDef, over: Option<Recent>, condition: Option<Slot>) -> RunningAggregate {
    let settings = settings(def, false);
    let arguments = vec![SLOTS[1]; settings.arguments];
    let columns = def.columns.map_or(1, |names| names(&vec![String::new(); settings.arguments]).len() as u32);
    RunningAggregate { def, arguments, condition, settings, over, slots: (9..9 + columns).map(Slot).collect() }
}

/// Running aggregates by the key, which may be forgotten after some nanoseconds.
fn running(aggregates: Vec<RunningAggregate>, forget: Option<i64>) -> Arc<RunningAggregation> {
    Arc::new(RunningAggregation {
        keys: vec![SLOTS[0]],
        aggregates,
        forget: forget.map(|ns| (ns, SLOTS[2])),
        bounds: None,
        exact: false,
        origin: None,
    })
}
