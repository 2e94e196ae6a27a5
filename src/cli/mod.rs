//! The command line: turns arguments into a job, and the outcome of a run into messages and an exit status.
//!
//! `options` is the table of options, `arguments` the typed arguments, `job` builds the job. `catalog` collects the tables
//! that `help` and `reference` print, and from which the manual pages and completions are generated.

mod annotate;
mod arguments;
mod catalog;
mod check_report;
mod checkpoint;
mod coming_from;
mod cookbook;
mod delivery;
mod flags;
mod formats;
mod help;
mod job;
mod junit;
mod language;
mod layout;
mod live_table;
mod max_rejects;
mod option_error;
mod options;
mod outputs;
mod own_formats;
mod parts;
mod pictures;
mod records;
mod reference;
mod report;
mod shell;
mod suggest;
mod targets;
mod unused;

use std::ffi::OsString;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};

use crate::data::{Stopwatch, set_time_defaults, system_clock};
use crate::decode;
use crate::engine::{self, Control, Outcome};
use crate::expr::FileContents;
use crate::lang;
use crate::plan::{self, Plan, Settings, TimeDomain};
use crate::sink::{AtomicFile, ByteSink, NoCommands, Silent, Stdout};
use crate::source::{self, Facts};
use crate::stage::OwnTime;

use arguments::{Annotate, Expression, Invocation, Purpose, Request};
use check_report::{CheckContext, cases};
use report::{ReportOptions, Status, eprint, eprint_as_is, print, status};

pub use catalog::{CHAPTERS, Chapter, names};
pub use coming_from::{Agreement, FOREIGN_TOOLS, ForeignLine, ForeignTool};
pub use options::{Audience, OPTIONS, OptionDef, ValueKind, command};
pub use shell::command_lines;

/// Runs the program and returns its exit status.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let words: Vec<OsString> = arguments.into_iter().collect();
    let status = match Invocation::parse(words.iter().cloned()) {
        Ok(Invocation::Run(request)) => run_expression(&request),
        Ok(Invocation::Help(None, _)) => print(&help::screen()),
        Ok(Invocation::Help(Some(name), file)) => {
            own_formats::set(file.as_ref());
            explain_name(&name)
        }
        Ok(Invocation::Formats(file)) => {
            own_formats::set(file.as_ref());
            print_or_fail(formats::list())
        }
        Ok(Invocation::Version) => print(concat!("bourn ", env!("CARGO_PKG_VERSION"), "\n")),
        Err(diagnostic) => {
            outputs::remove_stale_report(&words);
            eprint(diagnostic);
            Status::Wrong
        }
    };
    ExitCode::from(status.code())
}

/// Prints the help page of a name.
fn explain_name(name: &str) -> Status {
    match reference::page(name) {
        Ok(page) if reference::is_of_formats(name) => print_or_fail(own_formats::rows().map(|rows| page + &rows)),
        Ok(page) => print(&page),
        Err(nearest) => match own_formats::page(name) {
            Ok(None) => match suggest::foreign(name) {
                Some(page) => print(&page),
                None => {
                    eprint(suggest::name(name, &nearest));
                    Status::Wrong
                }
            },
            Ok(Some(page)) => print(&page),
            Err(reason) => print_or_fail(Err(reason)),
        },
    }
}

fn print_or_fail(page: Result<String, &str>) -> Status {
    match page {
        Ok(page) => print(&page),
        Err(reason) => {
            eprint(reason);
            Status::Wrong
        }
    }
}

/// Runs, checks or explains the expression of a request.
fn run_expression(request: &Request) -> Status {
    if request.purpose != Purpose::Run {
        return plan_and_run(request, None);
    }
    // This comes first: the report of an earlier run must not survive a run that fails, and no other file is truncated
    // if the report cannot be written.
    let report = match outputs::diagnostic(request) {
        Some(diagnostic) => {
            outputs::remove_report(request);
            Err(diagnostic)
        }
        None => outputs::report(request),
    };
    match report {
        Ok(report) => plan_and_run(request, report),
        Err(diagnostic) => {
            eprint(diagnostic);
            Status::Wrong
        }
    }
}

