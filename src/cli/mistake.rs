//! What is wrong with the options: clap's findings in this project's words.

use std::fmt;

use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::data::escape_controls;
use crate::expr::scope::closest;
use crate::format::FORMATS;

use super::options::{OptionDef, Takes};

/// A mistake in the options, with how to write it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct OptionMistake {
    message: String,
    help: Option<String>,
}

impl fmt::Display for OptionMistake {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.message)?;
        match &self.help {
            Some(help) => write!(formatter, "\n  = help: {help}"),
            None => Ok(()),
        }
    }
}

impl OptionMistake {
    /// What clap found.
    pub(super) fn of(error: &clap::Error) -> OptionMistake {
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
            ErrorKind::UnknownArgument => OptionMistake {
                message: format!("unknown option `{}`", escape_controls(&argument)),
                help: Some(match text(ContextKind::SuggestedArg) {
                    _ if super::flags::answer(&argument).is_some() => {
                        super::flags::answer(&argument).unwrap_or_default()
                    }
                    Some(close) => format!("did you mean `{close}`?"),
                    None => "bourn --help options lists them".to_owned(),
                }),
            },
            ErrorKind::InvalidValue | ErrorKind::ValueValidation => {
                let takes = def.map_or(Takes::Nothing, |def| def.takes);
                bad_value(&long, takes, &value)
            }
            ErrorKind::TooManyValues => OptionMistake {
                message: format!("{long} takes no value, found `{}`", escape_controls(&value)),
                help: Some(format!("write {long}")),
            },
            ErrorKind::InvalidUtf8 => {
                OptionMistake { message: "an option's value is not UTF-8".to_owned(), help: None }
            }
            kind => OptionMistake {
                message: kind.as_str().unwrap_or("the options cannot be used like this").to_lowercase(),
                help: Some("bourn --help options lists them".to_owned()),
            },
        }
    }
}

fn bad_value(long: &str, takes: Takes, value: &str) -> OptionMistake {
    let (expected, example) = takes.expected();
    let found = match value {
        "" => "nothing".to_owned(),
        value => format!("`{}`", escape_controls(value)),
    };
    let formats: Vec<&str> = FORMATS.iter().map(|def| def.entry.name).collect();
    let help = match (takes, closest(value, &formats)) {
        (Takes::Format, Some(close)) => format!("did you mean `{close}`?"),
        (Takes::Format, None) => format!("the formats are: {}", formats.join(", ")),
        _ => format!("write {long} {example}"),
    };
    OptionMistake { message: format!("{long}: expected {expected}, found {found}"), help: Some(help) }
}
