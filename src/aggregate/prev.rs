//! `prev(x)`: the previous value.

use super::accumulator::{AccumulatorState, Finish, PerGroup};
use super::{AggregateDef, ArgumentKind};
use crate::data::persist::{Persist, StateError, StateReader};
use crate::data::{Entry, Example, HeapBytes, Position, Value, ValueRef};

pub(super) const PREV: AggregateDef = AggregateDef {
    entry: Entry {
        name: "prev",
        usage: "running prev(x)",
        summary: "With `running`: the x of the previous record.",
        details: "Nulls are skipped. Null if there is no previous value.",
        examples: &[Example {
            expr: "split as s | running prev(s) | where s != prev_s",
            input: "up up down down up\n",
            output: "down\tup\nup\tdown\n",
        }],
    },
    argument: ArgumentKind::Value,
    ordered: true,
    running_only: true,
    accumulator: |settings| PerGroup::<Prev>::boxed(settings, ()),
    ..AggregateDef::DEFAULT
};

/// The last value.
#[derive(Clone, Debug, Default)]
struct Prev(Value);

impl AccumulatorState for Prev {
    type Shared = ();

    fn update(&mut self, _shared: &(), value: ValueRef<'_>, _position: Position) -> Result<(), &'static str> {
        self.0 = value.to_value();
        Ok(())
    }

    fn merge(&mut self, _shared: &(), other: &Self) {
        self.0.clone_from(&other.0);
    }

    fn finish(&self, _shared: &(), _finish: &Finish) -> Value {
        self.0.clone()
    }

    fn scan(
        &mut self,
        _shared: &(),
        value: ValueRef<'_>,
        _position: Position,
        _finish: &Finish,
    ) -> (Value, Result<(), &'static str>) {
        match value {
            ValueRef::Null => (self.0.clone(), Ok(())),
            value => (std::mem::replace(&mut self.0, value.to_value()), Ok(())),
        }
    }

    fn save(&self, _shared: &(), out: &mut Vec<u8>) {
        self.0.save(out);
    }

    fn load(_shared: &(), input: &mut StateReader<'_>) -> Result<Self, StateError> {
        Value::load(input).map(Prev)
    }
}

impl HeapBytes for Prev {
    fn heap_bytes(&self) -> usize {
        self.0.heap_bytes()
    }
}
