//! Formats of times: those of `strftime(3)` in the C locale, with fractions (`%f`, `%.f`, `%3f`, `%.3f`), names of
//! zones (`%Q`) and `%:z`. A format is parsed once (`items`); then it reads times (`read`, into `fields`) or writes
//! them (`write`).

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

/// A parsed format.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimeFormat {
    items: Vec<FormatItem>,
    pieces: Vec<FormatPiece>,
}

impl TimeFormat {
    /// Parses a format; an error says what is wrong with it.
    pub fn new(text: &[u8]) -> Result<TimeFormat, String> {
        let items::FormatItems { items, pieces } = items::read(text)?;
        write::write(&pieces, Negative::Floor, 0, &TimeZone::UTC, &mut Vec::new())
            .map_err(|error| error.to_string())?;
        Ok(TimeFormat { items, pieces })
    }

    /// Returns what a format lacks to read times.
    pub fn check_reading(&self) -> Result<(), &'static str> {
        fields::check(&self.items)
    }

    /// Reads a time that is the whole text; `None` if it does not have this format or is out of range.
    pub fn read(&self, text: &[u8]) -> Option<ParsedTime> {
        read::fields_of(&self.items, text)?.moment()
    }

    /// True if a text that this format does not read is a time out of range.
    pub fn is_out_of_range(&self, text: &[u8]) -> bool {
        read::fields_of(&self.items, text).is_some_and(|fields| fields.exceeds_range())
    }

    /// Writes a time in a zone; returns whether it can be written.
    pub fn write(&self, ns: i64, zone: &TimeZone, out: &mut Vec<u8>) -> bool {
        write::write(&self.pieces, self.negative(), ns, zone, out).is_ok()
    }

    /// In seconds since 1970 with a fraction, and no other part, the sign applies to both.
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
