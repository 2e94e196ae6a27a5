//! Binds a template when its stage is bound: errors inside it have their place in the literal.

use std::sync::Arc;

use super::{FormatFragment, FormatTemplate, Specification};
use crate::data::Value;
use crate::expr::bind;
use crate::expr::bound_expr::BoundExpr;
use crate::expr::scope::Scope;
use crate::lang::ast::{Expr, ExprKind, Span};
use crate::lang::{Diagnostic, Diagnostics, LiteralPlaces, TemplatePart, parse_template};

/// Binds a template in quotes to the fields of a scope.
pub fn bind_format(template: &Expr, usage: &str, scope: &Scope) -> Result<BoundExpr, Diagnostics> {
    let ExprKind::Literal(Value::Text(text)) = &template.kind else {
        let message = format!("expected a template in quotes, found `{template}`");
        return Err(Diagnostics::from(Diagnostic::new(template.span, message).usage(usage)));
    };
    let places = LiteralPlaces::of(&scope.settings.text, template.span, text.len());
    let place = |diagnostic: Diagnostic| Diagnostic { span: places.span(diagnostic.span), ..diagnostic };
    let parts = parse_template(text).map_err(|diagnostic| Diagnostics::from(place(diagnostic)))?;
    let (mut pieces, mut arguments, mut diagnostics) = (Vec::new(), Vec::new(), Diagnostics::default());
    for part in parts {
        match part {
            TemplatePart::Text(text) => pieces.push(FormatFragment::Text(text)),
            TemplatePart::Hole { expr, offset, specification, place: written } => {
                match bind(&expr, scope) {
                    Ok(node) => arguments.push(node),
                    Err(found) => {
                        let moved = |span: Span| Span { start: offset + span.start, end: offset + span.end };
                        let moved = |found: Diagnostic| Diagnostic { span: moved(found.span), ..found };
                        diagnostics.extend(found.into_iter().map(moved).map(place));
                    }
                }
                match Specification::parse(&specification) {
                    Ok(specification) => pieces.push(FormatFragment::Value(specification)),
                    Err(error) => {
                        let start = written.start + error.place.start;
                        let span = Span { start, end: written.start + error.place.end };
                        let diagnostic = Diagnostic::new(span, error.message);
                        diagnostics.push(place(match error.help.is_empty() {
                            true => diagnostic,
                            false => diagnostic.help(error.help),
                        }));
                    }
                }
            }
        }
    }
    diagnostics.into_result(BoundExpr::Format(Arc::new(FormatTemplate { pieces }), arguments))
}
