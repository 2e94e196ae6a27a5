//! Text in quotes.

use super::Writer;
use super::classes::is_end;

impl Writer<'_, '_> {
    /// Returns the offset after the quote that closes the one here.
    pub(super) fn quoted(&mut self, quote: u8) -> Option<usize> {
        let opens = match (quote, self.before()) {
            (_, None) => true,
            (b'"', Some(before)) => before != b'\\' && !self.is_behind_word(),
            (_, Some(before)) => b" \t([{<=,:".contains(&before),
        };
        let is_double = quote == b'"';
        if !opens || (is_double && self.double_quotes_end) || (!is_double && self.single_quotes_end) {
            return None;
        }
        let mut from = self.at + 1;
        while let Some(found) = memchr::memchr2(quote, b'\\', &self.line[from..]) {
            let found = from + found;
            if self.line[found] == b'\\' {
                from = (found + 2).min(self.line.len());
            } else if is_double || is_end(self.line, found + 1) {
                return Some(found + 1);
            } else {
                from = found + 1; // an apostrophe
            }
        }
        if is_double {
            self.double_quotes_end = true;
        } else {
            self.single_quotes_end = true;
        }
        None
    }
}
