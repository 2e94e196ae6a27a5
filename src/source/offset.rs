//! Positions in sources that can be read again.

use std::fs::File;
use std::io::Read;

use super::follow::FileId;

/// A position in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SourceOffset {
    /// The file.
    pub file: FileId,
    /// The first byte after what was read.
    pub byte: u64,
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
