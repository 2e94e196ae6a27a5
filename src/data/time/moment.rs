//! A parsed time: an instant, or a time without a year.

use super::calendar::{Date, date_of, is_date};
use super::defaults::time_defaults;
use super::time_of_day::TimeOfDay;
use super::zone::{Zone, instant};

/// Nanoseconds of a day without leap seconds.
const DAY_NS: i64 = 86_400_000_000_000;

/// The maximum distance in years between two that have a 29 February.
const MOST_YEARS_APART: i64 = 8;

/// A parsed time.
#[derive(Clone, Debug)]
pub enum ParsedTime {
    /// Nanoseconds UTC.
    At(i64),
    /// A time without a year.
    Yearless(Yearless),
}

/// Month, day and clock without a year.
#[derive(Clone, Debug)]
pub struct Yearless {
    month: u32,
    day: u32,
    clock: TimeOfDay,
    zone: Option<Zone>,
}

impl ParsedTime {
    /// Returns nanoseconds UTC, given the time of the previous record, if there was one.
    #[inline]
    pub fn after(self, before: Option<i64>) -> Option<i64> {
        match self {
            ParsedTime::At(ns) => Some(ns),
            ParsedTime::Yearless(yearless) => yearless.after(before),
        }
    }
}

impl Yearless {
    /// `None` if no year has such a day.
    pub(super) fn new(month: u32, day: u32, clock: TimeOfDay, zone: Option<Zone>) -> Option<Yearless> {
        let leap_year = 2000;
        is_date(Date { year: leap_year, month, day }).then_some(Yearless { month, day, clock, zone })
    }

    /// Chooses the year that puts it nearest to the time of the previous record. The first time takes `--year`, or the
    /// latest year in which it is at most a day in the future.
    #[cold]
    pub fn after(&self, before: Option<i64>) -> Option<i64> {
        let defaults = time_defaults();
        match (before, defaults.year) {
            (Some(before), _) => self.nearest(before),
            (None, Some(year)) => self.in_year(i64::from(year)),
            (None, None) => self.latest(defaults.now_ns.saturating_add(DAY_NS)),
        }
    }

    fn in_year(&self, year: i64) -> Option<i64> {
        let date = Date { year: u32::try_from(year).ok()?, month: self.month, day: self.day };
        instant(date, self.clock, self.zone.as_ref())
    }

    /// Returns the nearest time, and the earlier one of two equally near ones.
    fn nearest(&self, ns: i64) -> Option<i64> {
        self.around(ns).min_by_key(|other| other.abs_diff(ns))
    }

    /// Returns the latest one that is not after a time.
    fn latest(&self, ns: i64) -> Option<i64> {
        self.around(ns).filter(|other| *other <= ns).max()
    }

    /// Returns this time in the years around another one.
    fn around(&self, ns: i64) -> impl Iterator<Item = i64> + '_ {
        let (year, _, _) = date_of(ns);
        let is_leap_day = (self.month, self.day) == (2, 29);
        let reach = if is_leap_day { MOST_YEARS_APART } else { 1 };
        (year - reach..=year + reach).filter_map(|year| self.in_year(year))
    }
}

#[cfg(test)]
mod tests {
    use super::super::{parse_time, time_prefix};
    use super::*;
    use crate::data::{ValueRef, write_text};

    fn after(text: &str, before: &str) -> String {
        let (moment, _) = time_prefix(text.as_bytes()).expect("a time");
        let ns = moment.after(parse_time(before.as_bytes())).expect("in range");
        let mut out = Vec::new();
        write_text(ValueRef::Time(ns), &mut out);
        String::from_utf8(out).expect("times print as text")
    }

    #[test]
    fn the_nearest_year_is_taken() {
        for (text, before, expected) in [
            ("Jan  1 00:00:01", "2025-12-31T23:59:59Z", "2026-01-01T00:00:01Z"),
            ("Dec 31 23:59:59", "2026-01-01T00:00:01Z", "2025-12-31T23:59:59Z"),
            ("Jul  1 00:00:00", "2026-01-01T00:00:00Z", "2026-07-01T00:00:00Z"),
            ("Jul  4 00:00:00", "2026-01-01T00:00:00Z", "2025-07-04T00:00:00Z"),
            ("Feb 29 12:00:00", "2024-02-28T12:00:00Z", "2024-02-29T12:00:00Z"),
            ("Feb 29 12:00:00", "2025-02-28T12:00:00Z", "2024-02-29T12:00:00Z"),
            ("Feb 29 12:00:00", "2026-06-01T00:00:00Z", "2028-02-29T12:00:00Z"),
            ("Feb 29 12:00:00", "2100-02-28T00:00:00Z", "2096-02-29T12:00:00Z"),
            ("Mar  1 00:30:00 +0200", "2026-01-01T00:00:00Z", "2026-02-28T22:30:00Z"),
        ] {
            assert_eq!(after(text, before), expected, "{text} after {before}");
        }
    }

    #[test]
    fn the_first_is_at_most_a_day_ahead() {
        let now = time_defaults().now_ns;
        for days in [-363, -200, -1, 0] {
            let ns = now + days * DAY_NS;
            let time = jiff::Timestamp::from_nanosecond(i128::from(ns)).expect("about now");
            let text = time.strftime("%b %e %H:%M:%S").to_string();
            let Some((moment, _)) = time_prefix(text.as_bytes()) else { panic!("{text} is a time") };
            let read = moment.after(None).expect("a time");
            assert!((0..1_000_000_000).contains(&(ns - read)), "{text}");
        }
    }
}
