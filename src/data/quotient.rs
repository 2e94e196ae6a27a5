//! Quotients of ints that are rounded once, like Python's `/`: converting both sides to floats first would round three
//! times.

use super::number::Number;

/// Returns the float nearest to `left / right`, ties to even. The divisor is not zero.
pub fn divide(left: i128, right: i128) -> f64 {
    const EXACT: u128 = 1 << 53;
    let is_negative = (left < 0) != (right < 0);
    let (left, right) = (left.unsigned_abs(), right.unsigned_abs());
    let magnitude = if left <= EXACT && right <= EXACT {
        left as f64 / right as f64 // both are exact: this rounds once
    } else {
        divide_magnitudes(left, right)
    };
    if is_negative { -magnitude } else { magnitude }
}

/// Computes the quotient to 62 bits or more by long division; the remainder only decides which side of a half it is on.
fn divide_magnitudes(left: u128, right: u128) -> f64 {
    let (mut quotient, mut rest) = (left / right, left % right);
    let mut exponent = 0;
    while quotient < 1 << 61 && exponent > -1000 {
        let bit = rest >= right - rest; // twice the remainder, without overflow
        rest = if bit { rest - (right - rest) } else { rest * 2 };
        quotient = quotient * 2 + u128::from(bit);
        exponent -= 1;
    }
    // Quotients of 128 bits are at least 2^-127, so they are normal floats and the scale is exact.
    let sticky = u128::from(rest != 0);
    (quotient | sticky) as f64 * 2f64.powi(exponent)
}

/// How a quotient is rounded to an int.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rounding {
    /// To the nearest, halves away from zero.
    Nearest,
    /// Down.
    Floor,
}

/// Returns `left × right` as an int; `None` beyond 64 bits. The float is used exactly.
pub fn multiply_rounded(left: i64, right: Number, rounding: Rounding) -> Option<i64> {
    let (factor, exponent) = parts(right);
    let product = i128::from(left) * factor;
    let (numerator, is_negative) = (product.unsigned_abs(), product < 0);
    match u32::try_from(exponent) {
        Ok(_) if numerator == 0 => Some(0),
        Ok(shift) if shift < numerator.leading_zeros() => rounded(numerator << shift, 0, 1, is_negative, rounding),
        Ok(_) => None,
        // The product has at most 116 bits: shifted by more, it is less than a half.
        Err(_) => {
            let denominator = 1u128 << exponent.unsigned_abs().min(120);
            let (quotient, rest) = (numerator / denominator, numerator % denominator);
            rounded(quotient, rest, denominator, is_negative, rounding)
        }
    }
}

/// Returns `left / right` as an int; `None` beyond 64 bits and for a division by zero. The float is used exactly.
pub fn divide_rounded(left: i64, right: Number, rounding: Rounding) -> Option<i64> {
    let (divisor, exponent) = parts(right);
    if divisor == 0 {
        return None;
    }
    let is_negative = (left < 0) != (divisor < 0);
    let (numerator, mut denominator) = (u128::from(left.unsigned_abs()), divisor.unsigned_abs());
    let mut shift = 0;
    match u32::try_from(exponent) {
        // From 2^64 the denominator is larger than twice any numerator.
        Ok(exponent) => denominator <<= exponent.min(denominator.leading_zeros() - 1),
        Err(_) => shift = exponent.unsigned_abs(),
    }
    let (mut quotient, mut rest) = (numerator / denominator, numerator % denominator);
    for _ in 0..shift {
        if quotient > u128::from(u64::MAX) {
            return None;
        }
        rest *= 2;
        quotient = quotient * 2 + u128::from(rest >= denominator);
        rest %= denominator;
    }
    rounded(quotient, rest, denominator, is_negative, rounding)
}

