//! Steps of hours, minutes and less, aligned with the clocks of a zone.
//!
//! A step begins where the clocks show a multiple of its length: `6h` at 0, 6, 12 and 18 o'clock, in summer and in
//! winter. When clocks change, the current step is shorter or longer by the change. An hour that is repeated is two
//! steps of an hour, but part of one step of two.

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// Steps of one length, numbered from 1970.
#[derive(Clone, Debug)]
pub(super) struct ClockSteps {
    length: i128,
    /// Periods between two changes of the clocks; the first one has no beginning.
    periods: Vec<Period>,
}

/// A period in which the clocks do not change.
#[derive(Clone, Copy, Debug)]
struct Period {
    /// Its beginning.
    from: i128,
    /// The offset of the clocks from UTC.
    offset: i128,
    /// The step that is current, or begins, at the beginning of the period.
    first: i64,
    /// True if that step begins then.
    begins: bool,
    /// The difference between the multiples of the length that the clocks showed by then and the number of steps.
    ahead: i128,
}

impl ClockSteps {
    /// Makes steps of `length` nanoseconds, at least 1, that begin `later` nanoseconds after those times on the clocks.
    pub(super) fn new(length: i64, later: i64, zone: &TimeZone) -> Self {
        let nanoseconds = |seconds: i32| nanoseconds(seconds) - i128::from(later);
        let mut steps = ClockSteps {
            length: i128::from(length),
            periods: vec![Period {
                from: i128::MIN,
                offset: nanoseconds(zone.to_offset(Timestamp::MIN).seconds()),
                first: i64::MIN,
                begins: false,
                ahead: 0,
            }],
        };
        for change in zone.following(Timestamp::MIN) {
            let at = change.timestamp().as_nanosecond();
            if at > i128::from(i64::MAX) {
                break;
            }
            steps.change(at, nanoseconds(change.offset().seconds()));
        }
        steps
    }

    /// Changes the offset of the clocks.
    fn change(&mut self, at: i128, offset: i128) {
        let last = self.periods[self.periods.len() - 1];
        let before = (at - 1 + last.offset).div_euclid(self.length);
        let after = (at + offset).div_euclid(self.length);
        let shows_a_multiple = (at + offset).rem_euclid(self.length) == 0;
        let comes_again = shows_a_multiple && self.length <= last.offset - offset;
        let begins = after != before || comes_again;
        let first = before - last.ahead + i128::from(begins);
        self.periods.push(Period { from: at, offset, first: clamp(first), begins, ahead: after - first });
    }

    /// Returns the step that contains a time.
    pub(super) fn number_of(&self, ns: i64) -> i64 {
        let ns = i128::from(ns);
        let periods = self.periods.partition_point(|period| period.from <= ns);
        let period = self.periods[periods - 1];
        clamp((ns + period.offset).div_euclid(self.length) - period.ahead)
    }

    /// Returns the beginning of a step, clamped to 64 bits.
    pub(super) fn start(&self, number: i64) -> i64 {
        let began = |period: &Period| period.first < number || period.first == number && period.begins;
        let periods = self.periods.partition_point(began).max(1);
        let period = self.periods[periods - 1];
        if period.begins && period.first == number {
            return clamp(period.from);
        }
        clamp((i128::from(number) + period.ahead) * self.length - period.offset)
    }
}

fn nanoseconds(seconds: i32) -> i128 {
    i128::from(seconds) * 1_000_000_000
}

/// Clamps to 64 bits.
pub(super) fn clamp(ns: i128) -> i64 {
    ns.clamp(i128::from(i64::MIN), i128::from(i64::MAX)) as i64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HOUR: i64 = 3_600_000_000_000;

    fn steps(length: i64, zone: &str) -> ClockSteps {
        ClockSteps::new(length, 0, &TimeZone::get(zone).expect("a zone of the bundle"))
    }

    /// Returns the beginning and end of the step that contains a time.
    fn around(length: i64, zone: &str, time: &str) -> (String, String) {
        let steps = steps(length, zone);
        let time: Timestamp = time.parse().expect("the test's own time");
        let number = steps.number_of(time.as_nanosecond() as i64);
        let shown = |number| {
            let ns = i128::from(steps.start(number));
            let time = Timestamp::from_nanosecond(ns).expect("a time of the calendar");
            let zoned = time.to_zoned(TimeZone::get(zone).expect("a zone of the bundle"));
            zoned.strftime("%d %H:%M").to_string()
        };
        (shown(number), shown(number + 1))
    }

    #[test]
    fn steps_begin_at_multiples_on_the_clock() {
        for (length, zone, time, start, end) in [
            (HOUR, "Asia/Singapore", "2026-01-10T09:10:00Z", "10 17:00", "10 18:00"),
            (HOUR, "Asia/Kathmandu", "2026-01-10T09:00:00Z", "10 14:00", "10 15:00"),
            (6 * HOUR, "Europe/London", "2026-01-10T09:00:00Z", "10 06:00", "10 12:00"),
            (6 * HOUR, "Europe/Berlin", "2026-07-10T09:00:00Z", "10 06:00", "10 12:00"),
            // The clocks change from 2 to 3, and from 3 to 2.
            (6 * HOUR, "Europe/Berlin", "2026-03-29T02:00:00Z", "29 00:00", "29 06:00"),
            (2 * HOUR, "Europe/Berlin", "2026-03-29T01:00:00Z", "29 03:00", "29 04:00"),
            (6 * HOUR, "Europe/Berlin", "2026-10-25T02:00:00Z", "25 00:00", "25 06:00"),
            (2 * HOUR, "Europe/Berlin", "2026-10-25T00:30:00Z", "25 02:00", "25 04:00"),
            (HOUR, "Europe/Berlin", "2026-10-25T00:30:00Z", "25 02:00", "25 02:00"),
            (HOUR, "Europe/Berlin", "2026-10-25T01:30:00Z", "25 02:00", "25 03:00"),
            // Half an hour is repeated.
            (HOUR, "Australia/Lord_Howe", "2026-04-04T15:10:00Z", "05 01:00", "05 02:00"),
        ] {
            let found = around(length, zone, time);
            assert_eq!(found, (start.to_owned(), end.to_owned()), "{zone} {time}");
        }
    }

    proptest! {
        #[test]
        fn every_time_is_in_one_step(
            zone in prop::sample::select(vec![
                "UTC", "Europe/Berlin", "Australia/Lord_Howe", "Pacific/Apia", "Africa/Monrovia", "America/St_Johns",
            ]),
            minutes in 1i64..3000,
            seconds in -5_000_000_000i64..5_000_000_000,
        ) {
            let steps = steps(minutes * 60_000_000_000, zone);
            let ns = seconds * 1_000_000_000;
            let number = steps.number_of(ns);
            let (start, end) = (steps.start(number), steps.start(number + 1));
            prop_assert!(start <= ns && ns < end, "{start} {ns} {end}");
            prop_assert_eq!(steps.number_of(start), number);
            prop_assert_eq!(steps.number_of(start - 1), number - 1);
            prop_assert_eq!(steps.number_of(end), number + 1);
        }
    }
}
