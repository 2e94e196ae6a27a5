//! Regular files read to their end: as ranges, unless record boundaries can only be found from the start of the file.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
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
use crate::source::fingerprint::bytes_at;
use crate::source::follow::{self, FileId};
use crate::source::offset::{DecompressedFile, FileHead, FileIdentity, Place, SourceOffset, SourceReader};

/// The number of bytes needed to detect the compression format.
const MAGIC_BYTES: usize = 16;

/// Files of at least this many chunks are dispatched in larger ranges. Each range costs the reader, a worker and the
/// coordinator a fixed overhead; for cheap expressions (`match`, `count by` one field) that is a fifth of the run time.
const LARGE_FILE_CHUNKS: u64 = 64;

/// The number of chunks in a large range. Beyond this, a worker's input no longer fits its cache.
const LARGE_RANGE_CHUNKS: u64 = 4;

/// The number of bytes before a position that identify it.
const LAST_BYTES: u64 = 1 << 10;

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

/// How a file is read.
#[derive(Clone, Copy, Debug)]
pub(super) struct FileSpan {
    /// The offsets of the first byte, and after the last one.
    pub(super) start: u64,
    pub(super) end: u64,
    /// The position up to which it was read before.
    pub(super) resumes_at: Option<SourceOffset>,
    /// True if a later run goes on at the end: the last record is not read before it is complete.
    pub(super) suspends: bool,
}

/// A bounded file that can be read now.
pub(super) enum BoundedFile {
    /// By ranges.
    Ranges(Ranges),
    /// From a position on.
    Bytes(Box<dyn SourceReader + Send>, Box<Buffer>),
}

impl Reader {
    /// Reads a file to its end.
    pub(super) fn read_file(&mut self, source: SourceIndex, file: Arc<File>, span: FileSpan) -> Result<(), Stopped> {
        match self.bounded_file(source, file, span)? {
            BoundedFile::Ranges(mut ranges) => {
                while !self.control.is_stopped() && self.hand_out_range(source, &mut ranges)? {}
                Ok(())
            }
            BoundedFile::Bytes(mut reader, buffer) => self.read_all(*buffer, &mut *reader),
        }
    }

    /// Prepares a file to be read: moves after its prologue, and to the first record to read.
    pub(super) fn bounded_file(
        &mut self,
        source: SourceIndex,
        file: Arc<File>,
        span: FileSpan,
    ) -> Result<BoundedFile, Stopped> {
        let (start, end) = (span.start, span.end);
        let mut buffer = Box::new(self.new_buffer(source));
        buffer.suspends = span.suspends;
        if let Some(compression) = compression_at(&file, start)? {
            let mut reader = decompressed(&file, compression, start)?;
            if let Some(at) = &span.resumes_at
                && !self.begin_after(&mut buffer, &mut reader, at)?
            {
                self.say_restart(source, at, "has less content now");
                buffer = Box::new(self.new_buffer(source));
                buffer.suspends = span.suspends;
                reader = decompressed(&file, compression, start)?;
            }
            return Ok(BoundedFile::Bytes(Box::new(reader), buffer));
        }
        let is_plain = self.has_lines(source, &file, span)?;
        if is_plain && self.prologue(source) != Prologue::Directives {
            return Ok(BoundedFile::Ranges(self.ranges(source, file, span)?));
        }
        let mut section = Section::of(Arc::clone(&file), start, end);
        match &span.resumes_at {
            Some(at) => {
                self.begin_after(&mut buffer, &mut section, at)?;
            }
            None => section.offset = self.start_of_tail(&mut buffer, &file, start, end)?,
        }
        Ok(BoundedFile::Bytes(Box::new(section), buffer))
    }

