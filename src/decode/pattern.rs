//! `parse "…{name}…"`: literal text around named holes.
//!
//! A pattern means a regular expression: literals stand for themselves, white space for a run of white space, a
//! hole for the shortest text (at the very end for the rest), searched leftmost. It is not run as one if that can
//! be helped: each literal is searched from the end of the one before. Every choice that this makes is the one
//! that the regular expression would try first, so where it ends well the answer is the same. Where it does not,
//! there may be another: a typed hole may begin further to the right, and white space in front of a hole may leave
//! some of its blanks to the literal behind the hole. Only then the regular expression is asked.

use std::ops::Range;

use memchr::{memchr, memmem};
use regex::bytes::{CaptureLocations, Regex};

use super::typed::{self, Kind, Places, shown};
use super::{Decoded, Decoder, times};
use crate::data::{Span, TextColumn, parse_duration, parse_number};

/// The types that a hole can have, as written.
pub const TYPES: &[(&str, Kind)] = &[
    ("int", Kind::Int),
    ("float", Kind::Float),
    ("time", Kind::Time),
    ("duration", Kind::Duration),
    ("word", Kind::Word),
];

/// What stands between a hole's braces for one that is not kept.
const NOT_KEPT: &str = "_";

/// A mistake in a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PatternError {
    /// Bytes of the pattern.
    pub place: Range<usize>,
    /// What is wrong.
    pub message: String,
    /// What would be right.
    pub help: String,
}

/// A pattern that has been read.
#[derive(Clone, Debug)]
pub struct Pattern {
    /// One more than holes: in front of, between and behind them. Only the first and the last may be empty.
    literals: Vec<Literal>,
    holes: Vec<Hole>,
    /// Asked when the search by literals finds nothing; none if it could not find anything either.
    fallback: Option<Regex>,
    /// Whether a failed search by literals may still be a match: a literal that ends in white space stands before
    /// one that begins with it.
    is_elastic: bool,
    /// What a time looks like; only if a hole is one.
    time_shape: Option<Regex>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Hole {
    /// Nothing if it is not kept.
    name: Option<String>,
    kind: Kind,
}

impl Hole {
    fn label(&self) -> String {
        format!("{{{}}}", self.name.as_deref().unwrap_or(NOT_KEPT))
    }
}

/// Text to be found as it is, but for white space.
#[derive(Clone, Debug, Default)]
struct Literal {
    parts: Vec<Part>,
    /// Finds the first part that is text.
    finder: Option<memmem::Finder<'static>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    /// Neither empty nor with white space in it.
    Text(Vec<u8>),
    /// At least one white space.
    White,
}

/// Where a search ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Miss {
    /// This literal is not there.
    Literal(usize),
    /// The text for this hole is not of its type.
    Type(usize, (usize, usize)),
}

fn is_white(byte: u8) -> bool {
    byte == b' ' || (b'\t'..=b'\r').contains(&byte)
}

/// How much white space there is at a place.
fn white_len(text: &[u8], at: usize) -> usize {
    text[at..]
        .iter()
        .take_while(|byte| is_white(**byte))
        .count()
}

impl Literal {
    fn of(text: &[u8]) -> Literal {
        let mut parts: Vec<Part> = Vec::new();
        for &byte in text {
            match parts.last_mut() {
                Some(Part::White) if is_white(byte) => {}
                _ if is_white(byte) => parts.push(Part::White),
                Some(Part::Text(text)) => text.push(byte),
                _ => parts.push(Part::Text(vec![byte])),
            }
        }
        let finder = parts.iter().find_map(|part| match part {
            Part::Text(text) => Some(memmem::Finder::new(text).into_owned()),
            Part::White => None,
        });
        Literal { parts, finder }
    }

    fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    fn begins_white(&self) -> bool {
        self.parts.first() == Some(&Part::White)
    }

    fn ends_white(&self) -> bool {
        self.parts.last() == Some(&Part::White)
    }

