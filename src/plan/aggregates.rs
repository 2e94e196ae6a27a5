//! Binds `count, sum(x) where c as total by y`.

use crate::aggregate::{
    self, AggregateDef, AggregateSettings, Aggregation, ArgumentKind, BoundAggregate, ComputedColumn, Constant,
    FirstColumn, GroupKey, Ranking,
};
use crate::data::{Number, Slot, Value};
use crate::expr::{BoundExpr, Origin, Scope, bind, bind_condition, set_kind};
use crate::lang::arguments::Arguments;
use crate::lang::ast::{Expr, ExprKind, Span, Stage};
use crate::lang::clauses::{self, AggregateCall, AggregateItem, KeyClause};
use crate::lang::suggest::did_you_mean;
use crate::lang::{Diagnostic, Diagnostics};
use crate::stage::duplicate_columns;

use super::items::{ItemBinder, ItemColumn, ResolvedItems, computed_name};

/// Binds the list; the scope after it has the keys, then the items.
pub(super) fn bind_aggregates(stage: &Stage, scope: &mut Scope) -> Result<Aggregation, Diagnostics> {
    let mut arguments = Arguments::of_aggregates(stage);
    let list = clauses::aggregates(&mut arguments)?;
    let mut diagnostics = Diagnostics::default();
    let items = ResolvedItems::of(list.items.into_iter().map(|item| (item, None)).collect());
    let items = items.unwrap_or_else(|found| {
        diagnostics.extend(found);
        ResolvedItems::default()
    });
    let mut keys = Vec::new();
    for key in &list.keys {
        match bind(key.expr, scope) {
            Ok(node) => keys.push((key, node)),
            Err(found) => diagnostics.extend(found),
        }
    }
    let mut bound = Vec::new();
    for (index, (call, _)) in items.calls.iter().enumerate() {
        match bind_listed(&items, index, scope).and_then(|parts| reject_running(call, parts)) {
            Ok(parts) => bound.push(parts),
            Err(found) => diagnostics.extend(found),
        }
    }
    let usage = "AGGREGATE, … [where COND] [as NAME] [by KEY, …]";
    let finished = match list.keys.is_empty() {
        true => arguments.finish(usage),
        false => arguments.finish_keys(usage),
    };
    if let Err(diagnostic) = finished {
        diagnostics.push(diagnostic);
    }
    if !diagnostics.is_empty() {
        scope.clear();
        for key in &list.keys {
            scope.set(&key.column_name());
        }
        return Err(diagnostics);
    }
    let records = scope.clone();
    let origin = origin(scope);
    scope.clear();
    let keys = keys.into_iter().map(|(key, node)| set_key(key, node, scope)).collect();
    let mut columns = scope.clone();
    columns.is_result = false; // a total needs all rows of the result
    let binder = ItemBinder { records: &records, columns, keys: &list.keys };
    let placed = place_items(&items, bound, &binder, scope, &mut diagnostics);
    let key_names = list.keys.iter().map(|key| (key.column_name(), key.expr.span));
    let names: Vec<(String, Span)> = key_names.chain(placed.names).collect();
    let names = names.iter().map(|(name, span)| (name.as_str(), *span));
    diagnostics.extend(duplicate_columns(names, Some("name one of them: … as other")));
    let PlacedItems { aggregates, computed, first, .. } = placed;
    let aggregation =
        Aggregation { keys, aggregates, computed, first, ranking: Ranking::default(), exact: false, origin };
    diagnostics.into_result(aggregation)
}

/// Adds the column of a key, whose text later stages may repeat.
fn set_key(key: &KeyClause<'_>, node: BoundExpr, scope: &mut Scope) -> GroupKey {
    let slot = scope.set(&key.column_name());
    set_kind(scope, slot, &node);
    scope.set_repeated(key.expr, slot);
    GroupKey { node, slot }
}

/// Items with slots for their columns.
struct PlacedItems {
    aggregates: Vec<BoundAggregate>,
    computed: Vec<ComputedColumn>,
    first: FirstColumn,
    /// The names of the columns, each with the span of its item.
    names: Vec<(String, Span)>,
}

