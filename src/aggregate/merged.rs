//! Merges the partials of all workers and produces the result rows.

use std::sync::{Arc, Mutex};

use crate::data::budget::{Budget, Held};
use crate::data::persist::{Persist, StateError, StateReader, Stateful};
use crate::data::{Batch, HeapBytes, KeyKind, Stopwatch, system_clock};
use crate::expr::Failures;
use crate::group::{GroupTable, hasher};

use super::aggregation::Aggregation;
use super::group_set::GroupSet;
use super::partial::{GroupRun, PARTITIONS, RunSlice, partition};
use super::result_rows::{Finished, emit};
use super::saved_groups::{load_groups, save_groups};
use super::spilled_groups::{SpilledGroups, TakenRun};

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
    pub(super) aggregation: Arc<Aggregation>,
    /// One set, or one per partition.
    pub(super) sets: Vec<GroupSet>,
    /// Runs that are not merged yet: merging waits until it pays off or a result is requested.
    pub(super) pending: Vec<GroupRun>,
    parts: Vec<RunSlice>,
    /// Groups over the memory budget. While there are any, there is a set per partition.
    pub(super) spilled: Option<SpilledGroups>,
    /// Bytes of the sets.
    pub(super) held: Held,
    /// Finished results that exceed the range of floats.
    pub(super) failures: Failures,
    /// Merged groups that [`Merged::freeze`] has moved out.
    pub(super) frozen: usize,
}

/// Takes result rows in order; returns false if no more are wanted.
pub type EmitRows<'e> = &'e mut dyn FnMut(Vec<Batch<'static>>) -> bool;

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
            failures: Failures::default(),
            frozen: 0,
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
        let settled = self.frozen + self.settled();
        let has_sets = !self.sets.is_empty() || self.frozen > 0;
        // Merging costs as much as there is to merge; this bounds how often each group is moved.
        if has_sets && waiting > settled.max(SMALL_GROUPS) || self.pending.len() > 1 << 10 {
            self.settle(executor);
        }
        let is_exceeded = self.held.budget().is_exceeded();
        if is_exceeded && self.held.budget().must_spill(self.bytes()) && !self.aggregation.keys.is_empty() {
            self.spill();
        }
    }

    /// The number of groups that are merged.
    pub(super) fn settled(&self) -> usize {
        self.sets.iter().map(|set| set.table.len()).sum()
    }

    /// Writes the groups to a file if there are more than a few: the budget is exceeded, and other results hold the rest.
    pub(super) fn relieve(&mut self) {
        let has_many = self.bytes() > LEAST_SPILLED_BYTES.min(self.held.budget().limit());
        if has_many && self.held.budget().is_exceeded() && !self.aggregation.keys.is_empty() {
            self.spill();
        }
    }

    /// Bytes of all groups in memory.
    pub(super) fn bytes(&self) -> usize {
        let parts: usize = self.parts.iter().map(RunSlice::held_bytes).sum();
        let runs: usize = self.pending.iter().filter_map(|run| run.held.as_ref()).map(Held::bytes).sum();
        self.held.bytes() + runs + parts
    }

    /// Writes all groups to a file. They stay in memory if that fails.
    pub(super) fn spill(&mut self) {
        self.merge_parts_into_runs();
        let mut runs: Vec<GroupRun> = std::mem::take(&mut self.pending).into_iter().map(GroupRun::parted).collect();
        runs.extend(self.sets.drain(..).map(|mut set| set.take_run(0)));
        let spilled = self.spilled.get_or_insert_with(|| SpilledGroups::new(0));
        self.pending = spilled.write(runs, self.held.budget());
        self.held.set(0);
    }

    /// The pending slices.
    pub(super) fn parts(&self) -> &[RunSlice] {
        &self.parts
    }

    /// Makes runs of the pending slices.
    pub(super) fn merge_parts_into_runs(&mut self) {
        if !self.parts.is_empty() {
            let mut set = GroupSet::small(&self.aggregation);
            self.parts.drain(..).for_each(|part| drop(set.merge_part(&part)));
            self.pending.push(set.take_run(0));
        }
    }

    /// Adds groups that share their run with other slices. Many short windows keep little more than these until a
    /// result is requested.
    pub(super) fn add_part(&mut self, part: RunSlice, executor: &dyn Executor) {
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

    /// Returns the result rows of groups in memory.
    pub(super) fn finish_held(&mut self, seconds: f64, executor: &dyn Executor) -> Vec<Batch<'static>> {
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
        self.into_unmerged_runs()
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
    pub(super) fn merge_parts(&mut self) {
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

    /// Makes one set for few groups, or one per partition for many.
    pub(super) fn prepare(&mut self) {
        let in_runs: usize = self.pending.iter().map(GroupRun::groups).sum();
        let in_parts: usize = self.parts.iter().map(|part| part.groups.len()).sum();
        let waiting = in_runs + in_parts;
        let settled = self.settled();
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
        let mut run = load_groups(&self.aggregation, input)?;
        run.count_in(self.held.budget());
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

impl HeapBytes for Merged {
    fn heap_bytes(&self) -> usize {
        self.sets.heap_bytes() + self.pending.heap_bytes() + self.parts.heap_bytes()
    }
}

/// Runs a single task on this thread.
pub(super) fn run(executor: &dyn Executor, tasks: usize, task: &(dyn Fn(usize) + Sync)) {
    if tasks == 1 { task(0) } else { executor.run(tasks, task) }
}
