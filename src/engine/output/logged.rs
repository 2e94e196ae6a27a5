//! Output with a checkpoint: rows are delivered seldom, because the log is made durable before each delivery, and those of
//! a later run follow the earlier ones.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{Output, encoder};
use crate::checkpoint::Checkpoint;
use crate::data::{Batch, FileId, Names};
use crate::engine::Encoding;
use crate::sink::{BatchId, SinkError, SourceHeader};
use crate::stage::Header;

/// The same with a checkpoint, because the log is made durable before each write.
const LOGGED_WRITTEN_BYTES: usize = 1 << 22;

/// The longest time between two deliveries with a checkpoint, unless there are as many bytes: to make the log durable may
/// take milliseconds.
const DELIVERY_PAUSE: Duration = Duration::from_millis(100);

impl Output<'_> {
    /// Goes on after an earlier run of the same stream that ended before this batch. `has_header`: the file of the results
    /// begins with a header. The state is committed at intervals of `every`.
    pub(in crate::engine) fn follow(&mut self, batch: u64, log: Arc<Checkpoint>, has_header: bool, every: Duration) {
        self.delivery.follow(batch, log);
        self.delivery_pause = DELIVERY_PAUSE.min(every / 10);
        self.written_bytes = LOGGED_WRITTEN_BYTES;
        self.next_delivery = Some(self.control.now());
        if has_header && self.encoding.is_row_by_row() {
            (self.header, self.has_line) = (false, true);
            self.encoder = encoder(self.printed, self.encoding, self.look, self.columns.get());
        }
    }

    /// True if results were printed after a header, or the header alone.
    pub(in crate::engine) fn has_header(&self) -> bool {
        self.has_line
            || match self.printed.columns.whole {
                Some(_) => self.columns.get().is_some(),
                None => !self.header && self.encoding.has_header(),
            }
    }

    /// True if a header may still be printed, also without a row.
    pub(in crate::engine) fn may_print_header(&self) -> bool {
        self.header || matches!(self.encoding, Encoding::Lines(true)) && !self.has_line
    }

    /// The identity of the regular file that results are delivered to, and its length after what was printed.
    pub(in crate::engine) fn position(&mut self) -> Option<(FileId, u64)> {
        self.flush();
        self.delivery.position()
    }

    /// Returns when everything printed so far is durable.
    pub(in crate::engine) fn sync(&mut self) {
        self.flush();
        if self.error.is_none() {
            self.error = self.delivery.sync().err();
        }
    }

    /// True if encoded rows may wait for more: each delivery makes the log of a checkpoint durable, which takes a while.
    pub(super) fn waits(&self) -> bool {
        self.next_delivery.is_some_and(|next| self.control.now() < next)
    }

    /// Writes the encoded bytes, unless they may wait for more.
    pub(in crate::engine) fn flush_in_time(&mut self) {
        if !self.waits() {
            self.flush();
        }
    }

    /// When rows that wait for more are delivered.
    pub(in crate::engine) fn waits_until(&self) -> Option<Instant> {
        self.next_delivery.filter(|_| !self.pending.is_empty())
    }

    /// Delivers the results of the batch to the targets.
    pub(in crate::engine) fn deliver(&mut self, batch: BatchId) {
        let sent = self.targets.end_batch(batch);
        self.note_failure(sent);
    }

    /// Delivers the results at the end of the run to the targets, and waits for them.
    pub(in crate::engine) fn deliver_last(&mut self, batch: BatchId) {
        self.deliver(batch);
        if self.error.is_none() {
            let finished = self.targets.finish();
            self.note_failure(finished);
        }
    }

    /// Delivers the rows that have changed since the last snapshot to the targets.
    pub(in crate::engine) fn deliver_changes(&mut self, rows: &[Batch<'_>]) {
        if rows.iter().any(|rows| rows.rows > 0) {
            self.deliver_snapshot(rows);
        }
    }

    /// Delivers rows that are not final to the targets.
    pub(in crate::engine) fn deliver_snapshot(&mut self, rows: &[Batch<'_>]) {
        let sent = self.targets.snapshot(rows);
        self.note_failure(sent);
    }

    /// Waits until the targets have received everything.
    pub(in crate::engine) fn settle_targets(&mut self) {
        if self.error.is_none() {
            let settled = self.targets.settle();
            self.note_failure(settled);
        }
    }

    /// Passes the header of the source to the targets.
    pub(super) fn targets_know(&mut self, header: &Header) {
        if !self.targets.is_empty() {
            let fields = header.fields.as_ref().filter(|(_, whole)| self.printed.columns.whole == Some(*whole));
            let names = fields.map(|(names, _)| Names::clone(names));
            self.targets.know(&SourceHeader { names, line: header.line.clone() });
        }
    }

    /// Passes the header of ordered lines to the targets, once it is known.
    pub(super) fn targets_know_first_line(&mut self) {
        if let Some(line) = self.printed.first_line.as_ref().and_then(|first| first.get()) {
            self.targets.know(&SourceHeader { names: None, line: line.clone() });
        }
    }

    pub(super) fn note_failure(&mut self, result: Result<(), String>) {
        if let Err(reason) = result {
            self.error.get_or_insert(SinkError::Failed(reason));
        }
    }
}
