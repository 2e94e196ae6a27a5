//! Builds the engine's job from the request.

use std::ffi::OsString;
use std::io::IsTerminal;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rustix::fs::FileType;

use crate::data::budget::{Budget, available_memory, default_directory};
use crate::data::{FileId, STDIN_NAME, is_stdin};
use crate::encode::{self, Look};
use crate::engine::{Encoding, Job, Reading, TargetsJob};
use crate::lang::ast::Span;
use crate::lang::{self, Diagnostic};
use crate::plan::{Plan, PlannedInput};
use crate::sink::{ByteSink, LineFile, Progress, Stdout};
use crate::source::{self, Facts};

use super::arguments::{Request, When, nanoseconds};
use super::live_table;
use super::options::NamedSource;
use super::targets;

/// The default of `--chunk`.
const CHUNK_BYTES: usize = 256 << 10;

/// The default of `--max-line`.
const MAX_LINE_BYTES: usize = 16 << 20;

/// The default interval of merging if results are printed before the end.
const BATCH: Duration = Duration::from_secs(1);

/// The default interval of merging and redrawing a live table.
const FRAME: Duration = Duration::from_millis(100);

/// The default of `--max-jump`: a time further ahead of the clock is probably wrong.
const MAX_JUMP_NS: i64 = 86_400_000_000_000;

/// The note if results wait for the end of an endless input.
pub(super) const WAITS_FOR_EVER: &str = "this input never ends, so nothing would ever be printed: \
     `| window 1m` or --every 5s prints results as they come, --for 1m ends the input";

/// True if results wait for the end of an endless input, and no terminal shows them earlier.
pub(super) fn waits_for_ever(request: &Request, sources: &[Facts], plan: &Plan) -> bool {
    request.time.is_none()
        && request.every.is_none()
        && sources.iter().any(|source| source.is_endless(request.follow))
        && plan.waits_for_all()
        && plan.window.is_none()
        && !std::io::stdout().is_terminal()
}

/// Standard output, if it is a pipe whose closing ends the run: a plan with checks goes on without it.
pub(super) fn watched_output(plan: &Plan, has_targets: bool) -> Option<OwnedFd> {
    let only_prints = plan.asserts.is_empty() && plan.until.is_none();
    let is_pipe = || {
        rustix::fs::fstat(rustix::stdio::stdout())
            .is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode) == FileType::Fifo)
    };
    (only_prints && !has_targets && is_pipe()).then(|| rustix::io::dup(rustix::stdio::stdout()).ok()).flatten()
}

/// Diagnostics for sources with invalid syntax, drawn.
pub(super) fn diagnostics(request: &Request) -> Option<String> {
    let others = request.with.iter().map(|with| &with.source);
    let wrong = request.sources.iter().chain(others).filter_map(|written| {
        let diagnostic = source::check(written).err()?;
        Some(lang::render(&[diagnostic], &written.to_string_lossy(), None))
    });
    let drawn: Vec<String> = wrong.collect();
    (!drawn.is_empty()).then(|| drawn.join("\n"))
}

/// The error if `--tail` cannot be used with a source: only a file has an end to start from.
fn without_end(source: &Facts, follows: bool) -> Option<String> {
    (!source.has_end(follows)).then(|| {
        let name = source.name();
        format!(
            "--tail: expected files, found a stream: {name}\n  = help: write '… | tail 10' for the last 10 records of a stream"
        )
    })
}

/// The interval of evaluating `until`.
const WATCHED_BATCH: Duration = Duration::from_millis(100);

/// All sources in reading order, and the index of the plan's input that each belongs to.
pub(super) fn inputs(request: &Request, plan: &Plan) -> (Vec<Facts>, Vec<usize>) {
    let mut sources: Vec<Facts> = sources(request).iter().map(|source| Facts::of(source)).collect();
    let mut inputs = vec![0; sources.len()];
    for with in &request.with {
        let is_meant = |input: &PlannedInput| input.name == with.name;
        if let Some(input) = plan.inputs.iter().position(is_meant) {
            sources.push(Facts::of(&with.source));
            inputs.push(input);
        }
    }
    (sources, inputs)
}

