//! Groups of state windows: each lasts from a record until a field has another value, in the order of the stream.
//!
//! Only the open window of each partition is held, so memory does not grow with the number of changes.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::data::persist::{Persist, StateError, StateReader, Stateful};
use crate::data::{Batch, Column, HeapBytes, Position, Slot, SlotSet, buffer_bytes};
use crate::expr::Failures;
use crate::group::{GroupTable, encode_part, groups_of};
use crate::window::Session;

use super::accumulator::{Accumulator, RowGroups};
use super::aggregation::Aggregation;
use super::partial::{accumulate, assign};
use super::session_groups::{SessionRows, rows_of_sessions, sessions_in_order};

/// Cells are renumbered when more than this many, and more than half of all, are unused.
const SPARE_CELLS: usize = 1 << 12;

/// Maximum number of windows turned into rows at once.
const BATCH_ROWS: usize = 1 << 14;

/// The fields that state windows depend on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateFields {
    /// Each value of these has windows of its own.
    pub by: Vec<Slot>,
    /// A window ends when this changes.
    pub field: Slot,
}

/// All state windows that are not printed yet.
#[derive(Debug)]
pub struct StateGroups {
    aggregation: Arc<Aggregation>,
    fields: StateFields,
    /// The keys of the result.
    table: GroupTable,
    partitions: GroupTable,
    /// The open window of each partition.
    open: Vec<OpenState>,
    /// Windows that have ended, in the order of their ends in the stream.
    ready: VecDeque<Session>,
    /// By cell: each window has one.
    accumulators: Vec<Box<dyn Accumulator>>,
    cells: u32,
    /// The largest time so far.
    latest: i64,
    /// Position of the next records.
    position: u64,
    /// Results that exceed the range of floats.
    failures: Failures,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct OpenState {
    /// The field's value as a part of a key; empty before the first record.
    value: Vec<u8>,
    start: i64,
    key: u32,
    cell: u32,
}

impl StateGroups {
    /// Creates it without windows.
    pub fn new(aggregation: Arc<Aggregation>, fields: StateFields) -> Self {
        StateGroups {
            accumulators: aggregation.accumulators(),
            aggregation,
            fields,
            table: GroupTable::with_capacity(0),
            partitions: GroupTable::with_capacity(0),
            open: Vec::new(),
            ready: VecDeque::new(),
            cells: 0,
            latest: i64::MIN,
            position: 0,
            failures: Failures::default(),
        }
    }

    /// Adds the records of a batch; `time` returns the time of each row in turn.
    pub fn update(&mut self, batch: &Batch<'_>, time: impl FnMut(usize) -> i64, failures: &mut Failures) {
        let aggregation = Arc::clone(&self.aggregation);
        let none = Failures::default();
        aggregation.add_named(batch, &none, failures, |failures| self.update_unnamed(batch, time, failures));
    }

    fn update_unnamed(&mut self, batch: &Batch<'_>, mut time: impl FnMut(usize) -> i64, failures: &mut Failures) {
        let (mut keys, mut key, mut partitions) = (Vec::new(), Vec::new(), Vec::new());
        assign(&self.aggregation, &mut self.table, &mut key, batch, &mut keys, failures);
        let by: Vec<&Column<'_>> = self.fields.by.iter().map(|slot| batch.column(*slot)).collect();
        groups_of(&by, batch.rows, &mut self.partitions, &mut key, &mut partitions);
        self.open.resize_with(self.partitions.len(), OpenState::default);
        let field = batch.column(self.fields.field);
        let mut cells = Vec::with_capacity(batch.rows);
        for (row, partition) in partitions.into_iter().enumerate() {
            key.clear();
            encode_part(field.get(row), &mut key);
            cells.push(self.cell(partition as usize, &key, keys[row], time(row)));
        }
        let mut reads = SlotSet::default();
        self.aggregation.reads(&mut reads);
        if !self.aggregation.is_ordered() {
            self.add(batch, &cells, failures);
            return;
        }
        let all: Vec<u32> = (0..batch.rows as u32).collect();
        let mut part = batch.select(&all, &reads);
        part.position = Position(self.position);
        self.position += 1;
        self.add(&part, &cells, failures);
    }

    /// The cell of the next record of a partition.
    fn cell(&mut self, partition: usize, value: &[u8], key: u32, time: i64) -> u32 {
        self.latest = self.latest.max(time);
        let open = &mut self.open[partition];
        if open.value == value {
            return open.cell;
        }
        if !open.value.is_empty() {
            let end = time.max(open.start); // times may go back
            self.ready.push_back(Session { start: open.start, end, key: open.key, cell: open.cell });
        }
        open.value.clear();
        open.value.extend_from_slice(value);
        (open.start, open.key, open.cell) = (time, key, self.cells);
        self.cells += 1;
        open.cell
    }

    fn add(&mut self, batch: &Batch<'_>, cells: &[u32], failures: &mut Failures) {
        for (accumulator, aggregate) in self.accumulators.iter_mut().zip(&self.aggregation.aggregates) {
            if aggregate.shares.is_none() {
                accumulator.resize(self.cells as usize);
                accumulate(accumulator.as_mut(), aggregate, RowGroups::Each(cells), batch, failures);
            }
        }
    }

    /// The open windows as if they ended at the largest time so far.
    fn unended(&self) -> Vec<Session> {
        let open = self.open.iter().filter(|open| !open.value.is_empty());
        let session =
            |open: &OpenState| Session { start: open.start, end: self.latest, key: open.key, cell: open.cell };
        sessions_in_order(open.map(session).collect(), &self.table.keys)
    }

