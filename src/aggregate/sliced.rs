//! A worker's share of a windowed stream: groups and states by slice.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::data::{Batch, LiveSlots};
use crate::expr::Failures;
use crate::window::Slice;

use super::aggregation::Aggregation;
use super::partial::{Partial, Run};

/// The groups of one worker, each slice by itself.
#[derive(Debug)]
pub struct Sliced {
    aggregation: Arc<Aggregation>,
    reads: LiveSlots,
    slices: BTreeMap<Slice, Partial>,
    /// Reused from batch to batch: rows in the order of their slices.
    order: Vec<u32>,
}

impl Sliced {
    /// A share of nothing.
    pub fn new(aggregation: Arc<Aggregation>) -> Self {
        let mut reads = LiveSlots::default();
        aggregation.reads(&mut reads);
        Sliced {
            aggregation,
            reads,
            slices: BTreeMap::new(),
            order: Vec::new(),
        }
    }

    /// Adds the records of a batch, each to its slice; how many positions in the stream that took.
    pub fn update(&mut self, batch: &Batch<'_>, slices: &[Slice], failures: &mut Failures) -> u64 {
        let Some(first) = slices.first() else {
            return 0;
        };
        if slices.iter().all(|slice| slice == first) {
            self.of(*first).update(batch, failures);
            return 1;
        }
        let mut order = std::mem::take(&mut self.order);
        order.clear();
        order.extend(0..batch.rows as u32);
        let is_ordered = self.aggregation.is_ordered();
        if !is_ordered {
            order.sort_by_key(|row| slices[*row as usize]);
        }
        let mut position = batch.position;
        let same = |left: &u32, right: &u32| slices[*left as usize] == slices[*right as usize];
        for rows in order.chunk_by(same) {
            let mut part = batch.pick(rows, &self.reads);
            part.position = position;
            self.of(slices[rows[0] as usize]).update(&part, failures);
            // Where the order of arrival matters, what comes later in the batch has a later position.
            position.0 += u64::from(is_ordered);
        }
        self.order = order;
        position.0 - batch.position.0 + u64::from(!is_ordered)
    }

    /// Hands over everything; nothing is left.
    pub fn take(&mut self) -> Vec<(Slice, Vec<Run>)> {
        std::mem::take(&mut self.slices)
            .into_iter()
            .map(|(slice, partial)| (slice, partial.into_runs()))
            .collect()
    }

    fn of(&mut self, slice: Slice) -> &mut Partial {
        self.slices
            .entry(slice)
            .or_insert_with(|| Partial::new(Arc::clone(&self.aggregation)))
    }
}
