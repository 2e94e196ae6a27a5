//! `parse "…{name}…"`: literal text around named holes.
//!
//! A pattern means a regular expression: literals match themselves, white space matches a run of white space, a hole
//! the shortest text (the last one the rest), and the leftmost match wins. It is rarely run as one: each literal is
//! searched from the end of the previous one. Every choice is the one that the regular expression would try first, so
//! if the search succeeds the answer is the same. If it fails, there may be another match: a typed hole may begin
//! further to the right, and white space before a hole may leave some of its blanks to the literal after the hole. Only
//! then is the regular expression run. Times are not a regular language: a pattern with a hole for one runs a `program`
//! instead, which tries the same choices, and the longest time first.
//!
//! `syntax` splits a pattern into each `literal` and `hole`, `search` finds them in a text, and the decoder here makes
//! columns of the matches.

mod hole;
mod literal;
mod program;
mod search;
mod syntax;
#[cfg(test)]
mod tests;
mod torn;

use regex::bytes::{CaptureLocations, Regex};

use super::times::Surroundings;
use super::typed::{self, FieldColumn, FieldType};
use super::{Decoded, Decoder};
use crate::data::{TextColumn, TextSpan, TimeSite};

pub use hole::TYPES;
pub use syntax::PatternError;

use hole::{Hole, hole_regex};
use literal::Literal;
use program::{Program, Scratch};
use syntax::{compile, read};

/// A parsed pattern.
#[derive(Clone, Debug)]
pub struct LinePattern {
    /// One more than holes: before, between and after them. Only the first and the last may be empty.
    literals: Vec<Literal>,
    holes: Vec<Hole>,
    /// Used if the search by literals finds nothing; `None` if it could not find anything either.
    fallback: Option<Fallback>,
    /// True if a failed search by literals may still be a match: a literal that ends in white space comes before one
    /// that begins with it.
    is_elastic: bool,
    /// True if a hole is for a time.
    has_times: bool,
}

/// Finds every possible match.
#[derive(Clone, Debug)]
enum Fallback {
    Regex(Regex),
    /// For patterns with a hole for a time.
    Program(Program),
}

/// Buffers that a fallback reuses.
#[derive(Debug)]
enum Again {
    Regex(CaptureLocations),
    Program(Scratch),
}

impl Fallback {
    fn again(&self) -> Again {
        match self {
            Fallback::Regex(regex) => Again::Regex(regex.capture_locations()),
            Fallback::Program(_) => Again::Program(Scratch::default()),
        }
    }
}

impl LinePattern {
    /// Parses a pattern.
    pub fn new(text: &[u8]) -> Result<LinePattern, PatternError> {
        let (literals, holes) = read(text)?;
        let literals: Vec<Literal> = literals.iter().map(|text| Literal::of(text)).collect();
        let is_elastic = literals.windows(2).any(|pair| pair[0].ends_white() && pair[1].begins_white());
        let is_typed = holes.iter().any(|hole| hole.kind != FieldType::Text);
        let has_times = holes.iter().any(|hole| hole.kind == FieldType::Time);
        let mut pattern = LinePattern { literals, holes, fallback: None, is_elastic, has_times };
        if has_times {
            pattern.fallback = Some(Fallback::Program(pattern.program()));
        } else if is_elastic || is_typed {
            pattern.fallback = Some(Fallback::Regex(compile(&pattern.regex(), text)?));
        }
        Ok(pattern)
    }

    /// Returns the fields, in order.
    pub fn names(&self) -> Vec<String> {
        self.holes.iter().filter_map(|hole| hole.name.clone()).collect()
    }

    /// Lists the fields with their types on one line: `t:time user`.
    pub fn field_list(&self) -> String {
        let holes = self.holes.iter().filter_map(|hole| {
            let name = hole.name.as_ref()?;
            Some(match hole.kind {
                FieldType::Text => name.clone(),
                kind => format!("{name}:{}", kind.name()),
            })
        });
        holes.collect::<Vec<_>>().join(" ")
    }

