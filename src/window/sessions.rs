//! Sessions: of each key, the stretches of time in which it is never silent for as long as the gap.
//!
//! Records of a session are told by *cells*: each session begins with one, and a record that closes the gap
//! between two sessions gives all their cells to one of them. What is kept by cell is the caller's matter.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Nothing in a list.
const NONE: u32 = u32::MAX;

/// A session that is final.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Whose it is.
    pub key: u32,
    /// Its first record.
    pub start: i64,
    /// A gap behind its last record.
    pub end: i64,
    /// Where its records were put.
    pub cells: Vec<u32>,
}

/// The sessions of all keys that were not taken yet.
#[derive(Debug)]
pub struct Sessions {
    gap: i64,
    /// By key, the first of its open sessions.
    heads: Vec<u32>,
    open: Vec<Open>,
    /// Places in `open` that are free.
    free: Vec<u32>,
    /// The next cell of the same session, by cell.
    next_cells: Vec<u32>,
    /// When sessions end, if nothing more comes; entries can be out of date, but never late.
    ends: BinaryHeap<Reverse<(i64, u32)>>,
    /// When sessions began; an entry whose session has gone or began earlier is out of date.
    starts: BinaryHeap<Reverse<(i64, u32)>>,
    /// Final sessions that wait for those that began before them.
    done: BinaryHeap<Reverse<(i64, u32)>>,
    taken: usize,
}

