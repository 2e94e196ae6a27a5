//! A part of a stream as bytes: the expression and its options, the ledger, and the state up to the first stage that
//! needs all records.

use std::sync::Arc;

use crate::data::persist::{
    Persist, PersistRoot, StateError, StateReader, from_bytes, load_text, save_text, split_first, to_bytes,
};
use crate::data::{Position, Slot};
use crate::plan::Plan;
use crate::stage::{Checks, Header};

use super::ledger::Ledger;
use super::part_results::PartState;

/// The expression and options of a part. Only parts with equal ones are merged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartHeader {
    /// The expression.
    pub expression: String,
    /// The options that decide what the expression means, with their values as written, in the order of their names.
    pub options: Vec<(String, Option<String>)>,
}

/// A part whose state is not loaded yet.
#[derive(Debug)]
pub struct Part {
    /// Its expression and options.
    pub header: PartHeader,
    /// The rest: counts and state.
    body: Vec<u8>,
}

/// The counts and the state of a part.
pub(super) struct PartContents {
    pub(super) ledger: Ledger,
    pub(super) checks: Checks,
    /// Bytes read.
    pub(super) bytes: u64,
    /// Positions in the state are less than this number.
    pub(super) positions: u64,
    /// Why the part is incomplete: its sources that failed, or an early end.
    pub(super) failed: Vec<String>,
    /// The header of the first source that has one.
    pub(super) source_header: Option<Header>,
    pub(super) state: PartState,
}

/// Why a part is incomplete if a signal has ended its input.
pub(super) const INTERRUPTED: &str = "the run was interrupted before the end of its input";

impl Persist for Part {
    fn save(&self, out: &mut Vec<u8>) {
        save_text(self.header.expression.as_bytes(), out);
        (self.header.options.len() as u64).save(out);
        for (name, value) in &self.header.options {
            save_text(name.as_bytes(), out);
            value.is_some().save(out);
            value.iter().for_each(|value| save_text(value.as_bytes(), out));
        }
        save_text(&self.body, out);
    }

    fn load(input: &mut StateReader<'_>) -> Result<Self, StateError> {
        let expression = String::load(input)?;
        let mut options = Vec::new();
        for _ in 0..input.length(9)? {
            options.push((String::load(input)?, Option::load(input)?));
        }
        Ok(Part { header: PartHeader { expression, options }, body: load_text(input)?.to_vec() })
    }
}

impl PersistRoot for Part {
    const KIND: [u8; 4] = *b"part";
    const VERSION: u32 = 1;
}

impl Part {
    /// Reads the parts that follow each other in a file; at least one.
    pub fn read_all(mut bytes: &[u8]) -> Result<Vec<Part>, StateError> {
        let mut parts = Vec::new();
        loop {
            let (first, rest) = split_first(bytes)?;
            parts.push(from_bytes(first)?);
            if rest.is_empty() {
                return Ok(parts);
            }
            bytes = rest;
        }
    }

    /// The part as bytes.
    pub(super) fn to_bytes(header: &PartHeader, contents: &PartContents) -> Vec<u8> {
        let mut body = Vec::new();
        contents.save(&mut body);
        to_bytes(&Part { header: header.clone(), body })
    }

    /// Loads what the part holds. Positions in its state begin after `positions`.
    pub(super) fn contents(&self, plan: &Plan, positions: u64) -> Result<PartContents, StateError> {
        let mut input = StateReader::new(&self.body).after(Position(positions));
        let contents = PartContents::load(plan, &mut input)?;
        if input.is_empty() { Ok(contents) } else { Err(StateError::Damaged) }
    }
}

impl PartContents {
    fn save(&self, out: &mut Vec<u8>) {
        self.ledger.save(out);
        self.checks.save(out);
        self.bytes.save(out);
        self.positions.save(out);
        self.failed.save(out);
        self.source_header.is_some().save(out);
        if let Some(header) = &self.source_header {
            save_text(&header.line, out);
            header.fields.is_some().save(out);
            if let Some((names, slot)) = &header.fields {
                (names.len() as u64).save(out);
                names.iter().for_each(|name| save_text(name, out));
                slot.0.save(out);
            }
        }
        self.state.save(out);
    }

    fn load(plan: &Plan, input: &mut StateReader<'_>) -> Result<PartContents, StateError> {
        let (ledger, checks) = (Ledger::load(input)?, Checks::load(input)?);
        let (bytes, positions) = (u64::load(input)?, u64::load(input)?);
        let failed = Vec::load(input)?;
        let source_header = match bool::load(input)? {
            true => Some(load_header(input)?),
            false => None,
        };
        let state = PartState::load(plan, input)?;
        Ok(PartContents { ledger, checks, bytes, positions, failed, source_header, state })
    }
}

fn load_header(input: &mut StateReader<'_>) -> Result<Header, StateError> {
    let line = load_text(input)?.to_vec();
    if !bool::load(input)? {
        return Ok(Header { line, fields: None });
    }
    let mut names = Vec::new();
    for _ in 0..input.length(8)? {
        names.push(load_text(input)?.to_vec());
    }
    Ok(Header { line, fields: Some((Arc::from(names), Slot(u32::load(input)?))) })
}
