//! Groups of slices that are shorter than a batch: one table of keys, and a cell of states for each group and
//! slice, so that a batch is looked up and added as a whole however many slices it spans.

use std::collections::HashMap;
use std::sync::Arc;

use ahash::RandomState;

use crate::data::{Batch, KeyKind};
use crate::expr::Failures;
use crate::group::{GroupTable, hasher};
use crate::window::Slice;

use super::accumulator::{Accumulator, Groups};
use super::aggregation::Aggregation;
use super::partial::{Part, Run, accumulate, assign};

/// The states of one worker.
#[derive(Debug)]
pub(super) struct Cells {
    aggregation: Arc<Aggregation>,
    table: GroupTable,
    /// By number, and the numbers.
    slices: Vec<Slice>,
    numbers: HashMap<Slice, u32, RandomState>,
    /// By slice and group.
    cells: HashMap<(u32, u32), u32, RandomState>,
    /// The slice and the cell that each group had last: most records are of the same slice as the one before.
    last: Vec<(u32, u32)>,
    /// The group of each cell, by slice.
    groups: Vec<Vec<(u32, u32)>>,
    accumulators: Vec<Box<dyn Accumulator>>,
    /// Reused from batch to batch.
    row_groups: Vec<u32>,
    row_cells: Vec<u32>,
    key: Vec<u8>,
}

impl Cells {
    /// Nothing yet.
    pub(super) fn new(aggregation: Arc<Aggregation>) -> Self {
        let accumulators = aggregation.accumulators();
        Cells {
            aggregation,
            table: GroupTable::with_capacity(0),
            slices: Vec::new(),
            numbers: HashMap::with_hasher(hasher()),
            cells: HashMap::with_hasher(hasher()),
            last: Vec::new(),
            groups: Vec::new(),
            accumulators,
            row_groups: Vec::new(),
            row_cells: Vec::new(),
            key: Vec::new(),
        }
    }

    /// Adds the records of a batch, each to its slice.
    pub(super) fn update(&mut self, batch: &Batch<'_>, slices: &[Slice], failures: &mut Failures) {
        let aggregation = Arc::clone(&self.aggregation);
        let mut row_groups = std::mem::take(&mut self.row_groups);
        row_groups.clear();
        if aggregation.keys.is_empty() {
            let only = self.table.group_of(KeyKind::Tuple, &[]);
            row_groups.resize(batch.rows, only);
        } else {
            let (table, key) = (&mut self.table, &mut self.key);
            assign(&aggregation, table, key, batch, &mut row_groups, failures);
        }
        self.find_cells(slices, &row_groups);
        self.row_groups = row_groups;
        let cells = self.cells.len();
        for (accumulator, aggregate) in self.accumulators.iter_mut().zip(&aggregation.aggregates) {
            if aggregate.shares.is_none() {
                accumulator.resize(cells);
                let groups = Groups::Each(&self.row_cells);
                accumulate(accumulator.as_mut(), aggregate, groups, batch, failures);
            }
        }
    }

    /// The cell of each row, new ones added.
    fn find_cells(&mut self, slices: &[Slice], groups: &[u32]) {
        self.row_cells.clear();
        self.last.resize(self.table.len(), (u32::MAX, 0));
        let mut current: Option<(Slice, u32)> = None;
        for (slice, group) in slices.iter().zip(groups) {
            let number = match current {
                Some((known, number)) if known == *slice => number,
                _ => {
                    let next = self.slices.len() as u32;
                    let number = *self.numbers.entry(*slice).or_insert(next);
                    if number == next {
                        self.slices.push(*slice);
                        self.groups.push(Vec::new());
                    }
                    current = Some((*slice, number));
                    number
                }
            };
            let last = &mut self.last[*group as usize];
            if last.0 != number {
                let next = self.cells.len() as u32;
                let cell = *self.cells.entry((number, *group)).or_insert(next);
                if cell == next {
                    self.groups[number as usize].push((*group, cell));
                }
                *last = (number, cell);
            }
            self.row_cells.push(last.1);
        }
    }

    /// Hands over everything; nothing is left. The slices are parts of one run: however many there are, their groups
    /// and states are moved together.
    pub(super) fn take(&mut self) -> Vec<(Slice, Part)> {
        if self.slices.is_empty() {
            return Vec::new();
        }
        let fresh = Cells::new(Arc::clone(&self.aggregation));
        let mut taken = std::mem::replace(self, fresh);
        let in_order = taken.groups.iter().flatten().copied();
        let (groups, cells): (Vec<u32>, Vec<u32>) = in_order.unzip();
        let states = taken.accumulators.iter_mut();
        let states = states.map(|accumulator| accumulator.gather(&cells));
        let run = Run::small(taken.table.keys.gather(&groups), states.collect());
        let run = Arc::new(run);
        let mut end = 0;
        let part = |(slice, groups): (&Slice, &Vec<(u32, u32)>)| {
            let start = end;
            end += groups.len();
            let groups = start..end;
            let run = Arc::clone(&run);
            (*slice, Part { run, groups })
        };
        taken.slices.iter().zip(&taken.groups).map(part).collect()
    }
}
