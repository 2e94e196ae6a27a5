//! Ints beyond 64 bits: their digits, and sums of them.
//!
//! Such an int is kept as written. Printing, comparing and adding take time in proportion to its digits, however many
//! there are, because sums are kept in a power of ten: nothing is converted to binary and back.

use std::cmp::Ordering;

use super::heap_bytes::HeapBytes;
use super::number::whole_digits;
use super::persist::{Persist, StateError, StateReader};
use super::value::Value;

/// An int that does not fit into 64 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BigInt<'a> {
    is_negative: bool,
    /// Without leading zeros.
    digits: &'a [u8],
}

/// The largest float is 1.8e308, an int of 309 digits.
const FLOAT_DIGITS: usize = 309;

/// The largest magnitude of an i128 has 39 digits.
const I128_DIGITS: usize = 39;

impl<'a> BigInt<'a> {
    /// Parses text that is an int beyond 64 bits; leading zeros and a leading `+` are allowed.
    pub fn parse(text: &'a [u8]) -> Option<BigInt<'a>> {
        let (is_negative, digits) = match text {
            [b'-', digits @ ..] => (true, digits),
            [b'+', digits @ ..] => (false, digits),
            digits => (false, digits),
        };
        if digits.is_empty() || whole_digits(digits) != digits.len() {
            return None;
        }
        let zeros = digits.iter().take_while(|digit| **digit == b'0').count();
        let int = BigInt { is_negative, digits: &digits[zeros..] };
        int.is_beyond_64_bits().then_some(int)
    }

    /// Parses an int that [`BigInt::write`] wrote.
    pub fn written(text: &'a [u8]) -> BigInt<'a> {
        let (is_negative, digits) = match text {
            [b'-', digits @ ..] => (true, digits),
            digits => (false, digits),
        };
        BigInt { is_negative, digits }
    }

    /// Appends the digits, after a `-` if it is negative.
    pub fn write(self, out: &mut Vec<u8>) {
        if self.is_negative {
            out.push(b'-');
        }
        out.extend_from_slice(self.digits);
    }

    /// Copies the int.
    pub fn to_value(self) -> Value {
        let mut text = Vec::with_capacity(self.digits.len() + 1);
        self.write(&mut text);
        Value::BigInt(text.into())
    }

    /// True if it is negative.
    pub fn is_negative(self) -> bool {
        self.is_negative
    }

    /// Negates the int, which may then fit into 64 bits: -2^63 does, 2^63 does not.
    pub fn negated(self) -> Result<BigInt<'a>, i64> {
        let negated = BigInt { is_negative: !self.is_negative, digits: self.digits };
        match negated.is_beyond_64_bits() {
            true => Ok(negated),
            false => Err(i64::MIN),
        }
    }

    /// Returns the absolute value.
    pub fn abs(self) -> BigInt<'a> {
        BigInt { is_negative: false, digits: self.digits }
    }

    /// Returns the nearest float; infinite beyond the range of floats.
    pub fn to_f64(self) -> f64 {
        let magnitude = match str::from_utf8(self.digits) {
            Ok(digits) if digits.len() <= FLOAT_DIGITS => digits.parse().unwrap_or(f64::INFINITY),
            _ => f64::INFINITY,
        };
        if self.is_negative { -magnitude } else { magnitude }
    }

    /// Converts to 128 bits, if it fits.
    pub fn to_i128(self) -> Option<i128> {
        if self.digits.len() > I128_DIGITS {
            return None;
        }
        let magnitude: i128 = str::from_utf8(self.digits).ok()?.parse().ok()?;
        Some(if self.is_negative { -magnitude } else { magnitude })
    }

    /// Compares with a finite float without rounding either.
    pub fn compare_float(self, float: f64) -> Ordering {
        if float.abs() < 9e18 {
            return self.sign(); // every float below 2^63 is nearer to zero
        }
        // Floats from 2^53 are ints, and this prints all of their digits.
        let text = format!("{float:.0}");
        self.cmp(&BigInt::written(text.as_bytes()))
    }

    /// Compares with zero.
    fn sign(self) -> Ordering {
        if self.is_negative { Ordering::Less } else { Ordering::Greater }
    }

    /// Compares with an int of 64 bits.
    pub fn compare_int(self, _int: i64) -> Ordering {
        self.sign()
    }

    fn is_beyond_64_bits(self) -> bool {
        match str::from_utf8(self.digits) {
            Ok(digits) if digits.len() < 20 => match digits.parse::<u64>() {
                Ok(magnitude) => magnitude > i64::MAX as u64 + u64::from(self.is_negative),
                Err(_) => !digits.is_empty(),
            },
            _ => true,
        }
    }
}

