//! Selection of the records to dispatch: with `--tail`, the last ones. If the last records can only be found by reading
//! the whole source, they are counted first.

use crate::data::{Framing, RecordCursor};
use crate::engine::arrivals::Arrivals;
use crate::engine::message::Content;

/// The records of a source that are dispatched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RecordSelection {
    All,
    /// No records are dispatched; they are counted.
    Counted(u64),
    /// The number of records to skip.
    After(u64),
}

impl RecordSelection {
    /// Returns the selected part of some records; `None` if it is empty.
    pub(super) fn pass(
        &mut self,
        content: Content,
        arrivals: &mut Arrivals,
        framing: Framing,
        limit_bytes: usize,
    ) -> Option<Content> {
        let records = records_in(&content, framing, limit_bytes);
        let unwanted = match self {
            _ if records == 0 => return Some(content),
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

/// Counts the records of a chunk that was read by the reader itself.
pub(super) fn records_in(content: &Content, framing: Framing, limit_bytes: usize) -> u64 {
    match content {
        Content::Buffer(bytes, len) => framing.count(&bytes[..*len], limit_bytes) as u64,
        Content::Rejected(rejected) => rejected.len() as u64,
        Content::Messages(messages) => messages.records,
        Content::Overlong => 1,
        Content::Range(_) | Content::Punctuation(_) => 0,
    }
}
