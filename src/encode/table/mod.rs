//! `-o table`: aligned columns for people.
//!
//! Rows are held back so that a column is as wide as its widest cell; but never more than a thousand, so that an
//! endless stream needs no more memory than a short one. Widths are kept from one result to the next and only grow, so
//! that the columns of successive windows stay aligned.

mod bounds;
mod cell;
mod draw;
#[cfg(test)]
mod tests;

use super::bars::Bars;
use super::fit::{CellLayout, fit, total};
use super::sparkline::write_sparkline;
use super::visible::{Controls, write_visible};
use super::{Encoder, EncoderDef, Look, OutputColumn, printed};
use crate::data::{Batch, Column, Entry, Example, ValueRef, write_text};

use cell::{Cell, CellContent};
use draw::{Frame, Style};

pub(super) const TABLE: EncoderDef = EncoderDef {
    entry: Entry {
        name: "table",
        usage: "-o table",
        summary: "Aligned columns with a header; the default on a terminal.",
        details: "Columns of numbers are aligned to the right. A list of numbers and a histogram are drawn as a \
                  line of small columns. Control characters, and bytes that are not UTF-8, are shown escaped. \
                  A row never takes more than a line of the terminal: bounds of windows of one day are shown as \
                  times of day, the widest texts are shortened, numbers never, and what still does not fit is cut. \
                  Widths are those of the first rows, at most 1000, and of a live input those of the first 50 ms; \
                  wider cells that come later widen their column from there on.",
        examples: &[
            Example {
                expr: "-o table 'split | count by word'",
                input: "pear fig pear\n",
                output: "word  count\npear      2\nfig       1\n",
            },
            Example {
                expr: "-o table 'split | collect(num(word)) as all, histogram(num(word), 4) as bins'",
                input: "1 2 3 9 4 1\n",
                output: "all     bins\n▁▂▃█▄▁  █▆▁▃\n",
            },
        ],
    },
    header: true,
    row_by_row: false,
    for_people: true,
    encoder: |columns, look| Box::new(TableEncoder::new(columns, look, None)),
    open_row: None,
    controls: Controls::Own,
    picture: None,
};

/// The maximum number of held rows.
const HELD_ROWS: usize = 1000;

/// The text of null if color distinguishes it from text; otherwise null is empty.
const NULL: &str = "null";

/// Aligned columns, with bars or without.
pub(super) struct TableEncoder {
    columns: Vec<OutputColumn>,
    look: Look,
    bars: Option<Bars>,
    layout: Vec<CellLayout>,
    header: Option<Vec<Cell>>,
    /// The width of the header's cells.
    header_widths: Vec<usize>,
    /// The text of the held cells, one after another; each [`Cell`] records its end.
    text: String,
    /// The held cells, row by row.
    cells: Vec<Cell>,
    rows: usize,
}

impl Encoder for TableEncoder {
    /// Only records that a header is wanted: its width depends on the rows.
    fn header(&mut self, _out: &mut Vec<u8>) {
        let mut header = Vec::new();
        for (column, layout) in self.columns.iter().zip(&mut self.layout) {
            let start = self.text.len();
            write_visible(column.name.as_bytes(), &mut self.text);
            let cell = Cell::from(start, &self.text, CellContent::Text);
            layout.width = layout.width.max(cell.width);
            self.header_widths.push(cell.width);
            header.push(cell);
        }
        self.header = Some(header);
    }

    fn encode(&mut self, batch: &Batch<'_>, out: &mut Vec<u8>) {
        let columns = printed(&self.columns, batch);
        let mut scratch = Vec::new();
        for row in 0..batch.rows {
            self.hold(&columns, row, &mut scratch);
            if self.rows == HELD_ROWS {
                self.write_held(out);
            }
        }
    }

    fn finish(&mut self, out: &mut Vec<u8>) {
        self.write_held(out);
        if let Some(bars) = &mut self.bars {
            bars.finish();
        }
    }

    fn resize(&mut self, columns: usize) {
        self.look.width = Some(columns);
    }
}

impl TableEncoder {
    pub(super) fn new(columns: &[OutputColumn], look: Look, bars: Option<Bars>) -> TableEncoder {
        TableEncoder {
            columns: columns.to_vec(),
            look,
            bars,
            layout: vec![CellLayout::default(); columns.len()],
            header: None,
            header_widths: Vec::new(),
            text: String::new(),
            cells: Vec::new(),
            rows: 0,
        }
    }

    /// Holds a row back.
    fn hold(&mut self, columns: &[&Column<'_>], row: usize, scratch: &mut Vec<u8>) {
        for (column, layout) in columns.iter().zip(&mut self.layout) {
            let start = self.text.len();
            let value = column.get(row);
            let content = CellContent::of(value);
            match value {
                ValueRef::Null if self.look.color => self.text.push_str(NULL),
                ValueRef::Text(text) => write_visible(text, &mut self.text),
                value if write_sparkline(value, &mut self.text) => {}
                value => {
                    scratch.clear();
                    write_text(value, scratch);
                    write_visible(scratch, &mut self.text);
                }
            }
            let cell = Cell::from(start, &self.text, content);
            layout.take(&cell);
            self.cells.push(cell);
        }
        self.rows += 1;
    }

    /// Writes the held rows with the current widths.
    fn write_held(&mut self, out: &mut Vec<u8>) {
        self.scale_bars();
        self.shorten_bounds();
        let frame = self.frame();
        let mut start = 0;
        if let Some(header) = self.header.take() {
            self.write_row(&header, Style::Header, &frame, &mut start, out);
        }
        let columns = self.columns.len();
        for row in 0..self.rows {
            let cells = &self.cells[row * columns..(row + 1) * columns];
            self.write_row(cells, Style::Row, &frame, &mut start, out);
        }
        self.text.clear();
        self.cells.clear();
        self.rows = 0;
    }

    /// Chooses the column drawn as bars and scales the bars of the held rows.
    fn scale_bars(&mut self) {
        let Some(bars) = &mut self.bars else {
            return;
        };
        let first = || {
            self.layout
                .iter()
                .zip(&self.columns)
                .position(|(layout, column)| layout.is_right_aligned() && !column.is_key)
        };
        bars.column = bars.column.or_else(first);
        if let Some(column) = bars.column {
            for cell in self.cells.iter().skip(column).step_by(self.columns.len()) {
                if let CellContent::Number(number) = cell.content {
                    bars.scale(number);
                }
            }
        }
    }

    /// Returns the widths of all columns.
    fn frame(&self) -> Frame {
        let room = match &self.bars {
            Some(bars) if bars.column.is_some() => Bars::room(self.look),
            _ => self.look.width,
        };
        let widths = fit(&self.layout, room);
        let width = total(&widths);
        let longest_bar = Bars::longest(self.look, width);
        Frame { widths, width, longest_bar }
    }
}
