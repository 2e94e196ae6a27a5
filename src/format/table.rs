//! `-o table`: aligned columns for people.
//!
//! Rows are held back so that a column is as wide as its widest cell; but never more than a thousand, so
//! that an endless stream needs no more memory than a short one. Widths are kept from one result to the
//! next and only grow, so that the results of successive windows stay below one another.

use super::bars::Bars;
use super::fit::{GAP, Layout, cells, fit, total, write_shortened};
use super::sparkline::{number, write_sparkline};
use super::visible::{Controls, write_visible};
use super::{Encoder, FormatDef, Look, OutputColumn, printed};
use crate::data::{Batch, Column, Entry, Example, ValueRef, write_text};

pub(super) const TABLE: FormatDef = FormatDef {
    entry: Entry {
        name: "table",
        usage: "-o table",
        summary: "Aligned columns with a header; the default on a terminal.",
        details: "Columns of numbers are aligned to the right. A list of numbers and a histogram are drawn as a \
                  line of small columns. Control characters, and bytes that are not UTF-8, are shown escaped. \
                  On a terminal the widest texts are shortened, so that a row is a line; numbers never. Widths \
                  are those of the first 1000 rows; wider cells that come later widen their column from there \
                  on.",
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
    encoder: |columns, look| Box::new(Table::new(columns, look, None)),
    open_row: None,
    controls: Controls::Own,
};

/// Rows that are held back at most.
const HELD_ROWS: usize = 1000;

/// What a terminal is told before and behind a text.
const BOLD: &[u8] = b"\x1b[1m";
const DIM: &[u8] = b"\x1b[2m";
const PLAIN: &[u8] = b"\x1b[0m";

/// What null is where it can be told from text by its color; elsewhere it is empty.
const NULL: &str = "null";

/// Aligned columns, with bars or without.
pub(super) struct Table {
    columns: Vec<OutputColumn>,
    look: Look,
    bars: Option<Bars>,
    layout: Vec<Layout>,
    header: Option<Vec<Cell>>,
    /// The text of the cells held back, one after another; each ends where its [`Cell`] says.
    text: String,
    /// Row by row.
    cells: Vec<Cell>,
    rows: usize,
}

/// A cell that is held back.
struct Cell {
    /// Where its text ends; it begins where that of the cell before ends.
    end: usize,
    width: usize,
    content: Content,
}

/// What a cell shows.
#[derive(Clone, Copy, PartialEq)]
enum Content {
    Null,
    /// As near as a bar needs it.
    Number(f64),
    /// Times, durations, conditions: of no use if shortened.
    Short,
    Text,
}

/// How a row is drawn.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Style {
    Header,
    Row,
}

/// What the rows that are written together have in common.
struct Frame {
    widths: Vec<usize>,
    longest_bar: usize,
}

