//! The typed arguments. No file is opened here.

use std::ffi::{OsStr, OsString};
use std::time::Duration;

use clap::ArgMatches;
use clap::parser::ValueSource;
use jiff::tz::TimeZone;

use crate::data::TimeDefaults;
use crate::encode::{self, EncoderDef};
use crate::expr::FileContents;
use crate::plan::{FILL_LIMIT, OutputMode, Records, Settings};
use crate::source::{has_messages, is_bounded};

use super::max_rejects::MaxRejects;
use super::option_error::OptionError;
use super::options::{NamedSource, OPTIONS, OptionDef, ValueKind, command};
use super::targets;

/// The parsed command line.
#[derive(Debug)]
pub(super) enum Invocation {
    /// Run, check or explain an expression.
    Run(Box<Request>),
    /// Print help for a name, or the summary of the language; with the file of own formats.
    Help(Option<String>, Option<OsString>),
    /// Print the version.
    Version,
    /// List the formats that `parse` knows, and those of a file.
    Formats(Option<OsString>),
}

/// An expression with its sources and options.
#[derive(Debug)]
pub(super) struct Request {
    /// `None` if no expression was given.
    pub(super) expression: Option<Expression>,
    pub(super) sources: Vec<OsString>,
    /// Other sources, by name; several may have the same name.
    pub(super) with: Vec<NamedSource>,
    pub(super) output: Option<&'static EncoderDef>,
    /// `None` uses the default of the format.
    pub(super) header: Option<bool>,
    pub(super) color: When,
    pub(super) threads: Option<usize>,
    pub(super) chunk_bytes: Option<usize>,
    pub(super) batch: Option<Duration>,
    /// The interval of printing intermediate results.
    pub(super) every: Option<Duration>,
    pub(super) changed: bool,
    pub(super) live: bool,
    pub(super) max_line_bytes: Option<usize>,
    pub(super) exact: bool,
    /// The seed of random choices.
    pub(super) seed: u64,
    /// The separator of `-o csv`.
    pub(super) separator: Option<u8>,
    /// Drop terminal escapes from all input.
    pub(super) strip_ansi: bool,
    pub(super) stamp: bool,
    /// Keep reading files as they grow, and reconnect.
    pub(super) follow: bool,
    /// The number of records to read from the end of each file.
    pub(super) tail: Option<u64>,
    /// How long a live source may be silent.
    pub(super) idle: Option<Duration>,
    /// The duration after which the input ends.
    pub(super) time: Option<Duration>,
    /// How records are delimited, as typed.
    pub(super) records: Option<String>,
    /// The file of the user's own formats.
    pub(super) formats_file: Option<OsString>,
    /// The file for rejected lines.
    pub(super) rejects: Option<OsString>,
    pub(super) late: Option<OsString>,
    pub(super) fill: bool,
    /// The maximal number of rows in a gap that is filled in.
    pub(super) fill_limit: Option<u64>,
    /// The duration after which silent keys are forgotten.
    pub(super) forget: Option<Duration>,
    pub(super) max_jump: Option<Duration>,
    pub(super) zone: Option<TimeZone>,
    pub(super) year: Option<i16>,
    pub(super) memory: Option<usize>,
    /// The directory of temporary files.
    pub(super) temp: Option<OsString>,
    pub(super) max_rejects: Option<MaxRejects>,
    /// Fail the run for lost or unusual records.
    pub(super) strict: bool,
    /// Print the ledger even if it is clean.
    pub(super) stats: bool,
    /// Print only errors in the expression and options.
    pub(super) quiet: bool,
    /// How failures are annotated in a CI system.
    pub(super) annotate: Option<Annotate>,
    /// The file for the report of the checks.
    pub(super) report: Option<OsString>,
    pub(super) purpose: Purpose,
    /// Print the state of this part of a stream instead of the result.
    pub(super) partial: bool,
    /// Merge parts: the sources are files of `--partial`.
    pub(super) merge: bool,
    /// The directory that keeps the state.
    pub(super) checkpoint: Option<OsString>,
    /// How often the state is written.
    pub(super) checkpoint_every: Option<Duration>,
    /// Begin with an empty state, and keep the old one under another name.
    pub(super) checkpoint_reset: bool,
    /// End the stream of the checkpoint.
    pub(super) finish: bool,
    /// Keep input that cannot be read again.
    pub(super) journal: bool,
    /// Where results go; standard output if there are none.
    pub(super) to: Vec<OsString>,
    /// How often a delivery is tried again.
    pub(super) retry: Option<u32>,
    /// The options on the command line with their values as written, in the order of the table.
    pub(super) given: Vec<GivenOption>,
}

