//! Arguments as typed to a job as built, and the outcome of a run to an exit status.
//!
//! `options` is the table of options, `arguments` what was typed, `job` what is run; `catalog` gathers the
//! tables that `help` and `reference` print, and that the manual page and the completions are made of.

mod annotate;
mod arguments;
mod catalog;
mod cookbook;
mod flags;
mod formats;
mod guess;
mod help;
mod job;
mod junit;
mod language;
mod layout;
mod live;
mod max_rejects;
mod mistake;
mod options;
mod outputs;
mod own_formats;
mod records;
mod reference;
mod report;
mod shell;
mod unused;
mod verdict;

use std::ffi::OsString;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, bail};

use crate::data::set_time_defaults;
use crate::decode;
use crate::engine::{self, Control};
use crate::lang;
use crate::plan::{Plan, TimeDomain};
use crate::sink::{NoCommands, Sink, Stdout, WholeFile};
use crate::source;
use crate::stage::OwnTime;

use arguments::{Annotate, Arguments, Expression, Purpose, Request};
use report::{Status, Telling, print, say, say_as_it_is, status, tell};
use verdict::{Asked, cases};

pub use catalog::{CHAPTERS, Chapter, names};
pub use language::LANGUAGE;
pub use options::{Audience, OPTIONS, OptionDef, Takes, command};
pub use shell::command_lines;

/// Runs the program: reads the arguments, plans, runs, and says how it ended.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let words: Vec<OsString> = arguments.into_iter().collect();
    let status = match Arguments::parse(words.iter().cloned()) {
        Ok(Arguments::Run(request)) => serve(&request),
        Ok(Arguments::Help(None, _)) => print(&help::screen()),
        Ok(Arguments::Help(Some(name), file)) => {
            own_formats::set(file.as_ref());
            explain_name(&name)
        }
        Ok(Arguments::Formats(file)) => {
            own_formats::set(file.as_ref());
            print_or_say(formats::list())
        }
        Ok(Arguments::Version) => print(concat!("bourn ", env!("CARGO_PKG_VERSION"), "\n")),
        Err(mistake) => {
            outputs::remove_stale_report(&words);
            say(mistake);
            Status::Wrong
        }
    };
    ExitCode::from(status.code())
}

/// Prints what the manual says of a name.
fn explain_name(name: &str) -> Status {
    match reference::page(name) {
        Ok(page) if reference::is_of_formats(name) => print_or_say(own_formats::rows().map(|rows| page + &rows)),
        Ok(page) => print(&page),
        Err(nearest) => match own_formats::page(name) {
            Ok(None) => match guess::foreign(name) {
                Some(page) => print(&page),
                None => {
                    say(guess::name(name, &nearest));
                    Status::Wrong
                }
            },
            Ok(Some(page)) => print(&page),
            Err(reason) => print_or_say(Err(reason)),
        },
    }
}

fn print_or_say(page: Result<String, &str>) -> Status {
    match page {
        Ok(page) => print(&page),
        Err(reason) => {
            say(reason);
            Status::Wrong
        }
    }
}

/// Does what was asked with an expression.
fn serve(request: &Request) -> Status {
    if request.purpose != Purpose::Run {
        return understand(request, None);
    }
    // First of all: an earlier report must not outlive a run that fails, and where none can be written, no other file
    // is emptied.
    let report = match outputs::mistake(request) {
        Some(mistake) => {
            outputs::remove_report(request);
            Err(mistake)
        }
        None => outputs::report(request),
    };
    match report {
        Ok(report) => understand(request, report),
        Err(mistake) => {
            say(mistake);
            Status::Wrong
        }
    }
}

/// Reads the expression, then checks, explains or runs it.
fn understand(request: &Request, report: Option<WholeFile>) -> Status {
    let Some(expression) = &request.expression else {
        say("an expression is needed");
        say_as_it_is(help::USAGE);
        return Status::Wrong;
    };
    let (text, origin) = match read(expression) {
        Ok(expression) => expression,
        Err(error) => {
            say(format_args!("{error:#}"));
            return Status::Wrong;
        }
    };
    set_time_defaults(request.time_defaults()); // nothing has read a time so far
    own_formats::set(request.formats_file.as_ref());
    if request.formats_file.is_some()
        && let Err(reason) = decode::formats::own_formats()
    {
        say(reason);
        return Status::Wrong;
    }
    let is_typed = origin.is_none();
    if let Some(guess) = is_typed.then(|| guess::expression_in_pieces(&text, &request.sources)).flatten() {
        say(guess);
        return Status::Wrong;
    }
    if let Some(mistakes) = job::mistakes(request) {
        say_as_it_is(mistakes);
        return Status::Wrong;
    }
    let typed = request.records.as_deref();
    let records = match typed.map(records::records).transpose() {
        Ok(records) => records,
        Err(mistake) => {
            let typed = typed.unwrap_or_default();
            say_as_it_is(lang::render(&[mistake], typed, Some("--records")));
            return Status::Wrong;
        }
    };
    match Plan::read(&text, request.settings(records)) {
        Ok(plan) => {
            if let Some(mistakes) = job::with_mistakes(request, &plan) {
                say_as_it_is(mistakes);
                return Status::Wrong;
            }
            if let Some(mistake) = unused::unused(request, &plan) {
                say(mistake);
                return Status::Wrong;
            }
            match request.purpose {
                Purpose::Check => Status::Done,
                Purpose::Explain => print(&plan.explanation.to_string()),
                Purpose::Run => stream(request, plan, &text, report),
            }
        }
        Err(mistakes) => {
            let guess = is_typed.then(|| guess::no_expression(&text, &request.sources)).flatten();
            match guess {
                Some(guess) => say(guess),
                None => {
                    say_as_it_is(lang::render(&mistakes, &text, origin.as_deref()));
                    if is_typed && guess::is_eaten_by_the_shell(&text, &mistakes) {
                        say(guess::EATEN);
                    }
                }
            }
            Status::Wrong
        }
    }
}

