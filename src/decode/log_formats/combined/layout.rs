//! The positions of the parts of a record.

use super::head::Head;
use crate::data::TextSpan;
use crate::decode::log_formats::walk::{request, unless_empty};

/// The positions of the parts of a record, from the start of the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct RecordLayout {
    pub(super) start: u32,
    /// The text between the brackets.
    pub(super) time: TextSpan,
    /// The quotes around request, referrer and agent. Only `combined` has the last two.
    pub(super) quotes: [u32; 6],
    pub(super) status: TextSpan,
    pub(super) size: TextSpan,
    /// The text after the fields of the format.
    pub(super) rest: TextSpan,
}

/// The length from the `[` of a time to the quote of the request: `[17/May/2015:10:05:03 +0000] "`.
pub(super) const TIME_BYTES: usize = 29;

impl RecordLayout {
    /// Returns the span of a field; null if it is `-` or `""`.
    #[inline(always)]
    pub(super) fn place(&self, field: usize, bytes: &[u8]) -> TextSpan {
        let quoted = |index: usize| (self.quotes[index] as usize + 1, self.quotes[index + 1] as usize);
        let place = |(start, end): (usize, usize)| unless_empty(bytes, TextSpan::new(start, end));
        match field {
            0..=2 | 9..=11 => {
                let (start, end) = (self.start as usize, self.time.start as usize - 1);
                Head::new(start, &bytes[start..end]).place(field)
            }
            3 => unless_empty(bytes, self.time),
            4..=6 => {
                let (start, end) = quoted(0);
                match (field, request(bytes, start, end)) {
                    (4, Some((blank, _))) => TextSpan::new(start, blank),
                    (5, Some((first, last))) => TextSpan::new(first + 1, last),
                    (6, Some((_, blank))) => TextSpan::new(blank + 1, end),
                    (5, None) => place((start, end)),
                    _ => TextSpan::NULL,
                }
            }
            7 => unless_empty(bytes, self.status),
            8 => unless_empty(bytes, self.size),
            12 => unless_empty(bytes, self.rest),
            13 => place(quoted(2)),
            _ => place(quoted(4)),
        }
    }
}
