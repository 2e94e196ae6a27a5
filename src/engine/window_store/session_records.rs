//! Records by session, kept until no further record can belong to it.

use std::collections::VecDeque;

use crate::aggregate::{Executor, sessions_in_order};
use crate::data::persist::{Persist, StateError, StateReader, Stateful};
use crate::data::{Batch, Column, HeapBytes, Slot, SlotSet, Value};
use crate::expr::Failures;
use crate::group::{GroupTable, groups_of};
use crate::window::{Range, RowLog, Session, Sessions};

use super::super::window_assigner::ChunkAssigner;
use super::{FiringContext, Pane, WindowStore};

/// Cells are renumbered when this many are unused, and at least half of all.
const SPARE_CELLS: usize = 1 << 12;

/// The records of open sessions.
pub(super) struct SessionRecords {
    /// The key of a session; empty if there is one key.
    keys: Vec<Slot>,
    table: GroupTable,
    log: RowLog,
    sessions: Sessions,
    /// Final sessions that are not printed, in order.
    ready: VecDeque<Session>,
}

impl SessionRecords {
    /// Empty state. The slots in `live` are kept of each record.
    pub(super) fn new(keys: Vec<Slot>, gap: i64, live: SlotSet) -> Self {
        SessionRecords {
            keys,
            table: GroupTable::with_capacity(0),
            log: RowLog::new(live),
            sessions: Sessions::new(gap),
            ready: VecDeque::new(),
        }
    }

    /// Renumbers cells and keys if most of them are unused.
    fn tidy(&mut self) {
        let spent = self.sessions.spent_cells();
        if self.ready.is_empty() && spent > SPARE_CELLS.max(self.sessions.cells() / 2) {
            let (cells, keys) = self.sessions.renumber();
            self.log.renumber(&cells);
            self.table.keep(&keys);
        }
    }
}

impl WindowStore for SessionRecords {
    /// The records of a session are spread over many batches, so that reading them from files would take too long.
    fn held(&self) -> (usize, &'static str) {
        (self.heap_bytes(), "the records of open sessions")
    }

    fn add(&mut self, batch: &Batch<'static>, assigner: &mut ChunkAssigner<'_>, _: &mut Failures) -> Vec<u32> {
        let mut pass = assigner.passing(batch);
        let columns = self.keys.iter().map(|slot| batch.column(*slot));
        let columns: Vec<&Column<'_>> = columns.collect();
        let (mut keys, mut room) = (Vec::with_capacity(batch.rows), Vec::new());
        groups_of(&columns, batch.rows, &mut self.table, &mut room, &mut keys);
        let (mut rows, mut ranges, mut late) = (Vec::new(), Vec::new(), Vec::new());
        for (row, key) in keys.into_iter().enumerate() {
            let (time, watermark) = pass(row);
            match self.sessions.cell(key, time, watermark) {
                Some(cell) => {
                    rows.push(row as u32);
                    ranges.push((i64::from(cell), i64::from(cell)));
                }
                None => late.push(row as u32),
            }
        }
        self.log.push(batch.select(&rows, &batch.slots()), &ranges);
        late
    }

    fn open(&mut self, _: FiringContext, _: &dyn Executor) -> Vec<Pane> {
        let open = sessions_in_order(self.sessions.all(), &self.table.keys);
        let sessions = self.ready.iter().copied().chain(open);
        let rows = |session: Session| {
            let rows = self.log.of_cells(self.sessions.cells_of(&session));
            window(&session, rows)
        };
        sessions.map(rows).collect()
    }

    fn take_final(&mut self, progress: FiringContext, _: &dyn Executor) -> Option<Pane> {
        match progress.watermark {
            Some(watermark) => self.sessions.advance(watermark),
            None => self.sessions.finish(),
        }
        if self.ready.is_empty() {
            self.ready = sessions_in_order(self.sessions.take(), &self.table.keys).into();
        }
        let session = self.ready.pop_front()?;
        let rows = self.log.take_cells(self.sessions.cells_of(&session));
        self.tidy();
        Some(window(&session, rows))
    }
}

/// The gap, the keys and the slots of the records are settings of the plan.
impl Stateful for SessionRecords {
    fn save_state(&self, out: &mut Vec<u8>) {
        self.table.save(out);
        self.sessions.save_state(out);
        self.ready.iter().copied().collect::<Vec<Session>>().save(out);
        self.log.save_state(out);
    }

    fn load_state(&mut self, input: &mut StateReader<'_>) -> Result<(), StateError> {
        self.table = GroupTable::load(input)?;
        self.sessions.load_state(input)?;
        self.ready = self.sessions.load_taken(input)?.into();
        self.log.load_state(input)?;
        let (has_keys, cells) = (self.sessions.keys() <= self.table.len(), self.sessions.cells() as i64);
        let is_cell = |(first, last): Range| first == last && (0..cells).contains(&first);
        if has_keys && self.log.ranges().all(is_cell) { Ok(()) } else { Err(StateError::Damaged) }
    }
}

impl HeapBytes for SessionRecords {
    fn heap_bytes(&self) -> usize {
        let ready = self.ready.capacity() * size_of::<Session>();
        self.table.heap_bytes() + self.sessions.heap_bytes() + ready + self.log.heap_bytes()
    }
}

fn window(session: &Session, rows: Vec<Batch<'static>>) -> Pane {
    let (start, end) = (Value::Time(session.start), Value::Time(session.end));
    Pane::Window(start, end, rows)
}
