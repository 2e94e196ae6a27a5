//! Where records end: at every newline, at those that stand outside of quotes, at every NUL, or in front of every
//! line that begins a record.
//!
//! A quote opens a quoted field only where a field begins, and closes it where no second quote follows. A quote
//! that is not closed within the longest record allowed is *given up*: it was probably no quote, so that the
//! record ends with the line in which it was opened, and the records behind it are not lost. All this depends on
//! the bytes from the record's first one on and on nothing else: wherever bytes are cut at a record's end, the
//! same records are found.

mod skip;

pub use skip::{Skip, Skipped};

use memchr::{memchr, memchr2, memrchr};
use wide::u8x16;

use super::record_start::{RecordStart, Search};
use super::scan::trim_terminator;

/// How bytes are parted into records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Framing {
    /// A record is a line.
    #[default]
    Lines,
    /// A newline in quotes belongs to the record, as RFC 4180 has it.
    Quoted {
        /// What stands between fields.
        separator: u8,
    },
    /// A record ends with a NUL byte: newlines are bytes like others.
    Nul,
    /// A record begins at a line that matches, and has all lines up to the next one that does.
    Starts(&'static RecordStart),
    /// A record has its length in bytes and a blank before it, as [`super::Regroup`] writes it.
    Counted,
}

/// What stands in front of the records of a source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Prologue {
    /// Nothing.
    #[default]
    Nothing,
    /// Perhaps a UTF-8 byte order mark.
    Mark,
    /// Perhaps a mark; the first record that reaches the stage that asks for it names the fields.
    Header,
    /// Perhaps a mark; lines anywhere among the records name the fields of those after them.
    Directives,
}

/// What an editor may have put in front of UTF-8.
pub const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

impl Framing {
    /// Calls `see` with the start and end of every record of some whole records, of which only the last may have
    /// a quote that is not closed. The end is behind the terminator, which the last one may lack.
    pub fn each_record(self, bytes: &[u8], mut see: impl FnMut(usize, usize)) {
        let mut start = 0;
        RecordCursor::new(self, usize::MAX).each_end(bytes, true, |end, _| {
            see(start, end);
            start = end;
        });
    }

    /// Whether the bytes are parted at newlines alone.
    #[inline]
    pub fn is_plain(self, bytes: &[u8]) -> bool {
        match self {
            Framing::Lines => true,
            Framing::Quoted { .. } => memchr(b'"', bytes).is_none(),
            Framing::Nul | Framing::Starts(_) | Framing::Counted => false,
        }
    }

    /// What stands behind a record.
    pub fn terminator(self) -> u8 {
        match self {
            Framing::Nul => 0,
            Framing::Lines | Framing::Quoted { .. } | Framing::Starts(_) | Framing::Counted => b'\n',
        }
    }

    /// A record without its terminator, and without its count.
    #[inline]
    pub fn trim(self, record: &[u8]) -> &[u8] {
        let record = &record[self.count_bytes(record)..];
        match self {
            Framing::Nul => record.strip_suffix(&[0]).unwrap_or(record),
            Framing::Lines | Framing::Quoted { .. } | Framing::Starts(_) | Framing::Counted => trim_terminator(record),
        }
    }

    /// How many bytes are before a record's text.
    #[inline]
    pub fn count_bytes(self, record: &[u8]) -> usize {
        match self {
            Framing::Counted => memchr(b' ', record).map_or(0, |blank| blank + 1),
            Framing::Lines | Framing::Quoted { .. } | Framing::Starts(_) | Framing::Nul => 0,
        }
    }

    /// Whether a record ends only where the next one begins.
    pub fn has_starts(self) -> bool {
        matches!(self, Framing::Starts(_))
    }

    /// How many records some whole records are, if in longer ones than `limit_bytes` no quote is closed.
    pub fn count(self, bytes: &[u8], limit_bytes: usize) -> usize {
        if self.is_plain(bytes) {
            return super::count_records(bytes);
        }
        let mut records = 0;
        RecordCursor::new(self, limit_bytes).each_end(bytes, true, |_, _| records += 1);
        records
    }
}

