//! What is said: text on stdout, messages on stderr, the outcome of a run as an exit status.
//!
//! Nothing here fails because nobody listens.

use std::fmt::Display;
use std::io::Write;

use crate::engine::Outcome;
use crate::sink::{Sink, SinkError, Stdout};

/// How the program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    /// Done, or nobody wanted more.
    Done,
    /// The expression or an option is wrong.
    Wrong,
    /// A source or sink failed.
    Failed,
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

/// Says what a run has to say and how it ended.
pub(super) fn report(outcome: &Outcome) -> Status {
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
    sink_status(outcome.sink.as_ref()).unwrap_or(match outcome.signal {
        Some(signal) => Status::Signalled(signal),
        None if !outcome.failed_sources.is_empty() => Status::Failed,
        None => Status::Done,
    })
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
