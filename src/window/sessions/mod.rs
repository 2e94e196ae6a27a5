//! Sessions: of each key, the stretches of time in which it is never silent for as long as the gap.
//!
//! Records of a session are told by *cells*: each session begins with one, and a record that closes the gap
//! between two sessions gives all their cells to one of them. What is kept by cell is the caller's matter.
//!
//! A session is final when the watermark has reached its end, and *ready* when none that is open began before it.
//! Both are found record by record, so that neither the sessions nor their order depend on how the stream is
//! parted.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Nothing in a list.
const NONE: u32 = u32::MAX;

/// A session that is final.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Session {
    /// Sessions that were ready at the same place of the stream have the same turn, later ones a later.
    pub turn: u64,
    /// Its first record.
    pub start: i64,
    /// A gap behind its last record.
    pub end: i64,
    /// Whose it is.
    pub key: u32,
    /// The first of its cells.
    pub cell: u32,
}

/// The sessions of all keys that were not taken yet.
#[derive(Debug)]
pub struct Sessions {
    gap: i64,
    /// Where it stood when final sessions were last looked for.
    watermark: i64,
    /// How often some were ready.
    turn: u64,
    /// By key, the last of its open sessions.
    newest: Vec<u32>,
    open: Vec<Open>,
    /// Places in `open` that are free.
    free: Vec<u32>,
    /// The next cell of the same session, by cell.
    next_cells: Vec<u32>,
    /// The last records of sessions; entries can be out of date, but never late.
    lasts: BinaryHeap<Reverse<(i64, u32)>>,
    /// When sessions began; an entry whose session has gone or began earlier is out of date.
    starts: BinaryHeap<Reverse<(i64, u32)>>,
    /// Final sessions that wait for those that began before them.
    done: BinaryHeap<Reverse<(i64, u32)>>,
    /// Sessions that wait to be taken, in no order but that of their turns.
    ready: Vec<Session>,
    /// Cells of sessions that were ready.
    spent: usize,
}

#[derive(Clone, Copy, Debug)]
struct Open {
    key: u32,
    start: i64,
    last: i64,
    /// The first and last of its cells.
    cells: (u32, u32),
    /// The key's open sessions before and behind it; there is a gap at least between them.
    older: u32,
    newer: u32,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Free,
    Open,
    Done,
}

impl Sessions {
    /// No session yet.
    pub fn new(gap: i64) -> Self {
        Sessions {
            gap,
            watermark: i64::MIN,
            turn: 0,
            newest: Vec::new(),
            open: Vec::new(),
            free: Vec::new(),
            next_cells: Vec::new(),
            lasts: BinaryHeap::new(),
            starts: BinaryHeap::new(),
            done: BinaryHeap::new(),
            ready: Vec::new(),
            spent: 0,
        }
    }

    /// How many cells there are.
    pub fn cells(&self) -> usize {
        self.next_cells.len()
    }

    /// How many of them belong to sessions that are ready.
    pub fn spent_cells(&self) -> usize {
        self.spent
    }

    /// The cells of a session that was taken, until the next renumbering.
    pub fn cells_of(&self, session: &Session) -> impl Iterator<Item = u32> {
        let next = |cell: &u32| Some(self.next_cells[*cell as usize]).filter(|next| *next != NONE);
        std::iter::successors(Some(session.cell), next)
    }

    /// The cell of a record of a key, when the watermark stands here; nothing if it is late: its session, be it
    /// one of its own, would have been final.
    #[inline]
    pub fn cell(&mut self, key: u32, time: i64, watermark: i64) -> Option<u32> {
        self.advance(watermark);
        if self.newest.len() <= key as usize {
            self.newest.resize(key as usize + 1, NONE);
        }
        let (mut newer, mut at) = (NONE, self.newest[key as usize]);
        while at != NONE && self.is_behind(time, self.open[at as usize].start) {
            (newer, at) = (at, self.open[at as usize].older);
        }
        if at == NONE || self.is_behind(self.open[at as usize].last, time) {
            if self.is_behind(time, watermark) {
                return None;
            }
            return Some(self.begin(key, time, at, newer));
        }
        // Of the older ones, only the next can be near: what lies between two sessions is a gap at least.
        let older = self.open[at as usize].older;
        if older != NONE && !self.is_behind(self.open[older as usize].last, time) {
            self.absorb(at, older);
        }
        let session = &mut self.open[at as usize];
        session.last = session.last.max(time);
        let cell = session.cells.0;
        if time < session.start {
            session.start = time;
            self.starts.push(Reverse((time, at)));
        }
        Some(cell)
    }

    /// Moves the watermark: sessions become final, and ready as far as no session that is open or may still
    /// begin comes before them.
    #[inline]
    pub fn advance(&mut self, watermark: i64) {
        if watermark > self.watermark {
            self.watermark = watermark;
            self.settle();
        }
    }

