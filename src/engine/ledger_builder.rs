//! Builds the ledger from the chunk reports.

use std::collections::{BTreeMap, BTreeSet};

use crate::data::persist::{Persist, StateError, StateReader, Stateful};
use crate::data::{FileId, HeapBytes, ValueRef, buffer_bytes, write_text};
use crate::sink::LineFile;
use crate::stage::Checks;
use crate::window::Punctuation;

use super::fill::UnfilledGap;
use super::ledger::Ledger;
use super::message::{ChunkReport, SourceIndex};
use super::saved_maps::{load_map, save_map};
use super::say;
use super::sources::Sources;

/// The ledger, and the record number at which each source's next chunk begins.
#[derive(Default)]
pub(super) struct LedgerBuilder {
    pub(super) ledger: Ledger,
    records_before: BTreeMap<SourceIndex, u64>,
    /// Sources whose header is counted in `records_before`.
    with_header: BTreeSet<SourceIndex>,
    pub(super) bytes: u64,
    /// True for each command-line source that had a record.
    has_records: Vec<bool>,
    pub(super) failed_sources: Vec<String>,
    pub(super) checks: Checks,
    /// Print no messages to stderr.
    quiet: bool,
    /// The note about open windows that snapshots omit was printed.
    has_noted_open: bool,
    /// A note about a gap was printed.
    has_left_out: bool,
    /// The bytes and records of earlier runs of the stream.
    earlier: (u64, u64),
    /// The state is that of the end of a run, which has reported its ledger.
    pub(super) is_at_end: bool,
    /// A worker left a chunk unfinished because the run was interrupted.
    is_unfinished: bool,
}

/// The files of rejected and late records.
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

    /// Flushes the files, so that readers see the records written so far.
    pub(super) fn flush(&mut self) {
        for file in self.rejects.iter_mut().chain(&mut self.late) {
            file.flush();
        }
    }

    /// Returns when the records written so far are durable, or writing has failed.
    pub(super) fn sync(&mut self) {
        for file in self.rejects.iter_mut().chain(&mut self.late) {
            file.sync();
        }
    }

    /// The lengths of the files that are regular ones.
    pub(super) fn positions(&mut self) -> Vec<(FileId, u64)> {
        self.rejects.iter_mut().chain(&mut self.late).filter_map(LineFile::position).collect()
    }

    /// Closes the files; returns why some records could not be written.
    pub(super) fn finish(self) -> Vec<String> {
        let files = self.rejects.into_iter().chain(self.late);
        files.filter_map(LineFile::finish).collect()
    }
}

impl LedgerBuilder {
    /// An empty ledger; `sources` is the number of command-line sources.
    pub(super) fn new(quiet: bool, sources: usize) -> LedgerBuilder {
        LedgerBuilder { quiet, has_records: vec![false; sources], ..LedgerBuilder::default() }
    }

    /// Begins a run that goes on with a loaded ledger: sources that could not be read may be readable now.
    pub(super) fn begin_run(&mut self) {
        if std::mem::take(&mut self.is_at_end) {
            // the run before has named them
            (self.ledger.first_rejected, self.ledger.first_late, self.ledger.first_failed) = (None, None, None);
        }
        self.failed_sources.clear();
        self.is_unfinished = false;
        self.earlier = (self.bytes, self.ledger.read);
    }

    /// The bytes and records of this run.
    pub(super) fn own(&self) -> (u64, u64) {
        (self.bytes - self.earlier.0, self.ledger.read - self.earlier.1)
    }

    /// True if records were read that are not part of the results, because the run was interrupted.
    pub(super) fn is_unfinished(&self) -> bool {
        self.is_unfinished
    }

    /// Adds the report of the next chunk in stream order.
    pub(super) fn add(&mut self, done: &mut ChunkReport, sources: &Sources) {
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
        let placed = |record: Option<u64>, reason: String| match record {
            Some(record) => format!("{}: {reason}", place(record)),
            None => reason,
        };
        let (counts, ledger) = (&mut done.counts, &mut self.ledger);
        let reason = counts.first_rejected.take();
        counts.first_rejected = done.first_rejected.and(reason).map(|reason| placed(done.first_rejected, reason));
        let first = counts.failures.first.take();
        counts.failures.first = first.map(|reason| placed(done.first_failure, reason));
        for undecided in &mut counts.failures.undecided {
            let first = undecided.first.take();
            undecided.first = first.map(|reason| placed(undecided.record, reason));
        }
        if let (None, Some(record)) = (&ledger.first_late, done.first_late) {
            ledger.first_late = Some(place(record));
        }
        let no_records = counts.no_records;
        self.checks.append(std::mem::take(&mut counts.checks));
        ledger.read += done.records;
        ledger.passed += done.passed;
        ledger.append(std::mem::take(counts));
        self.is_unfinished |= done.is_unfinished;
        self.bytes += done.bytes;
        if done.records > no_records
            && let Some(root) = sources.root(done.source)
            && let Some(has_records) = self.has_records.get_mut(root)
        {
            *has_records = true;
        }
        if let Some(error) = &done.error {
            self.fail(&sources.display(done.source), error);
        }
        if done.mark.is_some_and(Punctuation::is_end) {
            self.records_before.remove(&done.source);
            self.with_header.remove(&done.source);
            sources.forget(done.source);
        }
    }

