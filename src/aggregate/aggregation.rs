//! What `count, sum(x) where c by y` was bound to.

use crate::data::{LiveSlots, Slot};
use crate::expr::Node;

use super::AggregateDef;
use super::accumulator::Accumulator;
use super::ranking::Ranking;

/// A list of aggregates with the keys they are grouped by.
#[derive(Debug)]
pub struct Aggregation {
    /// Empty without `by`: then there is one group, which is there even if no record is.
    pub keys: Vec<Key>,
    /// At least one.
    pub aggregates: Vec<BoundAggregate>,
    /// In which order the groups come.
    pub ranking: Ranking,
}

/// One key.
#[derive(Debug)]
pub struct Key {
    /// Its value.
    pub node: Node,
    /// Where the result holds it.
    pub slot: Slot,
}

/// One aggregate.
#[derive(Debug)]
pub struct BoundAggregate {
    /// The row of the table.
    pub def: &'static AggregateDef,
    /// What is aggregated; nothing for `count`.
    pub argument: Option<Node>,
    /// Which records count.
    pub condition: Option<Node>,
    /// Where the result holds it.
    pub slot: Slot,
}

impl Aggregation {
    /// Adds every slot that is read.
    pub fn reads(&self, slots: &mut LiveSlots) {
        self.keys.iter().for_each(|key| key.node.reads(slots));
        for aggregate in &self.aggregates {
            aggregate
                .argument
                .iter()
                .chain(&aggregate.condition)
                .for_each(|node| node.reads(slots));
        }
    }

    /// Whether the order of the records matters to the result.
    pub fn is_ordered(&self) -> bool {
        self.aggregates
            .iter()
            .any(|aggregate| aggregate.def.ordered)
    }

    /// An accumulator for each aggregate.
    pub(super) fn accumulators(&self) -> Vec<Box<dyn Accumulator>> {
        self.aggregates
            .iter()
            .map(|aggregate| (aggregate.def.accumulator)())
            .collect()
    }
}
