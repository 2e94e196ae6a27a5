//! The bytes read from a source but not dispatched yet: complete records, and the start of the next one.

use std::io;
use std::sync::Arc;

use memchr::memrchr;

use super::intake::{Intake, read_once};
use super::record_selection::{RecordSelection, records_in};
use super::{Reader, RunOver, Stopped};
use crate::data::{Ending, Prologue, RecordCursor, Regrouped, RejectedRecord, Skip, Skipped};
use crate::engine::arrivals::Arrivals;
use crate::engine::message::{Content, SourceIndex};
use crate::source::offset::{SourceOffset, SourceReader};

/// The number of bytes requested per read.
const READ_BYTES: usize = 256 << 10;

/// While its source waits, a buffer with more spare capacity than this is shrunk.
const SPARE_BYTES: usize = 4 << 10;

/// The bytes read from a source but not dispatched yet.
pub(super) struct Buffer {
    pub(super) source: SourceIndex,
    /// The header or directive that names the fields, if there is one.
    pub(super) header: Option<Arc<[u8]>>,
    /// Longer than `filled`, so that bytes are zeroed only once.
    pub(super) bytes: Vec<u8>,
    pub(super) filled: usize,
    /// The length of the complete records at the start of the buffer.
    pub(super) whole: usize,
    /// Arrival times of the buffered records; empty if the plan does not use them.
    arrivals: Arrivals,
    /// The time of the last read; `None` if the plan does not use arrival times.
    read_ns: Option<i64>,
    /// Finds the ends of records.
    cursor: RecordCursor,
    /// Set while the rest of an overlong record is skipped.
    pub(super) skipping: Option<Skip>,
    /// Converts the encoding and regroups records before framing.
    pub(super) intake: Intake,
    /// Rejected records, each with its position in the buffer.
    pub(super) rejected: Vec<(usize, RejectedRecord)>,
    /// The number of bytes read from the source.
    pub(super) taken: u64,
    /// The position in the source after the bytes read so far, if it can be read again from there.
    pub(super) read_to: Option<SourceOffset>,
    /// The first byte of the source that was read, and the number of records found since; the number is counted only if
    /// records are converted or regrouped.
    pub(super) origin: u64,
    pub(super) records: u64,
    /// Selects the records that are dispatched (`--tail`).
    pub(super) passing: RecordSelection,
    /// The parts that may still come before the records.
    pub(super) prologue: Prologue,
    /// The length of the bytes before the first record: byte order mark and header.
    pub(super) prologue_bytes: u64,
    /// The number of records before the header.
    pub(super) prologue_records: u64,
    /// Records before the header are dropped up to this byte of the source: with `--tail`, or if they were read before.
    pub(super) begins_at: u64,
    /// True if directive lines among the records name the fields of later records.
    pub(super) has_directives: bool,
    /// True if a later run goes on where this one ends: the last record is not read before it is complete.
    pub(super) suspends: bool,
}

impl Buffer {
    /// Returns the bytes in the buffer.
    pub(super) fn filled(&self) -> &[u8] {
        &self.bytes[..self.filled]
    }

    /// Removes bytes from the start of the buffer.
    pub(super) fn drop_front(&mut self, bytes: usize) {
        self.bytes.copy_within(bytes..self.filled, 0);
        self.filled -= bytes;
        self.whole = self.whole.saturating_sub(bytes);
        self.arrivals.drop_front(bytes);
        for (at, _) in &mut self.rejected {
            *at = at.saturating_sub(bytes);
        }
    }

    /// Notes that the records up to `end` were completed by the last read.
    fn note_arrival(&mut self, end: usize) {
        if let Some(read_ns) = self.read_ns {
            self.arrivals.note(end, read_ns);
        }
    }

    /// Appends bytes to the buffer.
    pub(super) fn append(&mut self, bytes: &[u8]) {
        self.bytes.truncate(self.filled);
        self.bytes.extend_from_slice(bytes);
        self.filled = self.bytes.len();
    }

    /// Moves the content out, for a regrouper to append to.
    pub(super) fn take_regrouped(&mut self) -> Regrouped {
        self.bytes.truncate(self.filled);
        Regrouped {
            bytes: std::mem::take(&mut self.bytes),
            whole: self.whole,
            rejected: std::mem::take(&mut self.rejected),
        }
    }

