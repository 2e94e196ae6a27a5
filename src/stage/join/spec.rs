//! The specification of a join: its condition, and the sources of its columns.

use super::super::{Operator, OrderedStage, OwnTime, RecordCounts, Side};
use super::key::JoinKind;
use super::operator::JoinOperator;
use crate::data::{Batch, Slot, SlotSet};
use crate::expr::United;
use crate::expr::scope::Whole;

/// The source of a column of pairs.
#[derive(Clone, Debug)]
pub(super) enum ColumnSource {
    /// A column of one side.
    One(Side, Slot),
    /// A column of the later record.
    Last(Slot),
    /// A column of the left side, or of the right side if that is null. The text is the field's name.
    Either([Slot; 2], String),
    /// The fields of both objects.
    Whole([Option<Whole>; 2]),
}

/// A join.
#[derive(Clone, Debug)]
pub struct JoinSpec {
    /// The slots of the key, and of the time if each record has one: the same for both sides.
    pub(super) key: Slot,
    pub(super) time: Option<Slot>,
    /// Time is the arrival.
    pub(super) by_arrival: bool,
    /// The stream's field that is probably its time.
    pub(super) field: Option<String>,
    pub(super) within_ns: i64,
    pub(super) late_ns: i64,
    pub(super) kind: JoinKind,
    /// Index of the input on the right side.
    pub(super) input: usize,
    /// The columns of pairs.
    pub(super) columns: Vec<(Slot, ColumnSource)>,
    /// By side, the slots to buffer.
    pub(super) kept: [SlotSet; 2],
    /// The slot of late records' lines, if they are kept.
    pub(super) late_line: Option<Slot>,
}

impl JoinSpec {
    /// Completes the join, given the slots `live` read after it. `line` is the slot of late records' lines, if they
    /// are kept.
    pub fn planned(mut self, united: &United, live: &SlotSet, line: Option<Slot>) -> JoinSpec {
        let mut rest = live.clone();
        for field in united.all_fields() {
            rest.remove(field.slot);
            let origin = match field.sides {
                [Some(first), Some(second)] if first == second => ColumnSource::Last(first),
                [Some(first), Some(second)] => ColumnSource::Either([first, second], field.name),
                [Some(first), None] => ColumnSource::One(Side::Left, first),
                [None, Some(second)] => ColumnSource::One(Side::Right, second),
                [None, None] => continue,
            };
            if live.contains(field.slot) {
                self.columns.push((field.slot, origin));
            }
        }
        if let Some((slot, sides)) = united.whole().filter(|(slot, _)| live.contains(*slot)) {
            rest.remove(slot);
            self.columns.push((slot, ColumnSource::Whole(sides)));
        }
        // Other slots are not fields: messages need them from the stream's records.
        let kept = rest.iter().map(|slot| (slot, ColumnSource::One(Side::Left, slot)));
        self.columns.extend(kept.collect::<Vec<_>>());
        self.late_line = line;
        for (side, kept) in Side::BOTH.into_iter().zip(&mut self.kept) {
            line.into_iter().for_each(|line| kept.insert(line));
            for (_, origin) in &self.columns {
                match origin {
                    ColumnSource::One(of, slot) if *of == side => kept.insert(*slot),
                    ColumnSource::One(..) => {}
                    ColumnSource::Last(slot) => kept.insert(*slot),
                    ColumnSource::Either(slots, _) => kept.insert(slots[side as usize]),
                    ColumnSource::Whole(sides) => {
                        let whole = sides[side as usize].iter();
                        whole.for_each(|(slot, _)| kept.insert(*slot));
                    }
                }
            }
        }
        self
    }

    /// The slots that the records of a side need before it.
    pub fn needed(&self, side: Side) -> SlotSet {
        let mut needed = self.kept[side as usize].clone();
        let by = [Some(self.key), self.time].into_iter().flatten();
        by.for_each(|slot| needed.insert(slot));
        needed
    }
}

impl OrderedStage for JoinSpec {
    fn reads(&self, slots: &mut SlotSet) {
        for side in Side::BOTH {
            self.needed(side).iter().for_each(|slot| slots.insert(slot));
        }
    }

    fn makes(&self) -> Vec<Slot> {
        self.columns.iter().map(|(slot, _)| *slot).collect()
    }

    fn is_blocking(&self) -> bool {
        false
    }

    fn gives_records(&self) -> bool {
        false
    }

    fn own_time(&self) -> OwnTime {
        match self.by_arrival {
            false => OwnTime::Event,
            true => OwnTime::Processing(self.field.clone()),
        }
    }

    fn memory(&self) -> String {
        "the records of each side until the other side's time has passed them".to_owned()
    }

    fn reduce(&self, batch: &mut Batch<'_>, _live: &SlotSet, _account: &mut RecordCounts) {
        let mut needed = SlotSet::default();
        self.reads(&mut needed); // of both sides: a worker need not know which it is
        batch.retain(&needed);
    }

    fn operator(&self, _live: &SlotSet) -> Box<dyn Operator> {
        Box::new(JoinOperator::new(self.clone()))
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A join on these slots whose right side is input 1.
    pub(in crate::stage) fn joined(
        (key, time): (Slot, Slot),
        (within_ns, late_ns): (i64, i64),
        kind: JoinKind,
        columns: Vec<(Slot, ColumnSource)>,
        kept: [SlotSet; 2],
    ) -> JoinSpec {
        JoinSpec {
            key,
            time: Some(time),
            by_arrival: false,
            field: None,
            within_ns,
            late_ns,
            kind,
            input: 1,
            columns,
            kept,
            late_line: None,
        }
    }
}
