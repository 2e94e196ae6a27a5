//! Fits columns into the available width: text is shortened, numbers never.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Cells between two columns.
pub(super) const GAP: usize = 2;

/// Replaces the omitted text.
const ELLIPSIS: char = '…';

/// The minimum width of a shortened column.
const SHORTEST: usize = 4;

/// The cells of a column.
#[derive(Clone, Copy, Default)]
pub(super) struct CellLayout {
    /// The width of its widest cell.
    pub(super) width: usize,
    /// The width of its widest cell that is never shortened.
    pub(super) rigid: usize,
    pub(super) has_numbers: bool,
    pub(super) has_others: bool,
}

impl CellLayout {
    /// True if all values so far were numbers.
    pub(super) fn is_right_aligned(self) -> bool {
        self.has_numbers && !self.has_others
    }

    /// Returns the minimum width.
    fn least(self) -> usize {
        self.rigid.max(SHORTEST).min(self.width)
    }
}

/// Returns the total width of columns.
pub(super) fn total(widths: &[usize]) -> usize {
    widths.iter().sum::<usize>() + GAP * widths.len().saturating_sub(1)
}

/// Returns the widths of columns that share `room`: the widest shrink first. If even the minimum widths do not fit,
/// returns those.
pub(super) fn fit(layouts: &[CellLayout], room: Option<usize>) -> Vec<usize> {
    let mut widths: Vec<usize> = layouts.iter().map(|layout| layout.width).collect();
    let Some(room) = room else {
        return widths;
    };
    if total(&widths) > room {
        for (width, layout) in widths.iter_mut().zip(layouts) {
            *width = (*width).min(room).max(layout.least()); // limits the number of steps of the loop below
        }
    }
    while total(&widths) > room {
        let widest = widths
            .iter_mut()
            .zip(layouts)
            .filter(|(width, layout)| **width > layout.least())
            .map(|(width, _)| width)
            .max_by_key(|width| **width);
        match widest {
            Some(width) => *width -= 1,
            None => break,
        }
    }
    widths
}

/// Appends the beginning of a text and an ellipsis in at most `width` cells; returns the number of cells.
pub(super) fn write_shortened(text: &str, width: usize, out: &mut Vec<u8>) -> usize {
    let mut taken = 0;
    let mut end = 0;
    for (start, character) in text.char_indices() {
        let next = taken + character.width().unwrap_or(0);
        if next + 1 > width {
            break;
        }
        (taken, end) = (next, start + character.len_utf8());
    }
    out.extend_from_slice(&text.as_bytes()[..end]);
    out.extend_from_slice(ELLIPSIS.encode_utf8(&mut [0; 4]).as_bytes());
    taken + 1
}

/// Returns the number of terminal cells of a text.
pub(super) fn cells(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.width() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(width: usize) -> CellLayout {
        CellLayout { width, has_others: true, ..CellLayout::default() }
    }

    fn number(width: usize) -> CellLayout {
        CellLayout { width, rigid: width, has_numbers: true, ..CellLayout::default() }
    }

    #[test]
    fn the_widest_give_way() {
        let layouts = [text(3), number(9), text(50), text(20)];
        assert_eq!(fit(&layouts, None), [3, 9, 50, 20]);
        assert_eq!(fit(&layouts, Some(88)), [3, 9, 50, 20]);
        assert_eq!(fit(&layouts, Some(60)), [3, 9, 22, 20]);
        assert_eq!(total(&fit(&layouts, Some(40))), 40);
        assert_eq!(fit(&layouts, Some(0)), [3, 9, 4, 4]);
        assert_eq!(fit(&[text(usize::MAX / 2)], Some(80)), [80]);
        assert_eq!(fit(&[], Some(0)), []);
    }

    #[test]
    fn what_is_rigid_stays() {
        let mixed = CellLayout { width: 30, rigid: 12, has_numbers: true, has_others: true };
        assert_eq!(fit(&[mixed], Some(5)), [12]);
    }

    #[test]
    fn wide_characters_are_not_cut_in_two() {
        let shortened = |text: &str, width| {
            let mut out = Vec::new();
            let cells = write_shortened(text, width, &mut out);
            (String::from_utf8(out).expect("text"), cells)
        };
        assert_eq!(shortened("abcdef", 4), ("abc…".to_owned(), 4));
        assert_eq!(shortened("日本語", 4), ("日…".to_owned(), 3));
        assert_eq!(shortened("日本語", 5), ("日本…".to_owned(), 5));
    }
}
