//! The levels after the first: each receives the rows of the level before.
//!
//! A level with a window collects rows until the level before has passed the window's end; its watermark is that of the
//! level before, so the results do not depend on when rows arrive. A level without one is a chain over the whole stream.

use crate::aggregate::Executor;
use crate::data::Batch;
use crate::data::persist::{StateError, StateReader, Stateful};
use crate::plan::{MergeStep, Plan, PlannedLevel};
use crate::stage::{Checks, RecordCounts};

use super::chain::{Chain, InputKind};
use super::fill::UnfilledGap;
use super::ledger::Ledger;
use super::window_operator::{Emit, WindowOperator};

/// All levels after the first.
pub(super) struct Levels<'p> {
    plan: &'p Plan,
    executor: &'p dyn Executor,
    levels: Vec<LevelResults<'p>>,
}

#[allow(clippy::large_enum_variant, reason = "there are as many as windows")]
enum LevelResults<'p> {
    /// Over the whole stream.
    Whole {
        chain: Chain<'p>,
        /// True if its rows are as old as those that it receives.
        is_immediate: bool,
        /// True if it emits nothing before the end.
        is_blocking: bool,
    },
    /// A result per window.
    Windows(WindowOperator<'p>),
}

impl<'p> Levels<'p> {
    pub(super) fn new(plan: &'p Plan, executor: &'p dyn Executor) -> Levels<'p> {
        let ends = plan.levels.iter().skip(1).map(|level| level.from).chain([plan.merge.len()]);
        let level = |(level, end): (&'p PlannedLevel, usize)| {
            let steps = &plan.merge[level.from..end];
            match &level.window {
                Some(window) => LevelResults::Windows(WindowOperator::of_rows(plan, window, steps, executor)),
                None => LevelResults::Whole {
                    chain: Chain::new(plan, steps, InputKind::Rows, executor),
                    is_immediate: steps.iter().all(MergeStep::is_immediate),
                    is_blocking: steps.iter().any(MergeStep::is_blocking),
                },
            }
        };
        Levels { plan, executor, levels: plan.levels.iter().zip(ends).map(level).collect() }
    }

    /// Processes rows of the first level; returns false if no more are wanted.
    pub(super) fn push(&mut self, rows: Vec<Batch<'static>>, emit: Emit<'_>) -> bool {
        push(&mut self.levels, rows, emit)
    }

    /// All windows of the first level that end by `watermark` were pushed.
    pub(super) fn advance(&mut self, watermark: i64, emit: Emit<'_>) {
        advance(&mut self.levels, watermark, emit);
    }

    /// Ends the input: every level finishes, in order. `largest` is the largest time of the first level.
    pub(super) fn finish(&mut self, largest: i64, emit: Emit<'_>) {
        finish(&mut self.levels, largest, emit);
    }

    /// Emits the result of the rows so far, if it is printed at the end only. The rest of the state was saved before.
    pub(super) fn suspend(&mut self, emit: Emit<'_>) {
        if let Some(LevelResults::Whole { chain, is_blocking: true, .. }) = self.levels.last_mut() {
            chain.finish_each(emit);
        }
    }

    /// The rows that would be emitted if the input ended now, after these of the first level. State stays unchanged.
    pub(super) fn snapshot(&mut self, rows: Vec<Batch<'static>>, largest: i64) -> Vec<Batch<'static>> {
        let mut state = Vec::new();
        self.save_state(&mut state);
        let mut copy = Levels::new(self.plan, self.executor);
        if copy.load_state(&mut StateReader::new(&state)).is_err() {
            return Vec::new(); // a state that was saved here can be loaded
        }
        let mut out = Vec::new();
        let mut take = |rows: Vec<Batch<'static>>| {
            out.extend(rows);
            true
        };
        copy.push(rows, &mut take);
        copy.finish(largest, &mut take);
        out
    }

    /// True if further rows cannot change the output.
    pub(super) fn is_done(&self) -> bool {
        self.levels.iter().any(LevelResults::is_done)
    }

    /// True if there is one result for the whole stream.
    pub(super) fn is_one(&self) -> bool {
        matches!(self.levels.last(), Some(LevelResults::Whole { .. }))
    }

    /// Takes the gaps that were not filled.
    pub(super) fn take_left_out(&mut self) -> Vec<UnfilledGap> {
        let of = |level: &mut LevelResults<'_>| match level {
            LevelResults::Whole { .. } => Vec::new(),
            LevelResults::Windows(windows) => std::mem::take(&mut windows.counts.left_out),
        };
        self.levels.iter_mut().flat_map(of).collect()
    }

    /// Appends the state.
    pub(super) fn save_state(&mut self, out: &mut Vec<u8>) {
        for level in &mut self.levels {
            match level {
                LevelResults::Whole { chain, .. } => {
                    chain.settle();
                    chain.save_state(out);
                }
                LevelResults::Windows(windows) => {
                    windows.settle();
                    windows.save_state(out);
                }
            }
        }
    }

    /// Replaces the state of new levels of the same plan.
    pub(super) fn load_state(&mut self, input: &mut StateReader<'_>) -> Result<(), StateError> {
        self.levels.iter_mut().try_for_each(|level| match level {
            LevelResults::Whole { chain, .. } => chain.load_state(input),
            LevelResults::Windows(windows) => windows.load_state(input),
        })
    }

    /// The numbers that [`Levels::settle`] adds to [`Ledger::troubles`], as they are now.
    pub(super) fn troubles(&self) -> [u64; 4] {
        self.levels.iter().fold([0; 4], |sum, level| {
            let added = match level {
                LevelResults::Whole { chain, .. } => chain.account.troubles(0),
                LevelResults::Windows(windows) => windows.counts.account.troubles(windows.counts.entering.count),
            };
            std::array::from_fn(|index| sum[index] + added[index])
        })
    }

    /// Adds the counts of all levels to the ledger.
    pub(super) fn settle(self, ledger: &mut Ledger, checks: &mut Checks) {
        for level in self.levels {
            let accounts = match level {
                LevelResults::Whole { chain, .. } => vec![chain.account],
                LevelResults::Windows(WindowOperator { counts, .. }) => {
                    vec![RecordCounts { failures: counts.entering, ..RecordCounts::default() }, counts.account]
                }
            };
            for mut account in accounts {
                checks.append(std::mem::take(&mut account.checks));
                ledger.append(account);
            }
        }
    }
}

