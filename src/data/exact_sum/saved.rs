//! Sums as bytes. The form depends on the value alone, not on the order of the additions.
//!
//! A sum of floats is a whole number of units of 2^-1088, which is written with 32 bits a digit.

use super::{ExactSum, HUGE_EXPONENT, NARROW, Rest};
use crate::data::big_int::WideSum;
use crate::data::expansion::{Expansion, mantissa, scale};
use crate::data::heap_bytes::HeapBytes;
use crate::data::persist::{Persist, StateError, StateReader};

/// The exponent of the lowest digit: no float has lower bits.
const UNIT: i32 = -1088;

/// Bits of a digit.
const DIGIT_BITS: i32 = 32;

/// Digits of the largest sum: a float is below 2^1024, and there are at most 2^64 of them.
const MAX_DIGITS: usize = ((1024 + 64 - UNIT) / DIGIT_BITS + 1) as usize;

/// Bits of [`ExactSum`]'s first byte.
mod flag {
    /// A float was added.
    pub(super) const FLOATS: u8 = 1;
    /// The ints do not fit 128 bits.
    pub(super) const WIDE: u8 = 2;
    /// There are products far from 1.
    pub(super) const FAR: u8 = 4;
}

impl Persist for ExactSum {
    fn save(&self, out: &mut Vec<u8>) {
        let ints = self.all_ints();
        let narrow = ints.to_i128().filter(|sum| sum.unsigned_abs() < NARROW);
        let rest = self.rest.as_deref();
        let far = rest.filter(|rest| !rest.large.parts().is_empty() || !rest.small.parts().is_empty());
        let flags = [(self.floats > 0, flag::FLOATS), (narrow.is_none(), flag::WIDE), (far.is_some(), flag::FAR)];
        out.push(flags.iter().filter(|(is_set, _)| *is_set).map(|(_, flag)| flag).sum());
        match narrow {
            Some(sum) => sum.save(out),
            None => ints.save(out),
        }
        if self.floats > 0 {
            self.floats.save(out);
            let mut near = Digits::default();
            match rest {
                Some(rest) => {
                    near.add_all(&rest.sum, 0);
                    near.add_all(&rest.huge, HUGE_EXPONENT);
                }
                None => {
                    near.add(self.high, 0);
                    near.add(self.low, 0);
                }
            }
            near.save(out);
        }
        if let Some(rest) = far {
            for parts in [&rest.large, &rest.small] {
                let mut digits = Digits::default();
                digits.add_all(parts, 0);
                digits.save(out);
            }
        }
    }

    fn load(input: &mut StateReader<'_>) -> Result<Self, StateError> {
        let mut sum = ExactSum::default();
        let flags = u8::load(input)?;
        if flags > (flag::FLOATS | flag::WIDE | flag::FAR) {
            return Err(StateError::Damaged);
        }
        if flags & flag::WIDE == 0 {
            sum.ints = i128::load(input)?;
            if sum.ints.unsigned_abs() >= NARROW {
                return Err(StateError::Damaged);
            }
        } else {
            let ints = WideSum::load(input)?;
            if ints.to_i128().is_some_and(|sum| sum.unsigned_abs() < NARROW) {
                return Err(StateError::Damaged);
            }
            sum.rest().ints = ints;
        }
        if flags & flag::FLOATS != 0 {
            sum.floats = input.count()?;
            if sum.floats == 0 {
                return Err(StateError::Damaged);
            }
            for (digit, exponent) in Digits::load(input)?.values() {
                if exponent + DIGIT_BITS > 1000 {
                    sum.rest().huge.add(scale(digit, exponent - HUGE_EXPONENT));
                } else {
                    sum.add_float(scale(digit, exponent));
                }
            }
        }
        if flags & flag::FAR != 0 {
            let (large, small) = (Digits::load(input)?.expansion()?, Digits::load(input)?.expansion()?);
            if flags & flag::FLOATS == 0 || large.parts().is_empty() && small.parts().is_empty() {
                return Err(StateError::Damaged);
            }
            let rest = sum.rest();
            (rest.large, rest.small) = (large, small);
        }
        Ok(sum)
    }
}

/// A sum of floats in units of 2^[`UNIT`], lowest digit first. Digits are carried when all floats are added.
#[derive(Debug, Default)]
struct Digits {
    digits: Vec<i64>,
    /// Digits before these are zero.
    first: usize,
}