/// An option on the command line: its name, and its value as written.
pub(super) type GivenOption = (&'static str, Option<OsString>);

/// The options on the command line, in the order of the table.
fn given(matches: &ArgMatches) -> Vec<GivenOption> {
    let is_given = |name: &str| matches.value_source(name) == Some(ValueSource::CommandLine);
    let value = |def: &OptionDef| match def.kind {
        ValueKind::Nothing => None,
        _ => matches.get_raw(def.entry.name).and_then(Iterator::last).map(OsStr::to_owned),
    };
    let options = OPTIONS.iter().filter(|def| is_given(def.entry.name));
    options.map(|def| (def.entry.name, value(def))).collect()
}

/// The source of the expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Expression {
    /// On the command line.
    Typed(OsString),
    /// In a file.
    File(OsString),
}

/// When color is used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum When {
    /// On a terminal, unless NO_COLOR is set.
    #[default]
    Auto,
    Always,
    Never,
}

/// How failures are annotated in a CI system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Annotate {
    /// As workflow commands.
    GitHub,
}

/// The action on the expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    Run,
    Explain,
    Check,
}

impl Invocation {
    /// Parses the arguments; the first one is the name of the program.
    pub(super) fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Invocation, OptionError> {
        let arguments: Vec<OsString> = arguments.into_iter().collect();
        let matches =
            command().try_get_matches_from(&arguments).map_err(|error| OptionError::of(&error, &arguments))?;
        let formats_file = matches.get_one("formats-file").cloned();
        if matches.contains_id("help") {
            let name = matches.get_one("help").cloned();
            return Ok(Invocation::Help(name, formats_file));
        }
        if matches.get_flag("version") {
            return Ok(Invocation::Version);
        }
        if matches.get_flag("formats") {
            return Ok(Invocation::Formats(formats_file));
        }
        Ok(Invocation::Run(Box::new(Request::of(&matches))))
    }
}

impl Request {
    fn of(matches: &ArgMatches) -> Request {
        let mut words: Vec<OsString> = matches.get_many("words").into_iter().flatten().cloned().collect();
        let file: Option<OsString> = matches.get_one("expression-file").cloned();
        let merge = matches.get_flag("merge");
        let expression = match file {
            Some(path) => Some(Expression::File(path)),
            None if words.is_empty() || merge => None,
            None => Some(Expression::Typed(words.remove(0))),
        };
        Request {
            expression,
            sources: words,
            with: matches.get_many("with").into_iter().flatten().cloned().collect(),
            output: matches.get_one::<String>("output").and_then(|name| encode::find(name)),
            header: match (matches.get_flag("header"), matches.get_flag("no-header")) {
                (true, _) => Some(true),
                (_, true) => Some(false),
                (false, false) => None,
            },
            color: match matches.get_one::<String>("color").map(String::as_str) {
                Some("always") => When::Always,
                Some("never") => When::Never,
                _ => When::Auto,
            },
            threads: matches.get_one("threads").copied(),
            chunk_bytes: matches.get_one("chunk").copied(),
            batch: matches.get_one("batch").copied(),
            every: matches.get_one("every").copied(),
            changed: matches.get_flag("changed"),
            live: matches.get_flag("live"),
            max_line_bytes: matches.get_one("max-line").copied(),
            exact: matches.get_flag("exact"),
            seed: matches.get_one("seed").copied().unwrap_or_default(),
            separator: matches.get_one("separator").copied(),
            strip_ansi: matches.get_flag("strip-ansi"),
            stamp: matches.get_flag("stamp"),
            follow: matches.get_flag("follow"),
            tail: matches.get_one("tail").copied(),
            idle: matches.get_one("idle").copied(),
            time: matches.get_one("for").copied(),
            records: matches.get_one("records").cloned(),
            formats_file: matches.get_one("formats-file").cloned(),
            rejects: matches.get_one("rejects").cloned(),
            late: matches.get_one("late").cloned(),
            fill: matches.get_flag("fill"),
            fill_limit: matches.get_one("fill-limit").copied(),
            forget: matches.get_one("forget").copied(),
            max_jump: matches.get_one("max-jump").copied(),
            zone: matches.get_one("tz").cloned(),
            year: matches.get_one("year").copied(),
            memory: matches.get_one("memory").copied(),
            temp: matches.get_one("temp").cloned(),
            max_rejects: matches.get_one("max-rejects").cloned(),
            strict: matches.get_flag("strict"),
            stats: matches.get_flag("stats"),
            quiet: matches.get_flag("quiet"),
            annotate: matches.contains_id("annotate").then_some(Annotate::GitHub),
            report: matches.get_one("report").cloned(),
            purpose: match (matches.get_flag("check"), matches.get_flag("explain")) {
                (true, _) => Purpose::Check,
                (_, true) => Purpose::Explain,
                (false, false) => Purpose::Run,
            },
            partial: matches.get_flag("partial"),
            merge,
            checkpoint: matches.get_one("checkpoint").cloned(),
            checkpoint_every: matches.get_one("checkpoint-every").copied(),
            checkpoint_reset: matches.get_flag("checkpoint-reset"),
            finish: matches.get_flag("finish"),
            journal: matches.get_one::<String>("journal").is_none_or(|journal| journal != "off"),
            to: matches.get_many("to").into_iter().flatten().cloned().collect(),
            retry: matches.get_one::<u64>("retry").map(|retry| u32::try_from(*retry).unwrap_or(u32::MAX)),
            given: given(matches),
        }
    }

