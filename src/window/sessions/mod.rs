//! Sessions: for each key, the periods in which no two successive records are a gap or more apart.
//!
//! A session's records are identified by *cells*: each session starts with one, and a record that closes the gap
//! between two sessions gives all their cells to one of them. The caller keeps its state by cell.
//!
//! A session is final when the watermark has reached its end. Final sessions are *ready* to be printed in the
//! order of their ends, then starts, then keys. Every session that becomes final later ends later, so a key
//! that is always active delays no other, and the order does not depend on chunks.
//!
//! Most records belong to the newest session of their key, which is found at once. The other open sessions of
//! a key, which only records out of order make, are in a tree by their starts: n records cost at most
//! n log n, in whatever order they come.

mod state;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap};

/// No session, key or cell.
const NONE: u32 = u32::MAX;

/// A session that is final.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Session {
    /// Its first record.
    pub start: i64,
    /// A gap after its last record.
    pub end: i64,
    /// Its key.
    pub key: u32,
    /// The first of its cells.
    pub cell: u32,
}

/// The sessions of all keys that were not taken yet, open and final.
#[derive(Debug)]
pub struct Sessions {
    gap: i64,
    /// The watermark at the last search for final sessions.
    watermark: i64,
    /// By key, the last of its open sessions.
    newest: Vec<u32>,
    /// By key and start, its other open sessions. Only keys that have any are here.
    older: HashMap<u32, BTreeMap<i64, u32>>,
    open: Vec<OpenSession>,
    /// Free indices of `open`.
    free: Vec<u32>,
    /// The number of sessions begun.
    begun: u64,
    /// The next cell of the same session, by cell.
    next_cells: Vec<u32>,
    /// The last records of sessions, each with the session's index and number. An entry can be older than the session's
    /// last record, or name a session that is gone, but is never later.
    lasts: BinaryHeap<Reverse<(i64, u32, u64)>>,
    /// Final sessions that wait to be taken.
    ready: Vec<Session>,
    /// Cells of sessions that were ready.
    spent: usize,
}

#[derive(Clone, Copy, Debug)]
struct OpenSession {
    /// Distinguishes it from other sessions at the same index.
    number: u64,
    key: u32,
    start: i64,
    last: i64,
    /// The first and last of its cells.
    cells: (u32, u32),
    is_open: bool,
}

impl Sessions {
    /// No session yet.
    pub fn new(gap: i64) -> Self {
        Sessions {
            gap,
            watermark: i64::MIN,
            newest: Vec::new(),
            older: HashMap::new(),
            open: Vec::new(),
            free: Vec::new(),
            begun: 0,
            next_cells: Vec::new(),
            lasts: BinaryHeap::new(),
            ready: Vec::new(),
            spent: 0,
        }
    }

    /// The number of cells.
    pub fn cells(&self) -> usize {
        self.next_cells.len()
    }

    /// The number of cells of sessions that are ready.
    pub fn spent_cells(&self) -> usize {
        self.spent
    }

    /// The cells of a session that was taken, until the next renumbering.
    pub fn cells_of(&self, session: &Session) -> impl Iterator<Item = u32> {
        self.cells_from(session.cell)
    }

    /// A cell and the later ones of its session.
    fn cells_from(&self, cell: u32) -> impl Iterator<Item = u32> {
        let next = |cell: &u32| Some(self.next_cells[*cell as usize]).filter(|next| *next != NONE);
        std::iter::successors(Some(cell), next)
    }

    /// Returns the record's cell at this watermark, or `None` if it is late (even a session of its own would already
    /// be final).
    #[inline]
    pub fn cell(&mut self, key: u32, time: i64, watermark: i64) -> Option<u32> {
        self.advance(watermark);
        if self.newest.len() <= key as usize {
            self.newest.resize(key as usize + 1, NONE);
        }
        let newest = self.newest[key as usize];
        if newest == NONE || self.is_behind(self.open[newest as usize].last, time) {
            return (!self.is_behind(time, watermark)).then(|| self.begin_newest(key, time));
        }
        if self.is_behind(time, self.open[newest as usize].start) {
            return self.cell_before(key, time, watermark);
        }
        Some(self.join(newest, time))
    }

