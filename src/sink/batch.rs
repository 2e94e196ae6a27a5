//! The results of a batch, as sinks of rows receive them.

use crate::data::{Batch, OutputColumns, Slot, ValueRef};

/// The number of a batch of results. A sink sees growing numbers, each at most once. Between two of them there may be
/// batches without results.
///
/// The engine numbers the batches that it merges; a run with a checkpoint that goes on after a crash gives the same
/// results the same numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct BatchId(pub u64);

impl BatchId {
    /// The most batches between two records, plus one.
    const QUIET: u64 = 1_000_000;

    /// The batch that ends after these records of the stream and these further chunks, which have none: time may pass
    /// without records. A run that goes on after a crash counts both as the crashed one did.
    pub fn after(records: u64, quiet_chunks: u64) -> BatchId {
        BatchId(records * BatchId::QUIET + quiet_chunks.min(BatchId::QUIET - 2))
    }

    /// The results that a run adds when its input has ended after these records. They are the same for a later run that
    /// has read no more.
    pub fn at_end(records: u64) -> BatchId {
        BatchId(records * BatchId::QUIET + BatchId::QUIET - 1)
    }
}

/// Results that are delivered together: all of them, or none.
#[derive(Debug)]
pub struct SinkBatch {
    /// The number of the batch; `None` if its results are provisional and may be delivered again in another form.
    pub id: Option<BatchId>,
    /// At least one.
    pub results: Vec<SinkResult>,
}

/// One result.
#[derive(Debug)]
pub struct SinkResult {
    /// The meaning of the rows.
    pub kind: ResultKind,
    /// The bounds of the window, in nanoseconds since 1970.
    pub window: Option<(i64, i64)>,
    /// The rows, in order.
    pub rows: Vec<Batch<'static>>,
}

/// The meaning of the rows of a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResultKind {
    /// The next rows of a stream: all rows together are the result.
    Rows,
    /// A whole result, of a window or of everything read so far.
    Final,
    /// A result so far: a later one replaces it.
    Snapshot,
}

impl SinkResult {
    /// The number of rows.
    pub fn len(&self) -> usize {
        self.rows.iter().map(|batch| batch.rows).sum()
    }

    /// True if there are no rows.
    pub fn is_empty(&self) -> bool {
        self.rows.iter().all(|batch| batch.rows == 0)
    }
}

impl SinkBatch {
    /// The number of rows of all results.
    pub fn rows(&self) -> usize {
        self.results.iter().map(SinkResult::len).sum()
    }
}

/// The bounds of the window that these rows belong to, if they have one.
///
/// # Panics
/// If there are no rows.
pub fn window_of(columns: &OutputColumns, rows: &Batch<'_>) -> Option<(i64, i64)> {
    let time = |slot: Slot| match rows.column(slot).get(0) {
        ValueRef::Time(ns) => Some(ns),
        _ => None,
    };
    let mut bounds = columns.named.iter().filter(|column| column.is_bound).map(|column| time(column.slot));
    Some((bounds.next()??, bounds.next()??))
}
