//! Groups by slice, for windows on a grid whose first stage aggregates.

use std::sync::Arc;

use crate::aggregate::{Aggregation, Executor, SliceRuns, SlicedPartial, WindowedGroups};
use crate::data::budget::Budget;
use crate::data::persist::{Persist, StateError, StateReader, Stateful};
use crate::data::{Batch, HeapBytes, Position};
use crate::expr::Failures;
use crate::window::{Assignment, Grid};

use super::super::restored_state::{RestoreError, RestoredState};
use super::super::stream_groups::FrozenGroups;
use super::grid_store::GridContents;

/// Groups of the records that workers have aggregated, and of those that are assigned to slices here.
pub(super) struct GridGroups {
    aggregation: Arc<Aggregation>,
    windowed: WindowedGroups,
    /// Records that were added since `windowed` was last read.
    sliced: SlicedPartial,
    has_sliced: bool,
    /// Position of the next batch.
    position: Position,
}

impl GridGroups {
    pub(super) fn new(aggregation: Arc<Aggregation>, grid: Grid) -> GridGroups {
        GridGroups {
            windowed: WindowedGroups::new(Arc::clone(&aggregation), grid),
            sliced: SlicedPartial::new(Arc::clone(&aggregation)),
            has_sliced: false,
            aggregation,
            position: Position(0),
        }
    }

    /// The windows with all records.
    fn settled(&mut self, executor: &dyn Executor) -> &mut WindowedGroups {
        if std::mem::take(&mut self.has_sliced) {
            self.windowed.add(self.sliced.take(), executor);
        }
        &mut self.windowed
    }
}

impl GridContents for GridGroups {
    fn limit(&mut self, budget: &Arc<Budget>) {
        self.windowed.limit(budget);
        self.sliced = SlicedPartial::within(Arc::clone(&self.aggregation), budget);
    }

    fn held(&self) -> (usize, &'static str) {
        (self.windowed.held_bytes() + self.sliced.heap_bytes(), "the groups of open windows")
    }

    fn add(&mut self, batch: &Batch<'static>, assignment: &Assignment, _: &Grid, failures: &mut Failures) {
        let mut entering = assignment.in_time(batch).into_owned();
        entering.position = self.position;
        self.has_sliced = true;
        let none = Failures::default();
        self.position.0 += self.aggregation.add_named(&entering, &none, failures, |failures| {
            self.sliced.update(&entering, &assignment.slices, failures)
        });
    }

    fn merge(&mut self, share: SliceRuns, executor: &dyn Executor) {
        self.windowed.add(share, executor);
    }

    fn open(&mut self, most: usize, executor: &dyn Executor) -> Vec<i64> {
        self.settled(executor).open(most)
    }

    fn snapshot(&mut self, window: i64, executor: &dyn Executor) -> Vec<Batch<'static>> {
        self.windowed.snapshot(window, executor)
    }

    fn first(&mut self, executor: &dyn Executor) -> Option<i64> {
        self.settled(executor).first()
    }

    fn take(&mut self, window: i64, executor: &dyn Executor) -> Vec<Batch<'static>> {
        self.windowed.finish(window, executor)
    }

    fn settle(&mut self, executor: &dyn Executor) {
        self.settled(executor);
    }

    fn freeze_groups(&mut self, executor: &dyn Executor) -> Option<FrozenGroups> {
        self.settled(executor).freeze(executor)
    }

    fn load_groups(&mut self, restored: &RestoredState, executor: &dyn Executor) -> Result<(), RestoreError> {
        self.windowed.load_pieces(restored.pieces(), &|piece| restored.read(piece), executor)
    }

    fn take_failures(&mut self) -> Failures {
        self.windowed.take_failures()
    }
}

impl Stateful for GridGroups {
    fn save_state(&self, out: &mut Vec<u8>) {
        assert!(!self.has_sliced, "records that were added are merged before");
        self.position.save(out);
        self.windowed.save_state(out);
    }

    fn load_state(&mut self, input: &mut StateReader<'_>) -> Result<(), StateError> {
        self.position = Position::load(input)?;
        self.windowed.load_state(input)
    }
}

impl HeapBytes for GridGroups {
    fn heap_bytes(&self) -> usize {
        self.windowed.heap_bytes() + self.sliced.heap_bytes()
    }
}
