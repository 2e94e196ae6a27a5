//! Output of results that are not final. A picture holds all results until the end, and earlier pictures show what there
//! is so far.

use super::{Last, Output};
use crate::data::Batch;
use crate::engine::live_table::StreamProgress;

impl Output<'_> {
    /// Prints a snapshot.
    pub(in crate::engine) fn snapshot(&mut self, batches: &[Batch<'_>]) {
        if batches.is_empty() {
            return;
        }
        let is_between = self.is_between_batches();
        if self.encoding.is_picture() {
            self.picture_of_snapshot(batches);
        } else {
            self.end_result();
            if self.last != Last::Nothing {
                self.begin_table();
            }
            self.encode(batches);
            self.end_result();
        }
        self.last = Last::Snapshot;
        if is_between {
            self.end_batch();
        }
    }

    /// Writes a picture of all final rows so far and of these, which are not final.
    fn picture_of_snapshot(&mut self, batches: &[Batch<'_>]) {
        self.fit();
        let mut bytes = Vec::new();
        self.encoder.preview(batches, self.look, &mut bytes);
        if self.last != Last::Nothing && !bytes.is_empty() {
            self.write(b"\n");
        }
        self.write(&bytes);
    }

    /// Draws the rows of a snapshot on the terminal, or those of the last one with a new status. A picture also shows the
    /// final rows.
    pub(in crate::engine) fn draw_live(&mut self, snapshot: Option<Vec<Batch<'static>>>, facts: StreamProgress) {
        if let Some(live) = &mut self.live {
            live.draw(snapshot, facts, &mut *self.encoder);
        }
    }
}
