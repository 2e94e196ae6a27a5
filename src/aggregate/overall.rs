//! `overall AGG, …`: the aggregates of all records of a result and key, for each of its records.

use std::sync::Arc;

use crate::data::persist::{Persist, StateError, StateReader, Stateful};
use crate::data::{Batch, Column, HeapBytes, Slot, Stopwatch, ValueRef};
use crate::expr::Failures;
use crate::group::{GroupTable, groups_of};

use super::RunningAggregation;
use super::accumulator::{Accumulator, AggregateSettings, Finish, RowGroups};

/// The states of all keys so far.
pub struct OverallStates {
    aggregation: Arc<RunningAggregation>,
    table: GroupTable,
    accumulators: Vec<Box<dyn Accumulator>>,
    /// The time since the run began; `None` until [`OverallStates::start`].
    run: Option<Stopwatch>,
    /// The window's length in seconds, as the last batch has it.
    window_seconds: Option<f64>,
    /// Scratch buffers, reused across batches.
    groups: Vec<u32>,
    key: Vec<u8>,
}

/// The final columns, with a row for each key.
pub struct OverallResults(Vec<(Slot, Column<'static>)>);

impl OverallStates {
    /// Creates it without any keys.
    pub fn new(aggregation: Arc<RunningAggregation>) -> OverallStates {
        let exact = aggregation.exact;
        let accumulators = aggregation.aggregates.iter().map(|aggregate| {
            let settings = AggregateSettings { exact, ..aggregate.settings.clone() };
            (aggregate.def.accumulator)(&settings)
        });
        OverallStates {
            accumulators: accumulators.collect(),
            table: GroupTable::with_capacity(0),
            run: None,
            window_seconds: None,
            groups: Vec::new(),
            key: Vec::new(),
            aggregation,
        }
    }

    /// Number of keys.
    pub fn keys(&self) -> usize {
        self.table.len()
    }

    /// Sets the time since the run began, which `rate` needs without a window.
    pub fn start(&mut self, run: Stopwatch) {
        self.run = Some(run);
    }

    /// The slots of the keys.
    pub fn key_slots(&self) -> &[Slot] {
        &self.aggregation.keys
    }

    /// Finds the key of each row.
    pub fn find(&mut self, batch: &Batch<'_>) {
        let keys: Vec<&Column<'_>> = self.aggregation.keys.iter().map(|key| batch.column(*key)).collect();
        self.groups.clear();
        groups_of(&keys, batch.rows, &mut self.table, &mut self.key, &mut self.groups);
    }

    /// Adds a batch.
    pub fn push(&mut self, batch: &Batch<'_>, failures: &mut Failures) {
        self.find(batch);
        let aggregation = Arc::clone(&self.aggregation);
        self.window_seconds = aggregation.window_seconds(batch).or(self.window_seconds);
        let mut found = Failures::default();
        for (aggregate, accumulator) in aggregation.aggregates.iter().zip(&mut self.accumulators) {
            accumulator.resize(self.table.len());
            let arguments: Vec<&Column<'_>> = aggregate.arguments.iter().map(|slot| batch.column(*slot)).collect();
            let Some(condition) = aggregate.condition.map(|slot| batch.column(slot)) else {
                accumulator.update(RowGroups::Each(&self.groups), &arguments, batch.position, &mut found);
                continue;
            };
            let is_true = |row: &u32| matches!(condition.get(*row as usize), ValueRef::Bool(true));
            let rows: Vec<u32> = (0..batch.rows as u32).filter(is_true).collect();
            let groups: Vec<u32> = rows.iter().map(|row| self.groups[*row as usize]).collect();
            let taken: Vec<Column<'_>> = arguments.iter().map(|column| column.take(&rows)).collect();
            let taken: Vec<&Column<'_>> = taken.iter().collect();
            accumulator.update(RowGroups::Each(&groups), &taken, batch.position, &mut found);
        }
        if let Some(origin) = aggregation.origin
            && found.has_new_first(failures)
        {
            found.name_first(origin, batch, |row| aggregation.failures_of(batch, row));
        }
        failures.append(found);
    }

    /// The final columns. Results that are null although there are values are counted as failures.
    pub fn finish(&self, failures: &mut Failures) -> OverallResults {
        let run = || self.run.as_ref().map_or(0.0, |run| run.time().as_secs_f64());
        let seconds = self.window_seconds.unwrap_or_else(run);
        let mut columns = Vec::new();
        for (aggregate, accumulator) in self.aggregation.aggregates.iter().zip(&self.accumulators) {
            let (constant, interpolates) = (aggregate.settings.constant, aggregate.def.interpolates);
            let finish = Finish { constant, seconds, interpolates };
            let results = accumulator.finish(&finish);
            failures.left_out += accumulator.left_out();
            let groups = if aggregate.def.argument.is_numeric() { self.table.len() } else { 0 };
            for group in 0..groups {
                let is_null = |column: &Column<'_>| column.get(group).is_null();
                if results.iter().any(is_null)
                    && let Some(reason) = accumulator.null_reason(group)
                {
                    failures.add_null(&aggregate.settings.name, reason);
                }
            }
            failures.left_out += accumulator.left_out();
            columns.extend(aggregate.slots.iter().copied().zip(results));
        }
        OverallResults(columns)
    }

    /// Returns the columns for the rows of a batch that was added before.
    pub fn beside(&mut self, results: &OverallResults, batch: &Batch<'_>) -> Vec<(Slot, Column<'static>)> {
        self.find(batch);
        results.0.iter().map(|(slot, column)| (*slot, column.take(&self.groups))).collect()
    }

    /// As [`OverallStates::beside`], with a table of its own: the states stay as they are.
    pub fn copy_of_keys(&self) -> OverallStates {
        let mut copy = OverallStates::new(Arc::clone(&self.aggregation));
        let mut bytes = Vec::new();
        self.table.save(&mut bytes);
        if let Ok(table) = GroupTable::load(&mut StateReader::new(&bytes)) {
            copy.table = table;
        }
        copy
    }
}

/// The time since the run began is not part of the state.
impl Stateful for OverallStates {
    fn save_state(&self, out: &mut Vec<u8>) {
        self.table.save(out);
        self.window_seconds.save(out);
        let all: Vec<u32> = (0..self.table.len() as u32).collect();
        self.accumulators.iter().for_each(|accumulator| accumulator.save_groups(&all, out));
    }

    fn load_state(&mut self, input: &mut StateReader<'_>) -> Result<(), StateError> {
        self.table = GroupTable::load(input)?;
        if !self.table.keys.have_columns(self.aggregation.keys.len()) {
            return Err(StateError::Damaged);
        }
        self.window_seconds = Option::load(input)?;
        let groups = self.table.len();
        self.accumulators.iter_mut().try_for_each(|accumulator| accumulator.load_groups(groups, input))
    }
}

impl HeapBytes for OverallStates {
    fn heap_bytes(&self) -> usize {
        let states = self.accumulators.iter().map(|accumulator| accumulator.heap_bytes()).sum::<usize>();
        self.table.heap_bytes() + states + self.groups.heap_bytes() + self.key.heap_bytes()
    }
}
