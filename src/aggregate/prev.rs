//! `prev(x [, n])`: the previous value, or the n-th before.

use std::collections::VecDeque;

use super::accumulator::{AccumulatorState, Finish, PerGroup};
use super::{AggregateDef, ArgumentKind, Constant};
use crate::data::persist::{Persist, StateError, StateReader};
use crate::data::{Entry, Example, HeapBytes, Position, Value, ValueRef};

pub(super) const PREV: AggregateDef = AggregateDef {
    entry: Entry {
        name: "prev",
        usage: "running prev(x [, n])",
        summary: "With `running`: the x of the previous record, or of the n-th before.",
        details: "Nulls are skipped. Null if there are fewer than n previous values (default 1).",
        examples: &[
            Example {
                expr: "split as s | running prev(s) | where s != prev_s",
                input: "up up down down up\n",
                output: "down\tup\nup\tdown\n",
            },
            Example {
                expr: "split as n | running prev(n, 2) as before",
                input: "1 2 3 4\n",
                output: "1\t\n2\t\n3\t1\n4\t2\n",
            },
        ],
    },
    argument: ArgumentKind::ValueAnd(Constant {
        name: "n",
        expected: "a whole number from 1",
        fits: |n| (1.0..=1e9).contains(&n) && n.fract() == 0.0,
        default: Some(1.0),
    }),
    ordered: true,
    running_only: true,
    accumulator: |settings| PerGroup::<Prev>::boxed(settings, (settings.constant as usize).max(1)),
    ..AggregateDef::DEFAULT
};

/// The last n values, oldest first.
#[derive(Clone, Debug, Default)]
struct Prev(VecDeque<Value>);

impl Prev {
    /// The n-th of the values so far, from the last one.
    fn value(&self, n: usize) -> Value {
        if self.0.len() == n { self.0.front().cloned().unwrap_or_default() } else { Value::Null }
    }
}

impl AccumulatorState for Prev {
    /// The number of values back.
    type Shared = usize;

    fn update(&mut self, n: &usize, value: ValueRef<'_>, _position: Position) -> Result<(), &'static str> {
        self.0.push_back(value.to_value());
        if self.0.len() > *n {
            self.0.pop_front();
        }
        Ok(())
    }

    fn merge(&mut self, n: &usize, other: &Self) {
        self.0.extend(other.0.iter().cloned());
        let surplus = self.0.len().saturating_sub(*n);
        self.0.drain(..surplus);
    }

    fn finish(&self, n: &usize, _finish: &Finish) -> Value {
        self.value(*n)
    }

    fn scan(
        &mut self,
        n: &usize,
        value: ValueRef<'_>,
        position: Position,
        _finish: &Finish,
    ) -> (Value, Result<(), &'static str>) {
        let before = self.value(*n);
        match value {
            ValueRef::Null => (before, Ok(())),
            value => (before, self.update(n, value, position)),
        }
    }

    /// A single value is saved as such, as before there was an n.
    fn save(&self, n: &usize, out: &mut Vec<u8>) {
        if *n == 1 {
            return self.value(1).save(out);
        }
        (self.0.len() as u64).save(out);
        self.0.iter().for_each(|value| value.save(out));
    }

    fn load(n: &usize, input: &mut StateReader<'_>) -> Result<Self, StateError> {
        if *n == 1 {
            let value = Value::load(input)?;
            return Ok(Prev(Some(value).filter(|value| *value != Value::Null).into_iter().collect()));
        }
        let values: Vec<Value> = Vec::load(input)?;
        if values.len() <= *n { Ok(Prev(values.into())) } else { Err(StateError::Damaged) }
    }
}

impl HeapBytes for Prev {
    fn heap_bytes(&self) -> usize {
        self.0.heap_bytes()
    }
}
