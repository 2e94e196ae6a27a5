//! Addresses of all kinds, and UUIDs.

use std::net::Ipv6Addr;

use super::Writer;
use super::classes::{CLASSES, DIGIT, LOCAL, class, is_end};
use super::placeholders::{EMAIL, PLACEHOLDERS};

impl Writer<'_, '_> {
    /// An `@`: together with the text written before it and a domain after it, an e-mail address.
    pub(super) fn email(&mut self) {
        let after = &self.line[self.at + 1..];
        let length =
            after.iter().take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-')).count();
        let domain = &after[..length];
        let domain = &domain[..domain.len() - trailing(domain, |byte| matches!(byte, b'.' | b'-'))];
        let is_domain = memchr::memrchr(b'.', domain)
            .is_some_and(|dot| dot > 0 && domain[dot + 1..].iter().all(u8::is_ascii_alphabetic));
        let local = self.local_length();
        if !is_domain || local == 0 {
            return self.keep(self.at + 1);
        }
        self.out.truncate(self.out.len() - local);
        self.replace(EMAIL, self.at + 1 + domain.len());
    }

    /// Returns how many of the bytes written last belong to an e-mail address, including placeholders.
    pub(super) fn local_length(&self) -> usize {
        let mut rest = &self.out[self.start..];
        let whole = rest.len();
        while let Some(last) = rest.last() {
            let placeholder = PLACEHOLDERS.iter().find(|known| rest.ends_with(known));
            rest = match placeholder {
                Some(placeholder) => &rest[..rest.len() - placeholder.len()],
                None if CLASSES[usize::from(*last)] & LOCAL != 0 => &rest[..rest.len() - 1],
                None => break,
            };
        }
        whole - rest.len()
    }

    /// Returns the end of a UUID that begins here.
    pub(super) fn uuid(&self) -> Option<usize> {
        let text = self.line.get(self.at..self.at + 36)?;
        let is_uuid = text.iter().enumerate().all(|(place, byte)| match place {
            8 | 13 | 18 | 23 => *byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        });
        (is_uuid && is_end(self.line, self.at + 36)).then_some(self.at + 36)
    }

    /// Returns the end of an IPv4 address and its port that begin here.
    pub(super) fn ipv4(&self) -> Option<usize> {
        let mut end = self.at;
        for part in 0..4 {
            if part > 0 {
                if self.line.get(end) != Some(&b'.') {
                    return None;
                }
                end += 1;
            }
            let digits_end = self.digits(end);
            let digits = &self.line[end..digits_end];
            let is_byte = matches!(
                digits,
                [_] | [_, _] | [b'0' | b'1', _, _] | [b'2', b'0'..=b'4', _] | [b'2', b'5', b'0'..=b'5']
            );
            if !is_byte {
                return None;
            }
            end = digits_end;
        }
        let is_longer =
            !is_end(self.line, end) || (self.line.get(end) == Some(&b'.') && class(self.line, end + 1) & DIGIT != 0);
        if is_longer {
            return None;
        }
        let port_end = self.digits(end + 1);
        let has_port =
            self.line.get(end) == Some(&b':') && (end + 2..=end + 6).contains(&port_end) && is_end(self.line, port_end);
        Some(if has_port { port_end } else { end })
    }

    /// Returns the end of an IPv6 address that begins here. One without digits is more likely a program's name, except
    /// `::`.
    pub(super) fn ipv6(&self) -> Option<usize> {
        const LONGEST: usize = 45;
        if self.before() == Some(b':') {
            return None;
        }
        let rest = &self.line[self.at..];
        let length = rest
            .iter()
            .take(LONGEST + 2)
            .take_while(|byte| byte.is_ascii_hexdigit() || matches!(byte, b':' | b'.'))
            .count();
        let mut address = &rest[..length];
        if !address.ends_with(b"::") {
            address = &address[..length - trailing(address, |byte| matches!(byte, b':' | b'.'))];
        }
        let end = self.at + address.len();
        let has_digit = address.iter().any(u8::is_ascii_digit) || address == b"::";
        if address.len() > LONGEST || !has_digit || !is_end(self.line, end) {
            return None;
        }
        let address = str::from_utf8(address).ok()?;
        address.parse::<Ipv6Addr>().ok().map(|_| end)
    }

    /// Returns the end of a MAC address that begins here: `00:1a:2b:3c:4d:5e`.
    pub(super) fn mac(&self) -> Option<usize> {
        let text = self.line.get(self.at..self.at + 17)?;
        let is_mac = text.iter().enumerate().all(|(place, byte)| match place % 3 {
            2 => *byte == b':',
            _ => byte.is_ascii_hexdigit(),
        });
        let end = self.at + 17;
        (is_mac && is_end(self.line, end) && self.line.get(end) != Some(&b':')).then_some(end)
    }
}

/// Returns how many bytes at the end satisfy `is_such`.
fn trailing(text: &[u8], is_such: impl Fn(&u8) -> bool) -> usize {
    text.iter().rev().take_while(|byte| is_such(byte)).count()
}
