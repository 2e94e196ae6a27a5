//! Groups of sessions: each key's states, one set a session.

use std::sync::Arc;

use crate::data::{Batch, Column, ColumnBuilder, LiveSlots, Position, Value};
use crate::expr::Failures;
use crate::window::{Session, Sessions};

use super::accumulator::{Accumulator, Finish, Groups};
use super::aggregation::Aggregation;
use super::group_table::GroupTable;
use super::partial::{accumulate, assign};
use super::ranking::{compare_keys, with_key_values};
use super::rate;

/// Sessions are renumbered when so many cells are out of use, and they are half of all.
const SPARE_CELLS: usize = 1 << 12;

/// All sessions that were not printed.
#[derive(Debug)]
pub struct SessionGroups {
    aggregation: Arc<Aggregation>,
    table: GroupTable,
    sessions: Sessions,
    /// By cell.
    accumulators: Vec<Box<dyn Accumulator>>,
    /// Reused from batch to batch.
    keys: Vec<u32>,
    key: Vec<u8>,
}

/// The rows of final sessions, and from when to when each was.
#[derive(Debug)]
pub struct SessionRows {
    /// A row a session.
    pub rows: Batch<'static>,
    /// By row.
    pub starts: Vec<i64>,
    /// By row.
    pub ends: Vec<i64>,
}

impl SessionRows {
    fn of(rows: Batch<'static>, sessions: &[Session]) -> SessionRows {
        SessionRows {
            rows,
            starts: sessions.iter().map(|session| session.start).collect(),
            ends: sessions.iter().map(|session| session.end).collect(),
        }
    }
}

impl SessionGroups {
    /// No session yet.
    pub fn new(aggregation: Arc<Aggregation>, gap: i64) -> Self {
        let accumulators = aggregation.accumulators();
        SessionGroups {
            aggregation,
            table: GroupTable::with_capacity(0),
            sessions: Sessions::new(gap),
            accumulators,
            keys: Vec::new(),
            key: Vec::new(),
        }
    }

    /// Adds the records of a batch. `pass` gives the time of each row in turn and where the watermark stands
    /// in front of it. The rows that were late are given back.
    pub fn update(
        &mut self,
        batch: &Batch<'_>,
        mut pass: impl FnMut(usize) -> (i64, i64),
        failures: &mut Failures,
    ) -> Vec<u32> {
        let mut keys = std::mem::take(&mut self.keys);
        keys.clear();
        assign(
            &self.aggregation,
            &mut self.table,
            &mut self.key,
            batch,
            &mut keys,
            failures,
        );
        let (mut rows, mut cells, mut late) = (Vec::new(), Vec::new(), Vec::new());
        for (row, key) in keys.iter().enumerate() {
            let (time, watermark) = pass(row);
            match self.sessions.cell(*key, time, watermark) {
                Some(cell) => {
                    rows.push(row as u32);
                    cells.push(cell);
                }
                None => late.push(row as u32),
            }
        }
        self.keys = keys;
        let mut reads = LiveSlots::default();
        self.aggregation.reads(&mut reads);
        let picked;
        let batch = if late.is_empty() {
            batch
        } else {
            picked = batch.pick(&rows, &reads);
            &picked
        };
        let count = self.sessions.cells();
        let aggregates = &self.aggregation.aggregates;
        for (accumulator, aggregate) in self.accumulators.iter_mut().zip(aggregates) {
            if aggregate.shares.is_none() {
                accumulator.resize(count);
                let groups = Groups::Each(&cells);
                accumulate(accumulator.as_mut(), aggregate, groups, batch, failures);
            }
        }
        late
    }

    /// The sessions that are final when the watermark stands here; without one, all.
    pub fn take(&mut self, watermark: Option<i64>) -> Option<SessionRows> {
        let mut sessions = match watermark {
            Some(watermark) => self.sessions.take(watermark),
            None => self.sessions.take_all(),
        };
        if sessions.is_empty() {
            return None;
        }
        self.sort(&mut sessions);
        let firsts: Vec<u32> = sessions
            .iter()
            .filter_map(|session| session.cells.first().copied())
            .collect();
        let states = self.accumulators.iter_mut();
        let states: Vec<Box<dyn Accumulator>> = states
            .map(|accumulator| accumulator.gather(&firsts))
            .collect();
        let rows = self.rows(&sessions, states, 1);
        if self.sessions.taken_cells() > SPARE_CELLS.max(self.sessions.cells() / 2) {
            self.renumber();
        }
        Some(SessionRows::of(rows, &sessions))
    }

