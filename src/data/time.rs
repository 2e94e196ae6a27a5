//! Times as logs write them, read into nanoseconds UTC.
//!
//! What is recognised: RFC 3339 and its relatives (`2015-05-17T10:05:03.25Z`, with a space for the `T`, `/`
//! for the `-`, a comma before the fraction, no seconds, no zone, the date alone, `20150517T100503Z`), the
//! time of access logs (`17/May/2015:10:05:03 +0000`), of mail and HTTP (`Sun, 17 May 2015 10:05:03 GMT`), of
//! syslog (`May 17 10:05:03`), of `ctime` and `date` (`Sun May 17 10:05:03 2015`), and numbers: seconds,
//! milli-, micro- or nanoseconds since 1970, told apart by their size.
//!
//! Everything reads a prefix by fixed places, without tables and without allocation: a window reads a time
//! for every record. The days of a date are counted as in Howard Hinnant's "chrono-compatible low-level date
//! algorithms"; only a time in a zone with a history goes through the calendar's crate.

use std::sync::OnceLock;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::number::format_float;
use super::value::ValueRef;

/// Nanoseconds of a second.
const SECOND_NS: i64 = 1_000_000_000;

/// Nanoseconds of a day without leap seconds.
const DAY_NS: i64 = 86_400_000_000_000;

/// What is taken for the parts that a time does not say.
#[derive(Clone, Debug)]
pub struct TimeDefaults {
    /// The year of a syslog time.
    pub year: i16,
    /// The zone of a time without one.
    pub zone: TimeZone,
}

static DEFAULTS: OnceLock<TimeDefaults> = OnceLock::new();

/// Says what all times of the run take for what they do not say. To be called once, before the first time is
/// read; whether it was.
pub fn set_time_defaults(defaults: TimeDefaults) -> bool {
    DEFAULTS.set(defaults).is_ok()
}

/// What times take for what they do not say: the current year and UTC, unless it was set.
pub fn time_defaults() -> &'static TimeDefaults {
    DEFAULTS.get_or_init(|| TimeDefaults {
        year: jiff::Timestamp::now().to_zoned(TimeZone::UTC).year(),
        zone: TimeZone::UTC,
    })
}

/// The time that a text is, in nanoseconds UTC; nothing if the whole of it is none, or none that 64 bits hold.
#[inline]
pub fn parse_time(text: &[u8]) -> Option<i64> {
    // The two that logs are made of, at fixed places of a text whose length is known: no byte is asked for twice.
    let common = match text.len() {
        26 => text.first_chunk().and_then(access_log_time),
        20 | 23 | 24 => text
            .first_chunk()
            .and_then(|head| rfc3339_utc(head, &text[19..])),
        10 if text[4].is_ascii_digit() => return parse_epoch(text),
        _ => None,
    };
    if common.is_some() {
        return common;
    }
    match time_prefix(text) {
        Some((ns, used)) if used == text.len() => Some(ns),
        _ => parse_epoch(text),
    }
}

/// `17/May/2015:10:05:03 +0000` and no other form.
#[inline]
fn access_log_time(text: &[u8; 26]) -> Option<i64> {
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
        h0,
        h1,
        b':',
        n0,
        n1,
        b':',
        s0,
        s1,
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
    let date = Date {
        year: year_of(&[y0, y1, y2, y3])?,
        month: month_number([m0, m1, m2])?,
        day: pair(d0, d1),
    };
    let seconds = seconds_of_day(pair(h0, h1), pair(n0, n1), pair(s0, s1))?;
    let (hours, minutes) = (pair(z0, z1), pair(z2, z3));
    if hours > 23 || minutes > 59 {
        return None;
    }
    let east_s = (hours * 3600 + minutes * 60) as i32;
    let offset_s = if sign == b'-' { -east_s } else { east_s };
    at_offset(date, Clock { seconds, ns: 0 }, offset_s)
}

