//! The position in a source after a chunk: a later run goes on from there.

use super::buffer::Buffer;
use crate::engine::message::Content;
use crate::engine::offsets::ChunkOffset;
use crate::source::offset::{FileTail, Place, SourceOffset};

impl Buffer {
    /// The position in the source after a chunk, `left` bytes before the end of what was read.
    pub(super) fn offset(&self, content: &Content, left: usize) -> ChunkOffset {
        let Some(read_to) = self.read_to else {
            return ChunkOffset::Unknown;
        };
        if !self.intake.is_direct() {
            // Converted text has other positions than the bytes it was made of.
            let place = Place::Counted { origin: self.origin, records: self.records };
            return ChunkOffset::At(SourceOffset { place, ..read_to });
        }
        let tail = match content {
            Content::Buffer(bytes, len) => FileTail::of(&bytes[..*len]),
            _ => FileTail::default(),
        };
        let place = match self.skipping {
            Some(skip) => Place::Overlong { in_line: skip.is_in_line() },
            None => Place::Record,
        };
        ChunkOffset::At(SourceOffset { byte: read_to.byte - left as u64, tail, place, ..read_to })
    }

    /// The byte of the source at which the buffer begins, if its bytes are those of the source.
    pub(super) fn begin(&self) -> u64 {
        self.read_to.map_or(0, |read_to| read_to.byte.saturating_sub(self.filled as u64))
    }
}
