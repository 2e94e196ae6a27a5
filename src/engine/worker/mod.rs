//! A worker: turns chunks into rows or groups.

mod counts;
pub(super) mod decode;
mod output;

use std::sync::Arc;

use crossbeam::channel::{Receiver, Sender, select};

use crate::aggregate::{Partial, SlicedPartial};
use crate::data::budget::Budget;
use crate::data::{
    Framing, LastTimes, MessageChunk, MessageFields, Position, Prologue, RejectedRecord, SlotSet, begin_chunk,
    end_chunk,
};
use crate::encode::{Encoder, Look};
use crate::plan::{Exchange, Plan};
use crate::stage::Reducer;
use crate::window::Arrival;

use decode::DecodedPiece;
use output::ChunkOutput;

use super::Encoding;
use super::arrivals::{Arrivals, ChunkArrivals};
use super::chunk::{Loaded, Piece, load, pieces, shrink};
use super::control::Control;
use super::message::{ChunkReport, Content, Flush, Message, PartialResult, SourceIndex, Task};
use super::output::{Parallel, encoder};
use super::shared_state::SharedState;
use super::side_files::SideFiles;
use super::sources::Sources;

/// The parts of a worker.
#[derive(Clone)]
pub(super) struct WorkerSetup {
    pub(super) plan: Arc<Plan>,
    pub(super) sources: Arc<Sources>,
    pub(super) encoding: Encoding,
    pub(super) look: Look,
    pub(super) max_line_bytes: usize,
    /// Send rejected lines along.
    pub(super) keep_rejects: bool,
    /// Send late lines along.
    pub(super) keep_late: bool,
    pub(super) shared: SharedState,
    /// Side files; reloaded when they change.
    pub(super) side_files: Option<Arc<SideFiles>>,
    /// The memory that groups may use.
    pub(super) budget: Arc<Budget>,
    pub(super) messages: Sender<Message>,
    pub(super) control: Arc<Control>,
    /// Returns buffers to the reader.
    pub(super) buffers: Sender<Vec<u8>>,
}

/// One of several identical workers.
pub(super) struct Worker {
    setup: WorkerSetup,
    encoder: Option<Box<dyn Encoder>>,
    groups: Option<WorkerGroups>,
    reducer: Option<Box<dyn Reducer>>,
    /// The batch of the partial, and its number of chunks.
    batch: u64,
    chunks: u64,
    /// Batches up to this one are to be sent.
    asked: Option<u64>,
    buffer: Vec<u8>,
    /// A failure, and a rejected record, of this worker was located. Chunks come in order, so later ones are not the
    /// first.
    located_failure: bool,
    /// The aggregates whose first undecided failure was located.
    located_undecided: Vec<String>,
    located_rejected: bool,
    located_late: bool,
}

/// The state of the chunk being processed.
#[derive(Clone)]
pub(super) struct CurrentChunk {
    pub(super) source: SourceIndex,
    /// The plan's input that the source belongs to.
    pub(super) input: usize,
    /// Position of the next piece.
    pub(super) position: u64,
    /// Records of the source before the next piece, if the plan uses their numbers.
    pub(super) records_before: u64,
    pub(super) arrivals: ChunkArrivals,
    pub(super) header: Option<Arc<[u8]>>,
    /// How the records of the chunk are framed.
    pub(super) framing: Framing,
    /// The fields of messages besides their values, and the index of the next piece's first message.
    pub(super) messages: Option<(Arc<MessageFields>, usize)>,
    /// The last times before a piece, for decoding it again.
    pub(super) times: LastTimes,
}

impl CurrentChunk {
    /// Moves after some records.
    pub(super) fn pass(&mut self, records: u64) {
        self.records_before += records;
        if let Some((_, first)) = &mut self.messages {
            *first += records as usize;
        }
    }
}

/// The most pieces per chunk, as a power of two: the numbers of chunk and piece make a position. A piece whose rows
/// belong to many windows takes a position for each, and a record of the largest size may have as many rows as bytes.
pub(super) const PIECES_BITS: u32 = 26;

