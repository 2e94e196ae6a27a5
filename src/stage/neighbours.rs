//! Records that are kept because of their neighbours in the same source: `between /A/ and /B/`, `match … context N`.
//!
//! Workers search the texts; the coordinator sees the records in order and decides which of them pass.

use std::collections::{BTreeMap, VecDeque};

use super::saved_batches::{load_batches, save_batches};
use super::{Operator, OrderedStage, RecordCounts, RowStage};
use crate::data::persist::{Persist, StateError, StateReader, Stateful};
use crate::data::{Batch, Column, HeapBytes, Slot, SlotSet, Validity, ValueRef, write_text};
use crate::expr::{BoundExpr, Pattern, Scope};

/// Which records are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WantedRecords {
    /// From a match of the first pattern to the next one of the second.
    Block,
    /// Matches of any pattern, with records around each.
    Context {
        /// Records before a match.
        before: usize,
        /// Records after a match.
        after: usize,
    },
}

/// Marks each record with the patterns that its text matches: bit n for the n-th.
pub(super) struct SearchedText {
    pub(super) of: BoundExpr,
    pub(super) patterns: Vec<Pattern>,
    pub(super) marks: Slot,
}

impl RowStage for SearchedText {
    fn reads(&self, slots: &mut SlotSet) {
        self.of.reads(slots);
    }

    fn makes(&self) -> Vec<Slot> {
        vec![self.marks]
    }

    fn only_makes(&self) -> bool {
        true
    }

    fn apply(&self, batch: &mut Batch<'_>, live: &SlotSet, counts: &mut RecordCounts) {
        let values = self.of.eval_all(batch, &mut counts.failures);
        let mut marks = vec![0i64; batch.rows];
        for (index, pattern) in self.patterns.iter().enumerate() {
            let bit = 1i64 << index.min(1); // of more than two patterns, all but the first have one bit
            for (mark, found) in marks.iter_mut().zip(crate::expr::matches(&values, pattern)) {
                *mark |= if found { bit } else { 0 };
            }
        }
        drop(values);
        batch.retain(live);
        batch.set(self.marks, Column::Int(marks, Validity::ALL));
    }
}

/// Passes records by their marks.
pub(super) struct Neighbours {
    name: &'static str,
    marks: Slot,
    /// The slot that tells the sources apart; rows of a result have none.
    source: Option<Slot>,
    wanted: WantedRecords,
}

impl Neighbours {
    pub(super) fn new(name: &'static str, marks: Slot, wanted: WantedRecords, scope: &Scope) -> Neighbours {
        Neighbours { name, marks, source: scope.find("@source"), wanted }
    }
}

impl OrderedStage for Neighbours {
    fn reads(&self, slots: &mut SlotSet) {
        slots.insert(self.marks);
        self.source.into_iter().for_each(|source| slots.insert(source));
    }

    fn is_blocking(&self) -> bool {
        false
    }

    fn memory(&self) -> String {
        match self.wanted {
            WantedRecords::Context { before, .. } if before > 0 => format!("the last {before} records of each source"),
            _ => format!("whether the records of each source pass ({})", self.name),
        }
    }

    fn reduce(&self, batch: &mut Batch<'_>, live: &SlotSet, _counts: &mut RecordCounts) {
        let mut needed = live.clone();
        self.reads(&mut needed);
        batch.retain(&needed);
    }

    fn operator(&self, live: &SlotSet) -> Box<dyn Operator> {
        Box::new(NeighboursOperator {
            marks: self.marks,
            source: self.source,
            wanted: self.wanted,
            live: live.clone(),
            sources: BTreeMap::new(),
        })
    }
}

/// The state of each source, by its name.
struct NeighboursOperator {
    marks: Slot,
    source: Option<Slot>,
    wanted: WantedRecords,
    live: SlotSet,
    sources: BTreeMap<Vec<u8>, SourceRecords>,
}

/// The state of a source.
#[derive(Default)]
struct SourceRecords {
    /// A block is open.
    is_open: bool,
    /// The number of records after the last match that still pass.
    passing: usize,
    /// Records before the next match, each a batch of one row.
    waiting: VecDeque<Batch<'static>>,
    /// The same in the batch that is being processed.
    rows: VecDeque<u32>,
}

