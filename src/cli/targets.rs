//! The targets of `--to`: checked before anything is read, opened when the plan is known.

use std::ffi::OsString;

use crate::engine::{CheckpointJob, TargetJob, TargetsJob};
use crate::lang;
use crate::lang::suggest::did_you_mean;
use crate::plan::Plan;
use crate::sink::{self, Encodes, OpenSink, SINKS, STDOUT_NAME, SinkDef, SinkSettings};
use crate::window::WindowKind;

use super::arguments::Request;

/// The default of `--retry`.
const RETRIES: u32 = 10;

/// True if results are printed on standard output.
pub(super) fn prints(request: &Request) -> bool {
    request.to.is_empty() || request.to.iter().any(|target| target == STDOUT_NAME)
}

/// True if every target takes encoded rows: then those without columns of their own are lines.
pub(super) fn takes_lines(to: &[OsString]) -> bool {
    to.iter().all(|target| sink::def(target).is_some_and(|def| (def.encodes)(target) == Encodes::AsInAPipe))
}

/// True if a target other than standard output takes rows in the format of `-o`.
pub(super) fn takes_encoded(request: &Request) -> bool {
    let mut targets = request.to.iter().filter(|target| *target != STDOUT_NAME);
    targets.any(|target| sink::def(target).is_some_and(|def| (def.encodes)(target) != Encodes::Nothing))
}

/// The files and directories that targets write to, each with the target's name.
pub(super) fn paths(request: &Request) -> impl Iterator<Item = (String, OsString)> {
    request.to.iter().filter_map(|target| Some((sink::shown(target), (sink::def(target)?.path)(target)?)))
}

/// Diagnostics for targets with invalid syntax, drawn.
pub(super) fn diagnostic(request: &Request) -> Option<String> {
    request.to.iter().find_map(|target| {
        let diagnostic = (sink::def(target)?.check)(target).err()?;
        let shown = sink::shown(target);
        if shown != target.to_string_lossy() {
            let help = diagnostic.help.map(|help| format!("  = help: {help}\n")).unwrap_or_default();
            return Some(format!("bourn: --to {shown}: {}\n{help}", diagnostic.message)); // secrets are not drawn
        }
        Some(lang::render(&[diagnostic], &target.to_string_lossy(), Some("--to")))
    })
}

/// The note if the shell has made a file with the name of a target: `bourn count > sqlite:counts.db`.
pub(super) fn redirected(request: &Request) -> Option<String> {
    let file = std::fs::read_link("/proc/self/fd/1").ok().filter(|_| prints(request))?;
    let name = file.file_name()?.to_str()?;
    let is_target = ["exec:", "files:", "sqlite:"].iter().any(|scheme| name.starts_with(scheme));
    is_target.then(|| {
        let name = sink::shown(name.as_ref());
        format!("note: the shell has made a file with the name {name}; a target is written --to {name}")
    })
}

/// A target that may be meant by one of no kind.
fn meant(name: &str) -> Option<String> {
    const SCHEMES: [&str; 7] = ["exec", "files", "http", "https", "kafka", "postgres", "sqlite"];
    let is_database = |path: &str| [".db", ".sqlite", ".sqlite3"].iter().any(|end| path.ends_with(end));
    let Some((scheme, rest)) = name.split_once(':') else {
        return match name.rsplit_once('/') {
            _ if name == "stdout" => Some("-".to_owned()),
            _ if is_database(name) => Some(format!("sqlite:{name}/TABLE")),
            Some((path, table)) if is_database(path) => Some(format!("sqlite:{path}/{table}")),
            _ => None,
        };
    };
    if scheme == "file" {
        return Some(rest.strip_prefix("//").unwrap_or(rest).to_owned());
    }
    let near = match scheme {
        "sqlite3" => "sqlite",
        "postgresql" => "postgres",
        _ => did_you_mean(scheme, &SCHEMES)?,
    };
    let rest = rest.trim_start_matches('/');
    Some(match near {
        "exec" | "files" | "sqlite" => format!("{near}:{rest}"),
        _ => format!("{near}://{rest}"),
    })
}

