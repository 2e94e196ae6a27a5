//! Windows on the coordinator's side: what workers hand over by slices, or records in their order, put into
//! windows, each of which goes through the stages behind by itself once it is final.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::aggregate::{Executor, SeenKeys, SessionGroups, SessionRows, Sliced, Windowed};
use crate::data::{Batch, Column, LiveSlots, Value, time_defaults};
use crate::plan::{Exchange, MergeStep, Place, Plan, PlannedWindow, WindowBy};
use crate::window::{Grid, Kind, Placer, Reach, RowLog, Session, Sessions, Slice, Watermark};

use super::chain::{Chain, Incoming, set_bounds};
use super::fill::Fill;
use super::message::{Mark, Share};
use super::placement::{passing, place, times};
use super::tally::Tally;

/// All windows of a run.
pub(super) struct Windows<'p> {
    plan: &'p Plan,
    planned: &'p PlannedWindow,
    executor: &'p dyn Executor,
    keeper: Keeper,
    /// What each window goes through.
    behind: &'p [MergeStep],
    incoming: Incoming,
    /// What stands in front of the windows on this side.
    pub(super) before: Chain<'p>,
    /// Moved by the records that come by; workers that put records into windows have their own.
    watermark: Watermark,
    max_jump_ns: i64,
    /// Where the workers' watermark stands behind what was merged.
    reached: i64,
    /// Only if windows without records are printed.
    fill: Option<Fill>,
    pub(super) tally: Tally,
}

/// What is kept of windows that are not final.
enum Keeper {
    /// Groups by slice; where records come here, they are put into slices first.
    Groups(Windowed, Grid, Box<Sliced>),
    /// Records.
    Rows(RowLog, Grid, i64),
    /// Groups by session.
    Sessions(Box<SessionGroups>),
    /// Records by session, of one key.
    SessionRows(RowLog, Sessions, VecDeque<Session>),
}

/// What is known of records that come together.
#[derive(Clone, Copy)]
pub(super) struct Arrival {
    pub(super) source: usize,
    pub(super) read_ns: i64,
}

impl<'p> Windows<'p> {
    pub(super) fn new(
        plan: &'p Plan,
        planned: &'p PlannedWindow,
        sources: usize,
        max_jump_ns: i64,
        executor: &'p dyn Executor,
    ) -> Self {
        let (before, behind) = match planned.place {
            Place::Workers => plan.merge.split_at(0),
            Place::Merge(at) => plan.merge.split_at(at),
        };
        let grid = Grid::of(&planned.window, &time_defaults().zone);
        // Sliced groups are the first step themselves: what is behind begins with the next one.
        let first = match (&plan.exchange, planned.place) {
            (Exchange::Grouped(aggregation), Place::Workers) => Some(Arc::clone(aggregation)),
            _ => match behind.first() {
                Some(MergeStep::Grouped(aggregation)) => Some(Arc::clone(aggregation)),
                _ => None,
            },
        };
        let is_sliced = matches!(planned.place, Place::Workers);
        let explodes = plan.explodes_early();
        let (behind, incoming) = match &first {
            Some(_) if is_sliced => (behind, Incoming::Rows),
            Some(_) => (&behind[1..], Incoming::Rows),
            None if explodes => (behind, Incoming::Rows),
            None => (behind, Incoming::Passed),
        };
        let mut live = LiveSlots::default();
        if let Some(MergeStep::Ordered(stage, after)) = behind.first() {
            live = after.clone();
            stage.reads(&mut live);
        }
        let fill = planned.fill.then(|| Fill {
            seen: first.clone().map(SeenKeys::new),
            last: None,
        });
        let keeper = match (first, grid, planned.window.kind) {
            (Some(aggregation), None, Kind::Session { gap }) => {
                Keeper::Sessions(Box::new(SessionGroups::new(aggregation, gap)))
            }
            (None, None, Kind::Session { gap }) => {
                Keeper::SessionRows(RowLog::new(live), Sessions::new(gap), VecDeque::new())
            }
            (Some(aggregation), Some(grid), _) => {
                let sliced = Box::new(Sliced::new(Arc::clone(&aggregation)));
                Keeper::Groups(Windowed::new(aggregation, grid.clone()), grid, sliced)
            }
            (None, Some(grid), _) => Keeper::Rows(RowLog::new(live), grid, i64::MIN),
            (_, None, _) => unreachable!("all windows but sessions have a grid"),
        };
        let front = match &plan.exchange {
            Exchange::Ordered(stage, _) if !stage.is_blocking() && !explodes => Incoming::Records,
            _ if explodes => Incoming::Rows,
            _ => Incoming::Passed,
        };
        Windows {
            plan,
            planned,
            executor,
            keeper,
            behind,
            incoming,
            before: Chain::new(plan, before, front, executor),
            watermark: watermark(planned, sources, max_jump_ns),
            max_jump_ns,
            reached: i64::MIN,
            fill,
            tally: Tally::default(),
        }
    }

