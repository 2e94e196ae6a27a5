//! STAGES: what can stand between two `|`. One file a stage, one line in the table.
//!
//! A stage reads its own arguments and becomes one of the kinds of [`BoundStage`]; aggregates, which need no
//! name in front, are read by the plan.

mod account;
mod assert_;
mod checks;
mod csv;
mod dedup;
mod drop_;
mod explode;
mod extract;
mod fallback;
mod fold;
mod fold_operator;
mod hash_index;
mod header;
mod join;
mod json;
mod kept;
mod let_;
mod limit;
mod logfmt;
mod lookup;
mod match_;
mod operator;
mod parse;
mod regex_;
mod rename;
mod running;
mod sample;
mod select;
mod skip;
mod sort;
mod split;
mod tail;
mod top;
mod total;
mod tsv;
mod union_;
mod until_;
mod w3c;
mod where_;
mod window_;

pub use account::Account;
pub use assert_::Assert;
pub use checks::{AssertCounts, Check, Checks, SHOWN};
pub use extract::{Extraction, WatchedField};
pub use header::{FirstHeader, Header, TakesHeader};
pub use join::{JoinClause, JoinSpec, Sides};
pub use operator::{Memory, Operator, OrderedStage, OwnTime, Reducer};
pub use total::totals;
pub use union_::{Align, Side, UnionClause};
pub use window_::{RecordTime, WindowClause};

use std::borrow::Cow;

use crate::data::{Batch, Entry, Scanner, Slot, SlotSet, Value};
use crate::expr::{BoundExpr, Scope};
use crate::lang::arguments::Arguments;
use crate::lang::{Diagnostic, ast};

/// Every stage, by name.
pub const STAGES: &[&StageDef] = &[
    &assert_::ASSERT,
    &csv::CSV,
    &dedup::DEDUP,
    &drop_::DROP,
    &explode::EXPLODE,
    &fold::FOLD,
    &join::JOIN,
    &json::JSON,
    &let_::LET,
    &limit::LIMIT,
    &logfmt::LOGFMT,
    &lookup::LOOKUP,
    &match_::MATCH,
    &parse::PARSE,
    &regex_::REGEX,
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
    &until_::UNTIL,
    &w3c::W3C,
    &where_::WHERE,
    &window_::WINDOW,
];

/// A stage and what the manual says of it.
#[derive(Debug)]
pub struct StageDef {
    /// Name, usage, summary, examples.
    pub entry: Entry,
    /// Whether it makes or chooses columns: if no stage does, lines are printed as they came.
    pub chooses_columns: bool,
    /// Reads the arguments, changes the scope to what the next stage sees, and makes the stage.
    pub bind: fn(&ast::Stage, &mut Scope) -> Result<BoundStage, Vec<Diagnostic>>,
}

/// What a stage becomes.
pub enum BoundStage {
    /// Row-by-row work, in this order; none if only names changed.
    Rows(Vec<Box<dyn RowStage>>),
    /// A decoder, which is made when it is known which of its fields something reads.
    Extract(Extraction),
    /// Work that needs the records in order, or all of them, and what is computed for it row by row before.
    Ordered(Vec<Box<dyn RowStage>>, Box<dyn OrderedStage>),
    /// What totals need that the work behind needs.
    Totals(Vec<Box<dyn OrderedStage>>),
    /// One behind another.
    Several(Vec<BoundStage>),
    /// The same as these stages.
    Rewrite(Vec<ast::Stage>),
    /// A check of every row of the result.
    Assert(Assert),
    /// The end of the run: as it was written, how rows are judged, and what waits for one to be true.
    Until(String, Vec<Box<dyn RowStage>>, Box<dyn OrderedStage>),
    /// `running` with aggregates, which the plan knows: it reads the arguments.
    Running,
    /// The records of another source come in: the plan binds what they go through.
    Union(UnionClause),
    /// The records of another source meet those of the stream: the plan binds what they go through.
    Join(Box<JoinClause>),
    /// Nothing by itself: it says over which records the blocking stages work.
    Window(WindowClause),
}

