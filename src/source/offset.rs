//! Positions in sources that can be read again.

use std::fs::File;
use std::io::{self, Read, Take};

use twox_hash::XxHash3_64;

use super::fingerprint::bytes_at;
use super::follow::FileId;
use crate::data::HeapBytes;
use crate::data::persist::{Persist, StateError, StateReader};

/// A position in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SourceOffset {
    /// The file.
    pub file: FileIdentity,
    /// The first byte after what was read. In a compressed file, decompressed bytes are counted.
    pub byte: u64,
    /// The last bytes before it.
    pub tail: FileTail,
    /// How reading goes on from there.
    pub place: Place,
}

/// How reading goes on from a position.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Place {
    /// A record begins at the byte.
    #[default]
    Record,
    /// The byte is within a record that was rejected because it is too long.
    Overlong {
        /// True in the middle of a line; otherwise the line that begins here may begin the next record.
        in_line: bool,
    },
    /// The file is converted or regrouped, so its bytes are not those of records: it is read again from the byte
    /// `origin`, without its first records.
    Counted {
        /// The first byte of the file's text, or of its decompressed text.
        origin: u64,
        /// The number of records that were read.
        records: u64,
    },
    /// The "file" is a partition of a topic: its identity is the topic's id, and the "byte" is the offset of the next
    /// message.
    Message,
}

impl SourceOffset {
    /// Returns the position at a byte of a file.
    pub fn at(file: FileIdentity, byte: u64) -> SourceOffset {
        SourceOffset { file, byte, tail: FileTail::default(), place: Place::Record }
    }
}

impl Persist for SourceOffset {
    fn save(&self, out: &mut Vec<u8>) {
        let FileIdentity { id, head } = self.file;
        id.save(out);
        head.0.save(out);
        self.byte.save(out);
        self.tail.0.save(out);
        self.place.save(out);
    }

    fn load(input: &mut StateReader<'_>) -> Result<Self, StateError> {
        let id = <(u64, u64)>::load(input)?;
        let head = FileHead(BytesHash::load(input)?);
        let byte = u64::load(input)?;
        let tail = FileTail(BytesHash::load(input)?);
        let place = Place::load(input)?;
        if tail.0.bytes as u64 > byte {
            return Err(StateError::Damaged);
        }
        Ok(SourceOffset { file: FileIdentity { id, head }, byte, tail, place })
    }
}

impl HeapBytes for SourceOffset {
    fn heap_bytes(&self) -> usize {
        0
    }
}

impl Persist for Place {
    fn save(&self, out: &mut Vec<u8>) {
        match self {
            Place::Record => out.push(0),
            Place::Overlong { in_line: false } => out.push(1),
            Place::Overlong { in_line: true } => out.push(2),
            Place::Counted { origin, records } => {
                out.push(3);
                origin.save(out);
                records.save(out);
            }
            Place::Message => out.push(4),
        }
    }

    fn load(input: &mut StateReader<'_>) -> Result<Self, StateError> {
        Ok(match u8::load(input)? {
            0 => Place::Record,
            1 => Place::Overlong { in_line: false },
            2 => Place::Overlong { in_line: true },
            3 => Place::Counted { origin: u64::load(input)?, records: input.count()? },
            4 => Place::Message,
            _ => return Err(StateError::Damaged),
        })
    }
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
pub struct FileHead(BytesHash);

/// The number and the hash of the last bytes before a position, of a KiB at most. They tell a file that was overwritten
/// by one with the same first bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileTail(BytesHash);

/// The number of some bytes, and their hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct BytesHash {
    bytes: usize,
    hash: u64,
}

impl BytesHash {
    fn of(bytes: &[u8]) -> BytesHash {
        BytesHash { bytes: bytes.len(), hash: XxHash3_64::oneshot(bytes) }
    }
}

impl Persist for BytesHash {
    fn save(&self, out: &mut Vec<u8>) {
        (self.bytes as u64).save(out);
        self.hash.save(out);
    }

    fn load(input: &mut StateReader<'_>) -> Result<Self, StateError> {
        let bytes = usize::try_from(u64::load(input)?).map_err(|_| StateError::Damaged)?;
        let hash = u64::load(input)?;
        if bytes > END_BYTES { Err(StateError::Damaged) } else { Ok(BytesHash { bytes, hash }) }
    }
}

/// The largest number of bytes that are hashed.
const END_BYTES: usize = 1 << 10;

impl Default for FileHead {
    /// The head of a file of which nothing was read.
    fn default() -> FileHead {
        FileHead::of(&[])
    }
}

impl FileHead {
    /// Returns the head of a file that begins with these bytes.
    pub fn of(bytes: &[u8]) -> FileHead {
        FileHead(BytesHash::of(&bytes[..bytes.len().min(END_BYTES)]))
    }

    /// Covers the first bytes of a file that was read up to an offset, if it does not cover them yet.
    pub fn grow(&mut self, file: &File, read: u64) -> io::Result<()> {
        let bytes = usize::try_from(read).unwrap_or(usize::MAX).min(END_BYTES);
        if bytes > self.bytes() {
            *self = FileHead::of(&bytes_at(file, 0, bytes)?);
        }
        Ok(())
    }