    /// Takes the next records in order; the rows of windows that became final go to `emit`.
    pub(super) fn push(&mut self, batches: Vec<Batch<'static>>, arrival: Arrival, emit: Emit<'_>) {
        for batch in self.before.push(batches) {
            self.enter(batch, arrival);
        }
        self.fire(Some(self.watermark.now()), emit);
    }

    /// Moves time without records.
    pub(super) fn mark(&mut self, mark: Mark, arrival: Arrival, emit: Emit<'_>) {
        apply_mark(&mut self.watermark, mark, arrival);
        self.fire(Some(self.watermark.now()), emit);
    }

    /// Adds groups that workers have put into slices; the watermark stands here behind them.
    pub(super) fn merge(&mut self, shares: Vec<Share>, watermark: i64, emit: Emit<'_>) {
        for share in shares {
            if let (Keeper::Groups(windowed, ..), Share::Slices(slices)) = (&mut self.keeper, share)
            {
                for (slice, runs) in slices {
                    windowed.add(slice, runs, self.executor);
                }
            }
        }
        self.reached = self.reached.max(watermark);
        self.fire(Some(self.reached), emit);
    }

    /// The input has ended: the rows of all windows.
    pub(super) fn finish(&mut self, emit: Emit<'_>) {
        let last = Arrival {
            source: 0,
            read_ns: i64::MIN,
        };
        for batch in self.before.finish() {
            self.enter(batch, last);
        }
        self.fire(None, emit);
    }

    /// Puts records into windows.
    fn enter(&mut self, batch: Batch<'static>, arrival: Arrival) {
        let times = times(&self.planned.by, &batch, &self.watermark, arrival.read_ns);
        let limit = arrival.read_ns.saturating_add(self.max_jump_ns);
        let mut reach = Reach::new(limit);
        reach.add(&times);
        let clock = self.watermark.pass(arrival.source, &reach);
        let of_rows = self.planned.window.is_of_rows();
        let Tally { jumps, account, .. } = &mut self.tally;
        let late = match &mut self.keeper {
            Keeper::Groups(_, grid, sliced) => {
                let mut placer = Placer::new(grid, clock, limit, of_rows);
                let placed = place(&mut placer, &times);
                *jumps += placer.jumps;
                sliced.update(
                    &placed.in_time(&batch),
                    &placed.slices,
                    &mut account.failures,
                );
                placed.late
            }
            Keeper::Rows(log, grid, _) => {
                let mut placer = Placer::new(grid, clock, limit, of_rows);
                let placed = place(&mut placer, &times);
                *jumps += placer.jumps;
                let range = |slice: &Slice| (slice.first, grid.windows(slice.number).1);
                let ranges = placed.slices.iter().map(range).collect();
                log.push(placed.in_time(&batch).into_owned(), ranges);
                placed.late
            }
            Keeper::Sessions(groups) => {
                let pass = passing(clock, &times, limit, jumps);
                groups.update(&batch, pass, &mut account.failures)
            }
            Keeper::SessionRows(log, sessions, _) => {
                let mut pass = passing(clock, &times, limit, jumps);
                let (mut rows, mut ranges, mut late) = (Vec::new(), Vec::new(), Vec::new());
                for row in 0..batch.rows {
                    let (time, watermark) = pass(row);
                    match sessions.cell(0, time, watermark) {
                        Some(cell) => {
                            rows.push(row as u32);
                            ranges.push((i64::from(cell), i64::from(cell)));
                        }
                        None => late.push(row as u32),
                    }
                }
                log.push(batch.pick(&rows, &batch.slots()), ranges);
                late
            }
        };
        self.tally.enter(&batch, &late, self.plan);
    }