/// Sees a batch at a time, on all workers, and forgets.
pub trait RowStage: Send + Sync {
    /// Adds every slot that it reads.
    fn reads(&self, slots: &mut SlotSet);

    /// The slots that it makes.
    fn makes(&self) -> Vec<Slot> {
        Vec::new()
    }

    /// Whether making them is all it does: then it is left out when nothing reads them, and rows stay as many
    /// as they were.
    fn only_makes(&self) -> bool {
        false
    }

    /// Whether it makes several rows of one: behind it, a row is a piece of a record.
    fn explodes(&self) -> bool {
        false
    }

    /// Changes a batch. `live` are the slots that are still read behind this stage: when rows are dropped or
    /// repeated, only they need to follow. Values that do not fit and rows that
    /// cannot be read are entered in `account`.
    fn apply(&self, batch: &mut Batch<'_>, live: &SlotSet, account: &mut Account);

    /// The file beside the stream that it takes anew when it has changed, if there is one.
    fn side_file(&self) -> Option<&dyn SideFile> {
        None
    }

    /// How it takes the first record of each source that reaches it for a header, if it does.
    fn takes_header(&self) -> Option<&dyn TakesHeader> {
        None
    }

    /// What it reads of its input, in words, if it need not read all of it.
    fn reading(&self) -> Option<String> {
        None
    }

    /// What a record must have in its line, which is in slot `line`, to pass; asked of the first stage.
    fn required(&self, line: Slot) -> Option<RequiredText<'_>> {
        let _ = line;
        None
    }

    /// A scanner that does this stage's work on raw lines, if this is the first stage and it reads the lines
    /// in slot `line`. `live` as in `apply`.
    fn scanner(&self, line: Slot, live: &SlotSet) -> Option<Box<dyn Scanner>> {
        let _ = (line, live);
        None
    }
}

/// A file beside a live stream. The engine watches it, and reads it when it has changed.
pub trait SideFile: Sync {
    /// Its path, as it was written.
    fn path(&self) -> &str;

    /// Takes what the file holds now, for all batches from here on. Called on any thread, also while others are in
    /// `apply`. Fails with a sentence that names the file: then what it held before stays.
    fn reload(&self, bytes: Vec<u8>) -> Result<(), String>;
}

/// A text without which a line does not pass a stage.
pub struct RequiredText<'s> {
    /// The text.
    pub text: Cow<'s, [u8]>,
    /// Whether a line that has it passes: then the stage has nothing left to do.
    pub is_all: bool,
}

/// Whether the stage of this name checks the result: it stands at the end.
pub fn is_check(name: &str) -> bool {
    [&assert_::ASSERT, &until_::UNTIL].iter().any(|def| def.entry.name == name)
}

/// The stage of this name.
pub fn find(name: &str) -> Option<&'static StageDef> {
    STAGES.iter().copied().find(|def| def.entry.name == name)
}

/// The field `line`, which a stage takes where none is named; if it is gone, the mistake says how to name another.
fn line(scope: &Scope, stage: &ast::Stage, entry: &Entry, word: &str) -> Result<BoundExpr, Vec<Diagnostic>> {
    match scope.find("line") {
        Some(slot) => Ok(BoundExpr::Field(slot, "line".to_owned())),
        None if scope.unknown => Ok(BoundExpr::Constant(Value::Null)),
        None => {
            let diagnostic =
                Diagnostic::new(stage.span, format!("`{}` needs a field here: `line` is gone", entry.name));
            Err(vec![match scope.fields().first() {
                Some(field) => diagnostic.help(format!("write {stage} {word} {}", field.name)),
                None => diagnostic.usage(entry.usage),
            }])
        }
    }
}

/// The only argument of a stage that takes a number.
fn only_number(stage: &ast::Stage, entry: &Entry, what: &str) -> Result<usize, Diagnostic> {
    let mut arguments = Arguments::of(stage);
    let (number, _) = arguments.integer(what).map_err(|diagnostic| diagnostic.usage(entry.usage))?;
    arguments.finish(entry.usage)?;
    Ok(usize::try_from(number).unwrap_or(usize::MAX))
}
