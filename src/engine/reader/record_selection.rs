//! Which records of a source are handed out: with `--tail` the last ones, also where only reading all of it tells
//! which they are.

use crate::data::{Framing, RecordCursor};
use crate::engine::arrivals::Arrivals;
use crate::engine::message::Content;

/// Which records of a source are handed out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RecordSelection {
    All,
    /// None; they are counted.
    Counted(u64),
    /// Those after so many.
    After(u64),
}

impl RecordSelection {
    /// What is handed out of some records.
    pub(super) fn pass(
        &mut self,
        content: Content,
        arrivals: &mut Arrivals,
        framing: Framing,
        limit_bytes: usize,
    ) -> Option<Content> {
        let records = match &content {
            Content::Buffer(bytes, len) => framing.count(&bytes[..*len], limit_bytes) as u64,
            Content::Rejected(rejected) => rejected.len() as u64,
            Content::Overlong => 1,
            Content::Range(_) | Content::Punctuation(_) => return Some(content),
        };
        let unwanted = match self {
            RecordSelection::All | RecordSelection::After(0) => return Some(content),
            RecordSelection::Counted(count) => {
                *count += records;
                return None;
            }
            RecordSelection::After(unwanted) if *unwanted >= records => {
                *unwanted -= records;
                return None;
            }
            RecordSelection::After(unwanted) => std::mem::take(unwanted),
        };
        Some(match content {
            Content::Buffer(mut bytes, len) => {
                let (mut record, mut start) = (0, 0);
                RecordCursor::new(framing, limit_bytes).each_end(&bytes[..len], true, |end, _| {
                    record += 1;
                    if record == unwanted {
                        start = end;
                    }
                });
                bytes.drain(..start);
                arrivals.drop_front(start);
                Content::Buffer(bytes, len - start)
            }
            Content::Rejected(mut rejected) => {
                rejected.drain(..unwanted as usize);
                Content::Rejected(rejected)
            }
            content => content,
        })
    }
}
