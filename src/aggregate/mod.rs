//! AGGREGATES: what `count, sum(x) by y` can compute. One file an aggregate, one line in the table.
//!
//! Around them: the table that turns keys into group numbers (`group_table`), what a worker keeps of its
//! share of the stream (`partial`), how the shares become one (`merged`), and in which order groups are
//! printed (`ranking`).

mod accumulator;
mod aggregation;
mod avg;
mod count;
mod exact_sum;
mod first;
mod group_table;
mod last;
mod max;
mod merged;
mod min;
mod partial;
mod ranking;
mod sum;

pub use accumulator::{Accumulator, Groups};
pub use aggregation::{Aggregation, BoundAggregate, Key};
pub use merged::{Executor, Merged};
pub use partial::{Partial, Run};
pub use ranking::Ranking;

use crate::data::Entry;

/// Every aggregate, by name.
pub const AGGREGATES: &[&AggregateDef] = &[
    &avg::AVG,
    &count::COUNT,
    &first::FIRST,
    &last::LAST,
    &max::MAX,
    &min::MIN,
    &sum::SUM,
];

/// An aggregate and what the manual says of it.
#[derive(Debug)]
pub struct AggregateDef {
    /// Name, usage, summary, examples.
    pub entry: Entry,
    /// What it takes.
    pub argument: ArgumentKind,
    /// Whether the order of the records matters to the result.
    pub ordered: bool,
    /// Makes the states, of no group yet.
    pub accumulator: fn() -> Box<dyn Accumulator>,
}

/// What an aggregate takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArgumentKind {
    /// Nothing, or a condition: `count`, `count(COND)`.
    OptionalCondition,
    /// One expression.
    Value,
}

/// The aggregate of this name.
pub fn find(name: &str) -> Option<&'static AggregateDef> {
    AGGREGATES
        .iter()
        .copied()
        .find(|def| def.entry.name == name)
}
