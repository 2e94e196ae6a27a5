//! Assigns each record of a chunk to a slice, in the order of the stream.

use std::borrow::Cow;

use super::grid::{Grid, Slice};
use super::watermark::SourceClock;
use crate::data::Batch;

/// The slices of a batch's rows.
#[derive(Debug, PartialEq, Eq)]
pub struct Assignment {
    /// The slice of each row that is not late.
    pub slices: Vec<Slice>,
    /// The rows whose windows are all final.
    pub late: Vec<u32>,
}

impl Assignment {
    /// The rows that are not late.
    pub fn in_time<'b, 'a>(&self, batch: &'b Batch<'a>) -> Cow<'b, Batch<'a>> {
        if self.late.is_empty() {
            return Cow::Borrowed(batch);
        }
        let mut late = self.late.iter().peekable();
        let rows = 0..batch.rows as u32;
        let in_time: Vec<u32> = rows.filter(|row| late.next_if_eq(&row).is_none()).collect();
        Cow::Owned(batch.select(&in_time, &batch.slots()))
    }
}

/// Assigns the records of one chunk.
#[derive(Clone, Debug)]
pub struct SliceAssigner {
    clock: SourceClock,
    /// Times from here on may be too far ahead.
    limit: i64,
    /// For row windows the "time" is the row number, and the watermark is n + 1 after row n.
    step: i64,
    /// A cache of recent slices, the next entry to replace, and the entry of the last record: records out of order
    /// alternate between a few slices.
    near: [NearSlice; NEAR],
    oldest: usize,
    current: NearSlice,
    /// The first window that is not final, valid until the watermark reaches `next_edge`.
    first_open: i64,
    next_edge: i64,
    /// Records whose times were too far ahead.
    pub jumps: u64,
}

/// The number of cached slices.
const NEAR: usize = 8;

/// The bounds of a slice, and the first and last window that contain it.
#[derive(Clone, Copy, Debug)]
struct NearSlice {
    slice: i64,
    low: i64,
    high: i64,
    windows: (i64, i64),
}

/// An empty slice, which contains no time.
const NOWHERE: NearSlice = NearSlice { slice: 0, low: 0, high: 0, windows: (0, 0) };

impl NearSlice {
    #[inline(always)]
    fn holds(&self, time: i64) -> bool {
        self.low <= time && time < self.high
    }
}

impl SliceAssigner {
    /// Starts at the source's clock. Times beyond `limit` are too far ahead unless other records are near them.
    /// `of_rows`: positions are record numbers.
    pub fn new(clock: SourceClock, limit: i64, of_rows: bool) -> Self {
        SliceAssigner {
            clock,
            limit,
            step: i64::from(of_rows),
            near: [NOWHERE; NEAR],
            oldest: 0,
            current: NOWHERE,
            first_open: i64::MIN,
            next_edge: i64::MIN,
            jumps: 0,
        }
    }

    /// Assigns the next records by their times. All records of the chunk are assigned on the same grid.
    pub fn assign(&mut self, grid: &Grid, times: &[i64]) -> Assignment {
        let mut assignment = Assignment { slices: Vec::with_capacity(times.len()), late: Vec::new() };
        self.update_open(grid);
        for (row, time) in times.iter().enumerate() {
            match self.assign_next(grid, *time) {
                Some(slice) => assignment.slices.push(slice),
                None => assignment.late.push(row as u32),
            }
        }
        assignment
    }

    /// Advances past the next record, for windows without slices. Returns the watermark before it.
    #[inline]
    pub fn pass(&mut self, time: i64) -> i64 {
        let before = self.clock.watermark;
        self.jumps += u64::from(self.clock.pass(time, self.limit));
        before
    }

    /// The slice of the next record, or `None` if it is late.
    #[inline(always)]
    fn assign_next(&mut self, grid: &Grid, time: i64) -> Option<Slice> {
        if !self.current.holds(time) {
            self.current = self.find(grid, time);
        }
        let (first, last) = self.current.windows;
        let first = first.max(self.first_open);
        self.pass(time.saturating_add(self.step));
        self.update_open(grid);
        (first <= last).then_some(Slice { first, number: self.current.slice })
    }

