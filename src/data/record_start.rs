//! The lines that begin a record: for stack traces and whatever else has several lines.

use std::fmt;

use memchr::memchr;
use regex::bytes::Regex;

use super::scan::trim_terminator;

/// Tells the first lines of records from those that go on.
#[derive(Clone)]
pub struct RecordStart {
    regex: Regex,
}

impl RecordStart {
    /// One that lives as long as the process, as the framing of its input does: so a framing stays a plain
    /// value that threads copy.
    pub fn of(regex: Regex) -> &'static RecordStart {
        Box::leak(Box::new(RecordStart { regex }))
    }

    /// Whether a line, with its end or without, begins a record.
    pub fn begins(&self, line: &[u8]) -> bool {
        self.regex.is_match(trim_terminator(line))
    }

    /// Where the first line begins, from the start of a line on, that begins a record; else where the first
    /// line begins that has no end yet. `ended`: there are no more bytes, the last line is whole.
    pub(super) fn find(&self, bytes: &[u8], from: usize, ended: bool) -> Result<usize, usize> {
        let mut start = from;
        while start < bytes.len() {
            let newline = memchr(b'\n', &bytes[start..]);
            let end = match newline {
                Some(newline) => start + newline + 1,
                None if ended => bytes.len(),
                None => return Err(start),
            };
            if self.begins(&bytes[start..end]) {
                return Ok(start);
            }
            start = end;
        }
        Err(start)
    }
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
