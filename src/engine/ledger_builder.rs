//! What became of the records, as the coordinator enters it chunk by chunk.

use std::collections::{HashMap, HashSet};

use crate::data::{ValueRef, write_text};
use crate::sink::LineFile;
use crate::stage::Checks;
use crate::window::Punctuation;

use super::fill::LeftOut;
use super::ledger::Ledger;
use super::message::{Done, SourceIndex};
use super::say;
use super::sources::Sources;

/// The ledger, and where in its source the next chunk of each begins.
#[derive(Default)]
pub(super) struct LedgerBuilder {
    pub(super) ledger: Ledger,
    records_before: HashMap<SourceIndex, u64>,
    /// Sources whose header is counted there.
    with_header: HashSet<SourceIndex>,
    pub(super) bytes: u64,
    /// By the number of a source of the command line: it has had a record.
    has_records: Vec<bool>,
    pub(super) failed_sources: Vec<String>,
    pub(super) checks: Checks,
    /// Nothing is said on stderr.
    quiet: bool,
    /// Whether it was noted that snapshots do not show every open window.
    has_noted_open: bool,
    /// A gap was left out.
    has_left_out: bool,
    /// A worker left a chunk unfinished, because the run was interrupted.
    is_unfinished: bool,
}

/// The files of records that came to nothing.
#[derive(Default)]
pub(super) struct SideOutputs {
    pub(super) rejects: Option<LineFile>,
    pub(super) late: Option<LineFile>,
}

impl SideOutputs {
    pub(super) fn rejects(&mut self, lines: &[u8]) {
        if let Some(file) = &mut self.rejects {
            file.write(lines);
        }
    }

    pub(super) fn late(&mut self, lines: &[u8]) {
        if let Some(file) = &mut self.late {
            file.write(lines);
        }
    }

    /// Makes the records written so far visible to readers of the files.
    pub(super) fn flush(&mut self) {
        for file in self.rejects.iter_mut().chain(&mut self.late) {
            file.flush();
        }
    }

    /// Why not all of them could be written, if so.
    pub(super) fn finish(self) -> Vec<String> {
        let files = self.rejects.into_iter().chain(self.late);
        files.filter_map(LineFile::finish).collect()
    }
}

impl LedgerBuilder {
    /// Nothing is entered so far; `sources` are on the command line.
    pub(super) fn new(quiet: bool, sources: usize) -> LedgerBuilder {
        LedgerBuilder { quiet, has_records: vec![false; sources], ..LedgerBuilder::default() }
    }

    /// Enters the next chunk of the stream.
    pub(super) fn add(&mut self, done: &Done, sources: &Sources) {
        let before = self.records_before.entry(done.source).or_default();
        if done.has_header && self.with_header.insert(done.source) {
            *before += 1;
        }
        let records_before = *before;
        *before += done.records;
        let place = |record: u64| {
            let source = sources.display(done.source);
            format!("{source}:{}", records_before + record + 1)
        };
        if let (None, Some((record, reason))) = (&self.ledger.first_rejected, &done.first_rejected) {
            self.ledger.first_rejected = Some(format!("{}: {reason}", place(*record)));
        }
        let placed = |record: Option<u64>, reason: String| match record {
            Some(record) => format!("{}: {reason}", place(record)),
            None => reason,
        };
        let mut failures = done.failures.clone();
        let first = failures.first.take();
        failures.first = first.map(|reason| placed(done.first_failure, reason));
        for undecided in &mut failures.undecided {
            let first = undecided.first.take();
            undecided.first = first.map(|reason| placed(undecided.record, reason));
        }
        self.ledger.add_failures(failures);
        if let (None, Some(record)) = (&self.ledger.first_late, done.first_late) {
            self.ledger.first_late = Some(place(record));
        }
        self.is_unfinished |= done.is_unfinished;
        self.ledger.late += done.late;
        self.ledger.jumps += done.jumps;
        self.ledger.read += done.records - done.no_records;
        self.ledger.passed += done.passed;
        self.ledger.filtered += done.filtered;
        self.ledger.rejected += done.rejected;
        self.bytes += done.bytes;
        if done.records > done.no_records
            && let Some(root) = sources.root(done.source)
            && let Some(has_records) = self.has_records.get_mut(root)
        {
            *has_records = true;
        }
        if let Some(error) = &done.error {
            self.fail(&sources.display(done.source), error);
        }
        if done.mark == Some(Punctuation::Ended) {
            self.records_before.remove(&done.source);
            self.with_header.remove(&done.source);
            sources.forget(done.source);
        }
    }

    /// The sources of the command line that had no record.
    pub(super) fn empty_sources(&self, sources: &Sources) -> Vec<String> {
        let had_none = self.has_records.iter().enumerate().filter(|(_, has_records)| !**has_records);
        had_none.map(|(root, _)| sources.display(SourceIndex(root))).collect()
    }

    /// The record of this number in a source was late.
    pub(super) fn first_late(&mut self, source: SourceIndex, number: i64, sources: &Sources) {
        let place = || format!("{}:{number}", sources.display(source));
        self.ledger.first_late.get_or_insert_with(place);
    }

    /// Names a source that cannot be read, once.
    pub(super) fn fail(&mut self, source: &str, reason: &str) {
        let failed = format!("{source}: {reason}");
        if !self.failed_sources.contains(&failed) {
            if !self.quiet {
                say(&failed);
            }
            self.failed_sources.push(failed);
        }
    }

    /// Names a gap that was left out, and how to print it.
    pub(super) fn left_out(&mut self, left_out: &LeftOut) {
        if self.quiet {
            return;
        }
        let [from, to] = [left_out.from_ns, left_out.to_ns].map(|ns| {
            let mut text = Vec::new();
            write_text(ValueRef::Time(ns), &mut text);
            String::from_utf8_lossy(&text).into_owned()
        });
        let LeftOut { windows, rows, .. } = left_out;
        let help = match std::mem::replace(&mut self.has_left_out, true) {
            false => format!("; --fill-limit {rows} prints them"),
            true => String::new(),
        };
        say(format_args!("note: no record is between {from} and {to}: {windows} windows are not filled in{help}"));
    }

    /// Says once that a snapshot does not show every open window.
    pub(super) fn note_most_open(&mut self, most: usize) {
        if !std::mem::replace(&mut self.has_noted_open, true) && !self.quiet {
            say(format_args!("note: a snapshot shows the first {most} open windows only; final results are complete"));
        }
    }

    /// Says what an interrupted run has left undone. `is_cut`: windows that were final were not printed.
    pub(super) fn note_cut(&self, is_cut: bool) {
        if self.quiet {
            return;
        }
        if self.is_unfinished {
            say("interrupted: processing what was read took too long, its last records are not in the results");
        }
        if is_cut {
            say("interrupted: there were many more windows than records, the last ones are not printed");
        }
    }
}
