//! Errors in the options: clap's errors in the form of this program's messages.

use std::ffi::{OsStr, OsString};
use std::fmt;

use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::data::escape_controls;
use crate::encode::ENCODERS;
use crate::lang::suggest::did_you_mean;
use crate::sink;

use super::options::{OptionDef, ValueKind};

/// An error in the options, with help.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct OptionError {
    message: String,
    help: Option<String>,
}

impl fmt::Display for OptionError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.message)?;
        match &self.help {
            Some(help) => write!(formatter, "\n  = help: {help}"),
            None => Ok(()),
        }
    }
}

impl OptionError {
    /// Converts clap's error.
    pub(super) fn of(error: &clap::Error, arguments: &[OsString]) -> OptionError {
        let text = |kind| match error.get(kind) {
            Some(ContextValue::String(text)) => Some(text.clone()),
            Some(ContextValue::Strings(texts)) => texts.first().cloned(),
            _ => None,
        };
        let argument = text(ContextKind::InvalidArg).unwrap_or_default();
        let long = argument.split(' ').next().unwrap_or_default().to_owned();
        let def = long.strip_prefix("--").and_then(OptionDef::find);
        let value = text(ContextKind::InvalidValue).unwrap_or_default();
        match error.kind() {
            ErrorKind::UnknownArgument => OptionError {
                message: format!("unknown option `{}`", escape_controls(&argument)),
                help: Some(match text(ContextKind::SuggestedArg) {
                    _ if argument == "-t" && arguments.iter().any(|argument| argument == "-to") => {
                        "did you mean `--to`?".to_owned()
                    }
                    _ if super::flags::answer(&argument).is_some() => {
                        super::flags::answer(&argument).unwrap_or_default()
                    }
                    Some(close) => format!("did you mean `{close}`?"),
                    None => "bourn --help options lists them".to_owned(),
                }),
            },
            ErrorKind::InvalidValue | ErrorKind::ValueValidation => {
                let kind = def.map_or(ValueKind::Nothing, |def| def.kind);
                bad_value(&long, kind, &value)
            }
            ErrorKind::TooManyValues => OptionError {
                message: format!("{long} takes no value, found `{}`", escape_controls(&value)),
                help: Some(format!("write {long}")),
            },
            ErrorKind::InvalidUtf8 => OptionError { message: "an option's value is not UTF-8".to_owned(), help: None },
            kind => OptionError {
                message: kind.as_str().unwrap_or("the options cannot be used like this").to_lowercase(),
                help: Some("bourn --help options lists them".to_owned()),
            },
        }
    }
}

fn bad_value(long: &str, kind: ValueKind, value: &str) -> OptionError {
    let (expected, example) = kind.expected();
    let found = match value {
        "" => "nothing".to_owned(),
        value => format!("`{}`", escape_controls(value)),
    };
    let formats: Vec<&str> = ENCODERS.iter().map(|def| def.entry.name).collect();
    let help = match (kind, did_you_mean(value, &formats)) {
        (ValueKind::Format, Some(close)) => format!("did you mean `{close}`?"),
        (ValueKind::Format, None) if sink::def(OsStr::new(value)).is_some() => {
            format!("targets of results are written --to {}", escape_controls(value))
        }
        (ValueKind::Format, None) => format!("the formats are: {}", formats.join(", ")),
        _ => format!("write {long} {example}"),
    };
    OptionError { message: format!("{long}: expected {expected}, found {found}"), help: Some(help) }
}