    /// Puts the content back after [`Buffer::take_regrouped`].
    pub(super) fn put_regrouped(&mut self, regrouped: Regrouped) {
        (self.filled, self.whole) = (regrouped.bytes.len(), regrouped.whole);
        (self.bytes, self.rejected) = (regrouped.bytes, regrouped.rejected);
    }

    /// True if the buffer starts with a record: the prologue is complete and the encoding known.
    pub(super) fn has_begun(&self) -> bool {
        self.prologue == Prologue::Nothing && self.intake.is_settled()
    }

    /// Empties the buffer.
    pub(super) fn forget(&mut self) {
        self.filled = 0;
    }

    /// Shrinks the buffer: with thousands of connections, most buffers are nearly empty.
    pub(super) fn give_room_back(&mut self) {
        if self.bytes.len() > self.filled + SPARE_BYTES {
            self.bytes.truncate(self.filled);
            self.bytes = self.bytes.as_slice().to_vec();
        }
    }
}

impl Reader {
    /// Returns an empty buffer for a source that is read from its first byte.
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
            skipping: None,
            intake: Intake::new(self.regroup(source)),
            rejected: Vec::new(),
            taken: 0,
            read_to: None,
            origin: 0,
            records: 0,
            passing: RecordSelection::All,
            prologue: match self.prologue(source) {
                Prologue::Directives => Prologue::Mark,
                prologue => prologue,
            },
            prologue_bytes: 0,
            prologue_records: 0,
            begins_at: 0,
            has_directives: self.prologue(source) == Prologue::Directives,
            suspends: self.suspends,
        }
    }

    fn cursor(&self, source: SourceIndex) -> RecordCursor {
        RecordCursor::new(self.framing(source), self.max_line_bytes)
    }

    /// Grows the buffer by `more` bytes, or replaces it with one that a worker returned.
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

    /// Reads once; returns false at the end of the input.
    pub(super) fn fill(&mut self, buffer: &mut Buffer, reader: &mut dyn SourceReader) -> io::Result<bool> {
        if buffer.filled == 0 {
            self.dispatch.begin_batch();
        }
        let most = READ_BYTES.min(self.chunk_bytes.max(1 << 10));
        if buffer.intake.is_direct() {
            self.make_room(buffer, most);
            let read = read_once(reader, &mut buffer.bytes[buffer.filled..])?;
            buffer.filled += read;
            self.note_read(buffer, read, reader.offset());
            return Ok(read > 0);
        }
        let mut raw = std::mem::take(&mut self.raw);
        raw.resize(most, 0);
        let read = read_once(reader, &mut raw);
        if let Ok(read) = read {
            self.note_read(buffer, read, reader.offset());
            self.take_in(buffer, &raw[..read]);
        }
        self.raw = raw;
        Ok(read? > 0)
    }

    /// Counts the bytes of a read, and stamps the buffer.
    fn note_read(&mut self, buffer: &mut Buffer, read: usize, read_to: Option<SourceOffset>) {
        if buffer.taken == 0 {
            buffer.origin = read_to.map_or(0, |read_to| read_to.byte - read as u64);
        }
        buffer.read_to = read_to;
        buffer.taken += read as u64;
        if read > 0 {
            self.stamp(buffer);
        }
    }

    /// Records the time of the read, if the plan uses arrival times.
    pub(super) fn stamp(&mut self, buffer: &mut Buffer) {
        if self.stamps {
            buffer.read_ns = Some(self.dispatch.now_ns());
        }
    }

    /// Appends complete records that were read elsewhere.
    pub(super) fn append_records(&mut self, buffer: &mut Buffer, bytes: &[u8]) {
        self.stamp(buffer);
        self.append(buffer, bytes);
        if buffer.intake.is_direct() {
            buffer.note_arrival(buffer.filled);
        }
    }

    /// Appends bytes that were read elsewhere.
    fn append(&mut self, buffer: &mut Buffer, bytes: &[u8]) {
        if buffer.filled == 0 {
            self.dispatch.begin_batch();
        }
        buffer.taken += bytes.len() as u64;
        if !buffer.intake.is_direct() {
            return self.take_in(buffer, bytes);
        }
        self.make_room(buffer, bytes.len());
        buffer.bytes[buffer.filled..buffer.filled + bytes.len()].copy_from_slice(bytes);
        buffer.filled += bytes.len();
    }

    /// Finds the end of the last complete record in the buffer.
    pub(super) fn find_records(&mut self, buffer: &mut Buffer) -> Result<(), Stopped> {
        self.take_prologue(buffer, false)?;
        if !buffer.has_begun() {
            return Ok(());
        }
        if buffer.intake.is_regrouped() {
            buffer.note_arrival(buffer.whole);
            return Ok(());
        }
        if let Some(skip) = &mut buffer.skipping {
            match skip.next(&buffer.bytes[..buffer.filled], false) {
                Skipped::Dropped(bytes) => {
                    buffer.drop_front(bytes);
                    return Ok(());
                }
                Skipped::Until(next) => {
                    buffer.skipping = None;
                    buffer.drop_front(next);
                }
            }
        }
        if let Some(end) = buffer.cursor.last(&buffer.bytes[..buffer.filled]) {
            buffer.whole = end;
            buffer.note_arrival(end);
        }
        if self.framing(buffer.source).has_starts() {
            // The last record is known to be complete only when the next one starts, perhaps much later.
            buffer.note_arrival(buffer.filled);
        }
        Ok(())
    }

    /// Dispatches all complete records. The incomplete one stays, unless it is already too long.
    pub(super) fn cut(&mut self, buffer: &mut Buffer) -> Result<(), RunOver> {
        if !buffer.has_begun() {
            return Ok(());
        }
        if !buffer.rejected.is_empty() {
            self.cut_at_rejected(buffer)?;
        }
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
            if !buffer.intake.is_regrouped() {
                buffer.cursor.shift(end);
            }
            self.hand_out_records(buffer, full, end, arrivals)?;
        }
        if buffer.intake.is_regrouped() || buffer.skipping.is_some() {
            return Ok(());
        }
        if let Some((skip, end)) = buffer.cursor.skip(buffer.filled()) {
            buffer.skipping = Some(skip);
            buffer.cursor = self.cursor(buffer.source);
            if end == buffer.filled {
                (buffer.filled, buffer.bytes) = (0, Vec::new());
            } else {
                buffer.drop_front(end);
            }
            self.hand_out(buffer, Content::Overlong)?;
        }
        Ok(())
    }

    /// Dispatches the records up to the last rejected one.
    fn cut_at_rejected(&mut self, buffer: &mut Buffer) -> Result<(), RunOver> {
        buffer.note_arrival(buffer.whole);
        let rejected = std::mem::take(&mut buffer.rejected);
        let mut here = Vec::new();
        let mut start = 0;
        for (at, record) in rejected {
            if at > start {
                if !here.is_empty() {
                    let before = std::mem::take(&mut here);
                    self.hand_out(buffer, Content::Rejected(before))?;
                }
                let records = buffer.bytes[start..at].to_vec();
                let mut arrivals = buffer.arrivals.clone();
                arrivals.drop_front(start);
                let content = Content::Buffer(records, at - start);
                self.hand_out_read(buffer, content, arrivals.cut(at - start), buffer.filled - at)?;
                start = at;
            }
            here.push(record);
        }
        self.hand_out(buffer, Content::Rejected(here))?;
        buffer.drop_front(start);
        buffer.cursor = self.cursor(buffer.source);
        Ok(())
    }

    /// Ends the last record after its last complete line, without waiting for the next record to start.
    pub(super) fn close_record(&mut self, buffer: &mut Buffer) -> Result<(), RunOver> {
        self.cut(buffer)?;
        if !buffer.has_begun() || buffer.skipping.is_some() || buffer.intake.is_regrouped() {
            return Ok(());
        }
        if let Some(newline) = memrchr(b'\n', buffer.filled()) {
            buffer.whole = newline + 1;
            buffer.cursor.close(newline + 1);
            self.cut(buffer)?;
        }
        Ok(())
    }

    /// Ends the last record, with or without a terminator.
    pub(super) fn close_all(&mut self, buffer: &mut Buffer) -> Result<(), Stopped> {
        self.end_intake(buffer, Ending::Whole);
        self.find_records(buffer)?;
        let is_framed = buffer.has_begun() && !buffer.intake.is_regrouped();
        if is_framed && buffer.skipping.is_none() && buffer.filled > 0 {
            buffer.whole = buffer.filled;
            buffer.cursor.close(buffer.filled);
        }
        Ok(self.cut(buffer)?)
    }

    /// Returns how a source that ends now has ended: complete, or cut off because the run was stopped.
    fn ending(&self) -> Ending {
        match self.control.is_stopped() {
            true => Ending::CutOff,
            false => Ending::Whole,
        }
    }

    /// Finishes a source that has ended: the last record counts even without a newline, unless a later run may find the
    /// rest of it.
    pub(super) fn end_source(&mut self, buffer: &mut Buffer) -> Result<(), Stopped> {
        match buffer.suspends && buffer.read_to.is_some() {
            true => self.suspend_source(buffer),
            false => self.finish_source(buffer),
        }
    }

    /// Finishes a source that no later run goes on with.
    pub(super) fn finish_source(&mut self, buffer: &mut Buffer) -> Result<(), Stopped> {
        let is_cut = self.end_intake(buffer, self.ending());
        self.take_prologue(buffer, true)?;
        self.find_records(buffer)?;
        self.cut(buffer)?;
        if let Some(mut skip) = buffer.skipping.take() {
            match skip.next(buffer.filled(), true) {
                Skipped::Until(next) => buffer.drop_front(next),
                Skipped::Dropped(_) => buffer.forget(),
            }
        }
        if is_cut {
            self.reject_rest(buffer, "the source ends in the middle of a UTF-16 character")?;
        } else if buffer.filled > 0 {
            buffer.note_arrival(buffer.filled);
            let arrivals = buffer.arrivals.cut(buffer.filled);
            let bytes = std::mem::take(&mut buffer.bytes);
            let filled = std::mem::take(&mut buffer.filled);
            self.hand_out_records(buffer, bytes, filled, arrivals)?;
        }
        Ok(())
    }

    /// Leaves a source that has more input when the run is stopped: the rest of the last record is not read, so that
    /// record is not part of the run.
    pub(super) fn leave_source(&mut self, buffer: &mut Buffer) -> Result<(), Stopped> {
        self.find_records(buffer)?;
        self.cut(buffer)?;
        buffer.skipping = None;
        buffer.forget();
        Ok(())
    }

    /// Rejects the incomplete record at the end of a source.
    fn reject_rest(&mut self, buffer: &mut Buffer, reason: &str) -> Result<(), RunOver> {
        let rest = RejectedRecord { text: buffer.filled().to_vec(), reason: reason.to_owned() };
        buffer.forget();
        self.hand_out(buffer, Content::Rejected(vec![rest]))
    }

    /// Finishes a source after a read error: records read before it are kept.
    pub(super) fn end_failed_source(&mut self, buffer: &mut Buffer, error: io::Error) -> Result<(), Stopped> {
        self.end_source(buffer)?;
        Err(Stopped::Failed(error))
    }

    /// Finishes a connection that broke off: an incomplete record is rejected.
    pub(super) fn end_connection(&mut self, buffer: &mut Buffer) -> Result<(), Stopped> {
        self.end_intake(buffer, self.ending());
        self.find_records(buffer)?;
        self.cut(buffer)?;
        if buffer.skipping.is_some() || buffer.filled == 0 {
            return Ok(());
        }
        if self.framing(buffer.source).has_starts() {
            self.close_record(buffer)?; // the lines of the last record are complete
        }
        if buffer.filled > 0 {
            self.reject_rest(buffer, "the connection ended in the middle of the line")?;
        }
        Ok(())
    }

    pub(super) fn hand_out(&mut self, buffer: &mut Buffer, content: Content) -> Result<(), RunOver> {
        self.hand_out_read(buffer, content, Arrivals::default(), buffer.filled)
    }

    /// Dispatches a chunk; `left` bytes after it were read but not dispatched.
    pub(super) fn hand_out_read(
        &mut self,
        buffer: &mut Buffer,
        content: Content,
        mut arrivals: Arrivals,
        left: usize,
    ) -> Result<(), RunOver> {
        if !buffer.intake.is_direct() {
            buffer.records += records_in(&content, self.framing(buffer.source), self.max_line_bytes);
        }
        let content = match buffer.passing {
            RecordSelection::All => content,
            RecordSelection::Counted(_) | RecordSelection::After(_) => {
                let framing = self.framing(buffer.source);
                let limit = self.max_line_bytes;
                match buffer.passing.pass(content, &mut arrivals, framing, limit) {
                    Some(content) => content,
                    None => return Ok(()),
                }
            }
        };
        let offset = buffer.offset(&content, left);
        let header = buffer.header.as_ref();
        self.dispatch.hand_out_read(buffer.source, header, content, arrivals, offset)
    }
}