impl LevelResults<'_> {
    fn is_done(&self) -> bool {
        match self {
            LevelResults::Whole { chain, .. } => chain.is_done(),
            LevelResults::Windows(windows) => windows.is_reached(),
        }
    }
}

fn push(levels: &mut [LevelResults<'_>], rows: Vec<Batch<'static>>, emit: Emit<'_>) -> bool {
    let Some((level, later)) = levels.split_first_mut() else {
        return emit(rows);
    };
    let is_wanted = match level {
        LevelResults::Whole { chain, .. } => {
            let rows = chain.push(rows);
            rows.is_empty() || push(later, rows, emit)
        }
        LevelResults::Windows(windows) => {
            windows.add_rows(rows);
            true
        }
    };
    is_wanted && !level.is_done()
}

fn advance(levels: &mut [LevelResults<'_>], watermark: i64, emit: Emit<'_>) {
    let Some((level, later)) = levels.split_first_mut() else {
        return;
    };
    let reached = match level {
        LevelResults::Whole { is_immediate, .. } => {
            if *is_immediate {
                watermark
            } else {
                i64::MIN
            }
        }
        LevelResults::Windows(windows) => {
            windows.advance(watermark, &mut |rows| push(later, rows, emit));
            windows.result_watermark()
        }
    };
    advance(later, reached, emit);
}

fn finish(levels: &mut [LevelResults<'_>], largest: i64, emit: Emit<'_>) {
    let Some((level, later)) = levels.split_first_mut() else {
        return;
    };
    match level {
        LevelResults::Whole { chain, .. } => chain.finish_each(&mut |rows| push(later, rows, emit)),
        LevelResults::Windows(windows) => windows.finish_rows(largest, &mut |rows| push(later, rows, emit)),
    }
    let largest = match level {
        LevelResults::Whole { .. } => largest,
        LevelResults::Windows(windows) => windows.largest(),
    };
    finish(later, largest, emit);
}
