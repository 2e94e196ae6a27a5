//! OPTIONS: what can stand on the command line. One row an option: clap, help, manual and completions read it.

use std::ffi::OsString;
use std::time::Duration;

use clap::builder::{PossibleValuesParser, ValueParser};
use clap::{Arg, ArgAction, Command, ValueHint, value_parser};

use crate::data::{Entry, Example, parse_duration};
use crate::format::FORMATS;
use crate::lang::parse_size;

use super::max_rejects::MaxRejects;

/// An option and what the manual says of it.
#[derive(Debug)]
pub struct OptionDef {
    /// Its long name without the dashes, usage, summary, examples.
    pub entry: Entry,
    /// Its short name.
    pub short: Option<char>,
    /// What stands behind it.
    pub takes: Takes,
    /// Whether users are told of it.
    pub audience: Audience,
}

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
    /// How many records.
    Count,
    /// Where records end.
    Records,
}

/// Whom an option is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// Users.
    Everyone,
    /// Tests and benchmarks.
    Developers,
}

/// Every option, by name.
pub const OPTIONS: &[&OptionDef] = &[
    &OptionDef {
        entry: Entry {
            name: "batch",
            usage: "--batch DURATION",
            summary: "How often the threads' partial results are merged.",
            details: "The micro-batch interval. It changes no result: without it, results that wait for the end of \
                      the input are merged once, at the end; with it, a stream that never ends is merged as it \
                      comes, so that the end has less to do.",
            examples: &[Example {
                expr: "--batch 500ms 'split | count by word'",
                input: "a b a\n",
                output: "a\t2\nb\t1\n",
            }],
        },
        short: None,
        takes: Takes::Duration,
        audience: Audience::Everyone,
    },
    &OptionDef {
        entry: Entry {
            name: "check",
            usage: "--check",
            summary: "Only check the expression and the options: nothing is read.",
            details: "The exit status is 0 if they are right and 2 if not.",
            examples: &[Example {
                expr: "--check 'split | count by word'",
                input: "",
                output: "",
            }],
        },
        short: None,
        takes: Takes::Nothing,
        audience: Audience::Everyone,
    },
    &OptionDef {
        entry: Entry {
            name: "chunk",
            usage: "--chunk SIZE",
            summary: "How many bytes a thread is handed at once.",
            details: "Changes no result. 256KiB without it.",
            examples: &[Example {
                expr: "--chunk 1 'split | count by word'",
                input: "a b a\n",
                output: "a\t2\nb\t1\n",
            }],
        },
        short: None,
        takes: Takes::Size,
        audience: Audience::Developers,
    },
    &OptionDef {
        entry: Entry {
            name: "color",
            usage: "--color WHEN",
            summary: "Bold headers and dim nulls in tables: auto, always or never.",
            details: "auto, which is meant without it, is on a terminal, unless NO_COLOR is set. Where there is \
                      color, null is the word; elsewhere it is empty. Only table and bars have any.",
            examples: &[Example {
                expr: "--color never -o table 'split | count by word'",
                input: "a b a\n",
                output: "word  count\na         2\nb         1\n",
            }],
        },
        short: None,
        takes: Takes::When,
        audience: Audience::Everyone,
    },
    &OptionDef {
        entry: Entry {
            name: "exact",
            usage: "--exact",
            summary: "Percentiles, distinct counts and histograms use no sketches.",
            details: "Without it they are exact up to 4096 values a group and close beyond. With it they are exact at any size: every group keeps \
                      all its values, so that memory grows with the input.",
            examples: &[Example {
                expr: "--exact 'split | median(word), count_distinct(word)'",
                input: "1 5 2 5 9\n",
                output: "5\t4\n",
            }],
        },
        short: None,
        takes: Takes::Nothing,
        audience: Audience::Everyone,
    },
    &OptionDef {
        entry: Entry {
            name: "explain",
            usage: "--explain",
            summary: "Print how the expression would be run: nothing is read.",
            details: "What is decoded, what every thread does on its own, what is done with all of it, what bounds \
                      the memory, and when results appear.",
            examples: &[],
        },
        short: None,
        takes: Takes::Nothing,
        audience: Audience::Everyone,
    },
    &OptionDef {
        entry: Entry {
            name: "expression-file",
            usage: "-x, --expression-file FILE",
            summary: "Read the expression from a file: every argument is a source.",
            details: "A newline is white space, and a comment goes from # to the end of the line, so that a long \
                      expression can be laid out.",
            examples: &[],
        },
        short: Some('x'),
        takes: Takes::File,
        audience: Audience::Everyone,
    },
    &OptionDef {
        entry: Entry {
            name: "follow",
            usage: "--follow",
            summary: "Read files on as they grow; connections are made again.",
            details: "A file is followed by its name, as `tail -F` does it: through renaming, emptying, removal and \
                      return. A directory is all files in it, also those to come. `tcp://` and `unix://` connect \
                      again whenever the connection ends. Standard input, if it is a pipe, still ends with its \
                      writer. All sources are read side by side.",
            examples: &[Example {
                expr: "--follow 'match /a/'",
                input: "a\nb\n",
                output: "a\n",
            }],
        },
        short: None,
        takes: Takes::Nothing,
        audience: Audience::Everyone,
    },
    &OptionDef {
        entry: Entry {
            name: "for",
            usage: "--for DURATION",
            summary: "End the input after this time, and print what there is.",
            details: "The exit status is 0, as at the end of any input.",
            examples: &[Example {
                expr: "--for 1m 'split | count by word'",
                input: "a b a\n",
                output: "a\t2\nb\t1\n",
            }],
        },
        short: None,
        takes: Takes::Duration,
        audience: Audience::Everyone,
    },
    &OptionDef {
        entry: Entry {
            name: "formats",
            usage: "--formats",
            summary: "List the formats that `parse` knows, with their fields.",
            details: "A line of each is shown too. A field is text, or has its type behind it.",
            examples: &[],
        },
        short: None,
        takes: Takes::Nothing,
        audience: Audience::Everyone,
    },
    &OptionDef {
        entry: Entry {
            name: "header",
            usage: "--header",
            summary: "Print the names of the columns first, whatever the format's habit.",
            details: "csv, table and bars have a header anyway.",
            examples: &[Example {
                expr: "--header 'split | count by word'",
                input: "a b a\n",
                output: "word\tcount\na\t2\nb\t1\n",
            }],
        },
        short: None,
        takes: Takes::Nothing,
        audience: Audience::Everyone,
    },
    &OptionDef {
        entry: Entry {
            name: "help",
            usage: "-h, --help [NAME]",
            summary: "Show the language on one screen, or all about NAME.",
            details: "NAME is a stage, aggregate, function, format, source or option, a page of the language, or one \
                      of the words stages, aggregates, functions, language, formats, sources, options.",
            examples: &[],
        },
        short: Some('h'),
        takes: Takes::Name,
        audience: Audience::Everyone,
    },
    &OptionDef {
        entry: Entry {
            name: "idle",
            usage: "--idle DURATION",
            summary: "How long a live source may be silent; 10s without it.",
            details: "After so long without data, a record whose end only the next one tells (`--records '/regex/'`) is \
                      closed, and a sender of datagrams is forgotten.",
            examples: &[Example {
                expr: "--idle 1m --records '/^[0-9]/' 'count'",
                input: "1 a\n  b\n2 c\n",
                output: "2\n",
            }],
        },
        short: None,
        takes: Takes::Duration,
        audience: Audience::Everyone,
    },
    &OptionDef {
        entry: Entry {
            name: "max-line",
            usage: "--max-line SIZE",
            summary: "Reject records that are longer; 16MiB without it.",
            details: "A rejected record is counted and named on stderr at the end. Up to 1GiB.",
            examples: &[Example {
                expr: "--max-line 4 count",
                input: "abcd\nabcde\n",
                output: "1\n",
            }],
        },
        short: None,
        takes: Takes::Size,
        audience: Audience::Everyone,
    },
    &OptionDef {
        entry: Entry {
            name: "max-rejects",
            usage: "--max-rejects LIMIT",
            summary: "Fail with status 4 if more are rejected: a number, or P% of all.",
            details: "Results are printed all the same, and everything is read. `--max-rejects 0` allows none; of \
                      `--max-rejects 0.1%`, the share is of all records that were read.",
            examples: &[Example {
                expr: "--max-rejects 50% 'json | sum(n)'",
                input: "{\"n\":1}\n{\"n\":\n",
                output: "1\n",
            }],
        },
        short: None,
        takes: Takes::Rejects,
        audience: Audience::Everyone,
    },
    &OptionDef {
        entry: Entry {
            name: "no-header",
            usage: "--no-header",
            summary: "Leave out the names of the columns.",
            details: "tsv, json, logfmt and raw have none anyway.",
            examples: &[Example {
                expr: "-o csv --no-header 'split | count by word'",
                input: "a b a\n",
                output: "a,2\nb,1\n",
            }],
        },
        short: None,
        takes: Takes::Nothing,
        audience: Audience::Everyone,
    },
    &OptionDef {
        entry: Entry {
            name: "output",
            usage: "-o, --output FORMAT",
            summary: "How results are printed: `--help formats` lists the formats.",
            details: "Without it, results are a table on a terminal and tsv without a header elsewhere; if no stage \
                      makes or chooses columns, the lines are printed as they came.",
            examples: &[Example {
                expr: "-o json 'split | count by word'",
                input: "a b a\n",
                output: "{\"word\":\"a\",\"count\":2}\n{\"word\":\"b\",\"count\":1}\n",
            }],
        },
        short: Some('o'),
        takes: Takes::Format,
        audience: Audience::Everyone,
    },
    &OptionDef {
        entry: Entry {
            name: "records",
            usage: "--records END",
            summary: "What parts records: 0 for NUL, or a /regex/ that each begins with.",
            details: "Without it a record is a line. With 0 it ends at a NUL byte, as `find -print0` writes them, and \
                      newlines are bytes like others. With a regex it begins at a line that matches and has all lines \
                      up to the next that does: a stack trace is one record with the line in front of it. Lines in \
                      front of the first that matches are a record too. Of a live source, silence closes the last \
                      one: see `--idle`. Rows are printed with a newline behind each, as ever.",
            examples: &[
                Example {
                    expr: "--records '/^[0-9]{4}-/' 'where line ~ /TimeoutException/ | count'",
                    input: "2026-03-01 failed\njava.TimeoutException\n  at A.b\n2026-03-02 fine\n",
                    output: "1\n",
                },
                Example {
                    expr: "--records 0 'sort line | select len(line)'",
                    input: "a\nb\0c\0",
                    output: "3\n1\n",
                },
            ],
        },
        short: None,
        takes: Takes::Records,
        audience: Audience::Everyone,
    },
    &OptionDef {
        entry: Entry {
            name: "rejects",
            usage: "--rejects FILE",
            summary: "Keep rejected lines in a file, in the order of the stream.",
            details: "The file is created, or emptied, before anything is read. A line stands there once, as it came. \
                      Not kept are lines that are longer than `--max-line`, and what a stage behind `limit`, `sort`, \
                      `tail` or aggregates rejects: that is no line any more.",
            examples: &[Example {
                expr: "--rejects /dev/null 'json | sum(n)'",
                input: "{\"n\":1}\n{\"n\":\n",
                output: "1\n",
            }],
        },
        short: None,
        takes: Takes::File,
        audience: Audience::Everyone,
    },
    &OptionDef {
        entry: Entry {
            name: "stats",
            usage: "--stats",
            summary: "Say on stderr at the end where all records went, and how fast.",
            details: "The ledger: every record that was read has passed, was filtered or was rejected. MB are millions \
                      of bytes, of compressed sources those that came out.",
            examples: &[Example {
                expr: "--stats 'split | count by word'",
                input: "a b a\n",
                output: "a\t2\nb\t1\n",
            }],
        },
        short: None,
        takes: Takes::Nothing,
        audience: Audience::Everyone,
    },
    &OptionDef {
        entry: Entry {
            name: "tail",
            usage: "--tail N",
            summary: "Start at the last N records of each file.",
            details: "What stands in front of them is not read, however long the file is; a header that names columns is. \
                      With `--follow`, `--tail 0` begins with what is written from now on. Files that come later, to a \
                      directory or by rotation, are read from their start. The stage `tail N` is the one for pipes.",
            examples: &[],
        },
        short: None,
        takes: Takes::Count,
        audience: Audience::Everyone,
    },
    &OptionDef {
        entry: Entry {
            name: "threads",
            usage: "-j, --threads N",
            summary: "How many worker threads; without it, one for each core.",
            details: "Changes no result.",
            examples: &[Example {
                expr: "-j 1 'split | count by word'",
                input: "a b a\n",
                output: "a\t2\nb\t1\n",
            }],
        },
        short: Some('j'),
        takes: Takes::Threads,
        audience: Audience::Everyone,
    },
    &OptionDef {
        entry: Entry {
            name: "version",
            usage: "-V, --version",
            summary: "Print the version.",
            details: "",
            examples: &[],
        },
        short: Some('V'),
        takes: Takes::Nothing,
        audience: Audience::Everyone,
    },
];

