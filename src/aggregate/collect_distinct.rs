//! `collect_distinct(x [, n])`: the distinct values as a list.
//!
//! Each value is kept with the position of the chunk in which it came first, so that the partials can be put in order
//! whichever worker produced them. A partial needs only its own first n values: one that is among the first n of the
//! stream is among the first n of the partial in which it came first.

use std::collections::HashSet;

use super::accumulator::{AccumulatorState, Finish, PerGroup};
use super::collect::{LENGTH, list};
use super::count_distinct::{Distinct, EXACT_VALUES};
use super::fingerprint::fingerprint;
use super::{AggregateDef, ArgumentKind};
use crate::data::persist::{Persist, StateError, StateReader};
use crate::data::{Entry, Example, HeapBytes, Position, Value, ValueRef};

pub(super) const COLLECT_DISTINCT: AggregateDef = AggregateDef {
    entry: Entry {
        name: "collect_distinct",
        usage: "collect_distinct(x [, n])",
        summary: "The first n distinct values (default 1000), in order of arrival.",
        details: "Values are compared by type and value, like the keys of groups; nulls are skipped. The run reports \
                  how many distinct values the lists had no room for, counted as by `count_distinct`. Null if there \
                  are no values.",
        examples: &[Example {
            expr: "split | collect_distinct(word)",
            input: "b a\nb c\n",
            output: "[\"b\",\"a\",\"c\"]\n",
        }],
    },
    argument: ArgumentKind::ValueAnd(LENGTH),
    ordered: true,
    accumulator: |settings| {
        let wanted = settings.constant as usize;
        let limit = if settings.exact { usize::MAX } else { EXACT_VALUES.max(wanted) };
        PerGroup::<CollectDistinct>::boxed(settings, ListLimits { wanted, limit })
    },
    ..AggregateDef::DEFAULT
};

/// The limits of a list.
#[derive(Clone, Copy, Debug)]
struct ListLimits {
    /// The maximum number of values of the list.
    wanted: usize,
    /// The maximum number of distinct values that are counted exactly; at least `wanted`.
    limit: usize,
}

/// The first distinct values, in stream order.
#[derive(Clone, Debug, Default)]
struct CollectDistinct {
    values: Vec<(Position, Value)>,
    /// All values: those of the list, and the others.
    all: Distinct,
}

impl AccumulatorState for CollectDistinct {
    type Shared = ListLimits;

    #[inline]
    fn update(&mut self, limits: &ListLimits, value: ValueRef<'_>, position: Position) -> Result<(), &'static str> {
        let is_new = self.all.insert(value, limits.limit);
        if is_new && self.values.len() < limits.wanted {
            self.values.push((position, value.to_value()));
        }
        Ok(())
    }

    fn merge(&mut self, limits: &ListLimits, other: &Self) {
        self.values.extend_from_slice(&other.values);
        self.values.sort_by_key(|(position, _)| *position); // stable, and fast on two sorted runs
        let mut known = HashSet::with_capacity(self.values.len());
        self.values.retain(|(_, value)| known.insert(fingerprint(value.borrow())));
        self.values.truncate(limits.wanted);
        self.all.merge(&limits.limit, &other.all);
    }

    fn finish(&self, _limits: &ListLimits, _finish: &Finish) -> Value {
        list(&self.values)
    }

    fn left_out(&self, limits: &ListLimits) -> u64 {
        self.all.count(limits.limit).saturating_sub(self.values.len() as u64)
    }

    fn left_out_so_far(&self, limits: &ListLimits) -> u64 {
        (self.all.exact_count().unwrap_or(limits.limit) - self.values.len()) as u64
    }

    fn save(&self, limits: &ListLimits, out: &mut Vec<u8>) {
        self.values.save(out);
        self.all.save(&limits.limit, out);
    }

    fn load(limits: &ListLimits, input: &mut StateReader<'_>) -> Result<Self, StateError> {
        let values: Vec<(Position, Value)> = Vec::load(input)?;
        let all = Distinct::load(&limits.limit, input)?;
        let is_ordered = values.is_sorted_by_key(|(position, _)| *position);
        let is_whole = values.len() as u64 == all.count(limits.limit) || values.len() == limits.wanted;
        if is_ordered && is_whole && values.len() <= limits.wanted {
            Ok(CollectDistinct { values, all })
        } else {
            Err(StateError::Damaged)
        }
    }
}

impl HeapBytes for CollectDistinct {
    fn heap_bytes(&self) -> usize {
        self.values.heap_bytes() + self.all.heap_bytes()
    }
}