impl Digits {
    /// Adds a float times a power of two.
    fn add(&mut self, value: f64, exponent: i32) {
        if value == 0.0 || !value.is_finite() {
            return; // sums stay within the range of floats in their unit
        }
        let (mantissa, of_value) = mantissa(value);
        let bits = scale(mantissa, 52) as i64; // a whole number of 53 bits
        let shift = of_value - 52 + exponent - UNIT;
        // Bits below the lowest digit are zero: no float has any.
        let (bits, shift) = if shift < 0 { (bits >> -shift, 0) } else { (bits, shift) };
        let first = (shift / DIGIT_BITS) as usize;
        let parts = i128::from(bits) << (shift % DIGIT_BITS);
        if self.digits.is_empty() {
            self.first = first;
        }
        if first < self.first {
            self.digits.splice(0..0, std::iter::repeat_n(0, self.first - first));
            self.first = first;
        }
        let from = first - self.first;
        if self.digits.len() < from + 3 {
            self.digits.resize(from + 3, 0);
        }
        let (sign, mut parts) = (parts.signum() as i64, parts.unsigned_abs());
        for digit in &mut self.digits[from..from + 3] {
            *digit += sign * (parts & 0xffff_ffff) as i64;
            parts >>= DIGIT_BITS;
        }
    }

    fn add_all(&mut self, parts: &Expansion, exponent: i32) {
        parts.parts().iter().for_each(|part| self.add(*part, exponent));
    }

    /// Returns the sign and the digits of the sum, without zeros before and after them, and where they begin.
    fn carried(&self) -> (bool, usize, Vec<u32>) {
        let carry = |sign: i64| {
            let (mut digits, mut carried) = (Vec::with_capacity(self.digits.len() + 1), 0);
            for digit in &self.digits {
                let total = digit * sign + carried;
                digits.push(total as u32);
                carried = total >> DIGIT_BITS;
            }
            (carried, digits)
        };
        let (mut is_negative, (mut carried, mut digits)) = (false, carry(1));
        if carried < 0 {
            is_negative = true;
            (carried, digits) = carry(-1);
        }
        digits.push(carried as u32);
        while digits.last() == Some(&0) {
            digits.pop();
        }
        let zeros = digits.iter().take_while(|digit| **digit == 0).count();
        digits.drain(..zeros);
        let first = if digits.is_empty() { 0 } else { self.first + zeros };
        (is_negative, first, digits)
    }

    fn save(&self, out: &mut Vec<u8>) {
        let (is_negative, first, digits) = self.carried();
        is_negative.save(out);
        out.push(first as u8);
        out.push(digits.len() as u8);
        digits.iter().for_each(|digit| digit.save(out));
    }

    fn load(input: &mut StateReader<'_>) -> Result<Self, StateError> {
        let is_negative = bool::load(input)?;
        let (first, count) = (usize::from(u8::load(input)?), usize::from(u8::load(input)?));
        let digits = input.block(count, u32::from_le_bytes)?;
        let is_canonical = match (digits.first(), digits.last()) {
            (Some(lowest), Some(highest)) => *lowest != 0 && *highest != 0 && first + count <= MAX_DIGITS,
            _ => !is_negative && first == 0,
        };
        let is_whole = first > 0 || digits.first().is_none_or(|digit| digit.trailing_zeros() as i32 >= -1074 - UNIT);
        if !is_canonical || !is_whole {
            return Err(StateError::Damaged);
        }
        let sign = if is_negative { -1 } else { 1 };
        Ok(Digits { digits: digits.iter().map(|digit| i64::from(*digit) * sign).collect(), first })
    }

    /// Returns each digit and its exponent, the highest first.
    fn values(&self) -> impl Iterator<Item = (f64, i32)> {
        let digits = self.digits.iter().enumerate().rev().filter(|(_, digit)| **digit != 0);
        digits.map(|(index, digit)| (*digit as f64, (self.first + index) as i32 * DIGIT_BITS + UNIT))
    }

    /// Returns the sum as floats; an error if it is beyond their range.
    fn expansion(&self) -> Result<Expansion, StateError> {
        let mut sum = Expansion::default();
        self.values().for_each(|(digit, exponent)| sum.add(scale(digit, exponent)));
        if sum.parts().iter().all(|part| part.is_finite()) { Ok(sum) } else { Err(StateError::Damaged) }
    }
}

impl HeapBytes for ExactSum {
    fn heap_bytes(&self) -> usize {
        self.rest.heap_bytes()
    }
}

