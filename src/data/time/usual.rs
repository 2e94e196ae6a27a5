//! Parses the two most frequent forms at fixed offsets of a text of known length: every byte is read once.

use super::calendar::{Date, at_offset};
use super::digits::{pair, three_pairs, year_of};
use super::names::month_number;
use super::time_of_day::{TimeOfDay, seconds_of_day};
use super::zone::seconds_east;

/// Parses `17/May/2015:10:05:03 +0000` and no other form.
#[inline]
pub(super) fn access_log_time(text: &[u8; 26]) -> Option<i64> {
    let [
        d0,
        d1,
        b'/',
        m0,
        m1,
        m2,
        b'/',
        y0,
        y1,
        y2,
        y3,
        b':',
        ref clock @ ..,
        b' ',
        sign @ (b'+' | b'-'),
        z0,
        z1,
        z2,
        z3,
    ] = *text
    else {
        return None;
    };
    let date = Date { year: year_of(&[y0, y1, y2, y3])?, month: month_number([m0, m1, m2])?, day: pair(d0, d1) };
    let seconds = seconds_of_clock(*clock)?;
    let offset_s = match [z0, z1, z2, z3] {
        [b'0', b'0', b'0', b'0'] => 0,
        _ => seconds_east(sign, pair(z0, z1), pair(z2, z3))?,
    };
    at_offset(date, TimeOfDay { seconds, ns: 0 }, offset_s)
}

/// Parses `2015-05-17T10:05:03Z`, or with three digits of a fraction, and no other form. `tail` is the text after the
/// seconds.
#[inline]
pub(super) fn rfc3339_utc(head: &[u8; 19], tail: &[u8]) -> Option<i64> {
    let [y0, y1, y2, y3, b'-', m0, m1, b'-', d0, d1, b'T' | b' ', ref clock @ ..] = *head else {
        return None;
    };
    let ns = match *tail {
        [b'Z'] => 0,
        [b'.' | b',', a, b, c, b'Z'] => {
            let (first, rest) = (pair(b'0', a), pair(b, c));
            if first > 9 || rest > 99 {
                return None;
            }
            (first * 100 + rest) * 1_000_000
        }
        _ => return None,
    };
    let date = Date { year: year_of(&[y0, y1, y2, y3])?, month: pair(m0, m1), day: pair(d0, d1) };
    let seconds = seconds_of_clock(*clock)?;
    at_offset(date, TimeOfDay { seconds, ns }, 0)
}

/// Parses `10:05:03` to the second of the day.
#[inline(always)]
fn seconds_of_clock(text: [u8; 8]) -> Option<u32> {
    let (hour, minute, second) = three_pairs(text)?;
    seconds_of_day(hour, minute, second)
}
