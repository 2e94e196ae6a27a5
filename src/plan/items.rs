//! Resolves the items of a list of aggregates: which of their calls are aggregates, and what is computed from these.
//!
//! Equal aggregates are computed once, whichever items they are operands of.

use crate::aggregate;
use crate::data::Slot;
use crate::expr::{BoundExpr, Scope, bind, functions};
use crate::lang::ast::{Expr, ExprKind, Span, Stage};
use crate::lang::clauses::{AggregateCall, AggregateItem, KeyClause, expected_aggregate};
use crate::lang::{BARE_OPERANDS, Diagnostic, Diagnostics};

/// The aggregates of a list of items. Those that are items by themselves come first.
#[derive(Default)]
pub(super) struct ResolvedItems<'a> {
    /// The aggregates, each with the limit of its item to the last records.
    pub(super) calls: Vec<(AggregateCall<'a>, Option<OverClause<'a>>)>,
    /// The columns in the order of the items.
    pub(super) columns: Vec<ItemColumn<'a>>,
}

/// The last records that an item is limited to.
#[derive(Clone, Copy)]
pub(super) enum OverClause<'a> {
    /// `over N rows`.
    Rows(usize),
    /// `over DUR [on FIELD]`.
    Interval {
        /// Nanoseconds.
        ns: i64,
        /// The time of a record; arrival without it.
        on: Option<&'a Expr>,
        /// The duration.
        span: Span,
    },
}

impl PartialEq for OverClause<'_> {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Rows(rows), Self::Rows(others)) => rows == others,
            (Self::Interval { ns, on, .. }, Self::Interval { ns: other_ns, on: other_on, .. }) => {
                ns == other_ns && on.map(Expr::to_string) == other_on.map(Expr::to_string)
            }
            _ => false,
        }
    }
}

/// The source of an item's column.
pub(super) enum ItemColumn<'a> {
    /// The item is the aggregate of this index.
    Aggregate(usize, AggregateItem<'a>),
    /// The item is an expression; its operands are the aggregates of these indices.
    Computed(AggregateItem<'a>, Vec<usize>),
}

impl<'a> ResolvedItems<'a> {
    /// Finds the aggregates of items, each of which may be limited to the last records.
    pub(super) fn of(
        items: Vec<(AggregateItem<'a>, Option<OverClause<'a>>)>,
    ) -> Result<ResolvedItems<'a>, Diagnostics> {
        let mut resolved = ResolvedItems::default();
        let mut diagnostics = Diagnostics::default();
        let mut computed = Vec::new();
        for (item, over) in items {
            match item.call() {
                Some(call) if !computes(item.expr) => {
                    resolved.columns.push(ItemColumn::Aggregate(resolved.calls.len(), item));
                    resolved.calls.push((call, over));
                }
                _ if has_aggregate(item.expr) => {
                    computed.push((resolved.columns.len(), over));
                    resolved.columns.push(ItemColumn::Computed(item, Vec::new()));
                }
                _ => diagnostics.push(expected_aggregate(item.expr)),
            }
        }
        for (place, over) in computed {
            if let ItemColumn::Computed(item, operands) = &mut resolved.columns[place] {
                let mut found = Vec::new();
                find_operands(item.expr, &mut found);
                let calls = found.into_iter().filter_map(|expr| AggregateCall::of(expr, item.condition));
                for call in calls {
                    let is_same = |(known, limit): &(AggregateCall<'a>, Option<OverClause<'a>>)| {
                        *limit == over && is_equal(known, &call)
                    };
                    operands.push(resolved.calls.iter().position(is_same).unwrap_or_else(|| {
                        resolved.calls.push((call, over));
                        resolved.calls.len() - 1
                    }));
                }
            }
        }
        diagnostics.into_result(resolved)
    }

    /// True if an aggregate is an item, and not only an operand.
    pub(super) fn is_item(&self, index: usize) -> bool {
        self.columns.iter().any(|column| matches!(column, ItemColumn::Aggregate(of, _) if *of == index))
    }

    /// Returns the item of an aggregate, if it is one.
    pub(super) fn item(&self, index: usize) -> Option<&AggregateItem<'a>> {
        self.columns.iter().find_map(|column| match column {
            ItemColumn::Aggregate(of, item) if *of == index => Some(item),
            _ => None,
        })
    }
}

/// True if two aggregates have the same results.
fn is_equal(one: &AggregateCall<'_>, other: &AggregateCall<'_>) -> bool {
    let condition = |call: &AggregateCall<'_>| call.condition.map(Expr::to_string);
    one.expr.to_string() == other.expr.to_string() && condition(one) == condition(other)
}

/// The name of the column of an expression with aggregates: the alias, otherwise the canonical text.
pub(super) fn computed_name(item: &AggregateItem<'_>) -> String {
    match (&item.alias, item.condition) {
        (Some(alias), _) => alias.text.clone(),
        (None, None) => item.expr.to_string(),
        (None, Some(condition)) => format!("{} where {condition}", item.expr),
    }
}

