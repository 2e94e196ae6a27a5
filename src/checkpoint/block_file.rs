//! Manifests and snapshots: a header, pieces in blocks with their checksums, and an end that says how many bytes there
//! are.
//!
//! A file is written under a temporary name and gets its own after its bytes are durable: a file of that name is whole
//! unless the disk damages it. It is written and read piece by piece, so that a large state is never in memory twice.

use std::io::{self, BufReader, Read};
use std::path::PathBuf;
use std::sync::Arc;

use twox_hash::XxHash3_64;

use super::error::{CheckpointError, CheckpointProblem};
use super::header::{HEADER_BYTES, StoredHeader, StoredKind};
use super::names::temporary_name;
use super::storage::{FileReader, Storage, StoredFile};
use crate::data::persist::{Persist, StateReader};

/// Bytes of a block, but for the last one of a piece.
const BLOCK_BYTES: usize = 1 << 20;

/// Length and checksum before a block. The length 0 is that of the end, which is followed by the number of all bytes.
const BLOCK_HEADER_BYTES: usize = 4 + 8;

/// Set in the length of a block if its piece goes on in the next one.
const GOES_ON: u32 = 1 << 31;

/// Writes a file under a temporary name. It is removed again unless it is finished.
#[derive(Debug)]
pub(super) struct BlockWriter {
    storage: Arc<dyn Storage>,
    temporary: String,
    file: Arc<dyn StoredFile>,
    /// Blocks and bytes so far.
    blocks: u64,
    bytes: u64,
    is_finished: bool,
}

impl BlockWriter {
    /// Creates the file.
    pub(super) fn create(
        storage: &Arc<dyn Storage>,
        name: &str,
        header: StoredHeader,
    ) -> Result<BlockWriter, CheckpointError> {
        let temporary = temporary_name(name);
        let created = storage.create(&temporary);
        let file = created.map_err(|error| CheckpointError::io(storage.path(&temporary), &error))?;
        let storage = Arc::clone(storage);
        let writer = BlockWriter { storage, temporary, file, blocks: 0, bytes: 0, is_finished: false };
        writer.append(&header.to_bytes())?;
        Ok(writer)
    }

    /// Appends a piece, which is read as a whole. An empty one is left out.
    pub(super) fn piece(&mut self, bytes: &[u8]) -> Result<(), CheckpointError> {
        let mut blocks = bytes.chunks(BLOCK_BYTES).peekable();
        while let Some(block) = blocks.next() {
            self.append(&block_header(block.len(), block, self.blocks, blocks.peek().is_some()))?;
            self.append(block)?;
            self.blocks += 1;
            self.bytes += block.len() as u64;
        }
        Ok(())
    }

    /// Appends the end, and waits until all of the file is durable. [`publish`] then gives it its own name.
    pub(super) fn finish(mut self) -> Result<(), CheckpointError> {
        let end = self.bytes.to_le_bytes();
        let mut trailer = block_header(0, &end, self.blocks, false);
        trailer.extend_from_slice(&end);
        self.append(&trailer)?;
        self.file.sync().map_err(|error| self.failed(&error))?;
        self.is_finished = true;
        Ok(())
    }

    fn append(&self, bytes: &[u8]) -> Result<(), CheckpointError> {
        self.file.append(bytes).map_err(|error| self.failed(&error))
    }

    fn failed(&self, error: &io::Error) -> CheckpointError {
        CheckpointError::io(self.storage.path(&self.temporary), error)
    }
}

/// Makes room after a failure; a later clean-up removes the file otherwise.
impl Drop for BlockWriter {
    fn drop(&mut self) {
        if !self.is_finished {
            let _ = self.storage.remove(&self.temporary);
        }
    }
}

/// Renames a file that was written from its temporary name, and makes the new name durable. After an error it is unknown
/// which names are durable.
pub(super) fn publish(storage: &dyn Storage, name: &str) -> Result<(), CheckpointError> {
    storage.rename(&temporary_name(name), name).map_err(|error| CheckpointError::io(storage.path(name), &error))?;
    storage.sync_directory().map_err(|error| CheckpointError::io(storage.path(""), &error))
}

fn block_header(length: usize, bytes: &[u8], index: u64, goes_on: bool) -> Vec<u8> {
    let mut out = Vec::with_capacity(BLOCK_HEADER_BYTES);
    let length = u32::try_from(length).expect("a block is small");
    (if goes_on { length | GOES_ON } else { length }).save(&mut out);
    checksum(bytes, index, goes_on).save(&mut out);
    out
}

/// The checksum of a block also covers its place in the file, and where its piece ends.
fn checksum(bytes: &[u8], index: u64, goes_on: bool) -> u64 {
    XxHash3_64::oneshot_with_seed(index | u64::from(goes_on) << 63, bytes)
}

/// The pieces of a file that was checked.
#[derive(Clone, Debug)]
pub(super) struct StoredPieces {
    path: PathBuf,
    file: Arc<dyn StoredFile>,
    pieces: Vec<StoredPiece>,
}

