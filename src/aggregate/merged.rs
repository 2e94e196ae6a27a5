//! The shares of all workers as one, and the rows that come of it.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use crate::data::{Batch, KeyKind};
use crate::expr::Failures;
use crate::group::{GroupTable, Keys, hasher};

use super::accumulator::Accumulator;
use super::aggregation::Aggregation;
use super::partial::{GroupRun, PARTITIONS, RunSlice, partition};
use super::result_rows::{Finished, compact, emit, first_of};

/// Fewer groups than this are merged into one table by one thread.
const SMALL_GROUPS: usize = 1 << 14;

/// Runs tasks side by side. The engine has the threads; this floor only says what can be done at once.
pub trait Executor {
    /// Calls `task` once with each number below `tasks`, on any thread, and returns when all are done.
    fn run(&self, tasks: usize, task: &(dyn Fn(usize) + Sync));
}

/// All groups of the stream so far.
#[derive(Debug)]
pub struct Merged {
    aggregation: Arc<Aggregation>,
    /// One, or one for each partition.
    sets: Vec<GroupSet>,
    /// Handed over, but not merged yet: merging waits until it is worth it or the result is asked for.
    pending: Vec<GroupRun>,
    parts: Vec<RunSlice>,
    began: Instant,
    /// Results that were finished and are beyond the range of floats.
    failures: Failures,
}

/// The groups of one partition, or all.
#[derive(Debug)]
pub(super) struct GroupSet {
    table: GroupTable,
    accumulators: Vec<Box<dyn Accumulator>>,
}

impl Merged {
    /// Nothing yet.
    pub fn new(aggregation: Arc<Aggregation>) -> Self {
        Merged {
            aggregation,
            sets: Vec::new(),
            pending: Vec::new(),
            parts: Vec::new(),
            began: Instant::now(),
            failures: Failures::default(),
        }
    }

    /// Adds what workers have handed over at the end of a batch.
    pub fn add(&mut self, runs: Vec<GroupRun>, executor: &dyn Executor) {
        self.pending.extend(runs);
        let waiting: usize = self.pending.iter().map(GroupRun::groups).sum();
        let settled: usize = self.sets.iter().map(|set| set.table.len()).sum();
        // Merging costs as much as there is to merge, so each group is moved a bounded number of times.
        if !self.sets.is_empty() && waiting > settled.max(SMALL_GROUPS) || self.pending.len() > 1 << 10 {
            self.settle(executor);
        }
    }

    /// Adds groups that share their run with others. Of many short windows little more is kept, until they are asked
    /// for.
    pub(super) fn add_part(&mut self, part: RunSlice, executor: &dyn Executor) {
        self.parts.push(part);
        if self.parts.len() > 1 << 10 {
            self.settle(executor);
        }
    }

