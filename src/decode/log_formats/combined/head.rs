//! The fields before the time: `192.0.2.7 - ann`, also with a virtual host (`example.com:443 192.0.2.7 - ann`) or a
//! list of addresses (`192.0.2.7, 10.0.0.1 - ann`, `(192.0.2.7, 10.0.0.1) - ann`, `192.0.2.7 (10.0.0.1) - ann`).
//!
//! The record does not say which of these it is, so the words decide. The first word is a virtual host if another
//! word than an ident comes after it: the ident is `-` in practice, and an address is never followed by a name.

use std::net::IpAddr;

use memchr::{memchr, memrchr};

use crate::data::Span;
use crate::decode::log_formats::walk::unless_empty;

/// The text before the `[` of the time, at its place in the bytes.
#[derive(Clone, Copy)]
pub(super) struct Head<'t> {
    base: usize,
    text: &'t [u8],
}

/// A piece of the text; both ends are the same if there is none.
type Piece = (usize, usize);

/// The pieces of a head.
#[derive(Debug, Default)]
struct Pieces {
    ip: Piece,
    ident: Piece,
    user: Piece,
    vhost: Piece,
    port: Piece,
    forwarded: Piece,
}

impl<'t> Head<'t> {
    pub(super) fn new(base: usize, text: &'t [u8]) -> Self {
        Head { base, text: text.trim_ascii_end() }
    }

    /// Where the field with this number is.
    #[inline(always)]
    pub(super) fn place(self, field: usize) -> Span {
        if let Some(word) = self.text.strip_suffix(b" - -")
            && is_one_word(word)
        {
            return match field {
                0 => self.span((0, word.len())),
                _ => Span::NULL,
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

    fn span(self, (start, end): Piece) -> Span {
        match unless_empty(self.text, Span::new(start, end)) {
            Span::NULL => Span::NULL,
            _ => Span::new(self.base + start, self.base + end),
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

    /// The next word from a place on.
    fn word(self, from: usize) -> Piece {
        let text = &self.text[from..];
        let start = text.iter().take_while(|byte| is_blank(**byte)).count();
        let length = text[start..].iter().take_while(|byte| !is_blank(**byte));
        (from + start, from + start + length.count())
    }

    /// The word after the first, if the first is a virtual host.
    fn client_after_vhost(self, first: Piece) -> Option<Piece> {
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

    /// `example.com:443` in its two parts; the port is digits, and of an address without brackets it is none.
    fn host_and_port(self, (start, end): Piece) -> (Piece, Piece) {
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

    /// Reads one address or a list of them; returns where it ends.
    fn addresses(self, first: Piece, pieces: &mut Pieces) -> usize {
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

    /// The first address of a list, and the others as they are written.
    fn list(self, (start, end): Piece, pieces: &mut Pieces) {
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

/// Whether a text is an address or host by itself: it has no blank, tab, parenthesis or comma. Eight bytes are
/// compared at a time, without a loop for the 8 to 16 bytes of most addresses.
#[inline(always)]
fn is_one_word(text: &[u8]) -> bool {
    const ONES: u64 = 0x0101_0101_0101_0101;
    // the highest bit of a byte is set if the byte is below `-`; above such a byte it may be wrong
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
