//! `-o table`: aligned columns for people.
//!
//! Rows are held back so that a column is as wide as its widest cell; but never more than a thousand, so
//! that an endless stream needs no more memory than a short one. Widths are kept from one result to the
//! next and only grow, so that the results of successive windows stay below one another.

use std::fmt::Write;

use unicode_width::UnicodeWidthStr;

use super::{Encoder, FormatDef, OutputColumn, printed};
use crate::data::{Batch, Column, Entry, Example, ValueRef, write_text};

pub(super) const TABLE: FormatDef = FormatDef {
    entry: Entry {
        name: "table",
        usage: "-o table",
        summary: "Aligned columns with a header; the default on a terminal.",
        details: "Columns of numbers are aligned to the right. Control characters, and bytes that are not \
                  UTF-8, are shown escaped. Widths are those of the first 1000 rows; wider cells that come \
                  later widen their column from there on.",
        examples: &[Example {
            expr: "-o table 'split | count by word'",
            input: "pear fig pear\n",
            output: "word  count\npear      2\nfig       1\n",
        }],
    },
    header: true,
    row_by_row: false,
    encoder,
    open_row: None,
};

/// Rows that are held back at most.
const HELD_ROWS: usize = 1000;

/// Between two columns.
const GAP: usize = 2;

struct Table {
    columns: Vec<OutputColumn>,
    layout: Vec<Layout>,
    header: Option<Vec<Cell>>,
    /// The text of the cells held back, one after another; each ends where its [`Cell`] says.
    text: String,
    /// Row by row.
    cells: Vec<Cell>,
    rows: usize,
}

/// How a column is drawn.
#[derive(Clone, Copy, Default)]
struct Layout {
    width: usize,
    has_numbers: bool,
    has_others: bool,
}

/// A cell that is held back.
struct Cell {
    /// Where its text ends; it begins where that of the cell before ends.
    end: usize,
    width: usize,
}

fn encoder(columns: &[OutputColumn]) -> Box<dyn Encoder> {
    Box::new(Table {
        columns: columns.to_vec(),
        layout: vec![Layout::default(); columns.len()],
        header: None,
        text: String::new(),
        cells: Vec::new(),
        rows: 0,
    })
}

impl Encoder for Table {
    /// Only notes that a header is wanted: how wide it is, the rows say.
    fn header(&mut self, _out: &mut Vec<u8>) {
        let mut header = Vec::new();
        for (column, layout) in self.columns.iter().zip(&mut self.layout) {
            let start = self.text.len();
            write_visible(column.name.as_bytes(), &mut self.text);
            let cell = Cell::from(start, &self.text);
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
    }
}

impl Table {
    /// Holds a row back.
    fn hold(&mut self, columns: &[&Column<'_>], row: usize, scratch: &mut Vec<u8>) {
        for (column, layout) in columns.iter().zip(&mut self.layout) {
            let start = self.text.len();
            let value = column.get(row);
            match value {
                ValueRef::Null => {}
                ValueRef::Int(_) | ValueRef::BigInt(_) | ValueRef::Float(_) => {
                    layout.has_numbers = true;
                }
                _ => layout.has_others = true,
            }
            match value {
                ValueRef::Text(text) => write_visible(text, &mut self.text),
                value => {
                    scratch.clear();
                    write_text(value, scratch);
                    write_visible(scratch, &mut self.text);
                }
            }
            let cell = Cell::from(start, &self.text);
            layout.width = layout.width.max(cell.width);
            self.cells.push(cell);
        }
        self.rows += 1;
    }

    /// Writes what is held back, with the widths as they are now.
    fn write_held(&mut self, out: &mut Vec<u8>) {
        let mut start = 0;
        if let Some(header) = self.header.take() {
            self.write_row(&header, &mut start, out);
        }
        let columns = self.columns.len();
        for row in 0..self.rows {
            let cells = &self.cells[row * columns..(row + 1) * columns];
            self.write_row(cells, &mut start, out);
        }
        self.text.clear();
        self.cells.clear();
        self.rows = 0;
    }

    /// Writes one row whose text begins at `start`, and moves that on. Spaces are written only when
    /// something follows them.
    fn write_row(&self, cells: &[Cell], start: &mut usize, out: &mut Vec<u8>) {
        let row_start = out.len();
        let mut spaces = 0;
        for (index, (cell, layout)) in cells.iter().zip(&self.layout).enumerate() {
            if index > 0 {
                spaces += GAP;
            }
            let padding = layout.width - cell.width;
            let text = &self.text[*start..cell.end];
            *start = cell.end;
            if text.is_empty() {
                spaces += padding;
                continue;
            }
            if layout.is_right_aligned() {
                spaces += padding;
            }
            out.resize(out.len() + spaces, b' ');
            out.extend_from_slice(text.as_bytes());
            spaces = if layout.is_right_aligned() {
                0
            } else {
                padding
            };
        }
        while out.len() > row_start && out.ends_with(b" ") {
            out.pop(); // spaces at the end of the text
        }
        out.push(b'\n');
    }
}

impl Layout {
    /// Whether all values so far were numbers.
    fn is_right_aligned(self) -> bool {
        self.has_numbers && !self.has_others
    }
}

impl Cell {
    /// The cell whose text begins at `start` and ends with `text`.
    fn from(start: usize, text: &str) -> Cell {
        let cell = &text[start..];
        Cell {
            end: text.len(),
            width: if cell.is_ascii() {
                cell.len()
            } else {
                cell.width()
            },
        }
    }
}

/// Appends text so that it can do nothing to a terminal: control characters and bytes that are not UTF-8
/// are escaped.
fn write_visible(text: &[u8], out: &mut String) {
    for chunk in text.utf8_chunks() {
        let valid = chunk.valid();
        let plain = valid
            .bytes()
            .fold(true, |plain, byte| plain & (b' '..0x7f).contains(&byte));
        if plain {
            out.push_str(valid);
        } else {
            for character in valid.chars() {
                write_visible_character(character, out);
            }
        }
        for byte in chunk.invalid() {
            let _ = write!(out, "\\x{byte:02x}"); // writing to a String cannot fail
        }
    }
}

fn write_visible_character(character: char, out: &mut String) {
    match character {
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        '\0'..=' ' | '\x7f' if character != ' ' => {
            let _ = write!(out, "\\x{:02x}", u32::from(character));
        }
        _ if character.is_control() => {
            let _ = write!(out, "\\u{{{:x}}}", u32::from(character));
        }
        _ => out.push(character),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{batch, encoder, print, text};
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
}