    /// Covers these first bytes of a file, if it does not cover them yet.
    pub fn grow_to(&mut self, first: &[u8]) {
        if first.len().min(END_BYTES) > self.bytes() {
            *self = FileHead::of(first);
        }
    }

    /// The number of bytes that are hashed.
    pub fn bytes(&self) -> usize {
        self.0.bytes
    }

    /// True if a file begins with these bytes.
    pub fn begins(&self, file: &File) -> io::Result<bool> {
        Ok(FileHead::of(&bytes_at(file, 0, self.bytes())?) == *self)
    }
}

impl Default for FileTail {
    /// No bytes are compared.
    fn default() -> FileTail {
        FileTail::of(&[])
    }
}

impl FileTail {
    /// Returns the tail of bytes that end at a position.
    pub fn of(bytes: &[u8]) -> FileTail {
        FileTail(BytesHash::of(&bytes[bytes.len().saturating_sub(END_BYTES)..]))
    }

    /// The number of bytes that are hashed.
    pub fn bytes(&self) -> usize {
        self.0.bytes
    }

    /// True if a file has these bytes before a position.
    pub fn precedes(&self, file: &File, byte: u64) -> io::Result<bool> {
        let first = byte.saturating_sub(self.bytes() as u64);
        Ok(self.ends(&bytes_at(file, first, self.bytes())?))
    }

    /// True if some bytes end with these.
    pub fn ends(&self, bytes: &[u8]) -> bool {
        bytes.len() >= self.bytes() && FileTail::of(&bytes[bytes.len() - self.bytes()..]) == *self
    }
}

/// Bytes read at a time while those before a position are skipped.
const SKIP_BYTES: usize = 64 << 10;

/// Reads a source.
pub trait SourceReader: Read {
    /// The position after the bytes read so far. `None` if the source cannot be read again from a position: pipes and
    /// connections.
    fn offset(&self) -> Option<SourceOffset> {
        None
    }

    /// Moves forward to a byte of the content; returns the last bytes before it, a KiB if they are at hand. `None` if
    /// the content ends before it.
    fn skip_to(&mut self, byte: u64) -> io::Result<Option<Vec<u8>>> {
        let mut last = Vec::new();
        let mut piece = vec![0; SKIP_BYTES];
        while let Some(at) = self.offset()
            && at.byte < byte
        {
            let wanted = usize::try_from(byte - at.byte).unwrap_or(usize::MAX).min(SKIP_BYTES);
            match self.read(&mut piece[..wanted]) {
                Ok(0) => return Ok(None),
                Ok(read) => {
                    last.extend_from_slice(&piece[..read]);
                    last.drain(..last.len().saturating_sub(END_BYTES));
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(Some(last))
    }
}

/// A pipe, terminal, device or connection.
impl SourceReader for File {}

/// A decompressor of a pipe.
impl SourceReader for Box<dyn Read + Send> {}

/// The beginning of a source.
impl<R: SourceReader + ?Sized> SourceReader for Take<&mut R> {
    fn offset(&self) -> Option<SourceOffset> {
        self.get_ref().offset()
    }
}

/// A decompressed file.
pub struct DecompressedFile {
    content: Box<dyn Read + Send>,
    file: Option<FileIdentity>,
    byte: u64,
}

impl DecompressedFile {
    /// Reads the content of a file, which is at its first byte.
    pub fn new(content: Box<dyn Read + Send>, file: Option<FileIdentity>) -> DecompressedFile {
        DecompressedFile { content, file, byte: 0 }
    }
}

impl Read for DecompressedFile {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.content.read(buffer)?;
        self.byte += read as u64;
        Ok(read)
    }
}

impl SourceReader for DecompressedFile {
    fn offset(&self) -> Option<SourceOffset> {
        Some(SourceOffset::at(self.file?, self.byte))
    }
}

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
    fn a_tail_tells_a_file_that_was_overwritten() {
        let file = tempfile::tempfile().expect("a file");
        file.write_all_at(&vec![b'x'; 5000], 0).expect("room");
        let tail = FileTail::of(&vec![b'x'; 3000]);
        assert_eq!(tail.bytes(), 1024);
        assert!(tail.precedes(&file, 3000).expect("a file") && FileTail::default().precedes(&file, 0).expect("a file"));
        assert!(!tail.precedes(&file, 5001).expect("a file"), "too short");
        file.write_all_at(b"y", 2999).expect("room");
        assert!(!tail.precedes(&file, 3000).expect("a file"));
        assert!(tail.precedes(&file, 2999).expect("a file"));
    }

    #[test]
    fn content_is_skipped_up_to_a_byte() {
        let content = |bytes: &'static [u8]| {
            let file = FileIdentity { id: (1, 2), head: FileHead::default() };
            DecompressedFile::new(Box::new(bytes), Some(file))
        };
        let mut reader = content(b"0123456789");
        assert_eq!(reader.skip_to(7).expect("memory"), Some(b"0123456".to_vec()));
        assert_eq!(reader.offset().expect("a file").byte, 7);
        assert_eq!(reader.skip_to(7).expect("memory"), Some(Vec::new()));
        assert_eq!(reader.skip_to(11).expect("memory"), None);
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
