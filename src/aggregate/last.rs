//! `last(x)`: the last value in the order of arrival.

use super::accumulator::{AccumulatorState, Finish, PerGroup};
use super::{AggregateDef, ArgumentKind};
use crate::data::persist::{Persist, StateError, StateReader};
use crate::data::{Entry, Example, HeapBytes, Position, Value, ValueRef};

pub(super) const LAST: AggregateDef = AggregateDef {
    entry: Entry {
        name: "last",
        usage: "last(x)",
        summary: "The last non-null value, in order of arrival.",
        details: "",
        examples: &[Example { expr: "split | last(word)", input: "b c\na\n", output: "a\n" }],
    },
    argument: ArgumentKind::Value,
    ordered: true,
    accumulator: |settings| PerGroup::<LastValue>::boxed(settings, ()),
    ..AggregateDef::DEFAULT
};

/// The last value and its position.
#[derive(Clone, Debug, Default)]
struct LastValue(Option<(Position, Value)>);

impl AccumulatorState for LastValue {
    type Shared = ();

    #[inline]
    fn update(&mut self, _shared: &(), value: ValueRef<'_>, position: Position) -> Result<(), &'static str> {
        match (&mut self.0, value) {
            (Some((at, Value::Text(kept))), ValueRef::Text(text)) => {
                *at = position;
                text.clone_into(kept);
            }
            _ => self.0 = Some((position, value.to_value())),
        }
        Ok(())
    }

    fn merge(&mut self, _shared: &(), other: &Self) {
        if let Some((position, _)) = &other.0
            && self.0.as_ref().is_none_or(|(own, _)| position > own)
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
        Option::load(input).map(LastValue)
    }
}

impl HeapBytes for LastValue {
    fn heap_bytes(&self) -> usize {
        self.0.heap_bytes()
    }
}
