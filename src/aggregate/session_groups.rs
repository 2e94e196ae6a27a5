//! Groups of session windows: each key's states, one set per session.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use crate::data::persist::{Persist, StateError, StateReader, Stateful};
use crate::data::{Batch, Column, ColumnBuilder, HeapBytes, Position, SlotSet, Value, buffer_bytes};
use crate::expr::Failures;
use crate::group::{GroupTable, Keys, compare_keys, with_key_values};
use crate::window::{Session, Sessions};

use super::accumulator::{Accumulator, Finish, RowGroups};
use super::aggregation::Aggregation;
use super::partial::{accumulate, assign};

/// Sessions are renumbered when more than this many cells, and more than half of all, are unused.
const SPARE_CELLS: usize = 1 << 12;

/// Maximum number of sessions turned into rows at once.
const BATCH_ROWS: usize = 1 << 14;

/// All sessions that are not printed yet.
#[derive(Debug)]
pub struct SessionGroups {
    aggregation: Arc<Aggregation>,
    table: GroupTable,
    sessions: Sessions,
    /// Final sessions to be printed, in order.
    ready: VecDeque<Session>,
    /// By cell.
    accumulators: Vec<Box<dyn Accumulator>>,
    /// Position of the next records: two sessions of a key that may merge never have records of the same position.
    position: u64,
    /// Scratch buffers, reused across batches.
    keys: Vec<u32>,
    key: Vec<u8>,
    /// Results of final sessions that exceed the range of floats.
    failures: Failures,
}

/// The rows of final sessions with their bounds.
#[derive(Debug)]
pub struct SessionRows {
    /// One row per session.
    pub rows: Batch<'static>,
    /// The start of each row's session.
    pub starts: Vec<i64>,
    /// The end of each row's session.
    pub ends: Vec<i64>,
}

impl SessionRows {
    pub(super) fn of(rows: Batch<'static>, sessions: &[Session]) -> SessionRows {
        SessionRows {
            rows,
            starts: sessions.iter().map(|session| session.start).collect(),
            ends: sessions.iter().map(|session| session.end).collect(),
        }
    }
}

impl SessionGroups {
    /// Creates it without sessions.
    pub fn new(aggregation: Arc<Aggregation>, gap: i64) -> Self {
        let accumulators = aggregation.accumulators();
        SessionGroups {
            aggregation,
            table: GroupTable::with_capacity(0),
            sessions: Sessions::new(gap),
            ready: VecDeque::new(),
            accumulators,
            position: 0,
            keys: Vec::new(),
            key: Vec::new(),
            failures: Failures::default(),
        }
    }

    /// Adds the records of a batch. `pass` returns the time of each row in turn, and the watermark before it. Returns
    /// the late rows.
    pub fn update(
        &mut self,
        batch: &Batch<'_>,
        pass: impl FnMut(usize) -> (i64, i64),
        failures: &mut Failures,
    ) -> Vec<u32> {
        let aggregation = Arc::clone(&self.aggregation);
        let none = Failures::default();
        aggregation.add_named(batch, &none, failures, |failures| self.update_unnamed(batch, pass, failures))
    }

    fn update_unnamed(
        &mut self,
        batch: &Batch<'_>,
        mut pass: impl FnMut(usize) -> (i64, i64),
        failures: &mut Failures,
    ) -> Vec<u32> {
        let mut keys = std::mem::take(&mut self.keys);
        keys.clear();
        assign(&self.aggregation, &mut self.table, &mut self.key, batch, &mut keys, failures);
        let (mut rows, mut cells, mut late) = (Vec::new(), Vec::new(), Vec::new());
        let mut parts = BatchParts::default();
        let is_ordered = self.aggregation.is_ordered();
        for (row, key) in keys.iter().enumerate() {
            let (time, watermark) = pass(row);
            match self.sessions.cell(*key, time, watermark) {
                Some(cell) => {
                    if is_ordered {
                        parts.add(rows.len(), *key, cell);
                    }
                    rows.push(row as u32);
                    cells.push(cell);
                }
                None => late.push(row as u32),
            }
        }
        self.keys = keys;
        let mut reads = SlotSet::default();
        self.aggregation.reads(&mut reads);
        let mut start = 0;
        for end in parts.ends.into_iter().chain([rows.len()]) {
            let (rows, cells) = (&rows[start..end], &cells[start..end]);
            if rows.len() == batch.rows && !is_ordered {
                self.add(batch, cells, failures);
            } else {
                let mut part = batch.select(rows, &reads);
                part.position = Position(self.position);
                self.position += 1;
                self.add(&part, cells, failures);
            }
            start = end;
        }
        late
    }

