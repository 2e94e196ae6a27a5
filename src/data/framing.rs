//! The end of records: at every newline, at newlines outside of quotes, at every NUL, or before every line that begins a
//! record.
//!
//! A quote opens a quoted field only where a field begins, and closes it where no second quote follows. A quote that is
//! not closed within the longest record allowed is *given up*: it was probably not a quote, so the record ends with the
//! line in which it was opened, and the records after it are not lost. All this depends only on the bytes from the
//! record's start: however bytes are cut at record ends, the same records are found.

mod skip;

pub use skip::{Skip, Skipped};

use memchr::{memchr, memchr2, memrchr};
use wide::u8x16;

use super::record_start::{RecordStart, Search};
use super::scan::trim_terminator;

/// How bytes are split into records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Framing {
    /// A record is a line.
    #[default]
    Lines,
    /// A newline in quotes belongs to the record (RFC 4180).
    Quoted {
        /// The separator of fields.
        separator: u8,
    },
    /// A record ends with a NUL byte, and may contain newlines.
    Nul,
    /// A record begins at a line that matches, and ends before the next such line.
    Starts(&'static RecordStart),
    /// A record is preceded by its length in bytes and a blank, as [`super::Regroup`] writes it.
    Counted,
}

/// The bytes that a source may have before its records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Prologue {
    /// Records only.
    #[default]
    Nothing,
    /// An optional UTF-8 byte order mark.
    Mark,
    /// An optional mark; the first record that reaches the stage that wants a header names the fields.
    Header,
    /// An optional mark; lines anywhere among the records name the fields of the records after them.
    Directives,
}

/// The UTF-8 byte order mark, which some editors write.
pub const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

impl Framing {
    /// Calls `see` with the start and end of every record in bytes of whole records, of which only the last may have an
    /// unclosed quote. The end is after the terminator, which the last record may lack.
    pub fn each_record(self, bytes: &[u8], mut see: impl FnMut(usize, usize)) {
        let mut start = 0;
        RecordCursor::new(self, usize::MAX).each_end(bytes, true, |end, _| {
            see(start, end);
            start = end;
        });
    }

    /// True if records end at newlines only.
    #[inline]
    pub fn is_plain(self, bytes: &[u8]) -> bool {
        match self {
            Framing::Lines => true,
            Framing::Quoted { .. } => memchr(b'"', bytes).is_none(),
            Framing::Nul | Framing::Starts(_) | Framing::Counted => false,
        }
    }

    /// Returns the byte after a record.
    pub fn terminator(self) -> u8 {
        match self {
            Framing::Nul => 0,
            Framing::Lines | Framing::Quoted { .. } | Framing::Starts(_) | Framing::Counted => b'\n',
        }
    }

    /// Returns a record without its terminator and without its count.
    #[inline]
    pub fn trim(self, record: &[u8]) -> &[u8] {
        let record = &record[self.count_bytes(record)..];
        match self {
            Framing::Nul => record.strip_suffix(&[0]).unwrap_or(record),
            Framing::Lines | Framing::Quoted { .. } | Framing::Starts(_) | Framing::Counted => trim_terminator(record),
        }
    }

    /// Returns the number of bytes before a record's text.
    #[inline]
    pub fn count_bytes(self, record: &[u8]) -> usize {
        match self {
            Framing::Counted => memchr(b' ', record).map_or(0, |blank| blank + 1),
            Framing::Lines | Framing::Quoted { .. } | Framing::Starts(_) | Framing::Nul => 0,
        }
    }

    /// True if a record ends only where the next one begins.
    pub fn has_starts(self) -> bool {
        matches!(self, Framing::Starts(_))
    }

    /// Counts whole records; a quote in one longer than `limit_bytes` is given up.
    pub fn count(self, bytes: &[u8], limit_bytes: usize) -> usize {
        if self.is_plain(bytes) {
            return super::count_records(bytes);
        }
        let mut records = 0;
        RecordCursor::new(self, limit_bytes).each_end(bytes, true, |_, _| records += 1);
        records
    }
}

/// Finds the ends of records in growing bytes.
#[derive(Clone, Debug)]
pub struct RecordCursor {
    framing: Framing,
    /// A quote that stays open for more bytes of a record is given up.
    limit_bytes: usize,
    /// The start of the current record.
    start: usize,
    /// Everything before this offset is decided.
    at: usize,
    /// The offset of the open quote.
    quote: Option<usize>,
    /// The previous record had a quote that was given up.
    gave_up: bool,
    /// With [`Framing::Starts`]: `at` is within a line that does not begin a record.
    in_line: bool,
}

