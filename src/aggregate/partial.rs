//! A worker's partial result: groups and states of the records since it was last taken.
//!
//! While groups repeat, one table holds them. When they hardly do (ids, one-off addresses), a table that no longer
//! fits the cache costs a miss per record and combines nothing: so it is sealed into a *run*, sorted by hash into
//! partitions, and a new table is started. Partitions are later merged one by one, each small enough for the cache,
//! in parallel on all threads. The method is that of DuckDB's external aggregation (L. Kuiper, P. Boncz, H.
//! Mühleisen, *Robust External Hash Aggregation in the Solid State Age*, ICDE 2024). Over the memory budget, the runs
//! are written to a temporary file (`spilled_groups`).

use std::ops::Range;
use std::sync::Arc;

use crate::data::budget::{Budget, Held};
use crate::data::{Batch, Column, HeapBytes, KeyKind, buffer_bytes};
use crate::expr::{Evaluated, Failures, Rows};
use crate::group::{GroupTable, KeyHasher, Keys, groups_of, hasher};

use super::accumulator::{Accumulator, RowGroups};
use super::aggregation::{Aggregation, BoundAggregate};
use super::spilled_groups::{SpilledGroups, TakenRun, too_large};

/// Number of partitions of a run; a power of two.
pub(super) const PARTITIONS: usize = 64;

/// Runs with fewer groups are partitioned only on demand.
pub(super) const UNPARTED_GROUPS: usize = 1 << 9;

/// A table of this many groups is sealed if it combines little; about what a core's second-level cache holds.
pub(super) const SEAL_GROUPS: usize = 1 << 16;

/// A smaller state is not large, whatever the budget is.
const LARGE_BYTES: usize = 1 << 16;

/// A table combines little if it saw fewer than this many records per group.
const SEAL_RECORDS_PER_GROUP: u64 = 3;

/// The groups of one worker.
#[derive(Debug)]
pub struct Partial {
    aggregation: Arc<Aggregation>,
    table: GroupTable,
    accumulators: Vec<Box<dyn Accumulator>>,
    records: u64,
    runs: Vec<GroupRun>,
    /// Runs over the memory budget.
    spilled: Option<SpilledGroups>,
    /// Bytes of the table and its states when they were last measured, and the records until they are measured again.
    held: Held,
    unmeasured: usize,
    /// Scratch buffers, reused across batches.
    groups: Vec<u32>,
    key: Vec<u8>,
}

impl std::fmt::Debug for dyn Accumulator {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Accumulator")
    }
}

/// Groups and states sorted by partition.
#[derive(Debug)]
pub struct GroupRun {
    pub(super) keys: Keys,
    pub(super) accumulators: Vec<Box<dyn Accumulator>>,
    /// The start of each partition, and the end of the last; empty for few groups until requested.
    pub(super) offsets: Vec<usize>,
    /// Its bytes in the memory budget, if a worker counts them.
    pub(super) held: Option<Held>,
}

/// A range of the groups of a run, such as those of one slice.
#[derive(Clone, Debug)]
pub struct RunSlice {
    pub(super) run: Arc<GroupRun>,
    pub(super) groups: Range<usize>,
}

impl From<GroupRun> for RunSlice {
    fn from(run: GroupRun) -> RunSlice {
        RunSlice { groups: 0..run.groups(), run: Arc::new(run) }
    }
}

impl RunSlice {
    /// Its share of the bytes that its run has in a memory budget.
    pub(super) fn held_bytes(&self) -> usize {
        let of_run = self.run.held.as_ref().map_or(0, Held::bytes);
        of_run / self.run.groups().max(1) * self.groups.len()
    }
}

impl Partial {
    /// Creates an empty partial without a limit.
    pub fn new(aggregation: Arc<Aggregation>) -> Self {
        Partial::within(aggregation, &Budget::unlimited())
    }

    /// Creates an empty partial within a memory budget.
    pub fn within(aggregation: Arc<Aggregation>, budget: &Arc<Budget>) -> Self {
        Partial {
            table: GroupTable::with_capacity(0),
            accumulators: aggregation.accumulators(),
            aggregation,
            records: 0,
            runs: Vec::new(),
            spilled: None,
            held: budget.hold(),
            unmeasured: budget.rows_until_measured(0),
            groups: Vec::new(),
            key: Vec::new(),
        }
    }

    /// Like [`Partial::update`]; names the record of the first failure, unless that failure is already in `known`.
    pub fn update_named(&mut self, batch: &Batch<'_>, known: &Failures, failures: &mut Failures) {
        let aggregation = Arc::clone(&self.aggregation);
        aggregation.add_named(batch, known, failures, |failures| self.update(batch, failures));
    }

