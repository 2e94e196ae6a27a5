//! The files that a run writes: all different, and none of them is also read.

use std::ffi::{OsStr, OsString};

use crate::data::{FileId, STDIN_NAME, is_stdin};
use crate::sink::{AtomicFile, is_file, is_same_place, standard_error_id, standard_output_id};
use crate::source;

use super::arguments::Request;
use super::junit;
use super::targets;

/// The error if output files collide, found before any file is opened or truncated.
pub(super) fn diagnostic(request: &Request) -> Option<String> {
    let named = [("--rejects", &request.rejects), ("--late", &request.late), ("--report", &request.report)];
    let files: Vec<(&str, &OsString)> =
        named.iter().filter_map(|(option, path)| Some((*option, path.as_ref()?))).collect();
    let (output, messages) = (standard_output_id(), standard_error_id());
    let goes_to = |path: &OsStr, id: Option<FileId>| id.is_some_and(|id| is_file(path, id));
    for (number, (option, path)) in files.iter().enumerate() {
        let name = source::display(path);
        if goes_to(path, output) {
            return Some(format!("{option} {name}: results go to the same file; name another"));
        }
        if goes_to(path, messages) {
            return Some(format!("{option} {name}: messages go to the same file; name another"));
        }
        let other = files[..number].iter().find(|(_, other)| is_same_place(other, path));
        if let Some((other, _)) = other {
            return Some(format!("{other} and {option} go to the same file, {name}: name two"));
        }
    }
    if let Some(diagnostic) = target_diagnostic(request, &files, output, messages) {
        return Some(diagnostic);
    }
    let source = sources(request).find(|source| output.is_some() && source::file_id(source) == output)?;
    let name = if is_stdin(source) { "standard input".into() } else { source::display(source) };
    Some(format!("{name}: is both read and written; send the results to another file"))
}

/// The error if a target of `--to` collides with a source, with another output, or with another target.
fn target_diagnostic(
    request: &Request,
    files: &[(&str, &OsString)],
    output: Option<FileId>,
    messages: Option<FileId>,
) -> Option<String> {
    let goes_to = |path: &OsStr, id: Option<FileId>| id.is_some_and(|id| is_file(path, id));
    let targets: Vec<(String, OsString)> = targets::paths(request).collect();
    let read = all_sources(request);
    for (name, path) in &targets {
        if targets::prints(request) && goes_to(path, output) {
            return Some(format!("--to {name}: standard output goes to the same file; name another"));
        }
        if goes_to(path, messages) {
            return Some(format!("--to {name}: messages go to the same file; name another"));
        }
        if let Some((option, _)) = files.iter().find(|(_, other)| is_same_place(other, path)) {
            return Some(format!("{option} and --to go to the same file, {name}: name two"));
        }
        let is_read = read.iter().any(|source| is_file(path, *source))
            || sources(request).any(|source| is_same_directory(source, path));
        if is_read {
            return Some(format!("--to {name}: is also read; name another place"));
        }
    }
    None
}

/// True if both paths name the same directory.
fn is_same_directory(left: &OsStr, right: &OsStr) -> bool {
    let directory = |path: &OsStr| std::fs::canonicalize(path).ok().filter(|path| path.is_dir());
    directory(left).is_some_and(|left| Some(left) == directory(right))
}

/// All sources as written.
fn sources(request: &Request) -> impl Iterator<Item = &OsString> {
    request.sources.iter().chain(request.with.iter().map(|with| &with.source))
}

/// Opens the file of `--report`, if given, and removes the report of an earlier run.
pub(super) fn report(request: &Request) -> Result<Option<AtomicFile>, String> {
    let Some(path) = &request.report else {
        return Ok(None);
    };
    let name = source::display(path).into_owned();
    AtomicFile::at(path, name, &all_sources(request), junit::is_report).map(Some)
}

/// The regular files among all sources, including standard input if none is written.
fn all_sources(request: &Request) -> Vec<FileId> {
    let stdin = request.sources.is_empty().then_some(OsStr::new(STDIN_NAME));
    sources(request).map(OsString::as_os_str).chain(stdin).filter_map(source::file_id).collect()
}

/// Removes the report of an earlier run if this run cannot write one.
pub(super) fn remove_report(request: &Request) {
    if let Some(path) = &request.report {
        remove(path, &all_sources(request));
    }
}

/// Removes the report of an earlier run if the options are wrong: looks for `--report FILE` among the arguments.
pub(super) fn remove_stale_report(words: &[OsString]) {
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let joined = word.to_str().and_then(|word| word.strip_prefix("--report="));
        let path = match joined {
            Some(path) => OsString::from(path),
            None if word == "--report" => match words.next() {
                Some(path) => path.clone(),
                None => return,
            },
            None if word == "--" => return,
            None => continue,
        };
        remove(&path, &[]);
    }
}

/// Removes a report of an earlier run. A failure is ignored: another error is reported already.
fn remove(path: &OsStr, sources: &[FileId]) {
    let is_file = std::fs::metadata(path).is_ok_and(|found| found.is_file());
    let _ = is_file.then(|| AtomicFile::at(path, String::new(), sources, junit::is_report));
}

/// True if a workflow runner reads standard output, that is, if it is not redirected to a file.
pub(super) fn is_log() -> bool {
    standard_output_id().is_none()
}