    /// The first place from `from` on where the literal stands, and where it ends.
    #[inline]
    fn find(&self, text: &[u8], from: usize) -> Option<(usize, usize)> {
        let Some(finder) = &self.finder else {
            if self.is_empty() {
                return Some((from, from));
            }
            let start = from + text[from..].iter().position(|byte| is_white(*byte))?;
            return Some((start, start + white_len(text, start)));
        };
        let needle = finder.needle();
        let mut search = from;
        loop {
            let hit = search
                + match needle {
                    [byte] => memchr(*byte, &text[search..])?,
                    _ => finder.find(&text[search..])?,
                };
            let behind = hit + needle.len();
            if self.parts.len() == 1 {
                return Some((hit, behind));
            }
            if let Some(found) = self.around(text, from, hit, behind) {
                return Some(found);
            }
            search = hit + 1;
        }
    }

    /// The parts around the first text, which stands from `hit` to `behind`.
    fn around(
        &self,
        text: &[u8],
        from: usize,
        hit: usize,
        behind: usize,
    ) -> Option<(usize, usize)> {
        let (mut start, mut parts) = (hit, self.parts.as_slice());
        if self.begins_white() {
            let white = text[from..hit]
                .iter()
                .rev()
                .take_while(|byte| is_white(**byte))
                .count();
            if white == 0 {
                return None;
            }
            start -= white;
            parts = &parts[1..];
        }
        let mut at = behind;
        for part in &parts[1..] {
            at += match part {
                Part::White => Some(white_len(text, at)).filter(|len| *len > 0)?,
                Part::Text(part) => text[at..].starts_with(part).then_some(part.len())?,
            };
        }
        Some((start, at))
    }

    /// As part of a regular expression.
    fn write_regex(&self, out: &mut String) {
        for part in &self.parts {
            match part {
                Part::White => out.push_str(r"[\t-\r ]+"),
                Part::Text(text) => {
                    for byte in text {
                        out.push_str(&format!("\\x{byte:02x}"));
                    }
                }
            }
        }
    }

    /// As a message shows it.
    fn shown(&self) -> String {
        let mut text = Vec::new();
        for part in &self.parts {
            match part {
                Part::White => text.push(b' '),
                Part::Text(part) => text.extend_from_slice(part),
            }
        }
        // Quotes need no backslash here: `expected "] "` is easier to read than a text that is escaped twice.
        let text = String::from_utf8_lossy(&text).into_owned();
        if text.contains('"') && !text.contains('\'') {
            format!("'{text}'")
        } else {
            format!("\"{text}\"")
        }
    }
}

/// A hole as part of a regular expression: as short as can be, or at the end as long as can be.
fn hole_regex(kind: Kind, is_last: bool) -> String {
    let shape = match (kind, is_last) {
        (Kind::Word, false) => r"[^\t-\r ]+?",
        (Kind::Word, true) => r"[^\t-\r ]+",
        (Kind::Int, false) => r"[+-]?[0-9]+?",
        (Kind::Int, true) => r"[+-]?[0-9]+",
        (Kind::Float, false) => r"[+-]?(?:[0-9]+?(?:\.[0-9]+?)??|\.[0-9]+?)(?:[eE][+-]?[0-9]+?)??",
        (Kind::Float, true) => r"[+-]?(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?",
        (Kind::Time | Kind::MonthAndDay, false) => times::SHAPE,
        (Kind::Time | Kind::MonthAndDay, true) => times::LONG_SHAPE,
        (Kind::Duration, false) => r"(?:[0-9][0-9._]*?(?:[smhdw]|ms|us|ns|\xc2\xb5s|\xce\xbcs))+?",
        (Kind::Duration, true) => r"(?:[0-9][0-9._]*(?:ms|us|ns|\xc2\xb5s|\xce\xbcs|[smhdw]))+",
        (Kind::Text | Kind::Escaped | Kind::Json, false) => ".*?",
        (Kind::Text | Kind::Escaped | Kind::Json, true) => ".*",
    };
    format!("({shape})")
}

