//! Result rows to the sink: the header once, then rows.

use std::sync::{Arc, OnceLock};

use crate::data::{Batch, Names};
use crate::format::{self, Controls, Encoder, FormatDef, Look};
use crate::plan::{self, Plan};
use crate::sink::{Progress, Sink, SinkError};

use super::Encoding;

/// Rows of so many bytes are written at once: most windows have few.
const WRITTEN_BYTES: usize = 1 << 16;

/// Written to by the coordinator alone.
pub(super) struct Output<'s> {
    encoder: Box<dyn Encoder>,
    /// Not printed yet.
    header: bool,
    /// Whether a header of the source stays in front.
    keeps_header: bool,
    look: Look,
    /// Told to the workers once the first row has decided the columns.
    columns: Arc<OnceLock<Names>>,
    /// Fields that were not printed, because the first row did not have them.
    pub(super) left_out: Vec<String>,
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
        columns: Arc<OnceLock<Names>>,
        sink: &'s mut dyn Sink,
        progress: Option<Progress>,
    ) -> Self {
        let header = match encoding {
            Encoding::Format(_, header) => header,
            Encoding::Lines(_) => false,
        };
        let encoder = encoder(&plan.output, encoding, look, None);
        Output {
            encoder,
            header,
            keeps_header: matches!(encoding, Encoding::Lines(true)),
            look,
            columns,
            left_out: Vec::new(),
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
        let mut bytes = Vec::new();
        for batch in batches {
            self.encoder.encode(batch, &mut bytes);
            if bytes.len() >= WRITTEN_BYTES {
                self.write(&bytes);
                bytes.clear();
            }
        }
        self.write(&bytes);
        if let Some(names) = self.encoder.fixed_names() {
            self.columns.get_or_init(|| Names::clone(names));
        }
        let left_out = self.encoder.take_left_out();
        self.leave_out(left_out);
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

    /// Notes fields that were not printed, in the order of the rows.
    pub(super) fn leave_out(&mut self, names: Vec<String>) {
        for name in names {
            if self.left_out.len() < format::NAMED && !self.left_out.contains(&name) {
                self.left_out.push(name);
            }
        }
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

/// Turns the rows of a plan into bytes. `names` are the columns, if the first row has decided them already.
pub(super) fn encoder(
    output: &plan::Output,
    encoding: Encoding,
    look: Look,
    names: Option<&Names>,
) -> Box<dyn Encoder> {
    match (encoding, output.lines, output.whole) {
        (Encoding::Format(format, _), _, Some(whole)) => {
            let names = names.cloned();
            format::make_open(
                format,
                whole,
                &output.columns,
                output.front,
                &output.dropped,
                names,
                look,
            )
        }
        (Encoding::Format(format, _), ..) => format::make(format, &output.columns, look),
        (Encoding::Lines(_), Some(slot), _) => format::make_lines(slot, look),
        (Encoding::Lines(_), None, _) => {
            unreachable!("lines are printed only where the plan has them")
        }
    }
}

/// When every worker may encode its own rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Parallel {
    /// From the beginning.
    Always,
    /// Once the first row has decided the columns.
    OnceFixed,
    /// The format must see rows together.
    Never,
}

impl Parallel {
    pub(super) fn of(format: &FormatDef, output: &plan::Output) -> Parallel {
        match (format.row_by_row, output.whole, format.open_row) {
            (false, ..) => Parallel::Never,
            (true, Some(_), None) => Parallel::OnceFixed,
            (true, ..) => Parallel::Always,
        }
    }
}
