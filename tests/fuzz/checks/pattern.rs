//! `parse "…{name}…"`: finds what its regular expression finds, in all fields and in fewer.

use bourn::data::Value;
use bourn::decode::pattern::{LinePattern, PatternDecoder};
use regex::bytes::Regex;

use super::{rows, text_and_bytes};

/// Takes a pattern, a NUL and lines.
pub fn check(data: &[u8]) {
    let Some((text, lines)) = text_and_bytes(data) else {
        return;
    };
    let pattern = match LinePattern::new(text.as_bytes()) {
        Ok(pattern) => pattern,
        Err(error) => {
            assert!(error.place.start <= error.place.end && error.place.end <= text.len());
            assert!(!error.message.is_empty() && !error.help.is_empty());
            return;
        }
    };
    let names = pattern.names();
    let texts = rows::lines(lines);
    let all = rows::decode(&PatternDecoder::new(pattern.clone(), &names), &texts);
    for (index, name) in names.iter().enumerate().take(4) {
        let decoder = PatternDecoder::new(pattern.clone(), std::slice::from_ref(name));
        let alone = rows::decode(&decoder, &texts);
        for (alone, all) in alone.iter().zip(&all) {
            if let Ok(all) = all {
                assert_eq!(alone.as_ref(), Ok(&vec![all[index].clone()]), "{name}");
            }
        }
    }
    if let Some(regex) = regex(text) {
        for (span, row) in texts.spans.iter().zip(&all) {
            let captures = regex.captures(span.slice(lines));
            let found = captures.map(|captures| {
                let value = |name: &String| {
                    let found = captures.name(name).map(|found| found.as_bytes().to_vec());
                    found.map_or(Value::Null, Value::Text)
                };
                names.iter().map(value).collect::<Vec<_>>()
            });
            assert_eq!(row.as_ref().ok(), found.as_ref(), "{regex}");
        }
    }
}

/// The regular expression that a pattern means, as the manual says it, if its holes are text or words and have names
/// that groups can have.
fn regex(pattern: &str) -> Option<Regex> {
    let mut regex = "(?s-u)".to_owned();
    let bytes = pattern.as_bytes();
    let mut at = 0;
    let mut was_white = false;
    while at < bytes.len() {
        let is_white = bytes[at].is_ascii_whitespace() || bytes[at] == 0x0b;
        match &bytes[at..] {
            _ if is_white => {
                if !was_white {
                    regex.push_str(r"[ \t-\r]+");
                }
                at += 1;
            }
            [b'{', b'{', ..] | [b'}', b'}', ..] => {
                regex.push_str(&format!("\\x{:02x}", bytes[at]));
                at += 2;
            }
            [b'{', ..] => {
                let length = bytes[at..].iter().position(|byte| *byte == b'}')?;
                let inside = pattern.get(at + 1..at + length)?;
                let (name, kind) = inside.split_once(':').unwrap_or((inside, ""));
                let shape = match kind.trim() {
                    "" => ".*",
                    "word" => r"[^ \t-\r]+",
                    _ => return None,
                };
                at += length + 1;
                let shortest = if at < bytes.len() { "?" } else { "" };
                match name.trim() {
                    "_" => regex.push_str(&format!("(?:{shape}{shortest})")),
                    name => regex.push_str(&format!("(?<{name}>{shape}{shortest})")),
                }
            }
            _ => {
                regex.push_str(&format!("\\x{:02x}", bytes[at]));
                at += 1;
            }
        }
        was_white = is_white;
    }
    Regex::new(&regex).ok()
}
