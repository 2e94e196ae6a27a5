//! The operator of a join: buffers the records of both sides and emits their pairs.

use super::super::{Operator, RecordCounts, Side};
use super::JOIN;
use super::buffer::{BufferedRow, JoinBuffer, NO_KEY, SAVED_ROW_BYTES};
use super::key::JoinKind;
use super::progress::{Frontier, JoinProgress};
use super::spec::{ColumnSource, JoinSpec};
use crate::data::budget::HeldState;
use crate::data::persist::{Persist, StateError, StateReader, Stateful};
use crate::data::{
    Batch, Column, ColumnBuilder, HeapBytes, ObjectField, Picked, Position, RowId, RowStore, TextColumn, Value,
    ValueRef, merge_fields, without_fields, write_text,
};
use crate::expr::Failures;
use crate::window::{Arrival, Punctuation, SourceInfo, WatermarkConfig};

/// The state of a join.
pub(super) struct JoinOperator {
    join: JoinSpec,
    time: JoinProgress,
    partners: JoinBuffer,
    /// The buffered rows of each side.
    kept: [RowStore; 2],
    /// By side, the largest time among evicted records with a key.
    forgotten: [i64; 2],
    /// Number of records so far.
    order: u64,
    arrival: Arrival,
    /// Pairs to be emitted.
    rows: Vec<Pair>,
    /// Number of batches emitted so far.
    given: u64,
}

/// Returns the side of an input; `second` is the input on the right.
fn side_of(input: usize, second: usize) -> Side {
    match input == second {
        true => Side::Right,
        false => Side::Left,
    }
}

/// A row of the result: a record of each side, or only one of the left.
#[derive(Clone, Copy)]
struct Pair {
    sides: [Option<RowId>; 2],
    /// The side whose record came last.
    last: Side,
}

impl JoinOperator {
    /// Creates an operator without records.
    pub(super) fn new(join: JoinSpec) -> Self {
        JoinOperator {
            time: JoinProgress::new((!join.by_arrival).then_some(join.late_ns)),
            join,
            partners: JoinBuffer::new(),
            kept: Default::default(),
            forgotten: [i64::MIN; 2],
            order: 0,
            arrival: Arrival { source: 0, input: 0, read_ns: i64::MIN },
            rows: Vec::new(),
            given: 0,
        }
    }

    /// Adds the next records of a side.
    fn enter(&mut self, mut batch: Batch<'static>, side: Side, counts: &mut RecordCounts) {
        let groups = {
            let keys = Column::Text(TextColumn::of(batch.column(self.join.key).clone()));
            self.partners.groups(&keys)
        };
        let times: Vec<i64> = match self.join.time.map(|slot| batch.column(slot)) {
            Some(Column::Int(times, _)) => times.clone(),
            Some(_) => unreachable!("the step that reads times makes a column of ints"),
            None => vec![self.arrival.read_ns; batch.rows],
        };
        let mut clock = self.time.pass(side, self.arrival, &times);
        batch.retain(&self.join.kept[side as usize]);
        let number = self.kept[side as usize].add(batch);
        let mut found = Vec::new();
        for (row, (&time, &group)) in times.iter().zip(&groups).enumerate() {
            let place = (number, row as u32);
            let within = self.join.within_ns;
            let span = time.saturating_sub(within)..=time.saturating_add(within);
            // Eviction first: the records it removes from the other side are too far away to be partners.
            counts.jumps += u64::from(clock.pass(time));
            self.forget(side.other(), clock.reached(), counts);
            self.partners.pair(group, side.other(), span.clone(), &mut found);
            for partner in &found {
                let mut row = Pair { sides: [Some(place); 2], last: side };
                row.sides[side.other() as usize] = Some(partner.place);
                self.rows.push(row);
            }
            let record = BufferedRow {
                time,
                order: self.order,
                place,
                is_paired: !found.is_empty(),
                is_late: group != NO_KEY && self.forgotten[side.other() as usize] >= *span.start(),
            };
            self.order += 1;
            if group == NO_KEY {
                self.evict(record, side, counts);
            } else if self.time.can_arrive(side.other(), *span.end()) {
                self.partners.keep(group, side, record);
            } else {
                self.remember(record, side);
                self.evict(record, side, counts);
            }
        }
    }

