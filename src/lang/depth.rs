//! Limits the depth of trees, so that code may recurse over them.

use super::MAX_DEPTH;
use super::ast::{Expr, ExprKind, Span};
use super::diagnostic::Diagnostic;

impl Expr {
    /// Makes an expression; fails if it would be deeper than [`MAX_DEPTH`].
    pub fn new(kind: ExprKind, span: Span) -> Result<Expr, Diagnostic> {
        let depth = deepest_part(&kind) + 1;
        if depth > MAX_DEPTH {
            return Err(too_deep(span));
        }
        Ok(Expr { kind, span, depth })
    }
}

/// The diagnostic for an expression that is nested too deeply.
#[cold]
pub(super) fn too_deep(span: Span) -> Diagnostic {
    Diagnostic::new(span, format!("the expression is more than {MAX_DEPTH} levels deep"))
        .help("compare with many values using `in (…)`, compute in steps using `let`")
}

/// The depth of the deepest operand; 0 if there are no operands.
fn deepest_part(kind: &ExprKind) -> u16 {
    let of_list = |list: &[Expr]| list.iter().map(|expr| expr.depth).max().unwrap_or(0);
    match kind {
        ExprKind::Literal(_) | ExprKind::Regex(_) | ExprKind::Percent(_) | ExprKind::Field(_) => 0,
        ExprKind::Access(base, _) => base.depth,
        ExprKind::Call(_, arguments) | ExprKind::List(arguments) => of_list(arguments),
        ExprKind::Object(fields) => fields.iter().map(|(_, value)| value.depth).max().unwrap_or(0),
        ExprKind::Unary(_, operand) => operand.depth,
        ExprKind::Binary(_, left, right) | ExprKind::In(left, right) => left.depth.max(right.depth),
        ExprKind::InList(operand, list) => operand.depth.max(of_list(list)),
    }
}
