//! Result rows to the sink: the header once, then rows.

use crate::data::Batch;
use crate::format::{self, Controls, Encoder, FormatDef, Look};
use crate::plan::{self, Plan};
use crate::sink::{Progress, Sink, SinkError};

use super::Encoding;

/// Written to by the coordinator alone.
pub(super) struct Output<'s> {
    encoder: Box<dyn Encoder>,
    /// Not printed yet.
    header: bool,
    /// Whether a header of the source stays in front.
    keeps_header: bool,
    look: Look,
    sink: &'s mut dyn Sink,
    pub(super) progress: Option<Progress>,
    /// Why nothing more is written.
    pub(super) error: Option<SinkError>,
}

impl<'s> Output<'s> {
    pub(super) fn new(
        plan: &Plan,
        encoding: Encoding,
        look: Look,
        sink: &'s mut dyn Sink,
        progress: Option<Progress>,
    ) -> Self {
        let header = match encoding {
            Encoding::Format(_, header) => header,
            Encoding::Lines(_) => false,
        };
        let encoder = encoder(&plan.output, encoding, look);
        Output {
            encoder,
            header,
            keeps_header: matches!(encoding, Encoding::Lines(true)),
            look,
            sink,
            progress,
            error: None,
        }
    }

    /// Encodes and writes rows.
    pub(super) fn rows(&mut self, batches: &[Batch<'_>]) {
        if batches.is_empty() {
            return;
        }
        self.header();
        for batch in batches {
            let mut bytes = Vec::new();
            self.encoder.encode(batch, &mut bytes);
            self.write(&bytes);
        }
    }

    /// Writes rows that a worker has encoded.
    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        self.header();
        self.write(bytes);
    }

    /// A source has a header: in front of lines that are printed as they came, it stays.
    pub(super) fn source_header(&mut self, header: &[u8]) {
        if !self.keeps_header {
            return;
        }
        let line = [header, b"\n"].concat();
        if self.look.escapes {
            let mut shown = Vec::new();
            format::write_visible_lines(&line, Controls::Text, &mut shown);
            self.write(&shown);
        } else {
            self.write(&line);
        }
    }

    /// The result is complete.
    pub(super) fn finish(&mut self) {
        if let Some(progress) = &mut self.progress {
            progress.hide();
        }
        self.header();
        let mut bytes = Vec::new();
        self.encoder.finish(&mut bytes);
        self.write(&bytes);
    }

    /// Fields that were not printed, because the first row did not have them.
    pub(super) fn left_out(&self) -> Vec<String> {
        self.encoder.left_out().to_vec()
    }

    fn header(&mut self) {
        if std::mem::take(&mut self.header) {
            let mut bytes = Vec::new();
            self.encoder.header(&mut bytes);
            self.write(&bytes);
        }
    }

    fn write(&mut self, bytes: &[u8]) {
        if self.error.is_none() && !bytes.is_empty() {
            self.error = self.sink.write(bytes).err();
        }
    }
}

/// Turns the rows of a plan into bytes.
pub(super) fn encoder(output: &plan::Output, encoding: Encoding, look: Look) -> Box<dyn Encoder> {
    match (encoding, output.lines, output.whole) {
        (Encoding::Format(format, _), _, Some(whole)) => {
            format::make_open(format, whole, &output.columns, &output.dropped, look)
        }
        (Encoding::Format(format, _), ..) => format::make(format, &output.columns, look),
        (Encoding::Lines(_), Some(slot), _) => format::make_lines(slot, look),
        (Encoding::Lines(_), None, _) => {
            unreachable!("lines are printed only where the plan has them")
        }
    }
}

/// Whether every worker may encode its own rows.
pub(super) fn is_parallel(format: &FormatDef, output: &plan::Output) -> bool {
    format.row_by_row && (output.whole.is_none() || format.open_row.is_some())
}
