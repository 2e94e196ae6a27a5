//! Dates, and the days since 1970: computed as in Howard Hinnant's "chrono-compatible low-level date algorithms".

use super::days::local;
use super::time_of_day::TimeOfDay;

/// Nanoseconds of a second.
const SECOND_NS: i64 = 1_000_000_000;

/// Nanoseconds of a day without leap seconds.
const DAY_NS: i64 = 86_400_000_000_000;

/// A date as written.
#[derive(Clone, Copy)]
pub(super) struct Date {
    pub(super) year: u32,
    pub(super) month: u32,
    pub(super) day: u32,
}

/// Returns the nanoseconds UTC of a date and time of day; `None` if there is no such day.
#[inline]
pub(super) fn at_offset(date: Date, clock: TimeOfDay, offset_s: i32) -> Option<i64> {
    let seconds = days_since_1970(date)? * 86_400 + i64::from(clock.seconds) - i64::from(offset_s);
    match seconds.checked_mul(SECOND_NS) {
        Some(whole_ns) => whole_ns.checked_add(i64::from(clock.ns)),
        // the first representable second is incomplete
        None => i64::try_from(i128::from(seconds) * i128::from(SECOND_NS) + i128::from(clock.ns)).ok(),
    }
}

/// Returns the days from 1970-01-01 to a date; `None` if the calendar has no such day.
pub(super) fn day_of_date(date: Date) -> Option<i64> {
    days_since_1970(date)
}

/// True if the calendar has such a day.
pub(super) fn is_date(date: Date) -> bool {
    days_since_1970(date).is_some()
}

/// Returns the days from 1970-01-01 to a date; `None` if the calendar has no such day.
#[inline]
pub(super) fn days_since_1970(date: Date) -> Option<i64> {
    const DAYS: [u32; 12] = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let Date { year, month, day } = date;
    let most = *DAYS.get(month.wrapping_sub(1) as usize)?;
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    if day == 0 || day > most || (month == 2 && day == 29 && !is_leap) {
        return None;
    }
    let (year, month, day) = (i64::from(year), i64::from(month), i64::from(day));
    let year = year - i64::from(month <= 2); // years begin in March, so that a leap day is the last day
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    Some(era * 146_097 + day_of_era - 719_468)
}

/// Returns the date in the default zone: year, month from 1, day from 1.
pub fn date_of(ns: i64) -> (i64, i64, i64) {
    date_of_day(local(ns).div_euclid(DAY_NS))
}

/// Returns the date of a day since 1970: year, month from 1, day from 1.
pub fn date_of_day(day: i64) -> (i64, i64, i64) {
    // days from the first of March of the year 0, in eras of 400 years
    let days = day + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = (month_from_march + 2) % 12 + 1;
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

/// Returns the nanoseconds since midnight in UTC.
pub fn ns_of_day(ns: i64) -> i64 {
    local(ns).rem_euclid(DAY_NS)
}

/// Returns the ISO 8601 day of the week in UTC: 1 is Monday, 7 Sunday.
pub fn weekday_of(ns: i64) -> i64 {
    (local(ns).div_euclid(DAY_NS) + 3).rem_euclid(7) + 1 // 1970 began on a Thursday
}
