use super::super::Plan;
use super::values::{Is, VALUES};
use super::verbs::VERBS;
use super::*;

/// The first message of an expression, its help, and the text that is marked.
fn said(text: &str) -> Option<(String, String, String)> {
    let found = Plan::read(text, Printing::AsItCame).err()?;
    let mistake = found.first()?;
    let marked = text[mistake.span.start..mistake.span.end].to_owned();
    Some((mistake.message.clone(), mistake.help.clone().unwrap_or_default(), marked))
}

/// The suggestion of a help.
fn suggested(help: &str) -> Option<&str> {
    help.split_once("write ").map(|(_, here)| here)
}

#[track_caller]
fn assert_accepted(text: &str, help: &str) {
    let here = suggested(help).unwrap_or_else(|| panic!("{text}: no suggestion in `{help}`"));
    assert!(accepts(here), "{text}: {here}");
}

#[test]
fn each_row_answers_its_example() {
    for verb in VERBS {
        let (message, help, marked) = said(verb.typed).unwrap_or_else(|| panic!("{} is accepted", verb.typed));
        assert_accepted(verb.typed, &help);
        let is_program = message.starts_with("this is ");
        assert!(is_program || message.ends_with(verb.means), "{}: {message}", verb.typed);
        assert!(verb.typed.starts_with(&marked) && !marked.is_empty(), "{}: {marked}", verb.typed);
    }
}

#[test]
fn each_word_has_one_row_and_is_no_name_here() {
    let mut seen = std::collections::HashMap::new();
    for verb in VERBS {
        for word in verb.words.split(' ') {
            let key = values::key(word);
            assert!(!is_own(&key), "`{word}` is a name here: the row hides nothing, but is never read");
            if let Some(other) = seen.insert(key, verb.typed) {
                panic!("`{word}` is in the rows of `{other}` and of `{}`", verb.typed);
            }
        }
        assert!(!verb.here.is_empty(), "{}", verb.typed);
    }
    let mut seen = std::collections::HashMap::new();
    for value in VALUES {
        for word in value.words.split(' ') {
            assert!(value.is == Is::Field || !values::is_own(word), "`{word}` is a name here");
            if let Some(other) = seen.insert((word, value.is == Is::Field), value.here) {
                panic!("`{word}` is in the rows of `{other}` and of `{}`", value.here);
            }
        }
    }
}

#[test]
fn every_suggestion_of_every_word_is_accepted() {
    let tails = [
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
        "(a)",
        "('a')",
        "(a, 5)",
        "('5 minutes')",
        " span=5m a",
        " a b c",
        " a is null",
        " limit=3 x",
        "(x='sum')",
        " {",
        " \"a%s\" b",
        " 'it''s'",
    ];
    for verb in VERBS {
        for word in verb.words.split(' ') {
            for tail in tails {
                let text = format!("{word}{tail}");
                if let Some(answer) = answer_stage(&text) {
                    assert!(accepts(&answer.here), "{text}: {}", answer.here);
                }
            }
        }
        for template in verb.here.iter().rev().take(1) {
            let example = arguments::example(template);
            let is_any = verb.here.iter().any(|template| accepts(&arguments::example(template)));
            assert!(is_any, "{}: {example}", verb.typed);
        }
    }
}

#[test]
fn every_function_of_another_language_is_answered() {
    for value in VALUES.iter().filter(|value| value.is != Is::Field) {
        for word in value.words.split(' ') {
            if super::super::aggregates::percentile(word).is_some() || !word.chars().all(char::is_alphanumeric) {
                continue;
            }
            for call in
                [format!("{word}(a)"), format!("{word}(a, b)"), format!("{word}(a, 5, \"x\")"), format!("{word}()")]
            {
                let text = match value.is {
                    Is::Aggregate => format!("json | count, {call} by b"),
                    _ => format!("json | let y = {call}"),
                };
                let Some((message, help, _)) = said(&text) else {
                    panic!("{text} is accepted");
                };
                assert!(message.ends_with(value.means) || word == "case", "{text}: {message}");
                assert_accepted(&text, &help);
            }
        }
    }
}

