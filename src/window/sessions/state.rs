//! Sessions as bytes.
//!
//! Open sessions are saved by key and start, so the form does not depend on where they are in memory. The numbers of
//! keys and cells are those of the caller, whose state is by key and cell.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::{NONE, OpenSession, Session, Sessions};
use crate::data::persist::{Persist, StateError, StateReader, Stateful};
use crate::data::{HeapBytes, buffer_bytes};

impl Persist for Session {
    fn save(&self, out: &mut Vec<u8>) {
        self.start.save(out);
        self.end.save(out);
        self.key.save(out);
        self.cell.save(out);
    }

    fn load(input: &mut StateReader<'_>) -> Result<Self, StateError> {
        let session = Session {
            start: i64::load(input)?,
            end: i64::load(input)?,
            key: u32::load(input)?,
            cell: u32::load(input)?,
        };
        if session.start <= session.end { Ok(session) } else { Err(StateError::Damaged) }
    }
}

/// The gap is a setting of the plan.
impl Stateful for Sessions {
    fn save_state(&self, out: &mut Vec<u8>) {
        let mut open: Vec<&OpenSession> = self.open.iter().filter(|session| session.is_open).collect();
        open.sort_unstable_by_key(|session| (session.key, session.start));
        let mut counts = vec![0u32; self.newest.len()];
        open.iter().for_each(|session| counts[session.key as usize] += 1);
        self.watermark.save(out);
        self.next_cells.save(out);
        counts.save(out);
        for session in open {
            session.start.save(out);
            session.last.save(out);
            session.cells.0.save(out);
        }
        let mut ready = self.ready.clone();
        ready.sort_unstable_by_key(order);
        ready.save(out);
    }

    fn load_state(&mut self, input: &mut StateReader<'_>) -> Result<(), StateError> {
        *self = Sessions::new(self.gap);
        self.watermark = i64::load(input)?;
        self.next_cells = Vec::load(input)?;
        let mut first_cells = self.first_cells()?;
        let counts: Vec<u32> = Vec::load(input)?;
        for (key, count) in (0..).zip(counts) {
            self.newest.push(NONE);
            for _ in 0..count {
                let (start, last) = (i64::load(input)?, i64::load(input)?);
                self.begin_loaded(key, start, last, first_cells.take(u32::load(input)?)?)?;
            }
        }
        let open: usize = self.open.iter().map(|session| self.cells_from(session.cells.0).count()).sum();
        self.spent = self.next_cells.len() - open;
        self.ready = self.load_ready(&mut first_cells, input)?;
        if self.ready.is_sorted_by_key(order) { Ok(()) } else { Err(StateError::Damaged) }
    }
}

/// The order of final sessions in a saved state: cells are unique.
fn order(session: &Session) -> (i64, i64, u32) {
    (session.end, session.start, session.cell)
}

/// The first cells of sessions that were not loaded yet.
struct FirstCells(Vec<bool>);

impl FirstCells {
    /// Each session has a first cell of its own.
    fn take(&mut self, cell: u32) -> Result<u32, StateError> {
        match self.0.get_mut(cell as usize).map(std::mem::take) {
            Some(true) => Ok(cell),
            _ => Err(StateError::Damaged),
        }
    }
}

impl Sessions {
    /// Reads final sessions that the caller had taken from these and not printed.
    pub fn load_taken(&self, input: &mut StateReader<'_>) -> Result<Vec<Session>, StateError> {
        let mut first_cells = self.first_cells()?;
        let open = self.open.iter().map(|session| session.cells.0);
        for cell in open.chain(self.ready.iter().map(|session| session.cell)) {
            first_cells.take(cell)?;
        }
        self.load_ready(&mut first_cells, input)
    }

    /// The number of keys that have had sessions: those of all sessions are less.
    pub fn keys(&self) -> usize {
        self.newest.len()
    }

    fn load_ready(
        &self,
        first_cells: &mut FirstCells,
        input: &mut StateReader<'_>,
    ) -> Result<Vec<Session>, StateError> {
        let ready: Vec<Session> = Vec::load(input)?;
        for session in &ready {
            first_cells.take(session.cell)?;
            let is_whole = session.end == i64::MAX || self.is_behind(session.start, session.end);
            if session.key as usize >= self.newest.len() || !is_whole {
                return Err(StateError::Damaged);
            }
        }
        Ok(ready)
    }

    /// Begins a session that was saved, after the earlier ones of its key.
    fn begin_loaded(&mut self, key: u32, start: i64, last: i64, cell: u32) -> Result<(), StateError> {
        let newest = self.newest[key as usize];
        let follows = newest == NONE || self.is_behind(self.open[newest as usize].last, start);
        if start > last || !follows || self.is_behind(last, self.watermark) {
            return Err(StateError::Damaged);
        }
        let index = u32::try_from(self.open.len()).map_err(|_| StateError::Damaged)?;
        if newest != NONE {
            let start = self.open[newest as usize].start;
            self.older.entry(key).or_default().insert(start, newest);
        }
        self.newest[key as usize] = index;
        self.begun += 1;
        self.lasts.push(Reverse((last, index, self.begun)));
        let cells = (cell, self.cells_from(cell).last().unwrap_or(cell));
        self.open.push(OpenSession { number: self.begun, key, start, last, cells, is_open: true });
        Ok(())
    }

    /// The first cell of every session. Rejects cells that follow two others, or themselves.
    fn first_cells(&self) -> Result<FirstCells, StateError> {
        let mut is_first = vec![true; self.next_cells.len()];
        for next in self.next_cells.iter().filter(|next| **next != NONE) {
            if is_first.get_mut(*next as usize).map(std::mem::take) != Some(true) {
                return Err(StateError::Damaged);
            }
        }
        let firsts = (0..).zip(&is_first).filter(|(_, is_first)| **is_first);
        let reached: usize = firsts.map(|(cell, _)| self.cells_from(cell).count()).sum();
        if reached == self.next_cells.len() { Ok(FirstCells(is_first)) } else { Err(StateError::Damaged) }
    }
}

impl HeapBytes for Sessions {
    fn heap_bytes(&self) -> usize {
        let plain = buffer_bytes(&self.newest)
            + buffer_bytes(&self.open)
            + buffer_bytes(&self.free)
            + buffer_bytes(&self.next_cells)
            + buffer_bytes(&self.ready);
        let lasts = self.lasts.capacity() * size_of::<Reverse<(i64, u32, u64)>>();
        let older: usize = self.older.values().map(HeapBytes::heap_bytes).sum();
        let table = self.older.capacity() * (size_of::<(u32, BTreeMap<i64, u32>)>() + 1) * 8 / 7;
        plain + lasts + older + table
    }
}