impl Worker {
    pub(super) fn new(setup: WorkerSetup) -> Self {
        let encoder = match (&setup.plan.exchange, setup.encoding) {
            (Exchange::Rows, Encoding::Format(format, _))
                if Parallel::of(format, &setup.plan.output) != Parallel::Always =>
            {
                None
            }
            (Exchange::Rows, Encoding::Rows) => None,
            (Exchange::Rows, encoding) => Some(encoder(&setup.plan.output, encoding, setup.look, None)),
            _ => None,
        };
        let groups = match (&setup.plan.exchange, &setup.shared.assigner) {
            (Exchange::Grouped(aggregation), None) => {
                Some(WorkerGroups::Whole(Box::new(Partial::within(Arc::clone(aggregation), &setup.budget))))
            }
            (Exchange::Grouped(aggregation), Some(_)) => Some(WorkerGroups::SlicedPartial(Box::new(
                SlicedPartial::within(Arc::clone(aggregation), &setup.budget),
            ))),
            _ => None,
        };
        let reducer = match &setup.plan.exchange {
            Exchange::Ordered(stage, live) => stage.reducer(live),
            _ => None,
        };
        Worker {
            setup,
            encoder,
            groups,
            reducer,
            batch: 0,
            chunks: 0,
            asked: None,
            buffer: Vec::new(),
            located_failure: false,
            located_undecided: Vec::new(),
            located_rejected: false,
            located_late: false,
        }
    }

    /// Works until the reader has ended.
    pub(super) fn run(mut self, tasks: &Receiver<Task>, flushes: &Receiver<Flush>) {
        loop {
            select! {
                recv(tasks) -> task => match task {
                    Ok(task) => self.process(task),
                    Err(_) => break,
                },
                recv(flushes) -> asked => match asked {
                    Ok(Flush { batch }) => {
                        self.asked = Some(batch);
                        if self.batch <= batch {
                            self.send_groups();
                        }
                    }
                    // The reader has ended: the remaining tasks end the loop.
                    Err(_) => {
                        tasks.iter().for_each(|task| self.process(task));
                        break;
                    }
                },
            }
        }
        self.send_groups();
    }

    /// Sends the groups of the current batch, if there are any.
    fn send_groups(&mut self) {
        if let Some(groups) = self.groups.as_mut().filter(|_| self.chunks > 0) {
            let share = match groups {
                WorkerGroups::Whole(partial) => PartialResult::Whole(partial.take()),
                WorkerGroups::SlicedPartial(sliced) => PartialResult::Slices(sliced.take()),
            };
            let message = Message::Partial { batch: self.batch, chunks: self.chunks, share };
            self.chunks = 0;
            let _ = self.setup.messages.send(message); // fails if the run is over
        }
    }

    fn process(&mut self, task: Task) {
        if let Some(side_files) = &self.setup.side_files {
            side_files.refresh();
        }
        if task.batch != self.batch {
            self.send_groups();
            self.batch = task.batch;
        }
        let mut done = ChunkReport::of(&task);
        done.has_header = self.takes_header(task.source, task.header.as_deref());
        let (sequence, source) = (task.sequence, task.source);
        let times = Arc::clone(&self.setup.shared.times);
        begin_chunk(Box::new(move |site| times.before(sequence, source, site)));
        match task.content {
            Content::Range(range) => {
                let mut buffer = std::mem::take(&mut self.buffer);
                let loaded = load(&range, self.setup.max_line_bytes, &mut buffer);
                let Loaded { start, end, overlong, error, offset } = loaded;
                (done.bytes, done.error, done.offset) = (range.high - range.low, error, offset);
                let chunk = self.chunk_of(&buffer[start..end], task.header, task.arrivals, &done);
                self.process_bytes(&buffer[start..end], overlong, chunk, &mut done);
                shrink(&mut buffer);
                self.buffer = buffer;
            }
            Content::Buffer(mut buffer, len) => {
                done.bytes = len as u64;
                let chunk = self.chunk_of(&buffer[..len], task.header, task.arrivals, &done);
                self.process_bytes(&buffer[..len], false, chunk, &mut done);
                shrink(&mut buffer);
                let _ = self.setup.buffers.try_send(buffer); // fails if the pool is full or the reader has ended
            }
            Content::Messages(messages) => {
                let MessageChunk { bytes: mut buffer, fields, value_bytes, .. } = *messages;
                done.bytes = value_bytes;
                let chunk = CurrentChunk {
                    framing: Framing::Counted,
                    messages: Some((fields.unwrap_or_default(), 0)),
                    ..self.chunk_of(&buffer, None, task.arrivals, &done)
                };
                self.process_bytes(&buffer, false, chunk, &mut done);
                shrink(&mut buffer);
                let _ = self.setup.buffers.try_send(buffer); // fails if the pool is full or the reader has ended
            }
            Content::Overlong => {
                let chunk = self.chunk_of(&[], task.header, task.arrivals, &done);
                self.process_bytes(&[], true, chunk, &mut done);
            }
            Content::Rejected(rejected) => self.pass_rejected(rejected, task.header, &mut done),
            Content::Punctuation(mark) => {
                done.mark = Some(mark);
                if let Some(numbers) = &self.setup.shared.numbers {
                    numbers.skip(task.sequence, task.source, mark.is_end());
                }
                if let Some(assigner) = &self.setup.shared.assigner {
                    done.watermark = assigner.mark(task.sequence, mark, self.arrival(&done));
                }
            }
        }
        self.setup.shared.times.pass(sequence, source, end_chunk());
        self.chunks += 1;
        let _ = self.setup.messages.send(Message::ChunkDone(Box::new(done))); // fails if the run is over
        if self.asked.is_some_and(|asked| self.batch <= asked) {
            self.send_groups();
        }
    }

