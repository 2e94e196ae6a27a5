//! An axis: its range, and ticks at round numbers.

use super::cell::ChartKind;
use crate::data::format_duration;

/// A range with ticks.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::encode) struct ChartAxis {
    pub(in crate::encode) low: f64,
    pub(in crate::encode) high: f64,
    pub(in crate::encode) ticks: Vec<ChartTick>,
}

/// A labelled place of an axis.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::encode) struct ChartTick {
    pub(in crate::encode) at: f64,
    pub(in crate::encode) label: String,
}

/// The amounts of an axis.
#[derive(Clone, Copy, Debug)]
pub(in crate::encode) struct AxisUnit {
    /// Numbers or durations.
    pub(in crate::encode) kind: ChartKind,
    /// True if no amount has a fraction, so that no tick has one.
    pub(in crate::encode) is_whole: bool,
}

/// Nanoseconds of a second, a minute, an hour and a day.
pub(super) const SECOND: f64 = 1e9;
pub(super) const MINUTE: f64 = 60.0 * SECOND;
pub(super) const HOUR: f64 = 60.0 * MINUTE;
pub(super) const DAY: f64 = 24.0 * HOUR;

/// Round numbers of seconds and minutes, and of hours.
pub(super) const OF_SIXTY: [f64; 6] = [1.0, 2.0, 5.0, 10.0, 15.0, 30.0];
pub(super) const OF_HOURS: [f64; 5] = [1.0, 2.0, 3.0, 6.0, 12.0];

