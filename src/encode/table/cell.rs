//! A held cell and its effect on the column.

use crate::data::ValueRef;
use crate::encode::fit::{CellLayout, cells};
use crate::encode::sparkline::number;

/// A held cell.
pub(super) struct Cell {
    /// The end of its text, which begins at the end of the previous cell.
    pub(super) end: usize,
    pub(super) width: usize,
    pub(super) content: CellContent,
}

/// The content of a cell.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum CellContent {
    Null,
    /// A number, as precise as a bar needs it.
    Number(f64),
    /// Times, durations, conditions: useless if shortened.
    Short,
    Text,
}

impl CellContent {
    pub(super) fn of(value: ValueRef<'_>) -> CellContent {
        match value {
            ValueRef::Null => CellContent::Null,
            ValueRef::Int(_) | ValueRef::BigInt(_) | ValueRef::Float(_) => {
                CellContent::Number(number(value).unwrap_or_default())
            }
            ValueRef::Bool(_) | ValueRef::Time(_) | ValueRef::Duration(_) => CellContent::Short,
            ValueRef::Text(_) | ValueRef::List(_) | ValueRef::Object(_) => CellContent::Text,
        }
    }
}

impl Cell {
    /// Makes the cell whose text begins at `start` and ends with `text`.
    pub(super) fn from(start: usize, text: &str, content: CellContent) -> Cell {
        Cell { end: text.len(), width: cells(&text[start..]), content }
    }
}

impl CellLayout {
    /// Adds a cell to the column.
    pub(super) fn take(&mut self, cell: &Cell) {
        self.width = self.width.max(cell.width);
        match cell.content {
            CellContent::Null => return,
            CellContent::Number(_) => self.has_numbers = true,
            CellContent::Short | CellContent::Text => self.has_others = true,
        }
        if cell.content != CellContent::Text {
            self.rigid = self.rigid.max(cell.width);
        }
    }
}
