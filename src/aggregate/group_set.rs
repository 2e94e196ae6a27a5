//! The merged groups of one partition, or of all.

use std::borrow::Cow;
use std::ops::Range;

use crate::data::{Batch, HeapBytes};
use crate::expr::Failures;
use crate::group::{GroupTable, Keys, hasher};

use super::accumulator::Accumulator;
use super::aggregation::Aggregation;
use super::partial::{GroupRun, RunSlice, partition_at};
use super::result_rows::{Finished, compact, emit, first_of};
use super::saved_groups::GroupsView;

/// The groups of one partition, or all.
#[derive(Debug)]
pub(super) struct GroupSet {
    pub(super) table: GroupTable,
    pub(super) accumulators: Vec<Box<dyn Accumulator>>,
}

impl GroupSet {
    /// Creates an empty set for few groups.
    pub(super) fn small(aggregation: &Aggregation) -> GroupSet {
        GroupSet { table: GroupTable::with_capacity(0), accumulators: aggregation.accumulators() }
    }

    /// Moves all groups out, divided at this level.
    pub(super) fn take_run(&mut self, level: u32) -> GroupRun {
        GroupRun::of_keys(&self.table.keys, &mut self.accumulators, level)
    }

    /// Returns a copy of the groups of one partition at this level.
    pub(super) fn only(&self, index: usize, level: u32, aggregation: &Aggregation) -> GroupSet {
        let mut copy = GroupSet::small(aggregation);
        let hasher = hasher();
        let of_partition = |group: &usize| partition_at(&self.table.keys, *group, hasher, level) == index;
        let groups: Vec<usize> = (0..self.table.len()).filter(of_partition).collect();
        groups.iter().for_each(|group| {
            copy.table.group_of_stored(&self.table.keys, *group);
        });
        for (copy, own) in copy.accumulators.iter_mut().zip(&self.accumulators) {
            copy.resize(groups.len());
            for (new, group) in groups.iter().enumerate() {
                copy.merge(own.as_ref(), *group..*group + 1, &[new as u32]);
            }
        }
        copy
    }

    /// True if `subtract_part` exactly undoes `merge_part`.
    pub(super) fn can_subtract(&self) -> bool {
        let mut accumulators = self.accumulators.iter();
        accumulators.all(|accumulator| accumulator.can_subtract())
    }

    /// Returns all groups.
    pub(super) fn view(&self) -> GroupsView<'_> {
        GroupsView { keys: &self.table.keys, accumulators: &self.accumulators, groups: 0..self.table.len() }
    }

    /// Merges the groups of another set.
    pub(super) fn merge_set(&mut self, other: &GroupSet) {
        let groups: Vec<u32> =
            (0..other.table.len()).map(|group| self.table.group_of_stored(&other.table.keys, group)).collect();
        for (own, other) in self.accumulators.iter_mut().zip(&other.accumulators) {
            own.resize(self.table.len());
            own.merge(other.as_ref(), 0..groups.len(), &groups);
        }
    }

    /// Undoes a [`GroupSet::merge_part`] of these groups.
    pub(super) fn subtract_part(&mut self, part: &RunSlice, groups: &[u32]) {
        for (own, other) in self.accumulators.iter_mut().zip(&part.run.accumulators) {
            own.subtract(other.as_ref(), part.groups.clone(), groups);
        }
    }

    /// Number of groups.
    pub(super) fn groups(&self) -> usize {
        self.table.len()
    }

    /// Keeps only these groups and renumbers them in this order.
    pub(super) fn keep(&mut self, groups: &[u32]) {
        self.table.keep(groups);
        for accumulator in &mut self.accumulators {
            *accumulator = accumulator.take_groups(groups);
        }
    }

    /// Returns the result rows of these groups; keeps the states.
    pub(super) fn rows_of(
        &self,
        groups: impl Iterator<Item = u32>,
        aggregation: &Aggregation,
        seconds: f64,
        failures: &mut Failures,
    ) -> Vec<Batch<'static>> {
        let columns = aggregation.finish(&self.accumulators, &self.table.keys, seconds, failures);
        let best = first_of(groups, &self.table.keys, &columns, aggregation, 0);
        let finished = Finished { keys: Cow::Borrowed(&self.table.keys), columns, best };
        emit(aggregation, &[finished])
    }

    /// Adds these groups with empty states.
    pub(super) fn add_groups(&mut self, keys: &Keys) {
        for group in 0..keys.len() {
            self.table.group_of_stored(keys, group);
        }
        for accumulator in &mut self.accumulators {
            accumulator.resize(self.table.len());
        }
    }

    /// Returns the result rows.
    pub(super) fn into_rows(
        self,
        aggregation: &Aggregation,
        seconds: f64,
        failures: &mut Failures,
    ) -> Vec<Batch<'static>> {
        emit(aggregation, &[self.finish(aggregation, seconds, 0, failures)])
    }

    /// Merges partition `index` of `count` of the runs, or all partitions if `count` is 1.
    pub(super) fn merge(&mut self, runs: &[GroupRun], index: usize, count: usize) {
        let mut groups = Vec::new();
        for run in runs {
            let from = if count == 1 { 0..run.groups() } else { run.offsets[index]..run.offsets[index + 1] };
            self.merge_groups(run, from, &mut groups);
        }
    }

    /// Merges some groups and returns their numbers in this set.
    pub(super) fn merge_part(&mut self, part: &RunSlice) -> Vec<u32> {
        let mut groups = Vec::with_capacity(part.groups.len());
        self.merge_groups(&part.run, part.groups.clone(), &mut groups);
        groups
    }

    pub(super) fn merge_groups(&mut self, run: &GroupRun, from: Range<usize>, groups: &mut Vec<u32>) {
        groups.clear();
        groups.extend(from.clone().map(|group| self.table.group_of_stored(&run.keys, group)));
        for (own, other) in self.accumulators.iter_mut().zip(&run.accumulators) {
            own.resize(self.table.len());
            own.merge(other.as_ref(), from.clone(), groups);
        }
    }

    /// Returns the results so far with the first groups in order; keeps the states.
    pub(super) fn snapshot(&self, aggregation: &Aggregation, seconds: f64, index: u32) -> Finished<'static> {
        let keys = &self.table.keys;
        let columns = aggregation.snapshot(&self.accumulators, keys, seconds);
        let groups = 0..self.table.len() as u32;
        let best = first_of(groups, keys, &columns, aggregation, index);
        compact(keys, &columns, best)
    }

    /// Returns the results with the first groups in order.
    pub(super) fn finish(
        self,
        aggregation: &Aggregation,
        seconds: f64,
        index: u32,
        failures: &mut Failures,
    ) -> Finished<'static> {
        let columns = aggregation.finish(&self.accumulators, &self.table.keys, seconds, failures);
        let groups = 0..self.table.len() as u32;
        let best = first_of(groups, &self.table.keys, &columns, aggregation, index);
        if best.len() * 8 < self.table.len() {
            return compact(&self.table.keys, &columns, best);
        }
        Finished { keys: Cow::Owned(self.table.keys), columns, best }
    }
}

impl HeapBytes for GroupSet {
    fn heap_bytes(&self) -> usize {
        self.table.heap_bytes() + self.accumulators.heap_bytes()
    }
}
