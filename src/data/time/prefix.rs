//! Parses all forms at the start of a text.

use super::calendar::Date;
use super::digits::{bytes_at, pair, year_of};
use super::moment::{ParsedTime, Yearless};
use super::names::{month, weekday_len};
use super::time_of_day::{TimeOfDay, clock, fraction, is_digit_at, seconds_of_day};
use super::zone::{Zone, instant, zone};

/// Returns the longest time that a text begins with, and its length. Numbers since 1970 do not count.
#[inline]
pub fn time_prefix(text: &[u8]) -> Option<(ParsedTime, usize)> {
    match text.first()? {
        b'0'..=b'9' => match text.get(4) {
            Some(b'-' | b'/') => iso(text),
            Some(b' ') if text.get(5).is_some_and(u8::is_ascii_alphabetic) => year_first(text),
            _ if matches!(text.get(8), Some(b'T' | b't' | b' ')) && is_digits(text, 8) => iso_basic(text),
            _ => day_first(text, 0),
        },
        b'A'..=b'Z' | b'a'..=b'z' => named(text),
        _ => None,
    }
}

/// Returns the longest time that a text begins with and that is shorter than `end` bytes. It never ends within a word
/// or number.
pub fn shorter_time_prefix(text: &[u8], end: usize) -> Option<(ParsedTime, usize)> {
    let cut = (1..end).rev().find(|at| is_boundary(text, *at))?;
    time_prefix(&text[..cut])
}

/// True if a time may end at an offset: not within a number or word.
fn is_boundary(text: &[u8], at: usize) -> bool {
    match (text[at - 1], text[at]) {
        (before, after) if before.is_ascii_digit() => !after.is_ascii_digit(),
        (before, after) if before.is_ascii_alphabetic() => !after.is_ascii_alphanumeric(),
        _ => true,
    }
}

/// Parses `2015-05-17`, and a time of day and zone after `T` or a blank.
fn iso(text: &[u8]) -> Option<(ParsedTime, usize)> {
    let [y0, y1, y2, y3, first, m0, m1, second, d0, d1] = *text.first_chunk()?;
    if first != second {
        return None;
    }
    let date = Date { year: year_of(&[y0, y1, y2, y3])?, month: pair(m0, m1), day: pair(d0, d1) };
    if let Some(b'T' | b't' | b' ') = text.get(10)
        && let Some((clock, end)) = clock(text, 11)
    {
        return zoned(date, clock, text, end);
    }
    if is_digit_at(text, 10) {
        return None;
    }
    let midnight = instant(date, TimeOfDay::default(), None)?;
    Some((ParsedTime::At(midnight), 10))
}

/// Parses `20150517T100503Z`, `20150517T1005`, `20150517 10:05:03`.
fn iso_basic(text: &[u8]) -> Option<(ParsedTime, usize)> {
    let [y0, y1, y2, y3, m0, m1, d0, d1, separator] = *text.first_chunk()?;
    let date = Date { year: year_of(&[y0, y1, y2, y3])?, month: pair(m0, m1), day: pair(d0, d1) };
    if let Some((clock, end)) = clock(text, 9) {
        return zoned(date, clock, text, end);
    }
    if separator == b' ' {
        return None;
    }
    let [h0, h1, n0, n1] = *bytes_at(text, 9)?;
    let (seconds, end) = match bytes_at(text, 13) {
        Some([s0, s1]) if s0.is_ascii_digit() => (pair(*s0, *s1), 15),
        _ => (0, 13),
    };
    let seconds = seconds_of_day(pair(h0, h1), pair(n0, n1), seconds)?;
    if is_digit_at(text, end) {
        return None;
    }
    let (ns, end) = if end == 15 { fraction(text, end) } else { (0, end) };
    zoned(date, TimeOfDay { seconds, ns }, text, end)
}

/// Parses `2015 May 17 10:05:03`, as some senders of syslog write it.
fn year_first(text: &[u8]) -> Option<(ParsedTime, usize)> {
    let [y0, y1, y2, y3, b' ', ..] = *text else {
        return None;
    };
    let year = year_of(&[y0, y1, y2, y3])?;
    let (month, at) = month(text, 5)?;
    let (day, at) = day(text, at + spaces(text, at)?)?;
    let (clock, end) = clock(text, at + spaces(text, at)?)?;
    zoned(Date { year, month, day }, clock, text, end)
}