#[test]
fn variables_of_other_languages_are_answered() {
    for (text, here) in [
        ("where NR > 5", "where @number > 5"),
        ("where FILENAME == 'a'", "where @source == \"a\""),
        ("select $0", "select line"),
        ("select $2", "select split_part(line, \" \", 2)"),
        ("select $NF", "select regex_extract(line, /\\S+$/)"),
        ("where _raw ~ /x/", "where line ~ /x/"),
    ] {
        let (_, help, _) = said(text).expect(text);
        assert_eq!(suggested(&help), Some(here), "{text}");
    }
}

/// What is typed, and the suggestion.
fn assert_written(pairs: &[(&str, &str)]) {
    for (text, here) in pairs {
        let (message, help, _) = said(text).unwrap_or_else(|| panic!("{text} is accepted"));
        assert_eq!(suggested(&help), Some(*here), "{text}: {message}");
        assert_accepted(text, &help);
    }
}

#[test]
fn the_shell_is_written_as_here() {
    assert_written(&[
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
        ("json | uniq a", "dedup a"),
        ("uniq -c", "count by line"),
        ("uniq -d", "count by line | where count > 1 | select line"),
        ("uniq -u", "count by line | where count == 1 | select line"),
        ("sort | uniq -c", "count by line"),
        ("sort | uniq -c | sort -rn | head", "count by line | limit 10"),
        ("sort -k2 -n -r", "sort split_part(line, \" \", 2) desc"),
        ("sort -rn", "sort line desc"),
        ("sort -t, -k3", "sort split_part(line, \",\", 3)"),
        ("cut -d, -f1", "select split_part(line, \",\", 1) as f1"),
        ("cut -d ' ' -f 2", "select split_part(line, \" \", 2) as f2"),
        ("cut -f1,3 -d,", "select split_part(line, \",\", 1) as f1, split_part(line, \",\", 3) as f3"),
        ("cut -f2", "select split_part(line, \"\\t\", 2) as f2"),
        ("cut -c3-5", "select substr(line, 2, 3) as text"),
        ("sed 's/a/b/'", "select regex_replace(line, /a/, \"b\") as line"),
        ("s/a/b/g", "select regex_replace(line, /a/, \"b\") as line"),
        ("tr a-z A-Z", "select upper(line) as text"),
        ("tr -d 'a'", "select replace(line, \"a\", \"\") as text"),
        ("wc -l", "count"),
        ("cat", "where true"),
        ("tail -n 5", "tail 5"),
        ("tail -f x", "tail 10"),
        ("match -v 'x'", "skip \"x\""),
    ]);
}

#[test]
fn awk_and_jq_are_written_as_here() {
    assert_written(&[
        ("{print $1}", "select split_part(line, \" \", 1) as f1"),
        ("awk '{print $1, $3}'", "select split_part(line, \" \", 1) as f1, split_part(line, \" \", 3) as f3"),
        ("/x/ {print $2}", "match /x/ | select split_part(line, \" \", 2) as f2"),
        ("NR > 1 {print}", "where @number > 1"),
        ("$3 > 5 {print $1}", "where split_part(line, \" \", 3) > 5 | select split_part(line, \" \", 1) as f1"),
        ("!seen[$0]++", "dedup"),
        ("{s+=$1} END {print s}", "sum(split_part(line, \" \", 1))"),
        ("END {print NR}", "count"),
        ("{c[$1]++} END {for (k in c) print k, c[k]}", "count by split_part(line, \" \", 1) as key"),
        (".foo | select(.bar)", "json | where foo.bar"),
        (".[] | select(.a > 5) | .b", "json | where a > 5 | select b"),
        (".[] | select(.msg | test(\"err\"))", "json | where msg ~ /err/"),
        (".foo", "json | select foo"),
        (".[]", "json"),
        (".items[].name", "json | explode items as item | select item.name"),
        (". | {a, b: .c}", "json | select a, c as b"),
        ("[.a, .b] | @csv", "json | select a, b"),
        ("length", "count"),
        ("json | map(.a)", "select a"),
        ("json | del(.a)", "drop a"),
    ]);
}