    /// Evicts the records of a side that can no longer find a partner, given the frontier of the other side.
    fn forget(&mut self, side: Side, other: Frontier, counts: &mut RecordCounts) {
        let below = match other {
            Frontier::Nothing => return,
            Frontier::Time(time) => Some(time.saturating_sub(self.join.within_ns)),
            Frontier::End => None,
        };
        while let Some(record) = self.partners.forget(side, below) {
            self.remember(record, side);
            self.evict(record, side, counts);
        }
    }

    /// Remembers the time of an evicted record with a key.
    fn remember(&mut self, record: BufferedRow, side: Side) {
        let forgotten = &mut self.forgotten[side as usize];
        *forgotten = record.time.max(*forgotten);
    }

    /// Evicts from both sides.
    fn forget_both(&mut self, counts: &mut RecordCounts) {
        for side in Side::BOTH {
            self.forget(side, self.time.reached(side.other()), counts);
        }
    }

    /// Counts or emits a record that can no longer find a partner.
    fn evict(&mut self, record: BufferedRow, side: Side, counts: &mut RecordCounts) {
        self.kept[side as usize].release(record.place);
        if record.is_paired {
            return;
        }
        if side == Side::Left && self.join.kind == JoinKind::Left {
            self.rows.push(Pair { sides: [Some(record.place), None], last: Side::Left });
        } else if record.is_late {
            counts.late += 1;
            if let Some(line) = self.join.late_line {
                let value = self.kept[side as usize].value(record.place, line);
                write_text(value, &mut counts.late_lines);
                counts.late_lines.push(b'\n');
            }
        } else {
            counts.filter(1);
        }
    }

    /// Emits the pairs and releases unneeded rows.
    fn give(&mut self, out: &mut Vec<Batch<'static>>, counts: &mut RecordCounts) {
        let rows = std::mem::take(&mut self.rows);
        for rows in rows.chunks(BATCH_ROWS) {
            let mut batch = Batch::new(rows.len(), Position(self.given));
            self.given += 1;
            let sides = Side::BOTH.map(|side| {
                let places = rows.iter().map(|row| row.sides[side as usize]);
                self.kept[side as usize].pick(places)
            });
            for (slot, origin) in &self.join.columns {
                batch.set(*slot, column(origin, rows, &sides, &mut counts.failures));
            }
            out.push(batch);
        }
        let live = self.join.kept.iter();
        let sides = Side::BOTH.into_iter().zip(live);
        for (kept, (side, live)) in self.kept.iter_mut().zip(sides) {
            kept.tidy(live, || self.partners.places(side));
        }
    }
}

