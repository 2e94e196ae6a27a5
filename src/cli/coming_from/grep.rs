//! Options of grep, and the stages that do the same.

use crate::data::Example;

use super::{Agreement, ForeignLine, ForeignTool};

pub(super) const GREP: ForeignTool = ForeignTool {
    name: "grep",
    title: "grep",
    summary: "Options of grep, and the stages that do the same.",
    notes: "\
Text in quotes is searched as it is, as with `-F`; a /regex/ is written between slashes, and /regex/i ignores case. The status is 0 also if no line matches; `assert` makes a check of it.",
    file: "requests.txt",
    prelude: "",
    lines: LINES,
    examples: &[Example { expr: r#"--header 'match "cart" | count' requests.txt"#, input: "", output: "count\n3\n" }],
};

const LINES: &[ForeignLine] = &[
    ForeignLine {
        there: "grep cart",
        here: r#"match "cart""#,
        output: "2026-03-01T10:00:04Z web2 /cart 500 180\n2026-03-01T10:01:02Z web1 /cart 200 96\n2026-03-01T10:01:07Z web1 /cart 500 210\n",
        agreement: Agreement::SameLines,
        in_readme: true,
    },
    ForeignLine {
        there: "grep -v cart",
        here: r#"skip "cart""#,
        output: "2026-03-01T10:00:01Z web1 /home 200 12\n2026-03-01T10:00:09Z web1 /home 200 8\n2026-03-01T10:00:31Z web2 /home 404 4\n",
        agreement: Agreement::SameLines,
        in_readme: false,
    },
    ForeignLine {
        there: "grep -i CART",
        here: "match /CART/i",
        output: "2026-03-01T10:00:04Z web2 /cart 500 180\n2026-03-01T10:01:02Z web1 /cart 200 96\n2026-03-01T10:01:07Z web1 /cart 500 210\n",
        agreement: Agreement::SameLines,
        in_readme: false,
    },
    ForeignLine {
        there: "grep -E '(404|500) '",
        here: "match /(404|500) /",
        output: "2026-03-01T10:00:04Z web2 /cart 500 180\n2026-03-01T10:00:31Z web2 /home 404 4\n2026-03-01T10:01:07Z web1 /cart 500 210\n",
        agreement: Agreement::SameLines,
        in_readme: false,
    },
    ForeignLine {
        there: "grep -e ' 404 ' -e ' 500 '",
        here: r#"match " 404 ", " 500 ""#,
        output: "2026-03-01T10:00:04Z web2 /cart 500 180\n2026-03-01T10:00:31Z web2 /home 404 4\n2026-03-01T10:01:07Z web1 /cart 500 210\n",
        agreement: Agreement::SameLines,
        in_readme: false,
    },
    ForeignLine {
        there: "grep cart | grep -v ' 500 '",
        here: r#"match "cart" | skip " 500 ""#,
        output: "2026-03-01T10:01:02Z web1 /cart 200 96\n",
        agreement: Agreement::SameLines,
        in_readme: false,
    },
    ForeignLine {
        there: "grep -c cart",
        here: r#"match "cart" | count"#,
        output: "3\n",
        agreement: Agreement::SameLines,
        in_readme: false,
    },
    ForeignLine {
        there: "grep -n ' 404 '",
        here: r#"match " 404 " | select @number, line"#,
        output: "4\t2026-03-01T10:00:31Z web2 /home 404 4\n",
        agreement: Agreement::Written,
        in_readme: false,
    },
    ForeignLine {
        there: "grep -m 1 cart",
        here: r#"match "cart" | limit 1"#,
        output: "2026-03-01T10:00:04Z web2 /cart 500 180\n",
        agreement: Agreement::SameLines,
        in_readme: false,
    },
    ForeignLine {
        there: "grep -w 200",
        here: r#"match /\b200\b/"#,
        output: "2026-03-01T10:00:01Z web1 /home 200 12\n2026-03-01T10:00:09Z web1 /home 200 8\n2026-03-01T10:01:02Z web1 /cart 200 96\n",
        agreement: Agreement::SameLines,
        in_readme: false,
    },
    ForeignLine {
        there: "grep -o '/[a-z]*'",
        here: r#"select regex_extract(line, /\/[a-z]*/)"#,
        output: "/home\n/cart\n/home\n/home\n/cart\n/cart\n",
        agreement: Agreement::SameLines,
        in_readme: false,
    },
    ForeignLine {
        there: "grep -A 1 ' 404 '",
        here: r#"match " 404 " after 1"#,
        output: "2026-03-01T10:00:31Z web2 /home 404 4\n2026-03-01T10:01:02Z web1 /cart 200 96\n",
        agreement: Agreement::SameLines,
        in_readme: true,
    },
    ForeignLine {
        there: "grep -B 1 ' 404 '",
        here: r#"match " 404 " before 1"#,
        output: "2026-03-01T10:00:09Z web1 /home 200 8\n2026-03-01T10:00:31Z web2 /home 404 4\n",
        agreement: Agreement::SameLines,
        in_readme: false,
    },
    ForeignLine {
        there: "grep -C 1 ' 404 '",
        here: r#"match " 404 " context 1"#,
        output: "2026-03-01T10:00:09Z web1 /home 200 8\n2026-03-01T10:00:31Z web2 /home 404 4\n2026-03-01T10:01:02Z web1 /cart 200 96\n",
        agreement: Agreement::SameLines,
        in_readme: false,
    },
    ForeignLine {
        there: "grep -q FATAL && exit 1",
        here: r#"match "FATAL" | count | assert count == 0"#,
        output: "0\n",
        agreement: Agreement::Written,
        in_readme: false,
    },
    ForeignLine {
        there: "grep -H ' 404 '",
        here: r#"match " 404 " | select @source, line"#,
        output: "-\t2026-03-01T10:00:31Z web2 /home 404 4\n",
        agreement: Agreement::Written,
        in_readme: false,
    },
    ForeignLine {
        there: r#"grep -oP 'web\K\d'"#,
        here: r#"regex /web(?<n>\d)/ | select n"#,
        output: "1\n2\n1\n2\n1\n1\n",
        agreement: Agreement::SameLines,
        in_readme: false,
    },
];
