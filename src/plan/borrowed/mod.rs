//! Verbs that people bring along from awk, grep, SQL, Splunk, jq and angle-grinder: each is answered with the
//! same thing written here.

mod fields;
mod shell;

use crate::aggregate;
use crate::lang::ast::{ExprKind, Stage};
use crate::lang::{self, Mistake};
use crate::stage;

/// Verbs that mean the same, and what is written here instead.
struct Verb {
    names: &'static [&'static str],
    /// What does it here.
    found: &'static str,
    /// The same thing written here, of a stage and of what stands behind its name; nothing if that cannot be told.
    here: fn(&Stage, &str) -> Option<String>,
    /// What is shown otherwise.
    example: &'static str,
}

const VERBS: [Verb; 22] = [
    Verb {
        names: &[
            "stats",
            "aggregate",
            "summarize",
            "summarise",
            "agg",
            "timechart",
            "chart",
        ],
        found: "aggregates need no verb",
        here: |_, rest| Some(rest.to_owned()),
        example: "count by word",
    },
    Verb {
        names: &["group", "groupby", "group_by"],
        found: "groups are made by the `by` of an aggregate",
        here: |_, rest| behind("count by", without_by(rest)),
        example: "count by word",
    },
    Verb {
        names: &["eval", "extend", "set", "mutate", "put", "assign", "derive"],
        found: "fields are made by `let`",
        here: |_, rest| behind("let", rest),
        example: "let n = len(line)",
    },
    Verb {
        names: &["filter", "having", "when", "if", "select_if"],
        found: "records are kept by `where`",
        here: |stage, rest| behind("where", &inside(stage, rest)),
        example: "where len(line) > 80",
    },
    Verb {
        names: &["grep", "egrep", "rg", "search", "regexp"],
        found: "lines are kept by `match`, dropped by `skip`",
        here: |stage, _| shell::grep(stage),
        example: "match \"text\"",
    },
    Verb {
        names: &["exclude", "reject", "except"],
        found: "lines are dropped by `skip`",
        here: |stage, _| behind("skip", &shell::pattern(stage, None)?),
        example: "skip \"text\"",
    },
    Verb {
        names: &["head", "take", "first_n"],
        found: "the first records are kept by `limit`",
        here: |stage, _| behind("limit", &shell::number(stage)?),
        example: "limit 10",
    },
    Verb {
        names: &["last_n"],
        found: "the last records are kept by `tail`",
        here: |stage, _| behind("tail", &shell::number(stage)?),
        example: "tail 10",
    },
    Verb {
        names: &["uniq", "unique", "distinct", "dropduplicates"],
        found: "the first of each is kept by `dedup`, each is counted by `count by`",
        here: |stage, rest| Some(shell::uniq(stage, rest)),
        example: "dedup",
    },
    Verb {
        names: &["streamstats", "accum", "cumsum", "scan"],
        found: "what all records so far come to is added by `running`",
        here: |_, rest| behind("running", rest),
        example: "running count",
    },
    Verb {
        names: &["wc", "length", "size"],
        found: "records are counted by `count`",
        here: |_, _| None,
        example: "count",
    },
    Verb {
        names: &["order", "orderby", "order_by", "sort_by"],
        found: "records are sorted by `sort`",
        here: |_, rest| behind("sort", without_by(rest)),
        example: "sort count desc",
    },
    Verb {
        names: &["project", "fields", "keep", "table", "columns", "print"],
        found: "fields are chosen by `select`",
        here: |_, rest| behind("select", rest),
        example: "select line",
    },
    Verb {
        names: &["cut", "awk"],
        found: "fields are made by `split_part`, and chosen by `select`",
        here: |_, rest| shell::cut(rest),
        example: "select split_part(line, \" \", 1) as f1",
    },
    Verb {
        names: &["remove", "delete", "project-away"],
        found: "fields are left out by `drop`",
        here: |_, rest| behind("drop", rest),
        example: "drop line",
    },
    Verb {
        names: &["rename"],
        found: "a field is renamed by `let` and `drop`",
        here: |stage, _| fields::rename(stage),
        example: "let text = line | drop line",
    },
    Verb {
        names: &["unnest", "mvexpand", "mv", "flatten"],
        found: "lists become records by `explode`",
        here: |stage, rest| {
            let list = inside(stage, rest);
            behind("explode", list.strip_prefix("-expand ").unwrap_or(&list))
        },
        example: "explode items",
    },
    Verb {
        names: &["tokenize", "words", "flatmap", "tr"],
        found: "texts are cut into records by `split`",
        here: |_, _| None,
        example: "split ' '",
    },
    Verb {
        names: &["expect", "ensure", "verify", "require"],
        found: "results are checked by `assert`",
        here: |stage, rest| behind("assert", &inside(stage, rest)),
        example: "assert count == 0",
    },
    Verb {
        names: &["total"],
        found: "numbers are added by `sum`",
        here: |stage, rest| Some(format!("sum({})", inside(stage, rest))),
        example: "sum(word)",
    },
    Verb {
        names: &["average", "mean"],
        found: "the mean is `avg`",
        here: |stage, rest| Some(format!("avg({})", inside(stage, rest))),
        example: "avg(word)",
    },
    Verb {
        names: &["timeslice", "bucket", "bin_by", "span"],
        found: "time is cut by windows",
        here: |_, rest| behind("window", rest),
        example: "window 5m",
    },
];

