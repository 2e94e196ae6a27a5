//! Binds `count, sum(x) where c as total by y`.

use crate::aggregate::{self, Aggregation, ArgumentKind, BoundAggregate, Key, Ranking};
use crate::expr::scope::closest;
use crate::expr::{Node, Scope, bind, bind_condition};
use crate::lang::Mistake;
use crate::lang::arguments::Arguments;
use crate::lang::ast::Stage;
use crate::lang::clauses::{self, AggregateCall};

/// Binds the list; the scope behind it has the keys, then the aggregates.
pub(super) fn bind_aggregates(
    stage: &Stage,
    scope: &mut Scope,
) -> Result<Aggregation, Vec<Mistake>> {
    let mut arguments = Arguments::of_aggregates(stage);
    let list = clauses::aggregates(&mut arguments).map_err(|mistake| vec![mistake])?;
    let mut mistakes = Vec::new();
    let mut bound = Vec::new();
    let mut keys = Vec::new();
    for key in &list.keys {
        match bind(key.expr, scope) {
            Ok(node) => keys.push((key.column_name(), key.expr.span, node)),
            Err(found) => mistakes.extend(found),
        }
    }
    for call in &list.calls {
        match bind_call(call, scope) {
            Ok(parts) => bound.push((call.column_name(), call.span, parts)),
            Err(found) => mistakes.extend(found),
        }
    }
    if let Err(mistake) = arguments.finish("AGGREGATE, … [where COND] [as NAME] [by KEY, …]") {
        mistakes.push(mistake);
    }
    let names: Vec<_> = keys
        .iter()
        .map(|key| (&key.0, key.1))
        .chain(bound.iter().map(|one| (&one.0, one.1)))
        .collect();
    for (index, (name, span)) in names.iter().enumerate() {
        if names[..index].iter().any(|(other, _)| other == name) {
            mistakes.push(
                Mistake::new(*span, format!("two columns are named `{name}`"))
                    .help("name one of them: … as other"),
            );
        }
    }
    scope.clear();
    let keys = keys
        .into_iter()
        .map(|(name, _, node)| Key {
            node,
            slot: scope.set(&name),
        })
        .collect();
    let aggregates = bound
        .into_iter()
        .map(|(name, _, (def, argument, condition))| BoundAggregate {
            def,
            argument,
            condition,
            slot: scope.set(&name),
        })
        .collect();
    if mistakes.is_empty() {
        Ok(Aggregation {
            keys,
            aggregates,
            ranking: Ranking::default(),
        })
    } else {
        Err(mistakes)
    }
}

/// The aggregate, its argument and its condition.
type Parts = (&'static aggregate::AggregateDef, Option<Node>, Option<Node>);

fn bind_call(call: &AggregateCall<'_>, scope: &Scope) -> Result<Parts, Vec<Mistake>> {
    let name = &call.name;
    let Some(def) = aggregate::find(&name.text) else {
        return Err(vec![unknown_aggregate(call)]);
    };
    let mut condition = call
        .condition
        .map(|condition| bind_condition(condition, scope))
        .transpose()?;
    let usage = |message: String| {
        vec![Mistake::new(call.span, message).help(format!("usage: {}", def.entry.usage))]
    };
    let argument = match (def.argument, call.arguments) {
        (ArgumentKind::OptionalCondition, []) => None,
        (ArgumentKind::OptionalCondition, [counted]) => {
            let counted = bind_condition(counted, scope)?;
            condition = Some(match condition {
                Some(condition) => Node::And(Box::new(condition), Box::new(counted)),
                None => counted,
            });
            None
        }
        (ArgumentKind::Value, [argument]) => Some(bind(argument, scope)?),
        (ArgumentKind::Value, []) => {
            return Err(usage(format!("`{}` needs an argument", name.text)));
        }
        (_, many) => {
            return Err(usage(format!(
                "`{}` takes one argument, found {}",
                name.text,
                many.len()
            )));
        }
    };
    Ok((def, argument, condition))
}

fn unknown_aggregate(call: &AggregateCall<'_>) -> Mistake {
    let name = &call.name;
    let mistake = Mistake::new(name.span, format!("unknown aggregate `{}`", name.text));
    let names: Vec<&str> = aggregate::AGGREGATES
        .iter()
        .map(|def| def.entry.name)
        .collect();
    match closest(&name.text, &names) {
        Some(close) => mistake.help(format!("did you mean `{close}`?")),
        None => mistake.help(format!(
            "an aggregate is one of {}; keys stand behind `by`",
            names.join(", ")
        )),
    }
}