/// Diagnostics for `--with`, drawn: every name must be used, and standard input can be read only once.
pub(super) fn with_diagnostics(request: &Request, plan: &Plan) -> Option<String> {
    let drawn = |with: &NamedSource, start: usize, diagnostic: Diagnostic| {
        let typed = format!("{}={}", with.name, with.source.to_string_lossy());
        let end = if start == 0 { with.name.len() } else { typed.len() };
        let diagnostic = Diagnostic { span: Span { start, end }, ..diagnostic };
        lang::render(&[diagnostic], &typed, Some("--with"))
    };
    let is_used = |with: &NamedSource| plan.inputs.iter().any(|input| input.name == with.name);
    if let Some(with) = request.with.iter().find(|with| !is_used(with)) {
        let message = format!("the expression does not use `{}`", with.name);
        let help = format!("write union {} to merge in its records", with.name);
        let diagnostic = Diagnostic::new(Span::default(), message).help(help);
        return Some(drawn(with, 0, diagnostic));
    }
    let is_stdin = |source: &OsString| is_stdin(source);
    let main = request.sources.is_empty() || request.sources.iter().any(is_stdin);
    let mut read = request.with.iter().filter(|with| is_stdin(&with.source));
    let (first, second) = (read.next(), read.next());
    let again = if main { first } else { second }?;
    let diagnostic = Diagnostic::new(Span::default(), "standard input is read already");
    let diagnostic = diagnostic.help(match (main, request.sources.is_empty()) {
        (true, true) => "name the source of the expression itself: bourn … EXPR FILE",
        _ => "name a file or another source in one of the two places",
    });
    Some(drawn(again, again.name.len() + 1, diagnostic))
}

/// The job for a plan. Fails if the files for rejected and late lines cannot be created.
pub(super) fn job(request: &Request, plan: &Plan, sources: &[Facts], inputs: Vec<usize>) -> Result<Job, String> {
    if request.tail.is_some()
        && let Some(diagnostic) = sources.iter().find_map(|source| without_end(source, request.follow))
    {
        return Err(diagnostic);
    }
    let terminal = std::io::stdout().is_terminal() && targets::prints(request);
    let is_whole = !request.follow && request.tail.is_none();
    let watches = !sources.iter().all(Facts::is_regular);
    let encoding = if targets::prints(request) { encoding(request, plan, terminal) } else { Encoding::Rows };
    let look = Look { separator: request.separator, ..look(request.color, terminal) };
    let live_table = live_table::table(
        request,
        &live_table::Setting {
            plan,
            sources,
            encoding,
            look,
            terminal,
            every: request.every.or(request.batch).unwrap_or(FRAME),
        },
    );
    let redraws = terminal && live_table.is_some();
    let shows_rows = !plan.is_blocking() && terminal;
    let progress =
        (std::io::stderr().is_terminal() && !shows_rows && live_table.is_none() && is_whole && !request.quiet)
            .then(|| sources.iter().map(Facts::file_bytes).sum())
            .flatten();
    let looks = request.every.is_some() || live_table.is_some();
    let delivers_rows = !request.to.is_empty() && !plan.is_blocking();
    let default = batch(plan, watches).or((looks || delivers_rows).then_some(BATCH));
    let default = default.map(|batch| if live_table.is_some() { batch.min(FRAME) } else { batch });
    let batch = request.batch.or(default);
    let paths: Vec<OsString> = sources.iter().map(|source| source.path.clone()).collect();
    let read: Vec<FileId> = paths.iter().filter_map(|path| source::file_id(path)).collect();
    let rejects = line_file(request, &request.rejects, &read)?;
    let late = line_file(request, &request.late, &read)?;
    let threads = request.threads.unwrap_or_else(cores);
    Ok(Job {
        threads,
        budget: budget(request, threads),
        chunk_bytes: request.chunk_bytes.unwrap_or(CHUNK_BYTES),
        batch: batch.map(|batch| request.every.map_or(batch, |every| every.min(batch))),
        max_line_bytes: request.max_line_bytes.unwrap_or(MAX_LINE_BYTES),
        encoding,
        look,
        every: request.every.filter(|_| !redraws),
        changed: request.changed,
        live: live_table,
        progress: progress.map(Progress::new),
        rejects,
        reading: reading(request),
        late,
        max_jump_ns: request.max_jump.map_or(MAX_JUMP_NS, nanoseconds),
        watches,
        quiet: request.quiet,
        targets: TargetsJob::default(),
        part: None,
        checkpoint: None,
        sources: paths,
        inputs,
    })
}

