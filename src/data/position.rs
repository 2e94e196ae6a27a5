//! Positions in the stream.

use super::heap_bytes::HeapBytes;

/// A position in the stream: chunks are numbered in input order, whichever thread processes them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position(pub u64);

impl HeapBytes for Position {
    #[inline]
    fn heap_bytes(&self) -> usize {
        0
    }
}
