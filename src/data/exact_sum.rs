//! Sums that do not depend on the order of additions.
//!
//! Ints are added in 128 bits. Floats are kept as a sum of floats without rounding: two that do not overlap (a
//! *double-double*), which is exact for the decimals found in logs, and an [expansion](super::expansion) for what does
//! not fit into two. The result is rounded once, at the end, to the nearest float, ties to even, like Python's
//! `math.fsum`.

mod saved;

use super::big_int::{BigInt, WideSum};
use super::expansion::{Expansion, mantissa, scale, two_product, two_sum};
use super::number::{Exact, Number};
use super::quotient::divide;
use super::value::Value;

/// An exact sum of numbers.
#[derive(Clone, Debug, Default)]
pub struct ExactSum {
    ints: i128,
    high: f64,
    low: f64,
    /// The whole float part if two floats cannot hold it, and ints that 128 bits cannot hold.
    rest: Option<Box<Rest>>,
    /// The number of floats added: if there is any, the sum is a float.
    floats: u64,
}

/// A float part that two floats cannot hold, and ints that 128 bits cannot hold.
#[derive(Clone, Debug, Default)]
struct Rest {
    sum: Expansion,
    /// The sum of floats from [`HUGE`], in units of [`HUGE_UNIT`]: a partial sum may exceed every float although the
    /// total does not.
    huge: Expansion,
    /// Ints; no digits if there are none.
    ints: WideSum,
    /// Products from [`HUGE`], in units of 2^1200.
    large: Expansion,
    /// Products below [`TINY`], in units of 2^-1200.
    small: Expansion,
}

/// 2^-800: the last digits of a smaller product may be below every float.
const TINY: f64 = f64::from_bits((1023 - 800) << 52);

/// The exponent of the units of products far from 1, which have twice the range of floats.
const FAR: i32 = 1200;

/// 2^900: the sum of 2^64 smaller floats is a float.
const HUGE: f64 = f64::from_bits((1023 + 900) << 52);

/// Sums of ints from here are moved to the wide ones: below it there is room for 2^56 ints of 64 bits, so that adding
/// one needs no check.
const NARROW: u128 = 1 << 120;

/// 2^128: in this unit the sum of 2^64 huge floats is a float.
const HUGE_UNIT: f64 = f64::from_bits((1023 + HUGE_EXPONENT as u64) << 52);

/// The exponent of [`HUGE_UNIT`].
const HUGE_EXPONENT: i32 = 128;

impl ExactSum {
    /// Adds a number.
    #[inline]
    pub fn add(&mut self, number: Number) {
        match number {
            Number::Int(value) => self.ints += i128::from(value),
            Number::Float(value) => {
                self.floats += 1;
                self.add_float(value);
            }
        }
    }

    /// Adds a number of any size.
    #[inline]
    pub fn add_exact(&mut self, number: Exact<'_>) {
        match number {
            Exact::Int(value) => self.ints += i128::from(value),
            Exact::Float(value) => self.add(Number::Float(value)),
            Exact::Big(value) => self.add_big(value),
        }
    }

    /// Adds an integer beyond 64 bits.
    #[inline(never)]
    fn add_big(&mut self, value: BigInt<'_>) {
        match value.to_i128() {
            Some(value) => self.add_i128(value),
            None => self.rest().ints.add(value),
        }
    }

    /// Adds an integer of 128 bits.
    pub fn add_i128(&mut self, value: i128) {
        match self.ints.checked_add(value) {
            Some(sum) if sum.unsigned_abs() < NARROW => self.ints = sum,
            _ => self.rest().ints.add_i128(value),
        }
    }

    /// True if ints are kept outside of `ints`.
    fn has_wide_ints(&self) -> bool {
        self.rest.as_ref().is_some_and(|rest| !rest.ints.is_empty())
    }

    /// Adds the exact product of two numbers.
    #[inline]
    pub fn add_product(&mut self, left: Number, right: Number) {
        match (left, right) {
            (Number::Int(left), Number::Int(right)) => {
                self.add_i128(i128::from(left) * i128::from(right));
            }
            (Number::Float(left), Number::Float(right)) => self.add_float_product(left, right),
            (Number::Int(int), Number::Float(float)) | (Number::Float(float), Number::Int(int)) => {
                let high = int as f64;
                let low = (i128::from(int) - high as i128) as f64;
                self.add_float_product(high, float);
                self.add_float_product(low, float);
            }
        }
    }

