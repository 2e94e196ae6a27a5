//! `bytes(x)`: a size as a number of bytes.

use crate::expr::arithmetic::finite;
use crate::lang::{parse_size, scaled_decimal};

use super::{FunctionDef, Parameter, ParameterKind, TypeMismatch};
use crate::data::{Entry, Example, ValueRef, parse_number};

pub(super) const BYTES: FunctionDef = FunctionDef::scalar(
    Entry {
        name: "bytes",
        usage: "bytes(x)",
        summary: "Convert a size such as `10kB` to bytes.",
        details: "Sizes as in expressions: 1kB is 1000 bytes, 1KiB 1024, up to EB and EiB. A unit of one letter, as in the 4.0K and 1M of `ls -lh` and `du -h`, is a power of 1024. A blank may precede the unit, and a number alone counts bytes. Rounded to whole bytes. Empty text and `-` give null.",
        examples: &[Example {
            expr: "select bytes(line) as b",
            input: "10kB\n1.5 MiB\n512\n",
            output: "10000\n1572864\n512\n",
        }],
    },
    &[Parameter::new("size", ParameterKind::Any)],
    bytes,
);

fn bytes<'a>(arguments: &[ValueRef<'a>], _scratch: &'a mut Vec<u8>) -> Result<ValueRef<'a>, TypeMismatch> {
    let text = match arguments {
        [text] if text.is_blank() => return Ok(ValueRef::Null),
        [ValueRef::Text(text)] => *text,
        [number @ (ValueRef::Int(_) | ValueRef::BigInt(_) | ValueRef::Float(_))] => {
            return Ok(*number);
        }
        _ => return Err(NO_SIZE),
    };
    // Letters are taken from the end, since the `E` of `4EB` is not an exponent.
    let letters = text.iter().rev().take_while(|byte| byte.is_ascii_alphabetic()).count();
    let (number, unit) = text.split_at(text.len() - letters);
    let number = number.strip_suffix(b" ").filter(|_| !unit.is_empty()).unwrap_or(number);
    let unit_bytes = match unit {
        b"" => 1,
        _ => bytes_of(unit).ok_or(NO_SIZE)?,
    };
    let read = parse_number(number).ok_or(NO_SIZE)?;
    if read.to_f64() < 0.0 || number.starts_with(b"-") {
        return Err(NO_SIZE);
    }
    let digits = str::from_utf8(number).unwrap_or_default();
    match scaled_decimal(digits.trim_start_matches('+'), unit_bytes) {
        Some((bytes, _)) => Ok(ValueRef::Int(bytes)),
        None => Ok(finite(read.to_f64() * unit_bytes as f64)),
    }
}

/// Returns the bytes of a unit of expressions, or one that appears in data only.
fn bytes_of(unit: &[u8]) -> Option<i64> {
    if let [letter] = unit
        && let Some(power) = b"KMGTPE".iter().position(|other| other == letter)
    {
        return Some(1 << (10 * (power + 1)));
    }
    match unit {
        b"EB" => Some(1_000_000_000_000_000_000),
        b"EiB" => Some(1 << 60),
        _ => parse_size(&format!("1{}", str::from_utf8(unit).ok()?)),
    }
}

/// The error for other values.
const NO_SIZE: TypeMismatch = TypeMismatch { expected: "a size such as 10kB" };

#[cfg(test)]
mod tests {
    use super::super::testing::call;
    use super::*;
    use crate::data::Value;

    #[test]
    fn units_and_fractions() {
        let call = |text: &str| call(&BYTES, &[ValueRef::Text(text.as_bytes())]);
        for (text, bytes) in [
            ("0B", 0),
            ("1kB", 1_000),
            ("1.5 GB", 1_500_000_000),
            ("1.23KiB", 1_260), // 1259.52
            ("2PiB", 2 << 50),
            ("1e3", 1_000),
            ("1e3kB", 1_000_000),
            ("8.7 PB", 8_700_000_000_000_000),
            ("9.007199254740993 PB", 9_007_199_254_740_993),
            ("1.0005kB", 1_001),
            ("4K", 4_096),
            ("4.0K", 4_096),
            ("1M", 1 << 20),
            ("1.5G", 3 << 29),
            ("2T", 2 << 40),
            ("3P", 3 << 50),
            ("4E", 4 << 60),
            ("1EB", 1_000_000_000_000_000_000),
            ("1.5 EB", 1_500_000_000_000_000_000),
            ("2EiB", 2 << 60),
            ("1E3", 1_000),
            ("1E3K", 1_024_000),
        ] {
            assert_eq!(call(text), Ok(Value::Int(bytes)), "{text}");
        }
        assert_eq!(call(""), Ok(Value::Null));
        for text in ["kB", "1 ", "1  kB", "10KB", "10k", "1EKB", "-1K", "E", "-1kB", "1kB ", "x"] {
            assert!(call(text).is_err(), "{text}");
        }
    }
}
