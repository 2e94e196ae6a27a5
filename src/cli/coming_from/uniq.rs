//! Pipelines of sort and uniq, and the stages that do the same.

use crate::data::Example;

use super::{Agreement, ForeignLine, ForeignTool};

pub(super) const UNIQ: ForeignTool = ForeignTool {
    name: "uniq",
    title: "sort and uniq",
    summary: "Pipelines of sort and uniq, and the stages that do the same.",
    notes: "\
Groups need no sorting before: `count by KEY` counts them, and prints the largest first. `sort` compares numbers by value, as `sort -n` does, and text by bytes.",
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
        there: "cut -d' ' -f2 | sort | uniq -c | sort -rn",
        here: "count by host",
        output: "web1\t4\nweb2\t2\n",
        agreement: Agreement::SameWords,
        in_readme: true,
    },
    ForeignLine {
        there: "cut -d' ' -f2 | sort | uniq -c | sort -rn | head -n 1",
        here: "top 1 host",
        output: "web1\t4\n",
        agreement: Agreement::SameWords,
        in_readme: false,
    },
    ForeignLine {
        there: "cut -d' ' -f2 | sort -u",
        here: "dedup host | sort host | select host",
        output: "web1\nweb2\n",
        agreement: Agreement::SameLines,
        in_readme: true,
    },
    ForeignLine {
        there: "cut -d' ' -f4 | sort | uniq -d",
        here: "count by status | where count > 1 | sort status | select status",
        output: "200\n500\n",
        agreement: Agreement::SameLines,
        in_readme: false,
    },
    ForeignLine {
        there: "cut -d' ' -f4 | sort | uniq -u",
        here: "count by status | where count == 1 | select status",
        output: "404\n",
        agreement: Agreement::SameLines,
        in_readme: false,
    },
    ForeignLine {
        there: "cut -d' ' -f2 | sort -u | wc -l",
        here: "count_distinct(host)",
        output: "2\n",
        agreement: Agreement::SameLines,
        in_readme: false,
    },
    ForeignLine { there: "wc -l", here: "count", output: "6\n", agreement: Agreement::SameLines, in_readme: false },
    ForeignLine {
        there: "sort -k5,5n",
        here: "sort ms",
        output: "2026-03-01T10:00:31Z web2 /home 404 4\n2026-03-01T10:00:09Z web1 /home 200 8\n2026-03-01T10:00:01Z web1 /home 200 12\n2026-03-01T10:01:02Z web1 /cart 200 96\n2026-03-01T10:00:04Z web2 /cart 500 180\n2026-03-01T10:01:07Z web1 /cart 500 210\n",
        agreement: Agreement::SameLines,
        in_readme: false,
    },
    ForeignLine {
        there: "sort -k5,5nr | head -n 2",
        here: "sort ms desc | limit 2",
        output: "2026-03-01T10:01:07Z web1 /cart 500 210\n2026-03-01T10:00:04Z web2 /cart 500 180\n",
        agreement: Agreement::SameLines,
        in_readme: false,
    },
    ForeignLine {
        there: "sort -k2,2 -k5,5nr",
        here: "sort host, ms desc",
        output: "2026-03-01T10:01:07Z web1 /cart 500 210\n2026-03-01T10:01:02Z web1 /cart 200 96\n2026-03-01T10:00:01Z web1 /home 200 12\n2026-03-01T10:00:09Z web1 /home 200 8\n2026-03-01T10:00:04Z web2 /cart 500 180\n2026-03-01T10:00:31Z web2 /home 404 4\n",
        agreement: Agreement::SameLines,
        in_readme: false,
    },
    ForeignLine {
        there: "head -n 2",
        here: "limit 2",
        output: "2026-03-01T10:00:01Z web1 /home 200 12\n2026-03-01T10:00:04Z web2 /cart 500 180\n",
        agreement: Agreement::SameLines,
        in_readme: false,
    },
    ForeignLine {
        there: "tail -n 2",
        here: "tail 2",
        output: "2026-03-01T10:01:02Z web1 /cart 200 96\n2026-03-01T10:01:07Z web1 /cart 500 210\n",
        agreement: Agreement::SameLines,
        in_readme: false,
    },
    ForeignLine {
        there: "cut -c1-10 | sort | uniq -c",
        here: "count by substr(line, 0, 10) as day",
        output: "2026-03-01\t6\n",
        agreement: Agreement::SameWords,
        in_readme: false,
    },
    ForeignLine {
        there: r#"tr -s ' ' '\n' | sort | uniq -c | sort -rn | head -n 1"#,
        here: "split | top 1 word",
        output: "web1\t4\n",
        agreement: Agreement::SameWords,
        in_readme: false,
    },
    ForeignLine {
        there: "nl",
        here: "select @number, line",
        output: "1\t2026-03-01T10:00:01Z web1 /home 200 12\n2\t2026-03-01T10:00:04Z web2 /cart 500 180\n3\t2026-03-01T10:00:09Z web1 /home 200 8\n4\t2026-03-01T10:00:31Z web2 /home 404 4\n5\t2026-03-01T10:01:02Z web1 /cart 200 96\n6\t2026-03-01T10:01:07Z web1 /cart 500 210\n",
        agreement: Agreement::Written,
        in_readme: false,
    },
    ForeignLine {
        there: "cut -d' ' -f2,3 | sort | uniq -c | sort -rn",
        here: "count by host, path",
        output: "web1\t/cart\t2\nweb1\t/home\t2\nweb2\t/cart\t1\nweb2\t/home\t1\n",
        agreement: Agreement::Written,
        in_readme: false,
    },
    ForeignLine {
        there: "tac",
        here: "sort @number desc",
        output: "2026-03-01T10:01:07Z web1 /cart 500 210\n2026-03-01T10:01:02Z web1 /cart 200 96\n2026-03-01T10:00:31Z web2 /home 404 4\n2026-03-01T10:00:09Z web1 /home 200 8\n2026-03-01T10:00:04Z web2 /cart 500 180\n2026-03-01T10:00:01Z web1 /home 200 12\n",
        agreement: Agreement::SameLines,
        in_readme: false,
    },
];
