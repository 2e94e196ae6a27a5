//! Finds the slice of each record of a chunk, in the order of the stream.

use super::grid::{Grid, Slice};
use super::watermark::SourceClock;

/// Where a record belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Assigned {
    /// To a slice.
    In(Slice),
    /// All its windows were final.
    Late,
}

/// Goes through the records of a chunk.
#[derive(Clone, Debug)]
pub struct SliceAssigner<'g> {
    grid: &'g Grid,
    clock: SourceClock,
    /// Times from here on may be jumps.
    limit: i64,
    /// Records are places themselves: behind the n-th, n + 1 is reached.
    step: i64,
    /// Slices that were looked for lately, the next one to be forgotten, and the one of the last record: records
    /// that are out of order go to and fro between a few.
    near: [NearSlice; NEAR],
    oldest: usize,
    current: NearSlice,
    /// The first window that is not final, until the watermark reaches the edge.
    first_open: i64,
    next_edge: i64,
    /// Times that were jumps.
    pub jumps: u64,
}

/// How many slices are kept.
const NEAR: usize = 8;

/// From where to where a slice reaches, and the first and last window that hold it.
#[derive(Clone, Copy, Debug)]
struct NearSlice {
    slice: i64,
    low: i64,
    high: i64,
    windows: (i64, i64),
}

/// No slice: no time is in it.
const NOWHERE: NearSlice = NearSlice { slice: 0, low: 0, high: 0, windows: (0, 0) };

impl NearSlice {
    #[inline(always)]
    fn holds(&self, time: i64) -> bool {
        self.low <= time && time < self.high
    }
}

impl<'g> SliceAssigner<'g> {
    /// Begins where the clock stands. Times beyond `limit` are jumps if the other records are not near them.
    /// `of_rows`: the places are numbers of records.
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

    /// The place of the next record.
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

    /// The slice that holds a time.
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

    /// Which windows are final where the clock stands.
    fn look(&mut self) {
        if self.clock.watermark == i64::MIN {
            return; // nothing is
        }
        let slice = self.grid.slice_of(self.clock.watermark);
        self.first_open = self.grid.first_open(slice);
        self.next_edge = self.grid.edge(slice.saturating_add(1));
    }
}
