//! The states of a fold.
//!
//! A state depends on the one before it, so the records of one key are processed in order; keys are independent. A
//! batch is therefore evaluated in rounds: the first takes the first record of each key, the second the second, and
//! each round is evaluated by columns.

use super::dedup::time_at;
use super::fold::{FOLD, Fold, Gives, Initial};
use super::{Operator, RecordCounts};
use crate::data::budget::HeldState;
use crate::data::persist::{StateError, StateReader, Stateful};
use crate::data::{Batch, Column, ColumnBuilder, HeapBytes, Position, Slot, SlotSet, Value, ValueRef};
use crate::expr::Failures;
use crate::group::{GroupStates, KeyedState, SavedStates, compare_keys, largest_first, with_key_values};

/// The states of all keys so far.
pub(super) struct FoldOperator {
    fold: Fold,
    /// The slots that EXPR reads from the records.
    needed: SlotSet,
    live: SlotSet,
    keyed: KeyedState<FoldStates>,
}

/// The states of the keys.
struct FoldStates {
    /// Per state of the fold, the value of each group.
    values: Vec<Vec<Value>>,
    /// Per group, the number of its records seen in this batch; 0 between batches.
    round_of: Vec<u32>,
}

impl GroupStates for FoldStates {
    fn resize(&mut self, groups: usize) {
        self.values.iter_mut().for_each(|values| GroupStates::resize(values, groups));
        GroupStates::resize(&mut self.round_of, groups);
    }

    fn keep(&mut self, groups: &[u32]) {
        self.values.iter_mut().for_each(|values| values.keep(groups));
        self.round_of.truncate(groups.len());
    }
}

impl SavedStates for FoldStates {
    fn save_states(&self, out: &mut Vec<u8>) {
        self.values.iter().for_each(|values| values.save_states(out));
    }

    fn load_states(&mut self, groups: usize, input: &mut StateReader<'_>) -> Result<(), StateError> {
        self.round_of = vec![0; groups];
        self.values.iter_mut().try_for_each(|values| values.load_states(groups, input))
    }
}

impl HeapBytes for FoldStates {
    fn heap_bytes(&self) -> usize {
        self.values.heap_bytes() + self.round_of.heap_bytes()
    }
}

impl FoldOperator {
    /// Starts without keys. `live` are the slots read after the fold.
    pub(super) fn new(fold: Fold, live: SlotSet) -> Self {
        let states = FoldStates { values: vec![Vec::new(); fold.states.len()], round_of: Vec::new() };
        FoldOperator {
            needed: fold.reads_of_records(),
            live,
            keyed: KeyedState::new(fold.keys.len(), states, fold.forget.map(|(ns, _)| ns)),
            fold,
        }
    }

    /// Finds the group of each row, and whether it starts from the initial state.
    fn groups(&mut self, batch: &Batch<'_>) -> (Vec<u32>, Vec<bool>) {
        let keys = self.fold.keys.iter();
        let keys: Vec<&Column<'_>> = keys.map(|key| batch.column(*key)).collect();
        let mut next = self.keyed.find(&keys, batch.rows);
        let groups = std::mem::take(&mut self.keyed.groups);
        let mut begins = vec![false; batch.rows];
        for (row, &group) in groups.iter().enumerate() {
            begins[row] = group == next;
            next += u32::from(group == next);
            if let (Some(idle), Some((_, time))) = (&mut self.keyed.idle, self.fold.forget) {
                begins[row] |= idle.visit(group, time_at(batch.column(time), row));
            }
        }
        (groups, begins)
    }

    /// Splits the rows into rounds.
    fn rounds(&mut self, groups: &[u32]) -> Vec<Vec<u32>> {
        let round_of = &mut self.keyed.states.round_of;
        let mut rounds: Vec<Vec<u32>> = Vec::new();
        for (row, &group) in groups.iter().enumerate() {
            let round = &mut round_of[group as usize];
            if rounds.len() == *round as usize {
                rounds.push(Vec::new());
            }
            rounds[*round as usize].push(row as u32);
            *round += 1;
        }
        groups.iter().for_each(|group| round_of[*group as usize] = 0);
        rounds
    }