impl Ord for BigInt<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        let magnitudes = || {
            let lengths = self.digits.len().cmp(&other.digits.len());
            lengths.then_with(|| self.digits.cmp(other.digits))
        };
        match (self.is_negative, other.is_negative) {
            (false, false) => magnitudes(),
            (true, true) => magnitudes().reverse(),
            (left, right) => right.cmp(&left),
        }
    }
}

impl PartialOrd for BigInt<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// A sum of ints of any size, as the digits of a number in base 10^18, lowest first. Each digit has a sign of its own
/// and is carried only when the sum is requested: 128 bits hold 2^67 digits, so the order of additions does not matter.
#[derive(Clone, Debug, Default)]
pub(super) struct WideSum(Vec<i128>);

/// Decimal digits per digit of the base.
const DIGITS: usize = 18;

/// The base.
const BASE: i128 = 1_000_000_000_000_000_000;

impl WideSum {
    /// True if nothing was added.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds an int.
    pub(super) fn add(&mut self, int: BigInt<'_>) {
        let chunks = int.digits.rchunks(DIGITS);
        self.make_room(chunks.len());
        for (digit, chunk) in self.0.iter_mut().zip(chunks) {
            let value = chunk.iter().fold(0, |value: i64, byte| value * 10 + i64::from(byte.wrapping_sub(b'0')));
            *digit += i128::from(if int.is_negative { -value } else { value });
        }
    }

    /// Adds an int of 128 bits.
    pub(super) fn add_i128(&mut self, int: i128) {
        self.make_room(3);
        self.0[0] += int % BASE;
        self.0[1] += int / BASE % BASE;
        self.0[2] += int / BASE / BASE;
    }

    /// Adds another sum.
    pub(super) fn merge(&mut self, other: &WideSum) {
        self.make_room(other.0.len());
        self.0.iter_mut().zip(&other.0).for_each(|(own, other)| *own += other);
    }

    /// Subtracts another sum.
    pub(super) fn subtract(&mut self, other: &WideSum) {
        self.make_room(other.0.len());
        self.0.iter_mut().zip(&other.0).for_each(|(own, other)| *own -= other);
    }

    /// The sum.
    pub(super) fn value(&self) -> Value {
        let (is_negative, digits) = self.carried();
        let mut text = Vec::with_capacity(digits.len() * DIGITS + 1);
        if is_negative {
            text.push(b'-');
        }
        match digits.split_last() {
            None => return Value::Int(0),
            Some((first, rest)) => {
                text.extend_from_slice(first.to_string().as_bytes());
                for digit in rest.iter().rev() {
                    text.extend_from_slice(format!("{digit:018}").as_bytes());
                }
            }
        }
        match BigInt::parse(&text) {
            Some(int) => int.to_value(),
            None => Value::Int(str::from_utf8(&text).map_or(0, |text| text.parse().unwrap_or(0))),
        }
    }

    /// Returns the sum if 128 bits hold it.
    pub(super) fn to_i128(&self) -> Option<i128> {
        let (is_negative, digits) = self.carried();
        let sign = if is_negative { -1 } else { 1 };
        let digits = digits.iter().rev();
        digits.into_iter().try_fold(0i128, |sum, digit| sum.checked_mul(BASE)?.checked_add(digit * sign))
    }

    /// Returns floats whose exact sum is this one, largest first; one is infinite if the sum is beyond the range of
    /// floats.
    pub(super) fn floats(&self) -> Vec<f64> {
        let mut rest = self.clone();
        let mut floats = Vec::new();
        loop {
            let float = match rest.value() {
                Value::Int(0) => return floats,
                Value::Int(int) => int as f64,
                Value::BigInt(text) => BigInt::written(&text).to_f64(),
                _ => return floats,
            };
            floats.push(float);
            if !float.is_finite() {
                return floats;
            }
            if float.abs() < 9e18 {
                rest.add_i128(-(float as i128));
            } else {
                let text = format!("{:.0}", -float);
                rest.add(BigInt::written(text.as_bytes()));
            }
        }
    }

    /// Returns the sign, and digits of that sign without leading zeros.
    fn carried(&self) -> (bool, Vec<i128>) {
        let carry = |sign: i128| {
            let (mut digits, mut carried) = (Vec::with_capacity(self.0.len() + 2), 0);
            for digit in &self.0 {
                let total = digit * sign + carried;
                digits.push(total.rem_euclid(BASE));
                carried = total.div_euclid(BASE);
            }
            while carried > 0 {
                digits.push(carried % BASE);
                carried /= BASE;
            }
            while digits.last() == Some(&0) {
                digits.pop();
            }
            (carried, digits)
        };
        match carry(1) {
            (0.., digits) => (false, digits),
            _ => (true, carry(-1).1),
        }
    }

