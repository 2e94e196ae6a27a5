//! Merges the partials of all workers and produces the result rows.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::{Arc, Mutex};

use crate::data::budget::{Budget, Held, SortedRun, SortedRuns};
use crate::data::persist::{Persist, StateError, StateReader, Stateful};
use crate::data::{Batch, Direction, HeapBytes, KeyKind, RowOrder, Stopwatch, system_clock};
use crate::expr::Failures;
use crate::group::{GroupTable, Keys, hasher};

use super::accumulator::Accumulator;
use super::aggregation::Aggregation;
use super::partial::{GroupRun, PARTITIONS, RunSlice, partition, partition_at};
use super::result_rows::{Finished, compact, emit, first_of, rows_of};
use super::saved_groups::{GroupsView, load_groups, save_groups};
use super::spilled_groups::{SPILLED, SpilledGroups, TakenRun};

/// The first rows of each partition are kept in memory if there are at most this many.
const FEW_ROWS: usize = 1 << 12;

/// Groups of a window with fewer bytes are not worth a write.
const LEAST_SPILLED_BYTES: usize = 1 << 16;

/// Fewer groups than this are merged into one table by one thread.
const SMALL_GROUPS: usize = 1 << 14;

/// Runs tasks in parallel, and measures the run. The engine owns the threads and the clock; this trait only lets
/// aggregation use them.
pub trait Executor {
    /// Calls `task` once with each number below `tasks`, on any thread, and returns when all are done.
    fn run(&self, tasks: usize, task: &(dyn Fn(usize) + Sync));

    /// The time since the run began, which `rate` needs without a window. By default, the run begins with the call.
    fn stopwatch(&self) -> Stopwatch {
        Stopwatch::start(&system_clock())
    }

    /// The memory budget of the run. By default, there is no limit.
    fn budget(&self) -> Arc<Budget> {
        Budget::unlimited()
    }
}

/// All groups of the stream so far.
#[derive(Debug)]
pub struct Merged {
    aggregation: Arc<Aggregation>,
    /// One set, or one per partition.
    sets: Vec<GroupSet>,
    /// Runs that are not merged yet: merging waits until it pays off or a result is requested.
    pending: Vec<GroupRun>,
    parts: Vec<RunSlice>,
    /// Groups over the memory budget. While there are any, there is a set per partition.
    spilled: Option<SpilledGroups>,
    /// Bytes of the sets.
    held: Held,
    /// Bytes of the pending slices.
    held_parts: Held,
    /// Finished results that exceed the range of floats.
    failures: Failures,
}

