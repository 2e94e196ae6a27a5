//! Finds the next record after one that is too long.

use memchr::memchr;

use super::{Framing, RecordCursor};
use crate::data::record_start::Search;
use crate::data::scan::trim_terminator;

/// Skips the rest of a record that is too long.
#[derive(Clone, Copy, Debug)]
pub struct Skip {
    framing: Framing,
    limit_bytes: usize,
    /// In the middle of a line; otherwise at the start of a line, which may begin the next record.
    in_line: bool,
}

/// The result of skipping within some bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Skipped {
    /// The next record begins at this offset.
    Until(usize),
    /// This many bytes are dropped; the bytes after them are decided when more arrive.
    Dropped(usize),
}

impl Skip {
    /// Skips the rest of a record of which the beginning was skipped before. `in_line`: see [`Skip::is_in_line`].
    pub fn rest(framing: Framing, limit_bytes: usize, in_line: bool) -> Skip {
        Skip { framing, limit_bytes, in_line }
    }

    /// True in the middle of a line; otherwise the next line may begin the next record.
    pub fn is_in_line(&self) -> bool {
        self.in_line
    }

    /// Looks for the next record. `ended`: no more bytes follow.
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
    /// If the current, incomplete record is certain to be too long, returns how to skip the rest of it, and from which
    /// offset.
    pub fn skip(&self, bytes: &[u8]) -> Option<(Skip, usize)> {
        // If the current line may begin the next record, only the lines before it certainly belong to this one.
        let is_at_line = self.framing.has_starts() && !self.in_line && self.at > self.start;
        let end = if is_at_line { self.at } else { bytes.len() };
        let known = &bytes[self.start..end];
        let is_overlong = match known {
            [.., b'\n'] if is_at_line => trim_terminator(known).len() > self.limit_bytes,
            // One more byte than a record may have can still be the `\r` of its terminator.
            _ => known.len() > self.limit_bytes.saturating_add(1),
        };
        let skip = Skip { framing: self.framing, limit_bytes: self.limit_bytes, in_line: !is_at_line };
        is_overlong.then_some((skip, end))
    }
}
