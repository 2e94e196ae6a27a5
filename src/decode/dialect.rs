//! How rows of separated fields are written: the end of a field, its text, the names of columns.

use memchr::memchr;

use super::separator::{DelimitedField, Separator};
use super::w3c;
use crate::data::BYTE_ORDER_MARK;

/// The syntax of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// A field in quotes may hold the separator, line ends and, doubled, quotes.
    Csv {
        /// The byte between fields.
        separator: u8,
    },
    /// Separated by tabs; a field may have the escapes `\t`, `\n`, `\r` and `\\`.
    Tsv,
    /// Like csv, with a text or a pattern between fields.
    Separated(&'static Separator),
    /// The extended log format of the W3C.
    W3c,
}

impl Dialect {
    /// Returns the byte between fields, if the separator is one byte.
    pub(super) fn separator(self) -> Option<u8> {
        match self {
            Dialect::Csv { separator } => Some(separator),
            Dialect::Tsv => Some(b'\t'),
            Dialect::Separated(_) | Dialect::W3c => None,
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Dialect::Csv { .. } | Dialect::Separated(_) => "csv",
            Dialect::Tsv => "tsv",
            Dialect::W3c => "w3c",
        }
    }

    /// Returns the byte that a field contains if it is more than the bytes between two separators.
    pub(super) fn mark(self) -> u8 {
        match self {
            Dialect::Csv { .. } | Dialect::Separated(_) | Dialect::W3c => b'"',
            Dialect::Tsv => b'\\',
        }
    }

    /// True if a line is not a record: white space without a separator. In w3c, neither are lines that begin with `#`.
    #[inline]
    pub(super) fn is_no_record(self, line: &[u8]) -> bool {
        match line.first() {
            Some(b'#') => self == Dialect::W3c,
            Some(first) if *first > b' ' => false,
            _ => self.is_blank(line),
        }
    }

    #[cold]
    fn is_blank(self, line: &[u8]) -> bool {
        let separator = self.separator();
        line.iter().all(|byte| matches!(byte, b' ' | b'\t'..=b'\r') && Some(*byte) != separator)
    }

    /// Returns the field at an offset of a row with a one-byte separator, and its end; the next field begins one byte
    /// later.
    pub(super) fn field(self, row: &[u8], at: usize) -> Result<(DelimitedField, usize), String> {
        let separator = self.separator().unwrap_or(b',');
        if let (Dialect::Csv { .. }, Some(b'"')) = (self, row.get(at)) {
            return quoted(row, at, separator);
        }
        let end = memchr(separator, &row[at..]).map_or(row.len(), |length| at + length);
        let is_changed = self == Dialect::Tsv && memchr(b'\\', &row[at..end]).is_some();
        let field = DelimitedField { start: at, end, is_changed };
        Ok((field, end))
    }

    /// Returns the text of a field.
    pub(super) fn text(self, row: &[u8], field: DelimitedField) -> Vec<u8> {
        let written = &row[field.start..field.end];
        match self {
            _ if !field.is_changed => written.to_vec(),
            Dialect::Csv { .. } | Dialect::Separated(_) | Dialect::W3c => without_doubled_quotes(written),
            Dialect::Tsv => without_escapes(written),
        }
    }

    /// Returns a field as written, with its quotes.
    pub(super) fn written(self, row: &[u8], field: DelimitedField) -> &[u8] {
        let is_quoted = field.start > 0
            && self != Dialect::Tsv
            && row[field.start - 1] == b'"'
            && row.get(field.end) == Some(&b'"');
        match is_quoted {
            true => &row[field.start - 1..=field.end],
            false => &row[field.start..field.end],
        }
    }

    /// Appends the separator.
    pub(super) fn write_separator(self, out: &mut Vec<u8>) {
        match self {
            Dialect::Csv { separator } => out.push(separator),
            Dialect::Tsv => out.push(b'\t'),
            Dialect::Separated(separator) => {
                out.extend_from_slice(separator.as_text().unwrap_or(b" "));
            }
            Dialect::W3c => out.push(b' '),
        }
    }

