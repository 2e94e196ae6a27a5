//! JSON values, wherever they end: every top-level value is a record, and so is every element of a top-level list.
//!
//! A record is written as one line: the text of the value without white space between tokens. Only the structure is
//! checked, as for lines; the decoder reads the content. A newline in a string is an error, so an unclosed string never
//! swallows the lines after it.
//!
//! An error rejects the part of the value read so far and what follows, up to the next line that begins with `{` or
//! `[`. In a list that line may be indented, up to the indentation of the broken element itself: values within the
//! element are indented further.

use memchr::{memchr, memchr3};

use super::{Ending, Regrouped, keep};
use crate::data::json::{MAX_NESTING, is_json_scalar};

/// Finds the values of a source.
#[derive(Debug)]
pub struct JsonValues {
    limit_bytes: usize,
    /// The line where the top-level list begins, if within one.
    list: Option<u64>,
    /// An element of the list was broken: it is unknown whether the list continues.
    is_list_uncertain: bool,
    /// Levels of nesting in the current record, one bit each: whether it is an object.
    objects: u128,
    depth: usize,
    next: ExpectedToken,
    token: Token,
    /// The record is too long: it was rejected already and its bytes are dropped.
    is_overlong: bool,
    /// The line where the record begins, and the number of bytes before it in that line.
    record_line: u64,
    record_column: u64,
    /// The number of the current line, from 1, the number of its bytes read, and whether all of them were white space.
    line: u64,
    column: u64,
    is_blank: bool,
    /// White space came before the current byte; it is not part of the record's text.
    is_after_white: bool,
    broken: Option<Broken>,
}

/// The tokens that may come next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ExpectedToken {
    /// A value.
    Value,
    /// An element or a name; or the end, as it is empty so far.
    First,
    /// An element or a name.
    Item,
    /// `:`
    Colon,
    /// A comma or the end.
    Separator,
    /// An element, a comma or the end: after an error.
    Anything,
}

/// The token of the last byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token {
    None,
    /// A string; whether it is a name, and whether the next byte is escaped.
    String {
        is_name: bool,
        escaped: bool,
    },
    /// A number or word.
    Scalar,
}

/// A value with an error, while the bytes after it are skipped.
#[derive(Debug)]
struct Broken {
    text: Vec<u8>,
    reason: String,
    /// The maximum indentation of a value that begins the next record.
    indent: u64,
    /// It was already rejected as too long.
    is_counted: bool,
}

impl JsonValues {
    pub(super) fn new(limit_bytes: usize) -> Self {
        JsonValues {
            limit_bytes,
            list: None,
            is_list_uncertain: false,
            objects: 0,
            depth: 0,
            next: ExpectedToken::Value,
            token: Token::None,
            is_overlong: false,
            record_line: 1,
            record_column: 0,
            line: 1,
            column: 0,
            is_blank: true,
            is_after_white: false,
            broken: None,
        }
    }

    /// True if a record has begun.
    fn is_open(&self) -> bool {
        self.depth > 0 || self.token != Token::None
    }

    /// True within a record, a list, or the bytes after an error.
    pub(super) fn is_unfinished(&self) -> bool {
        self.is_open() || self.list.is_some() || self.broken.is_some()
    }

    /// Takes the next bytes.
    pub(super) fn push(&mut self, bytes: &[u8], out: &mut Regrouped) {
        let mut at = 0;
        while at < bytes.len() {
            at = if self.broken.is_some() {
                self.skip(bytes, at, out)
            } else {
                match self.token {
                    Token::None => self.between_tokens(bytes, at, out),
                    Token::String { is_name, escaped } => self.in_string(bytes, at, is_name, escaped, out),
                    Token::Scalar => self.in_scalar(bytes, at, out),
                }
            };
        }
    }

    /// Handles a byte between tokens.
    fn between_tokens(&mut self, bytes: &[u8], at: usize, out: &mut Regrouped) -> usize {
        let byte = bytes[at];
        match byte {
            b'\n' => {
                self.end_line();
                return at + 1;
            }
            b' ' | b'\t' | b'\r' => {
                self.column += 1;
                self.is_after_white = true;
                return at + 1;
            }
            _ => {}
        }
        let in_object = self.depth > 0 && self.objects & 1 == 1;
        match (byte, self.next) {
            (b',', ExpectedToken::Separator | ExpectedToken::Anything) => self.next = ExpectedToken::Item,
            (b'}', ExpectedToken::First | ExpectedToken::Separator) if in_object => {
                return self.end_nested(at, byte, out);
            }
            (b']', ExpectedToken::First | ExpectedToken::Separator) if self.depth > 0 && !in_object => {
                return self.end_nested(at, byte, out);
            }
            (b']', ExpectedToken::First | ExpectedToken::Separator | ExpectedToken::Anything)
                if self.depth == 0 && self.list.is_some() =>
            {
                (self.list, self.is_list_uncertain, self.next) = (None, false, ExpectedToken::Value);
                return self.pass(at);
            }
            (b':', ExpectedToken::Colon) => self.next = ExpectedToken::Value,
            (b'"', ExpectedToken::First | ExpectedToken::Item) if in_object => {
                return self.begin_string(at, true, out);
            }
            (_, ExpectedToken::First | ExpectedToken::Item) if in_object => {
                return self.fail("'\"' at the start of a name", at, byte, out);
            }
            (_, ExpectedToken::Value | ExpectedToken::First | ExpectedToken::Item | ExpectedToken::Anything) => {
                return self.begin_value(at, byte, out);
            }
            (_, ExpectedToken::Colon) => return self.fail("':' after a name", at, byte, out),
            (_, ExpectedToken::Separator) if in_object => {
                return self.fail("',' or '}'", at, byte, out);
            }
            (_, ExpectedToken::Separator) => return self.fail("',' or ']'", at, byte, out),
        }
        if self.depth > 0 {
            self.put(&[byte], out);
        } else if self.is_list_uncertain {
            self.next = ExpectedToken::Anything;
        }
        self.pass(at)
    }

