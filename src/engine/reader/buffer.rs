//! What was read of a source and not handed out yet: whole records, and the beginning of one.

use std::io::{self, Read};
use std::sync::Arc;

use memchr::memrchr;

use super::intake::{Intake, read_once};
use super::record_selection::RecordSelection;
use super::{Reader, RunOver, Stopped};
use crate::data::{Ending, Prologue, RecordCursor, Regrouped, RejectedRecord, Skip, Skipped};
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
    pub(super) bytes: Vec<u8>,
    pub(super) filled: usize,
    /// So many bytes are whole records.
    pub(super) whole: usize,
    /// When which of them were read, if something depends on it.
    arrivals: Arrivals,
    /// When the last bytes were read, if so.
    read_ns: Option<i64>,
    /// Looks for the ends of records.
    cursor: RecordCursor,
    /// How to skip the rest of a record that was too long.
    skipping: Option<Skip>,
    /// Before bytes are records.
    pub(super) intake: Intake,
    /// Rejected records, each with where it was in what is filled.
    pub(super) rejected: Vec<(usize, RejectedRecord)>,
    /// How many bytes were read of the source, whatever became of them.
    pub(super) taken: u64,
    /// Which of its records are handed out.
    pub(super) passing: RecordSelection,
    /// What may still come before the records.
    pub(super) prologue: Prologue,
    /// The length of the bytes that came before the records.
    pub(super) prologue_bytes: u64,
    /// Records before the header.
    pub(super) prologue_records: u64,
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
        self.whole = self.whole.saturating_sub(bytes);
        self.arrivals.drop_front(bytes);
        for (at, _) in &mut self.rejected {
            *at = at.saturating_sub(bytes);
        }
    }

    /// Records that end up to here were read by the last read.
    fn note_arrival(&mut self, end: usize) {
        if let Some(read_ns) = self.read_ns {
            self.arrivals.note(end, read_ns);
        }
    }

    /// Appends to what is filled.
    pub(super) fn append(&mut self, bytes: &[u8]) {
        self.bytes.truncate(self.filled);
        self.bytes.extend_from_slice(bytes);
        self.filled = self.bytes.len();
    }

    /// Takes what is filled out, for a regrouper to append to.
    pub(super) fn take_regrouped(&mut self) -> Regrouped {
        self.bytes.truncate(self.filled);
        Regrouped {
            bytes: std::mem::take(&mut self.bytes),
            whole: self.whole,
            rejected: std::mem::take(&mut self.rejected),
        }
    }

    /// Puts it back.
    pub(super) fn put_regrouped(&mut self, regrouped: Regrouped) {
        (self.filled, self.whole) = (regrouped.bytes.len(), regrouped.whole);
        (self.bytes, self.rejected) = (regrouped.bytes, regrouped.rejected);
    }

    /// Whether what is filled are records: nothing is before them any more.
    fn has_begun(&self) -> bool {
        self.prologue == Prologue::Nothing && self.intake.is_settled()
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
            skipping: None,
            intake: Intake::new(self.regroup(source)),
            rejected: Vec::new(),
            taken: 0,
            passing: RecordSelection::All,
            prologue: match self.prologue(source) {
                Prologue::Directives => Prologue::Mark,
                prologue => prologue,
            },
            prologue_bytes: 0,
            prologue_records: 0,
            is_tail: false,
            has_directives: self.prologue(source) == Prologue::Directives,
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
        let most = READ_BYTES.min(self.chunk_bytes.max(1 << 10));
        if buffer.intake.is_direct() {
            self.make_room(buffer, most);
            let read = read_once(reader, &mut buffer.bytes[buffer.filled..])?;
            buffer.filled += read;
            self.note_read(buffer, read);
            return Ok(read > 0);
        }
        let mut raw = std::mem::take(&mut self.raw);
        raw.resize(most, 0);
        let read = read_once(reader, &mut raw);
        if let Ok(read) = read {
            self.note_read(buffer, read);
            self.take_in(buffer, &raw[..read]);
        }
        self.raw = raw;
        Ok(read? > 0)
    }

    /// Notes how much was read, and when.
    fn note_read(&mut self, buffer: &mut Buffer, read: usize) {
        buffer.taken += read as u64;
        if read > 0 {
            self.stamp(buffer);
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
        self.stamp(buffer);
        self.append(buffer, bytes);
        if buffer.intake.is_direct() {
            buffer.note_arrival(buffer.filled);
        }
    }

    /// Takes bytes that were read elsewhere.
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

    /// Looks for the ends of records in what was filled in.
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
            // Its last record is known to be whole when the next one begins, which may be long after.
            buffer.note_arrival(buffer.filled);
        }
        Ok(())
    }

    /// Hands out all whole records; what is left of the last one stays, unless it is too long already.
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

    /// Hands out the records up to the last rejected one.
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
                self.hand_out_read(buffer, content, arrivals.cut(at - start))?;
                start = at;
            }
            here.push(record);
        }
        self.hand_out(buffer, Content::Rejected(here))?;
        buffer.drop_front(start);
        buffer.cursor = self.cursor(buffer.source);
        Ok(())
    }

    /// Ends the last record behind its last whole line: none may come that would end it.
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

    /// Ends the last record, with a terminator or without.
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

    /// Whether a source that ends now was read to its end.
    fn ending(&self) -> Ending {
        match self.control.is_stopped() {
            true => Ending::CutOff,
            false => Ending::Whole,
        }
    }

    /// The source has ended: the last record counts even without a newline.
    pub(super) fn end_source(&mut self, buffer: &mut Buffer) -> Result<(), Stopped> {
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

    /// Rejects what is left of a source: a record without its end.
    fn reject_rest(&mut self, buffer: &mut Buffer, reason: &str) -> Result<(), RunOver> {
        let rest = RejectedRecord { text: buffer.filled().to_vec(), reason: reason.to_owned() };
        buffer.forget();
        self.hand_out(buffer, Content::Rejected(vec![rest]))
    }

    /// The source cannot be read any further: what was read of it is finished all the same.
    pub(super) fn end_failed_source(&mut self, buffer: &mut Buffer, error: io::Error) -> Result<(), Stopped> {
        self.end_source(buffer)?;
        Err(Stopped::Failed(error))
    }

    /// The connection has ended: what is left of a record is none.
    pub(super) fn end_connection(&mut self, buffer: &mut Buffer) -> Result<(), Stopped> {
        self.end_intake(buffer, self.ending());
        self.find_records(buffer)?;
        self.cut(buffer)?;
        if buffer.skipping.is_some() || buffer.filled == 0 {
            return Ok(());
        }
        if self.framing(buffer.source).has_starts() {
            self.close_record(buffer)?; // the lines of the last record are whole
        }
        if buffer.filled > 0 {
            self.reject_rest(buffer, "the connection ended in the middle of the line")?;
        }
        Ok(())
    }

    pub(super) fn hand_out(&mut self, buffer: &mut Buffer, content: Content) -> Result<(), RunOver> {
        self.hand_out_read(buffer, content, Arrivals::default())
    }

    pub(super) fn hand_out_read(
        &mut self,
        buffer: &mut Buffer,
        content: Content,
        mut arrivals: Arrivals,
    ) -> Result<(), RunOver> {
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
        let header = buffer.header.as_ref();
        self.dispatch.hand_out_read(buffer.source, header, content, arrivals)
    }
}
