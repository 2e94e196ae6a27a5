//! Parts of a stream: `--partial` makes one, `--merge` merges them.

use std::ffi::OsString;
use std::io::IsTerminal;

use crate::data::{Stopwatch, is_stdin};
use crate::engine::{self, Part, PartHeader};
use crate::plan::Plan;
use crate::sink::AtomicFile;
use crate::source::{self, read_bytes};

use super::arguments::{Invocation, Request};
use super::check_report::CheckContext;
use super::report::{Status, eprint};
use super::{job, read_plan, targets};

/// Options that decide what an expression means: a part keeps them.
const KEPT: &[&str] = &[
    "exact",
    "fill",
    "fill-limit",
    "forget",
    "formats-file",
    "header",
    "max-jump",
    "no-header",
    "output",
    "records",
    "seed",
    "strip-ansi",
    "tz",
    "year",
];

/// Options that may be given with `--merge`.
const OF_MERGE: &[&str] = &[
    "annotate",
    "color",
    "header",
    "max-rejects",
    "memory",
    "merge",
    "no-header",
    "output",
    "partial",
    "quiet",
    "report",
    "retry",
    "separator",
    "stats",
    "strict",
    "temp",
    "threads",
    "to",
];

/// Options that print something else than the state.
const NOT_OF_PARTS: &[&str] = &["changed", "color", "every", "live", "stamp"];

/// The error of options that have no effect with `--partial` or `--merge`, or of a part for a terminal.
pub(super) fn error(request: &Request) -> Option<String> {
    let mut given = request.given.iter().map(|(name, _)| *name);
    if request.merge
        && let Some(name) = given.clone().find(|name| !OF_MERGE.contains(name))
    {
        let message = format!("--{name}: has no effect with --merge, which reads the parts as they are");
        return Some(format!("{message}\n  = help: give --{name} with --partial, where the sources are read"));
    }
    if request.partial
        && let Some(name) = given.find(|name| NOT_OF_PARTS.contains(name))
    {
        let message = format!("--{name}: has no effect with --partial, which prints no rows");
        return Some(format!("{message}\n  = help: leave --{name} out"));
    }
    (request.partial && std::io::stdout().is_terminal()).then(|| {
        "--partial writes bytes for --merge, which a terminal cannot show\n  = help: write … > FILE.part".to_owned()
    })
}

/// Returns the header of a part of this expression.
pub(super) fn header(request: &Request, expression: &str) -> PartHeader {
    let kept = request.given.iter().filter(|(name, _)| KEPT.contains(name));
    let option = |(name, value): &(&str, Option<OsString>)| {
        ((*name).to_owned(), value.as_ref().map(|value| value.to_string_lossy().into_owned()))
    };
    PartHeader { expression: expression.to_owned(), options: kept.map(option).collect() }
}

/// Merges the parts in the files of a request.
pub(super) fn merge(request: &Request, report: Option<AtomicFile>) -> Status {
    if request.sources.is_empty() {
        eprint("missing parts\n  = help: write bourn --merge FILE.part …, or - for standard input");
        return Status::Wrong;
    }
    match read(&request.sources).and_then(|parts| Ok((common_header(&parts)?, parts))) {
        Ok((header, parts)) => merge_parts(request, &header, parts, report),
        Err(reason) => {
            eprint(reason);
            Status::Failed
        }
    }
}

/// The parts of all files, each with the name of its file.
fn read(files: &[OsString]) -> Result<Vec<(String, Part)>, String> {
    let mut all = Vec::new();
    for file in files {
        let name = if is_stdin(file) { "standard input".into() } else { source::display(file).into_owned() };
        let bytes = read_bytes(file).map_err(|reason| format!("{name}: {reason}"))?;
        if bytes.is_empty() {
            return Err(format!("{name}: is empty: the run that should have written it has failed"));
        }
        let parts = Part::read_all(&bytes).map_err(|error| format!("{name}: {error}; expected a file of --partial"))?;
        all.extend(parts.into_iter().map(|part| (name.clone(), part)));
    }
    Ok(all)
}