    fn begin_value(&mut self, at: usize, byte: u8, out: &mut Regrouped) -> usize {
        if byte == b'[' && self.depth == 0 && self.list.is_none() {
            (self.list, self.next) = (Some(self.line), ExpectedToken::First);
            return self.pass(at);
        }
        if self.depth == 0 {
            (self.record_line, self.record_column) = (self.line, self.column);
        }
        match byte {
            b'{' | b'[' if self.depth == MAX_NESTING => self.fail("at most 128 levels of nesting", at, byte, out),
            b'{' | b'[' => {
                self.objects = self.objects << 1 | u128::from(byte == b'{');
                (self.depth, self.next) = (self.depth + 1, ExpectedToken::First);
                self.put(&[byte], out);
                self.pass(at)
            }
            b'"' => self.begin_string(at, false, out),
            b'0'..=b'9' | b'-' | b't' | b'f' | b'n' => {
                self.token = Token::Scalar;
                at // its bytes are read together
            }
            _ => self.fail("a value", at, byte, out),
        }
    }

    fn begin_string(&mut self, at: usize, is_name: bool, out: &mut Regrouped) -> usize {
        self.put(b"\"", out);
        self.token = Token::String { is_name, escaped: false };
        self.pass(at)
    }

    /// Reads the available rest of a string.
    fn in_string(&mut self, bytes: &[u8], at: usize, is_name: bool, escaped: bool, out: &mut Regrouped) -> usize {
        let rest = &bytes[at..];
        if escaped && rest[0] != b'\n' {
            self.put(&rest[..1], out);
            self.token = Token::String { is_name, escaped: false };
            return self.pass(at);
        }
        let Some(found) = memchr3(b'"', b'\\', b'\n', rest) else {
            self.put(rest, out);
            self.column += rest.len() as u64;
            return bytes.len();
        };
        self.put(&rest[..found], out);
        self.column += found as u64;
        match rest[found] {
            b'\n' => self.fail("'\"' at the end of a string", at + found, b'\n', out),
            b'\\' => {
                self.put(b"\\", out);
                self.token = Token::String { is_name, escaped: true };
                self.pass(at + found)
            }
            _ => {
                self.put(b"\"", out);
                self.token = Token::None;
                let end = self.pass(at + found);
                if is_name {
                    self.next = ExpectedToken::Colon;
                } else {
                    self.end_value(out);
                }
                end
            }
        }
    }

    /// Reads the available rest of a number or word.
    fn in_scalar(&mut self, bytes: &[u8], at: usize, out: &mut Regrouped) -> usize {
        let is_of_scalar = |byte: &&u8| matches!(byte, b'0'..=b'9' | b'a'..=b'z' | b'-' | b'+' | b'.' | b'E');
        let len = bytes[at..].iter().take_while(is_of_scalar).count();
        self.put(&bytes[at..at + len], out);
        if len > 0 {
            self.column += len as u64;
            (self.is_blank, self.is_after_white) = (false, false);
        }
        let end = at + len;
        if end == bytes.len() {
            return end;
        }
        self.token = Token::None;
        if self.depth == 0 && !self.is_overlong && !is_json_scalar(out.open()) {
            self.token = Token::Scalar; // the record is open
            return self.fail("a value", end, bytes[end], out);
        }
        self.end_value(out);
        end
    }

    /// Ends a list or object of the record.
    fn end_nested(&mut self, at: usize, byte: u8, out: &mut Regrouped) -> usize {
        self.put(&[byte], out);
        self.objects >>= 1;
        self.depth -= 1;
        let end = self.pass(at);
        self.end_value(out);
        end
    }

    /// Ends a value, and perhaps the record.
    fn end_value(&mut self, out: &mut Regrouped) {
        if self.depth > 0 {
            self.next = ExpectedToken::Separator;
            return;
        }
        self.next = match (self.list, self.is_list_uncertain) {
            (None, _) => ExpectedToken::Value,
            (Some(_), false) => ExpectedToken::Separator,
            (Some(_), true) => ExpectedToken::Anything,
        };
        if std::mem::take(&mut self.is_overlong) {
            return;
        }
        out.bytes.push(b'\n');
        out.close();
    }

