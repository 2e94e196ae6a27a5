//! `--strip-ansi`: drops terminal escapes from all records, before any stage.

use super::{RecordCounts, RowStage};
use crate::data::{Batch, Column, ColumnBuilder, Slot, SlotSet, ValueRef, is_without_ansi, strip_ansi};

/// Drops the escapes of the lines in this slot.
pub struct StripLines {
    /// The slot.
    pub line: Slot,
}

impl StripLines {
    /// The text of the step in explanations.
    pub const TEXT: &'static str = "--strip-ansi";
}

impl RowStage for StripLines {
    fn reads(&self, slots: &mut SlotSet) {
        slots.insert(self.line);
    }

    fn makes(&self) -> Vec<Slot> {
        vec![self.line]
    }

    fn only_makes(&self) -> bool {
        true
    }

    fn apply(&self, batch: &mut Batch<'_>, live: &SlotSet, _counts: &mut RecordCounts) {
        let lines = batch.column(self.line);
        let has_escape = |row| matches!(lines.get(row), ValueRef::Text(line) if !is_without_ansi(line));
        if !(0..batch.rows).any(has_escape) {
            batch.retain(live);
            return;
        }
        let mut stripped = ColumnBuilder::new(batch.rows);
        let mut scratch = Vec::new();
        for row in 0..batch.rows {
            scratch.clear();
            stripped.push(match lines.get(row) {
                ValueRef::Text(line) => {
                    strip_ansi(line, &mut scratch);
                    ValueRef::Text(&scratch)
                }
                other => other,
            });
        }
        let stripped: Column<'static> = stripped.finish();
        batch.retain(live);
        batch.set(self.line, stripped);
    }
}