    /// The default year and zone of times.
    pub(super) fn time_defaults(&self) -> TimeDefaults {
        TimeDefaults::new(self.year, self.zone.clone().unwrap_or(TimeZone::UTC))
    }

    /// True if any source is followed or is a connection.
    fn is_live(&self) -> bool {
        let others = self.with.iter().map(|with| &with.source);
        let mut sources = self.sources.iter().chain(others);
        self.follow || sources.any(|source| !is_bounded(source))
    }

    /// The settings of the plan besides the expression.
    pub(super) fn settings(&self, records: Option<Records>) -> Settings {
        Settings {
            printing: match self.output {
                None if targets::takes_lines(&self.to) => OutputMode::AsItCame,
                _ => OutputMode::Fields,
            },
            exact: self.exact,
            seed: self.seed,
            keeps_rejects: self.rejects.is_some(),
            keeps_late: self.late.is_some(),
            strips_ansi: self.strip_ansi,
            stamps: self.stamp,
            fill: self.fill.then(|| self.fill_limit.unwrap_or(FILL_LIMIT)),
            fill_limit: self.fill_limit.unwrap_or(FILL_LIMIT),
            records,
            side_files: FileContents::default(), // read when the expression is known
            reloads: self.is_live(),
            forget_ns: self.forget.map(nanoseconds),
            inputs: self.with.iter().map(|with| with.name.clone()).collect(),
            messages: self
                .sources
                .iter()
                .chain(self.with.iter().map(|with| &with.source))
                .any(|source| has_messages(source)),
            parts: self.partial,
        }
    }
}

/// At most 292 years.
pub(super) fn nanoseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(arguments: &[&str]) -> Request {
        let all = ["bourn"].iter().chain(arguments).map(OsString::from);
        match Invocation::parse(all) {
            Ok(Invocation::Run(request)) => *request,
            other => panic!("no request: {other:?}"),
        }
    }

    #[test]
    fn the_first_word_is_the_expression_unless_it_is_in_a_file() {
        let typed = request(&["count", "a", "-j", "3", "-"]);
        assert_eq!(typed.expression, Some(Expression::Typed("count".into())));
        assert_eq!(typed.sources, ["a", "-"]);
        assert_eq!(typed.threads, Some(3));
        let file = request(&["-x", "f", "a"]);
        assert_eq!(file.expression, Some(Expression::File("f".into())));
        assert_eq!(file.sources, ["a"]);
        assert_eq!(request(&[]).expression, None);
    }

    #[test]
    fn the_last_of_repeated_options_counts() {
        let last = request(&["-j", "1", "-j2", "--header", "--no-header", "count"]);
        assert_eq!((last.threads, last.header), (Some(2), Some(false)));
    }

    #[test]
    fn color_defaults_to_auto() {
        assert_eq!(request(&["count"]).color, When::Auto);
        assert_eq!(request(&["--color", "always", "count"]).color, When::Always);
        assert_eq!(request(&["--color=never", "count"]).color, When::Never);
    }
}
