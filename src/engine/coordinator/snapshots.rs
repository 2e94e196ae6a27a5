//! Results that are not final yet: printed by `--every` and SIGUSR1, and drawn on a terminal.

use super::Coordinator;
use crate::data::{Batch, Column, Slot, Value};
use crate::engine::live_table::StreamProgress;
use crate::engine::output::Output;
use crate::engine::results::Results;
use crate::engine::triggers::Due;

impl Coordinator<'_> {
    /// Shows the snapshots and frames that are due.
    pub(super) fn show(&mut self, results: &mut Results<'_>, output: &mut Output<'_>) {
        while let Some(due) = self.triggers.due(self.next, self.merged_batches(), self.control.now()) {
            let began = self.control.now();
            match due {
                Due::Snapshot => self.print_snapshot(results, output),
                Due::Frame { is_new } => self.draw(is_new, results, output),
                Due::SnapshotRequested => {
                    if self.control.take_print_request() {
                        self.print_snapshot(results, output);
                    }
                    self.draw(true, results, output);
                }
            }
            let now = self.control.now();
            self.triggers.done(due, now.saturating_duration_since(began), now);
        }
    }

    /// The number of merged batches. Rows that are not aggregated arrive with their chunk, so no batch holds them back.
    fn merged_batches(&self) -> u64 {
        if self.is_grouped { self.open_batch } else { u64::MAX }
    }

    fn print_snapshot(&mut self, results: &mut Results<'_>, output: &mut Output<'_>) {
        let mut snapshot = results.snapshot();
        let stamp = self.plan.output.stamp.map(|slot| (slot, Value::Time(self.control.clock().wall_ns())));
        if let Some(most) = results.most_open() {
            self.entries.note_most_open(most);
        }
        match &mut self.changes {
            Some(changes) => {
                snapshot = changes.since(snapshot);
                set_stamp(&mut snapshot, stamp);
                output.deliver_changes(&snapshot);
            }
            None => {
                set_stamp(&mut snapshot, stamp);
                output.deliver_snapshot(&snapshot);
            }
        }
        output.snapshot(&snapshot);
    }

    fn draw(&mut self, is_new: bool, results: &mut Results<'_>, output: &mut Output<'_>) {
        if output.live.is_some() {
            let facts =
                StreamProgress { records: self.merged_records, lag: results.lag(self.control.clock().wall_ns()) };
            output.draw_live(is_new.then(|| results.snapshot()), facts);
        }
    }
}

/// Sets the time of the rows of a snapshot, if there is a column for it.
fn set_stamp(snapshot: &mut [Batch<'static>], stamp: Option<(Slot, Value)>) {
    if let Some((slot, time)) = stamp {
        snapshot.iter_mut().for_each(|batch| batch.set(slot, Column::Constant(time.clone(), batch.rows)));
    }
}
