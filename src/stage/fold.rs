//! `fold NAME = INIT then EXPR [by KEY]`: a custom state per key.

use super::let_::Assign;
use super::{BoundStage, Memory, Operator, OrderedStage, RecordCounts, RowStage, StageDef, StageRole};
use crate::data::{Batch, Entry, Example, Slot, SlotSet, Value};
use crate::expr::scope::OF_SOURCE;
use crate::expr::{BoundExpr, Origin, Scope, bind as bind_expr};
use crate::lang::arguments::Arguments;
use crate::lang::clauses::{KeyClause, keys};
use crate::lang::{Diagnostic, Diagnostics, ast};

use super::dedup::slot_of;
use super::duplicate_columns;
use super::fold_operator::FoldOperator;

pub(super) const FOLD: StageDef = StageDef {
    entry: Entry {
        name: "fold",
        usage: "fold NAME = INIT then EXPR, … [by KEY, …]",
        summary: "Keep a custom state per key and print its final value.",
        details: "Each record of a key computes a new state: EXPR sees the record's fields and, as NAME, the previous \
                  state, which is INIT before the first record; INIT may read the fields of the first record. A NAME \
                  hides a field of that name. With several states, each EXPR sees all previous ones. Rows are ordered \
                  like those of aggregates: largest first by the first state, ties by key, nulls last; without `by` \
                  there is always one row. `running fold …` adds the state to every record instead. With a window, \
                  each window starts from INIT. `--every` and live tables show the states so far, and `until` sees \
                  them.",
        examples: &[
            Example {
                expr: "csv as host, ms | fold s = 0 then 0.5*ms + 0.5*s by host",
                input: "a,8\nb,2\na,4\n",
                output: "a\t4\nb\t1\n",
            },
            Example {
                expr: "split as n | fold low = n then min(low, n), high = n then max(high, n)",
                input: "3 1 4 1 5\n",
                output: "1\t5\n",
            },
        ],
    },
    chooses_columns: true,
    role: StageRole::Ordinary,
    bind,
};

fn bind(stage: &ast::Stage, scope: &mut Scope) -> Result<BoundStage, Diagnostics> {
    bind_fold(Arguments::of(stage), scope, Gives::States)
}

/// Binds `running fold …` after these two words.
pub(super) fn bind_running(
    _stage: &ast::Stage,
    arguments: Arguments<'_>,
    scope: &mut Scope,
) -> Result<BoundStage, Diagnostics> {
    bind_fold(arguments, scope, Gives::Records)
}

/// The output of a fold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gives {
    /// One row per key.
    States,
    /// Each record with its state.
    Records,
}

/// `NAME = INIT then EXPR`
struct Clause<'a> {
    name: ast::Name,
    initial: &'a ast::Expr,
    next: &'a ast::Expr,
}

fn clause<'a>(arguments: &mut Arguments<'a>, scope: &Scope) -> Result<Clause<'a>, Diagnostic> {
    let name = arguments.name("the name of a state")?;
    if OF_SOURCE.contains(&name.text.as_str()) || scope.is_of_message(&name.text) {
        let message = format!("`{}` belongs to the source and cannot be a state", name.text);
        return Err(Diagnostic::new(name.span, message));
    }
    arguments.equals("`NAME = INIT then EXPR`")?;
    let initial = arguments.expression("the state before the first record")?;
    if !arguments.keyword("then") {
        let name = &name.text;
        let diagnostic = arguments.expected("`then` and the next state");
        return Err(diagnostic.help(format!("write fold {name} = {initial} then {name} + 1")));
    }
    Ok(Clause { name, initial, next: arguments.expression("the next state")? })
}

fn bind_fold(mut arguments: Arguments<'_>, scope: &mut Scope, gives: Gives) -> Result<BoundStage, Diagnostics> {
    let usage = FOLD.entry.usage;
    let said = |diagnostic: Diagnostic| Diagnostics::from(diagnostic.usage(usage));
    let mut clauses = vec![clause(&mut arguments, scope).map_err(said)?];
    while arguments.comma() {
        clauses.push(clause(&mut arguments, scope).map_err(said)?);
    }
    let by = keys(&mut arguments).map_err(said)?;
    arguments.finish(usage)?;
    let mut diagnostics = same_names(&clauses, &by, gives);
    let mut computed: Vec<Box<dyn RowStage>> = Vec::new();
    let mut keys = Vec::new();
    for key in &by {
        match bind_expr(key.expr, scope) {
            Ok(node) => keys.push(slot_of(node, scope, &mut computed)),
            Err(found) => diagnostics.extend(found),
        }
    }
    let mut inner = scope.clone();
    inner.is_result = false; // a total is computed from the fields before this stage
    let olds: Vec<Slot> = clauses.iter().map(|clause| inner.set(&clause.name.text)).collect();
    let mut states = Vec::new();
    for (clause, old) in clauses.iter().zip(olds) {
        match (bind_expr(clause.initial, scope), bind_expr(clause.next, &inner)) {
            (Ok(initial), Ok(next)) => states.push(FoldState {
                initial: match initial {
                    BoundExpr::Constant(value) => Initial::Constant(value),
                    node => {
                        let slot = scope.new_slot();
                        computed.push(Box::new(Assign { node, slot }));
                        Initial::OfFirst(slot)
                    }
                },
                old,
                next,
                slot: old,
            }),
            (initial, next) => {
                let both = [initial, next].into_iter();
                diagnostics.extend(both.filter_map(Result::err).flatten());
            }
        }
    }
    if !diagnostics.is_empty() {
        return Err(diagnostics);
    }
    let origin = scope.find("@source").zip(scope.find("@number"));
    let origin = origin.map(|(source, number)| Origin { source, number });
    let mut key_slots = Vec::new();
    if gives == Gives::States {
        scope.clear();
        key_slots = by.iter().map(|key| scope.set(&key.column_name())).collect();
    }
    for (state, clause) in states.iter_mut().zip(&clauses) {
        state.slot = scope.set(&clause.name.text);
    }
    let fold = Fold { gives, keys, key_slots, states, limit: None, forget: None, origin };
    Ok(BoundStage::Ordered(computed, Box::new(fold)))
}

