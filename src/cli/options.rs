//! The command line, as typed and as built.

use std::ffi::OsString;
use std::time::Duration;

use anyhow::{Context, bail};
use clap::{Arg, ArgAction, Command};

use crate::data::parse_duration;
use crate::format::{self, FORMATS, FormatDef};
use crate::lang::parse_size;

/// Arguments that were understood.
#[derive(Debug)]
pub(super) struct Options {
    expression: Option<String>,
    expression_file: Option<String>,
    pub(super) sources: Vec<OsString>,
    pub(super) output: Option<&'static FormatDef>,
    /// Asked for or forbidden; otherwise the format decides.
    pub(super) header: Option<bool>,
    pub(super) threads: usize,
    pub(super) chunk_bytes: usize,
    pub(super) batch: Option<Duration>,
    pub(super) max_line_bytes: usize,
    pub(super) explain: bool,
    pub(super) check: bool,
}

impl Options {
    /// Parses the arguments; otherwise the exit status, after a message or the help was printed.
    pub(super) fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Options, u8> {
        let matches = command().try_get_matches_from(arguments).map_err(|error| {
            let _ = error.print();
            error.exit_code() as u8
        })?;
        let one = |name: &str| matches.get_one::<String>(name).cloned();
        let mut words: Vec<String> = matches
            .get_many::<String>("words")
            .into_iter()
            .flatten()
            .cloned()
            .collect();
        let expression_file = one("file");
        let expression = if expression_file.is_none() && !words.is_empty() {
            Some(words.remove(0))
        } else {
            None
        };
        let header = match (matches.get_flag("header"), matches.get_flag("no-header")) {
            (true, _) => Some(true),
            (_, true) => Some(false),
            _ => None,
        };
        Ok(Options {
            expression,
            expression_file,
            sources: words.into_iter().map(OsString::from).collect(),
            output: matches
                .get_one::<String>("output")
                .and_then(|name| format::find(name)),
            header,
            threads: matches
                .get_one::<usize>("threads")
                .copied()
                .unwrap_or_else(cores),
            chunk_bytes: matches
                .get_one::<usize>("chunk")
                .copied()
                .unwrap_or(256 << 10),
            batch: matches.get_one::<Duration>("batch").copied(),
            max_line_bytes: matches
                .get_one::<usize>("max-line")
                .copied()
                .unwrap_or(16 << 20),
            explain: matches.get_flag("explain"),
            check: matches.get_flag("check"),
        })
    }

    /// The text of the expression and the file it stands in.
    pub(super) fn expression(&self) -> anyhow::Result<(String, Option<String>)> {
        match (&self.expression_file, &self.expression) {
            (Some(path), _) => {
                let text = std::fs::read_to_string(path)
                    .with_context(|| format!("{path}: the expression cannot be read"))?;
                Ok((text, Some(path.clone())))
            }
            (None, Some(text)) => Ok((text.clone(), None)),
            (None, None) => bail!(
                "an expression is needed, as in: bourn 'count' FILE (bourn --help shows more)"
            ),
        }
    }
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// The command line as clap knows it.
pub(super) fn command() -> Command {
    Command::new("bourn")
        .version(env!("CARGO_PKG_VERSION"))
        .arg(
            Arg::new("words")
                .num_args(0..)
                .value_names(["EXPR", "SOURCE"]),
        )
        .arg(
            Arg::new("file")
                .short('x')
                .long("expression-file")
                .value_name("FILE"),
        )
        .arg(
            Arg::new("output")
                .short('o')
                .long("output")
                .value_name("FORMAT")
                .value_parser(FORMATS.iter().map(|def| def.entry.name).collect::<Vec<_>>()),
        )
        .arg(
            Arg::new("header")
                .long("header")
                .action(ArgAction::SetTrue)
                .conflicts_with("no-header"),
        )
        .arg(
            Arg::new("no-header")
                .long("no-header")
                .action(ArgAction::SetTrue),
        )
        .arg(
            Arg::new("threads")
                .short('j')
                .long("threads")
                .value_name("N")
                .value_parser(threads),
        )
        .arg(
            Arg::new("batch")
                .long("batch")
                .value_name("DURATION")
                .value_parser(duration),
        )
        .arg(
            Arg::new("max-line")
                .long("max-line")
                .value_name("SIZE")
                .value_parser(size),
        )
        .arg(
            Arg::new("chunk")
                .long("chunk")
                .value_name("SIZE")
                .hide(true)
                .value_parser(size),
        )
        .arg(
            Arg::new("explain")
                .long("explain")
                .action(ArgAction::SetTrue),
        )
        .arg(Arg::new("check").long("check").action(ArgAction::SetTrue))
}

fn threads(text: &str) -> Result<usize, String> {
    text.parse()
        .ok()
        .filter(|threads| (1..=1024).contains(threads))
        .ok_or_else(|| "expected a number from 1 to 1024".to_owned())
}

fn duration(text: &str) -> Result<Duration, String> {
    let ns = parse_duration(text)
        .and_then(|ns| u64::try_from(ns).ok())
        .filter(|ns| *ns > 0);
    ns.map(Duration::from_nanos)
        .ok_or_else(|| "expected a duration: write 500ms, 1s or 5m".to_owned())
}

fn size(text: &str) -> Result<usize, String> {
    let bytes = text
        .parse()
        .ok()
        .or_else(|| parse_size(text))
        .filter(|bytes| (1..=1 << 30).contains(bytes));
    bytes
        .map(|bytes| bytes as usize)
        .ok_or_else(|| "expected a size up to 1GiB: write 4096, 10kB or 16MiB".to_owned())
}
