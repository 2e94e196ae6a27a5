//! Programs and commands of other tools: the suggestion does what the program does.

use super::{assert_written, said};

#[test]
fn programs_of_awk_and_sed_do_the_same() {
    assert_written(&[
        ("/err/ {n++} END {print n}", "match /err/ | count"),
        ("{print NR\": \"$0}", "select concat(@number, \": \", line) as text"),
        ("BEGIN {FS=\",\"} {print $2}", "select split_part(line, \",\", 2) as f2"),
        ("awk -F, '{print $2}'", "select split_part(line, \",\", 2) as f2"),
        ("awk '{s+=$3} END {print s/NR}'", "avg(split_part(line, \" \", 3))"),
        (
            "{sum[$1]+=$2} END {for (k in sum) print k, sum[k]}",
            "sum(split_part(line, \" \", 2)) as sum by split_part(line, \" \", 1) as key",
        ),
        ("length($0) > 80", "where len(line) > 80"),
        ("NF > 3", "where len(regex_replace(trim(line), /\\S+\\s*/, \"x\")) > 3"),
        ("sed -n '5,10p'", "where @number >= 5 and @number <= 10"),
        ("sed '/x/d'", "skip /x/"),
        ("sed 5q", "limit 5"),
        (
            "sed 's/a/b/g; s/c/d/'",
            "select regex_replace(line, /a/, \"b\") as line | select regex_replace(line, /c/, \"d\") as line",
        ),
        ("tr -s ' '", "select regex_replace(line, / +/, \" \") as text"),
        ("tail -n +2", "where @number >= 2"),
        ("grep -A 3 x", "match \"x\" after 3"),
        ("grep -B2 x", "match \"x\" before 2"),
        ("grep -n -C 1 x", "match \"x\" context 1"),
        ("grep -o \"[0-9]+\"", "match /[0-9]+/ | select regex_extract(line, /[0-9]+/) as text"),
        ("wc -w", "split | count"),
        ("cat -n", "running count as n"),
    ]);
}

#[test]
fn filters_of_jq_do_the_same() {
    assert_written(&[
        ("map(select(.a > 5))", "json | where a > 5"),
        ("[.[] | .a] | add", "json | sum(a)"),
        (".a?", "json | select a"),
        (".a // \"none\"", "json | select a ?? \"none\" as value"),
        ("jq -c 'select(.a > 1)'", "json | where a > 1"),
        ("map(.a)", "json | select a"),
    ]);
}

#[test]
fn searches_of_splunk_and_kql_do_the_same() {
    assert_written(&[
        ("json | search status>=500 AND host=\"a\"", "where status >= 500 | where host == \"a\""),
        ("json | search status=500 OR status=502", "where status == 500 or status == 502"),
        ("json | stats count(eval(status>=500)) as errors by host", "count(status >= 500) as errors by host"),
        ("json | stats count by _time span=1h", "count by bin(@time, 1h)"),
        ("json | makemv delim=\",\" tags", "split \",\" from tags as tags"),
        ("json | summarize arg_max(t, *) by k", "sort t desc | dedup k"),
        ("json | extend d = datetime_diff('minute', t2, t1)", "let d = (t2 - t1) / 1m"),
        ("json | top 3 by count desc", "sort count desc | limit 3"),
        ("* | parse \"x=*\" as x | sum(x)", "parse \"x={x}\" | sum(x)"),
        ("topk(5, sum by (path) (count_over_time({job=\"x\"}[1h])))", "count by path | limit 5 | window 1h"),
        ("{job=\"x\"} | logfmt | line_format \"{{.msg}}\"", "logfmt | select concat(msg) as text"),
    ]);
}

#[test]
fn verbs_of_miller_do_the_same() {
    assert_written(&[
        ("json | count -g a", "count by a"),
        ("json | top -n 5 -f ms", "sort ms desc | limit 5"),
        ("json | head -n 1 -g a", "dedup a"),
        ("json | head -n 2 -g a", "running count as n by a | where n <= 2 | drop n"),
        ("json | merge-fields -a sum -f x,y -o out", "let out_sum = x + y"),
        ("json | sec2gmt t", "let t = time(t)"),
    ]);
}

