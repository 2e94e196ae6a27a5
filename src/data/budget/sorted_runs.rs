//! External sorting: sorted runs in temporary files, merged at the end.

use std::cmp::Ordering;
use std::collections::VecDeque;
use std::sync::Arc;

use super::{Budget, StoredBatch};
use crate::data::{Batch, HeapBytes, RowKey, RowOrder, SlotSet, take_across};

/// The largest blocks of a run in bytes, and in rows.
const BLOCK_BYTES: usize = 1 << 20;
const BLOCK_ROWS: usize = 1 << 14;

/// Blocks are not smaller than this, even if the budget is.
const LEAST_BLOCK_BYTES: usize = 1 << 12;

/// Runs of one order.
#[derive(Debug)]
pub struct SortedRuns {
    stage: &'static str,
    order: RowOrder,
    /// The columns of the rows.
    live: SlotSet,
    budget: Arc<Budget>,
    runs: Vec<SortedRun>,
}

/// Rows in order.
#[derive(Debug, Default)]
pub struct SortedRun {
    batches: VecDeque<StoredBatch>,
}

impl From<Vec<Batch<'static>>> for SortedRun {
    fn from(batches: Vec<Batch<'static>>) -> SortedRun {
        SortedRun { batches: batches.into_iter().filter(|batch| batch.rows > 0).map(StoredBatch::Held).collect() }
    }
}

impl SortedRun {
    /// True if every row is in a file.
    pub fn is_spilled(&self) -> bool {
        self.batches.iter().all(|batch| matches!(batch, StoredBatch::Spilled(..)))
    }

    /// Returns copies of all rows in order.
    pub fn iter(&self) -> impl Iterator<Item = Batch<'static>> {
        let mut buffer = Vec::new();
        self.batches.iter().filter_map(move |stored| stored.to_batch(&mut buffer))
    }
}

/// The rows in order. A batch that cannot be read is left out.
impl IntoIterator for SortedRun {
    type Item = Batch<'static>;
    type IntoIter = Box<dyn Iterator<Item = Batch<'static>>>;

    fn into_iter(self) -> Self::IntoIter {
        let mut buffer = Vec::new();
        Box::new(self.batches.into_iter().filter_map(move |stored| stored.into_batch(&mut buffer)))
    }
}

impl HeapBytes for SortedRun {
    fn heap_bytes(&self) -> usize {
        self.batches.iter().map(HeapBytes::heap_bytes).sum::<usize>()
            + self.batches.capacity() * size_of::<StoredBatch>()
    }
}

impl SortedRuns {
    /// No runs yet. `live` are the columns to keep.
    pub fn new(stage: &'static str, order: RowOrder, live: SlotSet, budget: &Arc<Budget>) -> SortedRuns {
        SortedRuns { stage, order, live, budget: Arc::clone(budget), runs: Vec::new() }
    }

    /// Uses this budget; called before the first run.
    pub fn limit(&mut self, budget: &Arc<Budget>) {
        self.budget = Arc::clone(budget);
    }

    /// The order of the rows.
    pub fn order(&self) -> &RowOrder {
        &self.order
    }

    /// The number of rows of a block, for rows of this many bytes.
    pub fn block_rows(&self, row_bytes: usize) -> usize {
        (self.block_bytes() / row_bytes.max(1)).clamp(1, BLOCK_ROWS)
    }

    fn block_bytes(&self) -> usize {
        (self.budget.limit() / 64).clamp(LEAST_BLOCK_BYTES, BLOCK_BYTES)
    }

    /// The number of runs that are merged at once: their blocks take half of the budget.
    fn fan_in(&self) -> usize {
        (self.budget.limit() / 2 / self.block_bytes()).clamp(2, 512)
    }

