//! Days of a zone, and steps of time that are aligned with it, also when clocks change.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::clock_steps::{ClockSteps, clamp};
use super::defaults::time_defaults;

/// Nanoseconds of a day whose clock does not change.
const DAY_NS: i64 = 86_400_000_000_000;

/// Days of a week.
const WEEK_DAYS: i64 = 7;

/// The first Monday of 1970, in days.
const MONDAY: i64 = 4;

/// Time divided into steps of one length, numbered from 1970 in a zone. Steps of whole days begin at midnight, and have
/// 23 or 25 hours when clocks change; steps of whole weeks begin on Monday. Other steps begin where the clocks of the
/// zone show a multiple of their length, see `clock_steps`.
#[derive(Clone, Debug)]
pub struct TimeSteps(Steps);

#[derive(Clone, Debug)]
enum Steps {
    /// Steps of `length` numbers from an origin.
    Fixed { origin: i64, length: i64 },
    /// Steps aligned with the clocks of a zone.
    Clock(ClockSteps),
    /// Steps of `length` days from the day `origin`, counted from 1970.
    Days { zone: TimeZone, origin: i64, length: i64 },
}

impl TimeSteps {
    /// Makes steps of `length` nanoseconds, at least 1.
    pub fn new(length: i64, zone: &TimeZone) -> TimeSteps {
        TimeSteps::later(length, 0, zone)
    }

    /// Makes steps that begin `later` nanoseconds after those of [`TimeSteps::new`] on the clocks of the zone.
    pub fn later(length: i64, later: i64, zone: &TimeZone) -> TimeSteps {
        let days = length / DAY_NS;
        let origin = if length % (DAY_NS * WEEK_DAYS) == 0 { MONDAY } else { 0 };
        TimeSteps(if length % DAY_NS == 0 && later == 0 {
            Steps::Days { zone: zone.clone(), origin, length: days }
        } else {
            Steps::Clock(ClockSteps::new(length, later.saturating_add(origin * DAY_NS), zone))
        })
    }

    /// Makes steps of `length` numbers from an origin, not of time.
    pub fn of_numbers(origin: i64, length: i64) -> TimeSteps {
        TimeSteps(Steps::Fixed { origin, length })
    }

    /// Returns the step that contains a time.
    pub fn number_of(&self, ns: i64) -> i64 {
        match &self.0 {
            Steps::Fixed { origin, length } => {
                let since = i128::from(ns) - i128::from(*origin);
                since.div_euclid(i128::from(*length)) as i64
            }
            Steps::Clock(steps) => steps.number_of(ns),
            Steps::Days { zone, origin, length } => (day_of(ns, zone) - origin).div_euclid(*length),
        }
    }

    /// Returns the beginning of a step, clamped to 64 bits.
    pub fn start(&self, number: i64) -> i64 {
        match &self.0 {
            Steps::Fixed { origin, length } => clamp(i128::from(*origin) + i128::from(number) * i128::from(*length)),
            Steps::Clock(steps) => steps.start(number),
            Steps::Days { zone, origin, length } => {
                start_of_day(number.saturating_mul(*length).saturating_add(*origin), zone)
            }
        }
    }
}

/// Returns a time as the clocks of the default zone show it, counted as if they were in UTC.
pub(super) fn local(ns: i64) -> i64 {
    let zone = &time_defaults().zone;
    if *zone == TimeZone::UTC {
        return ns;
    }
    match Timestamp::from_nanosecond(i128::from(ns)) {
        Ok(time) => ns.saturating_add(i64::from(zone.to_offset(time).seconds()) * 1_000_000_000),
        Err(_) => ns,
    }
}

/// Returns the day of a time, counted from 1970-01-01 in the zone.
fn day_of(ns: i64, zone: &TimeZone) -> i64 {
    let time = Timestamp::from_nanosecond(i128::from(ns)).unwrap_or(Timestamp::UNIX_EPOCH); // 64 bits of nanoseconds are within the calendar
    let shifted = i128::from(ns) + i128::from(zone.to_offset(time).seconds()) * 1_000_000_000;
    shifted.div_euclid(i128::from(DAY_NS)) as i64
}

