//! The text between holes, found as it is but for white space.

use memchr::{memchr, memmem};

/// Text to be found as it is, but for white space.
#[derive(Clone, Debug, Default)]
pub(super) struct Literal {
    parts: Vec<Part>,
    /// Finds the first part that is text.
    finder: Option<memmem::Finder<'static>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    /// Neither empty nor with white space in it.
    Text(Vec<u8>),
    /// At least one white space.
    White,
}

#[inline]
pub(super) fn is_white(byte: u8) -> bool {
    byte == b' ' || (b'\t'..=b'\r').contains(&byte)
}

/// How much white space there is at a place.
fn white_len(text: &[u8], at: usize) -> usize {
    text[at..].iter().take_while(|byte| is_white(**byte)).count()
}

impl Literal {
    pub(super) fn of(text: &[u8]) -> Literal {
        let mut parts: Vec<Part> = Vec::new();
        for &byte in text {
            match parts.last_mut() {
                Some(Part::White) if is_white(byte) => {}
                _ if is_white(byte) => parts.push(Part::White),
                Some(Part::Text(text)) => text.push(byte),
                _ => parts.push(Part::Text(vec![byte])),
            }
        }
        let finder = parts.iter().find_map(|part| match part {
            Part::Text(text) => Some(memmem::Finder::new(text).into_owned()),
            Part::White => None,
        });
        Literal { parts, finder }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// Whether it is white space and nothing else.
    pub(super) fn is_white(&self) -> bool {
        self.parts == [Part::White]
    }

    pub(super) fn begins_white(&self) -> bool {
        self.parts.first() == Some(&Part::White)
    }

    pub(super) fn ends_white(&self) -> bool {
        self.parts.last() == Some(&Part::White)
    }

    /// The first place from `from` on where the literal stands, and where it ends.
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
            let behind = hit + needle.len();
            if self.parts.len() == 1 {
                return Some((hit, behind));
            }
            if let Some(found) = self.around(text, from, hit, behind) {
                return Some(found);
            }
            search = hit + 1;
        }
    }

    /// Where the literal ends if it begins right at a place; white space is taken as far as it goes.
    #[inline]
    pub(super) fn ends_from(&self, text: &[u8], at: usize) -> Option<usize> {
        let mut at = at;
        for part in &self.parts {
            at += match part {
                Part::White => Some(white_len(text, at)).filter(|len| *len > 0)?,
                Part::Text(part) => text[at..].starts_with(part).then_some(part.len())?,
            };
        }
        Some(at)
    }

    /// The parts around the first text, which stands from `hit` to `behind`.
    fn around(&self, text: &[u8], from: usize, hit: usize, behind: usize) -> Option<(usize, usize)> {
        let (mut start, mut parts) = (hit, self.parts.as_slice());
        if self.begins_white() {
            let white = text[from..hit].iter().rev().take_while(|byte| is_white(**byte)).count();
            if white == 0 {
                return None;
            }
            start -= white;
            parts = &parts[1..];
        }
        let mut at = behind;
        for part in &parts[1..] {
            at += match part {
                Part::White => Some(white_len(text, at)).filter(|len| *len > 0)?,
                Part::Text(part) => text[at..].starts_with(part).then_some(part.len())?,
            };
        }
        Some((start, at))
    }

    /// As part of a regular expression.
    pub(super) fn write_regex(&self, out: &mut String) {
        for part in &self.parts {
            match part {
                Part::White => out.push_str(r"[\t-\r ]+"),
                Part::Text(text) => {
                    for byte in text {
                        out.push_str(&format!("\\x{byte:02x}"));
                    }
                }
            }
        }
    }

    /// As a message shows it.
    pub(super) fn shown(&self) -> String {
        let mut text = Vec::new();
        for part in &self.parts {
            match part {
                Part::White => text.push(b' '),
                Part::Text(part) => text.extend_from_slice(part),
            }
        }
        // Quotes need no backslash here: `expected "] "` is easier to read than a text that is escaped twice.
        let text = String::from_utf8_lossy(&text).into_owned();
        if text.contains('"') && !text.contains('\'') { format!("'{text}'") } else { format!("\"{text}\"") }
    }
}
