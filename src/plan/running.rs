//! Binds `running sum(x) over 5 rows as total, … by KEY` to an ordered stage, and `overall sum(x) as total, … by KEY`.

use std::sync::Arc;

use crate::aggregate::{ArgumentKind, Recent, RecentInterval, RunningAggregate, RunningAggregation};
use crate::data::{Slot, TimeSite};
use crate::expr::{Scope, bind, set_kind};
use crate::lang::arguments::Arguments;
use crate::lang::ast::Stage;
use crate::lang::clauses::{AggregateCall, AggregateItem, KeyClause, aggregate_item, alias, keys};
use crate::lang::{Diagnostic, Diagnostics};
use crate::stage::{
    self, OrderedStage, OverallStage, RecordTime, RowStage, RunningInputs, RunningStage, duplicate_columns,
};

use super::aggregates::{BoundCall, Operand, bind_computed, bind_listed, column_names, origin};
use super::items::{ItemBinder, ItemColumn, OverClause, ResolvedItems, computed_name};

/// A bound stage with the steps around it.
pub(super) struct BoundRunning {
    /// The steps that compute its inputs.
    pub(super) inputs: Vec<Box<dyn RowStage>>,
    pub(super) stage: Box<dyn OrderedStage>,
    /// The steps that compute with its results.
    pub(super) computed: Vec<Box<dyn RowStage>>,
}

/// Binds the list; the scope after it has the items as well.
pub(super) fn bind_running(stage: &Stage, scope: &mut Scope) -> Result<BoundRunning, Diagnostics> {
    let name = stage.head.as_word().unwrap_or("running");
    let usage = stage::find(name).map_or("", |def| def.entry.usage);
    let said = |diagnostic: Diagnostic| Diagnostics::from(diagnostic.usage(usage));
    let mut arguments = Arguments::of(stage);
    let items = items(&mut arguments, name).map_err(said)?;
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
    let items = ResolvedItems::of(items).unwrap_or_else(|found| {
        diagnostics.extend(found);
        ResolvedItems::default()
    });
    let mut inputs = vec![prepared];
    let mut times = RecordTimes::default();
    let mut aggregates: Vec<RunningAggregate> = Vec::new();
    for (index, (call, over)) in items.calls.iter().enumerate() {
        let parts = bind_listed(&items, index, scope).and_then(|parts| match name {
            "overall" => reject_running(call, parts, *over),
            _ => reject_over(call, parts, *over),
        });
        match parts.and_then(|parts| Ok((parts, times.recent(*over, scope)?))) {
            Ok((parts, over)) => {
                let (step, aggregate) = prepare(parts, over, scope);
                inputs.push(step);
                aggregates.push(aggregate);
            }
            Err(found) => diagnostics.extend(found),
        }
    }
    if !diagnostics.is_empty() {
        return Err(diagnostics);
    }
    let origin = origin(scope).filter(|_| aggregates.iter().any(may_fail));
    let computed = place_columns(&items, &mut aggregates, &by, scope)?;
    let aggregation =
        RunningAggregation { aggregates, keys: key_slots, forget: None, bounds: None, exact: false, origin };
    let inputs = inputs.into_iter().filter(|step| !step.makes().is_empty());
    let inputs = times.steps.into_iter().chain(inputs.map(|step| Box::new(step) as Box<dyn RowStage>));
    let aggregation = Arc::new(aggregation);
    let stage: Box<dyn OrderedStage> = match name {
        "overall" => Box::new(OverallStage::new(aggregation)),
        _ => Box::new(RunningStage::new(aggregation)),
    };
    Ok(BoundRunning { inputs: inputs.collect(), stage, computed })
}

