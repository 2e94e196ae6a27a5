//! Sums that do not depend on the order in which they were made.
//!
//! Ints are added in 128 bits. Floats are kept as a sum of floats without rounding: two that do not overlap
//! (a *double-double*), which is exact for the decimals that logs hold, and a list of partial sums for what
//! does not fit into two, after J. R. Shewchuk, *Adaptive Precision Floating-Point Arithmetic and Fast
//! Robust Geometric Predicates* (1997). The result is rounded once, at the end, to the nearest float, ties to
//! even, as Python's `math.fsum` does it.

use crate::data::{Number, Value};

/// Floats from 2^960 on are kept apart. Of smaller ones, it takes 2^60 to overflow.
const HUGE: f64 = f64::from_bits((1023 + 960) << 52);

/// 2^-128: what is huge has no digits that this takes away.
const SHRINK: f64 = f64::from_bits((1023 - 128) << 52);

/// 2^-800: smaller floats could lose digits if they were shrunk.
const TINY: f64 = f64::from_bits((1023 - 800) << 52);

/// An exact sum of numbers.
#[derive(Clone, Debug, Default)]
pub(super) struct ExactSum {
    ints: i128,
    high: f64,
    low: f64,
    /// Partial sums that do not overlap, smallest first; only if two floats did not hold the sum.
    #[allow(clippy::box_collection, reason = "hardly ever there, and one a group")]
    rest: Option<Box<Vec<f64>>>,
    /// Partial sums of floats so large that a few of them overflow, each times [`SHRINK`]; then what is added
    /// later may still bring the sum back, and whether it does must not depend on the order.
    #[allow(clippy::box_collection, reason = "hardly ever there, and one a group")]
    huge: Option<Box<Vec<f64>>>,
    /// Whether a float was added: then the sum is one.
    has_float: bool,
}

impl ExactSum {
    /// Adds a number.
    #[inline]
    pub(super) fn add(&mut self, number: Number) {
        match number {
            Number::Int(value) => self.ints += i128::from(value),
            Number::Float(value) => {
                self.has_float = true;
                self.add_float(value);
            }
        }
    }

    /// Adds an integer of any size.
    pub(super) fn add_big(&mut self, value: i128) {
        match self.ints.checked_add(value) {
            Some(sum) => self.ints = sum,
            None => self.add(Number::Float(value as f64)),
        }
    }

    /// Adds another sum.
    pub(super) fn merge(&mut self, other: &ExactSum) {
        self.add_big(other.ints);
        self.has_float |= other.has_float;
        for &part in other.parts().iter() {
            self.add_float(part);
        }
        for &part in other.huge.iter().flat_map(|parts| parts.iter()) {
            grow(self.huge.get_or_insert_default(), part);
        }
    }

    /// The sum: an int of any size, or a float if one was added.
    pub(super) fn value(&self) -> Value {
        if self.has_float {
            Value::float(self.to_f64())
        } else {
            Value::int(self.ints)
        }
    }

    /// The sum divided by a count, rounded.
    pub(super) fn divided_by(&self, count: u64) -> Value {
        let divisor = i128::from(count);
        if !self.has_float && self.ints % divisor == 0 {
            return Value::float((self.ints / divisor) as f64);
        }
        Value::float(self.to_f64() / count as f64)
    }

    fn to_f64(&self) -> f64 {
        let mut parts = self.parts();
        // An i128 is three floats, each exact: 43 bits at a time.
        let negative = self.ints < 0;
        let mut magnitude = self.ints.unsigned_abs();
        let mut scale = 1.0;
        while magnitude > 0 {
            let digit = (magnitude & ((1 << 43) - 1)) as f64 * scale;
            grow(&mut parts, if negative { -digit } else { digit });
            magnitude >>= 43;
            scale *= (1u64 << 43) as f64;
        }
        match &self.huge {
            Some(huge) if !huge.is_empty() => round_with_huge(&parts, huge),
            _ => round(&parts),
        }
    }

    #[inline]
    fn add_float(&mut self, value: f64) {
        if value.abs() >= HUGE {
            grow(self.huge.get_or_insert_default(), value * SHRINK);
            return;
        }
        if let Some(rest) = &mut self.rest {
            grow(rest, value);
            return;
        }
        let (high, carried) = two_sum(self.high, value);
        let (low, lost) = two_sum(self.low, carried);
        if lost != 0.0 {
            let mut parts = self.parts();
            grow(&mut parts, value);
            self.rest = Some(Box::new(parts));
            (self.high, self.low) = (0.0, 0.0);
            return;
        }
        (self.high, self.low) = two_sum(high, low);
    }

