//! The groups of a stream without windows.
//!
//! A commit freezes them, so that its thread can write them while the next batches are read: the groups of these are kept
//! apart until the thread needs the frozen ones no longer. Everything that needs all groups waits for that.

use std::sync::Arc;

use crate::aggregate::{Aggregation, Executor, GroupsByWindow, Merged, TakenRun, load_pieces, save_pieces};
use crate::checkpoint::SnapshotWriter;
use crate::data::{Frozen, FrozenReader};

use super::restored_state::{RestoreError, RestoredState};

/// The groups of a stream.
#[derive(Debug)]
pub(super) struct StreamGroups {
    merged: Merged,
    /// Groups that a thread writes.
    frozen: Option<Frozen<GroupsByWindow>>,
}

/// The groups of a stream or of its windows, for the thread that writes them. Dropped when they are written.
pub(super) type FrozenGroups = FrozenReader<GroupsByWindow>;

impl StreamGroups {
    /// No groups.
    pub(super) fn new(aggregation: &Arc<Aggregation>, executor: &dyn Executor) -> StreamGroups {
        StreamGroups { merged: Merged::within(Arc::clone(aggregation), &executor.budget()), frozen: None }
    }

    /// Adds the runs that workers returned at the end of a batch.
    pub(super) fn add(&mut self, runs: Vec<TakenRun>, executor: &dyn Executor) {
        // Over the memory budget, frozen groups must come back before they can be written to a file.
        if self.frozen.as_ref().is_some_and(|frozen| frozen.is_read() || executor.budget().is_exceeded()) {
            self.all(executor);
        }
        self.merged.add(runs, executor);
    }

    /// Returns all groups; waits until they are written, if they are frozen.
    pub(super) fn all(&mut self, executor: &dyn Executor) -> &mut Merged {
        for (_, frozen) in self.frozen.take().into_iter().flat_map(Frozen::take) {
            self.merged.thaw(frozen, executor);
        }
        &mut self.merged
    }

    /// Freezes all groups, for a thread that writes them.
    pub(super) fn freeze(&mut self, executor: &dyn Executor) -> FrozenGroups {
        let groups = self.all(executor).freeze();
        let (frozen, reader) = Frozen::new(GroupsByWindow::from([(0, groups)]));
        self.frozen = Some(frozen);
        reader
    }

    /// Adds the groups that [`write_groups`] has written.
    pub(super) fn load(&mut self, restored: &RestoredState, executor: &dyn Executor) -> Result<(), RestoreError> {
        let aggregation = Arc::clone(self.merged.aggregation());
        load_pieces(&aggregation, restored.pieces(), &|piece| restored.read(piece), executor, &mut |_, run| {
            self.merged.add(vec![run], executor);
            Ok(())
        })
    }
}

/// Writes groups to a snapshot.
pub(super) fn write_groups(groups: &GroupsByWindow, snapshot: &mut SnapshotWriter) -> Result<(), String> {
    match save_pieces(groups, &mut |piece| snapshot.piece(piece))? {
        true => Ok(()),
        false => Err("the state is not committed: groups in a temporary file cannot be read".to_owned()),
    }
}
