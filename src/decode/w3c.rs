//! Rows of the W3C extended log format, as IIS and CloudFront write them (Hallam-Baker and Behlendorf, Extended Log
//! File Format, W3C working draft WD-logfile-960323).
//!
//! Fields are separated by blanks or tabs, and quoted strings may contain both. If a row has tabs, blanks may be part
//! of a field: both readings are tried, and the one with the right number of fields is used.

use memchr::memchr;

use super::separator::{DelimitedField, quoted};

/// The start of the line that names the fields.
pub const DIRECTIVE: &[u8] = b"#Fields:";

/// The value that stands for no value.
pub(super) const NOTHING: &[u8] = b"-";

/// Appends the fields of a row that should have `expected` fields.
pub(super) fn fields(row: &[u8], expected: usize, fields: &mut Vec<DelimitedField>) {
    if memchr(b'\t', row).is_some() {
        by_tabs(row, fields);
        if fields.len() == expected {
            return;
        }
        fields.clear();
    }
    by_white_space(row, fields);
}

fn by_tabs(row: &[u8], fields: &mut Vec<DelimitedField>) {
    let mut at = 0;
    loop {
        if let Some((field, end)) = quoted(row, at)
            && row.get(end).is_none_or(|byte| *byte == b'\t')
        {
            fields.push(field);
            at = end;
        } else {
            let end = memchr(b'\t', &row[at..]).map_or(row.len(), |length| at + length);
            fields.push(plain(at, end));
            at = end;
        }
        if at == row.len() {
            return;
        }
        at += 1;
    }
}

fn by_white_space(row: &[u8], fields: &mut Vec<DelimitedField>) {
    let is_white = |byte: &u8| matches!(byte, b' ' | b'\t');
    let run = |at: usize, white: bool| {
        let found = row[at..].iter().position(|byte| is_white(byte) != white);
        found.map_or(row.len(), |length| at + length)
    };
    let mut at = run(0, true);
    while at < row.len() {
        match quoted(row, at) {
            Some((field, end)) if row.get(end).is_none_or(is_white) => {
                fields.push(field);
                at = end;
            }
            _ => {
                let end = run(at, false);
                fields.push(plain(at, end));
                at = end;
            }
        }
        at = run(at, true);
    }
}

fn plain(start: usize, end: usize) -> DelimitedField {
    DelimitedField { start, end, is_changed: false }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(row: &str, expected: usize) -> Vec<&str> {
        let mut fields = Vec::new();
        super::fields(row.as_bytes(), expected, &mut fields);
        let text = |field: &DelimitedField| &row[field.start..field.end];
        fields.iter().map(text).collect()
    }

    #[test]
    fn blanks_or_tabs() {
        assert_eq!(texts("a  b\t-", 3), ["a", "b", "-"]);
        assert_eq!(texts("a\tb c\td", 3), ["a", "b c", "d"]);
        assert_eq!(texts("a\t\td", 3), ["a", "", "d"]);
        assert_eq!(texts(" a b ", 2), ["a", "b"]);
        assert_eq!(texts("\t", 2), ["", ""]);
        assert_eq!(texts("a\t", 2), ["a", ""]);
    }

    #[test]
    fn strings_in_quotes() {
        assert_eq!(texts("\"a b\" c", 2), ["a b", "c"]);
        assert_eq!(texts("\"a \"\"b\"\"\"\t\"c\"", 2), ["a \"\"b\"\"", "c"]);
        assert_eq!(texts("\"a b", 2), ["\"a", "b"]);
        assert_eq!(texts("\"a\"b c", 2), ["\"a\"b", "c"]);
    }
}
