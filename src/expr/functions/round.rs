//! `round(x [, digits])`: rounds to a number of digits.
//!
//! Halves are rounded away from zero, and a half is decided exactly on the binary number: 2.675 is slightly less than
//! it looks, so with two digits it is 2.67, as in awk's `printf`.

use std::io::Write;

use super::{FunctionDef, Kernel, Parameter, ParameterKind, TypeMismatch};
use crate::data::{Entry, Example, ValueRef};

pub(super) const ROUND: FunctionDef = FunctionDef {
    entry: Entry {
        name: "round",
        usage: "round(x [, digits])",
        summary: "Round the number to `digits` decimal places, or to an int.",
        details: "Halves are rounded away from zero. Negative digits round to tens, hundreds and so on. Without digits the result is an int if it fits into 64 bits; an int is unchanged.",
        examples: &[Example {
            expr: "select round(line) as a, round(line, 2) as b, round(line, -2) as c",
            input: "1234.567\n-2.5\n",
            output: "1235\t1234.57\t1200\n-3\t-2.5\t0\n",
        }],
    },
    parameters: &[Parameter::new("x", ParameterKind::Number), Parameter::new("digits", ParameterKind::Int)],
    required: 1,
    variadic: false,
    kernel: Kernel::Scalar(round),
};

fn round<'a>(arguments: &[ValueRef<'a>], scratch: &'a mut Vec<u8>) -> Result<ValueRef<'a>, TypeMismatch> {
    let (number, digits) = match arguments {
        [number] => (number, None),
        [number, ValueRef::Int(digits)] => (number, Some(*digits)),
        _ => {
            return Err(TypeMismatch { expected: "a number and an int" });
        }
    };
    match (*number, digits) {
        (ValueRef::Int(_) | ValueRef::BigInt(_), None | Some(0..)) => Ok(*number),
        (ValueRef::Int(value), Some(digits)) => Ok(round_int(i128::from(value), digits)),
        (ValueRef::BigInt(value), Some(digits)) => Ok(match value.to_i128() {
            Some(value) => round_int(value, digits),
            None if value.to_f64().is_infinite() => ValueRef::Null,
            None => ValueRef::Float(round_float(value.to_f64(), digits, scratch)),
        }),
        (ValueRef::Float(value), None) => Ok(integral(value.round())),
        (ValueRef::Float(value), Some(digits)) => Ok(ValueRef::Float(round_float(value, digits, scratch))),
        _ => Err(TypeMismatch { expected: "a number" }),
    }
}

/// Rounds a number with `round`; an int stays as it is.
pub(super) fn rounded<'a>(
    arguments: &[ValueRef<'a>],
    round: impl Fn(f64) -> f64,
) -> Result<ValueRef<'a>, TypeMismatch> {
    match arguments {
        [integer @ (ValueRef::Int(_) | ValueRef::BigInt(_))] => Ok(*integer),
        [ValueRef::Float(value)] => Ok(integral(round(*value))),
        _ => Err(TypeMismatch { expected: "a number" }),
    }
}

/// Converts a float without a fraction to an int, if it fits.
pub(super) fn integral(value: f64) -> ValueRef<'static> {
    const INTS: std::ops::Range<f64> = -9223372036854775808.0..9223372036854775808.0; // ±2^63
    if INTS.contains(&value) { ValueRef::Int(value as i64) } else { ValueRef::Float(value) }
}

/// Rounds an int to tens, hundreds, …: `digits` is negative.
fn round_int(value: i128, digits: i64) -> ValueRef<'static> {
    let Some(unit) = u32::try_from(digits.unsigned_abs()).ok().and_then(|zeros| 10i128.checked_pow(zeros)) else {
        return ValueRef::Int(0); // the unit is more than twice any int
    };
    let rest = value % unit;
    let rounded = if rest.abs() >= unit - rest.abs() {
        (value - rest).saturating_add(unit * value.signum())
    } else {
        value - rest
    };
    i64::try_from(rounded).map_or(ValueRef::Float(rounded as f64), ValueRef::Int)
}

/// Powers of ten up to this one are exact floats.
const EXACT_POWERS: i64 = 22;

/// Rounds a float. Powers of ten that are exact floats make this exact: only a product that looks like a half needs a
/// second check of what its rounding lost.
fn round_float(value: f64, digits: i64, scratch: &mut Vec<u8>) -> f64 {
    match digits {
        0..=EXACT_POWERS => {
            let unit = 10f64.powi(digits as i32);
            let scaled = value * unit;
            if scaled.abs() >= 4503599627370496.0 {
                return value; // 2^52: it has no digits that far after the point
            }
            let lost = value.mul_add(unit, -scaled);
            let looks_like_half = (scaled - scaled.trunc()).abs() == 0.5;
            if looks_like_half && lost != 0.0 && (lost < 0.0) == (scaled > 0.0) {
                scaled.trunc() / unit
            } else {
                scaled.round() / unit
            }
        }
        ..0 if digits >= -EXACT_POWERS => {
            let unit = 10f64.powi(digits.unsigned_abs() as i32);
            let rest = value % unit;
            let below = value - rest;
            if rest.abs() * 2.0 >= unit { below + unit.copysign(value) } else { below }
        }
        _ => round_by_text(value, digits, scratch),
    }
}