/// The mistake of using a neighbour's verb; nothing if the name is none.
pub(super) fn answer(stage: &Stage, name: &str) -> Option<Mistake> {
    let (found, here) = written_here(stage, name)?;
    Some(
        Mistake::new(stage.head.span, format!("unknown stage `{name}`: {found}"))
            .help(format!("write {here}")),
    )
}

/// What does here what a neighbour's verb does, and how it is written; nothing if the name is none.
pub(super) fn written_here(stage: &Stage, name: &str) -> Option<(&'static str, String)> {
    let lower = name.to_ascii_lowercase();
    let verb = VERBS
        .iter()
        .find(|verb| verb.names.contains(&lower.as_str()))?;
    let here = (verb.here)(stage, &rest(stage)).filter(|here| can_be_written(here));
    Some((verb.found, here.unwrap_or_else(|| verb.example.to_owned())))
}

/// Whether a stage sorts without saying by what, as the shell does in front of `uniq`.
pub(super) fn is_bare_sort(stage: &Stage) -> bool {
    stage.head.as_word() == Some("sort") && stage.arguments.is_empty()
}

/// Whether a stage is the shell's `uniq`.
pub(super) fn is_uniq(stage: &Stage) -> bool {
    stage.head.as_word() == Some("uniq")
}

/// Whether a suggestion is a pipeline of stages that are known.
fn can_be_written(text: &str) -> bool {
    let is_known = |stage: &Stage| {
        let name = match &stage.head.kind {
            ExprKind::Call(name, _) => name.text.as_str(),
            _ => stage.head.as_word().unwrap_or_default(),
        };
        stage::find(name).is_some() || aggregate::find(name).is_some()
    };
    lang::parse(text).is_ok_and(|pipeline| pipeline.stages.iter().all(is_known))
}

