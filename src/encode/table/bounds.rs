//! Bounds of windows where the terminal has no room for whole times: those of one day are shown as times of day.

use super::Table;
use super::cell::{Cell, Content};
use crate::encode::fit::{Layout, total};

impl Table {
    /// If the rows that are held back are too wide for the terminal, and all bounds of windows in them are of one day,
    /// leaves out the day.
    pub(super) fn shorten_bounds(&mut self) {
        let widths: Vec<usize> = self.layout.iter().map(|layout| layout.width).collect();
        let is_too_wide = self.look.width.is_some_and(|room| total(&widths) > room);
        if is_too_wide && self.is_one_day() {
            self.leave_out_day();
        }
    }

    /// True if there are bounds, and all of them are of one day; one may end with it.
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

    /// The cells that are held back: those of the header, then row by row.
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
                *layout = Layout { width: self.header_widths.get(index).copied().unwrap_or(0), rigid: 0, ..*layout };
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
                let content = if index < header_cells { Content::Null } else { cell.content };
                self.layout[column].take(&Cell { content, ..new });
            }
            cells.push(new);
        }
        self.text = text;
        self.cells = cells.split_off(header_cells);
        self.header = self.header.as_ref().map(|_| cells);
    }
}

/// The day and the time of day of `2026-03-01T10:00:00Z`, without the zone.
fn split(text: &str) -> Option<(&str, &str)> {
    let (day, time) = text.split_once('T')?;
    let end = time.find(['Z', '+', '-']).unwrap_or(time.len());
    Some((day, &time[..end]))
}

fn is_midnight(time: &str) -> bool {
    time == "00:00:00"
}
