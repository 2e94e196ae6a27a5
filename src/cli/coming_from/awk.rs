//! Programs of awk, and the stages that do the same.

use crate::data::Example;

use super::{Agreement, ForeignLine, ForeignTool};

pub(super) const AWK: ForeignTool = ForeignTool {
    name: "awk",
    title: "awk",
    summary: "Programs of awk, and the stages that do the same.",
    notes: "\
`csv \" \"` names the columns, so `$2` is `host`; `csv / +/` separates at runs of blanks. NR is `@number` (of each source), and FILENAME is `@source`. Loops and arrays are `by KEY`, `running` or `fold`. Groups come in order, largest first. Text that is not a number is null in arithmetic, not 0, and is reported.",
    file: "requests.txt",
    prelude: r#"csv " " as time, host, path, status, ms"#,
    lines: LINES,
    examples: &[Example {
        expr: r#"--header 'csv " " as time, host, path, status, ms | count by host' requests.txt"#,
        input: "",
        output: "host\tcount\nweb1\t4\nweb2\t2\n",
    }],
};

const LINES: &[ForeignLine] = &[
    ForeignLine {
        there: "awk '{ print $2, $5 }'",
        here: "select host, ms",
        output: "web1\t12\nweb2\t180\nweb1\t8\nweb2\t4\nweb1\t96\nweb1\t210\n",
        agreement: Agreement::SameLines,
        in_readme: true,
    },
    ForeignLine {
        there: "awk '$4 >= 500'",
        here: "where status >= 500",
        output: "2026-03-01T10:00:04Z web2 /cart 500 180\n2026-03-01T10:01:07Z web1 /cart 500 210\n",
        agreement: Agreement::SameLines,
        in_readme: false,
    },
    ForeignLine {
        there: "awk '/cart/'",
        here: r#"match "cart""#,
        output: "2026-03-01T10:00:04Z web2 /cart 500 180\n2026-03-01T10:01:02Z web1 /cart 200 96\n2026-03-01T10:01:07Z web1 /cart 500 210\n",
        agreement: Agreement::SameLines,
        in_readme: false,
    },
    ForeignLine {
        there: "awk '!/cart/'",
        here: r#"skip "cart""#,
        output: "2026-03-01T10:00:01Z web1 /home 200 12\n2026-03-01T10:00:09Z web1 /home 200 8\n2026-03-01T10:00:31Z web2 /home 404 4\n",
        agreement: Agreement::SameLines,
        in_readme: false,
    },
    ForeignLine {
        there: r#"awk '$3 ~ /^\/h/ && $5 > 10'"#,
        here: r#"where path ~ /^\/h/ and ms > 10"#,
        output: "2026-03-01T10:00:01Z web1 /home 200 12\n",
        agreement: Agreement::SameLines,
        in_readme: false,
    },
    ForeignLine {
        there: "awk '{ n[$2]++ } END { for (k in n) print k, n[k] }'",
        here: "count by host",
        output: "web1\t4\nweb2\t2\n",
        agreement: Agreement::AnyOrder,
        in_readme: true,
    },
    ForeignLine {
        there: "awk '{ s += $5 } END { print s, s / NR }'",
        here: "sum(ms), avg(ms)",
        output: "510\t85\n",
        agreement: Agreement::SameLines,
        in_readme: false,
    },
    ForeignLine {
        there: "awk '{ s[$3] += $5 } END { for (k in s) print k, s[k] }'",
        here: "sum(ms) by path",
        output: "/cart\t486\n/home\t24\n",
        agreement: Agreement::AnyOrder,
        in_readme: false,
    },
    ForeignLine {
        there: "awk '$4 >= 500 { e++ } END { print e / NR * 100 }'",
        here: "100 * count(status >= 500) / count",
        output: "33.333333333333336\n",
        agreement: Agreement::Written,
        in_readme: false,
    },
    ForeignLine {
        there: "awk '$5 > m { m = $5; l = $0 } END { print l }'",
        here: "sort ms desc | limit 1",
        output: "2026-03-01T10:01:07Z web1 /cart 500 210\n",
        agreement: Agreement::SameLines,
        in_readme: false,
    },
    ForeignLine {
        there: "awk '!seen[$2]++'",
        here: "dedup host",
        output: "2026-03-01T10:00:01Z web1 /home 200 12\n2026-03-01T10:00:04Z web2 /cart 500 180\n",
        agreement: Agreement::SameLines,
        in_readme: true,
    },
    ForeignLine {
        there: "awk '{ t += $5; print $1, t }'",
        here: "running sum(ms) as t | select time, t",
        output: "2026-03-01T10:00:01Z\t12\n2026-03-01T10:00:04Z\t192\n2026-03-01T10:00:09Z\t200\n2026-03-01T10:00:31Z\t204\n2026-03-01T10:01:02Z\t300\n2026-03-01T10:01:07Z\t510\n",
        agreement: Agreement::SameLines,
        in_readme: false,
    },
    ForeignLine {
        there: "awk 'NR > 1 { print $5 - p } { p = $5 }'",
        here: "running delta(ms) as d | where d != null | select d",
        output: "168\n-172\n-4\n92\n114\n",
        agreement: Agreement::SameLines,
        in_readme: false,
    },
    ForeignLine {
        there: "awk '/404/,/500/'",
        here: "between /404/ and /500/",
        output: "2026-03-01T10:00:31Z web2 /home 404 4\n2026-03-01T10:01:02Z web1 /cart 200 96\n2026-03-01T10:01:07Z web1 /cart 500 210\n",
        agreement: Agreement::SameLines,
        in_readme: false,
    },
    ForeignLine {
        there: "awk 'NR == 2'",
        here: "where @number == 2",
        output: "2026-03-01T10:00:04Z web2 /cart 500 180\n",
        agreement: Agreement::SameLines,
        in_readme: false,
    },
    ForeignLine {
        there: "awk 'END { print NR }'",
        here: "count",
        output: "6\n",
        agreement: Agreement::SameLines,
        in_readme: false,
    },
    ForeignLine {
        there: "awk '{ print $NF }'",
        here: r#"select split_part(line, " ", -1)"#,
        output: "12\n180\n8\n4\n96\n210\n",
        agreement: Agreement::SameLines,
        in_readme: false,
    },
    ForeignLine {
        there: r#"awk '{ printf "%s %6.3f\n", $2, $5 / 1000 }'"#,
        here: r#"print "{host} {ms / 1000:6.3f}""#,
        output: "web1  0.012\nweb2  0.180\nweb1  0.008\nweb2  0.004\nweb1  0.096\nweb1  0.210\n",
        agreement: Agreement::SameLines,
        in_readme: false,
    },
    ForeignLine {
        there: r#"awk '{ gsub(/[0-9]+/, "N"); print }'"#,
        here: r#"select regex_replace(line, /[0-9]+/, "N")"#,
        output: "N-N-NTN:N:NZ webN /home N N\nN-N-NTN:N:NZ webN /cart N N\nN-N-NTN:N:NZ webN /home N N\nN-N-NTN:N:NZ webN /home N N\nN-N-NTN:N:NZ webN /cart N N\nN-N-NTN:N:NZ webN /cart N N\n",
        agreement: Agreement::SameLines,
        in_readme: false,
    },
    ForeignLine {
        there: "awk 'length($0) > 38'",
        here: "where len(line) > 38",
        output: "2026-03-01T10:00:04Z web2 /cart 500 180\n2026-03-01T10:01:07Z web1 /cart 500 210\n",
        agreement: Agreement::SameLines,
        in_readme: false,
    },
    ForeignLine {
        there: "awk 'NR == FNR { dc[$1] = $2; next }
     $2 in dc { print $1, dc[$2] }' FS=, datacenters.csv FS=' ' -",
        here: r#"lookup "datacenters.csv" on host | select time, dc"#,
        output: "2026-03-01T10:00:01Z\tfra\n2026-03-01T10:00:09Z\tfra\n2026-03-01T10:01:02Z\tfra\n2026-03-01T10:01:07Z\tfra\n",
        agreement: Agreement::SameLines,
        in_readme: false,
    },
];