/// Finds the ends of records in bytes that grow.
#[derive(Clone, Debug)]
pub struct RecordCursor {
    framing: Framing,
    /// A quote that is open for more bytes of a record is given up.
    limit_bytes: usize,
    /// Where the current record begins.
    start: usize,
    /// Before this, everything is judged.
    at: usize,
    /// Where the open quote stands.
    quote: Option<usize>,
    /// The record before this one had a quote that was given up.
    gave_up: bool,
    /// Where only a line begins a record: `at` is in one that is judged, and begins none.
    in_line: bool,
}

impl RecordCursor {
    /// A cursor at the start of a record. In a longer record than `limit_bytes` no quote is closed.
    pub fn new(framing: Framing, limit_bytes: usize) -> Self {
        RecordCursor { framing, limit_bytes, start: 0, at: 0, quote: None, gave_up: false, in_line: false }
    }

    /// The bytes in front of the current record were taken away; so many.
    pub fn shift(&mut self, bytes: usize) {
        self.start -= bytes;
        self.at -= bytes;
        self.quote = self.quote.map(|quote| quote - bytes);
    }

    /// The end of the current record, behind its terminator, if the bytes so far tell; the cursor then stands at
    /// the next one. `ended`: there are no more bytes.
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

    /// Calls `see` with the end of every record of which the bytes so far tell where it ends, and whether a quote
    /// in it is given up. `ended`: there are no more bytes.
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

    /// The same for records up to the first one in which a quote stands elsewhere than where it should, or that
    /// is not whole or too long to tell: a quote that opens stands behind a separator, a line end or, being the
    /// second of two, a quote. As long as that is so, a byte is in quotes if the number of quotes up to it is odd,
    /// which is known for 64 bytes at a time (Langdale and Lemire, Parsing Gigabytes of JSON per Second, 2019).
    #[inline]
    fn well_formed(&mut self, bytes: &[u8], separator: u8, see: &mut impl FnMut(usize, bool)) {
        let first = self.start;
        let mut in_quotes = 0u64; // all bits alike
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
                ends &= (wrong & wrong.wrapping_neg()) - 1; // what stands before it is well-formed
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

    /// The current record ends here, whatever its bytes say: no more of it comes.
    pub fn close(&mut self, end: usize) {
        self.end(end);
    }

    /// The end of the last record of which the bytes so far tell where it ends; the cursor stands behind it.
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

    /// The current record ends where a line begins that matches, or with the bytes.
    fn before_start(&mut self, start: &RecordStart, bytes: &[u8], ended: bool) -> Option<usize> {
        // Whatever stands in the first line belongs to the record.
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

    /// The current record ends so many bytes after its count.
    fn after_count(&mut self, bytes: &[u8], ended: bool) -> Option<usize> {
        let record = &bytes[self.start..];
        let blank = memchr(b' ', record);
        let len = blank.and_then(|blank| std::str::from_utf8(&record[..blank]).ok()?.parse().ok());
        match (blank, len) {
            (Some(blank), Some(len)) if record.len() - blank > len => Some(self.end(self.start + blank + 1 + len)),
            _ => (ended && !record.is_empty()).then(|| self.end(bytes.len())),
        }
    }

    /// Whether a quote stands where a field begins.
    #[inline]
    fn opens(&self, bytes: &[u8], quote: usize) -> bool {
        match self.framing {
            Framing::Lines | Framing::Nul | Framing::Starts(_) | Framing::Counted => false,
            Framing::Quoted { separator } => quote == self.start || bytes[quote - 1] == separator,
        }
    }

    /// Goes on behind the quote that closes, or tells where the record ends for want of one; nothing if more
    /// bytes must tell.
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

    /// The next record begins here.
    fn end(&mut self, end: usize) -> usize {
        self.gave_up = self.quote.is_some();
        (self.start, self.at, self.quote, self.in_line) = (end, end, None, false);
        end
    }
}

/// Where three bytes stand among 64: a bit for each place.
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

/// For each bit, whether an odd number of bits is set up to it and with it.
#[inline(always)]
fn odd_up_to(mut bits: u64) -> u64 {
    for shift in [1, 2, 4, 8, 16, 32] {
        bits ^= bits << shift;
    }
    bits
}

#[cfg(test)]
mod tests;
