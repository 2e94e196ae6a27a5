//! `p50(x)` … `p99.9(x)`: percentiles by nearest rank, and the states that they share with `percentile`, `median` and
//! `percentile_cont`.
//!
//! A group keeps its values up to [`EXACT_VALUES`]; beyond that it counts them in a [`LogHistogram`], whose answers
//! are within 0.4 %. The method depends on the number of values alone, and the result on the values alone, so both
//! are the same for any split of the input.

use super::accumulator::{AccumulatorState, AggregateSettings, Finish, PerGroup};
use super::log_histogram::LogHistogram;
use super::summand::{duration, null_reason, number_or_duration};
use super::{Accumulator, AggregateDef, ArgumentKind, Constant};
use crate::data::persist::{Persist, StateError, StateReader};
use crate::data::{Entry, Example, HeapBytes, Number, Position, Value, ValueRef, buffer_bytes, compare_numbers};
use crate::expr::NullReason;

pub(super) const P50: AggregateDef = AggregateDef {
    entry: Entry {
        name: "p50",
        usage: "p50(x), p99(x), p99.9(x), …",
        summary: "A percentile of numbers: `p` and any number from 0 to 100.",
        details: "The value of nearest rank: the smallest one that at least this percentage of the values does not \
                  exceed. Exact up to 4096 values per group, beyond that within 0.5 % of the value and the same on \
                  every run; `--exact` keeps all values. Those of durations are durations. Null if there are no values.",
        examples: &[
            Example { expr: "split | p50(word), p99.9(word)", input: "15 20 35 40 50\n", output: "35\t50\n" },
            Example {
                expr: "split | p25(word) as low, p75(word) as high by word < 10 as small",
                input: "1 2 3 4 11 12 13 14\n",
                output: "false\t11\t13\ntrue\t1\t3\n",
            },
        ],
    },
    argument: ArgumentKind::NumberNamed(Q, percent_of_name),
    shares_states: Some(STATES),
    accumulator,
    ..AggregateDef::DEFAULT
};

/// Percentiles of one argument are read from the same states.
pub(super) const STATES: &str = "values";

/// The percentage, as a constant.
pub(super) const Q: Constant =
    Constant { name: "q", expected: "a number from 0 to 100", fits: |q| (0.0..=100.0).contains(&q), default: None };

/// Creates the accumulator, without groups.
pub(super) fn accumulator(settings: &AggregateSettings) -> Box<dyn Accumulator> {
    let limit = if settings.exact { usize::MAX } else { EXACT_VALUES };
    PerGroup::<GroupValues>::boxed(settings, limit)
}

/// Up to this many values of a group are kept exactly.
pub(super) const EXACT_VALUES: usize = 4096;

/// 99.9 of `p99.9`.
fn percent_of_name(name: &str) -> Option<f64> {
    let digits = name.strip_prefix('p')?;
    let is_number = digits.split('.').count() <= 2
        && digits.split('.').all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()));
    digits.parse().ok().filter(|_| is_number)
}

/// The first byte of a saved state.
const EXACT: u8 = 0;
const MANY: u8 = 1;
const HAS_DURATIONS: u8 = 2;

/// The values of a group; durations are ints of nanoseconds.
#[derive(Clone, Debug, Default)]
struct GroupValues {
    numbers: GroupNumbers,
    /// The number of durations: all values or none, or there is no result.
    durations: u64,
}

/// The numbers of a group.
#[derive(Clone, Debug)]
enum GroupNumbers {
    /// All numbers.
    Exact { ints: Vec<i64>, floats: Vec<f64> },
    /// Counted in buckets.
    Many(Box<LogHistogram>),
}

impl Default for GroupNumbers {
    fn default() -> Self {
        GroupNumbers::Exact { ints: Vec::new(), floats: Vec::new() }
    }
}

impl AccumulatorState for GroupValues {
    /// Maximum number of values that are kept exactly.
    type Shared = usize;

