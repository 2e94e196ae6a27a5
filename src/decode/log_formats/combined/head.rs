//! The fields before the time: `192.0.2.7 - ann`, also with a virtual host (`example.com:443 192.0.2.7 - ann`) or a
//! list of addresses (`192.0.2.7, 10.0.0.1 - ann`, `(192.0.2.7, 10.0.0.1) - ann`, `192.0.2.7 (10.0.0.1) - ann`).
//!
//! The record does not tell which of these it is, so the words decide. The first word is a virtual host if another word
//! than an ident comes after it: the ident is `-` in practice, and an address is never followed by a name.

use std::net::IpAddr;

use memchr::{memchr, memrchr};

use crate::data::TextSpan;
use crate::decode::log_formats::walk::unless_empty;

/// The text before the `[` of the time, with its offset.
#[derive(Clone, Copy)]
pub(super) struct Head<'t> {
    base: usize,
    text: &'t [u8],
}

/// The range of a field; empty if there is none.
type HeadPiece = (usize, usize);

/// The fields of a head.
#[derive(Debug, Default)]
struct Pieces {
    ip: HeadPiece,
    ident: HeadPiece,
    user: HeadPiece,
    vhost: HeadPiece,
    port: HeadPiece,
    forwarded: HeadPiece,
}

impl<'t> Head<'t> {
    pub(super) fn new(base: usize, text: &'t [u8]) -> Self {
        Head { base, text: text.trim_ascii_end() }
    }

    /// Returns the range of a field by its number.
    #[inline(always)]
    pub(super) fn place(self, field: usize) -> TextSpan {
        if let Some(word) = self.text.strip_suffix(b" - -")
            && is_one_word(word)
        {
            return match field {
                0 => self.span((0, word.len())),
                _ => TextSpan::NULL,
            };
        }
        let pieces = self.pieces();
        self.span(match field {
            0 => pieces.ip,
            1 => pieces.ident,
            2 => pieces.user,
            9 => pieces.vhost,
            10 => pieces.port,
            _ => pieces.forwarded,
        })
    }

    fn span(self, (start, end): HeadPiece) -> TextSpan {
        match unless_empty(self.text, TextSpan::new(start, end)) {
            TextSpan::NULL => TextSpan::NULL,
            _ => TextSpan::new(self.base + start, self.base + end),
        }
    }

    fn pieces(self) -> Pieces {
        let mut pieces = Pieces::default();
        let mut next = self.word(0);
        if let Some(client) = self.client_after_vhost(next) {
            (pieces.vhost, pieces.port) = self.host_and_port(next);
            next = client;
        }
        let after = self.addresses(next, &mut pieces);
        pieces.ident = self.word(after);
        pieces.user = (self.word(pieces.ident.1).0, self.text.len());
        pieces
    }

    /// Returns the next word from an offset.
    fn word(self, from: usize) -> HeadPiece {
        let text = &self.text[from..];
        let start = text.iter().take_while(|byte| is_blank(**byte)).count();
        let length = text[start..].iter().take_while(|byte| !is_blank(**byte));
        (from + start, from + start + length.count())
    }

    /// Returns the word after the first, if the first is a virtual host.
    fn client_after_vhost(self, first: HeadPiece) -> Option<HeadPiece> {
        let (word, client) = (&self.text[first.0..first.1], self.word(first.1));
        let found = &self.text[client.0..client.1];
        let is_list = word.ends_with(b",") || word.starts_with(b"(");
        let ident = self.word(client.1);
        if is_list || found == b"-" || ident.0 == ident.1 {
            return None;
        }
        let is_host = !is_address(word) && word != b"-";
        let is_client = if found.first() == Some(&b'(') {
            is_host // otherwise the list belongs to the first word
        } else {
            let has_user = self.word(ident.1).0 < self.text.len();
            let address = found.split(|byte| *byte == b',').next();
            address.is_some_and(is_address) || is_host && has_user
        };
        is_client.then_some(client)
    }

    /// Splits `example.com:443`; the port is digits, and an address without brackets has none.
    fn host_and_port(self, (start, end): HeadPiece) -> (HeadPiece, HeadPiece) {
        let word = &self.text[start..end];
        let colon = memrchr(b':', word).filter(|colon| {
            let port = &word[colon + 1..];
            !port.is_empty()
                && port.iter().all(u8::is_ascii_digit)
                && (memchr(b':', &word[..*colon]).is_none() || word[..*colon].ends_with(b"]"))
        });
        match colon {
            Some(colon) => ((start, start + colon), (start + colon + 1, end)),
            None => ((start, end), (0, 0)),
        }
    }

    /// Reads one address or a list of them; returns the end.
    fn addresses(self, first: HeadPiece, pieces: &mut Pieces) -> usize {
        let text = self.text;
        if text.get(first.0) == Some(&b'(') {
            let Some(close) = memchr(b')', &text[first.0..]).map(|at| first.0 + at) else {
                pieces.ip = first;
                return first.1;
            };
            self.list((first.0 + 1, close), pieces);
            return close + 1;
        }
        let mut last = first;
        let mut next = self.word(last.1);
        while next.0 < next.1 && text[last.0..last.1].ends_with(b",") {
            (last, next) = (next, self.word(next.1));
        }
        self.list((first.0, last.1), pieces);
        if text.get(next.0) == Some(&b'(')
            && let Some(close) = memchr(b')', &text[next.0..]).map(|at| next.0 + at)
        {
            pieces.forwarded = (next.0 + 1, close);
            return close + 1;
        }
        last.1
    }

    /// Splits a list into its first address and the others as written.
    fn list(self, (start, end): HeadPiece, pieces: &mut Pieces) {
        let list = &self.text[start..end];
        let comma = memchr(b',', list).unwrap_or(list.len());
        let trimmed = |from: usize, to: usize| {
            let left = list[from..to].iter().take_while(|byte| is_blank(**byte));
            let from = from + left.count();
            (start + from, start + from + list[from..to].trim_ascii_end().len())
        };
        pieces.ip = trimmed(0, comma);
        if comma < list.len() {
            pieces.forwarded = trimmed(comma + 1, list.len());
        }
    }
}

/// True if a text is a single address or host: without blank, tab, parenthesis or comma. Eight bytes are compared at a
/// time, without a loop for the 8 to 16 bytes of most addresses.
#[inline(always)]
fn is_one_word(text: &[u8]) -> bool {
    const ONES: u64 = 0x0101_0101_0101_0101;
    // the highest bit of a byte is set if the byte is below `-`; it may be wrong in bytes above such a one
    let low = |word: &[u8; 8]| {
        let word = u64::from_le_bytes(*word);
        word.wrapping_sub(ONES * u64::from(b'-')) & !word & (ONES << 7)
    };
    match (text.first_chunk::<8>(), text.last_chunk::<8>()) {
        (Some(first), Some(last)) if text.len() <= 16 => low(first) | low(last) == 0,
        _ => text.iter().all(|byte| *byte >= b'-'),
    }
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

fn is_address(word: &[u8]) -> bool {
    std::str::from_utf8(word).is_ok_and(|word| word.parse::<IpAddr>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_any_length_are_recognised() {
        for length in 0..24 {
            let word = vec![b'1'; length];
            assert!(is_one_word(&word));
            assert!(is_one_word(&vec![0xe4; length]));
            for at in 0..length {
                for byte in [b' ', b'\t', b',', b'(', b')', 0] {
                    let mut broken = word.clone();
                    broken[at] = byte;
                    assert!(!is_one_word(&broken), "{byte} at {at} of {length}");
                }
            }
        }
    }
}
