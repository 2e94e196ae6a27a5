//! Times as logs write them. The one place where decoders read a time.

use jiff::civil::{Date, DateTime, Time};

/// What a time looks like, as a regular expression over bytes whose optional parts are as short as can be: a hole
/// of the type `time` stands for nothing else. [`parse`] has the last word.
pub(super) const SHAPE: &str = concat!(
    r"[0-9]{1,2}/[A-Za-z]{3}/[0-9]{4}:[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+?)??(?: [+-][0-9]{4})??",
    r"|[0-9]{4}[-/][0-9]{2}[-/][0-9]{2}(?:[Tt ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]+?)??)??(?: ??(?:[Zz]|[+-][0-9]{2}(?::??[0-9]{2})??))??)??",
    r"|[A-Za-z]{3} +[0-9]{1,2} [0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+?)??",
);

/// The same, with optional parts as long as can be: for a hole at the end.
pub(super) const LONG_SHAPE: &str = concat!(
    r"[0-9]{1,2}/[A-Za-z]{3}/[0-9]{4}:[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?(?: [+-][0-9]{4})?",
    r"|[0-9]{4}[-/][0-9]{2}[-/][0-9]{2}(?:[Tt ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]+)?)?(?: ?(?:[Zz]|[+-][0-9]{2}(?::?[0-9]{2})?))?)?",
    r"|[A-Za-z]{3} +[0-9]{1,2} [0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?",
);

const MONTHS: [&[u8; 3]; 12] = [
    b"jan", b"feb", b"mar", b"apr", b"may", b"jun", b"jul", b"aug", b"sep", b"oct", b"nov", b"dec",
];

const NS_PER_SECOND: i64 = 1_000_000_000;

/// Nanoseconds since 1970 of `17/May/2015:10:05:03 +0000` (Apache), `2015-05-17T10:05:03Z` (RFC 3339),
/// `2015/05/17 10:05:03` (nginx) or `May 17 10:05:03` (syslog). What names no zone is in UTC, what names no year
/// in the current one.
pub(super) fn parse(text: &[u8]) -> Option<i64> {
    let mut rest = Rest(text);
    let first = *text.first()?;
    let (date, is_clf) = if first.is_ascii_alphabetic() {
        let month = rest.month()?;
        rest.byte(b' ')?;
        while rest.byte(b' ').is_some() {}
        let day = rest.number(1, 2)?;
        rest.byte(b' ')?;
        (Date::new(current_year(), month, day as i8).ok()?, false)
    } else if matches!(text.get(4), Some(b'-' | b'/')) {
        let year = rest.number(4, 4)?;
        rest.any(b"-/")?;
        let month = rest.number(2, 2)?;
        rest.any(b"-/")?;
        let day = rest.number(2, 2)?;
        let date = Date::new(year as i16, month as i8, day as i8).ok()?;
        if rest.0.is_empty() {
            return ns(date.to_datetime(Time::midnight()), 0);
        }
        rest.any(b"Tt ")?;
        (date, false)
    } else {
        let day = rest.number(1, 2)?;
        rest.byte(b'/')?;
        let month = rest.month()?;
        rest.byte(b'/')?;
        let year = rest.number(4, 4)?;
        rest.byte(b':')?;
        (Date::new(year as i16, month, day as i8).ok()?, true)
    };
    let time = rest.time()?;
    let zone_seconds = rest.zone(is_clf)?;
    rest.0
        .is_empty()
        .then(|| ns(date.to_datetime(time), zone_seconds))?
}

/// Nanoseconds of a `MMDD` date of the current year and a time behind one blank: `0517 10:05:03.123456` (klog).
pub(super) fn parse_month_and_day(text: &[u8]) -> Option<i64> {
    let mut rest = Rest(text);
    let month = rest.number(2, 2)?;
    let day = rest.number(2, 2)?;
    rest.byte(b' ')?;
    let time = rest.time()?;
    let date = Date::new(current_year(), month as i8, day as i8).ok()?;
    rest.0.is_empty().then(|| ns(date.to_datetime(time), 0))?
}

fn current_year() -> i16 {
    jiff::Timestamp::now()
        .to_zoned(jiff::tz::TimeZone::UTC)
        .year()
}

/// Of a time in a zone that is so far ahead of UTC; nothing if 64 bits cannot hold it.
fn ns(local: DateTime, zone_seconds: i64) -> Option<i64> {
    let since = local
        .to_zoned(jiff::tz::TimeZone::UTC)
        .ok()?
        .timestamp()
        .as_nanosecond();
    i64::try_from(since - i128::from(zone_seconds) * i128::from(NS_PER_SECOND)).ok()
}

