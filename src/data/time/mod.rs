//! Times as logs write them, parsed to nanoseconds UTC.
//!
//! Recognized forms: RFC 3339 and its relatives (`2015-05-17T10:05:03.25Z`, with a space for the `T`, `/` for the `-`,
//! a comma before the fraction, no seconds, no zone, the date alone, `20150517T100503Z`), the time of access logs
//! (`17/May/2015:10:05:03 +0000`), of mail and HTTP (`Sun, 17 May 2015 10:05:03 GMT`), of syslog (`May 17 10:05:03`,
//! also with a year before or after), of `ctime` and `date` (`Sun May 17 10:05:03 2015`), and numbers: seconds, milli-,
//! micro- or nanoseconds since 1970, distinguished by their size. Zones are offsets or names (`zone`); a time without a
//! year takes it from the previous record (`moment`, `years`).
//!
//! Every form is parsed as a prefix at fixed offsets, without tables and without allocation, because windows parse a
//! time for every record. A text is first tried as one of the two most frequent forms (`usual`), then as any form
//! (`prefix`, which uses `names`, `clock` and `zone`), then as a number (`epoch`); `calendar` counts the days.

mod calendar;
mod clock_steps;
mod days;
mod defaults;
mod digits;
mod epoch;
mod format;
mod instant;
mod moment;
mod names;
mod prefix;
mod range;
#[cfg(test)]
mod tests;
mod time_of_day;
mod usual;
mod years;
mod zone;

use super::number::format_float;
use super::value::ValueRef;

pub use calendar::{date_of, date_of_day, ns_of_day, weekday_of};
pub use days::TimeSteps;
pub use defaults::{TimeDefaults, set_time_defaults, time_defaults};
pub use format::TimeFormat;
pub use instant::Instant;
pub use moment::ParsedTime;
pub(crate) use names::is_weekday;
pub use prefix::{shorter_time_prefix, time_prefix};
pub use range::{EXPECTED_IN_RANGE, expected_time};
pub(crate) use time_of_day::clock_prefix;
pub use years::{Earlier, LastTimes, TimeReader, TimeSite, begin_chunk, end_chunk, last_times, replace_last_times};
pub use zone::{time_in_zone, zone_of_name};

use epoch::{epoch, parse_epoch};
use prefix::month_and_day;
use usual::{access_log_time, rfc3339_utc};

/// Parses a text to nanoseconds UTC; `None` if it is not a time as a whole, or exceeds 64 bits. A time without a year
/// is taken as the first of its source: see [`TimeReader`] for later ones.
#[inline]
pub fn parse_time(text: &[u8]) -> Option<i64> {
    parse_moment(text)?.after(None)
}

/// Parses a text to a time that may lack its year.
#[inline]
pub fn parse_moment(text: &[u8]) -> Option<ParsedTime> {
    let common = match text.len() {
        26 => text.first_chunk().and_then(access_log_time),
        20 | 23 | 24 => text.first_chunk().and_then(|head| rfc3339_utc(head, &text[19..])),
        10 if text[4].is_ascii_digit() => return parse_epoch(text).map(ParsedTime::At),
        _ => None,
    };
    if let Some(ns) = common {
        return Some(ParsedTime::At(ns));
    }
    match time_prefix(text) {
        Some((moment, used)) if used == text.len() => Some(moment),
        _ => parse_epoch(text).map(ParsedTime::At),
    }
}

/// Parses month and day as klog writes them: `0517 10:05:03.123456`.
pub fn parse_month_and_day(text: &[u8]) -> Option<ParsedTime> {
    match text.get(8) {
        Some(b' ') => parse_moment(text), // glog with the year: `20150517 10:05:03.123456`
        _ => month_and_day(text),
    }
}

/// Converts a value to a time: times, text, and numbers since 1970 by their size. A text without a year is taken as the
/// first of its source.
pub fn time_of(value: ValueRef<'_>) -> Option<i64> {
    moment_of(value)?.after(None)
}

/// Converts a value to a time that may lack its year.
#[inline]
pub fn moment_of(value: ValueRef<'_>) -> Option<ParsedTime> {
    match value {
        ValueRef::Time(ns) => Some(ParsedTime::At(ns)),
        ValueRef::Text(text) => parse_moment(text),
        ValueRef::Int(value) => epoch(value.unsigned_abs(), b"", value < 0).map(ParsedTime::At),
        ValueRef::Float(value) => {
            let mut text = Vec::with_capacity(32);
            format_float(value, &mut text); // the digits as written, not those of the binary number
            parse_epoch(&text).map(ParsedTime::At)
        }
        _ => None,
    }
}
