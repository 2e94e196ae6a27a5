//! Finds the holes in a text: from literal to literal, and by the regular expression only where that may find more.

use regex::bytes::CaptureLocations;

use super::Pattern;
use super::hole::{fits, prefix_len};
use crate::decode::typed::{Kind, shown};

/// Where a search ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Miss {
    /// This literal is not there.
    Literal(usize),
    /// The text for this hole is not of its type.
    Type(usize, (usize, usize)),
}

impl Pattern {
    /// Finds the places of all holes; `places` has room for each.
    pub(super) fn find(
        &self,
        text: &[u8],
        places: &mut [(usize, usize)],
        locations: Option<&mut CaptureLocations>,
    ) -> Result<(), Miss> {
        let missed = match self.find_literals(text, places) {
            Ok(()) => return Ok(()),
            Err(missed) => missed,
        };
        let may_match = self.is_elastic || matches!(missed, Miss::Type(..));
        if let (Some(regex), Some(locations), true) = (&self.fallback, locations, may_match)
            && regex.captures_read(locations, text).is_some()
        {
            for (index, place) in places.iter_mut().enumerate() {
                *place = locations.get(index + 1).unwrap_or_default();
            }
            return Ok(());
        }
        Err(missed)
    }

    /// Finds the places of all holes from literal to literal.
    #[inline]
    fn find_literals(&self, text: &[u8], places: &mut [(usize, usize)]) -> Result<(), Miss> {
        let (_, mut at) = self.literals[0].find(text, 0).ok_or(Miss::Literal(0))?;
        for (index, hole) in self.holes.iter().enumerate() {
            let behind = &self.literals[index + 1];
            let (mut end, next) = if behind.is_empty() {
                (text.len(), text.len())
            } else {
                behind.find(text, at).ok_or(Miss::Literal(index + 1))?
            };
            if hole.kind != Kind::Text {
                if behind.is_empty() {
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

    /// A hole is not of its type. If a literal further on is not there, that is the better reason.
    #[cold]
    fn missed_type(
        &self,
        text: &[u8],
        index: usize,
        place: (usize, usize),
        next: usize,
    ) -> Result<(), Miss> {
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
            Miss::Literal(index) => format!(
                "parse: expected {} behind {}",
                self.literals[index].shown(),
                self.holes[index - 1].label()
            ),
            Miss::Type(index, (start, end)) => {
                let hole = &self.holes[index];
                let end = if self.literals[index + 1].is_empty() {
                    text.len()
                } else {
                    end.min(text.len())
                };
                let found = &text[start.min(end)..end];
                format!(
                    "parse: expected {} at {}, found {}",
                    hole.kind.expected_of(found),
                    hole.label(),
                    shown(found)
                )
            }
        }
    }
}
