//! Decoders: text to fields. One file a decoder. Only the fields that something asks for are read; of the
//! rest, only the structure is checked.

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
    /// Reads all texts. Rows that cannot be read are named in `rejected`, in order; of the others, each
    /// wanted field is one row of its column.
    fn decode<'a>(&self, texts: &TextColumn<'a>) -> Decoded<'a>;

    /// The texts that are no records, such as blank lines, in order: they are dropped before the others are read.
    fn no_records(&self, texts: &TextColumn<'_>) -> Vec<u32> {
        let _ = texts;
        Vec::new()
    }

    /// As [`Decoder::no_records`], where each text's source may have a header.
    fn no_records_under(&self, headers: &Column<'_>, texts: &TextColumn<'_>) -> Vec<u32> {
        let _ = headers;
        self.no_records(texts)
    }

    /// Whether the first record of a source is its header; if not, the source has none.
    fn is_header(&self, line: &[u8]) -> bool {
        let _ = line;
        true
    }

    /// The names of all fields under this header; none if they cannot be read.
    fn names(&self, header: &[u8]) -> Option<Names> {
        let _ = header;
        None
    }

    /// A line under a header with its columns in the order of another header; none if it cannot be read.
    fn in_order(&self, line: &[u8], header: &[u8], first: &[u8]) -> Option<Vec<u8>> {
        let _ = (line, header, first);
        None
    }

    /// The same, where the record at the head of each text's source names the fields.
    fn decode_under<'a>(&self, headers: &Column<'_>, texts: &TextColumn<'a>) -> Decoded<'a> {
        let _ = headers;
        self.decode(texts)
    }
}

/// The texts that are empty or white space, in order; null is none of them.
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

/// What a decoder has read.
#[derive(Debug, Default)]
pub struct Decoded<'a> {
    /// One for each wanted field, in the order asked for.
    pub columns: Vec<Column<'a>>,
    /// Rows that cannot be read, in order, with the reason.
    pub rejected: Vec<(u32, String)>,
}

/// A field that something asks for.
#[derive(Clone, Debug)]
pub enum Wanted {
    /// One field.
    Field(Path, Seen),
    /// All fields, as an object.
    Whole,
}

/// Whether a field that only the data can have was there in any record: one that never was is named at the
/// end of the run.
#[derive(Clone, Debug, Default)]
pub struct Seen(Arc<Flags>);

#[derive(Debug, Default)]
struct Flags {
    was_there: AtomicBool,
    was_looked_for: AtomicBool,
    /// The fields that there were instead, where their names are easily mistaken.
    others: OnceLock<Names>,
}

impl Seen {
    /// It was there.
    #[inline]
    pub fn set(&self) {
        raise(&self.0.was_there);
    }

    /// Whether it was there.
    pub fn get(&self) -> bool {
        self.0.was_there.load(Ordering::Relaxed)
    }

    /// It is not among these fields, of which one may have been meant.
    pub fn set_others(&self, names: &[Vec<u8>]) {
        self.0.others.get_or_init(|| names.into());
    }

    /// The fields of the first header that did not have it, if that was noted.
    pub fn others(&self) -> Option<&Names> {
        self.0.others.get()
    }

    /// A record was read in which it could have been.
    pub fn set_looked_for(&self) {
        raise(&self.0.was_looked_for);
    }

    /// Whether there was a record in which it could have been.
    pub fn was_looked_for(&self) -> bool {
        self.0.was_looked_for.load(Ordering::Relaxed)
    }
}

/// Reading a flag that is up costs the other threads nothing; writing it would.
#[inline]
fn raise(flag: &AtomicBool) {
    if !flag.load(Ordering::Relaxed) {
        flag.store(true, Ordering::Relaxed);
    }
}
