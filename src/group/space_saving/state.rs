//! The counters of a saved state, in the order in which they would be replaced.

use super::super::saved_keys::save_keys;
use super::super::table::GroupTable;
use super::SpaceSaving;
use crate::data::persist::{Persist, StateError, StateReader, Stateful};

impl Stateful for SpaceSaving {
    fn save_state(&self, out: &mut Vec<u8>) {
        let order: Vec<u32> = self.in_order().collect();
        save_keys(order.iter().map(|counter| (self.keys(), *counter as usize)), out);
        order.iter().for_each(|counter| self.count(*counter).save(out));
        order.iter().for_each(|counter| self.error(*counter).save(out));
    }

    fn load_state(&mut self, input: &mut StateReader<'_>) -> Result<(), StateError> {
        let table = GroupTable::load(input)?;
        let length = table.len();
        let counts = input.block(length, u64::from_le_bytes)?;
        let errors = input.block(length, u64::from_le_bytes)?;
        let is_full = length == self.capacity;
        let is_valid = |(count, error): (&u64, &u64)| error < count && *count < 1 << 62 && (is_full || *error == 0);
        let are_valid = counts.iter().zip(&errors).all(is_valid) && counts.is_sorted();
        if length > self.capacity || !are_valid || !table.keys.have_columns(self.columns) {
            return Err(StateError::Damaged);
        }
        *self = SpaceSaving { table, ..SpaceSaving::new(self.capacity, self.columns) };
        counts.into_iter().zip(errors).for_each(|(count, error)| self.push_largest(count, error));
        Ok(())
    }
}
