//! `mode(x)`: the most frequent value.
//!
//! Memory: each different value of a group, once.

use std::collections::HashMap;

use ahash::RandomState;

use super::accumulator::{Finish, PerGroup, State};
use super::group_table::hasher;
use super::ranking::with_value;
use super::{AggregateDef, ArgumentKind};
use crate::data::{Entry, Example, KeyKind, Position, Value, ValueRef, encode_key, total_order};

pub(super) const MODE: AggregateDef = AggregateDef {
    entry: Entry {
        name: "mode",
        usage: "mode(x)",
        summary: "The most frequent value; of equally frequent ones the smallest.",
        details: "Values are told apart by type and value, as groups are; which one is smaller says the order of \
                  `sort`. It keeps each different value of a group. Of nothing it is null.",
        examples: &[Example {
            expr: "split | mode(word)",
            input: "b a c b a\n",
            output: "a\n",
        }],
    },
    argument: ArgumentKind::Value,
    ordered: false,
    columns: None,
    shares_states: None,
    accumulator: |settings| PerGroup::<Mode>::boxed(settings, ()),
};

/// How often each value was seen, by its key: the kind, then the bytes.
#[derive(Clone, Debug)]
struct Mode(HashMap<Box<[u8]>, u64, RandomState>);

impl Default for Mode {
    fn default() -> Self {
        Mode(HashMap::with_hasher(hasher()))
    }
}

/// Longer keys are put together on the heap.
const SHORT_BYTES: usize = 64;

impl State for Mode {
    type Shared = ();

    #[inline]
    fn update(
        &mut self,
        _shared: &(),
        value: ValueRef<'_>,
        _position: Position,
    ) -> Result<(), &'static str> {
        match value {
            ValueRef::Text(text) if text.len() < SHORT_BYTES => {
                let mut key = [0; SHORT_BYTES];
                key[0] = KeyKind::Text as u8;
                key[1..=text.len()].copy_from_slice(text);
                self.add(&key[..=text.len()], 1);
            }
            ValueRef::Int(value) => {
                let mut key = [0; 9];
                key[0] = KeyKind::Int as u8;
                key[1..].copy_from_slice(&value.to_le_bytes());
                self.add(&key, 1);
            }
            _ => {
                let mut key = vec![0];
                key[0] = encode_key(value, &mut key) as u8;
                self.add(&key, 1);
            }
        }
        Ok(())
    }

    fn merge(&mut self, _shared: &(), other: &Self) {
        if self.0.is_empty() {
            self.0.clone_from(&other.0);
            return;
        }
        for (key, &count) in &other.0 {
            self.add(key, count);
        }
    }

    fn finish(&self, _shared: &(), _finish: &Finish) -> Value {
        let mut best = (0, Value::Null);
        for (key, &count) in &self.0 {
            if count < best.0 {
                continue;
            }
            with_value(KeyKind::from_u8(key[0]), &key[1..], |value| {
                if count > best.0 || total_order(value, best.1.borrow()).is_lt() {
                    best = (count, value.to_value());
                }
            });
        }
        best.1
    }
}

impl Mode {
    #[inline]
    fn add(&mut self, key: &[u8], count: u64) {
        match self.0.get_mut(key) {
            Some(counted) => *counted += count,
            None => {
                self.0.insert(key.into(), count);
            }
        }
    }
}
