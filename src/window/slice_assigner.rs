//! Assigns each record of a chunk to a slice, in the order of the stream.

use super::grid::{Grid, Slice};
use super::watermark::SourceClock;

/// The result of assigning a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Assigned {
    /// To a slice.
    In(Slice),
    /// Late: all its windows were final.
    Late,
}

/// Assigns the records of one chunk.
#[derive(Clone, Debug)]
pub struct SliceAssigner<'g> {
    grid: &'g Grid,
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
    /// The first window that is not final, valid until the watermark reaches `edge`.
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

impl<'g> SliceAssigner<'g> {
    /// Starts at the source's clock. Times beyond `limit` are too far ahead unless other records are near them.
    /// `of_rows`: positions are record numbers.
    pub fn new(grid: &'g Grid, clock: SourceClock, limit: i64, of_rows: bool) -> Self {
        let mut placer = SliceAssigner {
            grid,
            clock,
            limit,
            step: i64::from(of_rows),
            near: [NOWHERE; NEAR],
            oldest: 0,
            current: NOWHERE,
            first_open: i64::MIN,
            next_edge: i64::MIN,
            jumps: 0,
        };
        placer.look();
        placer
    }

    /// Assigns the next record.
    #[inline]
    pub fn place(&mut self, time: i64) -> Assigned {
        if !self.current.holds(time) {
            self.current = self.find(time);
        }
        let (first, last) = self.current.windows;
        let first = first.max(self.first_open);
        self.jumps += u64::from(self.clock.pass(time.saturating_add(self.step), self.limit));
        if self.clock.watermark >= self.next_edge {
            self.look();
        }
        if first > last { Assigned::Late } else { Assigned::In(Slice { first, number: self.current.slice }) }
    }

    /// The slice that contains a time.
    fn find(&mut self, time: i64) -> NearSlice {
        if let Some(near) = self.near.iter().find(|near| near.holds(time)) {
            return *near;
        }
        let slice = self.grid.slice_of(time);
        let found = NearSlice {
            slice,
            low: self.grid.edge(slice),
            high: self.grid.edge(slice.saturating_add(1)),
            windows: self.grid.windows(slice),
        };
        self.near[self.oldest] = found;
        self.oldest = (self.oldest + 1) % NEAR;
        found
    }

    /// Updates the first window that is not final.
    fn look(&mut self) {
        if self.clock.watermark == i64::MIN {
            return; // none is final
        }
        let slice = self.grid.slice_of(self.clock.watermark);
        self.first_open = self.grid.first_open(slice);
        self.next_edge = self.grid.edge(slice.saturating_add(1));
    }
}
