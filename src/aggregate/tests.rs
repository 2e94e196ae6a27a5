//! The aggregates as a whole: all of them alone, and the objects that hold groups.

use proptest::prelude::*;

use super::accumulator::{RowFailures, ScanRows};
use super::*;
use crate::data::persist::{StateReader, Stateful};
use crate::data::{Batch, Column, Position, Value};
use crate::expr::Failures;

mod merging;
mod reference;
mod saved;

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
        Finish { constant: settings(self.def, self.exact).constant, seconds: 2.0 }
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
