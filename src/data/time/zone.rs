//! The zone of a time: what is written behind it, or else the default. Only a time in a zone with a history goes
//! through the calendar's crate.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::calendar::{Date, at_offset};
use super::clock::Clock;
use super::defaults::time_defaults;
use super::digits::{bytes_at, pair};

/// A date and clock with the zone that stands behind them, or without one.
#[inline]
pub(super) fn zoned(date: Date, clock: Clock, text: &[u8], at: usize) -> Option<(i64, usize)> {
    match zone(text, at) {
        (Some(offset_s), end) => Some((at_offset(date, clock, offset_s)?, end)),
        (None, end) => Some((in_default_zone(date, clock)?, end)),
    }
}

/// The zone at a place, if there is one: seconds east of UTC, and where it ends.
#[inline]
pub(super) fn zone(text: &[u8], at: usize) -> (Option<i32>, usize) {
    let behind_space = at + usize::from(text.get(at) == Some(&b' '));
    let Some(first) = text.get(behind_space) else {
        return (None, at);
    };
    let found = match first {
        b'Z' | b'z' => Some((0, behind_space + 1)),
        b'U' | b'G' if matches!(bytes_at(text, behind_space), Some(b"UTC" | b"GMT")) => {
            Some((0, behind_space + 3))
        }
        b'+' | b'-' => offset(text, behind_space, behind_space == at),
        _ => None,
    };
    match found {
        Some((offset_s, end)) if !text.get(end).is_some_and(u8::is_ascii_alphanumeric) => {
            (Some(offset_s), end)
        }
        _ => (None, at),
    }
}

/// `+02:00`, `-0230`; `+02` only where nothing stands before it, for ` -5` is no zone.
#[inline]
fn offset(text: &[u8], at: usize, may_be_hours: bool) -> Option<(i32, usize)> {
    let hours = bytes_at(text, at + 1).map(|[tens, ones]| pair(*tens, *ones))?;
    let (minutes, end) = match text.get(at + 3) {
        Some(b':') => {
            let [tens, ones] = bytes_at(text, at + 4)?;
            (pair(*tens, *ones), at + 6)
        }
        Some(b'0'..=b'9') => {
            let [tens, ones] = bytes_at(text, at + 3)?;
            (pair(*tens, *ones), at + 5)
        }
        _ if may_be_hours => (0, at + 3),
        _ => return None,
    };
    if hours > 23 || minutes > 59 {
        return None;
    }
    let seconds = (hours * 3600 + minutes * 60) as i32;
    Some((if text[at] == b'-' { -seconds } else { seconds }, end))
}

/// The nanoseconds UTC of a date and clock in the zone of times without one.
pub(super) fn in_default_zone(date: Date, clock: Clock) -> Option<i64> {
    let zone = &time_defaults().zone;
    let utc_ns = at_offset(date, clock, 0)?;
    if *zone == TimeZone::UTC {
        return Some(utc_ns);
    }
    let civil = jiff::Timestamp::from_nanosecond(i128::from(utc_ns)).ok()?;
    time_in_zone(civil.to_zoned(TimeZone::UTC).datetime(), zone)
}

/// The nanoseconds UTC of what a zone's calendar and clock show; of two, or none, as the change of clocks
/// has it, the one with the offset before the change.
pub fn time_in_zone(civil: DateTime, zone: &TimeZone) -> Option<i64> {
    let timestamp = zone.to_ambiguous_timestamp(civil).compatible().ok()?;
    i64::try_from(timestamp.as_nanosecond()).ok()
}