#[test]
fn sql_is_written_as_here() {
    assert_written(&[
        ("select x from y", "select x"),
        ("select a, b from t where a > 1 order by b desc limit 5", "where a > 1 | select a, b | sort b desc | limit 5"),
        ("select count(*), a from t group by a having count > 5", "count by a | where count > 5"),
        ("SELECT a, COUNT(*) FROM t GROUP BY a ORDER BY COUNT(*) DESC", "count by a | sort count desc"),
        ("select distinct a from t", "select a | dedup"),
        ("select avg(x) as m from t", "avg(x) as m"),
        ("json | group by x", "count by x"),
        ("json | order by x desc", "sort x desc"),
        ("having count > 5", "where count > 5"),
        ("json | where x like '%a%'", "where contains(x, \"a\")"),
        ("json | where x like 'a%'", "where startswith(x, \"a\")"),
        ("json | where x like 'a_b'", "where x ~ /^a.b$/"),
        ("json | where x ilike '%a%'", "where x ~ /a/i"),
        ("json | where x not like 'a%'", "where not startswith(x, \"a\")"),
        ("json | where x is null", "where x == null"),
        ("json | where x is not null", "where x != null"),
        ("json | where x between 1 and 5", "where x >= 1 and x <= 5"),
        ("json | where x not between 1 and 5", "where not (x >= 1 and x <= 5)"),
        ("json | where x in [1, 2]", "where x in (1, 2)"),
        ("json | where x NOT IN (1, 2)", "where not x in (1, 2)"),
        ("json | where not in (1, 2)", "where not x in (1, 2)"),
        ("json | where a <> b", "where a != b"),
        ("json | where a = 5 AND b IS NULL", "where a == 5 and b == null"),
        ("json | let x = case when a > 1 then 'x' else 'y' end", "let x = if(a > 1, \"x\", \"y\")"),
        ("json | let x = case a when 1 then 'x' end", "let x = if(a == 1, \"x\", null)"),
        ("json | let x = cast(a as int)", "let x = num(a)"),
        ("json | let x = a::text", "let x = text(a)"),
        ("json | let h = extract(hour from t)", "let h = hour(t)"),
        ("json | let h = date_trunc('hour', t)", "let h = bin(t, 1h)"),
        ("json | let t = now() - interval '1 hour'", "let t = now() - 1h"),
        ("json | let s = sum(x) over (partition by y)", "running sum(x) as s by y"),
        ("json | let s = lag(x) over (order by t)", "running prev(x) as s"),
        ("json | count distinct(x)", "count_distinct(x)"),
        ("json | count(distinct x) by y", "count_distinct(x) by y"),
        ("json | count-distinct a", "count_distinct(a)"),
        ("json | limit 5 offset 10", "where @number > 10 | limit 5"),
    ]);
}

#[test]
fn operators_of_other_languages_are_written_as_here() {
    assert_written(&[
        ("json | where a && b", "where a and b"),
        ("json | where a > 1 || b", "where a > 1 or b"),
        ("json | where !x", "where not x"),
        ("json | where !(x > 1) && y", "where not x > 1 and y"),
        ("json | where a === b", "where a == b"),
        ("json | where a = b", "where a == b"),
        ("json | where msg =~ \"err.*\"", "where msg ~ /err.*/"),
        ("json | let y = x ? a : b", "let y = if(x, a, b)"),
        ("json | let y = a if x else b", "let y = if(x, a, b)"),
        ("json | let x = \"a\" + \"b\"", "let x = concat(\"a\", \"b\")"),
        ("json | let x = a + \"-\" + b", "let x = concat(a, \"-\", b)"),
        ("json | let x = a . b", "let x = concat(a, b)"),
        ("json | let x = a ** 2", "let x = pow(a, 2)"),
        ("json | where x.lower() == 'a'", "where lower(x) == \"a\""),
        ("match \"a\" and \"b\"", "match \"a\" | match \"b\""),
        ("match \"a\" or \"b\"", "match \"a\", \"b\""),
        ("match not \"a\"", "skip \"a\""),
        ("match error", "match \"error\""),
        ("skip 5", "where @number > 5"),
    ]);
}

