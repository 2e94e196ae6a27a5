//! The text of a value: the result of `text(x)`, a value used as text, and what the formats print before escaping.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::duration::format_duration;
use super::number::format_float;
use super::time::{date_of_day, time_defaults};
use super::value::ValueRef;

/// Appends the text of a value; nothing for null. Times are RFC 3339 in the default zone with as many fraction digits
/// as they need; lists and objects are JSON.
pub fn write_text(value: ValueRef<'_>, out: &mut Vec<u8>) {
    match value {
        ValueRef::Null => {}
        ValueRef::Bool(true) => out.extend_from_slice(b"true"),
        ValueRef::Bool(false) => out.extend_from_slice(b"false"),
        ValueRef::Int(value) => write_int(value, out),
        ValueRef::BigInt(value) => value.write(out),
        ValueRef::Float(value) => format_float(value, out),
        ValueRef::Text(bytes) => out.extend_from_slice(bytes),
        ValueRef::Time(ns) => write_time(ns, out),
        ValueRef::Duration(ns) => {
            let mut text = String::new();
            format_duration(ns, &mut text);
            out.extend_from_slice(text.as_bytes());
        }
        ValueRef::List(_) | ValueRef::Object(_) => super::json::write_json(value, out),
    }
}

/// Appends an int in decimal.
#[inline]
fn write_int(value: i64, out: &mut Vec<u8>) {
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}

/// Appends `2026-03-01T10:00:30.25Z`, or with the offset of the default zone: `2026-03-01T11:00:30.25+01:00`.
fn write_time(ns: i64, out: &mut Vec<u8>) {
    let zone = &time_defaults().zone;
    let offset_s = match Timestamp::from_nanosecond(i128::from(ns)) {
        Ok(time) if *zone != TimeZone::UTC => zone.to_offset(time).seconds(),
        _ => 0,
    };
    let fraction = ns.rem_euclid(SECOND_NS);
    let seconds = ns.div_euclid(SECOND_NS) + i64::from(offset_s);
    let (year, month, day) = date_of_day(seconds.div_euclid(DAY_S));
    let second = seconds.rem_euclid(DAY_S);
    let mut text = *b"0000-00-00T00:00:00";
    put_digits(&mut text[0..4], year);
    put_digits(&mut text[5..7], month);
    put_digits(&mut text[8..10], day);
    put_digits(&mut text[11..13], second / 3600);
    put_digits(&mut text[14..16], second / 60 % 60);
    put_digits(&mut text[17..19], second % 60);
    out.extend_from_slice(&text);
    if fraction > 0 {
        let mut text = *b".000000000";
        put_digits(&mut text[1..], fraction);
        out.extend_from_slice(&text);
        while out.last() == Some(&b'0') {
            out.pop();
        }
    }
    if offset_s == 0 && *zone == TimeZone::UTC {
        out.push(b'Z');
        return;
    }
    out.push(if offset_s < 0 { b'-' } else { b'+' });
    let minutes = i64::from((offset_s.abs() + 30) / 60); // RFC 3339 offsets have no seconds; those of old zones do
    let mut text = *b"00:00";
    put_digits(&mut text[0..2], minutes / 60);
    put_digits(&mut text[3..5], minutes % 60);
    out.extend_from_slice(&text);
}

/// Writes the last digits of a number that is not negative: 64 bits of nanoseconds end in 2262.
fn put_digits(digits: &mut [u8], number: i64) {
    let mut number = number;
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + (number % 10) as u8;
        number /= 10;
    }
}

/// Nanoseconds of a second.
const SECOND_NS: i64 = 1_000_000_000;

/// Seconds of a day without leap seconds.
const DAY_S: i64 = 86_400;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::BigInt;

    fn text(value: ValueRef<'_>) -> String {
        let mut out = Vec::new();
        write_text(value, &mut out);
        String::from_utf8_lossy(&out).into_owned()
    }

    #[test]
    fn every_kind() {
        for (value, expected) in [
            (ValueRef::Null, ""),
            (ValueRef::Bool(true), "true"),
            (ValueRef::Bool(false), "false"),
            (ValueRef::Int(i64::MIN), "-9223372036854775808"),
            (ValueRef::BigInt(BigInt::written(b"18446744073709551616")), "18446744073709551616"),
            (ValueRef::Float(2.0), "2"),
            (ValueRef::Float(1e21), "1e+21"),
            (ValueRef::Text(b"007"), "007"),
            (ValueRef::Duration(5_400_000_000_000), "1h30m"),
            (ValueRef::Duration(-1_500_000), "-1.5ms"),
        ] {
            assert_eq!(text(value), expected);
        }
    }

    #[test]
    fn times_have_the_digits_they_need() {
        for (ns, expected) in [
            (0, "1970-01-01T00:00:00Z"),
            (1_772_359_230_000_000_000, "2026-03-01T10:00:30Z"),
            (1_772_359_230_250_000_000, "2026-03-01T10:00:30.25Z"),
            (1_772_359_230_000_000_001, "2026-03-01T10:00:30.000000001Z"),
            (-1, "1969-12-31T23:59:59.999999999Z"),
            (i64::MAX, "2262-04-11T23:47:16.854775807Z"),
            (i64::MIN, "1677-09-21T00:12:43.145224192Z"),
        ] {
            assert_eq!(text(ValueRef::Time(ns)), expected);
        }
    }
}