/// Adds the columns of the items to the scope, in their order, and binds those that are computed.
fn place_items(
    items: &ResolvedItems<'_>,
    bound: Vec<BoundCall>,
    binder: &ItemBinder<'_>,
    scope: &mut Scope,
    diagnostics: &mut Diagnostics,
) -> PlacedItems {
    let calls: Vec<(&AggregateCall<'_>, &'static AggregateDef)> =
        items.calls.iter().zip(&bound).map(|((call, _), parts)| (call, parts.def)).collect();
    let mut names = Vec::new();
    let mut slots: Vec<Vec<Slot>> = calls.iter().map(|_| Vec::new()).collect();
    let mut pending = Vec::new();
    for column in &items.columns {
        match column {
            ItemColumn::Aggregate(index, item) => {
                let own = column_names(item, calls[*index].1);
                slots[*index] = own.iter().map(|name| scope.set(name)).collect();
                if let [slot] = slots[*index][..] {
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
    for (slots, _) in slots.iter_mut().zip(&calls).filter(|(slots, _)| slots.is_empty()) {
        slots.push(scope.new_slot()); // only an operand
    }
    let mut computed = Vec::new();
    for (item, operands, slot) in pending {
        let operands: Vec<_> = operands.iter().map(|index| (calls[*index], &slots[*index])).collect();
        match bind_computed(item, &operands, binder) {
            Ok(node) => computed.push(ComputedColumn { node, slot }),
            Err(found) => diagnostics.extend(found),
        }
    }
    let first = match items.columns.first() {
        Some(ItemColumn::Computed(..)) => FirstColumn::Computed,
        _ => FirstColumn::Aggregate,
    };
    let shares: Vec<Option<usize>> = (0..calls.len()).map(|index| shares(&calls, index)).collect();
    let aggregates = bound.into_iter().zip(slots).zip(shares).enumerate();
    let aggregates = aggregates.map(|(index, ((parts, slots), shares))| BoundAggregate {
        def: parts.def,
        arguments: parts.arguments,
        condition: parts.condition,
        settings: parts.settings,
        shares,
        slots,
        is_operand: !items.is_item(index),
    });
    PlacedItems { aggregates: aggregates.collect(), computed, first, names }
}

/// An aggregate with the slots of its columns.
pub(super) type Operand<'o> = ((&'o AggregateCall<'o>, &'static AggregateDef), &'o Vec<Slot>);

/// Binds an item that computes with aggregates.
pub(super) fn bind_computed(
    item: &AggregateItem<'_>,
    operands: &[Operand<'_>],
    binder: &ItemBinder<'_>,
) -> Result<BoundExpr, Diagnostics> {
    let mut single = Vec::new();
    for ((call, def), slots) in operands {
        let (None, [slot]) = (def.columns, &slots[..]) else {
            let name = def.entry.name;
            let message = format!("`{name}` has several columns, and an operand is one value");
            let help = format!("compute with its columns in the next stage: {} | let …", call.expr);
            return Err(Diagnostics::from(Diagnostic::new(call.span, message).help(help)));
        };
        single.push((*call, *slot));
    }
    binder.bind(item, &single)
}

/// Returns the slots that identify the record of a row, if rows are records.
pub(super) fn origin(scope: &Scope) -> Option<Origin> {
    let (source, number) = scope.find("@source").zip(scope.find("@number"))?;
    Some(Origin { source, number })
}

/// Rejects aggregates that refer to the previous record.
fn reject_running(call: &AggregateCall<'_>, parts: BoundCall) -> Result<BoundCall, Diagnostics> {
    if !parts.def.running_only {
        return Ok(parts);
    }
    let name = &call.name.text;
    let message = format!("`{name}` refers to the previous record: use it with `running`");
    let help = format!("write {}", parts.def.entry.usage);
    Err(Diagnostics::from(Diagnostic::new(call.name.span, message).help(help)))
}

/// Returns the names of an aggregate's columns: one, or those of its table row, prefixed with `NAME_` if it has an
/// alias.
pub(super) fn column_names(item: &AggregateItem<'_>, def: &AggregateDef) -> Vec<String> {
    let (Some(columns), Some(call)) = (def.columns, item.call()) else {
        return vec![item.column_name()];
    };
    let label = |argument: &Expr| match &argument.kind {
        ExprKind::Field(path) => path.label(),
        _ => argument.to_string(),
    };
    let names = columns(&call.arguments.iter().map(label).collect::<Vec<_>>());
    match &item.alias {
        None => names,
        Some(alias) => names.into_iter().map(|name| format!("{}_{name}", alias.text)).collect(),
    }
}

/// Returns the index of the first earlier aggregate with the same states and arguments.
fn shares(calls: &[(&AggregateCall<'_>, &'static AggregateDef)], index: usize) -> Option<usize> {
    let (call, def) = calls[index];
    let family = def.shares_states?;
    let text = |call: &AggregateCall<'_>| {
        let value = call.arguments.first().map(Expr::to_string);
        (value, call.condition.map(Expr::to_string))
    };
    calls[..index]
        .iter()
        .position(|(other, other_def)| other_def.shares_states == Some(family) && text(other) == text(call))
}

/// A bound call of an aggregate.
pub(super) struct BoundCall {
    pub(super) def: &'static AggregateDef,
    pub(super) arguments: Vec<BoundExpr>,
    pub(super) condition: Option<BoundExpr>,
    pub(super) settings: AggregateSettings,
}

/// Binds the aggregate of this index.
pub(super) fn bind_listed(items: &ResolvedItems<'_>, index: usize, scope: &Scope) -> Result<BoundCall, Diagnostics> {
    let (call, _) = &items.calls[index];
    let column = items.item(index).map_or_else(|| call.column_name(), AggregateItem::column_name);
    bind_call(call, column, scope)
}

/// Binds an aggregate; `column` is the name of its column.
pub(super) fn bind_call(call: &AggregateCall<'_>, column: String, scope: &Scope) -> Result<BoundCall, Diagnostics> {
    let name = &call.name;
    let Some(def) = aggregate::find(&name.text) else {
        return Err(Diagnostics::from(unknown_aggregate(call)));
    };
    let mut condition = call.condition.map(|condition| bind_condition(condition, scope)).transpose()?;
    let mut settings = AggregateSettings { name: name.text.clone(), column, ..AggregateSettings::default() };
    if let (ArgumentKind::OptionalCondition, [counted]) = (def.argument, call.arguments) {
        let counted = bind_condition(counted, scope)?;
        condition = Some(match condition {
            Some(condition) => BoundExpr::And(Box::new(condition), Box::new(counted)),
            None => counted,
        });
    } else {
        check_arity(call, def)?;
    }
    if let ArgumentKind::NumberNamed(constant, of_name) = def.argument {
        settings.constant = of_name(&name.text).unwrap_or_default();
        if !(constant.fits)(settings.constant) {
            return Err(Diagnostics::from(unfit(&constant, def, name.span, &name.text)));
        }
    }
    let (_, most) = def.argument.values();
    let values = &call.arguments[..most.min(call.arguments.len())];
    if let Some(constant) = def.argument.constant() {
        settings.constant = match call.arguments.get(most) {
            Some(expr) => bind_constant(expr, &constant, def, call)?,
            None => constant.default.unwrap_or_default(),
        };
    }
    settings.arguments = values.len();
    let (mut arguments, mut diagnostics) = (Vec::new(), Diagnostics::default());
    for value in values {
        match bind_value(value, def, scope) {
            Ok(node) => arguments.push(node),
            Err(found) => diagnostics.extend(found),
        }
    }
    if !diagnostics.is_empty() {
        return Err(diagnostics);
    }
    Ok(BoundCall { def, arguments, condition, settings })
}

/// Checks the number of arguments.
fn check_arity(call: &AggregateCall<'_>, def: &AggregateDef) -> Result<(), Diagnostics> {
    let name = &call.name.text;
    let found = call.arguments.len();
    let (mut least, mut most) = def.argument.values();
    if let Some(constant) = def.argument.constant() {
        least += usize::from(constant.default.is_none());
        most += 1;
    }
    if matches!(def.argument, ArgumentKind::OptionalCondition) {
        most = 1;
    }
    if (least..=most).contains(&found) {
        return Ok(());
    }
    let plural = |count: usize| if count == 1 { "" } else { "s" };
    let message = match (found, least, most) {
        (0, 1, _) => format!("`{name}` needs an argument"),
        (_, _, 0) => format!("`{name}` takes no argument, found {found}"),
        (_, _, 1) => format!("`{name}` takes one argument, found {found}"),
        (_, least, most) if least == most => {
            format!("`{name}` takes {least} arguments, found {found}")
        }
        (_, least, usize::MAX) => format!("`{name}` takes at least {least} argument{}, found {found}", plural(least)),
        _ => format!("`{name}` takes {least} to {most} arguments, found {found}"),
    };
    Err(Diagnostics::from(Diagnostic::new(call.span, message).usage(def.entry.usage)))
}

/// Binds a constant argument.
fn bind_constant(
    expr: &Expr,
    constant: &Constant,
    def: &AggregateDef,
    call: &AggregateCall<'_>,
) -> Result<f64, Diagnostics> {
    let number = crate::expr::constant(expr)
        .and_then(|value| value.borrow().as_number())
        .map(Number::to_f64)
        .filter(|number| (constant.fits)(*number));
    let number = number.ok_or_else(|| unfit(constant, def, expr.span, &expr.to_string()))?;
    match constant.name {
        "q" if number > 0.0 && number < 1.0 => Err(Diagnostics::from(fraction(expr, number, call))),
        _ => Ok(number),
    }
}

/// `percentile(x, 0.95)`, a fraction as in other tools, would return nearly the smallest value; for that, write
/// `p0.95(x)`.
fn fraction(expr: &Expr, q: f64, call: &AggregateCall<'_>) -> Diagnostic {
    let percent = (q * 1e8).round() / 1e6;
    let value = call.arguments.first().map_or("x".to_owned(), Expr::to_string);
    let message = format!("`{expr}` is less than one percent: q goes from 0 to 100");
    let help = format!("write {}({value}, {percent})", call.name.text);
    Diagnostic::new(expr.span, message).help(help)
}

fn unfit(constant: &Constant, def: &AggregateDef, span: Span, found: &str) -> Diagnostic {
    let Constant { name, expected, .. } = constant;
    Diagnostic::new(span, format!("expected {expected} as {name}, found `{found}`")).usage(def.entry.usage)
}

/// Binds an aggregated expression; a constant of the wrong type is an error.
fn bind_value(expr: &Expr, def: &AggregateDef, scope: &Scope) -> Result<BoundExpr, Diagnostics> {
    if let ArgumentKind::Condition = def.argument {
        return bind_condition(expr, scope);
    }
    let node = bind(expr, scope)?;
    match &node {
        BoundExpr::Constant(value)
            if def.argument.is_numeric() && *value != Value::Null && value.borrow().as_number().is_none() =>
        {
            let message = format!("expected a number, found `{expr}`");
            Err(Diagnostics::from(Diagnostic::new(expr.span, message).usage(def.entry.usage)))
        }
        _ => Ok(node),
    }
}

/// Guesses the intended name when `typed` is not in `names`: its lower case, a percentile in another spelling, the
/// aggregate of another tool, or the closest name.
pub(super) fn meant(typed: &str, names: &[&str]) -> Option<String> {
    let lower = typed.to_lowercase();
    let is_named = |name: &str| names.contains(&name) || is_aggregate(name);
    if is_named(&lower) {
        return Some(lower);
    }
    percentile(&lower)
        .or(super::foreign_verbs::aggregate(typed).map(str::to_owned))
        .or(did_you_mean(typed, names).map(str::to_owned))
}

/// True if an aggregate has this name, with a valid constant in it.
fn is_aggregate(name: &str) -> bool {
    aggregate::find(name).is_some_and(|def| match def.argument {
        ArgumentKind::NumberNamed(constant, of_name) => of_name(name).is_some_and(constant.fits),
        _ => true,
    })
}

/// Returns `p95` for `p_95`, `pct95`, `perc95`, `percentile95`, `q95`, `95p`, `p95th`.
pub(super) fn percentile(typed: &str) -> Option<String> {
    let is_digit = |c: char| c.is_ascii_digit() || c == '.';
    let start = typed.find(is_digit)?;
    let (before, rest) = typed.split_at(start);
    let (digits, after) = rest.split_at(rest.find(|c| !is_digit(c)).unwrap_or(rest.len()));
    let word = [before.trim_end_matches('_'), after.trim_start_matches('_')].concat();
    let name = format!("p{digits}");
    let is_meant = matches!(
        word.as_str(),
        "p" | "pc" | "pct" | "perc" | "percent" | "percentile" | "pth" | "q" | "quantile" | "px" | "th"
    );
    (is_meant && is_aggregate(&name)).then_some(name)
}

fn unknown_aggregate(call: &AggregateCall<'_>) -> Diagnostic {
    let name = &call.name;
    let diagnostic = Diagnostic::new(name.span, format!("unknown aggregate `{}`", name.text));
    let names: Vec<&str> = aggregate::AGGREGATES.iter().map(|def| def.entry.name).collect();
    match meant(&name.text, &names) {
        Some(close) => diagnostic.did_you_mean(&close),
        None => diagnostic.help(format!("an aggregate is one of {}; keys follow `by`", names.join(", "))),
    }
}
