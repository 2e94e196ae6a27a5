//! Whole records by window, for windows on a grid whose first stage needs them.

use std::sync::Arc;

use crate::aggregate::Executor;
use crate::data::budget::Budget;
use crate::data::persist::{Persist, StateError, StateReader, Stateful};
use crate::data::{Batch, HeapBytes, SlotSet};
use crate::expr::Failures;
use crate::window::{Assignment, Grid, Range, RowLog, Slice};

use super::grid_store::GridContents;

/// The records of open windows.
pub(super) struct GridRows {
    log: RowLog,
    /// The first window that was not taken.
    next: i64,
}

impl GridRows {
    /// The slots in `live` are kept of each record.
    pub(super) fn new(live: SlotSet) -> GridRows {
        GridRows { log: RowLog::new(live), next: i64::MIN }
    }
}

impl GridContents for GridRows {
    fn limit(&mut self, budget: &Arc<Budget>) {
        self.log.limit(budget);
    }

    fn held(&self) -> (usize, &'static str) {
        (self.log.held_bytes(), "the places of the records of open windows")
    }

    fn add(&mut self, batch: &Batch<'static>, assignment: &Assignment, grid: &Grid, _: &mut Failures) {
        let range = |slice: &Slice| (slice.first, grid.windows(slice.number).1);
        let ranges: Vec<Range> = assignment.slices.iter().map(range).collect();
        self.log.push(assignment.in_time(batch).into_owned(), &ranges);
    }

    fn open(&mut self, most: usize, _: &dyn Executor) -> Vec<i64> {
        self.log.open(self.next, most)
    }

    fn snapshot(&mut self, window: i64, _: &dyn Executor) -> Vec<Batch<'static>> {
        self.log.peek(window)
    }

    fn first(&mut self, _: &dyn Executor) -> Option<i64> {
        self.log.first(self.next)
    }

    fn take(&mut self, window: i64, _: &dyn Executor) -> Vec<Batch<'static>> {
        let rows = self.log.of(window);
        self.next = window.saturating_add(1);
        self.log.forget(self.next);
        rows
    }
}

impl Stateful for GridRows {
    fn save_state(&self, out: &mut Vec<u8>) {
        self.next.save(out);
        self.log.save_state(out);
    }

    fn load_state(&mut self, input: &mut StateReader<'_>) -> Result<(), StateError> {
        self.next = i64::load(input)?;
        self.log.load_state(input)?;
        let is_open = |(_, last): Range| last >= self.next;
        if self.log.ranges().all(is_open) { Ok(()) } else { Err(StateError::Damaged) }
    }
}

impl HeapBytes for GridRows {
    fn heap_bytes(&self) -> usize {
        self.log.heap_bytes()
    }
}