    #[inline]
    fn add_float_product(&mut self, left: f64, right: f64) {
        self.floats += 1;
        let near = (left * right).abs();
        if !(TINY..HUGE).contains(&near) && left != 0.0 && right != 0.0 {
            return self.add_far_product(left, right);
        }
        let (product, lost) = two_product(left, right);
        if product.is_infinite() {
            return self.add_uneven_product(left, right); // no product in range exceeds every float
        }
        self.add_float(product);
        self.add_float(lost);
    }

    /// Adds a product in range with a factor too large to be split into halves.
    #[cold]
    fn add_uneven_product(&mut self, left: f64, right: f64) {
        if left == 0.0 || right == 0.0 {
            return;
        }
        let ((left, left_exponent), (right, right_exponent)) = (mantissa(left), mantissa(right));
        let (product, lost) = two_product(left, right);
        self.add_float(scale(product, left_exponent + right_exponent));
        self.add_float(scale(lost, left_exponent + right_exponent));
    }

    /// Adds a product beyond the range of floats, or one whose digits are below it.
    #[cold]
    fn add_far_product(&mut self, left: f64, right: f64) {
        let ((left, left_exponent), (right, right_exponent)) = (mantissa(left), mantissa(right));
        let (product, lost) = two_product(left, right);
        let exponent = left_exponent + right_exponent;
        let rest = self.rest();
        let (sum, unit) = match exponent > 0 {
            true => (&mut rest.large, FAR),
            false => (&mut rest.small, -FAR),
        };
        sum.add(scale(lost, exponent - unit));
        sum.add(scale(product, exponent - unit));
    }

    /// Returns the sum times a power of two, as floats. Parts too small to be floats next to 1 are dropped.
    pub fn scaled(&self, exponent: i32) -> Expansion {
        let mut sum = Expansion::default();
        let mut add = |parts: &Expansion, unit: i32| {
            let parts = parts.parts().iter();
            parts.for_each(|part| sum.add(scale(*part, unit + exponent)));
        };
        if self.has_wide_ints() {
            let mut ints = Expansion::default();
            self.all_ints().floats().iter().for_each(|float| ints.add(*float));
            add(&ints, 0);
        } else {
            add(&Expansion::of_int(self.ints), 0);
        }
        match &self.rest {
            Some(rest) => {
                add(&rest.small, -FAR);
                add(&rest.sum, 0);
                add(&rest.huge, HUGE_EXPONENT);
                add(&rest.large, FAR);
            }
            None => {
                sum.add(scale(self.low, exponent));
                sum.add(scale(self.high, exponent));
            }
        }
        sum
    }

    /// Returns the exponent of a sum that is not negative; `None` if it is zero.
    pub fn exponent(&self) -> Option<i32> {
        let near = [FAR, 0, -FAR].into_iter().map(|unit| (self.scaled(-unit).round(), unit));
        let mut near = near.filter(|(sum, _)| *sum != 0.0 && sum.is_finite());
        near.next().map(|(sum, unit)| mantissa(sum).1 + unit)
    }

    /// Adds another sum.
    pub fn merge(&mut self, other: &ExactSum) {
        self.add_i128(other.ints);
        self.floats += other.floats;
        match &other.rest {
            Some(rest) => {
                rest.sum.parts().iter().for_each(|&part| self.add_float(part));
                if !rest.huge.parts().is_empty() {
                    self.rest().huge.add_all(&rest.huge);
                }
                if !rest.ints.is_empty() {
                    self.rest().ints.merge(&rest.ints);
                }
                if !rest.large.parts().is_empty() || !rest.small.parts().is_empty() {
                    let own = self.rest();
                    own.large.add_all(&rest.large);
                    own.small.add_all(&rest.small);
                }
            }
            None if other.floats > 0 => {
                self.add_float(other.high);
                self.add_float(other.low);
            }
            None => {}
        }
    }

