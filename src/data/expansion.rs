//! Arithmetic without rounding: a number as the sum of floats that do not overlap.
//!
//! After J. R. Shewchuk, *Adaptive Precision Floating-Point Arithmetic and Fast Robust Geometric Predicates* (1997):
//! sums by Knuth's and products by Dekker's and Veltkamp's error-free transformations. The same number can have several
//! forms as a sum; so that results do not depend on how it was made, products use a form that only the number decides
//! ([`Expansion::canonical`]).
//!
//! Limits: products beyond 1e300 are not finite, and those of numbers below 1e-140 lose their last digits.

use super::heap_bytes::HeapBytes;

/// A sum of floats that do not overlap, smallest first; a single NaN after it exceeded every float.
#[derive(Clone, Debug, Default)]
pub struct Expansion(Vec<f64>);

impl Expansion {
    /// Converts an integer to three floats of at most 43 bits each.
    pub fn of_int(value: i128) -> Expansion {
        let mut parts = Expansion::default();
        let negative = value < 0;
        let mut magnitude = value.unsigned_abs();
        let mut scale = 1.0;
        while magnitude > 0 {
            let digit = (magnitude & ((1 << 43) - 1)) as f64 * scale;
            parts.add(if negative { -digit } else { digit });
            magnitude >>= 43;
            scale *= (1u64 << 43) as f64;
        }
        parts
    }

    /// Returns the floats, smallest first.
    pub fn parts(&self) -> &[f64] {
        &self.0
    }

    /// Adds a float. A sum that exceeded every float stays so.
    pub fn add(&mut self, value: f64) {
        let parts = &mut self.0;
        if parts.first().is_some_and(|part| part.is_nan()) {
            return;
        }
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
        if !carry.is_finite() {
            *parts = vec![f64::NAN];
        } else if carry != 0.0 {
            parts.push(carry);
        }
    }

    /// Adds another expansion.
    pub fn add_all(&mut self, other: &Expansion) {
        other.0.iter().for_each(|&part| self.add(part));
    }

    /// Subtracts another expansion.
    pub fn minus(mut self, other: &Expansion) -> Expansion {
        other.0.iter().for_each(|&part| self.add(-part));
        self
    }

    /// Multiplies with another expansion.
    pub fn times(&self, other: &Expansion) -> Expansion {
        let (left, right) = (self.canonical(), other.canonical());
        let mut product = Expansion::default();
        for &left in &left {
            for &right in &right {
                let (high, low) = two_product(left, right);
                product.add(low);
                product.add(high);
            }
        }
        product
    }

    /// Returns the nearest float, ties to even.
    pub fn round(&self) -> f64 {
        let mut rest = self.0.iter().rev();
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
        // Half an ulp was lost and a part of the same sign follows: it is no tie.
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

    /// Returns the nearest float, then the nearest to the rest, and so on.
    fn canonical(&self) -> Vec<f64> {
        let mut rest = self.clone();
        let mut parts = Vec::with_capacity(self.0.len());
        while !rest.0.is_empty() {
            let part = rest.round();
            parts.push(part);
            if !part.is_finite() {
                break;
            }
            rest.add(-part);
        }
        parts
    }
}

impl HeapBytes for Expansion {
    fn heap_bytes(&self) -> usize {
        self.0.heap_bytes()
    }
}

/// Multiplies a float by a power of two.
pub fn scale(value: f64, exponent: i32) -> f64 {
    const STEP: i32 = 1000;
    let (mut value, mut exponent) = (value, exponent);
    while exponent.abs() > STEP {
        let step = STEP * exponent.signum();
        value *= 2f64.powi(step);
        exponent -= step;
    }
    value * 2f64.powi(exponent)
}

/// Splits a nonzero float into one from 1 to 2, or from -2 to -1, and a power of two.
pub(super) fn mantissa(value: f64) -> (f64, i32) {
    const LIFT: i32 = 64;
    if value.abs() < f64::MIN_POSITIVE {
        let (lifted, exponent) = mantissa(scale(value, LIFT));
        return (lifted, exponent - LIFT);
    }
    let exponent = (value.to_bits() >> 52 & 0x7ff) as i32 - 1023;
    (scale(value, -exponent), exponent)
}

/// Returns the rounded sum of two floats and the exact rounding error (Knuth).
#[inline]
pub(super) fn two_sum(a: f64, b: f64) -> (f64, f64) {
    let sum = a + b;
    let b_part = sum - a;
    let a_part = sum - b_part;
    (sum, (a - a_part) + (b - b_part))
}

/// Returns the rounded product of two floats and the exact rounding error (Dekker). The error of an infinite product is
/// 0.
#[inline]
pub fn two_product(a: f64, b: f64) -> (f64, f64) {
    let product = a * b;
    let (a_high, a_low) = halves(a);
    let (b_high, b_low) = halves(b);
    let lost = a_low * b_low - (((product - a_high * b_high) - a_low * b_high) - a_high * b_low);
    if lost.is_finite() { (product, lost) } else { (f64::INFINITY, 0.0) }
}

/// Splits a float into two of half its digits (Veltkamp).
#[inline]
fn halves(value: f64) -> (f64, f64) {
    let scaled = value * ((1u64 << 27) + 1) as f64;
    let high = scaled - (scaled - value);
    (high, value - high)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(values: &[i64]) -> Expansion {
        let mut sum = Expansion::default();
        values.iter().for_each(|&value| sum.add_all(&Expansion::of_int(i128::from(value))));
        sum
    }

    proptest! {
        #[test]
        fn products_and_differences_are_exact(a: i64, b: i64, c: i64) {
            let exact = i128::from(a) * i128::from(b) - i128::from(c);
            let product = of(&[a]).times(&of(&[b])).minus(&of(&[c]));
            let rest = product.clone().minus(&Expansion::of_int(exact));
            prop_assert!(rest.parts().is_empty());
            prop_assert_eq!(product.round(), exact as f64);
        }

        #[test]
        fn a_number_has_one_canonical_form(mut values in prop::collection::vec(any::<i64>(), 0..12)) {
            let one = of(&values).times(&of(&[3]));
            values.reverse();
            let other = of(&values).times(&of(&[3]));
            prop_assert_eq!(one.canonical(), other.canonical());
        }
    }

    #[test]
    fn what_overflows_stays_so() {
        let mut sum = Expansion::default();
        let (high, low) = two_product(1e200, 1e200);
        sum.add(high);
        sum.add(low);
        sum.add(-1.0);
        sum.add(f64::NEG_INFINITY);
        assert!(!sum.round().is_finite());
    }
}