/// Parses `17/May/2015:10:05:03 +0000`, `17 May 2015 10:05:03 GMT`, `7-May-2015 10:05:03`, `17 May 15 10:05:03 GMT`.
fn day_first(text: &[u8], start: usize) -> Option<(ParsedTime, usize)> {
    let (day, at) = day(text, start)?;
    let separator = *text.get(at)?;
    if !matches!(separator, b'/' | b' ' | b'-') {
        return None;
    }
    let (month, at) = month(text, at + 1)?;
    if *text.get(at)? != separator {
        return None;
    }
    let (year, at) = match bytes_at(text, at + 1).and_then(year_of) {
        Some(year) => (year, at + 5),
        None => {
            let [tens, ones] = *bytes_at(text, at + 1)?;
            let year = pair(tens, ones);
            // As in POSIX for years of two digits.
            (year + if year < 69 { 2000 } else { 1900 }, at + 3)
        }
    };
    if !matches!(text.get(at)?, b':' | b' ') {
        return None;
    }
    let (clock, end) = clock(text, at + 1)?;
    zoned(Date { year, month, day }, clock, text, end)
}

/// Parses `May 17 10:05:03`, `Sun May 17 10:05:03 2015`, `Sun, 17 May 2015 10:05:03 GMT`.
fn named(text: &[u8]) -> Option<(ParsedTime, usize)> {
    let mut at = 0;
    if let Some(weekday) = weekday_len(text) {
        at = weekday + usize::from(text.get(weekday) == Some(&b','));
        at += spaces(text, at)?;
        if text.get(at)?.is_ascii_digit() {
            return day_first(text, at);
        }
    }
    let (month, after_month) = month(text, at)?;
    at = after_month + spaces(text, after_month)?;
    let (day, after_day) = day(text, at)?;
    at = after_day + usize::from(text.get(after_day) == Some(&b','));
    at += spaces(text, at)?;
    if let Some((year, after_year)) = year(text, at) {
        let after_year = after_year + usize::from(text.get(after_year) == Some(&b','));
        let (clock, end) = clock(text, after_year + spaces(text, after_year)?)?;
        return zoned(Date { year, month, day }, clock, text, end);
    }
    let (clock, end) = clock(text, at)?;
    let (zone, after_zone) = zone(text, end);
    if let Some(length) = spaces(text, after_zone)
        && let Some((year, end)) = year(text, after_zone + length)
    {
        let date = Date { year, month, day };
        let found = match &zone {
            Some(_) => instant(date, clock, zone.as_ref()).map(|ns| (ParsedTime::At(ns), end)),
            None => zoned(date, clock, text, end),
        };
        if found.is_some() {
            return found;
        }
    }
    let yearless = Yearless::new(month, day, clock, zone)?;
    Some((ParsedTime::Yearless(yearless), after_zone))
}

/// Combines a date and time of day with the zone after them, if any.
#[inline]
fn zoned(date: Date, clock: TimeOfDay, text: &[u8], at: usize) -> Option<(ParsedTime, usize)> {
    let (zone, end) = zone(text, at);
    Some((ParsedTime::At(instant(date, clock, zone.as_ref())?), end))
}

/// Parses `0517 10:05:03.123456`, as klog writes it.
pub(super) fn month_and_day(text: &[u8]) -> Option<ParsedTime> {
    let [m0, m1, d0, d1, b' '] = *text.first_chunk()? else {
        return None;
    };
    let (clock, end) = clock(text, 5)?;
    let (zone, end): (Option<Zone>, usize) = zone(text, end);
    let yearless = Yearless::new(pair(m0, m1), pair(d0, d1), clock, zone)?;
    (end == text.len()).then_some(ParsedTime::Yearless(yearless))
}

/// Parses one or two digits.
#[inline]
fn day(text: &[u8], at: usize) -> Option<(u32, usize)> {
    let first = text.get(at).filter(|byte| byte.is_ascii_digit())?;
    match text.get(at + 1) {
        Some(second) if second.is_ascii_digit() => Some((pair(*first, *second), at + 2)),
        _ => Some((u32::from(first - b'0'), at + 1)),
    }
}

/// Parses exactly four digits.
fn year(text: &[u8], at: usize) -> Option<(u32, usize)> {
    let year = year_of(bytes_at(text, at)?)?;
    let ends = !text.get(at + 4).is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b':');
    ends.then_some((year, at + 4))
}

/// Skips at least one space.
fn spaces(text: &[u8], at: usize) -> Option<usize> {
    let length = text.get(at..)?.iter().take_while(|byte| **byte == b' ').count();
    (length > 0).then_some(length)
}

fn is_digits(text: &[u8], length: usize) -> bool {
    text[..length].iter().all(u8::is_ascii_digit)
}
