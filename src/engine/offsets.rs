//! The position in each source after the chunks that the coordinator has handled: the next run goes on from there.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::data::persist::{Persist, StateError, StateReader};
use crate::data::{FileId, HeapBytes, buffer_bytes};
use crate::source::offset::SourceOffset;

use super::message::SourceIndex;
use super::saved_maps::{load_map, save_map};
use super::sources::{SourceKey, Sources};

/// The position in a source after a chunk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum ChunkOffset {
    /// As before: the chunk has no bytes of the source.
    #[default]
    Same,
    /// The source cannot be read again from here: it is a pipe or a connection, or a file that the system generates.
    Unknown,
    At(SourceOffset),
}

/// The last position in each file of each source, also of sources that only earlier runs have read. After log rotation,
/// a source has several files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Offsets {
    /// The files of a source are in the order in which they were read last.
    after: BTreeMap<Arc<SourceKey>, Vec<SourceOffset>>,
    /// The sources of this run. After a file of a directory was renamed, the one that gets its name has the same key.
    read: HashMap<SourceIndex, ReadSource>,
}

/// A source of this run.
#[derive(Clone, Debug, PartialEq, Eq)]
struct ReadSource {
    key: Arc<SourceKey>,
    /// Its files.
    ids: Vec<FileId>,
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

/// If a source has more files than this, the first ones are forgotten: they were read to their ends.
const MOST_FILES: usize = 64;

impl Offsets {
    /// Takes the position after the next chunk of the stream.
    pub(super) fn pass(&mut self, source: SourceIndex, offset: ChunkOffset, sources: &Sources) {
        match offset {
            ChunkOffset::Same => {}
            ChunkOffset::Unknown => self.forget(source, sources),
            ChunkOffset::At(offset) => {
                if !self.read.contains_key(&source)
                    && let Some(key) = sources.key(source)
                {
                    self.read.insert(source, ReadSource { key: Arc::new(key), ids: Vec::new() });
                }
                let Some(read) = self.read.get_mut(&source) else {
                    return;
                };
                if read.ids.last() != Some(&offset.file.id) {
                    read.ids.retain(|id| *id != offset.file.id);
                    read.ids.push(offset.file.id);
                    read.ids.drain(..read.ids.len().saturating_sub(MOST_FILES));
                }
                pass_file(self.after.entry(Arc::clone(&read.key)).or_default(), offset);
            }
        }
    }

    /// Forgets a source: a pipe, or a file of a directory that was removed.
    pub(super) fn forget(&mut self, source: SourceIndex, sources: &Sources) {
        let read = self.read.remove(&source).map(|read| read.key);
        if self.after.is_empty() {
            return; // as for every chunk of a pipe
        }
        let Some(key) = read.or_else(|| sources.key(source).map(Arc::new)) else {
            return;
        };
        let Some(files) = self.after.get_mut(&key) else {
            return;
        };
        let others: Vec<&ReadSource> = self.read.values().filter(|other| other.key == key).collect();
        files.retain(|file| others.iter().any(|other| other.ids.contains(&file.file.id)));
        if files.is_empty() {
            self.after.remove(&key);
        }
    }

    /// The positions in all sources, also in those that only earlier runs have read.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&SourceKey, &[SourceOffset])> {
        self.after.iter().map(|(key, files)| (&**key, files.as_slice()))
    }
}

/// Takes the next position in a file of a source. A file that was overwritten has its new position only.
fn pass_file(files: &mut Vec<SourceOffset>, offset: SourceOffset) {
    match files.iter().rposition(|known| known.file.id == offset.file.id) {
        Some(place) if place + 1 == files.len() => files[place] = offset,
        place => {
            if let Some(place) = place {
                files.remove(place);
            } else if files.len() == MOST_FILES {
                files.remove(0);
            }
            files.push(offset);
        }
    }
}

impl Persist for Offsets {
    fn save(&self, out: &mut Vec<u8>) {
        save_map(&self.after, out);
    }

    fn load(input: &mut StateReader<'_>) -> Result<Self, StateError> {
        Ok(Offsets { after: load_map(input)?, read: HashMap::new() })
    }
}

