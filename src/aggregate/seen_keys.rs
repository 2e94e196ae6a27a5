//! The keys seen so far: a window without records has a row for each.

use std::sync::Arc;

use crate::data::{Batch, Column, KeyKind};
use crate::expr::Failures;
use crate::group::KeyedState;

use super::aggregation::Aggregation;
use super::merged::GroupSet;

/// All keys of the windows printed so far.
#[derive(Debug)]
pub struct SeenKeys {
    aggregation: Arc<Aggregation>,
    known: KeyedState<()>,
}

impl SeenKeys {
    /// Starts without keys.
    pub fn new(aggregation: Arc<Aggregation>) -> Self {
        let mut known = KeyedState::new((), None);
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