impl OptionDef {
    /// The option of this name, with dashes or without: `threads`, `--threads`, `-j`, `j`.
    pub(super) fn find(written: &str) -> Option<&'static OptionDef> {
        let name = written.trim_start_matches('-');
        OPTIONS.iter().copied().find(|def| {
            def.entry.name == name || def.short.is_some_and(|short| name == short.to_string())
        })
    }

    fn arg(&self) -> Arg {
        let arg = Arg::new(self.entry.name)
            .long(self.entry.name)
            .short(self.short)
            .help(self.entry.summary)
            .hide(self.audience == Audience::Developers);
        match self.takes {
            Takes::Nothing => arg.action(ArgAction::SetTrue),
            takes => arg
                .value_name(takes.value_name())
                .num_args(if takes == Takes::Name { 0..=1 } else { 1..=1 })
                .value_parser(takes.value_parser())
                .allow_hyphen_values(takes == Takes::Name)
                .value_hint(match takes {
                    Takes::File => ValueHint::FilePath,
                    _ => ValueHint::Other,
                }),
        }
    }
}

impl Takes {
    /// What usage lines call it.
    pub(super) fn value_name(self) -> &'static str {
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
            Takes::Count => "N",
            Takes::Records => "END",
        }
    }

    /// What is expected, and how it may be written.
    pub(super) fn expected(self) -> (&'static str, &'static str) {
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
            Takes::Count => ("a number", "0 or 100"),
            Takes::Records => ("0 or a /regex/", "0 or '/^[0-9]{4}-/'"),
        }
    }

    fn value_parser(self) -> ValueParser {
        match self {
            Takes::Nothing | Takes::Name | Takes::Records => value_parser!(String),
            Takes::Count => ValueParser::new(count),
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

/// The command line as clap knows it, built from [`OPTIONS`].
pub fn command() -> Command {
    Command::new("bourn")
        .version(env!("CARGO_PKG_VERSION"))
        .about("Filters, cuts up, counts and sorts streams of lines on all cores")
        .disable_help_flag(true)
        .disable_version_flag(true)
        .args_override_self(true)
        .arg(
            Arg::new("words")
                .num_args(0..)
                .value_names(["EXPR", "SOURCE"])
                .value_parser(value_parser!(OsString))
                .value_hint(ValueHint::AnyPath)
                .help("The expression, and what is read: files, - for standard input, or tcp://HOST:PORT and the like."),
        )
        .args(OPTIONS.iter().map(|def| def.arg()))
        .mut_arg("header", |arg| arg.overrides_with("no-header"))
        .mut_arg("no-header", |arg| arg.overrides_with("header"))
}

fn threads(text: &str) -> Result<usize, String> {
    let threads = text
        .parse()
        .ok()
        .filter(|threads| (1..=1024).contains(threads));
    threads.ok_or_else(String::new)
}

fn count(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| String::new())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_is_sound() {
        command().debug_assert();
    }

    #[test]
    fn usages_say_what_clap_accepts() {
        for def in OPTIONS {
            let short = def
                .short
                .map_or(String::new(), |short| format!("-{short}, "));
            let value = match def.takes {
                Takes::Nothing => String::new(),
                Takes::Name => format!(" [{}]", def.takes.value_name()),
                takes => format!(" {}", takes.value_name()),
            };
            assert_eq!(
                def.entry.usage,
                format!("{short}--{}{value}", def.entry.name)
            );
        }
    }

    #[test]
    fn options_are_found_as_they_are_typed() {
        for written in ["threads", "--threads", "-j", "j"] {
            assert_eq!(
                OptionDef::find(written).map(|def| def.entry.name),
                Some("threads")
            );
        }
        assert!(OptionDef::find("nope").is_none());
    }
}
