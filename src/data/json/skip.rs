//! Skips a JSON value: checks its structure but not its content.
//!
//! Most of a record is fields that the expression does not use. A string is skipped 16 bytes at a time up to its quote,
//! a number or word up to the next delimiter, and nesting is kept in one bit per level: no value is made.

use wide::u8x16;

/// A JSON error and its offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JsonError {
    /// The expected token: `a value`, `'"' at the end of a string`.
    pub expected: &'static str,
    /// The byte, from 0.
    pub at: usize,
}

/// The deepest nesting that is accepted.
pub(in crate::data) const MAX_NESTING: usize = 128;

/// Returns the offset of the next byte that is not white space.
#[inline(always)]
pub fn skip_white(bytes: &[u8], mut at: usize) -> usize {
    while let Some(b' ' | b'\t' | b'\n' | b'\r') = bytes.get(at) {
        at += 1;
    }
    at
}

/// Returns the end of the string that opens at `at`: the offset after its closing quote.
#[inline]
pub fn skip_string(bytes: &[u8], at: usize) -> Result<usize, JsonError> {
    skip_quoted(bytes, at).map(|(end, _)| end)
}

/// Like [`skip_string`]; also returns whether the string contains a backslash.
#[inline(always)]
pub fn skip_quoted(bytes: &[u8], at: usize) -> Result<(usize, bool), JsonError> {
    let mut escaped = false;
    let (quotes, backslashes) = (u8x16::splat(b'"'), u8x16::splat(b'\\'));
    let mut next = at + 1;
    loop {
        let Some(window) = bytes.get(next..).and_then(|rest| rest.first_chunk::<16>()) else {
            return skip_string_slowly(bytes, at, next)
                .map(|end| (end, memchr::memchr(b'\\', &bytes[at..end]).is_some()));
        };
        let lane = u8x16::new(*window);
        let hits = (lane.simd_eq(quotes) | lane.simd_eq(backslashes)).to_bitmask();
        if hits == 0 {
            next += 16;
            continue;
        }
        let hit = next + hits.trailing_zeros() as usize;
        if bytes[hit] == b'"' {
            return Ok((hit + 1, escaped));
        }
        escaped = true;
        next = hit + 2;
    }
}

/// Handles the last bytes.
#[cold]
fn skip_string_slowly(bytes: &[u8], at: usize, mut next: usize) -> Result<usize, JsonError> {
    loop {
        match bytes.get(next) {
            Some(b'"') => return Ok(next + 1),
            Some(b'\\') => next += 2,
            Some(_) => next += 1,
            None => {
                return Err(JsonError { expected: "'\"' at the end of a string", at });
            }
        }
    }
}

/// Returns the end of the value that begins at `at`, without leading white space.
#[inline]
pub fn skip_json(bytes: &[u8], at: usize) -> Result<usize, JsonError> {
    match bytes.get(at) {
        Some(b'"') => skip_string(bytes, at),
        Some(b'{' | b'[') => skip_nested(bytes, at),
        _ => skip_scalar(bytes, at),
    }
}

/// Like [`skip_quoted`], in steps of 64 bytes: for strings that are probably longer than 16 bytes, where a loop in
/// short steps would end at a different step each time.
#[inline(always)]
pub fn skip_long_string(bytes: &[u8], at: usize) -> Result<(usize, bool), JsonError> {
    let (quotes, backslashes) = (u8x16::splat(b'"'), u8x16::splat(b'\\'));
    let mut next = at + 1;
    while let Some(window) = bytes.get(next..).and_then(|rest| rest.first_chunk::<64>()) {
        let mut hits = 0u64;
        for (quarter, lane) in window.as_chunks::<16>().0.iter().enumerate() {
            let lane = u8x16::new(*lane);
            let here = (lane.simd_eq(quotes) | lane.simd_eq(backslashes)).to_bitmask();
            hits |= u64::from(here) << (16 * quarter);
        }
        if hits == 0 {
            next += 64;
            continue;
        }
        let hit = next + hits.trailing_zeros() as usize;
        if bytes[hit] == b'"' {
            return Ok((hit + 1, false));
        }
        break;
    }
    skip_quoted(bytes, at)
}

/// Returns the end of a number, `true`, `false` or `null`. Its text is checked only when it is read.
#[inline]
pub fn skip_scalar(bytes: &[u8], at: usize) -> Result<usize, JsonError> {
    let rest = bytes.get(at..).unwrap_or_default();
    let begins = matches!(rest.first(), Some(b'0'..=b'9' | b'-' | b't' | b'f' | b'n'));
    if !begins {
        return Err(JsonError { expected: "a value", at });
    }
    if let Some(window) = rest.first_chunk::<16>() {
        let others = !of_scalars(u8x16::new(*window)).to_bitmask() & 0xffff;
        if others != 0 {
            return Ok(at + others.trailing_zeros() as usize);
        }
    }
    let is_of_scalar = |byte: &&u8| matches!(byte, b'0'..=b'9' | b'a'..=b'z' | b'-' | b'+' | b'.' | b'E');
    Ok(at + rest.iter().take_while(is_of_scalar).count())
}

