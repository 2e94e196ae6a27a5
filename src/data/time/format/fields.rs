//! The parts of a time in a text, and the time that they name together. Contradicting parts are not a time: no part is
//! ignored.

use jiff::civil::{ISOWeekDate, Weekday};

use super::items::{FormatItem, TimePart};
use crate::data::time::calendar::{Date, date_of_day, day_of_date};
use crate::data::time::moment::{ParsedTime, Yearless};
use crate::data::time::time_of_day::TimeOfDay;
use crate::data::time::zone::{Zone, instant};

/// Hours of half a day.
const HALF_DAY_HOURS: u32 = 12;

/// The parts that a text names.
#[derive(Debug, Default)]
pub(super) struct Fields {
    century: Option<u32>,
    year: Option<u32>,
    year_of_century: Option<u32>,
    month: Option<u32>,
    day: Option<u32>,
    day_of_year: Option<u32>,
    /// From Sunday, 0.
    weekday: Option<u32>,
    week_from_sunday: Option<u32>,
    week_from_monday: Option<u32>,
    iso_year: Option<u32>,
    iso_year_of_century: Option<u32>,
    iso_week: Option<u32>,
    hour: Option<u32>,
    hour_of_half: Option<u32>,
    is_pm: Option<u32>,
    minute: Option<u32>,
    second: Option<u32>,
    fraction_ns: Option<u32>,
    /// True if there was a minus; and the seconds since 1970 without it.
    epoch: Option<(bool, i64)>,
    offset_s: Option<i32>,
    zone: Option<Zone>,
}

/// Converts a year of two digits as POSIX does.
fn pivoted(year: u32) -> u32 {
    year + if year < 69 { 2000 } else { 1900 }
}

/// Records a part; returns false if it contradicts an earlier one.
fn note<T: PartialEq + Copy>(place: &mut Option<T>, value: T) -> bool {
    place.replace(value).is_none_or(|before| before == value)
}

impl Fields {
    /// Records the part of a letter; returns whether it is valid.
    pub(super) fn set(&mut self, letter: u8, value: u32) -> bool {
        let (place, range) = match letter {
            b'a' | b'A' => (&mut self.weekday, 0..=6),
            b'b' | b'B' | b'h' | b'm' => (&mut self.month, 1..=12),
            b'C' => (&mut self.century, 0..=99),
            b'd' | b'e' => (&mut self.day, 1..=31),
            b'g' => (&mut self.iso_year_of_century, 0..=99),
            b'G' => (&mut self.iso_year, 0..=9999),
            b'H' | b'k' => (&mut self.hour, 0..=23),
            b'I' | b'l' => (&mut self.hour_of_half, 1..=12),
            b'j' => (&mut self.day_of_year, 1..=366),
            b'M' => (&mut self.minute, 0..=59),
            b'p' | b'P' => (&mut self.is_pm, 0..=1),
            b'S' => (&mut self.second, 0..=60),
            b'u' if value == 7 => return note(&mut self.weekday, 0),
            b'u' => (&mut self.weekday, 1..=6),
            b'U' => (&mut self.week_from_sunday, 0..=53),
            b'V' => (&mut self.iso_week, 1..=53),
            b'w' => (&mut self.weekday, 0..=6),
            b'W' => (&mut self.week_from_monday, 0..=53),
            b'y' => (&mut self.year_of_century, 0..=99),
            b'Y' => (&mut self.year, 0..=9999),
            _ => return false,
        };
        range.contains(&value) && note(place, value)
    }

    pub(super) fn set_epoch(&mut self, is_negative: bool, seconds: i64) -> bool {
        note(&mut self.epoch, (is_negative, seconds))
    }

    pub(super) fn set_fraction(&mut self, ns: u32) -> bool {
        note(&mut self.fraction_ns, ns)
    }

    pub(super) fn set_offset(&mut self, offset_s: i32) -> bool {
        note(&mut self.offset_s, offset_s)
    }

    pub(super) fn set_zone(&mut self, zone: Zone) -> bool {
        self.zone.replace(zone).is_none()
    }