impl HeapBytes for Rest {
    fn heap_bytes(&self) -> usize {
        let floats = [&self.sum, &self.huge, &self.large, &self.small];
        floats.iter().map(|parts| parts.heap_bytes()).sum::<usize>() + self.ints.heap_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::super::HUGE;
    use super::*;
    use crate::data::{Number, Value};
    use proptest::prelude::*;

    fn bytes(sum: &ExactSum) -> Vec<u8> {
        let mut out = Vec::new();
        sum.save(&mut out);
        out
    }

    fn loaded(sum: &ExactSum) -> ExactSum {
        let bytes = bytes(sum);
        let mut input = StateReader::new(&bytes);
        let loaded = ExactSum::load(&mut input).expect("its own bytes");
        assert!(input.is_empty());
        loaded
    }

    /// Any number, products of two, and ints beyond 64 bits.
    #[derive(Clone, Debug)]
    enum Summand {
        One(Number),
        Product(Number, Number),
        Wide(i128),
    }

    fn summand() -> impl Strategy<Value = Summand> {
        let float = prop_oneof![proptest::num::f64::NORMAL, proptest::num::f64::SUBNORMAL, -1e6..1e6];
        let number = prop_oneof![any::<i64>().prop_map(Number::Int), float.prop_map(Number::Float)];
        prop_oneof![
            2 => number.clone().prop_map(Summand::One),
            1 => (number.clone(), number).prop_map(|(left, right)| Summand::Product(left, right)),
            1 => any::<i128>().prop_map(Summand::Wide),
        ]
    }

    fn add(sum: &mut ExactSum, summand: &Summand) {
        match summand {
            Summand::One(number) => sum.add(*number),
            Summand::Product(left, right) => sum.add_product(*left, *right),
            Summand::Wide(int) => sum.add_i128(*int),
        }
    }

    fn of(summands: &[Summand]) -> ExactSum {
        let mut sum = ExactSum::default();
        summands.iter().for_each(|summand| add(&mut sum, summand));
        sum
    }

    proptest! {
        #[test]
        fn a_loaded_sum_goes_on_as_the_saved_one(summands in prop::collection::vec(summand(), 0..12), cut in 0usize..12) {
            let (before, after) = summands.split_at(cut.min(summands.len()));
            let mut sum = of(before);
            let mut again = loaded(&sum);
            prop_assert_eq!(bytes(&again), bytes(&sum));
            after.iter().for_each(|summand| { add(&mut sum, summand); add(&mut again, summand); });
            prop_assert_eq!(again.value(), sum.value());
            prop_assert_eq!(again.divided_by(7), sum.divided_by(7));
            prop_assert_eq!(again.exponent(), sum.exponent());
            prop_assert_eq!(again.scaled(-700).round().to_bits(), sum.scaled(-700).round().to_bits());
            prop_assert_eq!(bytes(&again), bytes(&sum));
        }

        #[test]
        fn the_bytes_do_not_depend_on_the_order(summands in prop::collection::vec(summand(), 0..12), cut in 0usize..12) {
            let (left, right) = summands.split_at(cut.min(summands.len()));
            let mut merged = of(right);
            merged.merge(&of(left));
            prop_assert_eq!(bytes(&merged), bytes(&of(&summands)));
        }

        #[test]
        fn any_bytes_are_a_sum_with_these_bytes_or_rejected(data in prop::collection::vec(any::<u8>(), 0..80), flags in 0u8..8) {
            let data = [&[flags][..], &data].concat();
            let mut input = StateReader::new(&data);
            if let Ok(sum) = ExactSum::load(&mut input) {
                let read = data.len() - input.left();
                prop_assert_eq!(&bytes(&sum)[..], &data[..read]);
            }
        }
    }

    #[test]
    fn equal_sums_have_equal_bytes() {
        let mut wide = ExactSum::default();
        wide.add_i128(i128::MAX);
        wide.add_i128(i128::MAX);
        wide.add_i128(-i128::MAX);
        wide.add_i128(5 - i128::MAX);
        let mut narrow = ExactSum::default();
        narrow.add(Number::Int(5));
        assert_eq!(bytes(&wide), bytes(&narrow));
        assert_eq!(wide.divided_by(3), narrow.divided_by(3));
        assert_eq!(loaded(&wide).value(), Value::Int(5));
        assert_eq!(bytes(&narrow).len(), 17, "a flag and 128 bits");
        // Floats that grow to huge ones.
        let mut many = ExactSum::default();
        (0..4).for_each(|_| many.add(Number::Float(HUGE / 2.0)));
        let mut one = ExactSum::default();
        one.add(Number::Float(HUGE));
        one.add(Number::Float(HUGE));
        (one.floats, many.floats) = (1, 1);
        assert_eq!(bytes(&many), bytes(&one));
    }
}
