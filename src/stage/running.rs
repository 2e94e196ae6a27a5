//! `running AGG, …`: adds to each record the aggregates of all records up to it.
//!
//! The plan reads and binds the aggregates; `fold` binds `running fold`.

use super::{BoundStage, StageDef, StageRole};
use crate::data::{Entry, Example};
use crate::expr::Scope;
use crate::lang::arguments::Arguments;
use crate::lang::{Diagnostics, ast};

pub(super) const RUNNING: StageDef = StageDef {
    entry: Entry {
        name: "running",
        usage: "running AGG [where COND] [over N rows] [as NAME], … [by KEY, …]",
        summary: "Add to each record the aggregates of all records up to it.",
        details: "The records are those of the same key, itself included, in stream order. A record is printed as \
                  soon as it arrives. Any aggregate can be used, an expression of aggregates and fields of the record, and two that refer to the previous record: delta(x) \
                  is x minus the previous x, prev(x) the previous x. `over N rows` uses only the last N records of \
                  the key. A column is named after its aggregate and replaces a field of that name. With a window, it restarts in each one. Percentiles and similar aggregates are recomputed for each record, which \
                  is slow. `running fold …` adds the state of a fold.",
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
    role: StageRole::Ordinary,
    bind,
};

fn bind(stage: &ast::Stage, scope: &mut Scope) -> Result<BoundStage, Diagnostics> {
    let mut arguments = Arguments::of(stage);
    if arguments.keyword("fold") {
        return super::fold::bind_running(stage, arguments, scope);
    }
    Ok(BoundStage::deferred(|binder| binder.add_running()))
}
