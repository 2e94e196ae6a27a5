//! Finds what log lines of one kind have in common: varying parts become placeholders, the rest stays.
//!
//! One pass from left to right, which goes back over no more than the few bytes of an address. A line is split into
//! words (letters and digits) and the text between them. A word that begins a time, an address, a UUID, a hexadecimal
//! or plain number becomes a placeholder together with what belongs to it; quoted text becomes one as a whole, except
//! the names of JSON members. A word of letters stays. In a word of letters and digits, the digits are replaced
//! (`eth0`, `worker12`), unless they alternate so often that it must be an id (`x7k2p`).
//!
//! This is the masking step of log parsers such as Drain (He et al., 2017), without their tree: a pattern is a function
//! of the line alone, so every thread and every run gives the same one.
//!
//! `words` starts most placeholders; `number`, `address` and `quoted` extend them; `classes` classifies bytes.

mod address;
mod classes;
mod number;
mod placeholders;
mod quoted;
#[cfg(test)]
mod tests;
mod words;

use classes::{DIGIT, SPECIAL, WORD, class};
use placeholders::{IP, STR};

/// Appends the pattern of a line.
pub(super) fn write_pattern(line: &[u8], out: &mut Vec<u8>) {
    let mut writer = Writer { line, at: 0, start: out.len(), out, double_quotes_end: false, single_quotes_end: false };
    while writer.at < line.len() {
        if class(line, writer.at) & WORD != 0 {
            writer.word();
        } else {
            writer.between();
        }
    }
}

/// The pattern of a line while it is written.
struct Writer<'l, 'o> {
    line: &'l [u8],
    /// The next byte to read.
    at: usize,
    out: &'o mut Vec<u8>,
    /// The length of `out` before this line.
    start: usize,
    /// There is no closing quote after this position, so that none is searched for twice.
    double_quotes_end: bool,
    single_quotes_end: bool,
}

impl Writer<'_, '_> {
    /// Replaces everything up to `end`.
    #[inline]
    fn replace(&mut self, placeholder: &[u8], end: usize) {
        self.out.extend_from_slice(placeholder);
        self.at = end;
    }

    /// Keeps everything up to `end`.
    #[inline]
    fn keep(&mut self, end: usize) {
        self.out.extend_from_slice(&self.line[self.at..end]);
        self.at = end;
    }

    /// Returns the byte before the next one.
    #[inline]
    fn before(&self) -> Option<u8> {
        self.at.checked_sub(1).map(|at| self.line[at])
    }

    /// True if the byte before belongs to a word.
    #[inline]
    fn is_behind_word(&self) -> bool {
        self.at > 0 && class(self.line, self.at - 1) & WORD != 0
    }

    /// Copies the text between words, up to the next word or one special byte.
    fn between(&mut self) {
        let mut end = self.at;
        while end < self.line.len() && class(self.line, end) & (WORD | SPECIAL) == 0 {
            end += 1;
        }
        if end > self.at {
            return self.keep(end);
        }
        match self.line[self.at] {
            b' ' | b'\t' => {
                self.out.push(b' ');
                while let Some(b' ' | b'\t') = self.line.get(self.at) {
                    self.at += 1;
                }
            }
            quote @ (b'"' | b'\'') => match self.quoted(quote) {
                Some(end) if self.line.get(end) == Some(&b':') && quote == b'"' => self.keep(end),
                Some(end) => self.replace(STR, end),
                None => self.keep(self.at + 1),
            },
            b'-' | b'+' if class(self.line, self.at + 1) & DIGIT != 0 && !self.is_behind_word() => {
                self.at += 1; // the sign of a number
            }
            b':' if self.line.get(self.at + 1) == Some(&b':') && !self.is_behind_word() => match self.ipv6() {
                Some(end) => self.replace(IP, end),
                None => self.keep(self.at + 2),
            },
            b'@' => self.email(),
            _ => self.keep(self.at + 1),
        }
    }
}
