//! `running AGG, …`: adds to each record the aggregates of all records up to it.
//!
//! The plan reads the aggregates; `fold` binds `running fold`.

use super::{BoundStage, StageDef};
use crate::data::{Entry, Example};
use crate::expr::Scope;
use crate::lang::arguments::Arguments;
use crate::lang::{Diagnostic, ast};

pub(super) const RUNNING: StageDef = StageDef {
    entry: Entry {
        name: "running",
        usage: "running AGG [where COND] [over N rows] [as NAME], … [by KEY, …]",
        summary: "Add to each record the aggregates of all records up to it.",
        details: "Of the records of its key, itself included, in the order of the stream. A record is printed as soon as it comes. \
                  Any aggregate will do, and two that look back: delta(x) is x minus the x before it, prev(x) the x before it. `over N rows` \
                  takes the last N records of the key only. A column has the aggregate's name and takes the place of one that has it already. \
                  With a window it begins anew in each. Percentiles and the like are worked out for each record, which takes its time. `running fold …` adds \
                  the state of a fold.",
        examples: &[
            Example {
                expr: "csv as host, n | running sum(n) as total, count by host",
                input: "a,1\nb,5\na,2\n",
                output: "a\t1\t1\t1\nb\t5\t5\t1\na\t2\t3\t2\n",
            },
            Example {
                expr: "split | running avg(word) over 2 rows as mean",
                input: "1 3 8\n",
                output: "1\t1\n3\t2\n8\t5.5\n",
            },
            Example {
                expr: "split | running fold most = 0 then max(most, word)",
                input: "3 1 4\n",
                output: "3\t3\n1\t3\n4\t4\n",
            },
        ],
    },
    chooses_columns: true,
    bind,
};

fn bind(stage: &ast::Stage, scope: &mut Scope) -> Result<BoundStage, Vec<Diagnostic>> {
    let mut arguments = Arguments::of(stage);
    if arguments.is_done() || arguments.is_at_clause() {
        let diagnostic = arguments.expected("an aggregate behind `running`");
        return Err(vec![diagnostic.usage(RUNNING.entry.usage)]);
    }
    if arguments.keyword("fold") {
        return super::fold::bind_running(stage, arguments, scope);
    }
    Ok(BoundStage::Running)
}