/// What is left to read.
struct Rest<'t>(&'t [u8]);

impl Rest<'_> {
    fn byte(&mut self, byte: u8) -> Option<()> {
        self.any(&[byte]).map(|_| ())
    }

    /// One of some bytes.
    fn any(&mut self, bytes: &[u8]) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        if !bytes.contains(first) {
            return None;
        }
        self.0 = rest;
        Some(*first)
    }

    /// A number of so many digits.
    fn number(&mut self, least: usize, most: usize) -> Option<i64> {
        let digits = self
            .0
            .iter()
            .take(most)
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        if digits < least {
            return None;
        }
        let (number, rest) = self.0.split_at(digits);
        self.0 = rest;
        Some(
            number
                .iter()
                .fold(0, |sum, digit| sum * 10 + i64::from(digit - b'0')),
        )
    }

    fn month(&mut self) -> Option<i8> {
        let (name, rest) = self.0.split_first_chunk::<3>()?;
        let name = name.map(|byte| byte.to_ascii_lowercase());
        let month = MONTHS.iter().position(|month| **month == name)?;
        self.0 = rest;
        Some(month as i8 + 1)
    }

    /// `10:05`, `10:05:03`, `10:05:03.123`; a leap second is the second before it.
    fn time(&mut self) -> Option<Time> {
        let hour = self.number(2, 2)?;
        self.byte(b':')?;
        let minute = self.number(2, 2)?;
        let (mut second, mut fraction_ns) = (0, 0);
        if self.byte(b':').is_some() {
            second = self.number(2, 2)?;
            if self.any(b".,").is_some() {
                let digits = self.0.iter().take_while(|b| b.is_ascii_digit()).count();
                let (fraction, rest) = self.0.split_at(digits);
                if digits == 0 {
                    return None;
                }
                let mut place_ns = NS_PER_SECOND / 10;
                for digit in fraction {
                    fraction_ns += i64::from(digit - b'0') * place_ns;
                    place_ns /= 10;
                }
                self.0 = rest;
            }
        }
        if second == 60 {
            second = 59;
        }
        Time::new(hour as i8, minute as i8, second as i8, fraction_ns as i32).ok()
    }

    /// Seconds ahead of UTC: `Z`, `+02:00`, `+0200`, `+02`, a blank before it allowed; nothing is UTC.
    fn zone(&mut self, needs_blank: bool) -> Option<i64> {
        if self.0.is_empty() {
            return Some(0);
        }
        if self.byte(b' ').is_none() && needs_blank {
            return None;
        }
        match self.any(b"Zz+-")? {
            b'Z' | b'z' => Some(0),
            sign => {
                let hours = self.number(2, 2)?;
                let _ = self.byte(b':');
                let minutes = if self.0.is_empty() {
                    0
                } else {
                    self.number(2, 2)?
                };
                let ahead = hours * 3600 + minutes * 60;
                Some(if sign == b'-' { -ahead } else { ahead })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_logs_write() {
        let seconds = 1_431_857_103;
        for (text, ns) in [
            ("17/May/2015:10:05:03 +0000", seconds * NS_PER_SECOND),
            ("17/May/2015:12:05:03 +0200", seconds * NS_PER_SECOND),
            ("17/May/2015:10:05:03", seconds * NS_PER_SECOND),
            ("2015-05-17T10:05:03Z", seconds * NS_PER_SECOND),
            (
                "2015-05-17 10:05:03.5",
                seconds * NS_PER_SECOND + 500_000_000,
            ),
            (
                "2015-05-17T10:05:03.000000001-00:00",
                seconds * NS_PER_SECOND + 1,
            ),
            ("2015/05/17 10:05:03", seconds * NS_PER_SECOND),
            ("2015-05-17", 1_431_820_800 * NS_PER_SECOND),
        ] {
            assert_eq!(parse(text.as_bytes()), Some(ns), "{text}");
        }
        assert!(parse(b"May  7 10:05:03").is_some());
        for text in [
            "",
            "x",
            "17/Foo/2015:10:05:03",
            "2015-02-30",
            "99/May/2015:10:05:03",
            "2015-05-17T25:00:00Z",
            "2015-05-17T",
            "Jan",
        ] {
            assert_eq!(parse(text.as_bytes()), None, "{text}");
        }
    }
}
