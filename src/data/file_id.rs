//! The identity of a file.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;

/// Identifies a file whatever its name: device and inode.
pub type FileId = (u64, u64);

/// Returns the identity of a regular file.
pub fn regular_file_id(metadata: &Metadata) -> Option<FileId> {
    metadata.is_file().then(|| (metadata.dev(), metadata.ino()))
}
