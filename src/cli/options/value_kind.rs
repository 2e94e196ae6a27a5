//! The kinds of values that options take: their names, and how they are parsed.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::time::Duration;

use clap::builder::{OsStringValueParser, PossibleValuesParser, TypedValueParser, ValueParser};
use clap::value_parser;
use jiff::tz::TimeZone;

use crate::cli::max_rejects::MaxRejects;
use crate::data::{parse_duration, zone_of_name};
use crate::encode::ENCODERS;
use crate::lang::ast::{Argument, Stage};
use crate::lang::{parse, parse_size};

/// The kind of value that an option takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueKind {
    /// No value.
    Nothing,
    /// The name of a help page; it may be missing.
    Name,
    /// A path.
    File,
    /// An output format.
    Format,
    /// `auto`, `always` or `never`.
    When,
    /// `on` or `off`.
    Switch,
    /// A directory.
    Directory,
    /// The CI system that shows failed checks.
    Host,
    /// The number of threads.
    Threads,
    /// A positive duration.
    Duration,
    /// A number of bytes.
    Size,
    /// A number of bytes of any size.
    Memory,
    /// The allowed number or share of rejects.
    Rejects,
    /// The seed of random choices.
    Seed,
    /// The separator of columns.
    Separator,
    /// A time zone.
    Zone,
    /// A year of four digits.
    Year,
    /// A number of records.
    Count,
    /// How records are delimited.
    Records,
    /// The name of another source, and the source.
    Source,
    /// Where results go.
    Target,
}

/// Another source, with its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::cli) struct NamedSource {
    /// The name in the expression.
    pub(in crate::cli) name: String,
    /// The source, written like any other.
    pub(in crate::cli) source: OsString,
}

impl ValueKind {
    /// Its name in usage lines.
    pub(in crate::cli) fn value_name(self) -> &'static str {
        match self {
            ValueKind::Nothing => "",
            ValueKind::Name => "NAME",
            ValueKind::File => "FILE",
            ValueKind::Format => "FORMAT",
            ValueKind::When => "WHEN",
            ValueKind::Switch => "on|off",
            ValueKind::Host => "HOST",
            ValueKind::Threads | ValueKind::Seed | ValueKind::Count => "N",
            ValueKind::Separator => "CHAR",
            ValueKind::Duration => "DURATION",
            ValueKind::Size | ValueKind::Memory => "SIZE",
            ValueKind::Directory => "DIR",
            ValueKind::Rejects => "LIMIT",
            ValueKind::Zone => "ZONE",
            ValueKind::Year => "YEAR",
            ValueKind::Records => "END",
            ValueKind::Source => "NAME=SOURCE",
            ValueKind::Target => "TARGET",
        }
    }

    /// A description of valid values, and examples.
    pub(in crate::cli) fn expected(self) -> (&'static str, &'static str) {
        match self {
            ValueKind::Nothing => ("nothing", ""),
            ValueKind::Name => ("a name", "sort"),
            ValueKind::File => ("a file", "FILE"),
            ValueKind::Format => ("a format", "csv"),
            ValueKind::When => ("auto, always or never", "never"),
            ValueKind::Switch => ("on or off", "off"),
            ValueKind::Directory => ("a directory", "state"),
            ValueKind::Host => ("github", "github"),
            ValueKind::Threads => ("a number from 1 to 1024", "4"),
            ValueKind::Duration => ("a duration", "500ms, 1s or 5m"),
            ValueKind::Memory => ("a size", "512MiB or 4GiB"),
            ValueKind::Size => ("a size up to 1GiB", "4096, 10kB or 16MiB"),
            ValueKind::Rejects => ("a number or a percentage", "0, 100 or 0.1%"),
            ValueKind::Separator => {
                ("one character that is no letter, digit or quote, nor one of . - + :", "';' or '\\t'")
            }
            ValueKind::Seed => ("a number that is not negative", "42"),
            ValueKind::Zone => ("a zone", "Europe/Berlin, +02:00, UTC or local"),
            ValueKind::Year => ("a year from 1 to 9998", "2015"),
            ValueKind::Count => ("a number", "0 or 100"),
            ValueKind::Source => ("a name, `=` and a source", "auth=auth.log"),
            ValueKind::Target => ("a target", "results.csv"),
            ValueKind::Records => ("0, json, cri, octet-counted or a /regex/", "json or '/^[0-9]{4}-/'"),
        }
    }

    pub(super) fn value_parser(self) -> ValueParser {
        match self {
            ValueKind::Nothing | ValueKind::Name | ValueKind::Records => value_parser!(String),
            ValueKind::Count => ValueParser::new(count),
            ValueKind::Source => OsStringValueParser::new().try_map(with).into(),
            ValueKind::File | ValueKind::Directory | ValueKind::Target => value_parser!(OsString),
            ValueKind::Format => PossibleValuesParser::new(ENCODERS.iter().map(|def| def.entry.name)).into(),
            ValueKind::When => PossibleValuesParser::new(["auto", "always", "never"]).into(),
            ValueKind::Switch => PossibleValuesParser::new(["on", "off"]).into(),
            ValueKind::Host => PossibleValuesParser::new(["github"]).into(),
            ValueKind::Threads => ValueParser::new(threads),
            ValueKind::Duration => ValueParser::new(duration),
            ValueKind::Size => ValueParser::new(size),
            ValueKind::Memory => ValueParser::new(memory),
            ValueKind::Rejects => ValueParser::new(max_rejects),
            ValueKind::Separator => ValueParser::new(separator),
            ValueKind::Seed => ValueParser::new(seed),
            ValueKind::Zone => ValueParser::new(zone),
            ValueKind::Year => ValueParser::new(year),
        }
    }
}

