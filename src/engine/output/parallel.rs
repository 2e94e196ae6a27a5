//! Whether workers may encode rows, or the coordinator has to.

use crate::encode::EncoderDef;
use crate::plan;

/// When workers may encode their own rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::engine) enum Parallel {
    /// From the beginning.
    Always,
    /// Once the first row has fixed the columns.
    OnceFixed,
    /// Never: the format must see all rows.
    Never,
}

impl Parallel {
    pub(in crate::engine) fn of(format: &EncoderDef, output: &plan::PlannedOutput) -> Parallel {
        match (format.row_by_row, output.columns.whole, format.open_row) {
            (false, ..) => Parallel::Never,
            (true, Some(_), None) => Parallel::OnceFixed,
            (true, ..) => Parallel::Always,
        }
    }
}
