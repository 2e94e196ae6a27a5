//! Clauses that several stages share: a list of aggregates, and the keys after `by`.

use super::arguments::Arguments;
use super::ast::{Expr, ExprKind, Name, Path, Segment, Span};
use super::diagnostic::Diagnostic;
use super::found::in_back_quotes;
use crate::data::Value;

/// `item {, item} [by key {, key}]`
#[derive(Clone, Debug)]
pub struct AggregateList<'a> {
    /// At least one.
    pub items: Vec<AggregateItem<'a>>,
    /// Empty without `by`.
    pub keys: Vec<KeyClause<'a>>,
}

/// `expr [where condition] [as alias]`: an aggregate, or an expression with aggregates as operands.
#[derive(Clone, Debug)]
pub struct AggregateItem<'a> {
    /// The aggregate or expression.
    pub expr: &'a Expr,
    /// Only records for which this holds are counted, in every aggregate of the item.
    pub condition: Option<&'a Expr>,
    /// The alias of its column.
    pub alias: Option<Name>,
    /// From its first byte to its last clause.
    pub span: Span,
}

/// `name[(argument, …)] [where condition]`: an aggregate, which is an item or an operand of one.
#[derive(Clone, Debug)]
pub struct AggregateCall<'a> {
    /// The aggregate's name.
    pub name: Name,
    /// The arguments in parentheses.
    pub arguments: &'a [Expr],
    /// Only records for which this holds are counted.
    pub condition: Option<&'a Expr>,
    /// The name with its arguments, as written.
    pub expr: &'a Expr,
    /// From its name to its last clause.
    pub span: Span,
}

/// `expr [as alias]`
#[derive(Clone, Debug)]
pub struct KeyClause<'a> {
    /// The key.
    pub expr: &'a Expr,
    /// The alias of its column.
    pub alias: Option<Name>,
}

/// Reads aggregates and the keys after `by`; the stage reads the arguments that follow.
pub fn aggregates<'a>(arguments: &mut Arguments<'a>) -> Result<AggregateList<'a>, Diagnostic> {
    let items = aggregate_items(arguments)?;
    let keys = keys(arguments)?;
    Ok(AggregateList { items, keys })
}

/// Reads `item {, item}`.
pub fn aggregate_items<'a>(arguments: &mut Arguments<'a>) -> Result<Vec<AggregateItem<'a>>, Diagnostic> {
    let mut items = vec![aggregate_item(arguments)?];
    while arguments.comma() {
        items.push(aggregate_item(arguments)?);
    }
    Ok(items)
}

/// Reads `by key {, key}`; none without `by`.
pub fn keys<'a>(arguments: &mut Arguments<'a>) -> Result<Vec<KeyClause<'a>>, Diagnostic> {
    let mut keys = Vec::new();
    let mut goes_on = arguments.keyword("by");
    while goes_on {
        let expr = arguments.expression("a key after `by`")?;
        let alias = alias(arguments)?;
        if alias.is_none() {
            reject_constant(expr)?;
        }
        keys.push(KeyClause { expr, alias });
        goes_on = arguments.comma();
    }
    Ok(keys)
}

/// Fails for a constant key, such as in `sort "host"` and `sort 2`: it would be the same for every record.
pub fn reject_constant(key: &Expr) -> Result<(), Diagnostic> {
    let ExprKind::Literal(value) = &key.kind else {
        return Ok(());
    };
    let message = format!("`{key}` is the same for every record");
    let help = match value {
        Value::Text(name) => {
            let name = String::from_utf8_lossy(name).into_owned();
            let field = Path(vec![Segment::Name(name)]);
            format!("fields are written without quotes: {field}")
        }
        _ => "use a column's name, not its number".to_owned(),
    };
    Err(Diagnostic::new(key.span, message).help(help))
}

/// Reads `as NAME`, if it is next.
pub fn alias(arguments: &mut Arguments<'_>) -> Result<Option<Name>, Diagnostic> {
    if !arguments.keyword("as") {
        return Ok(None);
    }
    arguments.name("a name after `as`").map(Some)
}

