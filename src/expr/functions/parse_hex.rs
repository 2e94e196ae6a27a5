//! `parse_hex(x)`: parses a hexadecimal number.

use super::{FunctionDef, Parameter, ParameterKind, TypeMismatch};
use crate::data::{Entry, Example, ValueRef};
use crate::expr::arithmetic::finite;

pub(super) const PARSE_HEX: FunctionDef = FunctionDef::scalar(
    Entry {
        name: "parse_hex",
        usage: "parse_hex(x)",
        summary: "Parse a hexadecimal number: `1f`, `0x1F`.",
        details: "A sign may come first. Beyond 64 bits the result is a float. The empty text gives null.",
        examples: &[Example { expr: "select parse_hex(line) as n", input: "1f\n0xFF\n", output: "31\n255\n" }],
    },
    &[Parameter::new("text", ParameterKind::Text)],
    parse_hex,
);

fn parse_hex<'a>(arguments: &[ValueRef<'a>], _scratch: &'a mut Vec<u8>) -> Result<ValueRef<'a>, TypeMismatch> {
    let [ValueRef::Text(text)] = arguments else {
        return Err(NO_DIGITS);
    };
    if text.is_empty() {
        return Ok(ValueRef::Null);
    }
    let (is_negative, unsigned) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, *text),
    };
    let digits = match unsigned {
        [b'0', b'x' | b'X', digits @ ..] => digits,
        _ => unsigned,
    };
    if digits.is_empty() {
        return Err(NO_DIGITS);
    }
    let (mut exact, mut rough) = (Some(0i64), 0f64);
    for byte in digits {
        let digit = char::from(*byte).to_digit(16).ok_or(NO_DIGITS)?;
        let signed = if is_negative { -i64::from(digit) } else { i64::from(digit) };
        exact = exact.and_then(|value| value.checked_mul(16)).and_then(|value| value.checked_add(signed));
        rough = rough * 16.0 + signed as f64;
    }
    Ok(exact.map_or_else(|| finite(rough), ValueRef::Int))
}

/// The error for other text.
const NO_DIGITS: TypeMismatch = TypeMismatch { expected: "hexadecimal digits" };

#[cfg(test)]
mod tests {
    use super::super::testing::call;
    use super::*;
    use crate::data::Value;

    #[test]
    fn with_and_without_prefix() {
        let call = |text: &str| call(&PARSE_HEX, &[ValueRef::Text(text.as_bytes())]);
        for (text, number) in [
            ("ff", Value::Int(255)),
            ("0XfF", Value::Int(255)),
            ("-0x10", Value::Int(-16)),
            ("7fffffffffffffff", Value::Int(i64::MAX)),
            ("-8000000000000000", Value::Int(i64::MIN)),
            ("8000000000000000", Value::Float(9223372036854775808.0)),
            ("", Value::Null),
        ] {
            assert_eq!(call(text), Ok(number), "{text}");
        }
        for text in ["0x", "-", "g", "1 ", "0x-1", "1_0"] {
            assert!(call(text).is_err(), "{text}");
        }
    }
}
