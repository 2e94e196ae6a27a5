//! Batches that an operator holds, as bytes.

use crate::data::persist::{Persist, StateError, StateReader};
use crate::data::{Batch, Slot};

/// Appends batches.
pub(super) fn save_batches<'b>(batches: impl ExactSizeIterator<Item = &'b Batch<'static>>, out: &mut Vec<u8>) {
    (batches.len() as u64).save(out);
    batches.for_each(|batch| batch.save(out));
}

/// Loads batches; each has at least one row and the columns `needed`.
pub(super) fn load_batches(needed: &[Slot], input: &mut StateReader<'_>) -> Result<Vec<Batch<'static>>, StateError> {
    let batches = Vec::<Batch<'static>>::load(input)?;
    let is_sound = |batch: &Batch<'static>| {
        let has_columns = needed.iter().all(|slot| batch.get(*slot).is_some());
        has_columns && u32::try_from(batch.rows).is_ok_and(|rows| rows > 0)
    };
    if batches.iter().all(is_sound) { Ok(batches) } else { Err(StateError::Damaged) }
}

/// Number of rows of all batches.
pub(super) fn count_rows<'b>(batches: impl IntoIterator<Item = &'b Batch<'static>>) -> usize {
    batches.into_iter().map(|batch| batch.rows).sum()
}
