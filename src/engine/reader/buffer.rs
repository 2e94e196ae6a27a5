//! What was read of a source and not handed out yet: whole records, and the beginning of one.

use std::io::{self, Read};
use std::sync::Arc;

use memchr::memrchr;

use super::{Over, Reader, Stopped};
use crate::data::{Preface, RecordCursor};
use crate::engine::arrivals::Arrivals;
use crate::engine::message::{Content, SourceIndex};

/// Bytes asked for at once.
const READ_BYTES: usize = 256 << 10;

/// A buffer that holds so much more than it needs is given away while its source waits.
const SPARE_BYTES: usize = 4 << 10;

/// What was read of a source and not handed out yet.
pub(super) struct Buffer {
    pub(super) source: SourceIndex,
    /// The record of the source that names the fields.
    pub(super) header: Option<Arc<[u8]>>,
    /// Longer than what is filled, so that it is made of zeros only once.
    bytes: Vec<u8>,
    pub(super) filled: usize,
    /// So many bytes are whole records.
    pub(super) whole: usize,
    /// When which of them were read, if something depends on it.
    arrivals: Arrivals,
    /// When the last bytes were read, if so.
    read_ns: Option<i64>,
    /// Looks for the ends of records.
    cursor: RecordCursor,
    /// In the middle of a record that was too long.
    skipping: bool,
    /// What may still come before the records.
    pub(super) preface: Preface,
    /// The length of the bytes that came before the records.
    pub(super) preface_bytes: u64,
    /// Records before the header.
    pub(super) preface_records: u64,
    /// Only the last records of the source are wanted: those before the header are not.
    pub(super) is_tail: bool,
    /// Lines among the records name the fields of those after them.
    pub(super) has_directives: bool,
}

impl Buffer {
    /// What is filled.
    pub(super) fn filled(&self) -> &[u8] {
        &self.bytes[..self.filled]
    }

    /// Drops bytes that are no records.
    pub(super) fn drop_front(&mut self, bytes: usize) {
        self.bytes.copy_within(bytes..self.filled, 0);
        self.filled -= bytes;
        self.arrivals.drop_front(bytes);
    }

    /// Records that end up to here were read by the last read.
    fn note_arrival(&mut self, end: usize) {
        if let Some(read_ns) = self.read_ns {
            self.arrivals.note(end, read_ns);
        }
    }

    /// Drops what is filled: it is read again.
    pub(super) fn forget(&mut self) {
        self.filled = 0;
    }

    /// Keeps no more than it needs: thousands of connections wait, and few have anything.
    pub(super) fn give_room_back(&mut self) {
        if self.bytes.len() > self.filled + SPARE_BYTES {
            self.bytes.truncate(self.filled);
            self.bytes = self.bytes.as_slice().to_vec();
        }
    }
}

impl Reader {
    /// Room for what is read of a source from its first byte on.
    pub(super) fn new_buffer(&self, source: SourceIndex) -> Buffer {
        Buffer {
            source,
            header: None,
            bytes: Vec::new(),
            filled: 0,
            whole: 0,
            arrivals: Arrivals::default(),
            read_ns: None,
            cursor: self.cursor(source),
            skipping: false,
            preface: match self.preface(source) {
                Preface::Directives => Preface::Mark,
                preface => preface,
            },
            preface_bytes: 0,
            preface_records: 0,
            is_tail: false,
            has_directives: self.preface(source) == Preface::Directives,
        }
    }

    fn cursor(&self, source: SourceIndex) -> RecordCursor {
        RecordCursor::new(self.framing(source), self.max_line_bytes)
    }

    /// Room for so many more bytes.
    fn make_room(&self, buffer: &mut Buffer, more: usize) {
        let room = buffer.filled + more;
        if buffer.bytes.len() >= room {
            return;
        }
        if buffer.bytes.len() <= SPARE_BYTES
            && let Ok(mut used) = self.buffers.try_recv()
        {
            if used.len() < room {
                used.resize(room, 0);
            }
            used[..buffer.filled].copy_from_slice(&buffer.bytes[..buffer.filled]);
            buffer.bytes = used;
        } else {
            buffer.bytes.resize(room, 0);
        }
    }

