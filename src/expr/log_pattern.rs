//! What log lines of one kind have in common: what varies becomes a placeholder, the rest stays.
//!
//! One pass from left to right, without going back over more than the few bytes that an address may have. A
//! line is cut into words (letters and digits) and what stands between them. A word that begins a time, an
//! address, a UUID, a hexadecimal or plain number becomes a placeholder together with what belongs to it;
//! text in quotes becomes one as a whole, except the names of JSON members. A word of letters stays. In a word of
//! letters and digits, the digits are replaced (`eth0`, `worker12`), unless they change places so often that
//! it must be an id (`x7k2p`).
//!
//! This is the masking step of log parsers such as Drain (He et al., 2017), without their tree: a pattern is a
//! function of the line alone, so every thread and every run gives the same one.

use std::net::Ipv6Addr;

use crate::data::{clock_prefix, is_weekday, time_prefix};

/// A letter, a digit, or a byte of a letter beyond ASCII.
const WORD: u8 = 1;
/// A digit.
const DIGIT: u8 = 2;
/// A hexadecimal digit.
const HEX: u8 = 4;
/// What needs a closer look outside of words: white space, quotes, signs, `@` and `:`.
const SPECIAL: u8 = 8;
/// What an e-mail address has in front of its `@`.
const LOCAL: u8 = 16;

/// What each byte is.
static CLASSES: [u8; 256] = {
    let mut classes = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        classes[byte] = match byte as u8 {
            b'0'..=b'9' => WORD | DIGIT | HEX | LOCAL,
            b'a'..=b'f' | b'A'..=b'F' => WORD | HEX | LOCAL,
            b'g'..=b'z' | b'G'..=b'Z' => WORD | LOCAL,
            0x80.. => WORD,
            b' ' | b'\t' | b'"' | b'\'' | b'@' | b':' => SPECIAL,
            b'-' | b'+' => SPECIAL | LOCAL,
            b'.' | b'_' | b'%' => LOCAL,
            _ => 0,
        };
        byte += 1;
    }
    classes
};

/// What stands for what varies.
const PLACEHOLDERS: [&[u8]; 9] = [TIME, NUM, IP, HEXADECIMAL, STR, UUID, ID, MAC, EMAIL];
const TIME: &[u8] = b"<time>";
const NUM: &[u8] = b"<num>";
const IP: &[u8] = b"<ip>";
const HEXADECIMAL: &[u8] = b"<hex>";
const STR: &[u8] = b"<str>";
const UUID: &[u8] = b"<uuid>";
const ID: &[u8] = b"<id>";
const MAC: &[u8] = b"<mac>";
const EMAIL: &[u8] = b"<email>";

/// What may stand behind a number and belongs to it.
const UNITS: [&[u8]; 44] = [
    b"s",
    b"ms",
    b"us",
    "µs".as_bytes(),
    "μs".as_bytes(),
    b"ns",
    b"m",
    b"h",
    b"d",
    b"w",
    b"sec",
    b"secs",
    b"min",
    b"mins",
    b"B",
    b"b",
    b"k",
    b"K",
    b"M",
    b"G",
    b"T",
    b"kB",
    b"KB",
    b"MB",
    b"GB",
    b"TB",
    b"kb",
    b"mb",
    b"gb",
    b"KiB",
    b"MiB",
    b"GiB",
    b"TiB",
    b"Ki",
    b"Mi",
    b"Gi",
    b"Hz",
    b"kHz",
    b"MHz",
    b"GHz",
    b"bps",
    b"kbps",
    b"Mbps",
    b"px",
];

/// Appends the pattern of a line.
pub(super) fn write_pattern(line: &[u8], out: &mut Vec<u8>) {
    let mut writer = Writer {
        line,
        at: 0,
        start: out.len(),
        out,
        double_quotes_end: false,
        single_quotes_end: false,
    };
    while writer.at < line.len() {
        if class(line, writer.at) & WORD != 0 {
            writer.word();
        } else {
            writer.between();
        }
    }
}

/// What a byte is; nothing behind the end.
#[inline(always)]
fn class(line: &[u8], at: usize) -> u8 {
    line.get(at).map_or(0, |byte| CLASSES[usize::from(*byte)])
}

/// Whether a word ends there.
#[inline(always)]
fn is_end(line: &[u8], at: usize) -> bool {
    class(line, at) & WORD == 0
}

