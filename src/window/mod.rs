//! Windows: over which records blocking stages work.
//!
//! `Window` is what was asked for. A [`Grid`] cuts time (or the numbers of records) into slices, of which each
//! window is a run; a [`Watermark`] says, at every place of the stream, which windows are final; a [`SliceAssigner`]
//! finds for each record the slice that it is added to, or that it is late. Pure: no clock, no I/O.

mod arrival;
mod grid;
mod rows;
mod sessions;
mod slice_assigner;
mod watermark;

pub use arrival::{Arrival, Punctuation, SourceInfo, WatermarkConfig};
pub use grid::{Grid, Slice};
pub use rows::{Range, RowLog, windows_of};
pub use sessions::{Session, Sessions};
pub use slice_assigner::{Assigned, SliceAssigner};
pub use watermark::{ChunkTimes, SourceClock, Watermark};

/// What `window …` asks for, besides the time that it goes by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Which windows there are.
    pub kind: WindowKind,
    /// How far out of order records may come, in nanoseconds.
    pub late_ns: i64,
}

/// Which windows there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WindowKind {
    /// Of a length, a new one every slide, in nanoseconds; the slide is at most the length.
    Time {
        /// From start to end.
        length: i64,
        /// From start to start.
        slide: i64,
    },
    /// So many records, a new one every so many.
    Rows {
        /// From the first to the last.
        length: i64,
        /// From first to first.
        slide: i64,
    },
    /// Until a key has been silent for so many nanoseconds.
    Session {
        /// The silence.
        gap: i64,
    },
}

impl Window {
    /// Whether its places are numbers of records, not times.
    pub fn is_of_rows(&self) -> bool {
        matches!(self.kind, WindowKind::Rows { .. })
    }
}
