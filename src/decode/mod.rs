//! Decoders: text to fields. One file for each decoder. Only the requested fields are read; for the rest, only the
//! structure is checked.

pub mod csv;
mod dialect;
mod headed;
pub mod json;
pub mod log_formats;
pub mod logfmt;
pub mod pattern;
pub mod regex;
pub mod scanners;
mod separator;
pub mod table;
mod taken;
mod times;
pub mod typed;
pub mod w3c;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use crate::data::{Column, Names, TextColumn};
use crate::lang::ast::Path;

/// Reads fields out of texts. Called for every batch, on any worker.
pub trait Decoder: Send + Sync {
    /// Reads all texts. Rows that cannot be read are listed in `rejected`, in order; for each of the others, every
    /// wanted field has a row in its column.
    fn decode<'a>(&self, texts: &TextColumn<'a>) -> Decoded<'a>;

    /// Returns the texts that are not records, such as blank lines, in order: they are dropped before the others are
    /// read.
    fn no_records(&self, texts: &TextColumn<'_>) -> Vec<u32> {
        let _ = texts;
        Vec::new()
    }

    /// Like [`Decoder::no_records`], if each text's source may have a header.
    fn no_records_under(&self, headers: &Column<'_>, texts: &TextColumn<'_>) -> Vec<u32> {
        let _ = headers;
        self.no_records(texts)
    }

    /// True if the first record of a source is its header; otherwise the source has none.
    fn is_header(&self, line: &[u8]) -> bool {
        let _ = line;
        true
    }

    /// Returns the names of all fields under this header; `None` if they cannot be read.
    fn names(&self, header: &[u8]) -> Option<Names> {
        let _ = header;
        None
    }

    /// Reorders the columns of a line under a header to those of another header; `None` if it cannot be read.
    fn in_order(&self, line: &[u8], header: &[u8], first: &[u8]) -> Option<Vec<u8>> {
        let _ = (line, header, first);
        None
    }

    /// Like [`Decoder::decode`], if each text's source has a header that names the fields.
    fn decode_under<'a>(&self, headers: &Column<'_>, texts: &TextColumn<'a>) -> Decoded<'a> {
        let _ = headers;
        self.decode(texts)
    }
}

/// Returns the texts that are empty or white space, in order, without nulls.
fn blank_texts(texts: &TextColumn<'_>) -> Vec<u32> {
    let bytes: &[u8] = &texts.bytes;
    let mut rows = Vec::new();
    for (row, span) in (0..).zip(&texts.spans) {
        // The first byte decides for most rows.
        let first = bytes.get(span.start as usize).filter(|_| span.len > 0);
        if first.is_none_or(|first| *first <= b' ') && !span.is_null() && span.slice(bytes).trim_ascii().is_empty() {
            rows.push(row);
        }
    }
    rows
}

/// The result of decoding.
#[derive(Debug, Default)]
pub struct Decoded<'a> {
    /// One for each wanted field, in the order requested.
    pub columns: Vec<Column<'a>>,
    /// Rows that cannot be read, in order, with the reason.
    pub rejected: Vec<(u32, String)>,
}

/// A requested field.
#[derive(Clone, Debug)]
pub enum Wanted {
    /// One field.
    Field(Path, FieldSeen),
    /// All fields, as an object.
    Whole,
}

/// Records whether a field that depends on the data occurred in any record: one that never did is reported at the end
/// of the run.
#[derive(Clone, Debug, Default)]
pub struct FieldSeen(Arc<FieldFlags>);

#[derive(Debug, Default)]
struct FieldFlags {
    was_there: AtomicBool,
    was_looked_for: AtomicBool,
    /// The fields of a header without it, if their names are similar.
    others: OnceLock<Names>,
}

impl FieldSeen {
    /// Records that it occurred.
    #[inline]
    pub fn set(&self) {
        raise(&self.0.was_there);
    }

    /// True if it occurred.
    pub fn get(&self) -> bool {
        self.0.was_there.load(Ordering::Relaxed)
    }

    /// Records that it is not among these fields, one of which may have been meant.
    pub fn set_others(&self, names: &[Vec<u8>]) {
        self.0.others.get_or_init(|| names.into());
    }

    /// Returns the fields of the first header that did not have it, if recorded.
    pub fn others(&self) -> Option<&Names> {
        self.0.others.get()
    }

    /// Records that a record was read that could have had it.
    pub fn set_looked_for(&self) {
        raise(&self.0.was_looked_for);
    }

    /// True if there was a record that could have had it.
    pub fn was_looked_for(&self) -> bool {
        self.0.was_looked_for.load(Ordering::Relaxed)
    }
}

/// Reading a set flag costs other threads nothing; writing it would.
#[inline]
fn raise(flag: &AtomicBool) {
    if !flag.load(Ordering::Relaxed) {
        flag.store(true, Ordering::Relaxed);
    }
}
