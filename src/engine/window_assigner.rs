//! Assigns the records of chunks to windows, in stream order, whichever worker processes the chunk.

use std::borrow::Cow;
use std::sync::Arc;

use crate::data::{Batch, Column, Slot};
use crate::plan::{PlannedWindow, TimeDomain};
use crate::window::{
    Arrival, Assigned, ChunkTimes, Grid, Punctuation, Slice, SliceAssigner, SourceClock, Watermark, WatermarkConfig,
};

use super::arrivals::Arrived;
use super::in_order::InOrder;
use super::message::ChunkReport;
use super::window_state::TimedRows;

/// The state that workers share to assign records to windows.
#[derive(Clone)]
pub(super) struct AssignerRules {
    shared: Arc<SharedRules>,
}

struct SharedRules {
    by: TimeDomain,
    arrival: Slot,
    of_rows: bool,
    grid: Grid,
    max_jump_ns: i64,
    watermark: InOrder<Watermark>,
}

/// Assigns the records of one chunk, in their order.
#[derive(Clone)]
pub(super) struct WindowAssigner<'w> {
    by: &'w TimeDomain,
    arrival: Slot,
    placer: SliceAssigner<'w>,
    read_ns: i64,
    /// Records before the next one.
    rows: u64,
}

impl AssignerRules {
    pub(super) fn new(planned: &PlannedWindow, grid: Grid, limits: WatermarkConfig) -> AssignerRules {
        AssignerRules {
            shared: Arc::new(SharedRules {
                by: planned.by.clone(),
                arrival: planned.arrival,
                of_rows: planned.window.is_of_rows(),
                grid,
                max_jump_ns: limits.max_jump_ns,
                watermark: InOrder::new(watermark(planned, limits)),
            }),
        }
    }

    /// The assigner for a chunk's records, once the chunks before have passed. Stores the watermark after the chunk in
    /// `done`.
    pub(super) fn places<'b, 'a: 'b>(
        &self,
        batches: impl Iterator<Item = &'b Batch<'a>>,
        done: &mut ChunkReport,
    ) -> WindowAssigner<'_> {
        let shared = &*self.shared;
        let limit = done.read_ns.saturating_add(shared.max_jump_ns);
        let mut reach = ChunkTimes::new(limit);
        for batch in batches.filter(|batch| batch.rows > 0) {
            match &shared.by {
                TimeDomain::Event(slot) => reach.add(times_in(batch, *slot)),
                TimeDomain::Processing(_) => match Arrived::of(batch, shared.arrival, done.read_ns) {
                    Arrived::At(ns) => reach.add(&[ns]),
                    Arrived::Each(times) => reach.add(&times),
                },
                TimeDomain::RowCount => reach.add_rows(batch.rows),
            }
        }
        let (clock, rows) = shared.watermark.take(done.sequence, |watermark| {
            let rows = watermark.rows();
            let clock: SourceClock = watermark.pass(done.source.0, &reach);
            done.watermark = watermark.now();
            (clock, rows)
        });
        WindowAssigner {
            by: &shared.by,
            arrival: shared.arrival,
            placer: SliceAssigner::new(&shared.grid, clock, limit, shared.of_rows),
            read_ns: done.read_ns,
            rows,
        }
    }

    /// Advances time without records; returns the watermark after it.
    pub(super) fn mark(&self, mark: Punctuation, done: &ChunkReport) -> i64 {
        let arrival = Arrival {
            source: done.source.0,
            input: 0, // the watermark tells sources apart by number
            read_ns: done.read_ns,
        };
        self.shared.watermark.take(done.sequence, |watermark| {
            watermark.mark(mark, arrival);
            watermark.now()
        })
    }
}

