//! Groups in temporary files, over the memory budget.
//!
//! A run is written partition by partition, in the form of a saved state. At the end each partition is read back and
//! merged by itself. One that is too large is divided again by other bits of the hash, until the pieces fit: L. Kuiper,
//! P. Boncz, H. Mühleisen, *Robust External Hash Aggregation in the Solid State Age*, ICDE 2024.

use std::sync::Arc;

use super::aggregation::Aggregation;
use super::group_set::GroupSet;
use super::partial::{GroupRun, PARTITIONS};
use super::saved_groups::load_run;
use crate::data::HeapBytes;
use crate::data::budget::{Block, Budget, SpillFile};
use crate::data::persist::StateReader;
use crate::group::save_keys;

/// The name under which spilled groups are counted.
pub(super) const SPILLED: &str = "groups";

/// Partitions are divided at most this often; the hash has bits for more.
const MAX_LEVEL: u32 = 5;

/// A partition with fewer groups is not divided: one of its states is large.
const LEAST_GROUPS: usize = 64;

/// The groups of a worker, or of all, that are in a file.
#[derive(Debug)]
pub struct SpilledGroups {
    /// The blocks of each partition, with their files.
    partitions: Vec<Vec<(Arc<SpillFile>, Block)>>,
    /// Which bits of the hash divide the groups.
    level: u32,
}

/// The groups of a worker, in memory or in a file.
#[derive(Debug)]
pub enum TakenRun {
    /// In memory.
    Held(GroupRun),
    /// In a file.
    Spilled(SpilledGroups),
}

impl From<GroupRun> for TakenRun {
    fn from(run: GroupRun) -> TakenRun {
        TakenRun::Held(run)
    }
}

impl TakenRun {
    /// The run, if it is in memory.
    pub(super) fn held(self) -> Option<GroupRun> {
        match self {
            TakenRun::Held(run) => Some(run),
            TakenRun::Spilled(_) => None,
        }
    }
}

impl SpilledGroups {
    /// No groups, to be divided at this level.
    pub(super) fn new(level: u32) -> SpilledGroups {
        SpilledGroups { partitions: vec![Vec::new(); PARTITIONS], level }
    }

    /// Writes runs, which are divided at this level. Returns them if that fails.
    pub(super) fn write(&mut self, runs: Vec<GroupRun>, budget: &Arc<Budget>) -> Vec<GroupRun> {
        let Some(file) = budget.file(SPILLED) else {
            return runs;
        };
        let before: Vec<usize> = self.partitions.iter().map(Vec::len).collect();
        let (mut bytes, mut groups) = (Vec::new(), Vec::new());
        for partition in 0..PARTITIONS {
            for run in &runs {
                let range = run.offsets[partition]..run.offsets[partition + 1];
                if range.is_empty() {
                    continue;
                }
                bytes.clear();
                save_keys(range.clone().map(|group| (&run.keys, group)), &mut bytes);
                groups.clear();
                groups.extend(range.map(|group| group as u32));
                run.accumulators.iter().for_each(|accumulator| accumulator.save_groups(&groups, &mut bytes));
                let Some(block) = file.append(&bytes) else {
                    self.partitions.iter_mut().zip(before).for_each(|(blocks, before)| blocks.truncate(before));
                    return runs;
                };
                self.partitions[partition].push((Arc::clone(&file), block));
            }
        }
        Vec::new()
    }

    /// Adds the groups of other files.
    pub(super) fn append(&mut self, other: SpilledGroups) {
        for (own, other) in self.partitions.iter_mut().zip(other.partitions) {
            own.extend(other);
        }
    }

    /// Passes the bytes of each block to `see`, as [`load_run`] reads them. Returns false if one cannot be read, which the budget then knows.
    pub(super) fn each_block<E>(&self, see: &mut dyn FnMut(&[u8]) -> Result<(), E>) -> Result<bool, E> {
        let mut buffer = Vec::new();
        for (file, block) in self.partitions.iter().flatten() {
            let Some(bytes) = file.read(*block, &mut buffer) else {
                return Ok(false);
            };
            see(bytes)?;
        }
        Ok(true)
    }