    /// Writes rows in order, batch by batch. A batch that cannot be written stays in memory.
    pub fn write(&self, batches: impl IntoIterator<Item = Batch<'static>>) -> SortedRun {
        let mut buffer = Vec::new();
        let store = |batch: Batch<'static>| match self.budget.file(self.stage) {
            Some(file) => StoredBatch::spill(batch, &file, &mut buffer),
            None => StoredBatch::Held(batch),
        };
        SortedRun { batches: batches.into_iter().filter(|batch| batch.rows > 0).map(store).collect() }
    }

    /// Adds a run. Of equal rows, those of earlier runs come first.
    pub fn add(&mut self, run: impl Into<SortedRun>) {
        self.runs.push(run.into());
    }

    /// Moves the runs out.
    pub fn take(&mut self) -> SortedRuns {
        let empty = SortedRuns::new(self.stage, self.order.clone(), self.live.clone(), &self.budget);
        std::mem::replace(self, empty)
    }

    /// The runs.
    pub fn runs(&self) -> &[SortedRun] {
        &self.runs
    }

    /// True if there are no runs.
    pub fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }

    /// Merges all runs. With more than can be merged at once, neighbours are merged to longer runs first.
    pub fn merge(mut self) -> Merge {
        while self.runs.len() > self.fan_in() {
            let mut runs = std::mem::take(&mut self.runs).into_iter();
            loop {
                let some: Vec<SortedRun> = runs.by_ref().take(self.fan_in()).collect();
                match some.len() {
                    0 => break,
                    1 => self.runs.extend(some),
                    _ => {
                        let merged = Merge::new(some, self.order.clone(), self.live.clone());
                        let run = self.write(merged);
                        self.runs.push(run);
                    }
                }
            }
        }
        Merge::new(self.runs, self.order, self.live)
    }
}

impl HeapBytes for SortedRuns {
    fn heap_bytes(&self) -> usize {
        self.runs.heap_bytes()
    }
}

/// The rows of some runs in order, as batches.
#[derive(Debug)]
pub struct Merge {
    order: RowOrder,
    live: SlotSet,
    /// A heap: the run with the first row is at the root.
    cursors: Vec<RunCursor>,
    /// The batches that are being read. Those of the rows taken so far stay until the rows are returned.
    open: Vec<Batch<'static>>,
    taken: Vec<(u32, u32)>,
    position: u64,
    buffer: Vec<u8>,
}

/// The next row of a run.
#[derive(Debug)]
struct RunCursor {
    /// The place of the run: it decides between equal rows.
    number: usize,
    rest: VecDeque<StoredBatch>,
    /// Its batch among those that are open.
    batch: usize,
    row: usize,
    /// The keys of the rows of the batch.
    keys: Vec<RowKey>,
}

impl Merge {
    fn new(runs: Vec<SortedRun>, order: RowOrder, live: SlotSet) -> Merge {
        let mut merge = Merge {
            order,
            live,
            cursors: Vec::new(),
            open: Vec::new(),
            taken: Vec::new(),
            position: 0,
            buffer: Vec::new(),
        };
        for (number, run) in runs.into_iter().enumerate() {
            let mut cursor = RunCursor { number, rest: run.batches, batch: 0, row: 0, keys: Vec::new() };
            if merge.open_next(&mut cursor) {
                merge.cursors.push(cursor);
            }
        }
        for index in (0..merge.cursors.len() / 2).rev() {
            merge.sift_down(index);
        }
        merge
    }

    /// Opens the next batch of a run; false if there is none.
    fn open_next(&mut self, cursor: &mut RunCursor) -> bool {
        while let Some(stored) = cursor.rest.pop_front() {
            if let Some(batch) = stored.into_batch(&mut self.buffer).filter(|batch| batch.rows > 0) {
                cursor.keys.clear();
                let keys = &mut cursor.keys;
                self.order.add_keys(&batch, |key| keys.push(key));
                (cursor.batch, cursor.row) = (self.open.len(), 0);
                self.open.push(batch);
                return true;
            }
        }
        false
    }

    fn compare(&self, left: &RunCursor, right: &RunCursor) -> Ordering {
        let row = |cursor: &RunCursor| (cursor.batch, cursor.row, cursor.keys[cursor.row]);
        let ((left_batch, left_row, left_key), (right_batch, right_row, right_key)) = (row(left), row(right));
        let order = self
            .order
            .compare((&self.open[left_batch], left_row, left_key), (&self.open[right_batch], right_row, right_key));
        order.then(left.number.cmp(&right.number))
    }

