//! Records kept whole, for stages that process complete windows. They are kept in the order of arrival and indexed
//! by window, so reading a window costs no more than its own records.

mod state;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::data::budget::Budget;
use crate::data::{Batch, HeapBytes, RowId, RowStore, SlotSet};

/// The first and the last window that contain a record: by number, or the cell of its session.
pub type Range = (i64, i64);

/// Records in the order of arrival.
#[derive(Debug)]
pub struct RowLog {
    /// The slots kept of each record.
    live: SlotSet,
    store: RowStore,
    /// The records of each range, in the order of arrival.
    places: BTreeMap<Range, Vec<RowId>>,
}

impl RowLog {
    /// An empty log that keeps these slots.
    pub fn new(live: SlotSet) -> Self {
        RowLog { live, store: RowStore::default(), places: BTreeMap::new() }
    }

    /// Keeps the records within a budget: over it, they wait in temporary files.
    pub fn limit(&mut self, budget: &Arc<Budget>) {
        self.store.limit(budget, "window");
    }

    /// Bytes that stay in memory.
    pub fn held_bytes(&self) -> usize {
        self.places.heap_bytes()
    }

    /// Adds some records.
    pub fn push(&mut self, batch: Batch<'static>, ranges: &[Range]) {
        if ranges.is_empty() {
            return;
        }
        let number = self.store.add(batch);
        for same in ranges_of(ranges) {
            let places = self.places.entry(ranges[same.start]).or_default();
            places.extend(same.map(|row| (number, row as u32)));
        }
    }

    /// The ranges that have records, in order.
    pub fn ranges(&self) -> impl Iterator<Item = Range> {
        self.places.keys().copied()
    }

    /// The first window from `next` on that has records; earlier windows were evicted.
    pub fn first(&self, next: i64) -> Option<i64> {
        let first = self.places.keys().next()?;
        Some(first.0.max(next))
    }

    /// The records of a window; earlier windows were evicted.
    pub fn of(&self, window: i64) -> Vec<Batch<'static>> {
        let taken = self.places.range(..=(window, i64::MAX));
        self.picked(taken.flat_map(|(_, places)| places).copied().collect())
    }

    /// The first windows from `next` on that have records, in order, at most `most`.
    pub fn open(&self, next: i64, most: usize) -> Vec<i64> {
        windows_of(self.places.keys().copied(), next, most)
    }

    /// The records of a window, whether or not earlier windows were evicted.
    pub fn peek(&self, window: i64) -> Vec<Batch<'static>> {
        let begun = self.places.range(..=(window, i64::MAX));
        let taken = begun.filter(|(range, _)| range.1 >= window);
        self.picked(taken.flat_map(|(_, places)| places).copied().collect())
    }

    /// The records of these cells.
    pub fn of_cells(&self, cells: impl Iterator<Item = u32>) -> Vec<Batch<'static>> {
        let of = |cell: u32| self.places.get(&(cell.into(), cell.into()));
        let places = cells.filter_map(of).flatten().copied();
        self.picked(places.collect())
    }

    /// Evicts records that only earlier windows contain.
    pub fn forget(&mut self, next: i64) {
        let before = self.places.range(..(next, i64::MIN));
        let gone: Vec<Range> = before.map(|(range, _)| *range).filter(|range| range.1 < next).collect();
        for range in gone {
            self.remove(range);
        }
        self.compact();
    }

    /// Removes and returns the records of these cells.
    pub fn take_cells(&mut self, cells: impl Iterator<Item = u32>) -> Vec<Batch<'static>> {
        let ranges: Vec<Range> = cells.map(|cell| (cell.into(), cell.into())).collect();
        let of = |range: &Range| self.places.get(range).into_iter().flatten().copied();
        let picked = self.picked(ranges.iter().flat_map(of).collect());
        ranges.into_iter().for_each(|range| self.remove(range));
        self.compact();
        picked
    }

    /// Renumbers cells: those of `cells` become 0, 1, ….
    pub fn renumber(&mut self, cells: &[u32]) {
        let mut places = std::mem::take(&mut self.places);
        for (new, old) in (0..).zip(cells) {
            if let Some(places) = places.remove(&(i64::from(*old), i64::from(*old))) {
                self.places.insert((new, new), places);
            }
        }
    }

    fn remove(&mut self, range: Range) {
        let places = self.places.remove(&range).unwrap_or_default();
        places.into_iter().for_each(|place| self.store.release(place));
    }

    fn compact(&mut self) {
        self.store.tidy(&self.live, || self.places.values_mut().flatten());
    }

    /// These records, in the order of arrival.
    fn picked(&self, mut places: Vec<RowId>) -> Vec<Batch<'static>> {
        if !places.is_sorted() {
            places.sort_unstable();
        }
        self.store.select(&places, &self.live)
    }
}

/// The first windows from `next` on that are in any of these ranges, in order, at most `most`. The ranges are sorted by
/// their first windows.
pub fn windows_of(ranges: impl Iterator<Item = Range>, next: i64, most: usize) -> Vec<i64> {
    let (mut windows, mut next) = (Vec::new(), next);
    for (first, last) in ranges {
        let left = most - windows.len();
        windows.extend((first.max(next)..=last).take(left));
        if windows.len() == most {
            break;
        }
        next = next.max(last.saturating_add(1));
    }
    windows
}

/// Consecutive records of the same range.
fn ranges_of(ranges: &[Range]) -> impl Iterator<Item = std::ops::Range<usize>> {
    let mut start = 0;
    ranges.chunk_by(|left, right| left == right).map(move |same| {
        let begin = start;
        start += same.len();
        begin..start
    })
}

#[cfg(test)]
mod tests;