/// True if a stage that begins with this expression is a list of aggregates: it computes with at least one.
pub(super) fn begins_items(head: &Expr) -> bool {
    let is_known = |name: &str| functions::find(name).is_some();
    match &head.kind {
        ExprKind::Call(name, _) => is_known(&name.text) && has_aggregate(head),
        _ => head.as_word().is_none() && has_aggregate(head),
    }
}

/// True for a condition that was probably meant for `where`: its only aggregates are words that are columns of results,
/// and it is the whole stage.
pub(super) fn is_bare_condition(stage: &Stage) -> bool {
    let is_condition = match &stage.head.kind {
        ExprKind::Binary(op, ..) => !op.calculates(),
        ExprKind::In(..) | ExprKind::InList(..) => true,
        _ => false,
    };
    let mut found = Vec::new();
    find_operands(&stage.head, &mut found);
    is_condition && stage.arguments.is_empty() && found.iter().all(|operand| operand.as_word().is_some())
}

/// True if a call is one of a function with aggregates as arguments, and no aggregate.
fn computes(expr: &Expr) -> bool {
    !is_aggregate(expr) && has_aggregate(expr) && begins_items(expr)
}

/// True if an expression has an aggregate as operand.
fn has_aggregate(expr: &Expr) -> bool {
    let mut found = Vec::new();
    find_operands(expr, &mut found);
    !found.is_empty()
}

/// Finds the outermost aggregates in an expression.
fn find_operands<'a>(expr: &'a Expr, found: &mut Vec<&'a Expr>) {
    if is_aggregate(expr) {
        return found.push(expr);
    }
    parts(expr).into_iter().for_each(|part| find_operands(part, found));
}

/// The operands and arguments of an expression.
fn parts(expr: &Expr) -> Vec<&Expr> {
    match &expr.kind {
        ExprKind::Literal(_) | ExprKind::Regex(_) | ExprKind::Percent(_) | ExprKind::Field(_) => Vec::new(),
        ExprKind::Access(of, _) | ExprKind::Unary(_, of) => vec![of],
        ExprKind::Call(_, arguments) => arguments.iter().collect(),
        ExprKind::Binary(_, left, right) | ExprKind::In(left, right) => vec![left, right],
        ExprKind::InList(of, items) => std::iter::once(of.as_ref()).chain(items).collect(),
        ExprKind::List(items) => items.iter().collect(),
        ExprKind::Object(fields) => fields.iter().map(|(_, value)| value).collect(),
    }
}

/// True for `count`, `rate` and the call of an aggregate; `min` and `max` of several arguments are functions.
fn is_aggregate(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Call(name, arguments) => {
            let is_function = functions::find(&name.text).is_some_and(|def| arguments.len() >= def.required);
            aggregate::find(&name.text).is_some() && !is_function
        }
        _ => expr.as_word().is_some_and(|word| BARE_OPERANDS.contains(&word)),
    }
}

/// Binds the expressions of items to the results of aggregates and to other columns.
pub(super) struct ItemBinder<'s> {
    /// The fields of the records.
    pub(super) records: &'s Scope,
    /// The columns that an expression may use besides aggregates: keys, or all fields of a record.
    pub(super) columns: Scope,
    /// The text of the keys as written, for messages.
    pub(super) keys: &'s [KeyClause<'s>],
}

impl ItemBinder<'_> {
    /// Binds an item; `operands` are its aggregates with the slots of their results.
    pub(super) fn bind(
        &self,
        item: &AggregateItem<'_>,
        operands: &[(&AggregateCall<'_>, Slot)],
    ) -> Result<BoundExpr, Diagnostics> {
        let mut scope = self.columns.clone();
        operands.iter().for_each(|(call, slot)| scope.set_operand(call.expr, *slot));
        let mut outside = Diagnostics::default();
        self.find_outside(item.expr, &scope, &mut outside);
        outside.into_result(())?;
        bind(item.expr, &scope)
    }

    /// Finds fields of records that are no keys.
    fn find_outside(&self, expr: &Expr, scope: &Scope, found: &mut Diagnostics) {
        if scope.operand(expr).is_some() {
            return;
        }
        if let ExprKind::Field(path) = &expr.kind
            && scope.locate(path, expr.span).is_err()
            && self.records.locate(path, expr.span).is_ok()
        {
            let message = format!("`{path}` is a field of records: outside of an aggregate, only keys have one value");
            let mut keys: Vec<String> = self.keys.iter().map(|key| key.expr.to_string()).collect();
            keys.push(path.to_string());
            let help = format!("write `max({path})`, or make it a key: `by {}`", keys.join(", "));
            found.push(Diagnostic::new(expr.span, message).help(help));
        }
        parts(expr).into_iter().for_each(|part| self.find_outside(part, scope, found));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aggregate::{AGGREGATES, ArgumentKind};

    #[test]
    fn the_parser_knows_the_aggregates_without_parentheses() {
        let is_bare =
            |kind: &ArgumentKind| matches!(kind, ArgumentKind::OptionalCondition | ArgumentKind::OptionalNumber);
        let names = AGGREGATES.iter().filter(|def| is_bare(&def.argument)).map(|def| def.entry.name);
        assert_eq!(names.collect::<Vec<_>>(), BARE_OPERANDS);
    }
}
