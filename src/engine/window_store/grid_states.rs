//! States by slice, for windows on a grid whose first stage merges states: the records are not kept.
//!
//! The slices that windows have used are in a tree like that of sliding groups: a node of level l holds the merged state
//! of 2^l neighbours, so a window merges at most two nodes per level. A merged state may depend on the order of
//! merging, which follows from the records and the grid alone.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::aggregate::Executor;
use crate::data::persist::{Persist, StateError, StateReader, Stateful, load_text, save_text};
use crate::data::{Batch, HeapBytes, SlotSet};
use crate::expr::Failures;
use crate::stage::{Operator, OrderedStage, RecordCounts};
use crate::window::{Assignment, Grid, Range, Slice, windows_of};

use super::grid_store::GridContents;

/// The states of open windows.
pub(super) struct GridStates {
    stage: Arc<dyn OrderedStage>,
    /// The slots that the stage reads, and those read after it.
    reads: SlotSet,
    live: SlotSet,
    grid: Grid,
    /// States of slices that no window has used yet.
    waiting: BTreeMap<Slice, Box<dyn Operator>>,
    /// Nodes by level and number: the node of level l and number n holds the slices from n·2^l on. Empty for windows
    /// that share no slices.
    tree: Vec<BTreeMap<i64, Box<dyn Operator>>>,
    /// The first window that was not taken.
    next: i64,
}

impl GridStates {
    /// `live` are the slots read after the stage.
    pub(super) fn new(stage: Arc<dyn OrderedStage>, live: SlotSet, grid: Grid) -> GridStates {
        let mut reads = SlotSet::default();
        stage.reads(&mut reads);
        let (first, end) = grid.slices(0);
        let levels = if grid.is_tumbling() { 0 } else { (end - first).ilog2() as usize + 1 };
        let tree = (0..levels).map(|_| BTreeMap::new()).collect();
        GridStates { stage, reads, live, grid, waiting: BTreeMap::new(), tree, next: i64::MIN }
    }

    fn empty(&self) -> Box<dyn Operator> {
        self.stage.operator(&self.live)
    }

    /// Merges the state of a slice into its nodes.
    fn enter(&mut self, slice: i64, state: &dyn Operator) {
        let (stage, live) = (&self.stage, &self.live);
        for (level, nodes) in self.tree.iter_mut().enumerate() {
            let node = nodes.entry(slice >> level).or_insert_with(|| stage.operator(live));
            merge(node.as_mut(), state);
        }
    }

    /// Merges the nodes of a window, from the left in steps as large as the tree allows.
    fn merged(&self, window: i64) -> Box<dyn Operator> {
        let mut merged = self.empty();
        let (mut at, end) = self.grid.slices(window);
        while at < end && !self.tree.is_empty() {
            let fits = (end - at).ilog2().min(at.trailing_zeros()) as usize;
            let level = fits.min(self.tree.len() - 1);
            if let Some(node) = self.tree[level].get(&(at >> level)) {
                merge(merged.as_mut(), node.as_ref());
            }
            at += 1 << level;
        }
        merged
    }

    /// The waiting slices that a window contains, if no earlier window is waiting.
    fn waiting_in(&self, window: i64) -> impl Iterator<Item = &dyn Operator> {
        let (start, end) = self.grid.slices(window);
        let is_in = move |slice: &Slice| slice.first <= window && (start..end).contains(&slice.number);
        self.waiting.iter().filter(move |(slice, _)| is_in(slice)).map(|(_, state)| state.as_ref())
    }

    /// The windows that each slice is in.
    fn ranges(&self) -> Vec<Range> {
        let waiting = self.waiting.keys().map(|slice| (slice.first, self.grid.windows(slice.number).1));
        let entered = self.tree.first().into_iter().flat_map(BTreeMap::keys).map(|slice| self.grid.windows(*slice));
        let mut ranges: Vec<Range> = waiting.chain(entered).collect();
        ranges.sort_unstable();
        ranges
    }
}

/// Merges the state of an operator into another of the same stage.
fn merge(into: &mut dyn Operator, later: &dyn Operator) {
    let mut bytes = Vec::new();
    later.save_state(&mut bytes);
    into.merge_state(&mut StateReader::new(&bytes)).expect("the state that was just saved");
}

