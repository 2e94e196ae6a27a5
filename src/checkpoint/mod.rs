//! The durable side of `--checkpoint DIR`: a directory with a description of the state, snapshots of it, and logs.
//!
//! Payloads are bytes; plans and records are unknown here. Files are named after the batch whose end they follow:
//!
//! | file | content |
//! |---|---|
//! | `lock` | locked by the run that uses the directory; says which it is |
//! | `manifest` | written once, before anything else |
//! | `snapshot-N` | the state after batch N |
//! | `log-N` | records that were appended after batch N |
//!
//! A run calls [`Checkpoint::open`], [`Checkpoint::recover`], reads all log records, and goes on appending to the last
//! log. If there is none yet, it writes the manifest and begins log 0. To take a snapshot at the end of batch N the
//! thread that appends calls [`Checkpoint::begin_log`] with N; any thread may then write the snapshot N
//! ([`Checkpoint::begin_snapshot`], [`Checkpoint::finish_snapshot`]), while the log goes on. Recovery needs the log N with
//! a snapshot N, and all later logs.
//!
//! Why nothing is lost: the records of a log are durable before the next log exists, a log exists before the snapshot of
//! its number does, and a snapshot is durable before the files that it replaces are removed. Two snapshots are kept, with
//! the logs from the older one on: if the disk damages the newer one, the older one is used.
//!
//! Errors name the path and say how to go on ([`CheckpointError`]). After an append or a sync has failed the log stays
//! failed: see [`Storage`] for the reason. A run that receives an error delivers nothing more and ends.

mod block_file;
mod error;
mod header;
mod lock;
mod log;
mod log_records;
mod names;
mod reset;
#[cfg(test)]
pub mod simulated;
mod snapshots;
mod storage;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use error::{CheckpointError, CheckpointProblem};
pub use header::StoredKind;
pub use lock::{Holder, Lock};
pub use log_records::LogRecords;
pub use reset::reset;
pub use snapshots::{Snapshot, SnapshotWriter};
pub use storage::{DiskStorage, Storage, StoredFile};

use block_file::{BlockWriter, StoredPieces};
use header::{HEADER_BYTES, StoredHeader};
use log::Log;
use log_records::read_log_header;
use names::{MANIFEST, StoredName, log_name, snapshot_name};
use snapshots::Snapshots;

/// An open directory that no other run uses. Shared by the threads of a run after recovery.
#[derive(Debug)]
pub struct Checkpoint {
    storage: Arc<dyn Storage>,
    manifest: Option<Vec<u8>>,
    /// The batches of the snapshots and logs that were there when it was opened.
    found_snapshots: BTreeSet<u64>,
    found_logs: BTreeSet<u64>,
    log: Arc<Log>,
    snapshots: Snapshots,
    _lock: Option<Lock>,
}

/// The saved state.
#[derive(Debug)]
pub struct Recovery {
    /// The newest whole snapshot; `None` if the log begins with an empty state.
    pub snapshot: Option<Snapshot>,
    /// The records that were appended after it. A torn tail was never acknowledged by [`Checkpoint::sync`]: it is cut.
    pub log: LogRecords,
    /// Newer snapshots that are damaged and were not used: worth a note.
    pub damaged: Vec<CheckpointError>,
}

impl Checkpoint {
    /// Locks and opens the directory at a path; creates it if needed.
    pub fn open_directory(path: &Path, holder: &Holder) -> Result<Checkpoint, CheckpointError> {
        let lock = Lock::acquire(path, holder)?;
        Checkpoint::open(Arc::new(DiskStorage::new(path)), Some(lock))
    }