    /// The source and arrival time of a chunk.
    fn arrival(&self, done: &ChunkReport) -> Arrival {
        Arrival { source: done.source.0, input: self.setup.sources.input(done.source), read_ns: done.read_ns }
    }

    /// True if the source's header counts as a record, with a number.
    fn takes_header(&self, source: SourceIndex, header: Option<&[u8]>) -> bool {
        let input = self.setup.sources.input(source);
        self.setup.plan.inputs[input].prologue == Prologue::Header && header.is_some_and(|header| !header.is_empty())
    }

    /// The state of a chunk before its first piece.
    fn chunk_of(
        &self,
        bytes: &[u8],
        header: Option<Arc<[u8]>>,
        arrivals: Arrivals,
        done: &ChunkReport,
    ) -> CurrentChunk {
        let input = self.setup.sources.input(done.source);
        CurrentChunk {
            source: done.source,
            input,
            position: done.sequence << PIECES_BITS,
            records_before: 0,
            arrivals: ChunkArrivals::new(done.read_ns, arrivals, bytes),
            header,
            framing: self.setup.plan.inputs[input].framing,
            messages: None,
            times: LastTimes::new(),
        }
    }

    fn process_bytes(&mut self, bytes: &[u8], overlong: bool, mut chunk: CurrentChunk, done: &mut ChunkReport) {
        let framing = chunk.framing;
        if let Some(numbers) = &self.setup.shared.numbers {
            let records = framing.count(bytes, self.setup.max_line_bytes) + usize::from(overlong);
            chunk.records_before =
                numbers.records_before(done.sequence, done.source, records as u64) + u64::from(done.has_header);
        }
        self.encode_once_fixed();
        let mut out = ChunkOutput::of(&self.setup.plan.exchange, self.encoder.is_some());
        let pieces = pieces(bytes, framing, self.setup.max_line_bytes);
        let at_records = matches!(framing, Framing::Lines | Framing::Nul);
        let pieces = chunk.arrivals.part(pieces, at_records);
        if self.setup.shared.assigner.is_some() {
            self.process_windowed(&pieces, &mut chunk, done);
        } else {
            for piece in &pieces {
                if self.setup.control.is_overdue() {
                    done.is_unfinished = true;
                    break;
                }
                self.process_piece(piece, &mut chunk, &mut out, done);
            }
        }
        if overlong {
            self.reject_overlong(done);
        }
        if let Some(encoder) = &mut self.encoder {
            done.left_out = encoder.take_left_out();
        }
        done.payload = out.into_payload();
    }

    /// Reports records that the reader has rejected.
    fn pass_rejected(&self, rejected: Vec<RejectedRecord>, header: Option<Arc<[u8]>>, done: &mut ChunkReport) {
        if let Some(numbers) = &self.setup.shared.numbers {
            let records = rejected.len() as u64;
            let _ = numbers.records_before(done.sequence, done.source, records); // the plan does not use their numbers
        }
        if let Some(assigner) = &self.setup.shared.assigner {
            let none = assigner.chunk(done.sequence, std::iter::empty(), self.arrival(done));
            done.watermark = none.watermark;
        }
        done.has_header = self.takes_header(done.source, header.as_deref());
        for RejectedRecord { text, reason } in rejected {
            done.bytes += text.len() as u64;
            if self.setup.keep_rejects {
                let input = self.setup.sources.input(done.source);
                let framing = self.setup.plan.inputs[input].framing;
                done.counts.rejected_lines.extend_from_slice(&text);
                done.counts.rejected_lines.push(framing.terminator());
            }
            self.reject(done, || reason.clone());
        }
    }

    /// Encodes rows here once the first row has fixed the columns.
    fn encode_once_fixed(&mut self) {
        let plan = &self.setup.plan;
        let (None, Exchange::Rows, Encoding::Format(format, _)) = (&self.encoder, &plan.exchange, self.setup.encoding)
        else {
            return;
        };
        if Parallel::of(format, &plan.output) != Parallel::OnceFixed {
            return;
        }
        if let Some(names) = self.setup.shared.columns.get() {
            let (encoding, look) = (self.setup.encoding, self.setup.look);
            self.encoder = Some(encoder(&plan.output, encoding, look, Some(names)));
        }
    }

