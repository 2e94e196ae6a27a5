//! The key clauses of stages that match records: `on K [= K2]` and `left`.

use crate::lang::Diagnostic;
use crate::lang::arguments::Arguments;
use crate::lang::ast::{Expr, ExprKind, Path, Span};

/// The treatment of records without a match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::stage) enum JoinKind {
    Inner,
    Left,
}

/// Both sides of a key as written.
pub(in crate::stage) struct KeyClauses<'a> {
    /// The expression on the stream.
    pub(in crate::stage) key: &'a Expr,
    /// The field of the other side, and its span.
    pub(in crate::stage) other: (&'a Path, Span),
}

/// Reads `on K [= K2]`; `other` describes K2 and `placeholder` is an example of it.
pub(in crate::stage) fn keys<'a>(
    arguments: &mut Arguments<'a>,
    (other, placeholder): (&str, &str),
) -> Result<KeyClauses<'a>, Diagnostic> {
    if !arguments.keyword("on") {
        return Err(arguments.expected("`on` and the key"));
    }
    let key = arguments.expression("the field of the stream that is the key")?;
    let other = if arguments.equals_sign() {
        arguments.field(&format!("{other} that is the key"))?
    } else if let ExprKind::Field(path) = &key.kind {
        (path, key.span)
    } else {
        let message = format!("`{key}` is not a field: name {other}");
        let help = format!("write on {key} = {placeholder}");
        return Err(Diagnostic::new(key.span, message).help(help));
    };
    Ok(KeyClauses { key, other })
}

/// Reads an optional `left`.
pub(in crate::stage) fn join_kind(arguments: &mut Arguments<'_>) -> JoinKind {
    match arguments.keyword("left") {
        true => JoinKind::Left,
        false => JoinKind::Inner,
    }
}
