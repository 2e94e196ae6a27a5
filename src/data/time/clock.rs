//! The time of day.

use super::digits::{bytes_at, pair};

/// A time of day as written.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Clock {
    pub(super) seconds: u32,
    pub(super) ns: u32,
}

/// `10:05`, `10:05:03`, `10:05:03.25`, and where it ends. A second 60 is taken for the one before, as POSIX
/// clocks have it.
#[inline]
pub(super) fn clock(text: &[u8], at: usize) -> Option<(Clock, usize)> {
    let [h0, h1, b':', m0, m1] = *bytes_at(text, at)? else {
        return None;
    };
    if let Some([b':', s0, s1]) = bytes_at(text, at + 5)
        && !is_digit_at(text, at + 8)
    {
        let seconds = seconds_of_day(pair(h0, h1), pair(m0, m1), pair(*s0, *s1))?;
        let (ns, end) = fraction(text, at + 8);
        return Some((Clock { seconds, ns }, end));
    }
    let seconds = seconds_of_day(pair(h0, h1), pair(m0, m1), 0)?;
    (!is_digit_at(text, at + 5)).then_some((Clock { seconds, ns: 0 }, at + 5))
}

/// Whether a number goes on at a place.
#[inline(always)]
pub(super) fn is_digit_at(text: &[u8], at: usize) -> bool {
    text.get(at).is_some_and(u8::is_ascii_digit)
}

/// Where a time of day ends that stands at the start of a text: `10:05`, `10:05:03,250`.
pub(crate) fn clock_prefix(text: &[u8]) -> Option<usize> {
    clock(text, 0).map(|(_, end)| end)
}

#[inline(always)]
pub(super) fn seconds_of_day(hour: u32, minute: u32, second: u32) -> Option<u32> {
    (hour < 24 && minute < 60 && second <= 60).then_some(hour * 3600 + minute * 60 + second.min(59))
}

/// The nanoseconds of `.25` or `,250`, and where it ends. Digits behind the ninth are cut off.
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
