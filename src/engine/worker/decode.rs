//! Decodes bytes into a batch and applies the workers' stages.

use std::ops::Range;

use crate::data::{
    Batch, Column, Framing, MessageFields, Position, Scanner, Slot, Validity, Value, count_records, last_times,
};
use crate::engine::sources::Sources;
use crate::plan::{Plan, PlannedInput};
use crate::stage::RecordCounts;

use super::{CurrentChunk, Worker};

/// A piece of a chunk after the workers' stages.
pub(super) struct DecodedPiece<'b> {
    pub(super) bytes: &'b [u8],
    /// The chunk's state before the piece.
    pub(super) before: CurrentChunk,
    pub(super) records: u64,
    pub(super) batch: Batch<'b>,
    pub(super) account: RecordCounts,
}

impl Worker {
    /// Decodes records, applies the workers' stages and advances the chunk's state.
    pub(super) fn decode<'b>(&self, bytes: &'b [u8], chunk: &mut CurrentChunk) -> DecodedPiece<'b> {
        let mut account = RecordCounts::default();
        let mut before = chunk.clone();
        before.times = last_times();
        let (mut batch, records) = self.scan(bytes, chunk, &mut account);
        apply(&self.setup.plan, chunk, &mut batch, &mut account);
        chunk.pass(records);
        chunk.position += 1;
        DecodedPiece { bytes, before, records, batch, account }
    }

    /// The first batch of a piece, with the source's metadata, and its number of records.
    pub(super) fn scan<'b>(
        &self,
        bytes: &'b [u8],
        chunk: &CurrentChunk,
        account: &mut RecordCounts,
    ) -> (Batch<'b>, u64) {
        let input = &self.setup.plan.inputs[chunk.input];
        let batch = first_batch(input, &self.setup.sources, bytes, chunk);
        let rows = batch.rows;
        let records = match chunk.framing {
            Framing::Lines if !input.scanner.keeps_all() => count_records(bytes),
            // The scanner returns one row per record.
            Framing::Lines | Framing::Quoted { .. } | Framing::Nul | Framing::Starts(_) | Framing::Counted => rows,
        };
        if input.scanner.explodes() {
            account.explode(records);
        } else {
            account.filter(records - rows);
        }
        (batch, records as u64)
    }
}

/// The first batch of an input's records, with the source's metadata.
pub(in crate::engine) fn first_batch<'b>(
    input: &PlannedInput,
    sources: &Sources,
    bytes: &'b [u8],
    chunk: &CurrentChunk,
) -> Batch<'b> {
    let scanner: &dyn Scanner = match (&chunk.messages, &input.messages) {
        (Some(_), Some(messages)) => &messages.scanner,
        _ => &*input.scanner,
    };
    let mut batch = scanner.scan(bytes, Position(chunk.position));
    let rows = batch.rows;
    match &chunk.messages {
        Some((fields, first)) => set_fields(&mut batch, input, fields, *first..*first + rows),
        None => {
            for slot in input.metadata.message.into_iter().flatten() {
                batch.set(slot, Column::Constant(Value::Null, rows));
            }
        }
    }
    if let Some(slot) = input.metadata.source {
        let name = sources.name(chunk.source);
        let name = name.as_encoded_bytes().to_vec();
        batch.set(slot, Column::Constant(Value::Text(name), rows));
    }
    if let Some(slot) = input.metadata.number {
        let first = chunk.records_before as i64 + 1;
        batch.set(slot, Column::Int((first..first + rows as i64).collect(), Validity::ALL));
    }
    let time = input.metadata.time.filter(|_| chunk.messages.is_none()); // messages have a time of their own
    for slot in time.into_iter().chain(input.metadata.arrival) {
        let times = chunk.arrivals.column(bytes, &batch, scanner.texts());
        batch.set(slot, times);
    }
    if let Some(slot) = input.metadata.header {
        let header = chunk.header.as_ref();
        let header = header.map_or(Value::Null, |header| Value::Text(header.to_vec()));
        batch.set(slot, Column::Constant(header, rows));
    }
    batch
}

/// Sets the fields of messages besides their values.
fn set_fields(batch: &mut Batch<'_>, input: &PlannedInput, fields: &MessageFields, rows: Range<usize>) {
    let count = rows.len();
    if let Some(slot) = input.metadata.time {
        batch.set(slot, fields.times(rows.clone()));
    }
    let [key, partition, offset, topic, headers] = input.metadata.message;
    let columns: [(Option<Slot>, &dyn Fn() -> Column<'static>); 5] = [
        (key, &|| fields.keys(rows.clone())),
        (partition, &|| Column::Constant(Value::Int(fields.partition.into()), count)),
        (offset, &|| fields.offsets(rows.clone())),
        (topic, &|| Column::Constant(Value::Text(fields.topic.as_bytes().to_vec()), count)),
        (headers, &|| fields.headers(rows.clone())),
    ];
    for (slot, column) in columns {
        if let Some(slot) = slot {
            batch.set(slot, column());
        }
    }
}

/// Applies the workers' stages: those of the input, then those shared with other inputs.
pub(super) fn apply(plan: &Plan, chunk: &CurrentChunk, batch: &mut Batch<'_>, account: &mut RecordCounts) {
    let input = &plan.inputs[chunk.input];
    let scanned = input.messages.as_ref().filter(|_| chunk.messages.is_some());
    if let Some(step) = scanned.and_then(|messages| messages.first.as_ref()) {
        step.stage.apply(batch, &step.live, account);
    }
    for step in &input.map {
        if batch.rows == 0 {
            return;
        }
        step.stage.apply(batch, &step.live, account);
    }
    let exploded_from = plan.exploded_from.unwrap_or(usize::MAX);
    for (place, step) in plan.map.iter().enumerate().skip(input.joins_at) {
        if batch.rows == 0 {
            return;
        }
        if place >= exploded_from {
            account.explode(batch.rows);
        }
        step.stage.apply(batch, &step.live, account);
    }
    if plan.map.len() >= exploded_from && batch.rows > 0 {
        account.explode(batch.rows);
    }
}
