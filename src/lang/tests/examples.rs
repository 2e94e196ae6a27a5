//! The syntax in the manual, and the trees it parses to.

use super::{arguments, assert_reads_back, read};

/// Expressions of the language's specification.
const EXAMPLES: &[&str] = &[
    "parse combined | count by status",
    "split ' ' | count by word | window 30s/10s",
    "json | where status >= 500 | count, p95(ms) by path",
    "match \"FATAL\" | count | assert count == 0",
    "where x in (1, 2, 3)",
    "where x in list_field",
    "let a = 42, b = 1_000, c = 1.5e3, d = 10kB, e = 4MiB, f = \"text\", g = 'text', h = 500ms, i = 1h30m, j = true",
    "let a = 30s, b = 5m, c = 1d, d = false, e = null",
    "match /regex/i",
    "select name, a.b.c, a[0], a[-1], a.1xx, `any name, dots. and all`, a.`b c`.d # a comment",
    "json # one\n| where user.id == 1 # two\n| count",
    "match \"a\", /b/, 'c' in url",
    "skip \"debug\" in level",
    "json from message",
    "logfmt from rest",
    "csv",
    "csv ';' as A, B",
    "tsv as a, b, c",
    "parse \"{ip} - {n:int} {_}\" from line",
    "regex /(?<name>\\w+)=(?<value>\\d+)/ from line",
    "split \",\" keep from a as w",
    "split /[,;] */",
    "explode items as item",
    "let a = bytes * 8, b = a / 1_000",
    "select user.id as user, ms / 1000 as s",
    "drop a, b",
    "limit 10",
    "union b",
    "union (b | json | where (x or y) and z in (1, 2)) | count",
    "both (b | regex /(?<k>\\w+)\\)|/ | split ')') on k, (c | d (e | f))",
    "sample 1%",
    "sample 1/1000",
    "json | where status >= 500",
    "count, sum(bytes) as total, avg(ms), p99(ms) by host, status",
    "avg(ms) where ok as good",
    "100 * count(status >= 500) / count as error_pct by path",
    "max(time) - min(time) as took by id",
    "count / 2, (1 + rate) * 2 where ok, -sum(x) // 3 by y",
    "count - 5",
    "running sum(a) / count over 5 rows as mean by k",
    "not any(x) as none, round(avg(ms), 1), collect(x)[0]",
    "count(status >= 500)",
    "p99.9(x), percentile(x, 99.5), median(x)",
    "collect(x, 5), histogram(x, 10)",
    "ewma(ms, 0.3), linreg(y, x, z) as fit, corr(x, y), any(c), all(c)",
    "count by user | count",
    "count by user | where count > 5",
    "count by path | let share = count / total(count)",
    "top 10 word",
    "top 3 host, path",
    "sort count desc, word",
    "sort -count",
    "tail 5",
    "dedup",
    "dedup a, b within 10s on time",
    "running sum(bytes) as total by host",
    "running ewma(ms, 0.3) by host",
    "running avg(x) over 5 rows",
    "fold s = 0 then 0.3*ms + 0.7*s by host",
    "running fold s = 0 then s + 1",
    "lookup \"hosts.csv\" on host = name left",
    "join orders on id = order_id within 10s left",
    "union other",
    "window 30s",
    "window session 5m",
    "window 100 rows/10 rows",
    "window 30s/10s on time late 10s",
    "assert count == 0 \"too many\"",
    "match 'ready' | count | until count > 0",
    "let a = if(c, a, b), b = coalesce(a, b, 0), c = a ?? b, d = is_null(x)",
    "let a = substr(x, -3), b = regex_extract(x, /a(b)/, 1), c = regex_replace(x, /a/, 'b')",
    "let t = time(x, \"%d/%b/%Y %H:%M\"), d = duration(\"1m30s\"), m = bin(time, 1m)",
    "count by pattern(line), subnet(ip, 24), ip_in(ip, \"10.0.0.0/8\")",
    "let n = bytes(\"10kB\") + len(keys(x)[0])",
];

#[test]
fn every_example_reads_back() {
    for text in EXAMPLES {
        assert_reads_back(&read(text));
    }
}

