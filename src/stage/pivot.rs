//! `pivot KEY [of VALUE, …]`: each value of KEY becomes a column.

use std::sync::Arc;

use super::let_::Assign;
use super::pivot_operator::{PivotOperator, PivotPlan};
use super::{BoundStage, Operator, OrderedStage, RecordCounts, RowStage, StageDef, StageRole, extract, flatten};
use crate::data::{Batch, Column, Entry, Example, Slot, SlotSet, Value, ValueRef, without_fields};
use crate::expr::{BoundExpr, Scope, bind as bind_expr, without};
use crate::lang::arguments::Arguments;
use crate::lang::ast::{Expr, ExprKind, Path};
use crate::lang::{Diagnostic, Diagnostics, ast, render};

pub(super) const PIVOT: StageDef = StageDef {
    entry: Entry {
        name: "pivot",
        usage: "pivot KEY [of VALUE, …]",
        summary: "Make a column of each value of KEY, which holds VALUE.",
        details: "VALUE is the last column unless `of` names it. Rows that agree in all other columns become one; \
                  rows are in the order of their first, the new columns come last, in the order of `sort`. Cells \
                  without a row are null; of several rows for a cell, the last counts. A column is named by the text \
                  of its value; with several VALUEs by VALUE_KEY, all columns of the first VALUE first. If another \
                  column has the name, `_` is added. In a window, its bounds are columns like the others.\n\nKEY may \
                  have at most 1000 different values: a pivot of more ends the run with an error. All rows of the \
                  result are held in memory. The opposite of unpivot.",
        examples: &[
            Example {
                expr: "-o csv 'csv as hour, status | count by hour, status | pivot status'",
                input: "10,200\n10,500\n10,200\n11,200\n",
                output: "hour,200,500\n10,2,1\n11,1,\n",
            },
            Example {
                expr: "csv as host, op, n, ms | pivot op of n, ms",
                input: "db1,r,5,10\ndb1,w,2,40\ndb2,r,7,11\n",
                output: "{\"host\":\"db1\",\"n_r\":\"5\",\"n_w\":\"2\",\"ms_r\":\"10\",\"ms_w\":\"40\"}\n\
                         {\"host\":\"db2\",\"n_r\":\"7\",\"n_w\":null,\"ms_r\":\"11\",\"ms_w\":null}\n",
            },
        ],
    },
    chooses_columns: true,
    role: StageRole::Ordinary,
    bind,
};

/// A field as an argument: its name, and the step that computes it, if it is not a column.
struct PivotField {
    name: String,
    path: Option<Path>,
    slot: Slot,
}

fn bind(stage: &ast::Stage, scope: &mut Scope) -> Result<BoundStage, Diagnostics> {
    let usage = PIVOT.entry.usage;
    let said = |diagnostic: Diagnostic| Diagnostics::from(diagnostic.usage(usage));
    let mut arguments = Arguments::of(stage);
    let mut computed: Vec<Box<dyn RowStage>> = Vec::new();
    let key_expr = arguments.expression("the field whose values become columns").map_err(said)?;
    let key = field(key_expr, scope, &mut computed)?;
    let mut values = Vec::new();
    if arguments.keyword("of") {
        loop {
            let expr = arguments.expression("a field after `of`").map_err(said)?;
            values.push(field(expr, scope, &mut computed)?);
            if !arguments.comma() {
                break;
            }
        }
    }
    arguments.finish(usage)?;
    if values.is_empty() {
        values.push(last_column(stage, &key, scope)?);
    }
    let printed = flatten::printed(scope);
    let is_used = |slot: Slot, name: &str| {
        let mut used = values.iter().chain([&key]);
        used.any(|field| field.slot == slot || field.path.is_some() && field.name == name)
    };
    let others: Vec<(String, Slot)> = printed
        .named
        .iter()
        .filter(|column| !is_used(column.slot, &column.name))
        .map(|column| (column.name.clone(), column.slot))
        .collect();
    let rest = scope.whole().map(|whole| {
        let to = scope.new_slot();
        let fields = values.iter().chain([&key]);
        let paths = fields.filter_map(|field| field.path.as_ref().map(Path::in_record)).collect();
        let named = printed.named.iter().map(|column| column.name.clone());
        let dropped = printed.dropped.iter().cloned().chain(named).collect();
        computed.push(Box::new(RestOfObject { whole, to, dropped, paths }));
        to
    });
    let made = scope.new_slot();
    let nests = scope.nests();
    scope.clear();
    others.iter().for_each(|(name, slot)| scope.set_slot(name, *slot));
    let fields = extract::open_objects(made, scope, nests);
    let plan = PivotPlan {
        key: key.slot,
        values: values.iter().map(|value| (value.name.clone().into_bytes(), value.slot)).collect(),
        names: others.iter().map(|(name, _)| name.clone().into_bytes()).collect(),
        others: others.iter().map(|(_, slot)| *slot).collect(),
        rest,
        made,
        refusal: refusal(stage, key_expr, scope),
    };
    Ok(BoundStage::deferred(move |binder| {
        binder.add(BoundStage::Ordered(computed, Box::new(Pivot { plan: Arc::new(plan) })))?;
        binder.add(BoundStage::Extract(fields))
    }))
}

