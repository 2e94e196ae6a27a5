//! Counts of numbers in buckets whose width is proportional to the number, from which percentiles of many values are
//! read.
//!
//! A DDSketch (C. Masson, J. E. Rim, H. K. Lee, *DDSketch: A Fast and Fully-Mergeable Quantile Sketch with
//! Relative-Error Guarantees*, VLDB 2019): the bucket of a number depends on the number alone, so the counts are the
//! same for any split of the input. The buckets are those of HdrHistogram, which the paper calls linear
//! interpolation: each power of two is divided into 128, so that the bucket is the upper bits of the float and no
//! logarithm is computed that another machine might round differently. The midpoint of a bucket is within 1/256 =
//! 0.39 % of every number in it (0.5 % are promised). Negative numbers are mirrored. Subnormal numbers (below
//! 2^-1022) are scaled by 2^54.
//!
//! Memory: 8 bytes per bucket between the smallest and the largest number of a sign: 1 KiB per power of two, so 10 to
//! 20 KiB for typical logs, and never more than 5 MiB.

use std::cmp::Ordering;

use crate::data::persist::{Persist, StateError, StateReader, checked_count};
use crate::data::{HeapBytes, Number, buffer_bytes, compare_numbers};

/// Bits of a float's fraction that a bucket ignores.
const IGNORED_BITS: u32 = 52 - 7;

/// A histogram of numbers.
#[derive(Clone, Debug)]
pub(super) struct LogHistogram {
    positive: BucketCounts,
    negative: BucketCounts,
    zeros: u64,
    count: u64,
    min: Number,
    max: Number,
    /// True if all numbers are ints: then the results are ints, too.
    only_ints: bool,
}

impl LogHistogram {
    /// Creates the histogram of one number.
    pub(super) fn of(number: Number) -> Self {
        let mut new = LogHistogram {
            positive: BucketCounts::default(),
            negative: BucketCounts::default(),
            zeros: 0,
            count: 0,
            min: number,
            max: number,
            only_ints: true,
        };
        new.add(number);
        new
    }

    /// Returns how many numbers were added.
    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// Adds a number.
    #[inline]
    pub(super) fn add(&mut self, number: Number) {
        let value = number.to_f64();
        self.count += 1;
        if value > 0.0 {
            self.positive.add(bucket(value), 1);
        } else if value < 0.0 {
            self.negative.add(bucket(-value), 1);
        } else {
            self.zeros += 1;
        }
        self.only_ints &= matches!(number, Number::Int(_));
        self.widen(number, number);
    }

    /// Adds the counts of another histogram.
    pub(super) fn merge(&mut self, other: &LogHistogram) {
        self.positive.merge(&other.positive);
        self.negative.merge(&other.negative);
        self.zeros += other.zeros;
        self.count += other.count;
        self.only_ints &= other.only_ints;
        self.widen(other.min, other.max);
    }

    #[inline]
    fn widen(&mut self, min: Number, max: Number) {
        if before(min, self.min) {
            self.min = min;
        }
        if before(self.max, max) {
            self.max = max;
        }
    }

    /// Returns the number of this rank, from 1 for the smallest, within 0.4 %; the smallest and the largest are
    /// exact.
    pub(super) fn at_rank(&self, rank: u64) -> Number {
        if rank <= 1 {
            return self.min;
        }
        if rank >= self.count {
            return self.max;
        }
        let mut left = rank;
        let negatives = self.negative.iter().rev().map(|(at, count)| (at, -1, count));
        let zeros = std::iter::once((0, 0, self.zeros));
        let positives = self.positive.iter().map(|(at, count)| (at, 1, count));
        for (bucket, sign, count) in negatives.chain(zeros).chain(positives) {
            if left <= count {
                return self.clamp(self.middle(bucket, sign));
            }
            left -= count;
        }
        self.max
    }

    /// Returns the midpoint of a bucket; for ints the middle int.
    fn middle(&self, bucket: u32, sign: i32) -> Number {
        if sign == 0 {
            return Number::Int(0);
        }
        let (low, high) = (edge(bucket), edge(bucket + 1));
        if self.only_ints {
            let first = low.ceil() as i64;
            let last = (high.ceil() - 1.0) as i64;
            let middle = first + (last - first) / 2;
            return Number::Int(middle * i64::from(sign));
        }
        let middle = low + (high.min(f64::MAX) - low) / 2.0;
        Number::Float(middle * f64::from(sign))
    }

    fn clamp(&self, number: Number) -> Number {
        if before(number, self.min) {
            self.min
        } else if before(self.max, number) {
            self.max
        } else {
            number
        }
    }
}

/// The range and the counts, from which the total follows.
impl Persist for LogHistogram {
    fn save(&self, out: &mut Vec<u8>) {
        save_number(self.min, out);
        save_number(self.max, out);
        self.only_ints.save(out);
        self.zeros.save(out);
        self.positive.save(out);
        self.negative.save(out);
    }

