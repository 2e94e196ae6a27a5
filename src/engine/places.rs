//! Windows on the workers' side: where each record belongs, in the order of the stream, whoever reads it.

use std::sync::Arc;

use crate::data::Batch;
use crate::plan::{PlannedWindow, WindowBy};
use crate::window::{Clock, Grid, Placer, Reach, Watermark};

use super::message::{Done, Mark};
use super::placement::{Placement, place, times_in};
use super::turns::Turns;
use super::windows::{Arrival, apply_mark, watermark};

/// What workers share to put records into windows.
#[derive(Clone)]
pub(super) struct Windowing {
    shared: Arc<Shared>,
}

struct Shared {
    by: WindowBy,
    of_rows: bool,
    grid: Grid,
    max_jump_ns: i64,
    watermark: Turns<Watermark>,
}

/// Gives each record of a chunk its place, in their order.
#[derive(Clone)]
pub(super) struct Places<'w> {
    by: &'w WindowBy,
    placer: Placer<'w>,
    read_ns: i64,
    /// Records before the next one.
    rows: u64,
}

impl Windowing {
    pub(super) fn new(
        planned: &PlannedWindow,
        grid: Grid,
        sources: usize,
        max_jump_ns: i64,
    ) -> Windowing {
        Windowing {
            shared: Arc::new(Shared {
                by: planned.by.clone(),
                of_rows: planned.window.is_of_rows(),
                grid,
                max_jump_ns,
                watermark: Turns::new(watermark(planned, sources, max_jump_ns)),
            }),
        }
    }

    /// The places of a chunk's records, once it is known what came before. `done` learns where the watermark
    /// stands behind the chunk.
    pub(super) fn places<'b, 'a: 'b>(
        &self,
        batches: impl Iterator<Item = &'b Batch<'a>>,
        done: &mut Done,
    ) -> Places<'_> {
        let shared = &*self.shared;
        let limit = done.read_ns.saturating_add(shared.max_jump_ns);
        let mut reach = Reach::new(limit);
        for batch in batches.filter(|batch| batch.rows > 0) {
            match &shared.by {
                WindowBy::Time(slot) => reach.add(times_in(batch, *slot)),
                WindowBy::Arrival(_) => reach.add(&[done.read_ns]),
                WindowBy::Number => reach.add_rows(batch.rows),
            }
        }
        let (clock, rows) = shared.watermark.take(done.sequence, |watermark| {
            let rows = watermark.rows();
            let clock: Clock = watermark.pass(done.source.0, &reach);
            done.watermark = watermark.now();
            (clock, rows)
        });
        Places {
            by: &shared.by,
            placer: Placer::new(&shared.grid, clock, limit, shared.of_rows),
            read_ns: done.read_ns,
            rows,
        }
    }

    /// Moves time without records; where the watermark stands then.
    pub(super) fn mark(&self, mark: Mark, done: &Done) -> i64 {
        let arrival = Arrival {
            source: done.source.0,
            read_ns: done.read_ns,
        };
        self.shared.watermark.take(done.sequence, |watermark| {
            apply_mark(watermark, mark, arrival);
            watermark.now()
        })
    }
}

impl Places<'_> {
    /// Where the next records belong.
    pub(super) fn of(&mut self, batch: &Batch<'_>) -> Placement {
        if batch.rows == 0 {
            return place(&mut self.placer, &[]);
        }
        let numbers = self.rows as i64 + 1..;
        self.rows += batch.rows as u64;
        match self.by {
            WindowBy::Time(slot) => place(&mut self.placer, times_in(batch, *slot)),
            WindowBy::Arrival(_) => place(&mut self.placer, &vec![self.read_ns; batch.rows]),
            WindowBy::Number => {
                let numbers: Vec<i64> = numbers.take(batch.rows).collect();
                place(&mut self.placer, &numbers)
            }
        }
    }

    /// Times that were too far ahead.
    pub(super) fn jumps(&self) -> u64 {
        self.placer.jumps
    }
}