    /// Adds the records of a batch.
    pub fn update(&mut self, batch: &Batch<'_>, failures: &mut Failures) {
        if batch.rows == 0 {
            return;
        }
        let aggregation = Arc::clone(&self.aggregation);
        let mut group_numbers = std::mem::take(&mut self.groups);
        let groups = if aggregation.keys.is_empty() {
            self.table.group_of(KeyKind::Tuple, &[]);
            RowGroups::One(batch.rows)
        } else {
            group_numbers.clear();
            assign(&aggregation, &mut self.table, &mut self.key, batch, &mut group_numbers, failures);
            RowGroups::Each(&group_numbers)
        };
        for (accumulator, aggregate) in self.accumulators.iter_mut().zip(&aggregation.aggregates) {
            if aggregate.shares.is_some() {
                continue;
            }
            accumulator.resize(self.table.len());
            accumulate(accumulator.as_mut(), aggregate, groups, batch, failures);
        }
        self.groups = group_numbers;
        self.records += batch.rows as u64;
        let groups = self.table.len();
        if groups >= SEAL_GROUPS && self.records < groups as u64 * SEAL_RECORDS_PER_GROUP {
            self.seal();
        }
        match self.unmeasured.checked_sub(batch.rows) {
            Some(left) => self.unmeasured = left,
            None => self.measure(),
        }
    }

    /// Measures the groups of the table, and writes all groups to a file if the memory budget is exceeded.
    #[cold]
    fn measure(&mut self) {
        self.held.set(self.table.heap_bytes() + self.accumulators.heap_bytes());
        self.unmeasured = self.held.budget().rows_until_measured(self.held.bytes());
        if !self.held.budget().is_exceeded() {
            return;
        }
        let budget = Arc::clone(self.held.budget());
        let in_runs: usize = self.runs.iter().filter_map(|run| run.held.as_ref()).map(Held::bytes).sum();
        let groups = self.table.len();
        // A state of this size would be as large again after it was read back.
        let is_large = groups > 0 && self.held.bytes() / groups > LARGE_BYTES.max(budget.limit() / 16);
        if is_large && budget.must_end(self.held.bytes()) {
            budget.fail(|| too_large(groups, "the result covers the records so far"));
        } else if budget.must_spill(self.held.bytes() + in_runs) && !self.aggregation.keys.is_empty() {
            self.spill();
        }
    }

    /// Writes all groups to a file. They stay in memory if that fails.
    fn spill(&mut self) {
        if self.table.len() > 0 {
            self.seal();
        }
        let spilled = self.spilled.get_or_insert_with(|| SpilledGroups::new(0));
        self.runs = spilled.write(std::mem::take(&mut self.runs), self.held.budget());
    }

    /// Moves all groups out.
    pub fn take(&mut self) -> Vec<TakenRun> {
        if self.table.len() > 0 {
            self.seal();
        }
        let held = std::mem::take(&mut self.runs).into_iter().map(TakenRun::Held);
        held.chain(self.spilled.take().map(TakenRun::Spilled)).collect()
    }

    /// Moves all groups out for the last time. Not for a partial within a budget.
    pub(super) fn into_runs(mut self) -> Vec<GroupRun> {
        if self.table.len() > 0 {
            self.runs.push(if self.table.len() < UNPARTED_GROUPS {
                GroupRun::small(self.table.keys, self.accumulators)
            } else {
                GroupRun::of(&self.table, &mut self.accumulators)
            });
        }
        self.runs
    }

    /// Sorts the table by partition and starts a new one.
    fn seal(&mut self) {
        let fresh = GroupTable::with_capacity(self.table.len().min(SEAL_GROUPS) / 2);
        let table = std::mem::replace(&mut self.table, fresh);
        let mut accumulators = std::mem::replace(&mut self.accumulators, self.aggregation.accumulators());
        self.records = 0;
        let mut run = GroupRun::of(&table, &mut accumulators);
        if !self.held.budget().is_unlimited() {
            run.count_in(self.held.budget());
            self.held.set(0);
            self.unmeasured = 0; // with the next batch
        }
        self.runs.push(run);
    }
}

impl HeapBytes for Partial {
    fn heap_bytes(&self) -> usize {
        let scratch = buffer_bytes(&self.groups) + buffer_bytes(&self.key);
        self.table.heap_bytes() + self.accumulators.heap_bytes() + self.runs.heap_bytes() + scratch
    }
}

impl GroupRun {
    /// Creates a run of few groups, without partitions.
    pub(super) fn small(keys: Keys, accumulators: Vec<Box<dyn Accumulator>>) -> GroupRun {
        GroupRun { keys, accumulators, offsets: Vec::new(), held: None }
    }

