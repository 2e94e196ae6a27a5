//! The walk from left to right: any other record, or what it lacks.

use memchr::{memchr, memchr2, memmem};

use super::layout::{Layout, TIME_BYTES};
use crate::decode::formats::walk::Missing;

/// The layout of any record, which ends where the bytes do, or what it lacks: what is said to stand `after` a
/// field was to follow the last field that is whole.
#[inline(never)]
pub(super) fn walk<const QUOTES: usize>(bytes: &[u8], start: usize) -> Result<Layout, Missing> {
    let find = |byte: u8, from: usize| memchr(byte, &bytes[from..]).map(|at| from + at);
    let is = |at: usize, byte: u8| bytes.get(at) == Some(&byte);
    let ip_end = find(b' ', start)
        .filter(|end| *end > start)
        .ok_or(Missing("an address and ' ' at the start"))?;
    let ident_end = find(b' ', ip_end + 1).ok_or(Missing("' ' after the ident"))?;
    let user = ident_end + 1;
    let open = match find(b'"', user) {
        Some(open) => open,
        None if find(b'[', user).is_none() => return Err(Missing("'[' after the user")),
        None if memmem::find(&bytes[user..], b"] ").is_none() => {
            return Err(Missing("']' after the user"));
        }
        None => return Err(Missing("'\"' after the time")),
    };
    let head = &bytes[user..open];
    let Some(head) = head.strip_suffix(b"] ") else {
        return Err(Missing(if memchr(b'[', head).is_none() {
            "'[' after the user"
        } else {
            "']' after the user"
        }));
    };
    let usual = head.len().checked_sub(TIME_BYTES - 2);
    let bracket = match usual {
        Some(bracket) if bracket > 0 && head[bracket - 1..bracket + 1] == *b" [" => bracket,
        _ => memmem::rfind(head, b" [").ok_or(Missing("'[' after the user"))? + 1,
    };
    let close = closing(bytes, open).ok_or(Missing("'\"' after the time"))?;
    if !is(close + 1, b' ') {
        return Err(Missing("' ' after the request"));
    }
    let status = close + 2;
    let blank = find(b' ', status)
        .filter(|blank| *blank > status)
        .ok_or(Missing("' ' after the status"))?;
    let size = blank + 1;
    let size_end = find(b' ', size).unwrap_or(bytes.len());
    if size_end == size {
        return Err(Missing("a number or '-' after the status"));
    }
    let mut layout = Layout {
        start,
        bracket: user + bracket,
        quotes: [open, close, 0, 0, 0, 0],
        blank,
        bytes_end: size_end,
    };
    let mut end = size_end;
    if QUOTES == 6 {
        if size_end == bytes.len() {
            return Err(Missing("' ' after the bytes"));
        }
        if !is(size_end + 1, b'"') {
            return Err(Missing("'\"' after the bytes"));
        }
        let referrer = size_end + 1;
        let referrer_end = closing(bytes, referrer).ok_or(Missing("'\"' after the bytes"))?;
        if !is(referrer_end + 1, b' ') {
            return Err(Missing("' ' after the referrer"));
        }
        let agent = referrer_end + 2;
        let agent_end = Some(agent)
            .filter(|agent| is(*agent, b'"'))
            .and_then(|agent| closing(bytes, agent))
            .ok_or(Missing("'\"' after the referrer"))?;
        layout.quotes = [open, close, referrer, referrer_end, agent, agent_end];
        end = further_fields(bytes, agent_end + 1)?;
    }
    if end < bytes.len() {
        return Err(Missing(if QUOTES == 6 {
            "the end of the line or ' ' and a field after the agent"
        } else {
            "the end of the line after the bytes"
        }));
    }
    Ok(layout)
}

/// The end of the fields that servers are told to append, as in ` "$http_x_forwarded_for" 0.005`: each stands behind
/// one blank, in quotes or as a word.
fn further_fields(bytes: &[u8], mut end: usize) -> Result<usize, Missing> {
    while let [b' ', first, ..] = bytes[end..] {
        let start = end + 1;
        end = if first == b'"' {
            closing(bytes, start).ok_or(Missing("'\"' at the end of a field after the agent"))? + 1
        } else {
            let word = memchr2(b' ', b'"', &bytes[start..]);
            let word_end = word.map_or(bytes.len(), |length| start + length);
            if word_end == start || bytes.get(word_end) == Some(&b'"') {
                break;
            }
            word_end
        };
    }
    Ok(end)
}

/// The quote that closes the one at `open`: the next that has no backslash of its own.
fn closing(bytes: &[u8], open: usize) -> Option<usize> {
    let mut from = open + 1;
    loop {
        let quote = from + memchr(b'"', &bytes[from..])?;
        let backslashes = bytes[open + 1..quote]
            .iter()
            .rev()
            .take_while(|byte| **byte == b'\\')
            .count();
        if backslashes % 2 == 0 {
            return Some(quote);
        }
        from = quote + 1;
    }
}
