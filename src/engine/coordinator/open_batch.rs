//! A batch whose chunks have not all arrived.

use super::super::message::PartialResult;
use super::super::triggers::MergeEffect;

/// A batch that is not complete.
pub(super) struct OpenBatch {
    /// The number of its chunks, once the batch has ended.
    pub(super) expected: Option<u64>,
    pub(super) arrived: u64,
    pub(super) shares: Vec<PartialResult>,
    /// Records of its chunks, and whether it holds more than punctuation.
    pub(super) records: u64,
    pub(super) news: MergeEffect,
    /// The watermark after its chunks.
    pub(super) watermark: i64,
}

impl Default for OpenBatch {
    fn default() -> Self {
        OpenBatch {
            expected: None,
            arrived: 0,
            shares: Vec::new(),
            records: 0,
            news: MergeEffect::Time,
            watermark: i64::MIN,
        }
    }
}
