//! AGGREGATES: what `count, sum(x) by y` can compute. One file per aggregate, one line in the table.
//!
//! The other files: a worker's partial result (`partial`), merging (`merged`, `group_set`), the order of groups (`ranking`), the
//! result rows (`result_rows`), saved states (`saved_groups`), groups
//! in files (`spilled_groups`, `finish_spilled`), and shared algorithms: moments without rounding (`moments`), counted values
//! (`quantile`, `log_histogram`) and sets of values (`fingerprint`).

mod accumulator;
mod added;
mod aggregation;
mod all;
mod any;
mod avg;
mod collect;
mod collect_distinct;
mod corr;
mod count;
mod count_distinct;
mod counts;
mod delta;
mod ewma;
mod fingerprint;
mod finish_spilled;
mod first;
mod group_set;
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
mod overall;
mod partial;
mod percentile;
mod percentile_cont;
mod prev;
mod quantile;
mod ranking;
mod rate;
mod result_rows;
mod running;
mod saved_groups;
mod saved_pieces;
mod seen_keys;
mod session_groups;
mod slice_groups;
mod sliced_partial;
mod sliding;
mod spilled_groups;
mod state_groups;
mod stddev;
mod sum;
mod summand;
#[cfg(test)]
mod tests;
mod variance;
mod windowed_groups;

pub use accumulator::{Accumulator, AggregateSettings, Finish, RowGroups};
pub use aggregation::{Aggregation, BoundAggregate, ComputedColumn, FirstColumn, GroupKey};
pub use merged::{EmitRows, Executor, Merged};
pub use overall::{OverallResults, OverallStates};
pub use partial::{GroupRun, Partial};
pub use ranking::Ranking;
pub use running::{RunningAggregate, RunningAggregation, RunningStates};
pub use saved_pieces::{GroupsByWindow, load_pieces, save_pieces};
pub use seen_keys::{FilledWindow, SeenKeys};
pub(crate) use session_groups::sessions_in_order;
pub use session_groups::{SessionGroups, SessionRows};
pub use sliced_partial::{SliceRuns, SlicedPartial};
pub use spilled_groups::{SpilledGroups, TakenRun};
pub use state_groups::{StateFields, StateGroups};
pub use windowed_groups::WindowedGroups;

use crate::data::Entry;

/// Every aggregate, by name.
pub const AGGREGATES: &[&AggregateDef] = &[
    &all::ALL,
    &any::ANY,
    &avg::AVG,
    &collect::COLLECT,
    &collect_distinct::COLLECT_DISTINCT,
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
    &percentile_cont::PERCENTILE_CONT,
    &prev::PREV,
    &rate::RATE,
    &stddev::STDDEV,
    &sum::SUM,
    &variance::VARIANCE,
];

/// An aggregate with its manual entry.
#[derive(Debug)]
pub struct AggregateDef {
    /// Name, usage, summary, examples.
    pub entry: Entry,
    /// Its arguments.
    pub argument: ArgumentKind,
    /// True if the result depends on the order of the records.
    pub ordered: bool,
    /// The names of its columns, if there are several.
    pub columns: Option<ColumnNames>,
    /// Aggregates with the same word here share their states if their arguments are the same.
    pub shares_states: Option<&'static str>,
    /// True if it refers to the previous record: allowed only in `running`.
    pub running_only: bool,
    /// True if it interpolates between values ([`Finish::interpolates`]).
    pub interpolates: bool,
    /// True if its result depends on the duration of the records ([`Finish::seconds`]).
    pub needs_duration: bool,
    /// Creates its accumulator, without groups.
    pub accumulator: fn(&AggregateSettings) -> Box<dyn Accumulator>,
}

impl AggregateDef {
    /// The fields that most table rows leave at these values; a row sets the others.
    const DEFAULT: AggregateDef = AggregateDef {
        entry: Entry { name: "", usage: "", summary: "", details: "", examples: &[] },
        argument: ArgumentKind::Value,
        ordered: false,
        columns: None,
        shares_states: None,
        running_only: false,
        interpolates: false,
        needs_duration: false,
        accumulator: |_| unreachable!("every table row has an accumulator"),
    };
}

/// Derives the names of an aggregate's columns from the names of its arguments.
pub type ColumnNames = fn(&[String]) -> Vec<String>;

/// The arguments of an aggregate.
#[derive(Clone, Copy, Debug)]
pub enum ArgumentKind {
    /// None, or one expression that is a number: `rate`, `rate(x)`.
    OptionalNumber,
    /// None, or a condition: `count`, `count(COND)`.
    OptionalCondition,
    /// A condition.
    Condition,
    /// One expression.
    Value,
    /// One expression, then a constant.
    ValueAnd(Constant),
    /// One expression that is a number.
    Number,
    /// One expression that is a number, then a constant.
    NumberAnd(Constant),
    /// One expression that is a number; the constant is part of the name: `p99.9(x)`.
    NumberNamed(Constant, fn(&str) -> Option<f64>),
    /// Between this minimum and maximum number of expressions that are numbers.
    Numbers(usize, usize),
}

/// A constant argument of an aggregate.
#[derive(Clone, Copy, Debug)]
pub struct Constant {
    /// Its name in the usage.
    pub name: &'static str,
    /// A phrase for messages: `a number from 0 to 100`.
    pub expected: &'static str,
    /// Accepts a number as this constant.
    pub fits: fn(f64) -> bool,
    /// The default; `None` if the constant is required.
    pub default: Option<f64>,
}

impl ArgumentKind {
    /// The minimum and maximum number of expressions that it reads from each record; the condition of `count` is not
    /// one.
    pub fn values(&self) -> (usize, usize) {
        match *self {
            ArgumentKind::OptionalCondition => (0, 0),
            ArgumentKind::OptionalNumber => (0, 1),
            ArgumentKind::Numbers(least, most) => (least, most),
            _ => (1, 1),
        }
    }

    /// True if the expressions must be numbers.
    pub fn is_numeric(&self) -> bool {
        matches!(
            self,
            ArgumentKind::Number
                | ArgumentKind::OptionalNumber
                | ArgumentKind::NumberAnd(_)
                | ArgumentKind::NumberNamed(..)
                | ArgumentKind::Numbers(..)
        )
    }

    /// The constant after the expressions.
    pub fn constant(&self) -> Option<Constant> {
        match *self {
            ArgumentKind::ValueAnd(constant) | ArgumentKind::NumberAnd(constant) => Some(constant),
            _ => None,
        }
    }
}

/// Returns the aggregate of this name.
pub fn find(name: &str) -> Option<&'static AggregateDef> {
    let is_named = |def: &&AggregateDef| match def.argument {
        ArgumentKind::NumberNamed(_, of_name) => of_name(name).is_some(),
        _ => def.entry.name == name,
    };
    AGGREGATES.iter().copied().find(is_named)
}