impl GridContents for GridStates {
    fn add(&mut self, batch: &Batch<'static>, assignment: &Assignment, _: &Grid, failures: &mut Failures) {
        let in_time = assignment.in_time(batch);
        let mut counts = RecordCounts::default();
        let mut first = 0;
        let mut rows_of: BTreeMap<Slice, Vec<u32>> = BTreeMap::new();
        for same in assignment.slices.chunk_by(|left, right| left == right) {
            let slice = Slice { first: same[0].first.max(self.next), ..same[0] };
            rows_of.entry(slice).or_default().extend(first..first + same.len() as u32);
            first += same.len() as u32;
        }
        for (slice, rows) in rows_of {
            let (stage, live) = (&self.stage, &self.live);
            let state = self.waiting.entry(slice).or_insert_with(|| stage.operator(live));
            state.push(in_time.select(&rows, &self.reads), &mut Vec::new(), &mut counts);
        }
        failures.append(counts.failures);
    }

    fn open(&mut self, most: usize, _: &dyn Executor) -> Vec<i64> {
        windows_of(self.ranges().into_iter(), self.next, most)
    }

    fn snapshot(&mut self, window: i64, _: &dyn Executor) -> Vec<Batch<'static>> {
        let mut merged = self.merged(window);
        self.waiting_in(window).for_each(|state| merge(merged.as_mut(), state));
        merged.snapshot()
    }

    fn first(&mut self, _: &dyn Executor) -> Option<i64> {
        let waiting = self.waiting.keys().next().map(|slice| slice.first);
        let entered = self.tree.first().and_then(|slices| slices.keys().next());
        let entered = entered.map(|slice| self.grid.windows(*slice).0.max(self.next));
        waiting.into_iter().chain(entered).min()
    }

    fn take(&mut self, window: i64, _: &dyn Executor) -> Vec<Batch<'static>> {
        self.next = window.saturating_add(1);
        let mut merged = self.empty();
        while let Some(entry) = self.waiting.first_entry()
            && entry.key().first <= window
        {
            let (slice, state) = entry.remove_entry();
            match self.tree.is_empty() {
                true => merged = state, // a window that shares no slices has one
                false => self.enter(slice.number, state.as_ref()),
            }
        }
        if !self.tree.is_empty() {
            merged = self.merged(window);
            let (first, _) = self.grid.slices(self.next);
            for (level, nodes) in self.tree.iter_mut().enumerate() {
                *nodes = nodes.split_off(&(first >> level));
            }
        }
        let mut rows = Vec::new();
        merged.finish(&mut rows, &mut RecordCounts::default());
        rows
    }
}

impl Stateful for GridStates {
    fn save_state(&self, out: &mut Vec<u8>) {
        self.next.save(out);
        (self.waiting.len() as u64).save(out);
        for (slice, state) in &self.waiting {
            slice.save(out);
            save_operator(state.as_ref(), out);
        }
        for nodes in &self.tree {
            (nodes.len() as u64).save(out);
            for (number, state) in nodes {
                number.save(out);
                save_operator(state.as_ref(), out);
            }
        }
    }

    fn load_state(&mut self, input: &mut StateReader<'_>) -> Result<(), StateError> {
        self.next = i64::load(input)?;
        self.waiting.clear();
        for _ in 0..input.length(2 * size_of::<i64>())? {
            let slice = Slice::load(input)?;
            let is_later = self.waiting.keys().next_back().is_none_or(|last| *last < slice);
            if slice.first < self.next || !is_later {
                return Err(StateError::Damaged);
            }
            let state = self.load_operator(input)?;
            self.waiting.insert(slice, state);
        }
        let (first, _) = self.grid.slices(self.next);
        for level in 0..self.tree.len() {
            let mut nodes = BTreeMap::new();
            for _ in 0..input.length(size_of::<i64>())? {
                let number = i64::load(input)?;
                let is_later = nodes.keys().next_back().is_none_or(|last| *last < number);
                if number < first >> level || !is_later {
                    return Err(StateError::Damaged);
                }
                nodes.insert(number, self.load_operator(input)?);
            }
            self.tree[level] = nodes;
        }
        Ok(())
    }
}

fn save_operator(operator: &dyn Operator, out: &mut Vec<u8>) {
    let mut bytes = Vec::new();
    operator.save_state(&mut bytes);
    save_text(&bytes, out);
}

impl GridStates {
    fn load_operator(&self, input: &mut StateReader<'_>) -> Result<Box<dyn Operator>, StateError> {
        let mut bytes = StateReader::new(load_text(input)?);
        let mut operator = self.empty();
        operator.load_state(&mut bytes)?;
        if bytes.is_empty() { Ok(operator) } else { Err(StateError::Damaged) }
    }
}

impl HeapBytes for GridStates {
    fn heap_bytes(&self) -> usize {
        let nodes = self.tree.iter().flat_map(BTreeMap::values);
        let states = self.waiting.values().chain(nodes);
        states.map(|state| size_of_val(state.as_ref()) + state.heap_bytes()).sum()
    }
}
