//! Output of the command line: text on stdout, messages on stderr, and the exit status of a run.
//!
//! Writing to a closed stderr is not an error.

use std::fmt::Display;
use std::io::Write;
use std::time::Duration;

use crate::engine::{Delivered, Outcome};
use crate::sink::{ByteSink, SinkError, Stdout};

use super::annotate;
use super::arguments::Annotate;
use super::check_report::{Case, Kind};

/// How the program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    /// Success, or the reader of the output has exited.
    Done,
    /// A check has failed.
    Unsatisfied,
    /// The expression or an option is wrong.
    Wrong,
    /// A source or sink failed.
    Failed,
    /// More records were rejected than allowed, or something happened that `--strict` does not allow.
    Rejected,
    /// Ended by a signal, after results were printed.
    Signalled(i32),
}

impl Status {
    /// The exit status of the process.
    pub(super) fn code(self) -> u8 {
        match self {
            Status::Done => 0,
            Status::Unsatisfied => 1,
            Status::Wrong => 2,
            Status::Failed => 3,
            Status::Rejected => 4,
            Status::Signalled(signal) => 128 + signal as u8,
        }
    }

    /// The status if a file could not be written as well.
    pub(super) fn or_failed(self) -> Status {
        match self {
            Status::Done | Status::Unsatisfied | Status::Rejected => Status::Failed,
            Status::Wrong | Status::Failed | Status::Signalled(_) => self,
        }
    }
}

/// Prints a message to stderr.
pub(super) fn eprint(message: impl Display) {
    eprint_as_is(format_args!("bourn: {message}\n"));
}

/// Prints text to stderr without the name of the program.
pub(super) fn eprint_as_is(text: impl Display) {
    let _ = write!(std::io::stderr(), "{text}"); // stderr may be closed
}

/// Prints text to stdout.
pub(super) fn print(text: &str) -> Status {
    let written = Stdout::check().map_err(SinkError::Failed).and_then(|()| Stdout.write(text.as_bytes()));
    match written {
        Ok(()) | Err(SinkError::Closed) => Status::Done,
        Err(SinkError::Failed(reason)) => {
            eprint(reason);
            Status::Failed
        }
    }
}

/// How to report a run.
pub(super) struct ReportOptions {
    /// Print only what was requested explicitly.
    pub(super) quiet: bool,
    /// The elapsed time, if the rates are to be printed.
    pub(super) stats: Option<Duration>,
    /// The form of annotations for failed checks.
    pub(super) annotate: Option<Annotate>,
}

/// Prints the outcome of a run to stderr.
pub(super) fn report(outcome: &Outcome, cases: &[Case], options: &ReportOptions) {
    if let Some(elapsed) = options.stats {
        eprint(outcome.ledger.equation());
        eprint(rates(outcome, elapsed));
        report_spilled(outcome);
        outcome.delivered.iter().for_each(|delivered| eprint(received(delivered)));
    }
    if options.stats.is_some() || !options.quiet {
        report_dropped(outcome);
    }
    // Printed even with --quiet: a check that saw no row must not look like one that held. If the reader of the output
    // has exited, no check has seen the whole result.
    if !matches!(outcome.sink, Some(SinkError::Closed)) {
        let skipped = cases.iter().filter_map(|case| case.skipped.as_ref());
        skipped.for_each(eprint);
    }
    if !options.quiet {
        report_records(outcome, options.stats.is_some());
        outcome.unwritten.iter().chain(&outcome.over_budget).for_each(eprint);
        for trouble in cases.iter().flat_map(|case| &case.troubles) {
            if trouble.kind == Kind::Run {
                continue; // the engine printed it when it happened
            }
            eprint(&trouble.message);
            if options.annotate.is_none() {
                for line in trouble.rows.lines() {
                    eprint_as_is(format_args!("  {line}\n"));
                }
            }
        }
        if let Some(SinkError::Failed(reason)) = &outcome.sink {
            eprint(reason);
        }
    }
    if let Some(Annotate::GitHub) = options.annotate {
        eprint_as_is(annotate::commands(cases));
    }
}