    /// Prints the windows that are final; without a watermark, all.
    fn fire(&mut self, watermark: Option<i64>, emit: Emit<'_>) {
        if let Keeper::Groups(windowed, _, sliced) = &mut self.keeper {
            for (slice, runs) in sliced.take() {
                windowed.add(slice, runs, self.executor);
            }
        }
        while let Some(result) = self.next(watermark) {
            let rows = match result {
                Next::Window(start, end, rows) => self.through(rows, start, end),
                Next::Sessions(rows) => self.sessions(rows),
            };
            emit(rows);
        }
    }

    /// The rows of all windows that are open, as they are so far; everything stays.
    pub(super) fn picture(&mut self) -> Vec<Batch<'static>> {
        let tally = std::mem::take(&mut self.tally); // what a picture cannot convert is no news
        let mut rows = Vec::new();
        for result in self.open() {
            rows.extend(match result {
                Next::Window(start, end, rows) => self.through(rows, start, end),
                Next::Sessions(rows) => self.sessions(rows),
            });
        }
        self.tally = tally;
        rows
    }

    /// How far the watermark is behind the clock, where windows go by a time that records have.
    pub(super) fn lag(&self) -> Option<Duration> {
        let reached = self.reached.max(self.watermark.now());
        let is_timed = matches!(self.planned.by, WindowBy::Time(_)) && reached > i64::MIN;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).ok()?;
        let reached = Duration::from_nanos(u64::try_from(reached).ok()?);
        is_timed.then(|| now.saturating_sub(reached))
    }

    /// The windows that are open, and their rows in front of the stages behind.
    fn open(&mut self) -> Vec<Next> {
        let rows_read = self.rows_read();
        let window = |grid: &Grid, window, rows| {
            let (start, end) = bounds(grid, window, rows_read)?;
            Some(Next::Window(start, end, rows))
        };
        match &mut self.keeper {
            Keeper::Groups(windowed, grid, _) => {
                let open = windowed.open().into_iter();
                let rows = |at| window(grid, at, windowed.peek(at, self.executor));
                open.filter_map(rows).collect()
            }
            Keeper::Rows(log, grid, next) => {
                let open = log.open(*next).into_iter();
                open.filter_map(|at| window(grid, at, log.of(at))).collect()
            }
            Keeper::Sessions(groups) => groups.peek().map(Next::Sessions).into_iter().collect(),
            Keeper::SessionRows(log, sessions, _) => {
                let rows = |mut session: Session| {
                    session.cells.sort_unstable();
                    let (start, end) = (Value::Time(session.start), Value::Time(session.end));
                    Next::Window(start, end, log.of_cells(&session.cells))
                };
                sessions.all().into_iter().map(rows).collect()
            }
        }
    }

    /// How many records there were, where windows go by their numbers.
    fn rows_read(&self) -> Option<i64> {
        let read = (self.watermark.rows() as i64).max(self.reached.saturating_sub(1));
        self.planned.window.is_of_rows().then_some(read)
    }

    /// The next window that is final, and its rows in front of the stages behind.
    fn next(&mut self, watermark: Option<i64>) -> Option<Next> {
        let is_final = |end: i64| watermark.is_none_or(|watermark| end <= watermark);
        let rows_read = self.rows_read();
        match &mut self.keeper {
            Keeper::Groups(windowed, grid, _) => loop {
                let window = windowed
                    .first()
                    .filter(|window| is_final(grid.end(*window)))?;
                if let Some((window, rows)) = self.fill.as_mut().and_then(|fill| fill.gap(window)) {
                    let (start, end) = bounds(grid, window, rows_read)?;
                    return Some(Next::Window(start, end, rows));
                }
                let rows = windowed.finish(window, self.executor);
                self.fill
                    .iter_mut()
                    .for_each(|fill| fill.printed(window, &rows));
                if let Some((start, end)) = bounds(grid, window, rows_read) {
                    return Some(Next::Window(start, end, rows));
                }
            },
            Keeper::Rows(log, grid, next) => loop {
                let window = log
                    .first(*next)
                    .filter(|window| is_final(grid.end(*window)))?;
                if let Some((window, rows)) = self.fill.as_mut().and_then(|fill| fill.gap(window)) {
                    let (start, end) = bounds(grid, window, rows_read)?;
                    return Some(Next::Window(start, end, rows));
                }
                let rows = log.of(window);
                self.fill
                    .iter_mut()
                    .for_each(|fill| fill.printed(window, &rows));
                *next = window + 1;
                log.forget(*next);
                if let Some((start, end)) = bounds(grid, window, rows_read) {
                    return Some(Next::Window(start, end, rows));
                }
            },
            Keeper::Sessions(groups) => groups.take(watermark).map(Next::Sessions),
            Keeper::SessionRows(log, sessions, taken) => {
                if taken.is_empty() {
                    *taken = match watermark {
                        Some(watermark) => sessions.take(watermark).into(),
                        None => sessions.take_all().into(),
                    };
                }
                let mut session = taken.pop_front()?;
                session.cells.sort_unstable();
                let rows = log.of_cells(&session.cells);
                if taken.is_empty() {
                    let (cells, _) = sessions.renumber();
                    let numbered = cells.into_iter().zip(0..);
                    let new: HashMap<u32, u32> = numbered.collect();
                    log.renumber(|cell| new.get(&cell).copied());
                }
                let (start, end) = (Value::Time(session.start), Value::Time(session.end));
                Some(Next::Window(start, end, rows))
            }
        }
    }

    /// The rows of a window through the stages behind.
    fn through(
        &mut self,
        mut rows: Vec<Batch<'static>>,
        start: Value,
        end: Value,
    ) -> Vec<Batch<'static>> {
        let bounds = self.planned.bounds;
        for batch in &mut rows {
            set_bounds(batch, bounds, &start, &end);
        }
        if self.behind.is_empty() {
            return rows;
        }
        let chain = Chain::new(self.plan, self.behind, self.incoming, self.executor);
        let mut chain = chain.within(bounds, start, end);
        let mut out = chain.push(rows);
        out.extend(chain.finish());
        self.tally.add(chain);
        out
    }

    /// The rows of sessions through the stages behind: each session by itself, unless every stage is row by
    /// row.
    fn sessions(&mut self, sessions: SessionRows) -> Vec<Batch<'static>> {
        let SessionRows {
            mut rows,
            starts,
            ends,
        } = sessions;
        let is_row_by_row = |step: &MergeStep| matches!(step, MergeStep::Rows(_));
        if self.behind.iter().all(is_row_by_row) {
            let times =
                |times: Vec<i64>| Column::Values(times.into_iter().map(Value::Time).collect());
            rows.set(self.planned.bounds.start, times(starts));
            rows.set(self.planned.bounds.end, times(ends));
            let mut chain = Chain::new(self.plan, self.behind, self.incoming, self.executor);
            let out = chain.push(vec![rows]);
            self.tally.add(chain);
            return out;
        }
        let mut out = Vec::new();
        for (row, (start, end)) in rows
            .into_rows()
            .into_iter()
            .zip(starts.into_iter().zip(ends))
        {
            out.extend(self.through(vec![row], Value::Time(start), Value::Time(end)));
        }
        out
    }
}

