//! `any(c)`: whether the condition is true for any record.

use super::accumulator::{AccumulatorState, Finish, PerGroup};
use super::{AggregateDef, ArgumentKind};
use crate::data::persist::{Persist, StateError, StateReader};
use crate::data::{EXPECTED_CONDITION, Entry, Example, HeapBytes, Position, Ternary, Value, ValueRef};

pub(super) const ANY: AggregateDef = AggregateDef {
    entry: Entry {
        name: "any",
        usage: "any(COND)",
        summary: "True if the condition is true for at least one record.",
        details: "Records for which it is null do not count; null if there are no others.",
        examples: &[Example { expr: "split | any(word > 3)", input: "1 5\n", output: "true\n" }],
    },
    argument: ArgumentKind::Condition,
    accumulator: |settings| PerGroup::<TruthOfMany>::boxed(settings, true),
    ..AggregateDef::DEFAULT
};

/// The result so far; `None` until a condition is not null.
#[derive(Clone, Debug, Default)]
pub(super) struct TruthOfMany(Option<bool>);

impl TruthOfMany {
    #[inline]
    fn add(&mut self, truth: bool, decisive: bool) {
        if self.0 != Some(decisive) {
            self.0 = Some(truth);
        }
    }
}

impl AccumulatorState for TruthOfMany {
    /// The truth value that one record suffices for.
    type Shared = bool;

    #[inline]
    fn update(&mut self, decisive: &bool, value: ValueRef<'_>, _position: Position) -> Result<(), &'static str> {
        match value.as_truth().ok_or(EXPECTED_CONDITION)? {
            Ternary::True => self.add(true, *decisive),
            Ternary::False => self.add(false, *decisive),
            Ternary::Unknown => {}
        }
        Ok(())
    }

    fn merge(&mut self, decisive: &bool, other: &Self) {
        if let Some(truth) = other.0 {
            self.add(truth, *decisive);
        }
    }

    fn finish(&self, _decisive: &bool, _finish: &Finish) -> Value {
        self.0.map_or(Value::Null, Value::Bool)
    }

    fn save(&self, _decisive: &bool, out: &mut Vec<u8>) {
        self.0.save(out);
    }

    fn load(_decisive: &bool, input: &mut StateReader<'_>) -> Result<Self, StateError> {
        Option::load(input).map(TruthOfMany)
    }
}

impl HeapBytes for TruthOfMany {
    fn heap_bytes(&self) -> usize {
        0
    }
}