/// The line so far.
struct Writer<'l, 'o> {
    line: &'l [u8],
    /// The next byte to read.
    at: usize,
    out: &'o mut Vec<u8>,
    /// What `out` held before.
    start: usize,
    /// No quote closes any more from here on, so that none is searched twice.
    double_quotes_end: bool,
    single_quotes_end: bool,
}

impl Writer<'_, '_> {
    /// Replaces everything up to `end`.
    #[inline]
    fn replace(&mut self, placeholder: &[u8], end: usize) {
        self.out.extend_from_slice(placeholder);
        self.at = end;
    }

    /// Keeps everything up to `end`.
    #[inline]
    fn keep(&mut self, end: usize) {
        self.out.extend_from_slice(&self.line[self.at..end]);
        self.at = end;
    }

    /// The byte in front of the next one.
    #[inline]
    fn before(&self) -> Option<u8> {
        self.at.checked_sub(1).map(|at| self.line[at])
    }

    /// Whether the byte in front belongs to a word.
    #[inline]
    fn is_behind_word(&self) -> bool {
        self.at > 0 && class(self.line, self.at - 1) & WORD != 0
    }

    /// What stands between words, up to the next word or one special byte.
    fn between(&mut self) {
        let mut end = self.at;
        while end < self.line.len() && class(self.line, end) & (WORD | SPECIAL) == 0 {
            end += 1;
        }
        if end > self.at {
            return self.keep(end);
        }
        match self.line[self.at] {
            b' ' | b'\t' => {
                self.out.push(b' ');
                while let Some(b' ' | b'\t') = self.line.get(self.at) {
                    self.at += 1;
                }
            }
            quote @ (b'"' | b'\'') => match self.quoted(quote) {
                Some(end) if self.line.get(end) == Some(&b':') && quote == b'"' => self.keep(end),
                Some(end) => self.replace(STR, end),
                None => self.keep(self.at + 1),
            },
            b'-' | b'+' if class(self.line, self.at + 1) & DIGIT != 0 && !self.is_behind_word() => {
                self.at += 1; // the sign of a number
            }
            b':' if self.line.get(self.at + 1) == Some(&b':') && !self.is_behind_word() => {
                match self.ipv6() {
                    Some(end) => self.replace(IP, end),
                    None => self.keep(self.at + 2),
                }
            }
            b'@' => self.email(),
            _ => self.keep(self.at + 1),
        }
    }

    /// The place behind the quote that closes the one here.
    fn quoted(&mut self, quote: u8) -> Option<usize> {
        let opens = match (quote, self.before()) {
            (_, None) => true,
            (b'"', Some(before)) => before != b'\\' && !self.is_behind_word(),
            (_, Some(before)) => b" \t([{<=,:".contains(&before),
        };
        let is_double = quote == b'"';
        if !opens || (is_double && self.double_quotes_end) || (!is_double && self.single_quotes_end)
        {
            return None;
        }
        let mut from = self.at + 1;
        while let Some(found) = memchr::memchr2(quote, b'\\', &self.line[from..]) {
            let found = from + found;
            if self.line[found] == b'\\' {
                from = (found + 2).min(self.line.len());
            } else if is_double || is_end(self.line, found + 1) {
                return Some(found + 1);
            } else {
                from = found + 1; // an apostrophe
            }
        }
        if is_double {
            self.double_quotes_end = true;
        } else {
            self.single_quotes_end = true;
        }
        None
    }