    /// Returns the time that the parts name.
    pub(super) fn moment(self) -> Option<ParsedTime> {
        if let Some((is_negative, seconds)) = self.epoch {
            let fraction = i64::from(self.fraction_ns.unwrap_or(0));
            let ns = i128::from(seconds) * 1_000_000_000 + i128::from(fraction);
            return i64::try_from(if is_negative { -ns } else { ns }).ok().map(ParsedTime::At);
        }
        let clock = self.clock()?;
        let Some(year) = self.year_named() else {
            let (month, day) = (self.month?, self.day?);
            return Yearless::new(month, day, clock, self.into_zone()).map(ParsedTime::Yearless);
        };
        let date = self.date(year)?;
        let zone = self.into_zone();
        instant(date, clock, zone.as_ref()).map(ParsedTime::At)
    }

    /// True if all parts are valid, but the time exceeds 64 bits.
    pub(super) fn exceeds_range(self) -> bool {
        let is_date = match (self.epoch, self.year_named()) {
            (Some(_), _) => true,
            (None, Some(year)) => self.clock().is_some() && self.date(year).is_some(),
            (None, None) => false,
        };
        is_date && self.moment().is_none()
    }

    fn into_zone(self) -> Option<Zone> {
        self.offset_s.map(Zone::Offset).or(self.zone)
    }

    /// Returns the year that a week, or else a month or day, belongs to.
    fn year_named(&self) -> Option<Year> {
        let year = match (self.year, self.century, self.year_of_century) {
            (Some(year), ..) => Some(year),
            (None, Some(century), year) => Some(century * 100 + year.unwrap_or(0)),
            (None, None, year) => year.map(pivoted),
        };
        let iso = self.iso_year.or(self.iso_year_of_century.map(pivoted));
        year.map(Year::Calendar).or(iso.map(Year::Iso))
    }

    /// Returns the time of day; midnight if no part names it.
    fn clock(&self) -> Option<TimeOfDay> {
        let hour = match (self.hour, self.hour_of_half, self.is_pm) {
            (Some(hour), None, None) => hour,
            (hour, Some(of_half), is_pm) => {
                let of_half = of_half % HALF_DAY_HOURS;
                let is_pm = match (is_pm, hour) {
                    (Some(is_pm), _) => is_pm,
                    (None, Some(hour)) => hour / HALF_DAY_HOURS,
                    (None, None) => 0,
                };
                let of_day = of_half + is_pm * HALF_DAY_HOURS;
                Some(of_day).filter(|of_day| hour.is_none_or(|hour| hour == *of_day))?
            }
            (Some(hour), None, Some(is_pm)) => Some(hour).filter(|hour| hour / HALF_DAY_HOURS == is_pm)?,
            (None, None, _) => 0,
        };
        let (minute, second) = (self.minute.unwrap_or(0), self.second.unwrap_or(0).min(59));
        Some(TimeOfDay { seconds: hour * 3600 + minute * 60 + second, ns: self.fraction_ns.unwrap_or(0) })
    }

    /// Returns the date that all parts agree on.
    fn date(&self, year: Year) -> Option<Date> {
        let day = match year {
            Year::Calendar(year) => match (self.month, self.day, self.day_of_year) {
                (Some(month), Some(day), _) => day_of_date(Date { year, month, day })?,
                (_, _, Some(day)) => first_of(year)? + i64::from(day) - 1,
                _ if self.iso_week.is_some() => self.day_of_iso_week(i64::from(year))?,
                _ => self.day_of_week(year)?,
            },
            Year::Iso(year) => match self.iso_week {
                Some(_) => self.day_of_iso_week(i64::from(year))?,
                None => return None,
            },
        };
        let (year, month, of_month) = date_of_day(day);
        let date = Date { year: u32::try_from(year).ok()?, month: month as u32, day: of_month as u32 };
        self.agrees(date, day).then_some(date)
    }

