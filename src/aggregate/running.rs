//! `running AGG, …`: adds to each record the aggregates of all records up to it.
//!
//! The records come in order and share one set of states, so each aggregate scans its column once, adding a row and
//! reading the group's result in the same step. An aggregate over the last N rows subtracts the row that leaves where
//! that is exact (sums, counts), and is otherwise recomputed from the remaining rows.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::data::persist::{Persist, StateError, StateReader, Stateful};
use crate::data::{Batch, Column, HeapBytes, Position, Slot, SlotSet, Stopwatch, Value, ValueRef, buffer_bytes};
use crate::expr::{Failures, Origin};
use crate::group::{GroupTable, IdleKeys, groups_of};

use super::AggregateDef;
use super::accumulator::{Accumulator, AggregateSettings, Finish, RowFailures, RowGroups, ScanRows};

/// A bound `running`: all values are in columns that an earlier step has computed.
#[derive(Debug)]
pub struct RunningAggregation {
    /// Empty without `by`.
    pub keys: Vec<Slot>,
    /// At least one.
    pub aggregates: Vec<RunningAggregate>,
    /// A key idle for longer than this many nanoseconds restarts; the slot holds the time of each record.
    pub forget: Option<(i64, Slot)>,
    /// The slots of the window's bounds: `rate` divides by its length.
    pub bounds: Option<(Slot, Slot)>,
    /// Disables sketches.
    pub exact: bool,
    /// Slots that identify the record of a row, if values may have the wrong type.
    pub origin: Option<Origin>,
}

/// A bound aggregate.
#[derive(Debug)]
pub struct RunningAggregate {
    /// Its table row.
    pub def: &'static AggregateDef,
    /// The slots of its arguments.
    pub arguments: Vec<Slot>,
    /// Filter: only records for which it is true count.
    pub condition: Option<Slot>,
    /// Its name and constant.
    pub settings: AggregateSettings,
    /// Only the last N records of the key count.
    pub over: Option<usize>,
    /// The slots of its result columns.
    pub slots: Vec<Slot>,
}

impl RunningAggregation {
    /// Adds every slot that it reads.
    pub fn reads(&self, slots: &mut SlotSet) {
        let values = self.aggregates.iter();
        let values = values.flat_map(|aggregate| aggregate.arguments.iter().chain(&aggregate.condition));
        self.keys.iter().chain(values).for_each(|slot| slots.insert(*slot));
        self.forget.iter().for_each(|(_, time)| slots.insert(*time));
        if let Some(origin) = self.origin {
            origin.reads(slots);
        }
        if let (Some((start, end)), true) = (self.bounds, self.needs_duration()) {
            slots.insert(start);
            slots.insert(end);
        }
    }

    /// The length of the window of the rows, in seconds, if an aggregate needs it.
    pub(super) fn window_seconds(&self, batch: &Batch<'_>) -> Option<f64> {
        let (start, end) = self.bounds.filter(|_| self.needs_duration())?;
        let bound = |slot| match batch.column(slot).get(0) {
            ValueRef::Time(ns) => Some(ns),
            _ => None,
        };
        Some(bound(end)?.saturating_sub(bound(start)?) as f64 / 1e9)
    }

    /// Returns the failures of one row on its own.
    pub(super) fn failures_of(&self, batch: &Batch<'_>, row: usize) -> Failures {
        let mut failures = Failures::default();
        let position = batch.position;
        for aggregate in &self.aggregates {
            let is_true = |slot: Slot| matches!(batch.column(slot).get(row), ValueRef::Bool(true));
            if aggregate.condition.is_none_or(is_true) {
                let values = aggregate.arguments.iter().map(|slot| batch.column(*slot).get(row).to_value());
                let mut accumulator = (aggregate.def.accumulator)(&aggregate.settings);
                accumulator.resize(1);
                add(accumulator.as_mut(), RowGroups::One(1), &[&values.collect()], position, &mut failures);
            }
        }
        failures
    }

    fn needs_duration(&self) -> bool {
        self.aggregates.iter().any(|aggregate| aggregate.def.needs_duration)
    }
}

/// The states of all keys so far.
pub struct RunningStates {
    aggregation: Arc<RunningAggregation>,
    table: GroupTable,
    lanes: Vec<Lane>,
    idle: Option<IdleKeys>,
    /// With `idle`: the state number of each group, and the next free one. A group that restarts gets a new number.
    states: Vec<u32>,
    next_state: u32,
    /// The time since the run began; `None` until [`RunningStates::start`].
    run: Option<Stopwatch>,
    /// Scratch buffers, reused across batches.
    groups: Vec<u32>,
    key: Vec<u8>,
}

