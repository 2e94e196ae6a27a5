//! The fields of objects that a stage made, such as `flatten` and `pivot`: their names are known only from the data.

use super::fallback::FieldFallback;
use super::{RecordCounts, RowStage};
use crate::data::{Batch, Column, Slot, SlotSet, ValueRef};
use crate::decode::{FieldSeen, Wanted};
use crate::expr::follow;
use crate::lang::ast::Path;

/// Makes columns of the fields that are read.
pub(super) struct TakeFields {
    /// The slot of the objects.
    pub(super) from: Slot,
    pub(super) wanted: Vec<Wanted>,
    /// For each wanted field its slot, and the fallback for objects without it.
    pub(super) slots: Vec<(Slot, Option<FieldFallback>)>,
}

impl RowStage for TakeFields {
    fn reads(&self, slots: &mut SlotSet) {
        slots.insert(self.from);
        self.slots.iter().filter_map(|(_, older)| older.as_ref()).for_each(|older| older.reads(slots));
    }

    fn makes(&self) -> Vec<Slot> {
        self.slots.iter().map(|(slot, _)| *slot).collect()
    }

    fn only_makes(&self) -> bool {
        true
    }

    fn apply(&self, batch: &mut Batch<'_>, live: &SlotSet, _counts: &mut RecordCounts) {
        let objects = batch.column(self.from);
        let mut made = Vec::with_capacity(self.slots.len());
        for (wanted, (slot, older)) in self.wanted.iter().zip(&self.slots) {
            let column = match wanted {
                Wanted::Whole => objects.clone(),
                Wanted::Field(path, seen) => {
                    if batch.rows > 0 {
                        seen.set_looked_for();
                    }
                    field(objects, path, seen)
                }
            };
            let column = match older {
                Some(older) => older.under(column, batch.column(older.slot())),
                None => column,
            };
            made.push((*slot, column));
        }
        batch.retain(live);
        made.into_iter().for_each(|(slot, column)| batch.set(slot, column));
    }
}

/// The values of one field.
fn field<'a>(objects: &Column<'a>, path: &Path, seen: &FieldSeen) -> Column<'a> {
    let name = path.label().into_bytes();
    if let Column::Record(record) = objects
        && let Some(index) = record.names().iter().position(|other| *other == name)
    {
        seen.set();
        return record.columns()[index].clone();
    }
    let value = |row| {
        let object = objects.get(row);
        let found = match object {
            ValueRef::Object(fields) => fields.iter().find(|(other, _)| *other == name),
            _ => None,
        };
        if found.is_some() {
            seen.set();
        }
        let inner = || Some(follow(object, &path.0)).filter(|value| path.0.len() > 1 && !value.is_null());
        match found {
            Some((_, value)) => value.borrow(),
            None => inner().inspect(|_| seen.set()).unwrap_or(ValueRef::Null),
        }
    };
    let column: Column<'static> = (0..objects.len()).map(value).collect();
    column
}
