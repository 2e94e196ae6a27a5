//! Counts the records of a piece: from the stages, or record by record if a problem must be located.

use std::sync::Arc;

use crate::aggregate::Partial;
use crate::data::{Batch, Column, Framing, ValueRef, replace_last_times};
use crate::engine::message::ChunkReport;
use crate::engine::window_assigner::ChunkAssigner;
use crate::expr::Undecided;
use crate::plan::Exchange;
use crate::stage::RecordCounts;

use super::decode::{DecodedPiece, apply};
use super::{CurrentChunk, Worker};

impl Worker {
    /// Adds the counts of a piece to the chunk's report. `places` is the assigner at its first record, if workers
    /// assign windows.
    pub(super) fn enter(
        &mut self,
        decoded: DecodedPiece<'_>,
        passed: u64,
        places: Option<ChunkAssigner<'_>>,
        done: &mut ChunkReport,
    ) {
        let DecodedPiece { bytes, before: chunk, records, mut account, .. } = decoded;
        let is_exploded = account.exploded.is_some();
        let must_replay = account.rejected > 0 && (!self.located_rejected || self.setup.keep_rejects || is_exploded)
            || account.failures.count > 0 && !self.located_failure
            || account.failures.undecided.iter().any(|open| !self.is_located(open))
            || account.late > 0 && (!self.located_late || self.setup.keep_late || is_exploded);
        account.first_rejected = None; // its record is not known
        if must_replay {
            self.locate(self.replay(bytes, &chunk, places), &mut account, done);
        }
        done.records += records;
        // After a stage that makes several records of one, a record with a rejected fragment has not passed.
        done.passed += match (&self.setup.plan.exchange, account.exploded) {
            (_, Some(_)) => records - account.no_records - account.filtered - account.rejected - account.late,
            (Exchange::Ordered(stage, _), None) if !stage.is_blocking() => 0,
            (_, None) => passed,
        };
        done.counts.append(account);
    }

    /// Puts what a replay has found into the counts of its piece, and the places of the worker's first problems into
    /// the chunk's report.
    fn locate(&mut self, replay: Replay, account: &mut RecordCounts, done: &mut ChunkReport) {
        let Replay { counts, first_rejected, first_failure, first_late, undecided, .. } = replay;
        if let (false, Some(record)) = (self.located_rejected, first_rejected) {
            if done.first_rejected.is_none() {
                done.first_rejected = Some(done.records + record);
                done.counts.first_rejected = counts.first_rejected;
            }
            self.located_rejected = true;
        }
        if let (false, Some((record, reason))) = (self.located_failure, first_failure) {
            if done.first_failure.is_none() && done.counts.failures.count == 0 {
                done.first_failure = Some(done.records + record);
                done.counts.failures.first = Some(reason);
            }
            self.located_failure = true;
        }
        for open in undecided {
            if !self.is_located(&open) {
                self.located_undecided.push(open.place.clone());
                let record = open.record.map(|record| done.records + record);
                done.counts.failures.leave_open(Undecided { record, count: 0, ..open });
            }
        }
        if let (false, Some(record)) = (self.located_late, first_late) {
            done.first_late.get_or_insert(done.records + record);
            self.located_late = true;
        }
        (account.rejected, account.late) = (counts.rejected, counts.late);
        if self.setup.keep_rejects {
            account.rejected_lines = counts.rejected_lines;
        }
        if self.setup.keep_late {
            account.late_lines = counts.late_lines;
        }
    }

    /// True if the record of this undecided failure is known, or the piece has none.
    fn is_located(&self, open: &Undecided) -> bool {
        open.count == 0 || self.located_undecided.contains(&open.place)
    }

    /// Removes the record number of fragments whose record was rejected for another fragment, so that they are not
    /// counted as late as well.
    pub(super) fn mark_rejected(&self, batch: &mut Batch<'_>, bytes: &[u8], chunk: &CurrentChunk) {
        let input = &self.setup.plan.inputs[chunk.input];
        let Some(slot) = input.metadata.number else {
            return;
        };
        let rejected = self.replay(bytes, chunk, None).rejected_records;
        let first = chunk.records_before as i64 + 1;
        let is_rejected = |number: i64| rejected.binary_search(&((number - first) as u64)).is_ok();
        let numbers = (0..batch.rows).map(|row| match batch.column(slot).get(row) {
            ValueRef::Int(number) if is_rejected(number) => ValueRef::Null,
            other => other,
        });
        let numbers: Column<'static> = numbers.collect();
        batch.set(slot, numbers);
    }

    /// Processes a piece again, record by record, to locate problems. Each worker does this once per kind of problem,
    /// so it costs nothing while there are none.
    fn replay(&self, bytes: &[u8], chunk: &CurrentChunk, places: Option<ChunkAssigner<'_>>) -> Replay {
        let plan = &self.setup.plan;
        let framing = chunk.framing;
        let mut replay = Replay::default();
        let mut record = 0;
        let mut own = chunk.clone();
        let mut places = places;
        let now = replace_last_times(chunk.times.clone());
        framing.each_record(bytes, |start, end| {
            let line = &bytes[start..end];
            let mut account = RecordCounts::default();
            own.records_before = chunk.records_before + record;
            own.messages = chunk.messages.as_ref().map(|(fields, first)| (Arc::clone(fields), first + record as usize));
            let (mut batch, _) = self.scan(line, &own, &mut account);
            apply(plan, chunk, &mut batch, &mut account);
            let placement = places.as_mut().map(|places| places.slices(&batch));
            let is_late = placement.is_some_and(|placement| !placement.late.is_empty());
            if let (Exchange::Grouped(aggregation), false) = (&plan.exchange, is_late) {
                Partial::new(Arc::clone(aggregation)).update(&batch, &mut account.failures);
            }
            for mut open in account.failures.undecided {
                open.record = Some(record);
                if open.count > 0 && !replay.undecided.iter().any(|known| known.place == open.place) {
                    replay.undecided.push(open);
                }
            }
            if let Some(reason) = account.failures.first {
                // Stages go by columns, so the failure that occurred first need not be in the first record.
                replay.first_failure.get_or_insert((record, reason));
            }
            if is_late && account.first_rejected.is_none() {
                replay.counts.late += 1;
                replay.first_late.get_or_insert(record);
                keep_record(&mut replay.counts.late_lines, line, framing);
            }
            if let Some(reason) = account.first_rejected {
                replay.counts.rejected += 1;
                replay.rejected_records.push(record);
                replay.first_rejected.get_or_insert(record);
                replay.counts.first_rejected.get_or_insert(reason);
                keep_record(&mut replay.counts.rejected_lines, line, framing);
            }
            record += 1;
        });
        replace_last_times(now);
        replay
    }
}

/// The located problems of a piece.
#[derive(Default)]
struct Replay {
    /// Rejected and late records only.
    counts: RecordCounts,
    /// The indices of rejected records in the piece.
    rejected_records: Vec<u64>,
    first_rejected: Option<u64>,
    first_failure: Option<(u64, String)>,
    first_late: Option<u64>,
    /// The first one per aggregate.
    undecided: Vec<Undecided>,
}

/// Appends a record and its terminator.
fn keep_record(records: &mut Vec<u8>, record: &[u8], framing: Framing) {
    records.extend_from_slice(framing.trim(record));
    records.push(framing.terminator());
}
