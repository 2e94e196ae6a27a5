//! The groups of a stream without windows.
//!
//! A commit freezes them, so that its thread can write them while the next batches are read: the groups of these are kept
//! apart until the thread needs the frozen ones no longer. Everything that needs all groups waits for that.

use std::convert::Infallible;
use std::sync::Arc;

use crossbeam::channel::{Receiver, Sender, TryRecvError, bounded};

use crate::aggregate::{Aggregation, Executor, Merged, TakenRun};
use crate::checkpoint::SnapshotWriter;

/// The groups of a stream.
#[derive(Debug)]
pub(super) struct StreamGroups {
    merged: Merged,
    /// Groups that a thread writes, and the channel that is closed when it has written them.
    frozen: Option<(Arc<Merged>, Receiver<Infallible>)>,
}

/// Groups that do not change, for the thread that writes them. Dropped when they are written.
#[derive(Debug)]
pub(super) struct FrozenGroups {
    groups: Arc<Merged>,
    /// Dropped after the groups, so that the other side is then the only one that has them.
    _is_read: Sender<Infallible>,
}

impl StreamGroups {
    /// No groups.
    pub(super) fn new(aggregation: &Arc<Aggregation>, executor: &dyn Executor) -> StreamGroups {
        StreamGroups { merged: Merged::within(Arc::clone(aggregation), &executor.budget()), frozen: None }
    }

    /// Adds the runs that workers returned at the end of a batch.
    pub(super) fn add(&mut self, runs: Vec<TakenRun>, executor: &dyn Executor) {
        let is_written =
            |(_, is_read): &(_, Receiver<Infallible>)| is_read.try_recv() == Err(TryRecvError::Disconnected);
        // Over the memory budget, frozen groups must come back before they can be written to a file.
        if self.frozen.as_ref().is_some_and(is_written) || executor.budget().is_exceeded() {
            self.all(executor);
        }
        self.merged.add(runs, executor);
    }

    /// Returns all groups; waits until they are written, if they are frozen.
    pub(super) fn all(&mut self, executor: &dyn Executor) -> &mut Merged {
        if let Some((frozen, is_read)) = self.frozen.take() {
            let _ = is_read.recv(); // ends with an error once the other side is dropped, also by a panic
            let frozen = Arc::into_inner(frozen).expect("the thread has dropped its groups before the channel");
            self.merged.thaw(frozen, executor);
        }
        &mut self.merged
    }

    /// Freezes all groups, for a thread that writes them.
    pub(super) fn freeze(&mut self, executor: &dyn Executor) -> FrozenGroups {
        let frozen = Arc::new(self.all(executor).freeze());
        let (sender, is_read) = bounded(0);
        self.frozen = Some((Arc::clone(&frozen), is_read));
        FrozenGroups { groups: frozen, _is_read: sender }
    }
}

impl FrozenGroups {
    /// Writes the groups.
    pub(super) fn write(&self, snapshot: &mut SnapshotWriter) -> Result<(), String> {
        write_groups(&self.groups, snapshot)
    }
}

/// Writes groups to a snapshot.
pub(super) fn write_groups(groups: &Merged, snapshot: &mut SnapshotWriter) -> Result<(), String> {
    let is_whole = groups.save_pieces(&mut |piece| snapshot.piece(piece));
    match is_whole? {
        true => Ok(()),
        false => Err("the state is not committed: groups in a temporary file cannot be read".to_owned()),
    }
}
