//! `histogram(x [, n])`: counts of numbers in n equal bins between the smallest and the largest.
//!
//! The bins are known only at the end, so a group keeps its numbers up to 4096. Beyond that it counts them in at most
//! [`CELLS`] cells of a grid: the cell width is the smallest power of two for which the grid covers the range, and
//! cells begin at multiples of it. A grid that has become too fine is coarsened by adding up pairs of cells, which is
//! exact; so the grid depends on the numbers alone and is the same for any split of the input. At the end each cell
//! is counted in the bin that holds its midpoint: a number lands in a neighbouring bin only if it is nearer to the
//! edge than 1/2048 of the whole range.

use super::accumulator::{AccumulatorState, Finish, PerGroup};
use super::quantile::EXACT_VALUES;
use super::summand::number;
use super::{AggregateDef, ArgumentKind, Constant};
use crate::data::persist::{Persist, StateError, StateReader, checked_count};
use crate::data::{Entry, Example, HeapBytes, Position, Value, ValueRef, buffer_bytes};

pub(super) const HISTOGRAM: AggregateDef = AggregateDef {
    entry: Entry {
        name: "histogram",
        usage: "histogram(x [, n])",
        summary: "A list of n (default 10) objects {from, to, count}: equal bins.",
        details: "A bin counts numbers of at least `from` and below `to`; the last bin includes the largest number. \
                  If all numbers are equal there is one bin. Exact up to 4096 numbers per group; beyond that a number \
                  may be counted in the neighbouring bin if it is nearer to the edge than 1/2048 of the range; the \
                  same on every run. Null if there are no values.",
        examples: &[Example {
            expr: "split | histogram(word, 2) as bins",
            input: "1 2 3 9\n",
            output: "[{\"from\":1,\"to\":5,\"count\":3},{\"from\":5,\"to\":9,\"count\":1}]\n",
        }],
    },
    argument: ArgumentKind::NumberAnd(Constant {
        name: "n",
        expected: "a whole number from 1 to 1000",
        fits: |n| (1.0..=1000.0).contains(&n) && n.fract() == 0.0,
        default: Some(10.0),
    }),
    accumulator: |settings| {
        let limit = if settings.exact { usize::MAX } else { EXACT_VALUES };
        PerGroup::<Histogram>::boxed(settings, (settings.constant as usize, limit))
    },
    ..AggregateDef::DEFAULT
};

/// Maximum number of cells in a grid.
const CELLS: i64 = 4096;

/// The numbers of a group.
#[derive(Clone, Debug)]
enum Histogram {
    Exact(Vec<f64>),
    Many(Box<BinGrid>),
}

impl Default for Histogram {
    fn default() -> Self {
        Histogram::Exact(Vec::new())
    }
}

impl AccumulatorState for Histogram {
    /// The number of bins, and the number of values kept exactly.
    type Shared = (usize, usize);

    #[inline]
    fn update(
        &mut self,
        &(_, limit): &Self::Shared,
        value: ValueRef<'_>,
        _position: Position,
    ) -> Result<(), &'static str> {
        let Some(number) = number(value)? else {
            return Ok(());
        };
        match self {
            Histogram::Many(grid) => grid.add(number.to_f64()),
            Histogram::Exact(numbers) => {
                numbers.push(number.to_f64());
                if numbers.len() > limit {
                    *self = Histogram::Many(Box::new(BinGrid::of(numbers)));
                }
            }
        }
        Ok(())
    }

    fn merge(&mut self, &(_, limit): &Self::Shared, other: &Self) {
        match (&mut *self, other) {
            (Histogram::Exact(numbers), Histogram::Exact(more)) => {
                numbers.extend_from_slice(more);
                if numbers.len() > limit {
                    *self = Histogram::Many(Box::new(BinGrid::of(numbers)));
                }
            }
            (Histogram::Many(grid), Histogram::Exact(more)) => {
                more.iter().for_each(|&number| grid.add(number));
            }
            (Histogram::Many(grid), Histogram::Many(other)) => grid.merge(other),
            (Histogram::Exact(numbers), Histogram::Many(other)) => {
                let mut grid = other.clone();
                numbers.iter().for_each(|&number| grid.add(number));
                *self = Histogram::Many(grid);
            }
        }
    }

    fn finish(&self, &(bins, _): &Self::Shared, _finish: &Finish) -> Value {
        match self {
            Histogram::Exact(numbers) => {
                let Some(&first) = numbers.first() else {
                    return Value::Null;
                };
                let (min, max) =
                    numbers.iter().fold((first, first), |(min, max), &number| (min.min(number), max.max(number)));
                let mut bins = Bins::new(min, max, bins);
                numbers.iter().for_each(|&number| bins.add(number, 1));
                bins.into_value()
            }
            Histogram::Many(grid) => {
                let mut bins = Bins::new(grid.min, grid.max, bins);
                for (middle, count) in grid.cells() {
                    bins.add(middle, count);
                }
                bins.into_value()
            }
        }
    }

    /// The numbers in their order, or the range and the counts of a grid, which follows from its range.
    fn save(&self, _shared: &Self::Shared, out: &mut Vec<u8>) {
        match self {
            Histogram::Exact(numbers) => {
                let mut numbers = numbers.clone();
                numbers.sort_unstable_by(f64::total_cmp);
                false.save(out);
                numbers.save(out);
            }
            Histogram::Many(grid) => {
                true.save(out);
                (grid.min + 0.0).save(out); // -0 becomes 0
                (grid.max + 0.0).save(out);
                grid.counts.save(out);
            }
        }
    }

    fn load(&(_, limit): &Self::Shared, input: &mut StateReader<'_>) -> Result<Self, StateError> {
        if bool::load(input)? {
            let (min, max) = (f64::load(input)?, f64::load(input)?);
            let count = input.length(size_of::<u64>())?;
            let counts = input.block(count, u64::from_le_bytes)?;
            let grid = BinGrid::of_counts(min, max, counts).filter(|_| limit < usize::MAX);
            return grid.map(|grid| Histogram::Many(Box::new(grid))).ok_or(StateError::Damaged);
        }
        let count = input.length(size_of::<f64>())?;
        let numbers = input.block(count, f64::from_le_bytes)?;
        let is_ordered = numbers.is_sorted_by(|left, right| left.total_cmp(right).is_le());
        if is_ordered && count <= limit && numbers.iter().all(|number| number.is_finite()) {
            Ok(Histogram::Exact(numbers))
        } else {
            Err(StateError::Damaged)
        }
    }
}

