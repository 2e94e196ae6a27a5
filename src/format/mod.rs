//! FORMATS: how result rows become bytes. One file a format, one line in the table.

use crate::data::{Batch, Entry, Slot};

/// Every output format, by name.
pub const FORMATS: &[&FormatDef] = &[];

/// An output format and what the manual says of it.
#[derive(Debug)]
pub struct FormatDef {
    /// Name, usage (`-o csv`), summary, examples.
    pub entry: Entry,
    /// Whether a header is printed unless `--no-header` is given.
    pub header: bool,
    /// Whether rows are encoded one by one, so that every worker may encode its own; a format that must
    /// see rows together (`table`) is encoded by the coordinator alone.
    pub row_by_row: bool,
    /// Makes an encoder of these columns.
    pub encoder: fn(&[OutputColumn]) -> Box<dyn Encoder>,
}

/// A column that is printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutputColumn {
    /// Its name.
    pub name: String,
    /// Where a batch holds it.
    pub slot: Slot,
}

/// Turns rows into bytes. Made by the plan's output once for each thread that encodes.
pub trait Encoder: Send {
    /// Appends the header; called at most once, before any row.
    fn header(&mut self, out: &mut Vec<u8>);

    /// Appends the rows of a batch, each ended by a newline. Called once for each batch, in order.
    fn encode(&mut self, batch: &Batch<'_>, out: &mut Vec<u8>);

    /// Appends what was held back until all rows of a result were known. Called at the end of each result.
    fn finish(&mut self, out: &mut Vec<u8>) {
        let _ = out;
    }
}

/// The format of this name.
pub fn find(name: &str) -> Option<&'static FormatDef> {
    FORMATS.iter().copied().find(|def| def.entry.name == name)
}
