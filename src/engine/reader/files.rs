//! Regular files read to their end: as ranges, unless record boundaries can only be found from the start of the file.

use std::fs::File;
use std::io::{self, Read, Take};
use std::os::fd::AsFd;
use std::sync::Arc;

use super::buffer::Buffer;
use super::intake::read_fully;
use super::record_selection::RecordSelection;
use super::{Reader, RunOver, Stopped};
use crate::data::{Framing, Prologue, Regroup, has_json_values};
use crate::engine::message::{Content, FileRange, SourceIndex};
use crate::source::compression::{Compression, Detection};
use crate::source::encoding::{ByteOrderMark, SAMPLE_BYTES};
use crate::source::follow::{self, FileId};
use crate::source::offset::{FileHead, FileIdentity, SourceOffset, SourceReader};

/// The number of bytes needed to detect the compression format.
const MAGIC_BYTES: usize = 16;

/// Files of at least this many chunks are dispatched in larger ranges. Each range costs the reader, a worker and the
/// coordinator a fixed overhead; for cheap expressions (`match`, `count by` one field) that is a fifth of the run time.
const LARGE_FILE_CHUNKS: u64 = 64;

/// The number of chunks in a large range. Beyond this, a worker's input no longer fits its cache.
const LARGE_RANGE_CHUNKS: u64 = 4;

/// The part of a file that is not dispatched yet.
pub(super) struct Ranges {
    file: Arc<File>,
    identity: Option<FileIdentity>,
    /// The offset of the first record.
    first: u64,
    low: u64,
    end: u64,
    /// The size of a range in bytes.
    bytes: u64,
    header: Option<Arc<[u8]>>,
}

impl Reader {
    /// Reads a file to its end.
    pub(super) fn read_file(&mut self, source: SourceIndex, file: File, start: u64, end: u64) -> Result<(), Stopped> {
        let is_plain = self.has_lines(source, &file, (start, end))?;
        if !is_plain || self.prologue(source) == Prologue::Directives {
            let mut buffer = self.new_buffer(source);
            let file = Arc::new(file);
            let start = self.start_of_tail(&mut buffer, &file, start, end)?;
            return self.read_all(buffer, &mut Section::of(file, start, end));
        }
        let mut ranges = self.ranges(source, file, start, end)?;
        while !self.control.is_stopped() && self.hand_out_range(source, &mut ranges)? {}
        Ok(())
    }

    /// Prepares a file of lines for reading by ranges: takes its prologue and applies `--tail`.
    pub(super) fn ranges(&mut self, source: SourceIndex, file: File, start: u64, end: u64) -> Result<Ranges, Stopped> {
        let file = Arc::new(file);
        let mut buffer = self.new_buffer(source);
        buffer.is_tail = self.reading.tail.is_some();
        self.take_all_prologue(&mut buffer, &mut Section::of(Arc::clone(&file), start, end))?;
        let mut first = start + buffer.prologue_bytes;
        if let Some(records) = self.reading.tail {
            first = follow::tail(&file, first, records, self.framing(source), &|| self.control.is_stopped())?;
        }
        let chunk_bytes = self.chunk_bytes as u64;
        let is_large = end.saturating_sub(first) >= chunk_bytes.saturating_mul(LARGE_FILE_CHUNKS);
        // Windows limit the size of a batch by its number of chunks, so ranges stay small.
        let chunks = match is_large && !self.marks {
            true => LARGE_RANGE_CHUNKS,
            false => 1,
        };
        let mut section = Section::of(Arc::clone(&file), start, end);
        section.head.grow(&file, end)?;
        Ok(Ranges {
            file,
            identity: section.identity(),
            first,
            low: first,
            end,
            bytes: chunk_bytes.saturating_mul(chunks),
            header: buffer.header,
        })
    }

