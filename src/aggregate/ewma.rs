//! `ewma(x, alpha)`: the exponentially weighted moving average.
//!
//! S ← αx + (1−α)S forgets: k values later, a value weighs (1−α)^k. So a group keeps its last values, down to a
//! weight of 2^-64, each with the position of its chunk, and computes S from them at the end, in order. The values
//! left out are less than a float can represent beside the largest value, and the result depends on the order of the
//! stream alone, so any split of the input gives the same bytes. (Composing the affine maps of the partials instead
//! would round differently for each split, and keep one map per chunk.)
//!
//! Memory: at most 64 / −log2(1−α) values per group, 16 bytes each, temporarily twice that: 125 values for α = 0.3,
//! 421 for 0.1, 4414 for 0.01.

use super::accumulator::{AccumulatorState, Finish, PerGroup};
use super::summand::number;
use super::{AggregateDef, ArgumentKind, Constant};
use crate::data::persist::{Persist, StateError, StateReader};
use crate::data::{Entry, Example, HeapBytes, Position, Value, ValueRef, buffer_bytes};

pub(super) const EWMA: AggregateDef = AggregateDef {
    entry: Entry {
        name: "ewma",
        usage: "ewma(x, alpha)",
        summary: "The exponentially weighted moving average, in order of arrival.",
        details: "It starts with the first number; each further x makes it alpha*x + (1-alpha)*previous. alpha is a \
                  constant above 0 and at most 1. Numbers whose weight has fallen below 2^-64 are dropped. Null if \
                  there are no values.",
        examples: &[Example { expr: "split | ewma(word, 0.5) as s", input: "8 4 2\n", output: "4\n" }],
    },
    argument: ArgumentKind::NumberAnd(Constant {
        name: "alpha",
        expected: "a number above 0, at most 1",
        fits: |alpha| alpha > 0.0 && alpha <= 1.0,
        default: None,
    }),
    ordered: true,
    accumulator: |settings| PerGroup::<Ewma>::boxed(settings, Smoothing::of(settings.constant)),
    ..AggregateDef::DEFAULT
};

/// Values that weigh less than two to the minus this power are dropped.
const FORGOTTEN_BITS: f64 = 64.0;

/// Smoothing parameters.
#[derive(Clone, Copy, Debug)]
struct Smoothing {
    alpha: f64,
    /// Number of values that still matter.
    kept: usize,
}

impl Smoothing {
    fn of(alpha: f64) -> Self {
        let bits_a_value = -(-alpha).ln_1p() / std::f64::consts::LN_2;
        Smoothing { alpha, kept: ((FORGOTTEN_BITS / bits_a_value).ceil() as usize).max(1) }
    }
}

/// The last values, in order.
#[derive(Clone, Debug, Default)]
struct Ewma(Vec<(Position, f64)>);

impl AccumulatorState for Ewma {
    type Shared = Smoothing;

    #[inline]
    fn update(&mut self, smoothing: &Smoothing, value: ValueRef<'_>, position: Position) -> Result<(), &'static str> {
        if let Some(number) = number(value)? {
            if self.0.len() / 2 >= smoothing.kept {
                self.forget(smoothing.kept);
            }
            self.0.push((position, number.to_f64()));
        }
        Ok(())
    }

    fn merge(&mut self, smoothing: &Smoothing, other: &Self) {
        self.0.extend_from_slice(&other.0);
        self.0.sort_by_key(|(position, _)| *position); // stable, and fast on two sorted runs
        self.forget(smoothing.kept);
    }

    fn finish(&self, smoothing: &Smoothing, _finish: &Finish) -> Value {
        let Smoothing { alpha, kept } = *smoothing;
        let last = &self.0[self.0.len().saturating_sub(kept)..];
        let Some(((_, first), rest)) = last.split_first() else {
            return Value::Null;
        };
        Value::float(rest.iter().fold(*first, |average, (_, value)| alpha * value + (1.0 - alpha) * average))
    }

    /// In order and never merged, the average so far is the whole state.
    fn scan(
        &mut self,
        smoothing: &Smoothing,
        value: ValueRef<'_>,
        position: Position,
        _finish: &Finish,
    ) -> (Value, Result<(), &'static str>) {
        let (number, updated) = match value {
            ValueRef::Null => (None, Ok(())),
            value => match number(value) {
                Ok(number) => (number, Ok(())),
                Err(expected) => (None, Err(expected)),
            },
        };
        match (self.0.first_mut(), number) {
            (Some((_, average)), Some(number)) => {
                let alpha = smoothing.alpha;
                *average = alpha * number.to_f64() + (1.0 - alpha) * *average;
            }
            (None, Some(number)) => self.0.push((position, number.to_f64())),
            (_, None) => {}
        }
        let average = self.0.first();
        let result = average.map_or(Value::Null, |(_, average)| Value::float(*average));
        (result, updated)
    }

    fn save(&self, smoothing: &Smoothing, out: &mut Vec<u8>) {
        let last = &self.0[self.0.len().saturating_sub(smoothing.kept)..];
        (last.len() as u64).save(out);
        last.iter().for_each(|value| value.save(out));
    }

    fn load(smoothing: &Smoothing, input: &mut StateReader<'_>) -> Result<Self, StateError> {
        let values: Vec<(Position, f64)> = Vec::load(input)?;
        let is_ordered = values.is_sorted_by_key(|(position, _)| *position);
        if is_ordered && values.len() <= smoothing.kept { Ok(Ewma(values)) } else { Err(StateError::Damaged) }
    }
}

impl HeapBytes for Ewma {
    fn heap_bytes(&self) -> usize {
        buffer_bytes(&self.0)
    }
}

impl Ewma {
    /// Keeps the last `kept` values.
    fn forget(&mut self, kept: usize) {
        self.0.drain(..self.0.len().saturating_sub(kept));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forgetting_does_not_show() {
        for alpha in [1.0, 0.9, 0.5, 0.3, 0.1, 0.01] {
            let smoothing = Smoothing::of(alpha);
            let values: Vec<f64> = (0..20_000).map(|i| f64::from(i * 7919 % 1000) / 8.0).collect();
            let mut state = Ewma::default();
            for value in &values {
                let _ = state.update(&smoothing, ValueRef::Float(*value), Position(0));
            }
            assert!(state.0.len() <= smoothing.kept * 2 + 1);
            let whole = values[1..].iter().fold(values[0], |average, value| alpha * value + (1.0 - alpha) * average);
            let finish = Finish { constant: alpha, seconds: 0.0, interpolates: false };
            let Value::Float(found) = state.finish(&smoothing, &finish) else {
                panic!("an average is a float");
            };
            let mut running = Ewma::default();
            let mut last = Value::Null;
            for value in &values {
                let value = ValueRef::Float(*value);
                (last, _) = running.scan(&smoothing, value, Position(0), &finish);
            }
            assert_eq!(last, Value::Float(whole), "{alpha}: as it runs");
            assert!((found - whole).abs() <= whole * 1e-15, "{alpha}: {found} {whole}");
        }
        assert_eq!(Smoothing::of(0.3).kept, 125);
    }
}
