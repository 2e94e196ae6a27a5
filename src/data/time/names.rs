//! The English names of months and weekdays, recognized by their first three letters.

use super::digits::bytes_at;

/// Packs three letters into a number, in lower case.
#[inline]
const fn letters(name: [u8; 3]) -> u32 {
    ((name[0] | 0x20) as u32) << 16 | ((name[1] | 0x20) as u32) << 8 | (name[2] | 0x20) as u32
}

/// Parses a month's English name, short or full; returns its number and end.
#[inline]
pub(super) fn month(text: &[u8], at: usize) -> Option<(u32, usize)> {
    let month = month_number(*bytes_at(text, at)?)?;
    if !text.get(at + 3).is_some_and(u8::is_ascii_alphabetic) {
        return Some((month, at + 3));
    }
    let end = word_end(text, at, MONTHS[month as usize - 1])?;
    Some((month, end))
}

/// The names of the months.
pub(super) const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// The names of the weekdays.
pub(super) const WEEKDAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/// Returns the end of a word, if it is this one in any case.
#[cold]
fn word_end(text: &[u8], at: usize, word: &str) -> Option<usize> {
    let end = at + word.len();
    let is_there =
        text.get(at..end)?.eq_ignore_ascii_case(word.as_bytes()) && !text.get(end).is_some_and(u8::is_ascii_alphabetic);
    is_there.then_some(end)
}

/// Returns the number of a month by its three letters.
#[inline]
pub(super) fn month_number(name: [u8; 3]) -> Option<u32> {
    const NAMES: [u32; 12] = {
        let names = *b"janfebmaraprmayjunjulaugsepoctnovdec";
        let mut packed = [0; 12];
        let mut month = 0;
        while month < 12 {
            packed[month] = letters([names[3 * month], names[3 * month + 1], names[3 * month + 2]]);
            month += 1;
        }
        packed
    };
    const PLACES: [u8; 32] = {
        let mut places = [0; 32];
        let mut month = 0;
        while month < 12 {
            let slot = slot_of(NAMES[month]);
            assert!(places[slot] == 0, "two months share a slot");
            places[slot] = month as u8 + 1;
            month += 1;
        }
        places
    };
    let name = letters(name);
    let month = u32::from(PLACES[slot_of(name)]);
    (month > 0 && NAMES[month as usize - 1] == name).then_some(month)
}

/// Hashes the three letters of a month to a slot.
#[inline]
const fn slot_of(name: u32) -> usize {
    (name.wrapping_mul(MULTIPLIER) >> 27) as usize
}

/// Found by trial: no two months share a slot.
const MULTIPLIER: u32 = 0x6ec9_d287;

/// True if a text begins with the short English name of a weekday.
pub(crate) fn is_weekday(text: &[u8]) -> bool {
    weekday_len(text) == Some(3)
}

/// Returns the length of the English name of a weekday, short or full, that a text begins with.
#[inline]
pub(super) fn weekday_len(text: &[u8]) -> Option<usize> {
    let short = letters(*text.first_chunk()?);
    let name = WEEKDAYS.iter().find(|name| {
        let [a, b, c, ..] = *name.as_bytes() else {
            return false;
        };
        letters([a, b, c]) == short
    })?;
    if text.get(3).is_some_and(u8::is_ascii_alphabetic) { word_end(text, 0, name) } else { Some(3) }
}
