//! The syntax of patterns: literals, and holes in braces.

use std::ops::Range;

use regex::bytes::Regex;

use super::hole::{Hole, NOT_KEPT, TYPES};
use crate::decode::typed::FieldType;

/// An error in a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PatternError {
    /// The range in the pattern.
    pub place: Range<usize>,
    /// The error.
    pub message: String,
    /// The suggestion.
    pub help: String,
}

/// Splits a pattern into the texts around the holes, and the holes.
pub(super) fn read(text: &[u8]) -> Result<(Vec<Vec<u8>>, Vec<Hole>), PatternError> {
    let error =
        |place: Range<usize>, message: String, help: &str| PatternError { place, message, help: help.to_owned() };
    let (mut literals, mut holes): (Vec<Vec<u8>>, Vec<Hole>) = (vec![Vec::new()], Vec::new());
    let mut at = 0;
    while at < text.len() {
        let literal = literals.len() - 1;
        match &text[at..] {
            [b'{', b'{', ..] | [b'}', b'}', ..] => {
                literals[literal].push(text[at]);
                at += 2;
            }
            [b'}', ..] => {
                return Err(error(
                    at..at + 1,
                    "this brace closes nothing".to_owned(),
                    "a hole is written {name}; a brace that stands for itself is written }}",
                ));
            }
            [b'{', inside @ ..] => {
                let Some(length) = inside.iter().position(|byte| b"{}".contains(byte)) else {
                    return Err(unclosed(at));
                };
                if inside[length] == b'{' {
                    return Err(unclosed(at));
                }
                let place = at..at + length + 2;
                let hole = read_hole(&inside[..length], place.clone())?;
                if literals[literal].is_empty() && !holes.is_empty() {
                    return Err(error(
                        place,
                        format!("there is no text between {} and the hole before it", hole.label()),
                        "two holes need some text between them that says where the first one ends",
                    ));
                }
                if hole.name.is_some() && holes.iter().any(|other: &Hole| other.name == hole.name) {
                    return Err(error(
                        place,
                        format!("two holes are named {}", hole.label()),
                        "a hole that is not to be kept is written {_}",
                    ));
                }
                holes.push(hole);
                literals.push(Vec::new());
                at += length + 2;
            }
            [byte, ..] => {
                literals[literal].push(*byte);
                at += 1;
            }
            [] => break,
        }
    }
    let all = 0..text.len();
    if text.is_empty() {
        return Err(error(all, "this pattern is empty".to_owned(), "write parse \"{name} …\""));
    }
    if holes.iter().all(|hole| hole.name.is_none()) {
        return Err(error(
            all,
            "this pattern captures nothing".to_owned(),
            "use {name} to capture a part; `match` keeps the lines that contain a text",
        ));
    }
    Ok((literals, holes))
}

fn unclosed(at: usize) -> PatternError {
    PatternError {
        place: at..at + 1,
        message: "this brace is not closed".to_owned(),
        help: "a hole is written {name}; a brace that stands for itself is written {{".to_owned(),
    }
}

fn read_hole(inside: &[u8], place: Range<usize>) -> Result<Hole, PatternError> {
    let error = |message: String, help: String| PatternError { place: place.clone(), message, help };
    let written = String::from_utf8_lossy(inside);
    let (name, type_name) = match written.split_once(':') {
        Some((name, type_name)) => (name.trim(), Some(type_name.trim())),
        None => (written.trim(), None),
    };
    let is_name = name.starts_with(|c: char| c.is_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_alphanumeric() || c == '_');
    if !is_name {
        let message = if name.is_empty() {
            "this hole has no name".to_owned()
        } else {
            format!("`{}` is no name for a hole", name.escape_debug())
        };
        let help = "a hole is written {name} or {name:int}, one that is not kept {_}; a brace that stands for \
                    itself is written {{";
        return Err(error(message, help.to_owned()));
    }
    let kind = match type_name {
        None => FieldType::Text,
        Some(type_name) => match TYPES.iter().find(|(name, _)| *name == type_name) {
            Some((_, kind)) => *kind,
            None => {
                let names: Vec<&str> = TYPES.iter().map(|(name, _)| *name).collect();
                let message = format!("unknown type `{}`", type_name.escape_debug());
                let help = match crate::lang::suggest::did_you_mean(type_name, &names) {
                    Some(close) => format!("did you mean `{close}`?"),
                    None => format!("a type is one of {}; without one, a hole is text", names.join(", ")),
                };
                return Err(error(message, help));
            }
        },
    };
    Ok(Hole { name: (name != NOT_KEPT).then(|| name.to_owned()), kind })
}

pub(super) fn compile(regex: &str, text: &[u8]) -> Result<Regex, PatternError> {
    Regex::new(regex).map_err(|_| PatternError {
        place: 0..text.len(),
        message: "this pattern is too long".to_owned(),
        help: "a pattern of some thousand characters can be searched for".to_owned(),
    })
}
