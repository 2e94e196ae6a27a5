//! The text around a time: brackets and quotes that are not part of it, and the rest of it if a hole took too little.
//!
//! A hole for a time yields to the rest of its pattern, so a shorter time than the one in the text may match: the date
//! of `2026-03-01 10:00:00|x` before `{t:time} {rest}`. That would silently be midnight, so the record is rejected
//! instead.

use super::LinePattern;
use super::hole::Miss;
use super::literal::is_white;
use crate::decode::times;
use crate::decode::typed::FieldType;

/// A bracket or quote before a time, as a regular expression.
pub(super) const OPENERS: &str = r#"[\[({<"']??"#;

/// Brackets, quotes and punctuation between a time and white space.
pub(super) const CLOSERS: &str = r#"[\])}>"'|,;:.]{0,4}?"#;

/// The maximum number of them.
const MOST_CLOSERS: usize = 4;

/// Fewer digits are not a number since 1970 but a date: `20260301`.
const LEAST_DIGITS: usize = 9;

/// Marks that end the rest of a time, by byte.
const CUTS: [bool; 256] = {
    let marks = b"])}>\"'|,;=:";
    let mut cuts = [false; 256];
    let mut index = 0;
    while index < marks.len() {
        cuts[marks[index] as usize] = true;
        index += 1;
    }
    cuts
};

pub(super) fn is_opener(text: &[u8], at: usize) -> bool {
    text.get(at).is_some_and(|byte| b"[({<\"'".contains(byte))
}

fn is_closer(byte: u8) -> bool {
    b"])}>\"'|,;:.".contains(&byte)
}

/// Counts the brackets, quotes and punctuation marks at an offset.
pub(super) fn closers(text: &[u8], at: usize) -> usize {
    text[at..].iter().take(MOST_CLOSERS).take_while(|byte| is_closer(**byte)).count()
}

impl LinePattern {
    /// Returns the hole for a time that took only a part of the time in the text, if there is one.
    #[inline]
    pub(super) fn torn(&self, text: &[u8], places: &[(usize, usize)]) -> Option<Miss> {
        if !self.has_times {
            return None;
        }
        let times = self.holes.iter().enumerate().filter(|(_, hole)| hole.kind == FieldType::Time);
        times.map(|(hole, _)| hole).find_map(|hole| self.torn_at(text, places, hole))
    }

    #[inline]
    fn torn_at(&self, text: &[u8], places: &[(usize, usize)], hole: usize) -> Option<Miss> {
        let ((start, end), after) = (places[hole], &self.literals[hole + 1]);
        if after.is_empty() {
            let separators = text[end..].iter().take_while(|byte| is_white(**byte) || b"Tt_,-".contains(byte));
            let clock = end + separators.count();
            let length = clock_len(&text[clock..])?;
            return lacks_clock(&text[start..end]).then_some(Miss::Type(hole, (start, clock + length)));
        }
        let next = self.holes.get(hole + 1).filter(|next| matches!(next.kind, FieldType::Text | FieldType::Word));
        if !after.is_white() || next.is_none() {
            return None;
        }
        let (from, to) = places[hole + 1];
        let taken = &text[from..to];
        match clock_len(taken) {
            Some(length) if length < taken.len() && lacks_clock(&text[start..end]) => {
                Some(Miss::Type(hole, (start, from + length)))
            }
            _ if is_rest(text, (start, end), (from, to)) => Some(Miss::Type(hole, (start, to))),
            _ => None,
        }
    }
}

/// True if a time is only a date.
fn lacks_clock(time: &[u8]) -> bool {
    let is_number = time.len() >= LEAST_DIGITS && time.iter().all(|byte| byte.is_ascii_digit() || b".-".contains(byte));
    let is_iso_date = time.len() == 10 && time[4] == b'-';
    let is_compact = time.get(8).is_some_and(|byte| byte | 0x20 == b't');
    (!is_number || is_iso_date) && !is_compact && !time.contains(&b':')
}

/// Returns the length of the time of day that a text begins with, valid or not.
#[inline]
fn clock_len(text: &[u8]) -> Option<usize> {
    if !text.first()?.is_ascii_digit() {
        return None; // the usual case
    }
    let hour = text.iter().take(2).take_while(|byte| byte.is_ascii_digit()).count();
    match text[hour..] {
        [b':', tens, ones, ..] if hour > 0 && tens.is_ascii_digit() && ones.is_ascii_digit() => {
            Some(text.iter().take_while(|byte| byte.is_ascii_digit() || b":.,".contains(byte)).count())
        }
        _ => None,
    }
}

/// True if the next hole begins with the rest of a longer time, its zone or year, and continues after it without a
/// blank.
#[inline]
fn is_rest(text: &[u8], (start, end): (usize, usize), (from, to): (usize, usize)) -> bool {
    let is_cut = |byte: u8| byte != b':' && CUTS[byte as usize] || byte == b':' && !text[from].is_ascii_digit();
    let mark = text[from..to].iter().find(|byte| is_white(**byte) || is_cut(**byte));
    if mark.is_none_or(|byte| is_white(*byte)) {
        return false; // the usual case, without parsing the time again
    }
    let Some(longest) = times::longest(text, start, times::Surroundings::default()) else {
        return false;
    };
    longest > end && (from..to).contains(&longest) && is_cut(text[longest])
}
