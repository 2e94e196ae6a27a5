//! Logs: records that are appended by one thread and made durable by another.
//!
//! A record is marked, has its length, the number of bytes of the log that were durable when it was appended, and
//! checksums of these and of its bytes. After a crash the last log may end with anything that was appended since the last
//! sync: a part, zeros, or later bytes without earlier ones. Such a tail is cut. If a later record says that these bytes
//! were durable, they were damaged afterwards, and that is an error: records that were acknowledged are missing.

use std::collections::BTreeSet;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use twox_hash::XxHash3_64;

use super::error::CheckpointError;
use super::header::{HEADER_BYTES, StoredHeader, StoredKind};
use super::names::log_name;
use super::storage::{Storage, StoredFile};
use crate::data::persist::{Persist, StateReader};

/// The first bytes of a record.
pub(super) const RECORD_MARK: &[u8; 4] = b"\nrec";

/// Mark, length, durable bytes, checksum of the payload, checksum of these fields.
pub(super) const RECORD_HEADER_BYTES: usize = 4 + 8 + 8 + 8 + 8;

/// A buffer that has grown beyond this is not kept for the next record.
const KEPT_BUFFER_BYTES: usize = 4 << 20;

/// The logs of a directory, of which one is open.
#[derive(Debug)]
pub(super) struct Log {
    storage: Arc<dyn Storage>,
    /// Held while a file is synced: an error of a sync is reported once, and no other thread may take the next one, which
    /// succeeds, for that of its own bytes. Locked before `state`.
    syncing: Mutex<()>,
    state: Mutex<LogState>,
}

#[derive(Debug, Default)]
struct LogState {
    open: Option<OpenLog>,
    /// True after all records of earlier logs were read, or if there are none. A log that is begun earlier would replace
    /// one that has records.
    is_read: bool,
    /// The first error; all later calls return it too.
    failed: Option<CheckpointError>,
    /// The batches of all logs that snapshots may need.
    batches: BTreeSet<u64>,
}

#[derive(Debug)]
struct OpenLog {
    batch: u64,
    file: Arc<dyn StoredFile>,
    /// The length of the file, and how much of it is durable.
    length: u64,
    durable: u64,
    /// A record on its way to the file.
    buffer: Vec<u8>,
}

impl Log {
    pub(super) fn new(storage: Arc<dyn Storage>) -> Log {
        Log { storage, syncing: Mutex::new(()), state: Mutex::default() }
    }

    /// See [`super::Checkpoint::begin_log`].
    pub(super) fn begin(&self, batch: u64) -> Result<(), CheckpointError> {
        let _syncing = self.syncing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut state = self.state();
        state.check()?;
        assert!(state.is_read, "the saved records are read before a log is begun");
        let previous = state.open.as_ref().map(|open| open.batch);
        if previous == Some(batch) {
            return Ok(());
        }
        assert!(previous < Some(batch), "log {batch} begins after {previous:?}");
        // No record of the new log may be durable before those of the old one are.
        if let Some(open) = state.open.as_mut()
            && let Err(error) = open.sync()
        {
            let name = log_name(open.batch);
            return Err(state.fail(CheckpointError::io(self.storage.path(&name), &error)));
        }
        let name = log_name(batch);
        match self.create(&name, batch, previous) {
            Ok(file) => {
                let (length, buffer) = (HEADER_BYTES as u64, Vec::new());
                state.open = Some(OpenLog { batch, file, length, durable: length, buffer });
                state.batches.insert(batch);
                Ok(())
            }
            Err(error) => Err(state.fail(CheckpointError::io(self.storage.path(&name), &error))),
        }
    }

    /// Creates a log without records. It is durable, so that one which is missing or without a header was damaged.
    fn create(&self, name: &str, batch: u64, previous: Option<u64>) -> io::Result<Arc<dyn StoredFile>> {
        let file = self.storage.create(name)?;
        file.append(&StoredHeader { kind: StoredKind::Log, batch, previous }.to_bytes())?;
        file.sync()?;
        self.storage.sync_directory()?;
        Ok(file)
    }

    /// True if all saved records were read.
    pub(super) fn is_read(&self) -> bool {
        self.state().is_read
    }

    /// There are no logs yet.
    pub(super) fn start(&self) {
        self.state().is_read = true;
    }

    /// Goes on with the last log after its durable records were read.
    pub(super) fn resume(&self, batch: u64, file: Arc<dyn StoredFile>, length: u64, batches: BTreeSet<u64>) {
        let mut state = self.state();
        state.open = Some(OpenLog { batch, file, length, durable: length, buffer: Vec::new() });
        state.batches = batches;
        state.is_read = true;
    }

