//! Detects from the first record whether a source has JSON values that are not one per line.
//!
//! Lines are preferred, because they are read by ranges on all threads. So a banner, a whole object alone on its line,
//! and a single broken line all mean lines; a list, an object over several lines, and one followed by others on the
//! same line mean values.

use crate::data::json::{is_json_scalar, skip_json, skip_white};

/// Decides from the first bytes of a source (at most `limit_bytes`) whether its values are independent of lines; `None`
/// if more bytes are needed. `ended`: no more bytes follow. More bytes never change an answer.
pub fn has_json_values(bytes: &[u8], limit_bytes: usize, ended: bool) -> Option<bool> {
    let window = &bytes[..bytes.len().min(limit_bytes.saturating_add(1))];
    let is_all = ended || bytes.len() > limit_bytes;
    let start = skip_white(window, 0);
    let rest = &window[start..];
    match rest.first() {
        None => is_all.then_some(false),
        Some(b'[') => list(rest, is_all),
        Some(b'{') => object(rest, is_all, ended && bytes.len() == window.len()),
        Some(_) => Some(false),
    }
}

/// Distinguishes a list from a line that only begins like one: `[2026-03-01 10:00:00] …`, `[12.345] …`, `[info] …`.
fn list(bytes: &[u8], is_all: bool) -> Option<bool> {
    let at = skip_blanks(bytes, 1);
    match bytes.get(at) {
        None => is_all.then_some(true),
        Some(b'{' | b'[' | b'"' | b'\n' | b'\r') => Some(true),
        Some(b']') => end_of_list(bytes, at + 1, is_all),
        Some(_) => {
            let is_of_scalar = |byte: &&u8| byte.is_ascii_alphanumeric() || b"+-.".contains(byte);
            let end = at + bytes[at..].iter().take_while(is_of_scalar).count();
            if end == bytes.len() && !is_all {
                return None;
            }
            if !is_json_scalar(&bytes[at..end]) {
                return Some(false);
            }
            let next = skip_blanks(bytes, end);
            match bytes.get(next) {
                None => is_all.then_some(true),
                Some(b',' | b'\n' | b'\r') => Some(true),
                Some(b']') => end_of_list(bytes, next + 1, is_all),
                Some(_) => Some(false),
            }
        }
    }
}

/// Decides by the bytes after the end of a list.
fn end_of_list(bytes: &[u8], at: usize, is_all: bool) -> Option<bool> {
    match bytes.get(skip_blanks(bytes, at)) {
        None => is_all.then_some(true),
        Some(b'\n' | b'\r' | b'{' | b'[') => Some(true),
        Some(_) => Some(false),
    }
}

/// Decides whether an object is alone on its line, broken there, or neither. `is_last`: no byte follows these.
fn object(bytes: &[u8], is_all: bool, is_last: bool) -> Option<bool> {
    let newline = memchr::memchr(b'\n', bytes);
    let line = &bytes[..newline.unwrap_or(bytes.len())];
    let is_line = newline.is_some() || is_last;
    match skip_json(line, 0) {
        Ok(end) => match line.get(skip_blanks(line, end)) {
            Some(b'\r') | None => (is_line || is_all).then_some(false),
            Some(b'{' | b'[') => Some(true),
            Some(_) => Some(false),
        },
        Err(_) if !is_line => is_all.then_some(true), // longer than a record may be
        Err(error) => {
            if newline.is_none() || skip_white(line, error.at) < line.len() {
                return Some(false);
            }
            let goes_on = skip_white(bytes, line.len()) < bytes.len();
            (goes_on || is_all).then_some(goes_on || !is_last)
        }
    }
}

fn skip_blanks(bytes: &[u8], at: usize) -> usize {
    let blank = |byte: &&u8| matches!(byte, b' ' | b'\t');
    at + bytes[at..].iter().take_while(blank).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    const VALUES: &[&str] = &[
        "[{\"a\":1}]",
        "\n  [\n {",
        "[]\n{\"a\":1}",
        "[]",
        "[1, 2",
        "[1]\n",
        "[",
        "{\"a\":1}{\"a\":2}",
        "{\"a\":1} {\"a\":2}\n",
        "{\"a\":1} [",
        "{\n  \"a\": 1\n}\n",
        "{\"a\":\n1}",
        "{\"a\":1,\r\n\"b\":2}",
        "{\"a\":1\n{\"a\":2}\n",
    ];

    const LINES: &[&str] = &[
        "",
        "\n\n",
        "{\"a\":1}",
        "{\"a\":1}\n{\"a\":2}\n",
        " {\"a\":1} \r\n[",
        "{\"a\":1}, \n{\"a\":2}",
        "{\"a\":1",
        "{\"a\":1,\n\n",
        "{\"a\":,}\n{\"a\":1}\n",
        "{\"a\":\"x\n{\"a\":1}\n",
        "{a: 1,\n b: 2}\n",
        "banner\n[\n",
        "[2026-03-01 10:00:00] x\n",
        "[12.345] x\n",
        "[info] x\n",
        "[true] x\n",
        "[] x\n",
        "[ 0.5] x\n",
    ];

    #[test]
    fn the_first_record_tells() {
        for text in VALUES {
            assert_eq!(has_json_values(text.as_bytes(), 1000, true), Some(true), "{text}");
        }
        for text in LINES {
            assert_eq!(has_json_values(text.as_bytes(), 1000, true), Some(false), "{text}");
        }
    }

    #[test]
    fn more_bytes_never_change_the_answer() {
        for text in VALUES.iter().chain(LINES) {
            for limit in 0..text.len() + 2 {
                let all = has_json_values(text.as_bytes(), limit, true).expect("all is known");
                for known in 0..text.len() {
                    let told = has_json_values(&text.as_bytes()[..known], limit, false);
                    assert!(told.is_none_or(|told| told == all), "{text} {limit} {known}");
                }
            }
        }
    }

    #[test]
    fn an_object_longer_than_a_record_may_be_has_no_line() {
        let long = format!("{{\"a\":\"{}", "x".repeat(100));
        assert_eq!(has_json_values(long.as_bytes(), 50, false), Some(true));
        assert_eq!(has_json_values(long.as_bytes(), 200, false), None);
    }
}