    fn make_room(&mut self, digits: usize) {
        if self.0.len() < digits {
            self.0.resize(digits, 0);
        }
    }
}

/// The digits of the sum, carried: equal sums have equal bytes.
impl Persist for WideSum {
    fn save(&self, out: &mut Vec<u8>) {
        let (is_negative, digits) = self.carried();
        is_negative.save(out);
        (digits.len() as u64).save(out);
        digits.iter().for_each(|digit| (*digit as u64).save(out));
    }

    fn load(input: &mut StateReader<'_>) -> Result<Self, StateError> {
        let is_negative = bool::load(input)?;
        let count = input.length(8)?;
        let digits = input.block(count, |digit| i128::from(u64::from_le_bytes(digit)))?;
        let is_canonical = digits.last().map_or(!is_negative, |highest| *highest != 0);
        if !is_canonical || digits.iter().any(|digit| *digit >= BASE) {
            return Err(StateError::Damaged);
        }
        let sign = if is_negative { -1 } else { 1 };
        Ok(WideSum(digits.iter().map(|digit| digit * sign).collect()))
    }
}

impl HeapBytes for WideSum {
    fn heap_bytes(&self) -> usize {
        self.0.heap_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text_of(value: Value) -> String {
        let mut out = Vec::new();
        super::super::write_text(value.borrow(), &mut out);
        String::from_utf8(out).expect("digits")
    }

    #[test]
    fn only_ints_beyond_64_bits() {
        for text in ["9223372036854775808", "-9223372036854775809", "+0018446744073709551616"] {
            assert!(BigInt::parse(text.as_bytes()).is_some(), "{text}");
        }
        for text in [
            "",
            "-",
            "+",
            "9223372036854775807",
            "-9223372036854775808",
            "00000000000000000000000001",
            "1e30",
            "1.5",
            "12345678901234567890x",
        ] {
            assert!(BigInt::parse(text.as_bytes()).is_none(), "{text}");
        }
    }

    #[test]
    fn compares_without_rounding() {
        let int = |text: &'static str| BigInt::parse(text.as_bytes()).expect("it is big");
        let two_64 = 18446744073709551616.0;
        assert!(int("18446744073709551616").compare_float(two_64).is_eq());
        assert!(int("18446744073709551617").compare_float(two_64).is_gt());
        assert!(int("18446744073709551615").compare_float(two_64).is_lt());
        assert!(int("-18446744073709551617").compare_float(-two_64).is_lt());
        assert!(int("-18446744073709551617").compare_float(0.5).is_lt());
        assert!(int("18446744073709551617") < int("100000000000000000000"));
        assert!(int("-18446744073709551617") > int("-100000000000000000000"));
        let long = "9".repeat(400);
        let long = BigInt::parse(long.as_bytes()).expect("it is big");
        assert!(long.compare_float(f64::MAX).is_gt());
        assert_eq!(long.to_f64(), f64::INFINITY);
    }

    #[test]
    fn negated_at_the_border() {
        let border = BigInt::parse(b"9223372036854775808").expect("it is big");
        assert_eq!(border.negated(), Err(i64::MIN));
        let beyond = BigInt::parse(b"9223372036854775809").expect("it is big");
        assert_eq!(text_of(beyond.negated().expect("it is big").to_value()), "-9223372036854775809");
    }

    proptest! {
        #[test]
        fn sums_are_those_of_i128(values in prop::collection::vec(-(1i128 << 100)..1i128 << 100, 0..20)) {
            let mut sum = WideSum::default();
            let mut taken = WideSum::default();
            for value in &values {
                match Value::int(*value) {
                    Value::BigInt(text) => sum.add(BigInt::written(&text)),
                    _ => sum.add_i128(*value),
                }
                taken.add_i128(*value);
            }
            let expected: i128 = values.iter().sum();
            prop_assert_eq!(text_of(sum.value()), expected.to_string());
            let floats = sum.floats();
            let exact: i128 = floats.iter().map(|float| *float as i128).sum();
            prop_assert_eq!(exact, expected);
            sum.subtract(&taken);
            prop_assert_eq!(text_of(sum.value()), "0");
        }
    }

    #[test]
    fn sums_of_any_size() {
        let nines = "9".repeat(100);
        let mut sum = WideSum::default();
        sum.add(BigInt::parse(nines.as_bytes()).expect("it is big"));
        sum.add_i128(1);
        assert_eq!(text_of(sum.value()), format!("1{}", "0".repeat(100)));
        let minus = format!("-{}", "9".repeat(101));
        sum.add(BigInt::parse(minus.as_bytes()).expect("it is big"));
        assert_eq!(text_of(sum.value()), format!("-8{}", "9".repeat(100)));
    }
}
