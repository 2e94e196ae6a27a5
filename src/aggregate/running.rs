//! `running AGG, …`: with each record the aggregates of all records up to it.
//!
//! The records come in order and stand in one set of states, so each aggregate goes down its column once, adding a
//! row and giving the result of the row's group in the same step. An aggregate over the last so many rows takes
//! back the row that leaves where that is exact (sums, counts), and is computed anew from the rows that are left
//! where it is not.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use crate::data::{Batch, Column, Position, Slot, SlotSet, Value, ValueRef};
use crate::expr::{FLOATS, Failures, Origin};
use crate::group::{GroupTable, IdleKeys, groups_of};

use super::AggregateDef;
use super::accumulator::{Accumulator, AggregateSettings, Finish, RowFailures, RowGroups, ScanRows};

/// What `running` was bound to: all values stand in columns that a step before has made.
#[derive(Debug)]
pub struct RunningAggregation {
    /// Empty without `by`.
    pub keys: Vec<Slot>,
    /// At least one.
    pub aggregates: Vec<RunningAggregate>,
    /// A key that has been silent for longer begins anew: nanoseconds, and what holds the time of each record.
    pub forget: Option<(i64, Slot)>,
    /// What holds the bounds of the window that all records are in: `rate` is by its length.
    pub bounds: Option<(Slot, Slot)>,
    /// No sketches.
    pub exact: bool,
    /// Where the batches say which record a row is, if values may not fit.
    pub origin: Option<Origin>,
}

/// One aggregate.
#[derive(Debug)]
pub struct RunningAggregate {
    /// The row of the table.
    pub def: &'static AggregateDef,
    /// What is aggregated.
    pub arguments: Vec<Slot>,
    /// Which records count.
    pub condition: Option<Slot>,
    /// Its name and constant.
    pub settings: AggregateSettings,
    /// Only the last so many records of the key count.
    pub over: Option<usize>,
    /// Where the results go.
    pub slots: Vec<Slot>,
}

impl RunningAggregation {
    /// Adds every slot that is read.
    pub fn reads(&self, slots: &mut SlotSet) {
        let values = self.aggregates.iter();
        let values = values.flat_map(|aggregate| aggregate.arguments.iter().chain(&aggregate.condition));
        self.keys.iter().chain(values).for_each(|slot| slots.insert(*slot));
        self.forget.iter().for_each(|(_, time)| slots.insert(*time));
        if let Some(origin) = self.origin {
            origin.reads(slots);
        }
        if let (Some((start, end)), true) = (self.bounds, self.has_rate()) {
            slots.insert(start);
            slots.insert(end);
        }
    }

    /// What does not fit in a row by itself.
    fn failures_of(&self, batch: &Batch<'_>, row: usize) -> Failures {
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

    fn has_rate(&self) -> bool {
        let mut names = self.aggregates.iter().map(|aggregate| aggregate.def.entry.name);
        names.any(|name| name == "rate")
    }
}

/// The states of all keys so far.
pub struct RunningStates {
    aggregation: Arc<RunningAggregation>,
    table: GroupTable,
    lanes: Vec<Lane>,
    idle: Option<IdleKeys>,
    /// With `idle`: the number of each group's states, and how many there are: a group that begins anew gets new ones.
    states: Vec<u32>,
    next_state: u32,
    began: Instant,
    /// Reused from batch to batch.
    groups: Vec<u32>,
    key: Vec<u8>,
}

/// The states of one aggregate.
enum Lane {
    /// Of all records up to each.
    All(Box<dyn Accumulator>),
    /// Of the last so many.
    Last(LastRows),
}

impl RunningStates {
    /// No record yet.
    pub fn new(aggregation: Arc<RunningAggregation>) -> Self {
        let lanes = aggregation.aggregates.iter();
        RunningStates {
            lanes: lanes.map(|aggregate| Lane::of(aggregate, aggregation.exact)).collect(),
            table: GroupTable::with_capacity(0),
            idle: aggregation.forget.map(|(ns, _)| IdleKeys::new(ns)),
            states: Vec::new(),
            next_state: 0,
            began: Instant::now(),
            groups: Vec::new(),
            key: Vec::new(),
            aggregation,
        }
    }

    /// The results with each record of the next batch, by slot.
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
            let finish = Finish { constant: aggregate.settings.constant, seconds };
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

    /// Turns groups into the numbers of their states; how many of these there are.
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

    /// Throws out the states of keys that are forgotten.
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

    /// How long the window is, or for how long the records have come.
    fn seconds(&self, batch: &Batch<'_>) -> f64 {
        let bounds = self.aggregation.bounds.filter(|_| self.aggregation.has_rate());
        let bound = |slot| match batch.column(slot).get(0) {
            ValueRef::Time(ns) => Some(ns),
            _ => None,
        };
        match bounds.map(|(start, end)| (bound(start), bound(end))) {
            Some((Some(start), Some(end))) => end.saturating_sub(start) as f64 / 1e9,
            _ => self.began.elapsed().as_secs_f64(),
        }
    }
}

impl RowFailures {
    /// Adds what was counted in the same rows; what failed in an earlier row was first.
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

    /// Keeps the states of these numbers only.
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

/// The last rows of each key, and their states.
struct LastRows {
    rows: usize,
    /// The aggregate as it was typed, for messages.
    name: String,
    /// The states of the rows that are held, if rows can be taken back.
    all: Box<dyn Accumulator>,
    fresh: Box<dyn Fn() -> Box<dyn Accumulator> + Send>,
    /// By key, the values of each row; nothing of one that does not count.
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

    /// The result of a key whose newest row is held already and whose oldest one, if it counted, has left.
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
            if result.contains(&Value::Null) && self.all.is_beyond(group as usize) {
                failures.add_beyond(&self.name, FLOATS);
            }
            return result;
        }
        let mut anew = (self.fresh)();
        anew.resize(1);
        if let Some(values) = newest {
            // What does not fit is counted once, when it comes.
            let mut probe = (self.fresh)();
            probe.resize(1);
            add(probe.as_mut(), RowGroups::One(1), &[values], position, failures);
        }
        let counting: Vec<&Vec<Value>> = held.iter().flatten().collect();
        add(anew.as_mut(), RowGroups::One(counting.len()), &counting, position, &mut quiet);
        let result = anew.result(0, finish);
        if result.contains(&Value::Null) && anew.is_beyond(0) {
            failures.add_beyond(&self.name, FLOATS);
        }
        result
    }
}

/// Adds rows, each given by its values.
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