    /// Merges all groups into a set.
    pub(super) fn merge_into(&self, set: &mut GroupSet, aggregation: &Aggregation) {
        let mut buffer = Vec::new();
        for blocks in &self.partitions {
            for block in blocks {
                if let Some(run) = load(block, aggregation, &mut buffer) {
                    set.merge(&[run], 0, 1);
                }
            }
        }
    }

    /// Merges a partition, with the groups of `held`, and passes its groups to `finish` in pieces that fit into memory.
    pub(super) fn merge_partition(
        &self,
        partition: usize,
        held: Option<&GroupSet>,
        aggregation: &Aggregation,
        budget: &Arc<Budget>,
        finish: &mut dyn FnMut(GroupSet),
    ) {
        let mut set = GroupSet::small(aggregation);
        if let Some(held) = held {
            set.merge_set(held);
        }
        let mut divided: Option<SpilledGroups> = None;
        let mut reservation = budget.hold();
        let (mut buffer, mut unmeasured) = (Vec::new(), 0);
        let most = budget.limit_per_thread() / 2;
        for block in &self.partitions[partition] {
            let Some(run) = load(block, aggregation, &mut buffer) else {
                continue;
            };
            unmeasured += block.1.len();
            set.merge(&[run], 0, 1);
            if unmeasured < most / 8 {
                continue;
            }
            unmeasured = 0;
            reservation.set(set.heap_bytes());
            let is_divisible = self.level < MAX_LEVEL && set.groups() >= LEAST_GROUPS;
            if reservation.bytes() > most && is_divisible {
                let divided = divided.get_or_insert_with(|| SpilledGroups::new(self.level + 1));
                set = divided.divide(set, aggregation, budget);
            } else if reservation.bytes() > budget.limit() && budget.must_end(reservation.bytes()) {
                budget.fail(|| too_large(set.groups(), "the result is incomplete"));
                break;
            }
        }
        let Some(mut divided) = divided else {
            finish(set);
            return;
        };
        let rest = divided.divide(set, aggregation, budget);
        drop(reservation);
        for partition in 0..PARTITIONS {
            // Groups that could not be written stay in memory, and are added to their partitions.
            let held = (rest.groups() > 0).then(|| rest.only(partition, divided.level, aggregation));
            divided.merge_partition(partition, held.as_ref(), aggregation, budget, finish);
        }
    }

    /// Writes the groups of a set. Returns them if that fails.
    fn divide(&mut self, mut set: GroupSet, aggregation: &Aggregation, budget: &Arc<Budget>) -> GroupSet {
        let run = set.take_run(self.level);
        let mut left = GroupSet::small(aggregation);
        self.write(vec![run], budget).iter().for_each(|run| left.merge(std::slice::from_ref(run), 0, 1));
        left
    }
}

/// Reads a block; `None` if it cannot be read, which the budget then knows.
fn load((file, block): &(Arc<SpillFile>, Block), aggregation: &Aggregation, buffer: &mut Vec<u8>) -> Option<GroupRun> {
    let bytes = file.read(*block, buffer)?;
    let run = load_run(aggregation, &mut StateReader::new(bytes));
    Some(run.expect("the checksum shows that these are the bytes that were written"))
}

/// The reason why the input ends if the states of some keys do not fit into memory.
pub(super) fn too_large(keys: usize, result: &str) -> String {
    let noun = if keys == 1 { "key has more values than fit" } else { "keys have more values than fit" };
    format!(
        "aggregate: {keys} {noun} into the memory budget, and the state of a key cannot be written to files; {result}\n  = help: name a larger budget with --memory SIZE, or leave --exact out"
    )
}

impl HeapBytes for TakenRun {
    fn heap_bytes(&self) -> usize {
        match self {
            TakenRun::Held(run) => run.heap_bytes(),
            TakenRun::Spilled(_) => 0,
        }
    }
}
