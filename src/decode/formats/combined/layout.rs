//! Where the parts of a record are.

use super::head::Head;
use crate::data::Span;
use crate::decode::formats::walk::{request, unless_empty};

/// Where the parts of a record are, from the start of the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    pub(super) start: usize,
    /// The `[` before the time, and the `]` after it.
    pub(super) time: (usize, usize),
    /// The quotes around request, referrer and agent. Only `combined` has the last two.
    pub(super) quotes: [usize; 6],
    pub(super) status: (usize, usize),
    pub(super) size: (usize, usize),
    /// Everything after the fields of the format.
    pub(super) rest: (usize, usize),
}

/// From the `[` of a time to the quote of the request: `[17/May/2015:10:05:03 +0000] "`.
pub(super) const TIME_BYTES: usize = 29;

impl Layout {
    /// Where a field is; null if the record has a `-` or `""` there.
    #[inline(always)]
    pub(super) fn place(&self, field: usize, bytes: &[u8]) -> Span {
        let [open, close, referrer, referrer_end, agent, agent_end] = self.quotes;
        let place = |(start, end): (usize, usize)| unless_empty(bytes, Span::new(start, end));
        match field {
            0..=2 | 9..=11 => Head::new(self.start, &bytes[self.start..self.time.0]).place(field),
            3 => place((self.time.0 + 1, self.time.1)),
            4..=6 => match (field, request(bytes, open + 1, close)) {
                (4, Some((blank, _))) => Span::new(open + 1, blank),
                (5, Some((first, last))) => Span::new(first + 1, last),
                (6, Some((_, blank))) => Span::new(blank + 1, close),
                (5, None) => place((open + 1, close)),
                _ => Span::NULL,
            },
            7 => place(self.status),
            8 => place(self.size),
            12 => place(self.rest),
            13 => place((referrer + 1, referrer_end)),
            _ => place((agent + 1, agent_end)),
        }
    }
}
