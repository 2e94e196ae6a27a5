//! Rows of batches that are kept for a while, each for its own time.

use std::collections::VecDeque;
use std::sync::Arc;

use super::budget::{Budget, Held, StoredBatch};
use super::persist::{Persist, StateError, StateReader};
use super::{Batch, Column, HeapBytes, Slot, SlotSet, ValueRef, take_across, take_column};

/// The number of a batch, and the row in it.
pub type RowId = (u64, u32);

/// Batches of which some rows are kept.
#[derive(Debug, Default)]
pub struct RowStore {
    /// Number of the first batch.
    first: u64,
    /// Batches with the number of rows that are kept.
    batches: VecDeque<(StoredBatch, usize)>,
    /// Rows of all batches, and how many of them are kept.
    rows: usize,
    kept: usize,
    /// The bytes of the batches in memory, if the store has a budget, and the stage it is for. Over the budget, batches
    /// wait in temporary files.
    held: Option<(Held, &'static str)>,
}

/// Unneeded rows may exceed twice the kept ones by this many.
const SPARE_ROWS: usize = 1 << 14;

/// Up to this many batches may be sparse; beyond that, one per BATCH_ROWS kept rows.
const SPARE_BATCHES: usize = 1 << 10;
const BATCH_ROWS: usize = 64;

impl RowStore {
    /// Keeps all rows of a batch and returns its number.
    pub fn add(&mut self, batch: Batch<'static>) -> u64 {
        let rows = batch.rows;
        self.rows += rows;
        self.kept += rows;
        if let Some((held, _)) = &mut self.held {
            held.set(held.bytes() + batch.heap_bytes());
        }
        self.batches.push_back((StoredBatch::Held(batch), rows));
        let number = self.first + self.batches.len() as u64 - 1;
        self.spill_if_needed();
        number
    }

    /// An empty store with the same budget.
    pub fn fresh(&self) -> RowStore {
        let held = self.held.as_ref().map(|(held, stage)| (held.budget().hold(), *stage));
        RowStore { held, ..RowStore::default() }
    }

    /// Keeps the rows of a stage within a budget. Only [`RowStore::select`] reads rows of such a store.
    pub fn limit(&mut self, budget: &Arc<Budget>, stage: &'static str) {
        self.held = (!budget.is_unlimited()).then(|| (budget.hold(), stage));
    }

    /// Writes all batches to a file if the budget is exceeded.
    fn spill_if_needed(&mut self) {
        let Some((held, stage)) = self.held.as_mut().filter(|(held, _)| held.budget().must_spill(held.bytes())) else {
            return;
        };
        let (Some(file), mut buffer) = (held.budget().file(stage), Vec::new()) else {
            return;
        };
        for (place, _) in &mut self.batches {
            if let StoredBatch::Held(batch) = place {
                *place = StoredBatch::spill(std::mem::take(batch), &file, &mut buffer);
            }
        }
        held.set(self.batches.iter().map(|(batch, _)| batch.heap_bytes()).sum());
    }

    /// A batch of a store without a budget.
    fn batch(&self, number: u64) -> &Batch<'static> {
        match &self.batches[(number - self.first) as usize].0 {
            StoredBatch::Held(batch) => batch,
            StoredBatch::Spilled(..) => unreachable!("a store within a budget is read by `select`"),
        }
    }

    /// Number of batches held.
    pub fn batches(&self) -> usize {
        self.batches.len()
    }

    /// Number of rows held, whether or not they are still kept.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Releases a row. It stays readable until the next [`RowStore::tidy`].
    pub fn release(&mut self, (number, _): RowId) {
        self.kept -= 1;
        self.batches[(number - self.first) as usize].1 -= 1;
    }

