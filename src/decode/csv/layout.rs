//! Which field of a row is which column.

use crate::decode::Wanted;

/// Where the wanted columns stand in the rows under one header.
#[derive(Debug, Default)]
pub(super) struct Layout {
    /// How many fields a row may have.
    pub(super) fields: usize,
    /// Wanted columns by field: `(field, column)`, in the order of fields.
    pub(super) takes: Vec<(usize, usize)>,
    /// All names, and the column that takes the whole row, if one does.
    pub(super) whole: Option<(Vec<Vec<u8>>, usize)>,
}

impl Layout {
    pub(super) fn of(names: Vec<Vec<u8>>, wanted: &[Wanted]) -> Layout {
        let mut layout = Layout {
            fields: names.len(),
            ..Layout::default()
        };
        let mut whole = None;
        for (column, wanted) in wanted.iter().enumerate() {
            match wanted {
                Wanted::Whole => whole = Some(column),
                Wanted::Field(path, seen) => {
                    let label = path.label();
                    let place = names.iter().position(|name| name == label.as_bytes());
                    if let Some(field) = place {
                        layout.takes.push((field, column));
                        seen.set();
                    }
                }
            }
        }
        layout.takes.sort_unstable();
        layout.whole = whole.map(|column| (names, column));
        layout
    }
}

#[inline]
pub(super) fn check_count(found: usize, layout: &Layout) -> Result<(), String> {
    if found <= layout.fields {
        Ok(())
    } else {
        Err(too_long(found, layout))
    }
}

#[cold]
fn too_long(found: usize, layout: &Layout) -> String {
    let plural = if layout.fields == 1 { "" } else { "s" };
    format!("expected {} field{plural}, found {found}", layout.fields)
}