    /// Takes the byte order mark and the header of a file.
    fn take_all_prologue(&mut self, buffer: &mut Buffer, section: &mut Section) -> Result<(), Stopped> {
        while buffer.prologue != Prologue::Nothing || !buffer.intake.is_settled() {
            // The byte order mark and the first record decide, and they are usually short.
            let ended = !self.fill(buffer, &mut section.take(SAMPLE_BYTES as u64))?;
            self.take_prologue(buffer, ended)?;
        }
        Ok(())
    }

    /// True if the records of a file are its lines, so that it can be read by ranges. The first bytes decide.
    pub(super) fn has_lines(&self, source: SourceIndex, file: &File, (start, end): (u64, u64)) -> io::Result<bool> {
        let is_certain = match self.regroup(source) {
            None => true,
            Some(Regroup::JsonIfValues) => false,
            Some(_) => return Ok(false),
        };
        if self.framing(source) != Framing::Lines {
            return Ok(false);
        }
        let len = usize::try_from(end - start).unwrap_or(usize::MAX);
        let mut head = vec![0; len.min(SAMPLE_BYTES)];
        loop {
            let read = read_fully(file, &mut head, start)?;
            head.truncate(read);
            let ended = read < head.len() || read == len;
            let mark = match ByteOrderMark::of(&head, true) {
                ByteOrderMark::Utf16(..) => return Ok(false),
                ByteOrderMark::Utf8(mark) => mark,
                ByteOrderMark::None | ByteOrderMark::NeedMore => 0,
            };
            if is_certain {
                return Ok(true);
            }
            if let Some(has_values) = has_json_values(&head[mark..], self.max_line_bytes, ended) {
                return Ok(!has_values);
            }
            head.resize(head.len().saturating_mul(4).min(len), 0);
        }
    }

    /// Dispatches the next range, which a worker reads; returns false if there is none.
    pub(super) fn hand_out_range(&mut self, source: SourceIndex, ranges: &mut Ranges) -> Result<bool, RunOver> {
        if ranges.low >= ranges.end {
            return Ok(false);
        }
        let high = ranges.end.min(ranges.low.saturating_add(ranges.bytes));
        let range = FileRange {
            file: Arc::clone(&ranges.file),
            identity: ranges.identity,
            first: ranges.first,
            low: ranges.low,
            high,
            end: ranges.end,
        };
        self.dispatch.hand_out(source, ranges.header.as_ref(), Content::Range(range))?;
        ranges.low = high;
        Ok(true)
    }

    /// Returns the offset of the first record to read. With `--tail`, the prologue is taken already.
    pub(super) fn start_of_tail(
        &mut self,
        buffer: &mut Buffer,
        file: &Arc<File>,
        start: u64,
        end: u64,
    ) -> Result<u64, Stopped> {
        let Some(records) = self.reading.tail else {
            return Ok(start);
        };
        buffer.is_tail = true;
        let mut section = Section::of(Arc::clone(file), start, end);
        self.take_all_prologue(buffer, &mut section)?;
        if !buffer.intake.is_direct() {
            let mut all = self.new_buffer(buffer.source);
            all.passing = RecordSelection::Counted(0);
            section.offset = start;
            while self.fill(&mut all, &mut section)? && !self.control.is_stopped() {
                self.find_records(&mut all)?;
                self.cut(&mut all)?;
            }
            self.end_source(&mut all)?;
            *buffer = self.new_buffer(buffer.source);
            if self.control.is_stopped() {
                return Ok(file.metadata()?.len().min(end)); // it is unknown which records are the last
            }
            if let RecordSelection::Counted(all) = all.passing {
                buffer.passing = RecordSelection::After(all.saturating_sub(records));
            }
            return Ok(start);
        }
        let first = start + buffer.prologue_bytes;
        buffer.forget();
        let is_stopped = || self.control.is_stopped();
        let tail = follow::tail(file, first, records, self.framing(buffer.source), &is_stopped)?;
        if buffer.has_directives {
            let passed = Section::of(Arc::clone(file), first, tail);
            self.pass_directives(buffer, passed)?;
        }
        Ok(tail)
    }

