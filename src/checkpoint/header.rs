//! The header that every file of a checkpoint begins with.
//!
//! Its first 24 bytes are the same in all formats: magic, format number, kind, and a checksum of these. So a file of a
//! newer format is told from a damaged one.

use std::fmt;

use twox_hash::XxHash3_64;

use super::error::CheckpointProblem;
use crate::data::persist::{Persist, StateReader};

/// The first bytes of every file.
pub(super) const MAGIC: &[u8; 8] = b"bourncp\n";

/// The number of the format that is written.
pub(super) const FORMAT: u32 = 1;

/// Magic, format, kind, checksum.
const PREFIX_BYTES: usize = 8 + 4 + 4 + 8;

/// The prefix, the batch, the batch of the log before, checksum.
pub(super) const HEADER_BYTES: usize = PREFIX_BYTES + 8 + 8 + 8;

/// A kind of file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoredKind {
    /// The description of the state: written once by a run.
    Manifest,
    /// The state after a batch.
    Snapshot,
    /// Records after a batch.
    Log,
}

impl StoredKind {
    const ALL: [StoredKind; 3] = [StoredKind::Manifest, StoredKind::Snapshot, StoredKind::Log];

    /// Four letters in the header.
    fn tag(self) -> [u8; 4] {
        match self {
            StoredKind::Manifest => *b"mani",
            StoredKind::Snapshot => *b"snap",
            StoredKind::Log => *b"log\n",
        }
    }
}

impl fmt::Display for StoredKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            StoredKind::Manifest => "manifest",
            StoredKind::Snapshot => "snapshot",
            StoredKind::Log => "log",
        })
    }
}

/// The header of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct StoredHeader {
    pub(super) kind: StoredKind,
    /// The batch whose end the file follows; 0 for a manifest.
    pub(super) batch: u64,
    /// For a log: the batch of the log before it, `None` if it is the first one. So a missing log is noticed.
    pub(super) previous: Option<u64>,
}

impl StoredHeader {
    /// The bytes of the header.
    pub(super) fn to_bytes(self) -> Vec<u8> {
        let mut out = Vec::with_capacity(HEADER_BYTES);
        out.extend_from_slice(MAGIC);
        FORMAT.save(&mut out);
        out.extend_from_slice(&self.kind.tag());
        XxHash3_64::oneshot(&out).save(&mut out);
        self.batch.save(&mut out);
        self.previous.unwrap_or(u64::MAX).save(&mut out);
        XxHash3_64::oneshot(&out).save(&mut out);
        out
    }

    /// Reads the header of a file of this kind and batch from its first bytes, of which there may be too few.
    pub(super) fn read(bytes: &[u8], kind: StoredKind, batch: u64) -> Result<StoredHeader, CheckpointProblem> {
        let cut = CheckpointProblem::Damaged(bytes.len().min(HEADER_BYTES) as u64);
        if bytes.len() < MAGIC.len() {
            return Err(if MAGIC.starts_with(bytes) { cut } else { CheckpointProblem::Foreign });
        }
        if !bytes.starts_with(MAGIC) {
            return Err(CheckpointProblem::Foreign);
        }
        let Some(prefix) = bytes.get(..PREFIX_BYTES) else {
            return Err(cut);
        };
        let damaged = |_| CheckpointProblem::Damaged(MAGIC.len() as u64);
        if !has_checksum(prefix) {
            return Err(CheckpointProblem::Damaged(MAGIC.len() as u64));
        }
        let mut input = StateReader::new(&prefix[MAGIC.len()..]);
        let format = u32::load(&mut input).map_err(damaged)?;
        let tag = input.take(4).map_err(damaged)?;
        if format > FORMAT {
            return Err(CheckpointProblem::Newer(format));
        }
        let found = StoredKind::ALL.into_iter().find(|kind| kind.tag() == tag);
        let found = found.ok_or(CheckpointProblem::Damaged(MAGIC.len() as u64))?;
        let Some(header) = bytes.get(..HEADER_BYTES) else {
            return Err(cut);
        };
        let damaged = |_| CheckpointProblem::Damaged(PREFIX_BYTES as u64);
        if !has_checksum(header) {
            return Err(CheckpointProblem::Damaged(PREFIX_BYTES as u64));
        }
        if found != kind {
            return Err(CheckpointProblem::OtherKind { found, expected: kind });
        }
        let mut input = StateReader::new(&header[PREFIX_BYTES..]);
        let (found, previous) = (u64::load(&mut input).map_err(damaged)?, u64::load(&mut input).map_err(damaged)?);
        if found != batch {
            return Err(CheckpointProblem::OtherBatch(found));
        }
        Ok(StoredHeader { kind, batch, previous: (previous != u64::MAX).then_some(previous) })
    }
}

/// True if the last 8 bytes are the checksum of those before.
fn has_checksum(bytes: &[u8]) -> bool {
    bytes.split_last_chunk::<8>().is_some_and(|(body, checksum)| *checksum == XxHash3_64::oneshot(body).to_le_bytes())
}