    /// Subtracts another sum.
    pub fn subtract(&mut self, other: &ExactSum) {
        match self.ints.checked_sub(other.ints) {
            Some(difference) => self.ints = difference,
            None => {
                let own = &mut self.rest().ints;
                own.add_i128(-(other.ints / 2)); // the negated minimum does not fit 128 bits
                own.add_i128(-(other.ints - other.ints / 2));
            }
        }
        if let Some(rest) = other.rest.as_ref().filter(|rest| !rest.ints.is_empty()) {
            self.rest().ints.subtract(&rest.ints);
        }
        self.floats = self.floats.saturating_sub(other.floats);
        if self.floats == 0 {
            (self.high, self.low) = (0.0, 0.0);
            if !self.has_wide_ints() {
                self.rest = None;
            } else if let Some(rest) = &mut self.rest {
                **rest = Rest { ints: std::mem::take(&mut rest.ints), ..Rest::default() };
            }
            return;
        }
        match &other.rest {
            Some(rest) => {
                let parts = rest.sum.parts().iter();
                parts.for_each(|part| self.add_float(-part));
                let own = self.rest();
                rest.huge.parts().iter().for_each(|part| own.huge.add(-part));
                rest.large.parts().iter().for_each(|part| own.large.add(-part));
                rest.small.parts().iter().for_each(|part| own.small.add(-part));
            }
            None => {
                self.add_float(-other.high);
                self.add_float(-other.low);
            }
        }
    }

    /// Returns the sum: an int of any size, or a float if one was added.
    pub fn value(&self) -> Value {
        if self.floats > 0 {
            Value::float(self.to_f64())
        } else if self.has_wide_ints() {
            self.all_ints().value()
        } else {
            Value::int(self.ints)
        }
    }

    /// Returns the sum of all ints.
    fn all_ints(&self) -> WideSum {
        let mut sum = self.rest.as_ref().map_or_else(WideSum::default, |rest| rest.ints.clone());
        sum.add_i128(self.ints);
        sum
    }

    /// Returns the sum of all ints if 128 bits hold it, whether or not it was ever larger.
    fn narrow_ints(&self) -> Option<i128> {
        if self.has_wide_ints() { self.all_ints().to_i128() } else { Some(self.ints) }
    }

    /// Divides the sum by a count and rounds.
    pub fn divided_by(&self, count: u64) -> Value {
        if self.floats == 0
            && let Some(ints) = self.narrow_ints()
        {
            return Value::float(divide(ints, i128::from(count)));
        }
        let sum = self.to_f64();
        if !sum.is_finite() {
            // The sum may be beyond the range of floats although the mean is not: counts are below 2^66.
            const UNIT: i32 = 66;
            return Value::float(scale(self.scaled(-UNIT).round() / count as f64, UNIT));
        }
        Value::float(sum / count as f64)
    }

    /// Returns the exact sum as floats.
    pub fn expansion(&self) -> Expansion {
        let mut sum = Expansion::of_int(self.ints);
        if self.has_wide_ints() {
            sum = Expansion::default();
            self.all_ints().floats().iter().for_each(|float| sum.add(*float));
        }
        match &self.rest {
            Some(rest) => {
                let small = rest.small.parts().iter();
                small.for_each(|part| sum.add(scale(*part, -FAR)));
                let large = rest.large.parts().iter();
                large.for_each(|part| sum.add(scale(*part, FAR)));
                sum.add_all(&rest.sum);
                let huge = rest.huge.parts().iter();
                huge.for_each(|part| sum.add(part * HUGE_UNIT));
            }
            None => {
                sum.add(self.low);
                sum.add(self.high);
            }
        }
        sum
    }

    /// Returns the nearest float.
    fn to_f64(&self) -> f64 {
        match &self.rest {
            _ if self.floats == 0 && !self.has_wide_ints() => self.ints as f64,
            Some(rest) if !rest.huge.parts().is_empty() => {
                let mut sum = rest.huge.clone();
                let parts = rest.sum.parts().iter();
                parts.for_each(|part| sum.add(part / HUGE_UNIT));
                if self.has_wide_ints() {
                    let floats = self.all_ints().floats();
                    floats.iter().for_each(|float| sum.add(float / HUGE_UNIT));
                } else {
                    sum.add(self.ints as f64 / HUGE_UNIT);
                }
                sum.round() * HUGE_UNIT
            }
            _ => self.expansion().round(),
        }
    }

