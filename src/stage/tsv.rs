//! `tsv`: columns separated by tabs.

use super::csv::bind_rows;
use super::{StageDef, StageRole};
use crate::data::{Entry, Example, Framing};
use crate::decode::csv::Dialect;
use crate::lang::arguments::Arguments;

pub(super) const TSV: StageDef = StageDef {
    entry: Entry {
        name: "tsv",
        usage: "tsv [from FIELD] [as A, B, …]",
        summary: "Read columns separated by tabs; names come from `as` or a header.",
        details: "Reads what -o tsv writes: in a field \\t is a tab, \\n a newline, \\r a carriage return and \\\\ a \
                  backslash; a quote is ordinary text (csv \"\\t\" reads quoted fields). Everything else is as with \
                  csv.",
        examples: &[
            Example {
                expr: "tsv | where n > 1 | select path, note",
                input: "path\tn\tnote\n/a\t1\tx\n/b\t2\tC:\\\\d\n",
                output: "/b\tC:\\\\d\n",
            },
            Example { expr: "tsv as word, n | sum(n) by word", input: "a\t1\nb\t2\na\t3\n", output: "a\t4\nb\t2\n" },
        ],
    },
    chooses_columns: false,
    role: StageRole::Ordinary,
    bind: |stage, scope| {
        let arguments = Arguments::of(stage);
        bind_rows(stage, arguments, scope, &TSV.entry, Dialect::Tsv, Framing::Lines)
    },
};
