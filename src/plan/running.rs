//! Binds `running sum(x) over 5 rows as total, … by KEY` to an ordered stage, and `overall sum(x) as total, … by KEY`.

use std::sync::Arc;

use crate::aggregate::{AggregateDef, ArgumentKind, RunningAggregate, RunningAggregation};
use crate::expr::{Scope, bind};
use crate::lang::arguments::Arguments;
use crate::lang::ast::Stage;
use crate::lang::clauses::{AggregateCall, aggregate_call, alias, keys};
use crate::lang::{Diagnostic, Diagnostics};
use crate::stage::{self, OrderedStage, OverallStage, RowStage, RunningInputs, RunningStage, duplicate_columns};

use super::aggregates::{BoundCall, bind_call, column_names, origin};

/// The steps that compute its inputs, and the stage.
type BoundRunning = (Vec<Box<dyn RowStage>>, Box<dyn OrderedStage>);

/// Binds the list; the scope after it has the aggregates as well.
pub(super) fn bind_running(stage: &Stage, scope: &mut Scope) -> Result<BoundRunning, Diagnostics> {
    let name = stage.head.as_word().unwrap_or("running");
    let usage = stage::find(name).map_or("", |def| def.entry.usage);
    let said = |diagnostic: Diagnostic| Diagnostics::from(diagnostic.usage(usage));
    let mut arguments = Arguments::of(stage);
    let calls = calls(&mut arguments, name).map_err(said)?;
    let by = keys(&mut arguments).map_err(said)?;
    let mut diagnostics = Diagnostics::default();
    if let Err(diagnostic) = arguments.finish(usage) {
        diagnostics.push(diagnostic);
    }
    let mut prepared = RunningInputs::default();
    let mut key_slots = Vec::new();
    for key in &by {
        if let Some(alias) = &key.alias {
            let message = format!("`{name}` adds only the aggregates: a key has no column to name");
            diagnostics.push(Diagnostic::new(alias.span, message));
        }
        match bind(key.expr, scope) {
            Ok(node) => key_slots.push(prepared.value(node, scope)),
            Err(found) => diagnostics.extend(found),
        }
    }
    let mut steps = vec![prepared];
    let mut bound: Vec<(Vec<String>, RunningAggregate)> = Vec::new();
    let mut columns = Vec::new();
    for (call, over) in &calls {
        let parts = bind_call(call, scope).and_then(|parts| match name {
            "overall" => reject_running(call, parts, *over),
            _ => reject_over(call, parts, *over),
        });
        let parts = match parts {
            Ok(parts) => parts,
            Err(found) => {
                diagnostics.extend(found);
                continue;
            }
        };
        let names = column_names(call, parts.def);
        columns.extend(names.iter().map(|name| (name.clone(), call.span)));
        let (step, aggregate) = prepare(parts, *over, scope);
        steps.push(step);
        bound.push((names, aggregate));
    }
    let columns = columns.iter().map(|(name, span)| (name.as_str(), *span));
    diagnostics.extend(duplicate_columns(columns, Some("name one of them: … as other")));
    if !diagnostics.is_empty() {
        return Err(diagnostics);
    }
    let origin = origin(scope).filter(|_| bound.iter().any(|(_, aggregate)| may_fail(aggregate.def)));
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
    let aggregation = Arc::new(aggregation);
    let ordered: Box<dyn OrderedStage> = match name {
        "overall" => Box::new(OverallStage::new(aggregation)),
        _ => Box::new(RunningStage::new(aggregation)),
    };
    Ok((steps.collect(), ordered))
}

/// Reads `agg [over N rows] {, agg [over N rows]}`; the alias may also follow `over`.
fn calls<'a>(arguments: &mut Arguments<'a>, name: &str) -> Result<Vec<(AggregateCall<'a>, Option<usize>)>, Diagnostic> {
    if arguments.is_done() || arguments.is_at_clause() {
        return Err(arguments.expected(&format!("an aggregate after `{name}`")));
    }
    let mut calls = Vec::new();
    loop {
        let mut call = aggregate_call(arguments)?;
        let over = over(arguments)?;
        if over.is_some() && call.alias.is_none() {
            call.alias = alias(arguments)?;
        }
        calls.push((call, over));
        if !arguments.comma() {
            return Ok(calls);
        }
    }
}

/// True if a value may not fit the aggregate.
fn may_fail(def: &AggregateDef) -> bool {
    match def.argument {
        ArgumentKind::Nothing | ArgumentKind::OptionalCondition => false,
        ArgumentKind::Value | ArgumentKind::ValueAnd(_) => !def.ordered, // `first` and similar aggregates accept any value
        _ => true,
    }
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

/// Rejects aggregates of the records before, which `overall` has not.
fn reject_running(call: &AggregateCall<'_>, parts: BoundCall, over: Option<usize>) -> Result<BoundCall, Diagnostics> {
    let name = parts.def.entry.name;
    let diagnostic = Diagnostic::new(
        call.span,
        match (parts.def.running_only, over) {
            (true, _) => format!("`{name}` refers to the records before, and `overall` to all records"),
            (false, Some(_)) => "`over` refers to the records before, and `overall` to all records".to_owned(),
            (false, None) => return Ok(parts),
        },
    );
    Err(Diagnostics::from(diagnostic.help("it belongs to the stage `running`")))
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
    let condition = parts.condition.map(|node| step.condition(node, scope));
    let arguments = parts.arguments.into_iter();
    let arguments = arguments.map(|node| step.value(node, scope)).collect();
    let aggregate =
        RunningAggregate { def: parts.def, arguments, condition, settings: parts.settings, over, slots: Vec::new() };
    (step, aggregate)
}
