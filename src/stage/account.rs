//! What stages report of the records they see.

use crate::expr::Failures;

/// Counts of some records on their way through the row-by-row stages.
///
/// Until a stage makes several records of one, a row is a record: what a filter drops is counted in
/// `filtered`. Behind such a stage the record has passed, whatever becomes of its pieces, unless one of them
/// is rejected.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// Records that reached the stage that made several of them.
    pub exploded: Option<u64>,
    /// Records that a filter dropped.
    pub filtered: u64,
    /// Rows all of whose windows were final.
    pub late: u64,
    /// Rows that a stage could not read.
    pub rejected: u64,
    /// Why, for the first of them.
    pub first_rejected: Option<String>,
    /// Values that did not fit.
    pub failures: Failures,
}

impl Account {
    /// A filter dropped so many rows.
    pub fn filter(&mut self, rows: usize) {
        if self.exploded.is_none() {
            self.filtered += rows as u64;
        }
    }

    /// A stage could not read a row.
    pub fn reject(&mut self, reason: String) {
        self.rejected += 1;
        self.first_rejected.get_or_insert(reason);
    }

    /// From here on rows are pieces of so many records.
    pub fn explode(&mut self, records: usize) {
        self.exploded.get_or_insert(records as u64);
    }
}
