//! Groups by session: the groups find the final sessions themselves, and give the rows of many at once.

use crate::aggregate::{Executor, SessionGroups};
use crate::data::{Batch, HeapBytes};
use crate::expr::Failures;

use super::super::window_assigner::ChunkAssigner;
use super::{FiringContext, Pane, WindowStore};

impl WindowStore for SessionGroups {
    fn held(&self) -> (usize, &'static str) {
        (self.heap_bytes(), "the groups of open sessions")
    }

    fn add(&mut self, batch: &Batch<'static>, assigner: &mut ChunkAssigner<'_>, failures: &mut Failures) -> Vec<u32> {
        self.update(batch, assigner.passing(batch), failures)
    }

    fn open(&mut self, _: FiringContext, _: &dyn Executor) -> Vec<Pane> {
        self.snapshot().map(Pane::Sessions).into_iter().collect()
    }

    fn take_final(&mut self, progress: FiringContext, _: &dyn Executor) -> Option<Pane> {
        self.take(progress.watermark).map(Pane::Sessions)
    }

    fn take_failures(&mut self) -> Failures {
        SessionGroups::take_failures(self)
    }
}
