//! What is counted of records in windows.

use crate::data::{Batch, Number, ValueRef};
use crate::plan::Plan;
use crate::stage::Account;

use super::chain::Chain;

/// What became of records in windows.
#[derive(Default)]
pub(super) struct Tally {
    /// All that the stages behind have said.
    pub(super) account: Account,
    /// Records that had passed when a stage behind rejected them.
    pub(super) withdrawn: u64,
    pub(super) late: u64,
    /// The number of the first late record in its source.
    pub(super) first_late: Option<i64>,
    /// The late lines, if they are kept.
    pub(super) late_lines: Vec<u8>,
    pub(super) jumps: u64,
}

impl Tally {
    /// Adds what the stages behind a window have said.
    pub(super) fn add(&mut self, chain: Chain<'_>) {
        let Account {
            rejected,
            first_rejected,
            failures,
            rejected_lines,
            ..
        } = chain.account;
        self.withdrawn += chain.withdrawn;
        self.account.rejected += rejected;
        self.account.first_rejected = self.account.first_rejected.take().or(first_rejected);
        self.account.rejected_lines.extend(rejected_lines);
        self.account.failures.append(failures);
    }

    /// Enters the rows of a batch that were late.
    pub(super) fn enter(&mut self, batch: &Batch<'_>, late: &[u32], plan: &Plan) {
        let (line, number) = (plan.late_line, plan.metadata.number);
        let mut last = None; // pieces of one record are one late record
        for row in late.iter().map(|row| *row as usize) {
            let number = number.map(|slot| batch.column(slot).get(row).as_number());
            if number.is_some() && number == last {
                continue;
            }
            last = number;
            self.late += 1;
            if let (None, Some(Some(Number::Int(number)))) = (self.first_late, number) {
                self.first_late = Some(number);
            }
            if let Some(ValueRef::Text(line)) = line.map(|slot| batch.column(slot).get(row)) {
                self.late_lines.extend_from_slice(line);
                self.late_lines.push(b'\n');
            }
        }
    }
}
