//! `collect(x [, n])`: the values as a list.
//!
//! Each value is kept with the position of its chunk, so that the partials can be put in order whichever worker
//! produced them. A partial needs only its own first n values: at most n values per group are ever kept.

use super::accumulator::{AccumulatorState, Finish, PerGroup};
use super::{AggregateDef, ArgumentKind, Constant};
use crate::data::persist::{Persist, StateError, StateReader, load_counts, save_counts};
use crate::data::{Entry, Example, HeapBytes, Position, Value, ValueRef};

pub(super) const COLLECT: AggregateDef = AggregateDef {
    entry: Entry {
        name: "collect",
        usage: "collect(x [, n])",
        summary: "The first n values (default 1000) as a list, in order of arrival.",
        details: "Nulls are skipped. The run reports how many values the lists had no room for. Null if there are no \
                  values.",
        examples: &[
            Example { expr: "split | collect(word)", input: "b a\nb\n", output: "[\"b\",\"a\",\"b\"]\n" },
            Example { expr: "split | collect(num(word), 2) as first_two", input: "3 1 2\n", output: "[3,1]\n" },
        ],
    },
    argument: ArgumentKind::ValueAnd(LENGTH),
    ordered: true,
    accumulator: |settings| PerGroup::<Collect>::boxed(settings, settings.constant as usize),
    ..AggregateDef::DEFAULT
};

/// The maximum number of values of a list.
pub(super) const LENGTH: Constant = Constant {
    name: "n",
    expected: "a whole number from 1",
    fits: |n| (1.0..=1e9).contains(&n) && n.fract() == 0.0,
    default: Some(1000.0),
};

/// The first values, in stream order.
#[derive(Clone, Debug, Default)]
struct Collect {
    values: Vec<(Position, Value)>,
    /// The number of other values.
    left_out: u64,
}

/// The values of a list; null if there are none.
pub(super) fn list(values: &[(Position, Value)]) -> Value {
    if values.is_empty() {
        return Value::Null;
    }
    Value::List(values.iter().map(|(_, value)| value.clone()).collect())
}

impl AccumulatorState for Collect {
    /// The maximum number of values.
    type Shared = usize;

    #[inline]
    fn update(&mut self, wanted: &usize, value: ValueRef<'_>, position: Position) -> Result<(), &'static str> {
        if self.values.len() < *wanted {
            self.values.push((position, value.to_value()));
        } else {
            self.left_out += 1;
        }
        Ok(())
    }

    fn merge(&mut self, wanted: &usize, other: &Self) {
        self.values.extend_from_slice(&other.values);
        self.values.sort_by_key(|(position, _)| *position); // stable, and fast on two sorted runs
        self.left_out += other.left_out + self.values.len().saturating_sub(*wanted) as u64;
        self.values.truncate(*wanted);
    }

    fn finish(&self, _wanted: &usize, _finish: &Finish) -> Value {
        list(&self.values)
    }

    fn left_out(&self, _wanted: &usize) -> u64 {
        self.left_out
    }

    fn left_out_so_far(&self, _wanted: &usize) -> u64 {
        self.left_out
    }

    fn save(&self, _wanted: &usize, out: &mut Vec<u8>) {
        save_counts(self.values.len() as u64, self.left_out, out);
        self.values.iter().for_each(|value| value.save(out));
    }

    fn load(wanted: &usize, input: &mut StateReader<'_>) -> Result<Self, StateError> {
        let (length, left_out) = load_counts(input)?;
        let mut values: Vec<(Position, Value)> = Vec::new();
        for _ in 0..length {
            values.push(<(Position, Value)>::load(input)?);
        }
        let is_ordered = values.is_sorted_by_key(|(position, _)| *position);
        let is_fit = values.len() < *wanted && left_out == 0 || values.len() == *wanted;
        if is_ordered && is_fit { Ok(Collect { values, left_out }) } else { Err(StateError::Damaged) }
    }
}

impl HeapBytes for Collect {
    fn heap_bytes(&self) -> usize {
        self.values.heap_bytes()
    }
}
