//! The zone of a time: written after the time, or else the default. Only times in a zone with a history use the `jiff`
//! crate.

use std::sync::OnceLock;

use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};
use jiff::{Timestamp, ToSpan};

use super::calendar::{Date, at_offset};
use super::defaults::time_defaults;
use super::digits::{bytes_at, pair};
use super::time_of_day::TimeOfDay;

/// A zone named in a text.
#[derive(Clone, Debug)]
pub enum Zone {
    /// Seconds east of UTC.
    Offset(i32),
    /// A zone with a history.
    Region(TimeZone),
    /// An abbreviation that the default zone uses, by its index in [`abbreviations`].
    Abbreviation(usize),
}

/// Seconds of an hour.
const HOUR_S: i32 = 3600;

/// RFC 822's names, with their offsets in seconds east of UTC.
const NAMES: [(&[u8], i32); 12] = [
    (b"UTC", 0),
    (b"GMT", 0),
    (b"Z", 0),
    (b"UT", 0),
    (b"EST", -5 * HOUR_S),
    (b"EDT", -4 * HOUR_S),
    (b"CST", -6 * HOUR_S),
    (b"CDT", -5 * HOUR_S),
    (b"MST", -7 * HOUR_S),
    (b"MDT", -6 * HOUR_S),
    (b"PST", -8 * HOUR_S),
    (b"PDT", -7 * HOUR_S),
];

/// IANA names without a slash that are no other words. The rest of them are countries: `10:00 Japan 5` is no time
/// in Japan.
const REGIONS: [&[u8]; 10] =
    [b"CET", b"EET", b"WET", b"MET", b"HST", b"UCT", b"EST5EDT", b"CST6CDT", b"MST7MDT", b"PST8PDT"];

/// Parses the zone at an offset, perhaps after a blank; returns its end.
#[inline]
pub(super) fn zone(text: &[u8], at: usize) -> (Option<Zone>, usize) {
    let start = at + usize::from(text.get(at) == Some(&b' '));
    let found = match text.get(start) {
        None => None,
        Some(b'Z') => Some((Zone::Offset(0), start + 1)).filter(|(_, end)| ends(text, *end)),
        Some(b'z') if start == at => Some((Zone::Offset(0), start + 1)).filter(|(_, end)| ends(text, *end)),
        // In PostgreSQL, zones without a name of their own are `-03`.
        Some(b'+' | b'-') => {
            let may_be_hours = start == at || text.len() == start + 3;
            with_comment(text, offset(text, start, may_be_hours))
        }
        Some(b'A'..=b'Y') => named_zone(text, start),
        Some(b'[') if start == at => bracketed(text, at).map(|(zone, end)| (Zone::Region(zone), end)),
        _ => None,
    };
    match found {
        Some((zone, end)) => (Some(zone), end),
        None => (None, at),
    }
}

/// True if a word ends at an offset.
#[inline]
fn ends(text: &[u8], at: usize) -> bool {
    !text.get(at).is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
}

