//! Numbers in text: which text is a number, and how floats are printed.

use std::cmp::Ordering;

use super::big_int::BigInt;
use super::order::compare_int_float;
use super::value::{Value, ValueRef};

/// A number of either kind.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Number {
    /// A 64-bit integer.
    Int(i64),
    /// A finite float.
    Float(f64),
}

impl Number {
    /// Converts to an exact number.
    #[inline]
    fn to_exact(self) -> Exact<'static> {
        match self {
            Number::Int(value) => Exact::Int(value),
            Number::Float(value) => Exact::Float(value),
        }
    }

    /// Returns the nearest float.
    pub fn to_f64(self) -> f64 {
        match self {
            Number::Int(value) => value as f64,
            Number::Float(value) => value,
        }
    }
}

/// A number of any size with all of its digits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Exact<'a> {
    /// A 64-bit integer.
    Int(i64),
    /// An integer beyond 64 bits.
    Big(BigInt<'a>),
    /// A finite float.
    Float(f64),
}

impl<'a> Exact<'a> {
    /// Converts to a number of 64 bits: an int beyond them becomes the nearest float; `None` beyond the range of
    /// floats.
    #[inline]
    pub fn to_number(self) -> Option<Number> {
        match self {
            Exact::Int(value) => Some(Number::Int(value)),
            Exact::Float(value) => Some(Number::Float(value)),
            Exact::Big(value) => Some(value.to_f64()).filter(|value| value.is_finite()).map(Number::Float),
        }
    }

    /// Converts to a value.
    pub fn to_value_ref(self) -> ValueRef<'a> {
        match self {
            Exact::Int(value) => ValueRef::Int(value),
            Exact::Big(value) => ValueRef::BigInt(value),
            Exact::Float(value) => ValueRef::Float(value),
        }
    }

    /// Compares two numbers exactly.
    #[inline]
    pub fn compare(self, other: Exact<'_>) -> Ordering {
        match (self, other) {
            (Exact::Int(left), Exact::Int(right)) => left.cmp(&right),
            (Exact::Float(left), Exact::Float(right)) => {
                left.partial_cmp(&right).unwrap_or(Ordering::Equal) // floats are finite
            }
            (Exact::Int(left), Exact::Float(right)) => compare_int_float(i128::from(left), right),
            (Exact::Float(left), Exact::Int(right)) => compare_int_float(i128::from(right), left).reverse(),
            (Exact::Big(left), Exact::Big(right)) => left.cmp(&right),
            (Exact::Big(left), Exact::Int(right)) => left.compare_int(right),
            (Exact::Int(left), Exact::Big(right)) => right.compare_int(left).reverse(),
            (Exact::Big(left), Exact::Float(right)) => left.compare_float(right),
            (Exact::Float(left), Exact::Big(right)) => right.compare_float(left).reverse(),
        }
    }
}

/// Compares two numbers exactly.
#[inline]
pub fn compare_numbers(left: Number, right: Number) -> Ordering {
    left.to_exact().compare(right.to_exact())
}

/// True if text means "no value": the empty text and the lone `-` of logs. Used as a number it is null.
#[inline]
pub fn is_blank(text: &[u8]) -> bool {
    matches!(text, b"" | b"-")
}

impl From<Number> for Value {
    fn from(number: Number) -> Value {
        match number {
            Number::Int(value) => Value::Int(value),
            Number::Float(value) => Value::float(value),
        }
    }
}

/// Parses text that is a JSON number; leading zeros, a leading `+` and `.5` are allowed. An integer beyond 64 bits
/// becomes a float; one beyond the range of floats is not a number.
#[inline]
pub fn parse_number(bytes: &[u8]) -> Option<Number> {
    parse_exact(bytes)?.to_number()
}

/// Like [`parse_number`], with all digits of an integer beyond 64 bits.
#[inline]
pub fn parse_exact(bytes: &[u8]) -> Option<Exact<'_>> {
    // Up to 18 digits cannot overflow: the usual case in logs.
    if let Some((first, _)) = bytes.split_first()
        && first.is_ascii_digit()
        && bytes.len() <= 18
    {
        let mut value: i64 = 0;
        for byte in bytes {
            let digit = byte.wrapping_sub(b'0');
            if digit > 9 {
                return parse_any_number(bytes);
            }
            value = value * 10 + i64::from(digit);
        }
        return Some(Exact::Int(value));
    }
    parse_any_number(bytes)
}

