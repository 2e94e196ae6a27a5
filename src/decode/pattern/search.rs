//! Finds the holes in a text: literal by literal, and by the regular expression or program only if that may find more.

use regex::bytes::{CaptureLocations, Regex};

use super::hole::{Miss, fits, prefix_len};
use super::{Again, Fallback, LinePattern, torn};
use crate::decode::times;
use crate::decode::typed::{FieldType, shown};

impl LinePattern {
    /// Finds the ranges of all holes; `places` has room for each.
    pub(super) fn find(
        &self,
        text: &[u8],
        places: &mut [(usize, usize)],
        again: Option<&mut Again>,
    ) -> Result<(), Miss> {
        let missed = match self.find_literals(text, places) {
            Ok(()) => return self.torn(text, places).map_or(Ok(()), Err),
            Err(missed) => missed,
        };
        let is_found = match (&self.fallback, again) {
            (Some(Fallback::Regex(regex)), Some(Again::Regex(locations))) => {
                let may_match = self.is_elastic || matches!(missed, Miss::Type(..));
                may_match && by_regex(regex, text, places, locations)
            }
            (Some(Fallback::Program(program)), Some(Again::Program(scratch))) => {
                self.has_literals(text) && program.find(text, places, scratch)
            }
            _ => false,
        };
        if is_found { self.torn(text, places).map_or(Ok(()), Err) } else { Err(missed) }
    }

    /// True if the literals occur in order; otherwise nothing can match.
    fn has_literals(&self, text: &[u8]) -> bool {
        let mut at = 0;
        self.is_elastic
            || self.literals.iter().all(|literal| {
                let found = literal.find(text, at);
                at = found.map_or(at, |(_, end)| end);
                found.is_some()
            })
    }

    /// Finds the ranges of all holes literal by literal.
    #[inline]
    fn find_literals(&self, text: &[u8], places: &mut [(usize, usize)]) -> Result<(), Miss> {
        let (_, mut at) = self.literals[0].find(text, 0).ok_or(Miss::Literal(0))?;
        for (index, hole) in self.holes.iter().enumerate() {
            let after = &self.literals[index + 1];
            if hole.kind == FieldType::Time {
                let Some((start, end, next)) = self.find_time(text, index, at) else {
                    let found = after.find(text, at).filter(|_| !after.is_empty());
                    let (end, next) = found.unwrap_or((text.len(), text.len()));
                    return self.missed_type(text, index, (at, end), next);
                };
                places[index] = (start, end);
                at = next;
                continue;
            }
            let (mut end, next) = if after.is_empty() {
                (text.len(), text.len())
            } else {
                after.find(text, at).ok_or(Miss::Literal(index + 1))?
            };
            if hole.kind != FieldType::Text {
                if after.is_empty() {
                    end = at + prefix_len(hole.kind, &text[at..]);
                }
                if !fits(hole.kind, &text[at..end]) {
                    return self.missed_type(text, index, (at, end), next);
                }
            }
            places[index] = (at, end);
            at = next;
        }
        Ok(())
    }

    /// Finds the longest time at an offset with the next literal directly after it: the range of the time and the end
    /// of the literal. A bracket or quote before the time is not part of it, nor is one between it and white space.
    #[inline]
    fn find_time(&self, text: &[u8], hole: usize, at: usize) -> Option<(usize, usize, usize)> {
        let (around, after) = (self.surroundings(hole), &self.literals[hole + 1]);
        let (start, mut end) = match times::longest(text, at, around) {
            Some(end) => (at, end),
            None if !around.is_first && torn::is_opener(text, at) => (at + 1, times::longest(text, at + 1, around)?),
            None => return None,
        };
        loop {
            if let Some(next) = after.ends_from(text, end) {
                return Some((start, end, next));
            }
            if after.begins_white()
                && let closers @ 1.. = torn::closers(text, end)
                && let Some(next) = after.ends_from(text, end + closers)
            {
                return Some((start, end, next));
            }
            end = times::shorter(text, start, end, around)?;
        }
    }

    /// Handles a hole of the wrong type. If a later literal is missing, that is the better reason.
    #[cold]
    fn missed_type(&self, text: &[u8], index: usize, place: (usize, usize), next: usize) -> Result<(), Miss> {
        let mut at = next;
        for later in index + 2..self.literals.len() {
            match self.literals[later].find(text, at) {
                Some((_, end)) => at = end,
                None => return Err(Miss::Literal(later)),
            }
        }
        Err(Miss::Type(index, place))
    }

    #[cold]
    pub(super) fn reason(&self, missed: Miss, text: &[u8]) -> String {
        match missed {
            Miss::Literal(0) => format!("parse: expected {}", self.literals[0].shown()),
            Miss::Literal(index) => {
                format!("parse: expected {} after {}", self.literals[index].shown(), self.holes[index - 1].label())
            }
            Miss::Type(index, (start, end)) => {
                let hole = &self.holes[index];
                let end = if self.literals[index + 1].is_empty() { text.len() } else { end.min(text.len()) };
                let found = &text[start.min(end)..end];
                format!("parse: expected {} at {}, found {}", hole.kind.expected_of(found), hole.label(), shown(found))
            }
        }
    }
}

#[cold]
fn by_regex(regex: &Regex, text: &[u8], places: &mut [(usize, usize)], locations: &mut CaptureLocations) -> bool {
    if regex.captures_read(locations, text).is_none() {
        return false;
    }
    for (index, place) in places.iter_mut().enumerate() {
        *place = locations.get(index + 1).unwrap_or_default();
    }
    true
}
