//! Literals that begin with a digit: numbers, sizes and durations.

use nom::Parser;
use nom::branch::alt;
use nom::bytes::complete::take_while;
use nom::character::complete::{char, digit1, one_of};
use nom::combinator::{opt, recognize};
use nom::multi::many0_count;
use nom::sequence::preceded;

use crate::data::{BigInt, Value, parse_duration};

use super::diagnostic::Diagnostic;
use super::failure::{Failure, Parsed, SourceText, fail, span_of};

/// Units of size, in bytes.
const SIZES: [(&str, i64); 11] = [
    ("B", 1),
    ("kB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("TB", 1_000_000_000_000),
    ("PB", 1_000_000_000_000_000),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("TiB", 1 << 40),
    ("PiB", 1 << 50),
];

/// Units of other languages, and what to write instead.
const BORROWED_UNITS: [(&str, &str); 32] = [
    ("sec", "s"),
    ("secs", "s"),
    ("second", "s"),
    ("seconds", "s"),
    ("min", "m"),
    ("mins", "m"),
    ("minute", "m"),
    ("minutes", "m"),
    ("hr", "h"),
    ("hrs", "h"),
    ("hour", "h"),
    ("hours", "h"),
    ("day", "d"),
    ("days", "d"),
    ("week", "w"),
    ("weeks", "w"),
    ("msec", "ms"),
    ("millis", "ms"),
    ("usec", "us"),
    ("micros", "us"),
    ("nanos", "ns"),
    ("k", "kB"),
    ("K", "KiB"),
    ("M", "MiB"),
    ("G", "GiB"),
    ("T", "TiB"),
    ("kb", "kB"),
    ("KB", "kB"),
    ("mb", "MB"),
    ("gb", "GB"),
    ("kib", "KiB"),
    ("kiB", "KiB"),
];

/// A literal that begins with a digit.
pub(super) struct NumberLiteral {
    /// An int, float or duration.
    pub value: Value,
    /// True if it has no unit, so that a `%` may follow.
    pub is_plain: bool,
}

/// Parses a number, size or duration; the input begins with a digit, or a dot and a digit.
pub(super) fn number(input: SourceText<'_>) -> Parsed<'_, NumberLiteral> {
    if let Some(date) = date(input.fragment()) {
        let diagnostic =
            Diagnostic::new(span_of(input, date.len()), format!("a date without quotes is a subtraction: `{date}`"));
        let resume = input.location_offset() + date.len();
        return Err(fail(diagnostic.help(format!("write \"{date}\"")), resume));
    }
    let (behind_number, number) = plain_number(input)?;
    let (rest, unit) = take_while(|c: char| c.is_alphanumeric() || c == '_' || c == '.').parse(behind_number)?;
    let (number, unit) = (*number.fragment(), *unit.fragment());
    let value = if unit.starts_with('.') && unit.len() > 1 && !unit[1..].contains('.') {
        Err(diagnostic(format!("`{number}.` is not a number"), format!("write {number}{}", &unit[1..])))
    } else if unit.is_empty() {
        plain_value(number)
    } else {
        with_unit(number, unit)
    };
    match value {
        Ok(value) => Ok((rest, NumberLiteral { value, is_plain: unit.is_empty() })),
        Err(diagnostic) => {
            let span = span_of(input, number.len() + unit.len());
            Err(fail(Diagnostic { span, ..*diagnostic }, rest.location_offset()))
        }
    }
}

/// The date at the start of a text, with a time of day if there is one: `2026-03-01`, `2026-03-01T10:00:00Z`.
fn date(text: &str) -> Option<&str> {
    let is_date = |(index, byte): (usize, &u8)| match index {
        4 | 7 => *byte == b'-',
        _ => byte.is_ascii_digit(),
    };
    let day = text.as_bytes().get(..10)?;
    if !day.iter().enumerate().all(is_date) {
        return None;
    }
    let rest = &text[10..];
    let is_time = rest.starts_with('T') && rest[1..].starts_with(|c: char| c.is_ascii_digit());
    let goes_on = |c: char| c.is_ascii_alphanumeric() || matches!(c, ':' | '.' | '+' | '_');
    let end = rest.find(|c| !goes_on(c)).unwrap_or(rest.len());
    (end == 0 || is_time).then(|| &text[..10 + end])
}

/// Parses a size such as `10kB` to bytes; `None` if it is not one, or not a whole number of bytes below 2⁶³.
pub fn parse_size(text: &str) -> Option<i64> {
    let unit = text.find(|c: char| c.is_ascii_alphabetic() && !matches!(c, 'e' | 'E')).unwrap_or(text.len());
    let (rest, number) = plain_number(SourceText::new(&text[..unit])).ok()?;
    let is_number = rest.fragment().is_empty();
    size(number.fragment(), &text[unit..]).filter(|_| is_number)
}

/// `1_000`, `1.5e3`, `.5`, without a sign.
fn plain_number(input: SourceText<'_>) -> Parsed<'_, SourceText<'_>> {
    let exponent = || opt((one_of("eE"), opt(one_of("+-")), digit1::<_, Failure>));
    let whole = recognize((digits, opt((char('.'), digits)), exponent()));
    let fraction = recognize((char('.'), digits, exponent()));
    alt((whole, fraction)).parse(input)
}

/// Digits, with single underscores between them.
fn digits(input: SourceText<'_>) -> Parsed<'_, SourceText<'_>> {
    recognize((digit1, many0_count(preceded(char('_'), digit1)))).parse(input)
}

/// An int if it has neither fraction nor exponent, otherwise a float.
fn plain_value(number: &str) -> Result<Value, Box<Diagnostic>> {
    let number = number.replace('_', "");
    if let Ok(int) = number.parse::<i64>() {
        return Ok(Value::Int(int));
    }
    if let Some(int) = BigInt::parse(number.as_bytes()) {
        return Ok(int.to_value());
    }
    match number.parse::<f64>() {
        Ok(float) if float.is_finite() => Ok(Value::Float(float)),
        _ => {
            Err(diagnostic(format!("`{number}` is too large for a number"), "the largest is about 1.8e308".to_owned()))
        }
    }
}

/// A size or a duration.
fn with_unit(number: &str, unit: &str) -> Result<Value, Box<Diagnostic>> {
    if SIZES.iter().any(|(name, _)| *name == unit) {
        let message = || format!("`{number}{unit}` is not a whole number of bytes below 2^63");
        let bytes = size(number, unit).ok_or_else(|| diagnostic(message(), "write 10kB or 4MiB".to_owned()))?;
        return Ok(Value::Int(bytes));
    }
    let zero = if number.starts_with('.') { "0" } else { "" };
    if let Some(ns) = parse_duration(&format!("{zero}{number}{unit}")) {
        return Ok(Value::Duration(ns));
    }
    Err(unknown_unit(number, unit))
}

/// `number × unit` in bytes.
fn size(number: &str, unit: &str) -> Option<i64> {
    let (_, unit_bytes) = SIZES.iter().find(|(name, _)| *name == unit)?;
    let (bytes, is_whole) = scaled_decimal(&number.replace('_', ""), *unit_bytes)?;
    is_whole.then_some(bytes)
}

/// Multiplies an unsigned decimal number by an int, exactly, and rounds the product to an int. Also returns whether it
/// was an int before rounding. `None` if it exceeds 64 bits.
pub fn scaled_decimal(number: &str, unit: i64) -> Option<(i64, bool)> {
    let (digits, exponent) = match number.split_once(['e', 'E']) {
        Some((digits, exponent)) => (digits, exponent.parse::<i32>().ok()?),
        None => (number, 0_i32),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let digits = format!("{whole}{}", fraction.trim_end_matches('0'));
    let digits = digits.trim_start_matches('0');
    if digits.is_empty() {
        return Some((0, true));
    }
    let places = i32::try_from(fraction.trim_end_matches('0').len()).ok()?.saturating_sub(exponent);
    // 64 bits have at most 20 digits; later digits only determine whether the number is an int.
    let kept = &digits[..digits.len().min(20)];
    let places = places.saturating_sub((digits.len() - kept.len()) as i32);
    let is_cut = digits[kept.len()..].bytes().any(|digit| digit != b'0');
    let product = kept.parse::<i128>().ok()?.checked_mul(i128::from(unit))?;
    let power = |places: i32| 10i128.checked_pow(places.unsigned_abs());
    let (value, rest) = match (places <= 0, power(places)) {
        (true, Some(power)) => (product.checked_mul(power)?, 0),
        (true, None) => return None,
        (false, Some(power)) => {
            (product / power + i128::from(product % power >= power - product % power), product % power)
        }
        (false, None) => (0, 1), // less than a half
    };
    Some((i64::try_from(value).ok()?, rest == 0 && !is_cut))
}

#[cold]
fn unknown_unit(number: &str, unit: &str) -> Box<Diagnostic> {
    let found = format!("{number}{unit}");
    let borrowed = BORROWED_UNITS.iter().find(|(name, _)| *name == unit);
    let looks_like_size = unit.ends_with(['b', 'B']) || matches!(unit, "k" | "K" | "M" | "G" | "T");
    match borrowed {
        Some((_, here)) if looks_like_size => diagnostic(
            format!("expected a size, found `{found}`"),
            format!("write {number}{here}; 1kB is 1000 bytes, 1KiB 1024"),
        ),
        Some((_, here)) => diagnostic(format!("expected a duration, found `{found}`"), format!("write {number}{here}")),
        None if looks_like_size && unit.len() <= 3 => {
            diagnostic(format!("expected a size, found `{found}`"), "write 10kB or 4MiB".to_owned())
        }
        None if unit.contains('.') => {
            diagnostic(format!("`{found}` is not a number"), format!("text needs quotes: \"{found}\""))
        }
        None if unit.starts_with('T') && unit[1..].starts_with(|c: char| c.is_ascii_digit()) => {
            let help = "times need quotes: \"2026-03-01T10:00:00Z\"".to_owned();
            diagnostic(format!("`{found}` is not a number"), help)
        }
        None if number == "0" && unit.starts_with(['x', 'X']) => {
            diagnostic(format!("`{found}` is not a decimal number"), format!("write parse_hex(\"{}\")", &unit[1..]))
        }
        None if unit.chars().count() <= 2 || unit.contains(|c: char| c.is_ascii_digit()) => {
            let message = format!("expected a duration, found `{found}`; write 30s, 5m or 1h");
            Box::new(Diagnostic::new(Default::default(), message))
        }
        None => diagnostic(
            format!("the number `{number}` runs into `{unit}`"),
            format!(
                "write `{number} {unit}`, \"{found}\" if it is text, or `{found}` with its back quotes if it is a field"
            ),
        ),
    }
}

/// A diagnostic without a span; the caller sets it.
fn diagnostic(message: String, help: String) -> Box<Diagnostic> {
    Box::new(Diagnostic::new(Default::default(), message).help(help))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Value, String> {
        match number(SourceText::new(text)) {
            Ok((_, literal)) => Ok(literal.value),
            Err(nom::Err::Failure(failure)) => Err(failure.diagnostic.message),
            Err(_) => Err("no number".to_owned()),
        }
    }

    #[test]
    fn reads_numbers_sizes_and_durations() {
        for (text, value) in [
            ("42", Value::Int(42)),
            ("1_000", Value::Int(1000)),
            ("007", Value::Int(7)),
            ("1.5e3", Value::Float(1500.0)),
            (".5", Value::Float(0.5)),
            ("1e+21", Value::Float(1e21)),
            ("1E-7", Value::Float(1e-7)),
            ("9223372036854775807", Value::Int(i64::MAX)),
            ("9223372036854775808", Value::int(1 << 63)),
            ("10kB", Value::Int(10_000)),
            ("4MiB", Value::Int(4 << 20)),
            ("1.5KiB", Value::Int(1536)),
            ("500ms", Value::Duration(500_000_000)),
            ("1h30m", Value::Duration(5_400_000_000_000)),
            (".5s", Value::Duration(500_000_000)),
            ("5µs", Value::Duration(5_000)),
        ] {
            assert_eq!(read(text), Ok(value), "{text}");
        }
    }

    #[test]
    fn reports_invalid_numbers() {
        for (text, message) in [
            ("30x", "expected a duration, found `30x`; write 30s, 5m or 1h"),
            ("1m1h", "expected a duration, found `1m1h`; write 30s, 5m or 1h"),
            ("30sec", "expected a duration, found `30sec`"),
            ("10K", "expected a size, found `10K`"),
            ("10XB", "expected a size, found `10XB`"),
            ("12abc", "the number `12` runs into `abc`"),
            ("100rows", "the number `100` runs into `rows`"),
            ("10.0.0.1", "`10.0.0.1` is not a number"),
            ("5.", "`5.` is not a number"),
            ("5.s", "`5.` is not a number"),
            ("5.kB", "`5.` is not a number"),
            ("1_000_", "expected a duration, found `1_000_`; write 30s, 5m or 1h"),
            ("01T10", "`01T10` is not a number"),
            ("0x1f", "`0x1f` is not a decimal number"),
            ("1e400", "`1e400` is too large for a number"),
            ("0.5B", "`0.5B` is not a whole number of bytes below 2^63"),
            ("99999PB", "`99999PB` is not a whole number of bytes below 2^63"),
            ("99999999999w", "expected a duration, found `99999999999w`; write 30s, 5m or 1h"),
        ] {
            assert_eq!(read(text), Err(message.to_owned()), "{text}");
        }
    }

    #[test]
    fn dates_are_not_subtractions() {
        assert_eq!(date("2026-03-01 "), Some("2026-03-01"));
        assert_eq!(date("2026-03-01)"), Some("2026-03-01"));
        assert_eq!(date("2026-03-01T10:00:00.5Z | x"), Some("2026-03-01T10:00:00.5Z"));
        for text in ["2026-3-1", "2026-03-011", "2026 - 03 - 01", "2026-03-x1", "é2026-03-01"] {
            assert_eq!(date(text), None, "{text}");
        }
    }

    #[test]
    fn reads_sizes_alone() {
        assert_eq!(parse_size("10kB"), Some(10_000));
        assert_eq!(parse_size("1.5e3B"), Some(1500));
        assert_eq!(parse_size("8.7PB"), Some(8_700_000_000_000_000));
        assert_eq!(parse_size("1.005kB"), Some(1005));
        assert_eq!(parse_size("8.999999999999999999PB"), None);
        assert_eq!(parse_size("1.0000000000000000000000PB"), Some(1_000_000_000_000_000));
        assert_eq!(parse_size("1e-400kB"), None);
        assert_eq!(scaled_decimal("0.0005", 1000), Some((1, false)));
        assert_eq!(scaled_decimal("9223372036854775807.4", 1), Some((i64::MAX, false)));
        assert_eq!(scaled_decimal("9223372036854775807.5", 1), None);
        assert_eq!(scaled_decimal("0e99", 7), Some((0, true)));
        for text in ["", "10", "kB", "10 kB", "-1kB", "10XB"] {
            assert_eq!(parse_size(text), None, "{text}");
        }
    }
}
