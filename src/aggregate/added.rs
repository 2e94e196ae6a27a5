//! The state of `sum`, `avg` and `rate(x)`.

use super::accumulator::{AccumulatorState, Finish};
use super::summand::{duration, exact, null_reason};
use crate::data::persist::{Persist, StateError, StateReader, load_counts, save_counts};
use crate::data::{Exact, ExactSum, HeapBytes, Number, Position, Value, ValueRef};
use crate::expr::NullReason;

/// The sum of numbers, or of the nanoseconds of durations.
#[derive(Clone, Debug, Default)]
pub(super) struct Added {
    sum: ExactSum,
    /// Number of summands.
    count: u64,
    /// The number of durations among them: all or none, or there is no result.
    durations: u64,
}

/// The result of a sum.
#[derive(Clone, Copy, Debug)]
pub(super) enum AddedResult {
    /// The sum itself.
    Sum,
    /// Divided by the number of summands.
    Mean,
    /// Divided by the seconds.
    Rate,
}

impl AddedResult {
    fn of_numbers(self, sum: &ExactSum, count: u64, finish: &Finish) -> Value {
        match self {
            AddedResult::Sum => sum.value(),
            AddedResult::Mean => sum.divided_by(count),
            AddedResult::Rate => match sum.divided_by(1).borrow().as_number() {
                Some(sum) => Value::float(per_second(sum.to_f64(), finish)),
                None => Value::Null,
            },
        }
    }

    /// Returns the result of durations; their rate is a number.
    fn of_durations(self, ns: i128, count: u64, finish: &Finish) -> Value {
        match self {
            AddedResult::Sum => duration(ns),
            AddedResult::Mean => duration(rounded_quotient(ns, i128::from(count))),
            AddedResult::Rate => Value::float(per_second(ns as f64 / 1e9, finish)),
        }
    }
}

/// Keeps the rate finite while no time has passed.
pub(super) fn per_second(amount: f64, finish: &Finish) -> f64 {
    amount / finish.seconds.max(1e-9)
}

/// Divides by a positive number; halves are rounded away from zero.
pub(super) fn rounded_quotient(dividend: i128, divisor: i128) -> i128 {
    let (quotient, rest) = (dividend / divisor, dividend % divisor);
    match rest.abs() >= divisor - rest.abs() {
        true => quotient + rest.signum(),
        false => quotient,
    }
}

impl AccumulatorState for Added {
    type Shared = AddedResult;

    #[inline]
    fn update(&mut self, _shared: &AddedResult, value: ValueRef<'_>, _position: Position) -> Result<(), &'static str> {
        if let ValueRef::Duration(ns) = value {
            self.sum.add(Number::Int(ns));
            self.count += 1;
            self.durations += 1;
        } else if let Some(number) = exact(value)? {
            self.sum.add_exact(number);
            self.count += 1;
        }
        Ok(())
    }

    fn merge(&mut self, _shared: &Self::Shared, other: &Self) {
        self.sum.merge(&other.sum);
        self.count += other.count;
        self.durations += other.durations;
    }

    const SUBTRACTS: bool = true;

    fn subtract(&mut self, other: &Self) {
        self.sum.subtract(&other.sum);
        self.count -= other.count;
        self.durations -= other.durations;
    }

    fn finish(&self, result: &Self::Shared, finish: &Finish) -> Value {
        match (self.count, self.durations) {
            (0, _) => Value::Null,
            (count, 0) => result.of_numbers(&self.sum, count, finish),
            (count, durations) if durations == count => match self.sum.value().borrow().as_exact() {
                Some(Exact::Int(ns)) => result.of_durations(i128::from(ns), count, finish),
                Some(Exact::Big(ns)) => ns.to_i128().map_or(Value::Null, |ns| result.of_durations(ns, count, finish)),
                _ => Value::Null,
            },
            _ => Value::Null,
        }
    }

    fn null_reason(&self) -> Option<NullReason> {
        (self.count > 0).then(|| null_reason(self.count, self.durations))
    }

    fn save(&self, _shared: &Self::Shared, out: &mut Vec<u8>) {
        self.sum.save(out);
        save_counts(self.count, self.durations, out);
    }

    fn load(_shared: &Self::Shared, input: &mut StateReader<'_>) -> Result<Self, StateError> {
        let sum = ExactSum::load(input)?;
        let (count, durations) = load_counts(input)?;
        if durations <= count { Ok(Added { sum, count, durations }) } else { Err(StateError::Damaged) }
    }
}

impl HeapBytes for Added {
    fn heap_bytes(&self) -> usize {
        self.sum.heap_bytes()
    }
}
