//! The state that earlier runs with a checkpoint have left, while a run loads it.

use crate::checkpoint::{CheckpointError, Snapshot};
use crate::data::persist::StateError;

/// The state that a run loads, apart from the head of its snapshot and what workers share.
pub(super) struct RestoredState {
    /// The bytes of the coordinator's state.
    pub(super) rest: Vec<u8>,
    /// The snapshot with the groups.
    snapshot: Snapshot,
}

/// Why a state cannot be loaded.
#[derive(Debug)]
pub(super) enum RestoreError {
    State(StateError),
    Checkpoint(CheckpointError),
}

impl From<StateError> for RestoreError {
    fn from(error: StateError) -> RestoreError {
        RestoreError::State(error)
    }
}

impl From<CheckpointError> for RestoreError {
    fn from(error: CheckpointError) -> RestoreError {
        RestoreError::Checkpoint(error)
    }
}

/// Reads the last piece of a snapshot. `None` if there is none: no run has read anything.
pub(super) fn last_piece(snapshot: &Snapshot) -> Result<Option<Vec<u8>>, CheckpointError> {
    snapshot.pieces().checked_sub(1).map(|last| snapshot.read(last)).transpose()
}

impl RestoredState {
    /// The state of a snapshot; `rest` is the end of its last piece.
    pub(super) fn new(snapshot: Snapshot, rest: Vec<u8>) -> RestoredState {
        RestoredState { rest, snapshot }
    }

    /// The number of pieces of groups.
    pub(super) fn pieces(&self) -> usize {
        self.snapshot.pieces() - 1
    }

    /// Fails if there are groups.
    pub(super) fn expect_no_groups(&self) -> Result<(), StateError> {
        if self.pieces() == 0 { Ok(()) } else { Err(StateError::Damaged) }
    }

    /// Reads a piece of groups.
    pub(super) fn read(&self, piece: usize) -> Result<Vec<u8>, RestoreError> {
        Ok(self.snapshot.read(piece)?)
    }
}
