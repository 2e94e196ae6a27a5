//! ENCODERS: how result rows become bytes. One file for each format, one row in the table.

mod bars;
mod chart;
mod csv;
mod fit;
mod json;
mod lines;
mod logfmt;
mod look;
mod none;
mod open;
mod raw;
mod sparkline;
mod svg;
mod table;
mod tsv;
mod visible;

pub use look::Look;
pub use open::NAMED;
pub use visible::{Controls, write_visible_lines};

use lines::LinesEncoder;
use none::NoEncoder;
use open::OpenEncoder;
use visible::Visible;

use crate::data::{Batch, Column, Entry, Names, OutputColumn, OutputColumns, Slot, ValueRef, write_text};

/// All output formats, by name.
pub const ENCODERS: &[&EncoderDef] = &[
    &bars::BARS,
    &chart::CHART,
    &csv::CSV,
    &json::JSON,
    &logfmt::LOGFMT,
    &raw::RAW,
    &svg::SVG,
    &table::TABLE,
    &tsv::TSV,
];

/// The default format on a terminal.
pub const FOR_TERMINALS: &EncoderDef = &table::TABLE;

/// The default format elsewhere.
pub const FOR_PROGRAMS: &EncoderDef = &tsv::TSV;

/// The default format if the columns depend on the data.
pub const FOR_OPEN_COLUMNS: &EncoderDef = &json::JSON;

/// The format of single rows in messages.
pub const FOR_MESSAGES: &EncoderDef = &logfmt::LOGFMT;

/// An output format and its manual entry.
#[derive(Debug)]
pub struct EncoderDef {
    /// Name, usage (`-o csv`), summary, examples.
    pub entry: Entry,
    /// True if a header is printed unless `--no-header` is given.
    pub header: bool,
    /// True if rows are encoded independently, so that every worker may encode its own. A format that must see several
    /// rows (`table`) is encoded by the coordinator only.
    pub row_by_row: bool,
    /// True for a format that is read on a terminal rather than by programs.
    pub for_people: bool,
    /// Makes an encoder of these columns.
    pub encoder: fn(&[OutputColumn], Look) -> Box<dyn Encoder>,
    /// Appends one row that names its own fields; `None` if the rows share their columns.
    pub open_row: Option<OpenRow>,
    /// How the format prints control characters on a terminal.
    pub controls: Controls,
    /// Makes an encoder that draws one picture of all results at the end, and takes columns that only the data know.
    pub picture: Option<MakePicture>,
}

/// Makes the encoder of a picture.
pub type MakePicture = fn(&OutputColumns, Look) -> Box<dyn Encoder>;

