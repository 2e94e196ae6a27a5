//! An axis of times: ticks at round times of the zone.

use super::axis::{ChartAxis, ChartTick, DAY, HOUR, MINUTE, OF_HOURS, OF_SIXTY, SECOND};
use crate::data::{TimeSteps, ValueRef, date_of, ns_of_day, time_defaults, write_text};

/// Months between ticks.
const OF_MONTHS: [i64; 11] = [1, 2, 3, 6, 12, 24, 60, 120, 240, 600, 1200];

/// Nanoseconds of the shortest month.
const MONTH: f64 = 28.0 * DAY;

/// The distance of ticks.
#[derive(Clone, Copy, Debug, PartialEq)]
enum TimeStep {
    Nanoseconds(f64),
    Months(i64),
}

impl TimeStep {
    /// The shortest distance.
    fn least(self) -> f64 {
        match self {
            TimeStep::Nanoseconds(length) => length,
            TimeStep::Months(months) => months as f64 * MONTH,
        }
    }

    /// Characters of a label.
    fn width(self) -> usize {
        match self {
            TimeStep::Nanoseconds(length) if length < SECOND => 9 + decimals(length),
            TimeStep::Nanoseconds(length) if length < MINUTE => 8,
            TimeStep::Nanoseconds(_) => 5,
            TimeStep::Months(months) => {
                if months < 12 {
                    7
                } else {
                    4
                }
            }
        }
    }

    /// The label of a time.
    fn label(self, ns: i64) -> String {
        let (year, month, day) = date_of(ns);
        let of_day = ns_of_day(ns);
        let second = of_day / 1_000_000_000;
        let (hour, minute) = (second / 3600, second / 60 % 60);
        match self {
            TimeStep::Months(months) if months < 12 => format!("{year:04}-{month:02}"),
            TimeStep::Months(_) => format!("{year:04}"),
            TimeStep::Nanoseconds(length) if length < SECOND => {
                let fraction = format!("{:09}", of_day % 1_000_000_000);
                format!("{hour:02}:{minute:02}:{:02}.{}", second % 60, &fraction[..decimals(length)])
            }
            TimeStep::Nanoseconds(length) if length < MINUTE => format!("{hour:02}:{minute:02}:{:02}", second % 60),
            TimeStep::Nanoseconds(length) if length < DAY && of_day > 0 => format!("{hour:02}:{minute:02}"),
            TimeStep::Nanoseconds(_) => format!("{month:02}-{day:02}"),
        }
    }
}

/// Digits of a fraction of a second.
fn decimals(length: f64) -> usize {
    if length >= 1e6 {
        3
    } else if length >= 1e3 {
        6
    } else {
        9
    }
}

/// Makes an axis of times, counted from `origin`, whose labels fit into `width` characters.
pub(super) fn time_axis(origin: i64, low: f64, high: f64, width: usize) -> ChartAxis {
    let ns = |at: f64| time_at(origin, at);
    let tick =
        |ns: i64, step: TimeStep| ChartTick { at: (i128::from(ns) - i128::from(origin)) as f64, label: step.label(ns) };
    if low == high {
        let has_seconds = ns_of_day(ns(low)) % (MINUTE as i64) != 0;
        let step = TimeStep::Nanoseconds(if has_seconds { SECOND } else { MINUTE });
        return ChartAxis { low: low - SECOND, high: high + SECOND, ticks: vec![tick(ns(low), step)] };
    }
    let step = step(high - low, width);
    let times = match step {
        TimeStep::Nanoseconds(length) => round_times(ns(low), ns(high), length as i64),
        TimeStep::Months(months) => first_days(ns(low), ns(high), months),
    };
    ChartAxis { low, high, ticks: times.into_iter().map(|ns| tick(ns, step)).collect() }
}

/// Returns a time counted from `origin`. The distance of two times may be larger than 64 bits.
fn time_at(origin: i64, at: f64) -> i64 {
    let ns = i128::from(origin) + at as i128;
    ns.clamp(i128::from(i64::MIN), i128::from(i64::MAX)) as i64
}