/// Takes result rows in order; returns false if no more are wanted.
pub type EmitRows<'e> = &'e mut dyn FnMut(Vec<Batch<'static>>) -> bool;

/// The groups of one partition, or all.
#[derive(Debug)]
pub(super) struct GroupSet {
    table: GroupTable,
    accumulators: Vec<Box<dyn Accumulator>>,
}

impl Merged {
    /// Creates an empty result.
    pub fn new(aggregation: Arc<Aggregation>) -> Self {
        Merged::within(aggregation, &Budget::unlimited())
    }

    /// Creates an empty result within a memory budget.
    pub fn within(aggregation: Arc<Aggregation>, budget: &Arc<Budget>) -> Self {
        Merged {
            aggregation,
            sets: Vec::new(),
            pending: Vec::new(),
            parts: Vec::new(),
            spilled: None,
            held: budget.hold(),
            held_parts: budget.hold(),
            failures: Failures::default(),
        }
    }

    /// Adds the runs that workers returned at the end of a batch interval.
    pub fn add(&mut self, runs: Vec<impl Into<TakenRun>>, executor: &dyn Executor) {
        for run in runs {
            match run.into() {
                TakenRun::Held(mut run) => {
                    run.count_in(self.held.budget());
                    self.pending.push(run);
                }
                TakenRun::Spilled(spilled) => match &mut self.spilled {
                    Some(own) => own.append(spilled),
                    None => self.spilled = Some(spilled),
                },
            }
        }
        let waiting: usize = self.pending.iter().map(GroupRun::groups).sum();
        let settled: usize = self.sets.iter().map(|set| set.table.len()).sum();
        // Merging costs as much as there is to merge; this bounds how often each group is moved.
        if !self.sets.is_empty() && waiting > settled.max(SMALL_GROUPS) || self.pending.len() > 1 << 10 {
            self.settle(executor);
        }
        if self.held.budget().must_spill(self.bytes()) && !self.aggregation.keys.is_empty() {
            self.spill();
        }
    }

    /// Writes the groups to a file if there are more than a few: the budget is exceeded, and other results hold the rest.
    pub(super) fn relieve(&mut self) {
        let has_many = self.bytes() > LEAST_SPILLED_BYTES.min(self.held.budget().limit());
        if has_many && self.held.budget().is_exceeded() && !self.aggregation.keys.is_empty() {
            self.spill();
        }
    }

    /// Bytes of all groups in memory.
    fn bytes(&self) -> usize {
        self.held.bytes() + self.held_parts.bytes() + self.pending_bytes()
    }

    /// Bytes of the pending runs.
    fn pending_bytes(&self) -> usize {
        self.pending.iter().filter_map(|run| run.held.as_ref()).map(Held::bytes).sum()
    }

    /// Writes all groups to a file. They stay in memory if that fails.
    fn spill(&mut self) {
        self.merge_parts_into_runs();
        let mut runs: Vec<GroupRun> = std::mem::take(&mut self.pending).into_iter().map(GroupRun::parted).collect();
        runs.extend(self.sets.drain(..).map(|mut set| set.take_run(0)));
        let spilled = self.spilled.get_or_insert_with(|| SpilledGroups::new(0));
        self.pending = spilled.write(runs, self.held.budget());
        self.held.set(0);
    }

    /// Makes runs of the pending slices.
    fn merge_parts_into_runs(&mut self) {
        if !self.parts.is_empty() {
            let mut set = GroupSet::small(&self.aggregation);
            self.parts.drain(..).for_each(|part| drop(set.merge_part(&part)));
            self.pending.push(set.take_run(0));
            self.held_parts.set(0);
        }
    }

    /// Adds groups that share their run with other slices. Many short windows keep little more than these until a
    /// result is requested.
    pub(super) fn add_part(&mut self, part: RunSlice, executor: &dyn Executor) {
        if !self.held.budget().is_unlimited() {
            self.held_parts.set(self.held_parts.bytes() + part.heap_bytes());
        }
        self.parts.push(part);
        if self.parts.len() > 1 << 10 {
            self.settle(executor);
        }
    }

    /// Returns the result rows in order and clears all groups.
    pub fn finish(&mut self, executor: &dyn Executor) -> Vec<Batch<'static>> {
        self.finish_after(executor.stopwatch().time().as_secs_f64(), executor)
    }

    /// Like [`Merged::finish`], for a window of `seconds`, which `rate` needs.
    pub fn finish_after(&mut self, seconds: f64, executor: &dyn Executor) -> Vec<Batch<'static>> {
        let mut rows = Vec::new();
        self.finish_each(seconds, executor, &mut |batches| {
            rows.extend(batches);
            true
        });
        rows
    }

    /// Like [`Merged::finish_after`], but passes on the rows in pieces: groups in files need not be in memory at once.
    pub fn finish_each(&mut self, seconds: f64, executor: &dyn Executor, emit: EmitRows<'_>) {
        // Merging takes as much memory again.
        let is_tight = !self.held.budget().is_unlimited() && self.bytes() > self.held.budget().limit() / 2;
        if self.spilled.is_none() && (!is_tight || self.aggregation.keys.is_empty()) {
            emit(self.finish_held(seconds, executor));
            return;
        }
        self.spill();
        match self.aggregation.ranking.limit.filter(|limit| *limit <= FEW_ROWS) {
            Some(_) => {
                let rows = self.finish_first(seconds, executor);
                emit(rows);
            }
            None => self.finish_all(seconds, executor, emit),
        }
    }

    /// Merges the groups partition by partition and keeps the first rows of each.
    fn finish_first(&mut self, seconds: f64, executor: &dyn Executor) -> Vec<Batch<'static>> {
        let finished: Mutex<Vec<Finished<'static>>> = Mutex::default();
        self.finish_partitions(executor, &|set, aggregation, failures| {
            let done = set.finish(aggregation, seconds, 0, failures);
            let done = compact(&done.keys, &done.columns, done.best);
            if let Ok(mut finished) = finished.lock() {
                finished.push(done);
            }
        });
        let mut finished = finished.into_inner().unwrap_or_default();
        for (index, set) in finished.iter_mut().enumerate() {
            set.best.iter_mut().for_each(|group| group.set = index as u32);
        }
        emit(&self.aggregation, &finished)
    }

    /// Merges the groups partition by partition, sorts the rows of each, and merges those.
    fn finish_all(&mut self, seconds: f64, executor: &dyn Executor, emit: EmitRows<'_>) {
        let budget = Arc::clone(self.held.budget());
        let aggregation = Arc::clone(&self.aggregation);
        let slots = aggregation.keys.iter().map(|key| key.slot);
        let live = slots.chain(aggregation.aggregates.iter().flat_map(|aggregate| aggregate.slots.iter().copied()));
        let mut sorted = SortedRuns::new(SPILLED, row_order(&aggregation), live.collect(), &budget);
        let runs: Mutex<Vec<SortedRun>> = Mutex::default();
        self.finish_partitions(executor, &|set, aggregation, failures| {
            let row_bytes = set.heap_bytes() / set.groups().max(1);
            let done = set.finish(aggregation, seconds, 0, failures);
            let sets = [done];
            let run = sorted.write(rows_of(aggregation, &sets, &sets[0].best, sorted.block_rows(row_bytes)));
            if let Ok(mut runs) = runs.lock() {
                runs.push(run);
            }
        });
        let runs = runs.into_inner().unwrap_or_default();
        let mut left = aggregation.ranking.limit.unwrap_or(usize::MAX);
        let pass_on = |mut batch: Batch<'static>| {
            let slots = batch.slots();
            batch.truncate(left, &slots);
            left -= batch.rows;
            emit(vec![batch]) && left > 0
        };
        if aggregation.ranking.unordered {
            let _ = runs.into_iter().flatten().all(pass_on);
        } else {
            runs.into_iter().for_each(|run| sorted.add(run));
            let _ = sorted.merge().all(pass_on);
        }
    }

    /// Merges all groups, partition by partition, and passes each set to `finish`, on any thread.
    fn finish_partitions(&mut self, executor: &dyn Executor, finish: &FinishSet<'_>) {
        self.prepare();
        self.merge_parts();
        let runs = std::mem::take(&mut self.pending); // only if they could not be written
        let sets: Vec<Mutex<Option<GroupSet>>> = self.sets.drain(..).map(|set| Mutex::new(Some(set))).collect();
        let (spilled, budget) = (self.spilled.take(), Arc::clone(self.held.budget()));
        let failures: Mutex<Failures> = Mutex::default();
        let aggregation = &self.aggregation;
        run(executor, sets.len(), &|index| {
            let Some(mut set) = sets[index].lock().ok().and_then(|mut set| set.take()) else {
                return;
            };
            let mut own = Failures::default();
            set.merge(&runs, index, sets.len());
            let mut finish = |set: GroupSet| finish(set, aggregation, &mut own);
            match &spilled {
                Some(spilled) => spilled.merge_partition(index, Some(&set), aggregation, &budget, &mut finish),
                None => finish(set),
            }
            if let Ok(mut failures) = failures.lock() {
                failures.append(own);
            }
        });
        self.held.set(0);
        self.failures.append(failures.into_inner().unwrap_or_default());
    }

    /// Returns the result rows of groups in memory.
    fn finish_held(&mut self, seconds: f64, executor: &dyn Executor) -> Vec<Batch<'static>> {
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

    /// Takes the count of results beyond the range of floats since the last call.
    pub fn take_failures(&mut self) -> Failures {
        std::mem::take(&mut self.failures)
    }

    /// Returns all groups as a worker would hand them over.
    pub fn into_runs(mut self) -> Vec<TakenRun> {
        self.prepare();
        self.merge_parts();
        let in_sets = self.sets.into_iter().map(|mut set| set.take_run(0));
        let held = self.pending.into_iter().chain(in_sets).filter(|run| run.groups() > 0).map(TakenRun::Held);
        held.chain(self.spilled.map(TakenRun::Spilled)).collect()
    }

    /// Returns the result rows so far, in order; keeps all state.
    pub fn snapshot(&mut self, executor: &dyn Executor) -> Vec<Batch<'static>> {
        self.snapshot_after(executor.stopwatch().time().as_secs_f64(), executor)
    }

    /// Like [`Merged::snapshot`], for a window of `seconds`.
    pub fn snapshot_after(&mut self, seconds: f64, executor: &dyn Executor) -> Vec<Batch<'static>> {
        self.settle(executor);
        if self.aggregation.keys.is_empty() {
            self.only_group();
        }
        let finished: Vec<Mutex<Option<Finished<'_>>>> = self.sets.iter().map(|_| Mutex::new(None)).collect();
        let (aggregation, sets) = (&self.aggregation, &self.sets);
        let (spilled, budget) = (&self.spilled, self.held.budget());
        run(executor, sets.len(), &|index| {
            let done = match spilled {
                Some(spilled) => {
                    let mut all = GroupSet::small(aggregation);
                    spilled.merge_partition(index, Some(&sets[index]), aggregation, budget, &mut |set| {
                        all.merge_set(&set)
                    });
                    all.snapshot(aggregation, seconds, index as u32)
                }
                None => sets[index].snapshot(aggregation, seconds, index as u32),
            };
            if let Ok(mut place) = finished[index].lock() {
                *place = Some(done);
            }
        });
        let finished: Vec<Finished<'_>> =
            finished.into_iter().filter_map(|place| place.into_inner().ok().flatten()).collect();
        emit(aggregation, &finished)
    }

    /// Merges the pending runs into the sets.
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
        drop(sets);
        if !self.held.budget().is_unlimited() {
            self.held.set(self.sets.heap_bytes());
        }
    }

    /// Merges the pending slices into the sets.
    fn merge_parts(&mut self) {
        let hasher = hasher();
        let mut groups = Vec::new();
        self.held_parts.set(0);
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

    /// Makes one set for few groups, or one per partition for many.
    fn prepare(&mut self) {
        let in_runs: usize = self.pending.iter().map(GroupRun::groups).sum();
        let in_parts: usize = self.parts.iter().map(|part| part.groups.len()).sum();
        let waiting = in_runs + in_parts;
        let settled: usize = self.sets.iter().map(|set| set.table.len()).sum();
        let is_small = waiting + settled < SMALL_GROUPS && self.spilled.is_none();
        let wanted = if is_small { 1 } else { PARTITIONS };
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

    /// Without keys there is one group even if there are no records.
    fn only_group(&mut self) {
        for set in &mut self.sets {
            set.table.group_of(KeyKind::Tuple, &[]);
            set.accumulators.iter_mut().for_each(|accumulator| accumulator.resize(1));
        }
    }
}

/// The time since the run began is not part of the state.
impl Stateful for Merged {
    fn save_state(&self, out: &mut Vec<u8>) {
        self.failures.save(out);
        match (self.pending.as_slice(), self.parts.as_slice()) {
            _ if self.spilled.is_some() => save_groups(&[self.in_one_set().view()], out),
            ([], []) => save_groups(&self.sets.iter().map(GroupSet::view).collect::<Vec<_>>(), out),
            ([run], []) if self.sets.is_empty() => run.save(out),
            _ => save_groups(&[self.in_one_set().view()], out),
        }
    }

    fn load_state(&mut self, input: &mut StateReader<'_>) -> Result<(), StateError> {
        self.failures = Failures::load(input)?;
        self.sets.clear();
        self.parts.clear();
        self.spilled = None;
        let run = load_groups(&self.aggregation, input)?;
        self.pending = if run.groups() == 0 { Vec::new() } else { vec![run] };
        Ok(())
    }
}

impl Merged {
    /// Merges a copy of all groups.
    fn in_one_set(&self) -> GroupSet {
        let mut all = GroupSet::small(&self.aggregation);
        self.sets.iter().for_each(|set| all.merge_set(set));
        all.merge(&self.pending, 0, 1);
        self.parts.iter().for_each(|part| {
            all.merge_part(part);
        });
        if let Some(spilled) = &self.spilled {
            spilled.merge_into(&mut all, &self.aggregation);
        }
        all
    }
}

/// Takes the groups of a partition; results beyond the range of floats are added to the failures.
type FinishSet<'f> = dyn Fn(GroupSet, &Aggregation, &mut Failures) + Sync + 'f;

/// The order of [`super::ranking::compare`] for rows.
fn row_order(aggregation: &Aggregation) -> RowOrder {
    let first = (aggregation.aggregates[0].slots[0], Direction::Descending);
    let keys = |direction| aggregation.keys.iter().map(move |key| (key.slot, direction));
    let by_value = keys(Direction::Ascending).filter(|_| aggregation.keys.len() > 1);
    RowOrder { columns: std::iter::once(first).chain(by_value).chain(keys(Direction::Total)).collect() }
}

impl HeapBytes for Merged {
    fn heap_bytes(&self) -> usize {
        self.sets.heap_bytes() + self.pending.heap_bytes() + self.parts.heap_bytes()
    }
}

impl HeapBytes for GroupSet {
    fn heap_bytes(&self) -> usize {
        self.table.heap_bytes() + self.accumulators.heap_bytes()
    }
}

/// Runs a single task on this thread.
fn run(executor: &dyn Executor, tasks: usize, task: &(dyn Fn(usize) + Sync)) {
    if tasks == 1 { task(0) } else { executor.run(tasks, task) }
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
        let columns = aggregation.finish(&self.accumulators, seconds);
        failures.append(aggregation.beyond(&self.accumulators, &columns));
        let best = first_of(groups, &self.table.keys, &columns, &aggregation.ranking, 0);
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

    fn merge_groups(&mut self, run: &GroupRun, from: Range<usize>, groups: &mut Vec<u32>) {
        groups.clear();
        groups.extend(from.clone().map(|group| self.table.group_of_stored(&run.keys, group)));
        for (own, other) in self.accumulators.iter_mut().zip(&run.accumulators) {
            own.resize(self.table.len());
            own.merge(other.as_ref(), from.clone(), groups);
        }
    }

    /// Returns the results so far with the first groups in order; keeps the states.
    fn snapshot(&self, aggregation: &Aggregation, seconds: f64, index: u32) -> Finished<'static> {
        let columns = aggregation.finish(&self.accumulators, seconds);
        let groups = 0..self.table.len() as u32;
        let keys = &self.table.keys;
        let best = first_of(groups, keys, &columns, &aggregation.ranking, index);
        compact(keys, &columns, best)
    }

    /// Returns the results with the first groups in order.
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
