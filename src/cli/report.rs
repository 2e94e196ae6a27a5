//! What is said: text on stdout, messages on stderr, the outcome of a run as an exit status.
//!
//! Nothing here fails because nobody listens.

use std::fmt::Display;
use std::io::Write;
use std::time::Duration;

use crate::engine::Outcome;
use crate::sink::{Sink, SinkError, Stdout};

use super::max_rejects::MaxRejects;

/// How the program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    /// Done, or nobody wanted more.
    Done,
    /// The expression or an option is wrong.
    Wrong,
    /// A source or sink failed.
    Failed,
    /// More records were rejected than may be.
    Rejected,
    /// Ended by a signal, after results were printed.
    Signalled(i32),
}

impl Status {
    /// As the shell sees it.
    pub(super) fn code(self) -> u8 {
        match self {
            Status::Done => 0,
            Status::Wrong => 2,
            Status::Failed => 3,
            Status::Rejected => 4,
            Status::Signalled(signal) => 128 + signal as u8,
        }
    }
}

/// A message on stderr.
pub(super) fn say(message: impl Display) {
    say_as_it_is(format_args!("bourn: {message}\n"));
}

/// Text on stderr that names the program itself.
pub(super) fn say_as_it_is(text: impl Display) {
    let _ = write!(std::io::stderr(), "{text}"); // nobody listens
}

/// Text on stdout.
pub(super) fn print(text: &str) -> Status {
    sink_status(Stdout.write(text.as_bytes()).err().as_ref()).unwrap_or(Status::Done)
}

/// Says what a run has to say and how it ended; its rates too, if it is known how long it took.
pub(super) fn report(
    outcome: &Outcome,
    stats: Option<Duration>,
    max_rejects: Option<&MaxRejects>,
) -> Status {
    if let Some(elapsed) = stats {
        say(outcome.ledger.equation());
        say(rates(outcome, elapsed));
    }
    if !outcome.ledger.is_clean() {
        say(&outcome.ledger);
    }
    if outcome.ledger.read > outcome.ledger.rejected && !outcome.never_seen.is_empty() {
        say(format_args!(
            "no record has a field `{}`",
            outcome.never_seen.join("`, `")
        ));
    }
    if !outcome.left_out.is_empty() {
        let names = outcome.left_out.join("`, `");
        say(format_args!(
            "not printed, because the first record does not have them: `{names}`; -o json prints all"
        ));
    }
    outcome.unwritten.iter().for_each(say);
    let exceeded = max_rejects.filter(|limit| limit.is_exceeded_by(&outcome.ledger));
    if let Some(limit) = exceeded {
        let rejected = outcome.ledger.rejected;
        say(format_args!(
            "{rejected} rejected: more than --max-rejects {limit}"
        ));
    }
    let has_failed = !outcome.failed_sources.is_empty() || !outcome.unwritten.is_empty();
    sink_status(outcome.sink.as_ref()).unwrap_or(match outcome.signal {
        Some(signal) => Status::Signalled(signal),
        None if has_failed => Status::Failed,
        None if exceeded.is_some() => Status::Rejected,
        None => Status::Done,
    })
}

/// How long a run took and how much it read in that time: `0.52 s, 12.3 MB, 23.6 MB/s, 19231 records/s`.
fn rates(outcome: &Outcome, elapsed: Duration) -> String {
    let seconds = elapsed.as_secs_f64();
    let megabytes = outcome.bytes as f64 / 1e6;
    let each_second = |amount: f64| amount / seconds.max(1e-9);
    format!(
        "{seconds:.3} s, {megabytes:.3} MB, {:.1} MB/s, {:.0} records/s",
        each_second(megabytes),
        each_second(outcome.ledger.read as f64)
    )
}

/// How a run ended whose output ended early.
fn sink_status(error: Option<&SinkError>) -> Option<Status> {
    match error? {
        SinkError::Closed => Some(Status::Done),
        SinkError::Failed(reason) => {
            say(reason);
            Some(Status::Failed)
        }
    }
}
