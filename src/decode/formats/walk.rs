//! Formats that are read from left to right: a cursor, and the decoder that moves it over every text.

use memchr::{memchr, memmem};

use super::FormatDef;
use crate::data::{Span, TextColumn, TimeSite};
use crate::decode::typed::{self, Places};
use crate::decode::{Decoded, Decoder};

/// What a record lacks, and where: `']' after the level`.
pub(super) struct Missing(pub(super) &'static str);

/// Reads one record: notes where its fields stand in `places`, all of which are null when it is called.
pub(super) type Walk = fn(&[u8], &mut [Span]) -> Result<(), Missing>;

/// Reads records one by one.
pub(super) struct WalkDecoder {
    format: &'static FormatDef,
    wanted: Vec<usize>,
    /// One for each wanted field.
    sites: Vec<TimeSite>,
    walk: Walk,
}

impl WalkDecoder {
    pub(super) fn boxed(
        format: &'static FormatDef,
        wanted: Vec<usize>,
        walk: Walk,
    ) -> Box<dyn Decoder> {
        Box::new(WalkDecoder {
            format,
            sites: wanted.iter().map(|_| TimeSite::new()).collect(),
            wanted,
            walk,
        })
    }
}

impl Decoder for WalkDecoder {
    fn decode<'a>(&self, texts: &TextColumn<'a>) -> Decoded<'a> {
        let (format, rows) = (self.format, texts.spans.len());
        let mut columns: Vec<Places> = self
            .wanted
            .iter()
            .zip(&self.sites)
            .map(|(&field, site)| {
                let field = &format.fields[field];
                Places::new(field.name, field.kind, rows).at(*site)
            })
            .collect();
        let mut rejected = Vec::new();
        let mut places = vec![Span::NULL; format.fields.len()];
        for (row, span) in texts.spans.iter().enumerate() {
            places.fill(Span::NULL);
            let walked = if span.is_null() {
                Err(Missing("text"))
            } else {
                (self.walk)(span.slice(&texts.bytes), &mut places)
            };
            if let Err(Missing(what)) = walked {
                rejected.push((
                    row as u32,
                    format!("{}: expected {what}", format.entry.name),
                ));
                continue;
            }
            for (column, &field) in columns.iter_mut().zip(&self.wanted) {
                let mut place = places[field];
                if !place.is_null() {
                    place.start += span.start;
                }
                column.spans.push(place);
            }
        }
        typed::finish(format.entry.name, &texts.bytes, rows, columns, rejected)
    }
}

/// A place in a text.
#[derive(Clone, Copy)]
pub(super) struct Cursor<'t> {
    pub(super) text: &'t [u8],
    pub(super) at: usize,
}

impl<'t> Cursor<'t> {
    pub(super) fn new(text: &'t [u8]) -> Self {
        Cursor { text, at: 0 }
    }

    pub(super) fn rest(&self) -> &'t [u8] {
        &self.text[self.at..]
    }

    /// Moves over a literal, if it is next.
    pub(super) fn skip(&mut self, literal: &[u8]) -> bool {
        let is_next = self.rest().starts_with(literal);
        if is_next {
            self.at += literal.len();
        }
        is_next
    }

    /// Moves over a literal that must be next.
    pub(super) fn expect(&mut self, literal: &[u8], missing: &'static str) -> Result<(), Missing> {
        if self.skip(literal) {
            Ok(())
        } else {
            Err(Missing(missing))
        }
    }

    /// What stands before the next such byte, which is moved over.
    pub(super) fn until(&mut self, byte: u8, missing: &'static str) -> Result<Span, Missing> {
        let length = memchr(byte, self.rest()).ok_or(Missing(missing))?;
        Ok(self.take(length, 1))
    }

    /// What stands before the next such text, which is moved over.
    pub(super) fn until_text(
        &mut self,
        literal: &[u8],
        missing: &'static str,
    ) -> Result<Span, Missing> {
        let length = memmem::find(self.rest(), literal).ok_or(Missing(missing))?;
        Ok(self.take(length, literal.len()))
    }

    /// A word up to a blank, which is moved over; at least one byte.
    pub(super) fn word(&mut self, missing: &'static str) -> Result<Span, Missing> {
        match memchr(b' ', self.rest()) {
            None | Some(0) => Err(Missing(missing)),
            Some(length) => Ok(self.take(length, 1)),
        }
    }

    /// Digits; at least one.
    pub(super) fn digits(&mut self, missing: &'static str) -> Result<Span, Missing> {
        let length = self
            .rest()
            .iter()
            .take_while(|b| b.is_ascii_digit())
            .count();
        if length == 0 {
            return Err(Missing(missing));
        }
        Ok(self.take(length, 0))
    }

    /// Everything that is left.
    pub(super) fn take_rest(&mut self) -> Span {
        self.take(self.text.len() - self.at, 0)
    }

    /// So many bytes; behind them, so many are moved over.
    pub(super) fn take(&mut self, length: usize, behind: usize) -> Span {
        let start = self.at;
        self.at = start + length + behind;
        Span::new(start, start + length)
    }

    /// The text of a place.
    pub(super) fn slice(&self, place: Span) -> &'t [u8] {
        if place.is_null() {
            &[]
        } else {
            &self.text[place.start as usize..][..place.len as usize]
        }
    }
}

/// A place, or null if `-` stands there.
pub(super) fn unless_dash(text: &[u8], place: Span) -> Span {
    if place.slice(text) == b"-" {
        Span::NULL
    } else {
        place
    }
}

/// The three parts of a request, `GET /path HTTP/1.1`: blanks in the path are part of it. Nothing if it has not
/// these parts: then it may be anything that a client has sent.
#[inline]
pub(super) fn request(text: &[u8], start: usize, end: usize) -> Option<(usize, usize)> {
    const PROTOCOL: &[u8; 5] = b"HTTP/";
    let request = &text[start..end];
    let first = request.iter().position(|byte| *byte == b' ')?;
    // Nearly always `HTTP/1.1`.
    let last = match request.len().checked_sub(9) {
        Some(last) if request[last] == b' ' && request[last + 1..].starts_with(PROTOCOL) => last,
        _ => {
            let last = memchr::memrchr(b' ', request)?;
            let is_three = memchr(b' ', &request[first + 1..])? + first + 1 == last;
            if !is_three && !request[last + 1..].starts_with(PROTOCOL) {
                return None;
            }
            last
        }
    };
    (first > 0 && first < last).then_some((start + first, start + last))
}
