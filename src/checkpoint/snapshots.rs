//! Writes snapshots, and removes the files that they replace.

use std::collections::BTreeSet;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use super::block_file::{self, BlockWriter, StoredPieces};
use super::error::CheckpointError;
use super::header::{StoredHeader, StoredKind};
use super::log::Log;
use super::names::{StoredName, snapshot_name};
use super::storage::Storage;

/// The snapshots that are kept: if the newest one is damaged, the one before is used.
const KEPT: usize = 2;

/// A saved state, which was checked. It is read piece by piece.
#[derive(Debug)]
pub struct Snapshot {
    /// The batch whose end it follows.
    pub batch: u64,
    pub(super) pieces: StoredPieces,
}

impl Snapshot {
    /// The number of pieces.
    pub fn pieces(&self) -> usize {
        self.pieces.len()
    }

    /// Reads a piece. Threads may read at the same time.
    pub fn read(&self, piece: usize) -> Result<Vec<u8>, CheckpointError> {
        self.pieces.read(piece)
    }

    /// All pieces, one after another.
    #[cfg(test)]
    pub fn bytes(&self) -> Vec<u8> {
        (0..self.pieces()).flat_map(|piece| self.read(piece).expect("it was checked")).collect()
    }
}

/// Writes a snapshot piece by piece. Dropped before it is finished, it leaves nothing.
#[derive(Debug)]
pub struct SnapshotWriter {
    pub(super) batch: u64,
    pub(super) blocks: BlockWriter,
}

impl SnapshotWriter {
    /// The batch whose end the snapshot follows.
    pub fn batch(&self) -> u64 {
        self.batch
    }

    /// Appends a piece, in memory of the caller only while this runs. An empty one is left out.
    pub fn piece(&mut self, bytes: &[u8]) -> Result<(), CheckpointError> {
        self.blocks.piece(bytes)
    }
}

/// The snapshots of a directory.
#[derive(Debug)]
pub(super) struct Snapshots {
    storage: Arc<dyn Storage>,
    log: Arc<Log>,
    /// The batches of those that are not damaged, as far as is known. Locked while one is completed.
    batches: Mutex<BTreeSet<u64>>,
}

impl Snapshots {
    pub(super) fn new(storage: Arc<dyn Storage>, log: Arc<Log>) -> Snapshots {
        Snapshots { storage, log, batches: Mutex::default() }
    }

    /// Keeps the snapshots that recovery has found.
    pub(super) fn recovered(&self, found: &BTreeSet<u64>) {
        *self.batches.lock().unwrap_or_else(PoisonError::into_inner) = found.clone();
    }

    /// See [`super::Checkpoint::begin_snapshot`].
    pub(super) fn begin(&self, batch: u64) -> Result<SnapshotWriter, CheckpointError> {
        let header = StoredHeader { kind: StoredKind::Snapshot, batch, previous: None };
        let blocks = BlockWriter::create(&self.storage, &snapshot_name(batch), header)?;
        Ok(SnapshotWriter { batch, blocks })
    }

    /// See [`super::Checkpoint::finish_snapshot`].
    pub(super) fn finish(&self, writer: SnapshotWriter) -> Result<(), CheckpointError> {
        let SnapshotWriter { batch, blocks } = writer;
        assert!(self.log.batches().contains(&batch), "log {batch} is begun before its snapshot is complete");
        let mut batches = self.batches.lock().unwrap_or_else(PoisonError::into_inner);
        let name = snapshot_name(batch);
        blocks.finish()?;
        if let Err(error) = block_file::publish(&*self.storage, &name) {
            self.log.fail(&error); // the next sync of the directory may succeed without this name
            return Err(error);
        }
        batches.insert(batch);
        while batches.len() > KEPT {
            batches.pop_first();
        }
        // with one snapshot, the logs from the start are the older state
        let oldest = if batches.len() < KEPT { 0 } else { *batches.first().expect("there are two") };
        self.log.forget_before(oldest);
        self.remove_others(&batches).map_err(|error| CheckpointError::io(self.storage.path(""), &error))
    }

    /// Removes snapshots and logs that are not needed, and temporary files.
    fn remove_others(&self, snapshots: &BTreeSet<u64>) -> io::Result<()> {
        let logs = self.log.batches();
        for name in self.storage.list()? {
            let is_needed = match StoredName::parse(&name) {
                Some(StoredName::Snapshot(batch)) => snapshots.contains(&batch),
                // one may just have been begun
                Some(StoredName::Log(batch)) => logs.first().is_none_or(|first| *first <= batch),
                Some(StoredName::Temporary) => false,
                Some(StoredName::Lock | StoredName::Manifest) | None => true,
            };
            if !is_needed {
                self.storage.remove(&name)?;
            }
        }
        Ok(())
    }
}
