//! The state of open windows, and the order in which they become final.

use std::sync::Arc;

use crate::aggregate::{Aggregation, Executor, SessionGroups, SessionRows, SliceRuns, SlicedPartial, WindowedGroups};
use crate::data::{Batch, Position, Slot, SlotSet, Value, time_defaults};
use crate::expr::Failures;
use crate::plan::PlannedWindow;
use crate::window::{Grid, RowLog, Slice, SliceAssigner, SourceClock, WindowKind};

use super::fill::{GapFiller, UnfilledGap};
use super::session_records::SessionRecords;
use super::window_assigner::{Assignment, passing, place};

/// A snapshot shows at most this many open windows: one record can be in a billion of them.
pub(super) const MOST_OPEN: usize = 100_000;

/// The contents of windows that are not final.
pub(super) enum WindowState {
    /// Groups by slice.
    Groups(Groups),
    /// Records by window.
    Rows(WindowRows),
    /// Groups by session.
    Sessions(Box<SessionGroups>),
    /// Records by session.
    SessionRows(Box<SessionRecords>),
}

/// Groups by slice. Records that reach the coordinator are assigned to slices here.
pub(super) struct Groups {
    aggregation: Arc<Aggregation>,
    windowed: Box<WindowedGroups>,
    grid: Grid,
    of_rows: bool,
    sliced: Box<SlicedPartial>,
    /// Position of the next batch.
    position: u64,
    fill: Option<GapFiller>,
}

/// Records by window.
pub(super) struct WindowRows {
    log: RowLog,
    grid: Grid,
    of_rows: bool,
    /// The first window that is not final.
    next: i64,
    fill: Option<GapFiller>,
}

/// Times of records, and the source's clock before the first of them.
#[derive(Clone, Copy)]
pub(super) struct TimedRows<'t> {
    pub(super) times: &'t [i64],
    pub(super) clock: SourceClock,
    /// Times after this may be future timestamps.
    pub(super) limit: i64,
}

/// The progress of the stream.
#[derive(Clone, Copy)]
pub(super) struct FiringContext {
    /// `None` at the end of the input: every window is final.
    pub(super) watermark: Option<i64>,
    /// Records so far, for windows of rows.
    pub(super) rows_read: Option<i64>,
    /// The largest time that is not a future timestamp; gaps are filled up to it.
    pub(super) largest: i64,
}

/// A result that is to run through the later stages.
pub(super) enum Pane {
    /// Windows without records that are not filled in.
    UnfilledGap(UnfilledGap),
    Window(Value, Value, Vec<Batch<'static>>),
    Sessions(SessionRows),
}

impl WindowState {
    /// Empty state. `first` is the aggregation if windows feed one directly; otherwise records are kept with the slots
    /// in `live`, and sessions are per value of `keys`.
    pub(super) fn new(
        planned: &PlannedWindow,
        first: Option<Arc<Aggregation>>,
        keys: Vec<Slot>,
        live: SlotSet,
    ) -> WindowState {
        let grid = Grid::of(&planned.window, &time_defaults().zone);
        let of_rows = planned.window.is_of_rows();
        let fill = planned.fill.map(|most_rows| GapFiller::new(first.clone(), most_rows));
        match (first, grid, planned.window.kind) {
            (Some(aggregation), None, WindowKind::Session { gap }) => {
                WindowState::Sessions(Box::new(SessionGroups::new(aggregation, gap)))
            }
            (None, None, WindowKind::Session { gap }) => {
                WindowState::SessionRows(Box::new(SessionRecords::new(keys, gap, live)))
            }
            (Some(aggregation), Some(grid), _) => WindowState::Groups(Groups {
                windowed: Box::new(WindowedGroups::new(Arc::clone(&aggregation), grid.clone())),
                aggregation: Arc::clone(&aggregation),
                grid,
                of_rows,
                sliced: Box::new(SlicedPartial::new(aggregation)),
                position: 0,
                fill,
            }),
            (None, Some(grid), _) => {
                WindowState::Rows(WindowRows { log: RowLog::new(live), grid, of_rows, next: i64::MIN, fill })
            }
            (_, None, _) => unreachable!("all windows but sessions have a grid"),
        }
    }

    /// Adds slices that workers have aggregated.
    pub(super) fn add(&mut self, share: SliceRuns, executor: &dyn Executor) {
        if let WindowState::Groups(groups) = self {
            groups.windowed.add(share, executor);
        }
    }

    /// Adds records to windows and returns the late rows. Counts future timestamps in `jumps`.
    pub(super) fn enter(
        &mut self,
        batch: &Batch<'static>,
        timed: TimedRows<'_>,
        jumps: &mut u64,
        failures: &mut Failures,
    ) -> Vec<u32> {
        match self {
            WindowState::Groups(groups) => {
                let placed = timed.place(&groups.grid, groups.of_rows, jumps);
                let mut entering = placed.in_time(batch).into_owned();
                entering.position = Position(groups.position);
                let (sliced, slices) = (&mut groups.sliced, &placed.slices);
                let none = Failures::default();
                groups.position += groups
                    .aggregation
                    .add_named(&entering, &none, failures, |failures| sliced.update(&entering, slices, failures));
                placed.late
            }
            WindowState::Rows(rows) => {
                let placed = timed.place(&rows.grid, rows.of_rows, jumps);
                let range = |slice: &Slice| (slice.first, rows.grid.windows(slice.number).1);
                let ranges: Vec<_> = placed.slices.iter().map(range).collect();
                rows.log.push(placed.in_time(batch).into_owned(), &ranges);
                placed.late
            }
            WindowState::Sessions(groups) => groups.update(batch, passing(timed, jumps), failures),
            WindowState::SessionRows(records) => records.enter(batch, passing(timed, jumps)),
        }
    }