impl<'a> AggregateItem<'a> {
    /// The name of its column: the alias, `count`, `sum_bytes` for an aggregate of a field, otherwise its canonical
    /// text.
    pub fn column_name(&self) -> String {
        match &self.alias {
            Some(alias) => alias.text.clone(),
            None => column_name(self.expr, self.condition),
        }
    }

    /// Its expression as an aggregate; `None` if it is neither a call nor a word.
    pub fn call(&self) -> Option<AggregateCall<'a>> {
        AggregateCall::of(self.expr, self.condition).map(|call| AggregateCall { span: self.span, ..call })
    }
}

impl<'a> AggregateCall<'a> {
    /// An expression as an aggregate; `None` if it is neither a call nor a word.
    pub fn of(expr: &'a Expr, condition: Option<&'a Expr>) -> Option<AggregateCall<'a>> {
        let (name, arguments) = match (&expr.kind, expr.as_word()) {
            (ExprKind::Call(name, arguments), _) => (name.clone(), arguments.as_slice()),
            (_, word) => (Name { text: word?.to_owned(), span: expr.span }, &[][..]),
        };
        Some(AggregateCall { name, arguments, condition, expr, span: expr.span })
    }

    /// The name of its column without an alias.
    pub fn column_name(&self) -> String {
        column_name(self.expr, self.condition)
    }
}

/// The name of an item's column: `count`, `sum_bytes` for a call with a field, otherwise the canonical text.
fn column_name(expr: &Expr, condition: Option<&Expr>) -> String {
    match (&expr.kind, condition) {
        (ExprKind::Call(name, arguments), None) => match arguments.as_slice() {
            [] => name.text.clone(),
            [Expr { kind: ExprKind::Field(path), .. }] => format!("{}_{}", name.text, path.label()),
            _ => expr.to_string(),
        },
        (ExprKind::Field(path), None) => path.label(),
        (_, None) => expr.to_string(),
        (_, Some(condition)) => format!("{expr} where {condition}"),
    }
}

impl KeyClause<'_> {
    /// The name of its column: the alias, the field's path, otherwise the canonical text.
    pub fn column_name(&self) -> String {
        match (&self.alias, &self.expr.kind) {
            (Some(alias), _) => alias.text.clone(),
            (None, ExprKind::Field(path)) => path.label(),
            (None, _) => self.expr.to_string(),
        }
    }
}

/// Reads one item with its clauses, which may come in either order.
pub fn aggregate_item<'a>(arguments: &mut Arguments<'a>) -> Result<AggregateItem<'a>, Diagnostic> {
    const WHAT: &str = "an aggregate";
    if arguments.is_at_clause() {
        return Err(arguments.expected(WHAT).help("an aggregate is written `count` or `sum(bytes)`"));
    }
    let expr = arguments.expression(WHAT)?;
    let mut read = AggregateItem { expr, condition: None, alias: None, span: expr.span };
    loop {
        let is_twice = match arguments.peek_word() {
            Some("where") => read.condition.is_some(),
            Some("as") => read.alias.is_some(),
            _ => break,
        };
        if is_twice {
            let message = format!("a second {} in one aggregate", arguments.found());
            return Err(Diagnostic::new(arguments.span_here(), message)
                .help("join conditions with `and`; separate aggregates with commas"));
        }
        let end = if arguments.keyword("where") {
            let condition = arguments.expression("a condition after `where`")?;
            read.condition = Some(condition);
            condition.span
        } else {
            read.alias = alias(arguments)?;
            read.alias.as_ref().map_or(read.span, |alias| alias.span)
        };
        read.span = read.span.to(end);
    }
    reject_loose_argument(arguments, &read)?;
    Ok(read)
}

/// The diagnostic for an item without an aggregate.
pub fn expected_aggregate(expr: &Expr) -> Diagnostic {
    let message = format!("expected an aggregate, found {}", in_back_quotes(&expr.to_string()));
    Diagnostic::new(expr.span, message).help("an aggregate is written `count` or `sum(bytes)`")
}

