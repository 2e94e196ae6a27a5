//! The range of times that 64 bits of nanoseconds hold, and the messages about times out of range.

use super::super::value::ValueRef;
use super::{parse_time, time_of};

/// Messages say that this was expected of a time that is out of range.
pub const EXPECTED_IN_RANGE: &str = "a time from 1677 to 2262 (64 bits of nanoseconds)";

/// The maximum length of a time.
const MAX_BYTES: usize = 64;

/// Returns what a message says was expected of a value that is not a time: a time in range if it is out of range.
#[cold]
pub fn expected_time(value: ValueRef<'_>) -> &'static str {
    let is_out_of_range = match value {
        ValueRef::Text(text) => is_number(text) || says_other_year(text),
        ValueRef::Int(_) | ValueRef::Float(_) => time_of(value).is_none(),
        _ => false,
    };
    if is_out_of_range { EXPECTED_IN_RANGE } else { "a time" }
}

/// True if a text that is not a time would be one in another year. Calendars repeat after 400 years, so one of the
/// years from 1700 on has the same days.
fn says_other_year(text: &[u8]) -> bool {
    if text.len() > MAX_BYTES {
        return false;
    }
    (0..text.len().saturating_sub(3)).any(|at| {
        let mut other = text.to_vec();
        let digits = &mut other[at..at + 4];
        if !digits.iter().all(u8::is_ascii_digit) {
            return false;
        }
        let year = digits.iter().fold(0, |year, digit| year * 10 + u32::from(digit - b'0'));
        let same = 1700 + (year + 300) % 400;
        digits.copy_from_slice(format!("{same:04}").as_bytes());
        same != year && parse_time(&other).is_some()
    })
}

/// True if a text that is not a time is a number since 1970.
fn is_number(text: &[u8]) -> bool {
    let unsigned = text.strip_prefix(b"-").unwrap_or(text);
    let parts: Vec<&[u8]> = unsigned.splitn(2, |byte| *byte == b'.').collect();
    parts.iter().all(|part| !part.is_empty() && part.iter().all(u8::is_ascii_digit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_be_a_time_in_another_year_is_out_of_range() {
        for text in [
            "9999-12-31T00:00:00Z",
            "0001-01-01 00:00:00",
            "2300-02-28",
            "2400-02-29",
            "29/Feb/2400:10:05:03 +0000",
            "Sun, 17 May 1500 10:05:03 GMT",
            "99991231T235959Z",
            "2262-12-31T00:00:00.123456789+02:00",
            "99999999999",
            "-9999999999.5",
            "123456789012345678901234567890",
        ] {
            let value = ValueRef::Text(text.as_bytes());
            assert_eq!(parse_time(text.as_bytes()), None, "{text}");
            assert_eq!(expected_time(value), EXPECTED_IN_RANGE, "{text}");
        }
        for text in ["", "soon", "2300-02-29", "9999-13-31T00:00:00Z", "9999", "1.2.3", "-", "12:00 9999"] {
            let value = ValueRef::Text(text.as_bytes());
            if parse_time(text.as_bytes()).is_none() {
                assert_eq!(expected_time(value), "a time", "{text}");
            }
        }
        assert_eq!(expected_time(ValueRef::Int(99_999_999_999)), EXPECTED_IN_RANGE);
        assert_eq!(expected_time(ValueRef::Float(1e300)), EXPECTED_IN_RANGE);
        assert_eq!(expected_time(ValueRef::Bool(true)), "a time");
    }
}