#[derive(Clone, Copy, Debug)]
struct Open {
    key: u32,
    start: i64,
    last: i64,
    /// The first and last of its cells.
    cells: (u32, u32),
    /// The key's next session.
    next: u32,
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
            heads: Vec::new(),
            open: Vec::new(),
            free: Vec::new(),
            next_cells: Vec::new(),
            ends: BinaryHeap::new(),
            starts: BinaryHeap::new(),
            done: BinaryHeap::new(),
            taken: 0,
        }
    }

    /// How many cells there are.
    pub fn cells(&self) -> usize {
        self.next_cells.len()
    }

    /// How many of them belong to sessions that were taken.
    pub fn taken_cells(&self) -> usize {
        self.taken
    }

    /// The cell of a record of a key, when the watermark stands here; nothing if it is late: its session, be it
    /// one of its own, would have been final.
    pub fn cell(&mut self, key: u32, time: i64, watermark: i64) -> Option<u32> {
        if self.heads.len() <= key as usize {
            self.heads.resize(key as usize + 1, NONE);
        }
        let (mut found, mut at, mut before) = (NONE, self.heads[key as usize], NONE);
        while at != NONE {
            let session = self.open[at as usize];
            let is_near = session.start.saturating_sub(self.gap) < time
                && time < session.last.saturating_add(self.gap);
            let is_open =
                session.state == State::Open && session.last.saturating_add(self.gap) > watermark;
            if is_near && is_open {
                if found == NONE {
                    found = at;
                } else {
                    self.absorb(found, at, before);
                    at = session.next;
                    continue;
                }
            }
            (before, at) = (at, session.next);
        }
        if found == NONE {
            if time.saturating_add(self.gap) <= watermark {
                return None;
            }
            return Some(self.begin(key, time));
        }
        let session = &mut self.open[found as usize];
        session.last = session.last.max(time);
        if time < session.start {
            session.start = time;
            self.starts.push(Reverse((time, found)));
        }
        Some(session.cells.0)
    }

    /// The sessions that are final when the watermark stands here, by start, as far as no session that is open
    /// or may still begin comes before them. Sessions of the same start come in no particular order.
    pub fn take(&mut self, watermark: i64) -> Vec<Session> {
        while let Some(&Reverse((end, index))) = self.ends.peek()
            && end <= watermark
        {
            self.ends.pop();
            let session = &mut self.open[index as usize];
            if session.state != State::Open {
                continue;
            }
            let end = session.last.saturating_add(self.gap);
            if end <= watermark {
                session.state = State::Done;
                self.done.push(Reverse((session.start, index)));
            } else {
                self.ends.push(Reverse((end, index)));
            }
        }
        let horizon = self
            .first_start()
            .min(watermark.saturating_sub(self.gap).saturating_add(1));
        let mut taken = Vec::new();
        while let Some(&Reverse((start, index))) = self.done.peek()
            && start < horizon
        {
            self.done.pop();
            taken.push(self.remove(index));
        }
        taken
    }

    /// All sessions, final or not, by start.
    pub fn take_all(&mut self) -> Vec<Session> {
        let mut left: Vec<u32> = (0..self.open.len() as u32)
            .filter(|index| self.open[*index as usize].state != State::Free)
            .collect();
        left.sort_by_key(|index| self.open[*index as usize].start);
        self.ends.clear();
        self.starts.clear();
        self.done.clear();
        left.into_iter().map(|index| self.remove(index)).collect()
    }

    /// All sessions that were not taken, by start; they stay.
    pub fn all(&self) -> Vec<Session> {
        let open = self.open.iter();
        let mut all: Vec<Session> = open
            .filter(|session| session.state != State::Free)
            .map(|session| self.session(session))
            .collect();
        all.sort_by_key(|session| session.start);
        all
    }

    /// The cells of sessions that are not taken, with new numbers from 0 on and their keys likewise: which
    /// cells and which keys they were. Called when enough have been taken.
    pub fn renumber(&mut self) -> (Vec<u32>, Vec<u32>) {
        let (mut cells, mut keys) = (Vec::new(), Vec::new());
        let mut new_keys = vec![NONE; self.heads.len()];
        let mut next_cells = Vec::new();
        for session in self
            .open
            .iter_mut()
            .filter(|session| session.state != State::Free)
        {
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
        self.heads = keys.iter().map(|key| self.heads[*key as usize]).collect();
        self.next_cells = next_cells;
        self.taken = 0;
        (cells, keys)
    }

    fn begin(&mut self, key: u32, time: i64) -> u32 {
        let cell = self.next_cells.len() as u32;
        self.next_cells.push(NONE);
        let session = Open {
            key,
            start: time,
            last: time,
            cells: (cell, cell),
            next: self.heads[key as usize],
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
        self.heads[key as usize] = index;
        self.ends
            .push(Reverse((time.saturating_add(self.gap), index)));
        self.starts.push(Reverse((time, index)));
        cell
    }

    /// A record closes the gap between two sessions of a key: one takes all of the other, which stands behind
    /// session `before` in the key's list.
    fn absorb(&mut self, into: u32, other: u32, before: u32) {
        let gone = self.open[other as usize];
        self.open[other as usize].state = State::Free;
        self.free.push(other);
        self.open[before as usize].next = gone.next; // `into` stands before it, so it is not the first
        let session = &mut self.open[into as usize];
        self.next_cells[session.cells.1 as usize] = gone.cells.0;
        session.cells.1 = gone.cells.1;
        session.last = session.last.max(gone.last);
        if gone.start < session.start {
            session.start = gone.start;
            self.starts.push(Reverse((gone.start, into)));
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

    fn remove(&mut self, index: u32) -> Session {
        let session = self.open[index as usize];
        let head = &mut self.heads[session.key as usize];
        if *head == index {
            *head = session.next;
        } else {
            let mut at = *head;
            while at != NONE && self.open[at as usize].next != index {
                at = self.open[at as usize].next;
            }
            if at != NONE {
                self.open[at as usize].next = session.next;
            }
        }
        self.open[index as usize].state = State::Free;
        self.free.push(index);
        let session = self.session(&session);
        self.taken += session.cells.len();
        session
    }

    fn session(&self, open: &Open) -> Session {
        let (mut cells, mut cell) = (Vec::new(), open.cells.0);
        while cell != NONE {
            cells.push(cell);
            cell = self.next_cells[cell as usize];
        }
        Session {
            key: open.key,
            start: open.start,
            end: open.last.saturating_add(self.gap),
            cells,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_record_exactly_a_gap_later_begins_a_new_session() {
        let mut sessions = Sessions::new(5);
        assert_eq!(sessions.cell(0, 10, 0), Some(0));
        assert_eq!(sessions.cell(0, 14, 0), Some(0));
        assert_eq!(sessions.cell(0, 19, 0), Some(1));
        let taken = sessions.take(19);
        assert_eq!(taken.len(), 1);
        assert_eq!((taken[0].start, taken[0].end), (10, 19));
    }

    #[test]
    fn a_late_record_joins_a_session_that_is_open() {
        let mut sessions = Sessions::new(5);
        sessions.cell(0, 10, 0);
        sessions.cell(0, 14, 10);
        assert_eq!(sessions.cell(0, 8, 14), Some(0));
        assert_eq!(sessions.cell(1, 8, 14), None);
    }

    /// Sessions without any cleverness: all records by key, in the order of time.
    fn naive(gap: i64, records: &[(u32, i64)]) -> Vec<(u32, i64, i64, usize)> {
        let mut found = Vec::new();
        for key in 0..4 {
            let mut times: Vec<i64> = records
                .iter()
                .filter(|record| record.0 == key)
                .map(|record| record.1)
                .collect();
            times.sort_unstable();
            for times in times.chunk_by(|left, right| right - left < gap) {
                found.push((key, times[0], times[times.len() - 1] + gap, times.len()));
            }
        }
        found.sort_unstable_by_key(|session| (session.1, session.0));
        found
    }

    proptest! {
        #[test]
        fn without_lateness_they_are_the_naive_ones(records in proptest::collection::vec((0u32..4, 0i64..60), 0..50), gap in 1i64..8, renumbers in 1usize..20) {
            let mut sessions = Sessions::new(gap);
            let mut counts: Vec<usize> = Vec::new();
            let mut keys: Vec<u32> = (0..4).collect();
            let mut found = Vec::new();
            let mut all = Vec::new();
            for (number, (key, time)) in records.iter().enumerate() {
                let number_of = keys.iter().position(|known| known == key).unwrap_or_else(|| { keys.push(*key); keys.len() - 1 });
                let cell = sessions.cell(number_of as u32, *time, i64::MIN).expect("nothing is late") as usize;
                counts.resize(counts.len().max(cell + 1), 0);
                counts[cell] += 1;
                if number % renumbers == 0 {
                    let (cells, kept) = sessions.renumber();
                    counts = cells.iter().map(|cell| counts[*cell as usize]).collect();
                    keys = kept.iter().map(|key| keys[*key as usize]).collect();
                }
            }
            all.extend(sessions.take(30));
            all.extend(sessions.take_all());
            for session in all {
                let records: usize = session.cells.iter().map(|cell| counts[*cell as usize]).sum();
                found.push((keys[session.key as usize], session.start, session.end, records));
            }
            let starts: Vec<i64> = found.iter().map(|session| session.1).collect();
            prop_assert!(starts.is_sorted());
            found.sort_unstable_by_key(|session| (session.1, session.0));
            prop_assert_eq!(found, naive(gap, &records));
        }
    }
}