#[test]
fn splunk_and_kql_are_written_as_here() {
    assert_written(&[
        ("json | bucket t 5m", "count by bin(t, 5m)"),
        ("json | bin span=5m t", "count by bin(t, 5m)"),
        ("json | count by bucket(t, 5m)", "count by bin(t, 5m)"),
        ("stats count as n by host", "count as n by host"),
        ("json | stats count dc(user) as users by host, app", "count, count_distinct(user) as users by host, app"),
        ("timechart span=1m count by level", "count by level | window 1m"),
        ("index=main error", "match \"error\""),
        ("index=main status=500 | stats count by host", "where status == 500 | count by host"),
        ("index=main error OR warn NOT debug", "match \"error\", \"warn\" | skip \"debug\""),
        ("rare user by host", "count by user, host | sort count | limit 10"),
        ("fields - msg", "drop msg"),
        ("fields + a, b", "select a, b"),
        ("fields a b", "select a, b"),
        ("json | top 5 by level", "top 5 level"),
        ("json | top limit=5 level", "top 5 level"),
        ("json | top level", "top 10 level"),
        ("json | top 5 by ms desc", "sort ms desc | limit 5"),
        ("transaction host maxspan=5m", "count, first(line), last(line) by host | window session 5m"),
        ("fillnull value=0 a b", "let a = a ?? 0, b = b ?? 0"),
        ("rex field=msg \"(?<a>\\d+)\"", "regex /(?<a>\\d+)/ from msg"),
        ("rex \"id=(\\d+)\"", "regex /id=(?<value>\\d+)/"),
        ("json | dedup host sortby -x", "sort x desc | dedup host"),
        ("eval x=if(isnull(a), \"-\", a)", "let x = if(is_null(a), \"-\", a)"),
        ("eval x=case(a > 1, \"b\", true, \"c\")", "let x = if(a > 1, \"b\", \"c\")"),
        ("mvexpand x", "explode x"),
        ("streamstats sum(bytes) as total by host", "running sum(bytes) as total by host"),
        ("cumsum", "running count"),
        ("json | cumsum bytes", "running sum(bytes)"),
        ("spath", "json"),
        ("summarize n = count(), avg(x) by bin(time, 5m)", "count as n, avg(x) by bin(time, 5m)"),
        ("extend x = a + 1", "let x = a + 1"),
        ("project x = a, b", "select a as x, b"),
        ("project-away a", "drop a"),
        ("json | where msg has \"err\"", "where contains(msg, \"err\")"),
        ("json | where msg !contains \"err\"", "where not contains(msg, \"err\")"),
        ("json | quantile(x, 0.95)", "p95(x)"),
        ("json | let p = lag(x)", "running prev(x) as p"),
        ("json | lead(x, 1)", "sort @number desc | running prev(x) as after"),
        ("rename a as b, c to d", "let b = a, d = c | drop a, c"),
        ("rename b = a", "let b = a | drop a"),
        ("printf \"%s: %d\" a b", "select concat(a, \": \", b) as text"),
        ("json | let s = strftime(t, \"%Y\")", "let s = format_time(t, \"%Y\")"),
    ]);
}

#[test]
fn logql_miller_and_frames_are_written_as_here() {
    assert_written(&[
        ("{app=\"x\"} |= \"error\" != \"debug\" |~ \"a.b\"", "match \"error\" | skip \"debug\" | match /a.b/"),
        ("{app=\"x\"} | json | level=\"error\"", "json | where level == \"error\""),
        ("count_over_time({app=\"x\"}[5m])", "count | window 5m"),
        ("sum by (host) (rate({app=\"x\"} |= \"e\" [1m]))", "match \"e\" | rate by host | window 1m"),
        ("quantile_over_time(0.99, {app=\"x\"} | json | unwrap ms [1m])", "json | p99(ms) | window 1m"),
        ("| json | line_format \"{{.a}}: {{.b}}\"", "json | select concat(a, \": \", b) as text"),
        ("mlr --icsv --opprint cat then head -n 4", "csv | limit 4"),
        ("head -n 4 then put '$x = $a + 1'", "limit 4 | let x = a + 1"),
        ("json | step -a delta -f x", "running delta(x)"),
        ("json | nest --explode --values --across-records -f x", "explode x"),
        ("json | cut -x -f a", "drop a"),
        ("json | cut -f a,b", "select a, b"),
        ("json | reorder -f a,b", "select a, b"),
        ("parse \"a * b *\" as x, y", "parse \"a {x} b {y}\""),
        ("* | json | count by a", "json | count by a"),
        ("df.groupby('a')['x'].mean()", "avg(x) by a"),
        ("df.groupby('a').size()", "count by a"),
        ("groupBy(\"a\").count()", "count by a"),
        ("df.filter(x > 1).limit(5)", "where x > 1 | limit 5"),
        ("json | value_counts(a)", "count by a"),
        ("json | nunique(x)", "count_distinct(x)"),
        ("json | agg(x='sum')", "sum(x)"),
        ("json | drop_duplicates(a)", "dedup a"),
        ("json | let x = fillna(a, 0)", "let x = coalesce(a, 0)"),
        ("json | let x = astype(a, 'int')", "let x = num(a)"),
        ("resample('1m').count()", "count | window 1m"),
        ("json | rolling(5).mean()", "running avg(x) over 5 rows"),
        ("withColumn('x', a + 1)", "let x = a + 1"),
        ("json | explode('a')", "explode a"),
        ("json | dropDuplicates(['a', 'b'])", "dedup a, b"),
        ("withWatermark('t', '10 minutes')", "count | window 1m on t late 10m"),
        ("json | count | window 5m every 1m", "window 5m/1m"),
        ("json | count | window('5 minutes')", "window 5m"),
    ]);
}