/// The general case of [`parse_exact`].
fn parse_any_number(bytes: &[u8]) -> Option<Exact<'_>> {
    let is_int = is_int(bytes)?;
    let text = std::str::from_utf8(bytes).ok()?;
    if is_int {
        return match text.parse::<i64>() {
            Ok(value) => Some(Exact::Int(value)),
            Err(_) => BigInt::parse(bytes).map(Exact::Big),
        };
    }
    text.parse::<f64>().ok().filter(|value| value.is_finite()).map(Exact::Float)
}

/// True if text has the form that [`parse_number`] reads, however large the number is.
pub(super) fn is_number(bytes: &[u8]) -> bool {
    is_int(bytes).is_some()
}

/// True if a number has neither fraction nor exponent; `None` if the text is not a number.
fn is_int(bytes: &[u8]) -> Option<bool> {
    let unsigned = match bytes.first()? {
        b'+' | b'-' => &bytes[1..],
        _ => bytes,
    };
    let whole = whole_digits(unsigned);
    let mut rest = &unsigned[whole..];
    let mut is_int = true;
    if let [b'.', tail @ ..] = rest {
        let fraction = whole_digits(tail);
        if fraction == 0 {
            return None;
        }
        rest = &tail[fraction..];
        is_int = false;
    } else if whole == 0 {
        return None;
    }
    if let [b'e' | b'E', tail @ ..] = rest {
        let tail = match tail {
            [b'+' | b'-', tail @ ..] => tail,
            _ => tail,
        };
        let exponent = whole_digits(tail);
        if exponent == 0 {
            return None;
        }
        rest = &tail[exponent..];
        is_int = false;
    }
    rest.is_empty().then_some(is_int)
}

/// Returns the number of leading digits.
pub(super) fn whole_digits(bytes: &[u8]) -> usize {
    bytes.iter().take_while(|byte| byte.is_ascii_digit()).count()
}

/// Appends a float in the shortest form that parses to the same float, like ECMAScript's `Number::toString`: `2` for
/// 2.0, exponents from 1e21 and below 1e-6.
pub fn format_float(value: f64, out: &mut Vec<u8>) {
    out.extend_from_slice(ryu_js::Buffer::new().format(value).as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_as_json_writes_them_and_a_little_more() {
        for (text, number) in [
            ("0", Number::Int(0)),
            ("007", Number::Int(7)),
            ("-5", Number::Int(-5)),
            ("+5", Number::Int(5)),
            (".5", Number::Float(0.5)),
            ("-.5", Number::Float(-0.5)),
            ("1.25e2", Number::Float(125.0)),
            ("1E3", Number::Float(1000.0)),
            ("9223372036854775807", Number::Int(i64::MAX)),
            ("-9223372036854775808", Number::Int(i64::MIN)),
            ("9223372036854775808", Number::Float(9223372036854775808.0)),
            ("000000000000000000000000001", Number::Int(1)),
        ] {
            assert_eq!(parse_number(text.as_bytes()), Some(number), "{text}");
        }
        for text in [
            "", " 5", "5 ", "5.", ".", "-", "1e", "1e+", "0x1f", "nan", "inf", "5ms", "host12", "1_000", "--1",
            "1e400", "1.2.3",
        ] {
            assert_eq!(parse_number(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn floats_print_as_ecmascript() {
        for (value, text) in [
            (2.0, "2"),
            (0.1, "0.1"),
            (1e21, "1e+21"),
            (1e20, "100000000000000000000"),
            (1e-6, "0.000001"),
            (1e-7, "1e-7"),
            (-0.0, "0"),
        ] {
            let mut out = Vec::new();
            format_float(value, &mut out);
            assert_eq!(String::from_utf8(out).expect("the test's own text"), text);
        }
    }
}
