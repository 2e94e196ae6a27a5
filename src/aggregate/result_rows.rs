//! Turns finished groups into result rows: selects the first ones and emits them as batches.

use std::borrow::Cow;

use crate::data::{Batch, Column, ColumnBuilder, Position};
use crate::group::{Keys, with_key_values};

use super::aggregation::Aggregation;
use super::ranking::{Ranked, RankedGroup, compare};

/// Maximum rows per batch of the result.
const BATCH_ROWS: usize = 1 << 14;

/// The groups of a set, finished and ranked.
#[derive(Debug)]
pub(super) struct Finished<'k> {
    pub(super) keys: Cow<'k, Keys>,
    /// The columns of each aggregate, then the computed ones.
    pub(super) columns: Vec<Vec<Column<'static>>>,
    pub(super) best: Vec<RankedGroup>,
}

/// Returns the first groups in order.
pub(super) fn first_of(
    groups: impl Iterator<Item = u32>,
    keys: &Keys,
    columns: &[Vec<Column<'static>>],
    aggregation: &Aggregation,
    index: u32,
) -> Vec<RankedGroup> {
    let ranked = Ranked { keys, first: aggregation.first_of(columns) };
    let ranking = &aggregation.ranking;
    let mut best: Vec<RankedGroup> = Vec::with_capacity(keys.len());
    best.extend(groups.map(|group| ranked.candidate(0, group)));
    if !ranking.unordered {
        let limit = ranking.limit.unwrap_or(usize::MAX);
        let sets = [ranked];
        if limit == 0 {
            best.clear();
        } else if limit < best.len() {
            best.select_nth_unstable_by(limit - 1, |left, right| compare(left, right, &sets));
            best.truncate(limit);
        }
        best.sort_unstable_by(|left, right| compare(left, right, &sets));
    }
    best.iter_mut().for_each(|candidate| candidate.set = index);
    best
}

/// Keeps only the selected groups and drops the rest.
pub(super) fn compact(keys: &Keys, columns: &[Vec<Column<'static>>], mut best: Vec<RankedGroup>) -> Finished<'static> {
    let kept: Vec<u32> = best.iter().map(|candidate| candidate.group).collect();
    best.iter_mut().enumerate().for_each(|(group, candidate)| candidate.group = group as u32);
    best.shrink_to_fit(); // it had room for all groups
    Finished {
        keys: Cow::Owned(keys.take(&kept)),
        columns: columns.iter().map(|columns| columns.iter().map(|column| column.take(&kept)).collect()).collect(),
        best,
    }
}

/// Emits the rows of all sets in order, as batches.
pub(super) fn emit(aggregation: &Aggregation, finished: &[Finished<'_>]) -> Vec<Batch<'static>> {
    let sets: Vec<Ranked<'_>> =
        finished.iter().map(|set| Ranked { keys: &set.keys, first: aggregation.first_of(&set.columns) }).collect();
    let mut rows: Vec<RankedGroup> = Vec::with_capacity(finished.iter().map(|set| set.best.len()).sum());
    for set in finished {
        rows.extend_from_slice(&set.best);
    }
    if finished.len() > 1 && !aggregation.ranking.unordered {
        // Each set is already sorted: a stable sort finds these runs and merges them.
        rows.sort_by(|left, right| compare(left, right, &sets));
    }
    rows.truncate(aggregation.ranking.limit.unwrap_or(usize::MAX));
    rows_of(aggregation, finished, &rows, BATCH_ROWS).collect()
}

/// Emits these rows of the sets, in batches of `batch_rows`.
pub(super) fn rows_of(
    aggregation: &Aggregation,
    finished: &[Finished<'_>],
    rows: &[RankedGroup],
    batch_rows: usize,
) -> impl Iterator<Item = Batch<'static>> {
    rows.chunks(batch_rows).enumerate().map(move |(index, rows)| {
        let mut batch = Batch::new(rows.len(), Position(index as u64));
        emit_keys(aggregation, finished, rows, &mut batch);
        for (slot, (index, column)) in aggregation.result_columns() {
            let of = |set: usize| &finished[set].columns[index][column];
            batch.set(slot, emit_results(of, finished.len(), rows));
        }
        batch
    })
}

/// Collects the results of some rows; `of` returns the column of each set.
fn emit_results<'c>(of: impl Fn(usize) -> &'c Column<'static>, sets: usize, rows: &[RankedGroup]) -> Column<'static> {
    if sets == 1 {
        let groups: Vec<u32> = rows.iter().map(|row| row.group).collect();
        return of(0).take(&groups);
    }
    let mut builder = ColumnBuilder::new(rows.len());
    for row in rows {
        builder.push(of(row.set as usize).get(row.group as usize));
    }
    builder.finish()
}

fn emit_keys(aggregation: &Aggregation, finished: &[Finished<'_>], rows: &[RankedGroup], batch: &mut Batch<'static>) {
    let mut builders: Vec<ColumnBuilder> = aggregation.keys.iter().map(|_| ColumnBuilder::new(rows.len())).collect();
    let mut short = [0; 16];
    for row in rows {
        let (kind, bytes) = finished[row.set as usize].keys.get(row.group as usize, &mut short);
        with_key_values(kind, bytes, &mut builders, |builder, value| builder.push(value));
    }
    for (key, builder) in aggregation.keys.iter().zip(builders) {
        batch.set(key.slot, builder.finish());
    }
}