impl RecordCursor {
    /// Makes a cursor at the start of a record. A quote in a record longer than `limit_bytes` is given up.
    pub fn new(framing: Framing, limit_bytes: usize) -> Self {
        RecordCursor { framing, limit_bytes, start: 0, at: 0, quote: None, gave_up: false, in_line: false }
    }

    /// Adjusts offsets after `bytes` bytes before the current record were removed.
    pub fn shift(&mut self, bytes: usize) {
        self.start -= bytes;
        self.at -= bytes;
        self.quote = self.quote.map(|quote| quote - bytes);
    }

    /// Returns the end of the current record, after its terminator, if the bytes so far decide it, and moves to the
    /// next record. `ended`: no more bytes follow.
    pub fn next(&mut self, bytes: &[u8], ended: bool) -> Option<usize> {
        loop {
            if let Some(quote) = self.quote {
                if let Some(end) = self.within_quotes(quote, bytes, ended)? {
                    return Some(self.end(end));
                }
                continue;
            }
            let rest = &bytes[self.at..];
            let found = match self.framing {
                Framing::Lines => memchr(b'\n', rest),
                Framing::Nul => memchr(0, rest),
                Framing::Quoted { .. } => memchr2(b'\n', b'"', rest),
                Framing::Starts(start) => return self.before_start(start, bytes, ended),
                Framing::Counted => return self.after_count(bytes, ended),
            };
            let Some(found) = found.map(|found| self.at + found) else {
                self.at = bytes.len();
                return (ended && self.start < bytes.len()).then(|| self.end(bytes.len()));
            };
            self.at = found + 1;
            if bytes[found] == self.framing.terminator() {
                return Some(self.end(self.at));
            }
            if self.opens(bytes, found) {
                self.quote = Some(found);
            }
        }
    }

    /// Calls `see` with the end of every record that the bytes so far decide, and with whether a quote in it was given
    /// up. `ended`: no more bytes follow.
    #[inline]
    pub fn each_end(&mut self, bytes: &[u8], ended: bool, mut see: impl FnMut(usize, bool)) {
        loop {
            if let Framing::Quoted { separator } = self.framing {
                self.well_formed(bytes, separator, &mut see);
            }
            match self.next(bytes, ended) {
                Some(end) => see(end, self.gave_up),
                None => break,
            }
        }
    }

    /// Does the same for records up to the first one with a quote in an unexpected position, or that is incomplete or
    /// too long: an opening quote must follow a separator, a line end, or a quote (as the second of two). Until then, a
    /// byte is in quotes if the number of quotes up to it is odd, which is computed for 64 bytes at a time (Langdale
    /// and Lemire, Parsing Gigabytes of JSON per Second, 2019).
    #[inline]
    fn well_formed(&mut self, bytes: &[u8], separator: u8, see: &mut impl FnMut(usize, bool)) {
        let first = self.start;
        let mut in_quotes = 0u64; // all bits equal
        let mut may_open = 1u64; // the lowest bit: whether a quote may open at a block's first byte
        let mut last = [0; 64];
        let (blocks, rest) = bytes[first..].as_chunks::<64>();
        last[..rest.len()].copy_from_slice(rest);
        for (index, block) in blocks.iter().chain([&last]).enumerate() {
            let [quotes, newlines, separators] = masks(block, [b'"', b'\n', separator]);
            let inside = odd_up_to(quotes) ^ in_quotes;
            let may_open_here = ((quotes | newlines | separators) << 1) | may_open;
            let wrong = quotes & inside & !may_open_here;
            let mut ends = newlines & !inside;
            if wrong != 0 {
                ends &= (wrong & wrong.wrapping_neg()) - 1; // only what comes before it is well-formed
            }
            while ends != 0 {
                let end = first + index * 64 + ends.trailing_zeros() as usize + 1;
                if end - self.start > self.limit_bytes {
                    return;
                }
                see(self.end(end), false);
                ends &= ends - 1;
            }
            if wrong != 0 {
                return;
            }
            in_quotes = 0u64.wrapping_sub(inside >> 63);
            may_open = (quotes | newlines | separators) >> 63;
        }
    }

    /// Ends the current record here, whatever its bytes are.
    pub fn close(&mut self, end: usize) {
        self.end(end);
    }

