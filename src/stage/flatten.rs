//! `flatten [SEP]`: nested objects become fields `a.b.c`.

use super::{BoundStage, RecordCounts, RowStage, StageDef, StageRole, extract};
use crate::data::{
    Batch, Column, Entry, Example, ObjectBuilder, OutputColumn, OutputColumns, Slot, SlotSet, Value, ValueRef,
};
use crate::expr::Scope;
use crate::lang::arguments::Arguments;
use crate::lang::{Diagnostic, Diagnostics, ast};

pub(super) const FLATTEN: StageDef = StageDef {
    entry: Entry {
        name: "flatten",
        usage: "flatten [SEP]",
        summary: "Make fields of nested objects: user.id, user.name.",
        details: "The names are joined by SEP (default `.`); in expressions, a name with another separator than the \
                  dot is one word or in back quotes. Lists and empty objects are kept as values. Of two fields of one \
                  name, the last one counts.",
        examples: &[
            Example {
                expr: "-o csv 'json | flatten'",
                input: "{\"id\":1,\"user\":{\"name\":\"ann\",\"at\":{\"x\":2}}}\n",
                output: "id,user.name,user.at.x\n1,ann,2\n",
            },
            Example {
                expr: "json | flatten '_' | where user_at_x > 1 | drop id",
                input: "{\"id\":1,\"user\":{\"name\":\"ann\",\"at\":{\"x\":2}}}\n",
                output: "{\"user_name\":\"ann\",\"user_at_x\":2}\n",
            },
        ],
    },
    chooses_columns: true,
    role: StageRole::Ordinary,
    bind,
};

fn bind(stage: &ast::Stage, scope: &mut Scope) -> Result<BoundStage, Diagnostics> {
    let usage = FLATTEN.entry.usage;
    let mut arguments = Arguments::of(stage);
    let mut separator = ".".as_bytes();
    if !arguments.is_done() {
        let (text, span) = arguments.text("a separator").map_err(|diagnostic: Diagnostic| diagnostic.usage(usage))?;
        if text.is_empty() {
            return Err(Diagnostics::from(Diagnostic::new(span, "the separator is empty").usage(usage)));
        }
        separator = text;
    }
    arguments.finish(usage)?;
    let columns = printed(scope);
    let made = scope.new_slot();
    scope.clear_printed();
    let fields = extract::open_objects(made, scope, false);
    let flatten = Flatten { columns, separator: separator.to_vec(), made };
    Ok(BoundStage::deferred(move |binder| {
        binder.add(BoundStage::Rows(vec![Box::new(flatten)]))?;
        binder.add(BoundStage::Extract(fields))
    }))
}

/// The fields of a scope as they would be printed.
pub(super) fn printed(scope: &Scope) -> OutputColumns {
    let fields = scope.printed();
    let front = fields.iter().take_while(|field| field.is_in_front).count();
    let column = |field: &crate::expr::Field| OutputColumn {
        name: field.name.clone(),
        slot: field.slot,
        is_key: false,
        is_bound: false,
    };
    let named = fields.iter().map(column).collect();
    OutputColumns { named, whole: scope.whole(), front, dropped: scope.dropped() }
}

/// Makes one object without nested ones of all fields.
struct Flatten {
    columns: OutputColumns,
    separator: Vec<u8>,
    made: Slot,
}

impl RowStage for Flatten {
    fn reads(&self, slots: &mut SlotSet) {
        self.columns.slots().for_each(|slot| slots.insert(slot));
    }

    fn makes(&self) -> Vec<Slot> {
        vec![self.made]
    }

    fn only_makes(&self) -> bool {
        true
    }

    fn apply(&self, batch: &mut Batch<'_>, live: &SlotSet, _counts: &mut RecordCounts) {
        let mut objects = Vec::with_capacity(batch.rows);
        let mut name = Vec::new();
        for row in 0..batch.rows {
            let mut flat = ObjectBuilder::default();
            for (field, value) in self.columns.fields(batch, row) {
                name.clear();
                name.extend_from_slice(field);
                self.add(&mut name, value, &mut flat);
            }
            objects.push(flat.finish());
        }
        batch.retain(live);
        batch.set(self.made, Column::Values(objects));
    }
}

impl Flatten {
    /// Adds a value, or the fields in it.
    fn add(&self, name: &mut Vec<u8>, value: ValueRef<'_>, flat: &mut ObjectBuilder) {
        let fields = match value {
            ValueRef::Object(fields) if !fields.is_empty() => fields,
            value => {
                let value: Value = value.to_value();
                return flat.set(name.clone(), value);
            }
        };
        let length = name.len();
        for (inner, value) in fields {
            name.extend_from_slice(&self.separator);
            name.extend_from_slice(inner);
            self.add(name, value.borrow(), flat);
            name.truncate(length);
        }
    }
}
