//! Writes result rows to the sink: the header once, then rows.

mod logged;
mod parallel;
mod picture;

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use signal_hook::consts::SIGINT;

use crate::data::{Batch, Names};
use crate::encode::{self, Controls, Encoder, Look};
use crate::plan::{self, Plan, PlannedWindow};
use crate::sink::{Progress, Sink, SinkError};
use crate::stage::Header;
use crate::window::WindowKind;

pub(super) use parallel::Parallel;

use super::control::Control;
use super::delivery::Delivery;
use super::live_table::LiveTable;
use super::results::Results;
use super::targets::Targets;
use super::window_operator::Emit;
use super::{Encoding, Job};

/// Encoded rows are written once they reach this size, because most windows have few rows.
const WRITTEN_BYTES: usize = 1 << 16;

/// The output of a run; used by the coordinator only.
pub(super) struct Output<'s> {
    printed: &'s plan::PlannedOutput,
    encoding: Encoding,
    look: Look,
    encoder: Box<dyn Encoder>,
    /// The header is not printed yet.
    header: bool,
    /// The source's header line is printed.
    has_line: bool,
    /// The kind of output printed last.
    last: Last,
    /// When the encoder's buffered rows are flushed.
    ends: Ends,
    /// Since when the encoder holds rows back.
    held_since: Option<Instant>,
    /// Published to the workers once the first row has fixed the columns.
    columns: Arc<OnceLock<Names>>,
    /// Each result arrives complete, so all of its rows determine the columns.
    learns: bool,
    /// The fields of the first source with a header, if its rows are printed.
    known: Option<Names>,
    /// Fields that were not printed because the first row lacks them.
    pub(super) left_out: Vec<String>,
    /// Messages about rows and columns that the picture does not show.
    pub(super) notes: Vec<String>,
    /// Encoded bytes that are not written yet, and how many are collected before they are.
    pending: Vec<u8>,
    written_bytes: usize,
    /// With a checkpoint: rows are delivered at this time at the earliest, and after this pause.
    next_delivery: Option<Instant>,
    delivery_pause: Duration,
    delivery: Delivery<'s>,
    /// The targets of `--to`.
    pub(super) targets: Targets,
    pub(super) progress: Option<Progress>,
    /// Redrawn in place until the result is final.
    pub(super) live: Option<LiveTable<'s>>,
    /// The reader of standard output has exited, but not the targets.
    is_closed: bool,
    /// Why writing ended.
    pub(super) error: Option<SinkError>,
    control: &'s Control,
    /// Records read so far.
    pub(super) read: u64,
    /// Results printed, in all and after a signal.
    emitted: u64,
    emitted_after_signal: u64,
    /// Results were left out after a signal.
    pub(super) is_cut: bool,
}

/// The longest time for which rows of a table are held back, so that its columns fit all rows that arrive together.
const SOON: Duration = Duration::from_millis(50);

/// Moves to the start of the terminal's line and clears it.
const CLEAN_LINE: &[u8] = b"\r\x1b[K";

/// The most results printed after a signal, unless there were more records: there can be a billion windows per record.
const RESULTS_AFTER_SIGNAL: u64 = 100_000;

/// Interval, in results, of checking whether the reader of the output has exited: windows without rows write nothing.
const LOOK_EVERY: u64 = 1024;

/// The kind of output printed last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Last {
    Nothing,
    Rows,
    /// Rows that are not final.
    Snapshot,
}

/// When buffered rows are flushed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ends {
    /// After each set of rows.
    Each,
    /// [`SOON`] after the rows arrived, on a terminal.
    Soon,
    /// [`SOON`] after the rows arrived, or later, when the input pauses. The layout of a table then depends on pauses
    /// of the input, but not on the load of the machine.
    AtRest,
    /// At the end.
    Once,
}

impl<'s> Output<'s> {
    pub(super) fn new(
        plan: &'s Plan,
        job: &Job,
        columns: Arc<OnceLock<Names>>,
        control: &'s Control,
        sink: &'s mut Sink,
        targets: Targets,
    ) -> Self {
        let (encoding, look) = (job.encoding, job.look);
        // Sessions may become final together or one by one, depending on time; off a terminal they form one table.
        let session =
            |window: &PlannedWindow| matches!(window.window.kind, WindowKind::Session { .. } | WindowKind::State);
        let ends = match plan.last_window() {
            _ if encoding.is_picture() => Ends::Once,
            Some(window) if !session(window) || look.escapes => Ends::Each,
            None if look.escapes => Ends::Soon,
            None if job.watches => Ends::AtRest,
            _ => Ends::Once,
        };
        Output {
            printed: &plan.output,
            encoding,
            look,
            encoder: encoder(&plan.output, encoding, look, None),
            header: encoding.has_header(),
            has_line: false,
            last: Last::Nothing,
            ends,
            held_since: None,
            columns,
            learns: plan.is_blocking() || plan.last_window().is_some(),
            known: None,
            left_out: Vec::new(),
            notes: Vec::new(),
            pending: Vec::new(),
            written_bytes: WRITTEN_BYTES,
            next_delivery: None,
            delivery_pause: Duration::ZERO,
            delivery: Delivery::new(sink),
            targets,
            progress: None,
            live: None,
            is_closed: false,
            error: None,
            control,
            read: 0,
            emitted: 0,
            emitted_after_signal: 0,
            is_cut: false,
        }
    }