/// Returns the beginning of a day: midnight, or the first moment after it if clocks skip midnight.
fn start_of_day(day: i64, zone: &TimeZone) -> i64 {
    let start = i32::try_from(day)
        .ok()
        .and_then(|day| {
            let date = Date::constant(1970, 1, 1);
            date.checked_add(jiff::Span::new().try_days(day).ok()?).ok()
        })
        .and_then(|date| date.to_zoned(zone.clone()).ok());
    match start {
        Some(start) => clamp(start.timestamp().as_nanosecond()),
        None => clamp(i128::from(day) * i128::from(DAY_NS)), // there are no zones beyond the calendar
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ns(text: &str) -> i64 {
        text.parse::<Timestamp>().expect("the test's own time").as_nanosecond() as i64
    }

    #[test]
    fn days_have_23_to_25_hours() {
        let berlin = TimeZone::get("Europe/Berlin").expect("a zone of the bundle");
        let day = day_of(ns("2026-03-29T10:00:00Z"), &berlin);
        assert_eq!(start_of_day(day, &berlin), ns("2026-03-28T23:00:00Z"));
        assert_eq!(start_of_day(day + 1, &berlin), ns("2026-03-29T22:00:00Z"));
        for time in ["2026-03-28T23:00:00Z", "2026-03-29T01:00:00Z", "2026-03-29T21:59:59Z"] {
            assert_eq!(day_of(ns(time), &berlin), day, "{time}");
        }
        assert_eq!(day_of(ns("2026-03-29T22:00:00Z"), &berlin), day + 1);
    }

    #[test]
    fn a_day_whose_midnight_is_skipped_begins_behind_it() {
        let beirut = TimeZone::get("Asia/Beirut").expect("a zone of the bundle");
        let day = day_of(ns("2022-03-27T10:00:00Z"), &beirut);
        let start = start_of_day(day, &beirut);
        assert_eq!(start, ns("2022-03-26T22:00:00Z"));
        assert_eq!(day_of(start, &beirut), day);
        assert_eq!(day_of(start - 1, &beirut), day - 1);
    }

    #[test]
    fn later_steps_keep_their_time_of_day() {
        let berlin = TimeZone::get("Europe/Berlin").expect("a zone of the bundle");
        let hour = DAY_NS / 24;
        let shown = |steps: &TimeSteps, time: &str| {
            let at =
                |number| Timestamp::from_nanosecond(i128::from(steps.start(number))).expect("a time of the calendar");
            let number = steps.number_of(ns(time));
            [at(number), at(number + 1)].map(|time| time.to_zoned(berlin.clone()).strftime("%a %d %H:%M").to_string())
        };
        let days = TimeSteps::later(DAY_NS, 6 * hour, &berlin);
        assert_eq!(shown(&days, "2026-03-29T03:59:59Z"), ["Sat 28 06:00", "Sun 29 06:00"]); // the clocks change at 01:00Z
        assert_eq!(shown(&days, "2026-03-29T04:00:00Z"), ["Sun 29 06:00", "Mon 30 06:00"]);
        let weeks = TimeSteps::later(7 * DAY_NS, 6 * hour, &berlin);
        assert_eq!(shown(&weeks, "2026-03-29T10:00:00Z"), ["Mon 23 06:00", "Mon 30 06:00"]);
        let hours = TimeSteps::later(hour, hour / 4, &berlin);
        assert_eq!(shown(&hours, "2026-03-29T10:14:00Z"), ["Sun 29 11:15", "Sun 29 12:15"]);
        assert_eq!(
            shown(&TimeSteps::later(hour, 49 * hour / 4, &berlin), "2026-03-29T10:14:00Z"),
            ["Sun 29 11:15", "Sun 29 12:15"]
        );
    }

    #[test]
    fn the_ends_of_time_are_days_too() {
        for ns in [i64::MIN, i64::MAX] {
            let day = day_of(ns, &TimeZone::UTC);
            assert!(start_of_day(day, &TimeZone::UTC) <= ns);
        }
    }
}
