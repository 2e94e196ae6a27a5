//! `regex /(?<name>…)/`: finds what the groups hold, in all fields and in none.

use bourn::data::Value;
use bourn::decode::regex::{RegexDecoder, group_names};
use regex::bytes::RegexBuilder;

use super::{rows, text_and_bytes};

/// A larger one takes long, and is the crate's to test.
const LIMIT_BYTES: usize = 64 << 10;

/// Takes a regular expression, a NUL and lines.
pub fn check(data: &[u8]) {
    let Some((text, lines)) = text_and_bytes(data) else {
        return;
    };
    let Ok(regex) = RegexBuilder::new(text).size_limit(LIMIT_BYTES).build() else {
        return;
    };
    let names = group_names(&regex);
    let texts = rows::lines(lines);
    let all = rows::decode(&RegexDecoder::new(regex.clone(), &names), &texts);
    let none = rows::decode(&RegexDecoder::new(regex.clone(), &[]), &texts);
    for ((span, all), none) in texts.spans.iter().zip(&all).zip(&none) {
        let found = regex.captures(span.slice(lines)).map(|captures| {
            let value = |name: &String| {
                let found = captures.name(name).map(|found| found.as_bytes().to_vec());
                found.map_or(Value::Null, Value::Text)
            };
            names.iter().map(value).collect::<Vec<_>>()
        });
        assert_eq!(all.as_ref().ok(), found.as_ref());
        assert_eq!(all.as_ref().err(), none.as_ref().err());
    }
}
