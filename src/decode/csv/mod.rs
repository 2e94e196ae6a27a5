//! Rows of separated fields, quoted (csv) or with escapes (tsv).
//!
//! Which column stands where is known from the names of the columns or from the header of the row's source. Of a
//! row the separators are counted and the quotes checked; fields that nothing asks for are passed over. Fields
//! stay where they are, as spans into the chunk, unless a quote in quotes or an escape has to be taken out.
//!
//! A `dialect` says what a field is, a `layout` which of them are wanted, and `rows` reads them.

mod dialect;
mod layout;
mod rows;
#[cfg(test)]
mod tests;

use super::{Decoded, Decoder, Wanted};
use crate::data::{Column, TextColumn, ValueRef};

pub use dialect::Dialect;

use layout::Layout;
use rows::Rows;

/// Reads wanted columns of rows.
#[derive(Debug)]
pub struct CsvDecoder {
    dialect: Dialect,
    wanted: Vec<Wanted>,
    /// Of columns that are named beforehand.
    layout: Layout,
}

impl CsvDecoder {
    /// A decoder of these columns. `names` are those of all columns, unless each source's header names them.
    pub fn new(dialect: Dialect, names: Option<&[String]>, wanted: &[Wanted]) -> Self {
        let names = names.unwrap_or_default().iter();
        let names = names.map(|name| name.clone().into_bytes()).collect();
        CsvDecoder {
            dialect,
            wanted: wanted.to_vec(),
            layout: Layout::of(names, wanted),
        }
    }

    fn layout(&self, header: ValueRef<'_>) -> Result<Layout, String> {
        match header {
            ValueRef::Text(header) => Ok(Layout::of(self.dialect.names(header)?, &self.wanted)),
            _ => Err(format!("{}: there is no header", self.dialect.name())),
        }
    }

    fn whole(&self) -> Option<usize> {
        self.wanted
            .iter()
            .position(|wanted| matches!(wanted, Wanted::Whole))
    }
}

impl Decoder for CsvDecoder {
    fn decode<'a>(&self, texts: &TextColumn<'a>) -> Decoded<'a> {
        let mut rows = Rows::new(self, texts);
        for row in 0..texts.spans.len() {
            rows.read(row, &self.layout);
        }
        rows.finish(self.whole())
    }

    /// Usually all texts have the same header; after a sort over several sources they may not.
    fn decode_under<'a>(&self, headers: &Column<'_>, texts: &TextColumn<'a>) -> Decoded<'a> {
        let mut rows = Rows::new(self, texts);
        let is_constant = matches!(headers, Column::Constant(..));
        let mut current = None;
        let mut layout = Err(String::new());
        for row in 0..texts.spans.len() {
            if current.is_none() || !is_constant && current != Some(headers.get(row)) {
                current = Some(headers.get(row));
                layout = self.layout(headers.get(row));
            }
            match &layout {
                Ok(layout) => rows.read(row, layout),
                Err(reason) => rows.rejected.push((row as u32, reason.clone())),
            }
        }
        rows.finish(self.whole())
    }
}
