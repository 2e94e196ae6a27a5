//! The arguments as typed, given their types. Nothing is opened or looked up here.

use std::ffi::OsString;
use std::time::Duration;

use clap::ArgMatches;
use jiff::tz::TimeZone;

use crate::data::TimeDefaults;
use crate::encode::{self, EncoderDef};
use crate::plan::{OutputMode, Records, Settings};
use crate::source::{Boundedness, boundedness, read_all};

use super::max_rejects::MaxRejects;
use super::option_error::OptionError;
use super::options::{NamedSource, command};

/// A gap of more rows is not filled in without --fill-limit: one of the two records probably has a wrong time.
const FILL_LIMIT: u64 = 1_000_000;

/// What the user wants.
#[derive(Debug)]
pub(super) enum Arguments {
    /// Run, check or explain an expression.
    Run(Box<Request>),
    /// The manual, of a name or the one screen; and a file of own formats.
    Help(Option<String>, Option<OsString>),
    /// The version.
    Version,
    /// The formats that `parse` knows, and those of a file.
    Formats(Option<OsString>),
}

/// An expression with everything that stands around it.
#[derive(Debug)]
pub(super) struct Request {
    /// Nothing if no expression was given at all.
    pub(super) expression: Option<Expression>,
    pub(super) sources: Vec<OsString>,
    /// Other sources, by name; several may share one.
    pub(super) with: Vec<NamedSource>,
    pub(super) output: Option<&'static EncoderDef>,
    /// Asked for or forbidden; otherwise the format decides.
    pub(super) header: Option<bool>,
    pub(super) color: When,
    pub(super) threads: Option<usize>,
    pub(super) chunk_bytes: Option<usize>,
    pub(super) batch: Option<Duration>,
    /// How often results that are not final are printed.
    pub(super) every: Option<Duration>,
    pub(super) changed: bool,
    pub(super) live: bool,
    pub(super) max_line_bytes: Option<usize>,
    pub(super) exact: bool,
    /// What a random choice is made from.
    pub(super) seed: u64,
    /// Whether files are read on as they grow, and connections made again.
    pub(super) follow: bool,
    /// How many records of each file are read, from its end.
    pub(super) tail: Option<u64>,
    /// How long a live source may be silent.
    pub(super) idle: Option<Duration>,
    /// When the input ends.
    pub(super) time: Option<Duration>,
    /// Where records end, as typed.
    pub(super) records: Option<String>,
    /// The user's own formats.
    pub(super) formats_file: Option<OsString>,
    /// Where rejected lines go.
    pub(super) rejects: Option<OsString>,
    pub(super) late: Option<OsString>,
    pub(super) fill: bool,
    /// How many rows a gap may have that is filled in.
    pub(super) fill_limit: Option<u64>,
    /// When keys that are silent are forgotten.
    pub(super) forget: Option<Duration>,
    pub(super) max_jump: Option<Duration>,
    pub(super) zone: Option<TimeZone>,
    pub(super) year: Option<i16>,
    pub(super) max_rejects: Option<MaxRejects>,
    /// Whether anything that is counted as lost or odd fails the run.
    pub(super) strict: bool,
    /// Whether the ledger is said even if it is clean.
    pub(super) stats: bool,
    /// Whether only mistakes are said.
    pub(super) quiet: bool,
    /// How a host of checks is told what failed.
    pub(super) annotate: Option<Annotate>,
    /// Where the report of the checks goes.
    pub(super) report: Option<OsString>,
    pub(super) purpose: Purpose,
}

/// Where the expression stands.
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
    /// On a terminal whose user has not said otherwise.
    #[default]
    Auto,
    Always,
    Never,
}

/// How a host of checks is told what failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Annotate {
    /// As workflow commands.
    GitHub,
}

/// What is to become of the expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    Run,
    Explain,
    Check,
}

impl Arguments {
    /// Reads the arguments, the program's name first.
    pub(super) fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Arguments, OptionError> {
        let matches = command().try_get_matches_from(arguments).map_err(|error| OptionError::of(&error))?;
        let formats_file = matches.get_one("formats-file").cloned();
        if matches.contains_id("help") {
            let name = matches.get_one("help").cloned();
            return Ok(Arguments::Help(name, formats_file));
        }
        if matches.get_flag("version") {
            return Ok(Arguments::Version);
        }
        if matches.get_flag("formats") {
            return Ok(Arguments::Formats(formats_file));
        }
        Ok(Arguments::Run(Box::new(Request::of(&matches))))
    }
}

impl Request {
    fn of(matches: &ArgMatches) -> Request {
        let mut words: Vec<OsString> = matches.get_many("words").into_iter().flatten().cloned().collect();
        let file: Option<OsString> = matches.get_one("expression-file").cloned();
        let expression = match file {
            Some(path) => Some(Expression::File(path)),
            None if words.is_empty() => None,
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
        }
    }

    /// What times take for what they do not say.
    pub(super) fn time_defaults(&self) -> TimeDefaults {
        TimeDefaults::new(self.year, self.zone.clone().unwrap_or(TimeZone::UTC))
    }

    /// Whether sources are read as they grow, or are connections.
    fn is_live(&self) -> bool {
        let others = self.with.iter().map(|with| &with.source);
        let mut sources = self.sources.iter().chain(others);
        self.follow || sources.any(|source| boundedness(source) != Boundedness::Bounded)
    }

    /// What the plan must know beside the expression: what is printed where no stage chooses columns, whether
    /// sketches will do, which sample is taken, what is kept and what is filled in, and where records end.
    pub(super) fn settings(&self, records: Option<Records>) -> Settings {
        Settings {
            printing: match self.output {
                Some(_) => OutputMode::Fields,
                None => OutputMode::AsItCame,
            },
            exact: self.exact,
            seed: self.seed,
            keeps_rejects: self.rejects.is_some(),
            keeps_late: self.late.is_some(),
            fill: self.fill.then(|| self.fill_limit.unwrap_or(FILL_LIMIT)),
            records,
            read_file: Some(read_all),
            reloads: self.is_live(),
            forget_ns: self.forget.map(nanoseconds),
            inputs: self.with.iter().map(|with| with.name.clone()).collect(),
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
        match Arguments::parse(all) {
            Ok(Arguments::Run(request)) => *request,
            other => panic!("no request: {other:?}"),
        }
    }

    #[test]
    fn the_first_word_is_the_expression_unless_a_file_has_it() {
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
    fn the_last_of_several_counts() {
        let last = request(&["-j", "1", "-j2", "--header", "--no-header", "count"]);
        assert_eq!((last.threads, last.header), (Some(2), Some(false)));
    }

    #[test]
    fn color_is_left_to_the_place_unless_asked_for() {
        assert_eq!(request(&["count"]).color, When::Auto);
        assert_eq!(request(&["--color", "always", "count"]).color, When::Always);
        assert_eq!(request(&["--color=never", "count"]).color, When::Never);
    }
}
