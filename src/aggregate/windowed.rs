//! Windows of groups: what workers hand over by slices, merged into windows.
//!
//! Windows that share no slice are merged as a stream without windows is. Windows that slide share most of
//! their slices: these are kept in a tree in which a node of level l holds the groups of 2^l neighbours, so
//! that a slice is entered once a level and a window is the merge of at most two nodes a level, however long
//! it is (base intervals: A. Arasu, J. Widom, *Resource Sharing in Continuous Sliding-Window Aggregates*,
//! VLDB 2004). It holds for every aggregate, since all that is asked of one is that it can be merged.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::data::Batch;
use crate::window::{Grid, Slice};

use super::aggregation::Aggregation;
use super::merged::{Executor, Merged, Set};
use super::partial::Run;

/// All windows that are not final.
#[derive(Debug)]
pub struct Windowed {
    aggregation: Arc<Aggregation>,
    grid: Grid,
    windows: Windows,
    /// No window before this one is open.
    next: i64,
}

#[derive(Debug)]
enum Windows {
    /// Each by itself.
    Tumbling(BTreeMap<i64, Merged>),
    Sliding(Sliding),
}

#[derive(Debug, Default)]
struct Sliding {
    /// Groups of a slice by the first window that takes them; none of them is in the tree yet.
    waiting: BTreeMap<Slice, Vec<Run>>,
    /// By level, then by number: the node of level l and number n holds the slices from n·2^l on.
    levels: Vec<BTreeMap<i64, Set>>,
}

impl Windowed {
    /// No window yet.
    pub fn new(aggregation: Arc<Aggregation>, grid: Grid) -> Self {
        let windows = if grid.is_tumbling() {
            Windows::Tumbling(BTreeMap::new())
        } else {
            let (first, last) = grid.slices(0);
            let levels = (last - first).ilog2() as usize + 1;
            Windows::Sliding(Sliding {
                waiting: BTreeMap::new(),
                levels: (0..levels).map(|_| BTreeMap::new()).collect(),
            })
        };
        Windowed {
            aggregation,
            grid,
            windows,
            next: i64::MIN,
        }
    }

    /// Adds what workers have handed over of a slice.
    pub fn add(&mut self, slice: Slice, runs: Vec<Run>, executor: &dyn Executor) {
        match &mut self.windows {
            Windows::Tumbling(windows) => {
                let merged = windows
                    .entry(slice.first)
                    .or_insert_with(|| Merged::new(Arc::clone(&self.aggregation)));
                merged.add(runs, executor);
            }
            Windows::Sliding(sliding) => {
                let first = slice.first.max(self.next);
                let slice = Slice { first, ..slice };
                sliding.waiting.entry(slice).or_default().extend(runs);
            }
        }
    }

    /// The first window that has records.
    pub fn first(&self) -> Option<i64> {
        match &self.windows {
            Windows::Tumbling(windows) => windows.keys().next().copied(),
            Windows::Sliding(sliding) => sliding.first(&self.grid, self.next),
        }
    }

    /// All windows that have records, in order.
    pub fn open(&self) -> Vec<i64> {
        match &self.windows {
            Windows::Tumbling(windows) => windows.keys().copied().collect(),
            Windows::Sliding(sliding) => sliding.open(&self.grid, self.next),
        }
    }

    /// The rows that an open window has so far; everything stays.
    pub fn peek(&mut self, window: i64, executor: &dyn Executor) -> Vec<Batch<'static>> {
        let seconds = self.seconds(window);
        match &mut self.windows {
            Windows::Tumbling(windows) => match windows.get_mut(&window) {
                Some(merged) => merged.peek_after(seconds, executor),
                None => Vec::new(),
            },
            Windows::Sliding(sliding) => {
                let slices = self.grid.slices(window);
                let mut set = sliding.merge(slices, &self.aggregation);
                sliding.add_waiting(window, slices, &mut set);
                set.into_rows(&self.aggregation, seconds)
            }
        }
    }

    /// How long a window is.
    fn seconds(&self, window: i64) -> f64 {
        let start = self.grid.start(window);
        (self.grid.end(window).saturating_sub(start)) as f64 / 1e9
    }

    /// The rows of the first window that has records; then it is forgotten.
    pub fn finish(&mut self, window: i64, executor: &dyn Executor) -> Vec<Batch<'static>> {
        let seconds = self.seconds(window);
        match &mut self.windows {
            Windows::Tumbling(windows) => match windows.remove(&window) {
                Some(mut merged) => merged.finish_after(seconds, executor),
                None => Vec::new(),
            },
            Windows::Sliding(sliding) => {
                self.next = window + 1;
                sliding.enter(window, &self.aggregation);
                let set = sliding.merge(self.grid.slices(window), &self.aggregation);
                sliding.forget(self.grid.slices(self.next).0);
                set.into_rows(&self.aggregation, seconds)
            }
        }
    }
}

impl Sliding {
    /// The first window from `next` on that has records.
    fn first(&self, grid: &Grid, next: i64) -> Option<i64> {
        let waiting = self.waiting.keys().next().map(|slice| slice.first);
        let entered = self.levels.first()?.keys().next();
        let entered = entered.map(|slice| grid.windows(*slice).0.max(next));
        waiting.into_iter().chain(entered).min()
    }

    /// The windows from `next` on that have records.
    fn open(&self, grid: &Grid, next: i64) -> Vec<i64> {
        let mut open = BTreeSet::new();
        for slice in self.waiting.keys() {
            open.extend(slice.first.max(next)..=grid.windows(slice.number).1);
        }
        for slice in self.levels.first().into_iter().flat_map(BTreeMap::keys) {
            let (first, last) = grid.windows(*slice);
            open.extend(first.max(next)..=last);
        }
        open.into_iter().collect()
    }

    /// Adds what a window takes and is not in the tree yet.
    fn add_waiting(&self, window: i64, (first, end): (i64, i64), set: &mut Set) {
        let is_taken =
            |slice: &Slice| slice.first <= window && (first..end).contains(&slice.number);
        let waiting = self.waiting.iter();
        for (_, runs) in waiting.filter(|(slice, _)| is_taken(slice)) {
            set.merge(runs, 0, 1);
        }
    }

    /// Enters into the tree what this window takes and those before did not.
    fn enter(&mut self, window: i64, aggregation: &Aggregation) {
        let later = Slice {
            first: window.saturating_add(1),
            number: i64::MIN,
        };
        let waiting = self.waiting.split_off(&later);
        for (slice, runs) in std::mem::replace(&mut self.waiting, waiting) {
            for (level, nodes) in self.levels.iter_mut().enumerate() {
                nodes
                    .entry(slice.number >> level)
                    .or_insert_with(|| Set::small(aggregation))
                    .merge(&runs, 0, 1);
            }
        }
    }

    /// The groups of the slices of a window: from the left in steps as large as the tree allows.
    fn merge(&self, (first, end): (i64, i64), aggregation: &Aggregation) -> Set {
        let mut merged = Set::small(aggregation);
        let mut at = first;
        while at < end {
            let fits = (end - at).ilog2().min(at.trailing_zeros());
            let level = (fits as usize).min(self.levels.len() - 1);
            if let Some(node) = self.levels[level].get(&(at >> level)) {
                merged.merge_set(node);
            }
            at += 1 << level;
        }
        merged
    }

    /// No window takes slices before this one any more.
    fn forget(&mut self, slice: i64) {
        for (level, nodes) in self.levels.iter_mut().enumerate() {
            while let Some(oldest) = nodes.first_entry()
                && *oldest.key() < slice >> level
            {
                oldest.remove();
            }
        }
    }
}
