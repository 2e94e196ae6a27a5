//! The contents of open windows, and the order in which they become final.
//!
//! There are five stores: windows are on a grid or are sessions, and hold groups or whole records; those on a grid can
//! also hold the states of a stage.

mod grid_groups;
mod grid_rows;
mod grid_states;
mod grid_store;
mod session_groups;
mod session_records;
mod state_groups;

use std::sync::Arc;

use crate::aggregate::{Aggregation, Executor, SessionGroups, SessionRows, SliceRuns, StateGroups};
use crate::data::budget::Budget;
use crate::data::persist::Stateful;
use crate::data::{Batch, HeapBytes, Slot, SlotSet, Value, time_defaults};
use crate::expr::Failures;
use crate::plan::{MergeStep, PlannedWindow};
use crate::stage::OrderedStage;
use crate::window::{Grid, WindowKind};

use super::fill::{GapFiller, UnfilledGap};
use super::restored_state::{RestoreError, RestoredState};
use super::stream_groups::FrozenGroups;
use super::window_assigner::ChunkAssigner;
use grid_groups::GridGroups;
use grid_rows::GridRows;
use grid_states::GridStates;
use grid_store::GridStore;
use session_records::SessionRecords;

/// A snapshot shows at most this many open windows: one record can be in a billion of them.
pub(super) const MOST_OPEN: usize = 100_000;

/// Holds the contents of windows until they are final. Saved after [`WindowStore::settle`].
pub(super) trait WindowStore: Stateful + HeapBytes {
    /// Receives the memory budget. Called once, before the first record.
    fn limit(&mut self, budget: &Arc<Budget>) {
        let _ = budget;
    }

    /// The bytes and the name of what cannot be written to files and that the budget does not count.
    fn held(&self) -> (usize, &'static str) {
        (self.heap_bytes(), "the open windows")
    }

    /// Adds the next records in stream order; returns the late rows.
    fn add(&mut self, batch: &Batch<'static>, assigner: &mut ChunkAssigner<'_>, failures: &mut Failures) -> Vec<u32>;

    /// Adds slices that workers have aggregated. Called only if workers assign records to windows.
    fn merge(&mut self, _: SliceRuns, _: &dyn Executor) {}

    /// The open windows, at most [`MOST_OPEN`], with their provisional rows before the later stages.
    fn open(&mut self, progress: FiringContext, executor: &dyn Executor) -> Vec<Pane>;

    /// Merges what was added, before the state is saved.
    fn settle(&mut self, _: &dyn Executor) {}

    /// Freezes groups, for a thread that writes them; they are not part of the state that is then saved.
    fn freeze_groups(&mut self, _: &dyn Executor) -> Option<FrozenGroups> {
        None
    }

    /// Loads groups that were frozen, after the rest of the state.
    fn load_groups(&mut self, restored: &RestoredState, _: &dyn Executor) -> Result<(), RestoreError> {
        Ok(restored.expect_no_groups()?)
    }

    /// Removes the next window that is final and returns its rows before the later stages.
    fn take_final(&mut self, progress: FiringContext, executor: &dyn Executor) -> Option<Pane>;

    /// The end of the last window that was taken, if windows without records are taken after it.
    fn filled_until(&self) -> Option<i64> {
        None
    }

    /// Takes the failures of final windows, such as results beyond the range of floats.
    fn take_failures(&mut self) -> Failures {
        Failures::default()
    }
}

/// The contents of windows, made from their records.
pub(super) enum WindowContents {
    /// The groups of an aggregation.
    Groups(Arc<Aggregation>),
    /// The state of a stage that merges states. The slots are those read after it.
    States(Arc<dyn OrderedStage>, SlotSet),
    /// The records, with the slots in `live`; sessions are per value of `keys`.
    Records { keys: Vec<Slot>, live: SlotSet },
}