    /// Opens a directory and reads its manifest. It stays locked until this is dropped; tests need no lock.
    pub fn open(storage: Arc<dyn Storage>, lock: Option<Lock>) -> Result<Checkpoint, CheckpointError> {
        let in_directory = |error: &_| CheckpointError::io(storage.path(""), error);
        let names = storage.list().map_err(|error| in_directory(&error))?;
        // A run that was killed may have left names that are not durable yet; what is read now must stay.
        storage.sync_directory().map_err(|error| in_directory(&error))?;
        let mut has_manifest = false;
        let (mut found_snapshots, mut found_logs) = (BTreeSet::new(), BTreeSet::new());
        for name in &names {
            match StoredName::parse(name) {
                Some(StoredName::Manifest) => has_manifest = true,
                Some(StoredName::Snapshot(batch)) => {
                    found_snapshots.insert(batch);
                }
                Some(StoredName::Log(batch)) => {
                    found_logs.insert(batch);
                }
                Some(StoredName::Lock | StoredName::Temporary) | None => {}
            }
        }
        let manifest = if has_manifest {
            let stored = StoredPieces::check(&*storage, MANIFEST, StoredKind::Manifest, 0)?;
            let pieces: Result<Vec<Vec<u8>>, CheckpointError> =
                (0..stored.len()).map(|piece| stored.read(piece)).collect();
            Some(pieces?.concat())
        } else if found_snapshots.is_empty() && found_logs.is_empty() {
            None
        } else {
            return Err(CheckpointError::new(storage.path(MANIFEST), CheckpointProblem::Missing));
        };
        let log = Arc::new(Log::new(Arc::clone(&storage)));
        let snapshots = Snapshots::new(Arc::clone(&storage), Arc::clone(&log));
        Ok(Checkpoint { storage, manifest, found_snapshots, found_logs, log, snapshots, _lock: lock })
    }

    /// The path of a file of the directory; that of the directory if the name is empty.
    pub fn path(&self, name: &str) -> PathBuf {
        self.storage.path(name)
    }

    /// The manifest; `None` if nothing was saved yet.
    pub fn manifest(&self) -> Option<&[u8]> {
        self.manifest.as_deref()
    }

    /// Writes the manifest, or replaces it at once. It is durable when this returns.
    pub fn write_manifest(&mut self, bytes: &[u8]) -> Result<(), CheckpointError> {
        let header = StoredHeader { kind: StoredKind::Manifest, batch: 0, previous: None };
        let mut file = BlockWriter::create(&self.storage, MANIFEST, header)?;
        file.piece(bytes)?;
        file.finish()?;
        block_file::publish(&*self.storage, MANIFEST)?;
        self.manifest = Some(bytes.to_vec());
        Ok(())
    }

    /// Returns the newest whole snapshot and the records after it. Must be called once, before the other methods.
    ///
    /// A tail of the last log that was not durable is cut; damage before the tail is an error that names the file.
    pub fn recover(&mut self) -> Result<Recovery, CheckpointError> {
        self.remove_unfinished_log()?;
        let mut damaged = Vec::new();
        let mut snapshot = None;
        while let Some(batch) = self.found_snapshots.last().copied() {
            match StoredPieces::check(&*self.storage, &snapshot_name(batch), StoredKind::Snapshot, batch) {
                Ok(pieces) => {
                    snapshot = Some(Snapshot { batch, pieces });
                    break;
                }
                Err(error) if error.problem.is_damage() => damaged.push(error),
                Err(error) => return Err(error),
            }
            self.found_snapshots.remove(&batch); // the next clean-up removes the file
        }
        let first = snapshot.as_ref().map_or(0, |snapshot| snapshot.batch);
        let is_new = snapshot.is_none() && damaged.is_empty() && self.found_logs.is_empty();
        if is_new {
            self.log.start();
        } else {
            self.check_logs(first).map_err(|error| match snapshot {
                // a damaged snapshot is the cause if there is no other one and the first logs were removed
                None => damaged.first().cloned().unwrap_or(error),
                Some(_) => error,
            })?;
        }
        self.snapshots.recovered(&self.found_snapshots);
        let log = LogRecords::new(&self.storage, &self.log, self.found_logs.clone(), first);
        Ok(Recovery { snapshot, log, damaged })
    }

    /// Begins the log after a batch: records that are appended from now on belong to later batches. Called by the thread
    /// that appends, before the first append and before each snapshot. The log that is open already goes on.
    ///
    /// # Panics
    /// If a later log is open, there is no manifest, or the saved records were not read to the end.
    pub fn begin_log(&self, batch: u64) -> Result<(), CheckpointError> {
        assert!(self.manifest.is_some(), "the manifest is written before the first log");
        self.log.begin(batch)
    }