/// Parses and plans the expression, then checks, explains or runs it.
fn plan_and_run(request: &Request, report: Option<AtomicFile>) -> Status {
    let wrong = checkpoint::error(request).or_else(|| parts::error(request)).or_else(|| targets::error(request));
    let wrong = wrong.or_else(|| pictures::error(request));
    if let Some(reason) = wrong {
        eprint(reason);
        return Status::Wrong;
    }
    if let Some(drawn) = targets::diagnostic(request) {
        eprint_as_is(drawn);
        return Status::Wrong;
    }
    if request.merge {
        return parts::merge(request, report);
    }
    let Some(expression) = &request.expression else {
        eprint("missing expression");
        eprint_as_is(help::USAGE);
        return Status::Wrong;
    };
    let (text, origin) = match read(expression) {
        Ok(expression) => expression,
        Err(error) => {
            eprint(format_args!("{error:#}"));
            return Status::Wrong;
        }
    };
    let plan = match read_plan(request, &text, origin.as_deref()) {
        Ok(plan) => plan,
        Err(status) => return status,
    };
    if let Some(diagnostics) = job::with_diagnostics(request, &plan) {
        eprint_as_is(diagnostics);
        return Status::Wrong;
    }
    if let Some(diagnostic) = unused::unused(request, &plan) {
        eprint(diagnostic);
        return Status::Wrong;
    }
    if let Some(reason) = targets::misfit(request, &plan) {
        eprint(reason);
        return Status::Wrong;
    }
    match request.purpose {
        Purpose::Check => Status::Done,
        Purpose::Explain => {
            let explanation = checkpoint::explain(request, plan.explanation);
            print(&explanation.with_targets(targets::explain(request)).to_string())
        }
        Purpose::Run => execute(request, plan, &text, report),
    }
}

/// Plans an expression with the options of the request; prints its errors. `origin` names its file.
fn read_plan(request: &Request, text: &str, origin: Option<&str>) -> Result<Plan, Status> {
    set_time_defaults(request.time_defaults()); // before any time is parsed
    own_formats::set(request.formats_file.as_ref());
    if request.formats_file.is_some()
        && let Err(reason) = decode::log_formats::own_formats()
    {
        eprint(reason);
        return Err(Status::Wrong);
    }
    let is_typed = origin.is_none();
    if let Some(suggestion) = is_typed.then(|| suggest::expression_in_pieces(text, &request.sources)).flatten() {
        eprint(suggestion);
        return Err(Status::Wrong);
    }
    if let Some(diagnostics) = job::diagnostics(request) {
        eprint_as_is(diagnostics);
        return Err(Status::Wrong);
    }
    let typed = request.records.as_deref();
    let records = typed.map(records::records).transpose().map_err(|diagnostic| {
        let typed = typed.unwrap_or_default();
        eprint_as_is(lang::render(&[diagnostic], typed, Some("--records")));
        Status::Wrong
    })?;
    let settings = Settings { side_files: side_files(text), ..request.settings(records) };
    Plan::read(text, settings).map_err(|diagnostics| {
        let suggestion = is_typed.then(|| suggest::no_expression(text, &request.sources)).flatten();
        let suggestion = suggestion.or_else(|| suggest::target_in_expression(text));
        match suggestion {
            Some(suggestion) => eprint(suggestion),
            None => {
                eprint_as_is(lang::render(&diagnostics, text, origin));
                if is_typed && suggest::is_expanded_by_the_shell(text, &diagnostics) {
                    eprint(suggest::EXPANDED);
                }
            }
        }
        Status::Wrong
    })
}

/// Reads the files that an expression names.
fn side_files(text: &str) -> FileContents {
    let paths = lang::parse(text).map(|pipeline| plan::side_files(&pipeline)).unwrap_or_default();
    FileContents::read(paths, |path| source::read_all(path.as_ref()))
}

/// The text of an expression and the name of its file, if any.
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