impl HeapBytes for Histogram {
    fn heap_bytes(&self) -> usize {
        match self {
            Histogram::Exact(numbers) => buffer_bytes(numbers),
            Histogram::Many(grid) => size_of::<BinGrid>() + buffer_bytes(&grid.counts),
        }
    }
}

/// Numbers counted in cells of width 2^`exponent`.
#[derive(Clone, Debug)]
struct BinGrid {
    exponent: i32,
    /// Index of the first cell, which holds the smallest number; the last cell holds the largest.
    first: i64,
    counts: Vec<u64>,
    min: f64,
    max: f64,
}

impl BinGrid {
    /// Creates the grid of at least one number.
    fn of(numbers: &[f64]) -> BinGrid {
        let start = numbers[0];
        let (exponent, first) = (grid_exponent(start, start), 0);
        let mut grid = BinGrid { exponent, first, counts: vec![0], min: start, max: start };
        grid.first = cell(start, exponent);
        for &number in numbers {
            grid.widen(number, number);
        }
        numbers.iter().for_each(|&number| grid.add(number));
        grid
    }

    /// Creates the grid of this range with these counts, if they fit it.
    fn of_counts(min: f64, max: f64, counts: Vec<u64>) -> Option<BinGrid> {
        let is_range = min.is_finite() && max.is_finite() && min <= max;
        let is_canonical = is_range && min.to_bits() == (min + 0.0).to_bits() && max.to_bits() == (max + 0.0).to_bits();
        if !is_canonical {
            return None;
        }
        let exponent = grid_exponent(min, max);
        let (first, last) = (cell(min, exponent), cell(max, exponent));
        let holds_range = counts.first() > Some(&0) && counts.last() > Some(&0);
        let is_whole = counts.len() as i64 == last - first + 1 && holds_range;
        let total = counts.iter().fold(0u64, |total, count| total.saturating_add(*count));
        checked_count(total).ok()?;
        is_whole.then_some(BinGrid { exponent, first, counts, min, max })
    }

    #[inline]
    fn add(&mut self, number: f64) {
        if number < self.min || number > self.max {
            self.widen(number, number);
        }
        let index = (cell(number, self.exponent) - self.first) as usize;
        self.counts[index] += 1;
    }

    fn merge(&mut self, other: &BinGrid) {
        self.widen(other.min, other.max);
        let shift = self.exponent - other.exponent;
        for (index, count) in other.counts.iter().enumerate() {
            let cell = coarser(other.first + index as i64, shift);
            self.counts[(cell - self.first) as usize] += count;
        }
    }

    /// Extends the grid to cover these numbers, coarsening it if needed.
    #[cold]
    fn widen(&mut self, low: f64, high: f64) {
        self.min = self.min.min(low);
        self.max = self.max.max(high);
        let exponent = grid_exponent(self.min, self.max);
        let first = cell(self.min, exponent);
        let last = cell(self.max, exponent);
        let len = (last - first + 1) as usize;
        if exponent == self.exponent && first == self.first {
            self.counts.resize(len, 0);
            return;
        }
        let mut counts = vec![0; len];
        for (index, count) in self.counts.iter().enumerate() {
            let cell = coarser(self.first + index as i64, exponent - self.exponent);
            if *count > 0 {
                counts[(cell - first) as usize] += count;
            }
        }
        (self.exponent, self.first, self.counts) = (exponent, first, counts);
    }

