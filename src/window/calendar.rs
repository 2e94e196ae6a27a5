//! Days of a zone: where each begins, also when clocks change.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// Nanoseconds of a day whose clock does not change.
pub(super) const DAY_NS: i64 = 86_400_000_000_000;

/// The number of the day, from 1970-01-01 in the zone, that a time falls in.
pub(super) fn day_of(ns: i64, zone: &TimeZone) -> i64 {
    let time = Timestamp::from_nanosecond(i128::from(ns)).unwrap_or(Timestamp::UNIX_EPOCH); // 64 bits of nanoseconds are within the calendar
    let shifted = i128::from(ns) + i128::from(zone.to_offset(time).seconds()) * 1_000_000_000;
    shifted.div_euclid(i128::from(DAY_NS)) as i64
}

/// When a day begins: midnight, or the first moment behind it where clocks skip midnight.
pub(super) fn start_of_day(day: i64, zone: &TimeZone) -> i64 {
    let start = i32::try_from(day)
        .ok()
        .and_then(|day| {
            let date = Date::constant(1970, 1, 1);
            date.checked_add(jiff::Span::new().try_days(day).ok()?).ok()
        })
        .and_then(|date| date.to_zoned(zone.clone()).ok());
    match start {
        Some(start) => clamp(start.timestamp().as_nanosecond()),
        None => clamp(i128::from(day) * i128::from(DAY_NS)), // beyond the calendar there are no zones
    }
}

/// When 1970 began in the zone.
pub(super) fn epoch(zone: &TimeZone) -> i64 {
    start_of_day(0, zone)
}

/// As near as 64 bits go.
pub(super) fn clamp(ns: i128) -> i64 {
    ns.clamp(i128::from(i64::MIN), i128::from(i64::MAX)) as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ns(text: &str) -> i64 {
        text.parse::<Timestamp>().unwrap().as_nanosecond() as i64
    }

    #[test]
    fn days_have_23_to_25_hours() {
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        let day = day_of(ns("2026-03-29T10:00:00Z"), &berlin);
        assert_eq!(start_of_day(day, &berlin), ns("2026-03-28T23:00:00Z"));
        assert_eq!(start_of_day(day + 1, &berlin), ns("2026-03-29T22:00:00Z"));
        for time in [
            "2026-03-28T23:00:00Z",
            "2026-03-29T01:00:00Z",
            "2026-03-29T21:59:59Z",
        ] {
            assert_eq!(day_of(ns(time), &berlin), day, "{time}");
        }
        assert_eq!(day_of(ns("2026-03-29T22:00:00Z"), &berlin), day + 1);
    }

    #[test]
    fn a_day_whose_midnight_is_skipped_begins_behind_it() {
        let beirut = TimeZone::get("Asia/Beirut").unwrap();
        let day = day_of(ns("2022-03-27T10:00:00Z"), &beirut);
        let start = start_of_day(day, &beirut);
        assert_eq!(start, ns("2022-03-26T22:00:00Z"));
        assert_eq!(day_of(start, &beirut), day);
        assert_eq!(day_of(start - 1, &beirut), day - 1);
    }

    #[test]
    fn the_ends_of_time_are_days_too() {
        for ns in [i64::MIN, i64::MAX] {
            let day = day_of(ns, &TimeZone::UTC);
            assert!(start_of_day(day, &TimeZone::UTC) <= ns);
        }
    }
}