/// Parses `+02:00`, `-0230`; `+02` only without a blank before it or at the end of the text, since ` -5` is not a zone.
#[inline]
fn offset(text: &[u8], at: usize, may_be_hours: bool) -> Option<(i32, usize)> {
    let hours = bytes_at(text, at + 1).map(|[tens, ones]| pair(*tens, *ones))?;
    let (minutes, end) = match text.get(at + 3) {
        Some(b':') if text.get(at + 4).is_some_and(u8::is_ascii_digit) => {
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
    let offset_s = seconds_east(text[at], hours, minutes)?;
    ends(text, end).then_some((offset_s, end))
}

/// Returns the seconds east of UTC of an offset such as `+02:30`, up to 23:59 in either direction.
#[inline(always)]
pub(super) fn seconds_east(sign: u8, hours: u32, minutes: u32) -> Option<i32> {
    if hours > 23 || minutes > 59 {
        return None;
    }
    let seconds = (hours * 3600 + minutes * 60) as i32;
    Some(if sign == b'-' { -seconds } else { seconds })
}

/// Parses an offset, and a name after it that repeats it: `+0200[Europe/Berlin]`, `+0200 (CEST)`.
#[inline]
fn with_comment(text: &[u8], offset: Option<(i32, usize)>) -> Option<(Zone, usize)> {
    let (offset_s, end) = offset?;
    let end = match text.get(end) {
        Some(b'[') => bracketed(text, end).map_or(end, |(_, end)| end),
        Some(b' ') if text.get(end + 1) == Some(&b'(') => {
            let name = text[end + 2..].iter().take_while(|byte| byte.is_ascii_uppercase());
            let close = end + 2 + name.count();
            if close > end + 2 && text.get(close) == Some(&b')') { close + 1 } else { end }
        }
        _ => end,
    };
    Some((Zone::Offset(offset_s), end))
}

/// Parses `[Europe/Berlin]`.
#[cold]
fn bracketed(text: &[u8], at: usize) -> Option<(TimeZone, usize)> {
    let name = text.get(at + 1..)?;
    let length = name.iter().take(64).position(|byte| *byte == b']')?;
    Some((region(&name[..length])?, at + length + 2))
}

/// Parses `UTC`, `EST`, `CET`, `Europe/Berlin`, `GMT+0200`, or an abbreviation of the default zone.
fn named_zone(text: &[u8], at: usize) -> Option<(Zone, usize)> {
    let length = text[at..].iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
    let (word, end) = (&text[at..at + length], at + length);
    if let Some(b'/' | b'_' | b'-') = text.get(end)
        && let Some(found) = long_region(text, at)
    {
        return Some(found);
    }
    if text.get(end) == Some(&b'_') {
        return None;
    }
    if let Some(place) = abbreviations().iter().position(|(name, _)| name == word) {
        return Some((Zone::Abbreviation(place), end));
    }
    if let Some((name, offset_s)) = NAMES.iter().find(|(name, _)| *name == word) {
        let found = match (offset_s, text.get(end)) {
            (0, Some(b'+' | b'-')) if name.len() > 1 => short_offset(text, end),
            _ => None,
        };
        return Some(found.unwrap_or((Zone::Offset(*offset_s), end)));
    }
    if REGIONS.contains(&word) {
        return Some((Zone::Region(region(word)?), end));
    }
    None
}

/// Parses `+2`, `+02`, `+0200`, `+02:00` after `UTC` or `GMT`.
#[cold]
fn short_offset(text: &[u8], at: usize) -> Option<(Zone, usize)> {
    if let Some((offset_s, end)) = offset(text, at, true) {
        return Some((Zone::Offset(offset_s), end));
    }
    let hours = i32::from(text.get(at + 1).filter(|byte| byte.is_ascii_digit())? - b'0');
    let sign = if text[at] == b'-' { -1 } else { 1 };
    ends(text, at + 2).then_some((Zone::Offset(sign * hours * HOUR_S), at + 2))
}

/// Parses an IANA name with a slash.
#[cold]
fn long_region(text: &[u8], at: usize) -> Option<(Zone, usize)> {
    let is_part = |byte: &&u8| byte.is_ascii_alphanumeric() || b"/_-+".contains(byte);
    let name = &text[at..];
    let name = &name[..name.iter().take(64).take_while(is_part).count()];
    if !name.contains(&b'/') {
        return None;
    }
    Some((Zone::Region(region(name)?), at + name.len()))
}

/// Finds the zone of an IANA name.
pub(super) fn region(name: &[u8]) -> Option<TimeZone> {
    TimeZone::get(str::from_utf8(name).ok()?).ok()
}

/// Parses the name of a zone: `Europe/Berlin`, `UTC`, `EST`, `+02:00`, `-0530`, `+2`.
pub fn zone_of_name(name: &[u8]) -> Option<TimeZone> {
    let offset = match offset_prefix(name) {
        None if matches!(name, [b'+' | b'-', _]) => short_offset(name, 0),
        found => found.map(|(offset_s, end)| (Zone::Offset(offset_s), end)),
    };
    if let Some((Zone::Offset(offset_s), end)) = offset {
        let offset = Offset::from_seconds(offset_s).ok().filter(|_| end == name.len())?;
        return Some(TimeZone::fixed(offset));
    }
    region(name).or_else(|| {
        let (_, offset_s) = NAMES.iter().find(|(other, _)| *other == name)?;
        Some(TimeZone::fixed(Offset::from_seconds(*offset_s).ok()?))
    })
}

/// Parses an offset at the start of a text and returns its end: `Z`, `+02`, `+0200`, `+02:00`.
pub(super) fn offset_prefix(text: &[u8]) -> Option<(i32, usize)> {
    match text.first()? {
        b'Z' | b'z' if ends(text, 1) => Some((0, 1)),
        b'+' | b'-' => {
            let (offset_s, end) = offset(text, 0, true)?;
            // As the format `%::z` writes it.
            match bytes_at(text, end) {
                Some([b':', tens, ones]) if end == 6 && pair(*tens, *ones) < 60 => {
                    let seconds = pair(*tens, *ones) as i32;
                    let sign = if text[0] == b'-' { -1 } else { 1 };
                    Some((offset_s + sign * seconds, end + 3))
                }
                _ => Some((offset_s, end)),
            }
        }
        _ => None,
    }
}

/// Parses the name of a zone at the start of a text; returns its end.
pub(super) fn zone_name(text: &[u8]) -> (Option<Zone>, usize) {
    match text.first() {
        Some(b'A'..=b'Z') => match text {
            [b'Z', ..] if ends(text, 1) => (Some(Zone::Offset(0)), 1),
            _ => named_zone(text, 0).map_or((None, 0), |(zone, end)| (Some(zone), end)),
        },
        _ => (None, 0),
    }
}

/// Returns the abbreviations that the default zone uses, each with its offsets, the latest first.
fn abbreviations() -> &'static [(Vec<u8>, Vec<Offset>)] {
    static ABBREVIATIONS: OnceLock<Vec<(Vec<u8>, Vec<Offset>)>> = OnceLock::new();
    ABBREVIATIONS.get_or_init(|| abbreviations_of(&time_defaults().zone))
}

fn abbreviations_of(zone: &TimeZone) -> Vec<(Vec<u8>, Vec<Offset>)> {
    let mut found: Vec<(Vec<u8>, Vec<Offset>)> = Vec::new();
    let now = Timestamp::from_nanosecond(i128::from(time_defaults().now_ns)).unwrap_or_default();
    let in_two_years = now + 17_520.hours();
    let used = zone.preceding(in_two_years).map(|change| (change.abbreviation().as_bytes().to_vec(), change.offset()));
    let at_first = zone.to_offset_info(Timestamp::MIN);
    let at_first = (at_first.abbreviation().as_bytes().to_vec(), at_first.offset());
    for (name, offset) in used.chain([at_first]) {
        // Zones without an abbreviation have `+03`, and UTC is in every list.
        if !name.iter().all(u8::is_ascii_uppercase) || name == b"UTC" {
            continue;
        }
        match found.iter_mut().find(|(other, _)| *other == name) {
            Some((_, offsets)) if offsets.contains(&offset) => {}
            Some((_, offsets)) => offsets.push(offset),
            None => found.push((name, vec![offset])),
        }
    }
    found
}

/// Returns the nanoseconds UTC of a date and time of day in a zone, or in the default zone.
#[inline]
pub(super) fn instant(date: Date, clock: TimeOfDay, zone: Option<&Zone>) -> Option<i64> {
    match zone {
        Some(Zone::Offset(offset_s)) => at_offset(date, clock, *offset_s),
        Some(Zone::Region(zone)) => in_zone(date, clock, zone),
        Some(Zone::Abbreviation(place)) => {
            let (name, offsets) = &abbreviations()[*place];
            abbreviated(date, clock, name, offsets, &time_defaults().zone)
        }
        None => in_zone(date, clock, &time_defaults().zone),
    }
}

/// An abbreviation may have had several offsets over time: returns the one in use then.
fn abbreviated(date: Date, clock: TimeOfDay, name: &[u8], offsets: &[Offset], zone: &TimeZone) -> Option<i64> {
    let at = |offset: &Offset| at_offset(date, clock, offset.seconds());
    let was_in_use = |offset: &&Offset| {
        let time = at(offset).and_then(|ns| Timestamp::from_nanosecond(i128::from(ns)).ok());
        time.is_some_and(|time| zone.to_offset_info(time).abbreviation().as_bytes() == name)
    };
    at(offsets.iter().find(was_in_use).or(offsets.first())?)
}

/// Returns the nanoseconds UTC of a date and time of day in a zone.
fn in_zone(date: Date, clock: TimeOfDay, zone: &TimeZone) -> Option<i64> {
    let utc_ns = at_offset(date, clock, 0)?;
    if *zone == TimeZone::UTC {
        return Some(utc_ns);
    }
    let civil = Timestamp::from_nanosecond(i128::from(utc_ns)).ok()?;
    time_in_zone(civil.to_zoned(TimeZone::UTC).datetime(), zone)
}

/// Returns the nanoseconds UTC of local time in a zone; if a change of clocks makes it ambiguous or skips it, the one
/// with the offset before the change.
pub fn time_in_zone(civil: DateTime, zone: &TimeZone) -> Option<i64> {
    let timestamp = zone.to_ambiguous_timestamp(civil).compatible().ok()?;
    i64::try_from(timestamp.as_nanosecond()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn abbreviations_are_those_of_the_zone() {
        let berlin = TimeZone::get("Europe/Berlin").expect("a zone of the bundle");
        let found = abbreviations_of(&berlin);
        let offset = |name: &[u8]| {
            let found = found.iter().find(|(other, _)| other == name);
            found.map(|(_, offsets)| offsets[0].seconds())
        };
        assert_eq!(offset(b"CET"), Some(3600));
        assert_eq!(offset(b"CEST"), Some(7200));
        assert_eq!(offset(b"BST"), None);
        assert!(abbreviations_of(&TimeZone::UTC).is_empty());
        let chicago = TimeZone::get("Asia/Shanghai").expect("a zone of the bundle");
        let found = abbreviations_of(&chicago);
        let china = found.iter().find(|(name, _)| name == b"CST").expect("its zone");
        assert_eq!(china.1[0].seconds(), 8 * HOUR_S);
    }

    #[test]
    fn an_abbreviation_means_what_was_in_use() {
        let london = TimeZone::get("Europe/London").expect("a zone of the bundle");
        let found = abbreviations_of(&london);
        let (name, offsets) = found.iter().find(|(name, _)| name == b"BST").expect("summer");
        let date = Date { year: 2026, month: 7, day: 1 };
        let ns = abbreviated(date, TimeOfDay::default(), name, offsets, &london);
        let expected = "2026-06-30T23:00:00Z".parse::<Timestamp>().expect("a time");
        assert_eq!(ns.map(i128::from), Some(expected.as_nanosecond()));
    }
}