/// The states of one aggregate.
enum Lane {
    /// All records up to each.
    All(Box<dyn Accumulator>),
    /// The last N records.
    Last(LastRows),
}

impl RunningStates {
    /// Number of keys.
    pub fn keys(&self) -> usize {
        self.table.len()
    }

    /// Creates it without any keys.
    pub fn new(aggregation: Arc<RunningAggregation>) -> Self {
        let lanes = aggregation.aggregates.iter();
        RunningStates {
            lanes: lanes.map(|aggregate| Lane::of(aggregate, aggregation.exact)).collect(),
            table: GroupTable::with_capacity(0),
            idle: aggregation.forget.map(|(ns, _)| IdleKeys::new(ns)),
            states: Vec::new(),
            next_state: 0,
            run: None,
            groups: Vec::new(),
            key: Vec::new(),
            aggregation,
        }
    }

    /// Sets the time since the run began, which `rate` needs without a window.
    pub fn start(&mut self, run: Stopwatch) {
        self.run = Some(run);
    }

    /// Adds a batch; returns the result columns by slot.
    pub fn push(&mut self, batch: &Batch<'_>, failures: &mut Failures) -> Vec<(Slot, Column<'static>)> {
        let aggregation = Arc::clone(&self.aggregation);
        let keys: Vec<&Column<'_>> = aggregation.keys.iter().map(|key| batch.column(*key)).collect();
        let mut groups = std::mem::take(&mut self.groups);
        groups.clear();
        groups_of(&keys, batch.rows, &mut self.table, &mut self.key, &mut groups);
        let states = self.states_of(&mut groups, batch);
        let seconds = self.seconds(batch);
        let mut columns = Vec::new();
        let mut failed = RowFailures::default();
        for (aggregate, lane) in aggregation.aggregates.iter().zip(&mut self.lanes) {
            let arguments: Vec<&Column<'_>> = aggregate.arguments.iter().map(|slot| batch.column(*slot)).collect();
            let rows = ScanRows {
                arguments: &arguments,
                condition: aggregate.condition.map(|slot| batch.column(slot)),
                position: batch.position,
            };
            let (constant, interpolates) = (aggregate.settings.constant, aggregate.def.interpolates);
            let finish = Finish { constant, seconds, interpolates };
            let mut own = RowFailures::default();
            let results = lane.scan(states, &groups, &rows, &finish, &mut own);
            columns.extend(aggregate.slots.iter().copied().zip(results));
            failed.earliest(own);
        }
        let RowFailures { failures: mut found, row } = failed;
        if let Some(origin) = aggregation.origin {
            if let (Some(reason), Some(row)) = (found.first.take(), row) {
                found.first = Some(origin.name(batch, row, &reason));
            }
            if !found.undecided.is_empty() && found.has_new_first(failures) {
                let mut open = Failures { undecided: std::mem::take(&mut found.undecided), ..Failures::default() };
                open.name_first(origin, batch, |row| aggregation.failures_of(batch, row));
                found.undecided = open.undecided;
            }
        }
        failures.append(found);
        self.groups = groups;
        self.sweep();
        columns
    }

    /// Replaces group numbers by state numbers; returns how many states there are.
    fn states_of(&mut self, groups: &mut [u32], batch: &Batch<'_>) -> usize {
        let (Some(idle), Some((_, time))) = (&mut self.idle, self.aggregation.forget) else {
            return self.table.len();
        };
        let times = batch.column(time);
        for (row, group) in groups.iter_mut().enumerate() {
            let time = match times.get(row) {
                ValueRef::Time(ns) | ValueRef::Int(ns) => ns,
                _ => i64::MIN,
            };
            if idle.visit(*group, time) {
                match self.states.get_mut(*group as usize) {
                    Some(state) => *state = self.next_state,
                    None => self.states.push(self.next_state),
                }
                self.next_state += 1;
            }
            *group = self.states[*group as usize];
        }
        self.next_state as usize
    }

    /// Drops the states of idle keys.
    fn sweep(&mut self) {
        let Some(kept) = self.idle.as_mut().and_then(IdleKeys::sweep) else {
            return;
        };
        self.table.keep(&kept);
        let order: Vec<u32> = kept.iter().map(|group| self.states[*group as usize]).collect();
        self.lanes.iter_mut().for_each(|lane| lane.keep(&order));
        self.states = (0..order.len() as u32).collect();
        self.next_state = order.len() as u32;
    }

    /// The window length, or the time since the run began, in seconds.
    fn seconds(&self, batch: &Batch<'_>) -> f64 {
        let run = || self.run.as_ref().map_or(0.0, |run| run.time().as_secs_f64());
        self.aggregation.window_seconds(batch).unwrap_or_else(run)
    }
}