/// `2015-05-17T10:05:03Z`, or with three digits of a fraction, and no other form. `tail` is what follows the
/// seconds.
#[inline]
fn rfc3339_utc(head: &[u8; 19], tail: &[u8]) -> Option<i64> {
    let [
        y0,
        y1,
        y2,
        y3,
        b'-',
        m0,
        m1,
        b'-',
        d0,
        d1,
        b'T' | b' ',
        h0,
        h1,
        b':',
        n0,
        n1,
        b':',
        s0,
        s1,
    ] = *head
    else {
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
    let date = Date {
        year: year_of(&[y0, y1, y2, y3])?,
        month: pair(m0, m1),
        day: pair(d0, d1),
    };
    let seconds = seconds_of_day(pair(h0, h1), pair(n0, n1), pair(s0, s1))?;
    at_offset(date, Clock { seconds, ns }, 0)
}

/// The time that a value is: times themselves, text that says one, numbers since 1970 by their size.
pub fn time_of(value: ValueRef<'_>) -> Option<i64> {
    match value {
        ValueRef::Time(ns) => Some(ns),
        ValueRef::Text(text) => parse_time(text),
        ValueRef::Int(value) => epoch(value.unsigned_abs(), b"", value < 0),
        ValueRef::Float(value) => {
            let mut text = Vec::with_capacity(32);
            format_float(value, &mut text); // the digits that were written, not those of the binary number
            parse_epoch(&text)
        }
        _ => None,
    }
}

/// The time that a text begins with, and how many bytes it takes. Numbers since 1970 are none.
#[inline]
pub fn time_prefix(text: &[u8]) -> Option<(i64, usize)> {
    match text.first()? {
        b'0'..=b'9' => match text.get(4) {
            Some(b'-' | b'/') => iso(text),
            _ if text.get(8) == Some(&b'T') => iso_basic(text),
            _ => day_first(text, 0),
        },
        b'A'..=b'Z' | b'a'..=b'z' => named(text),
        _ => None,
    }
}

/// The nanoseconds UTC of what a zone's calendar and clock show; of two, or none, as the change of clocks
/// has it, the one with the offset before the change.
pub fn time_in_zone(civil: DateTime, zone: &TimeZone) -> Option<i64> {
    let timestamp = zone.to_ambiguous_timestamp(civil).compatible().ok()?;
    i64::try_from(timestamp.as_nanosecond()).ok()
}

/// The date in UTC: year, month from 1, day from 1.
pub fn date_of(ns: i64) -> (i64, i64, i64) {
    // days from the first of March of the year 0, in eras of 400 years
    let days = ns.div_euclid(DAY_NS) + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = (month_from_march + 2) % 12 + 1;
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

/// The nanoseconds since midnight in UTC.
pub fn ns_of_day(ns: i64) -> i64 {
    ns.rem_euclid(DAY_NS)
}

/// The day of the week in UTC as ISO 8601 counts: 1 is Monday, 7 Sunday.
pub fn weekday_of(ns: i64) -> i64 {
    (ns.div_euclid(DAY_NS) + 3).rem_euclid(7) + 1 // 1970 began on a Thursday
}

/// A date as written.
#[derive(Clone, Copy)]
struct Date {
    year: u32,
    month: u32,
    day: u32,
}

/// A time of day as written.
#[derive(Clone, Copy, Default)]
struct Clock {
    seconds: u32,
    ns: u32,
}

/// Two digits, or a number that no field of a time allows.
#[inline(always)]
fn pair(tens: u8, ones: u8) -> u32 {
    let (tens, ones) = (tens.wrapping_sub(b'0'), ones.wrapping_sub(b'0'));
    if tens > 9 || ones > 9 {
        return 1000;
    }
    u32::from(tens) * 10 + u32::from(ones)
}

/// Four digits.
#[inline(always)]
fn year_of(text: &[u8; 4]) -> Option<u32> {
    let [a, b, c, d] = *text;
    let (century, rest) = (pair(a, b), pair(c, d));
    (century < 100 && rest < 100).then_some(century * 100 + rest)
}

/// The bytes at a place, as many as the pattern takes.
#[inline(always)]
fn bytes_at<const N: usize>(text: &[u8], at: usize) -> Option<&[u8; N]> {
    text.get(at..)?.first_chunk()
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

/// Three letters as a number, in lower case.
#[inline]
const fn letters(name: [u8; 3]) -> u32 {
    ((name[0] | 0x20) as u32) << 16 | ((name[1] | 0x20) as u32) << 8 | (name[2] | 0x20) as u32
}

/// The number of a month by the first three letters of its English name, with no letter behind them.
#[inline]
fn month(text: &[u8], at: usize) -> Option<u32> {
    let month = month_number(*bytes_at(text, at)?)?;
    let ends = !text.get(at + 3).is_some_and(u8::is_ascii_alphabetic);
    ends.then_some(month)
}

/// The number of a month by its three letters.
#[inline]
fn month_number(name: [u8; 3]) -> Option<u32> {
    const NAMES: [u32; 12] = {
        let names = *b"janfebmaraprmayjunjulaugsepoctnovdec";
        let mut packed = [0; 12];
        let mut month = 0;
        while month < 12 {
            packed[month] = letters([names[3 * month], names[3 * month + 1], names[3 * month + 2]]);
            month += 1;
        }
        packed
    };
    const PLACES: [u8; 32] = {
        let mut places = [0; 32];
        let mut month = 0;
        while month < 12 {
            let slot = slot_of(NAMES[month]);
            assert!(places[slot] == 0, "two months share a slot");
            places[slot] = month as u8 + 1;
            month += 1;
        }
        places
    };
    let name = letters(name);
    let month = u32::from(PLACES[slot_of(name)]);
    (month > 0 && NAMES[month as usize - 1] == name).then_some(month)
}

/// A slot for the three letters of a month.
#[inline]
const fn slot_of(name: u32) -> usize {
    (name.wrapping_mul(MULTIPLIER) >> 27) as usize
}

/// Found by trial: no two months share a slot.
const MULTIPLIER: u32 = 0x6ec9_d287;

/// Whether a text begins with the short English name of a day of the week.
pub(crate) fn is_weekday(text: &[u8]) -> bool {
    let Some(name) = text.first_chunk() else {
        return false;
    };
    let name = letters(*name);
    [b"mon", b"tue", b"wed", b"thu", b"fri", b"sat", b"sun"]
        .iter()
        .any(|known| letters(**known) == name)
        && !text.get(3).is_some_and(u8::is_ascii_alphabetic)
}

/// `10:05`, `10:05:03`, `10:05:03.25`, and where it ends. A second 60 is taken for the one before, as POSIX
/// clocks have it.
#[inline]
fn clock(text: &[u8], at: usize) -> Option<(Clock, usize)> {
    let [h0, h1, b':', m0, m1] = *bytes_at(text, at)? else {
        return None;
    };
    let Some([b':', s0, s1]) = bytes_at(text, at + 5) else {
        let seconds = seconds_of_day(pair(h0, h1), pair(m0, m1), 0)?;
        return Some((Clock { seconds, ns: 0 }, at + 5));
    };
    let seconds = seconds_of_day(pair(h0, h1), pair(m0, m1), pair(*s0, *s1))?;
    let (ns, end) = fraction(text, at + 8);
    Some((Clock { seconds, ns }, end))
}

/// Where a time of day ends that stands at the start of a text: `10:05`, `10:05:03,250`.
pub(crate) fn clock_prefix(text: &[u8]) -> Option<usize> {
    clock(text, 0).map(|(_, end)| end)
}

#[inline(always)]
fn seconds_of_day(hour: u32, minute: u32, second: u32) -> Option<u32> {
    (hour < 24 && minute < 60 && second <= 60).then_some(hour * 3600 + minute * 60 + second.min(59))
}

/// The nanoseconds of `.25` or `,250`, and where it ends. Digits behind the ninth are cut off.
#[inline]
fn fraction(text: &[u8], at: usize) -> (u32, usize) {
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

/// The zone at a place, if there is one: seconds east of UTC, and where it ends.
#[inline]
fn zone(text: &[u8], at: usize) -> (Option<i32>, usize) {
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

/// A date and clock with the zone that stands behind them, or without one.
#[inline]
fn zoned(date: Date, clock: Clock, text: &[u8], at: usize) -> Option<(i64, usize)> {
    match zone(text, at) {
        (Some(offset_s), end) => Some((at_offset(date, clock, offset_s)?, end)),
        (None, end) => Some((in_default_zone(date, clock)?, end)),
    }
}

/// The nanoseconds UTC of a date and clock in the zone of times without one.
fn in_default_zone(date: Date, clock: Clock) -> Option<i64> {
    let zone = &time_defaults().zone;
    let utc_ns = at_offset(date, clock, 0)?;
    if *zone == TimeZone::UTC {
        return Some(utc_ns);
    }
    let civil = jiff::Timestamp::from_nanosecond(i128::from(utc_ns)).ok()?;
    time_in_zone(civil.to_zoned(TimeZone::UTC).datetime(), zone)
}

/// The nanoseconds UTC of a date and clock; nothing if there is no such day.
#[inline]
fn at_offset(date: Date, clock: Clock, offset_s: i32) -> Option<i64> {
    let seconds = days_since_1970(date)? * 86_400 + i64::from(clock.seconds) - i64::from(offset_s);
    match seconds.checked_mul(SECOND_NS) {
        Some(whole_ns) => whole_ns.checked_add(i64::from(clock.ns)),
        // the first second of all times is cut in the middle
        None => {
            i64::try_from(i128::from(seconds) * i128::from(SECOND_NS) + i128::from(clock.ns)).ok()
        }
    }
}

/// Days from 1970-01-01 to a date; nothing if the calendar has none such.
#[inline]
fn days_since_1970(date: Date) -> Option<i64> {
    const DAYS: [u32; 12] = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let Date { year, month, day } = date;
    let most = *DAYS.get(month.wrapping_sub(1) as usize)?;
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    if day == 0 || day > most || (month == 2 && day == 29 && !is_leap) {
        return None;
    }
    let (year, month, day) = (i64::from(year), i64::from(month), i64::from(day));
    let year = year - i64::from(month <= 2); // years begin in March, so that leap days end one
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    Some(era * 146_097 + day_of_era - 719_468)
}

/// `1431857103`, `1431857103.25`, `-1`
fn parse_epoch(text: &[u8]) -> Option<i64> {
    let unsigned = text.strip_prefix(b"-").unwrap_or(text);
    let whole_length = unsigned
        .iter()
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    let (whole, rest) = unsigned.split_at(whole_length);
    let fraction = match rest {
        [] => rest,
        [b'.', fraction @ ..] if !fraction.is_empty() => fraction,
        _ => return None,
    };
    if whole.is_empty() || !fraction.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let mut value: u64 = 0;
    if whole.len() > 19 {
        return None; // beyond 64 bits, leading zeros or not
    }
    for digit in whole {
        value = value * 10 + u64::from(digit - b'0'); // 19 digits fit
    }
    epoch(value, fraction, unsigned.len() < text.len())
}

/// Since 1970: seconds below 10¹¹ (the year 5138), milliseconds below 10¹⁴, microseconds below 10¹⁷, else
/// nanoseconds. So each of them is told apart from 1973 on.
fn epoch(whole: u64, fraction: &[u8], is_negative: bool) -> Option<i64> {
    let unit_ns: u64 = match whole {
        ..100_000_000_000 => 1_000_000_000,
        100_000_000_000..100_000_000_000_000 => 1_000_000,
        100_000_000_000_000..100_000_000_000_000_000 => 1_000,
        _ => 1,
    };
    if fraction.is_empty() && !is_negative {
        return i64::try_from(whole.checked_mul(unit_ns)?).ok();
    }
    let mut place_ns = unit_ns;
    let mut ns = i128::from(whole) * i128::from(unit_ns);
    for digit in fraction {
        place_ns /= 10;
        ns += i128::from(digit - b'0') * i128::from(place_ns);
    }
    i64::try_from(if is_negative { -ns } else { ns }).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// 2015-05-17T10:05:03Z
    const MAY: i64 = 1_431_857_103_000_000_000;

    #[test]
    fn the_same_time_in_many_clothes() {
        for text in [
            "2015-05-17T10:05:03Z",
            "2015-05-17t10:05:03z",
            "2015-05-17 10:05:03",
            "2015-05-17 10:05:03 UTC",
            "2015/05/17 10:05:03",
            "2015-05-17T12:05:03+02:00",
            "2015-05-17T05:35:03-0430",
            "2015-05-17T12:05:03+02",
            "2015-05-17 12:05:03 +0200",
            "2015-05-17T10:05:03.000",
            "20150517T100503Z",
            "17/May/2015:10:05:03 +0000",
            "17/May/2015:12:05:03 +0200",
            "17/may/2015:10:05:03",
            "17 May 2015 10:05:03",
            "17-MAY-2015 10:05:03",
            "Sun, 17 May 2015 10:05:03 GMT",
            "Sun, 17 May 2015 10:05:03 +0000",
            "Sun May 17 10:05:03 2015",
            "Sun May 17 10:05:03.000000 2015",
            "Sun May 17 10:05:03 UTC 2015",
            "May 17 2015 10:05:03",
            "May 17, 2015 10:05:03",
            "May  17 2015 10:05:03 +0000",
            "1431857103",
            "1431857103000",
            "1431857103000000",
            "1431857103000000000",
            "1431857103.0",
        ] {
            assert_eq!(parse_time(text.as_bytes()), Some(MAY), "{text}");
        }
    }

    #[test]
    fn fractions_dates_and_edges() {
        for (text, ns) in [
            ("2015-05-17T10:05:03.25Z", MAY + 250_000_000),
            ("2015-05-17 10:05:03,250", MAY + 250_000_000),
            ("2015-05-17T10:05:03.1234567899Z", MAY + 123_456_789),
            ("17/May/2015:10:05:03.5 +0000", MAY + 500_000_000),
            ("2015-05-17T10:05Z", MAY - 3_000_000_000),
            ("2015-05-17", MAY - 36_303_000_000_000),
            ("2015/05/17", MAY - 36_303_000_000_000),
            ("2015-05-17T10:05:03.250Z", MAY + 250_000_000),
            ("1431857103.25", MAY + 250_000_000),
            ("1431857103250.5", MAY + 250_500_000),
            ("2016-12-31T23:59:60Z", 1_483_228_799_000_000_000),
            ("1969-12-31T23:59:59.999999999Z", -1),
            ("-1", -1_000_000_000),
            ("0", 0),
            ("2000-02-29", 951_782_400_000_000_000),
            ("2262-04-11T23:47:16.854775807Z", i64::MAX),
            ("1677-09-21T00:12:43.145224192Z", i64::MIN),
        ] {
            assert_eq!(parse_time(text.as_bytes()), Some(ns), "{text}");
        }
    }

    #[test]
    fn refuses_what_is_no_time() {
        for text in [
            "",
            "-",
            "x",
            "2015-05-17T",
            "2015-05-17T10",
            "2015-05-17x",
            "2015-13-01",
            "2015-02-29",
            "1900-02-29",
            "2015-04-31",
            "2015-00-10",
            "2015-05-17T24:00:00Z",
            "2015-05-17T10:60:00Z",
            "2015-05-17T10:05:03Z ",
            " 2015-05-17",
            "2015-05-17 10:05:03 EST",
            "2015-05-17 10:05:03 -5",
            "2015/05-17",
            "17/Mai/2015:10:05:03 +0000",
            "May 17",
            "Monday 10:05:03",
            "10:05:03",
            "9999-01-01",
            "99999999999999999999",
            "1e9",
            "1.",
            ".5",
            "1.2.3.4",
        ] {
            assert_eq!(parse_time(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn syslog_takes_the_current_year() {
        let year = time_defaults().year;
        for (text, written) in [
            ("Mar 27 13:06:56", format!("{year}-03-27T13:06:56Z")),
            ("Mar  7 13:06:56", format!("{year}-03-07T13:06:56Z")),
            ("Mar 7 13:06:56.5", format!("{year}-03-07T13:06:56.5Z")),
        ] {
            assert_eq!(
                parse_time(text.as_bytes()),
                parse_time(written.as_bytes()),
                "{text}"
            );
            assert!(parse_time(text.as_bytes()).is_some());
        }
    }

    #[test]
    fn a_prefix_says_where_it_ends() {
        for (text, used) in [
            ("2015-05-17 10:05:03,250 INFO x", 23),
            ("2015-05-17 10:05:03, x", 19),
            ("2015-05-17 the", 10),
            ("17/May/2015:10:05:03 +0000] x", 26),
            ("Mar 27 13:06:56 host sshd", 15),
            ("Sun May 17 10:05:03 2015] x", 24),
        ] {
            assert_eq!(
                time_prefix(text.as_bytes()).map(|(_, used)| used),
                Some(used),
                "{text}"
            );
        }
    }

    #[test]
    fn numbers_are_since_1970() {
        assert_eq!(
            time_of(ValueRef::Float(1431857103.25)),
            Some(MAY + 250_000_000)
        );
        assert_eq!(time_of(ValueRef::Int(1431857103)), Some(MAY));
        assert_eq!(time_of(ValueRef::Int(i64::MAX)), Some(i64::MAX));
        assert_eq!(time_of(ValueRef::Float(1e300)), None);
        assert_eq!(time_of(ValueRef::Bool(true)), None);
    }

    #[test]
    fn a_zone_with_a_history() {
        let zone = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").expect("a zone");
        let summer = jiff::civil::date(2015, 5, 17).at(12, 5, 3, 0);
        assert_eq!(time_in_zone(summer, &zone), Some(MAY));
    }

    proptest! {
        #[test]
        fn printed_times_are_read_back(ns in any::<i64>()) {
            let mut text = Vec::new();
            crate::data::write_text(ValueRef::Time(ns), &mut text);
            prop_assert_eq!(parse_time(&text), Some(ns));
            let (year, month, day) = date_of(ns);
            let zoned = jiff::Timestamp::from_nanosecond(i128::from(ns)).unwrap().to_zoned(TimeZone::UTC);
            prop_assert_eq!((year, month, day), (i64::from(zoned.year()), i64::from(zoned.month()), i64::from(zoned.day())));
            prop_assert_eq!(weekday_of(ns), i64::from(zoned.weekday().to_monday_one_offset()));
        }

        #[test]
        fn bytes_never_panic(text in proptest::collection::vec(prop_oneof![Just(b'0'), Just(b'-'), Just(b':'), Just(b' '), Just(b'/'), Just(b'T'), Just(b'.'), any::<u8>()], 0..40)) {
            let _ = parse_time(&text);
        }
    }
}