/// Returns the header that all parts have, or an error that names two that differ.
fn common_header(parts: &[(String, Part)]) -> Result<PartHeader, String> {
    let (first_name, first) = parts.first().ok_or("no parts")?;
    let written = |header: &PartHeader| {
        let option = |(name, value): &(String, Option<String>)| match value {
            Some(value) => format!("--{name} {value} "),
            None => format!("--{name} "),
        };
        header.options.iter().map(option).collect::<String>() + &format!("'{}'", header.expression)
    };
    match parts.iter().find(|(_, part)| part.header != first.header) {
        None => Ok(first.header.clone()),
        Some((name, other)) => Err(format!(
            "{name}: is a part of another expression than {first_name}\n  {first_name}: {}\n  {name}: {}\n  \
             = help: make all parts with the same expression and options",
            written(&first.header),
            written(&other.header),
        )),
    }
}

/// The request that the parts were made with, for the run that `merging` asks for. Its output is that of the parts, so
/// that the plan has the columns of their rows.
fn request_of(header: &PartHeader, merging: &Request) -> Option<Request> {
    let mut words: Vec<OsString> = vec!["bourn".into(), "--partial".into()];
    for (name, value) in &header.options {
        words.push(match value {
            Some(value) => format!("--{name}={value}").into(),
            None => format!("--{name}").into(),
        });
    }
    words.extend(["--".into(), OsString::from(&header.expression)]);
    let Ok(Invocation::Run(request)) = Invocation::parse(words) else {
        return None;
    };
    let mut request = *request;
    request.header = merging.header.or(request.header);
    request.color = merging.color;
    request.threads = merging.threads;
    request.quiet = merging.quiet;
    request.strict = merging.strict;
    request.max_rejects.clone_from(&merging.max_rejects);
    request.sources.clone_from(&merging.sources);
    Some(request)
}

/// The error of an output format for parts without fields.
fn output_error(merging: &Request, plan: &Plan) -> Option<String> {
    let (format, _) = merging.output.zip(plan.output.lines)?;
    let name = format.entry.name;
    Some(format!(
        "--output: the parts have the lines of the records, not their fields\n  = help: make the parts with -o {name}, or \
         leave -o {name} out"
    ))
}

fn merge_parts(
    merging: &Request,
    header: &PartHeader,
    parts: Vec<(String, Part)>,
    report: Option<AtomicFile>,
) -> Status {
    let Some(mut request) = request_of(header, merging) else {
        eprint(format_args!("{}: has options that this version of bourn does not know", parts[0].0));
        return Status::Failed;
    };
    let plan = match read_plan(&request, &header.expression, Some(&parts[0].0)) {
        Ok(plan) => plan,
        Err(status) => return status,
    };
    if let Some(error) = output_error(merging, &plan) {
        eprint(error);
        return Status::Wrong;
    }
    request.output = merging.output.or(request.output);
    request.to.clone_from(&merging.to);
    if let Some(reason) = targets::misfit(merging, &plan) {
        eprint(reason);
        return Status::Wrong;
    }
    let control = match super::control() {
        Ok(control) => control,
        Err(status) => return status,
    };
    let mut sink = match super::sink(merging) {
        Ok(sink) => sink,
        Err(status) => return status,
    };
    let (sources, inputs) = job::inputs(&request, &plan);
    let mut job = match job::job(&request, &plan, &sources, inputs) {
        Ok(job) => job,
        Err(reason) => {
            eprint(reason);
            return Status::Wrong;
        }
    };
    job.targets = match targets::open(merging, &plan, None) {
        Ok(targets) => targets,
        Err(reason) => {
            eprint(reason);
            return Status::Failed;
        }
    };
    job.part = merging.partial.then(|| header.clone());
    let run = Stopwatch::start(control.clock());
    let names: Vec<String> = parts.iter().map(|(name, _)| name.clone()).collect();
    let outcome = match engine::merge(&plan, parts, &mut job, &mut *sink, &control) {
        Ok(outcome) => outcome,
        Err(index) => {
            eprint(format_args!("{}: is damaged, or was written by another version of bourn", names[index]));
            return Status::Failed;
        }
    };
    let elapsed = run.time();
    let context = CheckContext::of(merging, &plan, &sources);
    super::finish(merging, &header.expression, &context, &outcome, elapsed, report)
}
