//! `unpivot A, B as NAME, VALUE`: one record for each of the fields that is there.

use super::{BoundStage, RecordCounts, RowStage, StageDef, StageRole};
use crate::data::{Batch, Column, ColumnBuilder, Entry, Example, Slot, SlotSet, Value, ValueRef};
use crate::expr::{BoundExpr, Scope, bind_field, without};
use crate::lang::arguments::Arguments;
use crate::lang::ast::{Name, Path, Span};
use crate::lang::{Diagnostic, Diagnostics, ast};

pub(super) const UNPIVOT: StageDef = StageDef {
    entry: Entry {
        name: "unpivot",
        usage: "unpivot A, B, … as NAME, VALUE",
        summary: "Make one record for each of the fields: its name and its value.",
        details: "The fields are replaced by NAME and VALUE, in the position of the first one; the others are \
                  repeated. A field that is null or missing gives no record. The opposite of pivot.",
        examples: &[Example {
            expr: "csv as host, reads, writes | unpivot reads, writes as kind, n",
            input: "db1,5,2\ndb2,7,0\n",
            output: "db1\treads\t5\ndb1\twrites\t2\ndb2\treads\t7\ndb2\twrites\t0\n",
        }],
    },
    chooses_columns: true,
    role: StageRole::Ordinary,
    bind,
};

fn bind(stage: &ast::Stage, scope: &mut Scope) -> Result<BoundStage, Diagnostics> {
    let (fields, names) = read(stage)?;
    let mut diagnostics = Diagnostics::default();
    let mut nodes = Vec::new();
    for (path, span) in &fields {
        match bind_field(path, *span, scope) {
            Ok(node) => nodes.push((path.label().into_bytes(), node)),
            Err(diagnostic) => diagnostics.push(diagnostic),
        }
    }
    let old: Vec<String> = fields.iter().map(|(path, _)| path.label()).collect();
    let [name, value] = &names;
    if name.text == value.text {
        diagnostics.push(Diagnostic::new(value.span, format!("two fields are named `{}`", value.text)));
    }
    for new in &names {
        if scope.has_column(&new.text) && !old.contains(&new.text) {
            let message = format!("there is a field `{}` already", new.text);
            diagnostics.push(Diagnostic::new(new.span, message).help("choose another name"));
        }
    }
    if !diagnostics.is_empty() {
        return Err(diagnostics);
    }
    let mut stages: Vec<Box<dyn RowStage>> = Vec::new();
    if let Some(whole) = scope.whole() {
        let paths = fields.iter().map(|(path, _)| path.in_record()).collect();
        let names = names.each_ref().map(|name| name.text.clone().into_bytes());
        stages.push(Box::new(MakeRoom { whole, paths, names }));
    }
    let slots = scope.replace_several(&old, [&name.text, &value.text]);
    for (path, _) in &fields {
        scope.give_way(path, &name.text);
    }
    stages.push(Box::new(Unpivot { nodes, slots }));
    Ok(BoundStage::Rows(stages))
}

/// Fields with their places.
type PlacedPaths<'a> = Vec<(&'a Path, Span)>;

fn read(stage: &ast::Stage) -> Result<(PlacedPaths<'_>, [Name; 2]), Diagnostic> {
    let usage = UNPIVOT.entry.usage;
    let said = |diagnostic: Diagnostic| diagnostic.usage(usage);
    let mut arguments = Arguments::of(stage);
    let mut fields = vec![arguments.field("a field").map_err(said)?];
    while arguments.comma() {
        fields.push(arguments.field("a field").map_err(said)?);
    }
    if !arguments.keyword("as") {
        return Err(said(arguments.expected("`as` and the names of the two new fields")));
    }
    let name = arguments.name("the name of the field for names").map_err(said)?;
    if !arguments.comma() {
        return Err(said(arguments.expected("`,` and the name of the field for values")));
    }
    let value = arguments.name("the name of the field for values").map_err(said)?;
    arguments.finish(usage)?;
    Ok((fields, [name, value]))
}

/// Makes a row of each field of a row.
struct Unpivot {
    nodes: Vec<(Vec<u8>, BoundExpr)>,
    /// The slots of the name and the value.
    slots: [Slot; 2],
}

impl RowStage for Unpivot {
    fn reads(&self, slots: &mut SlotSet) {
        self.nodes.iter().for_each(|(_, node)| node.reads(slots));
    }

    fn makes(&self) -> Vec<Slot> {
        self.slots.to_vec()
    }

    fn explodes(&self) -> bool {
        true
    }

    fn apply(&self, batch: &mut Batch<'_>, live: &SlotSet, counts: &mut RecordCounts) {
        let columns = self.nodes.iter().map(|(_, node)| node.eval_all(batch, &mut counts.failures).into_owned());
        let columns: Vec<Column<'_>> = columns.collect();
        counts.explode(batch.rows);
        let rows = batch.rows * self.nodes.len();
        let (mut names, mut values) = (ColumnBuilder::new(rows), ColumnBuilder::new(rows));
        let mut parents = Vec::with_capacity(rows);
        for row in 0..batch.rows {
            for ((name, _), column) in self.nodes.iter().zip(&columns) {
                let value = column.get(row);
                if !value.is_null() {
                    names.push(ValueRef::Text(name));
                    values.push(value);
                    parents.push(row as u32);
                }
            }
        }
        batch.retain(live);
        batch.keep_rows(&parents, live);
        batch.set(self.slots[0], names.finish());
        batch.set(self.slots[1], values.finish());
    }
}

/// Replaces fields of whole objects by the new ones, where these are printed.
struct MakeRoom {
    whole: Slot,
    paths: Vec<Path>,
    names: [Vec<u8>; 2],
}

impl RowStage for MakeRoom {
    fn reads(&self, slots: &mut SlotSet) {
        slots.insert(self.whole);
    }

    fn makes(&self) -> Vec<Slot> {
        vec![self.whole]
    }

    fn only_makes(&self) -> bool {
        true
    }

    fn apply(&self, batch: &mut Batch<'_>, live: &SlotSet, _counts: &mut RecordCounts) {
        let objects = batch.column(self.whole);
        let made = (0..batch.rows).map(|row| self.object(objects.get(row))).collect();
        batch.retain(live);
        batch.set(self.whole, Column::Values(made));
    }
}

impl MakeRoom {
    fn object(&self, object: ValueRef<'_>) -> Value {
        let ValueRef::Object(fields) = object else {
            return object.to_value();
        };
        let is_replaced = |name: &[u8]| self.paths.iter().any(|path| path.label().as_bytes() == name);
        let place = fields.iter().position(|(name, _)| is_replaced(name));
        let mut made: Vec<(Vec<u8>, Value)> = Vec::with_capacity(fields.len() + 1);
        let new = || self.names.iter().map(|name| (name.clone(), Value::Null));
        for (index, (name, value)) in fields.iter().enumerate() {
            if Some(index) == place {
                made.extend(new());
            }
            if !is_replaced(name) && !self.names.contains(name) {
                made.push((name.clone(), value.clone()));
            }
        }
        let nested = self.paths.iter().filter(|path| path.0.len() > 1);
        nested.fold(Value::Object(made), |object, path| without(object.borrow(), &path.0))
    }
}
