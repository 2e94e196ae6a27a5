//! Shortens the bounds of windows that do not fit on the terminal: if all are on one day, only the time of day is
//! printed.

use super::TableEncoder;
use super::cell::{Cell, CellContent};
use crate::encode::fit::{CellLayout, total};

impl TableEncoder {
    /// Omits the day of the window bounds if the held rows are too wide for the terminal and all their bounds are on
    /// one day.
    pub(super) fn shorten_bounds(&mut self) {
        let widths: Vec<usize> = self.layout.iter().map(|layout| layout.width).collect();
        let is_too_wide = self.look.width.is_some_and(|room| total(&widths) > room);
        if is_too_wide && self.is_one_day() {
            self.leave_out_day();
        }
    }

    /// True if there are bounds and all are on one day; one may be the end of that day.
    fn is_one_day(&self) -> bool {
        let mut day = None;
        let mut start = 0;
        for (index, cell) in self.held().enumerate() {
            let text = &self.text[start..cell.end];
            start = cell.end;
            let column = index % self.columns.len();
            if index < self.header_cells() || !self.columns[column].is_bound {
                continue;
            }
            match split(text) {
                Some((own, time)) if *day.get_or_insert(own) == own || is_midnight(time) => {}
                _ => return false,
            }
        }
        day.is_some()
    }

    /// Returns the held cells: the header, then row by row.
    fn held(&self) -> impl Iterator<Item = &Cell> {
        self.header.iter().flatten().chain(&self.cells)
    }

    fn header_cells(&self) -> usize {
        self.header.as_ref().map_or(0, Vec::len)
    }

    fn leave_out_day(&mut self) {
        let header_cells = self.header_cells();
        let mut text = String::with_capacity(self.text.len());
        let mut cells = Vec::with_capacity(header_cells + self.cells.len());
        for (index, layout) in self.layout.iter_mut().enumerate() {
            if self.columns[index].is_bound {
                *layout =
                    CellLayout { width: self.header_widths.get(index).copied().unwrap_or(0), rigid: 0, ..*layout };
            }
        }
        let mut start = 0;
        for (index, cell) in self.header.iter().flatten().chain(&self.cells).enumerate() {
            let old = &self.text[start..cell.end];
            start = cell.end;
            let column = index % self.columns.len();
            let is_bound = self.columns[column].is_bound;
            let time = split(old).filter(|_| is_bound && index >= header_cells).map(|(_, time)| time);
            let begin = text.len();
            text.push_str(time.unwrap_or(old));
            let new = Cell::from(begin, &text, cell.content);
            if is_bound {
                let content = if index < header_cells { CellContent::Null } else { cell.content };
                self.layout[column].take(&Cell { content, ..new });
            }
            cells.push(new);
        }
        self.text = text;
        self.cells = cells.split_off(header_cells);
        self.header = self.header.as_ref().map(|_| cells);
    }
}

/// Splits `2026-03-01T10:00:00Z` into day and time of day, without the zone.
fn split(text: &str) -> Option<(&str, &str)> {
    let (day, time) = text.split_once('T')?;
    let end = time.find(['Z', '+', '-']).unwrap_or(time.len());
    Some((day, &time[..end]))
}

fn is_midnight(time: &str) -> bool {
    time == "00:00:00"
}
