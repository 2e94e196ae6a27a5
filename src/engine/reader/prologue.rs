//! The prologue of a source: a byte order mark, a header, or directives that name the fields.
//!
//! The header is the first record that reaches the stage that needs it. The reader applies the earlier stages to the
//! first records. Records that do not reach that stage are dispatched without a header, for the workers to count.

use std::io::{self, BufRead, BufReader, Read};
use std::sync::Arc;

use memchr::memmem;

use super::buffer::Buffer;
use super::{Reader, RunOver, Stopped};
use crate::data::{Prologue, RecordCursor, trim_terminator};
use crate::decode::w3c::DIRECTIVE;
use crate::engine::arrivals::{Arrivals, ChunkArrivals};
use crate::engine::message::{Content, Message, SourceIndex};
use crate::engine::sources::Sources;
use crate::engine::worker::CurrentChunk;
use crate::engine::worker::decode::first_batch;
use crate::plan::Plan;
use crate::stage::{Header, RecordCounts};

/// Finds the header among the records of an input.
pub(in crate::engine) struct HeaderFinder {
    plan: Arc<Plan>,
    input: usize,
}

impl HeaderFinder {
    /// Returns a finder for an input of a plan; `None` if the input has no headers.
    pub(in crate::engine) fn of(plan: &Arc<Plan>, input: usize) -> Option<HeaderFinder> {
        (plan.inputs[input].prologue == Prologue::Header).then(|| HeaderFinder { plan: Arc::clone(plan), input })
    }

    /// Returns the header if one of these records is it; `before` is the number of records of the source before them.
    fn find(&self, sources: &Sources, source: SourceIndex, bytes: &[u8], before: u64, now_ns: i64) -> Option<Header> {
        let input = &self.plan.inputs[self.input];
        let chunk = CurrentChunk {
            source,
            input: self.input,
            position: 0,
            records_before: before,
            arrivals: ChunkArrivals::new(now_ns, Arrivals::default(), bytes),
            header: None,
            framing: input.framing,
            messages: None,
            times: Vec::new(),
        };
        let mut batch = first_batch(input, sources, bytes, &chunk);
        for step in input.map.iter().chain(&self.plan.map[input.joins_at..]) {
            if batch.rows == 0 {
                return None;
            }
            if let Some(taker) = step.stage.takes_header() {
                return taker.header(&batch);
            }
            let mut account = RecordCounts::default(); // discarded: the workers count these records
            step.stage.apply(&mut batch, &step.live, &mut account);
        }
        None
    }
}

impl Reader {
    /// Takes the byte order mark and the header off the start of the buffer, once they are complete. `ended`: there are
    /// no more bytes.
    pub(super) fn take_prologue(&mut self, buffer: &mut Buffer, ended: bool) -> Result<(), Stopped> {
        if !buffer.intake.is_settled() {
            self.settle(buffer, ended);
        }
        if buffer.prologue == Prologue::Nothing || !buffer.intake.is_settled() {
            return Ok(());
        }
        if buffer.prologue == Prologue::Header && !self.take_header(buffer, ended)? {
            return Ok(());
        }
        buffer.prologue = Prologue::Nothing;
        Ok(())
    }

