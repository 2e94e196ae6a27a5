//! A column of the result.

use super::Slot;

/// A column that is printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutputColumn {
    /// Its name.
    pub name: String,
    /// The slot that holds it.
    pub slot: Slot,
    /// True if it identifies the row's group or window, as `status` in `count by status` does: a name, even if it is a
    /// number.
    pub is_key: bool,
    /// True if it is the start or end of the row's window.
    pub is_bound: bool,
}
