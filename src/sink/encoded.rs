//! Encodes the rows of results, for sinks that take bytes.

use super::{SinkResult, SinkSettings};
use crate::encode::{self, Encoder, EncoderDef, Look};

/// Encodes results in a format, each after the other.
pub(super) struct EncodedRows {
    encoder: Box<dyn Encoder>,
    /// A header is to come before the next row.
    needs_header: bool,
}

impl EncodedRows {
    /// Rows in this format. `header`: the names of the columns come first, in a format that has a header.
    pub(super) fn new(format: &'static EncoderDef, settings: &SinkSettings, header: bool) -> EncodedRows {
        let needs_header = header && settings.header.unwrap_or(format.header);
        EncodedRows { encoder: encode::make(format, &settings.columns, None, Look::default()), needs_header }
    }

    /// Appends the rows of a result.
    pub(super) fn append(&mut self, result: &SinkResult, out: &mut Vec<u8>) {
        if std::mem::take(&mut self.needs_header) {
            self.encoder.header(out);
        }
        self.encoder.learn(&result.rows, out);
        result.rows.iter().for_each(|rows| self.encoder.encode(rows, out));
        self.encoder.finish(out);
    }

    /// Takes the fields that were left out because the first result had no such columns.
    pub(super) fn take_left_out(&mut self) -> Vec<String> {
        self.encoder.take_left_out()
    }
}