impl Encoder for Table {
    /// Only notes that a header is wanted: how wide it is, the rows say.
    fn header(&mut self, _out: &mut Vec<u8>) {
        let mut header = Vec::new();
        for (column, layout) in self.columns.iter().zip(&mut self.layout) {
            let start = self.text.len();
            write_visible(column.name.as_bytes(), &mut self.text);
            let cell = Cell::from(start, &self.text, Content::Text);
            layout.width = layout.width.max(cell.width);
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
}

impl Table {
    pub(super) fn new(columns: &[OutputColumn], look: Look, bars: Option<Bars>) -> Table {
        Table {
            columns: columns.to_vec(),
            look,
            bars,
            layout: vec![Layout::default(); columns.len()],
            header: None,
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
            let content = Content::of(value);
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

    /// Writes what is held back, with the widths as they are now.
    fn write_held(&mut self, out: &mut Vec<u8>) {
        self.scale_bars();
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

    /// Chooses what is drawn as bars, and takes note of the rows that are held back.
    fn scale_bars(&mut self) {
        let Some(bars) = &mut self.bars else {
            return;
        };
        let first = || {
            self.layout
                .iter()
                .position(|layout| layout.is_right_aligned())
        };
        bars.column = bars.column.or_else(first);
        if let Some(column) = bars.column {
            for cell in self.cells.iter().skip(column).step_by(self.columns.len()) {
                if let Content::Number(number) = cell.content {
                    bars.scale(number);
                }
            }
        }
    }

    /// How wide everything is.
    fn frame(&self) -> Frame {
        let room = match &self.bars {
            Some(bars) if bars.column.is_some() => Bars::room(self.look),
            _ => self.look.width,
        };
        let widths = fit(&self.layout, room);
        let longest_bar = Bars::longest(self.look, total(&widths));
        Frame {
            widths,
            longest_bar,
        }
    }

    /// Writes one row whose text begins at `start`, and moves that on. Spaces are written only when
    /// something follows them.
    fn write_row(
        &self,
        cells: &[Cell],
        style: Style,
        frame: &Frame,
        start: &mut usize,
        out: &mut Vec<u8>,
    ) {
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
            spaces = if layout.is_right_aligned() {
                0
            } else {
                width - drawn.min(width)
            };
        }
        if style == Style::Row {
            self.write_bar(cells, frame, spaces + GAP, out);
        }
        while out.len() > row_start && out.ends_with(b" ") {
            out.pop(); // spaces at the end of the text
        }
        if is_bold {
            out.extend_from_slice(PLAIN);
        }
        out.push(b'\n');
    }

    /// Writes the text of a cell in at most `width` cells; how many they are.
    fn write_cell(&self, cell: &Cell, text: &str, width: usize, out: &mut Vec<u8>) -> usize {
        if cell.width > width {
            return write_shortened(text, width, out);
        }
        let is_dim = self.look.color && cell.content == Content::Null;
        if is_dim {
            out.extend_from_slice(DIM);
        }
        out.extend_from_slice(text.as_bytes());
        if is_dim {
            out.extend_from_slice(PLAIN);
        }
        cell.width
    }

    /// Writes the bar of a row, if there is one, behind as many spaces.
    fn write_bar(&self, cells: &[Cell], frame: &Frame, spaces: usize, out: &mut Vec<u8>) {
        let Some(bars) = &self.bars else {
            return;
        };
        if let Some(Content::Number(number)) = bars.column.map(|column| cells[column].content) {
            out.resize(out.len() + spaces, b' ');
            bars.write(number, frame.longest_bar, out);
        }
    }
}

impl Layout {
    /// Takes note of a cell.
    fn take(&mut self, cell: &Cell) {
        self.width = self.width.max(cell.width);
        match cell.content {
            Content::Null => return,
            Content::Number(_) => self.has_numbers = true,
            Content::Short | Content::Text => self.has_others = true,
        }
        if cell.content != Content::Text {
            self.rigid = self.rigid.max(cell.width);
        }
    }
}

impl Content {
    fn of(value: ValueRef<'_>) -> Content {
        match value {
            ValueRef::Null => Content::Null,
            ValueRef::Int(_) | ValueRef::BigInt(_) | ValueRef::Float(_) => {
                Content::Number(number(value).unwrap_or_default())
            }
            ValueRef::Bool(_) | ValueRef::Time(_) | ValueRef::Duration(_) => Content::Short,
            ValueRef::Text(_) | ValueRef::List(_) | ValueRef::Object(_) => Content::Text,
        }
    }
}

impl Cell {
    /// The cell whose text begins at `start` and ends with `text`.
    fn from(start: usize, text: &str, content: Content) -> Cell {
        Cell {
            end: text.len(),
            width: cells(&text[start..]),
            content,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::make;
    use super::super::testing::{batch, columns, encoder, print, text};
    use super::*;
    use crate::data::Value;

    #[test]
    fn numbers_to_the_right_nulls_empty_no_spaces_at_the_end() {
        assert_eq!(
            print(
                &TABLE,
                &["path", "n", "note"],
                &[
                    vec![text("/"), text("/index"), Value::Null],
                    vec![Value::Int(5), Value::Null, Value::Float(1234.5)],
                    vec![text("long note"), Value::Null, text("x")],
                ]
            ),
            concat!(
                "path         n  note\n",
                "/            5  long note\n",
                "/index\n",
                "        1234.5  x\n",
            )
        );
    }

    #[test]
    fn a_column_of_numbers_and_text_is_to_the_left() {
        assert_eq!(
            print(
                &TABLE,
                &["a", "b"],
                &[
                    vec![Value::Int(100), text("x"), Value::Null],
                    vec![Value::Null, Value::Null, Value::Null],
                ]
            ),
            "a    b\n100\nx\n\n"
        );
    }

    #[test]
    fn wide_characters_count_twice() {
        assert_eq!(
            print(
                &TABLE,
                &["a", "b"],
                &[vec![text("日本"), text("née")], vec![text("x"), text("y")]]
            ),
            "a     b\n日本  x\nnée   y\n"
        );
    }

    #[test]
    fn nothing_reaches_the_terminal() {
        assert_eq!(
            print(
                &TABLE,
                &["a\u{7}"],
                &[vec![
                    text("\u{1b}[2J\0\t\n\r\u{7f}\u{9b}"),
                    Value::Text(b"\xff \xe2\x82".to_vec()),
                    text("back\\slash"),
                ]]
            ),
            "a\\x07\n\\x1b[2J\\x00\\t\\n\\r\\x7f\\u{9b}\n\\xff \\xe2\\x82\nback\\slash\n"
        );
    }

    #[test]
    fn spaces_of_the_text_do_not_end_a_line() {
        assert_eq!(
            print(&TABLE, &["a"], &[vec![text("x  "), text("  ")]]),
            "a\nx\n\n"
        );
    }

    #[test]
    fn without_rows_the_header_alone() {
        assert_eq!(print(&TABLE, &["a", "b"], &[vec![], vec![]]), "a  b\n");
        let mut out = Vec::new();
        encoder(&TABLE, &["a"]).finish(&mut out);
        assert_eq!(out, b"");
    }

    #[test]
    fn an_endless_stream_is_written_piece_by_piece() {
        let mut table = encoder(&TABLE, &["word", "n"]);
        let mut out = Vec::new();
        let rows =
            |word: &str, rows: usize| batch(&[vec![text(word); rows], vec![Value::Int(1); rows]]);
        table.header(&mut out);
        table.encode(&rows("a", 999), &mut out);
        assert!(out.is_empty());
        table.encode(&rows("a", 2), &mut out);
        let lines = 1 + HELD_ROWS;
        assert_eq!(out.len(), lines * "word  n\n".len());
        out.clear();
        table.encode(&rows("longer", 1), &mut out);
        table.finish(&mut out);
        assert_eq!(out, b"a       1\nlonger  1\n");
        out.clear();
        table.encode(&rows("b", 1), &mut out);
        table.finish(&mut out);
        assert_eq!(out, b"b       1\n");
    }

    /// What a table with a look prints.
    fn looks(look: Look, names: &[&str], values: &[Vec<Value>]) -> String {
        let mut table = make(&TABLE, &columns(names), look);
        let mut out = Vec::new();
        table.header(&mut out);
        table.encode(&batch(values), &mut out);
        table.finish(&mut out);
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn text_is_shortened_on_a_terminal() {
        let look = Look {
            width: Some(20),
            ..Look::default()
        };
        assert_eq!(
            looks(
                look,
                &["a long name", "n", "b"],
                &[
                    vec![text("日本語日本語"), text("xyz")],
                    vec![Value::Int(1234567), Value::Int(1)],
                    vec![text("a rather long text"), Value::Bool(true)],
                ]
            ),
            concat!(
                "a lo…        n  b\n",
                "日本…  1234567  a r…\n",
                "xyz          1  true\n",
            )
        );
    }

    #[test]
    fn a_line_that_fits_is_left() {
        let look = Look {
            width: Some(6),
            ..Look::default()
        };
        let lines = vec![text("123456"), text("abcdefg")];
        assert_eq!(looks(look, &["a"], &[lines]), "a\n123456\nabcde…\n");
    }

    #[test]
    fn headers_are_bold_and_nulls_dim() {
        let look = Look {
            color: true,
            ..Look::default()
        };
        assert_eq!(
            looks(
                look,
                &["a", "n"],
                &[
                    vec![text("x"), Value::Null],
                    vec![Value::Null, Value::Int(1)]
                ]
            ),
            concat!(
                "\x1b[1ma        n\x1b[0m\n",
                "x     \x1b[2mnull\x1b[0m\n",
                "\x1b[2mnull\x1b[0m     1\n",
            )
        );
    }

    #[test]
    fn lists_of_numbers_are_drawn() {
        let list = |values: &[i64]| Value::List(values.iter().copied().map(Value::Int).collect());
        assert_eq!(
            print(
                &TABLE,
                &["a", "b"],
                &[
                    vec![list(&[1, 2, 8]), list(&[]), Value::List(vec![text("x")])],
                    vec![Value::Int(1), Value::Int(2), Value::Int(3)],
                ]
            ),
            "a      b\n▁▂█    1\n[]     2\n[\"x\"]  3\n"
        );
    }
}
