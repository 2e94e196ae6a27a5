//! Replaces a field by a part of it, in the same position, even if the field is known only from the data.

use super::drop_::take_part;
use super::{RecordCounts, RowStage};
use crate::data::{Batch, Column, Names, RecordColumn, Slot, SlotSet, Value, ValueRef};
use crate::expr::{FieldLocation, Scope};
use crate::lang::ast::{Path, Span};

/// Replaces a field, or a part of one, by a new field; returns its slot and the steps that prepare the records.
pub(super) fn replace(scope: &mut Scope, (path, span): (&Path, Span), name: &str) -> (Slot, Vec<Box<dyn RowStage>>) {
    let old = path.label();
    let (slot, steps) = match part_of(scope, path, span) {
        Some(located) => {
            let steps = take_part(scope, path, &located);
            (scope.replace(&old, name), steps)
        }
        None => {
            let slot = scope.replace(&old, name);
            if old == name {
                return (slot, Vec::new());
            }
            let step = |whole| -> Box<dyn RowStage> {
                let (old, new) = (old.clone().into_bytes(), name.as_bytes().to_vec());
                Box::new(Rename { whole, old, new })
            };
            (slot, scope.whole().map(step).into_iter().collect())
        }
    };
    scope.give_way(path, name);
    (slot, steps)
}

/// Locates a path to a part of a field; `None` if it names a whole field.
fn part_of<'p>(scope: &Scope, path: &'p Path, span: Span) -> Option<FieldLocation<'p>> {
    let located = scope.locate(path, span).ok()?;
    if !located.inside.is_empty() {
        return Some(located);
    }
    let (first, inside) = path.0.split_first()?;
    let is_part = !inside.is_empty() && scope.nests() && !scope.has_column(&located.name);
    let field = Path(vec![first.clone()]);
    let of = is_part.then(|| scope.locate(&field, span).ok()).flatten()?;
    Some(FieldLocation { slot: of.slot, name: of.name, inside })
}

/// Renames a field of whole objects, so that the new field is printed there.
struct Rename {
    whole: Slot,
    old: Vec<u8>,
    new: Vec<u8>,
}

impl RowStage for Rename {
    fn reads(&self, slots: &mut SlotSet) {
        slots.insert(self.whole);
    }

    fn makes(&self) -> Vec<Slot> {
        vec![self.whole]
    }

    fn only_makes(&self) -> bool {
        true
    }

    fn apply(&self, batch: &mut Batch<'_>, live: &SlotSet, _account: &mut RecordCounts) {
        let objects = batch.column(self.whole);
        let replaced = match objects {
            Column::Record(record) => Column::Record(renamed_columns(record, &self.old, &self.new)),
            objects => {
                let rows = (0..batch.rows).map(|row| renamed(objects.get(row), &self.old, &self.new));
                Column::Values(rows.collect())
            }
        };
        batch.retain(live);
        batch.set(self.whole, replaced);
    }
}

/// Renames a field of an object and removes another field of that name.
fn renamed(object: ValueRef<'_>, old: &[u8], new: &[u8]) -> Value {
    let ValueRef::Object(fields) = object else {
        return object.to_value();
    };
    let has_old = fields.iter().any(|(name, _)| name == old);
    let kept = fields.iter().filter(|(name, _)| !has_old || name != new);
    let rename = |(name, value): &(Vec<u8>, Value)| match name == old {
        true => (new.to_vec(), Value::Null),
        false => (name.clone(), value.clone()),
    };
    Value::Object(kept.map(rename).collect())
}

/// The same for objects that share their fields.
fn renamed_columns<'a>(record: &RecordColumn<'a>, old: &[u8], new: &[u8]) -> RecordColumn<'a> {
    let has_old = record.names().iter().any(|name| name == old);
    let fields = record.names().iter().zip(record.columns());
    let kept = fields.filter(|(name, _)| !has_old || name.as_slice() != new);
    let rename = |(name, column): (&Vec<u8>, &Column<'a>)| match name == old {
        true => (new.to_vec(), column.clone()),
        false => (name.clone(), column.clone()),
    };
    let (names, columns): (Vec<Vec<u8>>, Vec<Column<'a>>) = kept.map(rename).unzip();
    RecordColumn::new(Names::from(names), columns, record.rows())
}
