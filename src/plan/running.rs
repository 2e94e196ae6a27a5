//! Binds `running sum(x) over 5 rows as total, … by KEY` to an ordered stage.

use std::sync::Arc;

use crate::aggregate::{ArgumentKind, RunningAggregate, RunningAggregation, RunningStates};
use crate::data::{Batch, Column, ColumnBuilder, Slot, SlotSet, Ternary, ValueRef};
use crate::expr::{BoundExpr, Rows, Scope, bind};
use crate::lang::arguments::Arguments;
use crate::lang::ast::Stage;
use crate::lang::clauses::{AggregateCall, aggregate_call, alias, keys};
use crate::lang::{Diagnostic, Diagnostics};
use crate::stage::{self, Account, Memory, Operator, OrderedStage, RowStage};

use super::aggregates::{BoundCall, bind_call, column_names, origin};

/// The steps that compute its inputs, and the stage.
type BoundRunning = (Vec<Box<dyn RowStage>>, Box<dyn OrderedStage>);

/// Binds the list; the scope after it has the aggregates as well.
pub(super) fn bind_running(stage: &Stage, scope: &mut Scope) -> Result<BoundRunning, Diagnostics> {
    let usage = stage::find("running").map_or("", |def| def.entry.usage);
    let said = |diagnostic: Diagnostic| Diagnostics::from(diagnostic.usage(usage));
    let mut arguments = Arguments::of(stage);
    let mut calls = Vec::new();
    loop {
        let mut call = aggregate_call(&mut arguments).map_err(said)?;
        let over = over(&mut arguments).map_err(said)?;
        if over.is_some() && call.alias.is_none() {
            call.alias = alias(&mut arguments).map_err(said)?;
        }
        calls.push((call, over));
        if !arguments.comma() {
            break;
        }
    }
    let by = keys(&mut arguments).map_err(said)?;
    let mut diagnostics = Diagnostics::default();
    if let Err(diagnostic) = arguments.finish(usage) {
        diagnostics.push(diagnostic);
    }
    let mut prepared = RunningInputs::default();
    let mut key_slots = Vec::new();
    for key in &by {
        if let Some(alias) = &key.alias {
            let message = "`running` adds only the aggregates: a key has no column to name";
            diagnostics.push(Diagnostic::new(alias.span, message));
        }
        match bind(key.expr, scope) {
            Ok(node) => key_slots.push(prepared.value(node, scope)),
            Err(found) => diagnostics.extend(found),
        }
    }
    let mut steps = vec![prepared];
    let mut bound: Vec<(Vec<String>, RunningAggregate)> = Vec::new();
    for (call, over) in &calls {
        let parts = bind_call(call, scope).and_then(|parts| reject_over(call, parts, *over));
        let parts = match parts {
            Ok(parts) => parts,
            Err(found) => {
                diagnostics.extend(found);
                continue;
            }
        };
        let names = column_names(call, parts.def);
        for name in &names {
            if bound.iter().any(|(others, _)| others.contains(name)) {
                let message = format!("two columns are named `{name}`");
                let diagnostic = Diagnostic::new(call.span, message);
                diagnostics.push(diagnostic.help("name one of them: … as other"));
            }
        }
        let (step, aggregate) = prepare(parts, *over, scope);
        steps.push(step);
        bound.push((names, aggregate));
    }
    if !diagnostics.is_empty() {
        return Err(diagnostics);
    }
    let may_fail = |(_, aggregate): &(Vec<String>, RunningAggregate)| {
        match aggregate.def.argument {
            ArgumentKind::Nothing | ArgumentKind::OptionalCondition => false,
            ArgumentKind::Value | ArgumentKind::ValueAnd(_) => !aggregate.def.ordered, // `first` and similar aggregates accept any value
            _ => true,
        }
    };
    let origin = origin(scope).filter(|_| bound.iter().any(may_fail));
    let named = |(names, mut aggregate): (Vec<String>, RunningAggregate)| {
        aggregate.slots = names.iter().map(|name| scope.set(name)).collect();
        aggregate
    };
    let aggregation = RunningAggregation {
        aggregates: bound.into_iter().map(named).collect(),
        keys: key_slots,
        forget: None,
        bounds: None,
        exact: false,
        origin,
    };
    let steps = steps.into_iter().filter(|step| !step.makes().is_empty());
    let steps = steps.map(|step| Box::new(step) as Box<dyn RowStage>);
    let running = RunningStage { aggregation: Arc::new(aggregation) };
    Ok((steps.collect(), Box::new(running)))
}

