//! The ledger: counts of records, and the place of the first problem of each kind.

use std::fmt;

use crate::data::HeapBytes;
use crate::data::persist::{Persist, StateError, StateReader, load_counts, save_counts};
use crate::expr::{Failures, Undecided};
use crate::stage::RecordCounts;

/// Counts of a whole run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ledger {
    /// Records read.
    pub read: u64,
    /// Records that passed all row-by-row stages.
    pub passed: u64,
    /// Records that a filter dropped.
    pub filtered: u64,
    /// Records that could not be decoded.
    pub rejected: u64,
    /// The first rejected record: `access.log:7: reason`.
    pub first_rejected: Option<String>,
    /// Records that arrived after all their windows were final.
    pub late: u64,
    /// The first late record: `access.log:7`.
    pub first_late: Option<String>,
    /// Records with a future timestamp that advanced no window; they are in the windows of that time.
    pub jumps: u64,
    /// Values that failed to convert.
    pub failed: u64,
    /// The first failed conversion.
    pub first_failed: Option<String>,
    /// Values that lists of results had no room for.
    pub left_out: u64,
    /// Values whose failure is decided at the end of the run; empty after that.
    pub undecided: Vec<Undecided>,
}

impl Ledger {
    /// True if no record was rejected, late, or failed to convert, and no value was left out.
    pub fn is_clean(&self) -> bool {
        self.rejected == 0 && self.failed == 0 && self.late == 0 && self.jumps == 0 && self.left_out == 0
    }

    /// The numbers of rejected and late records, failed conversions and jumps.
    pub(super) fn troubles(&self) -> [u64; 4] {
        [self.rejected, self.late, self.failed, self.jumps]
    }

    /// Adds the counts of a later part of the stream.
    pub(super) fn append(&mut self, later: RecordCounts) {
        self.read = self.read.saturating_sub(later.no_records);
        self.filtered += later.filtered;
        self.rejected += later.rejected;
        self.late += later.late;
        self.jumps += later.jumps;
        self.first_rejected = self.first_rejected.take().or(later.first_rejected);
        self.add_failures(later.failures);
    }

    /// Adds the counts of a later part of the stream that was read by another run.
    pub(super) fn append_part(&mut self, later: Ledger) {
        let Ledger { read, passed, filtered, rejected, first_rejected, late, first_late, jumps, .. } = &later;
        self.read += read;
        self.passed += passed;
        self.filtered += filtered;
        self.rejected += rejected;
        self.late += late;
        self.jumps += jumps;
        self.first_rejected = self.first_rejected.take().or(first_rejected.clone());
        self.first_late = self.first_late.take().or(first_late.clone());
        let mut later = later;
        self.add_failures(later.take_failures());
    }

    /// Adds failures of a later part of the stream.
    pub(super) fn add_failures(&mut self, later: Failures) {
        let mut all = self.take_failures();
        all.append(later);
        self.put_failures(all);
    }

    /// Counts the undecided failures, at the end of the run.
    pub(super) fn decide(&mut self) {
        let mut all = self.take_failures();
        all.decide();
        self.put_failures(all);
    }

    fn take_failures(&mut self) -> Failures {
        Failures {
            count: self.failed,
            first: self.first_failed.take(),
            undecided: std::mem::take(&mut self.undecided),
            left_out: self.left_out,
            ..Failures::default()
        }
    }

    fn put_failures(&mut self, failures: Failures) {
        self.failed = failures.count;
        self.first_failed = failures.first;
        self.left_out = failures.left_out;
        self.undecided = failures.undecided;
    }

    /// The sum of all records: `10 read = 7 passed + 2 filtered + 1 rejected`.
    pub fn equation(&self) -> String {
        let Ledger { read, passed, filtered, rejected, late, .. } = self;
        let late = match late {
            0 => String::new(),
            late => format!(" + {late} late"),
        };
        format!("{read} read = {passed} passed + {filtered} filtered + {rejected} rejected{late}")
    }
}

