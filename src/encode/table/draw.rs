//! Draws a row of known widths.

use console::truncate_str;

use super::TableEncoder;
use super::cell::{Cell, CellContent};
use crate::encode::fit::{GAP, write_shortened};

/// Terminal control sequences.
const BOLD: &[u8] = b"\x1b[1m";
const DIM: &[u8] = b"\x1b[2m";
const PLAIN: &[u8] = b"\x1b[0m";

/// The style of a row.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    Header,
    Row,
}

/// Common properties of the rows that are written together.
pub(super) struct Frame {
    pub(super) widths: Vec<usize>,
    /// The width of a row without its bar.
    pub(super) width: usize,
    pub(super) longest_bar: usize,
}

/// Cuts a row that begins at `start` to the width of the terminal, which would wrap it; an ellipsis replaces the rest.
fn clip(start: usize, room: usize, out: &mut Vec<u8>) {
    let row = String::from_utf8_lossy(&out[start..]);
    let clipped = truncate_str(&row, room, "…").into_owned();
    out.truncate(start);
    out.extend_from_slice(clipped.as_bytes());
}

impl TableEncoder {
    /// Writes one row whose text begins at `start`, and advances `start`. Spaces are written only if something follows
    /// them.
    pub(super) fn write_row(&self, cells: &[Cell], style: Style, frame: &Frame, start: &mut usize, out: &mut Vec<u8>) {
        let is_bold = self.look.color && style == Style::Header;
        if is_bold {
            out.extend_from_slice(BOLD);
        }
        let row_start = out.len();
        let mut spaces = 0;
        for (index, (cell, layout)) in cells.iter().zip(&self.layout).enumerate() {
            if index > 0 {
                spaces += GAP;
            }
            let width = frame.widths[index];
            let text = &self.text[*start..cell.end];
            *start = cell.end;
            let padding = width - cell.width.min(width);
            if text.is_empty() {
                spaces += padding;
                continue;
            }
            if layout.is_right_aligned() {
                spaces += padding;
            }
            out.resize(out.len() + spaces, b' ');
            let drawn = self.write_cell(cell, text, width, out);
            spaces = if layout.is_right_aligned() { 0 } else { width - drawn.min(width) };
        }
        if style == Style::Row {
            self.write_bar(cells, frame, spaces + GAP, out);
        }
        while out.len() > row_start && out.ends_with(b" ") {
            out.pop(); // spaces at the end of the text
        }
        if let Some(room) = self.look.width.filter(|room| *room < frame.width) {
            clip(row_start, room, out);
        }
        if is_bold {
            out.extend_from_slice(PLAIN);
        }
        out.push(b'\n');
    }

    /// Writes the text of a cell in at most `width` cells; returns the number of cells.
    fn write_cell(&self, cell: &Cell, text: &str, width: usize, out: &mut Vec<u8>) -> usize {
        if cell.width > width {
            return write_shortened(text, width, out);
        }
        let is_dim = self.look.color && cell.content == CellContent::Null;
        if is_dim {
            out.extend_from_slice(DIM);
        }
        out.extend_from_slice(text.as_bytes());
        if is_dim {
            out.extend_from_slice(PLAIN);
        }
        cell.width
    }

    /// Writes the bar of a row, if there is one, after `spaces` spaces.
    fn write_bar(&self, cells: &[Cell], frame: &Frame, spaces: usize, out: &mut Vec<u8>) {
        let Some(bars) = &self.bars else {
            return;
        };
        if let Some(CellContent::Number(number)) = bars.column.map(|column| cells[column].content) {
            out.resize(out.len() + spaces, b' ');
            bars.write(number, frame.longest_bar, out);
        }
    }
}