/// Builds a column of some pairs, whose records are `sides`.
fn column(origin: &ColumnSource, rows: &[Pair], sides: &[Picked<'_>; 2], failures: &mut Failures) -> Column<'static> {
    match origin {
        ColumnSource::One(side, slot) => sides[*side as usize].column(*slot),
        ColumnSource::Last(slot) => {
            let columns = sides.each_ref().map(|side| side.column(*slot));
            let last = |(row, of): (usize, &Pair)| columns[of.last as usize].get(row);
            rows.iter().enumerate().map(last).collect()
        }
        ColumnSource::Either([first, second], name) => {
            let (first, second) = (sides[0].column(*first), sides[1].column(*second));
            let mut column = ColumnBuilder::new(rows.len());
            for row in 0..rows.len() {
                column.push(match (first.get(row), second.get(row)) {
                    (ValueRef::Null, value) => value,
                    (value, other) => {
                        is_in_one(name.as_bytes(), other, failures);
                        value
                    }
                });
            }
            column.finish()
        }
        ColumnSource::Whole(wholes) => {
            let [first, second] = [0, 1].map(|side| {
                let (slot, dropped) = wholes[side].as_ref()?;
                Some((sides[side].column(*slot), dropped))
            });
            let merged = |row| {
                let mut fields = fields_of(&first, row);
                let both = |name: &[u8], _: &mut Value, value: Value| is_in_one(name, value.borrow(), failures);
                merge_fields(&mut fields, fields_of(&second, row), both);
                Value::Object(fields)
            };
            Column::Values((0..rows.len()).map(merged).collect())
        }
    }
}

/// Counts a failure if the second record has a field that the first one has, too.
fn is_in_one(name: &[u8], other: ValueRef<'_>, failures: &mut Failures) {
    if !matches!(other, ValueRef::Null) {
        let expected = format!("`{}` in only one of two records", String::from_utf8_lossy(name));
        failures.add("join", &expected, other);
    }
}

/// Returns the fields of an object; none if there is no object.
fn fields_of(whole: &Option<(Column<'_>, &Vec<String>)>, row: usize) -> Vec<ObjectField> {
    match whole.as_ref().map(|(objects, dropped)| (objects.get(row), dropped)) {
        Some((ValueRef::Object(fields), dropped)) => without_fields(fields, dropped),
        _ => Vec::new(),
    }
}

/// Maximum rows per batch of the result.
const BATCH_ROWS: usize = 1 << 14;

impl Operator for JoinOperator {
    fn held(&self) -> Option<HeldState> {
        let waiting: usize = Side::BOTH.into_iter().map(|side| self.partners.waiting(side)).sum();
        let contents = format!("{} keys with {waiting} records", self.partners.keys());
        Some(HeldState { stage: JOIN.entry.name, contents, can_forget: false })
    }

    fn begin(&mut self, limits: WatermarkConfig, written: &[SourceInfo]) {
        let input = self.join.input;
        let side = |source: &SourceInfo| side_of(source.input, input);
        self.time.begin(limits, written, side);
    }

    fn arrive(&mut self, arrival: Arrival) {
        self.arrival = arrival;
    }

    fn push(&mut self, batch: Batch<'static>, out: &mut Vec<Batch<'static>>, counts: &mut RecordCounts) {
        let side = side_of(self.arrival.input, self.join.input);
        if self.join.by_arrival {
            self.enter(batch, side, counts); // each record advances the time to its own arrival
            self.time.tick(self.arrival.read_ns);
            self.forget_both(counts);
        } else {
            self.time.tick(self.arrival.read_ns);
            self.forget_both(counts);
            self.enter(batch, side, counts);
        }
        self.give(out, counts);
    }

    fn mark(&mut self, mark: Punctuation, arrival: Arrival, out: &mut Vec<Batch<'static>>, counts: &mut RecordCounts) {
        self.time.mark(mark, arrival, side_of(arrival.input, self.join.input));
        self.forget_both(counts);
        self.give(out, counts);
    }

    fn finish(&mut self, out: &mut Vec<Batch<'static>>, counts: &mut RecordCounts) {
        for side in Side::BOTH {
            self.forget(side, Frontier::End, counts);
        }
        self.give(out, counts);
    }
}

/// Pairs are not saved: there are none between batches.
impl Stateful for JoinOperator {
    fn save_state(&self, out: &mut Vec<u8>) {
        debug_assert!(self.rows.is_empty(), "pairs are emitted with each batch");
        self.time.save_state(out);
        self.forgotten.iter().for_each(|time| time.save(out));
        self.order.save(out);
        self.given.save(out);
        (self.arrival.source as u64).save(out);
        (self.arrival.input as u64).save(out);
        self.arrival.read_ns.save(out);
        self.partners.save_keys(out);
        for side in Side::BOTH {
            let mut records = Vec::new();
            let ids = self.partners.save_side(side, &mut records);
            self.kept[side as usize].save(&ids, &self.join.kept[side as usize], out);
            out.extend(records);
        }
    }

    fn load_state(&mut self, input: &mut StateReader<'_>) -> Result<(), StateError> {
        let index = |input: &mut StateReader<'_>| usize::try_from(u64::load(input)?).map_err(|_| StateError::Damaged);
        self.time.load_state(input)?;
        self.forgotten = [i64::load(input)?, i64::load(input)?];
        self.order = u64::load(input)?;
        self.given = u64::load(input)?;
        self.arrival = Arrival { source: index(input)?, input: index(input)?, read_ns: i64::load(input)? };
        self.partners.load_keys(input)?;
        for side in Side::BOTH {
            let kept = &self.join.kept[side as usize];
            let is_sound = |batch: &Batch<'static>| {
                batch.slots().iter().all(|slot| kept.contains(slot))
                    && self.join.late_line.is_none_or(|line| batch.get(line).is_some())
            };
            let (rows, ids) = RowStore::load(input, SAVED_ROW_BYTES, is_sound)?;
            self.kept[side as usize] = rows;
            self.partners.load_side(side, &ids, self.order, input)?;
        }
        if self.partners.has_unique_orders() { Ok(()) } else { Err(StateError::Damaged) }
    }
}

impl HeapBytes for JoinOperator {
    fn heap_bytes(&self) -> usize {
        let rows = self.rows.capacity() * size_of::<Pair>();
        self.time.heap_bytes() + self.partners.heap_bytes() + self.kept.heap_bytes() + rows
    }
}

#[cfg(test)]
mod tests;