impl WindowAssigner<'_> {
    /// Assigns the rows of the next batch.
    pub(super) fn of(&mut self, batch: &Batch<'_>) -> Assignment {
        if batch.rows == 0 {
            return place(&mut self.placer, &[]);
        }
        let numbers = self.rows as i64 + 1..;
        self.rows += batch.rows as u64;
        match self.by {
            TimeDomain::Event(slot) => place(&mut self.placer, times_in(batch, *slot)),
            TimeDomain::Processing(_) => {
                let arrived = Arrived::of(batch, self.arrival, self.read_ns);
                place(&mut self.placer, &arrived.times(batch.rows))
            }
            TimeDomain::RowCount => {
                let numbers: Vec<i64> = numbers.take(batch.rows).collect();
                place(&mut self.placer, &numbers)
            }
        }
    }

    /// The number of future timestamps.
    pub(super) fn jumps(&self) -> u64 {
        self.placer.jumps
    }
}

/// The watermark of a planned window.
pub(super) fn watermark(planned: &PlannedWindow, limits: WatermarkConfig) -> Watermark {
    match planned.by {
        TimeDomain::Event(_) => {
            let WatermarkConfig { sources, max_jump_ns, idle_ns } = limits;
            let late = planned.window.late_ns;
            Watermark::of_times(late, max_jump_ns, sources).idle_after(idle_ns)
        }
        TimeDomain::Processing(_) => Watermark::of_arrival(),
        TimeDomain::RowCount => Watermark::of_rows(),
    }
}

/// The time of each row, or its record number.
pub(super) fn times(planned: &PlannedWindow, batch: &Batch<'_>, watermark: &Watermark, read_ns: i64) -> Vec<i64> {
    match &planned.by {
        TimeDomain::Event(slot) => times_in(batch, *slot).to_vec(),
        TimeDomain::Processing(_) => Arrived::of(batch, planned.arrival, read_ns).times(batch.rows),
        TimeDomain::RowCount => {
            let first = watermark.rows() as i64 + 1;
            (first..first + batch.rows as i64).collect()
        }
    }
}

/// The times that an earlier step has written.
fn times_in<'b>(batch: &'b Batch<'_>, slot: Slot) -> &'b [i64] {
    match batch.column(slot) {
        Column::Int(times, _) => times,
        _ => unreachable!("the step that reads times makes a column of ints"),
    }
}

/// The slices of a batch's rows.
pub(super) struct Assignment {
    /// The slice of each row that is not late.
    pub(super) slices: Vec<Slice>,
    /// The rows whose windows are all final.
    pub(super) late: Vec<u32>,
}

impl Assignment {
    /// The rows that are not late.
    pub(super) fn in_time<'b, 'a>(&self, batch: &'b Batch<'a>) -> Cow<'b, Batch<'a>> {
        if self.late.is_empty() {
            Cow::Borrowed(batch)
        } else {
            let mut late = self.late.iter().peekable();
            let rows = 0..batch.rows as u32;
            let in_time: Vec<u32> = rows.filter(|row| late.next_if_eq(&row).is_none()).collect();
            Cow::Owned(batch.select(&in_time, &batch.slots()))
        }
    }
}

/// Assigns the records of a batch.
pub(super) fn place(placer: &mut SliceAssigner<'_>, times: &[i64]) -> Assignment {
    let mut placement = Assignment { slices: Vec::with_capacity(times.len()), late: Vec::new() };
    for (row, time) in times.iter().enumerate() {
        match placer.place(*time) {
            Assigned::In(slice) => placement.slices.push(slice),
            Assigned::Late => placement.late.push(row as u32),
        }
    }
    placement
}

/// The time of each row, with the watermark before it.
pub(super) fn passing<'t>(moment: TimedRows<'t>, jumps: &'t mut u64) -> impl FnMut(usize) -> (i64, i64) + 't {
    let TimedRows { times, mut clock, limit } = moment;
    move |row| {
        let before = clock.watermark;
        *jumps += u64::from(clock.pass(times[row], limit));
        (times[row], before)
    }
}
