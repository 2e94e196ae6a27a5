//! Fills up written values to their width: text, and numbers with sign, prefix and separators of thousands.
//!
//! The value is already at the end of the output, and its parts are moved apart there, so nothing is allocated.

use super::number::WrittenNumber;
use super::specification::{Alignment, FormatStyle, SignStyle, Specification};
use crate::expr::functions::count_characters;

/// Fills up the place of a value that is null.
pub(super) fn pad_null(specification: &Specification, start: usize, out: &mut Vec<u8>) {
    let fill = specification.fill.unwrap_or(' ');
    fill_up(fill, specification.width, out);
    debug_assert!(out.len() >= start, "padding only adds");
}

/// Cuts the text from `start` to the precision and fills it up; it is on the left unless aligned otherwise.
pub(super) fn pad_text(specification: &Specification, start: usize, out: &mut Vec<u8>) {
    if let Some(precision) = specification.precision {
        out.truncate(start + characters_end(&out[start..], precision));
    }
    let missing = specification.width.saturating_sub(count_characters(&out[start..]));
    if missing == 0 {
        return;
    }
    let before = match specification.alignment {
        None | Some(Alignment::Left) => 0,
        Some(Alignment::Right | Alignment::AfterSign) => missing,
        Some(Alignment::Center) => missing / 2,
    };
    let fill = fill_of(specification);
    if before > 0 {
        let length = out.len();
        out.resize(length + before * fill.len_utf8(), 0);
        out.copy_within(start..length, start + before * fill.len_utf8());
        put(fill, start, before, out);
    }
    fill_up(fill, missing - before, out);
}

/// Adds sign, prefix and separators to the digits from `start`, and fills them up; they are on the right unless aligned
/// otherwise.
pub(super) fn pad_number(specification: &Specification, number: WrittenNumber, start: usize, out: &mut Vec<u8>) {
    let sign = match (number.is_negative, specification.sign) {
        (true, _) => "-",
        (false, SignStyle::Plus) => "+",
        (false, SignStyle::Space) => " ",
        (false, SignStyle::None) => "",
    };
    let prefix = match specification.style {
        FormatStyle::Power(4, true) if specification.has_prefix => "0X",
        FormatStyle::Power(4, false) if specification.has_prefix => "0x",
        FormatStyle::Power(3, _) if specification.has_prefix => "0o",
        FormatStyle::Power(1, _) if specification.has_prefix => "0b",
        _ => "",
    };
    let default = if specification.zeros { Alignment::AfterSign } else { Alignment::Right };
    let alignment = specification.alignment.unwrap_or(default);
    let fill = fill_of(specification);
    let length = out.len();
    let rest = length - start - number.whole_digits;
    let front = sign.len() + prefix.len();
    let group = Group::of(specification);
    let are_zeros_digits = fill == '0' && alignment == Alignment::AfterSign;
    let least = if are_zeros_digits { specification.width.saturating_sub(front + rest) } else { 0 };
    let whole = group.digits_for(number.whole_digits, least);
    let whole_length = group.length(whole);
    let missing = specification.width.saturating_sub(front + whole_length + rest);
    if front == 0 && missing == 0 && whole_length == number.whole_digits {
        return;
    }
    let (before, between) = match alignment {
        Alignment::Left => (0, 0),
        Alignment::Right => (missing, 0),
        Alignment::Center => (missing / 2, 0),
        Alignment::AfterSign => (0, missing),
    };
    let fill_length = fill.len_utf8();
    let front_at = start + before * fill_length;
    let whole_at = front_at + front + between * fill_length;
    let rest_at = whole_at + whole_length;
    out.resize((rest_at + rest).max(length), 0);
    out.copy_within(start + number.whole_digits..length, rest_at);
    group.spread(start, number.whole_digits, whole_at, whole, out);
    put(fill, front_at + front, between, out);
    out[front_at..front_at + sign.len()].copy_from_slice(sign.as_bytes());
    out[front_at + sign.len()..front_at + front].copy_from_slice(prefix.as_bytes());
    put(fill, start, before, out);
    fill_up(fill, missing - before - between, out);
}

/// The character that fills up the width.
fn fill_of(specification: &Specification) -> char {
    let default = if specification.zeros { '0' } else { ' ' };
    specification.fill.unwrap_or(default)
}

/// Separators between groups of digits.
#[derive(Clone, Copy)]
struct Group {
    separator: Option<u8>,
    size: usize,
}

impl Group {
    fn of(specification: &Specification) -> Group {
        let size = if matches!(specification.style, FormatStyle::Power(..)) { 4 } else { 3 };
        Group { separator: specification.group, size }
    }

    /// The length of this number of digits with separators.
    fn length(self, digits: usize) -> usize {
        match self.separator {
            Some(_) => digits + digits.saturating_sub(1) / self.size,
            None => digits,
        }
    }

    /// The number of digits, with leading zeros, that are at least `least` long.
    fn digits_for(self, digits: usize, least: usize) -> usize {
        if self.separator.is_none() {
            return digits.max(least);
        }
        let mut padded = digits.max(least - least / (self.size + 1));
        while self.length(padded) < least {
            padded += 1;
        }
        while padded > digits && self.length(padded - 1) >= least {
            padded -= 1;
        }
        padded
    }

    /// Moves the digits from `from` to `to`, right to left, with separators and leading zeros.
    fn spread(self, from: usize, digits: usize, to: usize, padded: usize, out: &mut [u8]) {
        let mut place = to + self.length(padded);
        for index in 0..padded {
            if let Some(separator) = self.separator
                && index > 0
                && index % self.size == 0
            {
                place -= 1;
                out[place] = separator;
            }
            place -= 1;
            out[place] = if index < digits { out[from + digits - 1 - index] } else { b'0' };
        }
    }
}

/// Appends a character this many times.
fn fill_up(fill: char, count: usize, out: &mut Vec<u8>) {
    let at = out.len();
    out.resize(at + count * fill.len_utf8(), 0);
    put(fill, at, count, out);
}

/// Writes a character this many times from a position.
fn put(fill: char, at: usize, count: usize, out: &mut [u8]) {
    let length = fill.len_utf8();
    for place in out[at..at + count * length].chunks_exact_mut(length) {
        fill.encode_utf8(place);
    }
}

/// The end of the first characters of a text; each invalid byte counts as one.
fn characters_end(text: &[u8], count: usize) -> usize {
    let (mut end, mut left) = (0, count);
    for chunk in text.utf8_chunks() {
        let chars = chunk.valid().chars().map(char::len_utf8).chain(chunk.invalid().iter().map(|_| 1));
        for length in chars {
            if left == 0 {
                return end;
            }
            left -= 1;
            end += length;
        }
    }
    end
}