    /// Consumes a byte other than white space; returns the next offset.
    fn pass(&mut self, at: usize) -> usize {
        self.column += 1;
        (self.is_blank, self.is_after_white) = (false, false);
        at + 1
    }

    fn end_line(&mut self) {
        self.line += 1;
        (self.column, self.is_blank, self.is_after_white) = (0, true, true);
    }

    /// Appends to the record, unless it is too long.
    fn put(&mut self, bytes: &[u8], out: &mut Regrouped) {
        if self.is_overlong {
            return;
        }
        out.bytes.extend_from_slice(bytes);
        if out.open().len() > self.limit_bytes {
            self.is_overlong = true;
            out.drop_open();
            let limit = self.limit_bytes;
            let line = self.record_line;
            let reason = format!("the value at line {line} is longer than {limit} bytes, see --max-line");
            out.reject(Vec::new(), reason);
        }
    }

    /// Handles an error: rejects the record and skips what follows.
    #[cold]
    fn fail(&mut self, expected: &str, at: usize, byte: u8, out: &mut Regrouped) -> usize {
        let was_open = self.is_open();
        let is_after_white = self.is_after_white && self.token == Token::None;
        let (line, column) = (self.line, self.column + 1);
        let start = if was_open { self.record_column } else { self.column };
        let text = out.open().to_vec();
        out.drop_open();
        self.broken = Some(Broken {
            text,
            reason: format!("json: expected {expected} at line {line}, byte {column}"),
            indent: self.list.map_or(0, |_| start),
            is_counted: std::mem::take(&mut self.is_overlong),
        });
        (self.objects, self.depth, self.token) = (0, 0, Token::None);
        self.is_list_uncertain = self.list.is_some();
        self.next = match self.list {
            Some(_) => ExpectedToken::Anything,
            None => ExpectedToken::Value,
        };
        let is_value = matches!(byte, b'{' | b'[');
        if is_value && (was_open || expected == "',' or ']'") {
            return at; // it may begin the next record
        }
        if byte != b'\n' {
            if let Some(broken) = &mut self.broken {
                // `1 2` must not become `12`.
                if is_after_white && is_of_word(byte) && broken.text.last().is_some_and(|last| is_of_word(*last)) {
                    keep(&mut broken.text, b" ", self.limit_bytes);
                }
                keep(&mut broken.text, &[byte], self.limit_bytes);
            }
            return self.pass(at);
        }
        at
    }

    /// Skips the bytes after an error, up to a line that begins with a value.
    fn skip(&mut self, bytes: &[u8], at: usize, out: &mut Regrouped) -> usize {
        let limit = self.limit_bytes;
        let Some(broken) = &mut self.broken else {
            return at;
        };
        if !self.is_blank {
            let rest = &bytes[at..];
            let Some(newline) = memchr(b'\n', rest) else {
                keep(&mut broken.text, rest, limit);
                self.column += rest.len() as u64;
                return bytes.len();
            };
            keep(&mut broken.text, &rest[..=newline], limit);
            self.end_line();
            return at + newline + 1;
        }
        let byte = bytes[at];
        if matches!(byte, b'{' | b'[') && self.column <= broken.indent {
            if byte == b'[' && self.column == 0 {
                (self.list, self.is_list_uncertain, self.next) = (None, false, ExpectedToken::Value);
            }
            self.reject_broken(out);
            return at;
        }
        keep(&mut broken.text, &[byte], limit);
        match byte {
            b'\n' => {
                self.end_line();
                at + 1
            }
            b' ' | b'\t' | b'\r' => {
                self.column += 1;
                at + 1
            }
            _ => self.pass(at),
        }
    }

    fn reject_broken(&mut self, out: &mut Regrouped) {
        if let Some(broken) = self.broken.take()
            && !broken.is_counted
        {
            let text = broken.text.trim_ascii().to_vec();
            out.reject(text, broken.reason);
        }
    }

    /// Ends the source.
    pub(super) fn finish(&mut self, ending: Ending, out: &mut Regrouped) {
        if self.broken.is_some() {
            self.reject_broken(out);
        } else if self.token == Token::Scalar
            && self.depth == 0
            && self.list.is_none()
            && ending == Ending::Whole
            && (self.is_overlong || is_json_scalar(out.open()))
        {
            self.end_value(out);
        } else if self.is_open() {
            let text = out.open().to_vec();
            out.drop_open();
            if !self.is_overlong {
                let line = self.record_line;
                out.reject(text, format!("json: the value at line {line} has no end"));
            }
        } else if let (Some(line), false, Ending::Whole) = (self.list, self.is_list_uncertain, ending) {
            let reason = format!("json: the list that begins at line {line} has no end");
            out.reject(Vec::new(), reason);
        }
        *self = JsonValues::new(self.limit_bytes);
    }
}

/// True if two such bytes in a row would be one token.
fn is_of_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.')
}