/// Where a piece is.
#[derive(Clone, Copy, Debug)]
struct StoredPiece {
    offset: u64,
    first_block: u64,
    bytes: usize,
}

impl StoredPieces {
    /// Checks all of a file that a [`BlockWriter`] has written.
    pub(super) fn check(
        storage: &dyn Storage,
        name: &str,
        kind: StoredKind,
        batch: u64,
    ) -> Result<StoredPieces, CheckpointError> {
        let path = storage.path(name);
        let failed = |error: io::Error| CheckpointError::io(&path, &error);
        let file = storage.open(name).map_err(failed)?;
        let mut header = [0; HEADER_BYTES];
        let taken = read_up_to(&mut FileReader { file: Arc::clone(&file), offset: 0 }, &mut header).map_err(failed)?;
        let header = StoredHeader::read(&header[..taken], kind, batch);
        header.map_err(|problem| CheckpointError::new(&path, problem))?;
        let mut stored = StoredPieces { path, file, pieces: Vec::new() };
        let mut blocks = stored.blocks(HEADER_BYTES as u64, 0);
        let mut piece = StoredPiece { offset: blocks.offset, first_block: 0, bytes: 0 };
        let mut pieces = Vec::new();
        let (mut total, mut bytes) = (0, Vec::new());
        while let Some(goes_on) = blocks.read(&mut bytes)? {
            total += bytes.len() as u64;
            piece.bytes += bytes.len();
            bytes.clear();
            if !goes_on {
                pieces.push(piece);
                piece = StoredPiece { offset: blocks.offset, first_block: blocks.index, bytes: 0 };
            }
        }
        let is_end = bytes == total.to_le_bytes() && piece.bytes == 0;
        if !is_end || read_up_to(&mut blocks.input, &mut [0]).map_err(|error| blocks.failed(&error))? > 0 {
            return Err(blocks.damaged());
        }
        stored.pieces = pieces;
        Ok(stored)
    }

    /// The number of pieces.
    pub(super) fn len(&self) -> usize {
        self.pieces.len()
    }

    /// Reads a piece, and checks it again. Threads may read at the same time.
    pub(super) fn read(&self, piece: usize) -> Result<Vec<u8>, CheckpointError> {
        let StoredPiece { offset, first_block, bytes } = self.pieces[piece];
        let mut blocks = self.blocks(offset, first_block);
        let mut out = Vec::with_capacity(bytes);
        while blocks.read(&mut out)?.ok_or_else(|| blocks.damaged())? {}
        if out.len() == bytes { Ok(out) } else { Err(blocks.damaged()) }
    }

    fn blocks(&self, offset: u64, index: u64) -> BlockReader {
        let input = BufReader::with_capacity(1 << 16, FileReader { file: Arc::clone(&self.file), offset });
        BlockReader { path: self.path.clone(), input, offset, index }
    }
}

/// Reads blocks one after another.
struct BlockReader {
    path: PathBuf,
    input: BufReader<FileReader>,
    /// The offset and the number of the next block.
    offset: u64,
    index: u64,
}

impl BlockReader {
    /// Appends the bytes of the next block; returns true if its piece goes on. At the end of the file, appends the number
    /// of its bytes and returns `None`.
    fn read(&mut self, out: &mut Vec<u8>) -> Result<Option<bool>, CheckpointError> {
        let mut header = [0; BLOCK_HEADER_BYTES];
        if read_up_to(&mut self.input, &mut header).map_err(|error| self.failed(&error))? < BLOCK_HEADER_BYTES {
            return Err(self.damaged());
        }
        let mut header = StateReader::new(&header);
        let length = u32::load(&mut header).map_err(|_| self.damaged())?;
        let expected = u64::load(&mut header).map_err(|_| self.damaged())?;
        let (length, goes_on) = ((length & !GOES_ON) as usize, length & GOES_ON != 0);
        if length > BLOCK_BYTES {
            return Err(self.damaged());
        }
        let (start, block_bytes) = (out.len(), if length == 0 { 8 } else { length });
        out.resize(start + block_bytes, 0);
        let block = &mut out[start..];
        let taken = read_up_to(&mut self.input, block).map_err(|error| self.failed(&error))?;
        if taken < block_bytes || checksum(block, self.index, goes_on) != expected {
            return Err(self.damaged());
        }
        if length == 0 {
            return if goes_on { Err(self.damaged()) } else { Ok(None) };
        }
        self.offset += (BLOCK_HEADER_BYTES + length) as u64;
        self.index += 1;
        Ok(Some(goes_on))
    }

    fn damaged(&self) -> CheckpointError {
        CheckpointError::new(&self.path, CheckpointProblem::Damaged(self.offset))
    }

    fn failed(&self, error: &io::Error) -> CheckpointError {
        CheckpointError::io(&self.path, error)
    }
}

/// Fills the buffer; fewer bytes at the end of the input only.
pub(super) fn read_up_to(input: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match input.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}
