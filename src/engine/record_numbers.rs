//! Numbers the records of each source, for `@number`.

use std::collections::BTreeMap;

use crate::data::HeapBytes;
use crate::data::persist::{StateError, StateReader, Stateful};

use super::in_order::InOrder;
use super::message::SourceIndex;
use super::saved_maps::{load_map, save_map};

/// Counts the records of each source in stream order; shared by the workers.
#[derive(Debug)]
pub(super) struct RecordNumbers {
    /// Records of each source before the next chunk. Chunks of live sources are interleaved.
    before: InOrder<BTreeMap<SourceIndex, u64>>,
}

impl RecordNumbers {
    pub(super) fn new() -> RecordNumbers {
        RecordNumbers { before: InOrder::new(BTreeMap::new()) }
    }

    /// Sets the number of the first chunk.
    pub(super) fn begin_at(&mut self, sequence: u64) {
        self.before.begin_at(sequence);
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

/// The number of the first chunk is set by [`RecordNumbers::begin_at`], and not saved.
impl Stateful for RecordNumbers {
    fn save_state(&self, out: &mut Vec<u8>) {
        self.before.look(|before| save_map(before, out));
    }

    fn load_state(&mut self, input: &mut StateReader<'_>) -> Result<(), StateError> {
        *self.before.get_mut() = load_map(input)?;
        Ok(())
    }
}

impl HeapBytes for RecordNumbers {
    fn heap_bytes(&self) -> usize {
        self.before.look(HeapBytes::heap_bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::window::check_state::check_state;

    #[test]
    fn loaded_numbers_go_on_as_the_saved_ones() {
        let saved = RecordNumbers::new();
        let (a, b) = (SourceIndex(3), SourceIndex(300));
        saved.records_before(0, b, 5);
        saved.records_before(1, a, 7);
        let loaded = check_state(&saved, RecordNumbers::new, 0x40, |_| {});
        for (sequence, source) in [(0, a), (1, b), (2, SourceIndex(4))] {
            let expected = saved.records_before(sequence + 2, source, 1);
            assert_eq!(loaded.records_before(sequence, source, 1), expected);
        }
        assert_eq!(loaded.heap_bytes(), saved.heap_bytes());
    }

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