/// Prints how many datagrams the system dropped; the ledger cannot know how many records they had.
fn report_dropped(outcome: &Outcome) {
    for (source, datagrams) in &outcome.dropped {
        let noun = match datagrams {
            1 => "datagram",
            _ => "datagrams",
        };
        eprint(format_args!("{source}: the system dropped {datagrams} {noun} before they could be read"));
    }
}

/// Prints how many bytes were written to temporary files.
fn report_spilled(outcome: &Outcome) {
    if !outcome.spilled.is_empty() {
        let spilled = outcome.spilled.iter();
        let stages: Vec<String> =
            spilled.map(|(stage, bytes)| format!("{:.3} MB of {stage}", *bytes as f64 / 1e6)).collect();
        eprint(format_args!("over the memory budget, written to temporary files: {}", stages.join(", ")));
    }
}

/// Formats the counts of a target: `counts.csv: received 3 batches, 120 rows; 2 retries`.
fn received(delivered: &Delivered) -> String {
    let count = |count: u64, one: &str, many: &str| format!("{count} {}", if count == 1 { one } else { many });
    let Delivered { name, batches, rows, retries } = delivered;
    let received = format!("{name}: received {}, {}", count(*batches, "batch", "batches"), count(*rows, "row", "rows"));
    match retries {
        0 => received,
        retries => format!("{received}; {}", count(*retries, "retry", "retries")),
    }
}

/// Prints the ledger, if there is something new in it or it is wanted in any case (`is_full`), and the fields that were never seen or not printed.
fn report_records(outcome: &Outcome, is_full: bool) {
    if !outcome.ledger.is_clean() && (is_full || !outcome.is_reported) {
        eprint(&outcome.ledger);
    }
    if !outcome.never_seen.is_empty() {
        let names = outcome.never_seen.join("`, `");
        match outcome.meant.as_slice() {
            [] => eprint(format_args!("no record has a field `{names}`")),
            meant => eprint(format_args!(
                "no record has a field `{names}`; did you mean `{}`? (in back quotes)",
                meant.join("`, `")
            )),
        }
    }
    outcome.notes.iter().for_each(eprint);
    if !outcome.left_out.is_empty() {
        let names = outcome.left_out.join("`, `");
        eprint(format_args!("not printed, because the first record does not have them: `{names}`; -o json prints all"));
    }
}

/// The status of a run. If several apply, the most serious one wins, because unread data could have changed the
/// outcome of a check.
pub(super) fn status(outcome: &Outcome, cases: &[Case]) -> Status {
    let has = |kinds: &[Kind]| {
        let mut troubles = cases.iter().flat_map(|case| &case.troubles);
        troubles.any(|trouble| kinds.contains(&trouble.kind))
    };
    let has_failed =
        !outcome.failed_sources.is_empty() || !outcome.unwritten.is_empty() || outcome.over_budget.is_some();
    match (&outcome.sink, outcome.signal) {
        (Some(SinkError::Failed(_)), _) => Status::Failed,
        // The reader of the output has exited; checks count up to that point.
        (Some(SinkError::Closed), _) if has(&[Kind::Assert]) => Status::Unsatisfied,
        (Some(SinkError::Closed), _) => Status::Done,
        // A signal after `until` was reached changes nothing.
        (None, Some(signal)) if !outcome.checks.reached => Status::Signalled(signal),
        _ if has_failed => Status::Failed,
        _ if has(&[Kind::Assert, Kind::Until]) => Status::Unsatisfied,
        _ if has(&[Kind::Rejects, Kind::Strict]) => Status::Rejected,
        _ => Status::Done,
    }
}

/// The elapsed time and the throughput: `0.52 s, 12.3 MB, 23.6 MB/s, 19231 records/s`.
fn rates(outcome: &Outcome, elapsed: Duration) -> String {
    let seconds = elapsed.as_secs_f64();
    let megabytes = outcome.bytes as f64 / 1e6;
    let each_second = |amount: f64| amount / seconds.max(1e-9);
    format!(
        "{seconds:.3} s, {megabytes:.3} MB, {:.1} MB/s, {:.0} records/s",
        each_second(megabytes),
        each_second(outcome.records as f64)
    )
}
