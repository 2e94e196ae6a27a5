//! Logs of records as bytes: the kept records in the order of arrival, each with its range.

use super::{Range, RowLog};
use crate::data::persist::{Persist, StateError, StateReader, Stateful};
use crate::data::{Batch, HeapBytes, RowId};

/// The slots of the records are a setting of the plan.
impl Stateful for RowLog {
    fn save_state(&self, out: &mut Vec<u8>) {
        let ranges: Vec<Range> = self.places.keys().copied().collect();
        ranges.save(out);
        let places = (0u32..).zip(self.places.values());
        let mut rows: Vec<(RowId, u32)> =
            places.flat_map(|(range, rows)| rows.iter().map(move |row| (*row, range))).collect();
        rows.sort_unstable();
        let ids: Vec<RowId> = rows.iter().map(|(id, _)| *id).collect();
        self.store.select(&ids, &self.live).save(out);
        rows.iter().for_each(|(_, range)| range.save(out));
    }

    fn load_state(&mut self, input: &mut StateReader<'_>) -> Result<(), StateError> {
        let ranges: Vec<Range> = Vec::load(input)?;
        let is_sound = ranges.is_sorted_by(|left, right| left < right) && ranges.iter().all(|range| range.0 <= range.1);
        let batches: Vec<Batch<'static>> = Vec::load(input)?;
        // The bounds of a window are live, but records do not have them yet.
        let slots = batches.first().map(Batch::slots).unwrap_or_default();
        let is_live = |batch: &Batch<'static>| {
            let own = batch.slots();
            batch.rows > 0 && own.iter().eq(slots.iter()) && own.iter().all(|slot| self.live.contains(slot))
        };
        if !is_sound || !batches.iter().all(is_live) {
            return Err(StateError::Damaged);
        }
        self.store = self.store.fresh();
        let mut places: Vec<Vec<RowId>> = vec![Vec::new(); ranges.len()];
        for batch in batches {
            let rows = u32::try_from(batch.rows).map_err(|_| StateError::Damaged)?;
            let number = self.store.add(batch);
            for row in 0..rows {
                let range = u32::load(input)? as usize;
                places.get_mut(range).ok_or(StateError::Damaged)?.push((number, row));
            }
        }
        if places.iter().any(Vec::is_empty) {
            return Err(StateError::Damaged);
        }
        self.places = ranges.into_iter().zip(places).collect();
        Ok(())
    }
}

impl HeapBytes for RowLog {
    fn heap_bytes(&self) -> usize {
        self.store.heap_bytes() + self.places.heap_bytes()
    }
}
