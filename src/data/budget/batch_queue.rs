//! Batches in order, first in, first out; over the budget they wait in temporary files.

use std::collections::VecDeque;
use std::sync::Arc;

use super::{Budget, Held, StoredBatch};
use crate::data::{Batch, HeapBytes};

/// A queue of batches.
#[derive(Debug)]
pub struct BatchQueue {
    stage: &'static str,
    batches: VecDeque<StoredBatch>,
    /// The batches from this one on are in memory.
    first_held: usize,
    rows: usize,
    held: Held,
    buffer: Vec<u8>,
}

impl BatchQueue {
    /// An empty queue of a stage.
    pub fn new(stage: &'static str, budget: &Arc<Budget>) -> BatchQueue {
        BatchQueue { stage, batches: VecDeque::new(), first_held: 0, rows: 0, held: budget.hold(), buffer: Vec::new() }
    }

    /// Uses this budget; called while the queue is empty.
    pub fn limit(&mut self, budget: &Arc<Budget>) {
        self.held = budget.hold();
    }

    /// Adds a batch at the end.
    pub fn push(&mut self, batch: Batch<'static>) {
        self.rows += batch.rows;
        if !self.held.budget().is_unlimited() {
            self.held.set(self.held.bytes() + batch.heap_bytes());
        }
        self.batches.push_back(StoredBatch::Held(batch));
        if self.held.budget().must_spill(self.held.bytes()) {
            self.spill();
        }
    }

    /// Writes all batches to a file.
    fn spill(&mut self) {
        let Some(file) = self.held.budget().file(self.stage) else {
            return;
        };
        for place in self.batches.range_mut(self.first_held..) {
            let stored = std::mem::replace(place, StoredBatch::Held(Batch::default()));
            *place = match stored {
                StoredBatch::Held(batch) => StoredBatch::spill(batch, &file, &mut self.buffer),
                spilled => spilled,
            };
            if matches!(place, StoredBatch::Held(_)) {
                return; // the budget has the reason
            }
            self.first_held += 1;
        }
        self.held.set(0);
    }

    /// Removes the first batch and drops it.
    pub fn drop_first(&mut self) {
        if let Some(first) = self.batches.pop_front() {
            self.removed(&first);
        }
    }

    /// Removes and returns the first batch. A batch that cannot be read is left out.
    pub fn pop(&mut self) -> Option<Batch<'static>> {
        loop {
            let first = self.batches.pop_front()?;
            self.removed(&first);
            if let Some(batch) = first.into_batch(&mut self.buffer) {
                return Some(batch);
            }
        }
    }

    fn removed(&mut self, first: &StoredBatch) {
        self.rows -= first.rows();
        self.first_held = self.first_held.saturating_sub(1);
        if !self.held.budget().is_unlimited() {
            self.held.set(self.held.bytes().saturating_sub(first.heap_bytes()));
        }
    }

    /// Number of rows of all batches.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Number of rows of the first batch.
    pub fn first_rows(&self) -> Option<usize> {
        self.batches.front().map(StoredBatch::rows)
    }

    /// Number of batches.
    pub fn len(&self) -> usize {
        self.batches.len()
    }

    /// True if there are no batches.
    pub fn is_empty(&self) -> bool {
        self.batches.is_empty()
    }

    /// Returns copies of all batches in order.
    pub fn iter(&self) -> impl Iterator<Item = Batch<'static>> {
        let mut buffer = Vec::new();
        self.batches.iter().filter_map(move |stored| stored.to_batch(&mut buffer))
    }
}

impl HeapBytes for BatchQueue {
    fn heap_bytes(&self) -> usize {
        self.batches.iter().map(HeapBytes::heap_bytes).sum::<usize>()
            + self.batches.capacity() * size_of::<StoredBatch>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Position, Slot, ValueRef};
    use proptest::prelude::*;

    fn batch(values: std::ops::Range<i64>) -> Batch<'static> {
        let mut batch = Batch::new(values.clone().count(), Position(values.start as u64));
        batch.set(Slot(0), values.map(ValueRef::Int).collect());
        batch
    }

    fn first(batch: &Batch<'_>) -> i64 {
        match batch.column(Slot(0)).get(0) {
            ValueRef::Int(value) => value,
            other => panic!("{other:?}"),
        }
    }

    proptest! {
        #[test]
        fn batches_come_out_in_order_wherever_they_wait(
            steps in prop::collection::vec((1i64..20, any::<bool>()), 1..60), size in 1usize..20_000, room in 0u64..9000,
        ) {
            let budget = if room > 8000 { Budget::new(size, 1, std::env::temp_dir()) } else { Budget::with_room(size, room) };
            let mut queue = BatchQueue::new("test", &budget);
            let (mut next, mut expected) = (0, VecDeque::new());
            for (rows, pops) in steps {
                queue.push(batch(next..next + rows));
                expected.push_back((next, rows));
                next += rows;
                if pops {
                    let found = queue.pop().map(|batch| (first(&batch), batch.rows as i64));
                    prop_assert_eq!(found, expected.pop_front());
                }
                prop_assert_eq!(queue.rows() as i64, expected.iter().map(|(_, rows)| rows).sum::<i64>());
                prop_assert_eq!(queue.first_rows().map(|rows| rows as i64), expected.front().map(|(_, rows)| *rows));
            }
            let found: Vec<_> = queue.iter().map(|batch| (first(&batch), batch.rows as i64)).collect();
            prop_assert_eq!(found, expected.iter().copied().collect::<Vec<_>>());
            while let Some(batch) = queue.pop() {
                prop_assert_eq!(Some((first(&batch), batch.rows as i64)), expected.pop_front());
            }
            prop_assert!(expected.is_empty() && queue.is_empty());
            drop(queue);
            prop_assert!(!budget.is_exceeded());
        }
    }
}