    #[inline(always)]
    fn update(&mut self, limit: &usize, value: ValueRef<'_>, _position: Position) -> Result<(), &'static str> {
        let Some((number, is_duration)) = number_or_duration(value)? else {
            return Ok(());
        };
        self.durations += u64::from(is_duration);
        match &mut self.numbers {
            GroupNumbers::Exact { ints, floats } => {
                match number {
                    Number::Int(value) => ints.push(value),
                    Number::Float(value) => floats.push(value),
                }
                if ints.len() + floats.len() > *limit {
                    self.numbers.count_in_buckets();
                }
            }
            GroupNumbers::Many(histogram) => histogram.add(number),
        }
        Ok(())
    }

    fn merge(&mut self, limit: &usize, other: &Self) {
        self.durations += other.durations;
        self.numbers.merge(*limit, &other.numbers);
    }

    fn finish(&self, _limit: &usize, finish: &Finish) -> Value {
        let count = self.numbers.count();
        if count == 0 || 0 < self.durations && self.durations < count {
            return Value::Null;
        }
        let result = match finish.interpolates {
            false => self.numbers.at_rank(nearest_rank(finish.constant, count)).into(),
            true => self.interpolated(finish.constant, count),
        };
        match result {
            Value::Int(ns) if self.durations > 0 => Value::Duration(ns),
            Value::Float(ns) if self.durations > 0 => duration(ns.round() as i128),
            result => result,
        }
    }

    fn null_reason(&self) -> Option<NullReason> {
        let count = self.numbers.count();
        (count > 0).then(|| null_reason(count, self.durations))
    }

    /// The values in their order, or the counts.
    fn save(&self, _limit: &usize, out: &mut Vec<u8>) {
        let flags = if self.durations > 0 { HAS_DURATIONS } else { 0 };
        match &self.numbers {
            GroupNumbers::Exact { ints, floats } => {
                let (mut ints, mut floats) = (ints.clone(), floats.clone());
                ints.sort_unstable();
                floats.sort_unstable_by(f64::total_cmp);
                (flags | EXACT).save(out);
                self.save_durations(out);
                ints.save(out);
                floats.save(out);
            }
            GroupNumbers::Many(histogram) => {
                (flags | MANY).save(out);
                self.save_durations(out);
                histogram.save(out);
            }
        }
    }

    fn load(limit: &usize, input: &mut StateReader<'_>) -> Result<Self, StateError> {
        let kind = u8::load(input)?;
        let durations = if kind & HAS_DURATIONS == 0 { 0 } else { input.count()? };
        let numbers = GroupNumbers::load(kind & !HAS_DURATIONS, *limit, input)?;
        if kind & HAS_DURATIONS != 0 && durations == 0 {
            return Err(StateError::Damaged);
        }
        if durations <= numbers.count() { Ok(GroupValues { numbers, durations }) } else { Err(StateError::Damaged) }
    }
}

impl HeapBytes for GroupValues {
    fn heap_bytes(&self) -> usize {
        match &self.numbers {
            GroupNumbers::Exact { ints, floats } => buffer_bytes(ints) + buffer_bytes(floats),
            GroupNumbers::Many(histogram) => histogram.heap_bytes(),
        }
    }
}

impl GroupValues {
    /// Saves the number of durations, if there are any: states of earlier versions have none.
    fn save_durations(&self, out: &mut Vec<u8>) {
        if self.durations > 0 {
            self.durations.save(out);
        }
    }

    /// Returns the value at this percentage of the way from the first to the last.
    fn interpolated(&self, percent: f64, count: u64) -> Value {
        let (index, share) = place(percent, count);
        let low = self.numbers.at_rank(index + 1);
        match share {
            None => low.into(),
            Some(share) => between(low, self.numbers.at_rank(index + 2), share),
        }
    }
}

impl GroupNumbers {
    /// Reads the values in their order, or the counts.
    fn load(kind: u8, limit: usize, input: &mut StateReader<'_>) -> Result<Self, StateError> {
        if kind > MANY {
            return Err(StateError::Damaged);
        }
        if kind == MANY {
            let histogram = LogHistogram::load(input)?;
            let is_large = limit < usize::MAX && histogram.count() > limit as u64;
            return if is_large { Ok(GroupNumbers::Many(Box::new(histogram))) } else { Err(StateError::Damaged) };
        }
        let count = input.length(size_of::<i64>())?;
        let ints = input.block(count, i64::from_le_bytes)?;
        let count = input.length(size_of::<f64>())?;
        let floats = input.block(count, f64::from_le_bytes)?;
        let are_ordered = ints.is_sorted() && floats.is_sorted_by(|left, right| left.total_cmp(right).is_le());
        if are_ordered && ints.len() + floats.len() <= limit && floats.iter().all(|number| number.is_finite()) {
            Ok(GroupNumbers::Exact { ints, floats })
        } else {
            Err(StateError::Damaged)
        }
    }

