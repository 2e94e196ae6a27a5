//! A word: it stays, or begins something that varies.

use super::Writer;
use super::classes::{DIGIT, HEX, WORD, class, is_end};
use super::placeholders::{HEXADECIMAL, IP, MAC, TIME, UUID};
use crate::data::{clock_prefix, is_weekday, time_prefix};

impl Writer<'_, '_> {
    /// Handles a word, and what belongs to it if it begins something that varies.
    pub(super) fn word(&mut self) {
        let start = self.at;
        let (mut any, mut all) = (0, 0xff);
        let mut end = start;
        loop {
            let class = class(self.line, end);
            if class & WORD == 0 {
                break;
            }
            any |= class;
            all &= class;
            end += 1;
        }
        let next = self.line.get(end).copied().unwrap_or(b'\n');
        if any & DIGIT == 0 {
            // most words
            return match (end - start, next) {
                (3, b' ' | b',') if self.is_month_or_weekday() => match self.time() {
                    Some(end) => self.replace(TIME, end),
                    None => self.keep(end),
                },
                (8, b'-') if all & HEX != 0 => match self.uuid() {
                    Some(end) => self.replace(UUID, end),
                    None => self.keep(end),
                },
                (1..=4, b':') if all & HEX != 0 => self.ipv6_or_mac_or(end),
                _ => self.keep(end),
            };
        }
        let digit_first = class(self.line, start) & DIGIT != 0;
        match (end - start, next) {
            (4, b'-' | b'/') | (1 | 2, b'/' | b' ' | b'-') | (15 | 16, _) if digit_first => {
                if let Some(end) = self.time() {
                    return self.replace(TIME, end);
                }
            }
            (2, b':') if all & DIGIT != 0 && self.before() != Some(b':') => {
                let clock = clock_prefix(&self.line[start..]).map(|length| start + length);
                if let Some(end) = clock
                    && is_end(self.line, end)
                    && self.line.get(end) != Some(&b':')
                {
                    return self.replace(TIME, end);
                }
            }
            (1..=3, b'.') if all & DIGIT != 0 => {
                if let Some(end) = self.ipv4() {
                    return self.replace(IP, end);
                }
            }
            (8, b'-') if all & HEX != 0 => {
                if let Some(end) = self.uuid() {
                    return self.replace(UUID, end);
                }
            }
            _ => {}
        }
        if next == b':' && end - start <= 4 && all & HEX != 0 {
            if let Some(end) = self.mac() {
                return self.replace(MAC, end);
            }
            if let Some(end) = self.ipv6() {
                return self.replace(IP, end);
            }
        }
        let word = &self.line[start..end];
        match word {
            [b'0', b'x' | b'X', digits @ ..] if digits.iter().all(u8::is_ascii_hexdigit) => {
                self.replace(HEXADECIMAL, end);
            }
            _ if end - start >= 8 && all & HEX != 0 && all & DIGIT == 0 => {
                self.replace(HEXADECIMAL, end);
            }
            _ if digit_first => self.number(end),
            _ => self.mixed(end),
        }
    }

    /// Handles an IPv6 or MAC address, or else a word that ends there and stays.
    fn ipv6_or_mac_or(&mut self, end: usize) {
        if let Some(end) = self.mac() {
            self.replace(MAC, end);
        } else if let Some(end) = self.ipv6() {
            self.replace(IP, end);
        } else {
            self.keep(end);
        }
    }

    /// True if the word of three letters here may begin a time.
    fn is_month_or_weekday(&self) -> bool {
        const MONTHS: &[u8] = b"janfebmaraprmayjunjulaugsepoctnovdec";
        let rest = &self.line[self.at..];
        is_weekday(rest) || MONTHS.as_chunks::<3>().0.iter().any(|month| rest[..3].eq_ignore_ascii_case(month))
    }

    /// Returns the end of a time that begins here.
    fn time(&self) -> Option<usize> {
        let (_, length) = time_prefix(&self.line[self.at..])?;
        let end = self.at + length;
        is_end(self.line, end).then_some(end)
    }
}
