//! `regex /(?<name>…)/`: the named groups of the first match.

use regex::bytes::Regex;

use super::typed::{self, FieldColumn, FieldType};
use super::{Decoded, Decoder};
use crate::data::{TextColumn, TextSpan};

/// Reads the wanted groups.
#[derive(Debug)]
pub struct RegexDecoder {
    regex: Regex,
    /// The name and number of each wanted group.
    wanted: Vec<(String, usize)>,
}

/// Returns the named groups of a regular expression, in order.
pub fn group_names(regex: &Regex) -> Vec<String> {
    regex.capture_names().flatten().map(str::to_owned).collect()
}

impl RegexDecoder {
    /// Makes a decoder of the groups with these names.
    pub fn new(regex: Regex, names: &[String]) -> Self {
        let number = |name: &String| regex.capture_names().position(|group| group == Some(name.as_str()));
        let wanted = names.iter().filter_map(|name| Some((name.clone(), number(name)?))).collect();
        RegexDecoder { regex, wanted }
    }
}

impl Decoder for RegexDecoder {
    fn decode<'a>(&self, texts: &TextColumn<'a>) -> Decoded<'a> {
        let rows = texts.spans.len();
        let mut columns: Vec<FieldColumn> =
            self.wanted.iter().map(|(name, _)| FieldColumn::new(name, FieldType::Text, rows)).collect();
        let mut rejected = Vec::new();
        let mut locations = self.regex.capture_locations();
        for (row, span) in texts.spans.iter().enumerate() {
            let text = span.slice(&texts.bytes);
            let is_match = !span.is_null()
                && if self.wanted.is_empty() {
                    self.regex.is_match(text)
                } else {
                    self.regex.captures_read(&mut locations, text).is_some()
                };
            if !is_match {
                rejected.push((row as u32, self.reason()));
                continue;
            }
            let base = span.start as usize;
            for (column, (_, group)) in columns.iter_mut().zip(&self.wanted) {
                let place = locations.get(*group);
                column.spans.push(place.map_or(TextSpan::NULL, |(start, end)| TextSpan::new(base + start, base + end)));
            }
        }
        typed::finish("regex", &texts.bytes, rows, columns, rejected)
    }
}

impl RegexDecoder {
    #[cold]
    fn reason(&self) -> String {
        const MOST: usize = 60;
        let pattern: String = self.regex.as_str().chars().take(MOST).collect();
        let more = if pattern.len() < self.regex.as_str().len() { "…" } else { "" };
        format!("regex: expected a match of /{pattern}{more}/")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::data::{Bytes, ValueRef};

    #[test]
    fn groups_that_took_no_part_are_null() {
        let regex = Regex::new("(?<a>x)|(?<b>y)|z(?<c>.*)").expect("a regular expression");
        let names = ["c".to_owned(), "a".to_owned()];
        let decoded = RegexDecoder::new(regex, &names).decode(&TextColumn {
            bytes: Bytes::Borrowed(b"..zx-xq"),
            spans: vec![TextSpan::new(0, 4), TextSpan::new(4, 6), TextSpan::new(6, 7)],
        });
        assert_eq!(decoded.columns[0].get(0), ValueRef::Text(b"x"));
        assert_eq!(decoded.columns[1].get(0), ValueRef::Null);
        assert_eq!(decoded.columns[1].get(1), ValueRef::Text(b"x"));
        assert_eq!(decoded.rejected.len(), 1);
        assert_eq!(decoded.rejected[0].0, 2);
    }

    proptest! {
        #[test]
        fn any_bytes_do(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
            let regex = Regex::new(r"(?<a>\w+) (?<b>[^ ]*)").expect("a regular expression");
            let names = group_names(&regex);
            let decoded = RegexDecoder::new(regex, &names).decode(&TextColumn {
                bytes: Bytes::Borrowed(&bytes),
                spans: vec![TextSpan::new(0, bytes.len())],
            });
            prop_assert_eq!(decoded.columns[0].len() + decoded.rejected.len(), 1);
        }
    }
}