    /// Number of values.
    fn count(&self) -> u64 {
        match self {
            GroupNumbers::Exact { ints, floats } => (ints.len() + floats.len()) as u64,
            GroupNumbers::Many(histogram) => histogram.count(),
        }
    }

    /// Returns the value of a rank, from 1.
    fn at_rank(&self, rank: u64) -> Number {
        match self {
            GroupNumbers::Exact { ints, floats } => at_rank(ints, floats, rank as usize - 1),
            GroupNumbers::Many(histogram) => histogram.at_rank(rank),
        }
    }

    fn merge(&mut self, limit: usize, other: &Self) {
        match (&mut *self, other) {
            (GroupNumbers::Exact { ints, floats }, GroupNumbers::Exact { ints: more_ints, floats: more_floats }) => {
                ints.extend_from_slice(more_ints);
                floats.extend_from_slice(more_floats);
                if ints.len() + floats.len() > limit {
                    self.count_in_buckets();
                }
            }
            (GroupNumbers::Many(own), GroupNumbers::Many(other)) => own.merge(other),
            (GroupNumbers::Exact { .. }, GroupNumbers::Many(other)) => {
                let kept = std::mem::replace(self, GroupNumbers::Many(other.clone()));
                kept.add_to(self);
            }
            (GroupNumbers::Many(_), other) => other.add_to(self),
        }
    }

    /// Switches to counting in buckets.
    #[cold]
    fn count_in_buckets(&mut self) {
        let kept = std::mem::take(self);
        kept.add_to(self);
    }

    /// Adds the exact values to a histogram, which begins with the first of them if `target` has none.
    fn add_to(&self, target: &mut GroupNumbers) {
        let GroupNumbers::Exact { ints, floats } = self else {
            return;
        };
        let ints = ints.iter().map(|&value| Number::Int(value));
        let floats = floats.iter().map(|&value| Number::Float(value));
        for number in ints.chain(floats) {
            match target {
                GroupNumbers::Many(histogram) => histogram.add(number),
                GroupNumbers::Exact { .. } => {
                    *target = GroupNumbers::Many(Box::new(LogHistogram::of(number)));
                }
            }
        }
    }
}

/// A percentage counts with nine decimals.
const ONE_PERCENT: u128 = 1_000_000_000;

fn billionths(percent: f64) -> u128 {
    (percent * ONE_PERCENT as f64).round() as u128
}

/// Returns the smallest rank, from 1, that is at least `percent` of `count`.
fn nearest_rank(percent: f64, count: u64) -> u64 {
    let rank = (billionths(percent) * u128::from(count)).div_ceil(100 * ONE_PERCENT) as u64;
    rank.clamp(1, count)
}

/// A share of the way from one value to the next, above 0 and below 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Share {
    part: u64,
    whole: u64,
}

/// Returns the index, from 0, of the value at this percentage of the way from the first to the last value, and the
/// share of the way from it to the next value.
fn place(percent: f64, count: u64) -> (u64, Option<Share>) {
    let whole = 100 * ONE_PERCENT;
    let way = billionths(percent) * u128::from(count.saturating_sub(1));
    let part = (way % whole) as u64;
    ((way / whole) as u64, (part > 0).then_some(Share { part, whole: whole as u64 }))
}

/// Returns the number at a share of the way between two, rounded once for ints.
fn between(low: Number, high: Number, Share { part, whole }: Share) -> Value {
    let is_middle = part * 2 == whole;
    if let (Number::Int(low), Number::Int(high)) = (low, high) {
        let way = (i128::from(high) - i128::from(low)) * i128::from(part);
        let (steps, rest) = (way / i128::from(whole), way % i128::from(whole));
        let floor = i128::from(low) + steps;
        return match rest {
            0 => i64::try_from(floor).map_or(Value::Null, Value::Int), // between two ints
            rest => Value::float(floor as f64 + rest as f64 / whole as f64),
        };
    }
    let (low, high) = (low.to_f64(), high.to_f64());
    let share = part as f64 / whole as f64;
    let sum = low + high;
    Value::float(match (is_middle, (high - low).is_finite()) {
        (true, _) if sum.is_finite() => sum / 2.0,
        (_, true) => low + (high - low) * share,
        (_, false) => low * (1.0 - share) + high * share,
    })
}

