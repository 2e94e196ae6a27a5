//! Windows on a grid: which of them are final, in which order, and with which bounds.

use std::sync::Arc;

use crate::aggregate::{Executor, SliceRuns};
use crate::data::budget::Budget;
use crate::data::persist::{StateError, StateReader, Stateful};
use crate::data::{Batch, HeapBytes};
use crate::expr::Failures;
use crate::window::{Assignment, Grid};

use super::super::fill::GapFiller;
use super::super::restored_state::{RestoreError, RestoredState};
use super::super::stream_groups::FrozenGroups;
use super::super::window_assigner::ChunkAssigner;
use super::{FiringContext, MOST_OPEN, Pane, WindowStore};

/// Windows on a grid with these contents.
pub(super) struct GridStore<C> {
    contents: C,
    grid: Grid,
    fill: Option<GapFiller>,
}

/// The contents of windows on a grid, by the number of the window.
pub(super) trait GridContents: Stateful + HeapBytes {
    /// Receives the memory budget. Called once, before the first record.
    fn limit(&mut self, budget: &Arc<Budget>) {
        let _ = budget;
    }

    /// The bytes and the name of what cannot be written to files and that the budget does not count.
    fn held(&self) -> (usize, &'static str) {
        (self.heap_bytes(), "the open windows")
    }

    /// Adds records that are assigned to slices.
    fn add(&mut self, batch: &Batch<'static>, assignment: &Assignment, grid: &Grid, failures: &mut Failures);

    /// Adds slices that workers have aggregated.
    fn merge(&mut self, _: SliceRuns, _: &dyn Executor) {}

    /// The first windows with contents, in order, at most `most`.
    fn open(&mut self, most: usize, executor: &dyn Executor) -> Vec<i64>;

    /// The provisional rows of an open window.
    fn snapshot(&mut self, window: i64, executor: &dyn Executor) -> Vec<Batch<'static>>;

    /// The first window with contents.
    fn first(&mut self, executor: &dyn Executor) -> Option<i64>;

    /// Removes the first window and returns its rows.
    fn take(&mut self, window: i64, executor: &dyn Executor) -> Vec<Batch<'static>>;

    /// Merges what was added, before the state is saved.
    fn settle(&mut self, _: &dyn Executor) {}

    /// See [`WindowStore::freeze_groups`].
    fn freeze_groups(&mut self, _: &dyn Executor) -> Option<FrozenGroups> {
        None
    }

    /// See [`WindowStore::load_groups`].
    fn load_groups(&mut self, restored: &RestoredState, _: &dyn Executor) -> Result<(), RestoreError> {
        Ok(restored.expect_no_groups()?)
    }

    /// Takes the failures of the windows that were taken.
    fn take_failures(&mut self) -> Failures {
        Failures::default()
    }
}

impl<C: GridContents> GridStore<C> {
    pub(super) fn new(contents: C, grid: Grid, fill: Option<GapFiller>) -> GridStore<C> {
        GridStore { contents, grid, fill }
    }
}

impl<C: GridContents> GridStore<C> {
    /// The next window without records that is final. As long as there are no records at all, only the clock makes
    /// windows final; otherwise gaps are filled up to the next record.
    fn silent_window(&mut self, progress: FiringContext) -> Option<Pane> {
        let watermark = progress.watermark.filter(|watermark| *watermark > i64::MIN)?;
        let next = self.grid.first_open(self.grid.slice_of(watermark));
        self.fill.as_mut()?.before(next, &self.grid, progress)
    }
}

impl<C: GridContents> WindowStore for GridStore<C> {
    fn limit(&mut self, budget: &Arc<Budget>) {
        self.contents.limit(budget);
    }

    fn held(&self) -> (usize, &'static str) {
        self.contents.held()
    }

    fn add(&mut self, batch: &Batch<'static>, assigner: &mut ChunkAssigner<'_>, failures: &mut Failures) -> Vec<u32> {
        let assignment = assigner.slices(batch);
        self.contents.add(batch, &assignment, &self.grid, failures);
        assignment.late
    }

    fn merge(&mut self, share: SliceRuns, executor: &dyn Executor) {
        self.contents.merge(share, executor);
    }

    fn settle(&mut self, executor: &dyn Executor) {
        self.contents.settle(executor);
    }

    fn freeze_groups(&mut self, executor: &dyn Executor) -> Option<FrozenGroups> {
        self.contents.freeze_groups(executor)
    }

    fn load_groups(&mut self, restored: &RestoredState, executor: &dyn Executor) -> Result<(), RestoreError> {
        self.contents.load_groups(restored, executor)
    }

    fn open(&mut self, progress: FiringContext, executor: &dyn Executor) -> Vec<Pane> {
        let open = self.contents.open(MOST_OPEN, executor).into_iter();
        let pane = |window| {
            let (start, end) = progress.bounds(&self.grid, window)?;
            let rows = self.contents.snapshot(window, executor);
            let rows = match &self.fill {
                Some(fill) => fill.complete(window, rows, &self.grid),
                None => rows,
            };
            Some(Pane::Window(start, end, rows))
        };
        open.filter_map(pane).collect()
    }

    fn take_final(&mut self, progress: FiringContext, executor: &dyn Executor) -> Option<Pane> {
        loop {
            let Some(window) = self.contents.first(executor) else {
                return self.silent_window(progress);
            };
            if !progress.is_final(&self.grid, window) {
                return None;
            }
            if let Some(fill) = &mut self.fill
                && let Some(next) = fill.before(window, &self.grid, progress)
            {
                return Some(next);
            }
            let mut rows = self.contents.take(window, executor);
            if let Some(fill) = &mut self.fill {
                fill.printed(window, &rows, &self.grid);
                rows = fill.complete(window, rows, &self.grid);
            }
            if let Some((start, end)) = progress.bounds(&self.grid, window) {
                return Some(Pane::Window(start, end, rows));
            }
        }
    }

    fn filled_until(&self) -> Option<i64> {
        self.fill.as_ref()?.last().map(|window| self.grid.end(window))
    }

    fn take_failures(&mut self) -> Failures {
        self.contents.take_failures()
    }
}

/// The grid, and whether gaps are filled, are settings of the plan.
impl<C: GridContents> Stateful for GridStore<C> {
    fn save_state(&self, out: &mut Vec<u8>) {
        self.contents.save_state(out);
        if let Some(fill) = &self.fill {
            fill.save_state(out);
        }
    }

    fn load_state(&mut self, input: &mut StateReader<'_>) -> Result<(), StateError> {
        self.contents.load_state(input)?;
        match &mut self.fill {
            Some(fill) => fill.load_state(input),
            None => Ok(()),
        }
    }
}

impl<C: GridContents> HeapBytes for GridStore<C> {
    fn heap_bytes(&self) -> usize {
        self.contents.heap_bytes() + self.fill.heap_bytes()
    }
}