    /// Reads once; whether there was something.
    pub(super) fn fill(&mut self, buffer: &mut Buffer, reader: &mut dyn Read) -> io::Result<bool> {
        if buffer.filled == 0 {
            self.dispatch.begin_batch();
        }
        self.make_room(buffer, READ_BYTES.min(self.chunk_bytes.max(1 << 10)));
        loop {
            match reader.read(&mut buffer.bytes[buffer.filled..]) {
                Ok(0) => return Ok(false),
                Ok(read) => {
                    buffer.filled += read;
                    self.stamp(buffer);
                    return Ok(true);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Notes when bytes were read, if something depends on it.
    pub(super) fn stamp(&mut self, buffer: &mut Buffer) {
        if self.stamps {
            buffer.read_ns = Some(self.dispatch.now_ns());
        }
    }

    /// Takes bytes that were read elsewhere; they are whole records.
    pub(super) fn append_records(&mut self, buffer: &mut Buffer, bytes: &[u8]) {
        self.append(buffer, bytes);
        self.stamp(buffer);
        buffer.note_arrival(buffer.filled);
    }

    /// Takes bytes that were read elsewhere.
    fn append(&mut self, buffer: &mut Buffer, bytes: &[u8]) {
        if buffer.filled == 0 {
            self.dispatch.begin_batch();
        }
        self.make_room(buffer, bytes.len());
        buffer.bytes[buffer.filled..buffer.filled + bytes.len()].copy_from_slice(bytes);
        buffer.filled += bytes.len();
    }

    /// Looks for the ends of records in what was filled in.
    pub(super) fn find_records(&mut self, buffer: &mut Buffer) -> Result<(), Stopped> {
        self.take_preface(buffer, false)?;
        if buffer.preface != Preface::Nothing {
            return Ok(());
        }
        if buffer.skipping {
            match self.framing(buffer.source).resume(buffer.filled(), false) {
                None => {
                    // The beginning of a line may tell, once the rest of it is there.
                    let line = memrchr(b'\n', buffer.filled())
                        .filter(|_| self.framing(buffer.source).has_starts());
                    buffer.drop_front(line.unwrap_or(buffer.filled));
                    return Ok(());
                }
                Some(next) => {
                    buffer.drop_front(next);
                    buffer.skipping = false;
                }
            }
        }
        if let Some(end) = buffer.cursor.last(&buffer.bytes[..buffer.filled]) {
            buffer.whole = end;
            buffer.note_arrival(end);
        }
        Ok(())
    }

    /// Hands out all whole records; what is left of the last one stays, unless it is too long already.
    pub(super) fn cut(&mut self, buffer: &mut Buffer) -> Result<(), Over> {
        if buffer.whole > 0 {
            let end = std::mem::take(&mut buffer.whole);
            buffer.note_arrival(end);
            let arrivals = buffer.arrivals.cut(end);
            let rest = &buffer.bytes[end..buffer.filled];
            let mut next = match rest {
                [] => Vec::new(),
                _ => self.buffers.try_recv().unwrap_or_default(),
            };
            if next.len() < rest.len() {
                next.resize(rest.len(), 0);
            }
            next[..rest.len()].copy_from_slice(rest);
            buffer.filled -= end;
            let full = std::mem::replace(&mut buffer.bytes, next);
            buffer.cursor.shift(end);
            self.hand_out_records(buffer, full, end, arrivals)?;
        }
        if buffer.preface == Preface::Nothing
            && buffer.filled > self.max_line_bytes.saturating_add(1)
        {
            (buffer.filled, buffer.skipping) = (0, true);
            buffer.cursor = self.cursor(buffer.source);
            buffer.bytes = Vec::new();
            self.hand_out(buffer, Content::Overlong)?;
        }
        Ok(())
    }

    /// Ends the last record behind its last whole line: none may come that would end it.
    pub(super) fn close_record(&mut self, buffer: &mut Buffer) -> Result<(), Over> {
        self.cut(buffer)?;
        if buffer.preface != Preface::Nothing || buffer.skipping {
            return Ok(());
        }
        if let Some(newline) = memrchr(b'\n', buffer.filled()) {
            buffer.whole = newline + 1;
            buffer.cursor.close(newline + 1);
            self.cut(buffer)?;
        }
        Ok(())
    }

    /// Ends the last record, with a terminator or without.
    pub(super) fn close_all(&mut self, buffer: &mut Buffer) -> Result<(), Stopped> {
        self.find_records(buffer)?;
        if buffer.preface == Preface::Nothing && !buffer.skipping && buffer.filled > 0 {
            buffer.whole = buffer.filled;
            buffer.cursor.close(buffer.filled);
        }
        Ok(self.cut(buffer)?)
    }

    /// The source has ended: the last record counts even without a newline.
    pub(super) fn end_source(&mut self, buffer: &mut Buffer) -> Result<(), Stopped> {
        self.take_preface(buffer, true)?;
        self.find_records(buffer)?;
        self.cut(buffer)?;
        if buffer.skipping {
            let next = self.framing(buffer.source).resume(buffer.filled(), true);
            buffer.drop_front(next.unwrap_or(buffer.filled));
        }
        if buffer.filled > 0 {
            buffer.note_arrival(buffer.filled);
            let arrivals = buffer.arrivals.cut(buffer.filled);
            let bytes = std::mem::take(&mut buffer.bytes);
            let filled = std::mem::take(&mut buffer.filled);
            self.hand_out_records(buffer, bytes, filled, arrivals)?;
        }
        Ok(())
    }

    /// The source cannot be read any further: what was read of it is finished all the same.
    pub(super) fn end_failed_source(
        &mut self,
        buffer: &mut Buffer,
        error: io::Error,
    ) -> Result<(), Stopped> {
        self.end_source(buffer)?;
        Err(Stopped::Failed(error))
    }

    /// The connection has ended: what is left of a record is none.
    pub(super) fn end_connection(&mut self, buffer: &mut Buffer) -> Result<(), Stopped> {
        self.find_records(buffer)?;
        self.cut(buffer)?;
        if buffer.skipping || buffer.filled == 0 {
            return Ok(());
        }
        if self.framing(buffer.source).has_starts() {
            self.close_record(buffer)?; // the lines of the last record are whole
        }
        if buffer.filled > 0 {
            let content = Content::Unfinished(std::mem::take(&mut buffer.bytes), buffer.filled);
            buffer.filled = 0;
            self.hand_out(buffer, content)?;
        }
        Ok(())
    }

    pub(super) fn hand_out(&mut self, buffer: &Buffer, content: Content) -> Result<(), Over> {
        self.hand_out_read(buffer, content, Arrivals::default())
    }

    pub(super) fn hand_out_read(
        &mut self,
        buffer: &Buffer,
        content: Content,
        arrivals: Arrivals,
    ) -> Result<(), Over> {
        let header = buffer.header.as_ref();
        self.dispatch
            .hand_out_read(buffer.source, header, content, arrivals)
    }
}
