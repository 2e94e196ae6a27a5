//! Binds an expression: names become slots, functions become table rows, constants are folded. All errors that do not
//! depend on the input are found here, all at once.

use crate::data::{Batch, Position, Value, parse_time, write_text};
use crate::lang::ast::{BinaryOp, Expr, ExprKind, Name, Path, Segment, Span, UnaryOp};
use crate::lang::{Diagnostic, Diagnostics};

use super::bound_expr::{Arithmetic, BoundExpr, Comparison, PieceSeparator};
use super::convert::{convert, duration_of};
use super::eval::Rows;
use super::failures::Failures;
use super::format::bind_format;
use super::functions::{self, ConstArg, FunctionDef, Kernel, ParameterKind};
use super::lists;
use super::met::Met;
use super::pattern::{Pattern, bind_regex, compile};
use super::scope::{FieldLocation, Scope};
use super::times;
use crate::lang::suggest::did_you_mean;

/// A bound expression, or all diagnostics of its text.
type Bound = Result<BoundExpr, Diagnostics>;

/// Binds an expression to the fields of a scope. Text that has no meaning by itself may repeat that of a column.
pub fn bind(expr: &Expr, scope: &Scope) -> Bound {
    match scope.operand(expr) {
        Some(operand) => Ok(operand),
        None => bind_written(expr, scope).or_else(|found| scope.repeated(expr).ok_or(found)),
    }
}

/// Binds an expression as it is written.
fn bind_written(expr: &Expr, scope: &Scope) -> Bound {
    let node = match &expr.kind {
        ExprKind::Literal(value) => return Ok(BoundExpr::Constant(value.clone())),
        ExprKind::Field(path) => {
            return bind_field(path, expr.span, scope)
                .map_err(|diagnostic| Diagnostics::from(unless_function(diagnostic, path, scope)));
        }
        ExprKind::Call(name, arguments) => bind_call(name, arguments, expr, scope)?,
        ExprKind::Unary(UnaryOp::Not, of) => BoundExpr::Not(Box::new(bind_condition(of, scope)?)),
        ExprKind::Unary(UnaryOp::Negate, of) => BoundExpr::Negate(Box::new(bind_number(of, scope)?)),
        ExprKind::Binary(op, left, right) => bind_binary(*op, left, right, scope)?,
        ExprKind::InList(of, list) => {
            let exprs = list;
            let (of, list) = both(bind(of, scope), collect(list.iter().map(|member| bind(member, scope))))?;
            let list = times::members(&of, list, exprs, scope)?;
            BoundExpr::InList(Box::new(of), list)
        }
        ExprKind::In(of, list) => {
            let (value, node) = both(bind(of, scope), bind(list, scope))?;
            let node = lists::searched(of, node, list, scope)?;
            BoundExpr::In(Box::new(value), Box::new(node))
        }
        ExprKind::Regex(_) => {
            return diagnostic(Diagnostic::new(expr.span, "a /regex/ is not a value").help("write x ~ /regex/"));
        }
        ExprKind::Percent(_) => {
            return diagnostic(
                Diagnostic::new(expr.span, "a percentage is not a value here").help("write 0.01 for 1%"),
            );
        }
        ExprKind::List(items) => BoundExpr::List(collect(items.iter().map(|item| bind(item, scope)))?),
        ExprKind::Object(fields) => {
            let names = fields.iter().map(|(name, _)| name.text.clone().into_bytes()).collect();
            BoundExpr::Object(names, collect(fields.iter().map(|(_, value)| bind(value, scope)))?)
        }
        ExprKind::Access(of, path) => BoundExpr::Access(Box::new(bind(of, scope)?), path.clone()),
    };
    fold(node, expr)
}