/// Runs a plan to its end and reports the outcome.
fn execute(request: &Request, plan: Plan, expression: &str, report: Option<AtomicFile>) -> Status {
    let sink = match sink(request) {
        Ok(sink) => sink,
        Err(status) => return status,
    };
    let control = match control() {
        Ok(control) => control,
        Err(status) => return status,
    };
    let (sources, inputs) = job::inputs(request, &plan);
    let mut job = match job::job(request, &plan, &sources, inputs) {
        Ok(job) => job,
        Err(diagnostic) => {
            eprint(diagnostic);
            return Status::Wrong;
        }
    };
    job.checkpoint = match checkpoint::open(request, expression, &plan, &**control.clock()) {
        Ok(checkpoint) => checkpoint,
        Err(status) => return status,
    };
    job.targets = match targets::open(request, &plan, job.checkpoint.as_ref()) {
        Ok(targets) => targets,
        Err(reason) => {
            eprint(reason);
            return Status::Failed;
        }
    };
    job.part = request.partial.then(|| parts::header(request, expression));
    job.look.title = pictures::title(request, expression);
    if job.live.is_some()
        && let Err(error) = control.watch_terminal()
    {
        let reason = crate::data::reason(&error);
        eprint(format_args!("the terminal cannot be watched: {reason}"));
        return Status::Failed;
    }
    if request.report.is_none()
        && let Some(pipe) = job::watched_output(&plan, !request.to.is_empty())
    {
        control.watch_output(pipe);
    }
    if !request.quiet && job::waits_for_ever(request, &sources, &plan) {
        eprint(job::WAITS_FOR_EVER);
    }
    if let Some(note) = note_on_arrival(&plan, &sources).filter(|_| !request.quiet && !request.follow) {
        eprint(note);
    }
    if let Some(note) = targets::redirected(request).filter(|_| !request.quiet) {
        eprint(note);
    }
    if let Some(stage) = plan.restarting.as_ref().filter(|_| !request.quiet) {
        eprint(format_args!(
            "note: `{stage}` restarts in each window; to carry its state on write {stage} | window all"
        ));
    }
    let run = Stopwatch::start(control.clock());
    let plan = Arc::new(plan);
    let mut sink = sink;
    let outcome = engine::run(Arc::clone(&plan), job, &mut *sink, &control);
    let elapsed = run.time();
    let context = CheckContext::of(request, &plan, &sources);
    finish(request, expression, &context, &outcome, elapsed, report)
}

/// Signals and other control of a run.
fn control() -> Result<Arc<Control>, Status> {
    let listening = Control::new(system_clock()).and_then(|control| control.listen().map(|()| control));
    listening.map_err(|error| {
        eprint(format_args!("signals cannot be watched: {}", crate::data::reason(&error)));
        Status::Failed
    })
}

/// Opens standard output, unless results go to targets only.
fn sink(request: &Request) -> Result<Box<dyn ByteSink>, Status> {
    if !targets::prints(request) {
        return Ok(Box::new(Silent));
    }
    match (Stdout::check(), request.annotate) {
        (Ok(()), Some(Annotate::GitHub)) if outputs::is_log() => Ok(Box::new(NoCommands::new(Box::new(Stdout)))),
        (Ok(()), _) => Ok(Box::new(Stdout)),
        (Err(reason), _) => {
            eprint(reason);
            Err(Status::Failed)
        }
    }
}

/// Reports the outcome of a run and writes the report of its checks.
fn finish(
    request: &Request,
    expression: &str,
    context: &CheckContext<'_>,
    outcome: &Outcome,
    elapsed: Duration,
    report: Option<AtomicFile>,
) -> Status {
    let cases = cases(context, outcome);
    let options =
        ReportOptions { quiet: request.quiet, stats: request.stats.then_some(elapsed), annotate: request.annotate };
    report::report(outcome, &cases, &options);
    if !request.quiet {
        context.plan.incomparable().iter().for_each(eprint);
    }
    let status = status(outcome, &cases);
    match report.map(|file| file.write(junit::report(expression, &cases, elapsed).as_bytes())) {
        Some(Err(reason)) => {
            if !request.quiet {
                eprint(reason);
            }
            status.or_failed()
        }
        _ => status,
    }
}

/// A note if windows or joins of files use the time of reading, which is rarely intended.
fn note_on_arrival(plan: &Plan, sources: &[Facts]) -> Option<String> {
    let by = plan.window.as_ref().map(|window| &window.by);
    let (what, written, field) = match (by, plan.join_time()) {
        (_, OwnTime::Processing(field)) => ("join", "within …", field),
        (Some(TimeDomain::Processing(field)), _) => ("window", "window …", field.clone()),
        _ => return None,
    };
    let field = field.as_deref().unwrap_or("FIELD");
    sources.iter().all(Facts::is_regular).then(|| {
        format!("the {what} uses the time the file was read; to use the records' own time write {written} on {field}")
    })
}
