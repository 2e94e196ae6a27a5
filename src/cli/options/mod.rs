//! OPTIONS: the options of the command line, one row per option. clap, help, manual and completions use the rows.

mod table;
mod value_kind;

use std::ffi::OsString;

use clap::{Arg, ArgAction, Command, ValueHint, value_parser};

use crate::data::Entry;

pub use table::OPTIONS;
pub(super) use value_kind::NamedSource;
pub use value_kind::ValueKind;

/// An option and its documentation.
#[derive(Debug)]
pub struct OptionDef {
    /// Its long name without the dashes, usage, summary, examples.
    pub entry: Entry,
    /// Its short name.
    pub short: Option<char>,
    /// The kind of its value.
    pub kind: ValueKind,
    /// Who uses it; users see only options for everyone.
    pub audience: Audience,
}

/// The audience of an option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// Users.
    Everyone,
    /// Tests and benchmarks.
    Developers,
}

impl OptionDef {
    /// The option of this name, with dashes or without: `threads`, `--threads`, `-j`, `j`.
    pub(super) fn find(written: &str) -> Option<&'static OptionDef> {
        let name = written.trim_start_matches('-');
        OPTIONS
            .iter()
            .copied()
            .find(|def| def.entry.name == name || def.short.is_some_and(|short| name == short.to_string()))
    }

    fn arg(&self) -> Arg {
        let arg = Arg::new(self.entry.name)
            .long(self.entry.name)
            .short(self.short)
            .help(self.entry.summary)
            .hide(self.audience == Audience::Developers);
        match self.kind {
            ValueKind::Nothing => arg.action(ArgAction::SetTrue),
            kind => arg
                .value_name(kind.value_name())
                .action(match kind {
                    ValueKind::Source | ValueKind::Target => ArgAction::Append,
                    _ => ArgAction::Set,
                })
                .num_args(if kind == ValueKind::Name { 0..=1 } else { 1..=1 })
                .value_parser(kind.value_parser())
                .allow_hyphen_values(kind == ValueKind::Name)
                .value_hint(match kind {
                    ValueKind::File => ValueHint::FilePath,
                    ValueKind::Directory => ValueHint::DirPath,
                    _ => ValueHint::Other,
                }),
        }
    }
}

/// The command line as clap knows it, built from [`OPTIONS`].
pub fn command() -> Command {
    Command::new("bourn")
        .version(env!("CARGO_PKG_VERSION"))
        .about("Filter, split, count and sort streams of lines on all cores")
        .disable_help_flag(true)
        .disable_version_flag(true)
        .args_override_self(true)
        .arg(
            Arg::new("words")
                .num_args(0..)
                .value_names(["EXPR", "SOURCE"])
                .value_parser(value_parser!(OsString))
                .value_hint(ValueHint::AnyPath)
                .help(
                    "The expression, then the sources: files, - for standard input, or addresses such as tcp://HOST:PORT.",
                ),
        )
        .args(OPTIONS.iter().map(|def| def.arg()))
        .mut_arg("header", |arg| arg.overrides_with("no-header"))
        .mut_arg("no-header", |arg| arg.overrides_with("header"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_is_sound() {
        command().debug_assert();
    }

    #[test]
    fn usages_match_what_clap_accepts() {
        for def in OPTIONS {
            let short = def.short.map_or(String::new(), |short| format!("-{short}, "));
            let value = match def.kind {
                ValueKind::Nothing => String::new(),
                ValueKind::Name => format!(" [{}]", def.kind.value_name()),
                kind => format!(" {}", kind.value_name()),
            };
            assert_eq!(def.entry.usage, format!("{short}--{}{value}", def.entry.name));
        }
    }

    #[test]
    fn options_are_found_in_every_spelling() {
        for written in ["threads", "--threads", "-j", "j"] {
            assert_eq!(OptionDef::find(written).map(|def| def.entry.name), Some("threads"));
        }
        assert!(OptionDef::find("nope").is_none());
    }
}
