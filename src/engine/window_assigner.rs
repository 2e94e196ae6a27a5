//! Assigns the records of chunks to windows, in stream order: on the workers, whichever of them processes the chunk, or
//! on the coordinator.

use std::borrow::Cow;

use crate::data::persist::{StateError, StateReader, Stateful};
use crate::data::{Batch, Column, HeapBytes, Slot, time_defaults};
use crate::plan::{PlannedWindow, TimeDomain};
use crate::window::{Arrival, Assignment, ChunkTimes, Grid, Punctuation, SliceAssigner, Watermark, WatermarkConfig};

use super::arrivals::Arrived;
use super::in_order::InOrder;

/// Assigns records to windows; shared by the workers if they do.
#[derive(Debug)]
pub(super) struct WindowAssigner {
    by: TimeDomain,
    /// The slot of the arrival time.
    arrival: Slot,
    of_rows: bool,
    /// `None` for sessions.
    grid: Option<Grid>,
    max_jump_ns: i64,
    watermark: InOrder<Watermark>,
}

/// Assigns the records of one chunk, in their order.
#[derive(Clone)]
pub(super) struct ChunkAssigner<'w> {
    assigner: &'w WindowAssigner,
    slices: SliceAssigner,
    read_ns: i64,
    /// Records before the next one.
    rows: u64,
    /// The watermark after the chunk.
    pub(super) watermark: i64,
}

impl WindowAssigner {
    pub(super) fn new(planned: &PlannedWindow, limits: WatermarkConfig) -> WindowAssigner {
        let watermark = match planned.by {
            TimeDomain::Event(_) => {
                let WatermarkConfig { sources, max_jump_ns, idle_ns } = limits;
                Watermark::of_times(planned.window.late_ns, max_jump_ns, sources).idle_after(idle_ns)
            }
            TimeDomain::Level(_) => Watermark::of_level(),
            TimeDomain::Processing(_) => Watermark::of_arrival(),
            TimeDomain::RowCount => Watermark::of_rows(),
        };
        WindowAssigner {
            by: planned.by.clone(),
            arrival: planned.arrival,
            of_rows: planned.window.is_of_rows(),
            grid: Grid::of(&planned.window, &time_defaults().zone),
            max_jump_ns: limits.max_jump_ns,
            watermark: InOrder::new(watermark),
        }
    }

    /// Sets the number of the first chunk.
    pub(super) fn begin_at(&mut self, sequence: u64) {
        self.watermark.begin_at(sequence);
    }

    /// Advances past the records of the next chunk, once the chunks before have passed; returns their assigner.
    pub(super) fn chunk<'b, 'a: 'b>(
        &self,
        sequence: u64,
        batches: impl Iterator<Item = &'b Batch<'a>>,
        arrival: Arrival,
    ) -> ChunkAssigner<'_> {
        let Arrival { source, read_ns, .. } = arrival;
        let limit = read_ns.saturating_add(self.max_jump_ns);
        let mut reach = ChunkTimes::new(limit);
        for batch in batches.filter(|batch| batch.rows > 0) {
            match &self.by {
                TimeDomain::Event(slot) => reach.add(times_in(batch, *slot)),
                TimeDomain::Level(_) => reach.add_rows(batch.rows),
                TimeDomain::Processing(_) => match Arrived::of(batch, self.arrival, read_ns) {
                    Arrived::At(ns) => reach.add(&[ns]),
                    Arrived::Each(times) => reach.add(&times),
                },
                TimeDomain::RowCount => reach.add_rows(batch.rows),
            }
        }
        self.watermark.take(sequence, |watermark| {
            let rows = watermark.rows();
            let clock = watermark.pass(source, &reach);
            let slices = SliceAssigner::new(clock, limit, self.of_rows);
            ChunkAssigner { assigner: self, slices, read_ns, rows, watermark: watermark.now() }
        })
    }

    /// Advances time without records; returns the watermark after it.
    pub(super) fn mark(&self, sequence: u64, mark: Punctuation, arrival: Arrival) -> i64 {
        self.watermark.take(sequence, |watermark| {
            watermark.mark(mark, arrival);
            watermark.now()
        })
    }
}

impl ChunkAssigner<'_> {
    /// Assigns the rows of the next batch to slices.
    pub(super) fn slices(&mut self, batch: &Batch<'_>) -> Assignment {
        let times = self.times(batch);
        let grid = self.assigner.grid.as_ref().expect("only sessions have no slices");
        self.slices.assign(grid, &times)
    }

    /// The time of each row of the next batch in turn, with the watermark before it.
    pub(super) fn passing<'t>(&'t mut self, batch: &'t Batch<'_>) -> impl FnMut(usize) -> (i64, i64) + 't {
        let times = self.times(batch);
        let slices = &mut self.slices;
        move |row| (times[row], slices.pass(times[row]))
    }

    /// The number of future timestamps.
    pub(super) fn jumps(&self) -> u64 {
        self.slices.jumps
    }

    /// The time of each row of the next batch, or its record number.
    fn times<'b>(&mut self, batch: &'b Batch<'_>) -> Cow<'b, [i64]> {
        let first = self.rows as i64 + 1;
        self.rows += batch.rows as u64;
        match &self.assigner.by {
            _ if batch.rows == 0 => Cow::Borrowed(&[]),
            TimeDomain::Event(slot) | TimeDomain::Level(slot) => Cow::Borrowed(times_in(batch, *slot)),
            TimeDomain::Processing(_) => {
                Cow::Owned(Arrived::of(batch, self.assigner.arrival, self.read_ns).times(batch.rows))
            }
            TimeDomain::RowCount => Cow::Owned((first..first + batch.rows as i64).collect()),
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

/// The number of the first chunk is set by [`WindowAssigner::begin_at`], and not saved.
impl Stateful for WindowAssigner {
    fn save_state(&self, out: &mut Vec<u8>) {
        self.watermark.look(|watermark| watermark.save_state(out));
    }

    fn load_state(&mut self, input: &mut StateReader<'_>) -> Result<(), StateError> {
        self.watermark.get_mut().load_state(input)
    }
}

impl HeapBytes for WindowAssigner {
    fn heap_bytes(&self) -> usize {
        self.watermark.look(HeapBytes::heap_bytes)
    }
}