    #[inline]
    fn add_float(&mut self, value: f64) {
        if self.rest.is_some() || value.abs() >= HUGE {
            return self.add_to_rest(value);
        }
        let (high, carried) = two_sum(self.high, value);
        let (low, lost) = two_sum(self.low, carried);
        if lost != 0.0 {
            return self.add_to_rest(value);
        }
        (self.high, self.low) = two_sum(high, low);
    }

    #[inline(never)]
    fn add_to_rest(&mut self, value: f64) {
        let rest = self.rest();
        if value.abs() >= HUGE {
            rest.huge.add(value / HUGE_UNIT);
        } else {
            rest.sum.add(value);
        }
    }

    /// Returns the part that two floats cannot hold, creating it if needed.
    fn rest(&mut self) -> &mut Rest {
        let (high, low) = (std::mem::take(&mut self.high), std::mem::take(&mut self.low));
        self.rest.get_or_insert_with(|| {
            let mut rest = Box::<Rest>::default();
            rest.sum.add(low);
            rest.sum.add(high);
            rest
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sum(values: &[f64]) -> ExactSum {
        let mut sum = ExactSum::default();
        values.iter().for_each(|&value| sum.add(Number::Float(value)));
        sum
    }

    proptest! {
        #[test]
        fn what_is_taken_back_was_never_there(kept in proptest::collection::vec(proptest::num::f64::NORMAL, 0..8), gone in proptest::collection::vec(proptest::num::f64::NORMAL, 0..8), ints in proptest::collection::vec(any::<i64>(), 0..4)) {
            let mut both = sum(&kept);
            both.merge(&sum(&gone));
            let mut others = ExactSum::default();
            ints.iter().for_each(|int| others.add(Number::Int(*int)));
            both.merge(&others);
            both.subtract(&sum(&gone));
            both.subtract(&others);
            prop_assert_eq!(both.value(), sum(&kept).value());
        }
    }

    #[test]
    fn nothing_is_lost() {
        assert_eq!(sum(&[1e300, 1.0, -1e300]).value(), Value::Float(1.0));
        assert_eq!(sum(&[0.1; 10]).value(), Value::Float(1.0));
        assert_eq!(sum(&[1e16, 1.0, 1e-16, -1e16]).value(), Value::Float(1.0));
        assert_eq!(sum(&[1e308, 1e308, -1e308]).value(), Value::Float(1e308));
        assert_eq!(sum(&[1e308, 1e308, -1e308, -1e308, 0.5]).value(), Value::Float(0.5));
        assert_eq!(sum(&[1e308, 1e308]).value(), Value::Null);
        assert_eq!(sum(&[1e308, 1e308]).divided_by(2), Value::Float(1e308));
        assert_eq!(sum(&[1e308, -1e308, 1.7e308, 1.75e308]).divided_by(4), Value::Float(8.625e307));
        let mut ints = ExactSum::default();
        (0..3).for_each(|_| ints.add(Number::Int(i64::MAX)));
        assert_eq!(ints.value(), Value::int(3 * i128::from(i64::MAX)));
        ints.add(Number::Float(0.5));
        assert_eq!(ints.value(), Value::Float(2.7670116110564327e19));
    }

    proptest! {
        #[test]
        fn any_split_in_any_order_gives_the_same(
            values in prop::collection::vec((-1e15f64..1e15, -40i32..40).prop_map(|(m, e)| m * 2f64.powi(e)), 1..60),
            cut in 0usize..60,
        ) {
            let whole = sum(&values);
            let (left, right) = values.split_at(cut.min(values.len()));
            let mut merged = sum(right);
            merged.merge(&sum(left));
            prop_assert_eq!(whole.value(), merged.value());
            let mut backwards = values.clone();
            backwards.reverse();
            prop_assert_eq!(whole.value(), sum(&backwards).value());
        }
    }
}
