//! Durations: parsed from `1h30m`, `1.5s`, `250ms` or clock notation, `01:30:00`; printed in the first form.

use std::fmt::Write;

use super::value::ValueRef;

/// Units from the longest printed one down, with their nanoseconds.
const PRINTED: [(&str, i64); 4] =
    [("d", 86_400_000_000_000), ("h", 3_600_000_000_000), ("m", 60_000_000_000), ("s", 1_000_000_000)];

/// Units below a second.
const FRACTIONS: [(&str, i64); 3] = [("ms", 1_000_000), ("us", 1_000), ("ns", 1)];

/// Returns what a message says was expected of a summand that is not a number; for a duration, how to convert it.
#[cold]
pub fn expected_summand(value: ValueRef<'_>) -> &'static str {
    let is_duration = match value {
        ValueRef::Duration(_) => true,
        ValueRef::Text(text) => str::from_utf8(text).is_ok_and(|text| parse_duration(text).is_some()),
        _ => false,
    };
    if is_duration { "a number (seconds(x) makes one of a duration)" } else { "a number" }
}

/// Parses `30s`, `1h30m`, `1.5s`, `2w`: one or more numbers, each with a unit, longest unit first; or `01:30:00`,
/// hours, minutes and seconds. Returns nanoseconds; `None` if it is not a duration or does not fit.
pub fn parse_duration(text: &str) -> Option<i64> {
    if text.contains(':') {
        return parse_clock(text);
    }
    let mut rest = text;
    let mut total_ns: i64 = 0;
    let mut previous_unit_ns = i64::MAX;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.' && c != '_')?;
        let (number, tail) = rest.split_at(digits);
        let letters = tail.find(|c: char| !c.is_alphabetic()).unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(letters);
        let unit_ns = unit_ns(unit)?;
        if unit_ns >= previous_unit_ns {
            return None;
        }
        previous_unit_ns = unit_ns;
        total_ns = total_ns.checked_add(scaled(number, unit_ns)?)?;
        rest = tail;
    }
    (previous_unit_ns != i64::MAX).then_some(total_ns)
}

/// `08:13:55.101`, `100:00:00`
fn parse_clock(text: &str) -> Option<i64> {
    const UNITS_NS: [i64; 3] = [PRINTED[1].1, PRINTED[2].1, PRINTED[3].1];
    let mut parts = text.split(':');
    let [hours, minutes, seconds] = [parts.next()?, parts.next()?, parts.next()?];
    let (whole, fraction) = seconds.split_once('.').unwrap_or((seconds, "0"));
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_below_60 = |text: &str| text.len() == 2 && is_number(text) && text < "60";
    let is_clock = parts.next().is_none()
        && is_number(hours)
        && is_below_60(minutes)
        && is_below_60(whole)
        && is_number(fraction)
        && fraction.len() <= 9;
    if !is_clock {
        return None;
    }
    let mut total_ns: i64 = 0;
    for (number, unit_ns) in [hours, minutes, seconds].into_iter().zip(UNITS_NS) {
        total_ns = total_ns.checked_add(scaled(number, unit_ns)?)?;
    }
    Some(total_ns)
}

/// Prints nanoseconds as `1h30m`, `1.5s`, `250ms`, `0s`, after a `-` if negative.
pub fn format_duration(ns: i64, out: &mut String) {
    if ns < 0 {
        out.push('-');
    }
    let mut rest = ns.unsigned_abs();
    if rest == 0 {
        out.push_str("0s");
        return;
    }
    if rest < 1_000_000_000 {
        let (unit, unit_ns) = FRACTIONS.iter().find(|(_, unit_ns)| rest >= *unit_ns as u64).unwrap_or(&FRACTIONS[2]);
        write_decimal(rest, *unit_ns as u64, out);
        out.push_str(unit);
        return;
    }
    for (unit, unit_ns) in PRINTED {
        let unit_ns = unit_ns as u64;
        if unit == "s" {
            if rest > 0 {
                write_decimal(rest, unit_ns, out);
                out.push_str(unit);
            }
        } else if rest >= unit_ns {
            let _ = write!(out, "{}{unit}", rest / unit_ns); // writing to a String cannot fail
            rest %= unit_ns;
        }
    }
}

/// Nanoseconds of a unit.
fn unit_ns(unit: &str) -> Option<i64> {
    match unit {
        "w" => Some(7 * PRINTED[0].1),
        "µs" | "μs" => Some(1_000),
        _ => PRINTED.iter().chain(&FRACTIONS).find(|(name, _)| *name == unit).map(|(_, ns)| *ns),
    }
}

/// `number × unit`, rounded to the nanosecond.
fn scaled(number: &str, unit_ns: i64) -> Option<i64> {
    const DIGITS: usize = 18; // further digits are less than a nanosecond, even of weeks
    let number = number.replace('_', "");
    let (whole, fraction) = match number.split_once('.') {
        Some((_, "")) => return None,
        Some((whole, fraction)) => (whole, &fraction[..fraction.len().min(DIGITS)]),
        None => (number.as_str(), ""),
    };
    let whole_ns = whole.parse::<i64>().ok()?.checked_mul(unit_ns)?;
    if fraction.is_empty() {
        return Some(whole_ns);
    }
    let place = 10i128.pow(fraction.len() as u32);
    let rest_ns = (i128::from(fraction.parse::<i64>().ok()?) * i128::from(unit_ns) * 2 + place) / (2 * place);
    whole_ns.checked_add(i64::try_from(rest_ns).ok()?)
}

/// `amount / unit` with as many fraction digits as it needs.
fn write_decimal(amount: u64, unit: u64, out: &mut String) {
    let _ = write!(out, "{}", amount / unit);
    let mut rest = amount % unit;
    if rest > 0 {
        out.push('.');
        let mut place = unit;
        while rest > 0 {
            place /= 10;
            let _ = write!(out, "{}", rest / place);
            rest %= place;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_prints() {
        for (text, ns, printed) in [
            ("30s", 30_000_000_000, "30s"),
            ("1h30m", 5_400_000_000_000, "1h30m"),
            ("90m", 5_400_000_000_000, "1h30m"),
            ("1.5s", 1_500_000_000, "1.5s"),
            ("250ms", 250_000_000, "250ms"),
            ("1.5ms", 1_500_000, "1.5ms"),
            ("2w", 1_209_600_000_000_000, "14d"),
            ("0s", 0, "0s"),
            ("1.25h", 4_500_000_000_000, "1h15m"),
            ("61s", 61_000_000_000, "1m1s"),
            ("01:30:00", 5_400_000_000_000, "1h30m"),
            ("08:13:55.101", 29_635_101_000_000, "8h13m55.101s"),
            ("100:00:00", 360_000_000_000_000, "4d4h"),
            ("0:00:00.000000001", 1, "1ns"),
        ] {
            assert_eq!(parse_duration(text), Some(ns), "{text}");
            let mut out = String::new();
            format_duration(ns, &mut out);
            assert_eq!(out, printed);
        }
    }

    #[test]
    fn refuses_what_is_no_duration() {
        for text in [
            "",
            "30",
            "30x",
            "s",
            "1m1h",
            "1s1s",
            "1..5s",
            "-1s",
            "01:30",
            "1:2:3",
            "00:60:00",
            "00:00:60",
            "00:00:00.",
            "00:00:00.0000000001",
            "1:00:00:00",
            ":00:00",
            "99999999999:00:00",
            "99999999999w",
        ] {
            assert_eq!(parse_duration(text), None, "{text}");
        }
    }
}