/// The bytes allowed in a number or word.
#[inline(always)]
fn of_scalars(lane: u8x16) -> u8x16 {
    let within = |first: u8, last: u8| {
        let offset = lane - u8x16::splat(first);
        offset.min(u8x16::splat(last - first)).simd_eq(offset)
    };
    let is = |byte: u8| lane.simd_eq(u8x16::splat(byte));
    within(b'0', b'9') | within(b'a', b'z') | within(b'-', b'.') | is(b'+') | is(b'E')
}

/// The next token inside a list or object.
#[derive(Clone, Copy, PartialEq, Eq)]
enum JsonExpected {
    /// An element or a name; or, at the beginning, the end.
    First,
    /// An element or a name.
    Item,
    /// A comma or the end.
    Separator,
}

/// Returns the end of a list or object.
fn skip_nested(bytes: &[u8], start: usize) -> Result<usize, JsonError> {
    let mut objects: u128 = 0; // one bit per level: whether it is an object
    let mut depth = 0;
    let mut at = start;
    let mut next = JsonExpected::Item;
    loop {
        at = skip_white(bytes, at);
        let in_object = depth > 0 && objects & 1 == 1;
        match (bytes.get(at), next) {
            (Some(b'}'), JsonExpected::First | JsonExpected::Separator) if in_object => {
                (at, next) = (at + 1, JsonExpected::Separator)
            }
            (Some(b']'), JsonExpected::First | JsonExpected::Separator) if depth > 0 && !in_object => {
                (at, next) = (at + 1, JsonExpected::Separator)
            }
            (Some(b','), JsonExpected::Separator) => {
                (at, next) = (at + 1, JsonExpected::Item);
                continue;
            }
            (Some(_), JsonExpected::First | JsonExpected::Item) => {
                if in_object {
                    at = skip_name(bytes, at)?;
                }
                match bytes.get(at) {
                    Some(open @ (b'{' | b'[')) => {
                        if depth == MAX_NESTING {
                            return Err(JsonError { expected: "at most 128 levels of nesting", at });
                        }
                        objects = objects << 1 | u128::from(*open == b'{');
                        (depth, at, next) = (depth + 1, at + 1, JsonExpected::First);
                        continue;
                    }
                    Some(b'"') => at = skip_string(bytes, at)?,
                    _ => at = skip_scalar(bytes, at)?,
                }
                next = JsonExpected::Separator;
                continue;
            }
            (_, JsonExpected::Separator) if in_object => {
                return Err(JsonError { expected: "',' or '}'", at });
            }
            (_, JsonExpected::Separator) => {
                return Err(JsonError { expected: "',' or ']'", at });
            }
            (None, _) => {
                return Err(JsonError { expected: "a value", at });
            }
        }
        // a list or object was closed
        objects >>= 1;
        depth -= 1;
        if depth == 0 {
            return Ok(at);
        }
    }
}

/// Returns the offset of the value after `"name":`.
fn skip_name(bytes: &[u8], at: usize) -> Result<usize, JsonError> {
    if bytes.get(at) != Some(&b'"') {
        return Err(JsonError { expected: "'\"' at the start of a name", at });
    }
    let colon = skip_white(bytes, skip_string(bytes, at)?);
    if bytes.get(colon) != Some(&b':') {
        return Err(JsonError { expected: "':' after a name", at: colon });
    }
    Ok(skip_white(bytes, colon + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn skips_whole_values() {
        for text in [
            r#""a""#,
            r#""a\"b\\""#,
            r#""a long string that is more than sixteen bytes \" of text""#,
            "12",
            "-1.5e+3",
            "true",
            "null",
            "[]",
            "{}",
            r#"[1, [2, {"a": "}]"}], "x"]"#,
            r#"{"a": {"b": [1, 2, {"c": null}]}, "d" : ""}"#,
        ] {
            assert_eq!(skip_json(text.as_bytes(), 0), Ok(text.len()), "{text}");
            let longer = format!("{text}, 1");
            assert_eq!(skip_json(longer.as_bytes(), 0), Ok(text.len()), "{longer}");
        }
    }

    #[test]
    fn says_what_is_missing() {
        for (text, expected, at) in [
            (r#""abc"#, "'\"' at the end of a string", 0),
            ("", "a value", 0),
            ("}", "a value", 0),
            ("[1", "',' or ']'", 2),
            ("[1,]", "a value", 3),
            ("[1}", "',' or ']'", 2),
            (r#"{"a":1]"#, "',' or '}'", 6),
            (r#"{"a" 1}"#, "':' after a name", 5),
            (r#"{a:1}"#, "'\"' at the start of a name", 1),
            (r#"{"a":1,}"#, "'\"' at the start of a name", 7),
            (r#"{"a":"#, "a value", 5),
        ] {
            assert_eq!(skip_json(text.as_bytes(), 0), Err(JsonError { expected, at }), "{text}");
        }
        assert!(skip_json(&b"[".repeat(100_000), 0).is_err());
        let deep = [b"[".repeat(128), b"]".repeat(128)].concat();
        assert_eq!(skip_json(&deep, 0), Ok(256));
    }
}