/// Opens a file of rejected or late lines, if it is wanted. `read` are the files that the run reads.
fn line_file(request: &Request, path: &Option<OsString>, read: &[FileId]) -> Result<Option<LineFile>, String> {
    let Some(path) = path else {
        return Ok(None);
    };
    let name = source::display(path).into_owned();
    let opened = match &request.checkpoint {
        Some(_) => LineFile::append(path, name, read),
        None => LineFile::create(path, name, read),
    };
    opened.map(Some)
}

/// How the sources are read.
fn reading(request: &Request) -> Reading {
    let written =
        [&request.rejects, &request.late, &request.report, &request.checkpoint].into_iter().flatten().cloned();
    Reading {
        follow: request.follow,
        tail: request.tail,
        idle: request.idle.unwrap_or(Reading::default().idle),
        time: request.time,
        written: written.chain(targets::paths(request).map(|(_, path)| path)).collect(),
    }
}

/// The requested format; otherwise unchanged lines if no stage made columns; otherwise the default for the output.
fn encoding(request: &Request, plan: &Plan, terminal: bool) -> Encoding {
    let default = match (terminal, plan.output.columns.whole) {
        (true, _) => encode::FOR_TERMINALS,
        (false, Some(_)) => encode::FOR_OPEN_COLUMNS,
        (false, None) => encode::FOR_PROGRAMS,
    };
    match (request.output, plan.output.lines) {
        (None, Some(_)) => Encoding::Lines(request.header.unwrap_or(true)),
        (chosen, _) => {
            let format = chosen.unwrap_or(default);
            Encoding::Format(format, request.header.unwrap_or(format.header))
        }
    }
}

/// The width and color of the output, for formats for people.
fn look(color: When, terminal: bool) -> Look {
    Look {
        width: terminal.then(|| Stdout.columns()).flatten(),
        height: terminal.then(|| Stdout.rows()).flatten(),
        title: None,
        color: match color {
            When::Always => true,
            When::Never => false,
            When::Auto => terminal && live_table::shows_color(),
        },
        escapes: terminal,
        separator: None,
    }
}

/// The sources on the command line; standard input if there are none.
fn sources(request: &Request) -> Vec<OsString> {
    match request.sources.as_slice() {
        [] => vec![OsString::from(STDIN_NAME)],
        named => named.to_vec(),
    }
}

/// The interval of merging partial results; `None` merges once, at the end.
fn batch(plan: &Plan, watches: bool) -> Option<Duration> {
    let is_windowed = plan.window.is_some();
    if plan.until.is_some() && (watches || is_windowed) { Some(WATCHED_BATCH) } else { is_windowed.then_some(BATCH) }
}

/// The memory budget: half of what is available, if the user does not say.
fn budget(request: &Request, threads: usize) -> Arc<Budget> {
    let directory = || default_directory(std::env::var_os("TMPDIR").as_deref());
    let directory = request.temp.as_ref().map_or_else(directory, PathBuf::from);
    let half = || available_memory().and_then(|bytes| usize::try_from(bytes / 2).ok());
    match request.memory.or_else(half) {
        Some(size) => Budget::new(size, threads, directory),
        None => Budget::unlimited(),
    }
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}
