//! Hands encoded results to standard output, batch by batch.

use std::sync::Arc;

use crate::checkpoint::Checkpoint;
use crate::data::FileId;
use crate::sink::{BatchId, Sink, SinkError};

/// A sink and the batch that its next rows belong to.
///
/// A batch begins with its first row and is committed when the coordinator has merged it; a batch without rows is neither
/// begun nor committed, but has a number.
pub(super) struct Delivery<'s> {
    sink: &'s mut Sink,
    batch: BatchId,
    is_begun: bool,
    /// With a checkpoint: what was read is made durable before a result of it is delivered.
    log: Option<Arc<Checkpoint>>,
}

impl<'s> Delivery<'s> {
    pub(super) fn new(sink: &'s mut Sink) -> Self {
        Delivery { sink, batch: BatchId::default(), is_begun: false, log: None }
    }

    /// Goes on after an earlier run of the same stream that ended before this batch.
    pub(super) fn follow(&mut self, batch: u64, log: Arc<Checkpoint>) {
        (self.batch, self.log) = (BatchId(batch), Some(log));
    }

    /// The identity of the regular file that bytes are delivered to, and its length.
    pub(super) fn position(&self) -> Option<(FileId, u64)> {
        self.sink.position()
    }

    /// Returns when everything that was delivered is durable.
    pub(super) fn sync(&mut self) -> Result<(), SinkError> {
        self.sink.sync()
    }

    /// True if the sink has received rows of the batch.
    pub(super) fn is_begun(&self) -> bool {
        self.is_begun
    }

    /// Delivers encoded rows.
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), SinkError> {
        self.begin()?;
        self.sync_log()?;
        self.sink.write(bytes)
    }

    /// Ends the batch, also if it has no rows.
    pub(super) fn end_batch(&mut self) -> Result<(), SinkError> {
        self.batch.0 += 1;
        if std::mem::take(&mut self.is_begun) { self.sink.commit() } else { Ok(()) }
    }

    /// The width of the terminal that the sink writes to, if it does.
    pub(super) fn columns(&self) -> Option<usize> {
        self.sink.columns()
    }

    fn sync_log(&self) -> Result<(), SinkError> {
        match &self.log {
            Some(log) => log.sync().map_err(|error| SinkError::Failed(error.to_string())),
            None => Ok(()),
        }
    }

    fn begin(&mut self) -> Result<(), SinkError> {
        if std::mem::replace(&mut self.is_begun, true) { Ok(()) } else { self.sink.begin(self.batch) }
    }
}