    /// Prepares a file of lines for reading by ranges: takes its prologue, and applies `--tail` or the position up to
    /// which it was read.
    fn ranges(&mut self, source: SourceIndex, file: Arc<File>, span: FileSpan) -> Result<Ranges, Stopped> {
        let (start, mut end) = (span.start, span.end);
        let mut buffer = self.new_buffer(source);
        buffer.suspends = span.suspends;
        buffer.begins_at = match (span.resumes_at, self.reading.tail) {
            (Some(at), _) => at.byte,
            (None, Some(_)) => u64::MAX,
            (None, None) => 0,
        };
        let mut section = Section::of(Arc::clone(&file), start, end);
        self.take_all_prologue(&mut buffer, &mut section)?;
        let mut first = start + buffer.prologue_bytes;
        if let Some(at) = span.resumes_at {
            first = first.max(first_record(&file, &at, end)?);
        } else if let Some(records) = self.reading.tail {
            first = follow::tail(&file, first, records, self.framing(source), &|| self.control.is_stopped())?;
        }
        if span.suspends {
            let whole = match buffer.has_begun() {
                true => follow::last_end(&file, first, end, b'\n')?,
                false => first,
            };
            if whole < end {
                self.note_unfinished(source);
            }
            end = whole;
        }
        let chunk_bytes = self.chunk_bytes as u64;
        let is_large = end.saturating_sub(first) >= chunk_bytes.saturating_mul(LARGE_FILE_CHUNKS);
        // Windows limit the size of a batch by its number of chunks, so ranges stay small.
        let chunks = match is_large && !self.marks {
            true => LARGE_RANGE_CHUNKS,
            false => 1,
        };
        section.head.grow(&file, end)?;
        Ok(Ranges {
            identity: section.identity(),
            file,
            first,
            low: first,
            end,
            bytes: chunk_bytes.saturating_mul(chunks),
            header: buffer.header,
        })
    }

    /// Takes the byte order mark and the header of a file.
    pub(super) fn take_all_prologue(
        &mut self,
        buffer: &mut Buffer,
        reader: &mut dyn SourceReader,
    ) -> Result<(), Stopped> {
        while !buffer.has_begun() {
            // The byte order mark and the first record decide, and they are usually short.
            let mut sample = Read::take(&mut *reader, SAMPLE_BYTES as u64);
            let ended = !self.fill(buffer, &mut sample)?;
            if ended && buffer.suspends {
                return Ok(()); // a later run may find more
            }
            self.take_prologue(buffer, ended)?;
        }
        Ok(())
    }

    /// True if the records of a file are its lines, so that it can be read by ranges. The first bytes decide.
    fn has_lines(&self, source: SourceIndex, file: &File, span: FileSpan) -> io::Result<bool> {
        let (start, end) = (span.start, span.end);
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
            // A later run, which may find more bytes, has to decide alike.
            let is_last = ended && !span.suspends;
            let mark = match ByteOrderMark::of(&head, true) {
                ByteOrderMark::Utf16(..) => return Ok(false),
                ByteOrderMark::Utf8(mark) => mark,
                ByteOrderMark::None | ByteOrderMark::NeedMore => 0,
            };
            if is_certain {
                return Ok(true);
            }
            match has_json_values(&head[mark..], self.max_line_bytes, is_last) {
                Some(has_values) => return Ok(!has_values),
                None if ended => return Ok(false),
                None => {}
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
        buffer.begins_at = u64::MAX;
        let mut section = Section::of(Arc::clone(file), start, end);
        self.take_all_prologue(buffer, &mut section)?;
        if !buffer.has_begun() {
            *buffer = self.new_buffer(buffer.source);
            buffer.begins_at = u64::MAX;
            return Ok(start);
        }
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

/// Returns the first record after a position in a file of lines; `end` if there is none before it.
fn first_record(file: &Arc<File>, at: &SourceOffset, end: u64) -> io::Result<u64> {
    if at.place == Place::Record {
        return Ok(at.byte);
    }
    let mut rest = BufReader::with_capacity(SAMPLE_BYTES, Section::of(Arc::clone(file), at.byte.min(end), end));
    Ok(at.byte + rest.skip_until(b'\n')? as u64)
}

/// Returns a reader of the content of a compressed file, which begins at an offset.
pub(super) fn decompressed(file: &Arc<File>, compression: Compression, start: u64) -> io::Result<DecompressedFile> {
    let mut section = Section::of(Arc::clone(file), start, u64::MAX);
    section.head.grow(file, file.metadata()?.len())?;
    let identity = section.identity();
    Ok(DecompressedFile::new(compression.reader(Box::new(section))?, identity))
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
        Some(SourceOffset::at(self.identity()?, self.offset))
    }

    fn skip_to(&mut self, byte: u64) -> io::Result<Option<Vec<u8>>> {
        if byte > self.end.min(self.file.metadata()?.len()) {
            return Ok(None);
        }
        self.offset = self.offset.max(byte);
        self.head.grow(&self.file, self.offset)?;
        let last = self.offset.min(LAST_BYTES);
        Ok(Some(bytes_at(&self.file, self.offset - last, last as usize)?))
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
