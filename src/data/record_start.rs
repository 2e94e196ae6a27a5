//! Lines that begin a record: for stack traces and other records of several lines.

use std::fmt;

use memchr::memchr;
use regex::bytes::Regex;

use super::scan::trim_terminator;

/// Distinguishes first lines of records from continuation lines.
#[derive(Clone)]
pub struct RecordStart {
    regex: Regex,
}

impl RecordStart {
    /// Makes one that lives as long as the process, so that a framing stays a plain value that threads copy.
    pub fn of(regex: Regex) -> &'static RecordStart {
        Box::leak(Box::new(RecordStart { regex }))
    }

    /// True if a line, with or without its terminator, begins a record.
    pub fn begins(&self, line: &[u8]) -> bool {
        self.regex.is_match(trim_terminator(line))
    }

    /// Finds the first line that begins a record, from the start of a line. A line longer than `limit_bytes` is judged
    /// by its first `limit_bytes` bytes, whether the others have arrived or not. `ended`: no more bytes follow, and the
    /// last line is complete.
    pub(super) fn find(&self, bytes: &[u8], from: usize, limit_bytes: usize, ended: bool) -> Search {
        let mut start = from;
        while start < bytes.len() {
            let newline = memchr(b'\n', &bytes[start..]);
            let end = newline.map_or(bytes.len(), |newline| start + newline + 1);
            let is_known = newline.is_some() || ended;
            // One byte more than a record may have can still be the `\r` of its end.
            if !is_known && end - start <= limit_bytes.saturating_add(1) {
                return Search::Undecided(start);
            }
            let line = trim_terminator(&bytes[start..end]);
            if self.regex.is_match(&line[..line.len().min(limit_bytes)]) {
                return Search::Found(start);
            }
            if newline.is_none() {
                return Search::InLine;
            }
            start = end;
        }
        Search::Undecided(start)
    }
}

/// The result of looking for a line that begins a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Search {
    /// A record begins here.
    Found(usize),
    /// The line that begins here is incomplete; no line before it begins a record.
    Undecided(usize),
    /// No line begins a record, not even the last one, which is incomplete.
    InLine,
}

impl fmt::Debug for RecordStart {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "/{}/", self.regex)
    }
}

impl PartialEq for RecordStart {
    fn eq(&self, other: &Self) -> bool {
        self.regex.as_str() == other.regex.as_str()
    }
}

impl Eq for RecordStart {}