impl HeapBytes for Offsets {
    fn heap_bytes(&self) -> usize {
        let key = |key: &SourceKey| {
            let text = key.root.heap_bytes() + key.file.as_ref().map_or(0, HeapBytes::heap_bytes);
            text + size_of::<SourceKey>()
        };
        let entry = size_of::<(Arc<SourceKey>, Vec<SourceOffset>)>();
        let files = self.after.iter().map(|(of, files)| key(of) + files.heap_bytes() + entry);
        let read = self.read.values().map(|read| size_of::<(SourceIndex, ReadSource)>() + buffer_bytes(&read.ids));
        files.sum::<usize>() + read.sum::<usize>()
    }
}

impl Persist for Arc<SourceKey> {
    fn save(&self, out: &mut Vec<u8>) {
        (self.input as u64).save(out);
        self.root.save(out);
        (self.nth as u64).save(out);
        self.file.save(out);
    }

    fn load(input: &mut StateReader<'_>) -> Result<Self, StateError> {
        let number = |input: &mut StateReader<'_>| usize::try_from(input.count()?).map_err(|_| StateError::Damaged);
        let (at, root) = (number(input)?, Vec::load(input)?);
        Ok(Arc::new(SourceKey { input: at, root, nth: number(input)?, file: Option::load(input)? }))
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;

    use proptest::prelude::*;

    use super::*;
    use crate::source::offset::{FileHead, FileIdentity, FileTail, Place};

    fn at(id: FileId, byte: u64) -> SourceOffset {
        SourceOffset::at(FileIdentity { id, head: FileHead::default() }, byte)
    }

    fn after(offsets: &Offsets, source: SourceIndex, file: FileId) -> Option<SourceOffset> {
        let files = offsets.after.get(&offsets.read.get(&source)?.key)?;
        files.iter().copied().find(|known| known.file.id == file)
    }

    #[test]
    fn each_file_of_a_source_has_its_own_position() {
        let sources = Sources::new(&["a".into(), "b".into()], &[]);
        let mut offsets = Offsets::default();
        let (source, old, new) = (SourceIndex(0), (1, 1), (1, 2));
        for offset in [at(old, 5), at(new, 3), at(old, 9)] {
            offsets.pass(source, ChunkOffset::At(offset), &sources);
            offsets.pass(source, ChunkOffset::Same, &sources);
        }
        assert_eq!(after(&offsets, source, old), Some(at(old, 9)));
        assert_eq!(after(&offsets, source, new), Some(at(new, 3)));
        assert_eq!(after(&offsets, SourceIndex(1), new), None);
        let files: Vec<_> = offsets.iter().map(|(_, files)| files.to_vec()).collect();
        assert_eq!(files, [[at(new, 3), at(old, 9)]], "the file that was read last comes last");
        let longer = FileIdentity { id: new, head: FileHead::of(b"1\n2\n") };
        offsets.pass(source, ChunkOffset::At(SourceOffset::at(longer, 4)), &sources);
        let known = after(&offsets, source, new);
        assert_eq!(known, Some(SourceOffset::at(longer, 4)), "the head of a file grows with it");
        offsets.pass(source, ChunkOffset::Unknown, &sources);
        assert_eq!(offsets, Offsets::default());
        for inode in 0..100 {
            offsets.pass(source, ChunkOffset::At(at((1, inode), 1)), &sources);
        }
        assert_eq!(offsets.iter().next().expect("a source").1.len(), MOST_FILES);
        assert_eq!(after(&offsets, source, (1, 99)), Some(at((1, 99), 1)));
    }

    #[test]
    fn positions_of_earlier_runs_are_kept_until_their_source_is_read_or_gone() {
        let sources = Sources::new(&["a".into(), "d".into()], &[]);
        let file = sources.add(OsStr::new("d/x"), SourceIndex(1));
        let mut offsets = Offsets::default();
        offsets.pass(SourceIndex(0), ChunkOffset::At(at((1, 1), 5)), &sources);
        offsets.pass(file, ChunkOffset::At(at((1, 2), 6)), &sources);
        let mut loaded = load(&save(&offsets)).expect("a state");
        let sources = Sources::new(&["d".into(), "a".into()], &[]);
        assert_eq!(loaded.iter().count(), 2);
        loaded.pass(SourceIndex(1), ChunkOffset::At(at((1, 1), 7)), &sources);
        assert_eq!(loaded.iter().count(), 2);
        assert_eq!(after(&loaded, SourceIndex(1), (1, 1)), Some(at((1, 1), 7)));
        loaded.forget(sources.add(OsStr::new("d/x"), SourceIndex(0)), &sources);
        assert_eq!(loaded.iter().count(), 1);
    }

    #[test]
    fn a_file_that_gets_the_name_of_a_renamed_one_keeps_its_position() {
        let sources = Sources::new(&["d".into()], &[]);
        let (old, new) =
            (sources.add(OsStr::new("d/x"), SourceIndex(0)), sources.add(OsStr::new("d/x"), SourceIndex(0)));
        let mut offsets = Offsets::default();
        offsets.pass(old, ChunkOffset::At(at((1, 1), 5)), &sources);
        offsets.pass(new, ChunkOffset::At(at((1, 2), 6)), &sources);
        offsets.forget(old, &sources);
        assert_eq!(offsets.iter().map(|(_, files)| files.to_vec()).collect::<Vec<_>>(), [[at((1, 2), 6)]]);
        offsets.forget(new, &sources);
        assert_eq!(offsets, Offsets::default());
    }

    fn save(offsets: &Offsets) -> Vec<u8> {
        let mut bytes = Vec::new();
        offsets.save(&mut bytes);
        bytes
    }

    fn load(bytes: &[u8]) -> Result<Offsets, StateError> {
        let mut input = StateReader::new(bytes);
        let loaded = Offsets::load(&mut input)?;
        if input.is_empty() { Ok(loaded) } else { Err(StateError::Damaged) }
    }

    fn offset() -> impl Strategy<Value = SourceOffset> {
        let place = prop_oneof![
            Just(Place::Record),
            Just(Place::Message),
            any::<bool>().prop_map(|in_line| Place::Overlong { in_line }),
            (any::<u64>(), 0..1u64 << 62).prop_map(|(origin, records)| Place::Counted { origin, records }),
        ];
        (0..4u64, 0..3u64, "[a-c]{0,3}", 3..u64::MAX, place).prop_map(|(device, inode, text, byte, place)| {
            let text = text.as_bytes();
            let file = FileIdentity { id: (device, inode), head: FileHead::of(text) };
            SourceOffset { file, byte, tail: FileTail::of(text), place }
        })
    }

    proptest! {
        #[test]
        fn loaded_offsets_are_those_that_were_saved(
            passed in prop::collection::vec((0..5usize, offset()), 0..40),
            later in prop::collection::vec((0..5usize, offset()), 0..10),
            place in any::<prop::sample::Index>(),
            byte in any::<u8>(),
        ) {
            let sources = Sources::new(&["a".into(), "d".into(), "a".into(), "a".into()], &[0, 0, 0, 1]);
            sources.add(OsStr::new("d/x"), SourceIndex(1));
            let mut offsets = Offsets::default();
            for (source, offset) in passed {
                offsets.pass(SourceIndex(source), ChunkOffset::At(offset), &sources);
            }
            let mut bytes = save(&offsets);
            let mut loaded = load(&bytes).expect("a state");
            prop_assert_eq!(save(&loaded), bytes.clone());
            for (source, offset) in later {
                for offsets in [&mut offsets, &mut loaded] {
                    offsets.pass(SourceIndex(source), ChunkOffset::At(offset), &sources);
                }
            }
            prop_assert_eq!(save(&loaded), save(&offsets));
            prop_assert!(offsets.heap_bytes() >= offsets.iter().map(|(_, files)| size_of_val(files)).sum());
            // Damage gives an error or other offsets, and never panics; the envelope's checksum finds it.
            for end in 0..bytes.len().min(200) {
                prop_assert!(load(&bytes[..end]).is_err());
            }
            let place = place.index(bytes.len());
            bytes[place] ^= byte;
            if let Ok(loaded) = load(&bytes) {
                prop_assert_eq!(save(&loaded), bytes);
            }
        }
    }
}
