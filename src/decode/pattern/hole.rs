//! A hole: what may stand in it.

use super::literal::is_white;
use crate::data::{parse_duration, parse_number, parse_time};
use crate::decode::typed::{self, Kind};

/// The types that a hole can have, as written.
pub const TYPES: &[(&str, Kind)] = &[
    ("int", Kind::Int),
    ("float", Kind::Float),
    ("time", Kind::Time),
    ("duration", Kind::Duration),
    ("word", Kind::Word),
];

/// What stands between a hole's braces for one that is not kept.
pub(super) const NOT_KEPT: &str = "_";

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Hole {
    /// Nothing if it is not kept.
    pub(super) name: Option<String>,
    pub(super) kind: Kind,
}

impl Hole {
    pub(super) fn label(&self) -> String {
        format!("{{{}}}", self.name.as_deref().unwrap_or(NOT_KEPT))
    }
}

/// A hole as part of a regular expression: as short as can be, or at the end as long as can be.
pub(super) fn hole_regex(kind: Kind, is_last: bool) -> String {
    let shape = match (kind, is_last) {
        (Kind::Word, false) => r"[^\t-\r ]+?",
        (Kind::Word, true) => r"[^\t-\r ]+",
        (Kind::Int, false) => r"[+-]?[0-9]+?",
        (Kind::Int, true) => r"[+-]?[0-9]+",
        (Kind::Float, false) => r"[+-]?(?:[0-9]+?(?:\.[0-9]+?)??|\.[0-9]+?)(?:[eE][+-]?[0-9]+?)??",
        (Kind::Float, true) => r"[+-]?(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?",
        (Kind::Duration, false) => {
            r"(?:[0-9]+:[0-5][0-9]:[0-5][0-9](?:\.[0-9]{1,9}?)??|(?:[0-9][0-9._]*?(?:[smhdw]|ms|us|ns|\xc2\xb5s|\xce\xbcs))+?)"
        }
        (Kind::Duration, true) => {
            r"(?:[0-9]+:[0-5][0-9]:[0-5][0-9](?:\.[0-9]{1,9})?|(?:[0-9][0-9._]*(?:ms|us|ns|\xc2\xb5s|\xce\xbcs|[smhdw]))+)"
        }
        (Kind::Time | Kind::MonthAndDay, _) => unreachable!("a program reads times"),
        (Kind::Text | Kind::Escaped | Kind::Json, false) => ".*?",
        (Kind::Text | Kind::Escaped | Kind::Json, true) => ".*",
    };
    format!("({shape})")
}

/// Whether all of a text is of a type.
pub(super) fn fits(kind: Kind, text: &[u8]) -> bool {
    match kind {
        Kind::Text | Kind::Escaped | Kind::Json => true,
        Kind::Word => !text.is_empty() && !text.iter().any(|byte| is_white(*byte)),
        Kind::Int => typed::is_whole(text),
        Kind::Float => parse_number(text).is_some(),
        Kind::Duration => std::str::from_utf8(text).is_ok_and(|text| parse_duration(text).is_some()),
        Kind::Time | Kind::MonthAndDay => parse_time(text).is_some(),
    }
}

/// How much of a text a hole at the end takes.
pub(super) fn prefix_len(kind: Kind, text: &[u8]) -> usize {
    let digits = |from: usize| text[from..].iter().take_while(|b| b.is_ascii_digit()).count();
    match kind {
        Kind::Int => {
            let sign = usize::from(matches!(text.first(), Some(b'+' | b'-')));
            sign + digits(sign)
        }
        Kind::Word => text.iter().position(|byte| is_white(*byte)).unwrap_or(text.len()),
        _ => text.len(),
    }
}
