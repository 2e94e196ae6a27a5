//! `delta(x)`: the value minus the one before it.

use super::accumulator::{AccumulatorState, Finish, PerGroup};
use super::{AggregateDef, ArgumentKind};
use crate::data::persist::{Persist, StateError, StateReader};
use crate::data::{Entry, Example, HeapBytes, Position, Value, ValueRef};
use crate::expr::difference;

pub(super) const DELTA: AggregateDef = AggregateDef {
    entry: Entry {
        name: "delta",
        usage: "running delta(x)",
        summary: "With `running`: x minus the previous x.",
        details: "A number for numbers, a duration for times. Null if x is null or there is no previous value; nulls \
                  are skipped.",
        examples: &[
            Example { expr: "split | running delta(word)", input: "10 13 9\n", output: "10\t\n13\t3\n9\t-4\n" },
            Example {
                expr: "parse \"{t:time}\" | running delta(t) as gap",
                input: "2026-03-01T10:00:00Z\n2026-03-01T10:01:30Z\n",
                output: "2026-03-01T10:00:00Z\t\n2026-03-01T10:01:30Z\t1m30s\n",
            },
        ],
    },
    argument: ArgumentKind::Value,
    ordered: true,
    running_only: true,
    accumulator: |settings| PerGroup::<Delta>::boxed(settings, ()),
    ..AggregateDef::DEFAULT
};

/// The last value.
#[derive(Clone, Debug, Default)]
struct Delta(Value);

impl AccumulatorState for Delta {
    type Shared = ();

    fn update(&mut self, _shared: &(), value: ValueRef<'_>, _position: Position) -> Result<(), &'static str> {
        difference(value, value)?; // checks that the value can be subtracted at all
        self.0 = value.to_value();
        Ok(())
    }

    fn merge(&mut self, _shared: &(), other: &Self) {
        self.0.clone_from(&other.0);
    }

    fn finish(&self, _shared: &(), _finish: &Finish) -> Value {
        Value::Null
    }

    fn scan(
        &mut self,
        shared: &(),
        value: ValueRef<'_>,
        position: Position,
        _finish: &Finish,
    ) -> (Value, Result<(), &'static str>) {
        if value.is_blank() {
            return (Value::Null, Ok(()));
        }
        match difference(value, self.0.borrow()) {
            Ok(difference) => {
                let difference = difference.to_value();
                let updated = self.update(shared, value, position);
                (difference, updated)
            }
            Err(expected) => (Value::Null, Err(expected)),
        }
    }

    fn save(&self, _shared: &(), out: &mut Vec<u8>) {
        self.0.save(out);
    }

    fn load(_shared: &(), input: &mut StateReader<'_>) -> Result<Self, StateError> {
        let value = Value::load(input)?;
        let is_fit = difference(value.borrow(), value.borrow()).is_ok();
        if is_fit { Ok(Delta(value)) } else { Err(StateError::Damaged) }
    }
}

impl HeapBytes for Delta {
    fn heap_bytes(&self) -> usize {
        self.0.heap_bytes()
    }
}
