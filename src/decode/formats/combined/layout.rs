//! Where the parts of a record stand.

use crate::data::Span;
use crate::decode::formats::walk::{request, unless_dash};

/// Where the parts of a record stand, from the start of the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    pub(super) start: usize,
    /// The `[` in front of the time.
    pub(super) bracket: usize,
    /// The quotes around request, referrer and agent. Of the last two, only `combined` has any.
    pub(super) quotes: [usize; 6],
    /// The blank behind the status.
    pub(super) blank: usize,
    /// Behind the bytes.
    pub(super) bytes_end: usize,
}

/// From the `[` of a time to the quote of the request: `[17/May/2015:10:05:03 +0000] "`.
pub(super) const TIME_BYTES: usize = 29;

impl Layout {
    /// Where a field stands.
    #[inline(always)]
    pub(super) fn place(&self, field: usize, bytes: &[u8]) -> Span {
        let [open, close, referrer, referrer_end, agent, agent_end] = self.quotes;
        match field {
            0..=2 => {
                let names = &bytes[self.start..self.bracket - 1];
                let blank = |from: usize| {
                    names[from..]
                        .iter()
                        .position(|byte| *byte == b' ')
                        .map_or(names.len(), |at| from + at)
                };
                let ip_end = blank(0);
                if field == 0 {
                    return Span::new(self.start, self.start + ip_end);
                }
                let ident_end = blank(ip_end + 1);
                if field == 1 {
                    return Span::new(self.start + ip_end + 1, self.start + ident_end);
                }
                Span::new(self.start + ident_end + 1, self.bracket - 1)
            }
            3 => Span::new(self.bracket + 1, open - 2),
            4..=6 => match (field, request(bytes, open + 1, close)) {
                (4, Some((blank, _))) => Span::new(open + 1, blank),
                (5, Some((first, last))) => Span::new(first + 1, last),
                (6, Some((_, blank))) => Span::new(blank + 1, close),
                (5, None) => Span::new(open + 1, close),
                _ => Span::NULL,
            },
            7 => unless_dash(bytes, Span::new(close + 2, self.blank)),
            8 => unless_dash(bytes, Span::new(self.blank + 1, self.bytes_end)),
            9 => Span::new(referrer + 1, referrer_end),
            _ => Span::new(agent + 1, agent_end),
        }
    }
}