    /// An `@`: with what has been written in front of it, and a domain behind it, an e-mail address.
    fn email(&mut self) {
        let behind = &self.line[self.at + 1..];
        let length = behind
            .iter()
            .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-'))
            .count();
        let domain = &behind[..length];
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

    /// How many of the bytes written last belong to an e-mail address, placeholders among them.
    fn local_length(&self) -> usize {
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

    /// A word, and what belongs to it if it begins something that varies.
    fn word(&mut self) {
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

    /// An IPv6 or MAC address, or else the word that ends there as it is.
    fn ipv6_or_mac_or(&mut self, end: usize) {
        if let Some(end) = self.mac() {
            self.replace(MAC, end);
        } else if let Some(end) = self.ipv6() {
            self.replace(IP, end);
        } else {
            self.keep(end);
        }
    }

    /// A number with its fraction, exponent and unit, or a word that begins with digits and ends at `word_end`.
    fn number(&mut self, word_end: usize) {
        let mut end = self.at;
        loop {
            end = self.digits(end);
            while self.line.get(end) == Some(&b'.') && class(self.line, end + 1) & DIGIT != 0 {
                end = self.digits(end + 1);
            }
            if let Some(b'e' | b'E') = self.line.get(end) {
                let sign = usize::from(matches!(self.line.get(end + 1), Some(b'-' | b'+')));
                let exponent = self.digits(end + 1 + sign);
                if exponent > end + 1 + sign && is_end(self.line, exponent) {
                    return self.replace(NUM, exponent);
                }
            }
            let mut unit_end = end;
            while class(self.line, unit_end) & (WORD | DIGIT) == WORD {
                unit_end += 1;
            }
            if unit_end == end {
                return self.replace(NUM, end);
            }
            if !UNITS.contains(&&self.line[end..unit_end]) {
                break;
            }
            end = unit_end;
            if is_end(self.line, end) {
                return self.replace(NUM, end);
            }
        }
        if end <= word_end {
            self.mixed(word_end);
        } else {
            self.replace(NUM, end);
        }
    }

    /// The place behind the digits.
    #[inline]
    fn digits(&self, mut at: usize) -> usize {
        while class(self.line, at) & DIGIT != 0 {
            at += 1;
        }
        at
    }

    /// A word of letters and digits up to `end`.
    fn mixed(&mut self, end: usize) {
        let word = &self.line[self.at..end];
        let switches = word
            .windows(2)
            .filter(|pair| pair[0].is_ascii_digit() != pair[1].is_ascii_digit())
            .count();
        if switches >= 3 || (switches == 2 && word.len() >= 16) {
            return self.replace(ID, end);
        }
        while self.at < end {
            let digits_end = self.digits(self.at).min(end);
            if digits_end > self.at {
                self.replace(NUM, digits_end);
            } else {
                self.keep(self.at + 1);
            }
        }
    }

    /// Whether the word of three letters here may begin a time.
    fn is_month_or_weekday(&self) -> bool {
        const MONTHS: &[u8] = b"janfebmaraprmayjunjulaugsepoctnovdec";
        let rest = &self.line[self.at..];
        is_weekday(rest)
            || MONTHS
                .as_chunks::<3>()
                .0
                .iter()
                .any(|month| rest[..3].eq_ignore_ascii_case(month))
    }

    /// The end of the time here.
    fn time(&self) -> Option<usize> {
        let (_, length) = time_prefix(&self.line[self.at..])?;
        let end = self.at + length;
        is_end(self.line, end).then_some(end)
    }

    /// The end of the UUID here.
    fn uuid(&self) -> Option<usize> {
        let text = self.line.get(self.at..self.at + 36)?;
        let is_uuid = text.iter().enumerate().all(|(place, byte)| match place {
            8 | 13 | 18 | 23 => *byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        });
        (is_uuid && is_end(self.line, self.at + 36)).then_some(self.at + 36)
    }

    /// The end of the IPv4 address here, and of its port.
    fn ipv4(&self) -> Option<usize> {
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
                [_] | [_, _]
                    | [b'0' | b'1', _, _]
                    | [b'2', b'0'..=b'4', _]
                    | [b'2', b'5', b'0'..=b'5']
            );
            if !is_byte {
                return None;
            }
            end = digits_end;
        }
        let is_longer = !is_end(self.line, end)
            || (self.line.get(end) == Some(&b'.') && class(self.line, end + 1) & DIGIT != 0);
        if is_longer {
            return None;
        }
        let port_end = self.digits(end + 1);
        let has_port = self.line.get(end) == Some(&b':')
            && (end + 2..=end + 6).contains(&port_end)
            && is_end(self.line, port_end);
        Some(if has_port { port_end } else { end })
    }

    /// The end of the IPv6 address here. One without digits is more probably a name of a program, but for `::`.
    fn ipv6(&self) -> Option<usize> {
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

    /// The end of the MAC address here: `00:1a:2b:3c:4d:5e`.
    fn mac(&self) -> Option<usize> {
        let text = self.line.get(self.at..self.at + 17)?;
        let is_mac = text
            .iter()
            .enumerate()
            .all(|(place, byte)| match place % 3 {
                2 => *byte == b':',
                _ => byte.is_ascii_hexdigit(),
            });
        let end = self.at + 17;
        (is_mac && is_end(self.line, end) && self.line.get(end) != Some(&b':')).then_some(end)
    }
}

/// How many bytes at the end are such.
fn trailing(text: &[u8], is_such: impl Fn(&u8) -> bool) -> usize {
    text.iter().rev().take_while(|byte| is_such(byte)).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn pattern(line: &[u8]) -> String {
        let mut out = b"kept ".to_vec();
        write_pattern(line, &mut out);
        String::from_utf8_lossy(&out[5..]).into_owned()
    }

    #[test]
    fn what_varies() {
        for (line, expected) in [
            ("plain words, nothing else.", "plain words, nothing else."),
            (
                "Mar 27 13:06:56 host sshd[1291]: x",
                "<time> host sshd[<num>]: x",
            ),
            ("Mar  7 13:06:56 host", "<time> host"),
            ("[17/May/2015:10:05:03 +0000] x", "[<time>] x"),
            ("2015-05-17T10:05:03.123Z x", "<time> x"),
            ("2015-05-17 10:05:03,123 INFO", "<time> INFO"),
            ("20150517T100503Z x", "<time> x"),
            ("at 10:05:03.5, or 10:05", "at <time>, or <time>"),
            ("Sun May 17 10:05:03 2015 x", "<time> x"),
            ("Sun is shining in May 17", "Sun is shining in May <num>"),
            ("id 6ba7b810-9dad-11d1-80b4-00c04fd430c8.", "id <uuid>."),
            ("deadbeef-9dad-11d1-80b4-00c04fd430c8", "<uuid>"),
            (
                "10.0.0.1 10.0.0.1:8080 10.0.0.0/8.",
                "<ip> <ip> <ip>/<num>.",
            ),
            ("Chrome/32.0.1700.77 1.2.3", "Chrome/<num> <num>"),
            ("listening on :: port 22", "listening on <ip> port <num>"),
            (
                "[::1]:80 fe80::1 2001:db8::8a2e:370:7334.",
                "[<ip>]:<num> <ip> <ip>.",
            ),
            ("std::vec a::b 1::2x", "std::vec a::b <num>::<num>x"),
            ("mac 00:1a:2b:3c:4d:5e up", "mac <mac> up"),
            ("0x7ffe12 commit 3f2a9b1c0d", "<hex> commit <hex>"),
            (
                "took 5ms, 1.5 s, 1h30m, 12KiB, -5, +3 and 45%",
                "took <num>, <num> s, <num>, <num>, <num>, <num> and <num>%",
            ),
            (
                "1e-7 1.5E+10 2nd 3x 1e5f",
                "<num> <num> <num>nd <num>x <id>",
            ),
            (
                "eth0 worker12 web01.example.com",
                "eth<num> worker<num> web<num>.example.com",
            ),
            ("pod my-app-7d9f8b6c5-x2k4j", "pod my-app-<hex>-<id>"),
            (
                "blk_-1608999687919862906 ip-10-77-20",
                "blk_<num> ip-<num>-<num>-<num>",
            ),
            (
                "GET \"/a b\" 'x' msg=\"a \\\" b\" don't",
                "GET <str> <str> msg=<str> don't",
            ),
            (
                r#"{"level":"info","n":5,"a":["x"]}"#,
                r#"{"level":<str>,"n":<num>,"a":[<str>]}"#,
            ),
            ("an \"unclosed 12", "an \"unclosed <num>"),
            ("it's 'quoted's' here", "it's <str> here"),
            (
                "from <joe.42@mail.example.com>, root@host root@10.0.0.1",
                "from <<email>>, root@host root@<ip>",
            ),
            ("a  b\t c ", "a b c "),
            ("/user/123/files/9f8e7d6c5b4a", "/user/<num>/files/<hex>"),
            ("über 5µs naïve7", "über <num> naïve<num>"),
            ("", ""),
        ] {
            assert_eq!(pattern(line.as_bytes()), expected, "{line}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_in_linear_time(line in proptest::collection::vec(prop_oneof![
            any::<u8>(), Just(b':'), Just(b'.'), Just(b'"'), Just(b'\''), Just(b'1'), Just(b'a'), Just(b' '), Just(b'-'), Just(b'@'),
        ], 0..200)) {
            pattern(&line);
        }

        #[test]
        fn numbers_do_not_matter(first in any::<u32>(), second in any::<u32>()) {
            let line = |number: u32| pattern(format!("took {number}ms for user {number}").as_bytes());
            prop_assert_eq!(line(first), line(second));
        }
    }
}
