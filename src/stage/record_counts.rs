//! Reports of stages about the records they see: counts, rejected lines, failures.

use super::Checks;
use crate::data::persist::{Persist, StateError, StateReader};
use crate::data::{Batch, Slot, write_text};
use crate::expr::Failures;

/// Counts of records on their way through the row-by-row stages.
///
/// A row is a record until a stage turns a record into several rows: the rows that a filter drops are counted in
/// `filtered`. After such a stage the record counts as passed, whatever happens to its pieces, unless one of them is
/// rejected.
#[derive(Clone, Debug, Default)]
pub struct RecordCounts {
    /// Number of records that reached the exploding stage.
    pub exploded: Option<u64>,
    /// Records dropped by a filter.
    pub filtered: u64,
    /// Input that is not a record, such as blank lines.
    pub no_records: u64,
    /// Rows whose windows were all final, or whose possible partners were already dropped.
    pub late: u64,
    /// The lines of late rows, each with a newline, if they are kept.
    pub late_lines: Vec<u8>,
    /// Rows with a time so far ahead that it does not advance the watermark.
    pub jumps: u64,
    /// Rows that a stage could not read.
    pub rejected: u64,
    /// The reason for the first rejected row.
    pub first_rejected: Option<String>,
    /// The slot of the lines, if those of rejected rows are kept.
    pub line: Option<Slot>,
    /// The lines of rejected rows, each with a newline, if they are kept.
    pub rejected_lines: Vec<u8>,
    /// Failed conversions.
    pub failures: Failures,
    /// Results of checks.
    pub checks: Checks,
}

impl RecordCounts {
    /// The numbers of rejected and late records, failed conversions (and `failed` others) and jumps.
    pub fn troubles(&self, failed: u64) -> [u64; 4] {
        [self.rejected, self.late, self.failures.count + failed, self.jumps]
    }

    /// Creates empty counts; with a `line` slot, it keeps the lines of rejected rows.
    pub fn keeping(line: Option<Slot>) -> RecordCounts {
        RecordCounts { line, ..RecordCounts::default() }
    }

    /// Counts rows that a filter dropped.
    pub fn filter(&mut self, rows: usize) {
        if self.exploded.is_none() {
            self.filtered += rows as u64;
        }
    }

    /// Counts rows that are not records.
    pub fn withdraw(&mut self, rows: usize) {
        if self.exploded.is_none() {
            self.no_records += rows as u64;
        }
    }

    /// Rejects a row of a batch that still has all of its columns.
    pub fn reject(&mut self, batch: &Batch<'_>, row: u32, reason: String) {
        self.rejected += 1;
        self.first_rejected.get_or_insert(reason);
        if let Some(line) = self.line {
            write_text(batch.column(line).get(row as usize), &mut self.rejected_lines);
            self.rejected_lines.push(b'\n');
        }
    }

    /// Adds the counts of rows later in the stream.
    pub fn append(&mut self, later: RecordCounts) {
        self.filtered += later.filtered;
        self.no_records += later.no_records;
        self.late += later.late;
        self.late_lines.extend(later.late_lines);
        self.jumps += later.jumps;
        self.rejected += later.rejected;
        self.first_rejected = self.first_rejected.take().or(later.first_rejected);
        self.rejected_lines.extend(later.rejected_lines);
        self.failures.append(later.failures);
        self.checks.append(later.checks);
    }

    /// For rows of results: they are no records, so the rejected ones count as failed conversions.
    pub fn rejections_as_failures(&mut self) {
        let (count, first) = (std::mem::take(&mut self.rejected), self.first_rejected.take());
        let own = std::mem::replace(&mut self.failures, Failures { count, first, ..Failures::default() });
        self.failures.append(own);
        self.no_records = 0;
        self.rejected_lines.clear();
    }

    /// From here on rows are fragments of these records.
    pub fn explode(&mut self, records: usize) {
        self.exploded.get_or_insert(records as u64);
    }
}

/// The lines of rejected and late rows are written before a state is saved, and which slot holds them is a setting of
/// the plan.
impl Persist for RecordCounts {
    fn save(&self, out: &mut Vec<u8>) {
        self.exploded.save(out);
        [self.filtered, self.no_records, self.late, self.jumps, self.rejected].iter().for_each(|count| count.save(out));
        self.first_rejected.save(out);
        self.failures.save(out);
        self.checks.save(out);
    }

    fn load(input: &mut StateReader<'_>) -> Result<Self, StateError> {
        Ok(RecordCounts {
            exploded: Option::load(input)?,
            filtered: input.count()?,
            no_records: input.count()?,
            late: input.count()?,
            jumps: input.count()?,
            rejected: input.count()?,
            first_rejected: Option::load(input)?,
            failures: Failures::load(input)?,
            checks: Checks::load(input)?,
            ..RecordCounts::default()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rejected_results_come_before_other_failures() {
        let mut counts = RecordCounts { rejected: 2, no_records: 1, filtered: 5, ..RecordCounts::default() };
        counts.first_rejected = Some("rejected".to_owned());
        counts.failures = Failures { count: 3, first: Some("failed".to_owned()), ..Failures::default() };
        counts.rejections_as_failures();
        assert_eq!((counts.rejected, counts.no_records, counts.filtered, counts.failures.count), (0, 0, 5, 5));
        assert_eq!((counts.first_rejected, counts.failures.first.as_deref()), (None, Some("rejected")));
    }

    #[test]
    fn appended_counts_add_up_and_the_first_reason_stays() {
        let part = |reason: Option<&str>| RecordCounts {
            filtered: 1,
            late: 2,
            jumps: 3,
            rejected: 4,
            first_rejected: reason.map(str::to_owned),
            rejected_lines: b"a\n".to_vec(),
            ..RecordCounts::default()
        };
        let mut all = part(None);
        all.append(part(Some("first")));
        all.append(part(Some("second")));
        assert_eq!((all.filtered, all.late, all.jumps, all.rejected), (3, 6, 9, 12));
        assert_eq!(all.first_rejected.as_deref(), Some("first"));
        assert_eq!(all.rejected_lines, b"a\na\na\n");
    }
}
