//! `--fill`: rows of windows and keys without records.

use std::sync::Arc;

use crate::aggregate::{Aggregation, FilledWindow, SeenKeys};
use crate::data::persist::{Persist, StateError, StateReader, Stateful};
use crate::data::{Batch, HeapBytes};
use crate::window::Grid;

use super::window_store::{FiringContext, Pane};

/// Fills windows without records, and windows in which some of the keys have none.
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
    /// Before any window. `first` is the aggregation if windows feed one directly; its keys are forgotten after
    /// `forget_ns` without records.
    pub(super) fn new(first: Option<Arc<Aggregation>>, most_rows: u64, forget_ns: Option<i64>) -> GapFiller {
        GapFiller { seen: first.map(|first| SeenKeys::new(first, forget_ns)), last: None, most_rows }
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
        Some(Pane::Window(start, end, self.complete(window, Vec::new(), grid)))
    }

    /// The last window that was printed.
    pub(super) fn last(&self) -> Option<i64> {
        self.last
    }

    /// The most rows of a window without records.
    fn rows_each(&self) -> u64 {
        self.seen.as_ref().map_or(1, |seen| seen.count().max(1))
    }

    /// The rows of a window with those of keys without records.
    pub(super) fn complete(&self, window: i64, rows: Vec<Batch<'static>>, grid: &Grid) -> Vec<Batch<'static>> {
        match &self.seen {
            Some(seen) => seen.complete(rows, filled(window, grid)),
            None => rows,
        }
    }

    /// Notes that a window with these rows was printed.
    pub(super) fn printed(&mut self, window: i64, rows: &[Batch<'static>], grid: &Grid) {
        self.last = Some(window);
        if let Some(seen) = &mut self.seen {
            seen.add(rows, filled(window, grid));
        }
    }
}

fn filled(window: i64, grid: &Grid) -> FilledWindow {
    let (start, end_ns) = (grid.start(window), grid.end(window));
    FilledWindow { end_ns, seconds: end_ns.saturating_sub(start) as f64 / 1e9 }
}

/// The limit, and whether windows have keys, are settings of the plan.
impl Stateful for GapFiller {
    fn save_state(&self, out: &mut Vec<u8>) {
        self.last.save(out);
        if let Some(seen) = &self.seen {
            seen.save_state(out);
        }
    }

    fn load_state(&mut self, input: &mut StateReader<'_>) -> Result<(), StateError> {
        self.last = Option::load(input)?;
        match &mut self.seen {
            Some(seen) => seen.load_state(input),
            None => Ok(()),
        }
    }
}

impl HeapBytes for GapFiller {
    fn heap_bytes(&self) -> usize {
        self.seen.heap_bytes()
    }
}
