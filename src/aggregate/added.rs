//! The state of `sum`, `avg` and `rate(x)`.

use super::accumulator::{AccumulatorState, Finish, exact};
use crate::data::persist::{Persist, StateError, StateReader};
use crate::data::{ExactSum, HeapBytes, Position, Value, ValueRef};

/// The sum and the number of summands.
#[derive(Clone, Debug, Default)]
pub(super) struct Added {
    sum: ExactSum,
    count: u64,
}

impl AccumulatorState for Added {
    /// Computes the result from the sum and the count, if there was a number.
    type Shared = fn(&ExactSum, u64, &Finish) -> Value;

    #[inline]
    fn update(&mut self, _shared: &Self::Shared, value: ValueRef<'_>, _position: Position) -> Result<(), &'static str> {
        if let Some(number) = exact(value)? {
            self.sum.add_exact(number);
            self.count += 1;
        }
        Ok(())
    }

    fn merge(&mut self, _shared: &Self::Shared, other: &Self) {
        self.sum.merge(&other.sum);
        self.count += other.count;
    }

    const SUBTRACTS: bool = true;

    fn subtract(&mut self, other: &Self) {
        self.sum.subtract(&other.sum);
        self.count -= other.count;
    }

    fn finish(&self, result: &Self::Shared, finish: &Finish) -> Value {
        if self.count == 0 { Value::Null } else { result(&self.sum, self.count, finish) }
    }

    fn is_beyond(&self) -> bool {
        self.count > 0
    }

    fn save(&self, _shared: &Self::Shared, out: &mut Vec<u8>) {
        self.sum.save(out);
        self.count.save(out);
    }

    fn load(_shared: &Self::Shared, input: &mut StateReader<'_>) -> Result<Self, StateError> {
        Ok(Added { sum: ExactSum::load(input)?, count: input.count()? })
    }
}

impl HeapBytes for Added {
    fn heap_bytes(&self) -> usize {
        self.sum.heap_bytes()
    }
}