#[test]
fn operators_bind_as_promised() {
    for (text, tree) in [
        ("where a or b and not c == d ?? e + f * -g", "(a or (b and (Not (c == (d ?? (e + (f * (Negate g))))))))"),
        ("where a - b - c", "((a - b) - c)"),
        ("where a ?? b ?? c", "((a ?? b) ?? c)"),
        ("where a / b // c % d", "(((a / b) // c) % d)"),
        ("where (a or b) and c", "((a or b) and c)"),
        ("where(a or b) and c", "((a or b) and c)"),
        ("where -x > 1", "((Negate x) > 1)"),
        ("where - - x > 1", "((Negate (Negate x)) > 1)"),
        ("where not not x", "(Not (Not x))"),
        ("where a !~ /x/ and b ~ 'y'", "((a !~ /x/) and (b ~ \"y\"))"),
        ("where a in (1, -2) or b in c.d", "((a in [1, (Negate 2)]) or (b in c.d))"),
        ("where a + 1 not in (1) and b", "((Not ((a + 1) in [1])) and b)"),
        ("where not a in b", "(Not (a in b))"),
        ("where x == -9223372036854775808", "(x == -9223372036854775808)"),
        ("where a.b[0] / 2 == f(x)[0].c", "((a.b[0] / 2) == f(x)[0].c)"),
        ("where 10 % 3 == 10%3 and 5 %x", "(((10 % 3) == (10 % 3)) and (5 % x))"),
    ] {
        assert_eq!(arguments(text), tree, "{text}");
    }
}

#[test]
fn arguments_are_told_apart() {
    for (text, expected) in [
        ("split ' ' from a as w", "\" \" · from · a · as · w"),
        ("sort count desc, word", "count · desc · , · word"),
        ("tail -5", "(Negate 5)"),
        ("match /a b/ in x", "(/a b/ in x)"),
        ("count by -x, y", "by · (Negate x) · , · y"),
        ("count where (a or b) by x", "where · (a or b) · by · x"),
        ("count where(a or b) by(x)", "where · (a or b) · by · x"),
        ("regex x from /a b/", "x · from · /a b/"),
        ("fold s = 0 then -1*x by h", "s · = · 0 · then · ((Negate 1) * x) · by · h"),
        ("window 100 rows/10 rows", "100 · (rows / 10) · rows"),
        ("sample 1% by host", "1% · by · host"),
        ("sample (1%) x", "1% · x"),
        ("sample 1%", "1%"),
        ("let to = to - 1, on = on / 2", "to · = · (to - 1) · , · on · = · (on / 2)"),
        ("let a=-1,b=a==1", "a · = · (Negate 1) · , · b · = · (a == 1)"),
        ("lookup \"f\" on a = b left", "\"f\" · on · a · = · b · left"),
        ("top 10 (a + b) * c", "10 · ((a + b) * c)"),
        ("sort like, contains", "like · , · contains"),
    ] {
        assert_eq!(arguments(text), expected, "{text}");
        assert_reads_back(&read(text));
    }
}

#[test]
fn canonical_text_is_as_promised() {
    for (text, canonical) in [
        ("json|where a>1  and( b)#x", "json | where a > 1 and b"),
        ("let a=(1+2)*3,b='it\\'s \"x\"\\x01\\xff'", "let a = (1 + 2) * 3, b = \"it's \\\"x\\\"\\u{1}\\xff\""),
        ("where a-(b-c)-(d*e)", "where a - (b - c) - d * e"),
        ("where (a==b)==(not c)", "where (a == b) == (not c)"),
        ("where a not in (1)", "where not a in (1)"),
        ("let x=1500.0,y=1e21,z=1e-7,d=90m,p=1%", "let x = 1500.0, y = 1e+21, z = 1e-7, d = 1h30m, p = 1%"),
        ("let x = 10kB", "let x = 10000"),
        ("select `a`, `in`, `9x`, a.9x, a.`b c`, ``", "select a, `in`, `9x`, a.9x, a.`b c`, ``"),
        ("sort a `like` \"x\", `NOT` b, `is` by like", "sort a `like` \"x\", `NOT` b, `is` by like"),
        ("match / a\\/b /i", "match / a\\/b /i"),
        ("let a = upper (/a/)", "let a = upper (/a/)"),
        ("sum(x) (/a/) (-1)", "sum(x) (/a/) (-1)"),
        ("tail -5 by (-x) (-y)", "tail -5 by -x (-y)"),
        ("sort a (mod - 1)", "sort a (mod - 1)"),
        ("let x = (1%) - y", "let x = (1%) - y"),
        ("let x = (a).b, y = (f(x)[0]).c, z = (a+b).c", "let x = a.b, y = f(x)[0].c, z = (a + b).c"),
    ] {
        assert_eq!(read(text).to_string(), canonical, "{text}");
    }
}

#[test]
fn spans_are_what_was_written() {
    let text = " sum( x ) as y , count  by (z) ";
    let stage = &read(text).stages[0];
    assert_eq!(&text[stage.span.start..stage.span.end], "sum( x ) as y , count  by (z)");
    assert_eq!(&text[stage.head.span.start..stage.head.span.end], "sum( x )");
}
