//! `collect(x [, n])`: the values as a list.
//!
//! Each value is kept with the position of its chunk, so that the partials can be put in order whichever worker
//! produced them. A partial needs only its own first n values: at most n values per group are ever kept.

use super::accumulator::{AccumulatorState, Finish, PerGroup};
use super::{AggregateDef, ArgumentKind, Constant};
use crate::data::persist::{Persist, StateError, StateReader};
use crate::data::{Entry, Example, HeapBytes, Position, Value, ValueRef};

pub(super) const COLLECT: AggregateDef = AggregateDef {
    entry: Entry {
        name: "collect",
        usage: "collect(x [, n])",
        summary: "The first n values (default 100) as a list, in order of arrival.",
        details: "Nulls are left out. Null if there are no values.",
        examples: &[
            Example { expr: "split | collect(word)", input: "b a\nb\n", output: "[\"b\",\"a\",\"b\"]\n" },
            Example { expr: "split | collect(num(word), 2) as first_two", input: "3 1 2\n", output: "[3,1]\n" },
        ],
    },
    argument: ArgumentKind::ValueAnd(Constant {
        name: "n",
        expected: "a whole number from 1",
        fits: |n| (1.0..=1e9).contains(&n) && n.fract() == 0.0,
        default: Some(100.0),
    }),
    ordered: true,
    accumulator: |settings| PerGroup::<Collect>::boxed(settings, settings.constant as usize),
    ..AggregateDef::DEFAULT
};

/// The first values, in stream order.
#[derive(Clone, Debug, Default)]
struct Collect(Vec<(Position, Value)>);

impl AccumulatorState for Collect {
    /// The maximum number of values.
    type Shared = usize;

    #[inline]
    fn update(&mut self, wanted: &usize, value: ValueRef<'_>, position: Position) -> Result<(), &'static str> {
        if self.0.len() < *wanted {
            self.0.push((position, value.to_value()));
        }
        Ok(())
    }

    fn merge(&mut self, wanted: &usize, other: &Self) {
        self.0.extend_from_slice(&other.0);
        self.0.sort_by_key(|(position, _)| *position); // stable, and fast on two sorted runs
        self.0.truncate(*wanted);
    }

    fn finish(&self, _wanted: &usize, _finish: &Finish) -> Value {
        if self.0.is_empty() {
            return Value::Null;
        }
        Value::List(self.0.iter().map(|(_, value)| value.clone()).collect())
    }

    fn save(&self, _wanted: &usize, out: &mut Vec<u8>) {
        self.0.save(out);
    }

    fn load(wanted: &usize, input: &mut StateReader<'_>) -> Result<Self, StateError> {
        let values: Vec<(Position, Value)> = Vec::load(input)?;
        let is_ordered = values.is_sorted_by_key(|(position, _)| *position);
        if is_ordered && values.len() <= *wanted { Ok(Collect(values)) } else { Err(StateError::Damaged) }
    }
}

impl HeapBytes for Collect {
    fn heap_bytes(&self) -> usize {
        self.0.heap_bytes()
    }
}