    /// The rows that the sessions have so far that were not taken; everything stays.
    pub fn peek(&self) -> Option<SessionRows> {
        let mut sessions = self.sessions.all();
        if sessions.is_empty() {
            return None;
        }
        self.sort(&mut sessions);
        let mut states = self.aggregation.accumulators();
        for state in &mut states {
            state.resize(sessions.len());
        }
        let rows = self.rows(&sessions, states, 0);
        Some(SessionRows::of(rows, &sessions))
    }

    /// By start, then by key.
    fn sort(&self, sessions: &mut [Session]) {
        let keys = &self.table.keys;
        sessions.sort_by(|left, right| {
            left.start.cmp(&right.start).then_with(|| {
                let (mut one, mut two) = ([0; 16], [0; 16]);
                let left = keys.get(left.key as usize, &mut one);
                compare_keys(left, keys.get(right.key as usize, &mut two))
            })
        });
    }

    /// The rows of some sessions, in their order. `states` are theirs, of so many of each one's cells.
    fn rows(
        &self,
        sessions: &[Session],
        mut states: Vec<Box<dyn Accumulator>>,
        cells: usize,
    ) -> Batch<'static> {
        for (place, session) in sessions.iter().enumerate() {
            for cell in session.cells.iter().skip(cells) {
                for (state, accumulator) in states.iter_mut().zip(&self.accumulators) {
                    state.merge(
                        accumulator.as_ref(),
                        *cell as usize..*cell as usize + 1,
                        &[place as u32],
                    );
                }
            }
        }
        let seconds = |session: &Session| session.end.saturating_sub(session.start) as f64 / 1e9;
        let mut columns = self
            .aggregation
            .finish(&states, sessions.first().map_or(0.0, seconds));
        for (index, aggregate) in self.aggregation.aggregates.iter().enumerate() {
            if std::ptr::eq(aggregate.def, &rate::RATE) {
                columns[index] = vec![rates(&mut states[index], sessions, seconds)];
            }
        }
        let mut batch = Batch::new(sessions.len(), Position(0));
        let mut short = [0; 16];
        let mut builders: Vec<ColumnBuilder> = self
            .aggregation
            .keys
            .iter()
            .map(|_| ColumnBuilder::new(sessions.len()))
            .collect();
        for session in sessions {
            let (kind, bytes) = self.table.keys.get(session.key as usize, &mut short);
            with_key_values(kind, bytes, &mut builders, |builder, value| {
                builder.push(value)
            });
        }
        for (key, builder) in self.aggregation.keys.iter().zip(builders) {
            batch.set(key.slot, builder.finish());
        }
        for (aggregate, columns) in self.aggregation.aggregates.iter().zip(columns) {
            for (slot, column) in aggregate.slots.iter().zip(columns) {
                batch.set(*slot, column);
            }
        }
        batch
    }

    /// Gives the cells and keys of open sessions new numbers, so that those of old ones take no room.
    fn renumber(&mut self) {
        let (cells, keys) = self.sessions.renumber();
        for accumulator in &mut self.accumulators {
            *accumulator = accumulator.gather(&cells);
        }
        let old = std::mem::replace(&mut self.table, GroupTable::with_capacity(keys.len()));
        for key in keys {
            self.table.group_of_stored(&old.keys, key as usize);
        }
    }
}

/// The rate of each session by its own length.
fn rates(
    state: &mut Box<dyn Accumulator>,
    sessions: &[Session],
    seconds: impl Fn(&Session) -> f64,
) -> Column<'static> {
    let mut column = ColumnBuilder::new(sessions.len());
    for (place, session) in sessions.iter().enumerate() {
        let own = state.gather(&[place as u32]);
        let finished = own.finish(&Finish {
            constant: 0.0,
            seconds: seconds(session),
        });
        let value = finished
            .first()
            .map_or(Value::Null, |column| column.get(0).to_value());
        column.push(value.borrow());
    }
    column.finish()
}