fn threads(text: &str) -> Result<usize, String> {
    let threads = text.parse().ok().filter(|threads| (1..=1024).contains(threads));
    threads.ok_or_else(String::new)
}

fn duration(text: &str) -> Result<Duration, String> {
    let ns = parse_duration(text).and_then(|ns| u64::try_from(ns).ok()).filter(|ns| *ns > 0);
    ns.map(Duration::from_nanos).ok_or_else(String::new)
}

fn size(text: &str) -> Result<usize, String> {
    let bytes = text.parse().ok().or_else(|| parse_size(text)).filter(|bytes| (1..=1 << 30).contains(bytes));
    bytes.map(|bytes| bytes as usize).ok_or_else(String::new)
}

fn memory(text: &str) -> Result<usize, String> {
    let bytes = text.parse().ok().or_else(|| parse_size(text)).filter(|bytes| *bytes > 0);
    bytes.and_then(|bytes: i64| usize::try_from(bytes).ok()).ok_or_else(String::new)
}

fn max_rejects(text: &str) -> Result<MaxRejects, String> {
    MaxRejects::parse(text).ok_or_else(String::new)
}

fn count(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| String::new())
}

/// Parses `NAME=SOURCE`, where NAME needs no back quotes in an expression.
fn with(typed: OsString) -> Result<NamedSource, String> {
    let bytes = typed.as_bytes();
    let parts = bytes.iter().position(|byte| *byte == b'=').map(|equals| {
        let source = OsStr::from_bytes(&bytes[equals + 1..]).to_owned();
        (String::from_utf8_lossy(&bytes[..equals]).into_owned(), source)
    });
    let (name, source) = parts.ok_or_else(String::new)?;
    let is_word = |stage: &Stage| match stage.arguments.as_slice() {
        [Argument::Expr(word)] => word.as_word() == Some(&name),
        _ => false,
    };
    let is_name = name.chars().all(|c| c.is_alphanumeric() || c == '_')
        && parse(&format!("union {name}")).is_ok_and(|read| is_word(&read.stages[0]));
    match is_name && !source.is_empty() {
        true => Ok(NamedSource { name, source }),
        false => Err(String::new()),
    }
}

/// A character that no number, time or name of a value has.
fn separator(text: &str) -> Result<u8, String> {
    let byte = match text.as_bytes() {
        b"\\t" | b"\t" => Some(b'\t'),
        [byte] if byte.is_ascii_punctuation() && !b".-+:\"".contains(byte) => Some(*byte),
        _ => None,
    };
    byte.ok_or_else(String::new)
}

fn seed(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| String::new())
}

/// A zone by name, by offset, or the system's own.
fn zone(text: &str) -> Result<TimeZone, String> {
    let zone = match text {
        "local" => Some(TimeZone::system()),
        "Z" => Some(TimeZone::UTC),
        _ => zone_of_name(text.as_bytes()),
    };
    zone.ok_or_else(String::new)
}

fn year(text: &str) -> Result<i16, String> {
    let year = text.parse().ok().filter(|year| (1..=9998).contains(year));
    year.ok_or_else(String::new)
}