    /// The float part as partial sums.
    fn parts(&self) -> Vec<f64> {
        match &self.rest {
            Some(parts) => parts.to_vec(),
            None => [self.low, self.high]
                .into_iter()
                .filter(|part| *part != 0.0)
                .collect(),
        }
    }
}

/// The rounded sum of two floats and what rounding lost, exactly (Knuth).
#[inline]
fn two_sum(a: f64, b: f64) -> (f64, f64) {
    let sum = a + b;
    let b_part = sum - a;
    let a_part = sum - b_part;
    (sum, (a - a_part) + (b - b_part))
}

/// Adds a float to partial sums that do not overlap.
fn grow(parts: &mut Vec<f64>, value: f64) {
    let mut carry = value;
    let mut kept = 0;
    for index in 0..parts.len() {
        let (sum, lost) = two_sum(carry, parts[index]);
        if lost != 0.0 {
            parts[kept] = lost;
            kept += 1;
        }
        carry = sum;
    }
    parts.truncate(kept);
    if carry != 0.0 {
        parts.push(carry);
    }
}

/// The float nearest to the sum of the parts, ties to even.
fn round(parts: &[f64]) -> f64 {
    let mut rest = parts.iter().rev();
    let Some(&first) = rest.next() else {
        return 0.0;
    };
    let mut high = first;
    let mut lost = 0.0;
    for &part in rest.by_ref() {
        (high, lost) = two_sum(high, part);
        if lost != 0.0 {
            break;
        }
    }
    // Half an ulp was lost and more of the same sign follows: the tie is none.
    if let Some(&next) = rest.next()
        && ((lost < 0.0 && next < 0.0) || (lost > 0.0 && next > 0.0))
    {
        let twice = lost * 2.0;
        let moved = high + twice;
        if moved - high == twice {
            return moved;
        }
    }
    high
}

/// The float nearest to the sum of parts and of huge ones, which are shrunk; infinite if none is near.
#[cold]
fn round_with_huge(parts: &[f64], huge: &[f64]) -> f64 {
    let mut shrunk = huge.to_vec();
    let (tiny, others): (Vec<f64>, Vec<f64>) = parts.iter().partition(|part| part.abs() < TINY);
    others
        .iter()
        .for_each(|part| grow(&mut shrunk, part * SHRINK));
    let is_huge = shrunk.last().is_some_and(|top| top.abs() >= HUGE * SHRINK);
    if is_huge {
        // So far below, only the sign of the largest can matter, and that only if all the rest is a tie.
        if let Some(top) = tiny.last() {
            grow(&mut shrunk, TINY.copysign(*top));
        }
        return round(&shrunk) / SHRINK;
    }
    let mut parts: Vec<f64> = shrunk.iter().map(|part| part / SHRINK).collect();
    tiny.iter().for_each(|part| grow(&mut parts, *part));
    round(&parts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sum(values: &[f64]) -> ExactSum {
        let mut sum = ExactSum::default();
        values
            .iter()
            .for_each(|&value| sum.add(Number::Float(value)));
        sum
    }

    #[test]
    fn nothing_is_lost() {
        assert_eq!(sum(&[1e300, 1.0, -1e300]).value(), Value::Float(1.0));
        assert_eq!(sum(&[0.1; 10]).value(), Value::Float(1.0));
        assert_eq!(sum(&[1e16, 1.0, 1e-16, -1e16]).value(), Value::Float(1.0));
        assert_eq!(
            sum(&[1e308, 1e308, 5e-324, -1e308, -1e308]).value(),
            Value::Float(5e-324)
        );
        assert_eq!(sum(&[1e308, 1e308, -1e308]).value(), Value::Float(1e308));
        assert_eq!(sum(&[1e308, 1e308]).value(), Value::Null);
        assert_eq!(sum(&[f64::MAX, 1e291]).value(), Value::Float(f64::MAX));
        assert_eq!(sum(&[f64::MAX, 1e292]).value(), Value::Null);
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
            far in prop::collection::vec(prop::sample::select(vec![1e308, -1e308, 5e-324, f64::MAX, 1e-300, -1e300]), 0..6),
            cut in 0usize..60,
        ) {
            let values = [values, far].concat();
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
