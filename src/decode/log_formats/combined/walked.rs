//! The walk from left to right, for records in an unusual form; finds what is missing.

use memchr::{memchr, memmem, memrchr_iter};

use super::layout::{RecordLayout, TIME_BYTES};
use crate::data::TextSpan;
use crate::decode::log_formats::walk::{Missing, closing_quote};

/// Returns the layout of any record that ends with the bytes, or the text that is missing after its last complete
/// field. Fields are separated by any number of blanks and tabs.
#[inline(never)]
pub(super) fn walk<const QUOTES: usize>(bytes: &[u8], start: usize) -> Result<RecordLayout, Missing> {
    let bytes = &bytes[..start + bytes[start..].trim_ascii_end().len()];
    let is = |at: usize, byte: u8| bytes.get(at) == Some(&byte);
    let ip_end = word_end(bytes, start);
    if ip_end == start || ip_end == bytes.len() {
        return Err(Missing("an address and ' ' at the start"));
    }
    let ident_end = word_end(bytes, ip_end + 1);
    if ident_end == bytes.len() {
        return Err(Missing("' ' after the ident"));
    }
    let (time, open) = time_and_request(bytes, ident_end + 1)?;
    let close = closing_quote(bytes, open).ok_or(Missing("'\"' after the time"))?;
    let status = after_blanks(bytes, close + 1).ok_or(Missing("' ' after the request"))?;
    let status_end = word_end(bytes, status);
    let size =
        after_blanks(bytes, status_end).filter(|_| status_end > status).ok_or(Missing("' ' after the status"))?;
    let size_end = word_end(bytes, size);
    if size_end == size {
        return Err(Missing("a number or '-' after the status"));
    }
    let mut quotes = [open, close, 0, 0, 0, 0];
    let mut fields_end = size_end;
    if QUOTES == 6 {
        let referrer = after_blanks(bytes, size_end).ok_or(Missing("' ' after the bytes"))?;
        let referrer_end = Some(referrer)
            .filter(|referrer| is(*referrer, b'"'))
            .and_then(|referrer| closing_quote(bytes, referrer))
            .ok_or(Missing("'\"' after the bytes"))?;
        let agent = after_blanks(bytes, referrer_end + 1).ok_or(Missing("' ' after the referrer"))?;
        let agent_end = Some(agent)
            .filter(|agent| is(*agent, b'"'))
            .and_then(|agent| closing_quote(bytes, agent))
            .ok_or(Missing("'\"' after the referrer"))?;
        quotes = [open, close, referrer, referrer_end, agent, agent_end];
        fields_end = agent_end + 1;
    }
    let mut rest = fields_end;
    if rest < bytes.len() {
        rest = after_blanks(bytes, rest).ok_or(Missing("the end of the line or ' ' and a field after the agent"))?;
        check_quotes(bytes, rest)?;
    }
    Ok(RecordLayout {
        start: start as u32,
        time: TextSpan::new(time.0 + 1, time.1),
        quotes: quotes.map(|quote| quote as u32),
        status: TextSpan::new(status, status_end),
        size: TextSpan::new(size, size_end),
        rest: TextSpan::new(rest, bytes.len()),
    })
}

/// Checks the quotes of fields that a server appends; the last one of a truncated record is unclosed.
fn check_quotes(bytes: &[u8], mut from: usize) -> Result<(), Missing> {
    while let Some(open) = memchr(b'"', &bytes[from..]).map(|at| from + at) {
        let close = closing_quote(bytes, open);
        from = close.ok_or(Missing("'\"' at the end of a field after the agent"))? + 1;
    }
    Ok(())
}

/// Returns the brackets of the time and the quote of the request after them. The text before may have brackets and
/// quotes of its own: Apache writes an empty user as `""`.
fn time_and_request(bytes: &[u8], user: usize) -> Result<((usize, usize), usize), Missing> {
    let mut from = user;
    let (close, open) = loop {
        let Some(close) = memchr(b']', &bytes[from..]).map(|at| from + at) else {
            let quote = memchr(b'"', &bytes[user..]).map_or(bytes.len(), |at| user + at);
            return Err(Missing(if memchr(b'[', &bytes[user..quote]).is_none() {
                "'[' after the user"
            } else if memmem::find(&bytes[user..quote], b"] ").is_none() {
                "']' after the user"
            } else {
                "'\"' after the time"
            }));
        };
        match after_blanks(bytes, close + 1) {
            Some(open) if bytes.get(open) == Some(&b'"') => break (close, open),
            _ => from = close + 1,
        }
    };
    let is_start = |bracket: &usize| *bracket > user && is_blank(bytes[bracket - 1]);
    let usual = (close + 2).checked_sub(TIME_BYTES);
    let bracket = usual.filter(|bracket| bytes[*bracket] == b'[' && is_start(bracket)).or_else(|| {
        let mut brackets = memrchr_iter(b'[', &bytes[user..close]).map(|at| user + at);
        brackets.find(is_start)
    });
    let bracket = bracket.ok_or(Missing("'[' after the user"))?;
    Ok(((bracket, close), open))
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// Returns the end of the word at an offset.
fn word_end(bytes: &[u8], at: usize) -> usize {
    let word = bytes[at.min(bytes.len())..].iter();
    at + word.take_while(|byte| !is_blank(**byte)).count()
}

/// Returns the offset after the blanks; `None` if there is no blank.
fn after_blanks(bytes: &[u8], at: usize) -> Option<usize> {
    let blanks = bytes.get(at..)?.iter();
    let count = blanks.take_while(|byte| is_blank(**byte)).count();
    (count > 0).then_some(at + count)
}