    /// See [`super::Checkpoint::append`].
    pub(super) fn append(&self, record: &[&[u8]]) -> Result<(), CheckpointError> {
        let mut state = self.state();
        state.check()?;
        let open =
            state.open.as_mut().expect("a log is open: begin_log was called, or the last log was read to its end");
        if let Err(error) = open.append(record) {
            let path = self.storage.path(&log_name(open.batch));
            return Err(state.fail(CheckpointError::io(path, &error)));
        }
        Ok(())
    }

    /// See [`super::Checkpoint::sync`].
    pub(super) fn sync(&self) -> Result<(), CheckpointError> {
        let _syncing = self.syncing.lock().unwrap_or_else(PoisonError::into_inner);
        let (file, batch, length) = {
            let state = self.state();
            state.check()?;
            match &state.open {
                Some(open) if open.durable < open.length => (Arc::clone(&open.file), open.batch, open.length),
                _ => return Ok(()),
            }
        };
        let synced = file.sync(); // meanwhile others append
        let mut state = self.state();
        if let Err(error) = synced {
            return Err(state.fail(CheckpointError::io(self.storage.path(&log_name(batch)), &error)));
        }
        // no other log was begun, since this thread holds `syncing`
        state.open.as_mut().expect("it was open").durable = length;
        state.check()
    }

    /// The batch of the log that records are appended to.
    pub(super) fn batch(&self) -> Option<u64> {
        self.state().open.as_ref().map(|open| open.batch)
    }

    /// The batches of all logs that snapshots may need.
    pub(super) fn batches(&self) -> BTreeSet<u64> {
        self.state().batches.clone()
    }

    /// Forgets the logs before a batch, which are to be removed.
    pub(super) fn forget_before(&self, batch: u64) {
        let mut state = self.state();
        state.batches = state.batches.split_off(&batch);
    }

    /// Makes all later calls fail.
    pub(super) fn fail(&self, error: &CheckpointError) {
        self.state().fail(error.clone());
    }

    fn state(&self) -> MutexGuard<'_, LogState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl LogState {
    fn check(&self) -> Result<(), CheckpointError> {
        self.failed.as_ref().map_or(Ok(()), |error| Err(error.clone()))
    }

    /// Keeps the first error, and returns it.
    fn fail(&mut self, error: CheckpointError) -> CheckpointError {
        self.failed.get_or_insert(error).clone()
    }
}

impl OpenLog {
    fn append(&mut self, record: &[&[u8]]) -> io::Result<()> {
        self.buffer.clear();
        self.buffer.resize(RECORD_HEADER_BYTES, 0);
        record.iter().for_each(|part| self.buffer.extend_from_slice(part));
        let (header, payload) = self.buffer.split_at_mut(RECORD_HEADER_BYTES);
        let fields = RecordHeader {
            length: payload.len() as u64,
            durable: self.durable,
            checksum: XxHash3_64::oneshot(payload),
        };
        header.copy_from_slice(&fields.to_bytes(self.batch, self.length));
        self.file.append(&self.buffer)?;
        self.length += self.buffer.len() as u64;
        if self.buffer.capacity() > KEPT_BUFFER_BYTES {
            self.buffer = Vec::new();
        }
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        if self.durable < self.length {
            self.file.sync()?;
            self.durable = self.length;
        }
        Ok(())
    }
}

/// The header of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct RecordHeader {
    /// Bytes of the payload.
    pub(super) length: u64,
    /// Bytes of the log that were durable when the record was appended.
    pub(super) durable: u64,
    /// The checksum of the payload.
    pub(super) checksum: u64,
}

impl RecordHeader {
    /// The bytes of the header of a record at `offset` of the log after `batch`.
    fn to_bytes(self, batch: u64, offset: u64) -> Vec<u8> {
        let mut out = Vec::with_capacity(RECORD_HEADER_BYTES);
        out.extend_from_slice(RECORD_MARK);
        self.length.save(&mut out);
        self.durable.save(&mut out);
        self.checksum.save(&mut out);
        XxHash3_64::oneshot_with_seed(seed(batch, offset), &out).save(&mut out);
        out
    }

    /// Reads a header; `None` if there is none at this offset of this log.
    pub(super) fn read(bytes: &[u8], batch: u64, offset: u64) -> Option<RecordHeader> {
        let (fields, checksum) = bytes.get(..RECORD_HEADER_BYTES)?.split_last_chunk::<8>()?;
        let expected = XxHash3_64::oneshot_with_seed(seed(batch, offset), fields).to_le_bytes();
        let mut input = StateReader::new(fields.strip_prefix(RECORD_MARK)?);
        if *checksum != expected {
            return None;
        }
        let mut number = || u64::load(&mut input).ok();
        Some(RecordHeader { length: number()?, durable: number()?, checksum: number()? })
    }
}

/// A payload may contain records of another log, such as a copy of it that was read as input: the header of a record is
/// valid at its own place only.
fn seed(batch: u64, offset: u64) -> u64 {
    batch.rotate_left(32) ^ offset
}