    fn load(input: &mut StateReader<'_>) -> Result<Self, StateError> {
        let (min, max, only_ints) = (load_number(input)?, load_number(input)?, bool::load(input)?);
        let zeros = u64::load(input)?;
        let (positive, negative) = (BucketCounts::load(input)?, BucketCounts::load(input)?);
        let counts = positive.counts.iter().chain(&negative.counts);
        let count = checked_count(counts.fold(zeros, |total, count| total.saturating_add(*count)))?;
        let histogram = LogHistogram { positive, negative, zeros, count, min, max, only_ints };
        if histogram.holds_its_range() { Ok(histogram) } else { Err(StateError::Damaged) }
    }
}

fn save_number(number: Number, out: &mut Vec<u8>) {
    match number {
        Number::Int(value) => {
            false.save(out);
            value.save(out);
        }
        Number::Float(value) => {
            true.save(out);
            (value + 0.0).save(out); // -0 becomes 0
        }
    }
}

fn load_number(input: &mut StateReader<'_>) -> Result<Number, StateError> {
    if !bool::load(input)? {
        return i64::load(input).map(Number::Int);
    }
    let value = f64::load(input)?;
    let is_canonical = value.is_finite() && value.to_bits() == (value + 0.0).to_bits();
    if is_canonical { Ok(Number::Float(value)) } else { Err(StateError::Damaged) }
}

impl LogHistogram {
    /// True if the smallest and the largest number are in the outermost buckets.
    fn holds_its_range(&self) -> bool {
        let place = |number: Number| {
            let value = number.to_f64();
            if value > 0.0 {
                (1, i64::from(bucket(value)))
            } else if value < 0.0 {
                (-1, -i64::from(bucket(-value)))
            } else {
                (0, 0)
            }
        };
        let negatives = self.negative.iter().rev().map(|(at, count)| (-1, -i64::from(at), count));
        let positives = self.positive.iter().map(|(at, count)| (1, i64::from(at), count));
        let all = negatives.chain(std::iter::once((0, 0, self.zeros))).chain(positives);
        let mut used = all.filter(|(_, _, count)| *count > 0).map(|(sign, at, _)| (sign, at));
        let Some(lowest) = used.next() else {
            return false;
        };
        let highest = used.last().unwrap_or(lowest);
        let is_int = |number: Number| matches!(number, Number::Int(_));
        place(self.min) == lowest
            && place(self.max) == highest
            && !before(self.max, self.min)
            && (!self.only_ints || is_int(self.min) && is_int(self.max))
    }
}

/// The counts from the first bucket that is used to the last one.
impl Persist for BucketCounts {
    fn save(&self, out: &mut Vec<u8>) {
        let is_used = |count: &u64| *count > 0;
        let start = self.counts.iter().position(is_used).unwrap_or(0);
        let end = self.counts.iter().rposition(is_used).map_or(0, |last| last + 1);
        if end > 0 { self.first + start as u32 } else { 0 }.save(out);
        ((end - start) as u64).save(out);
        self.counts[start..end].iter().for_each(|count| count.save(out));
    }

    fn load(input: &mut StateReader<'_>) -> Result<Self, StateError> {
        let first = u32::load(input)?;
        let count = input.length(size_of::<u64>())?;
        let counts = input.block(count, u64::from_le_bytes)?;
        let mut buckets = BucketCounts::default();
        let (Some(lowest), Some(highest)) = (counts.first(), counts.last()) else {
            return if first == 0 { Ok(buckets) } else { Err(StateError::Damaged) };
        };
        let last = u64::from(first) + count as u64 - 1;
        if *lowest == 0 || *highest == 0 || last > u64::from(bucket(f64::MAX)) {
            return Err(StateError::Damaged);
        }
        buckets.make_room(first, last as u32);
        let start = (first - buckets.first) as usize;
        buckets.counts[start..start + count].copy_from_slice(&counts);
        Ok(buckets)
    }
}

impl HeapBytes for LogHistogram {
    fn heap_bytes(&self) -> usize {
        size_of::<Self>() + buffer_bytes(&self.positive.counts) + buffer_bytes(&self.negative.counts)
    }
}

/// True if `left` is smaller than `right`; an int sorts before the float that equals it.
#[inline]
fn before(left: Number, right: Number) -> bool {
    match (left, right) {
        (Number::Int(left), Number::Int(right)) => left < right,
        (Number::Float(left), Number::Float(right)) => left < right,
        _ => match compare_numbers(left, right) {
            Ordering::Less => true,
            Ordering::Equal => matches!(left, Number::Int(_)),
            Ordering::Greater => false,
        },
    }
}

/// Returns the bucket of a positive float: its exponent and the upper 7 bits of its fraction.
#[inline]
fn bucket(value: f64) -> u32 {
    if value < f64::MIN_POSITIVE {
        return ((value * LIFT).to_bits() >> IGNORED_BITS) as u32;
    }
    (value.to_bits() >> IGNORED_BITS) as u32 + LIFTED_BUCKETS
}

