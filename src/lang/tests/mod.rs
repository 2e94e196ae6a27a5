//! Tests of parsing and printing together: examples, diagnostics, generated trees, hostile input.

mod arguments;
mod diagnostics;
mod examples;
mod generated;
mod hostile;

use super::ast::{Argument, Expr, ExprKind, Pipeline};
use super::{parse, render};

/// Parses a text that must be valid.
fn read(text: &str) -> Pipeline {
    parse(text).unwrap_or_else(|diagnostics| panic!("{}", render(&diagnostics, text, None)))
}

/// Checks that the canonical text of a tree parses to the same tree, which prints the same text.
fn assert_reads_back(pipeline: &Pipeline) {
    let text = pipeline.to_string();
    let again = read(&text);
    assert_eq!(&again, pipeline, "{text}");
    assert_eq!(again.to_string(), text);
}

/// The arguments of the first stage with every operator in parentheses, separated by `·`.
fn arguments(text: &str) -> String {
    let pipeline = read(text);
    let arguments = pipeline.stages[0].arguments.iter().map(|argument| match argument {
        Argument::Expr(expr) => explicit(expr),
        Argument::Comma(_) => ",".to_owned(),
        Argument::Equals(_) => "=".to_owned(),
        Argument::Star(_) => "*".to_owned(),
        Argument::Pipeline(pipeline, _) => format!("[{pipeline}]"),
    });
    arguments.collect::<Vec<_>>().join(" · ")
}

/// An expression with every operator in parentheses.
fn explicit(expr: &Expr) -> String {
    let list = |items: &[Expr]| items.iter().map(explicit).collect::<Vec<_>>().join(", ");
    match &expr.kind {
        ExprKind::Binary(op, left, right) => {
            format!("({} {} {})", explicit(left), op.sign(), explicit(right))
        }
        ExprKind::Unary(op, operand) => format!("({op:?} {})", explicit(operand)),
        ExprKind::InList(operand, items) => format!("({} in [{}])", explicit(operand), list(items)),
        ExprKind::In(operand, field) => format!("({} in {})", explicit(operand), explicit(field)),
        ExprKind::Call(name, items) => format!("{}({})", name.text, list(items)),
        _ => expr.to_string(),
    }
}