/// The time since the run began is not part of the state.
impl Stateful for RunningStates {
    fn save_state(&self, out: &mut Vec<u8>) {
        self.table.save(out);
        let mut states = self.table.len();
        if let Some(idle) = &self.idle {
            idle.save_state(out);
            self.states.save(out);
            self.next_state.save(out);
            states = self.next_state as usize;
        }
        let all: Vec<u32> = (0..states as u32).collect();
        self.lanes.iter().for_each(|lane| lane.save(&all, out));
    }

    fn load_state(&mut self, input: &mut StateReader<'_>) -> Result<(), StateError> {
        self.table = GroupTable::load(input)?;
        let mut states = self.table.len();
        if let Some(idle) = &mut self.idle {
            idle.load_state(input)?;
            self.states = Vec::load(input)?;
            self.next_state = u32::load(input)?;
            let mut own = self.states.clone();
            own.sort_unstable();
            let are_own = own.is_sorted_by(|left, right| left < right) && own.last() < Some(&self.next_state);
            if idle.len() != states || own.len() != states || !own.is_empty() && !are_own {
                return Err(StateError::Damaged);
            }
            states = self.next_state as usize;
        }
        if !self.table.keys.have_columns(self.aggregation.keys.len()) {
            return Err(StateError::Damaged);
        }
        let aggregates = self.aggregation.aggregates.iter();
        let mut lanes = self.lanes.iter_mut().zip(aggregates);
        lanes.try_for_each(|(lane, aggregate)| lane.load(states, aggregate.arguments.len(), input))
    }
}

impl HeapBytes for RunningStates {
    fn heap_bytes(&self) -> usize {
        let scratch = buffer_bytes(&self.groups) + buffer_bytes(&self.key);
        let keys = self.table.heap_bytes() + self.idle.heap_bytes() + buffer_bytes(&self.states);
        keys + scratch + buffer_bytes(&self.lanes) + self.lanes.iter().map(HeapBytes::heap_bytes).sum::<usize>()
    }
}

impl RowFailures {
    /// Adds failures of the same rows; those of an earlier row come first.
    fn earliest(&mut self, mut other: RowFailures) {
        if other.row.is_some_and(|row| self.row.is_none_or(|own| row < own)) {
            std::mem::swap(self, &mut other);
        }
        self.failures.append(other.failures);
    }
}

impl Lane {
    fn of(aggregate: &RunningAggregate, exact: bool) -> Lane {
        let settings = AggregateSettings { exact, ..aggregate.settings.clone() };
        let accumulator = aggregate.def.accumulator;
        match aggregate.over {
            None => Lane::All(accumulator(&settings)),
            Some(rows) => Lane::Last(LastRows {
                rows,
                name: settings.name.clone(),
                all: accumulator(&settings),
                fresh: Box::new(move || accumulator(&settings)),
                held: Vec::new(),
            }),
        }
    }

    fn scan(
        &mut self,
        states: usize,
        groups: &[u32],
        rows: &ScanRows<'_>,
        finish: &Finish,
        failures: &mut RowFailures,
    ) -> Vec<Column<'static>> {
        match self {
            Lane::All(accumulator) => {
                accumulator.resize(states);
                accumulator.scan(groups, rows, finish, failures)
            }
            Lane::Last(last) => last.scan(states, groups, rows, finish, failures),
        }
    }

    /// Appends these states, which are all.
    fn save(&self, states: &[u32], out: &mut Vec<u8>) {
        match self {
            Lane::All(accumulator) => accumulator.save_groups(states, out),
            Lane::Last(last) => {
                last.all.save_groups(states, out);
                for held in &last.held {
                    (held.len() as u64).save(out);
                    held.iter().for_each(|row| row.save(out));
                }
            }
        }
    }

    /// Reads as many states, whose rows have a value for each argument.
    fn load(&mut self, states: usize, arguments: usize, input: &mut StateReader<'_>) -> Result<(), StateError> {
        match self {
            Lane::All(accumulator) => accumulator.load_groups(states, input),
            Lane::Last(last) => {
                last.all.load_groups(states, input)?;
                last.held.clear();
                for _ in 0..states {
                    let rows: Vec<Option<Vec<Value>>> = Vec::load(input)?;
                    let are_whole = rows.iter().flatten().all(|values| values.len() == arguments);
                    if rows.len() > last.rows || !are_whole {
                        return Err(StateError::Damaged);
                    }
                    last.held.push(rows.into());
                }
                Ok(())
            }
        }
    }

    /// Keeps only these states, renumbered in this order.
    fn keep(&mut self, order: &[u32]) {
        match self {
            Lane::All(accumulator) => *accumulator = accumulator.take_groups(order),
            Lane::Last(last) => {
                last.all = last.all.take_groups(order);
                let taken = |state: &u32| std::mem::take(&mut last.held[*state as usize]);
                last.held = order.iter().map(taken).collect();
            }
        }
    }
}

