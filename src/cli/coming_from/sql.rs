//! Queries of SQL, and the stages that do the same.

use crate::data::Example;

use super::{Agreement, ForeignLine, ForeignTool};

pub(super) const SQL: ForeignTool = ForeignTool {
    name: "sql",
    title: "SQL",
    summary: "Queries of SQL, and the stages that do the same.",
    notes: "\
The order of the stages is the order of the work: `where` after an aggregate is HAVING. Groups come largest first without ORDER BY. `==` compares. A comparison with null is not true; `x == null` asks for it. `/` of two ints is a float if it does not divide; `//` rounds down. A key that is not in the record is null.",
    file: "requests.csv",
    prelude: "csv",
    lines: LINES,
    examples: &[Example {
        expr: "--header 'csv | count by host' requests.csv",
        input: "",
        output: "host\tcount\nweb1\t4\nweb2\t2\n",
    }],
};

const LINES: &[ForeignLine] = &[
    ForeignLine {
        there: "SELECT host, ms FROM requests WHERE status >= 500",
        here: "where status >= 500 | select host, ms",
        output: "web2\t180\nweb1\t210\n",
        agreement: Agreement::SameLines,
        in_readme: false,
    },
    ForeignLine {
        there: "SELECT host, count(*) FROM requests
    GROUP BY host ORDER BY 2 DESC",
        here: "count by host",
        output: "web1\t4\nweb2\t2\n",
        agreement: Agreement::SameLines,
        in_readme: true,
    },
    ForeignLine {
        there: "SELECT count(*), avg(ms), max(ms) FROM requests",
        here: "count, avg(ms), max(ms)",
        output: "6\t85\t210\n",
        agreement: Agreement::SameLines,
        in_readme: false,
    },
    ForeignLine {
        there: "SELECT path, sum(ms) AS s FROM requests
    GROUP BY path HAVING s > 100",
        here: "sum(ms) as s by path | where s > 100",
        output: "/cart\t486\n",
        agreement: Agreement::SameLines,
        in_readme: false,
    },
    ForeignLine {
        there: "SELECT DISTINCT host FROM requests",
        here: "dedup host | select host",
        output: "web1\nweb2\n",
        agreement: Agreement::SameLines,
        in_readme: false,
    },
    ForeignLine {
        there: "SELECT count(DISTINCT path) FROM requests",
        here: "count_distinct(path)",
        output: "2\n",
        agreement: Agreement::SameLines,
        in_readme: false,
    },
    ForeignLine {
        there: "SELECT time, ms FROM requests ORDER BY ms DESC LIMIT 2",
        here: "sort ms desc | limit 2 | select time, ms",
        output: "2026-03-01T10:01:07Z\t210\n2026-03-01T10:00:04Z\t180\n",
        agreement: Agreement::SameLines,
        in_readme: false,
    },
    ForeignLine {
        there: "SELECT host, count(*) FILTER (WHERE status >= 500) FROM requests
    GROUP BY host",
        here: "count(status >= 500) by host",
        output: "web1\t1\nweb2\t1\n",
        agreement: Agreement::SameLines,
        in_readme: false,
    },
    ForeignLine {
        there: "SELECT CASE WHEN ms > 100 THEN 'slow' ELSE 'ok' END, path
    FROM requests",
        here: r#"select if(ms > 100, "slow", "ok"), path"#,
        output: "ok\t/home\nslow\t/cart\nok\t/home\nok\t/home\nok\t/cart\nslow\t/cart\n",
        agreement: Agreement::SameLines,
        in_readme: false,
    },
    ForeignLine {
        there: "SELECT ms FROM requests WHERE path LIKE '/c%'",
        here: r#"where startswith(path, "/c") | select ms"#,
        output: "180\n96\n210\n",
        agreement: Agreement::SameLines,
        in_readme: false,
    },
    ForeignLine {
        there: "SELECT ms FROM requests
    WHERE status IN (404, 500) AND ms NOT BETWEEN 1 AND 9",
        here: "where status in (404, 500) and not (ms >= 1 and ms <= 9)
| select ms",
        output: "180\n210\n",
        agreement: Agreement::SameLines,
        in_readme: false,
    },
    ForeignLine {
        there: "SELECT strftime('%H:%M', time), count(*) FROM requests
    GROUP BY 1",
        here: r#"count by format_time(time, "%H:%M") as minute"#,
        output: "10:00\t4\n10:01\t2\n",
        agreement: Agreement::AnyOrder,
        in_readme: false,
    },
    ForeignLine {
        there: "SELECT time, sum(ms) OVER (ORDER BY time) FROM requests",
        here: "running sum(ms) as s | select time, s",
        output: "2026-03-01T10:00:01Z\t12\n2026-03-01T10:00:04Z\t192\n2026-03-01T10:00:09Z\t200\n2026-03-01T10:00:31Z\t204\n2026-03-01T10:01:02Z\t300\n2026-03-01T10:01:07Z\t510\n",
        agreement: Agreement::SameLines,
        in_readme: true,
    },
    ForeignLine {
        there: "SELECT host, ms - lag(ms) OVER (PARTITION BY host ORDER BY time)
    FROM requests ORDER BY time",
        here: "running delta(ms) as d by host | select host, d",
        output: "web1\t\nweb2\t\nweb1\t-4\nweb2\t-176\nweb1\t88\nweb1\t114\n",
        agreement: Agreement::SameLines,
        in_readme: false,
    },
    ForeignLine {
        there: "SELECT path, ms, avg(ms) OVER (PARTITION BY path) FROM requests",
        here: "overall avg(ms) as mean by path | select path, ms, mean",
        output: "/home\t12\t8\n/cart\t180\t162\n/home\t8\t8\n/home\t4\t8\n/cart\t96\t162\n/cart\t210\t162\n",
        agreement: Agreement::AnyOrder,
        in_readme: false,
    },
    ForeignLine {
        there: "SELECT time, dc FROM requests JOIN datacenters USING (host)",
        here: r#"lookup "datacenters.csv" on host | select time, dc"#,
        output: "2026-03-01T10:00:01Z\tfra\n2026-03-01T10:00:09Z\tfra\n2026-03-01T10:01:02Z\tfra\n2026-03-01T10:01:07Z\tfra\n",
        agreement: Agreement::SameLines,
        in_readme: false,
    },
    ForeignLine {
        there: "SELECT time, dc FROM requests LEFT JOIN datacenters USING (host)",
        here: r#"lookup "datacenters.csv" on host left | select time, dc"#,
        output: "2026-03-01T10:00:01Z\tfra\n2026-03-01T10:00:04Z\t\n2026-03-01T10:00:09Z\tfra\n2026-03-01T10:00:31Z\t\n2026-03-01T10:01:02Z\tfra\n2026-03-01T10:01:07Z\tfra\n",
        agreement: Agreement::SameLines,
        in_readme: false,
    },
    ForeignLine {
        there: "SELECT DISTINCT r.host FROM requests r LEFT JOIN datacenters d
    ON d.host = r.host WHERE d.host IS NULL",
        here: r#"lookup "datacenters.csv" on host anti | dedup host | select host"#,
        output: "web2\n",
        agreement: Agreement::SameLines,
        in_readme: false,
    },
    ForeignLine {
        there: "SELECT path, max(ms), host FROM requests GROUP BY path",
        here: "sort ms desc | dedup path | select path, ms, host",
        output: "/cart\t210\tweb1\n/home\t12\tweb1\n",
        agreement: Agreement::AnyOrder,
        in_readme: false,
    },
    ForeignLine {
        there: "SELECT host, sum(ms) FILTER (WHERE path = '/home') AS home,
    sum(ms) FILTER (WHERE path = '/cart') AS cart
    FROM requests GROUP BY host",
        here: r#"sum(ms) where path == "/home" as home,
    sum(ms) where path == "/cart" as cart by host"#,
        output: "web1\t20\t306\nweb2\t4\t180\n",
        agreement: Agreement::AnyOrder,
        in_readme: false,
    },
    ForeignLine {
        there: "SELECT avg(ms) FROM
    (SELECT sum(ms) AS ms FROM requests GROUP BY path)",
        here: "sum(ms) as ms by path | avg(ms)",
        output: "255\n",
        agreement: Agreement::SameLines,
        in_readme: false,
    },
];
