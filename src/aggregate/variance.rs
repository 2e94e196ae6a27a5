//! `variance(x)`: the variance of a sample.

use super::accumulator::{AccumulatorState, Finish, PerGroup};
use super::summand::{duration, null_reason, number_or_duration};
use super::{AggregateDef, ArgumentKind};
use crate::data::persist::{Persist, StateError, StateReader, load_counts, save_counts};
use crate::data::{Entry, ExactSum, Example, Expansion, HeapBytes, Position, Value, ValueRef, scale};
use crate::expr::NullReason;

pub(super) const VARIANCE: AggregateDef = AggregateDef {
    entry: Entry {
        name: "variance",
        usage: "variance(x)",
        summary: "The sample variance of numbers, divided by n − 1.",
        details: "Computed exactly up to the last division, so that large numbers that differ little lose no \
                  precision. Of durations, in seconds squared. Null for fewer than two values.",
        examples: &[Example { expr: "split | variance(word)", input: "1 2 3 4\n", output: "1.6666666666666667\n" }],
    },
    argument: ArgumentKind::Number,
    accumulator: |settings| PerGroup::<Spread>::boxed(settings, SpreadResult::Variance),
    ..AggregateDef::DEFAULT
};

/// The sums of numbers and of their squares.
#[derive(Clone, Debug, Default)]
pub(super) struct Spread {
    sum: ExactSum,
    squares: ExactSum,
    count: u64,
    /// The number of durations, of which the nanoseconds are added: all or none, or there is no result.
    durations: u64,
}

/// The result of a variance.
#[derive(Clone, Copy, Debug)]
pub(super) enum SpreadResult {
    /// The variance itself; of durations, in seconds squared.
    Variance,
    /// Its square root; of durations, a duration.
    Deviation,
}

impl SpreadResult {
    /// Computes the result from the variance of the scaled numbers, and their exponent.
    fn of(self, variance: f64, exponent: i32) -> f64 {
        match self {
            SpreadResult::Variance => scale(variance, 2 * exponent),
            SpreadResult::Deviation => scale(variance.sqrt(), exponent),
        }
    }
}

impl AccumulatorState for Spread {
    type Shared = SpreadResult;

    #[inline]
    fn update(&mut self, _shared: &SpreadResult, value: ValueRef<'_>, _position: Position) -> Result<(), &'static str> {
        if let Some((number, is_duration)) = number_or_duration(value)? {
            self.sum.add(number);
            self.squares.add_product(number, number);
            self.count += 1;
            self.durations += u64::from(is_duration);
        }
        Ok(())
    }

    fn merge(&mut self, _shared: &SpreadResult, other: &Self) {
        self.sum.merge(&other.sum);
        self.squares.merge(&other.squares);
        self.count += other.count;
        self.durations += other.durations;
    }

    /// (n Σx² − (Σx)²) / (n (n − 1)), rounded in the numerator and in the division. The numbers are scaled by the
    /// power of two near the root of their squares, because the squares themselves may overflow.
    fn finish(&self, shared: &SpreadResult, _finish: &Finish) -> Value {
        if self.count < 2 || 0 < self.durations && self.durations < self.count {
            return Value::Null;
        }
        let count = i128::from(self.count);
        let exponent = self.squares.exponent().unwrap_or(0).div_euclid(2);
        let sum = self.sum.scaled(-exponent);
        let numerator =
            self.squares.scaled(-2 * exponent).times(&Expansion::of_int(count)).minus(&sum.times(&sum)).round();
        let variance = numerator / (count * (count - 1)) as f64;
        match (shared, self.durations) {
            (_, 0) => Value::float(shared.of(variance, exponent)),
            (SpreadResult::Variance, _) => Value::float(shared.of(variance, exponent) / 1e18),
            (SpreadResult::Deviation, _) => duration(shared.of(variance, exponent).round() as i128),
        }
    }

    fn null_reason(&self) -> Option<NullReason> {
        (self.count > 1).then(|| null_reason(self.count, self.durations))
    }

    fn save(&self, _shared: &SpreadResult, out: &mut Vec<u8>) {
        save_counts(self.count, self.durations, out);
        self.sum.save(out);
        self.squares.save(out);
    }

    fn load(_shared: &SpreadResult, input: &mut StateReader<'_>) -> Result<Self, StateError> {
        let (count, durations) = load_counts(input)?;
        let (sum, squares) = (ExactSum::load(input)?, ExactSum::load(input)?);
        if durations <= count { Ok(Spread { sum, squares, count, durations }) } else { Err(StateError::Damaged) }
    }
}

impl HeapBytes for Spread {
    fn heap_bytes(&self) -> usize {
        self.sum.heap_bytes() + self.squares.heap_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(values: &[f64]) -> Spread {
        let mut spread = Spread::default();
        for value in values {
            let _ = spread.update(&SpreadResult::Variance, ValueRef::Float(*value), Position(0));
        }
        spread
    }

    fn variance(spread: &Spread) -> Value {
        let finish = Finish { constant: 0.0, seconds: 0.0, interpolates: false };
        spread.finish(&SpreadResult::Variance, &finish)
    }

    #[test]
    fn large_numbers_that_differ_little() {
        assert_eq!(variance(&of(&[1e15 + 1.0, 1e15 + 2.0, 1e15 + 3.0])), Value::Float(1.0));
        assert_eq!(variance(&of(&[0.1; 9])), Value::Float(0.0));
        assert_eq!(variance(&of(&[0.0; 9])), Value::Float(0.0));
    }

    #[test]
    fn numbers_whose_squares_are_no_floats() {
        let root = |values: &[f64]| {
            let finish = Finish { constant: 0.0, seconds: 0.0, interpolates: false };
            of(values).finish(&SpreadResult::Deviation, &finish)
        };
        for unit in [1e200, 1e154, 1.0, 1e-150, 1e-200, 1e-300] {
            let values = [unit, 2.0 * unit, 3.0 * unit];
            let Value::Float(found) = root(&values) else {
                panic!("{unit}: no float");
            };
            assert!((found / unit - 1.0).abs() < 1e-15, "{unit}: {found}");
        }
        assert_eq!(variance(&of(&[1e200, 2e200])), Value::Null);
        // Small numbers vanish beside large ones.
        let Value::Float(mixed) = root(&[1e200, -1e200, 1.0, 1e-200]) else {
            panic!("no float");
        };
        assert!((mixed / 1e200 - (2f64 / 3.0).sqrt()).abs() < 1e-15);
    }

    proptest! {
        #[test]
        fn any_split_gives_the_same(
            values in prop::collection::vec((-1f64..1.0, -90i32..90).prop_map(|(m, e)| m * 2f64.powi(e)), 2..40),
            cut in 0usize..40,
        ) {
            let (left, right) = values.split_at(cut.min(values.len()));
            let mut merged = of(right);
            merged.merge(&SpreadResult::Variance, &of(left));
            prop_assert_eq!(variance(&of(&values)), variance(&merged));
        }
    }
}
