//! `--fill`: windows without records, between those that have some.

use std::sync::Arc;

use crate::aggregate::{Aggregation, SeenKeys};
use crate::data::Batch;
use crate::window::Grid;

use super::window_store::{FiringContext, Pane};

/// Fills windows without records.
pub(super) struct GapFiller {
    /// The keys of its rows, if windows hold groups.
    seen: Option<SeenKeys>,
    /// The last window that was printed.
    last: Option<i64>,
    /// A run of windows without records is not filled if it has more rows than this.
    most_rows: u64,
}

/// A gap that was not filled: two records are far apart, and one of them may have a wrong time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct UnfilledGap {
    /// The end of the window before the gap, and the start of the one after it, in nanoseconds since 1970.
    pub(super) from_ns: i64,
    pub(super) to_ns: i64,
    pub(super) windows: u64,
    /// The number of rows that would fill it.
    pub(super) rows: u64,
}

impl GapFiller {
    /// Before any window. `first` is the aggregation if windows feed one directly.
    pub(super) fn new(first: Option<Arc<Aggregation>>, most_rows: u64) -> GapFiller {
        GapFiller { seen: first.map(SeenKeys::new), last: None, most_rows }
    }

    /// The window without records that comes before `next`, which has some; or the whole gap if it is too long.
    pub(super) fn before(&mut self, next: i64, grid: &Grid, progress: FiringContext) -> Option<Pane> {
        let last = self.last?;
        let window = last.checked_add(1).filter(|window| *window < next)?;
        if grid.start(window) > progress.largest {
            return None;
        }
        // A gap ends at the largest time, even if a record has a future timestamp.
        let (_, reached) = grid.windows(grid.slice_of(progress.largest));
        let end = next.min(reached.saturating_add(1));
        let windows = end.saturating_sub(window) as u64;
        let rows = windows.saturating_mul(self.rows_each());
        if rows > self.most_rows {
            self.last = Some(next - 1);
            return Some(Pane::UnfilledGap(UnfilledGap {
                from_ns: grid.end(last),
                to_ns: grid.start(end),
                windows,
                rows,
            }));
        }
        self.last = Some(window);
        let (start, end) = progress.bounds(grid, window)?;
        Some(Pane::Window(start, end, self.rows()))
    }

    /// The most rows of a window without records.
    fn rows_each(&self) -> u64 {
        self.seen.as_ref().map_or(1, |seen| seen.count().max(1))
    }

    /// The rows of a window without records.
    fn rows(&self) -> Vec<Batch<'static>> {
        self.seen.as_ref().map_or_else(Vec::new, SeenKeys::rows)
    }

    /// Notes that a window with records was printed.
    pub(super) fn printed(&mut self, window: i64, rows: &[Batch<'static>]) {
        self.last = Some(window);
        if let Some(seen) = &mut self.seen {
            seen.add(rows);
        }
    }
}