    /// Nothing more comes: all sessions are final and ready.
    pub fn finish(&mut self) {
        self.turn += 1;
        for index in 0..self.open.len() as u32 {
            if self.open[index as usize].state != State::Free {
                self.leave(index);
            }
        }
        self.newest.fill(NONE);
        (self.open, self.free) = (Vec::new(), Vec::new());
        self.lasts = BinaryHeap::new();
        self.starts = BinaryHeap::new();
        self.done = BinaryHeap::new();
    }

    /// All sessions that were not taken, as they are so far; they stay.
    pub fn all(&self) -> Vec<Session> {
        let left = self
            .open
            .iter()
            .filter(|session| session.state != State::Free);
        let left = left.map(|session| self.so_far(session));
        self.ready.iter().copied().chain(left).collect()
    }

    /// The sessions that are ready, by turn. Within one, those that began first are the first to be printed.
    pub fn take(&mut self) -> Vec<Session> {
        std::mem::take(&mut self.ready)
    }

    /// The cells of sessions that are not ready, with new numbers from 0 on and their keys likewise: which
    /// cells and which keys they were. Called when enough are spent and what was taken is done with.
    pub fn renumber(&mut self) -> (Vec<u32>, Vec<u32>) {
        let (mut cells, mut keys) = (Vec::new(), Vec::new());
        let mut new_keys = vec![NONE; self.newest.len()];
        let mut next_cells = Vec::new();
        let in_use = |session: &&mut Open| session.state != State::Free;
        for session in self.open.iter_mut().filter(in_use) {
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
        self.next_cells = next_cells;
        self.spent = 0;
        (cells, keys)
    }

    /// Whether a time lies so far behind another that a session ends between them.
    #[inline]
    fn is_behind(&self, time: i64, other: i64) -> bool {
        other.saturating_sub(time) >= self.gap
    }

    /// Finds what the watermark has made final and ready.
    fn settle(&mut self) {
        while let Some(&Reverse((last, index))) = self.lasts.peek()
            && self.is_behind(last, self.watermark)
        {
            self.lasts.pop();
            let session = self.open[index as usize];
            if session.state != State::Open {
                continue;
            }
            if self.is_behind(session.last, self.watermark) {
                self.unlink(index);
                self.open[index as usize].state = State::Done;
                self.done.push(Reverse((session.start, index)));
            } else {
                self.lasts.push(Reverse((session.last, index)));
            }
        }
        if self.done.is_empty() {
            return;
        }
        // A record that is not late begins no session before this.
        let earliest = self
            .watermark
            .saturating_sub(self.gap)
            .saturating_add(1)
            .min(self.first_start());
        self.turn += 1;
        while let Some(&Reverse((start, index))) = self.done.peek()
            && start < earliest
        {
            self.done.pop();
            self.leave(index);
        }
    }

    /// Begins a session between two others of the key.
    /// A session as it is so far.
    fn so_far(&self, open: &Open) -> Session {
        Session {
            turn: self.turn,
            start: open.start,
            end: open.last.saturating_add(self.gap),
            key: open.key,
            cell: open.cells.0,
        }
    }

    fn begin(&mut self, key: u32, time: i64, older: u32, newer: u32) -> u32 {
        let cell = self.next_cells.len() as u32;
        self.next_cells.push(NONE);
        let session = Open {
            key,
            start: time,
            last: time,
            cells: (cell, cell),
            older,
            newer,
            state: State::Open,
        };
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
        if older != NONE {
            self.open[older as usize].newer = index;
        }
        match newer {
            NONE => self.newest[key as usize] = index,
            newer => self.open[newer as usize].older = index,
        }
        self.lasts.push(Reverse((time, index)));
        self.starts.push(Reverse((time, index)));
        cell
    }

    /// A record closes the gap between two sessions of a key: one takes all of the one before it.
    fn absorb(&mut self, into: u32, older: u32) {
        let gone = self.open[older as usize];
        self.unlink(older);
        self.open[older as usize].state = State::Free;
        self.free.push(older);
        let session = &mut self.open[into as usize];
        self.next_cells[session.cells.1 as usize] = gone.cells.0;
        session.cells.1 = gone.cells.1;
        session.start = gone.start;
        self.starts.push(Reverse((gone.start, into)));
    }

    /// Takes a session out of the list of its key.
    fn unlink(&mut self, index: u32) {
        let Open {
            key, older, newer, ..
        } = self.open[index as usize];
        if older != NONE {
            self.open[older as usize].newer = newer;
        }
        match newer {
            NONE => self.newest[key as usize] = older,
            newer => self.open[newer as usize].older = older,
        }
    }

    /// When the first open session began.
    fn first_start(&mut self) -> i64 {
        while let Some(&Reverse((start, index))) = self.starts.peek() {
            let session = &self.open[index as usize];
            if session.state == State::Open && session.start == start {
                return start;
            }
            self.starts.pop();
        }
        i64::MAX
    }

    /// A session, which is in no list any more, is ready.
    fn leave(&mut self, index: u32) {
        self.open[index as usize].state = State::Free;
        let ready = self.so_far(&self.open[index as usize]);
        self.free.push(index);
        self.spent += self.cells_of(&ready).count();
        self.ready.push(ready);
    }
}

#[cfg(test)]
mod tests;
