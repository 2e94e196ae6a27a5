//! Fingerprints: tell whether a file has the same bytes as another one that was read.
//!
//! A fingerprint keeps the first bytes read and the last ones before the read offset. Both are compared at their
//! offsets: files of one program often begin alike (a banner, a header), and many lines are alike, but two files that
//! agree in both and in the length between them are copies.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;

/// The number of bytes kept at each end.
pub const END_BYTES: usize = 1 << 10;

/// Fewer bytes may be equal by accident.
const TELLING_BYTES: usize = 64;

/// The block size for comparing.
const STEP_BYTES: usize = 64 << 10;

/// The two ends of what was read from a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fingerprint {
    head: Vec<u8>,
    /// The bytes before the read offset.
    tail: Vec<u8>,
    /// The read offset, of decompressed content.
    read: u64,
}

/// The result of comparing a file with what was read from another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Likeness {
    /// Its bytes differ.
    Other,
    /// All of its bytes (this many) equal the first ones that were read.
    Beginning(u64),
    /// It contains everything that was read, and has this many bytes.
    Whole(u64),
}

impl Fingerprint {
    /// Returns the fingerprint of a file read up to an offset.
    pub fn of(file: &File, read: u64) -> io::Result<Fingerprint> {
        let ends = read.min(END_BYTES as u64);
        let (mut head, mut tail) = (vec![0; ends as usize], vec![0; ends as usize]);
        file.read_exact_at(&mut head, 0)?;
        file.read_exact_at(&mut tail, read - ends)?;
        Ok(Fingerprint { head, tail, read })
    }

    /// Adds the next bytes that were read.
    pub fn pass(&mut self, bytes: &[u8]) {
        let missing = (END_BYTES - self.head.len()).min(bytes.len());
        self.head.extend_from_slice(&bytes[..missing]);
        let last = &bytes[bytes.len().saturating_sub(END_BYTES)..];
        let kept = (END_BYTES - last.len()).min(self.tail.len());
        self.tail.drain(..self.tail.len() - kept);
        self.tail.extend_from_slice(last);
        self.read += bytes.len() as u64;
    }

    /// True if the first `bytes` bytes identify a file: they contain two different lines, and are long enough. A
    /// repeated line, such as a heartbeat, identifies nothing.
    pub fn is_telling(&self, bytes: u64) -> bool {
        let bytes = usize::try_from(bytes).unwrap_or(usize::MAX);
        let head = &self.head[..self.head.len().min(bytes)];
        let mut lines = head.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        let first = lines.next();
        head.len() >= TELLING_BYTES && lines.any(|line| first.is_some_and(|first| !first.starts_with(line)))
    }

    /// The number of bytes read.
    pub fn read(&self) -> u64 {
        self.read
    }

    /// The first bytes that were read.
    pub fn head(&self) -> &[u8] {
        &self.head
    }

    /// The bytes before the read offset.
    pub fn tail(&self) -> &[u8] {
        &self.tail
    }

    /// True if a file still begins with the first bytes that were read.
    pub fn begins(&self, file: &File) -> io::Result<bool> {
        Ok(bytes_at(file, 0, self.head.len())? == self.head)
    }

    /// Compares an uncompressed file of this many bytes.
    pub fn compare(&self, file: &File, bytes: u64) -> io::Result<Likeness> {
        let common = usize::try_from(bytes).unwrap_or(usize::MAX);
        let head = &self.head[..self.head.len().min(common)];
        if bytes_at(file, 0, head.len())? != head {
            return Ok(Likeness::Other);
        }
        if bytes < self.read {
            return Ok(Likeness::Beginning(bytes));
        }
        let before = self.read - self.tail.len() as u64;
        Ok(match bytes_at(file, before, self.tail.len())? == self.tail {
            true => Likeness::Whole(bytes),
            false => Likeness::Other,
        })
    }
}

/// The content of a compressed file, as far as it can be decompressed.
#[derive(Debug)]
pub struct Scan {
    /// The number of decompressed bytes.
    pub bytes: u64,
    /// True if it can be decompressed to its end; a file that is still being written cannot.
    pub is_complete: bool,
    /// The result for each fingerprint, in order.
    pub likeness: Vec<Likeness>,
}