impl HeapBytes for Lane {
    fn heap_bytes(&self) -> usize {
        match self {
            Lane::All(accumulator) => accumulator.heap_bytes(),
            Lane::Last(last) => last.all.heap_bytes() + last.held.heap_bytes() + last.name.heap_bytes(),
        }
    }
}

/// The last rows of each key, with their states.
struct LastRows {
    rows: usize,
    /// The aggregate's name as the user typed it, for messages.
    name: String,
    /// The states of the rows held, if rows can be subtracted.
    all: Box<dyn Accumulator>,
    fresh: Box<dyn Fn() -> Box<dyn Accumulator> + Send>,
    /// The values of each row per key; `None` for rows that do not count.
    held: Vec<VecDeque<Option<Vec<Value>>>>,
}

impl LastRows {
    fn scan(
        &mut self,
        states: usize,
        groups: &[u32],
        rows: &ScanRows<'_>,
        finish: &Finish,
        failures: &mut RowFailures,
    ) -> Vec<Column<'static>> {
        self.all.resize(states);
        self.held.resize_with(states, VecDeque::new);
        let mut results: Vec<Vec<Value>> = Vec::new();
        for (row, &group) in groups.iter().enumerate() {
            let values = rows.counts(row).then(|| {
                let values = rows.arguments.iter();
                values.map(|column| column.get(row).to_value()).collect::<Vec<Value>>()
            });
            let held = &mut self.held[group as usize];
            held.push_back(values);
            let left = match held.len() > self.rows {
                true => held.pop_front().flatten(),
                false => None,
            };
            let result = failures.at(row, |failures| self.move_on(group, left, rows.position, finish, failures));
            results.resize_with(result.len(), Vec::new);
            for (column, value) in results.iter_mut().zip(result) {
                column.push(value);
            }
        }
        let column = |values: Vec<Value>| values.iter().map(Value::borrow).collect();
        results.into_iter().map(column).collect()
    }

    /// Returns the result of a key after its newest row was added and its oldest one, `left`, was dropped.
    fn move_on(
        &mut self,
        group: u32,
        left: Option<Vec<Value>>,
        position: Position,
        finish: &Finish,
        failures: &mut Failures,
    ) -> Vec<Value> {
        let held = &self.held[group as usize];
        let newest = held.back().and_then(Option::as_ref);
        let (to, mut quiet) = ([group], Failures::default());
        if self.all.can_subtract() {
            if let Some(values) = newest {
                add(self.all.as_mut(), RowGroups::Each(&to), &[values], position, failures);
            }
            if let Some(values) = left {
                let mut leaving = (self.fresh)();
                leaving.resize(1);
                add(leaving.as_mut(), RowGroups::One(1), &[&values], position, &mut quiet);
                self.all.subtract(leaving.as_ref(), 0..1, &to);
            }
            let result = self.all.result(group as usize, finish);
            if result.contains(&Value::Null)
                && let Some(reason) = self.all.null_reason(group as usize)
            {
                failures.add_null(&self.name, reason);
            }
            return result;
        }
        let mut recomputed = (self.fresh)();
        recomputed.resize(1);
        if let Some(values) = newest {
            // A value of the wrong type is counted once, when it arrives.
            let mut probe = (self.fresh)();
            probe.resize(1);
            add(probe.as_mut(), RowGroups::One(1), &[values], position, failures);
        }
        let counting: Vec<&Vec<Value>> = held.iter().flatten().collect();
        add(recomputed.as_mut(), RowGroups::One(counting.len()), &counting, position, &mut quiet);
        let result = recomputed.result(0, finish);
        failures.left_out += u64::from(newest.is_some() && recomputed.left_out() > 0);
        if result.contains(&Value::Null)
            && let Some(reason) = recomputed.null_reason(0)
        {
            failures.add_null(&self.name, reason);
        }
        result
    }
}

/// Adds rows given as lists of values.
fn add(
    accumulator: &mut dyn Accumulator,
    groups: RowGroups<'_>,
    rows: &[&Vec<Value>],
    position: Position,
    failures: &mut Failures,
) {
    let arguments = rows.first().map_or(0, |values| values.len());
    let column = |index: usize| rows.iter().map(|values| values[index].borrow()).collect();
    let columns: Vec<Column<'static>> = (0..arguments).map(column).collect();
    let columns: Vec<&Column<'_>> = columns.iter().collect();
    accumulator.update(groups, &columns, position, failures);
}