#[test]
fn chains_of_frames_do_the_same() {
    assert_written(&[
        ("df[df[\"a\"] > 5]", "where a > 5"),
        ("json | df[df.a > 5]", "where a > 5"),
        ("df[[\"a\", \"b\"]]", "select a, b"),
        ("df[\"a\"].value_counts()", "count by a"),
        ("df.a.mean()", "avg(a)"),
        ("df[\"a\"].mean()", "avg(a)"),
        ("df.where(\"a > 5\")", "where a > 5"),
        ("df.nlargest(5, \"a\")", "sort a desc | limit 5"),
        ("df.rename(columns={\"a\": \"b\"})", "rename a as b"),
        ("df.drop(columns=[\"a\"])", "drop a"),
        ("df.assign(c=df.a + 1)", "let c = a + 1"),
        ("df.groupby(\"a\").b.mean()", "avg(b) by a"),
        ("df.groupby(\"a\").size().sort_values(ascending=False)", "count by a"),
        ("df.groupBy(\"a\").agg(F.sum(\"b\").alias(\"t\")).orderBy(F.desc(\"t\"))", "sum(b) as t by a | sort t desc"),
        ("df.select(\"a\", \"b\").filter(df.a > 5)", "select a, b | where a > 5"),
        (
            "lines.flatMap(lambda l: l.split(\" \")).map(lambda w: (w, 1)).reduceByKey(lambda a, b: a + b)",
            "split \" \" | count by word",
        ),
    ]);
}

#[test]
fn queries_of_sql_do_the_same() {
    assert_written(&[
        ("select top 5 a from t", "select a | limit 5"),
        ("select a, count(*) as n from t group by 1 order by 2 desc", "count as n by a | sort n desc"),
        ("select date_trunc('hour', t) as h, count(*) from x group by h", "count by bin(t, 1h) as h"),
        ("select a from t limit 5 offset 10", "select a | running count as n | where n > 10 | limit 5 | drop n"),
        (
            "select a, b from x left join y on x.id = y.id where a > 5",
            "lookup \"y.csv\" on id left | where a > 5 | select a, b",
        ),
        ("json | select a, b, c as d from t", "select a, b, c as d"),
    ]);
}

#[test]
fn values_and_stages_do_the_same() {
    assert_written(&[
        ("json | let b = a[0:3]", "let b = substr(a, 0, 3)"),
        ("json | let x = f\"{a}-{b}\"", "let x = concat(a, \"-\", b)"),
        ("json | let x = a->>'b'", "let x = a.b"),
        ("json | let x = a?.b", "let x = a.b"),
        ("json | let x == 5", "let x = 5"),
        ("json | let x := 5", "let x = 5"),
        ("json | match a == 5", "where a == 5"),
        ("json | select a b", "select a, b"),
        ("json | unless a > 5", "where not a > 5"),
        ("json | avg(x) per minute", "avg(x) | window 1m"),
        ("json | count every 5m by k", "count by k | window 5m"),
        ("parse combined | count over 5m", "count | window 5m on time"),
        ("json | first 5", "limit 5"),
        ("combined | count", "parse combined"),
    ]);
}

#[test]
fn a_mistake_that_the_stages_before_explain_is_not_repeated() {
    let text = "json | stats count by a | where count > 5 | sort count";
    assert!(said(text).is_some());
    let found = crate::plan::Plan::read(text, crate::plan::OutputMode::AsItCame).err().expect("a mistake");
    assert_eq!(found.len(), 1, "{found:?}");
}

#[test]
fn what_is_counted_in_a_pipeline_of_the_shell_is_the_column() {
    let text = "cut -d' ' -f1 | uniq -c | sort -rn";
    let found = crate::plan::Plan::read(text, crate::plan::OutputMode::AsItCame).err().expect("mistakes");
    let helps: Vec<&str> = found.iter().filter_map(|diagnostic| diagnostic.help.as_deref()).collect();
    assert!(helps.contains(&"write count by f1"), "{helps:?}");
}