    /// Returns windows that have ended; if the input `ends` all, which end at its largest time. Call until it returns
    /// `None`.
    pub fn take(&mut self, ends: bool) -> Option<SessionRows> {
        if ends {
            self.ready.extend(self.unended());
            self.open.fill(OpenState::default());
        }
        if self.ready.is_empty() {
            return None;
        }
        let count = self.ready.len().min(BATCH_ROWS);
        let sessions: Vec<Session> = self.ready.drain(..count).collect();
        let cells: Vec<u32> = sessions.iter().map(|session| session.cell).collect();
        let states = self.accumulators.iter_mut().map(|accumulator| accumulator.take_groups(&cells)).collect();
        let mut failures = Failures::default();
        let rows = rows_of_sessions(&self.aggregation, &self.table.keys, &sessions, states, &mut failures);
        self.failures.append(failures);
        if self.ready.is_empty() && self.cells as usize > SPARE_CELLS.max(self.open.len() * 2) {
            self.renumber();
        }
        Some(SessionRows::of(rows, &sessions))
    }

    /// Takes the count of results beyond the range of floats since the last call.
    pub fn take_failures(&mut self) -> Failures {
        std::mem::take(&mut self.failures)
    }

    /// Returns the rows so far of the windows that were not taken; keeps all state.
    pub fn snapshot(&self) -> Option<SessionRows> {
        let sessions: Vec<Session> = self.ready.iter().copied().chain(self.unended()).collect();
        if sessions.is_empty() {
            return None;
        }
        let mut states = self.aggregation.accumulators();
        for (state, accumulator) in states.iter_mut().zip(&self.accumulators) {
            state.resize(sessions.len());
            for (place, session) in sessions.iter().enumerate() {
                let cell = session.cell as usize;
                state.merge(accumulator.as_ref(), cell..cell + 1, &[place as u32]);
            }
        }
        let failures = &mut Failures::default();
        let rows = rows_of_sessions(&self.aggregation, &self.table.keys, &sessions, states, failures);
        Some(SessionRows::of(rows, &sessions))
    }

    /// Renumbers the cells and keys of open windows to free the unused ones; none is ready.
    fn renumber(&mut self) {
        let (mut cells, mut keys) = (Vec::new(), Vec::new());
        for open in self.open.iter_mut().filter(|open| !open.value.is_empty()) {
            cells.push(std::mem::replace(&mut open.cell, cells.len() as u32));
            // Two windows may have the same key.
            keys.push(open.key);
        }
        keys.sort_unstable();
        keys.dedup();
        for open in &mut self.open {
            open.key = keys.binary_search(&open.key).unwrap_or_default() as u32;
        }
        for accumulator in &mut self.accumulators {
            *accumulator = accumulator.take_groups(&cells);
        }
        self.cells = cells.len() as u32;
        self.table.keep(&keys);
    }
}

impl Persist for OpenState {
    fn save(&self, out: &mut Vec<u8>) {
        self.value.save(out);
        self.start.save(out);
        self.key.save(out);
        self.cell.save(out);
    }

    fn load(input: &mut StateReader<'_>) -> Result<Self, StateError> {
        Ok(OpenState {
            value: Vec::load(input)?,
            start: i64::load(input)?,
            key: u32::load(input)?,
            cell: u32::load(input)?,
        })
    }
}

/// The fields are settings of the plan.
impl Stateful for StateGroups {
    fn save_state(&self, out: &mut Vec<u8>) {
        self.position.save(out);
        self.failures.save(out);
        self.table.save(out);
        self.partitions.save(out);
        self.open.save(out);
        self.ready.iter().copied().collect::<Vec<Session>>().save(out);
        self.cells.save(out);
        self.latest.save(out);
        let cells: Vec<u32> = (0..self.cells).collect();
        self.accumulators.iter().for_each(|accumulator| accumulator.save_groups(&cells, out));
    }

    fn load_state(&mut self, input: &mut StateReader<'_>) -> Result<(), StateError> {
        self.position = u64::load(input)?;
        self.failures = Failures::load(input)?;
        self.table = GroupTable::load(input)?;
        self.partitions = GroupTable::load(input)?;
        self.open = Vec::load(input)?;
        self.ready = Vec::<Session>::load(input)?.into();
        self.cells = u32::load(input)?;
        self.latest = i64::load(input)?;
        let (keys, cells) = (self.table.len(), self.cells);
        let is_sound = |key: u32, cell: u32| (key as usize) < keys && cell < cells;
        let mut open = self.open.iter().filter(|open| !open.value.is_empty());
        let has_columns = self.table.keys.have_columns(self.aggregation.keys.len())
            && self.partitions.keys.have_columns(self.fields.by.len())
            && self.open.len() == self.partitions.len();
        let are_sound = open.all(|open| is_sound(open.key, open.cell))
            && self.ready.iter().all(|ready| is_sound(ready.key, ready.cell));
        if !(has_columns && are_sound) {
            return Err(StateError::Damaged);
        }
        for accumulator in &mut self.accumulators {
            accumulator.load_groups(cells as usize, input)?;
        }
        Ok(())
    }
}

impl HeapBytes for OpenState {
    fn heap_bytes(&self) -> usize {
        buffer_bytes(&self.value)
    }
}

impl HeapBytes for StateGroups {
    fn heap_bytes(&self) -> usize {
        let ready = self.ready.capacity() * size_of::<Session>();
        let tables = self.table.heap_bytes() + self.partitions.heap_bytes();
        tables + self.open.heap_bytes() + ready + self.accumulators.heap_bytes()
    }
}