/// Binds the path of a field, for every stage that takes a field.
pub fn bind_field(path: &Path, span: Span, scope: &Scope) -> Result<BoundExpr, Diagnostic> {
    match scope.locate(path, span) {
        Ok(FieldLocation { slot, name, inside: [] }) => Ok(BoundExpr::Field(slot, name)),
        Ok(FieldLocation { slot, name, inside }) => {
            Ok(BoundExpr::Access(Box::new(BoundExpr::Field(slot, name)), inside.to_vec()))
        }
        Err(_) if scope.poisoned => Ok(BoundExpr::Constant(Value::Null)),
        Err(diagnostic) => Err(diagnostic),
    }
}

/// Improves the diagnostic of an unknown field that may be a function without its parenthesis, unless a column was
/// computed with that function.
fn unless_function(diagnostic: Diagnostic, path: &Path, scope: &Scope) -> Diagnostic {
    match path.0.as_slice() {
        [Segment::Name(name)] if functions::find(name).is_some() && scope.computed_from(name).is_empty() => {
            diagnostic.help(format!("`{name}` is a function: call it as {name}(...), with no space before `(`"))
        }
        _ => diagnostic,
    }
}

/// Binds a condition; a constant that is not a boolean is an error.
pub fn bind_condition(expr: &Expr, scope: &Scope) -> Bound {
    let node = bind(expr, scope)?;
    match &node {
        BoundExpr::Constant(Value::Bool(_)) => Ok(node),
        BoundExpr::Constant(_) if scope.poisoned => Ok(node),
        BoundExpr::Constant(value) => diagnostic(
            Diagnostic::new(expr.span, format!("expected a condition, found {}", value.kind_name()))
                .help("write status >= 500, or word == \"x\""),
        ),
        _ => Ok(node),
    }
}

/// Returns the value of an expression that reads no field.
pub fn constant(expr: &Expr) -> Option<Value> {
    match bind(expr, &Scope::new()) {
        Ok(BoundExpr::Constant(value)) => Some(value),
        _ => None,
    }
}

fn bind_binary(op: BinaryOp, left: &Expr, right: &Expr, scope: &Scope) -> Bound {
    if let (BinaryOp::Equal | BinaryOp::NotEqual, Some(asked)) = (op, null_test(left, right)) {
        let test = BoundExpr::IsNull(Box::new(bind(asked, scope)?));
        return Ok(if op == BinaryOp::Equal { test } else { BoundExpr::Not(Box::new(test)) });
    }
    match op {
        BinaryOp::And | BinaryOp::Or => {
            let (left, right) = both(bind_condition(left, scope), bind_condition(right, scope))?;
            let (left, right) = (Box::new(left), Box::new(right));
            Ok(if op == BinaryOp::And { BoundExpr::And(left, right) } else { BoundExpr::Or(left, right) })
        }
        BinaryOp::Matches | BinaryOp::NotMatches => {
            let (of, pattern) = both(bind(left, scope), bind_match(right).map_err(Diagnostics::from))?;
            let of = Box::new(of);
            Ok(if op == BinaryOp::Matches {
                BoundExpr::Matches(of, pattern)
            } else {
                BoundExpr::NotMatches(of, pattern)
            })
        }
        BinaryOp::Coalesce => {
            let (left, right) = both(bind(left, scope), bind(right, scope))?;
            Ok(BoundExpr::Call { def: functions::coalesce(), arguments: vec![left, right] })
        }
        _ => {
            if let Some(op) = Arithmetic::of(op) {
                let (left, right) = both(bind_number(left, scope), bind_number(right, scope))?;
                return Ok(BoundExpr::Arithmetic(op, Box::new(left), Box::new(right)));
            }
            let written = || [left.to_string(), op.sign().to_owned(), right.to_string()];
            let exprs = (left, right);
            let (first, second) = both(bind(left, scope), bind(right, scope))?;
            let (first, second) = times::compared((first, second), exprs, scope)?;
            let comparison = Comparison::of(op).expect("what is no logic, pattern or arithmetic is a comparison");
            // comparing two fields for equality is fine although their types differ
            let is_equality = matches!(comparison, Comparison::Equal | Comparison::NotEqual);
            let met = match (first.is_constant(), second.is_constant()) {
                (true, true) => Met::default(),
                (false, false) if is_equality => Met::default(),
                _ => scope.compares(written()),
            };
            Ok(BoundExpr::Compare(comparison, Box::new(first), Box::new(second), met))
        }
    }
}

