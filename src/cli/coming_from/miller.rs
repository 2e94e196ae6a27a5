//! Verbs of Miller, and the stages that do the same.

use crate::data::Example;

use super::{Agreement, ForeignLine, ForeignTool};

pub(super) const MILLER: ForeignTool = ForeignTool {
    name: "miller",
    title: "Miller",
    summary: "Verbs of Miller, and the stages that do the same.",
    notes: "\
The verbs are for `--icsv`. Without `-o`, records that no stage changes are printed as they are, with their header; other rows are separated by tabs or, where their columns depend on the data, are objects. `-o csv` and `--header` choose. A value of csv is text that counts as a number where one is needed, and keeps its digits: `007`.",
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
        there: "mlr head -n 2",
        here: "limit 2",
        output: "time,host,path,status,ms\n2026-03-01T10:00:01Z,web1,/home,200,12\n2026-03-01T10:00:04Z,web2,/cart,500,180\n",
        agreement: Agreement::Written,
        in_readme: false,
    },
    ForeignLine {
        there: "mlr filter '$status >= 500'",
        here: "where status >= 500",
        output: "time,host,path,status,ms\n2026-03-01T10:00:04Z,web2,/cart,500,180\n2026-03-01T10:01:07Z,web1,/cart,500,210\n",
        agreement: Agreement::Written,
        in_readme: false,
    },
    ForeignLine {
        there: "mlr cut -o -f host,ms",
        here: "select host, ms",
        output: "web1\t12\nweb2\t180\nweb1\t8\nweb2\t4\nweb1\t96\nweb1\t210\n",
        agreement: Agreement::Written,
        in_readme: false,
    },
    ForeignLine {
        there: "mlr cut -x -f time,path",
        here: "drop time, path",
        output: "{\"host\":\"web1\",\"status\":\"200\",\"ms\":\"12\"}\n{\"host\":\"web2\",\"status\":\"500\",\"ms\":\"180\"}\n{\"host\":\"web1\",\"status\":\"200\",\"ms\":\"8\"}\n{\"host\":\"web2\",\"status\":\"404\",\"ms\":\"4\"}\n{\"host\":\"web1\",\"status\":\"200\",\"ms\":\"96\"}\n{\"host\":\"web1\",\"status\":\"500\",\"ms\":\"210\"}\n",
        agreement: Agreement::Written,
        in_readme: false,
    },
    ForeignLine {
        there: "mlr put '$s = $ms / 1000'",
        here: "let s = ms / 1000",
        output: "{\"time\":\"2026-03-01T10:00:01Z\",\"host\":\"web1\",\"path\":\"/home\",\"status\":\"200\",\"ms\":\"12\",\"s\":0.012}\n{\"time\":\"2026-03-01T10:00:04Z\",\"host\":\"web2\",\"path\":\"/cart\",\"status\":\"500\",\"ms\":\"180\",\"s\":0.18}\n{\"time\":\"2026-03-01T10:00:09Z\",\"host\":\"web1\",\"path\":\"/home\",\"status\":\"200\",\"ms\":\"8\",\"s\":0.008}\n{\"time\":\"2026-03-01T10:00:31Z\",\"host\":\"web2\",\"path\":\"/home\",\"status\":\"404\",\"ms\":\"4\",\"s\":0.004}\n{\"time\":\"2026-03-01T10:01:02Z\",\"host\":\"web1\",\"path\":\"/cart\",\"status\":\"200\",\"ms\":\"96\",\"s\":0.096}\n{\"time\":\"2026-03-01T10:01:07Z\",\"host\":\"web1\",\"path\":\"/cart\",\"status\":\"500\",\"ms\":\"210\",\"s\":0.21}\n",
        agreement: Agreement::Written,
        in_readme: false,
    },
    ForeignLine {
        there: "mlr rename host,server",
        here: "rename host as server",
        output: "{\"time\":\"2026-03-01T10:00:01Z\",\"server\":\"web1\",\"path\":\"/home\",\"status\":\"200\",\"ms\":\"12\"}\n{\"time\":\"2026-03-01T10:00:04Z\",\"server\":\"web2\",\"path\":\"/cart\",\"status\":\"500\",\"ms\":\"180\"}\n{\"time\":\"2026-03-01T10:00:09Z\",\"server\":\"web1\",\"path\":\"/home\",\"status\":\"200\",\"ms\":\"8\"}\n{\"time\":\"2026-03-01T10:00:31Z\",\"server\":\"web2\",\"path\":\"/home\",\"status\":\"404\",\"ms\":\"4\"}\n{\"time\":\"2026-03-01T10:01:02Z\",\"server\":\"web1\",\"path\":\"/cart\",\"status\":\"200\",\"ms\":\"96\"}\n{\"time\":\"2026-03-01T10:01:07Z\",\"server\":\"web1\",\"path\":\"/cart\",\"status\":\"500\",\"ms\":\"210\"}\n",
        agreement: Agreement::Written,
        in_readme: false,
    },
    ForeignLine {
        there: "mlr sort -nr ms",
        here: "sort ms desc",
        output: "time,host,path,status,ms\n2026-03-01T10:01:07Z,web1,/cart,500,210\n2026-03-01T10:00:04Z,web2,/cart,500,180\n2026-03-01T10:01:02Z,web1,/cart,200,96\n2026-03-01T10:00:01Z,web1,/home,200,12\n2026-03-01T10:00:09Z,web1,/home,200,8\n2026-03-01T10:00:31Z,web2,/home,404,4\n",
        agreement: Agreement::Written,
        in_readme: false,
    },
    ForeignLine {
        there: "mlr count-distinct -f host",
        here: "count by host",
        output: "web1\t4\nweb2\t2\n",
        agreement: Agreement::Written,
        in_readme: false,
    },
    ForeignLine {
        there: "mlr stats1 -a mean,min,max -f ms -g host",
        here: "avg(ms), min(ms), max(ms) by host",
        output: "web2\t92\t4\t180\nweb1\t81.5\t8\t210\n",
        agreement: Agreement::Written,
        in_readme: true,
    },
    ForeignLine {
        there: "mlr stats1 -a sum -f ms",
        here: "sum(ms)",
        output: "510\n",
        agreement: Agreement::Written,
        in_readme: false,
    },
    ForeignLine {
        there: "mlr top -n 1 -f ms -g path -a",
        here: "sort ms desc | dedup path",
        output: "time,host,path,status,ms\n2026-03-01T10:01:07Z,web1,/cart,500,210\n2026-03-01T10:00:01Z,web1,/home,200,12\n",
        agreement: Agreement::Written,
        in_readme: false,
    },
    ForeignLine {
        there: "mlr head -n 1 -g host",
        here: "dedup host",
        output: "time,host,path,status,ms\n2026-03-01T10:00:01Z,web1,/home,200,12\n2026-03-01T10:00:04Z,web2,/cart,500,180\n",
        agreement: Agreement::Written,
        in_readme: false,
    },
    ForeignLine {
        there: "mlr step -a delta -f ms",
        here: "running delta(ms) as ms_delta",
        output: "{\"time\":\"2026-03-01T10:00:01Z\",\"host\":\"web1\",\"path\":\"/home\",\"status\":\"200\",\"ms\":\"12\",\"ms_delta\":null}\n{\"time\":\"2026-03-01T10:00:04Z\",\"host\":\"web2\",\"path\":\"/cart\",\"status\":\"500\",\"ms\":\"180\",\"ms_delta\":168}\n{\"time\":\"2026-03-01T10:00:09Z\",\"host\":\"web1\",\"path\":\"/home\",\"status\":\"200\",\"ms\":\"8\",\"ms_delta\":-172}\n{\"time\":\"2026-03-01T10:00:31Z\",\"host\":\"web2\",\"path\":\"/home\",\"status\":\"404\",\"ms\":\"4\",\"ms_delta\":-4}\n{\"time\":\"2026-03-01T10:01:02Z\",\"host\":\"web1\",\"path\":\"/cart\",\"status\":\"200\",\"ms\":\"96\",\"ms_delta\":92}\n{\"time\":\"2026-03-01T10:01:07Z\",\"host\":\"web1\",\"path\":\"/cart\",\"status\":\"500\",\"ms\":\"210\",\"ms_delta\":114}\n",
        agreement: Agreement::Written,
        in_readme: false,
    },
    ForeignLine {
        there: "mlr step -a shift -f ms -g host",
        here: "running prev(ms) as ms_shift by host",
        output: "{\"time\":\"2026-03-01T10:00:01Z\",\"host\":\"web1\",\"path\":\"/home\",\"status\":\"200\",\"ms\":\"12\",\"ms_shift\":null}\n{\"time\":\"2026-03-01T10:00:04Z\",\"host\":\"web2\",\"path\":\"/cart\",\"status\":\"500\",\"ms\":\"180\",\"ms_shift\":null}\n{\"time\":\"2026-03-01T10:00:09Z\",\"host\":\"web1\",\"path\":\"/home\",\"status\":\"200\",\"ms\":\"8\",\"ms_shift\":\"12\"}\n{\"time\":\"2026-03-01T10:00:31Z\",\"host\":\"web2\",\"path\":\"/home\",\"status\":\"404\",\"ms\":\"4\",\"ms_shift\":\"180\"}\n{\"time\":\"2026-03-01T10:01:02Z\",\"host\":\"web1\",\"path\":\"/cart\",\"status\":\"200\",\"ms\":\"96\",\"ms_shift\":\"8\"}\n{\"time\":\"2026-03-01T10:01:07Z\",\"host\":\"web1\",\"path\":\"/cart\",\"status\":\"500\",\"ms\":\"210\",\"ms_shift\":\"96\"}\n",
        agreement: Agreement::Written,
        in_readme: false,
    },
    ForeignLine {
        there: "mlr count-similar -g host",
        here: "overall count by host",
        output: "{\"time\":\"2026-03-01T10:00:01Z\",\"host\":\"web1\",\"path\":\"/home\",\"status\":\"200\",\"ms\":\"12\",\"count\":4}\n{\"time\":\"2026-03-01T10:00:04Z\",\"host\":\"web2\",\"path\":\"/cart\",\"status\":\"500\",\"ms\":\"180\",\"count\":2}\n{\"time\":\"2026-03-01T10:00:09Z\",\"host\":\"web1\",\"path\":\"/home\",\"status\":\"200\",\"ms\":\"8\",\"count\":4}\n{\"time\":\"2026-03-01T10:00:31Z\",\"host\":\"web2\",\"path\":\"/home\",\"status\":\"404\",\"ms\":\"4\",\"count\":2}\n{\"time\":\"2026-03-01T10:01:02Z\",\"host\":\"web1\",\"path\":\"/cart\",\"status\":\"200\",\"ms\":\"96\",\"count\":4}\n{\"time\":\"2026-03-01T10:01:07Z\",\"host\":\"web1\",\"path\":\"/cart\",\"status\":\"500\",\"ms\":\"210\",\"count\":4}\n",
        agreement: Agreement::Written,
        in_readme: false,
    },
    ForeignLine {
        there: "mlr reshape -s path,ms",
        here: "select host, path, ms | pivot path of ms",
        output: "{\"host\":\"web1\",\"/cart\":\"210\",\"/home\":\"8\"}\n{\"host\":\"web2\",\"/cart\":\"180\",\"/home\":\"4\"}\n",
        agreement: Agreement::Written,
        in_readme: true,
    },
    ForeignLine {
        there: "mlr reshape -i status,ms -o key,value",
        here: "unpivot status, ms as key, value",
        output: "{\"time\":\"2026-03-01T10:00:01Z\",\"host\":\"web1\",\"path\":\"/home\",\"key\":\"status\",\"value\":\"200\"}\n{\"time\":\"2026-03-01T10:00:01Z\",\"host\":\"web1\",\"path\":\"/home\",\"key\":\"ms\",\"value\":\"12\"}\n{\"time\":\"2026-03-01T10:00:04Z\",\"host\":\"web2\",\"path\":\"/cart\",\"key\":\"status\",\"value\":\"500\"}\n{\"time\":\"2026-03-01T10:00:04Z\",\"host\":\"web2\",\"path\":\"/cart\",\"key\":\"ms\",\"value\":\"180\"}\n{\"time\":\"2026-03-01T10:00:09Z\",\"host\":\"web1\",\"path\":\"/home\",\"key\":\"status\",\"value\":\"200\"}\n{\"time\":\"2026-03-01T10:00:09Z\",\"host\":\"web1\",\"path\":\"/home\",\"key\":\"ms\",\"value\":\"8\"}\n{\"time\":\"2026-03-01T10:00:31Z\",\"host\":\"web2\",\"path\":\"/home\",\"key\":\"status\",\"value\":\"404\"}\n{\"time\":\"2026-03-01T10:00:31Z\",\"host\":\"web2\",\"path\":\"/home\",\"key\":\"ms\",\"value\":\"4\"}\n{\"time\":\"2026-03-01T10:01:02Z\",\"host\":\"web1\",\"path\":\"/cart\",\"key\":\"status\",\"value\":\"200\"}\n{\"time\":\"2026-03-01T10:01:02Z\",\"host\":\"web1\",\"path\":\"/cart\",\"key\":\"ms\",\"value\":\"96\"}\n{\"time\":\"2026-03-01T10:01:07Z\",\"host\":\"web1\",\"path\":\"/cart\",\"key\":\"status\",\"value\":\"500\"}\n{\"time\":\"2026-03-01T10:01:07Z\",\"host\":\"web1\",\"path\":\"/cart\",\"key\":\"ms\",\"value\":\"210\"}\n",
        agreement: Agreement::Written,
        in_readme: false,
    },
    ForeignLine {
        there: "mlr join -j host -f datacenters.csv",
        here: r#"lookup "datacenters.csv" on host"#,
        output: "{\"time\":\"2026-03-01T10:00:01Z\",\"host\":\"web1\",\"path\":\"/home\",\"status\":\"200\",\"ms\":\"12\",\"dc\":\"fra\"}\n{\"time\":\"2026-03-01T10:00:09Z\",\"host\":\"web1\",\"path\":\"/home\",\"status\":\"200\",\"ms\":\"8\",\"dc\":\"fra\"}\n{\"time\":\"2026-03-01T10:01:02Z\",\"host\":\"web1\",\"path\":\"/cart\",\"status\":\"200\",\"ms\":\"96\",\"dc\":\"fra\"}\n{\"time\":\"2026-03-01T10:01:07Z\",\"host\":\"web1\",\"path\":\"/cart\",\"status\":\"500\",\"ms\":\"210\",\"dc\":\"fra\"}\n",
        agreement: Agreement::Written,
        in_readme: false,
    },
    ForeignLine {
        there: "mlr tail -n 1",
        here: "tail 1",
        output: "time,host,path,status,ms\n2026-03-01T10:01:07Z,web1,/cart,500,210\n",
        agreement: Agreement::Written,
        in_readme: false,
    },
    ForeignLine {
        there: "mlr uniq -g host,path -c",
        here: "count by host, path",
        output: "web1\t/cart\t2\nweb1\t/home\t2\nweb2\t/cart\t1\nweb2\t/home\t1\n",
        agreement: Agreement::Written,
        in_readme: false,
    },
];