/// Returns a number as an int times a power of two.
fn parts(number: Number) -> (i128, i32) {
    match number {
        Number::Int(value) => (i128::from(value), 0),
        Number::Float(value) => {
            const MANTISSA_BITS: u32 = 52;
            let bits = value.to_bits();
            let mantissa = bits & ((1 << MANTISSA_BITS) - 1);
            let exponent = (bits >> MANTISSA_BITS & 0x7ff) as i32;
            let (mantissa, exponent) = match exponent {
                0 => (mantissa, -1074),
                exponent => (mantissa | 1 << MANTISSA_BITS, exponent - 1075),
            };
            // 0.5 is 1 × 2^-1, not 2^52 × 2^-53: the fewer bits, the fewer steps.
            let zeros = mantissa.trailing_zeros().min(MANTISSA_BITS);
            let magnitude = i128::from(mantissa >> zeros);
            let signed = if value.is_sign_negative() { -magnitude } else { magnitude };
            (signed, exponent + zeros as i32)
        }
    }
}

/// Rounds a quotient of magnitudes with its remainder.
fn rounded(quotient: u128, rest: u128, denominator: u128, is_negative: bool, rounding: Rounding) -> Option<i64> {
    let is_away = match rounding {
        Rounding::Nearest => rest >= denominator - rest,
        Rounding::Floor => is_negative && rest > 0,
    };
    let magnitude = i128::try_from(quotient).ok()? + i128::from(is_away && rest > 0);
    i64::try_from(if is_negative { -magnitude } else { magnitude }).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounded_once() {
        for (left, right, quotient) in [
            (1, 3, 0.3333333333333333), // all as in Python
            (9007199254740993, 2, 4503599627370496.0),
            (-9007199254740995, 4, -2251799813685248.8),
            (1_772_359_230_123_456_789, 1_000_000_000, 1772359230.1234567),
            (9_223_372_036_854_775_807, 1_000_000_007, 9223371972.291172),
            (i128::MAX, 3, 5.671372782015641e37),
            (1, i128::MAX, 5.877471754111438e-39),
            (i128::MAX, i128::MAX - 1, 1.0),
            (0, 7, 0.0),
        ] {
            assert_eq!(divide(left, right), quotient, "{left} / {right}");
        }
    }

    #[test]
    fn halves_go_away_from_zero() {
        let nearest = Rounding::Nearest;
        for (left, right, quotient) in [
            (5, Number::Int(2), Some(3)),
            (-5, Number::Int(2), Some(-3)),
            (5, Number::Int(-3), Some(-2)),
            (5, Number::Float(0.5), Some(10)),
            (1, Number::Float(1e-15), Some(1_000_000_000_000_000)),
            (1, Number::Float(1e-30), None),
            (0, Number::Float(1e-300), Some(0)),
            (i64::MAX, Number::Float(1e300), Some(0)),
            (i64::MIN, Number::Int(-1), None),
            (i64::MIN, Number::Int(1), Some(i64::MIN)),
            (1, Number::Int(0), None),
            (1, Number::Float(0.0), None),
        ] {
            assert_eq!(divide_rounded(left, right, nearest), quotient, "{left} / {right:?}");
        }
        for (left, right, product) in [
            (5, Number::Float(0.5), Some(3)),
            (-5, Number::Float(0.5), Some(-3)),
            (9_007_199_254_740_993, Number::Float(1.0), Some(9_007_199_254_740_993)),
            (9_007_199_254_740_993, Number::Float(1.5), Some(13_510_798_882_111_490)),
            (i64::MAX, Number::Float(1e-300), Some(0)),
            (1, Number::Float(1e300), None),
            (0, Number::Float(1e300), Some(0)),
            (i64::MAX, Number::Int(2), None),
        ] {
            assert_eq!(multiply_rounded(left, right, nearest), product, "{left} * {right:?}");
        }
        assert_eq!(divide_rounded(-5, Number::Int(2), Rounding::Floor), Some(-3));
        assert_eq!(divide_rounded(5, Number::Int(2), Rounding::Floor), Some(2));
        assert_eq!(divide_rounded(-4, Number::Int(2), Rounding::Floor), Some(-2));
    }
}
