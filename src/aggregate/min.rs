//! `min(x)`: the smallest value.

use std::cmp::Ordering;

use super::accumulator::{AccumulatorState, Finish, PerGroup};
use super::{AggregateDef, ArgumentKind};
use crate::data::persist::{Persist, StateError, StateReader};
use crate::data::{Entry, Example, HeapBytes, Position, Value, ValueRef, compare_extremes, total_order};

pub(super) const MIN: AggregateDef = AggregateDef {
    entry: Entry {
        name: "min",
        usage: "min(x)",
        summary: "The smallest value, in the order of `sort`.",
        details: "Numbers, and text that is a number, by value. If any value is a number, the result is one: other text counts \
                  as a failed conversion, but not empty text and `-`. Without numbers the order is that of `sort`. Null \
                  if there are no values.",
        examples: &[Example { expr: "split | min(word)", input: "10 9\n100\n", output: "9\n" }],
    },
    argument: ArgumentKind::Value,
    accumulator: |settings| PerGroup::<Extreme>::boxed(settings, Ordering::Less),
    ..AggregateDef::DEFAULT
};

/// The smallest or largest value so far; null before the first.
#[derive(Clone, Debug, Default)]
pub(super) struct Extreme(Value);

impl Extreme {
    #[inline]
    fn is_beaten_by(&self, value: ValueRef<'_>, wanted: Ordering) -> bool {
        if self.0 == Value::Null {
            return true;
        }
        let best = self.0.borrow();
        match compare_extremes(value, best, wanted) {
            Ordering::Equal => total_order(value, best) == wanted,
            order => order == Ordering::Greater,
        }
    }
}

impl AccumulatorState for Extreme {
    /// How the result compares with every other value.
    type Shared = Ordering;

    #[inline]
    fn update(&mut self, wanted: &Ordering, value: ValueRef<'_>, _position: Position) -> Result<(), &'static str> {
        if self.is_beaten_by(value, *wanted) {
            self.0 = value.to_value();
        }
        match value {
            ValueRef::Int(_) | ValueRef::Float(_) => Ok(()),
            value if value.is_blank() || value.as_exact().is_some() => Ok(()),
            _ => Err("a number"),
        }
    }

    const DECIDES_LATER: bool = true;

    fn merge(&mut self, wanted: &Ordering, other: &Self) {
        if other.0 != Value::Null && self.is_beaten_by(other.0.borrow(), *wanted) {
            self.0 = other.0.clone();
        }
    }

    fn finish(&self, _wanted: &Ordering, _finish: &Finish) -> Value {
        self.0.clone()
    }

    fn save(&self, _wanted: &Ordering, out: &mut Vec<u8>) {
        self.0.save(out);
    }

    fn load(_wanted: &Ordering, input: &mut StateReader<'_>) -> Result<Self, StateError> {
        Value::load(input).map(Extreme)
    }
}

impl HeapBytes for Extreme {
    fn heap_bytes(&self) -> usize {
        self.0.heap_bytes()
    }
}
