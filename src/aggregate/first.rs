//! `first(x)`: the first value in the order of arrival.

use super::accumulator::{AccumulatorState, Finish, PerGroup};
use super::{AggregateDef, ArgumentKind};
use crate::data::persist::{Persist, StateError, StateReader};
use crate::data::{Entry, Example, HeapBytes, Position, Value, ValueRef};

pub(super) const FIRST: AggregateDef = AggregateDef {
    entry: Entry {
        name: "first",
        usage: "first(x)",
        summary: "The first non-null value, in order of arrival.",
        details: "",
        examples: &[Example { expr: "split | first(word)", input: "b c\na\n", output: "b\n" }],
    },
    argument: ArgumentKind::Value,
    ordered: true,
    accumulator: |settings| PerGroup::<First>::boxed(settings, ()),
    ..AggregateDef::DEFAULT
};

/// The first value and its position.
#[derive(Clone, Debug, Default)]
struct First(Option<(Position, Value)>);

impl AccumulatorState for First {
    type Shared = ();

    #[inline]
    fn update(&mut self, _shared: &(), value: ValueRef<'_>, position: Position) -> Result<(), &'static str> {
        if self.0.is_none() {
            self.0 = Some((position, value.to_value()));
        }
        Ok(())
    }

    fn merge(&mut self, _shared: &(), other: &Self) {
        if let Some((position, _)) = &other.0
            && self.0.as_ref().is_none_or(|(own, _)| position < own)
        {
            self.0 = other.0.clone();
        }
    }

    fn finish(&self, _shared: &(), _finish: &Finish) -> Value {
        self.0.as_ref().map_or(Value::Null, |(_, value)| value.clone())
    }

    fn save(&self, _shared: &(), out: &mut Vec<u8>) {
        self.0.save(out);
    }

    fn load(_shared: &(), input: &mut StateReader<'_>) -> Result<Self, StateError> {
        Option::load(input).map(First)
    }
}

impl HeapBytes for First {
    fn heap_bytes(&self) -> usize {
        self.0.heap_bytes()
    }
}