    /// Moves after the last record that the bytes so far decide, and returns its end.
    pub fn last(&mut self, bytes: &[u8]) -> Option<usize> {
        if self.quote.is_none() && self.framing.is_plain(&bytes[self.at..]) {
            let newline = memrchr(b'\n', &bytes[self.at..]);
            let end = newline.map(|newline| self.end(self.at + newline + 1));
            self.at = bytes.len();
            return end;
        }
        let mut last = None;
        self.each_end(bytes, false, |end, _| last = Some(end));
        last
    }

    /// Ends the current record before the next line that begins a record, or at the end of the bytes.
    fn before_start(&mut self, start: &RecordStart, bytes: &[u8], ended: bool) -> Option<usize> {
        // The first line belongs to the record in any case.
        self.in_line |= self.at == self.start;
        if self.in_line
            && let Some(newline) = memchr(b'\n', &bytes[self.at..])
        {
            (self.at, self.in_line) = (self.at + newline + 1, false);
        }
        self.at = match self.in_line {
            true => bytes.len(),
            false => match start.find(bytes, self.at, self.limit_bytes, ended) {
                Search::Found(found) => return Some(self.end(found)),
                Search::Undecided(line) => line,
                Search::InLine => {
                    self.in_line = true;
                    bytes.len()
                }
            },
        };
        (ended && self.start < bytes.len()).then(|| self.end(bytes.len()))
    }

    /// Ends the current record by its count.
    fn after_count(&mut self, bytes: &[u8], ended: bool) -> Option<usize> {
        let record = &bytes[self.start..];
        let blank = memchr(b' ', record);
        let len = blank.and_then(|blank| std::str::from_utf8(&record[..blank]).ok()?.parse().ok());
        match (blank, len) {
            (Some(blank), Some(len)) if record.len() - blank > len => Some(self.end(self.start + blank + 1 + len)),
            _ => (ended && !record.is_empty()).then(|| self.end(bytes.len())),
        }
    }

    /// True if the quote is where a field begins.
    #[inline]
    fn opens(&self, bytes: &[u8], quote: usize) -> bool {
        match self.framing {
            Framing::Lines | Framing::Nul | Framing::Starts(_) | Framing::Counted => false,
            Framing::Quoted { separator } => quote == self.start || bytes[quote - 1] == separator,
        }
    }

    /// Continues after the closing quote, or returns the end of a record without one; `None` if more bytes are needed.
    fn within_quotes(&mut self, quote: usize, bytes: &[u8], ended: bool) -> Option<Option<usize>> {
        let reach = self.start.saturating_add(self.limit_bytes);
        let known = &bytes[..reach.min(bytes.len())];
        while let Some(found) = memchr(b'"', known.get(self.at..).unwrap_or_default()) {
            let found = self.at + found;
            match bytes.get(found + 1) {
                Some(b'"') => self.at = found + 2,
                None if !ended => {
                    self.at = found;
                    return None;
                }
                _ => {
                    self.at = found + 1;
                    self.quote = None;
                    return Some(None);
                }
            }
        }
        self.at = self.at.max(known.len());
        if !ended && bytes.len() < reach {
            return None;
        }
        let newline = memchr(b'\n', &bytes[quote..]).map(|newline| quote + newline + 1);
        newline.or(ended.then_some(bytes.len())).map(Some)
    }

    /// Begins the next record here.
    fn end(&mut self, end: usize) -> usize {
        self.gave_up = self.quote.is_some();
        (self.start, self.at, self.quote, self.in_line) = (end, end, None, false);
        end
    }
}

/// Returns a bit for each position of three bytes among 64.
#[inline(always)]
fn masks(block: &[u8; 64], sought: [u8; 3]) -> [u64; 3] {
    let mut masks = [0; 3];
    for (quarter, lane) in block.as_chunks::<16>().0.iter().enumerate() {
        let lane = u8x16::new(*lane);
        for (mask, byte) in masks.iter_mut().zip(sought) {
            let hits = lane.simd_eq(u8x16::splat(byte)).to_bitmask();
            *mask |= u64::from(hits) << (16 * quarter);
        }
    }
    masks
}

/// Returns for each bit whether the number of set bits up to and including it is odd.
#[inline(always)]
fn odd_up_to(mut bits: u64) -> u64 {
    for shift in [1, 2, 4, 8, 16, 32] {
        bits ^= bits << shift;
    }
    bits
}

#[cfg(test)]
mod tests;