impl Pattern {
    /// Reads a pattern.
    pub fn new(text: &[u8]) -> Result<Pattern, PatternError> {
        let (literals, holes) = read(text)?;
        let literals: Vec<Literal> = literals.iter().map(|text| Literal::of(text)).collect();
        let is_elastic = literals
            .windows(2)
            .any(|pair| pair[0].ends_white() && pair[1].begins_white());
        let is_typed = holes.iter().any(|hole| hole.kind != Kind::Text);
        let mut pattern = Pattern {
            literals,
            holes,
            fallback: None,
            is_elastic,
            time_shape: None,
        };
        if is_elastic || is_typed {
            pattern.fallback = Some(compile(&pattern.regex(), text)?);
        }
        if pattern.holes.iter().any(|hole| hole.kind == Kind::Time) {
            let shape = format!("^(?:{})$", times::LONG_SHAPE);
            pattern.time_shape = Some(compile(&format!("(?s-u:{shape})"), text)?);
        }
        Ok(pattern)
    }

    /// The fields, in their order.
    pub fn names(&self) -> Vec<String> {
        self.holes
            .iter()
            .filter_map(|hole| hole.name.clone())
            .collect()
    }

    /// The regular expression that the pattern means; a group for each hole.
    fn regex(&self) -> String {
        let mut regex = "(?s-u:".to_owned();
        self.literals[0].write_regex(&mut regex);
        for (index, hole) in self.holes.iter().enumerate() {
            let behind = &self.literals[index + 1];
            regex.push_str(&hole_regex(hole.kind, behind.is_empty()));
            behind.write_regex(&mut regex);
        }
        regex.push(')');
        regex
    }

    /// Finds the places of all holes; `places` has room for each.
    fn find(
        &self,
        text: &[u8],
        places: &mut [(usize, usize)],
        locations: Option<&mut CaptureLocations>,
    ) -> Result<(), Miss> {
        let missed = match self.find_literals(text, places) {
            Ok(()) => return Ok(()),
            Err(missed) => missed,
        };
        let may_match = self.is_elastic || matches!(missed, Miss::Type(..));
        if let (Some(regex), Some(locations), true) = (&self.fallback, locations, may_match)
            && regex.captures_read(locations, text).is_some()
        {
            for (index, place) in places.iter_mut().enumerate() {
                *place = locations.get(index + 1).unwrap_or_default();
            }
            return Ok(());
        }
        Err(missed)
    }

    /// Finds the places of all holes from literal to literal.
    #[inline]
    fn find_literals(&self, text: &[u8], places: &mut [(usize, usize)]) -> Result<(), Miss> {
        let (_, mut at) = self.literals[0].find(text, 0).ok_or(Miss::Literal(0))?;
        for (index, hole) in self.holes.iter().enumerate() {
            let behind = &self.literals[index + 1];
            let (mut end, next) = if behind.is_empty() {
                (text.len(), text.len())
            } else {
                behind.find(text, at).ok_or(Miss::Literal(index + 1))?
            };
            if hole.kind != Kind::Text {
                if behind.is_empty() {
                    end = at + prefix_len(hole.kind, &text[at..]);
                }
                if !self.fits(hole.kind, &text[at..end]) {
                    return self.missed_type(text, index, (at, end), next);
                }
            }
            places[index] = (at, end);
            at = next;
        }
        Ok(())
    }

    /// A hole is not of its type. If a literal further on is not there, that is the better reason.
    #[cold]
    fn missed_type(
        &self,
        text: &[u8],
        index: usize,
        place: (usize, usize),
        next: usize,
    ) -> Result<(), Miss> {
        let mut at = next;
        for later in index + 2..self.literals.len() {
            match self.literals[later].find(text, at) {
                Some((_, end)) => at = end,
                None => return Err(Miss::Literal(later)),
            }
        }
        Err(Miss::Type(index, place))
    }

    /// Whether all of a text is of a type.
    fn fits(&self, kind: Kind, text: &[u8]) -> bool {
        match kind {
            Kind::Text | Kind::Escaped | Kind::Json => true,
            Kind::Word => !text.is_empty() && !text.iter().any(|byte| is_white(*byte)),
            Kind::Int => typed::is_whole(text),
            Kind::Float => parse_number(text).is_some(),
            Kind::Duration => {
                std::str::from_utf8(text).is_ok_and(|text| parse_duration(text).is_some())
            }
            Kind::Time | Kind::MonthAndDay => self
                .time_shape
                .as_ref()
                .is_some_and(|shape| shape.is_match(text)),
        }
    }

