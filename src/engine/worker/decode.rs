//! Decodes bytes into a batch and applies the workers' stages.

use crate::data::{Batch, Column, Framing, Position, Validity, Value, count_records, last_times};
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
        apply(&self.setup.plan, chunk.input, &mut batch, &mut account);
        chunk.records_before += records;
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
        let records = match input.framing {
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
    let mut batch = input.scanner.scan(bytes, Position(chunk.position));
    let rows = batch.rows;
    if let Some(slot) = input.metadata.source {
        let name = sources.name(chunk.source);
        let name = name.as_encoded_bytes().to_vec();
        batch.set(slot, Column::Constant(Value::Text(name), rows));
    }
    if let Some(slot) = input.metadata.number {
        let first = chunk.records_before as i64 + 1;
        batch.set(slot, Column::Int((first..first + rows as i64).collect(), Validity::ALL));
    }
    if let Some(slot) = input.metadata.time {
        let times = chunk.arrivals.column(bytes, &batch, input.scanner.texts());
        batch.set(slot, times);
    }
    if let Some(slot) = input.metadata.header {
        let header = chunk.header.as_ref();
        let header = header.map_or(Value::Null, |header| Value::Text(header.to_vec()));
        batch.set(slot, Column::Constant(header, rows));
    }
    batch
}

/// Applies the workers' stages: those of the input, then those shared with other inputs.
pub(super) fn apply(plan: &Plan, input: usize, batch: &mut Batch<'_>, account: &mut RecordCounts) {
    let input = &plan.inputs[input];
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
