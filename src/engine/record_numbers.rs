//! How many records came before a chunk: for `@number`, which counts through all of a source.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Condvar, Mutex, PoisonError};

use super::message::SourceIndex;

/// Counts in the order of chunks, whoever reads them.
#[derive(Debug, Default)]
pub(super) struct RecordNumbers {
    state: Mutex<NumberState>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct NumberState {
    /// The first chunk whose count is not known.
    next: u64,
    /// Records of each source before chunk `next`. Chunks of live sources are interleaved.
    before: HashMap<SourceIndex, u64>,
    /// What is known of chunks behind `next`.
    early: BTreeMap<u64, (SourceIndex, Count)>,
    /// What stood before chunks that are known but not asked for yet.
    known: BTreeMap<u64, u64>,
}

/// What a chunk is to its source.
#[derive(Clone, Copy, Debug)]
enum Count {
    /// So many more records, which wait for those before them.
    Records(u64),
    /// A mark: nobody waits.
    Nothing,
    /// A mark: it has ended.
    Ended,
}

impl RecordNumbers {
    /// Says how many records a chunk has, and waits until those before it are known: the number of records
    /// of its source that came before. Chunks are handed out in order, so the ones before are being counted.
    pub(super) fn records_before(&self, sequence: u64, source: SourceIndex, records: u64) -> u64 {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.enter(sequence, source, Count::Records(records));
        self.changed.notify_all();
        loop {
            if let Some(before) = state.known.remove(&sequence) {
                return before;
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Passes over a chunk without records. `ended`: its source has no more, and is forgotten.
    pub(super) fn pass(&self, sequence: u64, source: SourceIndex, ended: bool) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let count = if ended { Count::Ended } else { Count::Nothing };
        state.enter(sequence, source, count);
        self.changed.notify_all();
    }
}

impl NumberState {
    fn enter(&mut self, sequence: u64, source: SourceIndex, count: Count) {
        self.early.insert(sequence, (source, count));
        while let Some((source, count)) = self.early.remove(&self.next) {
            match count {
                Count::Records(records) => {
                    let before = self.before.entry(source).or_default();
                    self.known.insert(self.next, *before);
                    *before += records;
                }
                Count::Nothing => {}
                Count::Ended => {
                    self.before.remove(&source);
                }
            }
            self.next += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interleaved_sources_count_on_their_own_and_marks_are_passed_over() {
        let board = RecordNumbers::default();
        let (a, b) = (SourceIndex(0), SourceIndex(7));
        board.pass(2, b, false);
        assert_eq!(board.records_before(0, a, 3), 0);
        assert_eq!(board.records_before(1, b, 5), 0);
        assert_eq!(board.records_before(3, a, 1), 3);
        assert_eq!(board.records_before(4, b, 1), 5);
        board.pass(5, a, true);
        assert_eq!(board.records_before(6, a, 1), 0, "it was forgotten");
    }
}
