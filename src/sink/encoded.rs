//! Encodes the rows of results, for sinks that take bytes.

use std::io::{self, Write};

use super::{ResultKind, SinkResult, SinkSettings, SourceHeader};
use crate::data::Names;
use crate::encode::{self, Encoder, EncoderDef, Look};

/// Encoded rows are written once they reach this size.
const WRITTEN_BYTES: usize = 1 << 16;

/// How the rows of a target are encoded.
#[derive(Clone, Copy, Debug)]
pub(super) enum RowFormat {
    /// The lines unchanged, after the header of their source if the flag is set.
    Lines(bool),
    /// An output format, with a header if the flag is set.
    Format(&'static EncoderDef, bool),
}

/// Encodes results, each after the other, as one document with one header.
pub(super) struct EncodedRows {
    format: RowFormat,
    encoder: Box<dyn Encoder>,
    /// The header comes before the next row.
    needs_header: bool,
    /// Encoders that hold rows back release them at the end of each result.
    ends_each: bool,
    source: Option<SourceHeader>,
    bytes: Vec<u8>,
}

impl RowFormat {
    /// The format of a target that takes the format of `-o`; the default is that of standard output in a pipe.
    pub(super) fn of_option(settings: &SinkSettings) -> RowFormat {
        let default = || match settings.columns.whole {
            Some(_) => encode::FOR_OPEN_COLUMNS,
            None => encode::FOR_PROGRAMS,
        };
        match (settings.format, settings.lines) {
            (None, Some(_)) => RowFormat::Lines(settings.header.unwrap_or(true)),
            (format, _) => RowFormat::of(format.unwrap_or_else(default), settings),
        }
    }

    /// A format that the name of the target has.
    pub(super) fn of(format: &'static EncoderDef, settings: &SinkSettings) -> RowFormat {
        RowFormat::Format(format, settings.header.unwrap_or(format.header))
    }

    /// True if the bytes begin with names of columns, or with the header of a source.
    pub(super) fn has_header(self) -> bool {
        match self {
            RowFormat::Lines(header) | RowFormat::Format(_, header) => header,
        }
    }

    /// True if all rows have the columns of the first one, which the data define.
    pub(super) fn fixes_columns(self, settings: &SinkSettings) -> bool {
        matches!(self, RowFormat::Format(format, _) if format.open_row.is_none()) && settings.columns.whole.is_some()
    }
}

impl EncodedRows {
    /// Rows in this format. `header`: they begin with a header, if the format has one. `names`: the columns that the data
    /// define, if they are known.
    pub(super) fn new(
        format: RowFormat,
        settings: &SinkSettings,
        header: bool,
        names: Option<Names>,
        source: Option<SourceHeader>,
    ) -> EncodedRows {
        let look = Look { separator: settings.separator, ..Look::default() };
        let encoder = match (format, settings.lines) {
            (RowFormat::Lines(_), Some(slot)) => encode::make_lines(slot, Look::default()),
            (RowFormat::Lines(_), None) => unreachable!("lines are written only where the plan has them"),
            (RowFormat::Format(format, _), _) => encode::make(format, &settings.columns, names, look),
        };
        // With a checkpoint, no row may wait for the next commit.
        let ends_each = settings.has_tables || settings.stream.is_some();
        let needs_header = header && format.has_header();
        EncodedRows { format, encoder, needs_header, ends_each, source, bytes: Vec::new() }
    }

    /// Passes the header of the source.
    pub(super) fn know(&mut self, header: &SourceHeader) {
        self.source = Some(header.clone());
    }

    /// Lets all rows of a result decide the columns, also if they are single rows of a stream.
    pub(super) fn learn(&mut self, result: &SinkResult) {
        self.header();
        self.encoder.learn(&result.rows, &mut self.bytes);
    }

    /// Encodes the rows of a result.
    pub(super) fn write(&mut self, result: &SinkResult, out: &mut dyn Write) -> io::Result<()> {
        self.header();
        if result.kind != ResultKind::Rows {
            self.encoder.learn(&result.rows, &mut self.bytes);
        }
        for rows in &result.rows {
            self.encoder.encode(rows, &mut self.bytes);
            if self.bytes.len() >= WRITTEN_BYTES {
                self.flush(out)?;
            }
        }
        if self.ends_each {
            self.encoder.finish(&mut self.bytes);
        }
        self.flush(out)
    }

    /// Encodes what remains at the end: the header if there were no rows, and rows that were held back.
    pub(super) fn end(&mut self, out: &mut dyn Write) -> io::Result<()> {
        self.header();
        if let Some(names) = self.source.as_ref().and_then(|source| source.names.as_ref()) {
            self.encoder.know(names, &mut self.bytes);
        }
        self.encoder.finish(&mut self.bytes);
        self.flush(out)
    }

    /// Takes the fields that were left out because the first result had no such columns.
    pub(super) fn take_left_out(&mut self) -> Vec<String> {
        self.encoder.take_left_out()
    }

    fn header(&mut self) {
        if !std::mem::take(&mut self.needs_header) {
            return;
        }
        match (self.format, &self.source) {
            (RowFormat::Format(..), _) => self.encoder.header(&mut self.bytes),
            (RowFormat::Lines(_), Some(source)) if !source.line.is_empty() => {
                self.bytes.extend_from_slice(&source.line);
                self.bytes.push(b'\n');
            }
            (RowFormat::Lines(_), _) => {}
        }
    }

    fn flush(&mut self, out: &mut dyn Write) -> io::Result<()> {
        let written = out.write_all(&self.bytes);
        self.bytes.clear();
        written
    }
}

/// A note about a field that a target does not have.
pub(super) fn without_column(name: &str) -> String {
    format!("the first result has no field `{name}`, so the file has no such column; -o json has all fields")
}