    /// Appends all fields of a row, at most `limit` if the last one takes the rest.
    pub(super) fn fields(self, row: &[u8], limit: usize, fields: &mut Vec<DelimitedField>) -> Result<(), String> {
        fields.clear();
        match self {
            Dialect::Separated(separator) => separator.fields(row, limit, fields),
            Dialect::W3c => w3c::fields(row, limit, fields),
            Dialect::Csv { .. } | Dialect::Tsv => {
                let mut at = 0;
                while at <= row.len() {
                    let (field, end) = self.field(row, at)?;
                    fields.push(field);
                    at = end + 1;
                }
            }
        }
        Ok(())
    }

    /// Returns the names of the columns in a header.
    pub(super) fn names(self, header: &[u8]) -> Result<Vec<Vec<u8>>, String> {
        let header = header.strip_prefix(BYTE_ORDER_MARK).unwrap_or(header);
        let header = match self {
            Dialect::W3c => header.strip_prefix(w3c::DIRECTIVE).unwrap_or(header),
            _ => header,
        };
        let mut fields = Vec::new();
        self.fields(header, usize::MAX, &mut fields)
            .map_err(|reason| format!("{}: in the header, {reason}", self.name()))?;
        if let (Dialect::Separated(separator), Some(last)) = (self, fields.last())
            && separator.is_wide
            && fields.len() > 1
            && last.start == header.len()
        {
            fields.pop(); // programs that align columns write blanks after the last one
        }
        let names = fields.iter().map(|field| self.text(header, *field));
        Ok(distinct(names.collect()))
    }
}

/// Returns a quoted field that opens at `at`.
fn quoted(row: &[u8], at: usize, separator: u8) -> Result<(DelimitedField, usize), String> {
    let start = at + 1;
    let mut from = start;
    let mut is_changed = false;
    loop {
        let Some(quote) = memchr(b'"', &row[from..]).map(|length| from + length) else {
            return Err(format!("the quote at byte {} is not closed", at + 1));
        };
        match row.get(quote + 1) {
            Some(b'"') => {
                from = quote + 2;
                is_changed = true;
            }
            Some(&next) if next != separator => {
                return Err(format!(
                    "expected '{}' after the closing quote at byte {}",
                    separator.escape_ascii(),
                    quote + 1
                ));
            }
            _ => {
                let end = quote;
                let field = DelimitedField { start, end, is_changed };
                return Ok((field, quote + 1));
            }
        }
    }
}

fn without_doubled_quotes(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(quote) = memchr(b'"', rest) {
        out.extend_from_slice(&rest[..=quote]);
        rest = rest.get(quote + 2..).unwrap_or_default();
    }
    out.extend_from_slice(rest);
    out
}

/// A backslash before any other byte is kept.
fn without_escapes(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(backslash) = memchr(b'\\', rest) {
        out.extend_from_slice(&rest[..backslash]);
        let meant = match rest.get(backslash + 1) {
            Some(b't') => b'\t',
            Some(b'n') => b'\n',
            Some(b'r') => b'\r',
            Some(b'\\') => b'\\',
            _ => {
                out.push(b'\\');
                rest = &rest[backslash + 1..];
                continue;
            }
        };
        out.push(meant);
        rest = &rest[backslash + 2..];
    }
    out.extend_from_slice(rest);
    out
}

/// Makes the names of columns unique: an unnamed column is named by its number, and repeated names are numbered: `a`,
/// `a_2`, `a_3`.
fn distinct(names: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    let mut taken: std::collections::HashSet<Vec<u8>> = names.iter().cloned().collect();
    let mut seen = std::collections::HashSet::new();
    let mut column = 0;
    let distinct = |name: Vec<u8>| {
        column += 1;
        let name = if name.is_empty() { column.to_string().into_bytes() } else { name };
        if seen.insert(name.clone()) {
            return name;
        }
        let numbered = (2..)
            .map(|number: usize| [&name[..], format!("_{number}").as_bytes()].concat())
            .find(|numbered| taken.insert(numbered.clone()))
            .expect("there are more numbers than columns");
        seen.insert(numbered.clone());
        numbered
    };
    names.into_iter().map(distinct).collect()
}