/// The error about targets of no kind, or about options that cannot be used with them.
pub(super) fn error(request: &Request) -> Option<String> {
    for (number, target) in request.to.iter().enumerate() {
        let name = sink::shown(target);
        if sink::def(target).is_none() {
            let usages: Vec<&str> = SINKS.iter().map(|def| def.entry.usage).collect();
            let is_expression = lang::parse(&name).is_ok() && (name.contains(' ') || request.expression.is_none());
            let help = match meant(&name) {
                _ if is_expression => {
                    format!("the target is missing, as in --to results.csv {}", super::shell::quoted(&name))
                }
                Some(meant) => format!("did you mean `{meant}`?"),
                None => format!("write one of {}", usages.join(", ")),
            };
            return Some(format!("--to {name}: no kind of target is written like this\n  = help: {help}"));
        }
        if request.to[..number].contains(target) {
            return Some(format!("--to {name}: is given twice"));
        }
        if let Some(other) = request.to[..number].iter().find(|other| sink::is_same(other, target)) {
            return Some(format!("--to {name}: is the same place as {}; name another", sink::shown(other)));
        }
        let sources = request.sources.iter().chain(request.with.iter().map(|with| &with.source));
        if let Some(source) = sources.into_iter().find(|source| sink::is_same(source, target)) {
            return Some(format!("--to {name}: is also read, as {}; name another place", sink::shown(source)));
        }
    }
    if request.partial && !request.to.is_empty() {
        return Some(
            "--to: a part has no result yet\n  = help: write bourn --merge FILE.part … --to TARGET".to_owned(),
        );
    }
    let encodes = |target| sink::def(target).is_some_and(|def| (def.encodes)(target) != Encodes::Nothing);
    if request.output.is_some() && !prints(request) && !request.to.iter().any(|target| encodes(target)) {
        return Some("-o: no target of --to takes encoded rows\n  = help: leave it out".to_owned());
    }
    (request.retry.is_some() && defs(request).all(|def| matches!(def.open, OpenSink::Stdout))).then(|| {
        "--retry: standard output is not tried again\n  = help: write --to TARGET, such as --to sqlite:results.db/counts"
            .to_owned()
    })
}

/// The kinds of the targets.
pub(super) fn defs(request: &Request) -> impl Iterator<Item = &'static SinkDef> {
    request.to.iter().filter_map(|target| sink::def(target))
}

/// The error if a target has no room for the result, found before anything is read.
pub(super) fn misfit(request: &Request, plan: &Plan) -> Option<String> {
    let stream = request.checkpoint.as_ref().map(|_| String::new()); // its name makes no difference
    let settings = SinkSettings { stream, ..settings(request, plan) };
    request.to.iter().find_map(|target| {
        let reason = (sink::def(target)?.fits)(target, &settings).err()?;
        Some(format!("{}: {reason}", sink::shown(target)))
    })
}

fn settings(request: &Request, plan: &Plan) -> SinkSettings {
    SinkSettings {
        columns: plan.output.columns.clone(),
        format: request.output,
        header: request.header,
        separator: request.separator,
        lines: plan.output.lines,
        is_streamed: !plan.is_blocking(),
        has_tables: plan
            .last_window()
            .is_some_and(|planned| !matches!(planned.window.kind, WindowKind::Session { .. } | WindowKind::State)),
        changed: request.changed,
        stream: None,
        resumes: false,
        suspends: request.checkpoint.is_some() && !request.finish,
    }
}

/// Opens the targets, except standard output.
pub(super) fn open(request: &Request, plan: &Plan, checkpoint: Option<&CheckpointJob>) -> Result<TargetsJob, String> {
    let settings = SinkSettings {
        stream: checkpoint.map(|checkpoint| checkpoint.stream.clone()),
        resumes: checkpoint.is_some_and(|checkpoint| checkpoint.recovery.snapshot.is_some()),
        ..settings(request, plan)
    };
    let mut targets = Vec::new();
    for target in &request.to {
        let Some(SinkDef { open: OpenSink::Rows(open), .. }) = sink::def(target) else {
            continue; // standard output
        };
        let name = sink::shown(target);
        let sink = open(target, &settings).map_err(|reason| format!("{name}: {reason}"))?;
        targets.push(TargetJob { name, sink });
    }
    Ok(TargetsJob { targets, retries: request.retry.unwrap_or(RETRIES) })
}

/// For an explanation: each target, and how often it receives a result.
pub(super) fn explain(request: &Request) -> impl Iterator<Item = (String, String)> {
    request.to.iter().filter_map(|target| {
        let promise = sink::def(target)?.promise.sentence(request.checkpoint.is_some());
        Some((sink::shown(target), promise))
    })
}
