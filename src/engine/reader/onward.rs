//! Readers that fingerprint the bytes they read.

use std::fs::File;
use std::io::{self, IoSliceMut, Read};
use std::os::unix::fs::FileExt;

use super::files::Section;
use crate::source::fingerprint::{END_BYTES, Fingerprint};
use crate::source::offset::{SourceOffset, SourceReader};

/// The step size when searching for the end of a hole.
const STEP_BYTES: usize = 64 << 10;

/// Reads a growing file from the last offset. One system call reads the last bytes again together with the new ones, so
/// that a file which was truncated and has grown past the offset is noticed.
pub(super) struct Onward<'p> {
    section: &'p mut Section,
    print: &'p mut Fingerprint,
    /// True if the bytes before the offset have changed or are gone.
    pub(super) is_rewritten: bool,
}

impl<'p> Onward<'p> {
    pub(super) fn new(section: &'p mut Section, print: &'p mut Fingerprint) -> Self {
        Onward { section, print, is_rewritten: false }
    }
}

impl Read for Onward<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let tail = self.print.tail();
        let mut again = [0; END_BYTES];
        let again = &mut again[..tail.len()];
        let start = self.section.offset - tail.len() as u64;
        let mut slices = [IoSliceMut::new(again), IoSliceMut::new(buffer)];
        let read = rustix::io::preadv(&**self.section.file(), &mut slices, start)?;
        self.is_rewritten = read < tail.len() || again != tail;
        if self.is_rewritten {
            return Ok(0);
        }
        let read = read - tail.len();
        self.print.pass(&buffer[..read]);
        self.section.offset += read as u64;
        self.section.head.grow_to(self.print.head());
        Ok(read)
    }
}

impl SourceReader for Onward<'_> {
    fn offset(&self) -> Option<SourceOffset> {
        self.section.offset()
    }
}

/// Adds the bytes read to a fingerprint.
pub(super) struct Fingerprinting<'p> {
    inner: &'p mut dyn SourceReader,
    print: &'p mut Fingerprint,
}

impl<'p> Fingerprinting<'p> {
    pub(super) fn new(inner: &'p mut dyn SourceReader, print: &'p mut Fingerprint) -> Self {
        Fingerprinting { inner, print }
    }
}

impl Read for Fingerprinting<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.print.pass(&buffer[..read]);
        Ok(read)
    }
}

impl SourceReader for Fingerprinting<'_> {
    fn offset(&self) -> Option<SourceOffset> {
        self.inner.offset()
    }
}

/// True if a file has bytes beyond its reported size: the kernel generates them on reading, as under `/proc`, and the
/// file does not grow.
pub(super) fn is_made_up(file: &File, read: u64) -> bool {
    let bytes = || file.metadata().map(|metadata| metadata.len());
    let Ok(said) = bytes() else {
        return false;
    };
    let has_more = |at: u64| matches!(file.read_at(&mut [0], at), Ok(1));
    said < read && has_more(said) && bytes().is_ok_and(|now| now == said)
}

/// Returns the number of zero bytes at the start of a file, at most `most`.
pub(super) fn end_of_hole(file: &File, most: u64) -> io::Result<u64> {
    let mut bytes = vec![0; STEP_BYTES];
    let mut end = 0;
    while end < most {
        let wanted = usize::try_from(most - end).unwrap_or(usize::MAX).min(STEP_BYTES);
        let read = file.read_at(&mut bytes[..wanted], end)?;
        let zeros = bytes[..read].iter().take_while(|byte| **byte == 0).count();
        end += zeros as u64;
        if zeros < wanted {
            break;
        }
    }
    Ok(end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::sync::Arc;

    fn onward(section: &mut Section, print: &mut Fingerprint) -> (Vec<u8>, bool) {
        let mut reader = Onward::new(section, print);
        let mut found = Vec::new();
        reader.read_to_end(&mut found).expect("a file");
        (found, reader.is_rewritten)
    }

    #[test]
    fn truncation_is_noticed_at_any_size() {
        let mut file = tempfile::tempfile().expect("a file");
        let shared = Arc::new(file.try_clone().expect("a file"));
        let mut section = Section::of(Arc::clone(&shared), 0, u64::MAX);
        let mut print = Fingerprint::default();
        file.write_all(b"1\n2\n").expect("room");
        let found = onward(&mut section, &mut print);
        assert_eq!(found, (b"1\n2\n".to_vec(), false));
        file.write_all(b"3\n").expect("room");
        assert_eq!(onward(&mut section, &mut print), (b"3\n".to_vec(), false));
        for content in ["", "4\n", "4\n5\n6\n", "4\n5\n6\n7\n"] {
            file.set_len(0).expect("a file");
            shared.write_all_at(content.as_bytes(), 0).expect("room");
            let found = onward(&mut section, &mut print);
            assert_eq!(found, (Vec::new(), true), "{content:?}");
        }
    }

    #[test]
    fn a_hole_ends_at_the_first_byte_written() {
        let mut file = tempfile::tempfile().expect("a file");
        for (content, most, end) in [(&b""[..], 9, 0), (b"a", 9, 0), (b"\0\0a", 9, 2), (b"\0\0a", 1, 1)] {
            file.set_len(0).expect("a file");
            file.write_all_at(content, 0).expect("room");
            assert_eq!(end_of_hole(&file, most).expect("a file"), end);
        }
        file.set_len(0).expect("a file");
        file.set_len(200_000).expect("a file");
        file.flush().expect("a file");
        assert_eq!(end_of_hole(&file, 1 << 40).expect("a file"), 200_000);
        assert!(!is_made_up(&file, 300_000));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn files_under_proc_are_made_up() {
        let file = File::open("/proc/self/stat").expect("Linux has it");
        assert!(is_made_up(&file, 10));
    }
}