/// Fails for `sum bytes`, and suggests `sum(bytes)`.
fn reject_loose_argument(arguments: &Arguments<'_>, read: &AggregateItem<'_>) -> Result<(), Diagnostic> {
    let name = read.expr.as_word().filter(|_| read.condition.is_none() && read.alias.is_none());
    match (name, arguments.peek_expression()) {
        (Some(name), Some(loose)) if !arguments.is_at_clause() => {
            let found = format!("{} after `{name}`", arguments.found());
            let help = match (name, loose.as_word()) {
                ("count", Some("distinct")) => {
                    let mut ahead = *arguments;
                    let _ = ahead.expression("`distinct`");
                    let of = ahead.peek_expression().map_or("x".to_owned(), ToString::to_string);
                    format!("write `count_distinct({of})`")
                }
                ("count", _) => format!("write `count by {loose}` for groups"),
                (name, _) => format!("write `{name}({loose})`"),
            };
            Err(Diagnostic::unexpected(loose.span, &found).help(help))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lang::ast::Stage;
    use crate::lang::parse;

    fn stage(text: &str) -> Stage {
        parse(text).unwrap_or_else(|diagnostics| panic!("{text}: {diagnostics:?}")).stages.remove(0)
    }

    fn names(text: &str) -> Result<(Vec<String>, Vec<String>), String> {
        let stage = stage(text);
        let mut arguments = Arguments::of_aggregates(&stage);
        let list = aggregates(&mut arguments).map_err(|diagnostic| diagnostic.message)?;
        arguments.finish("AGG, … [by KEY, …]").map_err(|diagnostic| diagnostic.message)?;
        let calls = list.items.iter().map(AggregateItem::column_name).collect();
        Ok((calls, list.keys.iter().map(KeyClause::column_name).collect()))
    }

    #[test]
    fn names_columns() {
        for (text, calls, keys) in [
            ("count", &["count"][..], &[][..]),
            ("count by z", &["count"], &["z"]),
            ("count()", &["count"], &[]),
            ("count(x>1), sum(y) by z", &["count(x > 1)", "sum_y"], &["z"]),
            (
                "sum(bytes) as total, avg(ms), p99.9(ms) by host, status",
                &["total", "avg_ms", "p99.9_ms"],
                &["host", "status"],
            ),
            ("avg(ms) where ok as good", &["good"], &[]),
            ("avg(ms) as good where ok", &["good"], &[]),
            ("avg(ms) where(ok) by bin(time,1m), -x as y", &["avg(ms) where ok"], &["bin(time, 1m)", "y"]),
            ("count where a or b by `x y`.z", &["count where a or b"], &["x y.z"]),
            ("sum(user.id), max(a[0].`b c`)", &["sum_user.id", "max_a[0].b c"], &[]),
            ("percentile(ms, 99) by -x", &["percentile(ms, 99)"], &["-x"]),
            ("100*count(a)/count, sum(b)/2 as half by c", &["100 * count(a) / count", "half"], &["c"]),
            ("-count where a, count / 2, (1 + rate) * 2", &["-count where a", "count / 2", "(1 + rate) * 2"], &[]),
        ] {
            let strings = |list: &[&str]| list.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
            assert_eq!(names(text), Ok((strings(calls), strings(keys))), "{text}");
        }
    }

    #[test]
    fn says_what_is_wrong() {
        for (text, message) in [
            ("count,", "expected an aggregate, found the end of the stage"),
            ("count, by x", "expected an aggregate, found `by`"),
            ("count by", "expected a key after `by`, found the end of the stage"),
            ("count by x y", "unexpected `y`"),
            ("count as", "expected a name after `as`, found the end of the stage"),
            ("count as a as b", "a second `as` in one aggregate"),
            ("sum bytes by host", "unexpected `bytes` after `sum`"),
            ("count where", "expected a condition after `where`, found the end of the stage"),
        ] {
            assert_eq!(names(text), Err(message.to_owned()), "{text}");
        }
    }

    #[test]
    fn leaves_the_rest_to_the_stage() {
        let stage = stage("running avg(x) as y over 5 rows");
        let mut arguments = Arguments::of(&stage);
        let list = aggregates(&mut arguments);
        assert_eq!(list.map(|list| list.items.len()), Ok(1));
        assert!(arguments.keyword("over"));
        assert_eq!(arguments.integer("a number of rows").map(|(rows, _)| rows), Ok(5));
        assert!(arguments.keyword("rows"));
        assert!(arguments.is_done());
    }
}
