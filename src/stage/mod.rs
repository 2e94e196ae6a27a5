//! STAGES: every stage of a pipeline. One file per stage, one line in the table.
//!
//! A stage reads its own arguments and becomes one of the kinds of [`BoundStage`]; aggregates, which have no keyword,
//! are read by the plan.

mod approx;
mod assert_;
mod between;
mod binder;
mod checks;
mod csv;
mod dedup;
mod drop_;
mod explode;
mod extract;
mod fallback;
mod first_of_groups;
mod flatten;
mod fold;
mod fold_operator;
mod hash_index;
mod header;
mod join;
mod json;
mod let_;
mod limit;
mod logfmt;
mod lookup;
mod match_;
mod neighbours;
mod objects;
mod operator;
mod overall;
mod parse;
mod pivot;
mod pivot_operator;
mod print;
mod record_counts;
mod regex_;
mod rename;
mod replaced;
mod running;
mod running_operator;
mod sample;
mod saved_batches;
mod select;
mod skip;
mod sort;
mod spilled_keys;
mod split;
mod strip_lines;
mod tail;
#[cfg(test)]
mod tests;
mod top;
mod total;
mod tsv;
mod union_;
mod unpivot;
mod until_;
mod w3c;
mod where_;
mod window_;

pub use approx::ApproxCount;
pub use binder::{Binder, TableReader};
pub use checks::{AssertCounts, Check, Checks, SHOWN};
pub use extract::{Extraction, WatchedField};
pub use header::{FirstHeader, Header, TakesHeader};
pub use join::{JoinClause, JoinSpec, Sides};
pub use let_::assign;
pub use operator::{Memory, Operator, OrderedStage, OwnTime, Reducer};
pub use overall::OverallStage;
pub use record_counts::RecordCounts;
pub use running_operator::{RunningInputs, RunningStage};
pub use strip_lines::StripLines;
pub use total::totals;
pub use union_::{Align, Side, UnionClause};
pub use window_::{RecordTime, WindowClause, WindowTime, window_clause};

use std::borrow::Cow;
use std::collections::HashSet;

use crate::data::{Batch, Entry, Scanner, Slot, SlotSet, Value};
use crate::expr::{BoundExpr, Scope};
use crate::lang::arguments::Arguments;
use crate::lang::{Diagnostic, Diagnostics, ast};

/// Every stage, by name.
pub const STAGES: &[&StageDef] = &[
    &assert_::ASSERT,
    &between::BETWEEN,
    &csv::CSV,
    &dedup::DEDUP,
    &drop_::DROP,
    &explode::EXPLODE,
    &flatten::FLATTEN,
    &fold::FOLD,
    &join::JOIN,
    &json::JSON,
    &let_::LET,
    &limit::LIMIT,
    &logfmt::LOGFMT,
    &lookup::LOOKUP,
    &match_::MATCH,
    &overall::OVERALL,
    &parse::PARSE,
    &pivot::PIVOT,
    &print::PRINT,
    &regex_::REGEX,
    &rename::RENAME,
    &running::RUNNING,
    &sample::SAMPLE,
    &select::SELECT,
    &skip::SKIP,
    &sort::SORT,
    &split::SPLIT,
    &tail::TAIL,
    &top::TOP,
    &tsv::TSV,
    &union_::UNION,
    &unpivot::UNPIVOT,
    &until_::UNTIL,
    &w3c::W3C,
    &where_::WHERE,
    &window_::WINDOW,
];

/// A stage with its manual entry.
#[derive(Debug)]
pub struct StageDef {
    /// Name, usage, summary, examples.
    pub entry: Entry,
    /// True if it creates or selects columns: unless a stage does, lines are printed unchanged.
    pub chooses_columns: bool,
    /// Its role in the pipeline as a whole.
    pub role: StageRole,
    /// Reads the arguments, updates the scope to the fields after the stage, and returns the bound stage.
    pub bind: fn(&ast::Stage, &mut Scope) -> Result<BoundStage, Diagnostics>,
}

/// The role of a stage in the pipeline as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StageRole {
    /// None: it transforms the rows that reach it.
    Ordinary,
    /// Sets the window of all blocking stages, wherever it is written.
    Window,
    /// Checks every row of the result.
    Assert,
    /// Ends the run at a row of the result.
    Until,
    /// Merges another source.
    Union,
    /// Joins another source.
    Join,
    /// Reads a file, which [`side_file`] names.
    SideFile,
}

impl StageRole {
    /// True if the stage checks the result: it comes last.
    pub fn is_check(self) -> bool {
        matches!(self, StageRole::Assert | StageRole::Until)
    }
}

/// A bound stage.
pub enum BoundStage {
    /// Row-by-row work, in this order; empty if only names changed.
    Rows(Vec<Box<dyn RowStage>>),
    /// A decoder, built once it is known which fields are read.
    Extract(Extraction),
    /// Work that needs the records in order, or all of them, after row-by-row steps that compute its inputs.
    Ordered(Vec<Box<dyn RowStage>>, Box<dyn OrderedStage>),
    /// More than one of these, or an effect on the pipeline as a whole: called once the stage is bound.
    Deferred(DeferredBind),
}

/// Binds a stage through the plan.
pub type DeferredBind = Box<dyn FnOnce(&mut dyn Binder) -> Result<(), Diagnostics>>;

/// Row-by-row steps, in order.
type RowStages = Vec<Box<dyn RowStage>>;

