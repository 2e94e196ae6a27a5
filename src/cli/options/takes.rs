//! What stands behind an option: as it is called, and how it is read.

use std::ffi::OsString;
use std::time::Duration;

use clap::builder::{PossibleValuesParser, ValueParser};
use clap::value_parser;

use crate::cli::max_rejects::MaxRejects;
use crate::data::parse_duration;
use crate::format::FORMATS;
use crate::lang::parse_size;

/// What stands behind an option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    /// Nothing.
    Nothing,
    /// A name of the manual, or nothing.
    Name,
    /// A path.
    File,
    /// An output format.
    Format,
    /// `auto`, `always` or `never`.
    When,
    /// How many threads.
    Threads,
    /// A time that is not zero.
    Duration,
    /// Bytes.
    Size,
    /// How many rejects are too many.
    Rejects,
}

impl Takes {
    /// What usage lines call it.
    pub(in crate::cli) fn value_name(self) -> &'static str {
        match self {
            Takes::Nothing => "",
            Takes::Name => "NAME",
            Takes::File => "FILE",
            Takes::Format => "FORMAT",
            Takes::When => "WHEN",
            Takes::Threads => "N",
            Takes::Duration => "DURATION",
            Takes::Size => "SIZE",
            Takes::Rejects => "LIMIT",
        }
    }

    /// What is expected, and how it may be written.
    pub(in crate::cli) fn expected(self) -> (&'static str, &'static str) {
        match self {
            Takes::Nothing => ("nothing", ""),
            Takes::Name => ("a name", "sort"),
            Takes::File => ("a file", "FILE"),
            Takes::Format => ("a format", "csv"),
            Takes::When => ("auto, always or never", "never"),
            Takes::Threads => ("a number from 1 to 1024", "4"),
            Takes::Duration => ("a duration", "500ms, 1s or 5m"),
            Takes::Size => ("a size up to 1GiB", "4096, 10kB or 16MiB"),
            Takes::Rejects => ("a number or a percentage", "0, 100 or 0.1%"),
        }
    }

    pub(super) fn value_parser(self) -> ValueParser {
        match self {
            Takes::Nothing | Takes::Name => value_parser!(String),
            Takes::File => value_parser!(OsString),
            Takes::Format => {
                PossibleValuesParser::new(FORMATS.iter().map(|def| def.entry.name)).into()
            }
            Takes::When => PossibleValuesParser::new(["auto", "always", "never"]).into(),
            Takes::Threads => ValueParser::new(threads),
            Takes::Duration => ValueParser::new(duration),
            Takes::Size => ValueParser::new(size),
            Takes::Rejects => ValueParser::new(max_rejects),
        }
    }
}

fn threads(text: &str) -> Result<usize, String> {
    let threads = text
        .parse()
        .ok()
        .filter(|threads| (1..=1024).contains(threads));
    threads.ok_or_else(String::new)
}

fn duration(text: &str) -> Result<Duration, String> {
    let ns = parse_duration(text)
        .and_then(|ns| u64::try_from(ns).ok())
        .filter(|ns| *ns > 0);
    ns.map(Duration::from_nanos).ok_or_else(String::new)
}

fn size(text: &str) -> Result<usize, String> {
    let bytes = text
        .parse()
        .ok()
        .or_else(|| parse_size(text))
        .filter(|bytes| (1..=1 << 30).contains(bytes));
    bytes.map(|bytes| bytes as usize).ok_or_else(String::new)
}

fn max_rejects(text: &str) -> Result<MaxRejects, String> {
    MaxRejects::parse(text).ok_or_else(String::new)
}
