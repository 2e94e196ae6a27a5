//! Reads a text by a format, as `strptime(3)` does: names in any case, and white space before numbers is skipped.

use super::fields::Fields;
use super::items::{FormatItem, TimePart};
use crate::data::time::names::{MONTHS, WEEKDAYS};
use crate::data::time::zone::{Zone, offset_prefix, region, zone_name};

/// Returns the parts of a time that a whole text names; `None` if it does not have this format, or names one part twice
/// in different ways.
pub(super) fn fields_of(items: &[FormatItem], text: &[u8]) -> Option<Fields> {
    let mut fields = Fields::default();
    let mut rest = text;
    for (index, item) in items.iter().enumerate() {
        rest = match item {
            FormatItem::Literal(literal) => rest.strip_prefix(literal.as_slice())?,
            FormatItem::White => rest.trim_ascii_start(),
            FormatItem::TimePart(part) => {
                let is_before_digits = items.get(index + 1).is_some_and(begins_with_digit);
                read_part(part, is_before_digits, rest, &mut fields)?
            }
        };
    }
    rest.is_empty().then_some(fields)
}

fn begins_with_digit(item: &FormatItem) -> bool {
    match item {
        FormatItem::Literal(literal) => literal[0].is_ascii_digit(),
        FormatItem::White => false,
        FormatItem::TimePart(part) => !part.has_point && !b"aAbBhpPQzZ".contains(&part.letter),
    }
}

/// Reads a part; returns the text after it.
fn read_part<'t>(part: &TimePart, is_before_digits: bool, text: &'t [u8], fields: &mut Fields) -> Option<&'t [u8]> {
    let digits = |most: usize| number(text, part.width.unwrap_or(most).max(1));
    let (value, rest) = match part.letter {
        b'a' | b'A' => name(text, &WEEKDAYS)?,
        b'b' | b'B' | b'h' => name(text, &MONTHS).map(|(month, rest)| (month + 1, rest))?,
        b'p' | b'P' => am_pm(text)?,
        b'C' | b'd' | b'e' | b'g' | b'H' | b'I' | b'k' | b'l' | b'm' | b'M' | b'S' | b'U' | b'V' | b'W' | b'y' => {
            digits(2)?
        }
        b'j' => digits(3)?,
        b'G' | b'Y' => digits(4)?,
        b'u' | b'w' => digits(1)?,
        b's' => return epoch(text, fields),
        b'f' | b'N' => return fraction(part, is_before_digits, text, fields),
        b'z' => {
            let (offset_s, used) = offset_prefix(text)?;
            return fields.set_offset(offset_s).then_some(&text[used..]);
        }
        b'Z' => {
            let (Some(zone), used) = zone_name(text) else {
                return None;
            };
            return fields.set_zone(zone).then_some(&text[used..]);
        }
        b'Q' => return zone_of_iana(text, fields),
        _ => return None,
    };
    fields.set(part.letter, value).then_some(rest)
}

/// Reads a number of at most `most` digits, after optional white space.
fn number(text: &[u8], most: usize) -> Option<(u32, &[u8])> {
    let text = text.trim_ascii_start();
    let length = digits_len(text, most.min(9));
    if length == 0 {
        return None;
    }
    let value = text[..length].iter().fold(0, |value, digit| value * 10 + u32::from(digit - b'0'));
    Some((value, &text[length..]))
}

fn digits_len(text: &[u8], most: usize) -> usize {
    let digits = text.iter().take(most);
    digits.take_while(|byte| byte.is_ascii_digit()).count()
}

/// Finds the name that a text begins with, in full or by its first three letters.
fn name<'t>(text: &'t [u8], names: &[&str]) -> Option<(u32, &'t [u8])> {
    let begins = |name: &[u8]| text.get(..name.len()).is_some_and(|head| head.eq_ignore_ascii_case(name));
    let (index, name) = (0..).zip(names).find(|(_, name)| begins(&name.as_bytes()[..3]))?;
    let used = if begins(name.as_bytes()) { name.len() } else { 3 };
    Some((index, &text[used..]))
}

fn am_pm(text: &[u8]) -> Option<(u32, &[u8])> {
    let [first, second, rest @ ..] = text else {
        return None;
    };
    match [first.to_ascii_uppercase(), second.to_ascii_uppercase()] {
        [b'A', b'M'] => Some((0, rest)),
        [b'P', b'M'] => Some((1, rest)),
        _ => None,
    }
}

/// Reads `%s`.
fn epoch<'t>(text: &'t [u8], fields: &mut Fields) -> Option<&'t [u8]> {
    let text = text.trim_ascii_start();
    let is_negative = text.first() == Some(&b'-');
    let unsigned = &text[usize::from(is_negative)..];
    let length = digits_len(unsigned, 19);
    let value: i64 = str::from_utf8(&unsigned[..length]).ok()?.parse().ok()?;
    fields.set_epoch(is_negative, value).then_some(&unsigned[length..])
}

/// Reads `%f`, `%3f`, `%.f`: up to nine digits, or as many as the width says if digits follow.
fn fraction<'t>(part: &TimePart, is_before_digits: bool, text: &'t [u8], fields: &mut Fields) -> Option<&'t [u8]> {
    let digits = match (part.has_point, text) {
        (true, [b'.', digits @ ..]) => digits,
        (true, _) => return Some(text),
        (false, _) => text,
    };
    let most = part.width.filter(|_| is_before_digits).unwrap_or(9);
    let length = digits_len(digits, most);
    if length == 0 {
        return None;
    }
    let mut ns = 0;
    let mut place = 100_000_000;
    for digit in &digits[..length] {
        ns += u32::from(digit - b'0') * place;
        place /= 10;
    }
    fields.set_fraction(ns).then_some(&digits[length..])
}

/// Reads `%Q`: an IANA name, or an offset if the zone has no name.
fn zone_of_iana<'t>(text: &'t [u8], fields: &mut Fields) -> Option<&'t [u8]> {
    if let Some((offset_s, used)) = offset_prefix(text) {
        return fields.set_offset(offset_s).then_some(&text[used..]);
    }
    let is_part = |byte: &&u8| byte.is_ascii_alphanumeric() || b"/_-+".contains(byte);
    let name = &text[..text.iter().take(64).take_while(is_part).count()];
    let zone = Zone::Region(region(name)?);
    fields.set_zone(zone).then_some(&text[name.len()..])
}