/// Returns errors for duplicate column names, and for aliases without a column.
fn same_names(clauses: &[Clause<'_>], by: &[KeyClause<'_>], gives: Gives) -> Diagnostics {
    let mut diagnostics = Diagnostics::default();
    let alias = |key: &KeyClause<'_>| key.alias.as_ref().map(|alias| alias.span);
    if gives == Gives::Records {
        let message = "`running` adds only the states: a key has no column to name";
        let aliases = by.iter().filter_map(alias);
        diagnostics.extend(aliases.map(|span| Diagnostic::new(span, message)));
    }
    let keys = by.iter().filter(|_| gives == Gives::States);
    let keys = keys.map(|key| (key.column_name(), key.expr.span));
    let states = clauses.iter().map(|clause| (clause.name.text.clone(), clause.name.span));
    let columns: Vec<_> = keys.chain(states).collect();
    let columns = columns.iter().map(|(name, span)| (name.as_str(), *span));
    diagnostics.extend(duplicate_columns(columns, Some("give the state another name")));
    diagnostics
}

/// A bound state.
#[derive(Clone, Debug)]
pub(super) struct FoldState {
    pub(super) initial: Initial,
    /// The slot of the previous state in `next`.
    pub(super) old: Slot,
    pub(super) next: BoundExpr,
    /// The slot of the result.
    pub(super) slot: Slot,
}

/// The state before the first record of a key.
#[derive(Clone, Debug)]
pub(super) enum Initial {
    Constant(Value),
    /// The value of this slot in the first record.
    OfFirst(Slot),
}

/// A bound fold.
#[derive(Clone, Debug)]
pub(super) struct Fold {
    pub(super) gives: Gives,
    pub(super) keys: Vec<Slot>,
    /// The slots of the keys in result rows.
    pub(super) key_slots: Vec<Slot>,
    pub(super) states: Vec<FoldState>,
    pub(super) limit: Option<usize>,
    pub(super) forget: Option<(i64, Slot)>,
    /// The slots that identify the record of a row.
    pub(super) origin: Option<Origin>,
}

impl Fold {
    /// The slots that EXPR reads from the records.
    pub(super) fn reads_of_records(&self) -> SlotSet {
        let mut slots = SlotSet::default();
        self.states.iter().for_each(|state| state.next.reads(&mut slots));
        self.states.iter().for_each(|state| slots.remove(state.old));
        slots
    }
}

impl OrderedStage for Fold {
    fn reads(&self, slots: &mut SlotSet) {
        let initial = self.states.iter().filter_map(|state| match state.initial {
            Initial::OfFirst(slot) => Some(slot),
            Initial::Constant(_) => None,
        });
        let times = self.forget.iter().map(|(_, time)| *time);
        let keys = self.keys.iter().copied();
        keys.chain(initial).chain(times).for_each(|slot| slots.insert(slot));
        self.reads_of_records().iter().for_each(|slot| slots.insert(slot));
        if let Some(origin) = self.origin {
            origin.reads(slots);
        }
    }

    fn keys(&self) -> Vec<Slot> {
        self.keys.clone()
    }

    fn makes(&self) -> Vec<Slot> {
        let states = self.states.iter().map(|state| state.slot);
        self.key_slots.iter().copied().chain(states).collect()
    }

    fn is_blocking(&self) -> bool {
        self.gives == Gives::States
    }

    fn is_stateful(&self) -> bool {
        true
    }

    fn is_immediate(&self) -> bool {
        !self.is_blocking()
    }

    fn gives_records(&self) -> bool {
        self.gives == Gives::Records
    }

    fn remember(&mut self, memory: &Memory) {
        self.forget = memory.forget;
    }

    fn memory(&self) -> String {
        match self.keys.len() {
            0 => "one state".to_owned(),
            _ => "a state for each distinct key".to_owned(),
        }
    }

    fn take_limit(&mut self, limit: usize) {
        self.limit = Some(limit).filter(|_| self.gives == Gives::States);
    }

    fn reduce(&self, batch: &mut Batch<'_>, live: &SlotSet, _account: &mut RecordCounts) {
        let mut needed = match self.gives {
            Gives::States => SlotSet::default(),
            Gives::Records => live.clone(),
        };
        self.reads(&mut needed);
        batch.retain(&needed);
    }

    fn operator(&self, live: &SlotSet) -> Box<dyn Operator> {
        Box::new(FoldOperator::new(self.clone(), live.clone()))
    }
}