/// Adds the columns of the items to the scope, in their order; returns the steps that compute some of them.
fn place_columns(
    items: &ResolvedItems<'_>,
    aggregates: &mut [RunningAggregate],
    by: &[KeyClause<'_>],
    scope: &mut Scope,
) -> Result<Vec<Box<dyn RowStage>>, Diagnostics> {
    let records = scope.clone();
    let mut columns = records.clone();
    columns.is_result = false; // a total needs all rows of the result
    let binder = ItemBinder { records: &records, columns, keys: by };
    let mut names = Vec::new();
    let mut pending = Vec::new();
    for column in &items.columns {
        match column {
            ItemColumn::Aggregate(index, item) => {
                let aggregate = &mut aggregates[*index];
                let own = column_names(item, aggregate.def);
                aggregate.slots = own.iter().map(|name| scope.set(name)).collect();
                if let [slot] = aggregate.slots[..] {
                    scope.set_repeated(item.expr, slot);
                }
                names.extend(own.into_iter().map(|name| (name, item.span)));
            }
            ItemColumn::Computed(item, operands) => {
                let name = computed_name(item);
                let slot = scope.set(&name);
                scope.set_repeated(item.expr, slot);
                names.push((name, item.span));
                pending.push((item, operands, slot));
            }
        }
    }
    let named = names.iter().map(|(name, span)| (name.as_str(), *span));
    let mut diagnostics: Diagnostics =
        duplicate_columns(named, Some("name one of them: … as other")).into_iter().collect();
    for aggregate in aggregates.iter_mut().filter(|aggregate| aggregate.slots.is_empty()) {
        aggregate.slots.push(scope.new_slot()); // only an operand
    }
    let mut steps: Vec<Box<dyn RowStage>> = Vec::new();
    for (item, operands, slot) in pending {
        let call = |index: &usize| ((&items.calls[*index].0, aggregates[*index].def), &aggregates[*index].slots);
        let operands: Vec<Operand<'_>> = operands.iter().map(call).collect();
        match bind_computed(item, &operands, &binder) {
            Ok(node) => {
                set_kind(scope, slot, &node);
                steps.push(stage::assign(node, slot));
            }
            Err(found) => diagnostics.extend(found),
        }
    }
    diagnostics.into_result(steps)
}

/// Reads `item [over N rows | over DUR [on FIELD]] {, …}`; the alias may also follow `over`.
fn items<'a>(
    arguments: &mut Arguments<'a>,
    name: &str,
) -> Result<Vec<(AggregateItem<'a>, Option<OverClause<'a>>)>, Diagnostic> {
    if arguments.is_done() || arguments.is_at_clause() {
        return Err(arguments.expected(&format!("an aggregate after `{name}`")));
    }
    let mut items = Vec::new();
    loop {
        let mut item = aggregate_item(arguments)?;
        let over = over(arguments)?;
        if over.is_some() && item.alias.is_none() {
            item.alias = alias(arguments)?;
        }
        items.push((item, over));
        if !arguments.comma() {
            return Ok(items);
        }
    }
}

/// True if a value may not fit the aggregate.
fn may_fail(aggregate: &RunningAggregate) -> bool {
    let def = aggregate.def;
    !aggregate.arguments.is_empty()
        && match def.argument {
            ArgumentKind::Value | ArgumentKind::ValueAnd(_) => !def.ordered, // `first` and similar ones accept any value
            _ => true,
        }
}

/// Reads an optional `over N rows` or `over DUR [on FIELD]`.
fn over<'a>(arguments: &mut Arguments<'a>) -> Result<Option<OverClause<'a>>, Diagnostic> {
    if !arguments.keyword("over") {
        return Ok(None);
    }
    let span = arguments.span_here();
    if let Ok((ns, _)) = arguments.duration("a duration") {
        if ns == 0 {
            let diagnostic = Diagnostic::new(span, "`over 0s` covers no records: expected a longer duration");
            return Err(diagnostic.help("write over 5m"));
        }
        let on = match arguments.keyword("on") {
            true => Some(arguments.expression("the field that holds the time")?),
            false => None,
        };
        return Ok(Some(OverClause::Interval { ns, on, span }));
    }
    let (rows, _) = arguments
        .integer("a number of rows or a duration after `over`")
        .map_err(|diagnostic| diagnostic.help("write over 5 rows, or over 5m"))?;
    if rows == 0 {
        let diagnostic = Diagnostic::new(span, "`over 0 rows` covers no rows: expected at least 1");
        return Err(diagnostic.help("write over 5 rows"));
    }
    if !arguments.keyword("rows") && !arguments.keyword("row") {
        let diagnostic = arguments.expected(&format!("`rows` after `over {rows}`"));
        return Err(diagnostic.help(format!("write over {rows} rows")));
    }
    Ok(Some(OverClause::Rows(usize::try_from(rows).unwrap_or(usize::MAX))))
}

