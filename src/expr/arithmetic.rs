//! `+ - * / // %` and unary `-` on single values.
//!
//! The result is null if an operand is null. Text is a number if all of it is one. Ints that overflow become floats.
//! Division by zero, and a result that is not a finite number, give null.

use crate::data::{Exact, Instant, Number, Rounding, ValueRef, divide, divide_rounded, multiply_rounded};

use super::bound_expr::Arithmetic;
use super::convert::{MismatchedValue, duration, duration_of, mismatch, number, time};
use super::failures::{FLOATS, NANOSECONDS};

/// A result that owns no bytes.
type Computed<'a> = Result<ValueRef<'static>, MismatchedValue<'a>>;

/// Computes `left op right`.
pub(super) fn compute<'a>(op: Arithmetic, left: ValueRef<'a>, right: ValueRef<'a>) -> Computed<'a> {
    match (left, right) {
        (ValueRef::Int(left), ValueRef::Int(right)) => Ok(of_ints(op, left, right)),
        (ValueRef::Null, _) | (_, ValueRef::Null) => Ok(ValueRef::Null),
        (ValueRef::Time(_) | ValueRef::Duration(_), _) | (_, ValueRef::Time(_) | ValueRef::Duration(_)) => {
            let (Some(left), Some(right)) = (left_operand(op, left, right)?, right_operand(op, left, right)?) else {
                return Ok(ValueRef::Null);
            };
            of_times(op, left, right)
        }
        (ValueRef::Text(earlier), ValueRef::Text(later))
            if op == Arithmetic::Subtract
                && let Some((left, right)) = Instant::parse(earlier).zip(Instant::parse(later)) =>
        {
            Ok(left.since(right).map_or(ValueRef::Null, ValueRef::Duration))
        }
        _ => {
            let (Some(left), Some(right)) = (number(left)?, number(right)?) else {
                return Ok(ValueRef::Null);
            };
            Ok(of_numbers(op, left, right))
        }
    }
}

/// True if a null result means that it is out of range: both operands have values, and there is no division by zero.
#[cold]
pub(super) fn overflows(op: Arithmetic, left: ValueRef<'_>, right: ValueRef<'_>) -> bool {
    let divides = matches!(op, Arithmetic::Divide | Arithmetic::FloorDivide | Arithmetic::Remainder);
    let is_zero = match right {
        ValueRef::Duration(ns) => ns == 0,
        _ => right.as_number().is_some_and(|number| number.to_f64() == 0.0),
    };
    !(left.is_blank() || right.is_blank() || divides && is_zero)
}

/// Returns the range that a result of these operands exceeds.
pub(super) fn range(left: ValueRef<'_>, right: ValueRef<'_>) -> &'static str {
    let are_numbers = left.as_number().is_some() && right.as_number().is_some();
    if are_numbers { FLOATS } else { NANOSECONDS }
}

/// Computes `left - right`, or returns the expected type of one of them.
pub fn difference(left: ValueRef<'_>, right: ValueRef<'_>) -> Result<ValueRef<'static>, &'static str> {
    compute(Arithmetic::Subtract, left, right).map_err(|(_, unfit)| unfit.expected)
}

/// Computes `-value`.
pub(super) fn negate(value: ValueRef<'_>) -> Result<ValueRef<'_>, MismatchedValue<'_>> {
    if let Some(Exact::Big(value)) = value.as_exact() {
        return Ok(value.negated().map_or_else(ValueRef::Int, ValueRef::BigInt));
    }
    match value {
        ValueRef::Duration(ns) => Ok(ns.checked_neg().map_or(ValueRef::Null, ValueRef::Duration)),
        _ => Ok(match number(value)? {
            None => ValueRef::Null,
            Some(Number::Int(value)) => value.checked_neg().map_or(ValueRef::Float(-(value as f64)), ValueRef::Int),
            Some(Number::Float(value)) => ValueRef::Float(-value),
        }),
    }
}

fn of_numbers(op: Arithmetic, left: Number, right: Number) -> ValueRef<'static> {
    match (left, right) {
        (Number::Int(left), Number::Int(right)) => of_ints(op, left, right),
        _ => of_floats(op, left.to_f64(), right.to_f64()),
    }
}

