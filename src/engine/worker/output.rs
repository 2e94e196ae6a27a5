//! The output of a worker.

use crate::data::Batch;
use crate::engine::message::Payload;
use crate::plan::Exchange;

/// The output of a chunk, built piece by piece.
pub(super) enum ChunkOutput {
    Nothing,
    Bytes(Vec<u8>),
    Batches(Vec<Batch<'static>>),
}

impl ChunkOutput {
    pub(super) fn of(exchange: &Exchange, encodes: bool) -> ChunkOutput {
        match exchange {
            Exchange::Grouped(_) => ChunkOutput::Nothing,
            Exchange::Rows if encodes => ChunkOutput::Bytes(Vec::new()),
            Exchange::Rows | Exchange::Ordered(..) | Exchange::Gather(_) => ChunkOutput::Batches(Vec::new()),
        }
    }

    pub(super) fn into_payload(self) -> Payload {
        match self {
            ChunkOutput::Bytes(bytes) if !bytes.is_empty() => Payload::Bytes(bytes),
            ChunkOutput::Batches(batches) if !batches.is_empty() => Payload::Batches(batches),
            _ => Payload::Nothing,
        }
    }
}
