//! A batch in memory or in a temporary file.

use std::sync::Arc;

use super::{Block, SpillFile};
use crate::data::persist::{Persist, StateReader};
use crate::data::{Batch, HeapBytes};

/// A batch in memory or in a temporary file.
#[derive(Debug)]
pub enum StoredBatch {
    /// In memory.
    Held(Batch<'static>),
    /// In a file, with its number of rows.
    Spilled(Arc<SpillFile>, Block, usize),
}

impl StoredBatch {
    /// Writes a batch; it stays in memory if that fails. `buffer` is scratch space.
    pub fn spill(batch: Batch<'static>, file: &Arc<SpillFile>, buffer: &mut Vec<u8>) -> StoredBatch {
        buffer.clear();
        batch.save(buffer);
        match file.append(buffer) {
            Some(block) => StoredBatch::Spilled(Arc::clone(file), block, batch.rows),
            None => StoredBatch::Held(batch),
        }
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        match self {
            StoredBatch::Held(batch) => batch.rows,
            StoredBatch::Spilled(_, _, rows) => *rows,
        }
    }

    /// Returns the batch; `None` if it cannot be read, which the budget then knows.
    pub fn into_batch(self, buffer: &mut Vec<u8>) -> Option<Batch<'static>> {
        match self {
            StoredBatch::Held(batch) => Some(batch),
            StoredBatch::Spilled(file, block, _) => read(&file, block, buffer),
        }
    }

    /// Returns a copy of the batch.
    pub fn to_batch(&self, buffer: &mut Vec<u8>) -> Option<Batch<'static>> {
        match self {
            StoredBatch::Held(batch) => Some(batch.clone()),
            StoredBatch::Spilled(file, block, _) => read(file, *block, buffer),
        }
    }
}

fn read(file: &SpillFile, block: Block, buffer: &mut Vec<u8>) -> Option<Batch<'static>> {
    let bytes = file.read(block, buffer)?;
    let batch = Batch::load(&mut StateReader::new(bytes));
    Some(batch.expect("the checksum shows that these are the bytes that were written"))
}

impl HeapBytes for StoredBatch {
    fn heap_bytes(&self) -> usize {
        match self {
            StoredBatch::Held(batch) => batch.heap_bytes(),
            StoredBatch::Spilled(..) => 0,
        }
    }
}
