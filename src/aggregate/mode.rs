//! `mode(x)`: the most frequent value.
//!
//! Memory: each distinct value of a group, once.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;

use super::accumulator::{AccumulatorState, Finish, PerGroup};
use super::fingerprint::{FingerprintHasher, fingerprint, is_fingerprint, value_of};
use super::{AggregateDef, ArgumentKind};
use crate::data::persist::{Persist, StateError, StateReader, checked_count};
use crate::data::{Entry, Example, HeapBytes, Position, Value, ValueRef, total_order};
use crate::group::with_value;

pub(super) const MODE: AggregateDef = AggregateDef {
    entry: Entry {
        name: "mode",
        usage: "mode(x)",
        summary: "The most frequent value; of equally frequent ones the smallest.",
        details: "Values are compared by type and value, like the keys of groups, and ordered as by `sort`. Every \
                  distinct value of a group is kept in memory. Null if there are no values.",
        examples: &[Example { expr: "split | mode(word)", input: "b a c b a\n", output: "a\n" }],
    },
    argument: ArgumentKind::Value,
    accumulator: |settings| PerGroup::<Mode>::boxed(settings, ()),
    ..AggregateDef::DEFAULT
};

/// The count of each value, keyed by its fingerprint, which needs no further hashing.
type ValueCounts = HashMap<u128, (u64, Option<Box<Value>>), BuildHasherDefault<FingerprintHasher>>;

/// The counts; a long value is stored beside its fingerprint, which cannot hold it.
#[derive(Clone, Debug, Default)]
struct Mode(ValueCounts);

impl AccumulatorState for Mode {
    type Shared = ();

    #[inline]
    fn update(&mut self, _shared: &(), value: ValueRef<'_>, _position: Position) -> Result<(), &'static str> {
        let fingerprint = fingerprint(value);
        let entry = self.0.entry(fingerprint).or_insert_with(|| {
            let is_short = value_of(fingerprint, &mut [0; 16]).is_some();
            (0, (!is_short).then(|| Box::new(value.to_value())))
        });
        entry.0 += 1;
        Ok(())
    }

    fn merge(&mut self, _shared: &(), other: &Self) {
        if self.0.is_empty() {
            self.0.clone_from(&other.0);
            return;
        }
        for (fingerprint, (count, value)) in &other.0 {
            let entry = self.0.entry(*fingerprint);
            entry.or_insert_with(|| (0, value.clone())).0 += count;
        }
    }

    fn finish(&self, _shared: &(), _finish: &Finish) -> Value {
        let mut best = (0, Value::Null);
        for (fingerprint, (count, value)) in &self.0 {
            if *count < best.0 {
                continue;
            }
            let mut see = |value: ValueRef<'_>| {
                if *count > best.0 || total_order(value, best.1.borrow()).is_lt() {
                    best = (*count, value.to_value());
                }
            };
            match value {
                Some(value) => see(value.borrow()),
                None => {
                    if let Some((kind, bytes)) = value_of(*fingerprint, &mut [0; 16]) {
                        with_value(kind, bytes, see);
                    }
                }
            }
        }
        best.1
    }

    /// In the order of the fingerprints; the order of the map is that of this process.
    fn save(&self, _shared: &(), out: &mut Vec<u8>) {
        let mut counts: Vec<(&u128, &(u64, Option<Box<Value>>))> = self.0.iter().collect();
        counts.sort_unstable_by_key(|(fingerprint, _)| **fingerprint);
        (counts.len() as u64).save(out);
        for (fingerprint, (count, value)) in counts {
            fingerprint.save(out);
            count.save(out);
            if let Some(value) = value {
                value.save(out);
            }
        }
    }

    fn load(_shared: &(), input: &mut StateReader<'_>) -> Result<Self, StateError> {
        let (mut counts, mut last, mut total) = (ValueCounts::default(), 0, 0u64);
        for _ in 0..input.length(size_of::<u128>() + size_of::<u64>())? {
            let (found, count) = (u128::load(input)?, u64::load(input)?);
            let is_short = value_of(found, &mut [0; 16]).is_some();
            let value = if is_short { None } else { Some(Box::new(Value::load(input)?)) };
            let is_its_own = value.as_ref().map_or(is_fingerprint(found), |value| fingerprint(value.borrow()) == found);
            total = checked_count(total.saturating_add(count))?;
            if found <= last || count == 0 || !is_its_own {
                return Err(StateError::Damaged);
            }
            last = found;
            counts.insert(found, (count, value));
        }
        Ok(Mode(counts))
    }
}

impl HeapBytes for Mode {
    fn heap_bytes(&self) -> usize {
        self.0.heap_bytes()
    }
}
