//! `min(x)`: the smallest value.

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
    accumulator: |settings| PerGroup::<Min>::boxed(settings, ()),
};

/// The smallest value so far; null before the first.
#[derive(Clone, Debug, Default)]
struct Min(Value);

impl State for Min {
    type Shared = ();

    #[inline]
    fn update(
        &mut self,
        _shared: &(),
        value: ValueRef<'_>,
        _position: Position,
    ) -> Result<(), &'static str> {
        if self.0 == Value::Null || total_order(value, self.0.borrow()).is_lt() {
            self.0 = value.to_value();
        }
        Ok(())
    }

    fn merge(&mut self, _shared: &(), other: &Self) {
        if other.0 != Value::Null
            && (self.0 == Value::Null || total_order(other.0.borrow(), self.0.borrow()).is_lt())
        {
            self.0 = other.0.clone();
        }
    }

    fn finish(&self, _shared: &(), _finish: &Finish) -> Value {
        self.0.clone()
    }
}
