//! The files that a run writes: no two of them are one file, and none is read.

use std::ffi::{OsStr, OsString};

use crate::sink::{AtomicFile, Stdout, is_same_place, is_standard_error, is_standard_output};
use crate::source;

use super::arguments::Request;
use super::junit;

/// What is wrong with where a run writes to, found before anything is opened or emptied.
pub(super) fn diagnostic(request: &Request) -> Option<String> {
    let named = [("--rejects", &request.rejects), ("--late", &request.late), ("--report", &request.report)];
    let files: Vec<(&str, &OsString)> =
        named.iter().filter_map(|(option, path)| Some((*option, path.as_ref()?))).collect();
    for (number, (option, path)) in files.iter().enumerate() {
        let name = source::display(path);
        if is_standard_output(path) {
            return Some(format!("{option} {name}: results go to the same file; name another"));
        }
        if is_standard_error(path) {
            return Some(format!("{option} {name}: messages go to the same file; name another"));
        }
        let other = files[..number].iter().find(|(_, other)| is_same_place(other, path));
        if let Some((other, _)) = other {
            return Some(format!("{other} and {option} go to the same file, {name}: name two"));
        }
    }
    let is_output = |source: &&OsString| is_standard_output(source);
    let source = sources(request).find(is_output)?;
    let name = if *source == "-" { "standard input".into() } else { source::display(source) };
    Some(format!("{name}: is both read and written; send the results to another file"))
}

/// All sources as they are written.
fn sources(request: &Request) -> impl Iterator<Item = &OsString> {
    request.sources.iter().chain(request.with.iter().map(|with| &with.source))
}

/// Where the report goes, if one is asked for. The report of an earlier run is removed; why there can be none.
pub(super) fn report(request: &Request) -> Result<Option<AtomicFile>, String> {
    let Some(path) = &request.report else {
        return Ok(None);
    };
    let name = source::display(path).into_owned();
    AtomicFile::at(path, name, &all_sources(request), junit::is_report).map(Some)
}

/// All sources, also standard input if none is written.
fn all_sources(request: &Request) -> Vec<OsString> {
    let mut all: Vec<OsString> = sources(request).cloned().collect();
    if request.sources.is_empty() {
        all.push(OsString::from("-"));
    }
    all
}

/// Removes the report of an earlier run if this one has nowhere to write.
pub(super) fn remove_report(request: &Request) {
    if let Some(path) = &request.report {
        remove(path, &all_sources(request));
    }
}

/// Removes the report of an earlier run where the options cannot be read: `--report FILE` is found in the words.
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

/// Removes a report of an earlier run. Failing to is no worse than the mistake that is reported already.
fn remove(path: &OsStr, sources: &[OsString]) {
    let is_file = std::fs::metadata(path).is_ok_and(|found| found.is_file());
    let _ = is_file.then(|| AtomicFile::at(path, String::new(), sources, junit::is_report));
}

/// Why results cannot be printed at all, if so.
pub(super) fn standard_output() -> Option<String> {
    Stdout::check().err()
}

/// True if a runner of workflows reads standard output: not if it goes to a file.
pub(super) fn is_log() -> bool {
    !is_standard_output(OsStr::new("/dev/stdout"))
}
