//! The encoder of a run whose sink takes rows: there are no bytes.

use super::Encoder;
use crate::data::Batch;

/// Encodes nothing.
pub(super) struct NoEncoder;

impl Encoder for NoEncoder {
    fn header(&mut self, _: &mut Vec<u8>) {}

    fn encode(&mut self, _: &Batch<'_>, _: &mut Vec<u8>) {}
}