    /// Creates a run from a table, sorted by partition. The states are moved.
    pub(super) fn of(table: &GroupTable, accumulators: &mut [Box<dyn Accumulator>]) -> GroupRun {
        GroupRun::of_keys(&table.keys, accumulators, 0)
    }

    /// Sorts the groups by partition, if they are not sorted yet.
    pub(super) fn parted(mut self) -> GroupRun {
        if !self.offsets.is_empty() {
            return self;
        }
        GroupRun { held: self.held.take(), ..GroupRun::of_keys(&self.keys, &mut self.accumulators, 0) }
    }

    /// Sorts the groups by partition; each level divides them by other bits of their hash.
    pub(super) fn of_keys(keys: &Keys, accumulators: &mut [Box<dyn Accumulator>], level: u32) -> GroupRun {
        let hasher = hasher();
        let of = |group: usize| partition_at(keys, group, hasher, level) as u8;
        let partitions: Vec<u8> = (0..keys.len()).map(of).collect();
        let mut offsets = vec![0; PARTITIONS + 1];
        for &partition in &partitions {
            offsets[partition as usize + 1] += 1;
        }
        for index in 1..offsets.len() {
            offsets[index] += offsets[index - 1];
        }
        let mut next = offsets.clone();
        let mut order = vec![0u32; partitions.len()];
        for (group, &partition) in partitions.iter().enumerate() {
            order[next[partition as usize]] = group as u32;
            next[partition as usize] += 1;
        }
        GroupRun {
            keys: keys.take(&order),
            accumulators: accumulators.iter_mut().map(|accumulator| accumulator.take_groups(&order)).collect(),
            offsets,
            held: None,
        }
    }

    /// Counts its bytes in a budget, if they are not counted.
    pub(super) fn count_in(&mut self, budget: &Arc<Budget>) {
        if self.held.is_none() && !budget.is_unlimited() {
            let mut held = budget.hold();
            held.set(self.heap_bytes());
            self.held = Some(held);
        }
    }

    /// Number of groups.
    pub fn groups(&self) -> usize {
        self.keys.len()
    }
}

/// Returns the partition of a group.
pub(super) fn partition(keys: &Keys, group: usize, hasher: &KeyHasher) -> usize {
    partition_at(keys, group, hasher, 0)
}

/// Returns the partition of a group at a level: each level divides groups by other bits of their hash.
pub(super) fn partition_at(keys: &Keys, group: usize, hasher: &KeyHasher, level: u32) -> usize {
    (keys.hash(group, hasher) >> (PARTITIONS.trailing_zeros() * level)) as usize % PARTITIONS
}

/// Finds the group of each row. `key` is a scratch buffer for one key.
pub(super) fn assign(
    aggregation: &Aggregation,
    table: &mut GroupTable,
    key: &mut Vec<u8>,
    batch: &Batch<'_>,
    groups: &mut Vec<u32>,
    failures: &mut Failures,
) {
    let columns: Vec<Evaluated<'_, '_>> =
        aggregation.keys.iter().map(|key| key.node.eval_all(batch, failures)).collect();
    let columns: Vec<&Column<'_>> = columns.iter().map(|column| &**column).collect();
    groups_of(&columns, batch.rows, table, key, groups);
}

/// Updates one aggregate with the rows for which its condition is true.
pub(super) fn accumulate(
    accumulator: &mut dyn Accumulator,
    aggregate: &BoundAggregate,
    groups: RowGroups<'_>,
    batch: &Batch<'_>,
    failures: &mut Failures,
) {
    let Some(condition) = &aggregate.condition else {
        let arguments: Vec<Evaluated<'_, '_>> =
            aggregate.arguments.iter().map(|node| node.eval_all(batch, failures)).collect();
        let arguments: Vec<&Column<'_>> = arguments.iter().map(|column| &**column).collect();
        accumulator.update(groups, &arguments, batch.position, failures);
        return;
    };
    let rows = condition.true_rows(batch, failures);
    let arguments: Vec<Evaluated<'_, '_>> =
        aggregate.arguments.iter().map(|node| node.eval(batch, Rows::Some(&rows), failures)).collect();
    let arguments: Vec<&Column<'_>> = arguments.iter().map(|column| &**column).collect();
    let picked: Vec<u32>;
    let groups = match groups {
        RowGroups::One(_) => RowGroups::One(rows.len()),
        RowGroups::Each(groups) => {
            picked = rows.iter().map(|&row| groups[row as usize]).collect();
            RowGroups::Each(&picked)
        }
    };
    accumulator.update(groups, &arguments, batch.position, failures);
}