/// The text of an expression and the file it stands in.
fn read(expression: &Expression) -> anyhow::Result<(String, Option<String>)> {
    match expression {
        Expression::Typed(typed) => match typed.to_str() {
            Some(text) => Ok((text.to_owned(), None)),
            None => bail!("the expression is not UTF-8; write other bytes as \"\\xff\""),
        },
        Expression::File(path) => {
            let name = source::display(path).into_owned();
            let text = std::fs::read(path)
                .and_then(|bytes| {
                    let text = String::from_utf8(source::encoding::to_utf8(bytes));
                    text.map_err(|_| std::io::Error::other("it is not UTF-8"))
                })
                .map_err(|error| anyhow::anyhow!(crate::data::reason(&error)))
                .with_context(|| format!("{name}: the expression cannot be read"))?;
            Ok((text, Some(name)))
        }
    }
}

/// Runs the plan of an expression to its end.
fn stream(request: &Request, plan: Plan, expression: &str, report: Option<WholeFile>) -> Status {
    if let Some(reason) = outputs::standard_output() {
        say(reason);
        return Status::Failed;
    }
    let listening = Control::new().and_then(|control| control.listen().map(|()| control));
    let control = match listening {
        Ok(control) => control,
        Err(error) => {
            say(format_args!("signals cannot be watched: {}", crate::data::reason(&error)));
            return Status::Failed;
        }
    };
    let job = match job::job(request, &plan) {
        Ok(job) => job,
        Err(mistake) => {
            say(mistake);
            return Status::Wrong;
        }
    };
    if job.live.is_some()
        && let Err(error) = control.watch_terminal()
    {
        let reason = crate::data::reason(&error);
        say(format_args!("the terminal cannot be watched: {reason}"));
        return Status::Failed;
    }
    if request.report.is_none()
        && let Some(pipe) = job::watched_output(&plan)
    {
        control.watch_output(pipe);
    }
    if !request.quiet && job::waits_for_ever(request, &job.sources, &plan) {
        say(job::WAITS_FOR_EVER);
    }
    if let Some(note) = note_of_arrival(&plan, &job.sources).filter(|_| !request.quiet && !request.follow) {
        say(note);
    }
    let started = Instant::now();
    let (plan, sources) = (Arc::new(plan), job.sources.clone());
    let sink: &mut dyn Sink = match request.annotate {
        Some(Annotate::GitHub) if outputs::is_log() => &mut NoCommands::new(Stdout),
        _ => &mut Stdout,
    };
    let outcome = engine::run(Arc::clone(&plan), job, sink, &control);
    let elapsed = started.elapsed();
    let asked =
        Asked { plan: &plan, sources: &sources, max_rejects: request.max_rejects.as_ref(), strict: request.strict };
    let cases = cases(&asked, &outcome);
    let telling = Telling { quiet: request.quiet, stats: request.stats.then_some(elapsed), annotate: request.annotate };
    tell(&outcome, &cases, &telling);
    if !request.quiet {
        plan.incomparable().iter().for_each(say);
    }
    let status = status(&outcome, &cases);
    match report.map(|file| file.write(junit::report(expression, &cases, elapsed).as_bytes())) {
        Some(Err(reason)) => {
            if !request.quiet {
                say(reason);
            }
            status.or_failed()
        }
        _ => status,
    }
}

/// What to say where windows go by the time at which files are read, which is hardly meant.
fn note_of_arrival(plan: &Plan, sources: &[OsString]) -> Option<String> {
    let by = plan.window.as_ref().map(|window| &window.by);
    let (what, written, field) = match (by, plan.join_time()) {
        (_, OwnTime::Processing(field)) => ("join", "within …", field),
        (Some(TimeDomain::Processing(field)), _) => ("window", "window …", field.clone()),
        _ => return None,
    };
    let field = field.as_deref().unwrap_or("FIELD");
    live::all_regular(sources).then(|| {
        format!("the {what} goes by when the file was read; for the time of its records write {written} on {field}")
    })
}