    /// Adds records to their cells.
    fn add(&mut self, batch: &Batch<'_>, cells: &[u32], failures: &mut Failures) {
        let aggregates = &self.aggregation.aggregates;
        for (accumulator, aggregate) in self.accumulators.iter_mut().zip(aggregates) {
            if aggregate.shares.is_none() {
                accumulator.resize(self.sessions.cells());
                let groups = RowGroups::Each(cells);
                accumulate(accumulator.as_mut(), aggregate, groups, batch, failures);
            }
        }
    }

    /// Returns sessions that are final at this watermark, or all without one. Call until it returns `None`.
    pub fn take(&mut self, watermark: Option<i64>) -> Option<SessionRows> {
        match watermark {
            Some(watermark) => self.sessions.advance(watermark),
            None => self.sessions.finish(),
        }
        if self.ready.is_empty() {
            let ready = self.sessions.take();
            self.ready = sessions_in_order(ready, &self.table.keys).into();
        }
        if self.ready.is_empty() {
            return None;
        }
        let count = self.ready.len().min(BATCH_ROWS);
        let sessions: Vec<Session> = self.ready.drain(..count).collect();
        let firsts: Vec<u32> = sessions.iter().map(|session| session.cell).collect();
        let states = self.accumulators.iter_mut();
        let states = states.map(|accumulator| accumulator.take_groups(&firsts)).collect();
        let mut failures = Failures::default();
        let rows = self.rows(&sessions, states, 1, &mut failures);
        self.failures.append(failures);
        let is_half_spent = self.sessions.spent_cells() > SPARE_CELLS.max(self.sessions.cells() / 2);
        if self.ready.is_empty() && is_half_spent {
            self.renumber();
        }
        Some(SessionRows::of(rows, &sessions))
    }

    /// Takes the count of results beyond the range of floats since the last call.
    pub fn take_failures(&mut self) -> Failures {
        std::mem::take(&mut self.failures)
    }

    /// Returns the rows so far of the sessions that were not taken; keeps all state.
    pub fn snapshot(&self) -> Option<SessionRows> {
        let sessions = sessions_in_order(self.sessions.all(), &self.table.keys);
        if sessions.is_empty() && self.ready.is_empty() {
            return None;
        }
        let sessions: Vec<Session> = self.ready.iter().copied().chain(sessions).collect();
        let mut states = self.aggregation.accumulators();
        for state in &mut states {
            state.resize(sessions.len());
        }
        let rows = self.rows(&sessions, states, 0, &mut Failures::default());
        Some(SessionRows::of(rows, &sessions))
    }

    /// Returns the rows of some sessions, in order. `states` already contain the first `cells` cells of each session.
    fn rows(
        &self,
        sessions: &[Session],
        mut states: Vec<Box<dyn Accumulator>>,
        cells: usize,
        failures: &mut Failures,
    ) -> Batch<'static> {
        for (place, session) in sessions.iter().enumerate() {
            for cell in self.sessions.cells_of(session).skip(cells) {
                let cell = cell as usize;
                for (state, accumulator) in states.iter_mut().zip(&self.accumulators) {
                    state.merge(accumulator.as_ref(), cell..cell + 1, &[place as u32]);
                }
            }
        }
        rows_of_sessions(&self.aggregation, &self.table.keys, sessions, states, failures)
    }

    /// Renumbers the cells and keys of open sessions to free the unused ones.
    fn renumber(&mut self) {
        let (cells, keys) = self.sessions.renumber();
        for accumulator in &mut self.accumulators {
            *accumulator = accumulator.take_groups(&cells);
        }
        self.table.keep(&keys);
    }
}

impl Stateful for SessionGroups {
    fn save_state(&self, out: &mut Vec<u8>) {
        self.position.save(out);
        self.failures.save(out);
        self.table.save(out);
        self.sessions.save_state(out);
        (self.ready.len() as u64).save(out);
        self.ready.iter().for_each(|session| session.save(out));
        let cells: Vec<u32> = (0..self.sessions.cells() as u32).collect();
        self.accumulators.iter().for_each(|accumulator| accumulator.save_groups(&cells, out));
    }

