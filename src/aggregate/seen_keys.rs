//! The keys seen so far: a filled window has a row for each.

use std::borrow::Cow;
use std::sync::Arc;

use crate::data::persist::{StateError, StateReader, Stateful};
use crate::data::{Batch, Column, HeapBytes, KeyKind};
use crate::expr::Failures;
use crate::group::{GroupTable, KeyedState, Keys, groups_of};

use super::aggregation::Aggregation;
use super::group_set::GroupSet;
use super::result_rows::{Finished, emit, first_of};

/// All keys of the windows printed so far.
#[derive(Debug)]
pub struct SeenKeys {
    aggregation: Arc<Aggregation>,
    /// For each key, the end of the last window with its records.
    known: KeyedState<Vec<i64>>,
    /// A key is forgotten if that is longer ago than this many nanoseconds.
    forget_ns: Option<i64>,
}

/// The window whose rows are filled.
#[derive(Clone, Copy, Debug)]
pub struct FilledWindow {
    /// Its end, in nanoseconds since 1970.
    pub end_ns: i64,
    /// Its length.
    pub seconds: f64,
}

impl SeenKeys {
    /// Starts without keys; a key is forgotten after this many nanoseconds without records.
    pub fn new(aggregation: Arc<Aggregation>, forget_ns: Option<i64>) -> Self {
        let mut known = KeyedState::new(aggregation.keys.len(), Vec::new(), None);
        if aggregation.keys.is_empty() {
            known.add(KeyKind::Tuple, &[]);
        }
        let forget_ns = forget_ns.filter(|_| !aggregation.keys.is_empty());
        SeenKeys { aggregation, known, forget_ns }
    }

    /// Number of keys.
    pub fn count(&self) -> u64 {
        self.known.len() as u64
    }

    /// Adds the keys of the rows of a window, and forgets keys that are idle for too long.
    pub fn add(&mut self, rows: &[Batch<'static>], window: FilledWindow) {
        for batch in rows {
            let columns = key_columns(&self.aggregation, batch);
            self.known.find(&columns, batch.rows);
            for group in &self.known.groups {
                self.known.states[*group as usize] = window.end_ns;
            }
        }
        let kept: Vec<u32> = self.remembered(window).collect();
        if kept.len() < self.known.len() {
            self.known.keep(&kept);
        }
    }

    /// The keys that are not forgotten.
    fn remembered(&self, window: FilledWindow) -> impl Iterator<Item = u32> {
        let is_remembered = move |last: &i64| {
            let idle = window.end_ns.saturating_sub(*last);
            self.forget_ns.is_none_or(|forget_ns| idle <= forget_ns)
        };
        let ends = self.known.states.iter().enumerate();
        ends.filter(move |(_, last)| is_remembered(last)).map(|(group, _)| group as u32)
    }

    /// The rows of a window with those of the keys that have no record in it, in the order of the result.
    pub fn complete(&self, rows: Vec<Batch<'static>>, window: FilledWindow) -> Vec<Batch<'static>> {
        let mut own = GroupTable::with_capacity(0);
        let (mut key, mut groups) = (Vec::new(), Vec::new());
        let mut ends = Vec::with_capacity(rows.len());
        for batch in &rows {
            groups.clear();
            groups_of(&key_columns(&self.aggregation, batch), batch.rows, &mut own, &mut key, &mut groups);
            ends.push(own.len() as u32);
        }
        let printed = own.len() as u32;
        for known in self.remembered(window) {
            own.group_of_stored(&self.known.table.keys, known as usize);
        }
        let missing: Vec<u32> = (printed..own.len() as u32).collect();
        if missing.is_empty() {
            return rows;
        }
        let mut start = 0;
        let mut finished: Vec<Finished<'_>> = Vec::with_capacity(rows.len() + 1);
        for (batch, end) in rows.iter().zip(ends) {
            let columns = self.columns_of(batch);
            let keys = own.keys.take(&(start..end).collect::<Vec<u32>>());
            let index = finished.len() as u32;
            let best = first_of(0..batch.rows as u32, &keys, &columns, &self.aggregation, index);
            finished.push(Finished { keys: Cow::Owned(keys), columns, best });
            start = end;
        }
        let set = self.empty(&own.keys.take(&missing));
        let index = finished.len() as u32;
        finished.push(set.finish(&self.aggregation, window.seconds, index, &mut Failures::default()));
        emit(&self.aggregation, &finished)
    }

    /// The columns of finished rows, as [`Aggregation::finish`] returns them; those of operands are left out.
    fn columns_of(&self, batch: &Batch<'static>) -> Vec<Vec<Column<'static>>> {
        let count = self.aggregation.aggregates.len() + self.aggregation.computed.len();
        let mut columns = vec![Vec::new(); count];
        for (slot, (index, _)) in self.aggregation.result_columns() {
            columns[index].push(batch.column(slot).clone());
        }
        columns
    }

    /// Groups without records.
    fn empty(&self, keys: &Keys) -> GroupSet {
        let mut set = GroupSet::small(&self.aggregation);
        set.add_groups(keys);
        set
    }
}

fn key_columns<'b>(aggregation: &Aggregation, batch: &'b Batch<'static>) -> Vec<&'b Column<'static>> {
    aggregation.keys.iter().map(|key| batch.column(key.slot)).collect()
}

impl Stateful for SeenKeys {
    fn save_state(&self, out: &mut Vec<u8>) {
        self.known.save_state(out);
    }

    fn load_state(&mut self, input: &mut StateReader<'_>) -> Result<(), StateError> {
        self.known.load_state(input)?;
        let is_whole = !self.aggregation.keys.is_empty() || self.known.len() == 1;
        if is_whole { Ok(()) } else { Err(StateError::Damaged) }
    }
}

impl HeapBytes for SeenKeys {
    fn heap_bytes(&self) -> usize {
        self.known.heap_bytes()
    }
}