    /// The rows of the result so far, in their order; nothing is left.
    pub fn finish(&mut self, executor: &dyn Executor) -> Vec<Batch<'static>> {
        self.finish_after(self.began.elapsed().as_secs_f64(), executor)
    }

    /// As [`Merged::finish`], of a window of so many seconds: only `rate` asks for them.
    pub fn finish_after(&mut self, seconds: f64, executor: &dyn Executor) -> Vec<Batch<'static>> {
        self.prepare();
        self.merge_parts();
        if self.aggregation.keys.is_empty() {
            self.only_group();
        }
        let runs = std::mem::take(&mut self.pending);
        let sets: Vec<Mutex<Option<GroupSet>>> = self.sets.drain(..).map(|set| Mutex::new(Some(set))).collect();
        let finished: Vec<Mutex<Option<(Finished<'static>, Failures)>>> =
            sets.iter().map(|_| Mutex::new(None)).collect();
        let count = sets.len();
        let aggregation = &self.aggregation;
        let task = |index: usize| {
            if let Some(mut set) = sets[index].lock().ok().and_then(|mut set| set.take()) {
                set.merge(&runs, index, count);
                let mut failures = Failures::default();
                let done = set.finish(aggregation, seconds, index as u32, &mut failures);
                if let Ok(mut place) = finished[index].lock() {
                    *place = Some((done, failures));
                }
            }
        };
        run(executor, count, &task);
        drop(runs);
        let (finished, failures): (Vec<Finished<'_>>, Vec<Failures>) =
            finished.into_iter().filter_map(|place| place.into_inner().ok().flatten()).unzip();
        failures.into_iter().for_each(|failures| self.failures.append(failures));
        emit(aggregation, &finished)
    }

    /// The results since this was last asked that are beyond the range of floats.
    pub fn take_failures(&mut self) -> Failures {
        std::mem::take(&mut self.failures)
    }

    /// The rows of the result so far, in their order; everything stays.
    pub fn snapshot(&mut self, executor: &dyn Executor) -> Vec<Batch<'static>> {
        self.snapshot_after(self.began.elapsed().as_secs_f64(), executor)
    }

    /// As [`Merged::snapshot`], of a window of so many seconds.
    pub fn snapshot_after(&mut self, seconds: f64, executor: &dyn Executor) -> Vec<Batch<'static>> {
        self.settle(executor);
        if self.aggregation.keys.is_empty() {
            self.only_group();
        }
        let finished: Vec<Mutex<Option<Finished<'_>>>> = self.sets.iter().map(|_| Mutex::new(None)).collect();
        let (aggregation, sets) = (&self.aggregation, &self.sets);
        run(executor, sets.len(), &|index| {
            let done = sets[index].snapshot(aggregation, seconds, index as u32);
            if let Ok(mut place) = finished[index].lock() {
                *place = Some(done);
            }
        });
        let finished: Vec<Finished<'_>> =
            finished.into_iter().filter_map(|place| place.into_inner().ok().flatten()).collect();
        emit(aggregation, &finished)
    }

    /// Merges what is pending into the sets.
    fn settle(&mut self, executor: &dyn Executor) {
        self.prepare();
        self.merge_parts();
        let runs = std::mem::take(&mut self.pending);
        let sets: Vec<Mutex<&mut GroupSet>> = self.sets.iter_mut().map(Mutex::new).collect();
        let count = sets.len();
        run(executor, count, &|index| {
            if let Ok(mut set) = sets[index].lock() {
                set.merge(&runs, index, count);
            }
        });
    }

    /// Merges the parts into the sets.
    fn merge_parts(&mut self) {
        let hasher = hasher();
        let mut groups = Vec::new();
        for part in std::mem::take(&mut self.parts) {
            if let [set] = self.sets.as_mut_slice() {
                set.merge_part(&part);
                continue;
            }
            for group in part.groups {
                let set = &mut self.sets[partition(&part.run.keys, group, hasher)];
                set.merge_groups(&part.run, group..group + 1, &mut groups);
            }
        }
    }

    /// Makes one set for few groups, or one for each partition for many.
    fn prepare(&mut self) {
        let in_runs: usize = self.pending.iter().map(GroupRun::groups).sum();
        let in_parts: usize = self.parts.iter().map(|part| part.groups.len()).sum();
        let waiting = in_runs + in_parts;
        let settled: usize = self.sets.iter().map(|set| set.table.len()).sum();
        let wanted = if waiting + settled < SMALL_GROUPS { 1 } else { PARTITIONS };
        if wanted > 1 {
            let runs = self.pending.drain(..).map(GroupRun::parted);
            self.pending = runs.collect();
        }
        if self.sets.len() >= wanted {
            return;
        }
        for mut set in self.sets.drain(..) {
            self.pending.push(GroupRun::of(&set.table, &mut set.accumulators));
        }
        let capacity = waiting.max(settled) / wanted;
        self.sets = (0..wanted)
            .map(|_| GroupSet {
                table: GroupTable::with_capacity(capacity),
                accumulators: self.aggregation.accumulators(),
            })
            .collect();
    }

    /// Without keys there is one group even if there was no record.
    fn only_group(&mut self) {
        for set in &mut self.sets {
            set.table.group_of(KeyKind::Tuple, &[]);
            set.accumulators.iter_mut().for_each(|accumulator| accumulator.resize(1));
        }
    }
}

/// One task needs no other thread.
fn run(executor: &dyn Executor, tasks: usize, task: &(dyn Fn(usize) + Sync)) {
    if tasks == 1 { task(0) } else { executor.run(tasks, task) }
}

impl GroupSet {
    /// No group yet, and few to come.
    pub(super) fn small(aggregation: &Aggregation) -> GroupSet {
        GroupSet { table: GroupTable::with_capacity(0), accumulators: aggregation.accumulators() }
    }

    /// Whether what was added can be taken back exactly.
    pub(super) fn can_subtract(&self) -> bool {
        let mut accumulators = self.accumulators.iter();
        accumulators.all(|accumulator| accumulator.can_subtract())
    }

