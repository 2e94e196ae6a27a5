//! State by key: one state for each key of some columns, in the order in which the keys appear.

use super::{GroupTable, IdleKeys, groups_of};
use crate::data::persist::{Persist, StateError, StateReader, Stateful};
use crate::data::{Column, HeapBytes, KeyKind};

/// The states of the groups of a table: a vector with one for each, or several columns of them.
pub(crate) trait GroupStates: HeapBytes {
    /// Adds empty states up to this number of groups.
    fn resize(&mut self, groups: usize);

    /// Keeps only the states of these groups, renumbered in this order.
    fn keep(&mut self, groups: &[u32]);
}

/// States with a form in bytes.
pub(crate) trait SavedStates: GroupStates {
    /// Appends the states in the order of the groups. Their number is saved with the keys.
    fn save_states(&self, out: &mut Vec<u8>);

    /// Loads the states of this number of groups.
    fn load_states(&mut self, groups: usize, input: &mut StateReader<'_>) -> Result<(), StateError>;
}

/// Keys without a state.
impl GroupStates for () {
    fn resize(&mut self, _groups: usize) {}

    fn keep(&mut self, _groups: &[u32]) {}
}

impl SavedStates for () {
    fn save_states(&self, _out: &mut Vec<u8>) {}

    fn load_states(&mut self, _groups: usize, _input: &mut StateReader<'_>) -> Result<(), StateError> {
        Ok(())
    }
}

impl<T: Default + HeapBytes> GroupStates for Vec<T> {
    fn resize(&mut self, groups: usize) {
        self.resize_with(groups, T::default);
    }

    fn keep(&mut self, groups: &[u32]) {
        *self = groups.iter().map(|group| std::mem::take(&mut self[*group as usize])).collect();
    }
}

impl<T: Default + HeapBytes + Persist> SavedStates for Vec<T> {
    fn save_states(&self, out: &mut Vec<u8>) {
        self.iter().for_each(|state| state.save(out));
    }

    fn load_states(&mut self, groups: usize, input: &mut StateReader<'_>) -> Result<(), StateError> {
        *self = (0..groups).map(|_| T::load(input)).collect::<Result<_, _>>()?;
        Ok(())
    }
}

/// States that only some plans need.
impl<S: GroupStates> GroupStates for Option<S> {
    fn resize(&mut self, groups: usize) {
        if let Some(states) = self {
            states.resize(groups);
        }
    }

    fn keep(&mut self, groups: &[u32]) {
        if let Some(states) = self {
            states.keep(groups);
        }
    }
}

impl<S: SavedStates> SavedStates for Option<S> {
    fn save_states(&self, out: &mut Vec<u8>) {
        if let Some(states) = self {
            states.save_states(out);
        }
    }

    fn load_states(&mut self, groups: usize, input: &mut StateReader<'_>) -> Result<(), StateError> {
        self.as_mut().map_or(Ok(()), |states| states.load_states(groups, input))
    }
}

/// The keys so far and their states.
#[derive(Debug)]
pub(crate) struct KeyedState<S> {
    /// The number of columns of a key.
    columns: usize,
    pub(crate) table: GroupTable,
    pub(crate) states: S,
    /// Forgets keys that are idle for long, if the plan allows it. [`IdleKeys::visit`] is called for every new key.
    pub(crate) idle: Option<IdleKeys>,
    /// The group of each row of the last batch.
    pub(crate) groups: Vec<u32>,
    /// Scratch buffer for one key.
    key: Vec<u8>,
}

impl<S: GroupStates> KeyedState<S> {
    /// Starts without keys, which have this number of columns. With `forget_ns`, a key that is idle for longer is forgotten.
    pub(crate) fn new(columns: usize, states: S, forget_ns: Option<i64>) -> Self {
        KeyedState {
            columns,
            table: GroupTable::with_capacity(0),
            states,
            idle: forget_ns.map(IdleKeys::new),
            groups: Vec::new(),
            key: Vec::new(),
        }
    }

    /// Number of keys.
    pub(crate) fn len(&self) -> usize {
        self.table.len()
    }

    /// Finds the group of each row by its values in these columns, and adds new groups with empty states. Returns the
    /// number of the first new group: new groups are numbered in the order of their first rows.
    pub(crate) fn find(&mut self, columns: &[&Column<'_>], rows: usize) -> u32 {
        let before = self.table.len() as u32;
        self.groups.clear();
        groups_of(columns, rows, &mut self.table, &mut self.key, &mut self.groups);
        self.states.resize(self.table.len());
        before
    }

    /// Finds the group of a key, and adds it with an empty state if it is new.
    pub(crate) fn add(&mut self, kind: KeyKind, bytes: &[u8]) -> u32 {
        let group = self.table.group_of(kind, bytes);
        self.states.resize(self.table.len());
        group
    }

    /// As [`KeyedState::find`], but returns the rows whose key is new.
    pub(crate) fn first_rows(&mut self, columns: &[&Column<'_>], rows: usize) -> Vec<u32> {
        let mut next = self.find(columns, rows);
        let mut first = Vec::new();
        for (row, &group) in self.groups.iter().enumerate() {
            if group == next {
                first.push(row as u32);
                next += 1;
            }
        }
        first
    }

    /// Forgets all keys and makes room for this many.
    pub(crate) fn restart(&mut self, groups: usize) {
        self.table = GroupTable::with_capacity(groups);
        self.states.keep(&[]);
    }

    /// Keeps only these groups, renumbered in this order.
    pub(crate) fn keep(&mut self, groups: &[u32]) {
        self.table.keep(groups);
        self.states.keep(groups);
    }

    /// Frees the states of forgotten keys if it is time to.
    pub(crate) fn sweep(&mut self) {
        if let Some(kept) = self.idle.as_mut().and_then(IdleKeys::sweep) {
            self.keep(&kept);
        }
    }

    /// True if a group is not forgotten.
    pub(crate) fn is_known(&self, group: u32) -> bool {
        self.idle.as_ref().is_none_or(|idle| idle.is_known(group))
    }
}

impl<S> KeyedState<S> {
    /// Loads keys, without their states.
    pub(crate) fn load_keys(&mut self, input: &mut StateReader<'_>) -> Result<(), StateError> {
        self.table = GroupTable::load(input)?;
        if self.table.keys.have_columns(self.columns) { Ok(()) } else { Err(StateError::Damaged) }
    }
}

impl<S: SavedStates> Stateful for KeyedState<S> {
    fn save_state(&self, out: &mut Vec<u8>) {
        self.table.save(out);
        self.states.save_states(out);
        if let Some(idle) = &self.idle {
            idle.save_state(out);
        }
    }

    fn load_state(&mut self, input: &mut StateReader<'_>) -> Result<(), StateError> {
        self.load_keys(input)?;
        self.states.load_states(self.table.len(), input)?;
        if let Some(idle) = &mut self.idle {
            idle.load_state(input)?;
            if idle.len() != self.table.len() {
                return Err(StateError::Damaged);
            }
        }
        Ok(())
    }
}

impl<S: HeapBytes> HeapBytes for KeyedState<S> {
    fn heap_bytes(&self) -> usize {
        let scratch = self.groups.heap_bytes() + self.key.heap_bytes();
        self.table.heap_bytes() + self.states.heap_bytes() + self.idle.heap_bytes() + scratch
    }
}

#[cfg(test)]
mod tests;
