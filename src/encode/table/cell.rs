//! A cell that is held back, and what it says of its column.

use crate::data::ValueRef;
use crate::encode::fit::{Layout, cells};
use crate::encode::sparkline::number;

/// A cell that is held back.
pub(super) struct Cell {
    /// Where its text ends; it begins where that of the cell before ends.
    pub(super) end: usize,
    pub(super) width: usize,
    pub(super) content: Content,
}

/// What a cell shows.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Content {
    Null,
    /// As near as a bar needs it.
    Number(f64),
    /// Times, durations, conditions: of no use if shortened.
    Short,
    Text,
}

impl Content {
    pub(super) fn of(value: ValueRef<'_>) -> Content {
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
    pub(super) fn from(start: usize, text: &str, content: Content) -> Cell {
        Cell { end: text.len(), width: cells(&text[start..]), content }
    }
}

impl Layout {
    /// Takes note of a cell.
    pub(super) fn take(&mut self, cell: &Cell) {
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
