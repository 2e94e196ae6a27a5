//! The state that earlier runs with a checkpoint have left, while a run loads it.

use crate::checkpoint::{CheckpointError, Snapshot};
use crate::data::persist::{Persist, StateError, StateReader};

use super::commit::SnapshotHead;

/// The state that a run loads.
#[derive(Debug)]
pub(super) struct RestoredState {
    snapshot: Snapshot,
    /// All but the groups, and the number of its bytes that were read.
    rest: Vec<u8>,
    read: usize,
}

/// Why a state cannot be loaded.
#[derive(Debug)]
pub(super) enum RestoreError {
    State(StateError),
    Checkpoint(CheckpointError),
}

impl RestoreError {
    /// The message; `name` is the directory.
    pub(super) fn message(&self, name: &str) -> String {
        match self {
            RestoreError::State(error) => state_error(name, error),
            RestoreError::Checkpoint(error) => error.to_string(),
        }
    }
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

impl RestoredState {
    /// Reads a snapshot; returns its head, too. `None` if there is nothing in it.
    pub(super) fn open(snapshot: Snapshot) -> Result<Option<(SnapshotHead, RestoredState)>, RestoreError> {
        let Some(head) = snapshot.pieces().checked_sub(1) else {
            return Ok(None);
        };
        let head = snapshot.read(head)?;
        let mut input = StateReader::new(&head);
        let head = SnapshotHead::load(&mut input)?;
        if !input.is_empty() {
            return Err(StateError::Damaged.into());
        }
        let rest = snapshot.pieces().checked_sub(2).ok_or(StateError::Damaged)?;
        let rest = snapshot.read(rest)?;
        Ok(Some((head, RestoredState { snapshot, rest, read: 0 })))
    }

    /// The bytes of the rest of the state that were not read.
    pub(super) fn rest(&self) -> StateReader<'_> {
        StateReader::new(&self.rest[self.read..])
    }

    /// The rest was read up to its last `left` bytes.
    pub(super) fn read_up_to(&mut self, left: usize) {
        self.read = self.rest.len() - left;
    }

    /// The number of pieces of groups.
    pub(super) fn pieces(&self) -> usize {
        self.snapshot.pieces() - 2
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

/// The message about a state that cannot be loaded although its bytes are those that were written.
pub(super) fn state_error(name: &str, error: &StateError) -> String {
    format!(
        "{name}: the saved state {error}, or another version of bourn has saved it\n  \
         = help: go on with that version, or begin again with --checkpoint-reset"
    )
}