    /// Moves records that were assigned to slices here into the windows.
    pub(super) fn settle(&mut self, executor: &dyn Executor) {
        if let WindowState::Groups(groups) = self {
            groups.windowed.add(groups.sliced.take(), executor);
        }
    }

    /// The open windows, at most [`MOST_OPEN`], with their provisional rows before the later stages.
    pub(super) fn open(&mut self, progress: FiringContext, executor: &dyn Executor) -> Vec<Pane> {
        match self {
            WindowState::Groups(groups) => {
                let open = groups.windowed.open(MOST_OPEN).into_iter();
                let window = |window| {
                    let (start, end) = progress.bounds(&groups.grid, window)?;
                    let rows = groups.windowed.snapshot(window, executor);
                    Some(Pane::Window(start, end, rows))
                };
                open.filter_map(window).collect()
            }
            WindowState::Rows(rows) => {
                let open = rows.log.open(rows.next, MOST_OPEN).into_iter();
                let window = |window| {
                    let (start, end) = progress.bounds(&rows.grid, window)?;
                    Some(Pane::Window(start, end, rows.log.peek(window)))
                };
                open.filter_map(window).collect()
            }
            WindowState::Sessions(groups) => groups.snapshot().map(Pane::Sessions).into_iter().collect(),
            WindowState::SessionRows(records) => records.open(),
        }
    }

    /// Removes the next final window and returns its rows before the later stages.
    pub(super) fn next(&mut self, progress: FiringContext, executor: &dyn Executor) -> Option<Pane> {
        match self {
            WindowState::Groups(groups) => groups.next(progress, executor),
            WindowState::Rows(rows) => rows.next(progress),
            WindowState::Sessions(groups) => groups.take(progress.watermark).map(Pane::Sessions),
            WindowState::SessionRows(records) => records.next(progress.watermark),
        }
    }

    /// Takes the failures of final windows, such as results beyond the range of floats.
    pub(super) fn take_failures(&mut self) -> Failures {
        match self {
            WindowState::Groups(groups) => groups.windowed.take_failures(),
            WindowState::Sessions(groups) => groups.take_failures(),
            WindowState::Rows(_) | WindowState::SessionRows(_) => Failures::default(),
        }
    }
}

impl Groups {
    fn next(&mut self, progress: FiringContext, executor: &dyn Executor) -> Option<Pane> {
        loop {
            let window = self.windowed.first()?;
            if !progress.is_final(&self.grid, window) {
                return None;
            }
            if let Some(fill) = &mut self.fill
                && let Some(next) = fill.before(window, &self.grid, progress)
            {
                return Some(next);
            }
            let rows = self.windowed.finish(window, executor);
            if let Some(fill) = &mut self.fill {
                fill.printed(window, &rows);
            }
            if let Some((start, end)) = progress.bounds(&self.grid, window) {
                return Some(Pane::Window(start, end, rows));
            }
        }
    }
}

impl WindowRows {
    fn next(&mut self, progress: FiringContext) -> Option<Pane> {
        loop {
            let window = self.log.first(self.next)?;
            if !progress.is_final(&self.grid, window) {
                return None;
            }
            if let Some(fill) = &mut self.fill
                && let Some(next) = fill.before(window, &self.grid, progress)
            {
                return Some(next);
            }
            let rows = self.log.of(window);
            if let Some(fill) = &mut self.fill {
                fill.printed(window, &rows);
            }
            self.next = window.saturating_add(1);
            self.log.forget(self.next);
            if let Some((start, end)) = progress.bounds(&self.grid, window) {
                return Some(Pane::Window(start, end, rows));
            }
        }
    }
}

impl TimedRows<'_> {
    /// Assigns each record to a slice.
    fn place(&self, grid: &Grid, of_rows: bool, jumps: &mut u64) -> Assignment {
        let mut placer = SliceAssigner::new(grid, self.clock, self.limit, of_rows);
        let placed = place(&mut placer, self.times);
        *jumps += placer.jumps;
        placed
    }
}

impl FiringContext {
    fn is_final(&self, grid: &Grid, window: i64) -> bool {
        self.watermark.is_none_or(|watermark| grid.is_final(window, watermark))
    }

    /// The bounds of a window as values: times, or the numbers of its first and last record. `None` for a sliding
    /// window of rows that is not full.
    pub(super) fn bounds(&self, grid: &Grid, window: i64) -> Option<(Value, Value)> {
        let (start, end) = (grid.start(window), grid.end(window));
        match self.rows_read {
            None => Some((Value::Time(start), Value::Time(end))),
            Some(rows) if end - 1 <= rows => Some((Value::Int(start), Value::Int(end - 1))),
            Some(rows) if grid.is_tumbling() => Some((Value::Int(start), Value::Int(rows))),
            Some(_) => None,
        }
    }
}
