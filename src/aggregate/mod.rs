//! AGGREGATES: what `count, sum(x) by y` can compute. One file an aggregate, one line in the table.
//!
//! Around them: what a worker keeps of its
//! share of the stream (`partial`), how the shares become one (`merged`), in which order groups are
//! printed (`ranking`) and as which rows (`result_rows`), and what several aggregates compute with: moments without rounding
//! (`moments`), counted values (`quantile`, `log_histogram`), sets of values (`fingerprint`).

mod accumulator;
mod added;
mod aggregation;
mod all;
mod any;
mod avg;
mod collect;
mod corr;
mod count;
mod count_distinct;
mod counts;
mod delta;
mod ewma;
mod fingerprint;
mod first;
mod histogram;
mod last;
mod linreg;
mod log_histogram;
mod max;
mod median;
mod merged;
mod min;
mod mode;
mod moments;
mod partial;
mod percentile;
mod prev;
mod quantile;
mod ranking;
mod rate;
mod result_rows;
mod running;
mod seen_keys;
mod session_groups;
mod slice_groups;
mod sliced_partial;
mod sliding;
mod stddev;
mod sum;
mod variance;
mod windowed_groups;

pub use accumulator::{Accumulator, AggregateSettings, Finish, RowGroups};
pub use aggregation::{Aggregation, BoundAggregate, GroupKey};
pub use merged::{Executor, Merged};
pub use partial::{GroupRun, Partial};
pub use ranking::Ranking;
pub use running::{RunningAggregate, RunningAggregation, RunningStates};
pub use seen_keys::SeenKeys;
pub(crate) use session_groups::sessions_in_order;
pub use session_groups::{SessionGroups, SessionRows};
pub use sliced_partial::{SliceRuns, SlicedPartial};
pub use windowed_groups::WindowedGroups;

use crate::data::Entry;

/// Every aggregate, by name.
pub const AGGREGATES: &[&AggregateDef] = &[
    &all::ALL,
    &any::ANY,
    &avg::AVG,
    &collect::COLLECT,
    &corr::CORR,
    &count::COUNT,
    &count_distinct::COUNT_DISTINCT,
    &delta::DELTA,
    &ewma::EWMA,
    &first::FIRST,
    &histogram::HISTOGRAM,
    &last::LAST,
    &linreg::LINREG,
    &max::MAX,
    &median::MEDIAN,
    &min::MIN,
    &mode::MODE,
    &quantile::P50,
    &percentile::PERCENTILE,
    &prev::PREV,
    &rate::RATE,
    &stddev::STDDEV,
    &sum::SUM,
    &variance::VARIANCE,
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
    /// The names of its columns, if there are several.
    pub columns: Option<ColumnNames>,
    /// Aggregates with the same word here keep the same states of the same values.
    pub shares_states: Option<&'static str>,
    /// Whether it looks back from record to record, so that only `running` has it.
    pub running_only: bool,
    /// Makes the states, of no group yet.
    pub accumulator: fn(&AggregateSettings) -> Box<dyn Accumulator>,
}

/// The names of an aggregate's columns, from the names of its arguments.
pub type ColumnNames = fn(&[String]) -> Vec<String>;

/// What an aggregate takes.
#[derive(Clone, Copy, Debug)]
pub enum ArgumentKind {
    /// Nothing: `rate`.
    Nothing,
    /// Nothing, or a condition: `count`, `count(COND)`.
    OptionalCondition,
    /// A condition.
    Condition,
    /// One expression.
    Value,
    /// One expression, and a constant behind it.
    ValueAnd(Constant),
    /// One expression that is a number.
    Number,
    /// One expression that is a number, and a constant behind it.
    NumberAnd(Constant),
    /// One expression that is a number; the constant is part of the name: `p99.9(x)`.
    NumberNamed(Constant, fn(&str) -> Option<f64>),
    /// So many expressions that are numbers, at least and at most.
    Numbers(usize, usize),
}

/// A constant that an aggregate takes.
#[derive(Clone, Copy, Debug)]
pub struct Constant {
    /// Its name in the usage.
    pub name: &'static str,
    /// What it has to be: `a number from 0 to 100`.
    pub expected: &'static str,
    /// Whether a number is such.
    pub fits: fn(f64) -> bool,
    /// What it is when it is left out, if it may be.
    pub default: Option<f64>,
}

impl ArgumentKind {
    /// How many expressions it takes from each record, at least and at most; a condition of `count` is none.
    pub fn values(&self) -> (usize, usize) {
        match *self {
            ArgumentKind::Nothing | ArgumentKind::OptionalCondition => (0, 0),
            ArgumentKind::Numbers(least, most) => (least, most),
            _ => (1, 1),
        }
    }

    /// Whether the expressions are numbers.
    pub fn is_numeric(&self) -> bool {
        matches!(
            self,
            ArgumentKind::Number
                | ArgumentKind::NumberAnd(_)
                | ArgumentKind::NumberNamed(..)
                | ArgumentKind::Numbers(..)
        )
    }

    /// The constant behind the expressions.
    pub fn constant(&self) -> Option<Constant> {
        match *self {
            ArgumentKind::ValueAnd(constant) | ArgumentKind::NumberAnd(constant) => Some(constant),
            _ => None,
        }
    }
}

/// The aggregate of this name.
pub fn find(name: &str) -> Option<&'static AggregateDef> {
    let is_named = |def: &&AggregateDef| match def.argument {
        ArgumentKind::NumberNamed(_, of_name) => of_name(name).is_some(),
        _ => def.entry.name == name,
    };
    AGGREGATES.iter().copied().find(is_named)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_order_and_every_row_is_found() {
        assert!(AGGREGATES.is_sorted_by(|left, right| left.entry.name < right.entry.name));
        for def in AGGREGATES {
            let found = find(def.entry.name).map(|def| def.entry.name);
            assert_eq!(found, Some(def.entry.name));
            assert!(def.entry.summary.ends_with('.'), "{}", def.entry.name);
            assert!(!def.entry.examples.is_empty(), "{}", def.entry.name);
        }
        assert_eq!(find("p99.9").map(|def| def.entry.name), Some("p50"));
        assert!(find("p").is_none() && find("p9x").is_none() && find("p9.").is_none());
    }
}