/// Reads an optional `over N rows`.
fn over(arguments: &mut Arguments<'_>) -> Result<Option<usize>, Diagnostic> {
    if !arguments.keyword("over") {
        return Ok(None);
    }
    let span = arguments.span_here();
    let (rows, _) = arguments
        .integer("a number of rows after `over`")
        .map_err(|diagnostic| diagnostic.help("write over 5 rows"))?;
    if rows == 0 {
        let diagnostic = Diagnostic::new(span, "`over 0 rows` covers no rows: expected at least 1");
        return Err(diagnostic.help("write over 5 rows"));
    }
    if !arguments.keyword("rows") && !arguments.keyword("row") {
        let diagnostic = arguments.expected(&format!("`rows` after `over {rows}`"));
        return Err(diagnostic.help(format!("write over {rows} rows")));
    }
    Ok(Some(usize::try_from(rows).unwrap_or(usize::MAX)))
}

/// Rejects `over` for aggregates that depend on the clock or the previous record.
fn reject_over(call: &AggregateCall<'_>, parts: BoundCall, over: Option<usize>) -> Result<BoundCall, Diagnostics> {
    let name = parts.def.entry.name;
    if over.is_none() || !(parts.def.running_only || parts.def.needs_duration) {
        return Ok(parts);
    }
    let message = format!("`{name}` cannot be limited to the last rows");
    let usage = parts.def.entry.usage;
    let help = match parts.def.running_only {
        true => format!("omit `over`: {usage}"), // the usage begins with `running`
        false => format!("omit `over`: running {usage}"),
    };
    Err(Diagnostics::from(Diagnostic::new(call.span, message).help(help)))
}

/// Returns the aggregate, without slots for its columns, and the step that computes its inputs.
fn prepare(parts: BoundCall, over: Option<usize>, scope: &Scope) -> (RunningInputs, RunningAggregate) {
    let mut step = RunningInputs::default();
    let condition = parts.condition.map(|node| {
        let slot = scope.new_slot();
        step.condition = Some((node, slot));
        slot
    });
    let arguments = parts.arguments.into_iter();
    let arguments = arguments.map(|node| step.value(node, scope)).collect();
    let aggregate =
        RunningAggregate { def: parts.def, arguments, condition, settings: parts.settings, over, slots: Vec::new() };
    (step, aggregate)
}

/// Computes the inputs of an aggregate on the workers: its condition, and its arguments where the condition is true.
#[derive(Default)]
struct RunningInputs {
    condition: Option<(BoundExpr, Slot)>,
    values: Vec<(BoundExpr, Slot)>,
}

impl RunningInputs {
    /// Returns the slot of an expression's value: its field, or a new column of this step.
    fn value(&mut self, node: BoundExpr, scope: &Scope) -> Slot {
        match node {
            BoundExpr::Field(slot, _) => slot,
            node => {
                let slot = scope.new_slot();
                self.values.push((node, slot));
                slot
            }
        }
    }
}

impl RowStage for RunningInputs {
    fn reads(&self, slots: &mut SlotSet) {
        let condition = self.condition.iter();
        let nodes = condition.chain(&self.values);
        nodes.for_each(|(node, _)| node.reads(slots));
    }

