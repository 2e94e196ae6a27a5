//! The length of a regular file that results are written to: with a checkpoint, bytes that were written after the last
//! commit are cut off after a crash.

use std::io;
use std::os::fd::BorrowedFd;

use rustix::fs::{FileType, OFlags, SeekFrom};

use crate::data::FileId;

/// Returns the identity of a regular file and the offset at which the next bytes are written; `None` for anything else.
pub(super) fn position(file: BorrowedFd<'_>) -> Option<(FileId, u64)> {
    let stat = rustix::fs::fstat(file).ok()?;
    if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
        return None;
    }
    let offset = match is_appended_to(file)? {
        true => u64::try_from(stat.st_size).ok()?,
        false => rustix::fs::seek(file, SeekFrom::Current(0)).ok()?,
    };
    Some(((stat.st_dev, stat.st_ino), offset))
}

/// Cuts off the bytes from an offset on; the next bytes are written there.
pub(super) fn cut(file: BorrowedFd<'_>, length: u64) -> io::Result<()> {
    rustix::fs::ftruncate(file, length)?;
    if is_appended_to(file) == Some(false) {
        rustix::fs::seek(file, SeekFrom::Start(length))?;
    }
    Ok(())
}

/// True if bytes are always written at the end of the file.
fn is_appended_to(file: BorrowedFd<'_>) -> Option<bool> {
    Some(rustix::fs::fcntl_getfl(file).ok()?.contains(OFlags::APPEND))
}

#[cfg(test)]
mod tests {
    use std::fs::OpenOptions;
    use std::io::Write;
    use std::os::fd::AsFd;

    use super::*;

    #[test]
    fn the_next_bytes_follow_those_that_are_left() {
        let folder = tempfile::tempdir().expect("a directory");
        let path = folder.path().join("results");
        std::fs::write(&path, "0123456789").expect("room");
        for appends in [true, false] {
            let mut file = OpenOptions::new().write(true).append(appends).open(&path).expect("it is ours");
            let (_, offset) = position(file.as_fd()).expect("a regular file");
            assert_eq!(offset, if appends { 10 } else { 0 });
            cut(file.as_fd(), 4).expect("it is ours");
            file.write_all(b"abc").expect("room");
            assert_eq!(std::fs::read(&path).expect("the file"), b"0123abc");
            assert_eq!(position(file.as_fd()).map(|(_, offset)| offset), Some(7));
            std::fs::write(&path, "0123456789").expect("room");
        }
        let (_, pipe) = std::io::pipe().expect("a pipe");
        assert_eq!(position(pipe.as_fd()), None);
    }
}