    /// Advances the watermark, which makes sessions final.
    #[inline]
    pub fn advance(&mut self, watermark: i64) {
        if watermark > self.watermark {
            self.watermark = watermark;
            self.settle();
        }
    }

    /// Ends the input: all sessions are final.
    pub fn finish(&mut self) {
        for index in 0..self.open.len() as u32 {
            if self.open[index as usize].is_open {
                self.leave(index);
            }
        }
        self.newest.fill(NONE);
        self.older = HashMap::new();
        (self.open, self.free) = (Vec::new(), Vec::new());
        self.lasts = BinaryHeap::new();
    }

    /// A snapshot of all sessions that were not taken.
    pub fn all(&self) -> Vec<Session> {
        let left = self.open.iter().filter(|session| session.is_open);
        let left = left.map(|session| self.so_far(session));
        self.ready.iter().copied().chain(left).collect()
    }

    /// The sessions that became final since the last call, in no order. All of a later call end later.
    pub fn take(&mut self) -> Vec<Session> {
        std::mem::take(&mut self.ready)
    }

    /// The cells of sessions that are open, with new numbers from 0 on and their keys likewise: which cells and
    /// which keys they were. Called when enough are spent, after all sessions that were taken are printed.
    pub fn renumber(&mut self) -> (Vec<u32>, Vec<u32>) {
        let (mut cells, mut keys) = (Vec::new(), Vec::new());
        let mut new_keys = vec![NONE; self.newest.len()];
        let mut next_cells = Vec::new();
        for session in self.open.iter_mut().filter(|session| session.is_open) {
            let (mut cell, first) = (session.cells.0, cells.len() as u32);
            while cell != NONE {
                cells.push(cell);
                next_cells.push(cells.len() as u32);
                cell = self.next_cells[cell as usize];
            }
            if let Some(last) = next_cells.last_mut() {
                *last = NONE;
            }
            session.cells = (first, cells.len() as u32 - 1);
            let new = &mut new_keys[session.key as usize];
            if *new == NONE {
                *new = keys.len() as u32;
                keys.push(session.key);
            }
            session.key = *new;
        }
        self.newest = keys.iter().map(|key| self.newest[*key as usize]).collect();
        let older = std::mem::take(&mut self.older).into_iter();
        self.older = older.map(|(key, sessions)| (new_keys[key as usize], sessions)).collect();
        self.next_cells = next_cells;
        self.spent = 0;
        (cells, keys)
    }

    /// True if a session ends between two times.
    #[inline]
    fn is_behind(&self, time: i64, other: i64) -> bool {
        other.saturating_sub(time) >= self.gap
    }

    /// [`Sessions::cell`] of a record that is a gap or more before the newest session of its key.
    fn cell_before(&mut self, key: u32, time: i64, watermark: i64) -> Option<u32> {
        // Among the sessions that begin less than a gap after it, only the last can be near.
        let reach = time.saturating_add(self.gap - 1);
        let at = self.last_until(key, reach);
        if let Some(at) = at.filter(|at| !self.is_behind(self.open[*at as usize].last, time)) {
            return Some(self.join(at, time));
        }
        if self.is_behind(time, watermark) {
            return None;
        }
        let index = self.begin(key, time);
        self.older.entry(key).or_default().insert(time, index);
        Some(self.open[index as usize].cells.0)
    }

    /// The last of a key's older sessions that begins at this time or before it.
    fn last_until(&self, key: u32, time: i64) -> Option<u32> {
        let older = self.older.get(&key)?;
        older.range(..=time).next_back().map(|(_, index)| *index)
    }

