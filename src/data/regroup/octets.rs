//! Messages preceded by their length in bytes: `17 <34>1 - - - - - -`, as syslog is sent over TCP (RFC 6587, 3.4.1). A
//! message may contain any byte, also newlines.
//!
//! A line without a count is rejected, and so are those after it, up to a count followed by the `<` that begins every
//! syslog message. Newlines between messages, which some senders write, are skipped.

use super::{Regrouped, keep};

/// The maximum number of digits in a count.
const MOST_DIGITS: usize = 10;

/// Finds the messages of a source.
#[derive(Debug)]
pub struct OctetCounts {
    limit_bytes: usize,
    state: OctetState,
}

#[derive(Debug)]
enum OctetState {
    /// In a count, with these digits so far.
    Count(Vec<u8>),
    /// In a message of `len` bytes, of which `left` are missing.
    Message { len: usize, left: usize },
    /// In a message that is longer than a record may be.
    Overlong { left: u64 },
    /// Looking for the next count: the skipped part of the line, and its end, which may be a count.
    Lost { text: Vec<u8>, count: Vec<u8> },
}

impl OctetCounts {
    pub(super) fn new(limit_bytes: usize) -> Self {
        OctetCounts { limit_bytes, state: OctetState::Count(Vec::new()) }
    }

    /// True within a message, its count, or a line that is skipped.
    pub(super) fn is_unfinished(&self) -> bool {
        match &self.state {
            OctetState::Count(digits) => !digits.is_empty(),
            OctetState::Message { .. } => true,
            OctetState::Overlong { .. } => false,
            OctetState::Lost { text, count } => !text.is_empty() || !count.is_empty(),
        }
    }

    pub(super) fn push(&mut self, bytes: &[u8], out: &mut Regrouped) {
        let mut at = 0;
        while at < bytes.len() {
            let rest = &bytes[at..];
            match &mut self.state {
                OctetState::Message { left, .. } => {
                    let taken = rest.len().min(*left);
                    out.bytes.extend_from_slice(&rest[..taken]);
                    *left -= taken;
                    at += taken;
                    if *left == 0 {
                        out.close();
                        self.state = OctetState::Count(Vec::new());
                    }
                }
                OctetState::Overlong { left } => {
                    let taken = (rest.len() as u64).min(*left);
                    *left -= taken;
                    at += taken as usize;
                    if *left == 0 {
                        self.state = OctetState::Count(Vec::new());
                    }
                }
                OctetState::Count(_) => {
                    self.take_count(rest[0], out);
                    at += 1;
                }
                OctetState::Lost { .. } => {
                    self.look_for_count(rest[0], out);
                    at += 1;
                }
            }
        }
    }

    fn take_count(&mut self, byte: u8, out: &mut Regrouped) {
        let OctetState::Count(digits) = &mut self.state else {
            return;
        };
        match byte {
            b'\n' | b'\r' if digits.is_empty() => {}
            b'1'..=b'9' if digits.len() < MOST_DIGITS => digits.push(byte),
            b'0' if (1..MOST_DIGITS).contains(&digits.len()) => digits.push(byte),
            b' ' if !digits.is_empty() => {
                let digits = std::mem::take(digits);
                self.begin(&digits, out);
            }
            _ => {
                let text = std::mem::take(digits);
                let count = Vec::new();
                self.state = OctetState::Lost { text, count };
                self.look_for_count(byte, out);
            }
        }
    }

    /// Begins a message after its count.
    fn begin(&mut self, digits: &[u8], out: &mut Regrouped) {
        let value = |number: u64, digit: &u8| number * 10 + u64::from(digit - b'0');
        let len = digits.iter().fold(0, value);
        self.state = match usize::try_from(len) {
            Ok(len) if len <= self.limit_bytes => {
                out.bytes.extend_from_slice(digits);
                out.bytes.push(b' ');
                OctetState::Message { len, left: len }
            }
            _ => {
                let limit = self.limit_bytes;
                let reason = format!(
                    "octet-counted: the count says {len} bytes, the longest message is {limit}, see --max-line"
                );
                out.reject(Vec::new(), reason);
                OctetState::Overlong { left: len }
            }
        };
    }

    fn look_for_count(&mut self, byte: u8, out: &mut Regrouped) {
        let limit = self.limit_bytes;
        let OctetState::Lost { text, count } = &mut self.state else {
            return;
        };
        match (byte, count.last()) {
            (b'<', Some(b' ')) => {
                let digits = count[..count.len() - 1].to_vec();
                if !text.is_empty() {
                    reject_lost(text, out);
                }
                self.begin(&digits, out);
                self.push(&[byte], out);
                return;
            }
            (b'1'..=b'9', None) if !is_too_long(text) => return count.push(byte),
            (b'0'..=b'9', Some(b'0'..=b'9')) if count.len() < MOST_DIGITS => {
                return count.push(byte);
            }
            (b' ', Some(b'0'..=b'9')) => return count.push(byte),
            _ => {}
        }
        keep(text, count, limit);
        count.clear();
        match byte {
            b'\n' if text.is_empty() => {}
            b'\n' => reject_lost(text, out),
            b'1'..=b'9' if !is_too_long(text) => count.push(byte),
            _ => keep(text, &[byte], limit),
        }
    }

    pub(super) fn finish(&mut self, out: &mut Regrouped) {
        match std::mem::replace(&mut self.state, OctetState::Count(Vec::new())) {
            OctetState::Message { len, left } => {
                let open = out.open();
                let start = open.len() - (len - left);
                let text = open[start..].to_vec();
                let there = len - left;
                out.drop_open();
                let reason = format!("octet-counted: there are only {there} of the {len} bytes that the count says");
                out.reject(text, reason);
            }
            OctetState::Count(digits) if !digits.is_empty() => {
                out.reject(digits, "octet-counted: there is no message after the count".to_owned());
            }
            OctetState::Lost { mut text, count } => {
                keep(&mut text, &count, self.limit_bytes);
                if !text.is_empty() {
                    reject_lost(&mut text, out);
                }
            }
            OctetState::Count(_) | OctetState::Overlong { .. } => {}
        }
    }
}

/// True if a text ends in more digits than a count may have: then the digits that follow are not a count either.
fn is_too_long(text: &[u8]) -> bool {
    text.len() >= MOST_DIGITS && text[text.len() - MOST_DIGITS..].iter().all(u8::is_ascii_digit)
}

fn reject_lost(text: &mut Vec<u8>, out: &mut Regrouped) {
    let reason = "octet-counted: expected the length of a message and a blank, as in `17 <34>1 …`";
    let text = std::mem::take(text);
    out.reject(text, reason.to_owned());
}
