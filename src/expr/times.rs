//! Finds expressions that are times before anything is read, and converts constants compared with them.

use crate::data::{Value, ValueRef, expected_time, time_of};
use crate::lang::ast::Expr;
use crate::lang::{Diagnostic, Diagnostics};

use super::bound_expr::{Arithmetic, BoundExpr};
use super::functions;
use super::scope::Scope;

/// True if every value of an expression is a time or null.
pub fn is_time(node: &BoundExpr, scope: &Scope) -> bool {
    match node {
        BoundExpr::Constant(value) => matches!(value, Value::Time(_)),
        BoundExpr::Field(slot, _) => scope.is_time(*slot),
        BoundExpr::Call { def, arguments } | BoundExpr::Prepared { def, arguments, .. } => match def.entry.name {
            "time" | "now" | "ago" => true,
            "bin" | "coalesce" | "min" | "max" => {
                let first = arguments.first();
                first.is_some_and(|argument| is_time(argument, scope))
            }
            _ => false,
        },
        BoundExpr::Arithmetic(Arithmetic::Add | Arithmetic::Subtract, left, right) => {
            is_time(left, scope) && matches!(**right, BoundExpr::Constant(Value::Duration(_)))
        }
        _ => false,
    }
}

/// Binds a comparison with a time: constant text is parsed as a time, and any other constant is an error.
pub(super) fn compared(
    nodes: (BoundExpr, BoundExpr),
    exprs: (&Expr, &Expr),
    scope: &Scope,
) -> Result<(BoundExpr, BoundExpr), Diagnostics> {
    let (left, right) = nodes;
    match (&left, &right) {
        (BoundExpr::Constant(_), _) if is_time(&right, scope) => Ok((constant(left, exprs.0)?, right)),
        (_, BoundExpr::Constant(_)) if is_time(&left, scope) => Ok((left, constant(right, exprs.1)?)),
        _ => Ok((left, right)),
    }
}

/// Binds the list of times in `time in (…)`.
pub(super) fn members(
    of: &BoundExpr,
    list: Vec<BoundExpr>,
    exprs: &[Expr],
    scope: &Scope,
) -> Result<Vec<BoundExpr>, Diagnostics> {
    if !is_time(of, scope) {
        return Ok(list);
    }
    let members = list.into_iter().zip(exprs);
    members.map(|(member, expr)| constant(member, expr)).collect()
}

/// Converts a constant to a time.
fn constant(node: BoundExpr, expr: &Expr) -> Result<BoundExpr, Diagnostics> {
    let BoundExpr::Constant(value) = &node else {
        return Ok(node);
    };
    match (value, time_of(value.borrow())) {
        (Value::Null, _) => Ok(node),
        (_, Some(ns)) => Ok(BoundExpr::Constant(Value::Time(ns))),
        (_, None) => {
            let expected = expected_time(value.borrow());
            let diagnostic = Diagnostic::new(expr.span, format!("expected {expected}, found `{expr}`"));
            Err(Diagnostics::from(diagnostic.help(help(value))))
        }
    }
}

/// Suggests a time to write instead of a constant.
fn help(value: &Value) -> String {
    let text = match value.borrow() {
        ValueRef::Text(text) => String::from_utf8_lossy(text).to_ascii_lowercase(),
        ValueRef::Duration(_) => {
            let mut text = Vec::new();
            crate::data::write_text(value.borrow(), &mut text);
            String::from_utf8_lossy(&text).into_owned()
        }
        _ => String::new(),
    };
    let unsigned = text.trim_start_matches('-');
    let length = unsigned.strip_suffix(" ago").unwrap_or(unsigned);
    if super::convert::duration_of(length.as_bytes()).is_some() && !length.contains(':') {
        return format!("write ago({length}) for the time {length} before the run began");
    }
    let meant = match text.as_str() {
        "now" => "now()",
        "today" => "bin(now(), 1d)",
        "yesterday" => "bin(ago(1d), 1d)",
        "tomorrow" => "bin(now() + 1d, 1d)",
        _ => {
            return "write a time such as \"2026-03-01 10:00:00\" or \"2026-03-01\", or ago(1h)".to_owned();
        }
    };
    format!("write {meant}, or a time such as \"2026-03-01 10:00:00\"")
}

/// Binds an argument that must be a time: text is parsed in the order of records, so that it may lack its year.
pub(super) fn argument(node: BoundExpr, scope: &Scope) -> BoundExpr {
    if node.is_constant() || is_time(&node, scope) {
        return node;
    }
    let (def, function) = functions::recognise_time();
    BoundExpr::Prepared { def, arguments: vec![node], function }
}
