//! Sliding windows share most of their slices: computes each window from the one before, whatever its length.
//!
//! If every aggregate can subtract exactly, there is one set of groups, to which a window adds its new slices and
//! from which it subtracts the old ones. Otherwise slices are kept in a tree in which a node of level l holds the
//! groups of 2^l neighbours, so that a slice is added once per level and a window merges at most two nodes per level
//! (base intervals: A. Arasu, J. Widom, *Resource Sharing in Continuous Sliding-Window Aggregates*, VLDB 2004).

use std::collections::BTreeMap;

use crate::data::persist::{Persist, StateError, StateReader};
use crate::data::{Batch, HeapBytes};
use crate::expr::Failures;
use crate::window::{Grid, Range, Slice, windows_of};

use super::aggregation::Aggregation;
use super::group_set::GroupSet;
use super::partial::RunSlice;
use super::saved_groups::{load_groups, save_groups};

/// The slices of windows that are not final.
#[derive(Debug)]
pub(super) struct Sliding {
    /// Groups of a slice by the first window that contains them; no window has used them yet.
    waiting: BTreeMap<Slice, Vec<RunSlice>>,
    taken: SlidingState,
}

/// The slices that windows have used.
#[derive(Debug)]
enum SlidingState {
    Sum(SlidingSum),
    Tree(Tree),
}

/// The sum of all slices of the current window.
#[derive(Debug)]
struct SlidingSum {
    sum: GroupSet,
    /// The number of parts in which each group has records.
    slices: Vec<u32>,
    /// The parts to subtract after each window, with their groups.
    leaving: BTreeMap<i64, Vec<(RunSlice, Vec<u32>)>>,
    /// Number of groups without a slice.
    empty: usize,
}

/// Slices by level, then by number: the node of level l and number n holds the slices from n·2^l on.
#[derive(Debug)]
struct Tree(Vec<BTreeMap<i64, GroupSet>>);

/// Groups without a slice are dropped once there are this many, and more than half of all.
const SPARE_GROUPS: usize = 1 << 10;

impl Sliding {
    /// Creates it without slices.
    pub(super) fn new(aggregation: &Aggregation, grid: &Grid) -> Self {
        let sum = GroupSet::small(aggregation);
        let taken = if sum.can_subtract() {
            SlidingState::Sum(SlidingSum { sum, slices: Vec::new(), leaving: BTreeMap::new(), empty: 0 })
        } else {
            let (first, end) = grid.slices(0);
            let levels = (end - first).ilog2() as usize + 1;
            SlidingState::Tree(Tree((0..levels).map(|_| BTreeMap::new()).collect()))
        };
        Sliding { waiting: BTreeMap::new(), taken }
    }

    /// Adds groups of a slice.
    pub(super) fn add(&mut self, slice: Slice, part: RunSlice) {
        self.waiting.entry(slice).or_default().push(part);
    }

    /// Returns the first window from `next` on that has records.
    pub(super) fn first(&self, grid: &Grid, next: i64) -> Option<i64> {
        let waiting = self.waiting.keys().next().map(|slice| slice.first);
        let taken = match &self.taken {
            SlidingState::Sum(running) => running.leaving.keys().next().map(|_| next),
            SlidingState::Tree(Tree(levels)) => {
                let slice = levels.first().and_then(|nodes| nodes.keys().next());
                slice.map(|slice| grid.windows(*slice).0.max(next))
            }
        };
        waiting.into_iter().chain(taken).min()
    }

    /// Number of sets of groups held.
    pub(super) fn held(&self) -> usize {
        let taken = match &self.taken {
            SlidingState::Sum(running) => running.leaving.values().map(Vec::len).sum::<usize>() + 1,
            SlidingState::Tree(Tree(levels)) => levels.iter().map(BTreeMap::len).sum(),
        };
        self.waiting.len() + taken
    }

    /// Returns the first `most` windows from `next` on that have records, in order.
    pub(super) fn open(&self, grid: &Grid, next: i64, most: usize) -> Vec<i64> {
        let waiting = self.waiting.keys();
        let mut ranges: Vec<Range> = waiting.map(|slice| (slice.first, grid.windows(slice.number).1)).collect();
        match &self.taken {
            SlidingState::Sum(running) => {
                let last = running.leaving.keys().next_back();
                ranges.extend(last.map(|last| (next, *last)));
            }
            SlidingState::Tree(Tree(levels)) => {
                let slices = levels.first().into_iter().flat_map(BTreeMap::keys);
                ranges.extend(slices.map(|slice| grid.windows(*slice)));
            }
        }
        ranges.sort_unstable();
        windows_of(ranges.into_iter(), next, most)
    }