    fn reject_overlong(&self, done: &mut ChunkReport) {
        let limit = self.setup.max_line_bytes;
        self.reject(done, || format!("the line is longer than {limit} bytes, see --max-line"));
    }

    fn reject(&self, done: &mut ChunkReport, reason: impl Fn() -> String) {
        if done.first_rejected.is_none() {
            done.first_rejected = Some(done.records);
            done.counts.first_rejected = Some(reason());
        }
        done.counts.rejected += 1;
        done.records += 1;
    }

    /// Applies the plan to records.
    fn process_piece(
        &mut self,
        piece: &Piece<'_>,
        chunk: &mut CurrentChunk,
        out: &mut ChunkOutput,
        done: &mut ChunkReport,
    ) {
        let Piece::Records(bytes) = piece else {
            self.reject_overlong(done);
            chunk.pass(1);
            return;
        };
        let plan = Arc::clone(&self.setup.plan);
        let mut decoded = self.decode(bytes, chunk);
        let DecodedPiece { batch, account, before, .. } = &mut decoded;
        let passed = account.exploded.unwrap_or(batch.rows as u64);
        match (&plan.exchange, out) {
            (Exchange::Grouped(_), _) => {
                if let Some(WorkerGroups::Whole(partial)) = &mut self.groups {
                    partial.update(batch, &mut account.failures);
                }
            }
            (Exchange::Rows, ChunkOutput::Bytes(out)) => {
                if let Some(encoder) = self.encoder.as_mut().filter(|_| batch.rows > 0) {
                    encoder.encode(batch, out);
                }
            }
            (Exchange::Ordered(stage, live), ChunkOutput::Batches(out)) if batch.rows > 0 => {
                match &mut self.reducer {
                    Some(reducer) => reducer.reduce(batch, account),
                    None => stage.reduce(batch, live, account),
                }
                out.push(std::mem::take(batch).into_owned());
            }
            (Exchange::Rows, ChunkOutput::Batches(out)) if batch.rows > 0 => {
                let mut live = SlotSet::default();
                plan.output.columns.slots().for_each(|slot| live.insert(slot));
                batch.retain(&live);
                out.push(std::mem::take(batch).into_owned());
            }
            (Exchange::Gather(live), ChunkOutput::Batches(out)) if batch.rows > 0 => {
                if account.exploded.is_some() && account.rejected > 0 {
                    self.mark_rejected(batch, bytes, before);
                }
                batch.retain(live);
                out.push(std::mem::take(batch).into_owned());
            }
            _ => {}
        }
        self.enter(decoded, passed, None, done);
    }

    /// Applies the plan to a chunk whose records are assigned to windows. Decodes all of it before assigning the first
    /// record: which records are late depends on earlier chunks, which are being decoded meanwhile.
    fn process_windowed(&mut self, pieces: &[Piece<'_>], chunk: &mut CurrentChunk, done: &mut ChunkReport) {
        let Some(assigner) = self.setup.shared.assigner.clone() else {
            return;
        };
        let decoded: Vec<Option<DecodedPiece<'_>>> = pieces
            .iter()
            .take_while(|_| {
                done.is_unfinished = self.setup.control.is_overdue();
                !done.is_unfinished
            })
            .map(|piece| match piece {
                Piece::Records(bytes) => Some(self.decode(bytes, chunk)),
                Piece::Overlong => {
                    chunk.pass(1);
                    None
                }
            })
            .collect();
        let batches = decoded.iter().flatten().map(|decoded| &decoded.batch);
        let mut places = assigner.chunk(done.sequence, batches, self.arrival(done));
        done.watermark = places.watermark;
        let mut position = done.sequence << PIECES_BITS;
        for decoded in decoded {
            let Some(mut decoded) = decoded else {
                self.reject_overlong(done);
                continue;
            };
            let start = places.clone();
            let DecodedPiece { batch, account, .. } = &mut decoded;
            let placement = places.slices(batch);
            account.late = placement.late.len() as u64;
            let passed = account.exploded.unwrap_or(batch.rows as u64 - account.late);
            batch.position = Position(position);
            if let Some(WorkerGroups::SlicedPartial(sliced)) = &mut self.groups {
                let batch = placement.in_time(batch);
                position += sliced.update(&batch, &placement.slices, &mut account.failures);
            }
            self.enter(decoded, passed, Some(start), done);
        }
        done.counts.jumps += places.jumps();
    }
}

/// The groups of a worker.
enum WorkerGroups {
    Whole(Box<Partial>),
    SlicedPartial(Box<SlicedPartial>),
}