/// Appends a row of named values.
pub type OpenRow = fn(&[(&[u8], ValueRef<'_>)], &mut Vec<u8>);

/// Turns rows into bytes. The engine makes one for each thread that encodes.
pub trait Encoder: Send {
    /// Appends the header; called at most once, before any row.
    fn header(&mut self, out: &mut Vec<u8>);

    /// Appends the rows of a batch, each followed by a newline. Called once for each batch, in order.
    fn encode(&mut self, batch: &Batch<'_>, out: &mut Vec<u8>);

    /// Appends rows that were held back until the end of a result. Called at the end of each result.
    fn finish(&mut self, out: &mut Vec<u8>) {
        let _ = out;
    }

    /// Passes the fields that rows would have, so that the header can be printed if no row came. Called at most once,
    /// after all rows.
    fn know(&mut self, names: &Names, out: &mut Vec<u8>) {
        let _ = (names, out);
    }

    /// Passes all rows of a result, so that all of them decide the columns, not only the first. Called before the first
    /// of them is encoded.
    fn learn(&mut self, batches: &[Batch<'_>], out: &mut Vec<u8>) {
        let _ = (batches, out);
    }

    /// Returns the columns that the first row has decided, if any.
    fn fixed_names(&self) -> Option<&Names> {
        None
    }

    /// Returns the first [`NAMED`] fields that were not printed since the last call because the first row did not have
    /// them.
    fn take_left_out(&mut self) -> Vec<String> {
        Vec::new()
    }

    /// Draws a picture of the rows so far and of these, which may still change and are not kept.
    fn preview(&mut self, batches: &[Batch<'_>], look: Look, out: &mut Vec<u8>) {
        let _ = (batches, look, out);
    }

    /// Returns what the last picture does not show, in messages to the user.
    fn take_notes(&mut self) -> Vec<String> {
        Vec::new()
    }

    /// Sets the number of cells per line of the terminal.
    fn resize(&mut self, columns: usize) {
        let _ = columns;
    }
}

/// Finds a format by name.
pub fn find(name: &str) -> Option<&'static EncoderDef> {
    ENCODERS.iter().copied().find(|def| def.entry.name == name)
}

/// Makes an encoder of these columns. If the data define them, `names` are those that the first row has fixed.
pub fn make(
    format: &'static EncoderDef,
    columns: &OutputColumns,
    names: Option<Names>,
    look: Look,
) -> Box<dyn Encoder> {
    let encoder = match (format.picture, columns.whole) {
        (Some(picture), _) => picture(columns, look),
        (None, Some(whole)) => Box::new(OpenEncoder::new(format, whole, columns, names, look)),
        (None, None) => (format.encoder)(&columns.named, look),
    };
    shown(encoder, format.controls, look)
}

/// Makes an encoder of the lines in a slot, unchanged.
pub fn make_lines(slot: Slot, look: Look) -> Box<dyn Encoder> {
    shown(Box::new(LinesEncoder::new(slot)), Controls::Text, look)
}

/// Makes the encoder for a sink that takes rows.
pub fn make_none() -> Box<dyn Encoder> {
    Box::new(NoEncoder)
}

/// Wraps the encoder so that it escapes control characters if the output requires it.
fn shown(encoder: Box<dyn Encoder>, controls: Controls, look: Look) -> Box<dyn Encoder> {
    if look.escapes { Visible::of(encoder, controls) } else { encoder }
}

/// Returns the printed columns in order, looked up once for each batch.
fn printed<'b, 'a>(columns: &[OutputColumn], batch: &'b Batch<'a>) -> Vec<&'b Column<'a>> {
    columns.iter().map(|column| batch.column(column.slot)).collect()
}

/// Writes rows of cells with a separator between and a newline at the end: shared by `tsv`, `csv` and `raw`.
/// `write_cell` escapes text; other values need no escaping. `blank` replaces a row that would be a blank line.
fn write_rows(
    columns: &[OutputColumn],
    batch: &Batch<'_>,
    separator: u8,
    write_cell: impl Fn(&[u8], &mut Vec<u8>),
    blank: &[u8],
    out: &mut Vec<u8>,
) {
    let columns = printed(columns, batch);
    if let [Column::Text(text)] = columns.as_slice() {
        for span in &text.spans {
            match span.slice(&text.bytes) {
                [] => out.extend_from_slice(blank), // also null
                text => write_cell(text, out),
            }
            out.push(b'\n');
        }
        return;
    }
    let write_value = |value: ValueRef<'_>, out: &mut Vec<u8>| match value {
        ValueRef::Text(text) => write_cell(text, out),
        value @ (ValueRef::List(_) | ValueRef::Object(_)) => {
            let mut json = Vec::new();
            write_text(value, &mut json);
            write_cell(&json, out);
        }
        value => write_text(value, out),
    };
    // Leading columns with the same value in every row, such as the bounds of a window, are formatted once.
    let is_constant = |column: &&&Column<'_>| matches!(column, Column::Constant(..));
    let constant = columns.iter().take_while(is_constant).count();
    let (constant, varying) = columns.split_at(constant.min(columns.len().saturating_sub(1)));
    let mut front = Vec::with_capacity(64 * constant.len());
    for column in constant.iter().filter(|_| batch.rows > 0) {
        write_value(column.get(0), &mut front);
        front.push(separator);
    }
    for row in 0..batch.rows {
        let start = out.len();
        out.extend_from_slice(&front);
        for (index, column) in varying.iter().enumerate() {
            if index > 0 {
                out.push(separator);
            }
            write_value(column.get(row), out);
        }
        if out.len() == start {
            out.extend_from_slice(blank);
        }
        out.push(b'\n');
    }
}

/// Writes the names of the columns as one row.
fn write_names(columns: &[OutputColumn], separator: u8, write_cell: impl Fn(&[u8], &mut Vec<u8>), out: &mut Vec<u8>) {
    for (index, column) in columns.iter().enumerate() {
        if index > 0 {
            out.push(separator);
        }
        write_cell(column.name.as_bytes(), out);
    }
    out.push(b'\n');
}

/// True if any of the bytes is one of `special`, that is, if the minimum difference is zero. Written as a minimum
/// because the compiler vectorizes that, but not comparisons joined by `or`: ten times as fast on lines of 100 bytes.
#[inline]
fn has_any<const N: usize>(bytes: &[u8], special: [u8; N]) -> bool {
    let least = bytes
        .iter()
        .fold(u8::MAX, |least, byte| special.iter().fold(least, |least, special| least.min(byte ^ special)));
    least == 0
}

/// Columns and batches for the tests of the formats.
#[cfg(test)]
mod testing {
    use super::{Encoder, EncoderDef, Look, OutputColumn, OutputColumns};
    use crate::data::{Batch, Column, Position, Slot, Value};

    pub(super) fn text(text: &str) -> Value {
        Value::Text(text.as_bytes().to_vec())
    }

    pub(super) fn columns(names: &[&str]) -> Vec<OutputColumn> {
        names
            .iter()
            .zip(0..)
            .map(|(name, slot)| OutputColumn {
                name: name.to_string(),
                slot: Slot(slot),
                is_key: false,
                is_bound: false,
            })
            .collect()
    }

    pub(super) fn all_columns(names: &[&str]) -> OutputColumns {
        OutputColumns { named: columns(names), ..OutputColumns::default() }
    }

    pub(super) fn encoder(def: &EncoderDef, names: &[&str]) -> Box<dyn Encoder> {
        (def.encoder)(&columns(names), Look::default())
    }

    pub(super) fn batch(columns: &[Vec<Value>]) -> Batch<'static> {
        let rows = columns.first().map_or(0, Vec::len);
        let mut batch = Batch::new(rows, Position::default());
        for (values, slot) in columns.iter().zip(0..) {
            let column: Column<'static> = values.iter().map(Value::borrow).collect();
            batch.set(Slot(slot), column);
        }
        batch
    }

    /// Header, rows, end.
    pub(super) fn print(def: &EncoderDef, names: &[&str], columns: &[Vec<Value>]) -> String {
        let mut encoder = encoder(def, names);
        let mut out = Vec::new();
        encoder.header(&mut out);
        encoder.encode(&batch(columns), &mut out);
        encoder.finish(&mut out);
        String::from_utf8_lossy(&out).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_documented() {
        assert!(ENCODERS.is_sorted_by(|left, right| left.entry.name < right.entry.name));
        for def in ENCODERS {
            let entry = def.entry;
            assert_eq!(entry.usage, format!("-o {}", entry.name));
            assert!(entry.summary.ends_with('.'), "{}", entry.name);
            assert!(!entry.examples.is_empty(), "{}", entry.name);
            assert!(find(entry.name).is_some());
        }
    }
}
