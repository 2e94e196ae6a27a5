//! Arguments as typed to a job as built, and the outcome of a run to an exit status.

mod options;

use std::ffi::OsString;
use std::io::IsTerminal;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;

use crate::engine::{self, Control, Encoding, Job, Outcome};
use crate::format;
use crate::lang;
use crate::plan::Plan;
use crate::sink::{Progress, SinkError, Stdout};

use options::Options;

/// Exit statuses, as the manual lists them.
mod status {
    pub(super) const DONE: u8 = 0;
    pub(super) const WRONG: u8 = 2;
    pub(super) const FAILED: u8 = 3;
    pub(super) const SIGNALLED: u8 = 128;
}

/// Runs the program: parses the arguments, plans, runs, and says how it ended.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let options = match Options::parse(arguments) {
        Ok(options) => options,
        Err(status) => return ExitCode::from(status),
    };
    ExitCode::from(run_with(options))
}

fn run_with(options: Options) -> u8 {
    let (text, origin) = match options.expression() {
        Ok(expression) => expression,
        Err(error) => {
            eprintln!("bourn: {error:#}");
            return status::WRONG;
        }
    };
    let bound = lang::parse(&text).and_then(|pipeline| Plan::of(&pipeline));
    let plan = match bound {
        Ok(plan) => plan,
        Err(mistakes) => {
            eprint!("{}", lang::render(&mistakes, &text, origin.as_deref()));
            return status::WRONG;
        }
    };
    if options.check {
        return status::DONE;
    }
    if options.explain {
        print!("{}", plan.explanation);
        return status::DONE;
    }
    let started = Control::new()
        .and_then(|control| control.listen().map(|()| control))
        .context("signals cannot be watched");
    let control = match started {
        Ok(control) => control,
        Err(error) => {
            eprintln!("bourn: {error:#}");
            return status::FAILED;
        }
    };
    let job = job(&options, &plan);
    let outcome = engine::run(Arc::new(plan), job, &mut Stdout, &control);
    report(&outcome)
}

/// What to run the plan on.
fn job(options: &Options, plan: &Plan) -> Job {
    let sources = if options.sources.is_empty() {
        vec!["-".into()]
    } else {
        options.sources.clone()
    };
    let terminal = std::io::stdout().is_terminal();
    let encoding = match (options.output, plan.output.lines) {
        (None, Some(_)) => Encoding::Lines,
        (chosen, _) => {
            let default = if terminal { "table" } else { "tsv" };
            let format = chosen
                .or_else(|| format::find(default))
                .expect("the default formats are in the table");
            Encoding::Format(format, options.header.unwrap_or(format.header))
        }
    };
    let shows_rows = !plan.is_blocking() && terminal;
    let progress = (std::io::stderr().is_terminal() && !shows_rows)
        .then(|| file_bytes(&sources))
        .flatten();
    Job {
        threads: options.threads,
        chunk_bytes: options.chunk_bytes,
        batch: options.batch,
        max_line_bytes: options.max_line_bytes,
        encoding,
        progress: progress.map(Progress::new),
        sources,
    }
}

/// The size of all sources, if they are files.
fn file_bytes(sources: &[OsString]) -> Option<u64> {
    let size = |source: &OsString| {
        std::fs::metadata(source)
            .ok()
            .filter(|metadata| metadata.is_file())
            .map(|metadata| metadata.len())
    };
    sources.iter().map(size).sum()
}

/// Says what went wrong and how the run ended.
fn report(outcome: &Outcome) -> u8 {
    if !outcome.ledger.is_clean() {
        eprintln!("bourn: {}", outcome.ledger);
    }
    match &outcome.sink {
        Some(SinkError::Closed) => return status::DONE,
        Some(SinkError::Failed(reason)) => {
            eprintln!("bourn: {reason}");
            return status::FAILED;
        }
        None => {}
    }
    match outcome.signal {
        Some(signal) => status::SIGNALLED + signal as u8,
        None if !outcome.failed_sources.is_empty() => status::FAILED,
        None => status::DONE,
    }
}