/// Handles the rare remaining cases by decimal text.
#[cold]
fn round_by_text(value: f64, digits: i64, scratch: &mut Vec<u8>) -> f64 {
    const SMALLEST: i64 = 1100; // every float has fewer digits after the point
    let written = if digits >= 0 {
        let digits = digits.min(SMALLEST) as usize;
        write!(scratch, "{value:.digits$}")
    } else {
        let places = value.abs().log10().floor() as i64 + digits; // of the result, except the first
        if places < -1 {
            return 0.0;
        }
        if places == -1 {
            let unit = 10f64.powi(i32::try_from(-digits).unwrap_or(i32::MAX));
            return if value.abs() >= unit / 2.0 { unit.copysign(value) } else { 0.0 };
        }
        let places = places as usize;
        write!(scratch, "{value:.places$e}")
    };
    debug_assert!(written.is_ok(), "writing to a Vec cannot fail");
    str::from_utf8(scratch)
        .ok()
        .and_then(|text| text.parse().ok())
        .filter(|rounded: &f64| rounded.is_finite())
        .unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::super::testing::call;
    use super::*;
    use crate::data::Value;

    #[test]
    fn to_an_int_halves_away_from_zero() {
        for (value, rounded) in [(2.5, 3), (-2.5, -3), (2.4, 2), (-0.4, 0), (0.49999999999999994, 0), (1.0, 1)] {
            assert_eq!(call(&ROUND, &[ValueRef::Float(value)]), Ok(Value::Int(rounded)), "{value}");
        }
        assert_eq!(call(&ROUND, &[ValueRef::Float(1e300)]), Ok(Value::Float(1e300)));
        assert_eq!(call(&ROUND, &[ValueRef::Int(i64::MAX)]), Ok(Value::Int(i64::MAX)));
    }

    #[test]
    fn floats_to_digits() {
        for (value, digits, rounded) in [
            (2.567, 2, 2.57),
            (-2.567, 2, -2.57),
            (0.125, 2, 0.13),
            (-0.125, 2, -0.13),
            (2.675, 2, 2.67), // 2.67499999999999982236431605997495353221893310546875
            (1.115, 2, 1.11), // 1.11499999999999999112; times 100 it looks like a half
            (1.005, 2, 1.0),
            (1.025, 2, 1.02), // 1.02499999999999991118
            (1.5, 0, 2.0),
            (0.1, 20, 0.1),
            (0.1, 400, 0.1),
            (0.1, i64::MAX, 0.1),
            (1e-30, 30, 1e-30),
            (1.26e-25, 26, 1.3e-25),
            (1e300, 5, 1e300),
            (1234.5, -2, 1200.0),
            (1250.0, -2, 1300.0),
            (-1250.0, -2, -1300.0),
            (49.999, -2, 0.0),
            (1e20, -22, 0.0),
            (1.26e30, -29, 1.3e30),
            (7e29, -30, 1e30),
            (1.0, -400, 0.0),
            (1.0, i64::MIN, 0.0),
        ] {
            assert_eq!(
                call(&ROUND, &[ValueRef::Float(value), ValueRef::Int(digits)]),
                Ok(Value::Float(rounded)),
                "{value} {digits}"
            );
        }
    }

    #[test]
    fn ints_stay_ints() {
        for (value, digits, rounded) in [
            (1234, -2, 1200),
            (1250, -2, 1300),
            (-1250, -2, -1300),
            (1234, 3, 1234),
            (49, -2, 0),
            (50, -2, 100),
            (5, -50, 0),
            (i64::MIN, i64::MIN, 0),
        ] {
            assert_eq!(
                call(&ROUND, &[ValueRef::Int(value), ValueRef::Int(digits)]),
                Ok(Value::Int(rounded)),
                "{value} {digits}"
            );
        }
        assert_eq!(
            call(&ROUND, &[ValueRef::Int(i64::MAX), ValueRef::Int(-18)]),
            Ok(Value::Int(9_000_000_000_000_000_000))
        );
        assert_eq!(
            call(&ROUND, &[ValueRef::Int(i64::MAX), ValueRef::Int(-1)]),
            Ok(Value::Float(9223372036854775810.0))
        );
        let huge = i128::MAX;
        assert!(call(&ROUND, &[Value::int(huge).borrow(), ValueRef::Int(-38)]).is_ok());
    }
}
