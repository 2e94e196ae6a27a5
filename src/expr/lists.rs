//! Finds expressions that are never lists before anything is read: `in` cannot search them.

use crate::lang::ast::Expr;
use crate::lang::{Diagnostic, Diagnostics};

use super::bound_expr::BoundExpr;
use super::functions::{FunctionDef, Kernel, ParameterKind};
use super::scope::Scope;
use super::times::is_time;
use crate::data::{Slot, Value};

/// True if no value of an expression is a list.
fn is_scalar(node: &BoundExpr, scope: &Scope) -> bool {
    match node {
        BoundExpr::Constant(value) => !matches!(value, Value::List(_)),
        BoundExpr::Field(slot, _) => scope.is_scalar(*slot),
        BoundExpr::Call { def, arguments } | BoundExpr::Prepared { def, arguments, .. } => {
            returns_scalar(def, arguments, scope)
        }
        BoundExpr::Access(..) | BoundExpr::List(_) | BoundExpr::Split(..) => false,
        _ => true, // operators return numbers, times, durations, text and conditions
    }
}

/// True if a function returns no list: it builds none, and no argument is one that it could return.
fn returns_scalar(def: &FunctionDef, arguments: &[BoundExpr], scope: &Scope) -> bool {
    let is_safe = |(index, argument): (usize, &BoundExpr)| match def.parameter(index).kind {
        ParameterKind::Any | ParameterKind::List => is_scalar(argument, scope),
        _ => true,
    };
    !matches!(def.kernel, Kernel::Owned(_)) && arguments.iter().enumerate().all(is_safe)
}

/// Records what is known about the values of an expression that is stored in a slot.
pub fn set_kind(scope: &Scope, slot: Slot, node: &BoundExpr) {
    if is_time(node, scope) {
        scope.set_time(slot);
    }
    if is_scalar(node, scope) {
        scope.set_scalar(slot);
    }
}

/// Checks the right side of `of in list`: an expression that is never a list is an error.
pub(super) fn searched(of: &Expr, node: BoundExpr, list: &Expr, scope: &Scope) -> Result<BoundExpr, Diagnostics> {
    if scope.poisoned || !is_scalar(&node, scope) {
        return Ok(node);
    }
    let diagnostic = Diagnostic::new(list.span, format!("expected a list after `in`, found `{list}`"));
    Err(Diagnostics::from(diagnostic.help(match &node {
        BoundExpr::Constant(Value::Text(_)) => {
            format!("write {of} in ({list}), or contains({list}, {of}) for text within text")
        }
        BoundExpr::Constant(_) => "write x in (1, 2, 3)".to_owned(),
        _ => format!("`in` looks for a value in a list; write contains({list}, {of}) for text within text"),
    })))
}