    /// Searches the buffer for the header; returns false if more bytes are needed. Records before it are dispatched.
    fn take_header(&mut self, buffer: &mut Buffer, ended: bool) -> Result<bool, Stopped> {
        let source = buffer.source;
        let framing = self.framing(source);
        let limit = self.max_line_bytes;
        let Some(finder) = self.finder(source) else {
            return Ok(true);
        };
        let now_ns = self.dispatch.now_ns();
        let mut cursor = RecordCursor::new(framing, limit);
        let (mut start, mut records, mut all_probed) = (0, 0, false);
        let mut found = None;
        while let Some(end) = cursor.next(buffer.filled(), ended) {
            let before = buffer.prologue_records + records;
            let record = &buffer.filled()[start..end];
            if let Some(header) = finder.find(&self.sources, source, record, before, now_ns) {
                let is_record = header.line.is_empty();
                found = Some((header, if is_record { start } else { end }));
                break;
            }
            (start, records) = (end, records + 1);
            if !std::mem::replace(&mut all_probed, true) {
                // Usually few records precede the header; if there are many, testing them all at once is faster than
                // one by one.
                let mut rest = cursor.clone();
                let (mut last, mut more) = (start, 0);
                rest.each_end(buffer.filled(), ended, |end, _| {
                    (last, more) = (end, more + 1);
                });
                let rest_bytes = &buffer.filled()[start..last];
                if finder.find(&self.sources, source, rest_bytes, before + 1, now_ns).is_none() {
                    (start, records) = (last, records + more);
                    break;
                }
            }
        }
        let read_before = usize::try_from(buffer.begins_at.saturating_sub(buffer.begin())).unwrap_or(usize::MAX);
        if read_before < start {
            let before = buffer.filled()[read_before..start].to_vec();
            let len = before.len();
            let left = buffer.filled - start;
            self.hand_out_read(buffer, Content::Buffer(before, len), Arrivals::default(), left)?;
        }
        buffer.prologue_records += records;
        let taken = found.as_ref().map_or(start, |(_, end)| *end);
        buffer.prologue_bytes += taken as u64;
        if let Some((header, _)) = found {
            buffer.drop_front(taken);
            buffer.header = Some(header.line.as_slice().into());
            self.see_header(source, header);
            return Ok(true);
        }
        buffer.drop_front(taken);
        if buffer.filled > limit.saturating_add(1) {
            let line = match buffer.prologue_records {
                0 => "the first line",
                _ => "a line before the header",
            };
            let message = format!("{line} is longer than {limit} bytes, see --max-line");
            return Err(Stopped::Failed(io::Error::other(message)));
        }
        Ok(ended)
    }

    fn finder(&self, source: SourceIndex) -> Option<Arc<HeaderFinder>> {
        self.finders.get(self.sources.input(source))?.clone()
    }

    /// Sends the first header of the main input, which is printed before unchanged lines.
    fn see_header(&mut self, source: SourceIndex, header: Header) {
        if self.sources.input(source) == 0 && !std::mem::replace(&mut self.has_header, true) {
            let _ = self.messages.send(Message::Header(header)); // fails only when the run is over
        }
    }

    /// Dispatches complete records, split at directives: records after each one get its field names.
    pub(super) fn hand_out_records(
        &mut self,
        buffer: &mut Buffer,
        bytes: Vec<u8>,
        len: usize,
        mut arrivals: Arrivals,
    ) -> Result<(), RunOver> {
        if !buffer.has_directives {
            return self.hand_out_read(buffer, Content::Buffer(bytes, len), arrivals, buffer.filled);
        }
        let finder = memmem::Finder::new(DIRECTIVE);
        let mut done = 0;
        for at in finder.find_iter(&bytes[..len]) {
            if at > 0 && bytes[at - 1] != b'\n' {
                continue;
            }
            if done < at {
                let before = bytes[done..at].to_vec();
                let arrived = arrivals.cut(at - done);
                let left = buffer.filled + len - at;
                self.hand_out_read(buffer, Content::Buffer(before, at - done), arrived, left)?;
            }
            done = at;
            buffer.header = Some(first_line(&bytes[at..len]).into());
        }
        let (rest, len) = match done {
            0 => (bytes, len),
            _ => (bytes[done..len].to_vec(), len - done),
        };
        self.hand_out_read(buffer, Content::Buffer(rest, len), arrivals, buffer.filled)
    }

    /// Finds the last directive in bytes that are skipped.
    pub(super) fn pass_directives(&self, buffer: &mut Buffer, bytes: impl Read) -> io::Result<()> {
        let mut lines = BufReader::with_capacity(1 << 16, bytes);
        let mut line = Vec::new();
        let mut is_start = true;
        while !self.control.is_stopped() {
            line.clear();
            // A longer piece is not a line, and could be the whole file.
            let mut piece = (&mut lines).take(self.max_line_bytes as u64);
            if piece.read_until(b'\n', &mut line)? == 0 {
                break;
            }
            if is_start && line.starts_with(DIRECTIVE) {
                buffer.header = Some(first_line(&line).into());
            }
            is_start = line.ends_with(b"\n");
        }
        Ok(())
    }
}

fn first_line(bytes: &[u8]) -> &[u8] {
    let end = memchr::memchr(b'\n', bytes).map_or(bytes.len(), |newline| newline + 1);
    trim_terminator(&bytes[..end])
}
