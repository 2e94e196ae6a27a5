//! Filters of jq, and the stages that do the same.

use crate::data::Example;

use super::{Agreement, ForeignLine, ForeignTool};

pub(super) const JQ: ForeignTool = ForeignTool {
    name: "jq",
    title: "jq",
    summary: "Filters of jq, and the stages that do the same.",
    notes: "\
`json` reads one object per line; `--records json` reads objects that span lines or follow each other without a newline. Paths have no leading dot. Lines that no stage changes are printed as they are; columns are separated by tabs, and `-o json` makes objects of them. Aggregates need no `-s`: they read one object at a time.",
    file: "requests.json",
    prelude: "json",
    lines: LINES,
    examples: &[Example {
        expr: "--header 'json | select path, user.name | limit 2' requests.json",
        input: "",
        output: "path\tuser.name\n/home\tann\n/cart\tbob\n",
    }],
};

const LINES: &[ForeignLine] = &[
    ForeignLine {
        there: "jq -r .path",
        here: "select path",
        output: "/home\n/cart\n/home\n/home\n/cart\n/cart\n",
        agreement: Agreement::SameLines,
        in_readme: false,
    },
    ForeignLine {
        there: "jq -r '[.host, .ms] | @tsv'",
        here: "select host, ms",
        output: "web1\t12\nweb2\t180\nweb1\t8\nweb2\t4\nweb1\t96\nweb1\t210\n",
        agreement: Agreement::SameLines,
        in_readme: false,
    },
    ForeignLine {
        there: "jq -c 'select(.status >= 500)'",
        here: "where status >= 500",
        output: "{\"time\":\"2026-03-01T10:00:04Z\",\"host\":\"web2\",\"path\":\"/cart\",\"status\":500,\"ms\":180,\"user\":{\"name\":\"bob\"},\"tags\":[\"eu\"]}\n{\"time\":\"2026-03-01T10:01:07Z\",\"host\":\"web1\",\"path\":\"/cart\",\"status\":500,\"ms\":210,\"user\":{\"name\":\"bob\"},\"tags\":[\"us\"]}\n",
        agreement: Agreement::SameLines,
        in_readme: true,
    },
    ForeignLine {
        there: r#"jq -r 'select(.path | test("^/c")) | .ms'"#,
        here: r#"where path ~ /^\/c/ | select ms"#,
        output: "180\n96\n210\n",
        agreement: Agreement::SameLines,
        in_readme: false,
    },
    ForeignLine {
        there: r#"jq -r '.user.name // "-"'"#,
        here: r#"select user.name ?? "-""#,
        output: "ann\nbob\n-\n-\nann\nbob\n",
        agreement: Agreement::SameLines,
        in_readme: false,
    },
    ForeignLine {
        there: "jq -r '.tags[]'",
        here: "explode tags | select tags",
        output: "new\neu\neu\nbot\neu\nus\nus\n",
        agreement: Agreement::SameLines,
        in_readme: false,
    },
    ForeignLine {
        there: r#"jq -r '.tags | join("+")'"#,
        here: r#"select join(tags, "+")"#,
        output: "new+eu\neu\n\nbot\neu+us\nus\n",
        agreement: Agreement::SameLines,
        in_readme: false,
    },
    ForeignLine {
        there: "jq -r '.tags | length'",
        here: "select len(tags)",
        output: "2\n1\n0\n1\n2\n1\n",
        agreement: Agreement::SameLines,
        in_readme: false,
    },
    ForeignLine {
        there: r#"jq -r 'if .status < 500 then "ok" else "bad" end'"#,
        here: r#"select if(status < 500, "ok", "bad")"#,
        output: "ok\nbad\nok\nok\nok\nbad\n",
        agreement: Agreement::SameLines,
        in_readme: false,
    },
    ForeignLine {
        there: r#"jq -r '.path | split("/")[1]'"#,
        here: r#"select split_part(path, "/", 2)"#,
        output: "home\ncart\nhome\nhome\ncart\ncart\n",
        agreement: Agreement::SameLines,
        in_readme: false,
    },
    ForeignLine {
        there: "jq -s length",
        here: "count",
        output: "6\n",
        agreement: Agreement::SameLines,
        in_readme: false,
    },
    ForeignLine {
        there: "jq -s 'map(.ms) | add / length'",
        here: "avg(ms)",
        output: "85\n",
        agreement: Agreement::SameLines,
        in_readme: false,
    },
    ForeignLine {
        there: "jq -rs 'group_by(.host)[] | [.[0].host, length] | @tsv'",
        here: "count by host",
        output: "web1\t4\nweb2\t2\n",
        agreement: Agreement::SameLines,
        in_readme: true,
    },
    ForeignLine {
        there: "jq -rs 'group_by(.path)[] | [.[0].path, (map(.ms) | max)] | @tsv'",
        here: "max(ms) by path",
        output: "/cart\t210\n/home\t12\n",
        agreement: Agreement::AnyOrder,
        in_readme: false,
    },
    ForeignLine {
        there: "jq -cs 'max_by(.ms)'",
        here: "sort ms desc | limit 1",
        output: "{\"time\":\"2026-03-01T10:01:07Z\",\"host\":\"web1\",\"path\":\"/cart\",\"status\":500,\"ms\":210,\"user\":{\"name\":\"bob\"},\"tags\":[\"us\"]}\n",
        agreement: Agreement::SameLines,
        in_readme: false,
    },
    ForeignLine {
        there: "jq -rs 'unique_by(.host)[].host'",
        here: "dedup host | select host",
        output: "web1\nweb2\n",
        agreement: Agreement::SameLines,
        in_readme: false,
    },
    ForeignLine {
        there: "jq -r '.time | fromdate'",
        here: "select seconds(time(time))",
        output: "1772359201\n1772359204\n1772359209\n1772359231\n1772359262\n1772359267\n",
        agreement: Agreement::SameLines,
        in_readme: false,
    },
    ForeignLine {
        there: r#"jq -c 'select(.tags | index("us"))'"#,
        here: r#"where contains(tags, "us")"#,
        output: "{\"time\":\"2026-03-01T10:01:02Z\",\"host\":\"web1\",\"path\":\"/cart\",\"status\":200,\"ms\":96,\"user\":{\"name\":\"ann\"},\"tags\":[\"eu\",\"us\"]}\n{\"time\":\"2026-03-01T10:01:07Z\",\"host\":\"web1\",\"path\":\"/cart\",\"status\":500,\"ms\":210,\"user\":{\"name\":\"bob\"},\"tags\":[\"us\"]}\n",
        agreement: Agreement::SameLines,
        in_readme: false,
    },
    ForeignLine {
        there: "jq -r 'select(.user == null) | .path'",
        here: "where user == null | select path",
        output: "/home\n/home\n",
        agreement: Agreement::SameLines,
        in_readme: false,
    },
    ForeignLine {
        there: r#"jq -r '"\(.host) took \(.ms) ms"'"#,
        here: r#"print "{host} took {ms} ms""#,
        output: "web1 took 12 ms\nweb2 took 180 ms\nweb1 took 8 ms\nweb2 took 4 ms\nweb1 took 96 ms\nweb1 took 210 ms\n",
        agreement: Agreement::SameLines,
        in_readme: false,
    },
];