    /// Returns the fields that are times.
    pub fn times(&self) -> Vec<String> {
        let times = self.holes.iter().filter(|hole| hole.kind == FieldType::Time);
        times.filter_map(|hole| hole.name.clone()).collect()
    }

    /// Returns the position of a hole in the pattern.
    fn surroundings(&self, hole: usize) -> Surroundings {
        Surroundings { is_first: hole == 0 && self.literals[0].is_empty(), is_last: self.literals[hole + 1].is_empty() }
    }

    /// Compiles the pattern to a program that saves the ranges of its holes in order.
    fn program(&self) -> Program {
        let mut program = Program::default();
        let push_literal = |program: &mut Program, literal: &Literal| {
            let mut regex = String::new();
            literal.write_regex(&mut regex);
            program.push_regex(&regex);
        };
        push_literal(&mut program, &self.literals[0]);
        for (index, hole) in self.holes.iter().enumerate() {
            let around = self.surroundings(index);
            match hole.kind {
                FieldType::Time => {
                    if !around.is_first {
                        program.push_regex(torn::OPENERS);
                    }
                    program.push_time(around);
                    if self.literals[index + 1].begins_white() {
                        program.push_regex(torn::CLOSERS);
                    }
                }
                kind => program.push_hole(&hole_regex(kind, around.is_last)),
            }
            push_literal(&mut program, &self.literals[index + 1]);
        }
        program.finish();
        program
    }

    /// Returns the regular expression that the pattern means, with a group for each hole.
    fn regex(&self) -> String {
        let mut regex = "(?s-u:".to_owned();
        self.literals[0].write_regex(&mut regex);
        for (index, hole) in self.holes.iter().enumerate() {
            let next = &self.literals[index + 1];
            regex.push_str(&hole_regex(hole.kind, next.is_empty()));
            next.write_regex(&mut regex);
        }
        regex.push(')');
        regex
    }
}

/// Reads the wanted holes of a pattern.
#[derive(Debug)]
pub struct PatternDecoder {
    pattern: LinePattern,
    /// The wanted holes by number.
    wanted: Vec<usize>,
    /// One for each wanted hole.
    sites: Vec<TimeSite>,
}

impl PatternDecoder {
    /// Makes a decoder of the fields with these names.
    pub fn new(pattern: LinePattern, names: &[String]) -> Self {
        let of = |name: &String| pattern.holes.iter().position(|hole| hole.name.as_ref() == Some(name));
        let wanted: Vec<usize> = names.iter().filter_map(of).collect();
        PatternDecoder { pattern, sites: wanted.iter().map(|_| TimeSite::new()).collect(), wanted }
    }
}

impl Decoder for PatternDecoder {
    fn decode<'a>(&self, texts: &TextColumn<'a>) -> Decoded<'a> {
        let (pattern, rows) = (&self.pattern, texts.spans.len());
        let mut columns: Vec<FieldColumn> = self
            .wanted
            .iter()
            .zip(&self.sites)
            .map(|(&hole, site)| {
                let hole = &pattern.holes[hole];
                FieldColumn::new(&hole.label(), hole.kind, rows).at(*site)
            })
            .collect();
        let mut rejected = Vec::new();
        let mut again = pattern.fallback.as_ref().map(Fallback::again);
        let mut places = vec![(0, 0); pattern.holes.len()];
        for (row, span) in texts.spans.iter().enumerate() {
            let text = span.slice(&texts.bytes);
            if span.is_null() {
                rejected.push((row as u32, "parse: there is no text".to_owned()));
                continue;
            }
            if let Err(missed) = pattern.find(text, &mut places, again.as_mut()) {
                rejected.push((row as u32, pattern.reason(missed, text)));
                continue;
            }
            let base = span.start as usize;
            for (column, &hole) in columns.iter_mut().zip(&self.wanted) {
                let (start, end) = places[hole];
                column.spans.push(TextSpan::new(base + start, base + end));
            }
        }
        typed::finish("parse", &texts.bytes, rows, columns, rejected)
    }
}
