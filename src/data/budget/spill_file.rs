//! A temporary file without a name: the system removes it when the process ends, however it ends.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use twox_hash::XxHash3_64;

use super::Budget;

/// A temporary file that grows block by block. Any thread may append and read.
#[derive(Debug)]
pub struct SpillFile {
    file: File,
    end: AtomicU64,
    stage: &'static str,
    budget: Arc<Budget>,
}

/// Bytes in a file, with their checksum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block {
    offset: u64,
    len: usize,
    checksum: u64,
}

impl SpillFile {
    pub(super) fn new(file: File, stage: &'static str, budget: Arc<Budget>) -> SpillFile {
        SpillFile { file, end: AtomicU64::new(0), stage, budget }
    }

    /// Appends bytes. If that fails, the budget has the reason, and the input ends.
    pub fn append(&self, bytes: &[u8]) -> Option<Block> {
        let offset = self.end.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        let room = self.budget.take_room(bytes.len() as u64);
        match room.and_then(|()| self.file.write_all_at(bytes, offset)) {
            Ok(()) => {
                self.budget.count_spilled(self.stage, bytes.len() as u64);
                Some(Block { offset, len: bytes.len(), checksum: XxHash3_64::oneshot(bytes) })
            }
            Err(error) => {
                self.budget.fail_io("temporary files cannot be written", &error);
                None
            }
        }
    }

    /// Reads a block into `buffer`. If that fails, the budget has the reason.
    pub fn read<'b>(&self, block: Block, buffer: &'b mut Vec<u8>) -> Option<&'b [u8]> {
        buffer.resize(block.len, 0);
        let read = self.file.read_exact_at(buffer, block.offset);
        let checked = read.and_then(|()| match XxHash3_64::oneshot(buffer) == block.checksum {
            true => Ok(()),
            false => Err(io::Error::other("it was changed or damaged")),
        });
        match checked {
            Ok(()) => Some(buffer),
            Err(error) => {
                self.budget.fail_lost(&error);
                None
            }
        }
    }

    /// Bytes written.
    pub fn len(&self) -> u64 {
        self.end.load(Ordering::Relaxed)
    }

    /// True if nothing was written.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Block {
    /// Bytes of the block.
    #[allow(clippy::len_without_is_empty, reason = "no block is empty")]
    pub fn len(&self) -> usize {
        self.len
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_read_back_and_damage_is_found() {
        let budget = Budget::new(1, 1, std::env::temp_dir());
        let file = budget.file("test").expect("a file");
        let blocks: Vec<Block> = [&b"one"[..], b"second"].iter().filter_map(|bytes| file.append(bytes)).collect();
        let mut buffer = Vec::new();
        assert_eq!(file.read(blocks[1], &mut buffer), Some(&b"second"[..]));
        assert_eq!(file.read(blocks[0], &mut buffer), Some(&b"one"[..]));
        assert_eq!((file.len(), budget.spilled()), (9, vec![("test", 9)]));
        file.file.write_all_at(b"X", 4).expect("a write");
        assert_eq!(file.read(blocks[1], &mut buffer), None);
        let failure = budget.failure().expect("a failure");
        assert!(failure.ends_with("cannot be read: it was changed or damaged; the result is incomplete"), "{failure}");
    }

    #[test]
    fn a_full_disk_is_named() {
        let budget = Budget::with_room(1 << 20, 5);
        let file = budget.file("test").expect("a file");
        assert!(file.append(b"12345").is_some());
        assert_eq!(file.append(b"6"), None);
        assert!(budget.failure().is_some_and(|failure| failure.contains("temporary files cannot be written: ")));
    }
}
