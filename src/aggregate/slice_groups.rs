//! Groups of slices that are shorter than a batch: one table of keys, and one cell of states per group and slice, so
//! that a batch is looked up and added as a whole however many slices it spans.

use std::collections::HashMap;
use std::sync::Arc;

use ahash::RandomState;

use crate::data::budget::Budget;
use crate::data::{Batch, HeapBytes, KeyKind, buffer_bytes, map_bytes};
use crate::expr::Failures;
use crate::group::{GroupTable, hasher};
use crate::window::Slice;

use super::accumulator::{Accumulator, RowGroups};
use super::aggregation::Aggregation;
use super::partial::{GroupRun, RunSlice, accumulate, assign};

/// Sizes of the direct-mapped caches of slices and cells.
const RECENT_SLICES: usize = 16;
const RECENT_CELLS: usize = 1 << 10;

/// The states of one worker.
#[derive(Debug)]
pub(super) struct SliceGroups {
    aggregation: Arc<Aggregation>,
    table: GroupTable,
    /// Slices by number, and their numbers.
    slices: Vec<Slice>,
    numbers: HashMap<Slice, u32, RandomState>,
    /// Cells by slice and group.
    cells: HashMap<(u32, u32), u32, RandomState>,
    /// The slice and group of each cell.
    homes: Vec<(u32, u32)>,
    /// Recently found slices and cells: records out of order alternate between a few slices.
    recent_slices: Vec<Option<(Slice, u32)>>,
    recent_cells: Vec<Option<((u32, u32), u32)>>,
    accumulators: Vec<Box<dyn Accumulator>>,
    /// Scratch buffers, reused across batches.
    row_groups: Vec<u32>,
    row_cells: Vec<u32>,
    key: Vec<u8>,
}

impl SliceGroups {
    /// Creates it empty.
    pub(super) fn new(aggregation: Arc<Aggregation>) -> Self {
        let accumulators = aggregation.accumulators();
        SliceGroups {
            aggregation,
            table: GroupTable::with_capacity(0),
            slices: Vec::new(),
            numbers: HashMap::with_hasher(hasher().long.clone()),
            cells: HashMap::with_hasher(hasher().long.clone()),
            homes: Vec::new(),
            recent_slices: vec![None; RECENT_SLICES],
            recent_cells: vec![None; RECENT_CELLS],
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
                let groups = RowGroups::Each(&self.row_cells);
                accumulate(accumulator.as_mut(), aggregate, groups, batch, failures);
            }
        }
    }

    /// Finds or adds the cell of each row.
    fn find_cells(&mut self, slices: &[Slice], groups: &[u32]) {
        self.row_cells.clear();
        for (slice, &group) in slices.iter().zip(groups) {
            let number = self.number(*slice);
            let cell = self.cell(number, group);
            self.row_cells.push(cell);
        }
    }

    /// Finds or adds the number of a slice.
    #[inline]
    fn number(&mut self, slice: Slice) -> u32 {
        let place = slice.number.rem_euclid(RECENT_SLICES as i64) as usize;
        match self.recent_slices[place] {
            Some((recent, number)) if recent == slice => number,
            _ => {
                let next = self.slices.len() as u32;
                let number = *self.numbers.entry(slice).or_insert(next);
                if number == next {
                    self.slices.push(slice);
                }
                self.recent_slices[place] = Some((slice, number));
                number
            }
        }
    }

    /// Finds or adds the cell of a group in a slice.
    #[inline]
    fn cell(&mut self, number: u32, group: u32) -> u32 {
        let home = (number, group);
        let place = (number as usize * 31 + group as usize) % RECENT_CELLS;
        match self.recent_cells[place] {
            Some((recent, cell)) if recent == home => cell,
            _ => {
                let next = self.homes.len() as u32;
                let cell = *self.cells.entry(home).or_insert(next);
                if cell == next {
                    self.homes.push(home);
                }
                self.recent_cells[place] = Some((home, cell));
                cell
            }
        }
    }

    /// Moves everything out. All slices share one run, so their groups and states are moved together.
    pub(super) fn take(&mut self, budget: &Arc<Budget>) -> Vec<(Slice, RunSlice)> {
        if self.slices.is_empty() {
            return Vec::new();
        }
        let fresh = SliceGroups::new(Arc::clone(&self.aggregation));
        let mut taken = std::mem::replace(self, fresh);
        let mut cells: Vec<u32> = (0..taken.homes.len() as u32).collect();
        cells.sort_by_key(|cell| taken.homes[*cell as usize].0);
        let homes: Vec<(u32, u32)> = cells.iter().map(|cell| taken.homes[*cell as usize]).collect();
        let groups: Vec<u32> = homes.iter().map(|(_, group)| *group).collect();
        let states = taken.accumulators.iter_mut();
        let states = states.map(|accumulator| accumulator.take_groups(&cells));
        let mut run = GroupRun::small(taken.table.keys.take(&groups), states.collect());
        run.count_in(budget);
        let run = Arc::new(run);
        let mut end = 0;
        let part = |of_slice: &[(u32, u32)]| {
            let groups = end..end + of_slice.len();
            end = groups.end;
            let run = Arc::clone(&run);
            (taken.slices[of_slice[0].0 as usize], RunSlice { run, groups })
        };
        let slices = homes.chunk_by(|left, right| left.0 == right.0);
        slices.map(part).collect()
    }
}

impl HeapBytes for SliceGroups {
    fn heap_bytes(&self) -> usize {
        let maps = map_bytes(&self.numbers) + map_bytes(&self.cells);
        let lists = buffer_bytes(&self.slices) + buffer_bytes(&self.homes) + buffer_bytes(&self.recent_slices);
        let scratch = buffer_bytes(&self.row_groups) + buffer_bytes(&self.row_cells) + buffer_bytes(&self.key);
        let groups = self.table.heap_bytes() + self.accumulators.heap_bytes();
        maps + lists + buffer_bytes(&self.recent_cells) + scratch + groups
    }
}
