//! The time of day.

use super::digits::{bytes_at, pair};

/// A time of day as written.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct TimeOfDay {
    pub(super) seconds: u32,
    pub(super) ns: u32,
}

/// Parses `10:05`, `9:05`, `10:05:03`, `10:05:03.25`, each optionally followed by `AM` or `PM`; returns its end.
#[inline]
pub(super) fn clock(text: &[u8], at: usize) -> Option<(TimeOfDay, usize)> {
    let (clock, end) = match text.get(at + 1) {
        Some(b':') => short_clock(text, at)?,
        _ => clock_of_day(text, at)?,
    };
    let after = match text.get(end) {
        Some(b' ') => text.get(end + 1),
        other => other,
    };
    match after {
        Some(b'A' | b'P' | b'a' | b'p') => Some(half_day(text, clock, end)),
        _ => Some((clock, end)),
    }
}

/// Parses `9:05:03`: an hour of one digit.
#[cold]
fn short_clock(text: &[u8], at: usize) -> Option<(TimeOfDay, usize)> {
    let length = text[at..].iter().take_while(|byte| byte.is_ascii_digit() || b":.,".contains(byte)).count();
    let padded = [b"0", &text[at..at + length.min(MOST_CLOCK)]].concat();
    let (clock, end) = clock_of_day(&padded, 0)?;
    Some((clock, at + end - 1))
}

/// Longer times have a fraction that is truncated.
const MOST_CLOCK: usize = 64;

/// Parses an `AM` or `PM` after a time, also after a blank. Another word is left alone, and so is one after an hour
/// that does not exist in 12-hour notation.
#[cold]
fn half_day(text: &[u8], clock: TimeOfDay, at: usize) -> (TimeOfDay, usize) {
    let start = at + usize::from(text[at] == b' ');
    let (is_pm, end) = match text[start..] {
        [first @ (b'A' | b'P'), b'M', ..] | [first @ (b'a' | b'p'), b'm', ..] => (first | 0x20 == b'p', start + 2),
        [first @ (b'a' | b'p'), b'.', b'm', b'.', ..] => (first == b'p', start + 4),
        _ => return (clock, at),
    };
    let (hour, rest) = (clock.seconds / 3600, clock.seconds % 3600);
    let is_cut = text.get(end).is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    if is_cut || !(1..=12).contains(&hour) {
        return (clock, at);
    }
    let hour = hour % 12 + if is_pm { 12 } else { 0 };
    (TimeOfDay { seconds: hour * 3600 + rest, ns: clock.ns }, end)
}

/// Parses `10:05`, `10:05:03`, `10:05:03.25`; returns its end. A second 60 becomes 59, as with POSIX clocks.
#[inline]
fn clock_of_day(text: &[u8], at: usize) -> Option<(TimeOfDay, usize)> {
    let [h0, h1, b':', m0, m1] = *bytes_at(text, at)? else {
        return None;
    };
    if let Some([b':', s0 @ b'0'..=b'9', s1 @ b'0'..=b'9']) = bytes_at(text, at + 5)
        && !is_digit_at(text, at + 8)
    {
        let seconds = seconds_of_day(pair(h0, h1), pair(m0, m1), pair(*s0, *s1))?;
        let (ns, end) = fraction(text, at + 8);
        return Some((TimeOfDay { seconds, ns }, end));
    }
    let seconds = seconds_of_day(pair(h0, h1), pair(m0, m1), 0)?;
    (!is_digit_at(text, at + 5)).then_some((TimeOfDay { seconds, ns: 0 }, at + 5))
}

/// True if a number continues at an offset.
#[inline(always)]
pub(super) fn is_digit_at(text: &[u8], at: usize) -> bool {
    text.get(at).is_some_and(u8::is_ascii_digit)
}

/// Returns the end of a time of day at the start of a text: `10:05`, `10:05:03,250`.
pub(crate) fn clock_prefix(text: &[u8]) -> Option<usize> {
    clock(text, 0).map(|(_, end)| end)
}

#[inline(always)]
pub(super) fn seconds_of_day(hour: u32, minute: u32, second: u32) -> Option<u32> {
    (hour < 24 && minute < 60 && second <= 60).then_some(hour * 3600 + minute * 60 + second.min(59))
}

/// Parses `.25` or `,250` to nanoseconds; returns its end. Digits after the ninth are dropped.
#[inline]
pub(super) fn fraction(text: &[u8], at: usize) -> (u32, usize) {
    if !matches!(text.get(at), Some(b'.' | b',')) {
        return (0, at);
    }
    let mut ns = 0;
    let mut place = 100_000_000;
    let mut end = at + 1;
    while let Some(digit) = text.get(end).filter(|byte| byte.is_ascii_digit()) {
        ns += u32::from(digit - b'0') * place;
        place /= 10;
        end += 1;
    }
    if end == at + 1 { (0, at) } else { (ns, end) }
}
