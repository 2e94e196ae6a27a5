//! Phrases whose suggestion does what the user of the other tool means.

use super::{assert_written, said};

#[test]
fn values_of_the_records_before_are_running() {
    assert_written(&[
        ("json | let p = lag(x,1) over (partition by k)", "running prev(x) as p by k"),
        ("json | lag(x,1) over (partition by k)", "running prev(x) as before by k"),
        ("json | lag(x, 2)", "running prev(x) as before | running prev(before) as before"),
        (
            "json | select a, lag(x,1) over (partition by k order by t) as p",
            "sort t | running prev(x) as before by k | select a, before as p",
        ),
        ("json | let p = lead(x) over (partition by k order by t)", "sort t desc | running prev(x) as p by k | sort t"),
        ("json | let n = row_number() over (partition by k order by t desc)", "sort t desc | running count as n by k"),
        (
            "json | let m = avg(x) over (order by t rows between 4 preceding and current row)",
            "sort t | running avg(x) over 5 rows as m",
        ),
        ("json | step -a shift n", "running prev(n) as n_shift"),
        ("json | step -a shift,delta -f n -g k", "running prev(n) as n_shift, delta(n) by k"),
        ("json | shift(n)", "running prev(n) as before"),
        ("json | let p = shift(n)", "running prev(n) as p"),
        ("json | fill-down -f a", "running last(a) as a"),
    ]);
}

#[test]
fn groups_of_frames_and_miller_are_aggregates() {
    assert_written(&[
        ("json | stats1 -a mean,sum -f n -g k", "avg(n), sum(n) by k"),
        (
            "json | stats1 -a p50,count -f x,y -g a,b",
            "p50(x), count(x != null) as x_count, p50(y), count(y != null) as y_count by a, b",
        ),
        ("json | groupby(k).sum(n)", "sum(n) by k"),
        ("df.groupby(\"k\")[\"n\"].sum()", "sum(n) by k"),
        ("df.groupby('k').agg({'n': 'sum', 'm': 'mean'})", "sum(n), avg(m) by k"),
        ("groupBy(\"k\").agg(sum(\"n\").alias(\"total\"), avg(\"m\"))", "sum(n) as total, avg(m) by k"),
        ("json | sum(n where status > 5) by k", "sum(n) where status > 5 by k"),
        ("json | count(where status > 5)", "count where status > 5"),
        ("json | count(*) filter (where a > 5) as n, count(*) by k", "count where a > 5 as n, count by k"),
        ("json | rate(5m)", "rate | window 5m"),
        ("json | top 5 by x", "sort x desc | limit 5"),
    ]);
}

#[test]
fn times_and_numbers_are_rounded() {
    assert_written(&[
        ("json | bin n span=10", "let n = bin(n, 10)"),
        ("json | count by time(1m), k", "count by bin(time, 1m), k"),
        ("json | count by time bucket 1m", "count by bin(time, 1m)"),
        ("json | count by date_trunc('minute', t)", "count by bin(t, 1m)"),
        ("parse combined | count by minute", "count by bin(time, 1m) as minute"),
        ("count by hour", "count by bin(@time, 1h) as hour"),
        ("json | count | window 1 m", "window 1m"),
        ("json | count | window 1 m on t late 10 s", "window 1m on t late 10s"),
        ("parse combined | timechart span=1m count by status", "count by status | window 1m on time"),
        (
            "parse combined | transaction ip maxspan=5m",
            "count, first(line), last(line) by ip | window session 5m on time",
        ),
        ("csv as ts, x | timechart span=1m avg(x)", "avg(x) | window 1m on ts"),
        ("json | timechart span=1m count", "count | window 1m"),
    ]);
}

#[test]
fn values_and_members_are_written_as_here() {
    assert_written(&[
        ("json | where x > 1 MB", "where x > 1000000"),
        ("json | where x > 1,000,000 and y < 5 minutes", "where x > 1000000 and y < 5m"),
        ("json | let x = a || \" \" || b", "let x = concat(a, \" \", b)"),
        ("json | let x = a || b", "let x = concat(a, b)"),
        ("json | where a || b", "where a or b"),
        ("json | where b[\"x\"] == 1", "where b.x == 1"),
        ("json | let x = b[\"x y\"].z", "let x = b.`x y`.z"),
        ("json | let x = a[k]", "let x = get(a, k)"),
        ("json | where df[\"x\"] > 5", "where x > 5"),
        ("json | let y = .a // \"none\"", "let y = a ?? \"none\""),
    ]);
}

#[test]
fn fields_and_records_are_chosen() {
    assert_written(&[
        ("$1", "select split_part(line, \" \", 1) as f1"),
        ("jq -r '.a'", "json | select a"),
        ("jq .a", "json | select a"),
        ("json | rename new=old", "rename old as new"),
        ("json | limit 3 offset 2", "where @number > 2 | limit 3"),
        ("json | where a > 1 | limit 3 offset 2", "running count as n | where n > 2 | limit 3 | drop n"),
        ("json | count by k | limit 1,000 offset 10", "running count as n | where n > 10 | limit 1000 | drop n"),
        ("json | let x = select *", "let x = line"),
    ]);
}

#[test]
fn what_is_no_mistake_is_left_alone() {
    for text in ["json | where x in (1,200)", "json | let y = round(x,100)", "json | count by minute", "json | rate"] {
        assert!(said(text).is_none(), "{text}");
    }
}
