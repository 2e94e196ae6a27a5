//! Numbers the records of each source, for `@number`.

use std::collections::HashMap;

use super::in_order::InOrder;
use super::message::SourceIndex;

/// Counts the records of each source in stream order; shared by the workers.
#[derive(Debug)]
pub(super) struct RecordNumbers {
    /// Records of each source before the next chunk. Chunks of live sources are interleaved.
    before: InOrder<HashMap<SourceIndex, u64>>,
}

impl RecordNumbers {
    pub(super) fn new() -> RecordNumbers {
        RecordNumbers { before: InOrder::new(HashMap::new()) }
    }

    /// Adds the records of a chunk. Returns the number of records of its source in earlier chunks, for which it waits.
    pub(super) fn records_before(&self, sequence: u64, source: SourceIndex, records: u64) -> u64 {
        self.before.take(sequence, |before| {
            let count = before.entry(source).or_default();
            let before = *count;
            *count += records;
            before
        })
    }

    /// Skips a chunk without records. `ended`: its source has no more, and its count is removed.
    pub(super) fn skip(&self, sequence: u64, source: SourceIndex, ended: bool) {
        self.before.take(sequence, |before| {
            if ended {
                before.remove(&source);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interleaved_sources_are_counted_separately() {
        let numbers = RecordNumbers::new();
        let (a, b) = (SourceIndex(0), SourceIndex(7));
        assert_eq!(numbers.records_before(0, a, 3), 0);
        assert_eq!(numbers.records_before(1, b, 5), 0);
        numbers.skip(2, b, false);
        assert_eq!(numbers.records_before(3, a, 1), 3);
        assert_eq!(numbers.records_before(4, b, 1), 5);
        numbers.skip(5, a, true);
        assert_eq!(numbers.records_before(6, a, 1), 0, "the count was removed");
    }

    #[test]
    fn a_later_chunk_waits_for_the_earlier_ones() {
        let numbers = RecordNumbers::new();
        let a = SourceIndex(0);
        std::thread::scope(|scope| {
            let second = scope.spawn(|| numbers.records_before(1, a, 1));
            assert_eq!(numbers.records_before(0, a, 2), 0);
            assert_eq!(second.join().expect("no panic"), 2);
        });
    }
}
