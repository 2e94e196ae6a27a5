//! SOURCES: where bytes come from. One file a kind of source, one line in the table.

pub mod compression;
mod file;
mod stdin;
mod whole;

pub use whole::read_whole;

use std::borrow::Cow;
use std::ffi::OsStr;
use std::fs::File;
use std::os::unix::fs::MetadataExt;

use crate::data::{Entry, escape_controls, reason};

/// Every kind of source; the first that accepts what was written opens it.
pub const SOURCES: &[&SourceDef] = &[&stdin::STDIN, &file::FILE];

/// A kind of source and what the manual says of it.
#[derive(Debug)]
pub struct SourceDef {
    /// Name, usage (as written on the command line), summary, examples.
    pub entry: Entry,
    /// Whether this kind is meant by what was written.
    pub accepts: fn(&OsStr) -> bool,
    /// Opens it. An error is a sentence without the source's name.
    pub open: fn(&OsStr) -> Result<Input, String>,
}

/// What was opened.
#[derive(Debug)]
pub enum Input {
    /// A file that can be read anywhere, by many at once: from one offset to another.
    Ranges {
        /// The file.
        file: File,
        /// The first byte.
        start: u64,
        /// The byte behind the last one, as the file was when it was opened.
        end: u64,
    },
    /// A pipe, terminal or device: bytes come one after another, when they come.
    Stream(File),
}

/// Opens a source by what was written.
pub fn open(written: &OsStr) -> Result<Input, String> {
    let def = SOURCES
        .iter()
        .find(|def| (def.accepts)(written))
        .ok_or("no kind of source is written like this")?;
    (def.open)(written)
}

/// A file that says it is larger than this is believed.
const MADE_UP_BYTES: u64 = 64 << 10;

/// How messages name a source: what is not UTF-8 is replaced, and control characters are escaped, for a name
/// must not drive the terminal.
pub fn display(written: &OsStr) -> Cow<'_, str> {
    match written.to_string_lossy() {
        Cow::Borrowed(text) => escape_controls(text),
        Cow::Owned(text) => Cow::Owned(escape_controls(&text).into_owned()),
    }
}

/// What an opened file is: ranges if it is a regular file of known size, else a stream.
fn input(file: File, start: u64) -> Result<Input, String> {
    let metadata = file.metadata().map_err(|error| reason(&error))?;
    if metadata.is_dir() {
        return Err("is a directory: name the files in it, as in DIR/*.log".to_owned());
    }
    // Files under /proc say that they are empty and are not; those under /sys, that they fill a page.
    let is_made_up =
        metadata.len() == 0 || metadata.blocks() == 0 && metadata.len() <= MADE_UP_BYTES;
    if metadata.is_file() && !is_made_up {
        return Ok(Input::Ranges {
            file,
            start: start.min(metadata.len()),
            end: metadata.len(),
        });
    }
    Ok(Input::Stream(file))
}