    /// The slice that contains a time.
    fn find(&mut self, grid: &Grid, time: i64) -> NearSlice {
        if let Some(near) = self.near.iter().find(|near| near.holds(time)) {
            return *near;
        }
        let slice = grid.slice_of(time);
        let found = NearSlice {
            slice,
            low: grid.edge(slice),
            high: grid.edge(slice.saturating_add(1)),
            windows: grid.windows(slice),
        };
        self.near[self.oldest] = found;
        self.oldest = (self.oldest + 1) % NEAR;
        found
    }

    /// Updates the first window that is not final, if the watermark has reached another slice.
    #[inline(always)]
    fn update_open(&mut self, grid: &Grid) {
        if self.clock.watermark >= self.next_edge {
            self.find_open(grid);
        }
    }

    fn find_open(&mut self, grid: &Grid) {
        if self.clock.watermark == i64::MIN {
            return; // none is final
        }
        let slice = grid.slice_of(self.clock.watermark);
        self.first_open = grid.first_open(slice);
        self.next_edge = grid.edge(slice.saturating_add(1));
    }
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;
    use proptest::prelude::*;

    use super::*;
    use crate::window::{ChunkTimes, Watermark, Window, WindowKind};

    fn grid(kind: WindowKind) -> Grid {
        Grid::of(&Window { kind, late_ns: 0, offset_ns: 0 }, &TimeZone::UTC).expect("no session")
    }

    fn clock(watermark: &mut Watermark, times: &[i64]) -> SourceClock {
        let mut reach = ChunkTimes::new(1000);
        reach.add(times);
        watermark.pass(0, &reach)
    }

    proptest! {
        #[test]
        fn a_record_is_in_the_windows_that_were_not_final(
            times in proptest::collection::vec(0i64..60, 0..40),
            late in 0i64..9,
            cut in any::<prop::sample::Index>(),
        ) {
            let grid = grid(WindowKind::Time { length: 6, slide: 2 });
            let clock = clock(&mut Watermark::of_times(late, 1000, 1), &times);
            let mut assigner = SliceAssigner::new(clock, 1000, false);
            let found = assigner.assign(&grid, &times);
            let (mut slices, mut too_late) = (Vec::new(), Vec::new());
            for (row, time) in times.iter().enumerate() {
                let watermark = times[..row].iter().max().map_or(i64::MIN, |largest| largest - late);
                let number = grid.slice_of(*time);
                let (first, last) = grid.windows(number);
                match (first..=last).find(|window| !grid.is_final(*window, watermark)) {
                    Some(first) => slices.push(Slice { first, number }),
                    None => too_late.push(row as u32),
                }
            }
            prop_assert_eq!((&found.slices, &found.late), (&slices, &too_late));
            let cut = cut.index(times.len() + 1);
            let mut assigner = SliceAssigner::new(clock, 1000, false);
            let mut parts = assigner.assign(&grid, &times[..cut]);
            let rest = assigner.assign(&grid, &times[cut..]);
            parts.slices.extend(rest.slices);
            parts.late.extend(rest.late.iter().map(|row| row + cut as u32));
            prop_assert_eq!(parts, found);
        }
    }

    #[test]
    fn a_time_far_ahead_is_counted_and_makes_no_record_late() {
        let grid = grid(WindowKind::Time { length: 5, slide: 5 });
        let times = [900, 9_999, 901];
        let mut reach = ChunkTimes::new(1010);
        reach.add(&times);
        let clock = Watermark::of_times(0, 10, 1).pass(0, &reach);
        let mut assigner = SliceAssigner::new(clock, 1010, false);
        assert!(assigner.assign(&grid, &times).late.is_empty());
        assert_eq!(assigner.jumps, 1);
        let mut assigner = SliceAssigner::new(clock, 1010, false);
        assert_eq!(times.map(|time| assigner.pass(time)), [i64::MIN, 900, 900]);
        assert_eq!(assigner.jumps, 1);
    }

    #[test]
    fn a_window_of_records_is_final_after_its_last_one() {
        let grid = grid(WindowKind::Rows { length: 2, slide: 2 });
        let mut watermark = Watermark::of_rows();
        let mut reach = ChunkTimes::new(i64::MAX);
        reach.add_rows(5);
        let mut assigner = SliceAssigner::new(watermark.pass(0, &reach), i64::MAX, true);
        let slices = assigner.assign(&grid, &[1, 2, 3, 4, 5]).slices;
        assert_eq!(slices.iter().map(|slice| slice.first).collect::<Vec<_>>(), [0, 0, 1, 1, 2]);
        assert_eq!((watermark.now(), watermark.rows()), (6, 5));
    }
}