    /// Encodes and writes final rows.
    pub(super) fn rows(&mut self, batches: &[Batch<'_>]) {
        if batches.is_empty() {
            return;
        }
        self.targets_know_first_line();
        self.targets.rows(batches);
        if !self.encoding.is_picture() {
            if self.last == Last::Snapshot {
                self.begin_table();
            }
            self.last = Last::Rows;
        }
        self.encode(batches);
        if self.ends == Ends::Each {
            self.end_result();
        }
    }

    /// Writes the rows of one of many results; returns false if no more are wanted.
    pub(super) fn emit(&mut self, batches: &[Batch<'_>]) -> bool {
        if self.control.signal().is_some() {
            self.emitted_after_signal += 1;
            if self.emitted_after_signal > self.read.max(RESULTS_AFTER_SIGNAL) {
                self.is_cut = true;
                return false;
            }
        }
        self.rows(batches);
        self.emitted += 1;
        if self.emitted.is_multiple_of(LOOK_EVERY) {
            self.control.look_at_output();
            if self.control.is_output_gone() {
                self.error.get_or_insert(SinkError::Closed);
            }
        }
        self.error.is_none()
    }

    /// Ends the results with `end`, and writes their rows. Columns that the data defines are those of all rows of a
    /// result.
    pub(super) fn emit_all<'p>(&mut self, results: &mut Results<'p>, end: fn(&mut Results<'p>, Emit<'_>)) {
        let learns = match self.encoding {
            Encoding::Format(format, _) => {
                self.printed.columns.whole.is_some() && format.open_row.is_none() && format.picture.is_none()
            }
            Encoding::Lines(_) | Encoding::Rows => false,
        };
        if !results.is_one() || !learns {
            end(results, &mut |rows| self.emit(&rows));
            return;
        }
        let mut all = Vec::new();
        end(results, &mut |rows| {
            all.extend(rows);
            true
        });
        self.emit(&all);
    }

    /// Ends the batch: all rows printed so far are delivered, except those that the encoder holds back.
    pub(super) fn end_batch(&mut self) {
        if self.waits() {
            return; // the rows are delivered with those of the next batches
        }
        self.flush();
        if self.error.is_none() {
            self.error = self.delivery.end_batch().err();
        }
    }

    /// True if nothing was printed since the end of the last batch. What is printed then, and does not belong to the next
    /// batch, is delivered as a batch of its own, because the next one may be far off.
    fn is_between_batches(&self) -> bool {
        !self.delivery.is_begun() && self.pending.is_empty()
    }

    /// When rows that are held back are flushed.
    pub(super) fn held_until(&self) -> Option<Instant> {
        let since = self.held_since.filter(|_| matches!(self.ends, Ends::Soon | Ends::AtRest))?;
        Some(since + SOON)
    }

    /// Flushes rows that were held back for long enough.
    pub(super) fn show_held(&mut self) {
        let is_due = self.held_until().is_some_and(|until| until <= self.control.now());
        if is_due && (self.ends == Ends::Soon || self.control.is_waiting()) {
            let is_between = self.is_between_batches();
            self.end_result();
            if is_between {
                self.end_batch();
            }
        } else if is_due {
            self.held_since = Some(self.control.now()); // checked again after the same time
        }
    }

    /// After an interrupt, the terminal has printed `^C` at the cursor: overwrites it.
    pub(super) fn begin_line(&mut self) {
        let is_interrupted = self.control.signal() == Some(SIGINT);
        if self.look.escapes && is_interrupted && self.error.is_none() {
            self.error = self.delivery.write(CLEAN_LINE).err();
        }
    }

    /// Ends a result: flushes the encoder.
    pub(super) fn end_result(&mut self) {
        if self.held_since.take().is_some() {
            self.fit();
            let mut bytes = Vec::new();
            self.encoder.finish(&mut bytes);
            self.write(&bytes);
        }
    }

    /// Separates the tables of two snapshots, each with a header and widths of its own; rows of other formats follow
    /// each other.
    fn begin_table(&mut self) {
        if self.encoding.is_row_by_row() {
            return;
        }
        self.encoder = encoder(self.printed, self.encoding, self.look, None);
        self.header = self.encoding.has_header();
        self.write(b"\n");
    }

    /// Adapts to the terminal's size, which may have changed since the last rows.
    fn fit(&mut self) {
        if self.look.width.is_none() {
            return;
        }
        let columns = self.delivery.columns().filter(|columns| Some(*columns) != self.look.width);
        if let Some(columns) = columns {
            self.look.width = Some(columns);
            self.encoder.resize(columns);
        }
    }

    fn encode(&mut self, batches: &[Batch<'_>]) {
        if let Encoding::Rows = self.encoding {
            return; // the targets have received them
        }
        self.fit();
        self.header();
        if self.learns {
            self.encoder.learn(batches, &mut self.pending);
        }
        for batch in batches {
            self.encoder.encode(batch, &mut self.pending);
            if self.pending.len() >= self.written_bytes {
                self.flush();
            }
        }
        if !self.encoding.is_row_by_row() {
            self.held_since.get_or_insert_with(|| self.control.now());
        }
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

    /// Prints the header of the first source that has one. It precedes lines printed unchanged, and names the columns
    /// if there are no rows.
    pub(super) fn source_header(&mut self, header: Header) {
        if self.printed.is_chosen && self.printed.lines.is_some() {
            return; // the lines are not those of the source
        }
        self.targets_know(&header);
        if !matches!(self.encoding, Encoding::Lines(true)) {
            let names = header.fields.filter(|(_, whole)| self.printed.columns.whole == Some(*whole));
            self.known = names.map(|(names, _)| names);
            return;
        }
        if !header.line.is_empty() && !std::mem::replace(&mut self.has_line, true) {
            self.header_line(&header.line);
        }
    }

    fn header_line(&mut self, line: &[u8]) {
        let line = [line, b"\n"].concat();
        if self.look.escapes {
            let mut shown = Vec::new();
            encode::write_visible_lines(&line, Controls::Text, &mut shown);
            self.write(&shown);
        } else {
            self.write(&line);
        }
    }

    /// Writes bytes that are not rows.
    pub(super) fn raw(&mut self, bytes: &[u8]) {
        self.write(bytes);
        self.flush();
    }

    /// Ends the output: the result is complete.
    pub(super) fn finish(&mut self) {
        self.targets_know_first_line();
        self.clear();
        self.header();
        let mut bytes = Vec::new();
        if let Some(names) = self.known.take() {
            self.encoder.know(&names, &mut bytes);
            if let Some(names) = self.encoder.fixed_names() {
                self.columns.get_or_init(|| Names::clone(names));
            }
        }
        self.fit();
        let start = bytes.len();
        self.encoder.finish(&mut bytes);
        if self.encoding.is_picture() && self.last == Last::Snapshot && bytes.len() > start {
            bytes.insert(start, b'\n');
        }
        self.notes = self.encoder.take_notes();
        self.write(&bytes);
        self.next_delivery = None;
        self.end_batch();
    }

    /// Writes the encoded bytes.
    pub(super) fn flush(&mut self) {
        let mut pending = std::mem::take(&mut self.pending);
        self.write_now(&pending);
        pending.clear();
        self.pending = pending;
    }

    fn write_now(&mut self, bytes: &[u8]) {
        if self.error.is_none() && !self.is_closed && !bytes.is_empty() {
            if self.look.escapes {
                self.clear(); // it is on the same terminal
            }
            self.error = match self.delivery.write(bytes) {
                Err(SinkError::Closed) if !self.targets.is_empty() => {
                    self.is_closed = true; // the targets still receive everything
                    None
                }
                written => written.err(),
            };
            if let Some(next) = &mut self.next_delivery {
                *next = self.control.now() + self.delivery_pause;
            }
        }
    }

    /// Clears provisional output from the screen before something else is written there.
    pub(super) fn clear(&mut self) {
        if let Some(progress) = &mut self.progress {
            progress.hide();
        }
        if let Some(live) = &mut self.live {
            live.erase();
        }
    }

    /// Records fields that were not printed, in row order.
    pub(super) fn leave_out(&mut self, names: Vec<String>) {
        for name in names {
            if self.left_out.len() < encode::NAMED && !self.left_out.contains(&name) {
                self.left_out.push(name);
            }
        }
    }

    fn header(&mut self) {
        if let (Some(first), Encoding::Lines(true)) = (&self.printed.first_line, self.encoding)
            && let Some(line) = first.get()
            && !std::mem::replace(&mut self.has_line, true)
        {
            self.header_line(line);
        }
        if std::mem::take(&mut self.header) {
            let mut bytes = Vec::new();
            self.encoder.header(&mut bytes);
            self.write(&bytes);
        }
    }

    fn write(&mut self, bytes: &[u8]) {
        if self.pending.is_empty() && bytes.len() >= self.written_bytes {
            self.write_now(bytes);
            return;
        }
        self.pending.extend_from_slice(bytes);
        if self.pending.len() >= self.written_bytes {
            self.flush();
        }
    }
}

/// Creates the encoder of a plan's rows. `names` are the columns, if the first row has fixed them.
pub(super) fn encoder(
    output: &plan::PlannedOutput,
    encoding: Encoding,
    look: Look,
    names: Option<&Names>,
) -> Box<dyn Encoder> {
    match (encoding, output.lines) {
        (Encoding::Format(format, _), _) => encode::make(format, &output.columns, names.cloned(), look),
        (Encoding::Lines(_), Some(slot)) => encode::make_lines(slot, look),
        (Encoding::Lines(_), None) => {
            unreachable!("lines are printed only where the plan has them")
        }
        (Encoding::Rows, _) => encode::make_none(),
    }
}