impl SourceRecords {
    /// True if a record with these marks passes.
    fn passes(&mut self, marks: i64, wanted: WantedRecords) -> bool {
        match wanted {
            WantedRecords::Block => {
                let is_in = self.is_open || marks & 1 != 0;
                self.is_open = is_in && marks & 2 == 0;
                is_in
            }
            WantedRecords::Context { after, .. } => {
                let is_match = marks != 0;
                let passes = is_match || self.passing > 0;
                self.passing = if is_match { after } else { self.passing.saturating_sub(1) };
                passes
            }
        }
    }

    /// Lets a record wait for a match; returns true if one that waited is dropped.
    fn wait(&mut self, row: u32, most: usize) -> bool {
        self.rows.push_back(row);
        let is_over = self.waiting.len() + self.rows.len() > most;
        if is_over && self.waiting.pop_front().is_none() {
            self.rows.pop_front();
        }
        is_over
    }
}

impl NeighboursOperator {
    /// The source of each row; the same for all if there is none.
    fn source_of(&self, batch: &Batch<'_>, row: usize, name: &mut Vec<u8>) {
        name.clear();
        if let Some(source) = self.source {
            write_text(batch.column(source).get(row), name);
        }
    }
}

impl Operator for NeighboursOperator {
    fn push(&mut self, mut batch: Batch<'static>, out: &mut Vec<Batch<'static>>, counts: &mut RecordCounts) {
        let most = match self.wanted {
            WantedRecords::Block => 0,
            WantedRecords::Context { before, .. } => before,
        };
        let mut passing: Vec<u32> = Vec::with_capacity(batch.rows);
        let (mut name, mut filtered) = (Vec::new(), 0);
        for row in 0..batch.rows {
            if row == 0 || self.source.is_some_and(|source| !matches!(batch.column(source), Column::Constant(..))) {
                self.source_of(&batch, row, &mut name);
            }
            if !self.sources.contains_key(&name) {
                self.sources.insert(name.clone(), SourceRecords::default());
            }
            let Some(source) = self.sources.get_mut(&name) else {
                continue; // it was added above
            };
            let marks = match batch.column(self.marks).get(row) {
                ValueRef::Int(marks) => marks,
                _ => 0,
            };
            if !source.passes(marks, self.wanted) {
                filtered += usize::from(source.wait(row as u32, most));
                continue;
            }
            if !source.waiting.is_empty() {
                if !passing.is_empty() {
                    out.push(batch.select(&passing, &self.live));
                    passing.clear();
                }
                out.extend(source.waiting.drain(..));
            }
            passing.extend(source.rows.drain(..));
            passing.push(row as u32);
        }
        counts.filter(filtered);
        for source in self.sources.values_mut().filter(|source| !source.rows.is_empty()) {
            let rows = source.rows.drain(..);
            source.waiting.extend(rows.map(|row| batch.select(&[row], &self.live)));
        }
        if passing.len() == batch.rows {
            batch.retain(&self.live);
            out.push(batch);
        } else if !passing.is_empty() {
            out.push(batch.select(&passing, &self.live));
        }
    }

    fn finish(&mut self, _out: &mut Vec<Batch<'static>>, counts: &mut RecordCounts) {
        for source in self.sources.values_mut() {
            counts.filter(source.waiting.len());
            source.waiting.clear();
        }
    }
}

impl Stateful for NeighboursOperator {
    fn save_state(&self, out: &mut Vec<u8>) {
        (self.sources.len() as u64).save(out);
        for (name, source) in &self.sources {
            name.save(out);
            source.is_open.save(out);
            (source.passing as u64).save(out);
            save_batches(source.waiting.iter(), out);
        }
    }

    fn load_state(&mut self, input: &mut StateReader<'_>) -> Result<(), StateError> {
        let live: Vec<Slot> = self.live.iter().collect();
        self.sources.clear();
        for _ in 0..input.length(1)? {
            let name: Vec<u8> = Vec::load(input)?;
            let is_open = bool::load(input)?;
            let passing = usize::try_from(u64::load(input)?).map_err(|_| StateError::Damaged)?;
            let waiting: VecDeque<Batch<'static>> = load_batches(&live, input)?.into();
            if waiting.iter().any(|batch| batch.rows != 1) {
                return Err(StateError::Damaged);
            }
            self.sources.insert(name, SourceRecords { is_open, passing, waiting, rows: VecDeque::new() });
        }
        Ok(())
    }
}

impl HeapBytes for SourceRecords {
    fn heap_bytes(&self) -> usize {
        self.waiting.heap_bytes() + self.rows.heap_bytes()
    }
}

impl HeapBytes for NeighboursOperator {
    fn heap_bytes(&self) -> usize {
        self.sources.heap_bytes()
    }
}