/// 2^54, which turns any subnormal float into a normal one.
const LIFT: f64 = (1u64 << LIFT_EXPONENT) as f64;
const LIFT_EXPONENT: u32 = 54;

/// The shift in buckets that LIFT causes.
const LIFTED_BUCKETS: u32 = LIFT_EXPONENT << 7;

/// The bucket of the smallest normal float.
const FIRST_NORMAL: u32 = (LIFT_EXPONENT + 1) << 7;

/// Returns the lower bound of a bucket.
fn edge(bucket: u32) -> f64 {
    if bucket < FIRST_NORMAL {
        return f64::from_bits(u64::from(bucket) << IGNORED_BITS) / LIFT;
    }
    f64::from_bits(u64::from(bucket - LIFTED_BUCKETS) << IGNORED_BITS)
}

/// Counts of consecutive buckets.
#[derive(Clone, Debug, Default)]
struct BucketCounts {
    first: u32,
    counts: Vec<u64>,
}

impl BucketCounts {
    #[inline]
    fn add(&mut self, bucket: u32, count: u64) {
        match self.counts.get_mut(bucket.wrapping_sub(self.first) as usize) {
            Some(counted) => *counted += count,
            None => {
                self.make_room(bucket, bucket);
                self.counts[(bucket - self.first) as usize] += count;
            }
        }
    }

    fn merge(&mut self, other: &BucketCounts) {
        if other.counts.is_empty() {
            return;
        }
        self.make_room(other.first, other.first + other.counts.len() as u32 - 1);
        let start = (other.first - self.first) as usize;
        for (own, count) in self.counts[start..].iter_mut().zip(&other.counts) {
            *own += count;
        }
    }

    /// Allocates these buckets and all between, in steps of 32, so that a rising series does not reallocate each
    /// time.
    #[cold]
    fn make_room(&mut self, low: u32, high: u32) {
        let (mut first, mut end) = (low & !31, (high | 31) + 1);
        if !self.counts.is_empty() {
            first = first.min(self.first);
            end = end.max(self.first + self.counts.len() as u32);
        }
        let mut counts = Vec::with_capacity((end - first) as usize);
        if !self.counts.is_empty() {
            counts.resize((self.first - first) as usize, 0);
            counts.extend_from_slice(&self.counts);
        }
        counts.resize((end - first) as usize, 0);
        (self.first, self.counts) = (first, counts);
    }

    fn iter(&self) -> impl DoubleEndedIterator<Item = (u32, u64)> {
        let buckets = self.counts.iter().enumerate();
        buckets.map(|(index, &count)| (self.first + index as u32, count))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(numbers: &[Number]) -> LogHistogram {
        let mut histogram = LogHistogram::of(numbers[0]);
        numbers[1..].iter().for_each(|&number| histogram.add(number));
        histogram
    }

    fn check(mut numbers: Vec<Number>) {
        let histogram = of(&numbers);
        numbers.sort_by(|left, right| compare_numbers(*left, *right));
        for (index, number) in numbers.iter().enumerate() {
            let found = histogram.at_rank(index as u64 + 1).to_f64();
            let exact = number.to_f64();
            let error = (found - exact).abs();
            assert!(error <= exact.abs() * 0.00391, "{exact}: {found}");
        }
    }

    proptest! {
        #[test]
        fn floats_are_within_the_bound(
            floats in prop::collection::vec((-1.0f64..1.0, -60i32..60).prop_map(|(m, e)| m * 2f64.powi(e)), 1..50),
        ) {
            check(floats.into_iter().map(Number::Float).collect());
        }

        #[test]
        fn ints_are_within_the_bound(
            ints in prop::collection::vec((any::<i64>(), 0u32..63).prop_map(|(int, shift)| int >> shift), 1..50),
        ) {
            check(ints.iter().copied().map(Number::Int).collect());
        }

        #[test]
        fn any_split_gives_the_same(floats in prop::collection::vec(-1e6f64..1e6, 2..80), cut in 1usize..79) {
            let numbers: Vec<Number> = floats.into_iter().map(Number::Float).collect();
            let (left, right) = numbers.split_at(cut.min(numbers.len() - 1));
            let (whole, mut merged) = (of(&numbers), of(right));
            merged.merge(&of(left));
            for rank in 1..=numbers.len() as u64 {
                prop_assert_eq!(whole.at_rank(rank), merged.at_rank(rank));
            }
        }
    }

    #[test]
    fn small_ints_are_exact_and_extremes_fit() {
        let histogram = of(&(-200..=200).map(Number::Int).collect::<Vec<_>>());
        for int in -128..=128 {
            assert_eq!(histogram.at_rank((int + 201) as u64), Number::Int(int));
        }
        check(
            [f64::MAX, -f64::MAX, f64::MIN_POSITIVE, 5e-324, 1.5e-310, 1e-320, -3e-315, 0.0]
                .map(Number::Float)
                .to_vec(),
        );
        check([i64::MAX, i64::MAX - 1, i64::MIN, i64::MIN + 1, 0].map(Number::Int).to_vec());
    }
}
