//! `avg(x)`: the mean of numbers.

use super::accumulator::{Finish, PerGroup, State, number};
use super::{AggregateDef, ArgumentKind};
use crate::data::{Entry, ExactSum, Example, Position, Value, ValueRef};

pub(super) const AVG: AggregateDef = AggregateDef {
    entry: Entry {
        name: "avg",
        usage: "avg(x)",
        summary: "The mean of numbers.",
        details: "The exact sum divided by how many there were. Of nothing the mean is null.",
        examples: &[Example {
            expr: "split | avg(word)",
            input: "1 2\n3 4\n",
            output: "2.5\n",
        }],
    },
    argument: ArgumentKind::Number,
    ordered: false,
    columns: None,
    shares_states: None,
    only_runs: false,
    accumulator: |settings| PerGroup::<Avg>::boxed(settings, ()),
};

/// The sum and how many numbers it has.
#[derive(Clone, Debug, Default)]
struct Avg {
    sum: ExactSum,
    count: u64,
}

impl State for Avg {
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
            self.sum.divided_by(self.count)
        }
    }
}