    #[cold]
    fn reason(&self, missed: Miss, text: &[u8]) -> String {
        match missed {
            Miss::Literal(0) => format!("parse: expected {}", self.literals[0].shown()),
            Miss::Literal(index) => format!(
                "parse: expected {} behind {}",
                self.literals[index].shown(),
                self.holes[index - 1].label()
            ),
            Miss::Type(index, (start, end)) => {
                let hole = &self.holes[index];
                let end = if self.literals[index + 1].is_empty() {
                    text.len()
                } else {
                    end.min(text.len())
                };
                format!(
                    "parse: expected {} at {}, found {}",
                    hole.kind.expected(),
                    hole.label(),
                    shown(&text[start.min(end)..end])
                )
            }
        }
    }
}

/// How much of a text a hole at the end takes.
fn prefix_len(kind: Kind, text: &[u8]) -> usize {
    let digits = |from: usize| {
        text[from..]
            .iter()
            .take_while(|b| b.is_ascii_digit())
            .count()
    };
    match kind {
        Kind::Int => {
            let sign = usize::from(matches!(text.first(), Some(b'+' | b'-')));
            sign + digits(sign)
        }
        Kind::Word => text
            .iter()
            .position(|byte| is_white(*byte))
            .unwrap_or(text.len()),
        _ => text.len(),
    }
}

fn compile(regex: &str, text: &[u8]) -> Result<Regex, PatternError> {
    Regex::new(regex).map_err(|_| PatternError {
        place: 0..text.len(),
        message: "this pattern is too long".to_owned(),
        help: "a pattern of some thousand characters can be searched for".to_owned(),
    })
}