/// Returns the other side of a comparison with the literal `null`.
fn null_test<'e>(left: &'e Expr, right: &'e Expr) -> Option<&'e Expr> {
    let is_null = |expr: &Expr| matches!(expr.kind, ExprKind::Literal(Value::Null));
    if is_null(right) { Some(left) } else { is_null(left).then_some(right) }
}

/// Binds the right side of `~`. Plain text is searched literally; text that looks like a regular expression is an error
/// that asks the user, since both readings make sense.
fn bind_match(expr: &Expr) -> Result<Pattern, Diagnostic> {
    match &expr.kind {
        ExprKind::Regex(literal) => Ok(Pattern::Regex(bind_regex(literal, expr)?)),
        ExprKind::Literal(Value::Text(text)) => {
            if text.iter().any(|byte| b"\\.+*?()|[]{}^$".contains(byte)) {
                let text = String::from_utf8_lossy(text);
                return Err(Diagnostic::new(expr.span, "text after `~` could be literal or a regular expression")
                    .help(format!(
                        "write x ~ /{}/ for the expression, contains(x, {expr}) for the text",
                        text.replace('/', "\\/")
                    )));
            }
            Ok(Pattern::text(text))
        }
        _ => Err(Diagnostic::new(expr.span, format!("expected a /regex/, found `{expr}`")).help("write x ~ /regex/")),
    }
}

/// Binds an operand of arithmetic; a constant that is not a number, duration or time is an error.
fn bind_number(expr: &Expr, scope: &Scope) -> Bound {
    let node = bind(expr, scope)?;
    if let BoundExpr::Constant(value) = &node {
        let fits = match value {
            Value::Text(text) => {
                value.borrow().as_number().is_some() || duration_of(text).is_some() || parse_time(text).is_some()
            }
            Value::Bool(_) | Value::List(_) | Value::Object(_) => false,
            _ => true,
        };
        if !fits {
            let diagnostic = Diagnostic::new(expr.span, format!("expected a number, found `{expr}`"));
            let is_text = matches!(value, Value::Text(_));
            return Err(Diagnostics::from(if is_text {
                diagnostic.help("texts are joined by concat(a, b)")
            } else {
                diagnostic
            }));
        }
    }
    Ok(node)
}

fn bind_call(name: &Name, arguments: &[Expr], expr: &Expr, scope: &Scope) -> Bound {
    let Some(def) = functions::find(&name.text) else {
        return diagnostic(unknown_function(name, scope));
    };
    if let (Kernel::Format, [template]) = (def.kernel, arguments) {
        return bind_format(template, def.entry.usage, scope);
    }
    if let (Kernel::Split, [text, separator]) = (def.kernel, arguments) {
        return bind_split(text, separator, def, scope);
    }
    let most = if def.variadic { usize::MAX } else { def.parameters.len() };
    if arguments.len() < def.required || arguments.len() > most {
        let found = arguments.len();
        let expected = match (def.required, most) {
            (least, usize::MAX) => format!("at least {least} argument{}", plural(least)),
            (least, most) if least == most => format!("{least} argument{}", plural(least)),
            (least, most) => format!("{least} to {most} arguments"),
        };
        return diagnostic(
            Diagnostic::new(expr.span, format!("`{}` takes {expected}, found {found}", name.text))
                .usage(def.entry.usage),
        );
    }
    let bound =
        collect(arguments.iter().enumerate().map(|(index, argument)| bind_argument(def, index, argument, scope)))?;
    if matches!(def.kernel, Kernel::Total) {
        return bind_total(bound, expr, scope);
    }
    let Kernel::Prepared(prepare) = def.kernel else {
        let arguments = bound.into_iter().map(|argument| argument.node).collect();
        return Ok(BoundExpr::Call { def, arguments });
    };
    let texts: Vec<Vec<u8>> = bound.iter().map(BoundArgument::text).collect();
    let given: Vec<ConstArg<'_>> = bound
        .iter()
        .zip(&texts)
        .enumerate()
        .map(|(index, (argument, text))| argument.given(def.parameter(index).kind, text))
        .collect();
    let function = prepare(&given).map_err(|refused| {
        let span = arguments.get(refused.argument).map_or(expr.span, |argument| argument.span);
        Diagnostic::new(span, refused.message).usage(def.entry.usage)
    })?;
    drop(given);
    Ok(BoundExpr::Prepared { def, arguments: bound.into_iter().map(|argument| argument.node).collect(), function })
}

