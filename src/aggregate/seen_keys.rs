//! The keys seen so far: a window without records has a row for each.

use std::sync::Arc;

use crate::data::persist::{Persist, StateError, StateReader, Stateful};
use crate::data::{Batch, Column, HeapBytes, KeyKind};
use crate::expr::Failures;
use crate::group::{GroupTable, KeyedState};

use super::aggregation::Aggregation;
use super::group_set::GroupSet;

/// All keys of the windows printed so far.
#[derive(Debug)]
pub struct SeenKeys {
    aggregation: Arc<Aggregation>,
    known: KeyedState<()>,
}

impl SeenKeys {
    /// Starts without keys.
    pub fn new(aggregation: Arc<Aggregation>) -> Self {
        let mut known = KeyedState::new(aggregation.keys.len(), (), None);
        if aggregation.keys.is_empty() {
            known.add(KeyKind::Tuple, &[]);
        }
        SeenKeys { aggregation, known }
    }

    /// Number of keys.
    pub fn count(&self) -> u64 {
        self.known.len() as u64
    }

    /// Adds the keys of a window's rows.
    pub fn add(&mut self, rows: &[Batch<'static>]) {
        for batch in rows {
            let keys = self.aggregation.keys.iter();
            let columns: Vec<&Column<'_>> = keys.map(|key| batch.column(key.slot)).collect();
            self.known.find(&columns, batch.rows);
        }
    }

    /// Returns the rows of a window without records.
    pub fn rows(&self) -> Vec<Batch<'static>> {
        let mut set = GroupSet::small(&self.aggregation);
        set.add_groups(&self.known.table.keys);
        set.into_rows(&self.aggregation, 0.0, &mut Failures::default())
    }
}

impl Stateful for SeenKeys {
    fn save_state(&self, out: &mut Vec<u8>) {
        self.known.table.save(out);
    }

    fn load_state(&mut self, input: &mut StateReader<'_>) -> Result<(), StateError> {
        self.known.table = GroupTable::load(input)?;
        let columns = self.aggregation.keys.len();
        let is_whole = columns > 0 || self.known.len() == 1;
        if is_whole && self.known.table.keys.have_columns(columns) { Ok(()) } else { Err(StateError::Damaged) }
    }
}

impl HeapBytes for SeenKeys {
    fn heap_bytes(&self) -> usize {
        self.known.table.heap_bytes()
    }
}
