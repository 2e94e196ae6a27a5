//! The fast path: a record in the usual form.

use memchr::memchr;

use super::layout::{RecordLayout, TIME_BYTES};
use crate::data::TextSpan;

/// Returns the layout of a record in the usual form. `quotes` are those from its start.
#[inline(always)]
pub(super) fn regular<const QUOTES: usize>(
    bytes: &[u8],
    start: usize,
    end: usize,
    quotes: &[u32; 6],
) -> Option<RecordLayout> {
    let [open, close, referrer, referrer_end, agent, agent_end] = quotes.map(|quote| quote as usize);
    let record = &bytes[..end];
    let is_closed = |quote: usize| record[quote - 1] != b'\\';
    let middle_end = if QUOTES == 6 {
        let is_framed = agent_end + 1 == end
            && agent == referrer_end + 2
            && record[referrer_end + 1] == b' '
            && is_closed(referrer_end)
            && is_closed(agent_end)
            && record[referrer - 1] == b' ';
        if !is_framed {
            return None;
        }
        referrer - 1
    } else {
        if close >= end || referrer < end {
            return None;
        }
        end
    };
    // ` 200 512`, with exactly one blank after the status
    let middle = record.get(close + 1..middle_end)?;
    let &[b' ', a, b, c, b' ', ref size @ ..] = middle else {
        return None;
    };
    let has_blank = a == b' ' || b == b' ' || c == b' ' || has_blank(size, &record[..middle_end]);
    let is_size = matches!(size.last(), Some(b'0'..=b'9' | b'-'));
    if has_blank || !is_size || !is_closed(close) {
        return None;
    }
    // `… - - [17/May/2015:10:05:03 +0000] "`
    let bracket = open.checked_sub(TIME_BYTES).filter(|bracket| *bracket > start + 5)?;
    if record[open - 2..open] != *b"] " || record[bracket - 1..bracket + 1] != *b" [" || record[start] == b' ' {
        return None;
    }
    if record[bracket - 5..bracket] != *b" - - " {
        let first = start + memchr(b' ', &record[start..bracket - 1])?;
        memchr(b' ', &record[first + 1..bracket - 1])?;
    }
    Some(RecordLayout {
        start: start as u32,
        time: TextSpan::new(bracket + 1, open - 2),
        quotes: *quotes,
        status: TextSpan::new(close + 2, close + 5),
        size: TextSpan::new(close + 6, middle_end),
        rest: TextSpan::new(end, end),
    })
}

/// True if there is a blank in the last bytes of a text after a blank. Eight bytes are tested in one word, without a
/// loop whose length would be mispredicted for every other record.
#[inline(always)]
fn has_blank(last: &[u8], text: &[u8]) -> bool {
    const LOW: u64 = 0x7f7f_7f7f_7f7f_7f7f;
    match text.last_chunk::<8>() {
        Some(word) if last.len() < word.len() => {
            let word = u64::from_le_bytes(*word) ^ u64::from_le_bytes([b' '; 8]);
            let blanks = !(((word & LOW) + LOW) | word | LOW); // the highest bit of each
            blanks.leading_zeros() as usize / 8 < last.len()
        }
        _ => last.contains(&b' '),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_are_found_wherever_they_stand() {
        for text in [" 512", "x 200 5 2", "x 200 12345678", "x 200 1234 678", "a !", " \u{a0}5"] {
            let text = text.as_bytes();
            for at in (0..text.len()).filter(|at| text[*at] == b' ') {
                let last = &text[at + 1..];
                assert_eq!(has_blank(last, text), last.contains(&b' '), "{text:?} {at}");
            }
        }
    }
}