    /// The command-line sources without a record.
    pub(super) fn empty_sources(&self, sources: &Sources) -> Vec<String> {
        let had_none = self.has_records.iter().enumerate().filter(|(_, has_records)| !**has_records);
        had_none.map(|(root, _)| sources.display(SourceIndex(root))).collect()
    }

    /// Sets the first late record to this record number of a source.
    pub(super) fn first_late(&mut self, source: SourceIndex, number: i64, sources: &Sources) {
        let place = || format!("{}:{number}", sources.display(source));
        self.ledger.first_late.get_or_insert_with(place);
    }

    /// Records and prints that a source cannot be read, once per reason.
    pub(super) fn fail(&mut self, source: &str, reason: &str) {
        let failed = format!("{source}: {reason}");
        if !self.failed_sources.contains(&failed) {
            if !self.quiet {
                say(&failed);
            }
            self.failed_sources.push(failed);
        }
    }

    /// Prints a note about a gap that was not filled, and how to fill it.
    pub(super) fn left_out(&mut self, left_out: &UnfilledGap) {
        if self.quiet {
            return;
        }
        let [from, to] = [left_out.from_ns, left_out.to_ns].map(|ns| {
            let mut text = Vec::new();
            write_text(ValueRef::Time(ns), &mut text);
            String::from_utf8_lossy(&text).into_owned()
        });
        let UnfilledGap { windows, rows, .. } = left_out;
        let help = match std::mem::replace(&mut self.has_left_out, true) {
            false => format!("; --fill-limit {rows} prints them"),
            true => String::new(),
        };
        say(format_args!("note: no record is between {from} and {to}: {windows} windows are not filled in{help}"));
    }

    /// Prints, once, that a snapshot does not show every open window.
    pub(super) fn note_most_open(&mut self, most: usize) {
        if !std::mem::replace(&mut self.has_noted_open, true) && !self.quiet {
            say(format_args!("note: a snapshot shows the first {most} open windows only; final results are complete"));
        }
    }

    /// Prints what an interrupted run has left out. `is_cut`: some final windows were not printed.
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

/// The notes that were printed belong to a run, and are not saved.
impl Stateful for LedgerBuilder {
    fn save_state(&self, out: &mut Vec<u8>) {
        self.ledger.save(out);
        save_map(&self.records_before, out);
        self.with_header.iter().copied().collect::<Vec<SourceIndex>>().save(out);
        self.bytes.save(out);
        self.has_records.save(out);
        self.failed_sources.save(out);
        self.checks.save(out);
        self.is_unfinished.save(out);
        self.is_at_end.save(out);
    }

    fn load_state(&mut self, input: &mut StateReader<'_>) -> Result<(), StateError> {
        self.ledger = Ledger::load(input)?;
        self.records_before = load_map(input)?;
        let with_header: Vec<SourceIndex> = Vec::load(input)?;
        let is_sorted = with_header.is_sorted_by(|left, right| left < right);
        self.with_header = with_header.into_iter().collect();
        self.bytes = u64::load(input)?;
        let sources = self.has_records.len();
        self.has_records = Vec::load(input)?;
        self.failed_sources = Vec::load(input)?;
        self.checks = Checks::load(input)?;
        self.is_unfinished = bool::load(input)?;
        self.is_at_end = bool::load(input)?;
        let is_sound = is_sorted && self.has_records.len() <= sources;
        self.has_records.resize(sources, false); // the run may have more sources than an earlier one of its stream
        if is_sound { Ok(()) } else { Err(StateError::Damaged) }
    }
}

impl HeapBytes for LedgerBuilder {
    fn heap_bytes(&self) -> usize {
        let sources = self.records_before.heap_bytes() + self.with_header.len() * size_of::<SourceIndex>() * 3 / 2;
        let has_records = buffer_bytes(&self.has_records);
        self.ledger.heap_bytes() + sources + has_records + self.failed_sources.heap_bytes() + self.checks.heap_bytes()
    }
}

#[cfg(test)]
mod tests;
