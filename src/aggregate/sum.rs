//! `sum(x)`: adds up numbers.
//!
//! Ints add exactly; floats are added without loss, so any split of the input gives the same sum.

use super::accumulator::{Finish, PerGroup, State, number};
use super::{AggregateDef, ArgumentKind};
use crate::data::{Entry, ExactSum, Example, Position, Value, ValueRef};

pub(super) const SUM: AggregateDef = AggregateDef {
    entry: Entry {
        name: "sum",
        usage: "sum(x)",
        summary: "Add up numbers.",
        details: "Ints are added exactly, at any size; floats are rounded once, at the end, so that the order \
                  of the records does not matter. Of nothing the sum is null.",
        examples: &[Example {
            expr: "split | sum(word)",
            input: "1 2\n3\n",
            output: "6\n",
        }],
    },
    argument: ArgumentKind::Number,
    ordered: false,
    columns: None,
    shares_states: None,
    only_runs: false,
    accumulator: |settings| PerGroup::<Sum>::boxed(settings, ()),
};

/// The sum and how many numbers it has.
#[derive(Clone, Debug, Default)]
struct Sum {
    sum: ExactSum,
    count: u64,
}

impl State for Sum {
    type Shared = ();

    #[inline]
    fn update(
        &mut self,
        _shared: &(),
        value: ValueRef<'_>,
        _position: Position,
    ) -> Result<(), &'static str> {
        if let ValueRef::BigInt(value) = value {
            self.sum.add_big(*value);
        } else if let Some(number) = number(value)? {
            self.sum.add(number);
        } else {
            return Ok(());
        }
        self.count += 1;
        Ok(())
    }

    fn merge(&mut self, _shared: &(), other: &Self) {
        self.sum.merge(&other.sum);
        self.count += other.count;
    }

    const SUBTRACTS: bool = true;

    fn subtract(&mut self, other: &Self) {
        self.sum.subtract(&other.sum);
        self.count -= other.count;
    }

    fn finish(&self, _shared: &(), _finish: &Finish) -> Value {
        if self.count == 0 {
            Value::Null
        } else {
            self.sum.value()
        }
    }
}