#[test]
fn carets_are_under_what_is_written_otherwise() {
    for (text, marked) in [
        ("json | count-distinct a", "count-distinct"),
        ("json | where x is not null", "is"),
        ("json | where x not between 1 and 5", "not between"),
        ("json | let y = x ? a : b", "?"),
        ("json | let p = lag(x)", "lag"),
        ("json | count, dc(x) by y", "dc"),
        ("json | top 5 by level", "by"),
        ("index=main error", "index"),
        (".foo | select(.bar)", "."),
        ("match \"a\" and \"b\"", "and"),
        ("json | tail -n 5", "-n"),
        ("json | where a = 5", "="),
    ] {
        assert_eq!(said(text).expect(text).2, marked, "{text}");
    }
}

#[test]
fn what_is_right_is_not_looked_at() {
    for text in ["count by line", "json | where a == 5", "sort -len(line)", "top 5 line"] {
        assert!(said(text).is_none(), "{text}");
    }
}

#[test]
fn an_unknown_stage_shows_the_three_nearest() {
    let (message, help, _) = said("frobnicate x").expect("no stage");
    assert_eq!(message, "unknown stage `frobnicate`");
    assert_eq!(help.matches('`').count(), 6, "{help}");
    assert_eq!(nearest("uniqcount")[0], "count_distinct");
    assert_eq!(nearest("groupsum")[0], "count");
}

proptest::proptest! {
    /// Any row of tokens is answered or left alone: it never panics, and what is said is accepted.
    #[test]
    fn any_soup_of_words_is_answered(
        words in proptest::collection::vec(proptest::sample::select(SOUP), 1..9),
    ) {
        let text = words.join(" ");
        if let Err(found) = Plan::read(&text, Printing::AsItCame) {
            for mistake in found {
                let _ = &text[mistake.span.start.min(text.len())..mistake.span.end.min(text.len())];
            }
        }
        if let Some(answer) = answer_stage(&text) {
            proptest::prop_assert!(accepts(&answer.here), "{}: {}", text, answer.here);
        }
        if let Some(answer) = shapes::answer(&text).and_then(checked) {
            proptest::prop_assert!(accepts(&answer.here), "{}: {}", text, answer.here);
        }
    }
}

const SOUP: &[&str] = &[
    "select",
    "from",
    "where",
    "group",
    "by",
    "order",
    "count",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "|",
    ".",
    ",",
    "a",
    "$1",
    "'é'",
    "\"x\"",
    "/x/",
    "5m",
    "0.5",
    "-",
    "=",
    "==",
    "is",
    "not",
    "null",
    "case",
    "when",
    "then",
    "else",
    "end",
    "over",
    "partition",
    "lag(",
    "dc(",
    "index=",
    "print",
    "END",
    "sort",
    "uniq",
    "cut",
    "-f1",
    "-d",
    "head",
    "!",
    "?",
    ":",
    "stats",
    "bin",
    "top",
    "limit",
    "match",
    "and",
    "like",
    "in",
    "between",
    "tr",
    "sed",
    "s/",
    "%",
    "*",
    "~",
    "window",
];
