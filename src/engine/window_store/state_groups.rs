//! Groups by state: a window ends with the record that ends it, in the order of the stream.

use crate::aggregate::{Executor, StateGroups};
use crate::data::{Batch, HeapBytes};
use crate::expr::Failures;

use super::super::window_assigner::ChunkAssigner;
use super::{FiringContext, Pane, WindowStore};

impl WindowStore for StateGroups {
    fn held(&self) -> (usize, &'static str) {
        (self.heap_bytes(), "the groups of open windows of states")
    }

    fn add(&mut self, batch: &Batch<'static>, assigner: &mut ChunkAssigner<'_>, failures: &mut Failures) -> Vec<u32> {
        let mut pass = assigner.passing(batch);
        self.update(batch, |row| pass(row).0, failures);
        Vec::new()
    }

    fn open(&mut self, _: FiringContext, _: &dyn Executor) -> Vec<Pane> {
        self.snapshot().map(Pane::Sessions).into_iter().collect()
    }

    fn take_final(&mut self, progress: FiringContext, _: &dyn Executor) -> Option<Pane> {
        self.take(progress.watermark.is_none()).map(Pane::Sessions)
    }

    fn take_failures(&mut self) -> Failures {
        StateGroups::take_failures(self)
    }
}
