//! Searches of Splunk (SPL), and the stages that do the same.

use crate::data::Example;

use super::{Agreement, ForeignLine, ForeignTool};

pub(super) const SPLUNK: ForeignTool = ForeignTool {
    name: "splunk",
    title: "Splunk",
    summary: "Searches of Splunk (SPL), and the stages that do the same.",
    notes: "\
The records are objects of JSON here; `parse FORMAT`, `logfmt` and `csv` read others. `_time` is the field that you name: `window 1m on time`. eventstats is `overall`, streamstats is `running`. The stages before an aggregate run on all cores.",
    file: "requests.json",
    prelude: "json",
    lines: LINES,
    examples: &[Example {
        expr: "--header 'json | count by host' requests.json",
        input: "",
        output: "host\tcount\nweb1\t4\nweb2\t2\n",
    }],
};

const LINES: &[ForeignLine] = &[
    ForeignLine {
        there: "search status>=500",
        here: "where status >= 500",
        output: "{\"time\":\"2026-03-01T10:00:04Z\",\"host\":\"web2\",\"path\":\"/cart\",\"status\":500,\"ms\":180,\"user\":{\"name\":\"bob\"},\"tags\":[\"eu\"]}\n{\"time\":\"2026-03-01T10:01:07Z\",\"host\":\"web1\",\"path\":\"/cart\",\"status\":500,\"ms\":210,\"user\":{\"name\":\"bob\"},\"tags\":[\"us\"]}\n",
        agreement: Agreement::Written,
        in_readme: false,
    },
    ForeignLine {
        there: "stats count by host",
        here: "count by host",
        output: "web1\t4\nweb2\t2\n",
        agreement: Agreement::Written,
        in_readme: false,
    },
    ForeignLine {
        there: "stats avg(ms) as mean, p95(ms), dc(path) by host",
        here: "avg(ms) as mean, p95(ms), count_distinct(path) by host",
        output: "web2\t92\t180\t2\nweb1\t81.5\t210\t2\n",
        agreement: Agreement::Written,
        in_readme: false,
    },
    ForeignLine {
        there: "stats count(eval(status>=500)) as errors by host",
        here: "count(status >= 500) as errors by host",
        output: "web1\t1\nweb2\t1\n",
        agreement: Agreement::Written,
        in_readme: false,
    },
    ForeignLine {
        there: "top limit=1 path",
        here: "top 1 path",
        output: "/cart\t3\n",
        agreement: Agreement::Written,
        in_readme: false,
    },
    ForeignLine {
        there: r#"eval slow=if(ms>100, "yes", "no") | table path slow"#,
        here: r#"let slow = if(ms > 100, "yes", "no") | select path, slow"#,
        output: "/home\tno\n/cart\tyes\n/home\tno\n/home\tno\n/cart\tno\n/cart\tyes\n",
        agreement: Agreement::Written,
        in_readme: false,
    },
    ForeignLine {
        there: "timechart span=1m count",
        here: "count | window 1m on time",
        output: "2026-03-01T10:00:00Z\t2026-03-01T10:01:00Z\t4\n2026-03-01T10:01:00Z\t2026-03-01T10:02:00Z\t2\n",
        agreement: Agreement::Written,
        in_readme: false,
    },
    ForeignLine {
        there: "timechart span=1m count by status",
        here: "count by bin(time, 1m) as minute, status | pivot status",
        output: "{\"minute\":\"2026-03-01T10:00:00Z\",\"200\":2,\"404\":1,\"500\":1}\n{\"minute\":\"2026-03-01T10:01:00Z\",\"200\":1,\"404\":null,\"500\":1}\n",
        agreement: Agreement::Written,
        in_readme: true,
    },
    ForeignLine {
        there: "chart count over host by status",
        here: "count by host, status | pivot status",
        output: "{\"host\":\"web1\",\"200\":3,\"404\":null,\"500\":1}\n{\"host\":\"web2\",\"200\":null,\"404\":1,\"500\":1}\n",
        agreement: Agreement::Written,
        in_readme: false,
    },
    ForeignLine {
        there: "eventstats avg(ms) as mean by path
    | where ms > mean | table path ms",
        here: "overall avg(ms) as mean by path
| where ms > mean | select path, ms",
        output: "/home\t12\n/cart\t180\n/cart\t210\n",
        agreement: Agreement::Written,
        in_readme: true,
    },
    ForeignLine {
        there: "streamstats sum(ms) as total by host | table host total",
        here: "running sum(ms) as total by host | select host, total",
        output: "web1\t12\nweb2\t180\nweb1\t20\nweb2\t184\nweb1\t116\nweb1\t326\n",
        agreement: Agreement::Written,
        in_readme: false,
    },
    ForeignLine {
        there: r#"rex field=path "^/(?<page>\w+)" | table page"#,
        here: r#"regex /^\/(?<page>\w+)/ from path | select page"#,
        output: "home\ncart\nhome\nhome\ncart\ncart\n",
        agreement: Agreement::Written,
        in_readme: false,
    },
    ForeignLine {
        there: "sort - ms | head 2 | table ms",
        here: "sort ms desc | limit 2 | select ms",
        output: "210\n180\n",
        agreement: Agreement::Written,
        in_readme: false,
    },
    ForeignLine {
        there: "dedup host | table host path",
        here: "dedup host | select host, path",
        output: "web1\t/home\nweb2\t/cart\n",
        agreement: Agreement::Written,
        in_readme: false,
    },
    ForeignLine {
        there: "transaction host maxpause=20s | table host eventcount",
        here: "count by host | window session 20s on time | select host, count",
        output: "web2\t1\nweb1\t2\nweb2\t1\nweb1\t2\n",
        agreement: Agreement::Written,
        in_readme: false,
    },
    ForeignLine {
        there: "lookup datacenters host OUTPUT dc | table host dc",
        here: r#"lookup "datacenters.csv" on host left | select host, dc"#,
        output: "web1\tfra\nweb2\t\nweb1\tfra\nweb2\t\nweb1\tfra\nweb1\tfra\n",
        agreement: Agreement::Written,
        in_readme: false,
    },
    ForeignLine {
        there: "mvexpand tags | stats count by tags",
        here: "explode tags | count by tags",
        output: "eu\t3\nus\t2\nbot\t1\nnew\t1\n",
        agreement: Agreement::Written,
        in_readme: false,
    },
    ForeignLine {
        there: r#"fillnull value="-" user.name | table user.name"#,
        here: r#"select user.name ?? "-""#,
        output: "ann\nbob\n-\n-\nann\nbob\n",
        agreement: Agreement::Written,
        in_readme: false,
    },
    ForeignLine {
        there: "bin span=1m _time | stats max(ms) by _time",
        here: "max(ms) by bin(time, 1m) as minute",
        output: "2026-03-01T10:01:00Z\t210\n2026-03-01T10:00:00Z\t180\n",
        agreement: Agreement::Written,
        in_readme: false,
    },
    ForeignLine {
        there: "delta ms as d | table ms d",
        here: "running delta(ms) as d | select ms, d",
        output: "12\t\n180\t168\n8\t-172\n4\t-4\n96\t92\n210\t114\n",
        agreement: Agreement::Written,
        in_readme: false,
    },
    ForeignLine {
        there: "rename host as server | fields server path",
        here: "rename host as server | select server, path",
        output: "web1\t/home\nweb2\t/cart\nweb1\t/home\nweb2\t/home\nweb1\t/cart\nweb1\t/cart\n",
        agreement: Agreement::Written,
        in_readme: false,
    },
];
