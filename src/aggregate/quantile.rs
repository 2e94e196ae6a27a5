//! `p50(x)` … `p99.9(x)`: percentiles by nearest rank, and the states that `median` and `percentile` share.
//!
//! A group keeps its values up to [`EXACT_VALUES`]; beyond that it counts them in a [`LogHistogram`], whose answers
//! are within 0.4 %. The method depends on the number of values alone, and the result on the values alone, so both
//! are the same for any split of the input.

use super::accumulator::{AccumulatorState, AggregateSettings, Finish, PerGroup, number};
use super::log_histogram::LogHistogram;
use super::{Accumulator, AggregateDef, ArgumentKind, Constant};
use crate::data::persist::{Persist, StateError, StateReader};
use crate::data::{Entry, Example, HeapBytes, Number, Position, Value, ValueRef, buffer_bytes, compare_numbers};

pub(super) const P50: AggregateDef = AggregateDef {
    entry: Entry {
        name: "p50",
        usage: "p50(x), p99(x), p99.9(x), …",
        summary: "A percentile of numbers: `p` and any number from 0 to 100.",
        details: "The value of nearest rank: the smallest one that at least this percentage of the values does not \
                  exceed. Exact up to 4096 values per group, beyond that within 0.5 % of the value and the same on \
                  every run; `--exact` keeps all values. Null if there are no values.",
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

/// The values of a group.
#[derive(Clone, Debug)]
enum GroupValues {
    /// All values.
    Exact { ints: Vec<i64>, floats: Vec<f64> },
    /// Counted in buckets.
    Many(Box<LogHistogram>),
}

impl Default for GroupValues {
    fn default() -> Self {
        GroupValues::Exact { ints: Vec::new(), floats: Vec::new() }
    }
}

impl AccumulatorState for GroupValues {
    /// Maximum number of values that are kept exactly.
    type Shared = usize;

    #[inline(always)]
    fn update(&mut self, limit: &usize, value: ValueRef<'_>, _position: Position) -> Result<(), &'static str> {
        let Some(number) = number(value)? else {
            return Ok(());
        };
        match self {
            GroupValues::Exact { ints, floats } => {
                match number {
                    Number::Int(value) => ints.push(value),
                    Number::Float(value) => floats.push(value),
                }
                if ints.len() + floats.len() > *limit {
                    self.count();
                }
            }
            GroupValues::Many(histogram) => histogram.add(number),
        }
        Ok(())
    }

    fn merge(&mut self, limit: &usize, other: &Self) {
        match (&mut *self, other) {
            (GroupValues::Exact { ints, floats }, GroupValues::Exact { ints: more_ints, floats: more_floats }) => {
                ints.extend_from_slice(more_ints);
                floats.extend_from_slice(more_floats);
                if ints.len() + floats.len() > *limit {
                    self.count();
                }
            }
            (GroupValues::Many(own), GroupValues::Many(other)) => own.merge(other),
            (GroupValues::Exact { .. }, GroupValues::Many(other)) => {
                let kept = std::mem::replace(self, GroupValues::Many(other.clone()));
                kept.add_to(self);
            }
            (GroupValues::Many(_), other) => other.add_to(self),
        }
    }

    fn finish(&self, _limit: &usize, finish: &Finish) -> Value {
        match self {
            GroupValues::Exact { ints, floats } => {
                let count = ints.len() + floats.len();
                if count == 0 {
                    return Value::Null;
                }
                let rank = nearest_rank(finish.constant, count as u64);
                at_rank(ints, floats, rank as usize - 1).into()
            }
            GroupValues::Many(histogram) => histogram.at_rank(nearest_rank(finish.constant, histogram.count())).into(),
        }
    }

    /// The values in their order, or the counts.
    fn save(&self, _limit: &usize, out: &mut Vec<u8>) {
        match self {
            GroupValues::Exact { ints, floats } => {
                let (mut ints, mut floats) = (ints.clone(), floats.clone());
                ints.sort_unstable();
                floats.sort_unstable_by(f64::total_cmp);
                false.save(out);
                ints.save(out);
                floats.save(out);
            }
            GroupValues::Many(histogram) => {
                true.save(out);
                histogram.save(out);
            }
        }
    }

    fn load(limit: &usize, input: &mut StateReader<'_>) -> Result<Self, StateError> {
        if bool::load(input)? {
            let histogram = LogHistogram::load(input)?;
            let is_large = *limit < usize::MAX && histogram.count() > *limit as u64;
            return if is_large { Ok(GroupValues::Many(Box::new(histogram))) } else { Err(StateError::Damaged) };
        }
        let count = input.length(size_of::<i64>())?;
        let ints = input.block(count, i64::from_le_bytes)?;
        let count = input.length(size_of::<f64>())?;
        let floats = input.block(count, f64::from_le_bytes)?;
        let are_ordered = ints.is_sorted() && floats.is_sorted_by(|left, right| left.total_cmp(right).is_le());
        if are_ordered && ints.len() + floats.len() <= *limit && floats.iter().all(|number| number.is_finite()) {
            Ok(GroupValues::Exact { ints, floats })
        } else {
            Err(StateError::Damaged)
        }
    }
}

impl HeapBytes for GroupValues {
    fn heap_bytes(&self) -> usize {
        match self {
            GroupValues::Exact { ints, floats } => buffer_bytes(ints) + buffer_bytes(floats),
            GroupValues::Many(histogram) => histogram.heap_bytes(),
        }
    }
}

impl GroupValues {
    /// Switches to counting in buckets.
    #[cold]
    fn count(&mut self) {
        let kept = std::mem::take(self);
        kept.add_to(self);
    }

    /// Adds the exact values to a histogram, which begins with the first of them if `target` has none.
    fn add_to(&self, target: &mut GroupValues) {
        let GroupValues::Exact { ints, floats } = self else {
            return;
        };
        let ints = ints.iter().map(|&value| Number::Int(value));
        let floats = floats.iter().map(|&value| Number::Float(value));
        for number in ints.chain(floats) {
            match target {
                GroupValues::Many(histogram) => histogram.add(number),
                GroupValues::Exact { .. } => {
                    *target = GroupValues::Many(Box::new(LogHistogram::of(number)));
                }
            }
        }
    }
}

/// Returns the smallest rank, from 1, that is at least `percent` of `count`. Nine decimals of the percentage count.
fn nearest_rank(percent: f64, count: u64) -> u64 {
    const ONE: u128 = 1_000_000_000;
    let billionths = (percent * ONE as f64).round() as u128;
    let rank = (billionths * u128::from(count)).div_ceil(100 * ONE) as u64;
    rank.clamp(1, count)
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
    fn names() {
        assert_eq!(percent_of_name("p99.9"), Some(99.9));
        assert_eq!(percent_of_name("p0"), Some(0.0));
        assert_eq!(percent_of_name("p101"), Some(101.0));
        for name in ["p", "p.5", "p5.", "p1.2.3", "p1e2", "pinf", "q50", "p-1", "p+1"] {
            assert_eq!(percent_of_name(name), None, "{name}");
        }
    }
}