#[inline]
fn of_ints(op: Arithmetic, left: i64, right: i64) -> ValueRef<'static> {
    if right == 0 && matches!(op, Arithmetic::Divide | Arithmetic::FloorDivide | Arithmetic::Remainder) {
        return ValueRef::Null;
    }
    let exact = match op {
        Arithmetic::Add => left.checked_add(right),
        Arithmetic::Subtract => left.checked_sub(right),
        Arithmetic::Multiply => left.checked_mul(right),
        Arithmetic::Divide => left.checked_rem(right).filter(|rest| *rest == 0).map(|_| left / right),
        Arithmetic::FloorDivide => left.checked_div(right).map(|quotient| {
            let rest = left % right;
            if rest != 0 && (rest < 0) != (right < 0) { quotient - 1 } else { quotient }
        }),
        Arithmetic::Remainder => Some(
            left.checked_rem(right)
                .map_or(0, |rest| if rest != 0 && (rest < 0) != (right < 0) { rest + right } else { rest }),
        ),
    };
    match exact {
        Some(value) => ValueRef::Int(value),
        None if op == Arithmetic::Divide => ValueRef::Float(divide(i128::from(left), i128::from(right))),
        // All operands fit 128 bits, so the exact result is rounded once.
        None => {
            let (left, right) = (i128::from(left), i128::from(right));
            ValueRef::Float(match op {
                Arithmetic::Add => left + right,
                Arithmetic::Subtract => left - right,
                Arithmetic::Multiply => left * right,
                Arithmetic::FloorDivide => left.div_euclid(right), // only for the smallest int divided by -1
                Arithmetic::Divide | Arithmetic::Remainder => unreachable!("both are done"),
            } as f64)
        }
    }
}

fn of_floats(op: Arithmetic, left: f64, right: f64) -> ValueRef<'static> {
    let value = match op {
        Arithmetic::Add => left + right,
        Arithmetic::Subtract => left - right,
        Arithmetic::Multiply => left * right,
        Arithmetic::Divide => left / right,
        Arithmetic::FloorDivide => floor_divide(left, right).0,
        Arithmetic::Remainder => floor_divide(left, right).1,
    };
    finite(value)
}

/// Returns the floor of a quotient and the remainder, which has the sign of the divisor. As in Python, the quotient is
/// computed from the remainder, which is exact, so that both agree even if the rounded quotient is an integer and the
/// true one is not: `10 // 0.1` is 99. Both are not finite for a division by zero.
fn floor_divide(left: f64, right: f64) -> (f64, f64) {
    let rest = left % right;
    let quotient = (left - rest) / right;
    let (quotient, rest) =
        if rest != 0.0 && (rest < 0.0) != (right < 0.0) { (quotient - 1.0, rest + right) } else { (quotient, rest) };
    let floor = quotient.floor(); // an integer already, except for rounding
    let floor = if quotient - floor > 0.5 { floor + 1.0 } else { floor };
    (floor, rest)
}

fn of_times<'a>(op: Arithmetic, left: ValueRef<'a>, right: ValueRef<'a>) -> Computed<'a> {
    use ValueRef::{Duration, Time};
    let or_null = |ns: Option<i64>, make: fn(i64) -> ValueRef<'static>| ns.map_or(ValueRef::Null, make);
    Ok(match (op, left, right) {
        (Arithmetic::Add, Duration(a), Duration(b)) => or_null(a.checked_add(b), Duration),
        (Arithmetic::Subtract, Duration(a), Duration(b)) => or_null(a.checked_sub(b), Duration),
        (Arithmetic::Remainder, Duration(a), Duration(b)) => match of_ints(op, a, b) {
            ValueRef::Int(ns) => Duration(ns),
            other => other,
        },
        (Arithmetic::Divide | Arithmetic::FloorDivide, Duration(a), Duration(b)) => of_ints(op, a, b),
        (Arithmetic::Subtract, Time(a), Time(b)) => or_null(a.checked_sub(b), Duration),
        (Arithmetic::Add, Time(a), Duration(b)) | (Arithmetic::Add, Duration(b), Time(a)) => {
            or_null(a.checked_add(b), Time)
        }
        (Arithmetic::Subtract, Time(a), Duration(b)) => or_null(a.checked_sub(b), Time),
        (Arithmetic::Multiply, Duration(a), b) | (Arithmetic::Multiply, b, Duration(a)) => scale(op, a, b)?,
        (Arithmetic::Divide | Arithmetic::FloorDivide, Duration(a), b) => scale(op, a, b)?,
        (_, Duration(_) | Time(_), other) | (_, other, _) => return mismatch(other, "a duration"),
    })
}