    /// Returns a value of a row.
    pub fn value(&self, (number, row): RowId, slot: Slot) -> ValueRef<'_> {
        self.batch(number).column(slot).get(row as usize)
    }

    /// Compacts the store if many rows are unneeded: `places` are the ids of all kept rows, which are updated. `live`
    /// are the columns to keep.
    pub fn tidy<'p, P>(&mut self, live: &SlotSet, places: impl FnOnce() -> P)
    where
        P: Iterator<Item = &'p mut RowId>,
    {
        while let Some((batch, 0)) = self.batches.front() {
            self.rows -= batch.rows();
            self.first += 1;
            if let Some((held, _)) = &mut self.held {
                held.set(held.bytes().saturating_sub(batch.heap_bytes()));
            }
            self.batches.pop_front();
        }
        // Batches in files take little memory, and reading them back takes more.
        if self.batches.front().is_some_and(|(batch, _)| matches!(batch, StoredBatch::Spilled(..))) {
            return;
        }
        let is_sparse = self.rows > 2 * self.kept + SPARE_ROWS;
        let is_cut_up = self.batches.len() > SPARE_BATCHES + self.kept / BATCH_ROWS;
        if is_sparse || is_cut_up {
            self.compact(live, places().collect());
        }
    }

    fn compact(&mut self, live: &SlotSet, mut places: Vec<&mut RowId>) {
        debug_assert_eq!(places.len(), self.kept, "every row that is kept has its place");
        places.sort_unstable();
        let row = |place: &&mut RowId| ((place.0 - self.first) as u32, place.1);
        let rows: Vec<(u32, u32)> = places.iter().map(row).collect();
        let old = std::mem::take(&mut self.batches);
        self.first += old.len() as u64;
        let old: Vec<Batch<'static>> = old
            .into_iter()
            .map(|(batch, _)| match batch {
                StoredBatch::Held(batch) => batch,
                StoredBatch::Spilled(..) => unreachable!("batches in files come first"),
            })
            .collect();
        if let Some((held, _)) = &mut self.held {
            held.set(0);
        }
        let mut places = places.into_iter();
        (self.rows, self.kept) = (0, 0);
        for batch in take_across(&old, &rows, live) {
            let rows = batch.rows;
            let number = self.add(batch);
            for (row, place) in places.by_ref().take(rows).enumerate() {
                *place = (number, row as u32);
            }
        }
    }

    /// Returns the columns `live` of some rows, whose ids are sorted; one batch for each that has any of them.
    pub fn select(&self, ids: &[RowId], live: &SlotSet) -> Vec<Batch<'static>> {
        let mut buffer = Vec::new();
        let of_batch = |ids: &[RowId]| {
            let rows: Vec<u32> = ids.iter().map(|id| id.1).collect();
            match &self.batches[(ids[0].0 - self.first) as usize].0 {
                StoredBatch::Held(batch) => Some(batch.select(&rows, live)),
                spilled => spilled.to_batch(&mut buffer).map(|batch| batch.select(&rows, live)),
            }
        };
        ids.chunk_by(|left, right| left.0 == right.0).filter_map(of_batch).collect()
    }

    /// Appends the columns `live` of the kept rows, whose sorted ids these are. Rows that are not kept and ids are not
    /// saved: equal rows have equal bytes.
    pub fn save(&self, ids: &[RowId], live: &SlotSet, out: &mut Vec<u8>) {
        debug_assert_eq!(ids.len(), self.kept, "every row that is kept has its id");
        self.select(ids, live).save(out);
    }

    /// Loads a store and the ids of its rows in order; all rows are kept. `is_sound` is true for a batch with the
    /// columns that its readers need. At least `row_bytes` bytes for each row follow in `input`.
    pub fn load(
        input: &mut StateReader<'_>,
        row_bytes: usize,
        is_sound: impl Fn(&Batch<'static>) -> bool,
    ) -> Result<(RowStore, Vec<RowId>), StateError> {
        let batches = Vec::<Batch<'static>>::load(input)?;
        let rows = batches.iter().try_fold(0usize, |rows, batch| rows.checked_add(batch.rows));
        // Batches without columns take no bytes for their rows.
        let bytes = rows.and_then(|rows| rows.checked_mul(row_bytes)).ok_or(StateError::Damaged)?;
        input.clone().take(bytes)?;
        let (mut store, mut ids) = (RowStore::default(), Vec::new());
        for batch in batches {
            let rows = u32::try_from(batch.rows).map_err(|_| StateError::Damaged)?;
            if rows == 0 || !is_sound(&batch) {
                return Err(StateError::Damaged);
            }
            let number = store.add(batch);
            ids.extend((0..rows).map(|row| (number, row)));
        }
        Ok((store, ids))
    }

    /// Selects rows in this order; `None` is a row of nulls.
    pub fn pick(&self, places: impl Iterator<Item = Option<RowId>> + Clone) -> Picked<'_> {
        let mut numbers: Vec<u64> = places.clone().flatten().map(|place| place.0).collect();
        numbers.sort_unstable();
        numbers.dedup();
        let row = |place: Option<RowId>| match place {
            Some((number, row)) => {
                let index = numbers.partition_point(|other| *other < number);
                (index as u32 + 1, row)
            }
            None => (0, 0),
        };
        let batch = |number: &u64| self.batch(*number);
        Picked { rows: places.map(row).collect(), batches: numbers.iter().map(batch).collect() }
    }
}

impl HeapBytes for RowStore {
    fn heap_bytes(&self) -> usize {
        let batches = self.batches.iter().map(|(batch, _)| batch.heap_bytes());
        batches.sum::<usize>() + self.batches.capacity() * size_of::<(StoredBatch, usize)>()
    }
}

/// Selected rows.
pub struct Picked<'k> {
    /// Batch (from 1; 0 is none) and row.
    rows: Vec<(u32, u32)>,
    batches: Vec<&'k Batch<'static>>,
}

