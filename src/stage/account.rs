//! What stages report of the records they see.

use super::Checks;
use crate::data::{Batch, Slot, write_text};
use crate::expr::Failures;

/// Counts of some records on their way through the row-by-row stages.
///
/// Until a stage makes several records of one, a row is a record: what a filter drops is counted in
/// `filtered`. Behind such a stage the record has passed, whatever becomes of its pieces, unless one of them
/// is rejected.
#[derive(Clone, Debug, Default)]
pub struct Account {
    /// Records that reached the stage that made several of them.
    pub exploded: Option<u64>,
    /// Records that a filter dropped.
    pub filtered: u64,
    /// What looked like records but is none, such as blank lines.
    pub no_records: u64,
    /// Rows all of whose windows were final, or for which others were not kept so long.
    pub late: u64,
    /// Their lines, each with a newline, if the stage that finds them keeps them.
    pub late_lines: Vec<u8>,
    /// Rows with a time so far ahead that it moved nothing.
    pub jumps: u64,
    /// Rows that a stage could not read.
    pub rejected: u64,
    /// Why, for the first of them.
    pub first_rejected: Option<String>,
    /// What holds the lines, where those of rejected rows are kept.
    pub line: Option<Slot>,
    /// The lines of rejected rows, each with a newline, if they are kept.
    pub rejected_lines: Vec<u8>,
    /// Values that did not fit.
    pub failures: Failures,
    /// What checks have seen.
    pub checks: Checks,
}

impl Account {
    /// An empty account that keeps the lines of rejected rows, if there is a slot that holds them.
    pub fn keeping(line: Option<Slot>) -> Account {
        Account { line, ..Account::default() }
    }

    /// A filter dropped so many rows.
    pub fn filter(&mut self, rows: usize) {
        if self.exploded.is_none() {
            self.filtered += rows as u64;
        }
    }

    /// So many rows turned out to be no records.
    pub fn withdraw(&mut self, rows: usize) {
        if self.exploded.is_none() {
            self.no_records += rows as u64;
        }
    }

    /// A stage could not read a row of a batch, which still has all of its columns.
    pub fn reject(&mut self, batch: &Batch<'_>, row: u32, reason: String) {
        self.rejected += 1;
        self.first_rejected.get_or_insert(reason);
        if let Some(line) = self.line {
            write_text(batch.column(line).get(row as usize), &mut self.rejected_lines);
            self.rejected_lines.push(b'\n');
        }
    }

    /// From here on rows are pieces of so many records.
    pub fn explode(&mut self, records: usize) {
        self.exploded.get_or_insert(records as u64);
    }
}
