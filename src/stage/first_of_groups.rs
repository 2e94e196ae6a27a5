//! The rows of `top … by GROUP`: the first N of each group. A sort after it joins the rows of each group.

use super::{Operator, OrderedStage, RecordCounts};
use crate::data::budget::HeldState;
use crate::data::persist::{Persist, StateError, StateReader, Stateful};
use crate::data::{Batch, Column, HeapBytes, Slot, SlotSet, ValueRef, buffer_bytes};
use crate::group::{GroupTable, groups_of};

use super::top::TOP;

/// Keeps the first rows of each group, and numbers the groups in the order of their first rows.
#[derive(Clone, Debug)]
pub(super) struct FirstOfGroups {
    /// The number of rows of a group.
    pub(super) rows: u64,
    /// The columns that make a group.
    pub(super) keys: Vec<Slot>,
    /// The slot of the group's number.
    pub(super) number: Slot,
}

impl OrderedStage for FirstOfGroups {
    fn reads(&self, slots: &mut SlotSet) {
        self.keys.iter().for_each(|key| slots.insert(*key));
    }

    fn makes(&self) -> Vec<Slot> {
        vec![self.number]
    }

    fn is_blocking(&self) -> bool {
        false
    }

    fn is_stateful(&self) -> bool {
        true
    }

    fn memory(&self) -> String {
        "a count for each group".to_owned()
    }

    fn reduce(&self, _batch: &mut Batch<'_>, _live: &SlotSet, _counts: &mut RecordCounts) {}

    fn operator(&self, live: &SlotSet) -> Box<dyn Operator> {
        Box::new(GroupCounter {
            stage: self.clone(),
            live: live.clone(),
            table: GroupTable::with_capacity(0),
            counts: Vec::new(),
            groups: Vec::new(),
            key: Vec::new(),
        })
    }
}

/// The number of rows of each group that have passed, at most N.
struct GroupCounter {
    stage: FirstOfGroups,
    live: SlotSet,
    table: GroupTable,
    counts: Vec<u64>,
    /// Scratch buffers, reused across batches.
    groups: Vec<u32>,
    key: Vec<u8>,
}

impl Operator for GroupCounter {
    fn held(&self) -> Option<HeldState> {
        let contents = format!("{} groups", self.table.len());
        Some(HeldState { stage: TOP.entry.name, contents, can_forget: false })
    }

    fn push(&mut self, mut batch: Batch<'static>, out: &mut Vec<Batch<'static>>, _counts: &mut RecordCounts) {
        let keys: Vec<&Column<'_>> = self.stage.keys.iter().map(|key| batch.column(*key)).collect();
        self.groups.clear();
        groups_of(&keys, batch.rows, &mut self.table, &mut self.key, &mut self.groups);
        self.counts.resize(self.table.len(), 0);
        let mut kept = Vec::new();
        for (row, group) in self.groups.iter().enumerate() {
            let count = &mut self.counts[*group as usize];
            if *count < self.stage.rows {
                *count += 1;
                kept.push(row as u32);
            }
        }
        let numbers = self.groups.iter().map(|group| ValueRef::Int(i64::from(*group))).collect();
        batch.set(self.stage.number, numbers);
        batch.keep_rows(&kept, &self.live);
        if batch.rows > 0 {
            out.push(batch);
        }
    }
}

impl Stateful for GroupCounter {
    fn save_state(&self, out: &mut Vec<u8>) {
        self.table.save(out);
        self.counts.save(out);
    }

    fn load_state(&mut self, input: &mut StateReader<'_>) -> Result<(), StateError> {
        self.table = GroupTable::load(input)?;
        self.counts = Vec::load(input)?;
        let is_fit = self.table.keys.have_columns(self.stage.keys.len())
            && self.counts.len() == self.table.len()
            && self.counts.iter().all(|count| *count <= self.stage.rows);
        if is_fit { Ok(()) } else { Err(StateError::Damaged) }
    }
}

impl HeapBytes for GroupCounter {
    fn heap_bytes(&self) -> usize {
        let scratch = buffer_bytes(&self.groups) + buffer_bytes(&self.key);
        self.table.heap_bytes() + buffer_bytes(&self.counts) + scratch
    }
}