impl Picked<'_> {
    /// Returns a column of them.
    pub fn column(&self, slot: Slot) -> Column<'static> {
        let columns = self.batches.iter().map(|batch| batch.get(slot));
        let columns: Vec<_> = std::iter::once(None).chain(columns).collect();
        take_column(&columns, &self.rows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Position;

    const SLOT: Slot = Slot(0);

    fn batch(values: std::ops::Range<i64>) -> Batch<'static> {
        let mut batch = Batch::new(values.clone().count(), Position(0));
        batch.set(SLOT, values.map(ValueRef::Int).collect());
        batch
    }

    #[test]
    fn what_is_kept_stays_the_same_however_it_moves() {
        let mut live = SlotSet::default();
        live.insert(SLOT);
        let mut kept = RowStore::default();
        let mut places: Vec<(RowId, i64)> = Vec::new();
        for start in (0..200_000).step_by(20) {
            let number = kept.add(batch(start..start + 20));
            for row in 0..20u32 {
                match row {
                    7 => places.push(((number, row), start + 7)),
                    row => kept.release((number, row)),
                }
            }
            kept.tidy(&live, || places.iter_mut().map(|(place, _)| place));
            assert!(kept.rows <= 2 * places.len() + SPARE_ROWS, "{start}");
            assert!(kept.batches.len() <= SPARE_BATCHES + places.len() / BATCH_ROWS);
        }
        let picked = kept.pick(places.iter().map(|(place, _)| Some(*place)).chain([None]));
        let column = picked.column(SLOT);
        for (row, (place, value)) in places.iter().enumerate() {
            assert_eq!(column.get(row), ValueRef::Int(*value));
            assert_eq!(kept.value(*place, SLOT), ValueRef::Int(*value));
        }
        assert_eq!(column.get(places.len()), ValueRef::Null);
        for (place, _) in places.drain(..) {
            kept.release(place);
        }
        kept.tidy(&live, || places.iter_mut().map(|(place, _)| place));
        assert!(kept.batches.is_empty());
    }

    /// The ids of some rows and their values.
    type Kept = Vec<(RowId, i64)>;

    /// A store of which the rows that are no multiple of `every` are released.
    fn sparse(rows: i64, every: i64) -> (RowStore, Kept) {
        let (mut store, mut kept) = (RowStore::default(), Kept::new());
        for start in (0..rows).step_by(7) {
            let number = store.add(batch(start..rows.min(start + 7)));
            for (row, value) in (start..rows.min(start + 7)).enumerate() {
                match value % every {
                    0 => kept.push(((number, row as u32), value)),
                    _ => store.release((number, row as u32)),
                }
            }
        }
        (store, kept)
    }

    fn saved(store: &RowStore, ids: &[RowId]) -> Vec<u8> {
        let mut live = SlotSet::default();
        live.insert(SLOT);
        let mut out = Vec::new();
        store.save(ids, &live, &mut out);
        out.resize(out.len() + ids.len(), 0); // one byte for each row
        out
    }

    fn loaded(bytes: &[u8]) -> Result<(RowStore, Vec<RowId>), StateError> {
        RowStore::load(&mut StateReader::new(bytes), 1, |batch| batch.get(SLOT).is_some())
    }

    proptest::proptest! {
        #[test]
        fn kept_rows_are_loaded_in_order(rows in 0i64..60, every in 1i64..9, change in 1u8.., at in 0usize..4000) {
            let (store, kept) = sparse(rows, every);
            let ids: Vec<RowId> = kept.iter().map(|(id, _)| *id).collect();
            let bytes = saved(&store, &ids);
            let (again, new) = loaded(&bytes).expect("its own bytes");
            proptest::prop_assert_eq!((again.kept, again.rows), (kept.len(), kept.len()), "only kept rows are saved");
            let values: Vec<ValueRef<'_>> = new.iter().map(|id| again.value(*id, SLOT)).collect();
            let expected: Vec<ValueRef<'_>> = kept.iter().map(|(_, value)| ValueRef::Int(*value)).collect();
            proptest::prop_assert_eq!(values, expected);
            proptest::prop_assert_eq!(saved(&again, &new), bytes.clone());
            let mut damaged = bytes;
            let at = at % damaged.len();
            proptest::prop_assert!(at + kept.len() >= damaged.len() || loaded(&damaged[..at]).is_err());
            damaged[at] ^= change;
            if let Ok((store, ids)) = loaded(&damaged) {
                ids.iter().for_each(|id| drop(store.value(*id, SLOT).to_value()));
            }
        }
    }

    #[test]
    fn rows_without_bytes_do_not_allocate_room() {
        let mut bytes = Vec::new();
        vec![Batch::new(u32::MAX as usize, Position(0))].save(&mut bytes);
        let found = RowStore::load(&mut StateReader::new(&bytes), 1, |_| true);
        assert_eq!(found.err(), Some(StateError::Damaged));
    }
}
