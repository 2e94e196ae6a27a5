//! The keys seen so far: a window without records has a row for each.

use std::sync::Arc;

use crate::data::persist::{Persist, StateError, StateReader, Stateful};
use crate::data::{Batch, Column, HeapBytes, KeyKind, encode_key};
use crate::expr::Failures;
use crate::group::{GroupTable, encode_part};

use super::aggregation::Aggregation;
use super::merged::GroupSet;

/// All keys of the windows printed so far.
#[derive(Debug)]
pub struct SeenKeys {
    aggregation: Arc<Aggregation>,
    table: GroupTable,
}

impl SeenKeys {
    /// Starts without keys.
    pub fn new(aggregation: Arc<Aggregation>) -> Self {
        let mut table = GroupTable::with_capacity(0);
        if aggregation.keys.is_empty() {
            table.group_of(KeyKind::Tuple, &[]);
        }
        SeenKeys { aggregation, table }
    }

    /// Number of keys.
    pub fn count(&self) -> u64 {
        self.table.len() as u64
    }

    /// Adds the keys of a window's rows.
    pub fn add(&mut self, rows: &[Batch<'static>]) {
        let mut key = Vec::new();
        for batch in rows {
            let keys = self.aggregation.keys.iter();
            let columns: Vec<&Column<'_>> = keys.map(|key| batch.column(key.slot)).collect();
            for row in 0..batch.rows {
                key.clear();
                let kind = match columns.as_slice() {
                    [column] => encode_key(column.get(row), &mut key),
                    columns => {
                        let parts = columns.iter().map(|column| column.get(row));
                        parts.for_each(|part| encode_part(part, &mut key));
                        KeyKind::Tuple
                    }
                };
                self.table.group_of(kind, &key);
            }
        }
    }

    /// Returns the rows of a window without records.
    pub fn rows(&self) -> Vec<Batch<'static>> {
        let mut set = GroupSet::small(&self.aggregation);
        set.add_groups(&self.table.keys);
        set.into_rows(&self.aggregation, 0.0, &mut Failures::default())
    }
}

impl Stateful for SeenKeys {
    fn save_state(&self, out: &mut Vec<u8>) {
        self.table.save(out);
    }

    fn load_state(&mut self, input: &mut StateReader<'_>) -> Result<(), StateError> {
        self.table = GroupTable::load(input)?;
        let columns = self.aggregation.keys.len();
        let is_whole = columns > 0 || self.table.len() == 1;
        if is_whole && self.table.keys.have_columns(columns) { Ok(()) } else { Err(StateError::Damaged) }
    }
}

impl HeapBytes for SeenKeys {
    fn heap_bytes(&self) -> usize {
        self.table.heap_bytes()
    }
}