    /// True if all records of [`Recovery::log`] were read, so that a log may be begun.
    pub fn is_recovered(&self) -> bool {
        self.log.is_read()
    }

    /// The batch of the log that records are appended to; `None` before the first one.
    pub fn log_batch(&self) -> Option<u64> {
        self.log.batch()
    }

    /// Appends a record, which consists of these parts, to the log. It is durable after the next [`Checkpoint::sync`].
    ///
    /// # Panics
    /// If no log is open: none was begun, or the records of the last one were not read to the end.
    pub fn append(&self, record: &[&[u8]]) -> Result<(), CheckpointError> {
        self.log.append(record)
    }

    /// Waits until all records that were appended before this call are durable. Returns at once if they are. Other
    /// threads may append meanwhile.
    pub fn sync(&self) -> Result<(), CheckpointError> {
        self.log.sync()
    }

    /// Begins the snapshot of the end of a batch, under a temporary name. One snapshot is written at a time.
    pub fn begin_snapshot(&self, batch: u64) -> Result<SnapshotWriter, CheckpointError> {
        self.snapshots.begin(batch)
    }

    /// Completes a snapshot: it is durable when this returns. Then keeps the two newest snapshots and the logs from the
    /// older one on, and removes older ones and temporary files.
    ///
    /// After an error the earlier state is still complete, and a later snapshot may be written.
    ///
    /// # Panics
    /// If the log after the batch was not begun.
    pub fn finish_snapshot(&self, snapshot: SnapshotWriter) -> Result<(), CheckpointError> {
        self.snapshots.finish(snapshot)
    }

    /// Writes a snapshot of one piece.
    #[cfg(test)]
    pub fn write_snapshot(&self, batch: u64, bytes: &[u8]) -> Result<(), CheckpointError> {
        let mut snapshot = self.begin_snapshot(batch)?;
        snapshot.piece(bytes)?;
        self.finish_snapshot(snapshot)
    }

    /// Removes a last log whose header is incomplete: the run ended while it was created, so it has no records.
    fn remove_unfinished_log(&mut self) -> Result<(), CheckpointError> {
        let Some(last) = self.found_logs.last().copied() else {
            return Ok(());
        };
        let is_damaged = match read_log_header(&*self.storage, last) {
            Err(error) if error.problem.is_damage() => true,
            Err(error) => return Err(error),
            Ok(_) => false,
        };
        // the header was durable before the first record was appended, and before a snapshot of its batch was written
        let name = log_name(last);
        let failed = |error| CheckpointError::io(self.storage.path(&name), &error);
        let length = self.storage.open(&name).and_then(|file| file.length()).map_err(failed)?;
        if is_damaged && length <= HEADER_BYTES as u64 && !self.found_snapshots.contains(&last) {
            self.storage.remove(&name).and_then(|()| self.storage.sync_directory()).map_err(failed)?;
            self.found_logs.remove(&last);
        }
        Ok(())
    }

    /// Checks that no log from the one after batch `first` on is missing, and makes the last one durable.
    fn check_logs(&self, first: u64) -> Result<(), CheckpointError> {
        let missing = |batch| CheckpointError::new(self.storage.path(&log_name(batch)), CheckpointProblem::Missing);
        if !self.found_logs.contains(&first) {
            return Err(missing(first));
        }
        let mut previous = None;
        for batch in self.found_logs.range(first..).copied() {
            let header = read_log_header(&*self.storage, batch)?;
            if previous.is_some() && header.previous != previous {
                return Err(missing(header.previous.unwrap_or_default()));
            }
            previous = Some(batch);
        }
        // If its run was killed, its last records may be in memory only. They are used now, so they must stay.
        let name = log_name(previous.unwrap_or(first));
        let synced = self.storage.open(&name).and_then(|file| file.sync());
        synced.map_err(|error| CheckpointError::io(self.storage.path(&name), &error))
    }
}

#[cfg(test)]
mod tests;
