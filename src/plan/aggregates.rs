//! Binds `count, sum(x) where c as total by y`.

use crate::aggregate::{
    self, AggregateDef, AggregateSettings, Aggregation, ArgumentKind, BoundAggregate, Constant, GroupKey, Ranking,
};
use crate::data::{Number, Value};
use crate::expr::{BoundExpr, Origin, Scope, bind, bind_condition, set_kind};
use crate::lang::arguments::Arguments;
use crate::lang::ast::{Expr, ExprKind, Span, Stage};
use crate::lang::clauses::{self, AggregateCall};
use crate::lang::suggest::did_you_mean;
use crate::lang::{Diagnostic, Diagnostics};
use crate::stage::duplicate_columns;

/// Binds the list; the scope after it has the keys, then the aggregates.
pub(super) fn bind_aggregates(stage: &Stage, scope: &mut Scope) -> Result<Aggregation, Diagnostics> {
    let mut arguments = Arguments::of_aggregates(stage);
    let list = clauses::aggregates(&mut arguments)?;
    let mut diagnostics = Diagnostics::default();
    let mut bound = Vec::new();
    let mut keys = Vec::new();
    for key in &list.keys {
        match bind(key.expr, scope) {
            Ok(node) => keys.push((key.column_name(), key.expr.span, node)),
            Err(found) => diagnostics.extend(found),
        }
    }
    for call in &list.calls {
        let parts = bind_call(call, scope).and_then(|parts| reject_running(call, parts));
        match parts {
            Ok(parts) => bound.push((column_names(call, parts.def), call, parts)),
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
    let key_names = keys.iter().map(|(name, span, _)| (name.as_str(), *span));
    let own_names = bound.iter().flat_map(|(names, call, _)| names.iter().map(|name| (name.as_str(), call.span)));
    diagnostics.extend(duplicate_columns(key_names.chain(own_names), Some("name one of them: … as other")));
    let origin = origin(scope);
    scope.clear();
    let keys = keys
        .into_iter()
        .map(|(name, _, node)| {
            let slot = scope.set(&name);
            set_kind(scope, slot, &node);
            GroupKey { node, slot }
        })
        .collect();
    let calls: Vec<(&AggregateCall<'_>, &'static AggregateDef)> =
        bound.iter().map(|(_, call, parts)| (*call, parts.def)).collect();
    let aggregates = bound
        .into_iter()
        .enumerate()
        .map(|(index, (names, _, parts))| BoundAggregate {
            def: parts.def,
            arguments: parts.arguments,
            condition: parts.condition,
            settings: parts.settings,
            shares: shares(&calls, index),
            slots: names.iter().map(|name| scope.set(name)).collect(),
        })
        .collect();
    if diagnostics.is_empty() {
        Ok(Aggregation { keys, aggregates, ranking: Ranking::default(), exact: false, origin })
    } else {
        Err(diagnostics)
    }
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
pub(super) fn column_names(call: &AggregateCall<'_>, def: &AggregateDef) -> Vec<String> {
    let Some(columns) = def.columns else {
        return vec![call.column_name()];
    };
    let label = |argument: &Expr| match &argument.kind {
        ExprKind::Field(path) => path.label(),
        _ => argument.to_string(),
    };
    let names = columns(&call.arguments.iter().map(label).collect::<Vec<_>>());
    match &call.alias {
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

pub(super) fn bind_call(call: &AggregateCall<'_>, scope: &Scope) -> Result<BoundCall, Diagnostics> {
    let name = &call.name;
    let Some(def) = aggregate::find(&name.text) else {
        return Err(Diagnostics::from(unknown_aggregate(call)));
    };
    let mut condition = call.condition.map(|condition| bind_condition(condition, scope)).transpose()?;
    let mut settings =
        AggregateSettings { name: name.text.clone(), column: call.column_name(), ..AggregateSettings::default() };
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
