//! Verbs that people bring along from awk, grep, SQL, Splunk, jq and angle-grinder: each is answered with the
//! same thing written here.

use crate::lang::Mistake;
use crate::lang::ast::{Argument, ExprKind, Stage};

/// The mistake of using a neighbour's verb; nothing if the name is none.
pub(super) fn answer(stage: &Stage, name: &str) -> Option<Mistake> {
    let rest = rest(stage);
    let or = |rest: &str, example: &str| {
        if rest.is_empty() {
            example.to_owned()
        } else {
            rest.to_owned()
        }
    };
    let lower = name.to_ascii_lowercase();
    let (found, here) = match lower.as_str() {
        "stats" | "aggregate" | "summarize" | "summarise" | "agg" | "timechart" | "chart" => {
            ("aggregates need no verb", or(&rest, "count by word"))
        }
        "group" | "groupby" | "group_by" => {
            let keys = rest.strip_prefix("by ").unwrap_or(&rest);
            (
                "groups are made by the `by` of an aggregate",
                format!("count by {}", or(keys, "word")),
            )
        }
        "eval" | "extend" | "set" | "mutate" | "put" | "assign" | "derive" => (
            "fields are made by `let`",
            format!("let {}", or(&rest, "n = len(line)")),
        ),
        "filter" | "having" | "when" | "if" | "select_if" => (
            "records are kept by `where`",
            format!("where {}", or(&rest, "len(line) > 80")),
        ),
        "grep" | "egrep" | "rg" | "search" | "regexp" => (
            "lines are kept by `match`",
            format!("match {}", pattern(stage)),
        ),
        "exclude" | "reject" | "except" => (
            "lines are dropped by `skip`",
            format!("skip {}", pattern(stage)),
        ),
        "head" | "take" | "first_n" => (
            "the first records are kept by `limit`",
            format!("limit {}", number(stage)),
        ),
        "last_n" => (
            "the last records are kept by `tail`",
            format!("tail {}", number(stage)),
        ),
        "uniq" | "unique" | "distinct" | "dropduplicates" => (
            "the first of each is kept by `dedup`",
            format!("dedup {rest}").trim_end().to_owned(),
        ),
        "streamstats" | "accum" | "cumsum" | "scan" => (
            "what all records so far come to is added by `running`",
            format!("running {}", or(&rest, "count")),
        ),
        "wc" | "length" | "size" => ("records are counted by `count`", "count".to_owned()),
        "order" | "orderby" | "order_by" | "sort_by" => {
            let keys = rest.strip_prefix("by ").unwrap_or(&rest);
            (
                "records are sorted by `sort`",
                format!("sort {}", or(keys, "count desc")),
            )
        }
        "project" | "fields" | "cut" | "keep" | "table" | "columns" | "print" | "awk" => (
            "fields are chosen by `select`",
            format!("select {}", or(&rest, "line")),
        ),
        "remove" | "delete" | "project-away" => (
            "fields are left out by `drop`",
            format!("drop {}", or(&rest, "line")),
        ),
        "rename" => (
            "fields are renamed by `select … as`",
            "select line as text".to_owned(),
        ),
        "tokenize" | "words" | "unnest" | "flatmap" | "tr" => (
            "texts are cut into records by `split`",
            "split ' '".to_owned(),
        ),
        "expect" | "ensure" | "verify" | "require" => (
            "results are checked by `assert`",
            format!("assert {}", or(&rest, "count == 0")),
        ),
        "total" => (
            "numbers are added by `sum`",
            format!("sum({})", inside(stage, &rest)),
        ),
        "average" | "mean" => (
            "the mean is `avg`",
            format!("avg({})", inside(stage, &rest)),
        ),
        "timeslice" | "bucket" | "bin_by" | "span" => (
            "time is cut by windows",
            format!("window {}", or(&rest, "5m")),
        ),
        _ => return None,
    };
    Some(
        Mistake::new(stage.head.span, format!("unknown stage `{name}`: {found}"))
            .help(format!("write {here}")),
    )
}

/// What stands behind the name, as written here.
fn rest(stage: &Stage) -> String {
    let whole = stage.to_string();
    let head = stage.head.to_string();
    whole
        .strip_prefix(&head)
        .unwrap_or_default()
        .trim()
        .to_owned()
}

/// The arguments of a call, or what stands behind the name.
fn inside(stage: &Stage, rest: &str) -> String {
    match &stage.head.kind {
        ExprKind::Call(_, arguments) if !arguments.is_empty() => arguments
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(", "),
        _ if rest.is_empty() => "word".to_owned(),
        _ => rest.to_owned(),
    }
}

/// The first text or /regex/, or a bare word in quotes: `grep foo`.
fn pattern(stage: &Stage) -> String {
    let first = stage.arguments.iter().find_map(|argument| match argument {
        Argument::Expr(expr) if expr.as_word().is_some() => Some(format!("\"{}\"", expr)),
        Argument::Expr(expr) if matches!(expr.kind, ExprKind::Literal(_) | ExprKind::Regex(_)) => {
            Some(expr.to_string())
        }
        _ => None,
    });
    first.unwrap_or_else(|| "\"text\"".to_owned())
}

/// The first number, also behind a dash: `head -n 5`, `head -5`.
fn number(stage: &Stage) -> String {
    let digits = |text: String| {
        text.rsplit(|c: char| !c.is_ascii_digit())
            .next()
            .map(str::to_owned)
            .filter(|digits| !digits.is_empty())
    };
    let found = stage
        .arguments
        .iter()
        .rev()
        .find_map(|argument| match argument {
            Argument::Expr(expr) => digits(expr.to_string()),
            _ => None,
        });
    found.unwrap_or_else(|| "10".to_owned())
}