/// `split(x, sep)`: the separator is a text, which may vary, or a /regex/.
fn bind_split(text: &Expr, separator: &Expr, def: &FunctionDef, scope: &Scope) -> Bound {
    let of = bind(text, scope);
    let separator = match &separator.kind {
        ExprKind::Regex(literal) => match bind_regex(literal, separator) {
            Ok(regex) => Ok(PieceSeparator::Regex(regex)),
            Err(found) => diagnostic(found.usage(def.entry.usage)),
        },
        _ => bind(separator, scope).map(|separator| PieceSeparator::Text(Box::new(separator))),
    };
    let (of, separator) = both(of, separator)?;
    Ok(BoundExpr::Split(Box::new(of), separator))
}

/// `total(x)`: a field that a step before this stage sets, after it has seen the whole result.
fn bind_total(arguments: Vec<BoundArgument>, expr: &Expr, scope: &Scope) -> Bound {
    let Some(argument) = arguments.into_iter().next().filter(|_| scope.is_result) else {
        if scope.poisoned {
            return Ok(BoundExpr::Constant(Value::Null));
        }
        let message = format!("`{expr}` needs all rows of a result, and here records come one by one");
        return diagnostic(Diagnostic::new(expr.span, message).help(
            "write it after aggregates, `sort`, `top` or `tail`: count by word | let share = count / total(count)",
        ));
    };
    let text = expr.to_string();
    let slot = scope.total(text.clone(), argument.node);
    Ok(BoundExpr::Field(slot, text))
}

/// A bound argument, and its compiled pattern if its parameter takes one.
struct BoundArgument {
    node: BoundExpr,
    pattern: Option<Pattern>,
}

impl BoundArgument {
    /// The text of a constant that is not text, for [`convert`].
    fn text(&self) -> Vec<u8> {
        let mut text = Vec::new();
        if let BoundExpr::Constant(value) = &self.node {
            write_text(value.borrow(), &mut text);
        }
        text
    }

    /// Returns what is known of the argument before any row is read.
    fn given<'v>(&'v self, kind: ParameterKind, text: &'v [u8]) -> ConstArg<'v> {
        match (&self.pattern, &self.node) {
            (Some(pattern), _) => ConstArg::Pattern(pattern.clone()),
            (None, BoundExpr::Constant(value)) => match convert(kind, value.borrow(), text) {
                Ok(value) => ConstArg::Constant(value),
                Err(_) => ConstArg::Varying, // binding the argument has reported the error
            },
            (None, _) => ConstArg::Varying,
        }
    }
}

