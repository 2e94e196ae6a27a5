//! Records that are kept as they are, for stages that want to see all of a window: in the order of arrival,
//! each with the windows that take it.

use std::collections::{BTreeSet, VecDeque};

use crate::data::{Batch, LiveSlots};

/// The windows that take a record, the first and the last: by number, or the cell of its session.
pub type Range = (i64, i64);

/// Records in the order in which they came.
#[derive(Debug)]
pub struct RowLog {
    /// What is kept of each record.
    live: LiveSlots,
    held: VecDeque<Held>,
}

#[derive(Debug)]
struct Held {
    batch: Batch<'static>,
    ranges: Vec<Range>,
    /// The first and last window of any of them.
    all: Range,
}

impl RowLog {
    /// Nothing yet; these slots are kept.
    pub fn new(live: LiveSlots) -> Self {
        RowLog {
            live,
            held: VecDeque::new(),
        }
    }

    /// Adds some records.
    pub fn push(&mut self, batch: Batch<'static>, ranges: Vec<Range>) {
        let first = ranges.iter().map(|range| range.0).min();
        let last = ranges.iter().map(|range| range.1).max();
        if let (Some(first), Some(last)) = (first, last) {
            self.held.push_back(Held {
                batch,
                ranges,
                all: (first, last),
            });
        }
    }

    /// The first window from `next` on that takes any.
    pub fn first(&self, next: i64) -> Option<i64> {
        let of = |held: &Held| match held.all.0 >= next {
            true => Some(held.all.0),
            false => {
                let open = held.ranges.iter().filter(|range| range.1 >= next);
                open.map(|range| range.0.max(next)).min()
            }
        };
        self.held.iter().filter_map(of).min()
    }

    /// All windows from `next` on that take any, in order.
    pub fn open(&self, next: i64) -> Vec<i64> {
        let ranges = self.held.iter().flat_map(|held| &held.ranges);
        let distinct: BTreeSet<&Range> = ranges.collect();
        let mut open = BTreeSet::new();
        for (first, last) in distinct {
            open.extend((*first).max(next)..=*last);
        }
        open.into_iter().collect()
    }

    /// The records of a window.
    pub fn of(&self, window: i64) -> Vec<Batch<'static>> {
        self.picked(
            |range| range.0 <= window && window <= range.1,
            |all| all.0 <= window && window <= all.1,
        )
    }

    /// The records of one of these cells, which are sorted.
    pub fn of_cells(&self, cells: &[u32]) -> Vec<Batch<'static>> {
        let is_in =
            |cell: i64| u32::try_from(cell).is_ok_and(|cell| cells.binary_search(&cell).is_ok());
        self.picked(|range| is_in(range.0), |_| true)
    }

    /// Drops what only windows before this one take.
    pub fn forget(&mut self, next: i64) {
        while self.held.front().is_some_and(|held| held.all.1 < next) {
            self.held.pop_front();
        }
        if self.held.iter().any(|held| held.all.1 < next) {
            self.held.retain(|held| held.all.1 >= next);
        }
    }

    /// Keeps the records whose cell gets a new number.
    pub fn renumber(&mut self, new: impl Fn(u32) -> Option<u32>) {
        let held = std::mem::take(&mut self.held);
        for Held {
            mut batch, ranges, ..
        } in held
        {
            let (mut rows, mut kept) = (Vec::new(), Vec::new());
            for (row, range) in ranges.iter().enumerate() {
                if let Some(cell) = u32::try_from(range.0).ok().and_then(&new) {
                    rows.push(row as u32);
                    kept.push((i64::from(cell), i64::from(cell)));
                }
            }
            if !rows.is_empty() {
                batch.gather(&rows, &self.live);
                self.push(batch, kept);
            }
        }
    }

    fn picked(
        &self,
        takes: impl Fn(&Range) -> bool,
        may_take: impl Fn(&Range) -> bool,
    ) -> Vec<Batch<'static>> {
        let mut picked = Vec::new();
        for held in self.held.iter().filter(|held| may_take(&held.all)) {
            let rows: Vec<u32> = (0..held.ranges.len() as u32)
                .filter(|row| takes(&held.ranges[*row as usize]))
                .collect();
            if !rows.is_empty() {
                picked.push(held.batch.pick(&rows, &self.live));
            }
        }
        picked
    }
}