    fn makes(&self) -> Vec<Slot> {
        let condition = self.condition.iter();
        condition.chain(&self.values).map(|(_, slot)| *slot).collect()
    }

    fn only_makes(&self) -> bool {
        true
    }

    fn apply(&self, batch: &mut Batch<'_>, live: &SlotSet, account: &mut Account) {
        let mut made = Vec::new();
        let mut rows: Option<Vec<u32>> = None;
        if let Some((condition, slot)) = &self.condition {
            let truths = condition.truths(batch, Rows::All(batch.rows), &mut account.failures);
            let is_true = |row: &u32| truths[*row as usize] == Ternary::True;
            rows = Some((0..batch.rows as u32).filter(is_true).collect());
            made.push((*slot, Column::Bool(truths)));
        }
        for (node, slot) in &self.values {
            let column = match &rows {
                None => node.eval_all(batch, &mut account.failures).into_owned(),
                Some(rows) => {
                    let some = node.eval(batch, Rows::Some(rows), &mut account.failures);
                    scattered(&some, rows, batch.rows)
                }
            };
            made.push((*slot, column));
        }
        batch.retain(live);
        made.into_iter().for_each(|(slot, column)| batch.set(slot, column));
    }
}

/// Spreads the values of some rows over all rows, with null elsewhere.
fn scattered<'a>(some: &Column<'a>, rows: &[u32], all: usize) -> Column<'a> {
    if rows.len() == all {
        return some.clone();
    }
    let mut builder = ColumnBuilder::new(all);
    let mut values = rows.iter().enumerate().peekable();
    for row in 0..all as u32 {
        let value = values.next_if(|(_, own)| **own == row);
        builder.push(value.map_or(ValueRef::Null, |(index, _)| some.get(index)));
    }
    builder.finish()
}

/// The stage of `running` aggregates.
struct RunningStage {
    aggregation: Arc<RunningAggregation>,
}

impl OrderedStage for RunningStage {
    fn reads(&self, slots: &mut SlotSet) {
        self.aggregation.reads(slots);
    }

    fn keys(&self) -> Vec<Slot> {
        self.aggregation.keys.clone()
    }

    fn makes(&self) -> Vec<Slot> {
        let aggregates = self.aggregation.aggregates.iter();
        aggregates.flat_map(|aggregate| aggregate.slots.iter().copied()).collect()
    }

    fn is_blocking(&self) -> bool {
        false
    }

    fn is_stateful(&self) -> bool {
        true
    }

    fn remember(&mut self, memory: &Memory) {
        if let Some(aggregation) = Arc::get_mut(&mut self.aggregation) {
            aggregation.forget = memory.forget;
            aggregation.exact = memory.exact;
            aggregation.bounds = memory.bounds;
        }
    }

    fn memory(&self) -> String {
        match self.aggregation.keys.len() {
            0 => "one state".to_owned(),
            _ => "a state for each distinct key".to_owned(),
        }
    }

    fn reduce(&self, batch: &mut Batch<'_>, live: &SlotSet, _account: &mut Account) {
        let mut needed = live.clone();
        self.reads(&mut needed);
        batch.retain(&needed);
    }

    fn operator(&self, live: &SlotSet) -> Box<dyn Operator> {
        Box::new(RunningOperator { running: RunningStates::new(Arc::clone(&self.aggregation)), live: live.clone() })
    }
}

/// Adds the running results to each batch.
struct RunningOperator {
    running: RunningStates,
    live: SlotSet,
}

impl Operator for RunningOperator {
    fn push(&mut self, mut batch: Batch<'static>, out: &mut Vec<Batch<'static>>, account: &mut Account) {
        let results = self.running.push(&batch, &mut account.failures);
        batch.retain(&self.live);
        for (slot, column) in results {
            if self.live.contains(slot) {
                batch.set(slot, column);
            }
        }
        out.push(batch);
    }

    fn finish(&mut self, _out: &mut Vec<Batch<'static>>, _account: &mut Account) {}
}
