//! `--fill`: windows without records, between those that have some.

use std::sync::Arc;

use crate::aggregate::{Aggregation, SeenKeys};
use crate::data::Batch;
use crate::window::Grid;

use super::window_state::{FiringContext, Pane};

/// What is known of windows without records.
pub(super) struct Fill {
    /// Their rows, where there are groups.
    seen: Option<SeenKeys>,
    /// The last window that was printed.
    last: Option<i64>,
    /// Windows that follow each other without records are left out if they have more rows together.
    most_rows: u64,
}

/// Windows without records that were left out: two records are far apart, and one of them may be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LeftOut {
    /// The end of the window before them, and the start of the one after them, in nanoseconds since 1970.
    pub(super) from_ns: i64,
    pub(super) to_ns: i64,
    pub(super) windows: u64,
    /// How many rows they have.
    pub(super) rows: u64,
}

impl Fill {
    /// No window yet. `first` are the aggregates that work over windows, if these are the first to do so.
    pub(super) fn new(first: Option<Arc<Aggregation>>, most_rows: u64) -> Fill {
        Fill { seen: first.map(SeenKeys::new), last: None, most_rows }
    }

    /// The window without records that comes before `next`, which has some; or all such windows, if they are too many.
    pub(super) fn before(&mut self, next: i64, grid: &Grid, standing: FiringContext) -> Option<Pane> {
        let last = self.last?;
        let window = last.checked_add(1).filter(|window| *window < next)?;
        if grid.start(window) > standing.largest {
            return None;
        }
        // Windows that begin after the largest time are none, even if a record jumped there.
        let (_, reached) = grid.windows(grid.slice_of(standing.largest));
        let end = next.min(reached.saturating_add(1));
        let windows = end.saturating_sub(window) as u64;
        let rows = windows.saturating_mul(self.rows_each());
        if rows > self.most_rows {
            self.last = Some(next - 1);
            return Some(Pane::LeftOut(LeftOut { from_ns: grid.end(last), to_ns: grid.start(end), windows, rows }));
        }
        self.last = Some(window);
        let (start, end) = standing.bounds(grid, window)?;
        Some(Pane::Window(start, end, self.rows()))
    }

    /// How many rows a window without records has at most.
    fn rows_each(&self) -> u64 {
        self.seen.as_ref().map_or(1, |seen| seen.count().max(1))
    }

    /// The rows of a window without records.
    fn rows(&self) -> Vec<Batch<'static>> {
        self.seen.as_ref().map_or_else(Vec::new, SeenKeys::rows)
    }

    /// A window that has records is printed.
    pub(super) fn printed(&mut self, window: i64, rows: &[Batch<'static>]) {
        self.last = Some(window);
        if let Some(seen) = &mut self.seen {
            seen.add(rows);
        }
    }
}
