//! Every form, at the start of a text that may go on.

use super::calendar::{Date, at_offset};
use super::clock::{Clock, clock, fraction, seconds_of_day};
use super::defaults::time_defaults;
use super::digits::{bytes_at, pair, year_of};
use super::names::{is_weekday, month};
use super::zone::{in_default_zone, zone, zoned};

/// The time that a text begins with, and how many bytes it takes. Numbers since 1970 are none.
#[inline]
pub fn time_prefix(text: &[u8]) -> Option<(i64, usize)> {
    match text.first()? {
        b'0'..=b'9' => match text.get(4) {
            Some(b'-' | b'/') => iso(text),
            Some(b' ') if text.get(5).is_some_and(u8::is_ascii_alphabetic) => year_first(text),
            _ if text.get(8) == Some(&b'T') => iso_basic(text),
            _ => day_first(text, 0),
        },
        b'A'..=b'Z' | b'a'..=b'z' => named(text),
        _ => None,
    }
}

/// `2015-05-17`, and a clock and zone behind `T` or a space.
fn iso(text: &[u8]) -> Option<(i64, usize)> {
    let [y0, y1, y2, y3, first, m0, m1, second, d0, d1] = *text.first_chunk()?;
    if first != second {
        return None;
    }
    let date = Date {
        year: year_of(&[y0, y1, y2, y3])?,
        month: pair(m0, m1),
        day: pair(d0, d1),
    };
    if let Some(b'T' | b't' | b' ') = text.get(10)
        && let Some((clock, end)) = clock(text, 11)
    {
        return zoned(date, clock, text, end);
    }
    Some((in_default_zone(date, Clock::default())?, 10))
}

/// `20150517T100503Z`
fn iso_basic(text: &[u8]) -> Option<(i64, usize)> {
    let [y0, y1, y2, y3, m0, m1, d0, d1, b'T', h0, h1, n0, n1, s0, s1] = *text.first_chunk()?
    else {
        return None;
    };
    let date = Date {
        year: year_of(&[y0, y1, y2, y3])?,
        month: pair(m0, m1),
        day: pair(d0, d1),
    };
    let seconds = seconds_of_day(pair(h0, h1), pair(n0, n1), pair(s0, s1))?;
    let (ns, end) = fraction(text, 15);
    zoned(date, Clock { seconds, ns }, text, end)
}

/// `2015 May 17 10:05:03`, as some senders of syslog write it.
fn year_first(text: &[u8]) -> Option<(i64, usize)> {
    let [y0, y1, y2, y3, b' ', ..] = *text else {
        return None;
    };
    let year = year_of(&[y0, y1, y2, y3])?;
    let month = month(text, 5)?;
    let (day, at) = day(text, 8 + spaces(text, 8)?)?;
    let (clock, end) = clock(text, at + spaces(text, at)?)?;
    zoned(Date { year, month, day }, clock, text, end)
}

/// `17/May/2015:10:05:03 +0000`, `17 May 2015 10:05:03 GMT`, `7-May-2015 10:05:03`
fn day_first(text: &[u8], start: usize) -> Option<(i64, usize)> {
    let (day, at) = day(text, start)?;
    let separator = *text.get(at)?;
    if !matches!(separator, b'/' | b' ' | b'-') {
        return None;
    }
    let month = month(text, at + 1)?;
    let [again, y0, y1, y2, y3, before_clock] = *bytes_at(text, at + 4)?;
    if again != separator || !matches!(before_clock, b':' | b' ') {
        return None;
    }
    let year = year_of(&[y0, y1, y2, y3])?;
    let (clock, end) = clock(text, at + 10)?;
    zoned(Date { year, month, day }, clock, text, end)
}

/// `May 17 10:05:03`, `Sun May 17 10:05:03 2015`, `Sun, 17 May 2015 10:05:03 GMT`
fn named(text: &[u8]) -> Option<(i64, usize)> {
    let mut at = 0;
    if is_weekday(text) {
        at = 3 + usize::from(text.get(3) == Some(&b','));
        at += spaces(text, at)?;
        if text.get(at)?.is_ascii_digit() {
            return day_first(text, at);
        }
    }
    let month = month(text, at)?;
    at += 3;
    at += spaces(text, at)?;
    let (day, behind_day) = day(text, at)?;
    at = behind_day + usize::from(text.get(behind_day) == Some(&b','));
    at += spaces(text, at)?;
    if let Some((year, behind_year)) = year(text, at) {
        let (clock, end) = clock(text, behind_year + spaces(text, behind_year)?)?;
        return zoned(Date { year, month, day }, clock, text, end);
    }
    let (clock, end) = clock(text, at)?;
    let (offset_s, behind_zone) = zone(text, end);
    if let Some(length) = spaces(text, behind_zone)
        && let Some((year, end)) = year(text, behind_zone + length)
    {
        let date = Date { year, month, day };
        return match offset_s {
            Some(offset_s) => Some((at_offset(date, clock, offset_s)?, end)),
            None => zoned(date, clock, text, end),
        };
    }
    let year = u32::try_from(time_defaults().year).ok()?;
    let date = Date { year, month, day };
    match offset_s {
        Some(offset_s) => Some((at_offset(date, clock, offset_s)?, behind_zone)),
        None => Some((in_default_zone(date, clock)?, end)),
    }
}

/// One or two digits.
#[inline]
fn day(text: &[u8], at: usize) -> Option<(u32, usize)> {
    let first = text.get(at).filter(|byte| byte.is_ascii_digit())?;
    match text.get(at + 1) {
        Some(second) if second.is_ascii_digit() => Some((pair(*first, *second), at + 2)),
        _ => Some((u32::from(first - b'0'), at + 1)),
    }
}

/// Four digits and no more.
fn year(text: &[u8], at: usize) -> Option<(u32, usize)> {
    let year = year_of(bytes_at(text, at)?)?;
    let ends = !text
        .get(at + 4)
        .is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b':');
    ends.then_some((year, at + 4))
}

/// How many spaces stand there; at least one.
fn spaces(text: &[u8], at: usize) -> Option<usize> {
    let length = text
        .get(at..)?
        .iter()
        .take_while(|byte| **byte == b' ')
        .count();
    (length > 0).then_some(length)
}