impl WindowContents {
    /// The contents of windows that feed these steps.
    pub(super) fn of(steps: &[MergeStep]) -> WindowContents {
        match steps.first() {
            Some(MergeStep::Grouped(aggregation)) => WindowContents::Groups(Arc::clone(aggregation)),
            Some(MergeStep::Ordered(stage, after)) if stage.merges_states() => {
                WindowContents::States(Arc::clone(stage), after.clone())
            }
            Some(MergeStep::Ordered(stage, after)) => {
                let mut live = after.clone();
                stage.reads(&mut live);
                WindowContents::Records { keys: stage.keys(), live }
            }
            Some(MergeStep::Rows(_)) | None => WindowContents::Records { keys: Vec::new(), live: SlotSet::default() },
        }
    }
}

/// An empty store.
pub(super) fn window_store(planned: &PlannedWindow, contents: WindowContents) -> Box<dyn WindowStore> {
    let grid = match (planned.window.kind, &contents) {
        (WindowKind::Session { gap }, WindowContents::Groups(aggregation)) => {
            return Box::new(SessionGroups::new(Arc::clone(aggregation), gap));
        }
        (WindowKind::Session { gap }, WindowContents::Records { keys, live }) => {
            return Box::new(SessionRecords::new(keys.clone(), gap, live.clone()));
        }
        (WindowKind::State, WindowContents::Groups(aggregation)) => {
            let fields = planned.state.clone().expect("the plan has bound what ends windows of states");
            return Box::new(StateGroups::new(Arc::clone(aggregation), fields));
        }
        (WindowKind::Session { .. }, WindowContents::States(..)) | (WindowKind::State, _) => {
            unreachable!("the plan has no such windows for these stages")
        }
        (WindowKind::Time { .. } | WindowKind::Rows { .. }, _) => {
            Grid::of(&planned.window, &time_defaults().zone).expect("only sessions have no grid")
        }
    };
    let fill = |first| planned.fill.map(|most_rows| GapFiller::new(first, most_rows, planned.forget_ns));
    match contents {
        WindowContents::Groups(aggregation) => {
            let fill = fill(Some(Arc::clone(&aggregation)));
            Box::new(GridStore::new(GridGroups::new(aggregation, grid.clone()), grid, fill))
        }
        WindowContents::States(stage, live) => {
            Box::new(GridStore::new(GridStates::new(stage, live, grid.clone()), grid, fill(None)))
        }
        WindowContents::Records { live, .. } => Box::new(GridStore::new(GridRows::new(live), grid, fill(None))),
    }
}

/// The progress of the stream.
#[derive(Clone, Copy)]
pub(super) struct FiringContext {
    /// `None` at the end of the input: every window is final.
    pub(super) watermark: Option<i64>,
    /// Records so far, for windows of rows.
    pub(super) rows_read: Option<i64>,
    /// The largest time that is not a future timestamp; gaps are filled up to it.
    pub(super) largest: i64,
}

/// A result that is to run through the later stages.
pub(super) enum Pane {
    /// Windows without records that are not filled in.
    UnfilledGap(UnfilledGap),
    Window(Value, Value, Vec<Batch<'static>>),
    Sessions(SessionRows),
}

impl FiringContext {
    fn is_final(&self, grid: &Grid, window: i64) -> bool {
        self.watermark.is_none_or(|watermark| grid.is_final(window, watermark))
    }

    /// The bounds of a window as values: times, or the numbers of its first and last record. `None` for a sliding
    /// window of rows that is not full.
    pub(super) fn bounds(&self, grid: &Grid, window: i64) -> Option<(Value, Value)> {
        let (start, end) = (grid.start(window), grid.end(window));
        match self.rows_read {
            None => Some((Value::Time(start), Value::Time(end))),
            Some(rows) if end - 1 <= rows => Some((Value::Int(start), Value::Int(end - 1))),
            Some(rows) if grid.is_tumbling() => Some((Value::Int(start), Value::Int(rows))),
            Some(_) => None,
        }
    }
}

#[cfg(test)]
mod tests;
