//! Numbers, with what belongs to them, and words with digits in them.

use super::Writer;
use super::classes::{DIGIT, WORD, class, is_end};
use super::placeholders::{ID, NUM};

/// Units that belong to the number before them.
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

impl Writer<'_, '_> {
    /// A number with its fraction, exponent and unit, or a word that begins with digits and ends at `word_end`.
    pub(super) fn number(&mut self, word_end: usize) {
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

    /// Returns the end of the digits.
    #[inline]
    pub(super) fn digits(&self, mut at: usize) -> usize {
        while class(self.line, at) & DIGIT != 0 {
            at += 1;
        }
        at
    }

    /// A word of letters and digits up to `end`.
    pub(super) fn mixed(&mut self, end: usize) {
        let word = &self.line[self.at..end];
        let switches = word.windows(2).filter(|pair| pair[0].is_ascii_digit() != pair[1].is_ascii_digit()).count();
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
}
