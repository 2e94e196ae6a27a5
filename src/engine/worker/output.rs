//! What a worker makes of a chunk.

use crate::data::Batch;
use crate::engine::message::Payload;
use crate::plan::Exchange;

/// What a chunk becomes, piece by piece.
pub(super) enum Output {
    Nothing,
    Bytes(Vec<u8>),
    Batches(Vec<Batch<'static>>),
}

impl Output {
    pub(super) fn of(exchange: &Exchange, encodes: bool) -> Output {
        match exchange {
            Exchange::Grouped(_) => Output::Nothing,
            Exchange::Rows if encodes => Output::Bytes(Vec::new()),
            Exchange::Rows | Exchange::Ordered(..) | Exchange::Gather(_) => Output::Batches(Vec::new()),
        }
    }

    pub(super) fn into_payload(self) -> Payload {
        match self {
            Output::Bytes(bytes) if !bytes.is_empty() => Payload::Bytes(bytes),
            Output::Batches(batches) if !batches.is_empty() => Payload::Batches(batches),
            _ => Payload::Nothing,
        }
    }
}