/// Binds an argument, which must be a field.
fn field(expr: &Expr, scope: &Scope, computed: &mut Vec<Box<dyn RowStage>>) -> Result<PivotField, Diagnostics> {
    let path = match &expr.kind {
        ExprKind::Field(path) => Some(path.clone()),
        _ => None,
    };
    match (bind_expr(expr, scope)?, path) {
        (BoundExpr::Field(slot, name), path) => Ok(PivotField { name, path, slot }),
        (node, Some(path)) => {
            let slot = scope.new_slot();
            computed.push(Box::new(Assign { node, slot }));
            Ok(PivotField { name: path.label(), path: Some(path), slot })
        }
        (_, None) => {
            let diagnostic = Diagnostic::new(expr.span, format!("expected a field, found `{expr}`"));
            Err(Diagnostics::from(diagnostic.help(format!("compute it before: let k = {expr} | pivot k"))))
        }
    }
}

/// The last column, which is the value unless `of` names one.
fn last_column(stage: &ast::Stage, key: &PivotField, scope: &Scope) -> Result<PivotField, Diagnostics> {
    let is_open = scope.whole().is_some();
    let last = scope.printed().into_iter().rev().find(|field| field.slot != key.slot);
    match last.filter(|_| !is_open) {
        Some(field) => Ok(PivotField { name: field.name, path: None, slot: field.slot }),
        None if scope.poisoned => Ok(PivotField { name: String::new(), path: None, slot: key.slot }),
        None => {
            let message = match is_open {
                true => "the last column is known only from the data",
                false => "there is no other column for the values",
            };
            let help = format!("name the field that holds the values: {stage} of n");
            Err(Diagnostics::from(Diagnostic::new(stage.span, message).help(help)))
        }
    }
}

/// The error of a pivot with too many columns, which marks the key.
fn refusal(stage: &ast::Stage, key: &Expr, scope: &Scope) -> String {
    let message = format!("`{key}` has more than {} different values: too many columns", PivotPlan::MOST_COLUMNS);
    let help = format!("group the values first, as bin(x, 10) does, or keep the most frequent ones, before `{stage}`");
    let diagnostic = Diagnostic::new(key.span, message).help(help);
    let drawn = render(&[diagnostic], &scope.settings.text, None);
    drawn.trim_end().strip_prefix("bourn: ").unwrap_or(&drawn).to_owned()
}

/// Takes the fields that become columns, and those with columns of their own, out of objects.
struct RestOfObject {
    whole: Slot,
    to: Slot,
    dropped: Vec<String>,
    paths: Vec<Path>,
}

impl RowStage for RestOfObject {
    fn reads(&self, slots: &mut SlotSet) {
        slots.insert(self.whole);
    }

    fn makes(&self) -> Vec<Slot> {
        vec![self.to]
    }

    fn only_makes(&self) -> bool {
        true
    }

    fn apply(&self, batch: &mut Batch<'_>, live: &SlotSet, _counts: &mut RecordCounts) {
        let objects = batch.column(self.whole);
        let rest = |row| {
            let kept = match objects.get(row) {
                ValueRef::Object(fields) => Value::Object(without_fields(fields, &self.dropped)),
                other => other.to_value(),
            };
            self.paths.iter().fold(kept, |object, path| match path.0.len() {
                1 => match &object {
                    Value::Object(fields) => Value::Object(without_fields(fields, &[path.label()])),
                    _ => object,
                },
                _ => without(object.borrow(), &path.0),
            })
        };
        let rest = Column::Values((0..batch.rows).map(rest).collect());
        batch.retain(live);
        batch.set(self.to, rest);
    }
}

/// Makes a table of keys and columns.
struct Pivot {
    plan: Arc<PivotPlan>,
}

impl OrderedStage for Pivot {
    fn reads(&self, slots: &mut SlotSet) {
        self.plan.reads(slots);
    }

    fn makes(&self) -> Vec<Slot> {
        vec![self.plan.made]
    }

    fn is_blocking(&self) -> bool {
        true
    }

    fn gives_records(&self) -> bool {
        false
    }

    fn memory(&self) -> String {
        "all rows of the result, in memory".to_owned()
    }

    fn reduce(&self, batch: &mut Batch<'_>, _live: &SlotSet, _counts: &mut RecordCounts) {
        let mut needed = SlotSet::default();
        self.plan.reads(&mut needed);
        batch.retain(&needed);
    }

    fn operator(&self, _live: &SlotSet) -> Box<dyn Operator> {
        Box::new(PivotOperator::new(Arc::clone(&self.plan)))
    }
}
