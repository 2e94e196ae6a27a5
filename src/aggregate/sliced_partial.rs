//! A worker's partial result of a windowed stream: groups and states by slice.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::data::budget::Budget;
use crate::data::persist::{Persist, StateError, StateReader};
use crate::data::{Batch, HeapBytes, SlotSet, buffer_bytes};
use crate::expr::Failures;
use crate::window::Slice;

use super::aggregation::Aggregation;
use super::group_set::GroupSet;
use super::merged::{Executor, Merged};
use super::partial::{GroupRun, Partial, RunSlice};
use super::saved_groups::{load_groups, save_groups};
use super::slice_groups::SliceGroups;
use super::spilled_groups::TakenRun;

/// The groups of one worker, per slice.
#[derive(Debug)]
pub struct SlicedPartial {
    aggregation: Arc<Aggregation>,
    reads: SlotSet,
    /// Batches that lie in one slice, or whose order matters.
    slices: BTreeMap<Slice, Partial>,
    /// Batches that span several slices.
    cells: SliceGroups,
    budget: Arc<Budget>,
}

/// A worker's groups by slice. A slice can be in both lists.
#[derive(Debug)]
pub struct SliceRuns {
    pub(super) whole: Vec<(Slice, Vec<GroupRun>)>,
    pub(super) parts: Vec<(Slice, RunSlice)>,
}

impl SliceRuns {
    /// Groups by slice, which have no memory budget of their own.
    pub fn of(slices: Vec<(Slice, Merged)>) -> SliceRuns {
        let held = |merged: Merged| merged.into_runs().into_iter().filter_map(TakenRun::held).collect();
        let whole = slices.into_iter().map(|(slice, merged)| (slice, held(merged)));
        SliceRuns { whole: whole.collect(), parts: Vec::new() }
    }

    /// Adds the groups to the merged groups of their slices.
    pub fn add_to(self, slices: &mut BTreeMap<Slice, Merged>, aggregation: &Arc<Aggregation>, executor: &dyn Executor) {
        let fresh = || Merged::new(Arc::clone(aggregation));
        for (slice, runs) in self.whole {
            slices.entry(slice).or_insert_with(fresh).add(runs, executor);
        }
        for (slice, part) in self.parts {
            slices.entry(slice).or_insert_with(fresh).add_part(part, executor);
        }
    }
}

impl SlicedPartial {
    /// Creates an empty partial without a limit.
    pub fn new(aggregation: Arc<Aggregation>) -> Self {
        SlicedPartial::within(aggregation, &Budget::unlimited())
    }

    /// Creates an empty partial, whose groups count in a memory budget once they are taken.
    pub fn within(aggregation: Arc<Aggregation>, budget: &Arc<Budget>) -> Self {
        let mut reads = SlotSet::default();
        aggregation.reads(&mut reads);
        SlicedPartial {
            cells: SliceGroups::new(Arc::clone(&aggregation)),
            aggregation,
            reads,
            slices: BTreeMap::new(),
            budget: Arc::clone(budget),
        }
    }

    /// Adds the records of a batch, each to its slice; returns the number of stream positions used.
    pub fn update(&mut self, batch: &Batch<'_>, slices: &[Slice], failures: &mut Failures) -> u64 {
        let Some(first) = slices.first() else {
            return 0;
        };
        if slices.iter().all(|slice| slice == first) {
            self.of(*first).update(batch, failures);
            return 1;
        }
        if !self.aggregation.is_ordered() {
            self.cells.update(batch, slices, failures);
            return 1;
        }
        // Later rows of the batch get later positions.
        let rows: Vec<u32> = (0..batch.rows as u32).collect();
        let same = |left: &u32, right: &u32| slices[*left as usize] == slices[*right as usize];
        let mut position = batch.position;
        for rows in rows.chunk_by(same) {
            let mut part = batch.select(rows, &self.reads);
            part.position = position;
            self.of(slices[rows[0] as usize]).update(&part, failures);
            position.0 += 1;
        }
        position.0 - batch.position.0
    }

    /// Moves everything out.
    pub fn take(&mut self) -> SliceRuns {
        SliceRuns {
            whole: std::mem::take(&mut self.slices)
                .into_iter()
                .map(|(slice, partial)| (slice, partial.into_runs()))
                .collect(),
            parts: self.cells.take(&self.budget),
        }
    }

    fn of(&mut self, slice: Slice) -> &mut Partial {
        self.slices.entry(slice).or_insert_with(|| Partial::new(Arc::clone(&self.aggregation)))
    }
}

/// Batches end with no groups in the workers: these are the groups that they hand over.
impl SliceRuns {
    /// Appends the groups of each slice to a saved state, merged.
    pub fn save(&self, aggregation: &Aggregation, out: &mut Vec<u8>) {
        let mut slices: BTreeMap<Slice, GroupSet> = BTreeMap::new();
        let fresh = || GroupSet::small(aggregation);
        for (slice, runs) in &self.whole {
            slices.entry(*slice).or_insert_with(fresh).merge(runs, 0, 1);
        }
        for (slice, part) in &self.parts {
            slices.entry(*slice).or_insert_with(fresh).merge_part(part);
        }
        (slices.len() as u64).save(out);
        for (slice, groups) in &slices {
            slice.first.save(out);
            slice.number.save(out);
            save_groups(&[groups.view()], out);
        }
    }

    /// Reads the groups that [`SliceRuns::save`] has appended for the same aggregation.
    pub fn load(aggregation: &Aggregation, input: &mut StateReader<'_>) -> Result<SliceRuns, StateError> {
        let mut whole: Vec<(Slice, Vec<GroupRun>)> = Vec::new();
        for _ in 0..input.length(2 * size_of::<i64>())? {
            let slice = Slice { first: i64::load(input)?, number: i64::load(input)? };
            if whole.last().is_some_and(|(last, _)| *last >= slice) {
                return Err(StateError::Damaged);
            }
            whole.push((slice, vec![load_groups(aggregation, input)?]));
        }
        Ok(SliceRuns { whole, parts: Vec::new() })
    }
}

impl HeapBytes for SlicedPartial {
    fn heap_bytes(&self) -> usize {
        let partials = self.slices.len() * (size_of::<(Slice, Partial)>() + 8) * 3 / 2;
        partials + self.slices.values().map(HeapBytes::heap_bytes).sum::<usize>() + self.cells.heap_bytes()
    }
}

impl HeapBytes for SliceRuns {
    fn heap_bytes(&self) -> usize {
        let whole = self.whole.iter().map(|(_, runs)| runs.heap_bytes()).sum::<usize>();
        let parts = self.parts.iter().map(|(_, part)| part.heap_bytes()).sum::<usize>();
        buffer_bytes(&self.whole) + whole + buffer_bytes(&self.parts) + parts
    }
}