    /// Returns the day of a week of a year, since 1970.
    fn day_of_week(&self, year: u32) -> Option<i64> {
        let weekday = i64::from(self.weekday?);
        let first = first_of(year)?;
        let (week, since_first_day) = match (self.week_from_sunday, self.week_from_monday) {
            (Some(week), _) => (week, weekday),
            (None, Some(week)) => (week, (weekday + 6) % 7),
            (None, None) => return None,
        };
        let first_weekday =
            if self.week_from_sunday.is_some() { weekday_of_day(first) } else { (weekday_of_day(first) + 6) % 7 };
        // Week 1 begins with the first Sunday, or Monday, of the year.
        let week_one = first + (7 - first_weekday) % 7;
        Some(week_one + (i64::from(week) - 1) * 7 + since_first_day)
    }

    /// Returns the day of an ISO week, since 1970.
    fn day_of_iso_week(&self, year: i64) -> Option<i64> {
        let weekday = match self.weekday? {
            0 => 7,
            weekday => weekday,
        };
        let weekday = Weekday::from_monday_one_offset(weekday as i8).ok()?;
        let year = match (self.iso_year, self.iso_year_of_century) {
            (Some(year), _) => i64::from(year),
            (None, Some(year)) => i64::from(pivoted(year)),
            (None, None) => year,
        };
        let week = ISOWeekDate::new(year as i16, self.iso_week? as i8, weekday).ok()?;
        let date = week.date();
        day_of_date(Date { year: u32::try_from(date.year()).ok()?, month: date.month() as u32, day: date.day() as u32 })
    }

    /// True if no part names another date.
    fn agrees(&self, date: Date, day: i64) -> bool {
        let Some(first) = first_of(date.year) else {
            return false;
        };
        let weekday = weekday_of_day(day);
        let day_of_year = day - first;
        let week_from = |weekday: i64| (day_of_year + 7 - weekday) / 7;
        let civil = jiff::civil::Date::new(date.year as i16, date.month as i8, date.day as i8);
        let Ok(iso) = civil.map(|date| date.iso_week_date()) else {
            return false;
        };
        let is = |part: Option<u32>, value: i64| part.is_none_or(|part| i64::from(part) == value);
        let year = i64::from(date.year);
        is(self.year, year)
            && is(self.century, year / 100)
            && is(self.year_of_century, year % 100)
            && is(self.month, i64::from(date.month))
            && is(self.day, i64::from(date.day))
            && is(self.day_of_year, day_of_year + 1)
            && is(self.weekday, weekday)
            && is(self.week_from_sunday, week_from(weekday))
            && is(self.week_from_monday, week_from((weekday + 6) % 7))
            && is(self.iso_year, i64::from(iso.year()))
            && is(self.iso_year_of_century, i64::from(iso.year()) % 100)
            && is(self.iso_week, i64::from(iso.week()))
    }
}

/// A year as it was named.
#[derive(Clone, Copy)]
enum Year {
    Calendar(u32),
    Iso(u32),
}

/// Returns the first day of a year, since 1970.
fn first_of(year: u32) -> Option<i64> {
    day_of_date(Date { year, month: 1, day: 1 })
}

/// Counted from Sunday, 0.
fn weekday_of_day(day: i64) -> i64 {
    (day + 4).rem_euclid(7) // 1970 began on a Thursday
}

/// Returns what a format lacks to read times.
pub(super) fn check(items: &[FormatItem]) -> Result<(), &'static str> {
    let has = |letters: &[u8]| {
        items
            .iter()
            .any(|item| matches!(item, FormatItem::TimePart(TimePart { letter, .. }) if letters.contains(letter)))
    };
    if has(b"s") {
        return Ok(());
    }
    let has_year = has(b"YyC");
    let is_date = has(b"bBhm") && has(b"de")
        || has_year && has(b"j")
        || has_year && has(b"UWV") && has(b"aAuw")
        || has(b"Gg") && has(b"V") && has(b"aAuw");
    if !is_date {
        return Err("this format says no day");
    }
    if has(b"pP") && !has(b"IlHk") {
        return Err("this format has %p without an hour; write %I before it");
    }
    Ok(())
}