/// Takes a pattern apart: the texts around the holes, and the holes.
fn read(text: &[u8]) -> Result<(Vec<Vec<u8>>, Vec<Hole>), PatternError> {
    let error = |place: Range<usize>, message: String, help: &str| PatternError {
        place,
        message,
        help: help.to_owned(),
    };
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
                        format!(
                            "nothing stands between {} and the hole before it",
                            hole.label()
                        ),
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
        return Err(error(
            all,
            "this pattern is empty".to_owned(),
            "write parse \"{name} …\"",
        ));
    }
    if holes.iter().all(|hole| hole.name.is_none()) {
        return Err(error(
            all,
            "this pattern keeps nothing".to_owned(),
            "a part to keep is written {name}; `match` keeps the lines that contain a text",
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
    let error = |message: String, help: String| PatternError {
        place: place.clone(),
        message,
        help,
    };
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
        None => Kind::Text,
        Some(type_name) => match TYPES.iter().find(|(name, _)| *name == type_name) {
            Some((_, kind)) => *kind,
            None => {
                let names: Vec<&str> = TYPES.iter().map(|(name, _)| *name).collect();
                let message = format!("unknown type `{}`", type_name.escape_debug());
                let help = match crate::expr::scope::closest(type_name, &names) {
                    Some(close) => format!("did you mean `{close}`?"),
                    None => format!(
                        "a type is one of {}; without one, a hole is text",
                        names.join(", ")
                    ),
                };
                return Err(error(message, help));
            }
        },
    };
    Ok(Hole {
        name: (name != NOT_KEPT).then(|| name.to_owned()),
        kind,
    })
}

/// Reads the wanted holes of a pattern.
#[derive(Debug)]
pub struct PatternDecoder {
    pattern: Pattern,
    /// Holes by number.
    wanted: Vec<usize>,
}

impl PatternDecoder {
    /// A decoder of the fields with these names.
    pub fn new(pattern: Pattern, names: &[String]) -> Self {
        let of = |name: &String| {
            pattern
                .holes
                .iter()
                .position(|hole| hole.name.as_ref() == Some(name))
        };
        let wanted = names.iter().filter_map(of).collect();
        PatternDecoder { pattern, wanted }
    }
}

impl Decoder for PatternDecoder {
    fn decode<'a>(&self, texts: &TextColumn<'a>) -> Decoded<'a> {
        let (pattern, rows) = (&self.pattern, texts.spans.len());
        let mut columns: Vec<Places> = self
            .wanted
            .iter()
            .map(|&hole| {
                let hole = &pattern.holes[hole];
                Places::new(&hole.label(), hole.kind, rows)
            })
            .collect();
        let mut rejected = Vec::new();
        let mut locations = pattern.fallback.as_ref().map(Regex::capture_locations);
        let mut places = vec![(0, 0); pattern.holes.len()];
        for (row, span) in texts.spans.iter().enumerate() {
            let text = span.slice(&texts.bytes);
            if span.is_null() {
                rejected.push((row as u32, "parse: there is no text".to_owned()));
                continue;
            }
            if let Err(missed) = pattern.find(text, &mut places, locations.as_mut()) {
                rejected.push((row as u32, pattern.reason(missed, text)));
                continue;
            }
            let base = span.start as usize;
            for (column, &hole) in columns.iter_mut().zip(&self.wanted) {
                let (start, end) = places[hole];
                column.spans.push(Span::new(base + start, base + end));
            }
        }
        typed::finish("parse", &texts.bytes, rows, columns, rejected)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::data::{Bytes, Value};

    fn decode(pattern: &str, text: &[u8]) -> Result<Vec<Value>, String> {
        let pattern = Pattern::new(pattern.as_bytes()).expect("a right pattern");
        let names = pattern.names();
        let decoded = PatternDecoder::new(pattern, &names).decode(&TextColumn {
            bytes: Bytes::Borrowed(text),
            spans: vec![Span::new(0, text.len())],
        });
        match decoded.rejected.into_iter().next() {
            Some((_, reason)) => Err(reason),
            None => Ok(decoded
                .columns
                .iter()
                .map(|column| column.get(0).to_value())
                .collect()),
        }
    }

    fn texts(texts: &[&str]) -> Vec<Value> {
        let value = |text: &&str| Value::Text(text.as_bytes().to_vec());
        texts.iter().map(value).collect()
    }

    #[test]
    fn holes_take_the_shortest_text_and_the_last_one_the_rest() {
        for (pattern, text, found) in [
            ("{a}={b}", "x=y=z", vec!["x", "y=z"]),
            ("{a} {b}", "x \t y z", vec!["x", "y z"]),
            ("[{a}]", "p [q] [r]", vec!["q"]),
            ("{a} {b} {c}", "x  y", vec!["x", "", "y"]),
            ("{a}", "", vec![""]),
            ("{{{a}}}", "{x}", vec!["x"]),
            ("x {_} y {a}", "x 1 y 2", vec!["2"]),
            (
                "from {a} port {b:word}",
                "from h port 22 ssh2",
                vec!["h", "22"],
            ),
            ("{a} b{c}", "x   y   b!", vec!["x   y", "!"]),
        ] {
            assert_eq!(
                decode(pattern, text.as_bytes()),
                Ok(texts(&found)),
                "{pattern}"
            );
        }
    }

    #[test]
    fn types_narrow_a_hole() {
        let one = |pattern: &str, text: &str| {
            decode(pattern, text.as_bytes()).map(|mut all| all.remove(0))
        };
        assert_eq!(one("{n:int} ms", "took 15 ms"), Ok(Value::Int(15)));
        assert_eq!(one("took {n:int}", "took -15ms"), Ok(Value::Int(-15)));
        assert_eq!(one("={n:int};", "=x;=7;"), Ok(Value::Int(7)));
        assert_eq!(one("t={x:float}s", "t=1s t=2"), Ok(Value::Float(1.0)));
        assert_eq!(one("t={x:float}", "t=1.5e1s"), Ok(Value::Float(15.0)));
        assert_eq!(
            one("in {d:duration}", "in 1.5ms."),
            Ok(Value::Duration(1_500_000))
        );
        assert_eq!(
            one("[{t:time}]", "[17/May/2015:10:05:03 +0000]"),
            Ok(Value::Time(1_431_857_103_000_000_000))
        );
        assert_eq!(
            one("{t:time} {m}", "at 2015-05-17T10:05:03Z x"),
            Ok(Value::Time(1_431_857_103_000_000_000))
        );
        assert_eq!(
            one("={n:int};", "=9223372036854775808;"),
            Ok(Value::Float(9_223_372_036_854_775_808.0))
        );
    }

    #[test]
    fn a_reason_names_the_place() {
        let reason = |pattern: &str, text: &str| decode(pattern, text.as_bytes()).unwrap_err();
        assert_eq!(
            reason("[{time}] {rest}", "[now"),
            "parse: expected \"] \" behind {time}"
        );
        assert_eq!(reason("a {b}", "x"), "parse: expected \"a \"");
        assert_eq!(
            reason("n={n:int};", "n=x;"),
            "parse: expected an int at {n}, found \"x\""
        );
        assert_eq!(
            reason("n={_:int} b={b};", "n=x "),
            "parse: expected \" b=\" behind {_}"
        );
        assert_eq!(
            reason("[{t:time}]", "[99/May/2015:10:05:03]"),
            "parse: expected a time at {t}, found \"99/May/2015:10:05:03\""
        );
    }

    #[test]
    fn mistakes_have_a_place() {
        for (pattern, start, end, message) in [
            ("", 0, 0, "this pattern is empty"),
            ("abc", 0, 3, "this pattern keeps nothing"),
            ("a{_}", 0, 4, "this pattern keeps nothing"),
            ("a{b", 1, 2, "this brace is not closed"),
            ("a{b{c}", 1, 2, "this brace is not closed"),
            ("a}b{c}", 1, 2, "this brace closes nothing"),
            ("{a:itn}", 0, 7, "unknown type `itn`"),
            (
                "{a}{b}",
                3,
                6,
                "nothing stands between {b} and the hole before it",
            ),
            ("{a} {a}", 4, 7, "two holes are named {a}"),
            ("{}", 0, 2, "this hole has no name"),
            ("{a b}", 0, 5, "`a b` is no name for a hole"),
        ] {
            let error = Pattern::new(pattern.as_bytes()).unwrap_err();
            assert_eq!(
                (error.place, error.message.as_str()),
                (start..end, message),
                "{pattern}"
            );
        }
    }

    /// What the regular expression of a pattern finds.
    fn by_regex(pattern: &Pattern, text: &[u8]) -> Option<Vec<(usize, usize)>> {
        let regex = Regex::new(&pattern.regex()).expect("a right regular expression");
        let captures = regex.captures(text)?;
        (1..=pattern.holes.len())
            .map(|group| captures.get(group).map(|hit| (hit.start(), hit.end())))
            .collect()
    }

    fn pattern_text() -> impl Strategy<Value = String> {
        let literal = "[ab1. ]{1,3}";
        let hole = prop_oneof![
            4 => Just(""), 1 => Just(":int"), 1 => Just(":word"), 1 => Just(":float"), 1 => Just(":duration")
        ];
        (
            proptest::option::of(literal),
            proptest::collection::vec((hole, literal), 1..4),
            any::<bool>(),
        )
            .prop_map(|(first, holes, ends_with_hole)| {
                let mut pattern = first.unwrap_or_default();
                let last = holes.len() - 1;
                for (index, (kind, literal)) in holes.into_iter().enumerate() {
                    pattern.push_str(&format!("{{h{index}{kind}}}"));
                    if index < last || !ends_with_hole {
                        pattern.push_str(&literal);
                    }
                }
                pattern
            })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn means_its_regular_expression(pattern in pattern_text(), text in "[ab1. m-]{0,14}") {
            let pattern = Pattern::new(pattern.as_bytes()).expect("a right pattern");
            let mut places = vec![(0, 0); pattern.holes.len()];
            let mut locations = pattern.fallback.as_ref().map(Regex::capture_locations);
            let found = pattern.find(text.as_bytes(), &mut places, locations.as_mut());
            prop_assert_eq!(found.ok().map(|()| places), by_regex(&pattern, text.as_bytes()));
        }

        #[test]
        fn any_bytes_do(pattern in pattern_text(), text in proptest::collection::vec(any::<u8>(), 0..60)) {
            let _ = decode(&pattern, &text);
        }

        #[test]
        fn any_pattern_does(pattern in "[{}a:_int ]{0,12}", text in "[ab1 ]{0,9}") {
            if Pattern::new(pattern.as_bytes()).is_ok() {
                let _ = decode(&pattern, text.as_bytes());
            }
        }
    }
}
