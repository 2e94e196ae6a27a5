//! Formats that are read from left to right: a cursor, and the decoder that moves it over every text.

use memchr::{memchr, memmem};

use super::LogFormatDef;
use crate::data::{TextColumn, TextSpan, TimeSite};
use crate::decode::typed::{self, FieldColumn};
use crate::decode::{Decoded, Decoder};

/// The text that a record lacks, and where: `']' after the level`.
pub(super) struct Missing(pub(super) &'static str);

/// Reads one record: stores the spans of its fields in `places`, which are all null at first.
pub(super) type Walk = fn(&[u8], &mut [TextSpan]) -> Result<(), Missing>;

/// Reads records one by one.
pub(super) struct WalkDecoder {
    format: &'static LogFormatDef,
    wanted: Vec<usize>,
    /// One for each wanted field.
    sites: Vec<TimeSite>,
    walk: Walk,
}

impl WalkDecoder {
    pub(super) fn boxed(format: &'static LogFormatDef, wanted: Vec<usize>, walk: Walk) -> Box<dyn Decoder> {
        Box::new(WalkDecoder { format, sites: wanted.iter().map(|_| TimeSite::new()).collect(), wanted, walk })
    }
}

impl Decoder for WalkDecoder {
    fn decode<'a>(&self, texts: &TextColumn<'a>) -> Decoded<'a> {
        let (format, rows) = (self.format, texts.spans.len());
        let mut columns: Vec<FieldColumn> = self
            .wanted
            .iter()
            .zip(&self.sites)
            .map(|(&field, site)| {
                let field = &format.fields[field];
                FieldColumn::new(field.name, field.kind, rows).at(*site)
            })
            .collect();
        let mut rejected = Vec::new();
        let mut places = vec![TextSpan::NULL; format.fields.len()];
        for (row, span) in texts.spans.iter().enumerate() {
            places.fill(TextSpan::NULL);
            let walked =
                if span.is_null() { Err(Missing("text")) } else { (self.walk)(span.slice(&texts.bytes), &mut places) };
            if let Err(Missing(what)) = walked {
                rejected.push((row as u32, format!("{}: expected {what}", format.entry.name)));
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

/// A position in a text.
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

    /// Skips a literal, if it is next.
    pub(super) fn skip(&mut self, literal: &[u8]) -> bool {
        let is_next = self.rest().starts_with(literal);
        if is_next {
            self.at += literal.len();
        }
        is_next
    }

    /// Skips a literal that must be next.
    pub(super) fn expect(&mut self, literal: &[u8], missing: &'static str) -> Result<(), Missing> {
        if self.skip(literal) { Ok(()) } else { Err(Missing(missing)) }
    }

    /// Returns the text before the next such byte, which is skipped.
    pub(super) fn until(&mut self, byte: u8, missing: &'static str) -> Result<TextSpan, Missing> {
        let length = memchr(byte, self.rest()).ok_or(Missing(missing))?;
        Ok(self.take(length, 1))
    }

    /// Returns the text before the next such text, which is skipped.
    pub(super) fn until_text(&mut self, literal: &[u8], missing: &'static str) -> Result<TextSpan, Missing> {
        let length = memmem::find(self.rest(), literal).ok_or(Missing(missing))?;
        Ok(self.take(length, literal.len()))
    }

    /// Reads a word of at least one byte and skips the blank after it.
    pub(super) fn word(&mut self, missing: &'static str) -> Result<TextSpan, Missing> {
        match memchr(b' ', self.rest()) {
            None | Some(0) => Err(Missing(missing)),
            Some(length) => Ok(self.take(length, 1)),
        }
    }

    /// Reads a word of at least one byte up to a blank, which is skipped, or to the end.
    pub(super) fn last_word(&mut self, missing: &'static str) -> Result<TextSpan, Missing> {
        match memchr(b' ', self.rest()).unwrap_or(self.rest().len()) {
            0 => Err(Missing(missing)),
            length => {
                let word = self.take(length, 0);
                self.skip(b" ");
                Ok(word)
            }
        }
    }

    /// Reads quoted text without its quotes, and skips the blank after it; an unquoted word is also accepted.
    pub(super) fn quoted(&mut self, missing: &'static str) -> Result<TextSpan, Missing> {
        if self.rest().first() != Some(&b'"') {
            return self.last_word(missing);
        }
        let start = self.at + 1;
        let end = closing_quote(self.text, self.at).ok_or(Missing(missing))?;
        self.at = end + 1;
        if !self.skip(b" ") && !self.rest().is_empty() {
            return Err(Missing(missing));
        }
        Ok(TextSpan::new(start, end))
    }

    /// Reads at least one digit.
    pub(super) fn digits(&mut self, missing: &'static str) -> Result<TextSpan, Missing> {
        let length = self.rest().iter().take_while(|b| b.is_ascii_digit()).count();
        if length == 0 {
            return Err(Missing(missing));
        }
        Ok(self.take(length, 0))
    }

    /// Reads the rest.
    pub(super) fn take_rest(&mut self) -> TextSpan {
        self.take(self.text.len() - self.at, 0)
    }

    /// Reads `length` bytes and skips the next `after` ones.
    pub(super) fn take(&mut self, length: usize, after: usize) -> TextSpan {
        let start = self.at;
        self.at = start + length + after;
        TextSpan::new(start, start + length)
    }

    /// Returns the text of a span.
    pub(super) fn slice(&self, place: TextSpan) -> &'t [u8] {
        if place.is_null() { &[] } else { &self.text[place.start as usize..][..place.len as usize] }
    }
}

/// Returns the span, or null if its text is `-`.
pub(super) fn unless_dash(text: &[u8], place: TextSpan) -> TextSpan {
    if place.slice(text) == b"-" { TextSpan::NULL } else { place }
}

/// Returns the span, or null if it is empty, `-` or `""`.
#[inline]
pub(super) fn unless_empty(text: &[u8], place: TextSpan) -> TextSpan {
    match place.slice(text) {
        b"" | b"-" | b"\"\"" => TextSpan::NULL,
        _ => place,
    }
}

/// Splits an address and a port: `192.0.2.1:80` or `[2001:db8::1]:80`.
pub(super) fn address_and_port(text: &[u8], place: TextSpan) -> (TextSpan, TextSpan) {
    let (start, end) = (place.start as usize, (place.start + place.len) as usize);
    if unless_dash(text, place).is_null() {
        return (TextSpan::NULL, TextSpan::NULL);
    }
    let Some(colon) = memchr::memrchr(b':', &text[start..end]) else {
        return (place, TextSpan::NULL);
    };
    let address = match &text[start..start + colon] {
        [b'[', .., b']'] => TextSpan::new(start + 1, start + colon - 1),
        _ => TextSpan::new(start, start + colon),
    };
    let port = TextSpan::new(start + colon + 1, end);
    (address, unless_empty(text, port))
}

/// Splits a request into method, path and protocol; a request without these parts becomes the path, or null if it is
/// `-`.
pub(super) fn request_parts(text: &[u8], place: TextSpan) -> [TextSpan; 3] {
    let (start, end) = (place.start as usize, (place.start + place.len) as usize);
    match request(text, start, end) {
        Some((first, last)) => {
            [TextSpan::new(start, first), TextSpan::new(first + 1, last), TextSpan::new(last + 1, end)]
        }
        None => [TextSpan::NULL, unless_empty(text, place), TextSpan::NULL],
    }
}

/// Returns the quote that closes the one at `open`: the next one that is not escaped.
pub(super) fn closing_quote(text: &[u8], open: usize) -> Option<usize> {
    let mut from = open + 1;
    loop {
        let quote = from + memchr(b'"', &text[from..])?;
        let backslashes = text[open + 1..quote].iter().rev().take_while(|byte| **byte == b'\\').count();
        if backslashes % 2 == 0 {
            return Some(quote);
        }
        from = quote + 1;
    }
}

/// Returns the two blanks of a request, `GET /path HTTP/1.1`: other blanks belong to the path. `None` without a method
/// and a protocol: then it is arbitrary text from a client.
#[inline]
pub(super) fn request(text: &[u8], start: usize, end: usize) -> Option<(usize, usize)> {
    const PROTOCOL: &[u8; 5] = b"HTTP/";
    let request = &text[start..end];
    let is_of_method = |byte: &u8| matches!(byte, b'!'..=b'~') && *byte != b'\\';
    let first = request.iter().position(|byte| !is_of_method(byte))?;
    if request[first] != b' ' {
        return None;
    }
    // Nearly always `HTTP/1.1`.
    let last = match request.len().checked_sub(9) {
        Some(last) if request[last] == b' ' && request[last + 1..].starts_with(PROTOCOL) => last,
        _ => {
            let last = memchr::memrchr(b' ', request)?;
            let is_three = memchr(b' ', &request[first + 1..])? + first + 1 == last;
            let protocol = &request[last + 1..];
            let has_protocol = protocol.starts_with(PROTOCOL) || is_three && is_protocol(protocol);
            has_protocol.then_some(last)?
        }
    };
    (first > 0 && first < last).then_some((start + first, start + last))
}

/// True if a word is a name and a version: `SIP/2.0`.
fn is_protocol(word: &[u8]) -> bool {
    let Some(slash) = memchr(b'/', word) else {
        return false;
    };
    let (name, version) = (&word[..slash], &word[slash + 1..]);
    !name.is_empty() && name.iter().all(u8::is_ascii_alphanumeric) && version.first().is_some_and(u8::is_ascii_digit)
}
