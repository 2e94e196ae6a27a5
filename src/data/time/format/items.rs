//! The items of a format.

use super::write::FormatPiece;

/// An item of a format for reading.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum FormatItem {
    /// Literal text.
    Literal(Vec<u8>),
    /// Any amount of white space, or none.
    White,
    /// A part of a time.
    TimePart(TimePart),
}

/// A part of a time, as named by `%` and a letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TimePart {
    pub(super) letter: u8,
    /// The maximum number of digits.
    pub(super) width: Option<usize>,
    /// `%.f`: a fraction with its point, which is optional.
    pub(super) has_point: bool,
}

/// The items of a format for reading and for writing.
pub(super) struct FormatItems {
    pub(super) items: Vec<FormatItem>,
    pub(super) pieces: Vec<FormatPiece>,
}

/// The maximum width of numbers and of padded text.
const MOST_WIDTH: usize = 255;

/// The letters that name a single part.
const LETTERS: &[u8] = b"aAbBCdefgGhHIjklmMNpPQsSuUVwWyYzZ";

/// The letters that abbreviate several parts.
const SHORTHANDS: [(u8, &[u8]); 8] = [
    (b'c', b"%a %b %e %H:%M:%S %Y"),
    (b'D', b"%m/%d/%y"),
    (b'F', b"%Y-%m-%d"),
    (b'r', b"%I:%M:%S %p"),
    (b'R', b"%H:%M"),
    (b'T', b"%H:%M:%S"),
    (b'x', b"%m/%d/%y"),
    (b'X', b"%H:%M:%S"),
];

/// Parses a format.
pub(super) fn read(text: &[u8]) -> Result<FormatItems, String> {
    let mut format = FormatItems { items: Vec::new(), pieces: Vec::new() };
    let mut at = 0;
    while let Some(byte) = text.get(at) {
        let start = at;
        at += 1;
        match byte {
            b'%' => {
                let directive = directive(&text[at..])?;
                at += directive.length;
                format.push_directive(&directive)?;
                format.push_piece(&directive, &text[start..at]);
            }
            byte => {
                format.push_byte(*byte);
                format.push_plain(&[*byte]);
            }
        }
    }
    Ok(format)
}

/// The directive after a `%`.
struct Directive {
    letter: u8,
    flags: Vec<u8>,
    width: Option<usize>,
    has_point: bool,
    length: usize,
}

fn directive(text: &[u8]) -> Result<Directive, String> {
    let mut at = text.iter().take_while(|byte| b"_-0^#".contains(byte)).count();
    let flags = text[..at].to_vec();
    let has_point = text.get(at) == Some(&b'.');
    at += usize::from(has_point);
    let digits = text[at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let width = match &text[at..at + digits] {
        [] => None,
        digits => {
            let width = str::from_utf8(digits).ok().and_then(|digits| digits.parse().ok());
            let width = width.filter(|width| *width <= MOST_WIDTH);
            Some(width.ok_or_else(|| format!("a width is at most {MOST_WIDTH}"))?)
        }
    };
    at += digits;
    let colons = text[at..].iter().take_while(|byte| **byte == b':').count();
    at += colons;
    at += usize::from(matches!(text.get(at), Some(b'E' | b'O')));
    let shown = |end: usize| String::from_utf8_lossy(&text[..end]).escape_debug().to_string();
    let Some(letter) = text.get(at).copied() else {
        return Err(format!("`%{}` ends without a letter; `%%` is a percent sign", shown(at)));
    };
    let is_known = match letter {
        b'f' | b'N' => colons == 0 && width.is_none_or(|width| (1..=9).contains(&width)),
        _ if has_point => false,
        b'z' => colons <= 3,
        b'Q' => colons <= 1,
        b'%' | b'n' | b't' => at == 0,
        letter => colons == 0 && (LETTERS.contains(&letter) || SHORTHANDS.iter().any(|(short, _)| *short == letter)),
    };
    if !is_known {
        let end = at + str::from_utf8(&text[at..]).map_or(1, |rest| rest.chars().next().map_or(1, char::len_utf8));
        return Err(format!("unknown directive `%{}`", shown(end)));
    }
    Ok(Directive { letter, flags, width, has_point, length: at + 1 })
}

impl FormatItems {
    fn push_directive(&mut self, directive: &Directive) -> Result<(), String> {
        match directive.letter {
            b'%' => self.push_byte(b'%'),
            b'n' | b't' => self.push_byte(b' '),
            letter => match SHORTHANDS.iter().find(|(short, _)| *short == letter) {
                Some((_, whole)) => self.items.extend(read(whole)?.items),
                None => self.items.push(FormatItem::TimePart(TimePart {
                    letter,
                    width: directive.width,
                    has_point: directive.has_point,
                })),
            },
        }
        Ok(())
    }

    /// Adds a directive for writing; `E` and `O` have no effect in the C locale.
    fn push_piece(&mut self, directive: &Directive, text: &[u8]) {
        let Directive { letter, ref flags, width, .. } = *directive;
        if letter == b's' && flags.is_empty() && width.is_none() {
            self.pieces.push(FormatPiece::Epoch);
        } else if b"fNzQ%nt".contains(&letter) || flags.is_empty() && width.is_none() {
            let plain = text.iter().filter(|byte| !b"EO".contains(byte));
            self.push_plain(&plain.copied().collect::<Vec<u8>>());
        } else {
            self.pieces.push(FormatPiece::Fitted { letter, flags: flags.clone(), width });
        }
    }

    fn push_plain(&mut self, text: &[u8]) {
        match self.pieces.last_mut() {
            Some(FormatPiece::Plain(plain)) => plain.extend_from_slice(text),
            _ => self.pieces.push(FormatPiece::Plain(text.to_vec())),
        }
    }

    fn push_byte(&mut self, byte: u8) {
        match self.items.last_mut() {
            Some(FormatItem::White) if byte.is_ascii_whitespace() => {}
            _ if byte.is_ascii_whitespace() => self.items.push(FormatItem::White),
            Some(FormatItem::Literal(text)) => text.push(byte),
            _ => self.items.push(FormatItem::Literal(vec![byte])),
        }
    }
}
