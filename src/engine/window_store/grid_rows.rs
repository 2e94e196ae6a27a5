//! Whole records by window, for windows on a grid whose first stage needs them.

use crate::aggregate::Executor;
use crate::data::{Batch, SlotSet};
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