/// Converts the left operand of a time or duration: text is parsed as what it can be there. `None` for empty text.
fn left_operand<'a>(
    op: Arithmetic,
    left: ValueRef<'a>,
    right: ValueRef<'a>,
) -> Result<Option<ValueRef<'a>>, MismatchedValue<'a>> {
    match (op, left, right) {
        (_, left, _) if left.is_blank() => Ok(None),
        (Arithmetic::Subtract, ValueRef::Text(_), ValueRef::Time(_)) => Ok(time(left)?.map(ValueRef::Time)),
        (Arithmetic::Add, ValueRef::Text(_), ValueRef::Time(_)) => Ok(duration(left)?.map(ValueRef::Duration)),
        (Arithmetic::Add | Arithmetic::Subtract, ValueRef::Text(text), ValueRef::Duration(_)) => {
            match duration_of(text) {
                Some(ns) => Ok(Some(ValueRef::Duration(ns))),
                None => Ok(time(left)?.map(ValueRef::Time)),
            }
        }
        _ => Ok(Some(left)),
    }
}

/// Like [`left_operand`], for the right operand.
fn right_operand<'a>(
    op: Arithmetic,
    left: ValueRef<'a>,
    right: ValueRef<'a>,
) -> Result<Option<ValueRef<'a>>, MismatchedValue<'a>> {
    match (op, left, right) {
        (Arithmetic::Add, ..) => left_operand(op, right, left),
        (_, _, right) if right.is_blank() => Ok(None),
        (Arithmetic::Subtract, ValueRef::Time(_), ValueRef::Text(text)) => match duration_of(text) {
            Some(ns) => Ok(Some(ValueRef::Duration(ns))),
            None => Ok(time(right)?.map(ValueRef::Time)),
        },
        (Arithmetic::Subtract, ValueRef::Duration(_), ValueRef::Text(_)) => {
            Ok(duration(right)?.map(ValueRef::Duration))
        }
        _ => Ok(Some(right)),
    }
}

