//! A result as a document of its own, for sinks that receive each result separately.

use std::io::{self, Write};

use super::encoded::{EncodedRows, RowFormat};
use super::{SinkResult, SinkSettings, SourceHeader};

/// Writes a result with its header.
pub(super) fn write(
    format: RowFormat,
    settings: &SinkSettings,
    source: Option<&SourceHeader>,
    result: &SinkResult,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut encoded = EncodedRows::new(format, settings, true, None, source.cloned());
    encoded.learn(result);
    encoded.write(result, out)?;
    encoded.end(out)
}
