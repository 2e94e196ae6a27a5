//! The result of groups in files: partition by partition, so that they need not be in memory at once.

use std::sync::{Arc, Mutex};

use crate::data::budget::{SortedRun, SortedRuns};
use crate::data::{Batch, Direction, HeapBytes, RowOrder};
use crate::expr::Failures;

use super::aggregation::Aggregation;
use super::group_set::GroupSet;
use super::merged::{EmitRows, Executor, Merged, run};
use super::result_rows::{Finished, compact, emit, rows_of};
use super::spilled_groups::SPILLED;

/// The first rows of each partition are kept in memory if there are at most this many.
const FEW_ROWS: usize = 1 << 12;

impl Merged {
    /// Like [`Merged::finish_after`], but passes on the rows in pieces: groups in files need not be in memory at once.
    pub fn finish_each(&mut self, seconds: f64, executor: &dyn Executor, emit: EmitRows<'_>) {
        // Merging takes as much memory again.
        let is_tight = !self.held.budget().is_unlimited() && self.bytes() > self.held.budget().limit() / 2;
        if self.spilled.is_none() && (!is_tight || self.aggregation.keys.is_empty()) {
            emit(self.finish_held(seconds, executor));
            return;
        }
        self.spill();
        match self.aggregation.ranking.limit.filter(|limit| *limit <= FEW_ROWS) {
            Some(_) => {
                let rows = self.finish_first(seconds, executor);
                emit(rows);
            }
            None => self.finish_all(seconds, executor, emit),
        }
    }

    /// Merges the groups partition by partition and keeps the first rows of each.
    fn finish_first(&mut self, seconds: f64, executor: &dyn Executor) -> Vec<Batch<'static>> {
        let finished: Mutex<Vec<Finished<'static>>> = Mutex::default();
        self.finish_partitions(executor, &|set, aggregation, failures| {
            let done = set.finish(aggregation, seconds, 0, failures);
            let done = compact(&done.keys, &done.columns, done.best);
            if let Ok(mut finished) = finished.lock() {
                finished.push(done);
            }
        });
        let mut finished = finished.into_inner().unwrap_or_default();
        for (index, set) in finished.iter_mut().enumerate() {
            set.best.iter_mut().for_each(|group| group.set = index as u32);
        }
        emit(&self.aggregation, &finished)
    }

    /// Merges the groups partition by partition, sorts the rows of each, and merges those.
    fn finish_all(&mut self, seconds: f64, executor: &dyn Executor, emit: EmitRows<'_>) {
        let budget = Arc::clone(self.held.budget());
        let aggregation = Arc::clone(&self.aggregation);
        let slots = aggregation.keys.iter().map(|key| key.slot);
        let live = slots.chain(aggregation.result_columns().map(|(slot, _)| slot));
        let mut sorted = SortedRuns::new(SPILLED, row_order(&aggregation), live.collect(), &budget);
        let runs: Mutex<Vec<SortedRun>> = Mutex::default();
        self.finish_partitions(executor, &|set, aggregation, failures| {
            let row_bytes = set.heap_bytes() / set.groups().max(1);
            let done = set.finish(aggregation, seconds, 0, failures);
            let sets = [done];
            let run = sorted.write(rows_of(aggregation, &sets, &sets[0].best, sorted.block_rows(row_bytes)));
            if let Ok(mut runs) = runs.lock() {
                runs.push(run);
            }
        });
        let runs = runs.into_inner().unwrap_or_default();
        let mut left = aggregation.ranking.limit.unwrap_or(usize::MAX);
        let pass_on = |mut batch: Batch<'static>| {
            let slots = batch.slots();
            batch.truncate(left, &slots);
            left -= batch.rows;
            emit(vec![batch]) && left > 0
        };
        if aggregation.ranking.unordered {
            let _ = runs.into_iter().flatten().all(pass_on);
        } else {
            runs.into_iter().for_each(|run| sorted.add(run));
            let _ = sorted.merge().all(pass_on);
        }
    }

    /// Merges all groups, partition by partition, and passes each set to `finish`, on any thread.
    fn finish_partitions(&mut self, executor: &dyn Executor, finish: &FinishSet<'_>) {
        self.prepare();
        self.merge_parts();
        let runs = std::mem::take(&mut self.pending); // only if they could not be written
        let sets: Vec<Mutex<Option<GroupSet>>> = self.sets.drain(..).map(|set| Mutex::new(Some(set))).collect();
        let (spilled, budget) = (self.spilled.take(), Arc::clone(self.held.budget()));
        let failures: Mutex<Failures> = Mutex::default();
        let aggregation = &self.aggregation;
        run(executor, sets.len(), &|index| {
            let Some(mut set) = sets[index].lock().ok().and_then(|mut set| set.take()) else {
                return;
            };
            let mut own = Failures::default();
            set.merge(&runs, index, sets.len());
            let mut finish = |set: GroupSet| finish(set, aggregation, &mut own);
            match &spilled {
                Some(spilled) => spilled.merge_partition(index, Some(&set), aggregation, &budget, &mut finish),
                None => finish(set),
            }
            if let Ok(mut failures) = failures.lock() {
                failures.append(own);
            }
        });
        self.held.set(0);
        self.failures.append(failures.into_inner().unwrap_or_default());
    }
}

/// Takes the groups of a partition; results beyond the range of floats are added to the failures.
type FinishSet<'f> = dyn Fn(GroupSet, &Aggregation, &mut Failures) + Sync + 'f;

/// The order of [`super::ranking::compare`] for rows.
fn row_order(aggregation: &Aggregation) -> RowOrder {
    let first = (aggregation.first_slot(), Direction::Descending);
    let keys = |direction| aggregation.keys.iter().map(move |key| (key.slot, direction));
    let by_value = keys(Direction::Ascending).filter(|_| aggregation.keys.len() > 1);
    RowOrder { columns: std::iter::once(first).chain(by_value).chain(keys(Direction::Total)).collect() }
}
