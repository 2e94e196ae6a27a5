//! Slices: the greatest common divisor of a window's length and slide, so that every window is a run of whole
//! slices and a record is added once, however many windows it belongs to.
//!
//! The method is that of *panes* (J. Li et al., *No Pane, No Gain*, SIGMOD Record 2005).

use jiff::tz::TimeZone;

use super::{Window, WindowKind};
use crate::data::TimeSteps;
use crate::data::persist::{Persist, StateError, StateReader};

/// A slice by number, and the first window that takes its records: earlier windows were final when the records
/// arrived, or do not contain the slice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Slice {
    /// The first window that takes it.
    pub first: i64,
    /// Its number.
    pub number: i64,
}

impl Persist for Slice {
    fn save(&self, out: &mut Vec<u8>) {
        self.first.save(out);
        self.number.save(out);
    }

    fn load(input: &mut StateReader<'_>) -> Result<Self, StateError> {
        Ok(Slice { first: i64::load(input)?, number: i64::load(input)? })
    }
}

/// Where slices and windows begin and end.
#[derive(Clone, Debug)]
pub struct Grid {
    slices: TimeSteps,
    /// Slices from the start of one window to the start of the next.
    step: i64,
    /// Slices of a window.
    span: i64,
    /// The first possible window.
    first: i64,
}

impl Grid {
    /// The grid of a window; `None` for sessions and states, which have no common bounds.
    pub fn of(window: &Window, zone: &TimeZone) -> Option<Grid> {
        match window.kind {
            WindowKind::Session { .. } | WindowKind::State => None,
            WindowKind::Rows { length, slide } => {
                let slice = gcd(length, slide);
                Some(Grid {
                    slices: TimeSteps::of_numbers(1, slice),
                    step: slide / slice,
                    span: length / slice,
                    first: 0,
                })
            }
            WindowKind::Time { length, slide } => {
                let slice = gcd(length, slide);
                Some(Grid {
                    slices: TimeSteps::later(slice, window.offset_ns, zone),
                    step: slide / slice,
                    span: length / slice,
                    first: i64::MIN,
                })
            }
        }
    }

    /// True if windows do not share slices.
    pub fn is_tumbling(&self) -> bool {
        self.step == self.span
    }

    /// The slice that holds a time, or the number of a record.
    pub fn slice_of(&self, at: i64) -> i64 {
        self.slices.number_of(at)
    }

    /// The start of a slice, clamped to 64 bits.
    pub fn edge(&self, slice: i64) -> i64 {
        self.slices.start(slice)
    }

    /// The start of a window.
    pub fn start(&self, window: i64) -> i64 {
        self.edge(window.saturating_mul(self.step))
    }

    /// The end of a window, exclusive.
    pub fn end(&self, window: i64) -> i64 {
        self.edge(self.slices(window).1)
    }

    /// The first slice of a window, and the one after its last.
    pub fn slices(&self, window: i64) -> (i64, i64) {
        let first = window.saturating_mul(self.step);
        (first, first.saturating_add(self.span))
    }

    /// The first and the last window that contain a slice; the first can be after the last before the first window
    /// of records.
    pub fn windows(&self, slice: i64) -> (i64, i64) {
        let last = slice.div_euclid(self.step);
        let before = slice.checked_sub(self.span);
        let first = before.map_or(i64::MIN, |before| before.div_euclid(self.step) + 1);
        (first.max(self.first), last)
    }

    /// True if a window is final at this watermark. Windows that reach beyond the range of 64-bit times are compared
    /// by slice.
    pub fn is_final(&self, window: i64, watermark: i64) -> bool {
        watermark > i64::MIN && window < self.first_open(self.slice_of(watermark))
    }

    /// The first window that is not final when the watermark is in this slice.
    pub fn first_open(&self, slice: i64) -> i64 {
        (slice.saturating_sub(self.span)).div_euclid(self.step).saturating_add(1)
    }
}

fn gcd(left: i64, right: i64) -> i64 {
    if right == 0 { left } else { gcd(right, left % right) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SECOND: i64 = 1_000_000_000;
    const DAY_NS: i64 = 86_400 * SECOND;

    fn grid(length: i64, slide: i64) -> Grid {
        let kind = WindowKind::Time { length, slide };
        Grid::of(&Window { kind, late_ns: 0, offset_ns: 0 }, &TimeZone::UTC).expect("no session")
    }

    proptest! {
        #[test]
        fn a_window_holds_what_is_between_its_bounds(length in 1i64..40, slide in 1i64..40, at in -1000i64..1000, window in -300i64..300) {
            let slide = slide.min(length);
            let grid = grid(length, slide);
            let (first, last) = grid.windows(grid.slice_of(at));
            let holds = grid.start(window) <= at && at < grid.end(window);
            prop_assert_eq!(holds, (first..=last).contains(&window));
            prop_assert_eq!(grid.end(window) - grid.start(window), length);
            prop_assert_eq!(grid.start(window + 1) - grid.start(window), slide);
            // Final once the watermark has reached the end.
            prop_assert_eq!(grid.end(window) <= at, grid.is_final(window, at));
        }
    }

    #[test]
    fn weeks_begin_on_monday() {
        let week = grid(7 * DAY_NS, 7 * DAY_NS);
        let monday = 1_772_409_600 * SECOND; // 2026-03-02
        let slice = week.slice_of(monday);
        assert_eq!(week.edge(slice), monday);
        assert_eq!(week.slice_of(monday - 1), slice - 1);
        assert_eq!(week.slice_of(monday + 7 * DAY_NS - 1), slice);
    }

    #[test]
    fn records_are_numbered_from_one() {
        let kind = WindowKind::Rows { length: 100, slide: 10 };
        let grid = Grid::of(&Window { kind, late_ns: 0, offset_ns: 0 }, &TimeZone::UTC).expect("no session");
        assert_eq!((grid.start(0), grid.end(0)), (1, 101));
        assert_eq!(grid.windows(grid.slice_of(1)), (0, 0));
        assert_eq!(grid.windows(grid.slice_of(101)), (1, 10));
    }
}