    fn sift_down(&mut self, mut index: usize) {
        loop {
            let (left, right) = (2 * index + 1, 2 * index + 2);
            let mut first = index;
            for child in [left, right] {
                if child < self.cursors.len() && self.compare(&self.cursors[child], &self.cursors[first]).is_lt() {
                    first = child;
                }
            }
            if first == index {
                return;
            }
            self.cursors.swap(index, first);
            index = first;
        }
    }

    /// Takes the first row of all runs; false if there is none.
    fn take_row(&mut self) -> bool {
        let Some(root) = self.cursors.first_mut() else {
            return false;
        };
        self.taken.push((root.batch as u32, root.row as u32));
        root.row += 1;
        if root.row == root.keys.len() {
            let mut cursor = self.cursors.swap_remove(0);
            if self.open_next(&mut cursor) {
                self.cursors.push(cursor);
                let last = self.cursors.len() - 1;
                self.cursors.swap(0, last);
            }
        }
        self.sift_down(0);
        true
    }

    /// Returns the rows that were taken, and closes the batches that are read to their end.
    fn batch(&mut self) -> Option<Batch<'static>> {
        let mut batch = take_across(&self.open, &self.taken, &self.live).into_iter().next()?;
        batch.position.0 = self.position;
        self.position += 1;
        self.taken.clear();
        let mut open: Vec<Option<Batch<'static>>> = std::mem::take(&mut self.open).into_iter().map(Some).collect();
        for cursor in &mut self.cursors {
            if let Some(batch) = open[cursor.batch].take() {
                cursor.batch = self.open.len();
                self.open.push(batch);
            }
        }
        Some(batch)
    }
}

impl Iterator for Merge {
    type Item = Batch<'static>;

    fn next(&mut self) -> Option<Batch<'static>> {
        let most_open = 2 * self.cursors.len() + 2;
        // A batch that no cursor reads any more keeps its memory, so not too many of them are waited for.
        while self.taken.len() < BLOCK_ROWS && self.open.len() < most_open && self.take_row() {}
        if self.taken.is_empty() { None } else { self.batch() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Direction, Position, Slot, ValueRef};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn merged_runs_are_in_stable_order(
            runs in prop::collection::vec(prop::collection::vec(0i64..20, 0..50), 0..12),
            block in 1usize..9, size in 1usize..400_000, descending: bool,
        ) {
            let budget = Budget::new(size, 2, std::env::temp_dir());
            let direction = if descending { Direction::Descending } else { Direction::Ascending };
            let order = RowOrder { columns: vec![(Slot(0), direction)] };
            let live = [Slot(0), Slot(1)].into_iter().collect();
            let mut sorted = SortedRuns::new("test", order, live, &budget);
            let mut expected: Vec<(i64, i64)> = Vec::new();
            for (number, run) in runs.iter().enumerate() {
                let mut rows: Vec<(i64, i64)> = run.iter().enumerate().map(|(row, value)| (*value, (number * 100 + row) as i64)).collect();
                expected.extend(&rows);
                rows.sort_by_key(|row| if descending { -row.0 } else { row.0 });
                let batches = rows.chunks(block).map(|rows| {
                    let mut batch = Batch::new(rows.len(), Position(0));
                    batch.set(Slot(0), rows.iter().map(|row| ValueRef::Int(row.0)).collect());
                    batch.set(Slot(1), rows.iter().map(|row| ValueRef::Int(row.1)).collect());
                    batch
                });
                let run = if number % 3 == 2 { batches.collect::<Vec<_>>().into() } else { sorted.write(batches) };
                sorted.add(run);
            }
            expected.sort_by_key(|row| if descending { -row.0 } else { row.0 });
            let mut found = Vec::new();
            for batch in sorted.merge() {
                for row in 0..batch.rows {
                    match (batch.column(Slot(0)).get(row), batch.column(Slot(1)).get(row)) {
                        (ValueRef::Int(value), ValueRef::Int(number)) => found.push((value, number)),
                        other => panic!("{other:?}"),
                    }
                }
            }
            prop_assert_eq!(found, expected);
            prop_assert_eq!(budget.failure(), None);
        }
    }
}
