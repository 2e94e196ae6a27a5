//! Clauses that several stages share: a list of aggregates, and the keys after `by`.

use super::arguments::Arguments;
use super::ast::{Expr, ExprKind, Name, Path, Segment, Span};
use super::diagnostic::Diagnostic;
use crate::data::Value;

/// `agg {, agg} [by key {, key}]`
#[derive(Clone, Debug)]
pub struct AggregateList<'a> {
    /// At least one.
    pub calls: Vec<AggregateCall<'a>>,
    /// Empty without `by`.
    pub keys: Vec<KeyClause<'a>>,
}

/// `name[(argument, …)] [where condition] [as alias]`
#[derive(Clone, Debug)]
pub struct AggregateCall<'a> {
    /// The aggregate's name.
    pub name: Name,
    /// The arguments in parentheses.
    pub arguments: &'a [Expr],
    /// Only records for which this holds are counted.
    pub condition: Option<&'a Expr>,
    /// The alias of its column.
    pub alias: Option<Name>,
    /// From its name to its last clause.
    pub span: Span,
    /// The name with its arguments, as written.
    call: &'a Expr,
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
    let calls = aggregate_calls(arguments)?;
    let keys = keys(arguments)?;
    Ok(AggregateList { calls, keys })
}

/// Reads `agg {, agg}`.
pub fn aggregate_calls<'a>(arguments: &mut Arguments<'a>) -> Result<Vec<AggregateCall<'a>>, Diagnostic> {
    let mut calls = vec![aggregate_call(arguments)?];
    while arguments.comma() {
        calls.push(aggregate_call(arguments)?);
    }
    Ok(calls)
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

impl AggregateCall<'_> {
    /// The name of its column: the alias, `count`, `sum_bytes` for an aggregate of a field, otherwise its canonical text.
    pub fn column_name(&self) -> String {
        if let Some(alias) = &self.alias {
            return alias.text.clone();
        }
        match (self.arguments, self.condition) {
            ([], None) => self.name.text.clone(),
            ([Expr { kind: ExprKind::Field(path), .. }], None) => format!("{}_{}", self.name.text, path.label()),
            (_, None) => self.call.to_string(),
            (_, Some(condition)) => format!("{} where {condition}", self.call),
        }
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

/// Reads one aggregate with its clauses, which may come in either order.
pub fn aggregate_call<'a>(arguments: &mut Arguments<'a>) -> Result<AggregateCall<'a>, Diagnostic> {
    const WHAT: &str = "an aggregate";
    if arguments.is_at_clause() {
        return Err(arguments.expected(WHAT).help("an aggregate is written `count` or `sum(bytes)`"));
    }
    let missing = arguments.expected(WHAT);
    let call = arguments.expression(WHAT)?;
    let (name, list) = match (&call.kind, call.as_word()) {
        (ExprKind::Call(name, list), _) => (name.clone(), list.as_slice()),
        (_, Some(word)) => (Name { text: word.to_owned(), span: call.span }, &[][..]),
        (ExprKind::Binary(..) | ExprKind::Unary(..) | ExprKind::Access(..), None) => {
            return Err(missing.help(
                "name the aggregate and compute with it in the next stage: `sum(x) as total | let half = total / 2`",
            ));
        }
        _ => return Err(missing.help("an aggregate is written `count` or `sum(bytes)`")),
    };
    let mut read = AggregateCall { name, arguments: list, condition: None, alias: None, span: call.span, call };
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

/// Fails for `sum bytes`, and suggests `sum(bytes)`.
fn reject_loose_argument(arguments: &Arguments<'_>, read: &AggregateCall<'_>) -> Result<(), Diagnostic> {
    let is_bare = read.condition.is_none() && read.alias.is_none() && read.call.as_word().is_some();
    match arguments.peek_expression() {
        Some(loose) if is_bare && !arguments.is_at_clause() => {
            let found = format!("{} after `{}`", arguments.found(), read.name.text);
            let help = match (read.name.text.as_str(), loose.as_word()) {
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
        let calls = list.calls.iter().map(AggregateCall::column_name).collect();
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
            ("count, sum(x) / 2", "expected an aggregate, found `sum(x) / 2`"),
            ("count, 5", "expected an aggregate, found `5`"),
            ("count, a.b", "expected an aggregate, found `a.b`"),
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
        assert_eq!(list.map(|list| list.calls.len()), Ok(1));
        assert!(arguments.keyword("over"));
        assert_eq!(arguments.integer("a number of rows").map(|(rows, _)| rows), Ok(5));
        assert!(arguments.keyword("rows"));
        assert!(arguments.is_done());
    }
}
