//! Writes the digits of numbers: everything but sign, separators and padding.

use std::io::Write;

use super::specification::{FormatStyle, Specification};
use crate::data::{BigInt, Exact, format_float};
use crate::expr::functions::TypeMismatch;

/// A number written without its sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct WrittenNumber {
    pub is_negative: bool,
    /// The number of digits before the point, at the start.
    pub whole_digits: usize,
}

const WHOLE: TypeMismatch = TypeMismatch { expected: "a whole number" };
const IN_RANGE: TypeMismatch = TypeMismatch { expected: "a number in the range of floats (1.8e308)" };

/// Appends the digits of a number.
pub(super) fn write_number(
    number: Exact<'_>,
    specification: &Specification,
    out: &mut Vec<u8>,
) -> Result<WrittenNumber, TypeMismatch> {
    let start = out.len();
    let is_negative = match number {
        Exact::Int(value) => value < 0,
        Exact::Big(value) => value.is_negative(),
        Exact::Float(value) => value.is_sign_negative(),
    };
    let precision = specification.precision;
    match specification.style {
        FormatStyle::Decimal => write_whole(number, out)?,
        FormatStyle::Power(bits, is_upper) => write_power(number, bits, is_upper, out)?,
        FormatStyle::Fixed => write_fixed(magnitude(number)?, precision.unwrap_or(6), out),
        FormatStyle::Percent => {
            let hundredfold = Some(magnitude(number)? * 100.0).filter(|value| value.is_finite()).ok_or(IN_RANGE)?;
            write_fixed(hundredfold, precision.unwrap_or(6), out);
            out.push(b'%');
        }
        FormatStyle::Exponent(is_upper) => {
            write_exponent(magnitude(number)?, precision.unwrap_or(6), out);
            raise(is_upper, start, out);
        }
        FormatStyle::General(is_upper) => {
            write_general(magnitude(number)?, precision.unwrap_or(6), Shortest::Digits, out);
            raise(is_upper, start, out);
        }
        FormatStyle::Size(is_binary) => write_size(number, is_binary, precision, out)?,
        FormatStyle::Any | FormatStyle::Text | FormatStyle::Time(_) => match (precision, number) {
            (Some(precision), number) => write_general(magnitude(number)?, precision, Shortest::Float, out),
            (None, Exact::Float(value)) => format_float(value.abs(), out),
            (None, _) => write_whole(number, out)?,
        },
    }
    let is_hexadecimal = matches!(specification.style, FormatStyle::Power(..));
    let is_digit = |byte: &u8| byte.is_ascii_digit() || is_hexadecimal;
    let whole_digits = out[start..].iter().take_while(|byte| is_digit(byte)).count();
    Ok(WrittenNumber { is_negative, whole_digits })
}

/// The absolute value as a float, as Python converts ints.
fn magnitude(number: Exact<'_>) -> Result<f64, TypeMismatch> {
    let value = match number {
        Exact::Int(value) => value as f64,
        Exact::Big(value) => value.to_f64(),
        Exact::Float(value) => value,
    };
    Some(value.abs()).filter(|value| value.is_finite()).ok_or(IN_RANGE)
}

/// Appends all digits of a number without a fraction.
fn write_whole(number: Exact<'_>, out: &mut Vec<u8>) -> Result<(), TypeMismatch> {
    match number {
        Exact::Int(value) => out.extend_from_slice(itoa::Buffer::new().format(value.unsigned_abs()).as_bytes()),
        Exact::Big(value) => value.abs().write(out),
        Exact::Float(value) if value.fract() == 0.0 => write_fixed(value.abs(), 0, out),
        Exact::Float(_) => return Err(WHOLE),
    }
    Ok(())
}

/// Appends a number without a fraction in base 2, 8 or 16: `bits` per digit.
fn write_power(number: Exact<'_>, bits: u32, is_upper: bool, out: &mut Vec<u8>) -> Result<(), TypeMismatch> {
    let start = out.len();
    let narrow = match number {
        Exact::Int(value) => Some(u128::from(value.unsigned_abs())),
        Exact::Big(value) => value.to_i128().map(i128::unsigned_abs),
        Exact::Float(value) if value.fract() != 0.0 => return Err(WHOLE),
        Exact::Float(value) if value.abs() < 2f64.powi(127) => Some(value.abs() as u128),
        Exact::Float(_) => None,
    };
    match (narrow, number) {
        (Some(value), _) => write_bits(value, bits, out),
        (None, Exact::Big(value)) => write_limbs(value, bits, out),
        (None, _) => {
            let mut digits = Vec::new();
            write_whole(number, &mut digits)?;
            write_limbs(BigInt::written(&digits), bits, out);
        }
    }
    if is_upper {
        out[start..].make_ascii_uppercase();
    }
    Ok(())
}

fn write_bits(value: u128, bits: u32, out: &mut Vec<u8>) {
    let _ = match bits {
        1 => write!(out, "{value:b}"),
        3 => write!(out, "{value:o}"),
        _ => write!(out, "{value:x}"),
    }; // writing to a Vec cannot fail
}