/// Returns the shortest step whose labels fit.
fn step(span: f64, width: usize) -> TimeStep {
    let fits = |step: &TimeStep| ((span / step.least()).floor() + 1.0) * (step.width() + 2) as f64 <= width as f64;
    let fractions = (0..9).flat_map(|power| [1.0, 2.0, 5.0].map(|step| step * 10f64.powi(power)));
    let seconds = OF_SIXTY.map(|step| step * SECOND).into_iter().chain(OF_SIXTY.map(|step| step * MINUTE));
    let hours = OF_HOURS.map(|step| step * HOUR).into_iter().chain([1.0, 2.0, 7.0, 14.0].map(|step| step * DAY));
    let lengths = fractions.chain(seconds).chain(hours).map(TimeStep::Nanoseconds);
    let found = lengths.chain(OF_MONTHS.map(TimeStep::Months)).find(fits);
    found.unwrap_or(TimeStep::Months(OF_MONTHS[OF_MONTHS.len() - 1]))
}

/// Returns the multiples of a length within a range, as the clocks of the zone show them.
fn round_times(low: i64, high: i64, length: i64) -> Vec<i64> {
    let steps = TimeSteps::new(length, &time_defaults().zone);
    let numbers = steps.number_of(low)..=steps.number_of(high);
    numbers.map(|number| steps.start(number)).filter(|start| (low..=high).contains(start)).collect()
}

/// Returns the first days of months within a range.
fn first_days(low: i64, high: i64, months: i64) -> Vec<i64> {
    let days = round_times(low, high, DAY as i64);
    let is_first = |ns: &i64| {
        let (year, month, day) = date_of(*ns);
        day == 1 && (year * 12 + month - 1) % months == 0
    };
    days.into_iter().filter(is_first).collect()
}

/// Returns the days of a range, and the zone: `2026-03-01 – 2026-03-03 UTC`.
pub(super) fn days(origin: i64, low: f64, high: f64) -> String {
    let text = |at: f64| {
        let mut text = Vec::new();
        write_text(ValueRef::Time(time_at(origin, at)), &mut text);
        String::from_utf8_lossy(&text).into_owned()
    };
    let (first, last) = (text(low), text(high));
    let day = |text: &str| text.split('T').next().unwrap_or_default().to_owned();
    let zone = |text: &str| {
        let clock = text.split_once('T').map_or("", |(_, clock)| clock);
        let offset = clock.find(['+', '-']).map(|at| &clock[at..]);
        offset.unwrap_or("UTC").to_owned()
    };
    match (day(&first), day(&last)) {
        (first_day, last_day) if first_day == last_day => format!("{first_day} {}", zone(&first)),
        (first_day, last_day) => format!("{first_day} – {last_day} {}", zone(&last)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::parse_time;

    fn labels(low: &str, high: &str, width: usize) -> String {
        let ns = |text: &str| parse_time(text.as_bytes()).expect("a time");
        let (low, high) = (ns(low), ns(high));
        let axis = time_axis(low, 0.0, (i128::from(high) - i128::from(low)) as f64, width);
        axis.ticks.iter().map(|tick| tick.label.as_str()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn steps_grow_with_the_range() {
        assert_eq!(
            labels("2026-03-01T10:00:00Z", "2026-03-01T10:00:00.004Z", 70),
            "10:00:00.000 10:00:00.001 10:00:00.002 10:00:00.003 10:00:00.004"
        );
        assert_eq!(labels("2026-03-01T10:00:03Z", "2026-03-01T10:00:59Z", 40), "10:00:15 10:00:30 10:00:45");
        assert_eq!(labels("2026-03-01T10:00:03Z", "2026-03-01T11:03:00Z", 40), "10:15 10:30 10:45 11:00");
        assert_eq!(labels("2026-03-01T18:00:00Z", "2026-03-02T07:00:00Z", 40), "18:00 21:00 03-02 03:00 06:00");
        assert_eq!(labels("2026-03-01T18:00:00Z", "2026-03-05T07:00:00Z", 40), "03-02 03-03 03-04 03-05");
        assert_eq!(
            labels("2025-11-20T18:00:00Z", "2026-05-05T07:00:00Z", 80),
            "2025-12 2026-01 2026-02 2026-03 2026-04 2026-05"
        );
        assert_eq!(labels("1999-11-20T18:00:00Z", "2026-05-05T07:00:00Z", 50), "2000 2005 2010 2015 2020 2025");
        assert_eq!(labels("1700-01-01T00:00:00Z", "2260-01-01T00:00:00Z", 20), "1700 1800 1900 2000 2100 2200");
    }

    #[test]
    fn one_time() {
        assert_eq!(labels("2026-03-01T10:00:00Z", "2026-03-01T10:00:00Z", 70), "10:00");
        assert_eq!(labels("2026-03-01T10:00:07Z", "2026-03-01T10:00:07Z", 70), "10:00:07");
    }
}