/// Returns the value at an index of all values in order.
fn at_rank(ints: &[i64], floats: &[f64], index: usize) -> Number {
    if floats.is_empty() {
        let mut ints = ints.to_vec();
        return Number::Int(*ints.select_nth_unstable(index).1);
    }
    if ints.is_empty() {
        let mut floats = floats.to_vec();
        return Number::Float(*floats.select_nth_unstable_by(index, f64::total_cmp).1);
    }
    let mut numbers: Vec<Number> = ints.iter().map(|&value| Number::Int(value)).collect();
    numbers.extend(floats.iter().map(|&value| Number::Float(value)));
    // An int sorts before an equal float, so that the result does not depend on the order of arrival.
    let order = |left: &Number, right: &Number| {
        compare_numbers(*left, *right).then(matches!(left, Number::Float(_)).cmp(&matches!(right, Number::Float(_))))
    };
    *numbers.select_nth_unstable_by(index, order).1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_are_exact() {
        for (percent, count, rank) in [
            (50.0, 5, 3),
            (50.0, 4, 2),
            (0.0, 10, 1),
            (100.0, 10, 10),
            (99.9, 1000, 999),
            (99.9, 1001, 1000),
            (99.99, 10_000, 9999),
            (30.0, 10, 3),
            (7.0, 100, 7),
            (0.1, 3_000_000_000_000, 3_000_000_000),
        ] {
            assert_eq!(nearest_rank(percent, count), rank, "p{percent} of {count}");
        }
    }

    #[test]
    fn numbers_between_two() {
        let middle = Share { part: 1, whole: 2 };
        for (low, high, expected) in [
            (Number::Int(1), Number::Int(2), Value::Float(1.5)),
            (Number::Int(1), Number::Int(3), Value::Int(2)),
            (Number::Int(-1), Number::Int(2), Value::Float(0.5)),
            (Number::Int(i64::MIN), Number::Int(i64::MAX), Value::Float(-0.5)),
            (Number::Int(i64::MAX - 2), Number::Int(i64::MAX), Value::Int(i64::MAX - 1)),
            (Number::Float(-f64::MAX), Number::Float(f64::MAX), Value::Float(0.0)),
            (Number::Float(f64::MAX), Number::Float(f64::MAX), Value::Float(f64::MAX)),
            (Number::Int(1), Number::Float(1.5), Value::Float(1.25)),
        ] {
            assert_eq!(between(low, high, middle), expected, "{low:?} {high:?}");
        }
        assert_eq!(between(Number::Int(0), Number::Int(10), Share { part: 3, whole: 4 }), Value::Float(7.5));
    }

    #[test]
    fn places_between_the_first_and_the_last() {
        let share = |part: u64, whole: u64| Some((part, whole));
        for (percent, count, index, expected) in [
            (50.0, 4, 1, share(1, 2)),
            (50.0, 3, 1, None),
            (0.0, 9, 0, None),
            (100.0, 9, 8, None),
            (25.0, 4, 0, share(3, 4)),
            (99.9, 1001, 999, None),
            (50.0, 1, 0, None),
        ] {
            let (found, found_share) = place(percent, count);
            let is_same =
                |(part, whole): (u64, u64)| found_share.is_some_and(|found| found.part * whole == part * found.whole);
            assert_eq!(found, index, "p{percent} of {count}");
            assert!(expected.map_or(found_share.is_none(), is_same), "p{percent} of {count}: {found_share:?}");
        }
    }

    #[test]
    fn names() {
        assert_eq!(percent_of_name("p99.9"), Some(99.9));
        assert_eq!(percent_of_name("p0"), Some(0.0));
        assert_eq!(percent_of_name("p101"), Some(101.0));
        for name in ["p", "p.5", "p5.", "p1.2.3", "p1e2", "pinf", "q50", "p-1", "p+1"] {
            assert_eq!(percent_of_name(name), None, "{name}");
        }
    }
}
