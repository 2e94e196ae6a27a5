//! Formats of times: those of `strftime(3)` in the C locale, with fractions (`%f`, `%.f`, `%3f`, `%.3f`), names of
//! zones (`%Q`) and `%:z`. A format is taken apart once (`items`); then it reads times (`read`, into `fields`) or
//! writes them (`write`).

mod fields;
mod items;
mod read;
#[cfg(test)]
mod tests;
mod write;

use jiff::tz::TimeZone;

use super::moment::ParsedTime;
use items::FormatItem;
use write::{FormatPiece, Negative};

/// A format that has been read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimeFormat {
    items: Vec<FormatItem>,
    pieces: Vec<FormatPiece>,
}

impl TimeFormat {
    /// Reads a format, or says what is wrong with it.
    pub fn new(text: &[u8]) -> Result<TimeFormat, String> {
        let items::FormatItems { items, pieces } = items::read(text)?;
        write::write(&pieces, Negative::Floor, 0, &TimeZone::UTC, &mut Vec::new())
            .map_err(|error| error.to_string())?;
        Ok(TimeFormat { items, pieces })
    }

    /// What a format lacks to read times.
    pub fn check_reading(&self) -> Result<(), &'static str> {
        fields::check(&self.items)
    }

    /// The time that a whole text is; none if it is none by this format, or out of range.
    pub fn read(&self, text: &[u8]) -> Option<ParsedTime> {
        read::fields_of(&self.items, text)?.moment()
    }

    /// Whether a text that this format does not read is a time out of range.
    pub fn is_out_of_range(&self, text: &[u8]) -> bool {
        read::fields_of(&self.items, text).is_some_and(|fields| fields.exceeds_range())
    }

    /// Writes a time in a zone; whether it can be written.
    pub fn write(&self, ns: i64, zone: &TimeZone, out: &mut Vec<u8>) -> bool {
        write::write(&self.pieces, self.negative(), ns, zone, out).is_ok()
    }

    /// Seconds since 1970 with a fraction, and no other part, have a sign before both.
    fn negative(&self) -> Negative {
        let has = |letters: &[u8]| {
            let is_one =
                |item: &FormatItem| matches!(item, FormatItem::TimePart(part) if letters.contains(&part.letter));
            self.items.iter().any(is_one)
        };
        let is_part_of_epoch = |item: &FormatItem| match item {
            FormatItem::TimePart(part) => matches!(part.letter, b's' | b'f' | b'N'),
            FormatItem::Literal(_) | FormatItem::White => true,
        };
        if has(b"s") && has(b"fN") && self.items.iter().all(is_part_of_epoch) {
            Negative::Sign
        } else {
            Negative::Floor
        }
    }
}
