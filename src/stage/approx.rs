//! `count by KEY approx N`: approximate counts of the most frequent keys, in N counters.
//!
//! Which key keeps a counter depends on the order of the records, so the coordinator counts in stream order and workers
//! only compute the keys: the result does not depend on threads, chunks or batches.

use super::{Memory, Operator, OrderedStage, RecordCounts};
use crate::data::persist::{StateError, StateReader, Stateful};
use crate::data::{Batch, Column, ColumnBuilder, HeapBytes, Position, Slot, SlotSet, Validity};
use crate::group::{SpaceSaving, with_key_values};

/// The bound stage.
#[derive(Clone, Debug)]
pub struct ApproxCount {
    /// The slots of the keys in records; at least one.
    pub keys: Vec<Slot>,
    /// The slots of the keys in result rows.
    pub key_slots: Vec<Slot>,
    /// The slots of the count and of its error.
    pub count: Slot,
    /// As `count`.
    pub error: Slot,
    /// The number of counters; at least one.
    pub counters: usize,
    /// Only the first `limit` rows are read.
    pub limit: Option<usize>,
}

impl ApproxCount {
    /// The largest number of counters; no machine has memory for more.
    pub const MOST_COUNTERS: usize = 1_000_000_000;
}

impl OrderedStage for ApproxCount {
    fn reads(&self, slots: &mut SlotSet) {
        self.keys.iter().for_each(|key| slots.insert(*key));
    }

    fn keys(&self) -> Vec<Slot> {
        self.keys.clone()
    }

    fn makes(&self) -> Vec<Slot> {
        self.key_slots.iter().copied().chain([self.count, self.error]).collect()
    }

    fn is_blocking(&self) -> bool {
        true
    }

    fn gives_records(&self) -> bool {
        false
    }

    fn merges_states(&self) -> bool {
        true
    }

    fn remember(&mut self, memory: &Memory) {
        if memory.exact {
            self.counters = usize::MAX;
        }
    }

    fn memory(&self) -> String {
        match self.counters {
            usize::MAX => "one counter per distinct key (--exact)".to_owned(),
            1 => "1 counter, whose count is approximate".to_owned(),
            counters => format!("{counters} counters, whose counts are approximate"),
        }
    }

    fn take_limit(&mut self, limit: usize) {
        self.limit = Some(limit);
    }

    fn reduce(&self, batch: &mut Batch<'_>, _live: &SlotSet, _counts: &mut RecordCounts) {
        batch.retain(&self.keys.iter().copied().collect());
    }

    fn operator(&self, _live: &SlotSet) -> Box<dyn Operator> {
        Box::new(ApproxOperator { counters: SpaceSaving::new(self.counters, self.keys.len()), stage: self.clone() })
    }
}

/// The counters so far.
struct ApproxOperator {
    stage: ApproxCount,
    counters: SpaceSaving,
}

/// Maximum rows per batch of the result.
const BATCH_ROWS: usize = 1 << 14;

impl ApproxOperator {
    /// The result rows of some counters.
    fn rows(&self, counters: &[u32], index: usize) -> Batch<'static> {
        let mut batch = Batch::new(counters.len(), Position(index as u64));
        let builder = |_: &Slot| ColumnBuilder::new(counters.len());
        let mut builders: Vec<ColumnBuilder> = self.stage.key_slots.iter().map(builder).collect();
        let mut short = [0; 16];
        for counter in counters {
            let (kind, bytes) = self.counters.keys().get(*counter as usize, &mut short);
            with_key_values(kind, bytes, &mut builders, |builder, value| builder.push(value));
        }
        for (slot, builder) in self.stage.key_slots.iter().zip(builders) {
            batch.set(*slot, builder.finish());
        }
        let ints = |of: &dyn Fn(u32) -> u64| {
            let values = counters.iter().map(|counter| i64::try_from(of(*counter)).unwrap_or(i64::MAX));
            Column::Int(values.collect(), Validity::ALL)
        };
        batch.set(self.stage.count, ints(&|counter| self.counters.count(counter)));
        batch.set(self.stage.error, ints(&|counter| self.counters.error(counter)));
        batch
    }
}

impl Operator for ApproxOperator {
    fn push(&mut self, batch: Batch<'static>, _out: &mut Vec<Batch<'static>>, _counts: &mut RecordCounts) {
        let keys: Vec<&Column<'_>> = self.stage.keys.iter().map(|key| batch.column(*key)).collect();
        self.counters.add(&keys, batch.rows);
    }

    fn finish(&mut self, out: &mut Vec<Batch<'static>>, _counts: &mut RecordCounts) {
        out.extend(self.snapshot());
    }

    fn snapshot(&self) -> Vec<Batch<'static>> {
        let counters = self.counters.largest(self.stage.limit.unwrap_or(usize::MAX));
        let batches = counters.chunks(BATCH_ROWS).enumerate();
        batches.map(|(index, counters)| self.rows(counters, index)).collect()
    }

    fn merge_state(&mut self, later: &mut StateReader<'_>) -> Result<(), StateError> {
        let mut counters = SpaceSaving::new(self.stage.counters, self.stage.keys.len());
        counters.load_state(later)?;
        self.counters.merge(counters);
        Ok(())
    }
}

impl Stateful for ApproxOperator {
    fn save_state(&self, out: &mut Vec<u8>) {
        self.counters.save_state(out);
    }

    fn load_state(&mut self, input: &mut StateReader<'_>) -> Result<(), StateError> {
        self.counters.load_state(input)
    }
}

impl HeapBytes for ApproxOperator {
    fn heap_bytes(&self) -> usize {
        self.counters.heap_bytes()
    }
}
