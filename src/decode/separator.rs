//! Separators of several characters: a text or a pattern.
//!
//! They separate columns for people, such as the output of `ps aux`: a separator at the start of a line is dropped, and
//! the last column takes the rest of the line. A quoted field may contain separators; a quote that is not closed before
//! a separator is ordinary text.

use memchr::{memchr, memmem};
use regex::bytes::Regex;

/// A text or a pattern between fields.
#[derive(Debug)]
pub struct Separator {
    find: Find,
    /// More than one character: a separator at the start is dropped, and the last column takes the rest.
    pub(super) is_wide: bool,
}

#[derive(Debug)]
enum Find {
    Text(Box<memmem::Finder<'static>>),
    Regex(Regex),
}

impl PartialEq for Separator {
    fn eq(&self, other: &Separator) -> bool {
        match (&self.find, &other.find) {
            (Find::Text(own), Find::Text(other)) => own.needle() == other.needle(),
            (Find::Regex(own), Find::Regex(other)) => own.as_str() == other.as_str(),
            _ => false,
        }
    }
}

impl Eq for Separator {}

impl Separator {
    /// Makes a separator of this text, which is not empty.
    pub fn text(text: &[u8]) -> Separator {
        Separator {
            find: Find::Text(Box::new(memmem::Finder::new(text).into_owned())),
            is_wide: String::from_utf8_lossy(text).chars().count() > 1,
        }
    }

    /// Makes a separator of this pattern, which does not match the empty text.
    pub fn regex(regex: Regex) -> Separator {
        Separator { find: Find::Regex(regex), is_wide: true }
    }

    /// Returns the separator as text, if it is one.
    pub(super) fn as_text(&self) -> Option<&[u8]> {
        match &self.find {
            Find::Text(finder) => Some(finder.needle()),
            Find::Regex(_) => None,
        }
    }

    /// Returns the range of the first separator at or after an offset.
    fn find(&self, row: &[u8], at: usize) -> Option<(usize, usize)> {
        match &self.find {
            Find::Text(finder) => {
                let start = at + finder.find(&row[at..])?;
                Some((start, start + finder.needle().len()))
            }
            Find::Regex(regex) => {
                let mut found = regex.find_at(row, at)?;
                while found.is_empty() {
                    let next = found.end() + 1;
                    found = (next <= row.len()).then(|| regex.find_at(row, next))??;
                }
                Some((found.start(), found.end()))
            }
        }
    }

    /// Appends the fields of a row. Field number `limit` takes the rest if the separator is wide.
    pub(super) fn fields(&self, row: &[u8], limit: usize, fields: &mut Vec<DelimitedField>) {
        let mut at = match self.find(row, 0) {
            Some((0, end)) if self.is_wide => end,
            _ => 0,
        };
        loop {
            let is_rest = self.is_wide && fields.len() + 1 == limit;
            if let Some((field, end)) = quoted(row, at) {
                let next = match end == row.len() {
                    true => None,
                    false => self.find(row, end).filter(|(start, _)| *start == end),
                };
                if end == row.len() || next.is_some() && !is_rest {
                    fields.push(field);
                    match next {
                        Some((_, after)) => at = after,
                        None => return,
                    }
                    continue;
                }
            }
            let found = self.find(row, at).filter(|_| !is_rest);
            fields.push(DelimitedField {
                start: at,
                end: found.map_or(row.len(), |(start, _)| start),
                is_changed: false,
            });
            match found {
                Some((_, after)) => at = after,
                None => return,
            }
        }
    }
}

/// Returns the quoted field at an offset, if there is one, and the offset after its closing quote.
pub(super) fn quoted(row: &[u8], at: usize) -> Option<(DelimitedField, usize)> {
    if row.get(at) != Some(&b'"') {
        return None;
    }
    let start = at + 1;
    let (mut from, mut is_changed) = (start, false);
    loop {
        let end = from + memchr(b'"', &row[from..])?;
        if row.get(end + 1) != Some(&b'"') {
            let field = DelimitedField { start, end, is_changed };
            return Some((field, end + 1));
        }
        (from, is_changed) = (end + 2, true);
    }
}

/// The position of a field in a row, and whether its text has escapes to replace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct DelimitedField {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) is_changed: bool,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn fields(separator: &Separator, row: &str, limit: usize) -> Vec<String> {
        let mut fields = Vec::new();
        separator.fields(row.as_bytes(), limit, &mut fields);
        let text = |field: &DelimitedField| row[field.start..field.end].to_owned();
        fields.iter().map(text).collect()
    }

    fn blanks() -> Separator {
        Separator::regex(Regex::new(" +").expect("a pattern"))
    }

    #[test]
    fn the_last_column_takes_the_rest() {
        let row = "  root   1  0.0 /sbin/init  splash ";
        assert_eq!(fields(&blanks(), row, 4), ["root", "1", "0.0", "/sbin/init  splash "]);
        assert_eq!(fields(&blanks(), "a b", 4), ["a", "b"]);
        let bars = Separator::text(b"||");
        assert_eq!(fields(&bars, "||1||2||3||4", 3), ["1", "2", "3||4"]);
        let one = Separator::text("§".as_bytes());
        assert_eq!(fields(&one, "§1§2§3", 2), ["", "1", "2", "3"]);
    }

    #[test]
    fn quotes_may_hold_separators() {
        assert_eq!(fields(&blanks(), "1 \"a  b\" c", 3), ["1", "a  b", "c"]);
        assert_eq!(fields(&blanks(), "1 \"a b\"", 2), ["1", "a b"]);
        assert_eq!(fields(&blanks(), "1 \"a b\" c", 2), ["1", "\"a b\" c"]);
        assert_eq!(fields(&blanks(), "\"a b", 3), ["\"a", "b"]);
        assert_eq!(fields(&blanks(), "\"a b\"c d", 3), ["\"a", "b\"c", "d"]);
    }

    proptest! {
        #[test]
        fn joined_again_they_are_the_row(parts in prop::collection::vec("[a|]{0,3}", 1..5)) {
            let row = parts.join("||");
            let separator = Separator::text(b"||");
            let found = fields(&separator, &row, usize::MAX).join("||");
            let start = row.strip_prefix("||").unwrap_or(&row);
            prop_assert_eq!(found, start);
        }
    }
}
