//! What moves time: records that come from somewhere, and what there is to know of time without them.

/// What is known of records that come together.
#[derive(Clone, Copy, Debug)]
pub struct Arrival {
    /// The number of their source.
    pub source: usize,
    /// To which input of the plan that belongs.
    pub input: usize,
    /// When they were read, in nanoseconds since 1970; never goes back.
    pub read_ns: i64,
}

/// What moves the watermark beside records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Punctuation {
    /// Nothing more comes from the source: it holds no window open.
    Ended,
    /// The source has been silent for so many nanoseconds, which is long enough that its time goes on with the
    /// clock.
    Silent(i64),
    /// Only the clock has moved on: windows of arrival may be final.
    Clock,
}

/// What a watermark goes by beside records.
#[derive(Clone, Copy, Debug)]
pub struct WatermarkConfig {
    /// How many sources are known from the start.
    pub sources: usize,
    /// A time further ahead of the clock and of the other records moves no window.
    pub max_jump_ns: i64,
    /// After so long without a source, time goes on with the clock.
    pub idle_ns: i64,
}

/// A source that is known from the start; its place is its number.
#[derive(Clone, Copy, Debug)]
pub struct SourceInfo {
    /// To which input of the plan it belongs.
    pub input: usize,
    /// Whether it comes to an end, so that nothing more comes once it has.
    pub ends: bool,
}