/// The letters of large numbers.
const LETTERS: [(f64, &str); 4] = [(1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")];

/// From this size on, numbers are shortened by a letter.
const LARGE: f64 = 1e4;

/// Sizes that are written with an exponent.
const HUGE: f64 = 1e16;
const TINY: f64 = 1e-4;

impl ChartAxis {
    /// Returns where a value is: 0 at the low end, 1 at the high end.
    pub(in crate::encode) fn share(&self, value: f64) -> f64 {
        // Halved, because the difference of two floats may be infinite.
        let share = (value / 2.0 - self.low / 2.0) / (self.high / 2.0 - self.low / 2.0);
        share.clamp(0.0, 1.0)
    }

    /// An axis of amounts that ends at ticks; zero is on it, unless all values are far from it. About `count` ticks.
    pub(in crate::encode) fn of_amounts(low: f64, high: f64, count: usize, unit: AxisUnit) -> ChartAxis {
        let (low, high) = with_zero(low, high);
        let (step, kind) = (step(low, high, count, unit), unit.kind);
        let first = (low / step).floor();
        let last = (high / step).ceil();
        let (from, to) = (first * step, last * step);
        if !from.is_finite() || !to.is_finite() {
            return ChartAxis { low, high, ticks: labelled(&[low, high], high / 2.0 - low / 2.0, kind) };
        }
        let places: Vec<f64> = (0..=(last - first) as usize).map(|index| (first + index as f64) * step).collect();
        ChartAxis { low: from, high: to, ticks: labelled(&places, step, kind) }
    }

    /// An axis of exactly this range, for x.
    pub(super) fn of_range(low: f64, high: f64, count: usize, unit: AxisUnit) -> ChartAxis {
        let kind = unit.kind;
        if low == high {
            return ChartAxis::around(low, labelled(&[low], low.abs().max(1.0), kind));
        }
        let step = step(low, high, count, unit);
        let (first, last) = ((low / step).ceil(), (high / step).floor());
        let count = (last - first).clamp(0.0, 1000.0) as usize;
        let places: Vec<f64> =
            (0..=count).map(|index| (first + index as f64) * step).filter(|at| (low..=high).contains(at)).collect();
        ChartAxis { low, high, ticks: labelled(&places, step, kind) }
    }

    /// An axis with one value in its middle.
    pub(super) fn around(value: f64, ticks: Vec<ChartTick>) -> ChartAxis {
        let half = (value.abs() * 1e-3).max(0.5);
        ChartAxis { low: value - half, high: value + half, ticks }
    }
}

/// Extends a range to zero, unless all values are at least half as far from zero as the farthest.
fn with_zero(low: f64, high: f64) -> (f64, f64) {
    let (low, high) = match low == high {
        true => (low.min(0.0), high.max(0.0)),
        false if low > 0.0 && low <= high / 2.0 => (0.0, high),
        false if high < 0.0 && high >= low / 2.0 => (low, 0.0),
        false => (low, high),
    };
    if low == high { (0.0, 1.0) } else { (low, high) }
}

/// Returns the distance of ticks: round, and about `count` of them fit.
fn step(low: f64, high: f64, count: usize, unit: AxisUnit) -> f64 {
    let count = count.max(1) as f64;
    let least = high / count - low / count;
    if unit.kind == ChartKind::Duration && least > SECOND / 2.0 {
        let steps = OF_SIXTY.map(|steps| steps * SECOND).into_iter().chain(OF_SIXTY.map(|steps| steps * MINUTE));
        let found = steps.chain(OF_HOURS.map(|steps| steps * HOUR)).find(|step| *step >= least);
        return found.unwrap_or_else(|| round_up(least / DAY) * DAY);
    }
    let step = round_up(least);
    if unit.is_whole { step.max(1.0) } else { step }
}

/// Rounds up to 1, 2 or 5 with zeros.
fn round_up(least: f64) -> f64 {
    let power = 10f64.powf(least.log10().floor());
    if power == 0.0 {
        return least.max(f64::MIN_POSITIVE);
    }
    let steps = [1.0, 2.0, 5.0, 10.0];
    let found = steps.into_iter().find(|step| step * power >= least * (1.0 - 1e-9));
    found.unwrap_or(10.0) * power
}

/// Labels places that are `step` apart.
fn labelled(places: &[f64], step: f64, kind: ChartKind) -> Vec<ChartTick> {
    let most = places.iter().fold(0.0, |most: f64, place| most.max(place.abs()));
    let label = |at: f64| match kind {
        ChartKind::Duration => {
            let mut text = String::new();
            format_duration(at.round() as i64, &mut text);
            text
        }
        _ => number_label(at, most, step),
    };
    places.iter().map(|at| ChartTick { at: *at, label: label(*at) }).collect()
}

/// Writes a number of an axis with numbers up to `most` that are `step` apart: `950`, `1.2M`, `0.05`, `2e-9`.
fn number_label(number: f64, most: f64, step: f64) -> String {
    if number == 0.0 {
        return "0".to_owned();
    }
    if !(TINY..HUGE).contains(&most) {
        let digits = (number.abs().log10().floor() - step.log10().floor()).clamp(0.0, 15.0) as usize;
        let text = format!("{number:.digits$e}");
        return match text.split_once('e') {
            Some((digits, power)) if digits.contains('.') => {
                format!("{}e{power}", digits.trim_end_matches('0').trim_end_matches('.'))
            }
            _ => text,
        };
    }
    let letter = LETTERS.iter().find(|(size, _)| most >= LARGE && most >= *size);
    let (size, letter) = letter.copied().unwrap_or((1.0, ""));
    let decimals = (-(step / size * (1.0 + 1e-9)).log10().floor()).clamp(0.0, 15.0) as usize;
    format!("{:.decimals$}{letter}", number / size)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRACTIONS: AxisUnit = AxisUnit { kind: ChartKind::Number, is_whole: false };

    fn labels(low: f64, high: f64, count: usize) -> String {
        let axis = ChartAxis::of_amounts(low, high, count, FRACTIONS);
        axis.ticks.iter().map(|tick| tick.label.as_str()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn round_numbers() {
        assert_eq!(labels(3.0, 97.0, 5), "0 20 40 60 80 100");
        assert_eq!(labels(95.0, 104.0, 5), "94 96 98 100 102 104");
        assert_eq!(labels(0.0, 1_230_000.0, 4), "0 0.5M 1.0M 1.5M");
        assert_eq!(labels(0.0, 9000.0, 4), "0 5k 10k");
        assert_eq!(labels(-0.02, 0.03, 5), "-0.02 -0.01 0 0.01 0.02 0.03");
        assert_eq!(labels(-7.0, -3.0, 4), "-8 -6 -4 -2 0");
        assert_eq!(labels(0.0, 2.5e-9, 3), "0 1e-9 2e-9 3e-9");
        assert_eq!(labels(0.0, 1e300, 2), "0 5e299 1e300");
    }

    #[test]
    fn equal_values_and_the_largest_range() {
        assert_eq!(labels(0.0, 0.0, 2), "0 0.5 1.0");
        assert_eq!(labels(5.0, 5.0, 2), "0 5");
        let axis = ChartAxis::of_amounts(0.0, 1.0, 5, AxisUnit { is_whole: true, ..FRACTIONS });
        assert_eq!(axis.ticks.len(), 2);
        assert_eq!(labels(-5.0, -5.0, 1), "-5 0");
        let axis = ChartAxis::of_amounts(f64::MIN, f64::MAX, 4, FRACTIONS);
        assert!(axis.ticks.iter().all(|tick| tick.at.is_finite()), "{axis:?}");
        assert_eq!(axis.share(0.0), 0.5);
        let axis = ChartAxis::of_amounts(0.0, 5e-324, 4, FRACTIONS);
        assert!(axis.ticks.len() < 10 && axis.high > 0.0, "{axis:?}");
    }

    #[test]
    fn durations() {
        let labels = |high: f64| {
            let axis = ChartAxis::of_amounts(0.0, high, 4, AxisUnit { kind: ChartKind::Duration, is_whole: true });
            axis.ticks.iter().map(|tick| tick.label.clone()).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(labels(0.9 * SECOND), "0s 500ms 1s");
        assert_eq!(labels(100.0 * SECOND), "0s 30s 1m 1m30s 2m");
        assert_eq!(labels(20.0 * HOUR), "0s 6h 12h 18h 1d");
    }

    #[test]
    fn x_has_its_own_range() {
        let axis = ChartAxis::of_range(3.0, 27.0, 5, FRACTIONS);
        assert_eq!((axis.low, axis.high), (3.0, 27.0));
        assert_eq!(axis.ticks.iter().map(|tick| tick.at).collect::<Vec<_>>(), [5.0, 10.0, 15.0, 20.0, 25.0]);
        assert_eq!(ChartAxis::of_range(7.0, 7.0, 5, FRACTIONS).share(7.0), 0.5);
    }
}
