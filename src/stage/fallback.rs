//! Fallbacks for an open decoder: fields that it does not find keep their earlier value, so that `json | json from
//! payload` adds and replaces fields.

use crate::data::{Column, ColumnBuilder, Slot, SlotSet, Value, ValueRef, merge_fields, without_fields};

/// The earlier values.
#[derive(Clone, Debug)]
pub(super) enum FieldFallback {
    /// The values of one field.
    Field(Slot),
    /// The fields of an object, except these names.
    Whole(Slot, Vec<String>),
}

impl FieldFallback {
    /// Adds the slot that is read.
    pub(super) fn reads(&self, slots: &mut SlotSet) {
        slots.insert(self.slot());
    }

    pub(super) fn slot(&self) -> Slot {
        match self {
            FieldFallback::Field(slot) | FieldFallback::Whole(slot, _) => *slot,
        }
    }

    /// Returns `newer`, completed by `older`.
    pub(super) fn under<'a>(&self, newer: Column<'a>, older: &Column<'a>) -> Column<'a> {
        match self {
            FieldFallback::Field(_) => coalesce(newer, older),
            FieldFallback::Whole(_, dropped) => merge(&newer, older, dropped),
        }
    }
}

/// Replaces nulls in `newer` by the values of `older`.
fn coalesce<'a>(newer: Column<'a>, older: &Column<'a>) -> Column<'a> {
    let is_null = |row: usize| newer.get(row).is_null();
    if (0..newer.len()).all(is_null) {
        return older.clone();
    }
    let mut rows = ColumnBuilder::new(newer.len());
    for row in 0..newer.len() {
        rows.push(match newer.get(row) {
            ValueRef::Null => older.get(row),
            value => value,
        });
    }
    rows.finish()
}

/// Merges objects: fields of `newer` replace those of `older` in place, or are appended.
fn merge<'a>(newer: &Column<'a>, older: &Column<'a>, dropped: &[String]) -> Column<'a> {
    let merged = |row| {
        let mut fields = match older.get(row) {
            ValueRef::Object(fields) => without_fields(fields, dropped),
            _ => Vec::new(),
        };
        if let ValueRef::Object(newer) = newer.get(row) {
            merge_fields(&mut fields, newer.to_vec(), |_, old, new| *old = new);
        }
        Value::Object(fields)
    };
    Column::Values((0..newer.len()).map(merged).collect())
}