    /// Reads an input that never blocks to its end.
    pub(super) fn read_all(&mut self, mut buffer: Buffer, reader: &mut dyn SourceReader) -> Result<(), Stopped> {
        while self.read_some(&mut buffer, reader)? {}
        Ok(())
    }

    /// Reads once from an input that never blocks; returns false at the end.
    pub(super) fn read_some(&mut self, buffer: &mut Buffer, reader: &mut dyn SourceReader) -> Result<bool, Stopped> {
        match self.fill(buffer, reader) {
            Ok(true) if self.control.is_stopped() => self.leave_source(buffer).map(|()| false),
            Ok(true) => {
                self.find_records(buffer)?;
                self.cut(buffer)?;
                Ok(true)
            }
            Ok(false) => self.end_source(buffer).map(|()| false),
            Err(error) => self.end_failed_source(buffer, error).map(|()| false),
        }
    }
}

/// Returns the compression format of a regular file; `None` if it is not compressed.
pub(super) fn compression_at(file: &File, start: u64) -> io::Result<Option<Compression>> {
    let mut head = [0; MAGIC_BYTES];
    let read = read_fully(file, &mut head, start)?;
    Ok(match Compression::detect(&head[..read]) {
        Detection::Compressed(compression) => Some(compression),
        Detection::Plain | Detection::NeedMore => None,
    })
}

/// A section of a file, read without moving the file's shared offset.
pub(super) struct Section {
    file: Arc<File>,
    id: Option<FileId>,
    /// The bytes that identify the file, as far as they were read.
    pub(super) head: FileHead,
    pub(super) offset: u64,
    /// The exclusive end of the section.
    end: u64,
}

impl Section {
    pub(super) fn of(file: impl Into<Arc<File>>, offset: u64, end: u64) -> Self {
        let file = file.into();
        Section { id: follow::regular_id(file.as_fd()), head: FileHead::default(), file, offset, end }
    }

    /// Starts over at an offset, after the file was overwritten.
    pub(super) fn begin_again(&mut self, offset: u64) {
        (self.head, self.offset) = (FileHead::default(), offset);
    }

    /// The identity of the file; `None` if it is not a regular file.
    fn identity(&self) -> Option<FileIdentity> {
        Some(FileIdentity { id: self.id?, head: self.head })
    }

    pub(super) fn file(&self) -> &Arc<File> {
        &self.file
    }
}

impl Read for Section {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.end - self.offset).unwrap_or(usize::MAX);
        let wanted = left.min(buffer.len());
        let buffer = &mut buffer[..wanted];
        let read = std::os::unix::fs::FileExt::read_at(&*self.file, buffer, self.offset)?;
        if read == 0 && !buffer.is_empty() && self.end != u64::MAX {
            return Err(io::Error::other("became shorter while it was read"));
        }
        self.offset += read as u64;
        let _ = self.head.grow(&self.file, self.offset); // a shorter head identifies the file, too
        Ok(read)
    }
}

impl SourceReader for Section {
    fn offset(&self) -> Option<SourceOffset> {
        Some(SourceOffset { file: self.identity()?, byte: self.offset })
    }
}

impl SourceReader for Take<&mut Section> {
    fn offset(&self) -> Option<SourceOffset> {
        self.get_ref().offset()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_has_become_shorter_is_an_error() {
        use std::io::Write;
        let mut file = tempfile::tempfile().expect("a file");
        file.write_all(b"0123456789").expect("a writable file");
        let mut whole = String::new();
        let file = Arc::new(file);
        let mut section = Section::of(Arc::clone(&file), 2, 10);
        section.read_to_string(&mut whole).expect("a complete section");
        assert_eq!(whole, "23456789");
        file.set_len(5).expect("a truncated file");
        let error = Section::of(Arc::clone(&file), 2, 10).read_to_string(&mut whole);
        let error = error.map_err(|error| error.to_string());
        assert_eq!(error, Err("became shorter while it was read".to_owned()));
        let followed = Section::of(file, 2, u64::MAX).read_to_string(&mut whole);
        assert_eq!(followed.map_err(|error| error.to_string()), Ok(3));
    }
}