    /// Returns the groups of a window so far, if no earlier window is requested; keeps all state.
    pub(super) fn snapshot(&self, window: i64, grid: &Grid, aggregation: &Aggregation) -> GroupSet {
        let slices = grid.slices(window);
        let mut set = match &self.taken {
            SlidingState::Sum(running) => {
                let mut set = GroupSet::small(aggregation);
                let staying = running.leaving.range(window..).flat_map(|(_, parts)| parts);
                staying.for_each(|(part, _)| {
                    set.merge_part(part);
                });
                set
            }
            SlidingState::Tree(tree) => tree.merge(slices, aggregation),
        };
        let is_taken = |slice: &Slice| slice.first <= window && (slices.0..slices.1).contains(&slice.number);
        let waiting = self.waiting.iter().filter(|(slice, _)| is_taken(slice));
        for part in waiting.flat_map(|(_, parts)| parts) {
            set.merge_part(part);
        }
        set
    }

    /// Returns the rows of a window. Neither it nor an earlier window is requested again.
    pub(super) fn finish(
        &mut self,
        window: i64,
        grid: &Grid,
        aggregation: &Aggregation,
        seconds: f64,
        failures: &mut Failures,
    ) -> Vec<Batch<'static>> {
        while let Some(entry) = self.waiting.first_entry()
            && entry.key().first <= window
        {
            let (slice, parts) = entry.remove_entry();
            match &mut self.taken {
                SlidingState::Sum(running) => {
                    let last = grid.windows(slice.number).1;
                    parts.into_iter().for_each(|part| running.enter(part, last));
                }
                SlidingState::Tree(tree) => tree.enter(slice.number, &parts, aggregation),
            }
        }
        match &mut self.taken {
            SlidingState::Sum(running) => {
                let rows = running.rows(aggregation, seconds, failures);
                running.leave(window);
                rows
            }
            SlidingState::Tree(tree) => {
                let rows = tree.merge(grid.slices(window), aggregation);
                tree.forget(grid.slices(window + 1).0);
                rows.into_rows(aggregation, seconds, failures)
            }
        }
    }
}

impl SlidingSum {
    /// Adds groups of a slice that stay up to and including window `last`.
    fn enter(&mut self, part: RunSlice, last: i64) {
        let groups = self.sum.merge_part(&part);
        self.empty += self.sum.groups() - self.slices.len();
        self.slices.resize(self.sum.groups(), 0);
        for group in &groups {
            self.empty -= usize::from(self.slices[*group as usize] == 0);
            self.slices[*group as usize] += 1;
        }
        self.leaving.entry(last).or_default().push((part, groups));
    }

    fn rows(&self, aggregation: &Aggregation, seconds: f64, failures: &mut Failures) -> Vec<Batch<'static>> {
        let groups = (0..self.slices.len() as u32).filter(|group| self.slices[*group as usize] > 0);
        self.sum.rows_of(groups, aggregation, seconds, failures)
    }

    /// Subtracts the parts that no window after this one contains.
    fn leave(&mut self, window: i64) {
        while let Some(entry) = self.leaving.first_entry()
            && *entry.key() <= window
        {
            for (part, groups) in entry.remove() {
                self.sum.subtract_part(&part, &groups);
                for group in groups {
                    let slices = &mut self.slices[group as usize];
                    *slices -= 1;
                    self.empty += usize::from(*slices == 0);
                }
            }
        }
        if self.empty > SPARE_GROUPS.max(self.slices.len() / 2) {
            self.compact();
        }
    }

    /// Drops the groups without a slice.
    fn compact(&mut self) {
        let mut kept = Vec::new();
        let mut new = vec![0; self.slices.len()];
        for (group, slices) in self.slices.iter().enumerate() {
            if *slices > 0 {
                new[group] = kept.len() as u32;
                kept.push(group as u32);
            }
        }
        self.sum.keep(&kept);
        self.slices = kept.iter().map(|group| self.slices[*group as usize]).collect();
        for (_, groups) in self.leaving.values_mut().flatten() {
            groups.iter_mut().for_each(|group| *group = new[*group as usize]);
        }
        self.empty = 0;
    }
}

impl Tree {
    /// Adds groups of a slice.
    fn enter(&mut self, slice: i64, parts: &[RunSlice], aggregation: &Aggregation) {
        for (level, nodes) in self.0.iter_mut().enumerate() {
            let node = nodes.entry(slice >> level).or_insert_with(|| GroupSet::small(aggregation));
            for part in parts {
                node.merge_part(part);
            }
        }
    }

