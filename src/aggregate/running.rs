//! `running AGG, …`: adds to each record the aggregates of all records up to it.
//!
//! The records come in order and share one set of states, so each aggregate scans its column once, adding a row and
//! reading the group's result in the same step. `over` limits an aggregate to the last records of the key
//! ([`LastRows`], [`LastInterval`]).

use std::sync::Arc;

use crate::data::persist::{Persist, StateError, StateReader, Stateful};
use crate::data::{Batch, Column, HeapBytes, Slot, SlotSet, Stopwatch, ValueRef, buffer_bytes};
use crate::expr::{Failures, Origin};
use crate::group::{GroupTable, IdleKeys, groups_of};

use super::AggregateDef;
use super::accumulator::{Accumulator, AggregateSettings, Finish, RowFailures, RowGroups, ScanRows};
use super::last_interval::LastInterval;
use super::last_rows::{LastRows, MovingState, add};

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
    /// Only the last records of the key count.
    pub over: Option<Recent>,
    /// The slots of its result columns.
    pub slots: Vec<Slot>,
}

/// The last records of a key, up to each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recent {
    /// The last N.
    Rows(usize),
    /// Those of the last nanoseconds.
    Interval(RecentInterval),
}

/// The interval (t − `ns`, t] up to the time t of each record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecentInterval {
    /// The length in nanoseconds, at least 1.
    pub ns: i64,
    /// The slot of the time of each record, in nanoseconds since 1970.
    pub time: Slot,
    /// True if times never decrease; otherwise records are held for as long again, for those that come late.
    pub is_ordered: bool,
}

impl RecentInterval {
    /// How long a record is held, in nanoseconds.
    pub(super) fn held_ns(&self) -> i64 {
        if self.is_ordered { self.ns } else { self.ns.saturating_mul(2) }
    }
}

impl RunningAggregate {
    fn interval(&self) -> Option<RecentInterval> {
        match self.over {
            Some(Recent::Interval(interval)) => Some(interval),
            _ => None,
        }
    }
}

impl RunningAggregation {
    /// The slots of its columns.
    pub fn makes(&self) -> Vec<Slot> {
        self.aggregates.iter().flat_map(|aggregate| aggregate.slots.iter().copied()).collect()
    }

    /// Adds every slot that it reads.
    pub fn reads(&self, slots: &mut SlotSet) {
        let values = self.aggregates.iter();
        let values = values.flat_map(|aggregate| aggregate.arguments.iter().chain(&aggregate.condition));
        self.keys.iter().chain(values).for_each(|slot| slots.insert(*slot));
        self.forget.iter().for_each(|(_, time)| slots.insert(*time));
        let intervals = self.aggregates.iter().filter_map(RunningAggregate::interval);
        intervals.for_each(|interval| slots.insert(interval.time));
        if let Some(origin) = self.origin {
            origin.reads(slots);
        }
        if let (Some((start, end)), true) = (self.bounds, self.needs_duration()) {
            slots.insert(start);
            slots.insert(end);
        }
    }

    /// A key idle for longer than this many nanoseconds can be dropped; the slot holds the time of each record. Without
    /// `forget` only if each aggregate covers an interval of the same time.
    fn idle(&self) -> Option<(i64, Slot)> {
        let intervals: Option<Vec<RecentInterval>> = self.aggregates.iter().map(RunningAggregate::interval).collect();
        let expiring = intervals.and_then(|intervals| {
            let time = intervals.first()?.time;
            let longest = intervals.iter().map(RecentInterval::held_ns).max()?;
            intervals.iter().all(|interval| interval.time == time).then_some((longest, time))
        });
        self.forget.or(expiring)
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
    Rows(LastRows),
    /// The records of the last time.
    Interval(LastInterval),
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
            idle: aggregation.idle().map(|(ns, _)| IdleKeys::new(ns)),
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
            let interval = aggregate.interval();
            let seconds = interval.map_or(seconds, |interval| interval.ns as f64 / 1e9);
            let times = interval.map(|interval| batch.column(interval.time));
            let finish = Finish { constant, seconds, interpolates };
            let mut own = RowFailures::default();
            let results = lane.scan(states, &groups, &rows, times, &finish, &mut own);
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
        let (Some(idle), Some((_, time))) = (&mut self.idle, self.aggregation.idle()) else {
            return self.table.len();
        };
        let times = batch.column(time);
        for (row, group) in groups.iter_mut().enumerate() {
            if idle.visit(*group, time_of(times, row)) {
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

/// The time of a row in nanoseconds since 1970.
fn time_of(times: &Column<'_>, row: usize) -> i64 {
    match times.get(row) {
        ValueRef::Time(ns) | ValueRef::Int(ns) => ns,
        _ => i64::MIN,
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
            Some(Recent::Rows(rows)) => Lane::Rows(LastRows::new(rows, MovingState::new(accumulator, settings))),
            Some(Recent::Interval(interval)) => {
                Lane::Interval(LastInterval::new(interval, MovingState::new(accumulator, settings)))
            }
        }
    }

    fn scan(
        &mut self,
        states: usize,
        groups: &[u32],
        rows: &ScanRows<'_>,
        times: Option<&Column<'_>>,
        finish: &Finish,
        failures: &mut RowFailures,
    ) -> Vec<Column<'static>> {
        match self {
            Lane::All(accumulator) => {
                accumulator.resize(states);
                accumulator.scan(groups, rows, finish, failures)
            }
            Lane::Rows(last) => last.scan(states, groups, rows, finish, failures),
            Lane::Interval(last) => {
                let time = |row| times.map_or(i64::MIN, |times| time_of(times, row));
                last.scan(states, groups, rows, time, finish, failures)
            }
        }
    }

    /// Appends these states, which are all.
    fn save(&self, states: &[u32], out: &mut Vec<u8>) {
        match self {
            Lane::All(accumulator) => accumulator.save_groups(states, out),
            Lane::Rows(last) => last.save(states, out),
            Lane::Interval(last) => last.save(states, out),
        }
    }

    /// Reads as many states, whose rows have a value for each argument.
    fn load(&mut self, states: usize, arguments: usize, input: &mut StateReader<'_>) -> Result<(), StateError> {
        match self {
            Lane::All(accumulator) => accumulator.load_groups(states, input),
            Lane::Rows(last) => last.load(states, arguments, input),
            Lane::Interval(last) => last.load(states, arguments, input),
        }
    }

    /// Keeps only these states, renumbered in this order.
    fn keep(&mut self, order: &[u32]) {
        match self {
            Lane::All(accumulator) => *accumulator = accumulator.take_groups(order),
            Lane::Rows(last) => last.keep(order),
            Lane::Interval(last) => last.keep(order),
        }
    }
}

impl HeapBytes for Lane {
    fn heap_bytes(&self) -> usize {
        match self {
            Lane::All(accumulator) => accumulator.heap_bytes(),
            Lane::Rows(last) => last.heap_bytes(),
            Lane::Interval(last) => last.heap_bytes(),
        }
    }
}