/// Binds an argument; a constant of the wrong type is an error.
fn bind_argument(
    def: &'static FunctionDef,
    index: usize,
    argument: &Expr,
    scope: &Scope,
) -> Result<BoundArgument, Diagnostics> {
    let parameter = def.parameter(index);
    if parameter.kind == ParameterKind::Pattern {
        return match bind_pattern_argument(argument, scope) {
            Ok(argument) => Ok(argument),
            Err(found) => diagnostic(found.usage(def.entry.usage)),
        };
    }
    let plain = |node| BoundArgument { node, pattern: None };
    if matches!(def.kernel, Kernel::If) && index == 0 {
        return bind_condition(argument, scope).map(plain);
    }
    let node = bind(argument, scope)?;
    if let BoundExpr::Constant(value) = &node
        && let Err((_, unfit)) = convert(parameter.kind, value.borrow(), b"")
    {
        let expected = match parameter.kind {
            ParameterKind::Bool => "a condition",
            _ => unfit.expected,
        };
        return diagnostic(
            Diagnostic::new(argument.span, format!("expected {expected} as {}, found `{argument}`", parameter.name))
                .usage(def.entry.usage),
        );
    }
    if parameter.kind == ParameterKind::Time {
        return Ok(plain(times::argument(node, scope)));
    }
    Ok(plain(node))
}

/// Binds a /regex/, or constant text that is compiled to one.
fn bind_pattern_argument(argument: &Expr, scope: &Scope) -> Result<BoundArgument, Diagnostic> {
    let (text, pattern) = match &argument.kind {
        ExprKind::Regex(literal) => (literal.pattern.clone(), Pattern::Regex(bind_regex(literal, argument)?)),
        _ => {
            let Ok(BoundExpr::Constant(Value::Text(text))) = bind(argument, scope) else {
                return Err(Diagnostic::new(argument.span, format!("expected a /regex/, found `{argument}`")));
            };
            let text = String::from_utf8_lossy(&text).into_owned();
            let pattern = compile(&text).map_err(|reason| Diagnostic::new(argument.span, reason))?;
            (text, pattern)
        }
    };
    Ok(BoundArgument { node: BoundExpr::Constant(Value::Text(text.into_bytes())), pattern: Some(pattern) })
}

fn unknown_function(name: &Name, scope: &Scope) -> Diagnostic {
    let diagnostic = Diagnostic::new(name.span, format!("unknown function `{}`", name.text));
    if let Some(help) = scope.settings.explain_name.and_then(|elsewhere| elsewhere(&name.text)) {
        return diagnostic.help(help);
    }
    let names: Vec<&str> = functions::FUNCTIONS.iter().map(|def| def.entry.name).collect();
    match did_you_mean(&name.text, &names) {
        Some(close) => diagnostic.did_you_mean(close),
        None => diagnostic.help("bourn --help functions lists them"),
    }
}

/// Replaces an expression that reads no field by its value; a failed conversion is an error.
fn fold(node: BoundExpr, expr: &Expr) -> Bound {
    if !node.is_constant() {
        return Ok(node);
    }
    let mut failures = Failures { is_unnamed: true, ..Failures::default() };
    let value = node.eval(&Batch::new(1, Position::default()), Rows::All(1), &mut failures).get(0).to_value();
    match failures.first {
        None => Ok(BoundExpr::Constant(value)),
        Some(reason) => diagnostic(Diagnostic::new(expr.span, reason)),
    }
}

/// Returns both results, or the diagnostics of both.
fn both<A, B>(left: Result<A, Diagnostics>, right: Result<B, Diagnostics>) -> Result<(A, B), Diagnostics> {
    match (left, right) {
        (Ok(left), Ok(right)) => Ok((left, right)),
        (Err(mut left), Err(right)) => {
            left.extend(right);
            Err(left)
        }
        (Err(diagnostics), _) | (_, Err(diagnostics)) => Err(diagnostics),
    }
}

/// Returns all results, or the diagnostics of all.
fn collect<T>(results: impl Iterator<Item = Result<T, Diagnostics>>) -> Result<Vec<T>, Diagnostics> {
    let (mut all, mut diagnostics) = (Vec::new(), Diagnostics::default());
    for result in results {
        match result {
            Ok(one) => all.push(one),
            Err(found) => diagnostics.extend(found),
        }
    }
    diagnostics.into_result(all)
}

fn diagnostic<T>(diagnostic: Diagnostic) -> Result<T, Diagnostics> {
    Err(Diagnostics::from(diagnostic))
}

fn plural(count: usize) -> &'static str {
    if count == 1 { "" } else { "s" }
}