    /// Returns the rows of a round with the columns that EXPR reads.
    fn seen(&self, batch: &Batch<'static>, rows: &[u32], groups: &[u32], begins: &[bool]) -> Batch<'static> {
        let mut seen = batch.select(rows, &self.needed);
        for (state, values) in self.fold.states.iter().zip(&self.keyed.states.values) {
            let mut builder = ColumnBuilder::new(rows.len());
            for row in rows.iter().map(|row| *row as usize) {
                builder.push(match (&state.initial, begins[row]) {
                    (_, false) => values[groups[row] as usize].borrow(),
                    (Initial::Constant(value), true) => value.borrow(),
                    (Initial::OfFirst(slot), true) => batch.column(*slot).get(row),
                });
            }
            seen.set(state.old, builder.finish());
        }
        seen
    }

    /// Advances the states by all rows; returns each row's new states for `running`.
    fn fold(&mut self, batch: &Batch<'static>, failures: &mut Failures) -> Vec<Vec<Value>> {
        let (groups, begins) = self.groups(batch);
        let mut results: Vec<Vec<Value>> = Vec::new();
        if self.fold.gives == Gives::Records {
            results = vec![vec![Value::Null; batch.rows]; self.fold.states.len()];
        }
        let mut first: Option<(u32, Failures)> = None;
        let mut count = 0;
        for rows in self.rounds(&groups) {
            let seen = self.seen(batch, &rows, &groups, &begins);
            let mut own = Failures::default();
            let states = self.fold.states.iter();
            let next = states.map(|state| state.next.eval_all(&seen, &mut own).into_owned());
            let next: Vec<Column<'static>> = next.collect();
            if own.count > 0 {
                count += own.count;
                let earlier = self.first_failure(&seen, &rows);
                if first.as_ref().is_none_or(|(row, _)| earlier.0 < *row) {
                    first = Some(earlier);
                }
            }
            for (index, column) in next.iter().enumerate() {
                for (place, row) in rows.iter().map(|row| *row as usize).enumerate() {
                    let value = column.get(place).to_value();
                    if let Some(results) = results.get_mut(index) {
                        results[row] = value.clone();
                    }
                    self.keyed.states.values[index][groups[row] as usize] = value;
                }
            }
        }
        if let Some((row, found)) = first {
            let first = found.first.map(|reason| match self.fold.origin {
                Some(origin) => origin.name(batch, row as usize, &reason),
                None => reason,
            });
            failures.append(Failures { count, first, ..Failures::default() });
        }
        self.keyed.groups = groups; // the buffer is used again
        results
    }
}

impl FoldOperator {
    /// Returns the first failing row of a round with its failures. Rows are processed in rounds, but the reported
    /// failure must not depend on the batch size.
    fn first_failure(&self, seen: &Batch<'static>, rows: &[u32]) -> (u32, Failures) {
        for (place, row) in rows.iter().enumerate() {
            let one = seen.select(&[place as u32], &seen.slots());
            let mut failures = Failures::default();
            for state in &self.fold.states {
                state.next.eval_all(&one, &mut failures);
            }
            if failures.count > 0 {
                return (*row, failures);
            }
        }
        (u32::MAX, Failures::default())
    }

    /// Returns the known keys in the order of the result.
    fn ordered(&self) -> Vec<u32> {
        let is_known = |group: &u32| self.keyed.is_known(*group);
        let mut groups: Vec<u32> = (0..self.keyed.len() as u32).filter(is_known).collect();
        let first = &self.keyed.states.values[0];
        let keys = &self.keyed.table.keys;
        groups.sort_unstable_by(|left, right| {
            let (left, right) = (*left as usize, *right as usize);
            largest_first(first[left].borrow(), first[right].borrow()).then_with(|| {
                let (mut left_short, mut right_short) = ([0; 16], [0; 16]);
                compare_keys(keys.get(left, &mut left_short), keys.get(right, &mut right_short))
            })
        });
        groups.truncate(self.fold.limit.unwrap_or(usize::MAX));
        groups
    }

    /// The row of a fold without keys before any record.
    fn initial_row(&self) -> Batch<'static> {
        let mut batch = Batch::new(1, Position(0));
        for state in &self.fold.states {
            let initial = match &state.initial {
                Initial::Constant(value) => value.borrow(),
                Initial::OfFirst(_) => ValueRef::Null,
            };
            batch.set(state.slot, std::iter::once(initial).collect());
        }
        batch
    }

    /// Returns the result rows of these keys.
    fn rows(&self, groups: &[u32], index: usize) -> Batch<'static> {
        let mut batch = Batch::new(groups.len(), Position(index as u64));
        let builder = |_: &Slot| ColumnBuilder::new(groups.len());
        let mut builders: Vec<ColumnBuilder> = self.fold.key_slots.iter().map(builder).collect();
        for group in groups {
            let mut short = [0; 16];
            let (kind, bytes) = self.keyed.table.keys.get(*group as usize, &mut short);
            with_key_values(kind, bytes, &mut builders, |builder, value| builder.push(value));
        }
        for (slot, builder) in self.fold.key_slots.iter().zip(builders) {
            batch.set(*slot, builder.finish());
        }
        for (state, values) in self.fold.states.iter().zip(&self.keyed.states.values) {
            let values = groups.iter().map(|group| values[*group as usize].borrow());
            batch.set(state.slot, values.collect());
        }
        batch
    }
}

/// Maximum rows per batch of the result.
const BATCH_ROWS: usize = 1 << 14;

impl Operator for FoldOperator {
    fn held(&self) -> Option<HeldState> {
        Some(HeldState { stage: FOLD.entry.name, contents: format!("{} keys", self.keyed.len()), can_forget: true })
    }

    fn push(&mut self, mut batch: Batch<'static>, out: &mut Vec<Batch<'static>>, counts: &mut RecordCounts) {
        let results = self.fold(&batch, &mut counts.failures);
        self.keyed.sweep();
        if self.fold.gives == Gives::States {
            return;
        }
        batch.retain(&self.live);
        for (state, values) in self.fold.states.iter().zip(results) {
            if self.live.contains(state.slot) {
                batch.set(state.slot, values.iter().map(Value::borrow).collect());
            }
        }
        out.push(batch);
    }

    fn finish(&mut self, out: &mut Vec<Batch<'static>>, _account: &mut RecordCounts) {
        out.extend(self.snapshot());
    }

    fn snapshot(&self) -> Vec<Batch<'static>> {
        if self.fold.gives == Gives::Records {
            return Vec::new();
        }
        if self.fold.keys.is_empty() && self.keyed.len() == 0 {
            return vec![self.initial_row()];
        }
        let rows = self.ordered();
        let batches = rows.chunks(BATCH_ROWS).enumerate();
        batches.map(|(index, groups)| self.rows(groups, index)).collect()
    }
}

impl Stateful for FoldOperator {
    fn save_state(&self, out: &mut Vec<u8>) {
        self.keyed.save_state(out);
    }

    fn load_state(&mut self, input: &mut StateReader<'_>) -> Result<(), StateError> {
        self.keyed.load_state(input)
    }
}

impl HeapBytes for FoldOperator {
    fn heap_bytes(&self) -> usize {
        self.keyed.heap_bytes()
    }
}
