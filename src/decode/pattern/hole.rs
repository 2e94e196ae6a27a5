//! A hole and the texts that it matches.

use super::literal::is_white;
use crate::data::{parse_duration, parse_number, parse_time};
use crate::decode::typed::{self, FieldType};

/// The types of holes, as written.
pub const TYPES: &[(&str, FieldType)] = &[
    ("int", FieldType::Int),
    ("float", FieldType::Float),
    ("time", FieldType::Time),
    ("duration", FieldType::Duration),
    ("word", FieldType::Word),
];

/// The name of a hole that captures nothing.
pub(super) const NOT_KEPT: &str = "_";

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Hole {
    /// `None` if it captures nothing.
    pub(super) name: Option<String>,
    pub(super) kind: FieldType,
}

impl Hole {
    pub(super) fn label(&self) -> String {
        format!("{{{}}}", self.name.as_deref().unwrap_or(NOT_KEPT))
    }
}

/// The reason why a search failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Miss {
    /// This literal was not found.
    Literal(usize),
    /// The text for this hole does not have its type.
    Type(usize, (usize, usize)),
}

/// Returns a hole as part of a regular expression: as short as possible, or at the end as long as possible.
pub(super) fn hole_regex(kind: FieldType, is_last: bool) -> String {
    let shape = match (kind, is_last) {
        (FieldType::Word, false) => r"[^\t-\r ]+?",
        (FieldType::Word, true) => r"[^\t-\r ]+",
        (FieldType::Int, false) => r"[+-]?[0-9]+?",
        (FieldType::Int, true) => r"[+-]?[0-9]+",
        (FieldType::Float, false) => r"[+-]?(?:[0-9]+?(?:\.[0-9]+?)??|\.[0-9]+?)(?:[eE][+-]?[0-9]+?)??",
        (FieldType::Float, true) => r"[+-]?(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?",
        (FieldType::Duration, false) => {
            r"(?:[0-9]+:[0-5][0-9]:[0-5][0-9](?:\.[0-9]{1,9}?)??|(?:[0-9][0-9._]*?(?:[smhdw]|ms|us|ns|\xc2\xb5s|\xce\xbcs))+?)"
        }
        (FieldType::Duration, true) => {
            r"(?:[0-9]+:[0-5][0-9]:[0-5][0-9](?:\.[0-9]{1,9})?|(?:[0-9][0-9._]*(?:ms|us|ns|\xc2\xb5s|\xce\xbcs|[smhdw]))+)"
        }
        (FieldType::Time | FieldType::MonthAndDay, _) => unreachable!("a program reads times"),
        (FieldType::Text | FieldType::Escaped | FieldType::Json, false) => ".*?",
        (FieldType::Text | FieldType::Escaped | FieldType::Json, true) => ".*",
    };
    format!("({shape})")
}

/// True if a whole text has a type.
pub(super) fn fits(kind: FieldType, text: &[u8]) -> bool {
    match kind {
        FieldType::Text | FieldType::Escaped | FieldType::Json => true,
        FieldType::Word => !text.is_empty() && !text.iter().any(|byte| is_white(*byte)),
        FieldType::Int => typed::is_whole(text),
        FieldType::Float => parse_number(text).is_some(),
        FieldType::Duration => std::str::from_utf8(text).is_ok_and(|text| parse_duration(text).is_some()),
        FieldType::Time | FieldType::MonthAndDay => parse_time(text).is_some(),
    }
}

/// Returns the length of the text that a hole at the end takes.
pub(super) fn prefix_len(kind: FieldType, text: &[u8]) -> usize {
    let digits = |from: usize| text[from..].iter().take_while(|b| b.is_ascii_digit()).count();
    match kind {
        FieldType::Int => {
            let sign = usize::from(matches!(text.first(), Some(b'+' | b'-')));
            sign + digits(sign)
        }
        FieldType::Word => text.iter().position(|byte| is_white(*byte)).unwrap_or(text.len()),
        _ => text.len(),
    }
}
