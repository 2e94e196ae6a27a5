//! Arguments as typed to a job as built.

use std::ffi::{OsStr, OsString};
use std::io::IsTerminal;
use std::time::Duration;

use crate::engine::{Encoding, Job};
use crate::format::{self, Look};
use crate::plan::Plan;
use crate::sink::{Progress, Rejects};
use crate::source;

use super::arguments::{Request, When};
use super::live;

/// What a thread is handed at once.
const CHUNK_BYTES: usize = 256 << 10;

/// The longest record.
const MAX_LINE_BYTES: usize = 16 << 20;

/// How often what may be seen is merged.
const BATCH: Duration = Duration::from_secs(1);

/// A time further ahead of the clock is probably wrong.
const MAX_JUMP_NS: i64 = 86_400_000_000_000;

/// What to run the plan on; why rejected lines cannot be kept, if they cannot.
pub(super) fn job(request: &Request, plan: &Plan) -> Result<Job, String> {
    let sources = match request.sources.as_slice() {
        [] => vec![OsString::from("-")],
        named => named.to_vec(),
    };
    let terminal = std::io::stdout().is_terminal();
    let encoding = encoding(request, plan, terminal);
    let look = look(request.color, terminal);
    let live = live::table(
        request,
        &live::Setting {
            plan,
            sources: &sources,
            encoding,
            look,
            terminal,
            every: request.every.or(request.batch).unwrap_or(BATCH),
        },
    );
    let redraws = terminal && live.is_some();
    let shows_rows = !plan.is_blocking() && terminal;
    let progress = (std::io::stderr().is_terminal() && !shows_rows && live.is_none())
        .then(|| file_bytes(&sources))
        .flatten();
    let looks = plan.window.is_some() || request.every.is_some() || live.is_some();
    let batch = request.batch.or(looks.then_some(BATCH));
    let keep = |path: &Option<OsString>| match path {
        Some(path) => {
            let name = source::display(path).into_owned();
            Rejects::create(path, name, &sources).map(Some)
        }
        None => Ok(None),
    };
    let (rejects, late) = (keep(&request.rejects)?, keep(&request.late)?);
    Ok(Job {
        threads: request.threads.unwrap_or_else(cores),
        chunk_bytes: request.chunk_bytes.unwrap_or(CHUNK_BYTES),
        batch: batch.map(|batch| request.every.map_or(batch, |every| every.min(batch))),
        max_line_bytes: request.max_line_bytes.unwrap_or(MAX_LINE_BYTES),
        encoding,
        look,
        every: request.every.filter(|_| !redraws),
        changed: request.changed,
        live,
        progress: progress.map(Progress::new),
        rejects,
        late,
        max_jump_ns: request.max_jump.map_or(MAX_JUMP_NS, nanoseconds),
        sources,
    })
}

/// The format that was asked for; else the lines as they came, where no stage has made columns; else what
/// suits the place where results go.
fn encoding(request: &Request, plan: &Plan, terminal: bool) -> Encoding {
    let default = match (terminal, plan.output.whole) {
        (true, _) => "table",
        (false, Some(_)) => "json", // the columns depend on the data
        (false, None) => "tsv",
    };
    match (request.output, plan.output.lines) {
        (None, Some(_)) => Encoding::Lines(request.header.unwrap_or(true)),
        (chosen, _) => {
            let format = chosen
                .or_else(|| format::find(default))
                .expect("the default formats are in the table");
            Encoding::Format(format, request.header.unwrap_or(format.header))
        }
    }
}

/// What formats for people may make of where results go.
fn look(color: When, terminal: bool) -> Look {
    Look {
        width: terminal.then(width).flatten(),
        color: match color {
            When::Always => true,
            When::Never => false,
            When::Auto => terminal && live::shows_color(),
        },
        escapes: terminal,
    }
}

/// How many cells a line of the terminal has, if it says.
fn width() -> Option<usize> {
    let size = rustix::termios::tcgetwinsize(rustix::stdio::stdout()).ok()?;
    Some(usize::from(size.ws_col)).filter(|width| *width > 0)
}

fn nanoseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// The size of all sources, if they are files.
fn file_bytes(sources: &[OsString]) -> Option<u64> {
    sources.iter().map(|source| file_size(source)).sum()
}

fn file_size(source: &OsStr) -> Option<u64> {
    std::fs::metadata(source)
        .ok()
        .filter(|metadata| metadata.is_file())
        .map(|metadata| metadata.len())
}
