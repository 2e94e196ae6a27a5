//! The position in each source after the chunks that the coordinator has handled: reading goes on from there.

use std::collections::HashMap;

use crate::source::follow::FileId;
use crate::source::offset::SourceOffset;

use super::message::SourceIndex;
use crate::data::persist::{Persist, StateError, StateReader};

/// The position in a source after a chunk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum ChunkOffset {
    /// As before: the chunk has no bytes of the source.
    #[default]
    Same,
    /// The source cannot be read again from here: it is no plain file, or the chunk ends in a record that is too long.
    Unknown,
    At(SourceOffset),
}

/// The last position in each file of each source. After log rotation, a source has several files.
#[derive(Clone, Debug, Default)]
pub(super) struct Offsets {
    after: HashMap<SourceIndex, Vec<SourceOffset>>,
}

impl Persist for ChunkOffset {
    fn save(&self, out: &mut Vec<u8>) {
        match self {
            ChunkOffset::Same => out.push(0),
            ChunkOffset::Unknown => out.push(1),
            ChunkOffset::At(offset) => {
                out.push(2);
                offset.save(out);
            }
        }
    }

    fn load(input: &mut StateReader<'_>) -> Result<Self, StateError> {
        Ok(match u8::load(input)? {
            0 => ChunkOffset::Same,
            1 => ChunkOffset::Unknown,
            2 => ChunkOffset::At(SourceOffset::load(input)?),
            _ => return Err(StateError::Damaged),
        })
    }
}

impl Persist for Offsets {
    fn save(&self, out: &mut Vec<u8>) {
        let mut all: Vec<_> = self.after.iter().map(|(source, files)| (*source, files.clone())).collect();
        all.sort_by_key(|(source, _)| *source);
        all.save(out);
    }

    fn load(input: &mut StateReader<'_>) -> Result<Self, StateError> {
        Ok(Offsets { after: Vec::<(SourceIndex, Vec<SourceOffset>)>::load(input)?.into_iter().collect() })
    }
}

/// If a source has more files than this, the first ones are forgotten: they were read to their ends.
const MOST_FILES: usize = 64;

impl Offsets {
    /// Takes the position after the next chunk of the stream.
    pub(super) fn pass(&mut self, source: SourceIndex, offset: ChunkOffset) {
        match offset {
            ChunkOffset::Same => {}
            ChunkOffset::Unknown => self.forget(source),
            ChunkOffset::At(offset) => {
                let files = self.after.entry(source).or_default();
                // A file that was overwritten has its new position only.
                match files.iter_mut().find(|known| known.file.id == offset.file.id) {
                    Some(known) => *known = offset,
                    None => {
                        if files.len() == MOST_FILES {
                            files.remove(0);
                        }
                        files.push(offset);
                    }
                }
            }
        }
    }

    /// Forgets a source.
    pub(super) fn forget(&mut self, source: SourceIndex) {
        self.after.remove(&source);
    }

    /// The position in a file; `None` if it is not known.
    #[cfg_attr(not(test), expect(dead_code, reason = "a checkpoint will save it"))]
    pub(super) fn after(&self, source: SourceIndex, file: FileId) -> Option<SourceOffset> {
        self.after.get(&source)?.iter().copied().find(|known| known.file.id == file)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::offset::{FileHead, FileIdentity};

    #[test]
    fn each_file_of_a_source_has_its_own_position() {
        let mut offsets = Offsets::default();
        let (source, old, new) = (SourceIndex(0), (1, 1), (1, 2));
        let at = |id, byte| SourceOffset { file: FileIdentity { id, head: FileHead::default() }, byte };
        for offset in [at(old, 5), at(new, 3), at(old, 9)] {
            offsets.pass(source, ChunkOffset::At(offset));
            offsets.pass(source, ChunkOffset::Same);
        }
        assert_eq!(offsets.after(source, old), Some(at(old, 9)));
        assert_eq!(offsets.after(source, new), Some(at(new, 3)));
        assert_eq!(offsets.after(SourceIndex(1), new), None);
        let longer = FileIdentity { id: new, head: FileHead::of(b"1\n2\n") };
        let longer = SourceOffset { file: longer, byte: 4 };
        offsets.pass(source, ChunkOffset::At(longer));
        assert_eq!(offsets.after(source, new), Some(longer), "the head of a file grows with it");
        offsets.pass(source, ChunkOffset::Unknown);
        assert_eq!(offsets.after(source, old), None);
        for inode in 0..100 {
            offsets.pass(source, ChunkOffset::At(at((1, inode), 1)));
        }
        assert_eq!(offsets.after[&source].len(), MOST_FILES);
        assert_eq!(offsets.after(source, (1, 99)), Some(at((1, 99), 1)));
    }
}
