//! Windows: the records that one result of the blocking stages covers.
//!
//! `Window` is the specification. A [`Grid`] divides time (or record numbers) into slices, and each window is a run
//! of slices; a [`Watermark`] tells, at every position of the stream, which windows are final; a [`SliceAssigner`]
//! assigns each record to a slice, or finds that it is late. Pure: no clock, no I/O.

mod arrival;
#[cfg(test)]
pub(crate) mod check_state;
mod grid;
mod rows;
mod sessions;
mod slice_assigner;
mod watermark;

pub use arrival::{Arrival, Punctuation, SourceInfo, WatermarkConfig};
pub use grid::{Grid, Slice};
pub use rows::{Range, RowLog, windows_of};
pub use sessions::{Session, Sessions};
pub use slice_assigner::{Assignment, SliceAssigner};
pub use watermark::{ChunkTimes, SourceClock, Watermark};

/// The arguments of `window …`, except the field it uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// The kind and size of windows.
    pub kind: WindowKind,
    /// How far out of order records may arrive, in nanoseconds.
    pub late_ns: i64,
    /// How much later windows begin than a multiple of their length, in nanoseconds.
    pub offset_ns: i64,
}

/// The kind and size of windows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WindowKind {
    /// Fixed length, a new window every slide, in nanoseconds; the slide is at most the length.
    Time {
        /// From start to end.
        length: i64,
        /// From start to start.
        slide: i64,
    },
    /// Windows of `length` records, a new one every `slide` records.
    Rows {
        /// From the first to the last.
        length: i64,
        /// From first to first.
        slide: i64,
    },
    /// Until a field has another value.
    State,
    /// A session of a key, which ends after a gap without records.
    Session {
        /// The gap in nanoseconds.
        gap: i64,
    },
}

impl Window {
    /// True if windows are measured in records, not in time.
    pub fn is_of_rows(&self) -> bool {
        matches!(self.kind, WindowKind::Rows { .. })
    }
}