    /// Merges a range of slices, from the left in steps as large as the tree allows.
    fn merge(&self, (first, end): (i64, i64), aggregation: &Aggregation) -> GroupSet {
        let mut merged = GroupSet::small(aggregation);
        let mut at = first;
        while at < end {
            let fits = (end - at).ilog2().min(at.trailing_zeros()) as usize;
            let level = fits.min(self.0.len() - 1);
            if let Some(node) = self.0[level].get(&(at >> level)) {
                merged.merge_set(node);
            }
            at += 1 << level;
        }
        merged
    }

    /// Drops the slices before this one.
    fn forget(&mut self, slice: i64) {
        for (level, nodes) in self.0.iter_mut().enumerate() {
            while let Some(oldest) = nodes.first_entry()
                && *oldest.key() < slice >> level
            {
                oldest.remove();
            }
        }
    }
}

/// A saved state has the groups of each slice, or of the slices that leave after the same window, merged. The sum and
/// the upper levels of the tree follow from them.
impl Sliding {
    /// Appends the state.
    pub(super) fn save(&self, aggregation: &Aggregation, out: &mut Vec<u8>) {
        (self.waiting.len() as u64).save(out);
        for (slice, parts) in &self.waiting {
            slice.first.save(out);
            slice.number.save(out);
            save_parts(&parts.iter().collect::<Vec<_>>(), aggregation, out);
        }
        match &self.taken {
            SlidingState::Sum(running) => {
                (running.leaving.len() as u64).save(out);
                for (window, parts) in &running.leaving {
                    window.save(out);
                    save_parts(&parts.iter().map(|(part, _)| part).collect::<Vec<_>>(), aggregation, out);
                }
            }
            SlidingState::Tree(Tree(levels)) => {
                let slices = levels.first();
                (slices.map_or(0, BTreeMap::len) as u64).save(out);
                for (slice, groups) in slices.into_iter().flatten() {
                    slice.save(out);
                    save_groups(&[groups.view()], out);
                }
            }
        }
    }

    /// Reads the state into one without slices. No window before `next` is open.
    pub(super) fn load(
        &mut self,
        next: i64,
        aggregation: &Aggregation,
        input: &mut StateReader<'_>,
    ) -> Result<(), StateError> {
        let mut last = None;
        for _ in 0..input.length(2 * size_of::<i64>())? {
            let slice = Slice { first: i64::load(input)?, number: i64::load(input)? };
            if slice.first < next || last.replace(slice) >= Some(slice) {
                return Err(StateError::Damaged);
            }
            self.add(slice, load_groups(aggregation, input)?.into());
        }
        let mut last = None;
        for _ in 0..input.length(size_of::<i64>())? {
            let number = i64::load(input)?;
            let part = RunSlice::from(load_groups(aggregation, input)?);
            if last.replace(number) >= Some(number) {
                return Err(StateError::Damaged);
            }
            match &mut self.taken {
                SlidingState::Sum(_) if number < next => return Err(StateError::Damaged),
                SlidingState::Sum(running) => running.enter(part, number),
                SlidingState::Tree(tree) => tree.enter(number, &[part], aggregation),
            }
        }
        Ok(())
    }
}

/// Appends the groups of some parts, merged.
fn save_parts(parts: &[&RunSlice], aggregation: &Aggregation, out: &mut Vec<u8>) {
    if let [part] = parts {
        return save_groups(&[part.view()], out);
    }
    let mut merged = GroupSet::small(aggregation);
    parts.iter().for_each(|part| {
        merged.merge_part(part);
    });
    save_groups(&[merged.view()], out);
}

impl Sliding {
    /// Bytes of the sums of slices, which no memory budget counts.
    pub(super) fn sum_bytes(&self) -> usize {
        match &self.taken {
            SlidingState::Sum(running) => running.sum.heap_bytes() + running.slices.heap_bytes(),
            SlidingState::Tree(Tree(levels)) => levels.heap_bytes(),
        }
    }

    /// Bytes of all slices in the memory budget, and of their sums.
    pub(super) fn held_bytes(&self) -> usize {
        let leaving = match &self.taken {
            SlidingState::Sum(running) => running.leaving.values().flatten().map(|(part, _)| part.held_bytes()).sum(),
            SlidingState::Tree(_) => 0,
        };
        let waiting: usize = self.waiting.values().flatten().map(RunSlice::held_bytes).sum();
        self.sum_bytes() + waiting + leaving
    }
}

impl HeapBytes for Sliding {
    fn heap_bytes(&self) -> usize {
        let waiting = self.waiting.values().map(HeapBytes::heap_bytes).sum::<usize>();
        waiting
            + match &self.taken {
                SlidingState::Sum(running) => {
                    running.sum.heap_bytes() + running.slices.heap_bytes() + running.leaving.heap_bytes()
                }
                SlidingState::Tree(Tree(levels)) => levels.heap_bytes(),
            }
    }
}
