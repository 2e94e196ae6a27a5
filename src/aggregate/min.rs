//! `min(x)`: the smallest value.

use std::cmp::Ordering;

use super::accumulator::{Finish, PerGroup, State};
use super::{AggregateDef, ArgumentKind};
use crate::data::{Entry, Example, Position, Value, ValueRef, total_order};

pub(super) const MIN: AggregateDef = AggregateDef {
    entry: Entry {
        name: "min",
        usage: "min(x)",
        summary: "The smallest value, in the order of `sort`.",
        details: "Numbers, and text that is a number, count by value and come before other text, which counts by \
                  bytes. Of nothing it is null.",
        examples: &[Example {
            expr: "split | min(word)",
            input: "10 9\n100\n",
            output: "9\n",
        }],
    },
    argument: ArgumentKind::Value,
    ordered: false,
    columns: None,
    shares_states: None,
    only_runs: false,
    accumulator: |settings| PerGroup::<Extreme>::boxed(settings, Ordering::Less),
};

/// The smallest or largest value so far; null before the first.
#[derive(Clone, Debug, Default)]
pub(super) struct Extreme(Value);

impl Extreme {
    #[inline]
    fn is_beaten_by(&self, value: ValueRef<'_>, wanted: Ordering) -> bool {
        self.0 == Value::Null || total_order(value, self.0.borrow()) == wanted
    }
}

impl State for Extreme {
    /// What the result is to all other values.
    type Shared = Ordering;

    #[inline]
    fn update(
        &mut self,
        wanted: &Ordering,
        value: ValueRef<'_>,
        _position: Position,
    ) -> Result<(), &'static str> {
        if self.is_beaten_by(value, *wanted) {
            self.0 = value.to_value();
        }
        Ok(())
    }

    fn merge(&mut self, wanted: &Ordering, other: &Self) {
        if other.0 != Value::Null && self.is_beaten_by(other.0.borrow(), *wanted) {
            self.0 = other.0.clone();
        }
    }

    fn finish(&self, _wanted: &Ordering, _finish: &Finish) -> Value {
        self.0.clone()
    }
}
