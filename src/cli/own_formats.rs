//! The user's own formats: finds and reads their file, and prints them for `--formats` and `--help`.

use std::ffi::{OsStr, OsString};
use std::io::ErrorKind;
use std::path::PathBuf;

use crate::data::reason;
use crate::decode::log_formats::{OwnFormat, own_formats, read_formats, set_own_formats};
use crate::source;

use super::layout::{write_paragraphs, write_wrapped};

/// Sets the source of own formats: the file of `--formats-file`, or the user's configuration. It is read only when a
/// format is looked up, so that other runs do not depend on the home directory.
pub(super) fn set(file: Option<&OsString>) {
    let file = file.cloned();
    set_own_formats(Box::new(move || match (&file, configured()) {
        (Some(path), _) => load(path, true),
        (None, Some(path)) => load(path.as_os_str(), false),
        (None, None) => Ok(Vec::new()),
    }));
}

/// The file of formats in the user's configuration, according to the XDG base directory specification.
fn configured() -> Option<PathBuf> {
    let absolute = |name: &str| {
        let path = PathBuf::from(std::env::var_os(name)?);
        path.is_absolute().then_some(path)
    };
    let directory = absolute("XDG_CONFIG_HOME").or_else(|| absolute("HOME").map(|home| home.join(".config")));
    directory.map(|directory| directory.join("bourn/formats.toml"))
}

/// Reads a file of formats; without `must_exist` a missing file is empty.
fn load(path: &OsStr, must_exist: bool) -> Result<Vec<OwnFormat>, String> {
    let name = source::display(path);
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if !must_exist && matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Ok(Vec::new());
        }
        Err(error) => {
            return Err(format!("{name}: the formats cannot be read: {}", reason(&error)));
        }
    };
    let text = std::str::from_utf8(&bytes).map_err(|error| {
        let lines = bytes[..error.valid_up_to()].split(|byte| *byte == b'\n');
        format!("{name}:{}: expected UTF-8", lines.count())
    })?;
    read_formats(text).map_err(|diagnostic| format!("{name}:{}: {}", diagnostic.line, diagnostic.message))
}

/// Every own format as `--formats` lists it.
pub(super) fn list() -> Result<String, &'static str> {
    let mut out = String::new();
    for format in own_formats()? {
        out.push_str(&format!("{}\n", format.name));
        write_body("  ", format, &mut out);
        out.push_str(&format!("  Line: {}\n\n", format.sample));
    }
    Ok(out)
}

/// Every own format as a row of `--help logs`; empty if there is none.
pub(super) fn rows() -> Result<String, &'static str> {
    let mut out = String::new();
    for format in own_formats()? {
        out.push_str(&format!("  parse {}\n", format.name));
        let summary = match format.summary.as_str() {
            "" => "A format of your own.",
            summary => summary,
        };
        write_wrapped("      ", summary, &mut out);
    }
    if !out.is_empty() {
        out.insert_str(0, "\nlogs of your own\n\n");
    }
    Ok(out)
}

/// The page of `--help NAME` for an own format; `None` if there is no format of this name.
pub(super) fn page(name: &str) -> Result<Option<String>, &'static str> {
    let format = own_formats()?.iter().find(|format| format.name == name);
    Ok(format.map(|format| {
        let mut out = format!("{name} (log format of your own)\n\n  parse {name}\n\n");
        if !format.summary.is_empty() {
            write_paragraphs(&format.summary, &mut out);
            out.push('\n');
        }
        write_paragraphs(&format!("Fields: {}.", format.field_list()), &mut out);
        out.push_str(&format!("\n  Line: {}\n", format.sample));
        out
    }))
}

fn write_body(indent: &str, format: &OwnFormat, out: &mut String) {
    if !format.summary.is_empty() {
        write_wrapped(indent, &format.summary, out);
    }
    let fields = format!("Fields: {}. A format of your own.", format.field_list());
    write_wrapped(indent, &fields, out);
}
