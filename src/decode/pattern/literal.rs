//! The literal text between holes, matched exactly except for white space.

use memchr::{memchr, memmem};

/// Text to be matched exactly, except for white space.
#[derive(Clone, Debug, Default)]
pub(super) struct Literal {
    parts: Vec<LiteralPart>,
    /// Finds the first part that is text.
    finder: Option<memmem::Finder<'static>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum LiteralPart {
    /// Neither empty nor with white space in it.
    Text(Vec<u8>),
    /// At least one white space character.
    White,
}

#[inline]
pub(super) fn is_white(byte: u8) -> bool {
    byte == b' ' || (b'\t'..=b'\r').contains(&byte)
}

/// Returns the length of the white space at an offset.
fn white_len(text: &[u8], at: usize) -> usize {
    text[at..].iter().take_while(|byte| is_white(**byte)).count()
}

impl Literal {
    pub(super) fn of(text: &[u8]) -> Literal {
        let mut parts: Vec<LiteralPart> = Vec::new();
        for &byte in text {
            match parts.last_mut() {
                Some(LiteralPart::White) if is_white(byte) => {}
                _ if is_white(byte) => parts.push(LiteralPart::White),
                Some(LiteralPart::Text(text)) => text.push(byte),
                _ => parts.push(LiteralPart::Text(vec![byte])),
            }
        }
        let finder = parts.iter().find_map(|part| match part {
            LiteralPart::Text(text) => Some(memmem::Finder::new(text).into_owned()),
            LiteralPart::White => None,
        });
        Literal { parts, finder }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// True if it is only white space.
    pub(super) fn is_white(&self) -> bool {
        self.parts == [LiteralPart::White]
    }

    pub(super) fn begins_white(&self) -> bool {
        self.parts.first() == Some(&LiteralPart::White)
    }

    pub(super) fn ends_white(&self) -> bool {
        self.parts.last() == Some(&LiteralPart::White)
    }

    /// Returns the range of the first match from `from`.
    #[inline]
    pub(super) fn find(&self, text: &[u8], from: usize) -> Option<(usize, usize)> {
        let Some(finder) = &self.finder else {
            if self.is_empty() {
                return Some((from, from));
            }
            let start = from + text[from..].iter().position(|byte| is_white(*byte))?;
            return Some((start, start + white_len(text, start)));
        };
        let needle = finder.needle();
        let mut search = from;
        loop {
            let hit = search
                + match needle {
                    [byte] => memchr(*byte, &text[search..])?,
                    _ => finder.find(&text[search..])?,
                };
            let end = hit + needle.len();
            if self.parts.len() == 1 {
                return Some((hit, end));
            }
            if let Some(found) = self.around(text, from, hit, end) {
                return Some(found);
            }
            search = hit + 1;
        }
    }

    /// Returns the end of the literal if it begins at an offset; it takes as much white space as possible.
    #[inline]
    pub(super) fn ends_from(&self, text: &[u8], at: usize) -> Option<usize> {
        let mut at = at;
        for part in &self.parts {
            at += match part {
                LiteralPart::White => Some(white_len(text, at)).filter(|len| *len > 0)?,
                LiteralPart::Text(part) => text[at..].starts_with(part).then_some(part.len())?,
            };
        }
        Some(at)
    }

    /// Matches the parts around the first text, which is from `hit` to `end`.
    fn around(&self, text: &[u8], from: usize, hit: usize, end: usize) -> Option<(usize, usize)> {
        let (mut start, mut parts) = (hit, self.parts.as_slice());
        if self.begins_white() {
            let white = text[from..hit].iter().rev().take_while(|byte| is_white(**byte)).count();
            if white == 0 {
                return None;
            }
            start -= white;
            parts = &parts[1..];
        }
        let mut at = end;
        for part in &parts[1..] {
            at += match part {
                LiteralPart::White => Some(white_len(text, at)).filter(|len| *len > 0)?,
                LiteralPart::Text(part) => text[at..].starts_with(part).then_some(part.len())?,
            };
        }
        Some((start, at))
    }

    /// Appends it as part of a regular expression.
    pub(super) fn write_regex(&self, out: &mut String) {
        for part in &self.parts {
            match part {
                LiteralPart::White => out.push_str(r"[\t-\r ]+"),
                LiteralPart::Text(text) => {
                    for byte in text {
                        out.push_str(&format!("\\x{byte:02x}"));
                    }
                }
            }
        }
    }

    /// Returns it for a message.
    pub(super) fn shown(&self) -> String {
        let mut text = Vec::new();
        for part in &self.parts {
            match part {
                LiteralPart::White => text.push(b' '),
                LiteralPart::Text(part) => text.extend_from_slice(part),
            }
        }
        // Quotes need no backslash here: `expected "] "` is easier to read than text that is escaped twice.
        let text = String::from_utf8_lossy(&text).into_owned();
        if text.contains('"') && !text.contains('\'') { format!("'{text}'") } else { format!("\"{text}\"") }
    }
}