impl Persist for Ledger {
    fn save(&self, out: &mut Vec<u8>) {
        let Ledger { read, passed, filtered, rejected, late, jumps, failed, left_out, .. } = *self;
        [read, passed, filtered, rejected, late, jumps].iter().for_each(|count| count.save(out));
        save_counts(failed, left_out, out);
        let firsts = [&self.first_rejected, &self.first_late, &self.first_failed];
        firsts.into_iter().for_each(|first| first.save(out));
        self.undecided.save(out);
    }

    fn load(input: &mut StateReader<'_>) -> Result<Self, StateError> {
        let mut ledger = Ledger {
            read: u64::load(input)?,
            passed: u64::load(input)?,
            filtered: u64::load(input)?,
            rejected: u64::load(input)?,
            late: u64::load(input)?,
            jumps: u64::load(input)?,
            ..Ledger::default()
        };
        (ledger.failed, ledger.left_out) = load_counts(input)?;
        ledger.first_rejected = Option::load(input)?;
        ledger.first_late = Option::load(input)?;
        ledger.first_failed = Option::load(input)?;
        ledger.undecided = Vec::load(input)?;
        Ok(ledger)
    }
}

impl HeapBytes for Ledger {
    fn heap_bytes(&self) -> usize {
        let firsts = [&self.first_rejected, &self.first_late, &self.first_failed];
        firsts.into_iter().map(HeapBytes::heap_bytes).sum::<usize>() + self.undecided.heap_bytes()
    }
}

impl fmt::Display for Ledger {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} read", self.read)?;
        let troubles = [
            (self.rejected, "rejected", &self.first_rejected),
            (self.late, "late", &self.first_late),
            (self.failed, "failed to convert", &self.first_failed),
            (self.left_out, "left out of lists (collect(x, n) takes n values)", &None),
            (self.jumps, "too far ahead of the clock to move a window", &None),
        ];
        for (count, what, first) in troubles.into_iter().filter(|(count, ..)| *count > 0) {
            write!(formatter, ", {count} {what}")?;
            if let Some(first) = first {
                write!(formatter, " ({first})")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A part of the stream with one rejected, one late and one failed record.
    fn part(place: &str) -> RecordCounts {
        RecordCounts {
            no_records: 1,
            filtered: 2,
            rejected: 1,
            late: 1,
            jumps: 1,
            first_rejected: Some(format!("{place}: rejected")),
            failures: Failures { count: 3, first: Some(format!("{place}: failed")), ..Failures::default() },
            ..RecordCounts::default()
        }
    }

    #[test]
    fn counts_add_up_and_the_first_problem_stays() {
        let mut ledger = Ledger { read: 20, passed: 10, ..Ledger::default() };
        assert!(ledger.is_clean());
        ledger.append(part("a:1"));
        ledger.append(part("b:1"));
        ledger.first_late = Some("a:3".to_owned());
        assert!(!ledger.is_clean());
        assert_eq!(ledger.equation(), "18 read = 10 passed + 4 filtered + 2 rejected + 2 late");
        assert_eq!(
            ledger.to_string(),
            "18 read, 2 rejected (a:1: rejected), 2 late (a:3), 6 failed to convert (a:1: failed), \
             2 too far ahead of the clock to move a window"
        );
    }

    #[test]
    fn a_stream_without_problems_has_a_short_ledger() {
        let ledger = Ledger { read: 3, passed: 2, filtered: 1, ..Ledger::default() };
        assert_eq!(ledger.to_string(), "3 read");
        assert_eq!(ledger.equation(), "3 read = 2 passed + 1 filtered + 0 rejected");
    }

    #[test]
    fn each_kind_of_problem_alone_is_not_clean() {
        for account in [
            RecordCounts { rejected: 1, ..RecordCounts::default() },
            RecordCounts { late: 1, ..RecordCounts::default() },
            RecordCounts { jumps: 1, ..RecordCounts::default() },
            RecordCounts { failures: Failures { count: 1, ..Failures::default() }, ..RecordCounts::default() },
        ] {
            let mut ledger = Ledger::default();
            ledger.append(account);
            assert!(!ledger.is_clean(), "{ledger}");
        }
    }
}
