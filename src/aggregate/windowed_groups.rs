//! Windows of groups: merges the workers' slices into windows. Tumbling windows are merged like a stream without
//! windows; for sliding ones see [`super::sliding`].

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::data::budget::{Budget, HeldState};
use crate::data::persist::{Persist, StateError, StateReader, Stateful};
use crate::data::{Batch, Frozen, FrozenReader, HeapBytes};
use crate::expr::Failures;
use crate::window::{Grid, Slice};

use super::aggregation::Aggregation;
use super::merged::{Executor, Merged};
use super::partial::{GroupRun, RunSlice};
use super::saved_pieces::{GroupsByWindow, load_pieces};
use super::sliced_partial::SliceRuns;
use super::sliding::Sliding;

/// All windows that are not final.
#[derive(Debug)]
pub struct WindowedGroups {
    aggregation: Arc<Aggregation>,
    grid: Grid,
    windows: OpenGroups,
    /// No window before this one is open.
    next: i64,
    /// Results of final windows that exceed the range of floats.
    failures: Failures,
    budget: Arc<Budget>,
    /// Groups of tumbling windows that another thread saves; those that arrive meanwhile are in the windows.
    frozen: Option<Frozen<GroupsByWindow>>,
}

#[derive(Debug)]
enum OpenGroups {
    /// Each window on its own.
    Tumbling(GroupsByWindow),
    Sliding(Sliding),
}

impl WindowedGroups {
    /// Creates it without windows.
    pub fn new(aggregation: Arc<Aggregation>, grid: Grid) -> Self {
        let windows = if grid.is_tumbling() {
            OpenGroups::Tumbling(BTreeMap::new())
        } else {
            OpenGroups::Sliding(Sliding::new(&aggregation, &grid))
        };
        WindowedGroups {
            aggregation,
            grid,
            windows,
            next: i64::MIN,
            failures: Failures::default(),
            budget: Budget::unlimited(),
            frozen: None,
        }
    }

    /// Keeps tumbling windows within a budget: over it, their groups wait in temporary files. Called before the first
    /// groups.
    pub fn limit(&mut self, budget: &Arc<Budget>) {
        self.budget = Arc::clone(budget);
    }

    /// Bytes that the budget does not count.
    pub fn held_bytes(&self) -> usize {
        match &self.windows {
            OpenGroups::Tumbling(_) => 0,
            OpenGroups::Sliding(sliding) => sliding.sum_bytes(),
        }
    }

    /// Adds the groups of a worker.
    pub fn add(&mut self, share: SliceRuns, executor: &dyn Executor) {
        let SliceRuns { whole, parts } = share;
        // Over the memory budget, frozen groups must come back before they can be written to a file.
        if self.frozen.as_ref().is_some_and(|frozen| frozen.is_read() || self.budget.is_exceeded()) {
            self.thaw(executor);
        }
        match &mut self.windows {
            OpenGroups::Tumbling(windows) => {
                let fresh = || Merged::within(Arc::clone(&self.aggregation), &self.budget);
                for (slice, runs) in whole {
                    let merged = windows.entry(slice.first).or_insert_with(fresh);
                    merged.add(runs, executor);
                }
                for (slice, part) in parts {
                    let merged = windows.entry(slice.first).or_insert_with(fresh);
                    merged.add_part(part, executor);
                }
                if self.budget.is_exceeded() {
                    windows.values_mut().for_each(Merged::relieve);
                    let bytes: usize = windows.values().map(Merged::bytes).sum();
                    if self.budget.must_end(bytes) {
                        let contents = format!("the groups of {} open windows", windows.len());
                        self.budget.fail_held(&HeldState { stage: "window", contents, can_forget: false });
                    }
                }
            }
            OpenGroups::Sliding(sliding) => {
                let budget = &self.budget;
                let counted = |mut run: GroupRun| {
                    run.count_in(budget);
                    RunSlice::from(run)
                };
                let runs =
                    |(slice, runs): (Slice, Vec<GroupRun>)| runs.into_iter().map(move |run| (slice, counted(run)));
                for (slice, part) in whole.into_iter().flat_map(runs).chain(parts) {
                    let first = slice.first.max(self.next);
                    sliding.add(Slice { first, ..slice }, part);
                }
                if self.budget.is_exceeded() && self.budget.must_end(sliding.held_bytes()) {
                    let contents = "the groups of open windows".to_owned();
                    self.budget.fail_held(&HeldState { stage: "window", contents, can_forget: false });
                }
            }
        }
    }

    /// Freezes the groups of tumbling windows, so that another thread can save them. Until they come back, they are not
    /// part of the saved state.
    pub fn freeze(&mut self, executor: &dyn Executor) -> Option<FrozenReader<GroupsByWindow>> {
        self.thaw(executor);
        let OpenGroups::Tumbling(windows) = &mut self.windows else {
            return None;
        };
        let groups = windows.iter_mut().map(|(window, merged)| (*window, merged.freeze())).collect();
        let (frozen, reader) = Frozen::new(groups);
        self.frozen = Some(frozen);
        Some(reader)
    }

    /// Brings back the frozen groups; waits until they are saved.
    fn thaw(&mut self, executor: &dyn Executor) {
        let (Some(frozen), OpenGroups::Tumbling(windows)) = (self.frozen.take(), &mut self.windows) else {
            return;
        };
        for (window, groups) in frozen.take() {
            if let Some(merged) = windows.get_mut(&window) {
                merged.thaw(groups, executor);
            }
        }
    }

