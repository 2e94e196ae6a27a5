//! Events that advance the watermark: arrivals, and punctuation (source ended, source idle, clock tick).

/// The source and arrival time of records that arrive together.
#[derive(Clone, Copy, Debug)]
pub struct Arrival {
    /// The number of their source.
    pub source: usize,
    /// The input of the plan that the source belongs to.
    pub input: usize,
    /// The arrival time in nanoseconds since 1970; never decreases.
    pub read_ns: i64,
}

/// An event without records that advances the watermark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Punctuation {
    /// The source ended: it no longer holds windows open.
    Ended,
    /// The source was read to its end for now; the next run of the same stream goes on with it. Until it has records
    /// again, it holds no window open.
    Paused,
    /// Like `Paused`, but the source holds windows open from its largest time on; one without a record holds none open.
    Drained,
    /// The source was added by an earlier run of the same stream, and has another number if this run adds it.
    Left,
    /// The source will be read again by this run of the stream: it holds windows open until it does.
    Resumed,
    /// The source has been idle for this many nanoseconds, so its watermark advances with the clock.
    Silent(i64),
    /// Only the clock advanced: windows of arrival may be final.
    Clock,
}

impl Punctuation {
    /// True if the source of this number has no more records.
    pub fn is_end(self) -> bool {
        matches!(self, Punctuation::Ended | Punctuation::Left)
    }
}

/// How the watermark is computed, apart from the records.
#[derive(Clone, Copy, Debug)]
pub struct WatermarkConfig {
    /// The number of sources known from the start.
    pub sources: usize,
    /// Times further ahead of the clock and of the other records do not advance the watermark.
    pub max_jump_ns: i64,
    /// After this many nanoseconds without a source, the watermark advances with the clock.
    pub idle_ns: i64,
}

/// A source known from the start; its index is its number.
#[derive(Clone, Copy, Debug)]
pub struct SourceInfo {
    /// The input of the plan that it belongs to.
    pub input: usize,
    /// True if the source is bounded.
    pub ends: bool,
}