    fn load_state(&mut self, input: &mut StateReader<'_>) -> Result<(), StateError> {
        self.position = u64::load(input)?;
        self.failures = Failures::load(input)?;
        self.table = GroupTable::load(input)?;
        self.sessions.load_state(input)?;
        let columns = self.aggregation.keys.len();
        if !self.table.keys.have_columns(columns) || self.sessions.keys() > self.table.len() {
            return Err(StateError::Damaged);
        }
        self.ready = self.sessions.load_taken(input)?.into();
        for accumulator in &mut self.accumulators {
            accumulator.load_groups(self.sessions.cells(), input)?;
        }
        Ok(())
    }
}

impl HeapBytes for SessionGroups {
    fn heap_bytes(&self) -> usize {
        let scratch = buffer_bytes(&self.keys) + buffer_bytes(&self.key);
        let ready = self.ready.capacity() * size_of::<Session>();
        self.table.heap_bytes() + self.sessions.heap_bytes() + ready + self.accumulators.heap_bytes() + scratch
    }
}

/// The rows of some sessions, in order; each has one of `states`, and a key of `keys`.
pub(super) fn rows_of_sessions(
    aggregation: &Aggregation,
    keys: &Keys,
    sessions: &[Session],
    mut states: Vec<Box<dyn Accumulator>>,
    failures: &mut Failures,
) -> Batch<'static> {
    let seconds = |session: &Session| session.end.saturating_sub(session.start) as f64 / 1e9;
    let mut columns = aggregation.results(&states, sessions.first().map_or(0.0, seconds));
    failures.append(aggregation.beyond(&states, &columns));
    for (index, aggregate) in aggregation.aggregates.iter().enumerate() {
        if aggregate.def.needs_duration {
            columns[index] = vec![rates(&mut states[index], sessions, seconds)];
        }
    }
    let mut batch = Batch::new(sessions.len(), Position(0));
    let mut short = [0; 16];
    let mut builders: Vec<ColumnBuilder> =
        aggregation.keys.iter().map(|_| ColumnBuilder::new(sessions.len())).collect();
    for session in sessions {
        let (kind, bytes) = keys.get(session.key as usize, &mut short);
        with_key_values(kind, bytes, &mut builders, |builder, value| builder.push(value));
    }
    for (key, builder) in aggregation.keys.iter().zip(builders) {
        batch.set(key.slot, builder.finish());
    }
    for (aggregate, columns) in aggregation.aggregates.iter().zip(columns) {
        for (slot, column) in aggregate.slots.iter().zip(columns) {
            batch.set(*slot, column);
        }
    }
    let computed = aggregation.compute_from(&batch, failures);
    for (column, computed) in aggregation.computed.iter().zip(computed) {
        batch.set(column.slot, computed);
    }
    batch
}

/// Sorts by end, then start, then key; `keys` has the keys of all sessions.
pub(crate) fn sessions_in_order(mut sessions: Vec<Session>, keys: &Keys) -> Vec<Session> {
    sessions.sort_unstable_by(|left, right| {
        let by_time = (left.end, left.start).cmp(&(right.end, right.start));
        by_time.then_with(|| {
            let (mut one, mut two) = ([0; 16], [0; 16]);
            let of_left = keys.get(left.key as usize, &mut one);
            compare_keys(of_left, keys.get(right.key as usize, &mut two))
        })
    });
    sessions
}

/// Splits a batch so that within a part no key has records in two cells.
#[derive(Default)]
struct BatchParts {
    /// The end of each part but the last.
    ends: Vec<usize>,
    /// The cell of each key that has records in the part.
    cells: HashMap<u32, u32>,
}

impl BatchParts {
    fn add(&mut self, row: usize, key: u32, cell: u32) {
        if self.cells.insert(key, cell).is_some_and(|other| other != cell) {
            self.ends.push(row);
            self.cells.clear();
            self.cells.insert(key, cell);
        }
    }
}

/// Computes the rate of each session by its own length.
fn rates(state: &mut Box<dyn Accumulator>, sessions: &[Session], seconds: impl Fn(&Session) -> f64) -> Column<'static> {
    let mut column = ColumnBuilder::new(sessions.len());
    for (place, session) in sessions.iter().enumerate() {
        let own = state.take_groups(&[place as u32]);
        let finished = own.finish(&Finish { constant: 0.0, seconds: seconds(session), interpolates: false });
        let value = finished.first().map_or(Value::Null, |column| column.get(0).to_value());
        column.push(value.borrow());
    }
    column.finish()
}