    /// Adds the groups of another set.
    pub(super) fn merge_set(&mut self, other: &GroupSet) {
        let groups: Vec<u32> =
            (0..other.table.len()).map(|group| self.table.group_of_stored(&other.table.keys, group)).collect();
        for (own, other) in self.accumulators.iter_mut().zip(&other.accumulators) {
            own.resize(self.table.len());
            own.merge(other.as_ref(), 0..groups.len(), &groups);
        }
    }

    /// Takes back what [`GroupSet::merge_part`] has added to these groups.
    pub(super) fn subtract_part(&mut self, part: &RunSlice, groups: &[u32]) {
        for (own, other) in self.accumulators.iter_mut().zip(&part.run.accumulators) {
            own.subtract(other.as_ref(), part.groups.clone(), groups);
        }
    }

    /// How many groups.
    pub(super) fn groups(&self) -> usize {
        self.table.len()
    }

    /// Keeps only these groups, which get new numbers in this order.
    pub(super) fn keep(&mut self, groups: &[u32]) {
        self.table.keep(groups);
        for accumulator in &mut self.accumulators {
            *accumulator = accumulator.take_groups(groups);
        }
    }

    /// The rows of the result, of these groups; the states stay.
    pub(super) fn rows_of(
        &self,
        groups: impl Iterator<Item = u32>,
        aggregation: &Aggregation,
        seconds: f64,
        failures: &mut Failures,
    ) -> Vec<Batch<'static>> {
        let columns = aggregation.finish(&self.accumulators, seconds);
        failures.append(aggregation.beyond(&self.accumulators, &columns));
        let best = first_of(groups, &self.table.keys, &columns, &aggregation.ranking, 0);
        let finished = Finished { keys: Cow::Borrowed(&self.table.keys), columns, best };
        emit(aggregation, &[finished])
    }

    /// Makes room for these groups, of which there is no record.
    pub(super) fn add_groups(&mut self, keys: &Keys) {
        for group in 0..keys.len() {
            self.table.group_of_stored(keys, group);
        }
        for accumulator in &mut self.accumulators {
            accumulator.resize(self.table.len());
        }
    }

    /// The rows of the result.
    pub(super) fn into_rows(
        self,
        aggregation: &Aggregation,
        seconds: f64,
        failures: &mut Failures,
    ) -> Vec<Batch<'static>> {
        emit(aggregation, &[self.finish(aggregation, seconds, 0, failures)])
    }

    /// Adds partition `index` of `count` of the runs; if there is one set, all partitions.
    fn merge(&mut self, runs: &[GroupRun], index: usize, count: usize) {
        let mut groups = Vec::new();
        for run in runs {
            let from = if count == 1 { 0..run.groups() } else { run.offsets[index]..run.offsets[index + 1] };
            self.merge_groups(run, from, &mut groups);
        }
    }

    /// Adds some groups; which they are here.
    pub(super) fn merge_part(&mut self, part: &RunSlice) -> Vec<u32> {
        let mut groups = Vec::with_capacity(part.groups.len());
        self.merge_groups(&part.run, part.groups.clone(), &mut groups);
        groups
    }

    fn merge_groups(&mut self, run: &GroupRun, from: Range<usize>, groups: &mut Vec<u32>) {
        groups.clear();
        groups.extend(from.clone().map(|group| self.table.group_of_stored(&run.keys, group)));
        for (own, other) in self.accumulators.iter_mut().zip(&run.accumulators) {
            own.resize(self.table.len());
            own.merge(other.as_ref(), from.clone(), groups);
        }
    }

    /// The results so far, and the groups that come first; the states stay.
    fn snapshot(&self, aggregation: &Aggregation, seconds: f64, index: u32) -> Finished<'static> {
        let columns = aggregation.finish(&self.accumulators, seconds);
        let groups = 0..self.table.len() as u32;
        let keys = &self.table.keys;
        let best = first_of(groups, keys, &columns, &aggregation.ranking, index);
        compact(keys, &columns, best)
    }

    /// The results, and the groups that come first.
    fn finish(self, aggregation: &Aggregation, seconds: f64, index: u32, failures: &mut Failures) -> Finished<'static> {
        let columns = aggregation.finish(&self.accumulators, seconds);
        failures.append(aggregation.beyond(&self.accumulators, &columns));
        let groups = 0..self.table.len() as u32;
        let best = first_of(groups, &self.table.keys, &columns, &aggregation.ranking, index);
        if best.len() * 8 < self.table.len() {
            return compact(&self.table.keys, &columns, best);
        }
        Finished { keys: Cow::Owned(self.table.keys), columns, best }
    }
}
