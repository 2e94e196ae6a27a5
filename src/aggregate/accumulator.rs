//! What every aggregate is: a vector of states, one a group, that can be updated by columns and merged.

use std::any::Any;
use std::ops::Range;

use crate::data::{Column, ColumnBuilder, Position, Value, ValueRef};
use crate::expr::Failures;

/// To which group each row belongs.
#[derive(Clone, Copy, Debug)]
pub enum Groups<'g> {
    /// All rows to group 0.
    One(usize),
    /// Each row to its own.
    Each(&'g [u32]),
}

impl Groups<'_> {
    /// How many rows.
    pub fn rows(self) -> usize {
        match self {
            Groups::One(rows) => rows,
            Groups::Each(groups) => groups.len(),
        }
    }

    /// The group of a row.
    #[inline]
    pub fn of(self, row: usize) -> usize {
        match self {
            Groups::One(_) => 0,
            Groups::Each(groups) => groups[row] as usize,
        }
    }
}

/// The states of one aggregate for all groups.
///
/// A worker resizes and updates it batch by batch; at a batch's end it is gathered by partition and merged
/// into the coordinator's, in any order of workers: the result must not depend on it.
pub trait Accumulator: Send + Sync {
    /// Makes room for so many groups; never fewer than before. New states are of nothing.
    fn resize(&mut self, groups: usize);

    /// Adds a row to the group of each. `argument` has as many rows; nothing for bare `count`. Positions
    /// never go back within one accumulator. Values that do not fit are skipped and counted in `failures`.
    fn update(
        &mut self,
        groups: Groups<'_>,
        argument: Option<&Column<'_>>,
        position: Position,
        failures: &mut Failures,
    );

    /// Adds the states `from` of another accumulator of the same aggregate to the groups `to`, one each.
    fn merge(&mut self, other: &dyn Accumulator, from: Range<usize>, to: &[u32]);

    /// The states of these groups, in this order.
    fn gather(&self, order: &[u32]) -> Box<dyn Accumulator>;

    /// The results, one a group.
    fn finish(&self) -> Column<'static>;

    /// For `merge`, which must see the other's own type.
    fn as_any(&self) -> &dyn Any;
}

/// The state of one group, for aggregates that look at one value at a time.
pub(super) trait State: Clone + Default + Send + Sync + 'static {
    /// Adds a value, which is not null. An error says what was expected instead.
    fn update(&mut self, value: ValueRef<'_>, position: Position) -> Result<(), &'static str>;

    /// Adds what another state has seen.
    fn merge(&mut self, other: &Self);

    /// The result.
    fn finish(&self) -> Value;
}

/// One state a group.
#[derive(Debug)]
pub(super) struct PerGroup<S> {
    states: Vec<S>,
    name: &'static str,
}

impl<S: State> PerGroup<S> {
    /// No group yet. The name is for messages.
    pub(super) fn boxed(name: &'static str) -> Box<dyn Accumulator> {
        Box::new(PerGroup {
            states: Vec::<S>::new(),
            name,
        })
    }
}

impl<S: State> Accumulator for PerGroup<S> {
    fn resize(&mut self, groups: usize) {
        self.states.resize_with(groups, S::default);
    }

    fn update(
        &mut self,
        groups: Groups<'_>,
        argument: Option<&Column<'_>>,
        position: Position,
        failures: &mut Failures,
    ) {
        let Some(column) = argument else { return };
        for row in 0..groups.rows() {
            let value = column.get(row);
            if value.is_null() {
                continue;
            }
            if let Err(expected) = self.states[groups.of(row)].update(value, position) {
                failures.add(self.name, expected, value);
            }
        }
    }

    fn merge(&mut self, other: &dyn Accumulator, from: Range<usize>, to: &[u32]) {
        let other: &Self = other
            .as_any()
            .downcast_ref()
            .expect("accumulators of one aggregate have one type");
        for (state, &group) in other.states[from].iter().zip(to) {
            self.states[group as usize].merge(state);
        }
    }

    fn gather(&self, order: &[u32]) -> Box<dyn Accumulator> {
        let states = order
            .iter()
            .map(|&group| self.states[group as usize].clone())
            .collect();
        Box::new(PerGroup {
            states,
            name: self.name,
        })
    }

    fn finish(&self) -> Column<'static> {
        let mut builder = ColumnBuilder::new(self.states.len());
        for state in &self.states {
            builder.push(state.finish().borrow());
        }
        builder.finish()
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