    /// Yields the midpoint of each cell, clamped to the range seen, and its count.
    fn cells(&self) -> impl Iterator<Item = (f64, u64)> {
        let width = power_of_two(self.exponent);
        let middle = move |index: usize| (self.first + index as i64) as f64 * width + width / 2.0;
        let counts = self.counts.iter().enumerate();
        counts
            .filter(|(_, count)| **count > 0)
            .map(move |(index, &count)| (middle(index).clamp(self.min, self.max), count))
    }
}

/// Returns the smallest exponent for which the cells from `min` to `max` are few enough and their indexes exact.
fn grid_exponent(min: f64, max: f64) -> i32 {
    let exponent_of = |value: f64| ((value.abs().to_bits() >> 52) as i32) - 1023;
    let cells = CELLS as f64;
    let exact = (exponent_of(min).max(exponent_of(max)) - 51).max(-960);
    let mut exponent = exact.max(exponent_of(max / cells - min / cells) - 2);
    while cell(max, exponent) - cell(min, exponent) >= CELLS {
        exponent += 1;
    }
    exponent
}

/// Returns the cell of a number.
#[inline]
fn cell(number: f64, exponent: i32) -> i64 {
    (number * power_of_two(-exponent)).floor() as i64
}

/// 2 to a power from -1022 to 1023.
#[inline]
fn power_of_two(exponent: i32) -> f64 {
    f64::from_bits(((exponent + 1023) as u64) << 52)
}

/// Returns the cell in a grid whose cells are 2^`shift` times as wide.
fn coarser(cell: i64, shift: i32) -> i64 {
    cell >> shift.clamp(0, 63)
}

/// The result: bins as they are printed.
struct Bins {
    edges: Vec<f64>,
    counts: Vec<u64>,
}

impl Bins {
    fn new(min: f64, max: f64, bins: usize) -> Bins {
        let bins = if min == max { 1 } else { bins };
        let edge = |index: usize| {
            let (part, whole) = (index as f64, bins as f64);
            let edge = min + (max - min) * part / whole;
            if index == 0 {
                min
            } else if index == bins {
                max
            } else if edge.is_finite() {
                edge.clamp(min, max)
            } else {
                (min * ((whole - part) / whole) + max * (part / whole)).clamp(min, max)
            }
        };
        Bins { edges: (0..=bins).map(edge).collect(), counts: vec![0; bins] }
    }

    fn add(&mut self, number: f64, count: u64) {
        let bin = self.edges[1..self.counts.len()].partition_point(|edge| *edge <= number);
        self.counts[bin] += count;
    }

    fn into_value(self) -> Value {
        let bins = self.edges.windows(2).zip(&self.counts);
        let object = |(edges, &count): (&[f64], &u64)| {
            Value::Object(vec![
                (b"from".to_vec(), Value::float(edges[0])),
                (b"to".to_vec(), Value::float(edges[1])),
                (b"count".to_vec(), Value::Int(count as i64)),
            ])
        };
        Value::List(bins.map(object).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_grid_is_the_same_for_any_split(
            numbers in prop::collection::vec((-1.0f64..1.0, -60i32..60).prop_map(|(m, e)| m * 2f64.powi(e)), 2..60),
            cut in 1usize..59,
        ) {
            let (left, right) = numbers.split_at(cut.min(numbers.len() - 1));
            let whole = BinGrid::of(&numbers);
            let mut merged = BinGrid::of(right);
            merged.merge(&BinGrid::of(left));
            prop_assert_eq!(whole.exponent, merged.exponent);
            prop_assert_eq!(whole.first, merged.first);
            prop_assert_eq!(&whole.counts, &merged.counts);
            prop_assert!(whole.counts.len() <= CELLS as usize);
            prop_assert_eq!(whole.counts.iter().sum::<u64>(), numbers.len() as u64);
        }
    }

    #[test]
    fn extremes() {
        let grid = BinGrid::of(&[f64::MAX, f64::MIN, 0.0, 1e-320]);
        assert_eq!(grid.counts.iter().sum::<u64>(), 4);
        let grid = BinGrid::of(&[1.7e18, 1.7e18 + 4096.0, 1.7e18 + 8192.0]);
        assert!(grid.counts.len() > 2);
        let mut bins = Bins::new(f64::MIN, f64::MAX, 4);
        bins.add(0.0, 1);
        assert_eq!(bins.counts, [0, 0, 1, 0]);
    }
}
