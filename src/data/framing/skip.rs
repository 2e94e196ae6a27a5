//! After a record that is too long: where the next one begins.

use memchr::memchr;

use super::{Framing, RecordCursor};
use crate::data::record_start::Search;
use crate::data::scan::trim_terminator;

/// Skips the rest of a record that is too long.
#[derive(Clone, Copy, Debug)]
pub struct Skip {
    framing: Framing,
    limit_bytes: usize,
    /// In the middle of a line; else at the start of one, which may begin the next record.
    in_line: bool,
}

/// What is to be done with bytes of which the first belong to a record that is skipped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Skipped {
    /// The next record begins after so many bytes.
    Until(usize),
    /// So many bytes are dropped; those after them tell once there are more.
    Dropped(usize),
}

impl Skip {
    /// Looks for the next record. `ended`: there are no more bytes.
    pub fn next(&mut self, bytes: &[u8], ended: bool) -> Skipped {
        let Framing::Starts(start) = self.framing else {
            return match memchr(self.framing.terminator(), bytes) {
                Some(end) => Skipped::Until(end + 1),
                None => Skipped::Dropped(bytes.len()),
            };
        };
        let mut first = 0;
        if self.in_line {
            let Some(newline) = memchr(b'\n', bytes) else {
                return Skipped::Dropped(bytes.len());
            };
            first = newline + 1;
        }
        let search = start.find(bytes, first, self.limit_bytes, ended);
        self.in_line = search == Search::InLine;
        match search {
            Search::Found(next) => Skipped::Until(next),
            Search::Undecided(line) => Skipped::Dropped(line),
            Search::InLine => Skipped::Dropped(bytes.len()),
        }
    }
}

impl RecordCursor {
    /// If the current record, which has no end yet, is sure to be too long: how to skip the rest of it, and from
    /// which byte on.
    pub fn skip(&self, bytes: &[u8]) -> Option<(Skip, usize)> {
        // Where the current line may begin the next record, only those before it are sure to belong to this one.
        let is_at_line = self.framing.has_starts() && !self.in_line && self.at > self.start;
        let end = if is_at_line { self.at } else { bytes.len() };
        let known = &bytes[self.start..end];
        let is_overlong = match known {
            [.., b'\n'] if is_at_line => trim_terminator(known).len() > self.limit_bytes,
            // One byte more than a record may have can still be the `\r` of its end.
            _ => known.len() > self.limit_bytes.saturating_add(1),
        };
        let skip = Skip { framing: self.framing, limit_bytes: self.limit_bytes, in_line: !is_at_line };
        is_overlong.then_some((skip, end))
    }
}