    /// Adds a record to a session that it is near, with all of the one before if it closes the gap between them.
    #[inline]
    fn join(&mut self, at: u32, time: i64) -> u32 {
        let OpenSession { start, last, .. } = self.open[at as usize];
        if time < start {
            self.begin_earlier(at, time);
        } else if time > last {
            self.open[at as usize].last = time;
        }
        self.open[at as usize].cells.0
    }

    /// A record before the first of a session joins it.
    fn begin_earlier(&mut self, at: u32, time: i64) {
        let OpenSession { key, start, .. } = self.open[at as usize];
        let is_newest = self.newest[key as usize] == at;
        if !is_newest {
            self.remove_older(key, start);
        }
        let mut begins = time;
        let before = self.last_until(key, time);
        if let Some(before) = before.filter(|before| !self.is_behind(self.open[*before as usize].last, time)) {
            begins = self.open[before as usize].start;
            self.absorb(at, before);
        }
        self.open[at as usize].start = begins;
        if !is_newest {
            self.older.entry(key).or_default().insert(begins, at);
        }
    }

    /// Takes a session out of the older ones of its key.
    fn remove_older(&mut self, key: u32, start: i64) {
        if let Some(older) = self.older.get_mut(&key) {
            older.remove(&start);
            if older.is_empty() {
                self.older.remove(&key);
            }
        }
    }

    /// Finds the sessions that the watermark has made final.
    fn settle(&mut self) {
        while let Some(&Reverse((last, index, number))) = self.lasts.peek()
            && self.is_behind(last, self.watermark)
        {
            self.lasts.pop();
            let Some(session) = self.open.get(index as usize).copied() else {
                continue;
            };
            if !session.is_open || session.number != number {
                continue;
            }
            if !self.is_behind(session.last, self.watermark) {
                self.lasts.push(Reverse((session.last, index, number)));
                continue;
            }
            match self.newest[session.key as usize] == index {
                true => self.newest[session.key as usize] = NONE,
                false => self.remove_older(session.key, session.start),
            }
            self.leave(index);
        }
    }

    /// A snapshot of a session.
    fn so_far(&self, open: &OpenSession) -> Session {
        Session { start: open.start, end: open.last.saturating_add(self.gap), key: open.key, cell: open.cells.0 }
    }

    /// Begins a session after all others of the key.
    #[inline]
    fn begin_newest(&mut self, key: u32, time: i64) -> u32 {
        let before = self.newest[key as usize];
        if before != NONE {
            let start = self.open[before as usize].start;
            self.older.entry(key).or_default().insert(start, before);
        }
        let index = self.begin(key, time);
        self.newest[key as usize] = index;
        self.open[index as usize].cells.0
    }

    fn begin(&mut self, key: u32, time: i64) -> u32 {
        let cell = self.next_cells.len() as u32;
        self.next_cells.push(NONE);
        self.begun += 1;
        let session =
            OpenSession { number: self.begun, key, start: time, last: time, cells: (cell, cell), is_open: true };
        let index = match self.free.pop() {
            Some(index) => {
                self.open[index as usize] = session;
                index
            }
            None => {
                self.open.push(session);
                self.open.len() as u32 - 1
            }
        };
        self.lasts.push(Reverse((time, index, self.begun)));
        index
    }

    /// A session takes all of an older one of its key.
    fn absorb(&mut self, into: u32, older: u32) {
        let gone = self.open[older as usize];
        self.remove_older(gone.key, gone.start);
        self.open[older as usize].is_open = false;
        self.free.push(older);
        let session = &mut self.open[into as usize];
        self.next_cells[session.cells.1 as usize] = gone.cells.0;
        session.cells.1 = gone.cells.1;
    }

    /// Makes a session final.
    fn leave(&mut self, index: u32) {
        self.open[index as usize].is_open = false;
        let ready = self.so_far(&self.open[index as usize]);
        self.free.push(index);
        self.spent += self.cells_of(&ready).count();
        self.ready.push(ready);
    }
}

#[cfg(test)]
mod tests;