impl BoundStage {
    /// Defers the effect of a stage until the plan can bind it.
    fn deferred(bind: impl FnOnce(&mut dyn Binder) -> Result<(), Diagnostics> + 'static) -> BoundStage {
        BoundStage::Deferred(Box::new(bind))
    }
}

/// A stage that processes each batch on its own, on any worker, without state.
pub trait RowStage: Send + Sync {
    /// Adds every slot that it reads.
    fn reads(&self, slots: &mut SlotSet);

    /// The slots that it computes.
    fn makes(&self) -> Vec<Slot> {
        Vec::new()
    }

    /// True if computing slots is all it does: it is left out if none of them is read, and it keeps the number of
    /// rows.
    fn only_makes(&self) -> bool {
        false
    }

    /// True if it turns a row into several: after it, a row is a fragment of a record.
    fn explodes(&self) -> bool {
        false
    }

    /// Transforms a batch. `live` are the slots read after this stage: only these need to follow when rows are
    /// dropped or repeated. Failed conversions and rejected rows are reported to `counts`.
    fn apply(&self, batch: &mut Batch<'_>, live: &SlotSet, counts: &mut RecordCounts);

    /// The side file that it reloads, if there is one.
    fn side_file(&self) -> Option<&dyn SideFile> {
        None
    }

    /// Returns `Some` if it takes the first record of each source as a header.
    fn takes_header(&self) -> Option<&dyn TakesHeader> {
        None
    }

    /// Describes the part of the input that it reads, if not all of it, for `--explain`.
    fn reading(&self) -> Option<String> {
        None
    }

    /// A text that a record's line (in slot `line`) must contain to pass; asked of the first stage.
    fn required(&self, line: Slot) -> Option<RequiredText<'_>> {
        let _ = line;
        None
    }

    /// A scanner that replaces this stage on raw lines, if it is the first and reads the lines in slot `line`. `live`
    /// as in `apply`.
    fn scanner(&self, line: Slot, live: &SlotSet) -> Option<Box<dyn Scanner>> {
        let _ = (line, live);
        None
    }
}

/// A file beside a live stream. The engine watches it and reloads it when it has changed.
pub trait SideFile: Sync {
    /// Its path, as written.
    fn path(&self) -> &str;

    /// Replaces the file's contents for all later batches. Called on any thread, also during `apply`. Fails with a
    /// sentence that names the file, and then keeps the old contents.
    fn reload(&self, bytes: Vec<u8>) -> Result<(), String>;
}

/// A text that a line must contain to pass a stage.
pub struct RequiredText<'s> {
    /// The text.
    pub text: Cow<'s, [u8]>,
    /// True if containing it suffices: then the stage has no work left.
    pub is_all: bool,
}

/// The role of a stage as written; an aggregate or unknown stage is ordinary.
pub fn role_of(stage: &ast::Stage) -> StageRole {
    stage.head.as_word().and_then(find).map_or(StageRole::Ordinary, |def| def.role)
}

/// The path of the file that a stage reads, which must be read before it is bound.
pub fn side_file(stage: &ast::Stage) -> Option<String> {
    (role_of(stage) == StageRole::SideFile).then(|| lookup::side_file(stage)).flatten()
}

/// Returns the stage of this name.
pub fn find(name: &str) -> Option<&'static StageDef> {
    STAGES.iter().copied().find(|def| def.entry.name == name)
}

/// Returns the field `line`, the default of a stage; if it is gone, the error suggests another field.
fn line(scope: &Scope, stage: &ast::Stage, entry: &Entry, word: &str) -> Result<BoundExpr, Diagnostics> {
    match scope.find("line") {
        Some(slot) => Ok(BoundExpr::Field(slot, "line".to_owned())),
        None if scope.poisoned => Ok(BoundExpr::Constant(Value::Null)),
        None => {
            let diagnostic =
                Diagnostic::new(stage.span, format!("`{}` needs a field here: `line` is gone", entry.name));
            Err(Diagnostics::from(match scope.fields().first() {
                Some(field) => diagnostic.help(format!("write {stage} {word} {}", field.name)),
                None => diagnostic.usage(entry.usage),
            }))
        }
    }
}

/// The errors of columns that have the name of an earlier one; `help` tells how to rename them.
pub fn duplicate_columns<'n>(
    columns: impl IntoIterator<Item = (&'n str, ast::Span)>,
    help: Option<&str>,
) -> Vec<Diagnostic> {
    let mut names = HashSet::new();
    let is_duplicate = |column: &(&str, ast::Span)| !names.insert(column.0.to_owned());
    let duplicates = columns.into_iter().filter(is_duplicate);
    let diagnostic = |(name, span): (&str, ast::Span)| {
        let diagnostic = Diagnostic::new(span, format!("two columns are named `{name}`"));
        match help {
            Some(help) => diagnostic.help(help),
            None => diagnostic,
        }
    };
    duplicates.map(diagnostic).collect()
}

/// Reads the only argument of a stage that takes a number.
fn only_number(stage: &ast::Stage, entry: &Entry, what: &str) -> Result<usize, Diagnostic> {
    let mut arguments = Arguments::of(stage);
    let (number, _) = arguments.integer(what).map_err(|diagnostic| diagnostic.usage(entry.usage))?;
    arguments.finish(entry.usage)?;
    Ok(usize::try_from(number).unwrap_or(usize::MAX))
}
