//! Manifests and snapshots: a header, blocks with their checksums, and an end that says how many bytes there are.
//!
//! A file is written under a temporary name and gets its own after its bytes are durable: a file of that name is whole
//! unless the disk damages it.

use std::io::{self, BufReader, Read};

use twox_hash::XxHash3_64;

use super::error::{CheckpointError, CheckpointProblem};
use super::header::{HEADER_BYTES, StoredHeader, StoredKind};
use super::names::temporary_name;
use super::storage::{FileReader, Storage};
use crate::data::persist::{Persist, StateReader};

/// Bytes of a block, but for the last one.
const BLOCK_BYTES: usize = 1 << 20;

/// Length and checksum before a block. The length 0 is that of the end, which is followed by the number of all bytes.
const BLOCK_HEADER_BYTES: usize = 4 + 8;

/// Writes a file under a temporary name and syncs it. [`publish`] gives it its own name.
pub(super) fn write(
    storage: &dyn Storage,
    name: &str,
    header: StoredHeader,
    bytes: &[u8],
) -> Result<(), CheckpointError> {
    let temporary = temporary_name(name);
    let write = || -> io::Result<()> {
        let file = storage.create(&temporary)?;
        file.append(&header.to_bytes())?;
        for (index, block) in bytes.chunks(BLOCK_BYTES).enumerate() {
            file.append(&block_header(block.len(), block, index as u64))?;
            file.append(block)?;
        }
        let end = (bytes.len() as u64).to_le_bytes();
        let mut trailer = block_header(0, &end, bytes.len().div_ceil(BLOCK_BYTES) as u64);
        trailer.extend_from_slice(&end);
        file.append(&trailer)?;
        file.sync()
    };
    write().map_err(|error| {
        let _ = storage.remove(&temporary); // makes room; a later clean-up removes it otherwise
        CheckpointError::io(storage.path(&temporary), &error)
    })
}

/// Renames a file that was written from its temporary name, and makes the new name durable. After an error it is unknown
/// which names are durable.
pub(super) fn publish(storage: &dyn Storage, name: &str) -> Result<(), CheckpointError> {
    storage.rename(&temporary_name(name), name).map_err(|error| CheckpointError::io(storage.path(name), &error))?;
    storage.sync_directory().map_err(|error| CheckpointError::io(storage.path(""), &error))
}

fn block_header(length: usize, bytes: &[u8], index: u64) -> Vec<u8> {
    let mut out = Vec::with_capacity(BLOCK_HEADER_BYTES);
    (u32::try_from(length).expect("a block is small")).save(&mut out);
    XxHash3_64::oneshot_with_seed(index, bytes).save(&mut out);
    out
}

/// Reads a file that [`write`] has written, and checks all of it.
pub(super) fn read(
    storage: &dyn Storage,
    name: &str,
    kind: StoredKind,
    batch: u64,
) -> Result<Vec<u8>, CheckpointError> {
    let at = |problem| CheckpointError::new(storage.path(name), problem);
    let failed = |error: io::Error| CheckpointError::io(storage.path(name), &error);
    let file = storage.open(name).map_err(failed)?;
    let length = file.length().map_err(failed)?;
    let mut input = BufReader::with_capacity(1 << 16, FileReader { file, offset: 0 });
    let mut header = [0; HEADER_BYTES];
    let taken = read_up_to(&mut input, &mut header).map_err(failed)?;
    StoredHeader::read(&header[..taken], kind, batch).map_err(at)?;
    let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or_default().min(1 << 30));
    let mut offset = HEADER_BYTES as u64;
    for index in 0.. {
        let damaged = || at(CheckpointProblem::Damaged(offset));
        let mut header = [0; BLOCK_HEADER_BYTES];
        if read_up_to(&mut input, &mut header).map_err(failed)? < BLOCK_HEADER_BYTES {
            return Err(damaged());
        }
        let mut header = StateReader::new(&header);
        let block = u32::load(&mut header).map_err(|_| damaged())? as usize;
        let checksum = u64::load(&mut header).map_err(|_| damaged())?;
        if block > BLOCK_BYTES {
            return Err(damaged());
        }
        let start = bytes.len();
        let block_bytes = if block == 0 { 8 } else { block };
        bytes.resize(start + block_bytes, 0);
        let taken = read_up_to(&mut input, &mut bytes[start..]).map_err(failed)?;
        if taken < block_bytes || XxHash3_64::oneshot_with_seed(index, &bytes[start..]) != checksum {
            return Err(damaged());
        }
        if block == 0 {
            let is_end = bytes[start..] == (start as u64).to_le_bytes();
            let has_more = read_up_to(&mut input, &mut [0]).map_err(failed)? > 0;
            bytes.truncate(start);
            return if is_end && !has_more { Ok(bytes) } else { Err(damaged()) };
        }
        offset += (BLOCK_HEADER_BYTES + block) as u64;
    }
    unreachable!("blocks are read until one is the end")
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
