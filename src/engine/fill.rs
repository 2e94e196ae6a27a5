//! `--fill`: windows without records.

use crate::aggregate::SeenKeys;
use crate::data::Batch;

/// What is to be known of windows without records.
pub(super) struct Fill {
    /// Their rows, where there are groups.
    pub(super) seen: Option<SeenKeys>,
    /// The last window that was printed.
    pub(super) last: Option<i64>,
}

impl Fill {
    /// The window behind the last one, if it is not the next that has records, and its rows.
    pub(super) fn gap(&mut self, next: i64) -> Option<(i64, Vec<Batch<'static>>)> {
        let window = self.last?.checked_add(1).filter(|window| *window < next)?;
        self.last = Some(window);
        Some((
            window,
            self.seen.as_ref().map_or_else(Vec::new, SeenKeys::rows),
        ))
    }

    /// A window that has records is printed.
    pub(super) fn printed(&mut self, window: i64, rows: &[Batch<'static>]) {
        self.last = Some(window);
        if let Some(seen) = &mut self.seen {
            seen.add(rows);
        }
    }
}