/// Takes the rows of windows as they become final.
pub(super) type Emit<'e> = &'e mut dyn FnMut(Vec<Batch<'static>>);

/// The bounds of a window as values: times, or the numbers of its first and last record. A window of rows that
/// is not full is only one where it is the rest of the input.
fn bounds(grid: &Grid, window: i64, rows_read: Option<i64>) -> Option<(Value, Value)> {
    let (start, end) = (grid.start(window), grid.end(window));
    match rows_read {
        None => Some((Value::Time(start), Value::Time(end))),
        Some(rows) if end - 1 <= rows => Some((Value::Int(start), Value::Int(end - 1))),
        Some(rows) if grid.is_tumbling() => Some((Value::Int(start), Value::Int(rows))),
        Some(_) => None,
    }
}

/// A result that is to go through the stages behind.
enum Next {
    Window(Value, Value, Vec<Batch<'static>>),
    Sessions(SessionRows),
}

/// The watermark of a planned window.
pub(super) fn watermark(planned: &PlannedWindow, sources: usize, max_jump_ns: i64) -> Watermark {
    match planned.by {
        WindowBy::Time(_) => Watermark::of_times(planned.window.late_ns, max_jump_ns, sources),
        WindowBy::Arrival(_) => Watermark::of_arrival(),
        WindowBy::Number => Watermark::of_rows(),
    }
}

/// Moves the watermark by what a mark says.
pub(super) fn apply_mark(watermark: &mut Watermark, mark: Mark, arrival: Arrival) {
    match mark {
        Mark::Ended => watermark.end(arrival.source),
        Mark::Silent(ns) => watermark.silence(arrival.source, ns),
        Mark::Clock => {}
    }
    watermark.tick(arrival.read_ns);
}