/// The times of records that `over DUR` refers to.
#[derive(Default)]
struct RecordTimes {
    /// The steps that compute them.
    steps: Vec<Box<dyn RowStage>>,
    /// The texts of the expressions, and their slots.
    slots: Vec<(String, Slot)>,
}

impl RecordTimes {
    /// Binds a clause; equal times are computed once.
    fn recent(&mut self, over: Option<OverClause<'_>>, scope: &Scope) -> Result<Option<Recent>, Diagnostics> {
        let (ns, on, span) = match over {
            None => return Ok(None),
            Some(OverClause::Rows(rows)) => return Ok(Some(Recent::Rows(rows))),
            Some(OverClause::Interval { ns, on, span }) => (ns, on, span),
        };
        let Some(on) = on else {
            return match scope.arrival() {
                Some(time) => Ok(Some(Recent::Interval(RecentInterval { ns, time, is_ordered: true }))),
                None if scope.poisoned => Ok(None),
                None => Err(Diagnostics::from(
                    Diagnostic::new(span, "rows of a result have no arrival time")
                        .help("name the field that holds their time: over DUR on FIELD"),
                )),
            };
        };
        let text = on.to_string();
        let known = self.slots.iter().find(|(known, _)| *known == text);
        let time = match known {
            Some((_, slot)) => *slot,
            None => {
                let (node, slot) = (bind(on, scope)?, scope.new_slot());
                self.steps.push(Box::new(RecordTime { site: TimeSite::new(), node, slot, stage: "running" }));
                self.slots.push((text, slot));
                slot
            }
        };
        Ok(Some(Recent::Interval(RecentInterval { ns, time, is_ordered: false })))
    }
}

/// Rejects aggregates of the records before, which `overall` has not.
fn reject_running(
    call: &AggregateCall<'_>,
    parts: BoundCall,
    over: Option<OverClause<'_>>,
) -> Result<BoundCall, Diagnostics> {
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

/// Rejects `over` for aggregates of the previous record, and `over N rows` for those that depend on the clock.
fn reject_over(
    call: &AggregateCall<'_>,
    parts: BoundCall,
    over: Option<OverClause<'_>>,
) -> Result<BoundCall, Diagnostics> {
    let name = parts.def.entry.name;
    let usage = parts.def.entry.usage;
    let (message, help) = match over {
        Some(_) if parts.def.running_only => {
            (format!("`{name}` cannot be limited to the last records"), format!("omit `over`: {usage}")) // the usage begins with `running`
        }
        Some(OverClause::Rows(_)) if parts.def.needs_duration => {
            (format!("`{name}` cannot be limited to the last rows"), format!("write running {name} over 5m"))
        }
        _ => return Ok(parts),
    };
    Err(Diagnostics::from(Diagnostic::new(call.span, message).help(help)))
}

/// Returns the aggregate, without slots for its columns, and the step that computes its inputs.
fn prepare(parts: BoundCall, over: Option<Recent>, scope: &Scope) -> (RunningInputs, RunningAggregate) {
    let mut step = RunningInputs::default();
    let condition = parts.condition.map(|node| step.condition(node, scope));
    let arguments = parts.arguments.into_iter();
    let arguments = arguments.map(|node| step.value(node, scope)).collect();
    let aggregate =
        RunningAggregate { def: parts.def, arguments, condition, settings: parts.settings, over, slots: Vec::new() };
    (step, aggregate)
}