    /// Adds the groups of [`super::save_pieces`] to the windows of a state that was loaded; `read` returns the bytes of a
    /// piece.
    pub fn load_pieces<E: From<StateError> + Send>(
        &mut self,
        pieces: usize,
        read: &(dyn Fn(usize) -> Result<Vec<u8>, E> + Sync),
        executor: &dyn Executor,
    ) -> Result<(), E> {
        let windows = &mut self.windows;
        load_pieces(&self.aggregation, pieces, read, executor, &mut |window, run| match windows {
            OpenGroups::Tumbling(windows) => {
                let merged = windows.get_mut(&window).ok_or(StateError::Damaged)?;
                merged.add(vec![run], executor);
                Ok(())
            }
            OpenGroups::Sliding(_) => Err(StateError::Damaged.into()),
        })
    }

    /// Returns the first window that has records.
    pub fn first(&self) -> Option<i64> {
        match &self.windows {
            OpenGroups::Tumbling(windows) => windows.keys().next().copied(),
            OpenGroups::Sliding(sliding) => sliding.first(&self.grid, self.next),
        }
    }

    /// Number of sets of groups held: of windows, or of slices and their sums.
    pub fn held(&self) -> usize {
        match &self.windows {
            OpenGroups::Tumbling(windows) => windows.len(),
            OpenGroups::Sliding(sliding) => sliding.held(),
        }
    }

    /// Returns the first `most` windows that have records, in order.
    pub fn open(&self, most: usize) -> Vec<i64> {
        match &self.windows {
            OpenGroups::Tumbling(windows) => windows.keys().take(most).copied().collect(),
            OpenGroups::Sliding(sliding) => sliding.open(&self.grid, self.next, most),
        }
    }

    /// Returns the rows of an open window so far; keeps all state.
    pub fn snapshot(&mut self, window: i64, executor: &dyn Executor) -> Vec<Batch<'static>> {
        let seconds = self.seconds(window);
        self.thaw(executor);
        match &mut self.windows {
            OpenGroups::Tumbling(windows) => match windows.get_mut(&window) {
                Some(merged) => merged.snapshot_after(seconds, executor),
                None => Vec::new(),
            },
            OpenGroups::Sliding(sliding) => {
                let set = sliding.snapshot(window, &self.grid, &self.aggregation);
                set.into_rows(&self.aggregation, seconds, &mut Failures::default())
            }
        }
    }

    /// Takes the count of results beyond the range of floats since the last call.
    pub fn take_failures(&mut self) -> Failures {
        std::mem::take(&mut self.failures)
    }

    /// The length of a window in seconds.
    fn seconds(&self, window: i64) -> f64 {
        let start = self.grid.start(window);
        (self.grid.end(window).saturating_sub(start)) as f64 / 1e9
    }

    /// Returns the rows of the first window that has records, and drops it.
    pub fn finish(&mut self, window: i64, executor: &dyn Executor) -> Vec<Batch<'static>> {
        let seconds = self.seconds(window);
        self.thaw(executor);
        match &mut self.windows {
            OpenGroups::Tumbling(windows) => match windows.remove(&window) {
                Some(mut merged) => {
                    let rows = merged.finish_after(seconds, executor);
                    self.failures.append(merged.take_failures());
                    rows
                }
                None => Vec::new(),
            },
            OpenGroups::Sliding(sliding) => {
                self.next = window + 1;
                sliding.finish(window, &self.grid, &self.aggregation, seconds, &mut self.failures)
            }
        }
    }
}

impl Stateful for WindowedGroups {
    fn save_state(&self, out: &mut Vec<u8>) {
        self.next.save(out);
        self.failures.save(out);
        match &self.windows {
            OpenGroups::Tumbling(windows) => {
                (windows.len() as u64).save(out);
                for (window, merged) in windows {
                    window.save(out);
                    merged.save_state(out);
                }
            }
            OpenGroups::Sliding(sliding) => sliding.save(&self.aggregation, out),
        }
    }

    fn load_state(&mut self, input: &mut StateReader<'_>) -> Result<(), StateError> {
        self.next = i64::load(input)?;
        self.failures = Failures::load(input)?;
        match &mut self.windows {
            OpenGroups::Tumbling(windows) => {
                windows.clear();
                for _ in 0..input.length(size_of::<i64>())? {
                    let window = i64::load(input)?;
                    if windows.keys().next_back().is_some_and(|last| *last >= window) {
                        return Err(StateError::Damaged);
                    }
                    let mut merged = Merged::within(Arc::clone(&self.aggregation), &self.budget);
                    merged.load_state(input)?;
                    windows.insert(window, merged);
                }
                Ok(())
            }
            OpenGroups::Sliding(sliding) => {
                *sliding = Sliding::new(&self.aggregation, &self.grid);
                sliding.load(self.next, &self.aggregation, input)
            }
        }
    }
}

impl HeapBytes for WindowedGroups {
    fn heap_bytes(&self) -> usize {
        match &self.windows {
            OpenGroups::Tumbling(windows) => windows.heap_bytes() + self.frozen.heap_bytes(),
            OpenGroups::Sliding(sliding) => sliding.heap_bytes(),
        }
    }
}
