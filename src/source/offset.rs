//! Positions in sources that can be read again.

use std::fs::File;
use std::io::{self, Read};

use twox_hash::XxHash3_64;

use super::fingerprint::bytes_at;
use super::follow::FileId;
use crate::data::persist::{Persist, StateError, StateReader};

/// A position in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SourceOffset {
    /// The file.
    pub file: FileIdentity,
    /// The first byte after what was read.
    pub byte: u64,
}

/// Identifies a file whatever its name. An inode is used again for another file, which its first bytes tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileIdentity {
    /// Device and inode.
    pub id: FileId,
    /// The first bytes.
    pub head: FileHead,
}

/// The number and the hash of the first bytes of a file, of a KiB at most. The hash is that of bytes that were read, so
/// it stays valid while the file grows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileHead {
    bytes: usize,
    hash: u64,
}

/// The largest number of bytes that are hashed.
const HEAD_BYTES: usize = 1 << 10;

impl Default for FileHead {
    /// The head of a file of which nothing was read.
    fn default() -> FileHead {
        FileHead::of(&[])
    }
}

impl FileHead {
    /// Returns the head of a file that begins with these bytes.
    pub fn of(bytes: &[u8]) -> FileHead {
        let bytes = &bytes[..bytes.len().min(HEAD_BYTES)];
        FileHead { bytes: bytes.len(), hash: XxHash3_64::oneshot(bytes) }
    }

    /// Covers the first bytes of a file that was read up to an offset, if it does not cover them yet.
    pub fn grow(&mut self, file: &File, read: u64) -> io::Result<()> {
        let bytes = usize::try_from(read).unwrap_or(usize::MAX).min(HEAD_BYTES);
        if bytes > self.bytes {
            *self = FileHead::of(&bytes_at(file, 0, bytes)?);
        }
        Ok(())
    }

    /// Covers these first bytes of a file, if it does not cover them yet.
    pub fn grow_to(&mut self, first: &[u8]) {
        if first.len().min(HEAD_BYTES) > self.bytes {
            *self = FileHead::of(first);
        }
    }

    /// The number of bytes that are hashed.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// True if a file begins with these bytes.
    pub fn begins(&self, file: &File) -> io::Result<bool> {
        Ok(FileHead::of(&bytes_at(file, 0, self.bytes)?) == *self)
    }
}

impl Persist for SourceOffset {
    fn save(&self, out: &mut Vec<u8>) {
        self.file.id.save(out);
        (self.file.head.bytes as u64).save(out);
        self.file.head.hash.save(out);
        self.byte.save(out);
    }

    fn load(input: &mut StateReader<'_>) -> Result<Self, StateError> {
        let id = <(u64, u64)>::load(input)?;
        let head = FileHead { bytes: u64::load(input)? as usize, hash: u64::load(input)? };
        Ok(SourceOffset { file: FileIdentity { id, head }, byte: u64::load(input)? })
    }
}

/// Reads a source.
pub trait SourceReader: Read {
    /// The position after the bytes read so far. `None` if the source cannot be read again from a position: pipes,
    /// connections, compressed files.
    fn offset(&self) -> Option<SourceOffset> {
        None
    }
}

/// A pipe, terminal, device or connection.
impl SourceReader for File {}

/// A decompressor.
impl SourceReader for Box<dyn Read + Send> {}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::FileExt;

    use super::*;

    #[test]
    fn a_head_is_that_of_a_file_that_has_grown_but_not_of_one_that_was_overwritten() {
        let file = tempfile::tempfile().expect("a file");
        let mut head = FileHead::default();
        assert!(head.begins(&file).expect("a file"), "nothing was read");
        for (read, covered) in [(3, 3), (700, 700), (600, 700), (5000, 1024), (9000, 1024)] {
            file.write_all_at(&vec![b'x'; read], 0).expect("room");
            head.grow(&file, read as u64).expect("a file");
            assert_eq!(head.bytes(), covered);
            assert!(head.begins(&file).expect("a file"));
        }
        file.write_all_at(b"y", 1024).expect("room");
        assert!(head.begins(&file).expect("a file"));
        file.write_all_at(b"y", 1023).expect("room");
        assert!(!head.begins(&file).expect("a file"));
        file.set_len(1000).expect("a file");
        assert!(!head.begins(&file).expect("a file"), "too short");
    }

    #[test]
    fn bytes_that_were_read_give_the_same_head() {
        let file = tempfile::tempfile().expect("a file");
        let content: Vec<u8> = (0..3000u32).map(|byte| (byte % 251) as u8).collect();
        file.write_all_at(&content, 0).expect("room");
        let (mut by_file, mut by_bytes) = (FileHead::default(), FileHead::default());
        for read in [1, 1000, 2000, 500, 3000] {
            by_file.grow(&file, read as u64).expect("a file");
            by_bytes.grow_to(&content[..read]);
            assert_eq!(by_file, by_bytes);
        }
    }
}