/// Reads content once and compares it with fingerprints; `None` if `is_stopped` returns true.
pub fn scan(content: &mut dyn Read, known: &[&Fingerprint], is_stopped: &dyn Fn() -> bool) -> Option<Scan> {
    let mut order: Vec<usize> = (0..known.len()).collect();
    order.sort_by_key(|index| known[*index].read);
    let mut order = order.into_iter().peekable();
    let mut likeness = vec![Likeness::Other; known.len()];
    let mut is_whole = vec![false; known.len()];
    let mut own = Fingerprint::default();
    let mut step = vec![0; STEP_BYTES];
    let is_complete = loop {
        if is_stopped() {
            return None;
        }
        let mut bytes = match content.read(&mut step) {
            Ok(0) => break true,
            Ok(read) => &step[..read],
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(_) => break false,
        };
        while let Some(index) = order.next_if(|index| known[*index].read <= own.read + bytes.len() as u64) {
            let (before, rest) = bytes.split_at((known[index].read - own.read) as usize);
            own.pass(before);
            bytes = rest;
            is_whole[index] = own == *known[index];
        }
        own.pass(bytes);
    };
    for ((known, is_whole), likeness) in known.iter().zip(is_whole).zip(&mut likeness) {
        let begins = own.read < known.read && known.head.starts_with(&own.head);
        *likeness = match (is_whole, begins) {
            (true, _) => Likeness::Whole(own.read),
            (false, true) => Likeness::Beginning(own.read),
            (false, false) => Likeness::Other,
        };
    }
    Some(Scan { bytes: own.read, is_complete, likeness })
}

/// Returns the bytes of a file from an offset, fewer at its end.
pub fn bytes_at(file: &File, offset: u64, bytes: usize) -> io::Result<Vec<u8>> {
    let mut found = vec![0; bytes];
    let mut filled = 0;
    while filled < bytes {
        match file.read_at(&mut found[filled..], offset + filled as u64) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    found.truncate(filled);
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    use proptest::prelude::*;

    fn file(content: &[u8]) -> File {
        let mut file = tempfile::tempfile().expect("a file");
        file.write_all(content).expect("room");
        file
    }

    /// Content that is longer than both ends, of few different bytes.
    fn content() -> impl Strategy<Value = Vec<u8>> {
        prop::collection::vec(prop::sample::select(b"ab\n".to_vec()), 0..3000)
    }

    fn passed(content: &[u8], read: usize, step: usize) -> Fingerprint {
        let mut print = Fingerprint::default();
        content[..read].chunks(step).for_each(|bytes| print.pass(bytes));
        print
    }

    proptest! {
        #[test]
        fn any_steps_leave_the_same_fingerprint(content in content(), read in 0usize..3000, step in 1usize..2000) {
            let read = read.min(content.len());
            let found = passed(&content, read, step);
            prop_assert_eq!(&found, &Fingerprint::of(&file(&content), read as u64).expect("a file"));
        }

        #[test]
        fn files_and_streams_compare_alike(content in content(), other in content(), read in 0usize..3000, common in 0usize..3000) {
            let print = passed(&content, read.min(content.len()), 700);
            let mut candidate = content[..common.min(content.len())].to_vec();
            candidate.extend(&other);
            let by_file = print.compare(&file(&candidate), candidate.len() as u64).expect("a file");
            let by_stream = scan(&mut &candidate[..], &[&print], &|| false).expect("not stopped");
            prop_assert!(by_stream.is_complete);
            prop_assert_eq!(by_stream.likeness, vec![by_file]);
            if candidate.starts_with(&content[..print.read as usize]) {
                prop_assert_eq!(by_file, Likeness::Whole(candidate.len() as u64));
            }
        }
    }

    #[test]
    fn both_ends_must_agree() {
        let content: Vec<u8> = (0..5000u32).map(|byte| (byte % 251) as u8).collect();
        let print = passed(&content, 4000, 999);
        let compare = |content: &[u8]| {
            let found = print.compare(&file(content), content.len() as u64);
            found.expect("a file")
        };
        assert_eq!(compare(&content), Likeness::Whole(5000));
        assert_eq!(compare(&content[..3000]), Likeness::Beginning(3000));
        assert_eq!(compare(&content[1..]), Likeness::Other);
        for place in [0, 1023, 3000, 3999] {
            let mut other = content.clone();
            other[place] ^= 1;
            assert_eq!(compare(&other), Likeness::Other, "{place}");
        }
    }

    #[test]
    fn how_much_tells_files_apart() {
        for (content, bytes, expected) in [
            ("short\nlines\n".to_owned(), 12, false),
            ("the same line again\n".repeat(50), 1000, false),
            ("the same line again\n".repeat(50), 990, false),
            (format!("{}\n{}\n", "a".repeat(40), "b".repeat(40)), 82, true),
            (format!("{}\n{}\n", "a".repeat(40), "b".repeat(40)), 60, false),
            ("x".repeat(2000), 2000, false),
        ] {
            let print = passed(content.as_bytes(), content.len(), 100);
            assert_eq!(print.is_telling(bytes), expected, "{content:?}");
        }
    }

    #[test]
    fn a_stream_that_is_cut_off_is_not_complete() {
        struct FailingRead;
        impl Read for FailingRead {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::ErrorKind::UnexpectedEof.into())
            }
        }
        let print = passed(b"abc", 3, 3);
        let mut cut_off = (&b"ab"[..]).chain(FailingRead);
        let scan = scan(&mut cut_off, &[&print], &|| false).expect("not stopped");
        assert!(!scan.is_complete);
        assert_eq!(scan.likeness, [Likeness::Beginning(2)]);
    }
}