/// Appends an int of any size, which is divided by the base again and again.
fn write_limbs(value: BigInt<'_>, bits: u32, out: &mut Vec<u8>) {
    let mut decimal = Vec::new();
    value.abs().write(&mut decimal);
    let mut limbs: Vec<u32> = Vec::new(); // least significant first
    for digit in decimal {
        let mut carry = u64::from(digit - b'0');
        for limb in &mut limbs {
            let next = u64::from(*limb) * 10 + carry;
            *limb = next as u32; // the lower half
            carry = next >> 32;
        }
        if carry > 0 {
            limbs.push(carry as u32); // less than ten
        }
    }
    let start = out.len();
    let all_bits = limbs.len() * 32;
    let bit = |index: usize| limbs.get(index / 32).map_or(0, |limb| limb >> (index % 32) & 1);
    for first in (0..all_bits).step_by(bits as usize).rev() {
        let digit = (0..bits).fold(0, |digit, place| digit | bit(first + place as usize) << place);
        if digit > 0 || out.len() > start {
            out.push(b"0123456789abcdef"[digit as usize]);
        }
    }
}

fn write_fixed(value: f64, precision: usize, out: &mut Vec<u8>) {
    let _ = write!(out, "{value:.precision$}");
}

/// Appends `1.50e+07`.
fn write_exponent(value: f64, precision: usize, out: &mut Vec<u8>) {
    let start = out.len();
    let exponent = write_scientific(value, precision, start, out);
    finish_exponent(exponent, out);
}

/// Appends the digits of `1.50e7` and returns the exponent, which is not written.
fn write_scientific(value: f64, precision: usize, start: usize, out: &mut Vec<u8>) -> i32 {
    let _ = write!(out, "{value:.precision$e}");
    let place = out[start..].iter().rposition(|byte| *byte == b'e').map_or(out.len(), |place| start + place);
    let exponent = str::from_utf8(&out[place..]).ok().and_then(|text| text.get(1..)?.parse().ok());
    out.truncate(place);
    exponent.unwrap_or(0)
}

fn finish_exponent(exponent: i32, out: &mut Vec<u8>) {
    let sign = if exponent < 0 { '-' } else { '+' };
    let _ = write!(out, "e{sign}{:02}", exponent.unsigned_abs());
}

/// The two kinds of the shorter of fixed and scientific notation.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shortest {
    /// `g`: trailing zeros are removed.
    Digits,
    /// A precision without a type: there is a digit after the point.
    Float,
}

/// Appends `precision` significant digits.
fn write_general(value: f64, precision: usize, shortest: Shortest, out: &mut Vec<u8>) {
    let start = out.len();
    let digits = precision.max(1);
    let exponent = write_scientific(value, digits - 1, start, out);
    let most = digits as i32 - i32::from(shortest == Shortest::Float);
    let is_fixed = (-4..most).contains(&exponent);
    if is_fixed {
        out.truncate(start);
        write_fixed(value, usize::try_from(digits as i32 - 1 - exponent).unwrap_or(0), out);
    }
    if out[start..].contains(&b'.') {
        while out.last() == Some(&b'0') {
            out.pop();
        }
        if out.last() == Some(&b'.') {
            out.pop();
        }
    }
    if !is_fixed {
        finish_exponent(exponent, out);
    } else if shortest == Shortest::Float && !out[start..].contains(&b'.') {
        out.extend_from_slice(b".0");
    }
}

/// Changes `e` to upper case.
fn raise(is_upper: bool, start: usize, out: &mut [u8]) {
    if is_upper {
        out[start..].make_ascii_uppercase();
    }
}

/// The units of sizes, from 1000 or 1024.
const UNITS: &[u8] = b"kMGTPEZY";

/// Appends `999`, `1.2M` or `1.2Mi`.
fn write_size(
    number: Exact<'_>,
    is_binary: bool,
    precision: Option<usize>,
    out: &mut Vec<u8>,
) -> Result<(), TypeMismatch> {
    let start = out.len();
    let base = if is_binary { 1024.0 } else { 1000.0 };
    let mut value = magnitude(number)?;
    let mut unit = 0;
    loop {
        let digits = precision.unwrap_or(if unit == 0 && value.fract() == 0.0 { 0 } else { 1 });
        write_fixed(value, digits, out);
        // what is rounded up to a whole unit has the next one
        let rounded: f64 = str::from_utf8(&out[start..]).ok().and_then(|text| text.parse().ok()).unwrap_or(value);
        if rounded < base || unit == UNITS.len() {
            break;
        }
        out.truncate(start);
        value /= base;
        unit += 1;
    }
    if let Some(letter) = unit.checked_sub(1).map(|index| UNITS[index]) {
        out.push(if is_binary && letter == b'k' { b'K' } else { letter });
        out.extend_from_slice(if is_binary { b"i" } else { b"" });
    }
    Ok(())
}