/// A stage with these arguments; nothing without any.
fn behind(name: &str, arguments: &str) -> Option<String> {
    (!arguments.is_empty()).then(|| format!("{name} {arguments}"))
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

/// What stands behind a `by`, which may be missing.
fn without_by(rest: &str) -> &str {
    rest.strip_prefix("by ").unwrap_or(rest)
}

/// The arguments of a call, or what stands behind the name.
fn inside(stage: &Stage, rest: &str) -> String {
    match &stage.head.kind {
        ExprKind::Call(_, arguments) if !arguments.is_empty() => arguments
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(", "),
        _ => rest.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is written here instead of a stage.
    fn here(text: &str) -> Option<String> {
        let pipeline = lang::parse(text).unwrap_or_else(|found| panic!("{text}: {found:?}"));
        let stage = &pipeline.stages[0];
        let name = match &stage.head.kind {
            ExprKind::Call(name, _) => name.text.as_str(),
            _ => stage.head.as_word().unwrap_or_default(),
        };
        written_here(stage, name).map(|(_, here)| here)
    }

    #[test]
    fn every_suggestion_can_be_written() {
        let behind = [
            "",
            " x",
            " -v \"x\"",
            " -i x",
            " -c",
            " -d, -f1",
            " -n 5",
            " -5",
            " a as b",
            " a = 5",
            " by a",
            " a, b",
            " /x/",
            " 5m",
            " a > 1",
            " \"{print}\"",
            " -",
            " x desc",
            " count by a",
        ];
        for name in VERBS.iter().flat_map(|verb| verb.names) {
            assert!(can_be_written(&here(name).expect("a verb")), "{name}");
            for arguments in behind {
                let text = format!("{name}{arguments}");
                if lang::parse(&text).is_ok() {
                    assert!(can_be_written(&here(&text).expect("a verb")), "{text}");
                }
            }
            let call = format!("{name}(a)");
            if lang::parse(&call).is_ok() {
                assert!(can_be_written(&here(&call).expect("a verb")), "{call}");
            }
        }
        for verb in &VERBS {
            assert!(can_be_written(verb.example), "{}", verb.example);
        }
    }

    #[test]
    fn verbs_are_written_as_they_are_here() {
        for (text, expected) in [
            ("stats count by x", "count by x"),
            ("stats", "count by word"),
            ("group by a, b", "count by a, b"),
            ("eval x = 5", "let x = 5"),
            ("having(a > 1)", "where a > 1"),
            ("grep x", "match \"x\""),
            ("grep 404", "match \"404\""),
            ("grep -v \"x\"", "skip \"x\""),
            ("grep -i x", "match /x/i"),
            ("grep -vi \"a/b\"", "skip /a\\/b/i"),
            ("grep -i -v x", "skip /x/i"),
            ("grep -i \"(\"", "match /\\(/i"),
            ("grep -E \"a|b\"", "match /a|b/"),
            ("grep -c x", "match \"x\" | count"),
            ("grep /x/", "match /x/"),
            ("grep", "match \"text\""),
            ("head -n 5", "limit 5"),
            ("head -5", "limit 5"),
            ("head", "limit 10"),
            ("uniq", "dedup"),
            ("uniq a", "dedup a"),
            ("uniq -c", "count by line"),
            ("uniq -d", "count by line | where count > 1 | select line"),
            ("uniq -u", "count by line | where count == 1 | select line"),
            ("cut -d, -f1", "select split_part(line, \",\", 1) as f1"),
            ("cut -d ' ' -f 2", "select split_part(line, \" \", 2) as f2"),
            (
                "cut -f1,3 -d,",
                "select split_part(line, \",\", 1) as f1, split_part(line, \",\", 3) as f3",
            ),
            ("cut -f2", "select split_part(line, \"\\t\", 2) as f2"),
            ("cut -c3-5", "select substr(line, 2, 3) as text"),
            ("cut a, b", "select a, b"),
            ("rename a as b", "let b = a | drop a"),
            (
                "rename a.b as `x y`, c to d",
                "let `x y` = a.b, d = c | drop a.b, c",
            ),
            ("rename b = a", "let b = a | drop a"),
            ("rename a, b", "let text = line | drop line"),
            ("unnest a", "explode a"),
            ("mvexpand a", "explode a"),
            ("mv-expand a", "explode a"),
            ("flatten(a)", "explode a"),
            ("total x", "sum(x)"),
            ("mean(x)", "avg(x)"),
            ("span 5m", "window 5m"),
        ] {
            assert_eq!(here(text).as_deref(), Some(expected), "{text}");
        }
    }
}