/// Multiplies or divides a duration by a number, rounded to the nanosecond.
fn scale(op: Arithmetic, ns: i64, by: ValueRef<'_>) -> Computed<'_> {
    let Some(by) = number(by)? else {
        return Ok(ValueRef::Null);
    };
    let scaled = match op {
        Arithmetic::Multiply => multiply_rounded(ns, by, Rounding::Nearest),
        Arithmetic::FloorDivide => divide_rounded(ns, by, Rounding::Floor),
        _ => divide_rounded(ns, by, Rounding::Nearest),
    };
    Ok(scaled.map_or(ValueRef::Null, ValueRef::Duration))
}

/// Returns a float, or null if it is not finite.
pub(super) fn finite(value: f64) -> ValueRef<'static> {
    if value.is_finite() { ValueRef::Float(value) } else { ValueRef::Null }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ValueRef::{Duration, Float, Int, Null, Text, Time};

    #[test]
    fn ints_stay_exact_or_become_floats() {
        for (op, left, right, result) in [
            (Arithmetic::Add, i64::MAX, 1, Float(9223372036854775808.0)),
            (Arithmetic::Add, 9007199254740993, i64::MAX, Float(9.232379236109517e18)),
            (Arithmetic::Multiply, 9007199254740993, 1_000_000_000_000_000_000, Float(9.007199254740993e33)),
            (Arithmetic::Multiply, i64::MIN, i64::MIN, Float(8.507059173023462e37)),
            (Arithmetic::Multiply, -3037000501, 3037000501, Float(-9.22337204307425e18)),
            (Arithmetic::Subtract, i64::MIN, 1025, Float(-9223372036854777856.0)),
            (Arithmetic::Divide, 6, 3, Int(2)),
            (Arithmetic::Divide, 7, 2, Float(3.5)),
            (Arithmetic::Divide, 7, 0, Null),
            (Arithmetic::FloorDivide, -7, 2, Int(-4)),
            (Arithmetic::FloorDivide, 7, -2, Int(-4)),
            (Arithmetic::Remainder, -7, 2, Int(1)),
            (Arithmetic::Remainder, 7, -2, Int(-1)),
            (Arithmetic::Remainder, i64::MIN, -1, Int(0)),
            (Arithmetic::Divide, i64::MIN, -1, Float(9223372036854775808.0)),
            (Arithmetic::FloorDivide, i64::MIN, -1, Float(9223372036854775808.0)),
        ] {
            assert_eq!(compute(op, Int(left), Int(right)), Ok(result), "{left} {op:?} {right}");
        }
    }

    #[test]
    fn quotients_and_remainders_of_floats_agree() {
        for (left, right, quotient, rest) in [
            (10.0, 0.1, 99.0, 0.09999999999999945), // all as in Python
            (1.0, 0.1, 9.0, 0.09999999999999995),
            (7.5, 2.0, 3.0, 1.5),
            (-7.5, 2.0, -4.0, 0.5),
            (7.5, -2.0, -4.0, -0.5),
            (-7.5, -2.0, 3.0, -1.5),
            (6.0, 1.5, 4.0, 0.0),
            (0.5, 1e300, 0.0, 0.5),
            (1e300, 0.3, 3.3333333333333335e300, 0.15321850028067768),
        ] {
            let of = |op| compute(op, Float(left), Float(right));
            assert_eq!(of(Arithmetic::FloorDivide), Ok(Float(quotient)), "{left}");
            assert_eq!(of(Arithmetic::Remainder), Ok(Float(rest)), "{left}");
        }
        for op in [Arithmetic::FloorDivide, Arithmetic::Remainder] {
            assert_eq!(compute(op, Float(1.5), Float(0.0)), Ok(Null));
        }
    }

    #[test]
    fn text_is_a_number_when_used_as_one() {
        assert_eq!(compute(Arithmetic::Add, Text(b"007"), Int(1)), Ok(Int(8)));
        assert_eq!(compute(Arithmetic::Add, Text(b""), Int(1)), Ok(Null));
        assert!(compute(Arithmetic::Add, Text(b"5ms"), Int(1)).is_err());
        let (second, later) = (Time(1_000_000_000), Text(b"1970-01-01T00:00:03Z"));
        for (op, left, right, result) in [
            (Arithmetic::Subtract, later, second, Duration(2_000_000_000)),
            (Arithmetic::Subtract, second, later, Duration(-2_000_000_000)),
            (Arithmetic::Subtract, second, Text(b"1s"), Time(0)),
            (Arithmetic::Add, second, Text(b"1s"), Time(2_000_000_000)),
            (Arithmetic::Add, Text(b"1s"), second, Time(2_000_000_000)),
            (Arithmetic::Add, later, Duration(1), Time(3_000_000_001)),
            (Arithmetic::Subtract, Text(b"1s"), Duration(1), Duration(999_999_999)),
            (Arithmetic::Subtract, Text(b""), second, Null),
            (Arithmetic::Multiply, Duration(2), Text(b"3"), Duration(6)),
        ] {
            assert_eq!(compute(op, left, right), Ok(result), "{left:?} {op:?} {right:?}");
        }
        assert!(compute(Arithmetic::Add, second, later).is_err());
        assert_eq!(compute(Arithmetic::Multiply, Float(1e308), Int(10)), Ok(Null));
        assert_eq!(compute(Arithmetic::Remainder, Float(-1.5), Int(1)), Ok(Float(0.5)));
    }
}
